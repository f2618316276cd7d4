//! Short files that mean a lot: each is refused before it is made, within little memory.

use super::forge::{Raw, ours, with_manifest};
use super::{Forked, SUITE, Sent, github, receiver, refused};
use serde_json::json;
use std::fs;
use std::path::Path;

/// A suite of so many cases, in the words of [`SUITE`].
fn suite_of(params: &str) -> String {
    SUITE.replace("  size: { code: s, values: [1, 2] }\n", params)
}

/// 50 million cases in two lines.
fn wide() -> String {
    suite_of(
        "  size: { code: s, values: { range: { start: 1, stop: 10000, step: 1 } } }
  other: { code: o, values: { range: { start: 1, stop: 5000, step: 1 } } }\n",
    )
}

#[test]
fn a_plan_that_says_more_than_its_record() {
    let forked = Forked::of(SUITE).unwrap().edit("plan.json", |plan| plan["cases"] = json!(50_000_000));
    refused(&forked.archive().unwrap(), "its plan says 50000000 cases and 2 tasks, its record has 2 and 2");
}

#[test]
fn a_recipe_for_50_million_cases() {
    let forked = Forked::of(SUITE).unwrap().mean(&wide());
    refused(&forked.archive().unwrap(), "more than 2 cases");
}

#[test]
fn a_recipe_that_looks_at_everything_and_takes_nothing() {
    let params: String = ["a", "b", "c", "d"]
        .map(|name| format!("  {name}: {{ code: {name}, values: {{ range: {{ start: 1, stop: 1000, step: 1 }} }} }}\n"))
        .concat();
    let suite = suite_of(&params).replace("stages:", "where: [d < 0]\nstages:").replace("_SIZE", "_A");
    refused(&Forked::of(SUITE).unwrap().mean(&suite).archive().unwrap(), "more than 4000000 combinations of values");
}

#[test]
fn a_recipe_for_millions_of_repeats() {
    let suite = SUITE.replace("    shell:", "    repeat: { count: 1000000 }\n    shell:");
    refused(&Forked::of(SUITE).unwrap().mean(&suite).archive().unwrap(), "the plan has more than 2 tasks");
}

#[test]
fn a_recipe_with_more_values_than_memory() {
    let params: String = (0..50)
        .map(|number| {
            format!("  p{number}: {{ code: c{number}_, values: {{ range: {{ start: 1, stop: 50000, step: 1 }} }} }}\n")
        })
        .collect();
    let suite = suite_of(&params).replace("_SIZE", "_P1");
    refused(&Forked::of(SUITE).unwrap().mean(&suite).archive().unwrap(), "the suite makes more than 2000000 values");
}

#[test]
fn a_record_that_does_not_fit_its_plan() {
    let check = |change: fn(&mut serde_json::Value), said: &str| {
        let forked = Forked::of(SUITE).unwrap().edit("record.json", change);
        refused(&forked.archive().unwrap(), said);
    };
    check(
        |record| {
            let row = record["cases"][0].clone();
            record["cases"] = vec![row; 3].into();
        },
        "its plan says 2 cases and 2 tasks, its record has 3 and 2",
    );
    check(|record| record["tasks"].as_array_mut().unwrap().truncate(1), "its record has 2 and 1");
    check(
        |record| record["tasks"].as_array_mut().unwrap().reverse(),
        "its record has `count/s2` where its plan has `count/s1`",
    );
    check(|record| record["tasks"] = json!({}), "is no archive of a run: invalid type: map");
    check(|record| record["run"]["id"] = json!("../../etc/passwd"), "is no archive of a run");
    check(|record| record["run"]["plan"] = json!("0".repeat(64)), "its record is of another plan than its plan file");
}

#[test]
fn files_that_unpack_to_more_than_they_may() {
    // A record that ends well after 65 MB, and does not shrink.
    let forked = Forked::of(SUITE).unwrap();
    let mut record = fs::read(forked.folder.path().join("run/record.json")).unwrap();
    record.extend(noise(65 << 20).iter().map(|byte| [b' ', b'\n', b'\t', b'\r'][usize::from(byte & 3)]));
    refused(&forked.write("record.json", &record).archive().unwrap(), "a file in it has more than 64 MiB");
    // A thousand bytes for each that is there.
    let zeros = ours(&[Raw::file("plan.json", &vec![0; 300 << 20]), Raw::file("record.json", b"{}")], |_| {});
    assert!(zeros.len() < 1 << 20);
    refused(&Sent::bytes(&zeros), "cannot use the archive");
    // A manifest that is one.
    let mut bytes = Vec::new();
    with_manifest(&mut bytes, &vec![b' '; 200 << 20]);
    refused(&Sent::bytes(&bytes), "cannot use the archive");
    let deep = format!("{}{}", "[".repeat(1 << 20), "]".repeat(1 << 20));
    let deep = ours(&[Raw::file("plan.json", deep.as_bytes()), Raw::file("record.json", b"{}")], |_| {});
    refused(&Sent::bytes(&deep), "cannot use the plan");
}

/// Returns bytes that do not shrink.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[test]
fn an_archive_of_more_than_100_megabytes() {
    let sparse = Sent::bytes(b"");
    fs::File::create(&*sparse).unwrap().set_len(257 << 20).unwrap();
    refused(&sparse, "it has more than 256 MiB");
    // What is large and allowed is not read: nobody asks for the folders of tasks.
    let forked = Forked::of(SUITE).unwrap();
    let noise = noise(100 << 20);
    let archive = forked.write("work.bin", &noise).archive().unwrap();
    assert!(fs::metadata(&*archive).unwrap().len() > 100 << 20);
    within(&archive, "accepted");
}

/// Lets an archive be received in less than 1.5 GB of addresses and a minute of processor time.
#[track_caller]
fn within(archive: &Path, expected: &str) {
    let fake = github();
    let script = format!(
        "ulimit -v 1500000 -t 60; \"$SHMOO\" comment --archive '{}' 2>&1 && echo accepted || echo refused",
        archive.display()
    );
    let done = receiver(&fake, &[]).env("SHMOO", env!("CARGO_BIN_EXE_shmoo")).shell(&script).run().unwrap();
    let said = &done.last().stdout;
    assert!(said.contains(expected) && !said.contains("panicked") && !said.contains("memory allocation"), "{said}");
}

#[test]
fn little_memory_is_enough_to_refuse() {
    within(&Forked::of(SUITE).unwrap().mean(&wide()).archive().unwrap(), "more than 2 cases");
    let zeros = ours(&[Raw::file("plan.json", &vec![0; 300 << 20])], |_| {});
    within(&Sent::bytes(&zeros), "refused");
    let mut list = b"[".to_vec();
    list.resize(60 << 20, b'[');
    let list = ours(&[Raw::file("plan.json", &list), Raw::file("record.json", b"{}")], |_| {});
    within(&Sent::bytes(&list), "cannot use the plan");
}
