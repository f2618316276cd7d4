//! Decides where every byte of an archive goes, before any of it is read.

use super::entry::{Entry, EntryKind};
use super::error::ArchiveError;
use super::header::{header_length, padding};
use super::manifest::is_reserved;
use super::path::link_stays_inside;
use super::tree::{Node, Tree};

/// Unpacked bytes of a usual gzip member. Larger ones compress hardly better, smaller ones worse,
/// and reading one file costs unpacking one member.
pub(super) const MEMBER: u64 = 1 << 20;

/// The longest file that is packed, 16 TiB: a file of holes may claim to be as long as a number can say.
const LONGEST_FILE: u64 = 16 << 40;

/// A part of one entry within one member: the header goes with the first byte of the content, the
/// padding with its last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// Index of the entry.
    pub(super) entry: usize,
    /// First byte of the content.
    pub(super) from: u64,
    /// One past the last byte of the content.
    pub(super) to: u64,
}

/// Where an entry's header lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    /// Index of the member.
    pub(super) member: usize,
    /// Offset in the unpacked member.
    pub(super) at: u64,
}

/// The order of all entries and their division into members.
///
/// Invariants: an entry that fits into a member lies in one; a longer one is divided into about
/// equal parts; no member is longer than one and a half times the usual length. Nothing depends on
/// the order in which the entries were given, nor on the machine.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) entries: Vec<Entry>,
    pub(super) positions: Vec<Position>,
    pub(super) members: Vec<Vec<Piece>>,
}

impl Layout {
    /// Checks and sorts the entries and divides them into members of about `member` bytes.
    pub(super) fn new(mut entries: Vec<Entry>, member: u64) -> Result<Layout, ArchiveError> {
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        check_entries(&entries)?;
        let mut layout = Layout { positions: Vec::with_capacity(entries.len()), members: Vec::new(), entries };
        let mut filled = member;
        for (index, entry) in layout.entries.iter().enumerate() {
            let size = content_size(entry);
            let (head, tail) = (header_length(entry), padding(size));
            let parts = ((head + size + tail + member / 2) / member).max(1);
            let mut from = 0;
            for part in 0..parts {
                // A size times a number of parts may exceed 64 bits.
                let to = (u128::from(size) * u128::from(part + 1) / u128::from(parts)) as u64;
                let before = if part == 0 { head } else { 0 };
                let after = if part + 1 == parts { tail } else { 0 };
                let length = before + (to - from) + after;
                if filled + length > member || layout.members.is_empty() {
                    layout.members.push(Vec::new());
                    filled = 0;
                }
                if part == 0 {
                    layout.positions.push(Position { member: layout.members.len() - 1, at: filled });
                }
                if let Some(pieces) = layout.members.last_mut() {
                    pieces.push(Piece { entry: index, from, to });
                }
                filled += length;
                from = to;
            }
        }
        Ok(layout)
    }
}

/// Returns the length of an entry's content.
pub(super) fn content_size(entry: &Entry) -> u64 {
    match entry.kind {
        EntryKind::File { size, .. } => size,
        EntryKind::Directory | EntryKind::Symlink { .. } => 0,
    }
}

fn check_entries(entries: &[Entry]) -> Result<(), ArchiveError> {
    let mut tree = Tree::new(u64::MAX);
    for Entry { path, kind } in entries {
        if is_reserved(path) {
            return Err(ArchiveError::Reserved { path: path.clone() });
        }
        let node = match kind {
            EntryKind::File { size, .. } if *size > LONGEST_FILE => {
                return Err(ArchiveError::TooLarge { path: path.clone(), size: *size });
            }
            EntryKind::File { .. } => Node::File,
            EntryKind::Directory => Node::Directory,
            EntryKind::Symlink { target } if link_stays_inside(path, target) => Node::Symlink,
            EntryKind::Symlink { target } => {
                return Err(ArchiveError::LinkLeaves { path: path.clone(), target: target.clone() });
            }
        };
        tree.add(path, node)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::path::EntryPath;
    use super::*;

    /// Files of these sizes, in members of 4 KiB; one word per member, `entry:from-to`.
    fn check(sizes: &[u64], expected: &str) {
        let entries = sizes
            .iter()
            .enumerate()
            .map(|(index, &size)| Entry {
                path: EntryPath::new(format!("{index:03}")).unwrap(),
                kind: EntryKind::File { size, executable: false },
            })
            .collect();
        let layout = Layout::new(entries, 4096).unwrap();
        let members: Vec<String> = layout
            .members
            .iter()
            .map(|pieces| {
                let pieces: Vec<String> =
                    pieces.iter().map(|piece| format!("{}:{}-{}", piece.entry, piece.from, piece.to)).collect();
                pieces.join(",")
            })
            .collect();
        assert_eq!(members.join(" "), expected, "{sizes:?}");
    }

    #[test]
    fn division_into_members() {
        check(&[], "");
        check(&[0], "0:0-0");
        check(&[10, 20, 30], "0:0-10,1:0-20,2:0-30");
        // Four small files fill a member exactly.
        check(&[512, 512, 512, 512, 1], "0:0-512,1:0-512,2:0-512,3:0-512 4:0-1");
        // One that does not fit starts a new member.
        check(&[1024, 3000, 1], "0:0-1024 1:0-3000 2:0-1");
        // Up to one and a half members stay whole, and nothing joins them.
        check(&[5000, 1], "0:0-5000 1:0-1");
        // Longer ones are halved; what follows joins the second half if it fits.
        check(&[6000, 1], "0:0-3000 0:3000-6000 1:0-1");
        check(&[5632, 100], "0:0-2816 0:2816-5632,1:0-100");
        check(&[40_000], &(0..10).map(|i| format!("0:{}-{}", i * 4000, (i + 1) * 4000)).collect::<Vec<_>>().join(" "));
    }

    #[test]
    fn refused_entries() {
        let check = |path: &str, kind: EntryKind, expected: &str| {
            let entry = Entry { path: EntryPath::new(path).unwrap(), kind };
            assert_eq!(Layout::new(vec![entry], MEMBER).unwrap_err().to_string(), expected);
        };
        let link = |target: &str| EntryKind::Symlink { target: target.into() };
        check("a", link("/etc"), "the link `a` leads out of the archive, to `/etc`");
        check("d/a", link("../../b"), "the link `d/a` leads out of the archive, to `../../b`");
        let sparse = EntryKind::File { size: u64::MAX, executable: false };
        check("a", sparse, "`a` has 18446744073709551615 bytes, which is too much to pack");
        let reserved = "cannot be packed: the name belongs to the archive's own manifest";
        check(".shmoo", link("x"), &format!("`.shmoo` {reserved}"));
        check(".shmoo/manifest.json", EntryKind::Directory, &format!("`.shmoo/manifest.json` {reserved}"));
        check(".shmoo/manifest.json/x", EntryKind::Directory, &format!("`.shmoo/manifest.json/x` {reserved}"));
    }
}
