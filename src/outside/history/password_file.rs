//! The file with passwords that PostgreSQL's own programs read, `~/.pgpass`.

use super::DatabaseError;
use super::postgres_place::{Host, PostgresPlace, Secret};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Where a socket lies that a file may call `localhost`.
const DEFAULT_SOCKETS: [&str; 3] = ["/run/postgresql", "/var/run/postgresql", "/tmp"];

/// Why a file that has the password cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("others may read it (mode {mode:o}): `chmod 600` it")]
struct Open {
    mode: u32,
}

/// Returns the password of a place; none if there is no file, or no line for it.
pub(super) fn password(path: &Path, place: &PostgresPlace) -> Result<Option<Secret>, DatabaseError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(None);
    }
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let Some(found) = find(&text, place) else { return Ok(None) };
    match metadata.permissions().mode() & 0o777 {
        mode if mode & 0o077 != 0 => Err(Open { mode }.into()),
        _ => Ok(Some(found)),
    }
}

/// Returns the password of the first line that is about a place.
fn find(text: &str, place: &PostgresPlace) -> Option<Secret> {
    let host = match &place.host {
        Host::Tcp(host) => host.clone(),
        Host::Socket(folder) if DEFAULT_SOCKETS.iter().any(|known| Path::new(known) == folder) => {
            "localhost".to_owned()
        }
        Host::Socket(folder) => folder.display().to_string(),
    };
    let wanted = [host, place.port.to_string(), place.database.clone(), place.user.clone()];
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut fields = split(line.trim_end_matches('\r'));
        if fields.len() != 5 {
            return None;
        }
        let password = fields.pop()?;
        let matches =
            fields.iter().zip(&wanted).all(|((field, plain), wanted)| (*plain && field == "*") || field == wanted);
        matches.then(|| Secret::new(password.0))
    })
}

/// Splits a line at its first four colons; `\:` and `\\` stand for themselves. Each field comes with whether it was written
/// without a backslash.
fn split(line: &str) -> Vec<(String, bool)> {
    let mut fields = vec![(String::new(), true)];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let last = fields.len() - 1;
        match character {
            ':' if fields.len() < 5 => fields.push((String::new(), true)),
            '\\' => {
                fields[last].0.extend(characters.next());
                fields[last].1 = false;
            }
            other => fields[last].0.push(other),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};

    #[test]
    fn lines() {
        let check = |text: &str, url: &str, expected: Option<&str>| {
            let place = PostgresPlace::parse(url, None).unwrap();
            assert_eq!(find(text, &place).as_ref().map(Secret::reveal), expected, "{text:?} {url}");
        };
        let url = "postgres://ci@db:5433/shmoo";
        check("db:5433:shmoo:ci:pw", url, Some("pw"));
        check("# db:5433:shmoo:ci:no\nother:5433:shmoo:ci:no\n*:*:*:ci:pw\r\n", url, Some("pw"));
        check("db:5433:shmoo:ci:a:b\\:c\\\\d", url, Some("a:b:c\\d"));
        check("db:5432:shmoo:ci:pw", url, None);
        check("db:5433:shmoo:pw", url, None);
        check("\\*:*:*:*:pw", url, None);
        check("", url, None);
        check("localhost:*:*:*:pw", "postgres://ci@/x?host=/run/postgresql", Some("pw"));
        check("/cloudsql/p\\:r\\:i:*:*:*:pw", "postgres://ci@/x?host=/cloudsql/p:r:i", Some("pw"));
        check("\\:\\:1:*:*:*:pw", "postgres://ci@[::1]/x", Some("pw"));
    }

    #[test]
    fn the_file_is_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pgpass");
        let place = PostgresPlace::parse("postgres://ci@db/x", None).unwrap();
        assert_eq!(password(&path, &place).unwrap(), None);
        fs::write(&path, "db:*:*:*:hunter2\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let error = password(&path, &place).unwrap_err().to_string();
        assert_eq!(error, "others may read it (mode 640): `chmod 600` it");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(password(&path, &place).unwrap().as_ref().map(Secret::reveal), Some("hunter2"));
        assert_eq!(password(folder.path(), &place).unwrap(), None);
    }
}
