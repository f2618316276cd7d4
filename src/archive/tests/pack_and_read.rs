//! What packing refuses, and what reading costs.

use super::super::*;
use super::in_memory::{Thing, Things, noise, path, whole_message};
use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;

/// Says of every file that it is of another length than it is.
fn check_size(real: usize, said: u64, expected: &str) {
    let things = Things::default().file("a", "x").file("b", noise(real, 1)).file("c", "x");
    let mut entries = things.entries();
    entries[1].kind = EntryKind::File { size: said, executable: false };
    let got = match things.pack_entries(entries, 2, 4096) {
        Ok(_) => "packed".to_owned(),
        Err(err) => whole_message(&err),
    };
    assert_eq!(got, expected, "{real} {said}");
}

#[test]
fn files_that_change_are_named() {
    check_size(5, 5, "packed");
    check_size(6, 5, "`b` grew beyond 5 bytes while it was packed");
    check_size(1, 0, "`b` grew beyond 0 bytes while it was packed");
    check_size(4, 5, "`b` shrank from 5 to 4 bytes while it was packed");
    check_size(0, 5, "`b` shrank from 5 to 0 bytes while it was packed");
    // In a later member than the first one of the file.
    check_size(40_001, 40_000, "`b` grew beyond 40000 bytes while it was packed");
    check_size(39_999, 40_000, "`b` shrank from 40000 to 39999 bytes while it was packed");
    check_size(5_000, 40_000, "`b` shrank from 40000 to 5000 bytes while it was packed");
    check_size(50_000, 50_000, "packed");
}

#[test]
fn the_first_error_is_shown_whatever_the_threads_do() {
    let mut things = Things::default();
    for index in 0..40 {
        things = things.file(&format!("{index:02}"), noise(3000, index));
    }
    let mut entries = things.entries();
    for index in [7, 8, 20, 39] {
        entries[index].kind = EntryKind::File { size: 2999, executable: false };
    }
    for threads in 1..6 {
        let err = things.pack_entries(entries.clone(), threads, 4096).unwrap_err();
        assert_eq!(err.to_string(), "`07` grew beyond 2999 bytes while it was packed");
    }
}

#[test]
fn missing_files_are_named() {
    let mut entries = Things::default().file("a/b", "x").entries();
    entries[0].path = path("a/c");
    let err = Things::default().file("a/b", "x").pack_entries(entries, 1, 4096).unwrap_err();
    assert_eq!(whole_message(&err), "cannot open `a/c` to pack it: entity not found");
}

#[test]
fn clashes_are_refused() {
    let things = Things::default().file("a", "x");
    let entries = [things.entries(), things.entries()].concat();
    assert_eq!(things.pack_entries(entries, 1, 4096).unwrap_err().to_string(), "the archive has two entries `a`");
}

/// A disk with this many bytes left.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let length = bytes.len().min(self.0);
        self.0 -= length;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_ends_it() {
    let mut things = Things::default();
    for index in 0..200 {
        things = things.file(&format!("{index}"), noise(3000, index));
    }
    for room in [0, 1, 100_000, 600_000] {
        let options = PackOptions::new(NonZeroUsize::new(4).unwrap(), serde_json::Value::Null);
        let err = pack::pack_in_members(things.entries(), &things, &mut Full(room), &options, 4096).unwrap_err();
        assert_eq!(whole_message(&err), "cannot write the archive: no storage space", "{room}");
    }
}

#[test]
fn progress_is_told() {
    let things = Things::default().file("a", noise(10_000, 1)).file("b", "12345");
    let told = RefCell::new(Vec::new());
    let note = |bytes| told.borrow_mut().push(bytes);
    let threads = NonZeroUsize::new(2).unwrap();
    let options = PackOptions { progress: &note, ..PackOptions::new(threads, serde_json::Value::Null) };
    pack::pack_in_members(things.entries(), &things, &mut Vec::new(), &options, 4096).unwrap();
    assert_eq!(*told.borrow(), [3333, 6666, 10_000, 10_005]);
}

