//! Archives that other programs made.

use super::super::*;
use super::in_memory::{Thing, Things, path};
use std::io::Write as _;
use tar::{Builder, EntryType, Header};

/// Compresses as one gzip member, as most programs do.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Adds an entry as it is, however wrong.
pub(super) fn add(tar: &mut Vec<u8>, kind: EntryType, name: &[u8], link: &[u8], content: &[u8]) {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link);
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_cksum();
    tar.extend_from_slice(header.as_bytes());
    tar.extend_from_slice(content);
    tar.resize(tar.len().next_multiple_of(512), 0);
}

/// Ends a tar and compresses it.
pub(super) fn finish(mut tar: Vec<u8>) -> Vec<u8> {
    tar.resize(tar.len() + 1024, 0);
    gzip(&tar)
}

#[test]
fn another_programs_archive() {
    let mut builder = Builder::new(Vec::new());
    let mut header = Header::new_ustar();
    header.set_size(5);
    header.set_mode(0o755);
    header.set_cksum();
    builder.append_data(&mut header, "./d/run", &b"hello"[..]).unwrap();
    // A long name, as PAX has it.
    let long = "n".repeat(150);
    builder.append_pax_extensions([("path", long.as_bytes()), ("mtime", b"1.5")]).unwrap();
    let mut header = Header::new_ustar();
    header.set_size(0);
    header.set_mode(0o644);
    header.set_cksum();
    builder.append_data(&mut header, "short", &b""[..]).unwrap();
    let mut tar = builder.into_inner().unwrap();
    tar.truncate(tar.len() - 1024);
    add(&mut tar, EntryType::XGlobalHeader, b"pax_global_header", b"", b"13 comment=x\n");
    add(&mut tar, EntryType::Directory, b"./", b"", b"");
    add(&mut tar, EntryType::Directory, b"./d/", b"", b"");
    add(&mut tar, EntryType::Regular, b"old/", b"", b"");
    add(&mut tar, EntryType::Symlink, b"d/up", b"../s", b"");
    add(&mut tar, EntryType::Link, b"again", b"./d/run", b"");
    add(&mut tar, EntryType::Continuous, b"s", b"", b"content");
    // GNU tar fills up to 10 KiB.
    tar.resize(tar.len() + 9 * 1024, 0);
    let archive = gzip(&tar);
    let expected = Things::default()
        .with("d/run", Thing::File(b"hello".to_vec(), true))
        .file(&long, "")
        .with("d", Thing::Directory)
        .with("old", Thing::Directory)
        .with("d/up", Thing::Symlink(b"../s".to_vec()))
        .with("again", Thing::HardLink(path("d/run")))
        .file("s", "content");
    assert_eq!(Things::restore(&archive).unwrap(), expected);

    let opened = Archive::open(&archive, Limits::default()).unwrap();
    assert!(opened.manifest().is_none());
    assert_eq!(opened.verify().unwrap(), Tally { entries: 7, files: 3, bytes: 12 });
    assert_eq!(opened.list().unwrap().len(), 7);
    let content = |name: &str| {
        let mut out = Vec::new();
        opened.restore_file(&path(name), &mut out).map(|_| String::from_utf8(out).unwrap())
    };
    assert_eq!(content("s").unwrap(), "content");
    assert_eq!(content("again").unwrap(), "hello");
    assert!(matches!(content("d"), Err(ArchiveError::NoSuchFile { .. })));
    let mut part = Things::default();
    opened.restore_some(&mut |item| item.path.is_within(&path("d")), &mut part).unwrap();
    assert_eq!(part.0.len(), 3);
    // The first name of a hard link is left out here.
    let err = opened.restore_some(&mut |item| item.path == path("again"), &mut part).unwrap_err();
    assert_eq!(
        err.to_string(),
        "the archive has `again` as a hard link to `d/run`, which is no file before it, which is not unpacked"
    );
}

#[test]
fn several_members_without_index() {
    let mut tar = Vec::new();
    add(&mut tar, EntryType::Regular, b"a", b"", &[7; 3000]);
    tar.resize(tar.len() + 1024, 0);
    let archive = tar.chunks(700).flat_map(gzip).collect::<Vec<u8>>();
    assert_eq!(Things::restore(&archive).unwrap(), Things::default().file("a", [7; 3000]));
}

#[test]
fn our_files_without_our_index() {
    // What `gunzip | gzip` makes of an archive of ours: complete, but nothing says so any more.
    let ours = Things::default().file("a", "x").pack(1);
    let mut tar = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(&ours[..]), &mut tar).unwrap();
    let err = Things::restore(&gzip(&tar)).unwrap_err();
    assert!(matches!(err, ArchiveError::Malformed { fault: Fault::NoTrailer, .. }), "{err:?}");
    assert!(err.hint().unwrap().contains("tar xzf"));
}

#[test]
fn what_is_no_archive() {
    for bytes in [&b""[..], b"x", b"PK\x03\x04 something else", &[0; 5000], &gzip(b""), &gzip(b"no tar")] {
        assert!(Things::restore(bytes).is_err(), "{bytes:?}");
    }
}
