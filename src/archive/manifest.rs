//! The manifest: what an archive holds, where each file lies, and where it all came from.
//!
//! It is the last tar entry, `.shmoo/manifest.json`, so that `tar xzf` gives it to anybody:
//!
//! ```text
//! {"format":"shmoo-archive","version":1,"provenance":{...},
//!  "members":[[PACKED,UNPACKED],...],
//!  "entries":[{"path":"a/run.log","type":"file","size":5,"sha256":"...","member":0,"at":512},...]}
//! ```
//!
//! `members` are the gzip members in order, with their lengths in bytes; `member` and `at` say in
//! which one an entry's header lies and how far into it. Names that are no UTF-8 are in `path_hex`
//! and `target_hex`. Within version 1 keys are only added, and a reader ignores those it does not
//! know.

use super::entry::{Entry, EntryKind, Item, ItemKind};
use super::error::{ArchiveError, Fault, Place};
use super::layout::{Layout, Position};
use super::path::{EntryPath, link_stays_inside};
use crate::value::Digest;
use serde::{Deserialize, Serialize};
use std::io::Write as _;

/// Where the manifest lies in every archive.
pub(super) const MANIFEST_PATH: &str = ".shmoo/manifest.json";

const FORMAT: &str = "shmoo-archive";
const VERSION: u64 = 1;

/// What an archive says of itself.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// What the packing program wanted remembered: commit, tools, machine, command.
    pub provenance: serde_json::Value,
    /// The gzip members, in order.
    pub(super) members: Vec<Member>,
    /// The entries, sorted by path, which is also their order in the archive.
    pub(super) items: Vec<StoredItem>,
}

/// One gzip member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    /// Where it starts in the file.
    pub(super) packed_at: u64,
    /// Its length in the file.
    pub(super) packed: u64,
    /// Where it starts in the unpacked tar.
    pub(super) unpacked_at: u64,
    /// Its unpacked length.
    pub(super) unpacked: u64,
}

/// One entry and where its header starts in the unpacked tar.
#[derive(Debug, Clone)]
pub(super) struct StoredItem {
    pub(super) item: Item,
    pub(super) member: usize,
    pub(super) unpacked_at: u64,
}

#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path_hex: Option<String>,
    r#type: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    executable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target_hex: Option<String>,
    member: usize,
    at: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    File,
    Directory,
    Symlink,
}

#[derive(Deserialize)]
struct Document {
    provenance: serde_json::Value,
    members: Vec<(u64, u64)>,
    entries: Vec<Line>,
}

#[derive(Deserialize)]
struct Heading {
    format: String,
    version: u64,
}

