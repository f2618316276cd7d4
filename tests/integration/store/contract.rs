//! What every store promises.

use shmoo::outside::store::{ObjectInfo, ObjectKey, Store, StoreError};
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(super) fn key(text: &str) -> ObjectKey {
    text.parse().unwrap()
}

pub(super) fn keys(store: &dyn Store, prefix: &str) -> Vec<String> {
    store.list(prefix).unwrap().into_iter().map(|listed| format!("{} {}", listed.key, listed.bytes)).collect()
}

/// Checks what every store promises, of an empty one.
pub(super) fn contract(store: &dyn Store) {
    // An empty store.
    assert_eq!(keys(store, ""), [""; 0]);
    assert_eq!(store.head(&key("a/b")).unwrap(), None);
    assert!(!store.delete(&key("a/b")).unwrap());
    let file = tempfile::tempdir().unwrap();
    let (from, to) = (file.path().join("from"), file.path().join("to"));
    for error in [
        store.get(&key("a/b")).unwrap_err(),
        store.read_at(&key("a/b"), 0, 1).unwrap_err(),
        store.get_to_file(&key("a/b"), &to).unwrap_err(),
    ] {
        assert!(matches!(&error, StoreError::Absent { .. }), "{error}");
        assert!(error.to_string().starts_with("there is no object `a/b` in "), "{error}");
    }
    assert!(!to.exists());

    // Bytes come back, also empty ones; the second put replaces the first.
    for bytes in [b"hello".as_slice(), b"", &[0, 255, 10]] {
        store.put(&key("a/b"), bytes).unwrap();
        assert_eq!(store.get(&key("a/b")).unwrap(), bytes);
        assert_eq!(store.head(&key("a/b")).unwrap().unwrap().bytes, bytes.len() as u64);
    }
    if let Some(checksum) = store.head(&key("a/b")).unwrap().unwrap().crc32c {
        assert_eq!(checksum, crc32c::crc32c(&[0, 255, 10]));
    }

    // Only the first of these.
    assert!(store.put_if_absent(&key("leases/1"), b"first").unwrap());
    assert!(!store.put_if_absent(&key("leases/1"), b"second").unwrap());
    assert!(!store.put_if_absent(&key("a/b"), b"second").unwrap());
    assert_eq!(store.get(&key("leases/1")).unwrap(), b"first");

    // Files.
    let large: Vec<u8> = (0..3_000_000u32).flat_map(u32::to_le_bytes).collect();
    fs::write(&from, &large).unwrap();
    let info = ObjectInfo { bytes: large.len() as u64, crc32c: Some(crc32c::crc32c(&large)) };
    assert_eq!(store.put_file(&key("a/large"), &from).unwrap(), info);
    fs::write(&to, "old").unwrap();
    assert_eq!(store.get_to_file(&key("a/large"), &to).unwrap(), info);
    assert!(fs::read(&to).unwrap() == large);
    assert_eq!(fs::read_dir(file.path()).unwrap().count(), 2, "drafts are left");
    let error = store.put_file(&key("a/x"), &file.path().join("none")).unwrap_err();
    assert!(matches!(&error, StoreError::File { verb: "read", .. }), "{error}");
    let error = store.get_to_file(&key("a/large"), &file.path().join("none/x")).unwrap_err();
    assert!(matches!(&error, StoreError::File { verb: "write", .. }), "{error}");

    // Parts.
    let part = |offset, length| store.read_at(&key("leases/1"), offset, length).unwrap();
    assert_eq!(part(0, 5), b"first");
    assert_eq!(part(1, 2), b"ir");
    assert_eq!(part(3, 1000), b"st");
    assert_eq!(part(2, 0), b"");
    assert_eq!(part(5, 1), b"");
    assert_eq!(part(500, 1), b"");
    assert_eq!(part(1, u64::MAX), b"irst");

    // Listings: sorted by key as bytes, prefixes are text.
    store.put(&key("a-c"), b"1").unwrap();
    store.put(&key("a/b2/deep/er"), b"22").unwrap();
    store.put(&key("z"), b"").unwrap();
    assert_eq!(keys(store, ""), ["a-c 1", "a/b 3", "a/b2/deep/er 2", "a/large 12000000", "leases/1 5", "z 0"]);
    assert_eq!(keys(store, "a/b"), ["a/b 3", "a/b2/deep/er 2"]);
    assert_eq!(keys(store, "a/"), ["a/b 3", "a/b2/deep/er 2", "a/large 12000000"]);
    assert_eq!(keys(store, "a/b2/"), ["a/b2/deep/er 2"]);
    assert_eq!(keys(store, "a/b2/deep/er"), ["a/b2/deep/er 2"]);
    assert_eq!(keys(store, "a/b2/deep/er/x"), [""; 0]);
    assert_eq!(keys(store, "none/at/all"), [""; 0]);
    assert_eq!(keys(store, "../"), [""; 0]);
    assert_eq!(keys(store, "/"), [""; 0]);

    // A key is an object or a folder.
    for conflict in ["a", "a/b/c", "z/x", "a/b2/deep"] {
        let error = store.put(&key(conflict), b"x").unwrap_err();
        assert!(matches!(&error, StoreError::Folder { .. }), "{conflict}: {error}");
        let error = store.put_if_absent(&key(conflict), b"x").unwrap_err();
        assert!(matches!(&error, StoreError::Folder { .. }), "{conflict}: {error}");
        assert!(matches!(store.put_file(&key(conflict), &from), Err(StoreError::Folder { .. })), "{conflict}");
        assert_eq!(store.head(&key(conflict)).unwrap(), None);
        assert!(matches!(store.get(&key(conflict)), Err(StoreError::Absent { .. })), "{conflict}");
        assert!(!store.delete(&key(conflict)).unwrap(), "{conflict}");
    }

    // Deleted objects are gone, and so is the folder they were in.
    assert!(store.delete(&key("a/b2/deep/er")).unwrap());
    assert!(!store.delete(&key("a/b2/deep/er")).unwrap());
    assert_eq!(keys(store, "a/"), ["a/b 3", "a/large 12000000"]);
    store.put(&key("a/b2"), b"now an object").unwrap();

    // Several writers at once: one wins, no reader sees a part.
    let won = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for writer in 0..8u8 {
            let won = &won;
            scope.spawn(move || {
                for round in 0..20 {
                    let bytes = vec![writer; 10_000];
                    let lease = key(&format!("race/{round}/lease"));
                    won.fetch_add(usize::from(store.put_if_absent(&lease, &bytes).unwrap()), Ordering::Relaxed);
                    store.put(&key("race/shared"), &bytes).unwrap();
                    let read = store.get(&key("race/shared")).unwrap();
                    assert!(read.len() == 10_000 && read.iter().all(|byte| *byte == read[0]));
                    // Deleting the last object of a folder while others put into it loses nothing.
                    let own = key(&format!("race/together/{writer}"));
                    store.put(&own, b"x").unwrap();
                    assert!(store.delete(&own).unwrap());
                }
            });
        }
    });
    assert_eq!(won.load(Ordering::Relaxed), 20);
}
