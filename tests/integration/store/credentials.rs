//! Who we are: tokens, their end, and what is said where there are none.

use super::contract::key;
use super::fake::{AUDIENCE, Fake, Fault, SUBJECT};
use super::{chain, patient};
use serde_json::{Value, json};
use shmoo::outside::environment::Environment;
use shmoo::outside::store::{BucketPlace, BucketSettings, BucketStore, Endpoint, Store};
use std::fs;
use std::path::{Path, PathBuf};

/// Opens `gs://lab/x` at the fake, as if it were Google.
pub(super) fn open(fake: &Fake, variables: &[(&str, &str)]) -> BucketStore {
    open_at(&fake.url(), variables)
}

/// Opens `gs://lab/x` at an address, as if it were Google's.
pub(super) fn open_at(url: &str, variables: &[(&str, &str)]) -> BucketStore {
    let environment = Environment::new(variables.iter().copied());
    let endpoint = Endpoint { url: url.parse().unwrap(), is_emulator: false };
    let settings = BucketSettings { patience: patient(), ..BucketSettings::default() };
    BucketStore::open(BucketPlace::parse("gs://lab/x").unwrap(), endpoint, &environment, settings).unwrap()
}

/// Writes credentials as google-github-actions/auth does, for tokens of the fake.
fn federation(fake: &Fake, folder: &Path) -> PathBuf {
    let subject = folder.join("subject");
    fs::write(&subject, SUBJECT).unwrap();
    let credentials = json!({
        "type": "external_account",
        "audience": AUDIENCE,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": format!("{}/token", fake.url()),
        "credential_source": { "file": subject },
    });
    write(folder, &credentials)
}

fn write(folder: &Path, credentials: &Value) -> PathBuf {
    let path = folder.join("credentials.json");
    fs::write(&path, credentials.to_string()).unwrap();
    path
}

#[test]
fn a_token_is_got_once_and_again_when_it_expired() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start();
    fake.want_tokens();
    let path = federation(&fake, folder.path());
    let store = open(&fake, &[("GOOGLE_APPLICATION_CREDENTIALS", path.to_str().unwrap())]);
    assert!(store.put_if_absent(&key("a"), b"one").unwrap());
    assert_eq!(store.get(&key("a")).unwrap(), b"one");
    assert_eq!(fake.tokens_given(), 1);
    fake.expire_tokens();
    assert!(store.put_if_absent(&key("b"), b"two").unwrap());
    assert_eq!(fake.tokens_given(), 2);
    fake.expire_tokens();
    let large = vec![1; 20 << 20];
    std::thread::scope(|scope| {
        for name in ["c", "d", "e", "f"] {
            let (store, large) = (&store, &large);
            scope.spawn(move || store.put(&key(name), large).unwrap());
        }
    });
    assert_eq!(store.list("").unwrap().len(), 6);
    assert!(fake.tokens_given() <= 6, "{}", fake.tokens_given());
}

#[test]
fn who_is_not_believed_hears_it_without_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start();
    let path = federation(&fake, folder.path());
    let store = open(&fake, &[("GOOGLE_APPLICATION_CREDENTIALS", path.to_str().unwrap())]);
    fake.fail("GET", "/o/", 0, 2, Fault::Status(401));
    let error = store.head(&key("a")).unwrap_err();
    fake.all_failed();
    insta::assert_snapshot!(chain(&error), @r"
    cannot read `a` from `gs://lab/x`
    401 Unauthorized: it was told to
    ");
    assert!(error.hint().unwrap().starts_with("the credentials are not accepted"));
    // Nobody gives a token.
    fake.fail("POST", "/token", 0, 1, Fault::Status(400));
    fake.expire_tokens();
    let error = store.head(&key("a")).unwrap_err();
    fake.all_failed();
    let text = chain(&error);
    assert!(
        text.starts_with("cannot read `a` from `gs://lab/x`\ncannot say who we are\nno access token is given for "),
        "{text}"
    );
    for secret in ["token-1", SUBJECT] {
        assert!(!text.contains(secret) && !format!("{error:?}").contains(secret), "{error:?}");
    }
}

