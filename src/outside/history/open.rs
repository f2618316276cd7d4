//! From the text in the project file to a history.

use super::postgres_place::PostgresPlace;
use super::{Environment, History, HistoryError, Waiting, open_postgres, open_sqlite};
use std::path::Path;

/// Opens the history that `location` names, and makes it if it is not there; relative paths are
/// relative to `base`, the folder of the project file.
pub fn open_history(location: &str, base: &Path, environment: &Environment) -> Result<Box<dyn History>, HistoryError> {
    let location = match location.strip_prefix("env:") {
        Some(name) => environment.get(name).ok_or_else(|| HistoryError::NoVariable(name.to_owned()))?,
        None => location,
    };
    if location.starts_with("postgres://") || location.starts_with("postgresql://") {
        let user = environment.get("PGUSER").or_else(|| environment.get("USER"));
        let place = PostgresPlace::parse(location, user).map_err(HistoryError::Place)?;
        return Ok(Box::new(open_postgres(&place, environment, Waiting::default())?));
    }
    let path = location.strip_prefix("sqlite:").filter(|path| !path.is_empty() && *path != "//");
    // What came out of a variable may hold a password.
    let path =
        path.ok_or_else(|| HistoryError::Scheme(location.split_once(':').map_or("", |(scheme, _)| scheme).to_owned()))?;
    Ok(Box::new(open_sqlite(&base.join(path.strip_prefix("//").unwrap_or(path)))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::new([
            ("PLACE", "sqlite:.shmoo/history.db"),
            ("WRONG", "postgres://u:hunter2@a@b/c"),
            ("OTHER", "mysql://u:hunter2@h/d"),
            ("EMPTY", ""),
        ]);
        for text in ["sqlite:.shmoo/history.db", "env:PLACE"] {
            let history = open_history(text, folder.path(), &environment).unwrap();
            assert_eq!(history.location(), format!("`sqlite:{}/.shmoo/history.db`", folder.path().display()));
        }
        assert!(folder.path().join(".shmoo/history.db").is_file());
        let check = |text: &str, expected: &str| {
            let error = open_history(text, folder.path(), &environment).err().unwrap();
            assert_eq!(error.to_string(), expected, "{text}");
            assert!(error.hint().is_some() && !format!("{error:?}").contains("hunter2"), "{error:?}");
        };
        check("mysql:x", "`mysql` names no history");
        check("sqlite:", "`sqlite` names no history");
        check("", "`` names no history");
        check("env:OTHER", "`mysql` names no history");
        check("env:WRONG", "the URL of the history is wrong");
        check("env:EMPTY", "the history is in the variable `EMPTY`, which is not set");
        check("env:NONE", "the history is in the variable `NONE`, which is not set");
    }
}
