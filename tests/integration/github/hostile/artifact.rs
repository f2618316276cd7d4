//! What the fork's job leaves for `report.yml`: the step that takes it, and the whole workflow run by `act`.

use super::{FORK, Forked, PULL, SHA, SUITE, event, github, only_comment};
use crate::integration::command::{Outcome, Output};
use crate::integration::github::act::{act, commit, copy, log, on, root};
use crate::integration::github::fake::{Fake, REPOSITORY, TOKEN};
use crate::integration::github::shell_steps::{program, run, script_of};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Appends a number in as many bytes as it has, little-endian.
fn put<const N: usize>(out: &mut Vec<u8>, bytes: [u8; N]) {
    out.extend(bytes);
}

/// Returns a zip with any names, each with the attributes of a file of Unix.
fn zip(entries: &[(&str, u32, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, mode, content) in entries {
        let at = out.len() as u32;
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, content).unwrap();
        let packed = encoder.finish().unwrap();
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let mut common = Vec::new();
        for number in [20u16, 0, 8, 0, 0x21] {
            put(&mut common, number.to_le_bytes());
        }
        for number in [crc.sum(), packed.len() as u32, content.len() as u32] {
            put(&mut common, number.to_le_bytes());
        }
        put(&mut common, (name.len() as u16).to_le_bytes());
        put(&mut common, 0u16.to_le_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(packed);
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(&common);
        // No comment, first disk, no hint; then the mode, and where the entry is.
        directory.extend([0; 6]);
        put(&mut directory, (mode << 16).to_le_bytes());
        put(&mut directory, at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, length, count) = (out.len() as u32, directory.len() as u32, entries.len() as u16);
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    put(&mut out, count.to_le_bytes());
    put(&mut out, count.to_le_bytes());
    put(&mut out, length.to_le_bytes());
    put(&mut out, start.to_le_bytes());
    put(&mut out, 0u16.to_le_bytes());
    out
}

const FILE: u32 = 0o100_644;
const LINK: u32 = 0o120_777;

/// A runner on which `gh` knows one artifact.
struct Runner {
    folder: TempDir,
}

impl Runner {
    fn new(listed: &Value, artifact: &[u8]) -> Outcome<Runner> {
        let folder = tempfile::Builder::new().prefix("shmoo-runner-").tempdir()?;
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("temp"))?;
        fs::create_dir(path("work"))?;
        fs::write(path("list.json"), listed.to_string())?;
        fs::write(path("artifact"), artifact)?;
        let script = format!(
            "[ \"$1 $GH_TOKEN\" = 'api {TOKEN}' ] || exit 4\ncase \"$2\" in\n\
             repos/{REPOSITORY}/actions/runs/3/artifacts*) cat '{list}' ;;\n\
             repos/{REPOSITORY}/actions/artifacts/5/zip) cat '{zip}' ;;\n*) exit 1 ;;\nesac",
            list = path("list.json").display(),
            zip = path("artifact").display(),
        );
        program(&path("bin"), "gh", &script)?;
        Ok(Runner { folder })
    }

    /// A runner with an artifact of these entries.
    fn with(entries: &[(&str, u32, &[u8])]) -> Runner {
        let zip = zip(entries);
        Runner::new(&listed("shmoo-run", zip.len() as u64, false), &zip).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn take(&self) -> (Output, String) {
        let output = self.path("output");
        fs::write(&output, "").unwrap();
        let taken = run(
            &script_of("report.yml", "- id: artifact"),
            &self.path("work"),
            &[
                ("PATH", &format!("{}:{PATH}", self.path("bin").display())),
                ("GITHUB_REPOSITORY", REPOSITORY),
                ("GITHUB_OUTPUT", output.to_str().unwrap()),
                ("RUNNER_TEMP", self.path("temp").to_str().unwrap()),
                ("GH_TOKEN", TOKEN),
                ("ARTIFACT", "shmoo-run"),
                ("RUN_ID", "3"),
            ],
        );
        (taken.unwrap(), fs::read_to_string(output).unwrap())
    }

    /// Checks that the artifact is refused with a message, and that nothing lies about.
    #[track_caller]
    fn refuses(&self, said: &str) {
        let (taken, output) = self.take();
        assert_eq!((taken.code, output.as_str()), (1, ""), "{}{}", taken.stdout, taken.stderr);
        let expected = format!("::error title=report::{said}");
        assert!(taken.stdout.lines().any(|line| line == expected), "{}{}", taken.stdout, taken.stderr);
        let commands =
            taken.stdout.lines().chain(taken.stderr.lines()).filter(|line| line.trim_start().starts_with("::"));
        assert_eq!(commands.count(), 1, "{}{}", taken.stdout, taken.stderr);
        self.clean();
    }

    #[track_caller]
    fn clean(&self) {
        assert_eq!(names(&self.path("work")), [""; 0]);
        assert!(names(&self.path("temp")).iter().all(|name| ["artifact.zip", "run.tar.gz"].contains(&name.as_str())));
        assert_eq!(names(self.folder.path()), ["artifact", "bin", "list.json", "output", "temp", "work"]);
    }
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

fn listed(name: &str, bytes: u64, expired: bool) -> Value {
    let other = json!({ "id": 4, "name": "other", "size_in_bytes": 1, "expired": false });
    json!({ "artifacts": [other, { "id": 5, "name": name, "size_in_bytes": bytes, "expired": expired }] })
}

#[test]
fn one_file_is_taken() {
    let runner = Runner::with(&[("run.tar.gz", FILE, b"content")]);
    let (taken, output) = runner.take();
    assert_eq!(taken.code, 0, "{}{}", taken.stdout, taken.stderr);
    assert_eq!(output, format!("file={}\n", runner.path("temp/run.tar.gz").display()));
    assert_eq!(fs::read(runner.path("temp/run.tar.gz")).unwrap(), b"content");
    runner.clean();
}

#[test]
fn no_artifact_is_nothing_to_do() {
    for list in [json!({ "artifacts": [] }), listed("another", 5, false), listed("shmoo-run", 5, true)] {
        let runner = Runner::new(&list, b"").unwrap();
        let (taken, output) = runner.take();
        assert_eq!((taken.code, output.as_str()), (0, ""), "{}{}", taken.stdout, taken.stderr);
        assert!(taken.stdout.contains("::notice title=report::the run left no artifact shmoo-run"), "{}", taken.stdout);
    }
}

#[test]
fn what_is_large_is_not_fetched() {
    let runner = Runner::new(&listed("shmoo-run", (256 << 20) + 1, false), b"").unwrap();
    runner.refuses("the artifact has more than 268435456 bytes");
    assert!(!runner.path("temp/artifact.zip").exists());
}

#[test]
fn other_paths_are_not_written() {
    let run = ("run.tar.gz", FILE, &b"content"[..]);
    let said = "the artifact holds something else than one run.tar.gz";
    for name in [
        "../run.tar.gz",
        "../../evil",
        "/tmp/run.tar.gz",
        "a/run.tar.gz",
        "RUN.TAR.GZ",
        "run.tar.gz/",
        "*",
        "::error::pwned",
        "run.tar.gz\n::error::pwned",
        "-d/tmp",
    ] {
        Runner::with(&[(name, FILE, b"evil")]).refuses(said);
        Runner::with(&[run, (name, FILE, b"evil")]).refuses(said);
    }
    Runner::with(&[run, run]).refuses(said);
    Runner::with(&[]).refuses(said);
    let many: Vec<String> = (0..500).map(|number| format!("file-{number}")).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), FILE, &b""[..])).collect();
    Runner::with(&many).refuses(said);
    Runner::new(&listed("shmoo-run", 9, false), b"no zip").unwrap().refuses(said);
}

