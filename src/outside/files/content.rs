//! Repository files, copied once for each run, by digest.
//!
//! Below the store's folder: `HH/DIGEST` is a file, `HH/DIGEST.x` an executable one (hard links share
//! the mode with the file), `HH/DIGEST.tree` the list of a folder, `HH` the digest's first two digits.
//! Files are read-only: this keeps tasks that are not root from writing to those that are linked.

use super::place::Placer;
use super::tree::{self, Entry, FoundKind, Node};
use super::{FilesError, PlacedInput, read_error, write_error};
use crate::outside::durable::{self, Draft};
use crate::value::{Digest, DigestWriter};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A file or folder, by content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Content {
    /// What it is.
    pub kind: ContentKind,
    /// Digest of the file's bytes, or of the folder: names, executable bits and contents.
    pub sha256: Digest,
    /// Length of the file, or of all files in the folder.
    pub bytes: u64,
}

/// What a content is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContentKind {
    /// A file.
    File,
    /// A file that can be executed.
    Executable,
    /// A folder.
    Folder,
}

impl Content {
    /// Reads a file or folder without keeping it.
    pub fn of(source: &Path) -> Result<Content, FilesError> {
        let read = |path: &Path, _| {
            let mut file = File::open(path).map_err(read_error(path))?;
            Digest::of_reader(&mut file).map_err(read_error(path))
        };
        describe(source, &read).map(|(content, _)| content)
    }
}

/// Returns digest and length of a file; the second argument tells whether it is executable.
type ReadFile<'a> = &'a dyn Fn(&Path, bool) -> Result<(Digest, u64), FilesError>;

fn describe(source: &Path, read: ReadFile<'_>) -> Result<(Content, Vec<Entry>), FilesError> {
    let metadata = fs::metadata(source).map_err(read_error(source))?;
    if metadata.is_file() {
        let executable = tree::is_executable(&metadata);
        let (sha256, bytes) = read(source, executable)?;
        let kind = if executable { ContentKind::Executable } else { ContentKind::File };
        return Ok((Content { kind, sha256, bytes }, Vec::new()));
    }
    if !metadata.is_dir() {
        return Err(FilesError::Special { path: source.to_owned() });
    }
    let mut total = 0;
    let mut entries = Vec::new();
    for found in tree::walk(source)? {
        let node = match found.kind {
            FoundKind::Folder => Node::Folder,
            FoundKind::Link { target } => Node::Link { target },
            FoundKind::File { executable, bytes: _ } => {
                let (sha256, bytes) = read(&source.join(&found.path), executable)?;
                total += bytes;
                Node::File { sha256, bytes, executable }
            }
        };
        entries.push(Entry { path: found.path, node });
    }
    let content = Content { kind: ContentKind::Folder, sha256: tree::digest(&entries), bytes: total };
    Ok((content, entries))
}

/// The repository files of a run.
#[derive(Debug)]
pub struct ContentStore {
    root: PathBuf,
    trees: Mutex<HashMap<Digest, Arc<Vec<Entry>>>>,
}

impl ContentStore {
    /// Opens the store in a folder, which is made if it is not there.
    pub fn open(root: &Path) -> Result<ContentStore, FilesError> {
        durable::create_folder(root).map_err(write_error(root))?;
        durable::sweep_drafts(root).map_err(write_error(root))?;
        Ok(ContentStore { root: root.to_owned(), trees: Mutex::default() })
    }

    fn path(&self, sha256: &Digest, suffix: &str) -> PathBuf {
        let name = sha256.to_string();
        self.root.join(&name[..2]).join(name + suffix)
    }

    fn file_path(&self, sha256: &Digest, executable: bool) -> PathBuf {
        self.path(sha256, if executable { ".x" } else { "" })
    }

    /// Copies a file or folder of the repository into the store, unless it is there.
    pub fn add(&self, source: &Path) -> Result<Content, FilesError> {
        let (content, entries) = describe(source, &|path, executable| self.add_file(path, executable))?;
        if content.kind == ContentKind::Folder {
            let target = self.path(&content.sha256, ".tree");
            if !target.exists() {
                let text = serde_json::to_vec(&entries).map_err(|error| write_error(&target)(error.into()))?;
                self.publish(&target, 0o444, |file| file.write_all(&text))?;
            }
            self.remember(content.sha256, entries);
        }
        Ok(content)
    }

