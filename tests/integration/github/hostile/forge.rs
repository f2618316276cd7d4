//! Archives that shmoo would never make: any entry, any manifest, a right trailer.

use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::io::Write as _;

/// An entry of a tar.
pub(super) struct Raw {
    name: Vec<u8>,
    kind: tar::EntryType,
    link: String,
    content: Vec<u8>,
}

impl Raw {
    pub(super) fn file(name: &str, content: &[u8]) -> Raw {
        let (name, content) = (name.into(), content.to_vec());
        Raw { name, kind: tar::EntryType::Regular, link: String::new(), content }
    }

    pub(super) fn special(name: &str, kind: tar::EntryType, link: &str) -> Raw {
        Raw { name: name.into(), kind, link: link.to_owned(), content: Vec::new() }
    }

    /// Appends it to a tar, whatever it is called.
    fn write(&self, tar: &mut Vec<u8>) {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..self.name.len()].copy_from_slice(&self.name);
        header.as_mut_bytes()[157..157 + self.link.len()].copy_from_slice(self.link.as_bytes());
        header.set_entry_type(self.kind);
        header.set_size(self.content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.extend_from_slice(header.as_bytes());
        tar.extend_from_slice(&self.content);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }

    /// Returns its line of the manifest: what is no file or link is told to be a file.
    fn line(&self, at: usize) -> Value {
        let path = String::from_utf8_lossy(&self.name);
        match self.kind {
            tar::EntryType::Symlink => {
                json!({ "path": path, "type": "symlink", "target": self.link, "member": 0, "at": at })
            }
            _ => json!({
                "path": path, "type": "file", "size": self.content.len(), "sha256": digest(&self.content), "member": 0, "at": at,
            }),
        }
    }
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Returns an ordinary `.tar.gz`.
pub(super) fn plain(entries: &[Raw]) -> Vec<u8> {
    let mut tar = Vec::new();
    entries.iter().for_each(|entry| entry.write(&mut tar));
    tar.resize(tar.len() + 1024, 0);
    packed(&tar)
}

/// Returns an archive with a manifest, whose lines are those of the entries after `change`.
pub(super) fn ours(entries: &[Raw], change: impl FnOnce(&mut Vec<Value>)) -> Vec<u8> {
    let (mut tar, mut lines) = (Vec::new(), Vec::new());
    for entry in entries {
        lines.push(entry.line(tar.len()));
        entry.write(&mut tar);
    }
    change(&mut lines);
    let mut bytes = packed(&tar);
    let manifest = json!({
        "format": "shmoo-archive", "version": 1, "provenance": null,
        "members": [[bytes.len(), tar.len()]], "entries": lines,
    });
    with_manifest(&mut bytes, manifest.to_string().as_bytes());
    bytes
}

/// Appends a manifest and the trailer that says where it is.
pub(super) fn with_manifest(bytes: &mut Vec<u8>, manifest: &[u8]) {
    let manifest_at = bytes.len() as u64;
    bytes.extend(plain(&[Raw::file(".shmoo/manifest.json", manifest)]));
    let sha256 = Sha256::digest(&*bytes);
    bytes.extend(b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x34\0SH\x30\0shmooar1");
    bytes.extend(manifest_at.to_le_bytes());
    bytes.extend(sha256);
    bytes.extend(b"\x03\0\0\0\0\0\0\0\0\0");
}

#[test]
fn what_is_forged_could_be_right() {
    use shmoo::archive::{Archive, EntryPath, Limits};
    let bytes = ours(&[Raw::file("a", b"one"), Raw::file("b", b"two")], |_| {});
    let archive = Archive::open(&bytes, Limits::default()).unwrap();
    assert_eq!(archive.verify().unwrap().files, 2);
    let mut out = Vec::new();
    archive.restore_file(&EntryPath::new(b"b").unwrap(), &mut out).unwrap();
    assert_eq!(out, b"two");
}