#[test]
fn a_link_is_its_text() {
    let runner = Runner::with(&[("run.tar.gz", LINK, b"/etc/passwd")]);
    let (taken, _) = runner.take();
    assert_eq!(taken.code, 0, "{}{}", taken.stdout, taken.stderr);
    assert!(!runner.path("temp/run.tar.gz").is_symlink());
    assert_eq!(fs::read(runner.path("temp/run.tar.gz")).unwrap(), b"/etc/passwd");
}

#[test]
fn an_artifact_that_unpacks_to_more_is_cut_off() {
    let said = "run.tar.gz cannot be unpacked, or has more than 268435456 bytes";
    let runner = Runner::with(&[("run.tar.gz", FILE, &vec![0; 400 << 20])]);
    runner.refuses(said);
    assert!(fs::metadata(runner.path("temp/run.tar.gz")).unwrap().len() <= (256 << 20) + 1);
    // Damaged on the way, or by its author.
    let mut damaged = zip(&[("run.tar.gz", FILE, b"some content that is long enough")]);
    damaged[45] ^= 0xff;
    Runner::new(&listed("shmoo-run", damaged.len() as u64, false), &damaged).unwrap().refuses(said);
}

/// The shipped `report.yml`, as far as `act` can run it, and a workflow that calls it as the documents say.
fn repository(event: &Value) -> Outcome<TempDir> {
    let folder = tempfile::Builder::new().prefix("shmoo-act-").tempdir()?;
    copy(&root().join("actions"), &folder.path().join("actions"))?;
    let workflows = folder.path().join(".github/workflows");
    fs::create_dir_all(&workflows)?;
    let shipped = fs::read_to_string(root().join(".github/workflows/report.yml"))?;
    let known = shipped.lines().filter(|line| !line.contains("$/actions/setup"));
    let known: Vec<String> = known.map(|line| line.replace("$/actions", "./actions")).collect();
    fs::write(workflows.join("report.yml"), known.join("\n") + "\n")?;
    let documents = fs::read_to_string(root().join("docs/github.md"))?;
    let caller = documents.split("# fragment\n").find(|text| text.starts_with("name: comment on pull requests"));
    let caller = caller.and_then(|text| text.split("```").next()).ok_or("the documents show a caller")?;
    let caller = caller.replace("OWNER/shmoo/.github/workflows/report.yml@v0.1.0", "./.github/workflows/report.yml");
    fs::write(workflows.join("caller.yml"), caller)?;
    fs::write(folder.path().join("suite.yaml"), SUITE)?;
    fs::write(folder.path().join("event.json"), event.to_string())?;
    commit(folder.path())?;
    Ok(folder)
}

