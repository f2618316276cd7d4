//! A network and a service that fail: nothing is lost, nothing is stored twice, nobody waits for ever.

use super::contract::key;
use super::fake::{Fake, Fault};
use super::{bucket, bytes, chain, patient};
use shmoo::outside::store::{Patience, Store};
use std::fs;
use std::time::Duration;

/// Of three chunks and a rest.
const LARGE: usize = 3 * (512 << 10) + 77;

/// Opens a store whose requests are short of time.
fn hurried() -> Patience {
    Patience { silence: Duration::from_secs(1), ..patient() }
}

#[test]
fn what_is_over_in_a_moment_is_not_noticed() {
    for status in [408, 429, 500, 502, 503, 504] {
        let fake = Fake::start();
        let store = bucket(&fake, patient());
        fake.fail("POST", "uploadType=multipart", 0, 2, Fault::Status(status));
        fake.fail("GET", "prefix=", 0, 2, Fault::Status(status));
        store.put(&key("a"), b"one").unwrap();
        fake.all_failed();
        fake.fail("GET", "alt=media", 0, 2, Fault::Status(status));
        fake.fail("GET", "fields=name", 0, 2, Fault::RetryAfter(status, 3600));
        fake.fail("DELETE", "", 0, 2, Fault::Status(status));
        assert_eq!(store.get(&key("a")).unwrap(), b"one");
        assert_eq!(store.head(&key("a")).unwrap().unwrap().bytes, 3);
        assert!(store.delete(&key("a")).unwrap());
        fake.all_failed();
        assert_eq!((fake.created(), fake.names().len()), (1, 0));
    }
}

#[test]
fn a_time_to_come_back_is_kept_within_bounds() {
    // A pause that is longer than all patience is not begun.
    let check = |fault: Fault, gives_up: bool| {
        let fake = Fake::start();
        let patience = Patience { longest_pause: Duration::from_secs(7200), ..patient() };
        let store = bucket(&fake, patience);
        fake.fail("POST", "", 0, 1, fault.clone());
        match store.put(&key("a"), b"one") {
            Err(error) if gives_up => assert!(chain(&error).contains("gave up after 1 attempts in 0 s"), "{error}"),
            other => assert!(other.is_ok() && !gives_up, "{fault:?}: {other:?}"),
        }
        fake.all_failed();
        assert_eq!(fake.created(), u64::from(!gives_up));
    };
    for status in [429, 503] {
        check(Fault::RetryAfter(status, 3600), true);
        check(Fault::RetryAfter(status, 0), false);
        check(Fault::RetryAt(status, "Sat, 31 Jan 2026 13:00:00 GMT"), true);
        check(Fault::RetryAt(status, "Sat, 31 Jan 2026 12:00:00 GMT"), false);
        // What lies behind, and what is no time, asks for nothing.
        check(Fault::RetryAt(status, "Fri, 30 Jan 2026 12:00:00 GMT"), false);
        check(Fault::RetryAt(status, "soon"), false);
        check(Fault::RetryAt(status, "-5"), false);
    }
}

#[test]
fn connections_that_break_off_are_not_noticed() {
    for fault in [Fault::ResetBefore, Fault::ResetAfter, Fault::Silence(Duration::from_secs(3)), Fault::Twice] {
        let fake = Fake::start();
        let store = bucket(&fake, hurried());
        fake.fail("POST", "", 0, 1, fault.clone());
        store.put(&key("a"), b"one").unwrap();
        for (method, part) in [("GET", "alt=media"), ("GET", "fields=name"), ("GET", "prefix="), ("DELETE", "")] {
            fake.fail(method, part, 0, 1, fault.clone());
        }
        assert_eq!(store.get(&key("a")).unwrap(), b"one");
        assert_eq!(store.list("").unwrap().len(), 1);
        assert!(store.delete(&key("a")).unwrap(), "{fault:?}");
        assert!(!store.delete(&key("a")).unwrap());
        fake.all_failed();
    }
}

#[test]
fn who_was_first_knows_it_though_the_answer_was_lost() {
    for fault in [Fault::ResetAfter, Fault::Twice, Fault::ResetBefore, Fault::Status(503)] {
        let fake = Fake::start();
        let store = bucket(&fake, patient());
        fake.fail("POST", "ifGenerationMatch=0", 0, 1, fault.clone());
        assert!(store.put_if_absent(&key("leases/1"), b"same").unwrap(), "{fault:?}");
        fake.all_failed();
        assert_eq!(fake.created(), 1);
        // The same bytes of somebody else are not ours.
        fake.fail("POST", "ifGenerationMatch=0", 0, 1, fault.clone());
        assert!(!store.put_if_absent(&key("leases/1"), b"same").unwrap(), "{fault:?}");
        fake.all_failed();
        assert_eq!((fake.created(), fake.names()), (1, vec!["team/chip/leases/1".to_owned()]));
    }
}

#[test]
fn a_large_object_is_put_once_if_absent() {
    let fake = Fake::start();
    let store = bucket(&fake, patient());
    let (ours, theirs) = (bytes(LARGE), vec![7; LARGE]);
    fake.fail("PUT", "upload_id=", 3, 1, Fault::ResetAfter);
    assert!(store.put_if_absent(&key("a"), &ours).unwrap());
    fake.all_failed();
    assert!(!store.put_if_absent(&key("a"), &theirs).unwrap());
    // The service forgot an upload that it had completed.
    store.delete(&key("a")).unwrap();
    fake.fail("PUT", "upload_id=", 3, 1, Fault::ResetAfter);
    fake.fail("PUT", "upload_id=", 3, 1, Fault::Forget);
    assert!(store.put_if_absent(&key("a"), &ours).unwrap());
    fake.all_failed();
    assert!(fake.object("team/chip/a").unwrap() == ours);
    assert_eq!(fake.created(), 2);
}