/// Returns whether a path is the manifest's, or would be in its way.
pub(super) fn is_reserved(path: &EntryPath) -> bool {
    let bytes = path.as_bytes();
    let below = bytes.strip_prefix(MANIFEST_PATH.as_bytes());
    bytes == b".shmoo" || below.is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

/// Writes the manifest; `members` are the packed and unpacked lengths, `digests` belong to the
/// layout's entries.
pub(super) fn write_manifest(
    layout: &Layout,
    members: &[(u64, u64)],
    digests: &[Option<Digest>],
    provenance: &serde_json::Value,
) -> Vec<u8> {
    let mut text = Vec::with_capacity(200 * layout.entries.len() + 1024);
    let promise = "writing our own types to memory cannot fail";
    write!(text, "{{\"format\":\"{FORMAT}\",\"version\":{VERSION},\n\"provenance\":").expect(promise);
    serde_json::to_writer(&mut text, provenance).expect(promise);
    text.extend_from_slice(b",\n\"members\":");
    serde_json::to_writer(&mut text, members).expect(promise);
    text.extend_from_slice(b",\n\"entries\":[");
    let parts = layout.entries.iter().zip(&layout.positions).zip(digests);
    for (index, ((entry, position), digest)) in parts.enumerate() {
        text.extend_from_slice(if index == 0 { b"\n" } else { b",\n" });
        serde_json::to_writer(&mut text, &line(entry, *position, *digest)).expect(promise);
    }
    text.extend_from_slice(b"\n]}\n");
    text
}

fn line(entry: &Entry, position: Position, sha256: Option<Digest>) -> Line {
    let Entry { path, kind } = entry;
    let Position { member, at } = position;
    let (path, path_hex) = text_or_hex(path.as_bytes());
    let nothing = Line {
        path,
        path_hex,
        r#type: Kind::Directory,
        size: None,
        executable: false,
        sha256: None,
        target: None,
        target_hex: None,
        member,
        at,
    };
    match kind {
        EntryKind::Directory => nothing,
        EntryKind::File { size, executable } => {
            Line { r#type: Kind::File, size: Some(*size), executable: *executable, sha256, ..nothing }
        }
        EntryKind::Symlink { target } => {
            let (target, target_hex) = text_or_hex(target);
            Line { r#type: Kind::Symlink, target, target_hex, ..nothing }
        }
    }
}

impl Manifest {
    /// Returns the items, in the order of their paths, which is that of the archive.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().map(|stored| &stored.item)
    }

    /// Returns one item.
    pub fn item(&self, path: &EntryPath) -> Option<&Item> {
        self.find(path).map(|index| &self.items[index].item)
    }

    pub(super) fn find(&self, path: &EntryPath) -> Option<usize> {
        self.items.binary_search_by(|stored| stored.item.path.cmp(path)).ok()
    }

    /// Reads and checks a manifest.
    pub(super) fn parse(text: &[u8]) -> Result<Manifest, ArchiveError> {
        let json = |err| ArchiveError::Malformed { place: Place::Manifest, fault: Fault::Json(err) };
        let document: Document = match serde_json::from_slice(text) {
            Ok(document) => document,
            // A newer format is more helpful to hear of than the first key that differs.
            Err(err) => return Err(check_heading(text).err().unwrap_or_else(|| json(err))),
        };
        check_heading(text)?;
        let Document { provenance, members, entries } = document;
        let members = place_members(members)?;
        let mut items: Vec<StoredItem> = Vec::with_capacity(entries.len());
        for line in entries {
            let member = *members.get(line.member).ok_or(ArchiveError::manifest("an entry is in no member"))?;
            if line.at >= member.unpacked {
                return Err(ArchiveError::manifest("an entry starts beyond its member"));
            }
            let (member, unpacked_at) = (line.member, member.unpacked_at + line.at);
            let item = read_line(line)?;
            if items.last().is_some_and(|last| last.item.path >= item.path || last.unpacked_at >= unpacked_at) {
                return Err(ArchiveError::manifest("its entries are not in order"));
            }
            items.push(StoredItem { item, member, unpacked_at });
        }
        Ok(Manifest { provenance, members, items })
    }
}

fn check_heading(text: &[u8]) -> Result<(), ArchiveError> {
    match serde_json::from_slice(text) {
        Ok(Heading { format, .. }) if format != FORMAT => Err(ArchiveError::manifest("it is of another format")),
        Ok(Heading { version, .. }) if version > VERSION => Err(ArchiveError::Newer { version, known: VERSION }),
        Ok(Heading { version: 0, .. }) => Err(ArchiveError::manifest("there is no version 0")),
        Ok(_) => Ok(()),
        Err(err) => Err(ArchiveError::Malformed { place: Place::Manifest, fault: Fault::Json(err) }),
    }
}

fn place_members(lengths: Vec<(u64, u64)>) -> Result<Vec<Member>, ArchiveError> {
    let too_long = || ArchiveError::manifest("its members are longer than any file");
    let (mut packed_at, mut unpacked_at) = (0u64, 0u64);
    let mut members = Vec::with_capacity(lengths.len());
    for (packed, unpacked) in lengths {
        members.push(Member { packed_at, packed, unpacked_at, unpacked });
        packed_at = packed_at.checked_add(packed).ok_or_else(too_long)?;
        unpacked_at = unpacked_at.checked_add(unpacked).ok_or_else(too_long)?;
    }
    Ok(members)
}

fn read_line(line: Line) -> Result<Item, ArchiveError> {
    let Line { path, path_hex, r#type, size, executable, sha256, target, target_hex, member: _, at: _ } = line;
    let path = from_text_or_hex(path, path_hex).ok_or(ArchiveError::manifest("an entry has no path"))?;
    let path = EntryPath::new(&path).map_err(|err| ArchiveError::BadPath { path, err })?;
    let kind = match r#type {
        Kind::Directory => ItemKind::Directory,
        Kind::File => ItemKind::File {
            size: size.ok_or(ArchiveError::manifest("a file has no size"))?,
            executable,
            sha256: Some(sha256.ok_or(ArchiveError::manifest("a file has no digest"))?),
        },
        Kind::Symlink => {
            let target = from_text_or_hex(target, target_hex).ok_or(ArchiveError::manifest("a link has no target"))?;
            if !link_stays_inside(&path, &target) {
                return Err(ArchiveError::LinkLeaves { path, target });
            }
            ItemKind::Symlink { target }
        }
    };
    Ok(Item { path, kind })
}

fn text_or_hex(bytes: &[u8]) -> (Option<String>, Option<String>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Some(text.to_owned()), None),
        Err(_) => (None, Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())),
    }
}

