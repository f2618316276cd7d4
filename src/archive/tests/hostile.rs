//! Archives that are broken, or made to do harm.

use super::super::*;
use super::foreign::{add, finish, gzip};
use super::in_memory::{Thing, Things, noise, path, whole_message};
use crate::value::Digest;
use tar::{EntryType, Header};

/// Restores an archive that must be refused, with these words.
#[track_caller]
fn check(archive: &[u8], expected: &str) {
    check_within(archive, Limits::default(), expected);
}

#[track_caller]
fn check_within(archive: &[u8], limits: Limits, expected: &str) {
    let err = Things::restore_within(archive, limits).unwrap_err();
    assert_eq!(whole_message(&err), expected);
    // Whatever stops unpacking stops looking, too.
    let archive = archive.to_vec();
    let verified = Archive::open(&archive, limits).and_then(|archive| archive.verify());
    assert_eq!(whole_message(&verified.unwrap_err()), expected);
}

/// An archive with these entries: kind, name, link.
fn tar_of(entries: &[(EntryType, &str, &str)]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (kind, name, link) in entries {
        let content: &[u8] = if *kind == EntryType::Regular { b"content" } else { b"" };
        add(&mut tar, *kind, name.as_bytes(), link.as_bytes(), content);
    }
    finish(tar)
}

use EntryType::{Block, Char, Directory, Fifo, GNUSparse, Link, Regular, Symlink};

#[test]
fn paths_that_leave() {
    let unsafe_path = "the archive has an entry with the unsafe path";
    check(&tar_of(&[(Regular, "../x", "")]), &format!("{unsafe_path} `../x`: it has a part `..`"));
    check(&tar_of(&[(Regular, "a/../../x", "")]), &format!("{unsafe_path} `a/../../x`: it has a part `..`"));
    check(&tar_of(&[(Directory, "a/..", "")]), &format!("{unsafe_path} `a/..`: it has a part `..`"));
    check(&tar_of(&[(Regular, "/etc/passwd", "")]), &format!("{unsafe_path} `/etc/passwd`: it is absolute"));
    check(&tar_of(&[(Regular, "./", "")]), &format!("{unsafe_path} `./`: it is empty"));
}

#[test]
fn long_names_are_checked_as_well() {
    let mut tar = Vec::new();
    let long = [b"../".repeat(60), b"x\0".to_vec()].concat();
    add(&mut tar, EntryType::GNULongName, b"././@LongLink", b"", &long);
    add(&mut tar, Regular, b"harmless", b"", b"");
    let err = Things::restore(&finish(tar)).unwrap_err();
    assert!(matches!(err, ArchiveError::BadPath { err: PathError::Climbs, .. }), "{err}");

    let mut tar = Vec::new();
    add(&mut tar, EntryType::XHeader, b"x", b"", b"13 path=../x\n");
    add(&mut tar, Regular, b"harmless", b"", b"");
    check(&finish(tar), "the archive has an entry with the unsafe path `../x`: it has a part `..`");

    let mut tar = Vec::new();
    add(&mut tar, EntryType::XHeader, b"x", b"", b"17 linkpath=/etc\n");
    add(&mut tar, Symlink, b"a", b"harmless", b"");
    check(&finish(tar), "the link `a` leads out of the archive, to `/etc`");

    let mut tar = Vec::new();
    add(&mut tar, EntryType::XGlobalHeader, b"x", b"", b"10 path=x\n");
    add(&mut tar, Regular, b"harmless", b"", b"");
    check(
        &finish(tar),
        "the archive is malformed at unpacked byte 0: a PAX record is not of the form `LENGTH KEY=VALUE`",
    );
}

#[test]
fn links_that_leave() {
    let leaves = |link: &str, target: &str| format!("the link `{link}` leads out of the archive, to `{target}`");
    check(&tar_of(&[(Symlink, "a", "/etc")]), &leaves("a", "/etc"));
    check(&tar_of(&[(Symlink, "d/a", "../../x")]), &leaves("d/a", "../../x"));
    check(&tar_of(&[(Symlink, "a", "")]), &leaves("a", ""));
    // Each link alone is harmless; together they climb one folder more than they seem to.
    let two = [(Symlink, "d/l", "../x"), (Symlink, "m", "d/l/../..")];
    check(&tar_of(&two), &leaves("m", "d/l/../.."));
    check(&tar_of(&[(Link, "a", "/etc/passwd")]), &leaves("a", "/etc/passwd"));
    check(&tar_of(&[(Link, "a", "../x")]), &leaves("a", "../x"));
    let no_file = |target: &str| {
        format!("the archive has `a` as a hard link to `{target}`, which is no file before it, which is not unpacked")
    };
    check(&tar_of(&[(Link, "a", "b")]), &no_file("b"));
    check(&tar_of(&[(Link, "a", "b"), (Regular, "b", "")]), &no_file("b"));
    check(&tar_of(&[(Symlink, "b", "c"), (Link, "a", "b")]), &no_file("b"));
    check(&tar_of(&[(Regular, "d/b", ""), (Link, "a", "d")]), &no_file("d"));
}

