//! Inputs in a task's folder, and what became of them.
//!
//! A hard link shares its file with every other task that has this input. What counts afterwards is
//! therefore the size and the time of change of the shared file; the time of its inode (`ctime`)
//! says nothing, since each further link sets it.

use super::tree::{self, FoundKind};
use super::{FilesError, is_below, read_error, write_error};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

/// Files up to this many bytes are copied: a copy costs less than what could happen to the original.
pub const COPY_LIMIT: u64 = 1 << 20;

/// An input in a task's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedInput {
    /// Its path in the folder.
    pub name: String,
    files: Vec<PlacedFile>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct PlacedFile {
    path: PathBuf,
    /// The file that this one shares its content with.
    shared: Option<PathBuf>,
    before: Witness,
}

/// What a write to a file changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    bytes: u64,
    modified: (i64, i64),
    inode: (u64, u64),
}

impl Witness {
    fn of(metadata: &Metadata) -> Witness {
        Witness {
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            inode: (metadata.dev(), metadata.ino()),
        }
    }
}

impl PlacedInput {
    /// Returns the files that the task shares with others, as they were when it got them.
    pub fn shared(&self) -> impl Iterator<Item = (&Path, &Witness)> {
        self.files.iter().filter_map(|file| Some((file.shared.as_deref()?, &file.before)))
    }
}

/// An input that is not what it was when the task started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedInput {
    /// Its name in the task's folder.
    pub name: String,
    /// The file: the input itself, or one of those in it.
    pub path: PathBuf,
    /// The file that was damaged with it and must be restored or made again; none if the task only
    /// wrote to a copy of its own.
    pub damaged: Option<PathBuf>,
}

/// Puts a file or a folder into a task's folder as `name`.
pub fn place(source: &Path, folder: &Path, name: &str) -> Result<PlacedInput, FilesError> {
    let mut placer = Placer::start(folder, name)?;
    let metadata = fs::metadata(source).map_err(read_error(source))?;
    if metadata.is_dir() {
        placer.folder("")?;
        for found in tree::walk(source)? {
            match found.kind {
                FoundKind::Folder => placer.folder(&found.path)?,
                FoundKind::Link { target } => placer.link(&found.path, &target)?,
                FoundKind::File { executable, bytes } => {
                    placer.file(&source.join(&found.path), &found.path, executable, bytes)?;
                }
            }
        }
    } else if metadata.is_file() {
        // A link's own name is nobody's business: its content is placed, or linked.
        let real = source.canonicalize().map_err(read_error(source))?;
        placer.file(&real, "", tree::is_executable(&metadata), metadata.len())?;
    } else {
        return Err(FilesError::Special { path: source.to_owned() });
    }
    Ok(placer.finish())
}

/// Makes the parts of one input.
pub(super) struct Placer {
    root: PathBuf,
    name: String,
    files: Vec<PlacedFile>,
}

impl Placer {
    pub(super) fn start(folder: &Path, name: &str) -> Result<Placer, FilesError> {
        if !is_below(name) {
            return Err(FilesError::Outside { name: name.to_owned() });
        }
        let root = folder.join(name);
        if name.contains('/')
            && let Some(above) = root.parent()
        {
            fs::create_dir_all(above).map_err(write_error(above))?;
        }
        Ok(Placer { root, name: name.to_owned(), files: Vec::new() })
    }

    fn target(&self, path: &str) -> PathBuf {
        if path.is_empty() { self.root.clone() } else { self.root.join(path) }
    }

    pub(super) fn folder(&mut self, path: &str) -> Result<(), FilesError> {
        let target = self.target(path);
        fs::create_dir(&target).map_err(|error| taken_or_failed(&target, error))
    }

    pub(super) fn link(&mut self, path: &str, to: &str) -> Result<(), FilesError> {
        let target = self.target(path);
        symlink(to, &target).map_err(|error| taken_or_failed(&target, error))
    }

    pub(super) fn file(&mut self, source: &Path, path: &str, executable: bool, bytes: u64) -> Result<(), FilesError> {
        let target = self.target(path);
        let shared = place_file(source, &target, executable, bytes)?;
        let seen = if shared { source } else { &target };
        let before = Witness::of(&fs::symlink_metadata(seen).map_err(read_error(seen))?);
        self.files.push(PlacedFile { path: target, shared: shared.then(|| source.to_owned()), before });
        Ok(())
    }

    pub(super) fn finish(self) -> PlacedInput {
        PlacedInput { name: self.name, files: self.files }
    }
}

fn taken_or_failed(target: &Path, error: io::Error) -> FilesError {
    match error.kind() {
        io::ErrorKind::AlreadyExists => FilesError::Twice { path: target.to_owned() },
        _ => write_error(target)(error),
    }
}

/// Returns whether the file is shared with `source`.
fn place_file(source: &Path, target: &Path, executable: bool, bytes: u64) -> Result<bool, FilesError> {
    let mut from = File::open(source).map_err(read_error(source))?;
    let mode = if executable { 0o777 } else { 0o666 };
    let create = || {
        let created = OpenOptions::new().write(true).create_new(true).mode(mode).open(target);
        created.map_err(|error| taken_or_failed(target, error))
    };
    let mut to = create()?;
    if bytes > COPY_LIMIT {
        if rustix::fs::ioctl_ficlone(&to, &from).is_ok() {
            return Ok(false);
        }
        fs::remove_file(target).map_err(write_error(target))?;
        if fs::hard_link(source, target).is_ok() {
            return Ok(true);
        }
        // On another file system, or with as many links as a file may have.
        to = create()?;
    }
    io::copy(&mut from, &mut to).map_err(write_error(target))?;
    Ok(false)
}

/// Returns the inputs that a task has written to, or that another task has written to while this one
/// shared them.
///
/// An input that was removed, or replaced by another file, has harmed nobody and is no change.
pub fn check_inputs(inputs: &[PlacedInput]) -> Result<Vec<ChangedInput>, FilesError> {
    let mut changed = Vec::new();
    for PlacedInput { name, files } in inputs {
        for PlacedFile { path, shared, before } in files {
            // The task's own link shows a change even where the shared file was put in order since.
            let mut is_changed = false;
            for seen in std::iter::once(path).chain(shared) {
                is_changed |= changed_since(seen, before)?;
            }
            if is_changed {
                changed.push(ChangedInput { name: name.clone(), path: path.clone(), damaged: shared.clone() });
            }
        }
    }
    Ok(changed)
}

fn changed_since(file: &Path, before: &Witness) -> Result<bool, FilesError> {
    match fs::symlink_metadata(file) {
        Ok(metadata) => {
            let now = Witness::of(&metadata);
            Ok(now.inode == before.inode && now != *before)
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(read_error(file)(error)),
    }
}
