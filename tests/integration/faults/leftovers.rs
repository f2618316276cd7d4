//! What tasks leave in their folders: archives take what they can, and say what they cannot.

use crate::integration::sandbox::Sandbox;
use shmoo::archive::{Archive, Limits};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

fn suite(script: &str, more: &str) -> String {
    let script = script.replace('\n', "\n      ");
    format!(
        "version: 1\nsuite: leftovers\nparams:\n  a: {{ code: a, values: [1] }}\nstages:\n  work:\n    shell: |\n      \
         {script}\n{more}"
    )
}

/// The paths in the archive of the last run, below the task's folder.
fn archived(sandbox: &Sandbox) -> Vec<Vec<u8>> {
    let run = sandbox.runs().pop().unwrap().file_name().unwrap().to_string_lossy().into_owned();
    let file = find(&sandbox.path(".shmoo/store"), &format!("{run}.tar.gz")).expect("the archive is in the store");
    let file = std::fs::File::open(file).unwrap();
    let archive = Archive::open(&file, Limits::default()).unwrap();
    archive.verify().unwrap();
    let items = archive.list().unwrap();
    let paths = items.iter().map(|item| item.path.as_bytes().to_vec());
    paths.filter_map(|path| path.strip_prefix(b"work/work/a1/1.1/").map(<[u8]>::to_vec)).collect()
}

fn find(folder: &std::path::Path, name: &str) -> Option<PathBuf> {
    std::fs::read_dir(folder).ok()?.find_map(|entry| {
        let path = entry.ok()?.path();
        if path.is_dir() { find(&path, name) } else { path.ends_with(name).then_some(path) }
    })
}

#[test]
fn pipes_sockets_devices_and_links_out_are_left_out_and_named() {
    let sandbox = Sandbox::new(&suite(
        "echo kept > kept\nmkfifo pipe\nln -s /etc/passwd away\nln -s kept link\nmknod null c 1 3 || mkfifo null\n\
         perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0) or die; bind(S, sockaddr_un(\"socket\")) or die $!'",
        "    outputs: [kept]\n",
    ));
    let said = sandbox.run_to(0, &["sweep", "suite.yaml"]);
    assert_eq!(archived(&sandbox), [&b"kept"[..], b"link"]);
    for name in ["away", "null", "pipe", "socket"] {
        assert!(said.stderr.contains(&format!("work/work/a1/1.1/{name}`")), "{name}: {}", said.stderr);
    }
}

#[test]
fn ten_thousand_files() {
    let sandbox = Sandbox::new(&suite("touch f{1..10000}", "    evidence: [exit]\n"));
    sandbox.run_to(0, &["sweep", "suite.yaml"]);
    assert_eq!(archived(&sandbox).len(), 10_000);
}

#[test]
fn a_tree_of_two_hundred_folders() {
    // With names of 30 bytes, the path of the last file is longer than the system takes in one call.
    let sandbox = Sandbox::new(&suite(
        "for level in {1..200}; do mkdir d; cd d; done; echo deep > deep\ncd \"$HOME\"\n\
         name=$(printf 'x%.0s' {1..30}); for level in {1..200}; do mkdir $name; cd $name; done; echo deeper > deeper",
        "    evidence: [exit]\n",
    ));
    let said = sandbox.run_to(0, &["sweep", "suite.yaml"]);
    let paths = archived(&sandbox);
    assert!(paths.iter().any(|path| path.ends_with(b"/d/d/deep")), "{}", said.stderr);
    let whole = paths.iter().any(|path| path.ends_with(b"/deeper"));
    assert!(whole || said.stderr.contains("a path that is too long"), "{}", said.stderr);
}

#[test]
fn names_that_are_no_lines_and_no_text() {
    let sandbox = Sandbox::new(&suite(
        "mkdir out; echo 1 > $'out/two\\nlines'; echo 2 > $'bytes\\xff'; echo 3 > '  '; echo 4 > -rf; echo 5 > 'a\\b'",
        "    outputs: [out]\n",
    ));
    sandbox.run_to(0, &["sweep", "suite.yaml"]);
    assert_eq!(archived(&sandbox), [&b"  "[..], b"-rf", b"a\\b", b"bytes\xff", b"out/two\nlines"]);
    let outputs = sandbox.task("work/a1")["outputs"].clone();
    assert_eq!(outputs[0]["path"], "out/two\nlines");
    assert!(sandbox.task_folder("work/a1").join(std::ffi::OsStr::from_bytes(b"bytes\xff")).exists());
}

#[test]
fn an_output_with_a_name_that_is_no_text_is_an_error() {
    let sandbox = Sandbox::new(&suite("mkdir out; echo 2 > $'out/bytes\\xff'", "    outputs: [out]\n"));
    sandbox.run_to(10, &["sweep", "suite.yaml"]);
    let (verdict, message) = sandbox.verdict("work/a1");
    assert!(verdict == "error" && message.contains("is not UTF-8"), "{message}");
}

#[test]
fn outputs_and_evidence_that_are_no_files_are_errors_and_nobody_waits_for_them() {
    let cases = [
        ("mkfifo out", "    outputs: [out]\n", "neither a file nor a folder"),
        ("mkfifo out", "    evidence: [ { metric_lines: out } ]\n", "neither a file nor a folder"),
        ("ln -s /dev/zero out", "    evidence: [ { metric_lines: out } ]\n", "leads out of its folder"),
        ("ln -s /etc/passwd out", "    outputs: [out]\n", "leads out of its folder"),
        ("ln -s ../1.1.stdout out", "    outputs: [out]\n", "leads out of its folder"),
        ("ln -s out out", "    outputs: [out]\n", "out"),
        ("mkdir out", "    evidence: [ { metric_lines: out } ]\n", "out"),
        ("mkdir out; touch out/x", "    outputs: [out]\n", "its output `out` is empty"),
        ("true", "    evidence: [ { metric_lines: out } ]\n", "its evidence `out` is missing"),
        ("mkfifo out", "    rows: { csv: out, keys: { a: a }, fields: { x: x } }\n    metrics: { x: {} }\n", "neither"),
    ];
    for (script, more, expected) in cases {
        let sandbox = Sandbox::new(&suite(script, more));
        let said = sandbox.run_to(10, &["run", "suite.yaml"]);
        let (verdict, message) = sandbox.verdict("work/a1");
        assert_eq!(verdict, "error", "{script} {more} {}", said.stderr);
        assert!(message.contains(expected), "{script} {more}: {message}");
    }
}