#[test]
fn writing_through_a_link() {
    let below =
        |path: &str, link: &str| format!("the archive has an entry `{path}` below `{link}`, which is no folder");
    check(&tar_of(&[(Symlink, "a", "b"), (Regular, "a/x", "")]), &below("a/x", "a"));
    check(&tar_of(&[(Symlink, "d/a", "b"), (Directory, "d/a/e", "")]), &below("d/a/e", "d/a"));
    check(&tar_of(&[(Regular, "a", ""), (Regular, "a/x", "")]), &below("a/x", "a"));
    check(&tar_of(&[(Symlink, "a", "b"), (Regular, "a", "")]), "the archive has two entries `a`");
    check(&tar_of(&[(Symlink, "a", "b"), (Directory, "a", "")]), "the archive has two entries `a`");
    let no_folder = "the archive has entries below `a`, which is no folder";
    check(&tar_of(&[(Regular, "a/x", ""), (Symlink, "a", "b")]), no_folder);
}

#[test]
fn duplicates() {
    check(&tar_of(&[(Regular, "a", ""), (Regular, "a", "")]), "the archive has two entries `a`");
    check(&tar_of(&[(Regular, "a", ""), (Regular, "./a", "")]), "the archive has two entries `a`");
    check(&tar_of(&[(Regular, "d/a", ""), (Regular, "d//a", "")]), "the archive has two entries `d/a`");
    check(&tar_of(&[(Regular, "a", ""), (Link, "a", "a")]), "the archive has two entries `a`");
    // Two names on every disk that we unpack to; a disk that thinks otherwise says so.
    let things = Things::restore(&tar_of(&[(Regular, "a", ""), (Regular, "A", "")])).unwrap();
    assert_eq!(things.0.len(), 2);
}

#[test]
fn what_is_no_file() {
    let refused = |what: &str| format!("the archive has `a` as {what}, which is not unpacked");
    check(&tar_of(&[(Char, "a", "")]), &refused("a character device"));
    check(&tar_of(&[(Block, "a", "")]), &refused("a block device"));
    check(&tar_of(&[(Fifo, "a", "")]), &refused("a named pipe"));
    check(&tar_of(&[(GNUSparse, "a", "")]), &refused("a sparse file"));
    check(&tar_of(&[(EntryType::new(b'V'), "a", "")]), &refused("an entry of type `V`"));
    check(&tar_of(&[(EntryType::new(1), "a", "")]), &refused("an entry of type `\\u{1}`"));
    let mut tar = Vec::new();
    add(&mut tar, EntryType::XHeader, b"x", b"", b"22 GNU.sparse.major=1\n");
    add(&mut tar, Regular, b"a", b"", b"");
    check(&finish(tar), &refused("a sparse file"));
    let mut tar = Vec::new();
    add(&mut tar, Directory, b"a", b"", b"content");
    check(&finish(tar), "the archive is malformed at unpacked byte 512: an entry that is no file has content");
}

