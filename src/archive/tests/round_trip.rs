//! Laws: what was packed comes back, always as the same bytes.

use super::super::*;
use super::in_memory::{Thing, Things, noise, path};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

/// Members of the tests are this long.
const SMALL: usize = 4096;

fn content() -> impl Strategy<Value = Vec<u8>> {
    let size = prop_oneof![
        Just(0),
        1..600usize,
        // Around the ends of blocks, members and one and a half members.
        (1..4usize, 0..5usize).prop_map(|(blocks, off)| (512 * blocks + off).saturating_sub(2)),
        (2..7usize, 0..1100usize).prop_map(|(halves, off)| (SMALL / 2 * halves + off).saturating_sub(550)),
    ];
    (size, any::<u64>(), any::<bool>())
        .prop_map(|(size, seed, flat)| if flat { vec![seed as u8; size] } else { noise(size, seed) })
}

fn thing() -> impl Strategy<Value = Thing> {
    prop_oneof![
        8 => (content(), any::<bool>()).prop_map(|(content, executable)| Thing::File(content, executable)),
        1 => Just(Thing::Directory),
        1 => vec(prop_oneof![Just("a"), Just("b.c"), Just("ü")], 1..4)
            .prop_map(|parts| Thing::Symlink(parts.join("/").into_bytes())),
    ]
}

/// Trees without clashes: the folders' names are in capitals, all others are not.
fn things() -> impl Strategy<Value = Things> {
    let name = prop_oneof![
        4 => "[a-z]{1,3}",
        1 => "[a-z äöü.-]{1,60}".prop_map(|name| format!("x{name}")),
        1 => (90..300usize).prop_map(|length| "y".repeat(length)),
    ];
    let entry = (vec("[A-D]{1,2}", 0..4), name);
    btree_map(entry.prop_map(|(folders, name)| [folders, vec![name]].concat().join("/")), thing(), 0..20)
        .prop_map(|things| Things(things.into_iter().map(|(name, thing)| (path(&name), thing)).collect()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn what_was_packed_comes_back(things in things(), threads in 1..5usize) {
        let archive = things.pack(threads);
        prop_assert_eq!(&Things::restore(&archive).unwrap(), &things);
        let archive = Archive::open(&archive, Limits::default()).unwrap();
        let tally = archive.verify().unwrap();
        prop_assert_eq!(tally.entries, things.0.len() as u64);
        let listed: Vec<EntryPath> = archive.list().unwrap().into_iter().map(|item| item.path).collect();
        prop_assert!(listed.iter().eq(things.0.keys()));
        for (path, thing) in &things.0 {
            let mut out = Vec::new();
            match (archive.restore_file(path, &mut out), thing) {
                (Ok(_), Thing::File(content, _)) => prop_assert_eq!(&out, content),
                (Err(ArchiveError::NoSuchFile { .. }), Thing::Directory | Thing::Symlink(_)) => {}
                (got, _) => prop_assert!(false, "{:?}", got),
            }
        }
    }

    #[test]
    fn neither_order_nor_threads_change_a_byte(things in things(), threads in 1..5usize, seed in any::<u64>()) {
        let mut entries = things.entries();
        entries.sort_by_cached_key(|entry| crate::value::Digest::of(&[entry.path.as_bytes(), &seed.to_le_bytes()].concat()));
        let (packed, shuffled) = things.pack_entries(entries, threads, SMALL as u64).unwrap();
        prop_assert_eq!(&shuffled, &things.pack(1));
        prop_assert_eq!(packed.sha256, crate::value::Digest::of(&shuffled));
        prop_assert_eq!(packed.crc32c, crc32c::crc32c(&shuffled));
        prop_assert_eq!(packed.bytes, shuffled.len() as u64);
    }

    #[test]
    fn any_part_comes_back(things in things(), mask in any::<u64>()) {
        let archive = things.pack(2);
        let archive = Archive::open(&archive, Limits::default()).unwrap();
        let chosen = |path: &EntryPath| {
            let index = things.0.keys().position(|key| key == path).unwrap();
            mask >> (index % 64) & 1 == 1
        };
        let mut restored = Things::default();
        archive.restore_some(&mut |item| chosen(&item.path), &mut restored).unwrap();
        let expected = things.0.iter().filter(|(path, _)| chosen(path));
        prop_assert!(restored.0.iter().eq(expected));
    }

    #[test]
    fn any_changed_bit_is_noticed(things in things(), at in any::<prop::sample::Index>(), bit in 0..8u32) {
        let mut archive = things.pack(1);
        let at = at.index(archive.len());
        archive[at] ^= 1u8 << bit;
        let outcome = Archive::open(&archive, Limits::default()).and_then(|archive| archive.verify());
        prop_assert!(outcome.is_err(), "byte {} of {}", at, archive.len());
    }

    #[test]
    fn any_missing_end_is_noticed(things in things(), length in any::<prop::sample::Index>()) {
        let mut archive = things.pack(1);
        archive.truncate(length.index(archive.len()));
        let outcome = Archive::open(&archive, Limits::default()).and_then(|archive| archive.verify());
        prop_assert!(outcome.is_err());
    }
}

#[test]
fn every_byte_of_a_small_archive_counts() {
    let things = Things::default().file("a.log", "hello").with("b", Thing::Symlink(b"a.log".to_vec()));
    let archive = things.pack(1);
    for at in 0..archive.len() {
        let mut flipped = archive.clone();
        flipped[at] ^= 0x10;
        let outcome = Archive::open(&flipped, Limits::default()).and_then(|archive| archive.verify());
        assert!(outcome.is_err(), "byte {at} of {}", archive.len());
        let cut = archive[..at].to_vec();
        let outcome = Archive::open(&cut, Limits::default()).and_then(|archive| archive.verify());
        assert!(outcome.is_err(), "cut at {at} of {}", archive.len());
        let longer = [&archive[..], &archive[..=at]].concat();
        let outcome = Archive::open(&longer, Limits::default()).and_then(|archive| archive.verify());
        assert!(outcome.is_err(), "{at} bytes more");
    }
}

#[test]
fn usual_members() {
    let mib = 1 << 20;
    let sizes = [0, 1, mib - 513, mib - 512, mib - 511, mib, mib + 1, 3 * mib / 2 - 512, 3 * mib / 2, 5 * mib + 17];
    let mut things = Things::default();
    for (index, size) in sizes.into_iter().enumerate() {
        things = things.file(&format!("{index}"), noise(size, index as u64));
    }
    let (packed, archive) = things.pack_entries(things.entries(), 3, mib as u64).unwrap();
    assert_eq!(packed.input_bytes, sizes.iter().map(|&size| size as u64).sum::<u64>());
    assert_eq!(packed.files, 10);
    assert!(Things::restore(&archive).unwrap() == things);
}