#[test]
fn uploads_go_on_where_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("from");
    let content = bytes(LARGE);
    fs::write(&path, &content).unwrap();
    let faults = [
        Fault::ResetBefore,
        Fault::ResetAfter,
        Fault::CutUpload(0),
        Fault::CutUpload(300_000),
        Fault::Status(503),
        Fault::Silence(Duration::from_secs(3)),
        Fault::Twice,
        Fault::Forget,
    ];
    for fault in faults {
        for chunk in [0, 1, 3] {
            let fake = Fake::start();
            let store = bucket(&fake, hurried());
            fake.fail("PUT", "upload_id=", chunk, 1, fault.clone());
            let info = store.put_file(&key("a"), &path).unwrap();
            fake.all_failed();
            assert_eq!((info.bytes, info.crc32c), (LARGE as u64, Some(crc32c::crc32c(&content))));
            assert!(fake.object("team/chip/a").unwrap() == content, "{fault:?} {chunk}");
            assert_eq!(fake.created(), 1, "{fault:?} {chunk}");
            let sent: usize = fake.seen().iter().filter(|seen| seen.method == "PUT").map(|seen| seen.sent).sum();
            let twice = matches!(fault, Fault::Forget);
            assert!(twice || sent <= LARGE + (512 << 10), "{fault:?} {chunk}: {sent}");
        }
    }
}

#[test]
fn uploads_that_are_always_forgotten_end() {
    let fake = Fake::start();
    let store = bucket(&fake, patient());
    fake.fail("PUT", "upload_id=", 0, 3, Fault::Forget);
    let error = store.put(&key("a"), &bytes(LARGE)).unwrap_err();
    fake.all_failed();
    insta::assert_snapshot!(chain(&error), @r"
    cannot store `a` in `gs://lab/team/chip`
    the service answers 3 times that it does not know the upload it had begun
    ");
    assert!(fake.names().is_empty());
}

#[test]
fn downloads_go_on_where_they_were() {
    let fake = Fake::start();
    let store = bucket(&fake, patient());
    let content = bytes(LARGE);
    store.put(&key("a"), &content).unwrap();
    fake.fail("GET", "alt=media", 0, 1, Fault::ResetMidBody(1_200_000));
    fake.fail("GET", "generation=", 0, 1, Fault::ResetMidBody(1000));
    fake.fail("GET", "generation=", 0, 1, Fault::Status(503));
    fake.seen();
    assert!(store.get(&key("a")).unwrap() == content);
    fake.all_failed();
    let served: usize = fake.seen().iter().map(|seen| seen.served).sum();
    // No byte came twice; the error has a few of its own.
    assert!((LARGE..LARGE + 200).contains(&served), "{served}");
}

#[test]
fn a_download_whose_object_is_replaced_begins_again() {
    let fake = Fake::start();
    let store = bucket(&fake, patient());
    store.put(&key("a"), &bytes(LARGE)).unwrap();
    fake.fail("GET", "alt=media", 0, 1, Fault::ResetMidBody(1_200_000));
    fake.fail("GET", "generation=", 0, 1, Fault::Status(404));
    assert!(store.get(&key("a")).unwrap() == bytes(LARGE));
    fake.all_failed();
}

#[test]
fn nobody_waits_for_drops() {
    let fake = Fake::start();
    let store = bucket(&fake, Patience { attempts: 3, slowest: 100 << 20, ..hurried() });
    store.put(&key("a"), &bytes(2000)).unwrap();
    // A byte now and then is no silence, and yet no transfer.
    fake.fail("GET", "alt=media", 0, 1, Fault::Drip(Duration::from_millis(50)));
    assert!(store.get(&key("a")).unwrap() == bytes(2000));
    fake.all_failed();
    fake.fail("GET", "alt=media", 0, 3, Fault::Drip(Duration::from_millis(50)));
    let folder = tempfile::tempdir().unwrap();
    let error = store.get_to_file(&key("a"), &folder.path().join("to")).unwrap_err();
    fake.all_failed();
    let text = chain(&error).replace(&fake.address.to_string(), "HOST");
    assert!(text.starts_with("cannot read `a` from `gs://lab/team/chip`\ngave up after 3 attempts in "), "{text}");
    assert!(text.contains("\na request failed\nHOST did not answer within 1"), "{text}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn it_gives_up_in_the_end() {
    let fake = Fake::start();
    let store = bucket(&fake, patient());
    fake.fail("POST", "", 0, 5, Fault::Status(502));
    fake.seen();
    let error = store.put(&key("a"), b"one").unwrap_err();
    fake.all_failed();
    insta::assert_snapshot!(chain(&error), @r"
    cannot store `a` in `gs://lab/team/chip`
    gave up after 5 attempts in 0 s
    502 Bad Gateway: it was told to
    ");
    assert_eq!(fake.seen().iter().filter(|seen| seen.method == "POST").count(), 5);
    assert!(fake.names().is_empty());
    assert_eq!(
        error.hint().unwrap(),
        "the service or the way to it is disturbed: what is stored is whole, the command can be repeated"
    );
    drop(fake);
}

#[test]
fn nobody_there_is_an_error() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let store = super::at(&format!("127.0.0.1:{port}"), patient());
    let text = chain(&store.list("").unwrap_err()).replace(&port.to_string(), "PORT");
    let expected = "cannot list `` in `gs://lab/team/chip`\ngave up after 5 attempts in 0 s\na request failed\n\
                    cannot connect to 127.0.0.1:PORT\n";
    assert!(text.starts_with(expected), "{text}");
}
