//! The same promises of every store.

use super::contract::{contract, key, keys};
use super::fake::Fake;
use super::{bucket, patient, post};
use shmoo::outside::store::{FolderStore, MemoryStore, Store};

#[test]
fn of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    contract(&FolderStore::new(folder.path().join("below/store")));
}

#[test]
fn of_the_memory() {
    contract(&MemoryStore::default());
}

#[test]
fn of_a_bucket() {
    let fake = Fake::start();
    // Others' objects in the same bucket.
    let others = ["team/chip2/a", "team/chip/no key", "a/b"];
    let endpoint = fake.url();
    for name in others {
        let url =
            format!("{endpoint}/upload/storage/v1/b/lab/o?uploadType=multipart&name={}", name.replace(' ', "%20"));
        let body = format!("--x\r\na: b\r\n\r\n{{\"name\":\"{name}\"}}\r\n--x\r\na: b\r\n\r\ntheirs\r\n--x--\r\n");
        let status = post(&url, "multipart/related; boundary=x", body);
        assert_eq!(status, 200);
    }
    contract(&bucket(&fake, patient()));
    for name in others {
        assert_eq!(fake.object(name).unwrap(), b"theirs");
    }
}

#[test]
fn listings_have_all_pages() {
    let fake = Fake::start();
    fake.page(3);
    let store = bucket(&fake, patient());
    let expected: Vec<String> = (10..31).map(|number| format!("runs/{number} 1")).collect();
    for number in 10..31 {
        store.put(&key(&format!("runs/{number}")), b"x").unwrap();
    }
    assert_eq!(keys(&store, "runs/"), expected);
    fake.seen();
    assert_eq!(keys(&store, ""), expected);
    assert_eq!(fake.seen().len(), 7);
}

#[test]
fn stored_objects_have_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let (fake, memory) = (Fake::start(), MemoryStore::default());
    let stores: [&dyn Store; 3] = [&FolderStore::new(folder.path()), &memory, &bucket(&fake, patient())];
    for store in stores {
        store.put(&key("a"), b"x").unwrap();
        let stored = store.list("").unwrap()[0].stored;
        assert!(stored > "2026-01-31T14:22:33Z".parse().unwrap(), "{}: {stored}", store.location());
    }
}
