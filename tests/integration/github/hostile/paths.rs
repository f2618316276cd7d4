//! Entries that would be written elsewhere: neither a comment nor `restore` puts anything outside of a folder.

use super::forge::{Raw, ours, plain};
use super::{SUITE, refused};
use crate::integration::command::shmoo;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use tar::EntryType::{Block, Char, Fifo, Link, Symlink};

/// Archives with one trick each, with our manifest and without one.
fn tricks(outside: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let outside = outside.display().to_string();
    let absolute = format!("{outside}/evil");
    let entries: [(&str, Vec<Raw>); 12] = [
        ("up", vec![Raw::file("../evil", b"x")]),
        ("up in the middle", vec![Raw::file("work/../../evil", b"x")]),
        ("absolute", vec![Raw::file(&absolute, b"x")]),
        ("link out", vec![Raw::special("plan.json", Symlink, "/etc/passwd")]),
        ("link up", vec![Raw::special("plan.json", Symlink, "../../../../etc/passwd")]),
        ("through a link", vec![Raw::special("a", Symlink, &outside), Raw::file("a/evil", b"x")]),
        ("through a link inside", vec![Raw::special("a", Symlink, "b"), Raw::file("a/evil", b"x")]),
        ("hard link out", vec![Raw::special("a", Link, "/etc/passwd")]),
        ("hard link up", vec![Raw::special("a", Link, "../event.json")]),
        ("device", vec![Raw::special("a", Char, ""), Raw::special("b", Block, ""), Raw::special("c", Fifo, "")]),
        ("twice", vec![Raw::file("plan.json", b"{}"), Raw::file("plan.json", b"{\"a\":1}")]),
        ("a file that is a folder", vec![Raw::file("a", b"x"), Raw::file("a/evil", b"x")]),
    ];
    let both = entries.iter().flat_map(|(name, entries)| [(*name, ours(entries, |_| {})), (*name, plain(entries))]);
    let mut all: Vec<_> = both.collect();
    // The manifest says one thing, the tar another.
    let renamed = ours(&[Raw::file("../evil", b"x")], |lines| lines[0]["path"] = "plan.json".into());
    let doubled = ours(&[Raw::file("plan.json", b"{}")], |lines| lines.push(lines[0].clone()));
    let elsewhere = ours(&[Raw::file("a", b"x"), Raw::file("plan.json", b"{}")], |lines| {
        lines[1]["at"] = 0.into();
    });
    let other = ours(&[Raw::special("plan.json", Symlink, "/etc/passwd")], |lines| {
        lines[0] = serde_json::json!({ "path": "plan.json", "type": "file", "size": 0, "sha256": "0".repeat(64), "member": 0, "at": 0 });
    });
    all.extend([("renamed", renamed), ("doubled", doubled), ("elsewhere", elsewhere), ("another kind", other)]);
    all
}

#[test]
fn no_comment_comes_of_an_archive_with_tricks() {
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("run.tar.gz");
    for (name, bytes) in tricks(outside.path()) {
        fs::write(&file, bytes).unwrap();
        refused(&file, "archive");
        assert_eq!(listing(outside.path()), ["run.tar.gz"], "{name}");
    }
}

#[test]
fn nothing_is_restored_outside_of_a_folder() {
    let outside = tempfile::tempdir().unwrap();
    let tricks = tricks(outside.path());
    // One of them after the other where the archive of a run is.
    let mut shmoo = shmoo().file("suite.yaml", SUITE).before(["sweep", "suite.yaml"]).remove(".shmoo/runs/RUN-1");
    for (number, (_, bytes)) in tricks.iter().enumerate() {
        let file = outside.path().join(number.to_string());
        fs::write(&file, bytes).unwrap();
        shmoo = shmoo
            .shell(&format!("cp '{}' .shmoo/store/runs/tiny/RUN-1.tar.gz", file.display()))
            .args(["restore", "RUN-1"])
            .args(["restore", "RUN-1", "--into", "new"])
            .args(["repro", "s1", "--run", "RUN-1"]);
    }
    let before = listing(outside.path());
    let done = shmoo.run().unwrap();
    for (outputs, (name, _)) in done.outputs[1..].chunks(4).zip(&tricks) {
        for output in &outputs[1..] {
            assert!(matches!(output.code, 2 | 20), "{name}: {} {}", output.code, output.stderr);
        }
    }
    assert_eq!(listing(&done.root), [".shmoo", "suite.yaml"]);
    assert_eq!(listing(&done.path(".shmoo/runs")), [""; 0]);
    assert_eq!(listing(outside.path()), before);
}

/// Returns the names in a folder, in order.
fn listing(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn a_link_that_lies_in_wait_is_not_written_through() {
    let outside = tempfile::tempdir().unwrap();
    let precious = outside.path().join("precious");
    fs::write(&precious, "precious").unwrap();
    let done = shmoo()
        .file("suite.yaml", SUITE)
        .before(["sweep", "suite.yaml"])
        .shell(&format!("ln -s '{0}' one; ln -s '{0}' two", precious.display()))
        .args(["restore", "RUN-1", "--file", "record.json", "--into", "one"])
        .args(["restore", "RUN-1", "--into", "two"])
        .run()
        .unwrap();
    assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
    // A file takes the place of the link; a folder takes no place that is taken.
    let [.., file, folder] = done.outputs.as_slice() else { panic!("there are two commands") };
    assert_eq!((file.code, folder.code), (0, 2), "{}{}", file.stderr, folder.stderr);
    assert!(!done.path("one").is_symlink() && done.path("two").is_symlink());
    let linked = outside.path().join("linked");
    symlink("/etc/passwd", &linked).unwrap();
    refused(&linked, "is no archive of a run: it has no manifest");
}
