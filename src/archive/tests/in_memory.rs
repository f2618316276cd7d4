//! Folders in memory: what the tests pack and what they restore.

use super::super::*;
use std::collections::BTreeMap;
use std::error::Error as _;
use std::io::{self, Read};
use std::num::NonZeroUsize;

/// One thing in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Thing {
    File(Vec<u8>, bool),
    Directory,
    Symlink(Vec<u8>),
    HardLink(EntryPath),
}

/// A folder in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Things(pub(super) BTreeMap<EntryPath, Thing>);

pub(super) fn path(text: &str) -> EntryPath {
    EntryPath::new(text).unwrap()
}

impl Things {
    pub(super) fn file(self, name: &str, content: impl Into<Vec<u8>>) -> Things {
        self.with(name, Thing::File(content.into(), false))
    }

    pub(super) fn with(mut self, name: &str, thing: Thing) -> Things {
        self.0.insert(path(name), thing);
        self
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        let kind = |thing: &Thing| match thing {
            Thing::File(content, executable) => EntryKind::File { size: content.len() as u64, executable: *executable },
            Thing::Directory => EntryKind::Directory,
            Thing::Symlink(target) => EntryKind::Symlink { target: target.clone() },
            Thing::HardLink(_) => panic!("hard links are not packed"),
        };
        self.0.iter().map(|(path, thing)| Entry { path: path.clone(), kind: kind(thing) }).collect()
    }

    /// Packs with members of 4 KiB, so that small tests have many of them.
    pub(super) fn pack(&self, threads: usize) -> Vec<u8> {
        self.pack_entries(self.entries(), threads, 4096).unwrap().1
    }

    pub(super) fn pack_entries(
        &self,
        entries: Vec<Entry>,
        threads: usize,
        member: u64,
    ) -> Result<(Packed, Vec<u8>), ArchiveError> {
        let mut out = Vec::new();
        let provenance = serde_json::json!({"commit": "abc", "dirty": false});
        let options = PackOptions::new(NonZeroUsize::new(threads).unwrap(), provenance);
        let packed = pack::pack_in_members(entries, self, &mut out, &options, member)?;
        Ok((packed, out))
    }

    /// Restores a whole archive.
    pub(super) fn restore(archive: &[u8]) -> Result<Things, ArchiveError> {
        Things::restore_within(archive, Limits::default())
    }

    pub(super) fn restore_within(archive: &[u8], limits: Limits) -> Result<Things, ArchiveError> {
        let mut things = Things::default();
        Archive::open(&archive.to_vec(), limits)?.restore_all(&mut things)?;
        Ok(things)
    }
}

impl Content for Things {
    fn open(&self, path: &EntryPath) -> io::Result<Box<dyn Read + Send + '_>> {
        match self.0.get(path) {
            Some(Thing::File(content, _)) => Ok(Box::new(content.as_slice())),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

impl Sink for Things {
    fn directory(&mut self, path: &EntryPath) -> io::Result<()> {
        self.0.insert(path.clone(), Thing::Directory);
        Ok(())
    }

    fn file(&mut self, path: &EntryPath, executable: bool, content: &mut dyn Read) -> io::Result<()> {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes)?;
        self.0.insert(path.clone(), Thing::File(bytes, executable));
        Ok(())
    }

    fn symlink(&mut self, path: &EntryPath, target: &[u8]) -> io::Result<()> {
        self.0.insert(path.clone(), Thing::Symlink(target.to_vec()));
        Ok(())
    }

    fn hard_link(&mut self, path: &EntryPath, existing: &EntryPath) -> io::Result<()> {
        self.0.insert(path.clone(), Thing::HardLink(existing.clone()));
        Ok(())
    }
}

/// Returns an error with its causes on one line.
pub(super) fn whole_message(err: &ArchiveError) -> String {
    let mut text = err.to_string();
    let mut source = err.source();
    while let Some(err) = source {
        text.push_str(": ");
        text.push_str(&err.to_string());
        source = err.source();
    }
    text
}

/// Returns bytes that do not compress, always the same for the same seed.
pub(super) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect()
}
