//! The tar headers we write: GNU, because names are bytes and may be long, and nothing in them
//! depends on who packs, when or where.

use super::entry::{Entry, EntryKind};
use tar::{EntryType, Header};

/// Length of a tar block in bytes.
pub(super) const BLOCK: usize = 512;

/// What a header's own name field holds; longer ones go into a record before it.
const SHORT_NAME: usize = 100;

/// Returns how many bytes fill the last block of a content.
pub(super) fn padding(size: u64) -> u64 {
    size.next_multiple_of(BLOCK as u64) - size
}

/// Returns how long `write_header` will be.
pub(super) fn header_length(entry: &Entry) -> u64 {
    let record = |name: usize| {
        if name > SHORT_NAME { (BLOCK + (name + 1).next_multiple_of(BLOCK)) as u64 } else { 0 }
    };
    let (path, target) = match &entry.kind {
        EntryKind::File { .. } => (entry.path.as_bytes().len(), 0),
        EntryKind::Directory => (entry.path.as_bytes().len() + 1, 0),
        EntryKind::Symlink { target } => (entry.path.as_bytes().len(), target.len()),
    };
    record(path) + record(target) + BLOCK as u64
}

/// Appends the header of an entry, with the records of its long names.
pub(super) fn write_header(entry: &Entry, modified: u64, out: &mut Vec<u8>) {
    let mut path = entry.path.as_bytes().to_vec();
    let mut header = blank_header(modified);
    match &entry.kind {
        EntryKind::File { size, executable } => {
            header.set_entry_type(EntryType::Regular);
            header.set_size(*size);
            header.set_mode(if *executable { 0o755 } else { 0o644 });
        }
        EntryKind::Directory => {
            path.push(b'/');
            header.set_entry_type(EntryType::Directory);
            header.set_mode(0o755);
        }
        EntryKind::Symlink { target } => {
            if target.len() > SHORT_NAME {
                write_long_name(EntryType::GNULongLink, target, out);
            }
            header.set_entry_type(EntryType::Symlink);
            header.set_mode(0o777);
            copy_cut(target, &mut header.as_old_mut().linkname);
        }
    }
    if path.len() > SHORT_NAME {
        write_long_name(EntryType::GNULongName, &path, out);
    }
    copy_cut(&path, &mut header.as_old_mut().name);
    header.set_cksum();
    out.extend_from_slice(header.as_bytes());
}

fn write_long_name(kind: EntryType, name: &[u8], out: &mut Vec<u8>) {
    let mut header = blank_header(0);
    header.set_entry_type(kind);
    header.set_size(name.len() as u64 + 1);
    header.set_mode(0o644);
    copy_cut(b"././@LongLink", &mut header.as_old_mut().name);
    header.set_cksum();
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(name);
    out.resize(out.len() + 1 + padding(name.len() as u64 + 1) as usize, 0);
}

fn blank_header(modified: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_size(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(modified);
    header
}

fn copy_cut(bytes: &[u8], field: &mut [u8]) {
    let length = bytes.len().min(field.len());
    field[..length].copy_from_slice(&bytes[..length]);
}

#[cfg(test)]
mod tests {
    use super::super::path::EntryPath;
    use super::*;

    #[test]
    fn the_length_is_known_before() {
        for length in [1, 99, 100, 101, 255, 511, 512, 513, 1023] {
            let name = vec![b'x'; length];
            let path = EntryPath::new(&name).unwrap();
            let kinds = [
                EntryKind::File { size: 3, executable: false },
                EntryKind::Directory,
                EntryKind::Symlink { target: name.clone() },
            ];
            for kind in kinds {
                let entry = Entry { path: path.clone(), kind };
                let mut out = Vec::new();
                write_header(&entry, 0, &mut out);
                assert_eq!(out.len() as u64, header_length(&entry), "{length}");
                assert_eq!(out.len() % BLOCK, 0);
            }
        }
    }
}
