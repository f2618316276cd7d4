//! Reaching things below a folder without following a link on the way.

use crate::archive::EntryPath;
use rustix::fs::{Mode, OFlags};
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Opens a folder to work below. Links on the way to it are followed: its user named it.
pub(super) fn open_root(path: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, FOLDER.difference(OFlags::NOFOLLOW), Mode::empty())?)
}

/// Opens a folder below `root`; `None` is the root.
pub(super) fn open_folder(root: &OwnedFd, path: Option<&EntryPath>) -> io::Result<OwnedFd> {
    let mut folder = root.try_clone()?;
    for part in path.iter().flat_map(|path| path.parts()) {
        folder = open_part(folder.as_fd(), part)?;
    }
    Ok(folder)
}

/// The same, and makes those that are missing.
pub(super) fn make_folder(root: &OwnedFd, path: Option<&EntryPath>) -> io::Result<OwnedFd> {
    let mut folder = root.try_clone()?;
    for part in path.iter().flat_map(|path| path.parts()) {
        folder = match open_part(folder.as_fd(), part) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => {
                rustix::fs::mkdirat(&folder, OsStr::from_bytes(part), Mode::from_raw_mode(0o777))?;
                open_part(folder.as_fd(), part)?
            }
            folder => folder?,
        };
    }
    Ok(folder)
}

fn open_part(folder: BorrowedFd<'_>, part: &[u8]) -> io::Result<OwnedFd> {
    Ok(rustix::fs::openat(folder, OsStr::from_bytes(part), FOLDER, Mode::empty())?)
}

/// Opens a regular file to read it. Anything else that has taken its place is an error, also a
/// pipe, which would otherwise be waited for.
pub(super) fn open_file(root: &OwnedFd, path: &EntryPath) -> io::Result<File> {
    let folder = open_folder(root, path.parent().as_ref())?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::openat(folder, OsStr::from_bytes(path.name()), flags, Mode::empty())?);
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file any more"))
    }
}

/// Makes a file that was not there.
pub(super) fn make_file(folder: BorrowedFd<'_>, name: &[u8], executable: bool) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::from_raw_mode(if executable { 0o777 } else { 0o666 });
    Ok(File::from(rustix::fs::openat(folder, OsStr::from_bytes(name), flags, mode)?))
}