/// Runs the workflows for an event; returns whether they ended well, and the log.
fn workflow(fake: &Fake, event: &Value, runner: &Runner) -> Outcome<(bool, String)> {
    let repository = repository(event)?;
    let home = tempfile::tempdir()?;
    let binary = Path::new(env!("CARGO_BIN_EXE_shmoo")).parent().ok_or("the binary lies somewhere")?;
    let output = act(["workflow_run", ".github/workflows/caller.yml"], repository.path(), home.path(), binary)
        .args(["-e", "event.json", "-s"])
        .arg(format!("GITHUB_TOKEN={TOKEN}"))
        .args(on(fake))
        .env("PATH", format!("{}:{}:{PATH}", runner.path("bin").display(), binary.display()))
        .output()?;
    let log = log(&output);
    assert!(!log.contains(TOKEN), "the token is in the log");
    let clean = Command::new("git").args(["status", "--porcelain"]).current_dir(repository.path()).output()?;
    assert_eq!(String::from_utf8_lossy(&clean.stdout), "");
    Ok((output.status.success(), log))
}

#[test]
fn the_whole_way_of_a_run_of_a_fork() {
    let archive = fs::read(&*Forked::of(SUITE).unwrap().archive().unwrap()).unwrap();
    let runner = Runner::with(&[("run.tar.gz", FILE, &archive)]);
    let fake = github();
    let (good, log) = workflow(&fake, &event(SHA, FORK), &runner).unwrap();
    assert!(good, "{log}");
    let body = only_comment(&fake);
    assert!(body.contains("failed: 1 of 2 cases did not pass") && body.contains("it is no base for others"), "{body}");
    assert_eq!(fake.state().comments[0].pull_request, PULL);
}

#[test]
fn the_whole_way_of_what_is_no_run() {
    let runner = Runner::with(&[("run.tar.gz", FILE, b"no archive"), ("../evil", FILE, b"evil")]);
    let fake = github();
    let (good, log) = workflow(&fake, &event(SHA, FORK), &runner).unwrap();
    assert!(!good && log.contains("something else than one run.tar.gz"), "{log}");
    assert_eq!(fake.calls(), [""; 0]);
    // A run of this repository has commented by itself.
    let (_, log) = workflow(&fake, &event("def", REPOSITORY), &runner).unwrap();
    assert!(!log.contains("run.tar.gz"), "{log}");
    assert_eq!(fake.calls(), [""; 0]);
}