#[test]
fn broken_headers() {
    let mut tar = Vec::new();
    add(&mut tar, Regular, b"a", b"", b"content");
    let change = |change: &dyn Fn(&mut Header)| {
        let mut header = Header::from_byte_slice(&tar[..512]).clone();
        change(&mut header);
        finish([&header.as_bytes()[..], &tar[512..]].concat())
    };
    let malformed = "the archive is malformed at unpacked byte 0";
    let unsummed = change(&|header| header.as_mut_bytes()[0] = b'b');
    check(&unsummed, &format!("{malformed}: the checksum of a tar header is wrong"));
    let no_size = change(&|header| {
        header.as_old_mut().size = *b"1234567890x\0";
        header.set_cksum();
    });
    check(&no_size, &format!("{malformed}: a tar header has no readable size"));
    let huge = change(&|header| {
        header.set_size(u64::MAX);
        header.set_cksum();
    });
    let limit = Limits { file: u64::MAX, ..Limits::default() };
    check_within(&huge, limit, "the archive is malformed at unpacked byte 512: a tar header has no readable size");

    let record = |content: &[u8]| {
        let mut tar = Vec::new();
        add(&mut tar, EntryType::XHeader, b"x", b"", content);
        add(&mut tar, Regular, b"a", b"", b"");
        finish(tar)
    };
    let at_first_content = "the archive is malformed at unpacked byte 512";
    let not_pax = format!("{at_first_content}: a PAX record is not of the form `LENGTH KEY=VALUE`");
    check(&record(b"8 path=x\n"), &not_pax);
    check(&record(b"11 path=x\n"), &not_pax);
    check(&record(b"path=x\n"), &not_pax);
    check(&record(b"9 size=x\n"), &format!("{at_first_content}: a tar header has no readable size"));
    check(
        &record(b"12 size=9999\n"),
        &format!("{at_first_content}: a PAX record is not of the form `LENGTH KEY=VALUE`"),
    );
    // The size of a PAX record is that of the file, for us as for every tar.
    check(&record(b"13 size=9999\n"), "the archive is cut off after 2560 unpacked bytes");
}

#[test]
fn ends_that_are_missing_or_too_long() {
    let mut tar = Vec::new();
    add(&mut tar, Regular, b"a", b"", &noise(1500, 1));
    // Cut at every block: each time a valid gzip of a tar that ends too early.
    for blocks in 0..4 {
        check(&gzip(&tar[..512 * blocks]), &format!("the archive is cut off after {} unpacked bytes", 512 * blocks));
    }
    check(&gzip(&tar[..700]), "the archive is cut off after 700 unpacked bytes");
    check(&gzip(&tar), "the archive is cut off after 2048 unpacked bytes");
    // One block of zeros is no end, and after the end there is nothing.
    let end = [0; 1024];
    check(&gzip(&[&tar[..], &end[..512]].concat()), "the archive is cut off after 2560 unpacked bytes");
    let after_end = "bytes follow the end of the tar";
    let half_end = gzip(&[&tar[..], &end[..512], &tar[..]].concat());
    check(&half_end, &format!("the archive is malformed at unpacked byte 3072: {after_end}"));
    let second = gzip(&[&tar[..], &end[..], &tar[..]].concat());
    check(&second, &format!("the archive is malformed at unpacked byte 3072: {after_end}"));
    // Cut packed bytes.
    let whole = finish(tar.clone());
    let cut = Things::restore(&whole[..whole.len() - 5]).unwrap_err();
    assert!(matches!(cut, ArchiveError::Truncated { .. }), "{cut:?}");
    // Garbage after the gzip.
    let err = Things::restore(&[&whole[..], b"garbage"].concat()).unwrap_err();
    assert!(matches!(err, ArchiveError::Damaged { .. } | ArchiveError::Truncated { .. }), "{err:?}");
    // A wrong checksum of the gzip.
    let mut wrong = whole.clone();
    let at = wrong.len() - 6;
    wrong[at] ^= 1;
    let err = Things::restore(&wrong).unwrap_err();
    assert!(matches!(err, ArchiveError::Damaged { .. }), "{err:?}");
    // A name with nothing that has it.
    let mut tar = Vec::new();
    add(&mut tar, EntryType::GNULongName, b"././@LongLink", b"", b"name\0");
    check(
        &finish(tar),
        "the archive is malformed at unpacked byte 1024: a long name or PAX record is followed by no entry",
    );
}

#[test]
fn bombs() {
    let limits = Limits { entries: 3, file: 5000, total: 100_000, ratio: 20, ratio_after: 60_000, manifest: 900 };
    let more = "the archive holds more than is allowed";
    let with = |sizes: &[usize]| {
        let mut tar = Vec::new();
        for (index, size) in sizes.iter().enumerate() {
            add(&mut tar, Regular, format!("{index}").as_bytes(), b"", &noise(*size, 1));
        }
        finish(tar)
    };
    check_within(&with(&[1, 1, 1, 1]), limits, &format!("{more}: over 3 entries"));
    check_within(&with(&[5001]), limits, &format!("{more}: `0` is over 5.0 kB"));
    // Of the file's size only what its header says is needed to refuse it.
    let long = Limits { file: u64::MAX, ..limits };
    check_within(&with(&[50_000, 50_000]), long, &format!("{more}: over 100 kB in all"));
    let zeros = gzip(&[&with_zeros(70_000)[..], &[0; 1024]].concat());
    check_within(&zeros, long, &format!("{more}: it unpacks to over 20 times its size"));
    // Deep folders count: they cost as much as files do.
    let mut tar = Vec::new();
    add(&mut tar, Regular, b"a/b/c/d/e", b"", b"");
    check_within(&finish(tar), limits, &format!("{more}: over 3 entries"));
    // Names are held in memory.
    let mut tar = Vec::new();
    add(&mut tar, EntryType::GNULongName, b"././@LongLink", b"", &[b'x'; 70_000]);
    add(&mut tar, Regular, b"a", b"", b"");
    check(&finish(tar), "the archive is malformed at unpacked byte 512: a name or PAX record of 70000 bytes");
}

