//! Work trees of other commits beside the user's, which stays as it is, and `git bisect run` in one.

use super::submodules::{self, check_out_submodules};
use super::{GitError, git_command, refused, text};
use crate::outside::command::{self, Answer, CommandError};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long git may take to check out or remove a tree.
const LIMIT: Duration = Duration::from_secs(15 * 60);
/// How long a bisection may take: as long as it wants.
const NO_LIMIT: Duration = Duration::from_secs(365 * 24 * 3600);
/// Hooks are written for the user's tree.
const NO_HOOKS: [&str; 2] = ["-c", "core.hooksPath=/dev/null"];

/// Where a folder is in its work tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The top of the work tree, absolute.
    pub top: PathBuf,
    /// The folder, relative to the top.
    pub below: PathBuf,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Commit {
    /// Its full hash.
    pub commit: String,
    /// The first line of its message.
    pub subject: String,
}

/// Returns where a folder is; none where there is no git or no work tree.
pub fn place(folder: &Path) -> Result<Option<Place>, GitError> {
    let Some(top) = told(folder, &["rev-parse", "--show-toplevel"])? else { return Ok(None) };
    let below = told(folder, &["rev-parse", "--show-prefix"])?.unwrap_or_default();
    Ok(Some(Place { top: PathBuf::from(top), below: PathBuf::from(below) }))
}

/// Returns the commit that a revision names; none if there is none here.
pub fn commit(folder: &Path, revision: &str) -> Result<Option<Commit>, GitError> {
    let wanted = format!("{revision}^{{commit}}");
    let Some(hash) = told(folder, &["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted])? else {
        return Ok(None);
    };
    let subject = told(folder, &["log", "-1", "--no-show-signature", "--format=%s", &hash, "--"])?.unwrap_or_default();
    Ok(Some(Commit { commit: hash, subject }))
}

/// Tells whether a commit builds on another, or is it.
pub fn builds_on(folder: &Path, commit: &str, earlier: &str) -> Result<bool, GitError> {
    Ok(done(folder, &["merge-base", "--is-ancestor", earlier, commit])?.status.success())
}

/// A work tree of a commit, removed when it is dropped.
#[derive(Debug)]
pub struct Worktree {
    repository: PathBuf,
    /// Its top.
    pub path: PathBuf,
}

/// Checks a commit out into a folder that must not exist, as a work tree of the repository around
/// `repository`, submodules included. No hook runs, and no branch is touched.
pub fn add_worktree(repository: &Path, commit: &str, path: &Path) -> Result<Worktree, GitError> {
    let worktree = Worktree { repository: repository.to_owned(), path: path.to_owned() };
    let target = path.to_string_lossy();
    let added = done(repository, &["worktree", "add", "--quiet", "--force", "--detach", &target, commit])?;
    if !added.status.success() {
        return Err(refused(repository, &added));
    }
    check_out_submodules(repository, path)?;
    Ok(worktree)
}

impl Worktree {
    /// Takes charge of a work tree that an earlier process has left.
    pub fn left_behind(repository: &Path, path: &Path) -> Worktree {
        Worktree { repository: repository.to_owned(), path: path.to_owned() }
    }
}

impl Drop for Worktree {
    fn drop(&mut self) {
        let path = self.path.to_string_lossy();
        let removed = done(&self.repository, &["worktree", "remove", "--force", "--force", &path]);
        if !removed.is_ok_and(|answer| answer.status.success()) {
            // Half made, or half removed: what git notes of it goes once the folder is gone.
            let _ = fs::remove_dir_all(&self.path);
            let _ = done(&self.repository, &["worktree", "prune"]);
        }
        submodules::forget(&self.repository);
    }
}

/// What a bisection has come to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bisection {
    /// Commits that may be the first bad one, the newest first: one if it was found.
    pub candidates: Vec<Commit>,
    /// What git said if it broke off.
    pub broken: Option<String>,
    /// It was stopped by `goes_on`.
    pub stopped: bool,
}

/// Runs `git bisect run` with a program and its arguments in a work tree, until the first bad commit is
/// found or `goes_on`, which is asked again and again, says no.
pub fn bisect(
    worktree: &Worktree,
    good: &str,
    bad: &str,
    program: &[&str],
    goes_on: &mut dyn FnMut() -> bool,
) -> Result<Bisection, GitError> {
    let tree = &worktree.path;
    let started = done(tree, &["bisect", "start", bad, good])?;
    if !started.status.success() {
        return Err(refused(tree, &started));
    }
    let mut bisection = Bisection { candidates: candidates(tree)?, ..Bisection::default() };
    if bisection.candidates.len() < 2 {
        return Ok(bisection);
    }
    let mut command = git_command(Path::new("git"), tree);
    command.args(NO_HOOKS).args(["bisect", "run"]).args(program);
    match command::answer_while(command, NO_LIMIT, goes_on) {
        Ok(answer) => {
            bisection.candidates = candidates(tree)?;
            if bisection.candidates.len() != 1 {
                let said = text(&answer.stderr);
                let said = said.lines().last().or(text(&answer.stdout).lines().last()).map(str::to_owned);
                bisection.broken = Some(said.unwrap_or_else(|| "it says nothing".to_owned()));
            }
        }
        Err(CommandError::Stopped { .. }) => bisection.stopped = true,
        Err(source) => return Err(GitError::Run { folder: tree.display().to_string(), source }),
    }
    Ok(bisection)
}

/// Returns the commits that a bisection has not acquitted, the newest first.
fn candidates(tree: &Path) -> Result<Vec<Commit>, GitError> {
    let arguments =
        ["log", "--no-show-signature", "--format=%H %s", "refs/bisect/bad", "--not", "--glob=refs/bisect/good-*"];
    let listed = done(tree, &arguments)?;
    if !listed.status.success() {
        return Err(refused(tree, &listed));
    }
    let read = |line: &str| {
        let (commit, subject) = line.split_once(' ').unwrap_or((line, ""));
        Commit { commit: commit.to_owned(), subject: subject.to_owned() }
    };
    Ok(text(&listed.stdout).lines().map(read).collect())
}

pub(super) fn done(folder: &Path, arguments: &[&str]) -> Result<Answer, GitError> {
    let mut command = git_command(Path::new("git"), folder);
    command.args(NO_HOOKS).args(arguments);
    command::answer(command, LIMIT).map_err(|source| GitError::Run { folder: folder.display().to_string(), source })
}

/// Returns what git says; nothing where it fails.
fn told(folder: &Path, arguments: &[&str]) -> Result<Option<String>, GitError> {
    match done(folder, arguments) {
        Ok(answer) => Ok(Some(answer).filter(|answer| answer.status.success()).map(|answer| text(&answer.stdout))),
        Err(GitError::Run { source: CommandError::Start { source, .. }, .. })
            if source.kind() == std::io::ErrorKind::NotFound =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