    /// Digests what it copies, so that the digest is that of the copy even if the file changes now.
    fn add_file(&self, source: &Path, executable: bool) -> Result<(Digest, u64), FilesError> {
        let mut from = File::open(source).map_err(read_error(source))?;
        let mode = if executable { 0o555 } else { 0o444 };
        let mut draft = Draft::create(&self.root, mode).map_err(write_error(&self.root))?;
        let mut digest = DigestWriter::default();
        let mut buffer = vec![0; 1 << 17];
        let mut bytes = 0;
        loop {
            let length = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(read_error(source)(error)),
            };
            digest.update(&buffer[..length]);
            draft.file().write_all(&buffer[..length]).map_err(write_error(&self.root))?;
            bytes += length as u64;
        }
        let sha256 = digest.finish();
        let target = self.file_path(&sha256, executable);
        if !target.exists() {
            self.name(draft, &target)?;
        }
        Ok((sha256, bytes))
    }

    fn publish(
        &self,
        target: &Path,
        mode: u32,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<(), FilesError> {
        let mut draft = Draft::create(&self.root, mode).map_err(write_error(&self.root))?;
        write(draft.file()).map_err(write_error(target))?;
        self.name(draft, target)
    }

    fn name(&self, draft: Draft, target: &Path) -> Result<(), FilesError> {
        let folder = target.parent().map_or(Ok(()), durable::create_folder);
        // Another thread may have been faster, with the same bytes.
        folder.and_then(|()| draft.publish_new(target)).map_err(write_error(target)).map(|_| ())
    }

    fn remember(&self, sha256: Digest, entries: Vec<Entry>) -> Arc<Vec<Entry>> {
        let entries = Arc::new(entries);
        self.trees.lock().unwrap_or_else(PoisonError::into_inner).insert(sha256, Arc::clone(&entries));
        entries
    }

    fn entries(&self, sha256: &Digest) -> Result<Arc<Vec<Entry>>, FilesError> {
        if let Some(entries) = self.trees.lock().unwrap_or_else(PoisonError::into_inner).get(sha256) {
            return Ok(Arc::clone(entries));
        }
        let unknown = || FilesError::Unknown { digest: *sha256 };
        let bytes = fs::read(self.path(sha256, ".tree")).map_err(|_| unknown())?;
        let entries: Vec<Entry> = serde_json::from_slice(&bytes).map_err(|_| unknown())?;
        // Paths of a list that hashes to its name are those that were walked.
        if tree::digest(&entries) != *sha256 {
            return Err(unknown());
        }
        Ok(self.remember(*sha256, entries))
    }

    /// Tells whether the store has all files of a content. It does not read them.
    pub fn holds(&self, content: &Content) -> bool {
        let is_file = |sha256: &Digest, executable, bytes| {
            fs::metadata(self.file_path(sha256, executable)).is_ok_and(|metadata| metadata.len() == bytes)
        };
        match content.kind {
            ContentKind::File => is_file(&content.sha256, false, content.bytes),
            ContentKind::Executable => is_file(&content.sha256, true, content.bytes),
            ContentKind::Folder => self.entries(&content.sha256).is_ok_and(|entries| {
                entries.iter().all(|entry| match &entry.node {
                    Node::Folder | Node::Link { .. } => true,
                    Node::File { sha256, bytes, executable } => is_file(sha256, *executable, *bytes),
                })
            }),
        }
    }

    /// Returns the names of the files of the store that a content is made of: `HH/NAME`.
    ///
    /// # Errors
    /// The list of a folder that the store does not have.
    pub fn names(&self, content: &Content) -> Result<BTreeSet<String>, FilesError> {
        let name = |sha256: &Digest, suffix: &str| {
            let path = self.path(sha256, suffix);
            path.strip_prefix(&self.root).unwrap_or(&path).to_string_lossy().into_owned()
        };
        let of_file = |sha256: &Digest, executable: bool| name(sha256, if executable { ".x" } else { "" });
        Ok(match content.kind {
            ContentKind::File => BTreeSet::from([of_file(&content.sha256, false)]),
            ContentKind::Executable => BTreeSet::from([of_file(&content.sha256, true)]),
            ContentKind::Folder => {
                let entries = self.entries(&content.sha256)?;
                let files = entries.iter().filter_map(|entry| match &entry.node {
                    Node::Folder | Node::Link { .. } => None,
                    Node::File { sha256, executable, .. } => Some(of_file(sha256, *executable)),
                });
                files.chain([name(&content.sha256, ".tree")]).collect()
            }
        })
    }

    /// Puts a content into a task's folder as `name`.
    pub fn place(&self, content: &Content, folder: &Path, name: &str) -> Result<PlacedInput, FilesError> {
        let mut placer = Placer::start(folder, name)?;
        let executable = content.kind == ContentKind::Executable;
        match content.kind {
            ContentKind::File | ContentKind::Executable => {
                placer.file(&self.file_path(&content.sha256, executable), "", executable, content.bytes)?;
            }
            ContentKind::Folder => {
                placer.folder("")?;
                for Entry { path, node } in self.entries(&content.sha256)?.iter() {
                    match node {
                        Node::Folder => placer.folder(path)?,
                        Node::Link { target } => placer.link(path, target)?,
                        Node::File { sha256, bytes, executable } => {
                            placer.file(&self.file_path(sha256, *executable), path, *executable, *bytes)?;
                        }
                    }
                }
            }
        }
        Ok(placer.finish())
    }

    /// Reads all files of a content, and takes those that are missing or damaged from `origin` again,
    /// where they came from. Returns how many those were.
    pub fn restore(&self, content: &Content, origin: &Path) -> Result<usize, FilesError> {
        let executable = content.kind == ContentKind::Executable;
        if content.kind != ContentKind::Folder {
            return self.restore_file(&content.sha256, executable, origin).map(usize::from);
        }
        let mut restored = 0;
        for Entry { path, node } in self.entries(&content.sha256)?.iter() {
            if let Node::File { sha256, bytes: _, executable } = node {
                restored += usize::from(self.restore_file(sha256, *executable, &origin.join(path))?);
            }
        }
        Ok(restored)
    }

    fn restore_file(&self, sha256: &Digest, executable: bool, origin: &Path) -> Result<bool, FilesError> {
        let stored = self.file_path(sha256, executable);
        let found = File::open(&stored).and_then(|mut file| Digest::of_reader(&mut file));
        if found.is_ok_and(|(found, _)| found == *sha256) {
            return Ok(false);
        }
        let lost = || FilesError::Lost { stored: stored.clone(), origin: origin.to_owned() };
        if Content::of(origin).map_err(|_| lost())?.sha256 != *sha256 {
            return Err(lost());
        }
        match fs::remove_file(&stored) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(write_error(&stored)(error)),
            _ => {}
        }
        let (again, _) = self.add_file(origin, executable)?;
        if again == *sha256 { Ok(true) } else { Err(lost()) }
    }
}
