//! What tests of GitHub have in common: a small suite, and the environment of a job.

use super::fake::{Fake, REPOSITORY, TOKEN};
use crate::integration::command::{Done, Shmoo};
use serde_json::Value;

/// Two cases, one of which misses its expectation.
pub(super) const SUITE: &str = r#"version: 1
suite: tiny
params:
  size: { code: s, values: [1, 2] }
stages:
  count:
    shell: echo "lines=$SHMOO_PARAM_SIZE"
    evidence: [{ key_value: stdout }]
    metrics:
      lines: { better: exact, expect: { lt: 2 } }
"#;

/// Returns the suite with another name; with a limit of 3 both cases meet it.
pub(super) fn suite(name: &str, limit: u32) -> String {
    SUITE.replace("tiny", name).replace("lt: 2", &format!("lt: {limit}"))
}

/// Lets commands run in a job of a GitHub that an event began.
pub(super) fn job(start: Shmoo, fake: &Fake, event: &Value) -> Shmoo {
    start
        .file("event.json", &event.to_string())
        .env("GITHUB_API_URL", &fake.url)
        .env("GITHUB_REPOSITORY", REPOSITORY)
        .env("GITHUB_TOKEN", TOKEN)
        .env("GITHUB_EVENT_PATH", "event.json")
        .env("GITHUB_SERVER_URL", "https://github.example")
        .env("GITHUB_RUN_ID", "17")
}

pub(super) fn codes(done: &Done) -> Vec<i32> {
    done.outputs.iter().map(|output| output.code).collect()
}
