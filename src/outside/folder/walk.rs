//! A folder -> the entries to pack.

use super::beneath::{open_file, open_folder, open_root};
use super::error::FolderError;
use crate::archive::{Content, Entry, EntryKind, EntryPath, link_stays_inside};
use rustix::fs::{AtFlags, Dir, FileType};
use std::collections::HashSet;
use std::fmt;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// A folder whose content is to be packed.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    root: OwnedFd,
}

/// What was found in a folder.
#[derive(Debug, Default)]
pub struct Walked {
    /// What can be packed, sorted by path.
    pub entries: Vec<Entry>,
    /// What cannot; whoever packs the rest has to say so.
    pub left_out: Vec<LeftOut>,
}

/// Something that no archive can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Where it lies, relative to the folder.
    pub path: PathBuf,
    /// Why it is left out.
    pub reason: LeftOutReason,
}

/// Why something is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftOutReason {
    /// A link that is absolute or may lead out of the folder.
    LinkLeaves,
    /// A socket, pipe or device.
    NoFile,
    /// A path of more bytes than an archive takes.
    TooLong,
}

impl fmt::Display for LeftOutReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LeftOutReason::LinkLeaves => "a link that leads out of the folder",
            LeftOutReason::NoFile => "neither file nor folder nor link",
            LeftOutReason::TooLong => "a path that is too long",
        })
    }
}

impl Folder {
    /// Opens a folder.
    pub fn open(path: impl Into<PathBuf>) -> Result<Folder, FolderError> {
        let path = path.into();
        match open_root(&path) {
            Ok(root) => Ok(Folder { path, root }),
            Err(err) => Err(FolderError::ReadFolder { path, err }),
        }
    }

    /// Returns what is in it, except what `exclude` names; an excluded folder goes with all that is
    /// in it. Folders get an entry only if nothing in them has one.
    pub fn walk(&self, exclude: &dyn Fn(&EntryPath) -> bool) -> Result<Walked, FolderError> {
        let mut walked = Walked::default();
        let mut folders = Vec::new();
        let mut to_read = vec![None];
        while let Some(folder) = to_read.pop() {
            let found = self.read_folder(folder.as_ref(), exclude, &mut walked).map_err(|err| {
                let path = folder.as_ref().map_or(self.path.clone(), |folder| self.path.join(as_path(folder)));
                FolderError::ReadFolder { path, err }
            })?;
            to_read.extend(found.into_iter().map(Some));
            folders.extend(folder);
        }
        // Inner folders first, so that an empty one fills those around it.
        folders.sort_by(|a, b| b.cmp(a));
        let mut filled: HashSet<EntryPath> = walked.entries.iter().filter_map(|entry| entry.path.parent()).collect();
        for folder in folders {
            filled.extend(folder.parent());
            if !filled.contains(&folder) {
                walked.entries.push(Entry { path: folder, kind: EntryKind::Directory });
            }
        }
        walked.entries.sort_by(|a, b| a.path.cmp(&b.path));
        walked.left_out.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(walked)
    }

