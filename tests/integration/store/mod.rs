//! Stores: the same promises of all, and a bucket whose service and network misbehave.

mod commands;
mod contract;
mod credentials;
mod damage;
mod fake;
pub(in crate::integration) mod fake_gcs_server;
mod identities;
mod misbehaving;
mod promises;
mod storm;

use fake::Fake;
use shmoo::outside::environment::Environment;
use shmoo::outside::store::{BucketSettings, BucketStore, Endpoint, Patience};
use std::error::Error;
use std::time::Duration;

/// A patience for tests: as many attempts as for people, with short pauses.
fn patient() -> Patience {
    Patience {
        attempts: 5,
        total: Duration::from_secs(60),
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(20),
        connect: Duration::from_secs(5),
        silence: Duration::from_secs(10),
        slowest: 1 << 20,
    }
}

/// Opens `gs://lab/team/chip` where the fake answers, with small chunks.
fn bucket(fake: &Fake, patience: Patience) -> BucketStore {
    at(&fake.url(), patience)
}

/// Opens `gs://lab/team/chip` at an emulator.
fn at(url: &str, patience: Patience) -> BucketStore {
    let environment = Environment::new([("STORAGE_EMULATOR_HOST", url)]);
    let endpoint = Endpoint::of(&environment).unwrap();
    let settings = BucketSettings { patience, chunk: 512 << 10 };
    let place = shmoo::outside::store::BucketPlace::parse("gs://lab/team/chip").unwrap();
    BucketStore::open(place, endpoint, &environment, settings).unwrap()
}

/// Returns an error with its causes, one a line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!("\n{cause}"));
        source = cause.source();
    }
    text
}

/// Returns bytes of no pattern that a chunk or a page could follow.
fn bytes(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// Posts a body, and returns the status.
fn post(url: &str, kind: &str, body: String) -> u16 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.post(url).header("content-type", kind).body(body).send().await.unwrap().status().as_u16()
    })
}