#[test]
fn the_address_of_an_upload_is_a_secret() {
    let fake = Fake::start();
    let store = super::bucket(&fake, patient());
    fake.fail("PUT", "upload_id=secret", 0, 5, Fault::ResetBefore);
    let error = store.put(&key("a"), &super::bytes(1 << 20)).unwrap_err();
    assert!(!chain(&error).contains("secret") && !format!("{error:?}").contains("secret"), "{error:?}");
}

#[test]
fn no_credentials_are_an_error_with_a_hint() {
    let fake = Fake::start();
    let check = |variables: &[(&str, &str)], expected: &str| {
        let error = open(&fake, variables).head(&key("a")).unwrap_err();
        let text = chain(&error);
        let causes = text.strip_prefix("cannot read `a` from `gs://lab/x`\ncannot say who we are\n").unwrap();
        assert_eq!(format!("{causes}\n{}", error.hint().unwrap()), expected);
    };
    let nobody = ("GCE_METADATA_HOST", "127.0.0.1:9");
    check(
        &[nobody],
        "there are no credentials for Google Cloud on this machine\nin GitHub Actions, use google-github-actions/auth with \
         workload identity; on a machine at Google, give it a service account; elsewhere, set `GOOGLE_APPLICATION_CREDENTIALS`",
    );
    let names =
        "`GOOGLE_APPLICATION_CREDENTIALS` names a file of google-github-actions/auth, or a key of a service account";
    check(
        &[("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/a.json")],
        &format!("cannot read the credentials `/nowhere/a.json`\nNo such file or directory (os error 2)\n{names}"),
    );
    let folder = tempfile::tempdir().unwrap();
    for (text, problem) in [
        ("secret", "it is no JSON at line 1"),
        ("{}", "it says no `type`"),
        (r#"{"type":"api_key"}"#, "their type `api_key` is not known"),
    ] {
        let path = folder.path().join("a.json");
        fs::write(&path, text).unwrap();
        let path = path.to_str().unwrap();
        let expected = format!("`{path}` holds no credentials: {problem}\n{names}");
        check(&[("GOOGLE_APPLICATION_CREDENTIALS", path)], &expected);
    }
    assert!(fake.seen().is_empty());
}

#[test]
fn who_may_not_hears_which_role_he_needs() {
    let fake = Fake::start();
    let store = super::bucket(&fake, patient());
    fake.fail("POST", "", 0, 1, Fault::Status(403));
    let error = store.put(&key("a"), b"x").unwrap_err();
    fake.all_failed();
    insta::assert_snapshot!(format!("{}\n{}", chain(&error), error.hint().unwrap()), @r"
    cannot store `a` in `gs://lab/team/chip`
    403 Forbidden: it was told to
    grant roles/storage.objectUser on gs://lab (to read only: roles/storage.objectViewer); it may take minutes to have an effect
    ");
}

#[test]
fn a_bucket_that_is_not_there_is_no_empty_one() {
    let fake = Fake::start();
    let environment = Environment::new([("STORAGE_EMULATOR_HOST", fake.url())]);
    let place = BucketPlace::parse("gs://lob/x").unwrap();
    let endpoint = Endpoint::of(&environment).unwrap();
    let store = BucketStore::open(place, endpoint, &environment, BucketSettings::default()).unwrap();
    let errors = [
        store.list("").unwrap_err(),
        store.head(&key("a")).unwrap_err(),
        store.get(&key("a")).unwrap_err(),
        store.read_at(&key("a"), 0, 1).unwrap_err(),
        store.delete(&key("a")).unwrap_err(),
        store.put(&key("a"), b"x").unwrap_err(),
    ];
    for error in errors {
        let text = chain(&error);
        assert!(text.ends_with("\n404 Not Found: The specified bucket does not exist."), "{text}");
        assert_eq!(error.hint().unwrap(), "is gs://lob the right name? shmoo makes no buckets");
    }
}