fn with_zeros(length: usize) -> Vec<u8> {
    let mut tar = Vec::new();
    add(&mut tar, Regular, b"zeros", b"", &vec![0; length]);
    tar
}

#[test]
fn bombs_with_a_manifest_are_refused_before_anything_is_unpacked() {
    let things = Things::default().file("a", noise(3000, 1)).file("b", noise(3000, 2));
    let archive = things.pack(1);
    let check = |limits: Limits, expected: &str| {
        let err = Archive::open(&archive, limits).err().map(|err| err.to_string());
        assert_eq!(err.as_deref(), Some(expected));
    };
    let default = Limits::default();
    let more = "the archive holds more than is allowed";
    check(Limits { entries: 1, ..default }, &format!("{more}: over 1 entries"));
    check(Limits { file: 2999, ..default }, &format!("{more}: `a` is over 3.0 kB"));
    check(Limits { total: 6000, ..default }, &format!("{more}: over 6.0 kB in all"));
    check(Limits { manifest: 100, ..default }, &format!("{more}: its manifest is over 100 B"));
    assert!(Archive::open(&archive, Limits::none()).unwrap().verify().is_ok());
}

/// Changes the manifest of an archive of ours, and makes everything else fit.
fn with_manifest(things: &Things, change: &dyn Fn(String) -> String) -> Vec<u8> {
    let archive = things.pack(1);
    let trailer_at = archive.len() - trailer::TRAILER;
    let found = trailer::Trailer::decode(archive[trailer_at..].try_into().unwrap()).unwrap();
    let members = &archive[..found.manifest_at as usize];
    let mut tar = Vec::new();
    let packed_manifest = &archive[found.manifest_at as usize..trailer_at];
    std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(packed_manifest), &mut tar).unwrap();
    let size = Header::from_byte_slice(&tar[..512]).entry_size().unwrap() as usize;
    let text = change(String::from_utf8(tar[512..512 + size].to_vec()).unwrap());
    let mut tar = Vec::new();
    add(&mut tar, Regular, manifest::MANIFEST_PATH.as_bytes(), b"", text.as_bytes());
    let bytes = [members, &finish(tar)].concat();
    let trailer = trailer::Trailer { manifest_at: found.manifest_at, sha256: Digest::of(&bytes) };
    [bytes, trailer.encode()].concat()
}

