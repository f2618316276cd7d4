//! A pull request from a fork whose author means harm: what it may send, and that nothing comes of it but a
//! comment on the pull request that it is.

mod artifact;
mod bombs;
mod forge;
mod injection;
mod judged;
mod paths;
mod spoofed;

use super::fake::{Fake, REPOSITORY};
use super::job::{SUITE, job};
use crate::integration::command::{Done, Outcome, Shmoo, shmoo};
use serde_json::{Value, json};
use shmoo::archive::{Archive, Limits, PackOptions, pack};
use shmoo::outside::folder::{Folder, FolderError, save_whole, unpack};
use std::fs;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const MARKER: &str = "<!-- shmoo comment tiny -->";
/// The fork, and the commit that is the head of its pull request.
const FORK: &str = "mallory/chip";
const SHA: &str = "abc";
/// The fork's pull request.
const PULL: u64 = 2;

/// A run that a fork made, unpacked: to be changed and packed again as an archive in which all digests are right.
struct Forked {
    folder: TempDir,
}

impl Forked {
    /// Sweeps a suite as the fork's own job does.
    fn of(suite: &str) -> Outcome<Forked> {
        Forked::with(&[("suite.yaml", suite)])
    }

    /// The same with further files, the first of which is the suite.
    fn with(files: &[(&str, &str)]) -> Outcome<Forked> {
        let start = files.iter().fold(shmoo(), |shmoo, (path, text)| shmoo.file(path, text));
        let done = start.args(["sweep", files[0].0]).run()?;
        let store = done.path(".shmoo/store/runs");
        let suite = fs::read_dir(store)?.next().ok_or("there is a run")??.path();
        let archive = fs::read_dir(suite)?.next().ok_or("there is an archive")??.path();
        let folder = tempfile::Builder::new().prefix("shmoo-fork-").tempdir()?;
        let file = fs::File::open(archive)?;
        unpack(&Archive::open(&file, Limits::default())?, &folder.path().join("run"))?;
        Ok(Forked { folder })
    }

    /// Changes a JSON file of the run.
    fn edit(self, name: &str, change: impl FnOnce(&mut Value)) -> Forked {
        let path = self.folder.path().join("run").join(name);
        let mut value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(&mut value);
        fs::write(&path, value.to_string()).unwrap();
        self
    }

    /// Changes the text of the suite in the plan, and nothing that is said of it.
    fn mean(self, suite: &str) -> Forked {
        self.edit("plan.json", |plan| plan["sources"][0]["text"] = json!(suite))
    }

    /// Writes a file of the run.
    fn write(self, name: &str, content: &[u8]) -> Forked {
        fs::write(self.folder.path().join("run").join(name), content).unwrap();
        self
    }

    /// Packs the run as it is now.
    fn archive(self) -> Outcome<Sent> {
        let path = self.folder.path().join("run.tar.gz");
        let folder = Folder::open(self.folder.path().join("run"))?;
        // The manifest of the archive that it came from.
        let walked = folder.walk(&|path| path.as_bytes().starts_with(b".shmoo"))?;
        let options = PackOptions::new(NonZeroUsize::MIN, Value::Null);
        save_whole(&path, |out| pack(walked.entries, &folder, out, &options).map_err(FolderError::from))?;
        Ok(Sent { folder: self.folder, path })
    }
}

/// An archive that the fork's job left.
struct Sent {
    #[expect(dead_code, reason = "removes the archive when it goes")]
    folder: TempDir,
    path: PathBuf,
}

impl Sent {
    /// Leaves any bytes.
    fn bytes(bytes: &[u8]) -> Sent {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.tar.gz");
        fs::write(&path, bytes).unwrap();
        Sent { folder, path }
    }
}

impl Deref for Sent {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

/// The event of `workflow_run` for a commit.
fn event(sha: &str, repository: &str) -> Value {
    json!({
        "action": "completed",
        "workflow_run": {
            "id": 3,
            "event": "pull_request",
            "conclusion": "success",
            "head_sha": sha,
            "head_branch": "wider",
            "head_repository": { "full_name": repository },
            "html_url": "https://github.example/lab/chip/actions/runs/3",
        },
        "repository": { "full_name": REPOSITORY, "default_branch": "main" },
    })
}

/// A GitHub on which the fork has its pull request, and somebody else another one.
fn github() -> Fake {
    let fake = Fake::start();
    fake.pull(PULL, SHA, FORK, "wider");
    fake.pull(7, "def", REPOSITORY, "other");
    fake
}

/// The job that receives runs of forks, with the files of the default branch.
fn receiver(fake: &Fake, files: &[(&str, &str)]) -> Shmoo {
    let start = job(shmoo(), fake, &event(SHA, FORK));
    files.iter().fold(start, |start, (path, text)| start.file(path, text))
}

/// Comments on the run of an archive; `files` are those of the default branch.
fn receive(fake: &Fake, archive: &Path, files: &[(&str, &str)]) -> Outcome<Done> {
    receiver(fake, files).args(["comment", "--archive", archive.to_str().ok_or("a plain path")?]).run()
}

/// Checks that an archive is refused with a message, and that nothing was written anywhere.
#[track_caller]
fn refused(archive: &Path, said: &str) {
    let fake = github();
    let done = receive(&fake, archive, &[("suite.yaml", SUITE)]).unwrap();
    assert!(matches!(done.last().code, 2 | 20), "{}: {}", done.last().code, done.last().stderr);
    assert!(done.last().stderr.contains(said), "{said}: {}", done.last().stderr);
    assert!(done.last().stderr.len() < 4000, "{}", done.last().stderr);
    assert_eq!(fake.state().comments, []);
    nothing_kept(&done);
}

/// Checks that no run is on this machine, in the store, or in the history.
#[track_caller]
fn nothing_kept(done: &Done) {
    assert!(!done.path(".shmoo/runs").exists() && !done.path(".shmoo/store").exists());
    let names: Vec<_> = fs::read_dir(&done.root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let known = ["event.json", "suite.yaml", "golden.csv", ".shmoo"];
    assert!(names.iter().all(|name| known.iter().any(|known| name == known)), "{names:?}");
}

/// Returns the one comment that was written, after checking that it is on the fork's pull request.
#[track_caller]
fn only_comment(fake: &Fake) -> String {
    let state = fake.state();
    let comments: Vec<_> = state.comments.iter().map(|comment| (comment.pull_request, comment.hidden)).collect();
    assert_eq!(comments, [(PULL, false)]);
    state.comments[0].body.clone()
}
