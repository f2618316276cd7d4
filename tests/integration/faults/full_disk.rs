//! A disk that is full: during a task, the ledger, the archive.
//!
//! The disk is a small tmpfs. Who may not mount runs these tests again as root of a user namespace of
//! its own; where that is refused too, they fail and say so.

use crate::integration::sandbox::{Sandbox, until_true};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Set for a test that runs in a namespace of its own.
const INSIDE: &str = "SHMOO_TEST_INSIDE_NAMESPACE";

struct Disk {
    folder: TempDir,
}

impl Disk {
    fn mount(size: &str) -> Option<Disk> {
        let folder = TempDir::new().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder.path())
            .output()
            .is_ok_and(|output| output.status.success());
        mounted.then_some(Disk { folder })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves at most this much room, in a file beside the project's own.
    fn leave(&self, bytes: u64) {
        let stat = rustix::fs::statvfs(self.path()).unwrap();
        let free = stat.f_bavail * stat.f_frsize;
        let ballast = vec![1; usize::try_from(free.saturating_sub(bytes)).unwrap()];
        match fs::write(self.path().join("ballast"), ballast) {
            // A run that goes on meanwhile took the rest of it.
            Err(error) if error.kind() == ErrorKind::StorageFull => {}
            written => written.unwrap(),
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.path().join("ballast")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

/// Runs a test on a small disk.
fn on_disk(size: &str, name: &str, test: impl FnOnce(&Disk)) {
    if let Some(disk) = Disk::mount(size) {
        return test(&disk);
    }
    assert!(std::env::var_os(INSIDE).is_none(), "a tmpfs cannot be mounted, not even in a user namespace");
    let path = format!("integration::faults::full_disk::{name}");
    let output = Command::new("unshare")
        .arg("-rm")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &path, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("neither `mount` nor `unshare` works here, so there is no small disk to fill");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn full_while_tasks_write() {
    on_disk("16m", "full_while_tasks_write", |disk| {
        let sandbox = Sandbox::within(
            disk.path(),
            r#"
version: 1
suite: full
params:
  a: { code: a, values: { range: { start: 1, stop: 20, step: 1 } } }
stages:
  write:
    cmd: [head, -c, 200K, /dev/urandom]
    evidence: [exit]
  use:
    inputs: [root/model]
    cmd: [wc, -c, model]
    evidence: [exit]
"#,
        );
        sandbox.write("model", vec![7; 100 << 10]);
        disk.leave(1500 << 10);
        let said = sandbox.run_to(20, &["run", "suite.yaml"]);
        assert!(said.stderr.contains("error: the run cannot go on"), "{}", said.stderr);
        assert!(said.stderr.contains("No space left on device"), "{}", said.stderr);
        assert!(said.stderr.contains("make room on the disk"), "{}", said.stderr);
        let before = sandbox.finished();
        assert!(!before.is_empty() && before.len() < 40);
        assert!(before.values().all(|event| event["verdict"] == "pass"), "{before:#?}");
        // Still full: refused again, nothing lost.
        sandbox.run_to(20, &["run", "suite.yaml", "--continue", "last"]);
        disk.make_room();
        sandbox.run_to(0, &["run", "suite.yaml", "--continue", "last"]);
        assert_eq!(sandbox.events("finished").len(), 40);
        assert_eq!(sandbox.report()["totals"]["tasks"]["pass"], 40);
    });
}

#[test]
fn a_task_that_fills_the_disk_and_tidies_up_has_an_error_of_its_own() {
    on_disk("8m", "a_task_that_fills_the_disk_and_tidies_up_has_an_error_of_its_own", |disk| {
        let sandbox = Sandbox::within(
            disk.path(),
            r#"
version: 1
suite: greedy
params:
  a: { code: a, values: [1, 2] }
stages:
  work:
    shell: |
      if [ "$SHMOO_PARAM_A" = 1 ]; then
        head -c 20M /dev/zero > big 2> /dev/null || { rm big; echo "no room for it" >&2; exit 5; }
      fi
      echo done > out
    outputs: [out]
"#,
        );
        sandbox.run_to(10, &["run", "suite.yaml", "--jobs", "1"]);
        assert_eq!(sandbox.verdict("work/a1"), ("error".to_owned(), "it ended with exit code 5".to_owned()));
        assert_eq!(sandbox.task("work/a1")["quotes"][0]["text"], "no room for it");
        assert_eq!(sandbox.verdict("work/a2").0, "pass");
    });
}

#[test]
fn full_before_the_run_starts() {
    on_disk("4m", "full_before_the_run_starts", |disk| {
        let sandbox = Sandbox::within(
            disk.path(),
            "version: 1\nsuite: full\nparams:\n  a: { code: a, values: [1] }\nstages:\n  work:\n    cmd: [true]\n    \
             evidence: [exit]\n",
        );
        disk.leave(0);
        let said = sandbox.run_to(20, &["run", "suite.yaml"]);
        assert!(said.stderr.contains("make room on the disk"), "{}", said.stderr);
        assert!(sandbox.runs().is_empty(), "{:?}", sandbox.runs());
        disk.make_room();
        sandbox.run_to(0, &["run", "suite.yaml"]);
    });
}

#[test]
fn full_while_the_ledger_is_written() {
    on_disk("8m", "full_while_the_ledger_is_written", |disk| {
        // The tasks themselves need no room: what grows is the ledger.
        let sandbox = Sandbox::within(
            disk.path(),
            r#"
version: 1
suite: ledger-full
params:
  a: { code: a, values: { range: { start: 1, stop: 60, step: 1 } } }
stages:
  work:
    shell: |
      : > @ROOT@/started
      while ! test -e @ROOT@/go; do sleep 0.01; done
    evidence: [exit]
"#,
        );
        let started = sandbox.start(&["run", "suite.yaml", "--jobs", "2"]);
        until_true("the first task", || sandbox.path("started").exists());
        disk.leave(0);
        // An empty file needs no room.
        sandbox.write("go", "");
        let said = started.end();
        assert_eq!(said.code, 20, "{}", said.stderr);
        assert!(said.stderr.contains("cannot write the ledger"), "{}", said.stderr);
        assert!(said.stderr.contains("make room"), "{}", said.stderr);
        let text = fs::read_to_string(&sandbox.ledgers()[0]).unwrap();
        assert!(text.ends_with('\n'), "a part of a line was left");
        let before = sandbox.finished().len();
        assert!(before < 60);
        disk.make_room();
        sandbox.run_to(0, &["run", "suite.yaml", "--continue", "last"]);
        assert_eq!(sandbox.events("finished").len(), 60);
    });
}

#[test]
fn full_while_the_archive_is_made() {
    on_disk("16m", "full_while_the_archive_is_made", |disk| {
        let sandbox = Sandbox::within(
            disk.path(),
            r#"
version: 1
suite: archive-full
params:
  a: { code: a, values: [1, 2, 3, 4] }
stages:
  work:
    cmd: [dd, if=/dev/urandom, of=noise, bs=1M, count=1, status=none]
    outputs: [noise]
"#,
        );
        disk.leave(6 << 20);
        let said = sandbox.run_to(20, &["sweep", "suite.yaml"]);
        assert!(said.stderr.contains("No space left on device"), "{}", said.stderr);
        let run = sandbox.runs().pop().unwrap();
        assert!(!run.join("archive.tar.gz.part").exists());
        let record = fs::read(run.join("record.json")).ok();
        let record: Option<serde_json::Value> = record.map(|bytes| serde_json::from_slice(&bytes).unwrap());
        assert!(record.is_none_or(|record| record["run"]["archive"].is_null()));
        let stored =
            Command::new("find").arg(sandbox.path(".shmoo/store")).args(["-type", "f", "-size", "+0"]).output();
        assert_eq!(String::from_utf8_lossy(&stored.unwrap().stdout), "");
        assert_eq!(sandbox.finished().len(), 4);
        disk.make_room();
        sandbox.run_to(0, &["sweep", "suite.yaml", "--continue", "last"]);
        assert_eq!(sandbox.events("finished").len(), 4);
        let name = run.file_name().unwrap().to_string_lossy().into_owned();
        assert!(sandbox.path(&format!(".shmoo/store/runs/archive-full/{name}.tar.gz")).exists());
        assert_eq!(sandbox.report()["run"]["archive"], format!("runs/archive-full/{name}.tar.gz"));
    });
}
