//! What arrives is what was sent, or the caller hears of it.

use super::contract::key;
use super::fake::{Fake, Fault};
use super::{bucket, bytes, chain, patient};
use shmoo::outside::store::{Store, StoreError};
use std::fs;
use std::path::Path;

/// Of one request, and of several.
const SIZES: [usize; 2] = [1000, 2 * (512 << 10) + 3];

/// The requests that make an object.
fn last_request(size: usize) -> (&'static str, &'static str, u32) {
    if size < 512 << 10 { ("POST", "uploadType=multipart", 0) } else { ("PUT", "upload_id=", 2) }
}

#[test]
fn a_damaged_upload_is_sent_again() {
    for size in SIZES {
        for fault in [Fault::DamagedUpload, Fault::DamagedUnseen] {
            let fake = Fake::start();
            let store = bucket(&fake, patient());
            let (method, part, skip) = last_request(size);
            fake.fail(method, part, skip, 1, fault.clone());
            assert!(store.put_if_absent(&key("a"), &bytes(size)).unwrap(), "{fault:?} {size}");
            fake.all_failed();
            assert!(fake.object("team/chip/a").unwrap() == bytes(size), "{fault:?} {size}");
        }
    }
}

#[test]
fn what_arrives_damaged_three_times_is_an_error_and_not_there() {
    let check = |size: usize, times: u32, fault: Fault, expected: &str| {
        let fake = Fake::start();
        let store = bucket(&fake, patient());
        let (method, part, skip) = last_request(size);
        fake.fail(method, part, skip, times, fault.clone());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("from");
        fs::write(&path, bytes(size)).unwrap();
        let error = store.put_file(&key("a"), &path).unwrap_err();
        fake.all_failed();
        let text = chain(&error);
        assert!(
            text.starts_with("cannot store `a` in `gs://lab/team/chip`\nthe checksum of what was stored is "),
            "{text}"
        );
        assert!(text.ends_with(expected), "{text}");
        assert_eq!(error.hint().unwrap(), "something on the way to the bucket changes what is sent");
        assert!(fake.names().is_empty(), "{fault:?}");
    };
    check(SIZES[0], 3, Fault::DamagedUpload, ", 3 times, and was refused");
    check(SIZES[0], 3, Fault::DamagedUnseen, ", 3 times, and was deleted");
    // The last chunk of the first upload, and all three of the second and third.
    check(SIZES[1], 7, Fault::DamagedUnseen, ", 3 times, and was deleted");
}

#[test]
fn a_damaged_download_is_fetched_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("to");
    for size in SIZES {
        let fake = Fake::start();
        let store = bucket(&fake, patient());
        store.put(&key("a"), &bytes(size)).unwrap();
        fake.fail("GET", "alt=media", 0, 2, Fault::DamagedDownload);
        store.get_to_file(&key("a"), &path).unwrap();
        fake.all_failed();
        assert!(fs::read(&path).unwrap() == bytes(size));
        fake.fail("GET", "alt=media", 0, 3, Fault::DamagedDownload);
        let error = store.get_to_file(&key("a"), &path).unwrap_err();
        fake.all_failed();
        assert!(chain(&error).contains("\nthe checksum of what was read is "), "{}", chain(&error));
        // What was there before is still there, and nothing else.
        assert!(fs::read(&path).unwrap() == bytes(size));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_file_that_has_less_than_it_says_is_an_error() {
    let fake = Fake::start();
    let store = bucket(&fake, patient());
    // The system says a page of this file, and it has a few bytes.
    let error = store.put_file(&key("a"), Path::new("/sys/devices/system/cpu/online")).unwrap_err();
    assert!(matches!(&error, StoreError::File { verb: "read", .. }), "{error}");
    assert!(fake.names().is_empty());
}