fn from_text_or_hex(text: Option<String>, hex: Option<String>) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| digit as u8);
    match (text, hex) {
        (Some(text), None) => Some(text.into_bytes()),
        (None, Some(hex)) if hex.len() % 2 == 0 => {
            hex.as_bytes().chunks(2).map(|pair| Some(16 * digit(&pair[0])? + digit(&pair[1])?)).collect()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let got = match Manifest::parse(text.as_bytes()) {
            Ok(manifest) => format!("{} items, {} members", manifest.items.len(), manifest.members.len()),
            Err(err) => match std::error::Error::source(&err) {
                Some(source) => format!("{err}: {source}"),
                None => err.to_string(),
            },
        };
        assert_eq!(got, expected, "{text}");
    }

    fn check_entries(entries: &str, expected: &str) {
        let head = r#"{"format":"shmoo-archive","version":1,"provenance":null,"members":[[50,2048]]"#;
        check(&format!("{head},\"entries\":[{entries}]}}"), expected);
    }

    #[test]
    fn headings() {
        let tail = r#""provenance":{},"members":[],"entries":[]}"#;
        check(&format!(r#"{{"format":"shmoo-archive","version":1,{tail}"#), "0 items, 0 members");
        check(&format!(r#"{{"format":"shmoo-archive","version":1,"new_key":[1],{tail}"#), "0 items, 0 members");
        let newer = "the archive's manifest has version 2; this shmoo reads version 1";
        check(&format!(r#"{{"format":"shmoo-archive","version":2,{tail}"#), newer);
        check(r#"{"format":"shmoo-archive","version":2,"wholly":"different"}"#, newer);
        let malformed = "the archive is malformed in its manifest";
        check(r#"{"format":"shmoo-archive","version":0}"#, &format!("{malformed}: there is no version 0"));
        check(&format!(r#"{{"format":"zip","version":1,{tail}"#), &format!("{malformed}: it is of another format"));
        check("[", &format!("{malformed}: EOF while parsing a list at line 1 column 1"));
        check(
            r#"{"format":"shmoo-archive","version":1}"#,
            &format!("{malformed}: missing field `provenance` at line 1 column 38"),
        );
        check(
            r#"{"format":"shmoo-archive","version":1,"provenance":1,"members":[[18446744073709551615,1],[1,1]],"entries":[]}"#,
            &format!("{malformed}: its members are longer than any file"),
        );
    }

    #[test]
    fn entries() {
        let digest = Digest::of(b"").to_string();
        let file = |path: &str, at: u64| {
            format!(r#"{{"path":"{path}","type":"file","size":0,"sha256":"{digest}","member":0,"at":{at}}}"#)
        };
        let malformed = "the archive is malformed in its manifest";
        check_entries(&file("a", 0), "1 items, 1 members");
        check_entries(&[file("a", 0), file("b", 512)].join(","), "2 items, 1 members");
        let order = format!("{malformed}: its entries are not in order");
        check_entries(&[file("b", 0), file("a", 512)].join(","), &order);
        check_entries(&[file("a", 0), file("a", 512)].join(","), &order);
        check_entries(&[file("a", 512), file("b", 0)].join(","), &order);
        check_entries(&file("a", 2048), &format!("{malformed}: an entry starts beyond its member"));
        check_entries(
            &file("a", 0).replace("\"member\":0", "\"member\":1"),
            &format!("{malformed}: an entry is in no member"),
        );
        check_entries(&file("../a", 0), "the archive has an entry with the unsafe path `../a`: it has a part `..`");
        check_entries(&file("a", 0).replace("\"path\"", "\"way\""), &format!("{malformed}: an entry has no path"));
        check_entries(
            r#"{"path_hex":"6","type":"directory","member":0,"at":0}"#,
            &format!("{malformed}: an entry has no path"),
        );
        check_entries(r#"{"path_hex":"ff61","type":"directory","member":0,"at":0}"#, "1 items, 1 members");
        check_entries(&file("a", 0).replace("\"size\":0,", ""), &format!("{malformed}: a file has no size"));
        check_entries(&file("a", 0).replace("sha256", "sha1"), &format!("{malformed}: a file has no digest"));
        check_entries(r#"{"path":"a","type":"symlink","target":"b","member":0,"at":0}"#, "1 items, 1 members");
        check_entries(
            r#"{"path":"a","type":"symlink","member":0,"at":0}"#,
            &format!("{malformed}: a link has no target"),
        );
        check_entries(
            r#"{"path":"a","type":"symlink","target":"../b","member":0,"at":0}"#,
            "the link `a` leads out of the archive, to `../b`",
        );
    }
}
