//! What the disk can do: room, cheap copies, the size of folders.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// How a large file is placed in a folder without copying it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// As a copy that shares its blocks until one side is written to.
    Reflink,
    /// As a further name of the same file.
    HardLink,
    /// Not at all: it is copied.
    Copy,
}

/// Returns the bytes that may still be written in the file system of a folder.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    let room = rustix::fs::statvfs(folder)?;
    Ok(room.f_bavail.saturating_mul(room.f_frsize))
}

/// Tries how files are shared in a folder; two small files are made for it, and removed.
pub fn sharing(folder: &Path) -> io::Result<Sharing> {
    let place = tempfile::Builder::new().prefix(".doctor-").tempdir_in(folder)?;
    let source = place.path().join("source");
    fs::write(&source, b"shared")?;
    let from = File::open(&source)?;
    let mut clone = File::create(place.path().join("clone"))?;
    if rustix::fs::ioctl_ficlone(&clone, &from).is_ok() {
        return Ok(Sharing::Reflink);
    }
    clone.write_all(b"copied")?;
    let linked = fs::hard_link(&source, place.path().join("link"));
    Ok(if linked.is_ok() { Sharing::HardLink } else { Sharing::Copy })
}

/// Returns the bytes on disk of a folder with all that is in it. A file with several names below the
/// folder counts once. Links are not followed.
pub fn folder_bytes(folder: &Path) -> io::Result<u64> {
    let mut seen = HashSet::new();
    let mut total = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_dir() {
                folders.push(entry.path());
            }
            if metadata.nlink() < 2 || metadata.is_dir() || seen.insert((metadata.dev(), metadata.ino())) {
                // POSIX counts blocks in 512 bytes, whatever the file system's own are.
                total += metadata.blocks() * 512;
            }
        }
    }
    Ok(total)
}

/// Tells whether the kernel lets a process be waited for by a file descriptor, as time limits need it.
pub fn has_pidfd() -> bool {
    rustix::process::pidfd_open(rustix::process::getpid(), rustix::process::PidfdFlags::empty()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_count_shared_files_once() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        fs::write(inner.join("big"), vec![1; 1 << 20]).unwrap();
        let one = folder_bytes(folder.path()).unwrap();
        assert!((1 << 20..2 << 20).contains(&one), "{one}");
        fs::hard_link(inner.join("big"), folder.path().join("again")).unwrap();
        std::os::unix::fs::symlink("/", folder.path().join("root")).unwrap();
        assert!(folder_bytes(folder.path()).unwrap() < one + (64 << 10));
        assert!(folder_bytes(&folder.path().join("none")).is_err());
    }

    #[test]
    fn this_machine() {
        let folder = tempfile::tempdir().unwrap();
        assert_ne!(sharing(folder.path()).unwrap(), Sharing::Copy);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "it leaves nothing behind");
        assert!(free_bytes(folder.path()).unwrap() > 0);
        assert!(has_pidfd());
    }
}