    /// Adds what lies directly in a folder, and returns the folders in it.
    fn read_folder(
        &self,
        folder: Option<&EntryPath>,
        exclude: &dyn Fn(&EntryPath) -> bool,
        walked: &mut Walked,
    ) -> io::Result<Vec<EntryPath>> {
        let open = open_folder(&self.root, folder)?;
        let mut folders = Vec::new();
        for found in Dir::read_from(&open)? {
            let found = found?;
            let name = found.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let mut bytes = folder.map_or(Vec::new(), |folder| [folder.as_bytes(), b"/"].concat());
            bytes.extend_from_slice(name.to_bytes());
            let mut leave_out = |bytes: &[u8], reason| {
                let path = PathBuf::from(std::ffi::OsStr::from_bytes(bytes));
                walked.left_out.push(LeftOut { path, reason });
            };
            let Ok(path) = EntryPath::new(&bytes) else {
                leave_out(&bytes, LeftOutReason::TooLong);
                continue;
            };
            if exclude(&path) {
                continue;
            }
            let stat = rustix::fs::statat(&open, name, AtFlags::SYMLINK_NOFOLLOW)?;
            let kind = match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory => {
                    folders.push(path);
                    continue;
                }
                FileType::RegularFile => {
                    EntryKind::File { size: stat.st_size as u64, executable: stat.st_mode & 0o100 != 0 }
                }
                FileType::Symlink => {
                    let target = rustix::fs::readlinkat(&open, name, Vec::new())?.into_bytes();
                    if !link_stays_inside(&path, &target) {
                        leave_out(&bytes, LeftOutReason::LinkLeaves);
                        continue;
                    }
                    EntryKind::Symlink { target }
                }
                _ => {
                    leave_out(&bytes, LeftOutReason::NoFile);
                    continue;
                }
            };
            walked.entries.push(Entry { path, kind });
        }
        Ok(folders)
    }
}

impl Content for Folder {
    fn open(&self, path: &EntryPath) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(open_file(&self.root, path)?))
    }
}

pub(super) fn as_path(path: &EntryPath) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(path.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn everything_is_packed_or_named() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path();
        fs::create_dir_all(root.join("d/empty/inner")).unwrap();
        fs::create_dir_all(root.join("raw")).unwrap();
        fs::create_dir_all(root.join("skipped")).unwrap();
        fs::write(root.join("d.txt"), "12345").unwrap();
        fs::write(root.join("d/run.sh"), "#!").unwrap();
        fs::set_permissions(root.join("d/run.sh"), fs::Permissions::from_mode(0o744)).unwrap();
        fs::write(root.join("raw/x.raw"), "x").unwrap();
        fs::write(root.join("skipped/y"), "y").unwrap();
        symlink("../d.txt", root.join("d/in")).unwrap();
        symlink("/etc/passwd", root.join("d/absolute")).unwrap();
        symlink("../..", root.join("d/out")).unwrap();
        symlink("d", root.join("e")).unwrap();
        let fifo = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, root.join("pipe"), fifo, rustix::fs::Mode::from_raw_mode(0o600), 0)
            .unwrap();
        let walked = Folder::open(root)
            .unwrap()
            .walk(&|path| path.as_bytes().ends_with(b".raw") || path.as_bytes() == b"skipped")
            .unwrap();
        let lines: Vec<String> = walked
            .entries
            .iter()
            .map(|entry| match &entry.kind {
                EntryKind::File { size, executable } => format!("{} {size} {executable}", entry.path),
                EntryKind::Directory => format!("{}/", entry.path),
                EntryKind::Symlink { target } => format!("{} -> {}", entry.path, String::from_utf8_lossy(target)),
            })
            .chain(walked.left_out.iter().map(|left| format!("left out: {}: {}", left.path.display(), left.reason)))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        d.txt 5 false
        d/empty/inner/
        d/in -> ../d.txt
        d/run.sh 2 true
        e -> d
        raw/
        left out: d/absolute: a link that leads out of the folder
        left out: d/out: a link that leads out of the folder
        left out: pipe: neither file nor folder nor link
        ");
    }

    #[test]
    fn what_takes_a_files_place_is_not_read() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path();
        fs::write(root.join("secret"), "secret").unwrap();
        fs::create_dir(root.join("d")).unwrap();
        fs::create_dir(root.join("d/s")).unwrap();
        symlink("../secret", root.join("d/link")).unwrap();
        symlink("..", root.join("d/up")).unwrap();
        let folder = Folder::open(root.join("d")).unwrap();
        for path in ["link", "up/secret", "s", "none"] {
            assert!(folder.open_content(path).is_err(), "{path}");
        }
    }

    impl Folder {
        fn open_content(&self, path: &str) -> io::Result<()> {
            Content::open(self, &EntryPath::new(path).unwrap()).map(drop)
        }
    }
}