#[test]
fn the_manifest_is_for_people_too() {
    let things = Things::default()
        .file("a.log", "hello\n")
        .with("bin/run", Thing::File(b"#!".to_vec(), true))
        .with("empty", Thing::Directory)
        .with("last", Thing::Symlink(b"a.log".to_vec()));
    let archive = things.pack(1);
    let mut unpacked = Vec::new();
    flate2::read::MultiGzDecoder::new(&archive[..]).read_to_end(&mut unpacked).unwrap();
    let text = String::from_utf8_lossy(&unpacked);
    let start = text.find("{\"format\"").unwrap();
    let manifest = text[start..].trim_end_matches('\0');
    // The packed length of a member is the compressor's affair.
    let manifest = regex::Regex::new(r"\[\[\d+,").unwrap().replace(manifest, "[[PACKED,").into_owned();
    insta::assert_snapshot!(manifest, @r#"
    {"format":"shmoo-archive","version":1,
    "provenance":{"commit":"abc","dirty":false},
    "members":[[PACKED,3072]],
    "entries":[
    {"path":"a.log","type":"file","size":6,"sha256":"5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03","member":0,"at":0},
    {"path":"bin/run","type":"file","size":2,"executable":true,"sha256":"3612ddaf46e149a4f583faf0face846585148f59e0ce2645594df83b5dc807e8","member":0,"at":1024},
    {"path":"empty","type":"directory","member":0,"at":2048},
    {"path":"last","type":"symlink","target":"a.log","member":0,"at":2560}
    ]}
    "#);
    let archive = Archive::open(&archive, Limits::default()).unwrap();
    assert_eq!(archive.manifest().unwrap().provenance["commit"], "abc");
    assert_eq!(archive.manifest().unwrap().item(&path("a.log")).unwrap().path, path("a.log"));
}

#[test]
fn names_that_are_no_text_survive() {
    let mut things = Things::default();
    for name in [&b"a\xff"[..], b"new\nline", b"\x01", &[0xfe; 200]] {
        things.0.insert(EntryPath::new(name).unwrap(), Thing::File(name.to_vec(), false));
    }
    things.0.insert(path("link"), Thing::Symlink(vec![0xfd; 130]));
    assert_eq!(Things::restore(&things.pack(1)).unwrap(), things);
}

/// Counts what is read of an archive.
struct Counting<'a> {
    bytes: &'a [u8],
    reads: RefCell<Vec<usize>>,
}

impl ReadAt for Counting<'_> {
    fn size(&self) -> io::Result<u64> {
        self.bytes.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.bytes.read_at(offset, buffer)?;
        self.reads.borrow_mut().push(length);
        Ok(length)
    }
}

#[test]
fn one_file_costs_three_reads() {
    let mut things = Things::default();
    for index in 0..300 {
        things = things.file(&format!("{index:03}"), noise(20_000, index));
    }
    let (_, archive) = things.pack_entries(things.entries(), 2, 1 << 20).unwrap();
    let source = Counting { bytes: &archive, reads: RefCell::default() };
    let opened = Archive::open(&source, Limits::default()).unwrap();
    let mut out = Vec::new();
    opened.restore_file(&path("150"), &mut out).unwrap();
    assert_eq!(out, noise(20_000, 150));
    let reads = source.reads.borrow().clone();
    assert_eq!(reads.len(), 3, "{reads:?}");
    assert!(reads.iter().sum::<usize>() < 1_200_000, "{reads:?} of {}", archive.len());
}

#[test]
fn a_file_that_is_not_there_gets_a_hint() {
    let things = Things::default().file("case/run.log", "x").with("dir", Thing::Directory);
    let archive = things.pack(1);
    let archive = Archive::open(&archive, Limits::default()).unwrap();
    let check = |name: &str, hint: Option<&str>| {
        let err = archive.restore_file(&path(name), &mut Vec::new()).unwrap_err();
        assert_eq!(err.to_string(), format!("the archive has no file `{name}`"));
        assert_eq!(err.hint().as_deref(), hint);
    };
    check("case/rum.log", Some("did you mean `case/run.log`?"));
    check("other", None);
    check("dir", None);
}

#[test]
fn a_sink_that_fails_is_named() {
    struct Broken;
    impl Sink for Broken {
        fn directory(&mut self, _: &EntryPath) -> io::Result<()> {
            Ok(())
        }
        fn file(&mut self, _: &EntryPath, _: bool, _: &mut dyn Read) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn symlink(&mut self, _: &EntryPath, _: &[u8]) -> io::Result<()> {
            Ok(())
        }
        fn hard_link(&mut self, _: &EntryPath, _: &EntryPath) -> io::Result<()> {
            Ok(())
        }
    }
    let archive = Things::default().file("a", "x").pack(1);
    let err = Archive::open(&archive, Limits::default()).unwrap().restore_all(&mut Broken).unwrap_err();
    assert_eq!(whole_message(&err), "cannot restore `a`: no storage space");
}
