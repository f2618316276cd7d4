//! From the text in the project file to a history.

use super::{History, HistoryError, SqliteHistory};
use std::path::Path;

/// Opens the history that `location` names, and makes it if it is not there; relative paths are
/// relative to `base`, the folder of the project file.
pub fn open_history(location: &str, base: &Path) -> Result<Box<dyn History>, HistoryError> {
    if location.starts_with("postgres://") || location.starts_with("postgresql://") {
        return Err(HistoryError::NotBuilt(location.to_owned()));
    }
    let path = location.strip_prefix("sqlite:").filter(|path| !path.is_empty() && *path != "//");
    let path = path.ok_or_else(|| HistoryError::Scheme(location.to_owned()))?;
    Ok(Box::new(SqliteHistory::open(&base.join(path.strip_prefix("//").unwrap_or(path)))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations() {
        let folder = tempfile::tempdir().unwrap();
        let history = open_history("sqlite:.shmoo/history.db", folder.path()).unwrap();
        assert_eq!(history.location(), format!("`sqlite:{}/.shmoo/history.db`", folder.path().display()));
        assert!(folder.path().join(".shmoo/history.db").is_file());
        let check = |text: &str, expected: &str| {
            let error = open_history(text, folder.path()).err().unwrap();
            assert_eq!(format!("{error}; {}", error.hint().unwrap()), expected, "{text}");
        };
        let hint = "write `sqlite:PATH`, such as `sqlite:.shmoo/history.db`";
        check(
            "postgres://h/d",
            &format!(
                "the history `postgres://h/d` is in PostgreSQL, which this version cannot use: it is not built yet; {hint}"
            ),
        );
        check("mysql:x", &format!("`mysql:x` names no history; {hint}"));
        check("sqlite:", &format!("`sqlite:` names no history; {hint}"));
        check("", &format!("`` names no history; {hint}"));
    }
}