#[test]
fn manifests_that_lie() {
    let things = Things::default().file("a", "aaa").file("b", "bbb").with("c", Thing::Symlink(b"a".to_vec()));
    let edit = |from: &str, to: &str| {
        with_manifest(&things, &|text| {
            assert!(text.contains(from), "{text}");
            text.replacen(from, to, 1)
        })
    };
    assert_eq!(Things::restore(&edit("abc", "abd")).unwrap(), things);
    let not_as = |path: &str, what: &str| format!("`{path}` is not as the archive's manifest has it: {what}");
    check(&edit("\"size\":3", "\"size\":4"), &not_as("a", "it has another size"));
    check(&edit("\"size\":3", "\"size\":3,\"executable\":true"), &not_as("a", "it has another mode"));
    check(&edit("\"path\":\"a\"", "\"path\":\"A\""), &not_as("A", "another entry is in its place"));
    check(&edit("\"at\":1024", "\"at\":1025"), &not_as("b", "it is in another place"));
    check(&edit("\"target\":\"a\"", "\"target\":\"b\""), &not_as("c", "it is something else"));
    let (wrong, right) = (Digest::of(b"x"), Digest::of(b"aaa"));
    let changed = edit(&right.to_string(), &wrong.to_string());
    check(&changed, &format!("`a` has changed: SHA-256 is {right}, its manifest says {wrong}"));
    let err = Archive::open(&changed, Limits::default()).unwrap().restore_file(&path("a"), &mut Vec::new());
    assert!(matches!(err, Err(ArchiveError::Changed { .. })));
    // An entry that the manifest hides.
    let hide = with_manifest(&things, &|text| {
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("{\"path\":\"b\"")).collect();
        lines.join("\n")
    });
    check(&hide, &not_as("c", "another entry is in its place"));
    let hide_last = with_manifest(&things, &|text| {
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("{\"path\":\"c\"")).collect();
        lines.join("\n").replace("},\n]", "}\n]")
    });
    check(&hide_last, &not_as("c", "it is not in the manifest"));
    // Members that are elsewhere.
    let members = |change: &dyn Fn(u64, u64) -> String| {
        with_manifest(&things, &|text| {
            let found = regex::Regex::new(r"\[\[(\d+),(\d+)\]\]").unwrap();
            let captures = found.captures(&text).unwrap();
            let number = |index: usize| captures[index].parse().unwrap();
            found.replace(&text, change(number(1), number(2))).into_owned()
        })
    };
    let malformed = "the archive is malformed in its manifest";
    check(
        &members(&|packed, unpacked| format!("[[{},{unpacked}]]", packed + 1)),
        &format!("{malformed}: its members do not end where it starts"),
    );
    check(
        &members(&|packed, unpacked| format!("[[{packed},{}]]", unpacked + 512)),
        "the archive is malformed at unpacked byte 2560: gzip member 0 is not where the manifest has it",
    );
    check(
        &members(&|packed, unpacked| format!("[[10,{unpacked}],[{},10]]", packed - 10)),
        "the archive is malformed at unpacked byte 2560: gzip member 1 is not where the manifest has it",
    );
}

#[test]
fn manifests_of_links_that_are_written_through() {
    // The manifest hides that `d` is a link, and a reader that goes by it alone would follow it.
    let mut tar = Vec::new();
    add(&mut tar, Symlink, b"d", b"e", b"");
    add(&mut tar, Regular, b"d/x", b"", b"");
    let member = gzip(&tar);
    let digest = Digest::of(b"");
    let text = format!(
        r#"{{"format":"shmoo-archive","version":1,"provenance":0,"members":[[{},1024]],"entries":[{{"path":"d","type":"symlink","target":"e","member":0,"at":0}},{{"path":"d/x","type":"file","size":0,"sha256":"{digest}","member":0,"at":512}}]}}"#,
        member.len()
    );
    let mut tar = Vec::new();
    add(&mut tar, Regular, manifest::MANIFEST_PATH.as_bytes(), b"", text.as_bytes());
    let bytes = [&member[..], &finish(tar)].concat();
    let trailer = trailer::Trailer { manifest_at: member.len() as u64, sha256: Digest::of(&bytes) };
    let archive = [bytes, trailer.encode()].concat();
    let expected = "the archive has an entry `d/x` below `d`, which is no folder";
    check(&archive, expected);
    let archive = Archive::open(&archive, Limits::default()).unwrap();
    let part = archive.restore_some(&mut |item| item.path == path("d/x"), &mut Things::default());
    assert_eq!(part.unwrap_err().to_string(), expected);
}

#[test]
fn trailers_that_lie() {
    let archive = Things::default().file("a", "aaa").pack(1);
    let at = archive.len() - trailer::TRAILER;
    let found = trailer::Trailer::decode(archive[at..].try_into().unwrap()).unwrap();
    let with = |trailer: trailer::Trailer| [&archive[..at], &trailer.encode()].concat();
    let at_end = "the archive is malformed at its end";
    let beyond = with(trailer::Trailer { manifest_at: u64::MAX, ..found });
    check(&beyond, &format!("{at_end}: the manifest would lie beyond the end"));
    let elsewhere = with(trailer::Trailer { manifest_at: 0, ..found });
    check(&elsewhere, &format!("{at_end}: there is no manifest where it should be"));
    let wrong = with(trailer::Trailer { sha256: Digest::of(b"x"), ..found });
    check(
        &wrong,
        &format!(
            "the archive has changed: SHA-256 of its members is {}, its trailer says {}",
            found.sha256,
            Digest::of(b"x")
        ),
    );
    assert!(Archive::open(&with(trailer::Trailer { manifest_at: 5, ..found }), Limits::default()).is_err());
}
