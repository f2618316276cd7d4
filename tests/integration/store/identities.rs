//! All ways to be somebody for Google, from the file or the machine to the object in the bucket: the service
//! takes only tokens that it gave out itself, or that a known key has signed.

use super::contract::key;
use super::credentials::{open, open_at};
use super::fake::{ACCOUNT, AUDIENCE, Fake, Fault, REQUEST_TOKEN};
use super::{bytes, chain};
use serde_json::{Value, json};
use shmoo::outside::store::{BucketStore, Store};
use std::fs;
use std::path::Path;

/// Uses a store as a run does: a lease, an archive of several chunks, a list, a part of it, and the end.
fn use_store(store: &BucketStore) {
    let large = bytes(20 << 20);
    assert!(store.put_if_absent(&key("leases/1"), b"ours").unwrap());
    store.put(&key("runs/a.tar.gz"), &large).unwrap();
    assert_eq!(store.list("").unwrap().len(), 2);
    assert!(store.get(&key("runs/a.tar.gz")).unwrap() == large);
    assert_eq!(store.read_at(&key("runs/a.tar.gz"), 7, 3).unwrap(), large[7..10]);
    assert!(store.delete(&key("leases/1")).unwrap());
}

/// Opens a store with credentials in a file.
fn with_file(fake: &Fake, folder: &Path, credentials: &Value) -> BucketStore {
    let path = folder.join("credentials.json");
    fs::write(&path, credentials.to_string()).unwrap();
    open(fake, &[("GOOGLE_APPLICATION_CREDENTIALS", path.to_str().unwrap())])
}

/// The file that google-github-actions/auth writes: the job asks GitHub who it is, and Google what that is worth.
fn of_a_job(fake: &Fake) -> Value {
    json!({
        "type": "external_account",
        "audience": AUDIENCE,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": format!("{}/token", fake.url()),
        "credential_source": {
            "url": format!("{}/oidc?api-version=2.0&audience=https:{AUDIENCE}", fake.url()),
            "headers": { "Authorization": format!("Bearer {REQUEST_TOKEN}") },
            "format": { "type": "json", "subject_token_field_name": "value" },
        },
    })
}

#[test]
fn workload_identity_of_a_job() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start();
    fake.want_tokens();
    let store = with_file(&fake, folder.path(), &of_a_job(&fake));
    use_store(&store);
    assert_eq!(fake.tokens_given(), 1);
    fake.expire_tokens();
    assert!(store.put_if_absent(&key("later"), b"x").unwrap());
    assert_eq!(fake.tokens_given(), 2);
}

#[test]
fn workload_identity_that_acts_as_a_service_account() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start();
    fake.want_tokens();
    let mut credentials = of_a_job(&fake);
    let address = format!("{}/impersonate/{ACCOUNT}:generateAccessToken", fake.url());
    credentials["service_account_impersonation_url"] = json!(address);
    use_store(&with_file(&fake, folder.path(), &credentials));
    assert_eq!(fake.tokens_given(), 2);
}

#[test]
fn a_job_that_is_another_gets_no_token() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start();
    fake.want_tokens();
    let check = |change: &dyn Fn(&mut Value), said: &str| {
        let mut credentials = of_a_job(&fake);
        change(&mut credentials);
        let error = with_file(&fake, folder.path(), &credentials).head(&key("a")).unwrap_err();
        let text = chain(&error);
        assert!(text.contains("no access token is given") && text.contains(said), "{text}");
        for secret in [REQUEST_TOKEN, "subject-1", "another-token"] {
            assert!(!text.contains(secret) && !format!("{error:?}").contains(secret), "{error:?}");
        }
    };
    check(
        &|file| file["credential_source"]["headers"]["Authorization"] = json!("Bearer another-token"),
        "subject token",
    );
    check(&|file| file["audience"] = json!("//iam.googleapis.com/projects/2/x"), "");
    assert_eq!((fake.tokens_given(), fake.names().len()), (0, 0));
}

/// The storage for [`on_a_machine_at_google`].
const STORAGE: &str = "SHMOO_TEST_STORAGE";

/// What [`a_machine_at_google`] lets another process do: who the metadata server is says the environment of a
/// process, and the library reads it there. By itself it has nothing to do.
#[test]
fn on_a_machine_at_google() {
    let variables = shmoo::outside::environment::Environment::new(std::env::vars());
    let (Some(storage), Some(host)) = (variables.get(STORAGE), variables.get("GCE_METADATA_HOST")) else { return };
    use_store(&open_at(storage, &[("GCE_METADATA_HOST", host)]));
}

#[test]
fn a_machine_at_google() {
    let fake = Fake::start();
    fake.want_tokens();
    let run = || {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "integration::store::identities::on_a_machine_at_google"]);
        command.env(STORAGE, fake.url()).env("GCE_METADATA_HOST", fake.address.to_string());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
    };
    run();
    assert_eq!((fake.tokens_given(), fake.names()), (1, vec!["x/runs/a.tar.gz".to_owned()]));
    // A server that is silent for a moment, or has a bad one.
    for fault in [Fault::Status(503), Fault::ResetBefore] {
        fake.expire_tokens();
        fake.fail("GET", "default/token", 0, 1, fault);
        run();
        fake.all_failed();
    }
    assert_eq!(fake.tokens_given(), 3);
}

#[test]
fn a_key_file_signs_for_itself() {
    let folder = tempfile::tempdir().unwrap();
    let new_key = || rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let own = new_key();
    let file = |key: &rcgen::KeyPair| {
        json!({
            "type": "service_account",
            "project_id": "lab",
            "private_key_id": "key-1",
            "private_key": key.serialize_pem(),
            "client_email": ACCOUNT,
            "token_uri": "https://oauth2.googleapis.com/token",
        })
    };
    let fake = Fake::start();
    fake.trust(own.public_key_raw().to_vec());
    use_store(&with_file(&fake, folder.path(), &file(&own)));
    // It asks nobody for a token.
    assert_eq!(fake.tokens_given(), 0);
    // A key that was withdrawn.
    let other = new_key();
    let error = with_file(&fake, folder.path(), &file(&other)).head(&key("a")).unwrap_err();
    let text = chain(&error);
    assert!(text.ends_with("401 Unauthorized: Invalid Credentials"), "{text}");
    let line = other.serialize_pem().lines().nth(3).unwrap().to_owned();
    assert!(!format!("{text}{error:?}").contains(&line));
    // A file that is no key any more.
    let mut broken = file(&own);
    broken["private_key"] = json!(own.serialize_pem().replace("PRIVATE KEY", "SECRET"));
    let error = with_file(&fake, folder.path(), &broken).head(&key("a")).unwrap_err();
    let line = own.serialize_pem().lines().nth(3).unwrap().to_owned();
    assert!(!format!("{}{error:?}", chain(&error)).contains(&line), "{error:?}");
}
