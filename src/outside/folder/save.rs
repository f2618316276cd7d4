//! Files that are there whole or not at all.

use super::error::FolderError;
use crate::outside::durable::open_stream;
use std::fs::{File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Lets `fill` write a file and gives it its name, in place of any older one, once `fill` has
/// succeeded and everything is on disk. Until then it is `.NAME.partial-RANDOM` beside it, and is
/// removed on an error.
pub fn save_whole<T, E: From<FolderError>>(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<T, E>,
) -> Result<T, E> {
    save_with_mode(path, |out| fill(out).map(|value| (value, false)))
}

/// The same; `fill` also tells whether the file is executable.
pub(super) fn save_with_mode<T, E: From<FolderError>>(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(T, bool), E>,
) -> Result<T, E> {
    let failed = |err| E::from(FolderError::Write { path: path.to_owned(), err });
    if let Some(mut stream) = open_stream(path).map_err(failed)? {
        return fill(&mut stream).map(|(value, _)| value);
    }
    let (folder, prefix) = beside(path).map_err(failed)?;
    let temporary = tempfile::Builder::new()
        .prefix(&prefix)
        // As any other program's new file: less what the user's mask takes away.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .map_err(failed)?;
    let mut writer = BufWriter::with_capacity(1 << 18, temporary.as_file());
    let (value, executable) = fill(&mut writer)?;
    writer.flush().map_err(failed)?;
    drop(writer);
    let file = temporary.as_file();
    if executable {
        let mode = file.metadata().map_err(failed)?.permissions().mode();
        file.set_permissions(Permissions::from_mode(mode | (mode & 0o444) >> 2)).map_err(failed)?;
    }
    file.sync_all().map_err(failed)?;
    temporary.persist(path).map_err(|err| failed(err.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(value)
}

/// Returns the folder of a path and how names of unfinished things beside it begin.
pub(super) fn beside(path: &Path) -> io::Result<(&Path, std::ffi::OsString)> {
    let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path has no name"))?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut prefix = std::ffi::OsString::from(".");
    prefix.push(name);
    prefix.push(".partial-");
    Ok((folder, prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn whole_or_not_at_all() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a.tar.gz");
        let saved: Result<u8, FolderError> = save_whole(&path, |out| {
            out.write_all(b"first").unwrap();
            assert!(!path.exists());
            let names = names(temp.path());
            assert!(names.len() == 1 && names[0].starts_with(".a.tar.gz.partial-"), "{names:?}");
            Ok(7)
        });
        assert_eq!(saved.unwrap(), 7);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        let failed: Result<u8, FolderError> = save_whole(&path, |out| {
            out.write_all(b"second").unwrap();
            Err(FolderError::Taken { path: path.clone() })
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(names(temp.path()), ["a.tar.gz"]);
    }

    #[test]
    fn errors_name_the_file() {
        let path = Path::new("/nonexistent/folder/x");
        let failed: Result<(), FolderError> = save_whole(path, |_| Ok(()));
        assert_eq!(failed.unwrap_err().to_string(), "cannot write /nonexistent/folder/x");
    }
}
