//! The commit that is measured, what changed up to it (`changed`), and work trees of other commits (`worktree`).

mod changed;
mod submodules;
mod worktree;

pub use changed::{Changed, changed_since};
pub use submodules::check_out_submodules;
pub use worktree::{Bisection, Commit, Place, Worktree, add_worktree, bisect, builds_on, commit, place};

use super::command::{self, Answer, CommandError};
use super::environment::Ci;
use crate::record::SourceInfo;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Why git could not tell the commit although there may be one.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// It did not end, or could not be started.
    #[error("cannot ask git about `{folder}`")]
    Run {
        /// The folder.
        folder: String,
        /// Why.
        #[source]
        source: CommandError,
    },
    /// It refused.
    #[error("git refuses to tell about `{folder}`: {message}")]
    Refused {
        /// The folder.
        folder: String,
        /// What it said.
        message: String,
    },
    /// The user's checkout of a submodule lacks a commit.
    #[error("cannot check out commit {commit} of the submodule `{path}`: {message}")]
    Submodule {
        /// Where it is in its repository.
        path: String,
        /// The commit that is wanted.
        commit: String,
        /// What git said.
        message: String,
    },
}

impl GitError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            GitError::Refused { folder, message } if message.contains("dubious ownership") => {
                Some(format!("the folder belongs to another user: `git config --global --add safe.directory {folder}`"))
            }
            GitError::Submodule { path, .. } => Some(format!("fetch it there: `git -C {path} fetch origin`")),
            GitError::Run { .. } | GitError::Refused { .. } => None,
        }
    }
}

/// Large work trees on slow disks take seconds.
const LIMIT: Duration = Duration::from_secs(60);

/// Returns commit, branch, where it left the base branch, and whether there are changes, for the work
/// tree that holds `folder`; none where git is not installed or `folder` is in no work tree.
///
/// What CI says stands in for the branch where none is checked out, and names the base branch; else
/// that is the main branch of `origin`, or `main` or `master`. Files that git does not know count as
/// changes, but for those in folders named `.shmoo`.
pub fn source_info(folder: &Path, ci: &Ci) -> Result<Option<SourceInfo>, GitError> {
    source_info_with(Path::new("git"), folder, ci)
}

/// Commits and their parents, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ancestry {
    /// Each commit with its parents.
    pub commits: Vec<(String, Vec<String>)>,
    /// Whether older commits were not fetched.
    pub shallow: bool,
}

/// Commits that are looked at, at most: a line is 41 bytes for each commit and each parent.
const MOST_COMMITS: &str = "--max-count=20000";

/// Returns a commit and what it builds on; none where the work tree that holds `folder` does not know
/// it, or there is none.
pub fn ancestry(folder: &Path, commit: &str) -> Result<Option<Ancestry>, GitError> {
    // What else a text may mean to git is not asked.
    if commit.is_empty() || !commit.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(None);
    }
    let git = Path::new("git");
    let Some(listed) = ask(git, folder, &["rev-list", "--parents", MOST_COMMITS, commit, "--"])? else {
        return Ok(None);
    };
    if !listed.status.success() {
        let said = text(&listed.stderr);
        let unknown = ["bad object", "bad revision", "not a git repository", "unknown revision"];
        return if unknown.iter().any(|words| said.contains(words)) { Ok(None) } else { Err(refused(folder, &listed)) };
    }
    let commits = text(&listed.stdout)
        .lines()
        .filter_map(|line| {
            let mut names = line.split(' ').map(str::to_owned);
            Some((names.next()?, names.collect()))
        })
        .collect();
    let shallow = ask(git, folder, &["rev-parse", "--is-shallow-repository"])?;
    Ok(Some(Ancestry { commits, shallow: shallow.is_some_and(|answer| text(&answer.stdout) == "true") }))
}

/// Returns how many commits `to` builds on that `from` does not; none where git does not know both.
pub fn commits_between(folder: &Path, from: &str, to: &str) -> Result<Option<u64>, GitError> {
    let is_hash = |commit: &str| !commit.is_empty() && commit.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !is_hash(from) || !is_hash(to) {
        return Ok(None);
    }
    let counted = ask(Path::new("git"), folder, &["rev-list", "--count", &format!("{from}..{to}"), "--"])?;
    Ok(counted.filter(|answer| answer.status.success()).and_then(|answer| text(&answer.stdout).parse().ok()))
}

fn source_info_with(git: &Path, folder: &Path, ci: &Ci) -> Result<Option<SourceInfo>, GitError> {
    let Some(inside) = ask(git, folder, &["rev-parse", "--is-inside-work-tree"])? else { return Ok(None) };
    if !inside.status.success() {
        let message = text(&inside.stderr);
        let nothing = message.contains("not a git repository");
        return if nothing { Ok(None) } else { Err(refused(folder, &inside)) };
    }
    if text(&inside.stdout) != "true" {
        return Ok(None);
    }
    let tell = |arguments: &[&str]| -> Told {
        let answer = ask(git, folder, arguments)?;
        Ok(answer.filter(|answer| answer.status.success()).map(|answer| text(&answer.stdout)).filter(|t| !t.is_empty()))
    };
    // Fails before the first commit.
    let commit = tell(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?;
    // Fails where no branch is checked out.
    let head = tell(&["symbolic-ref", "--quiet", "--short", "HEAD"])?;
    let status =
        ["status", "--porcelain=v1", "--untracked-files=normal", "--", ":/", ":(top,exclude,glob)**/.shmoo/**"];
    let Some(status) = ask(git, folder, &status)? else { return Ok(None) };
    if !status.status.success() {
        return Err(refused(folder, &status));
    }
    let Ci { branch, base_branch, pull_request, attempt, fork } = ci.clone();
    let branch = head.or(branch);
    let base = base(&tell, base_branch)?;
    // On the base branch itself there is nothing to have left.
    let base = base.filter(|(name, _)| branch.as_ref() != Some(name));
    let merge_base = match &base {
        Some((_, reference)) => tell(&["merge-base", "HEAD", reference])?,
        None => None,
    };
    let base_branch = base.map(|(name, _)| name);
    let dirty = Some(!status.stdout.is_empty());
    Ok(Some(SourceInfo { commit, branch, dirty, merge_base, base_branch, pull_request, attempt, fork }))
}

/// What git says; nothing where it fails.
type Told = Result<Option<String>, GitError>;

/// Returns the base branch, and what git calls it here: as the server has it, else as it is here.
fn base(tell: &dyn Fn(&[&str]) -> Told, named: Option<String>) -> Result<Option<(String, String)>, GitError> {
    let main = match named {
        Some(_) => None,
        None => tell(&["symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"])?,
    };
    let main = main.as_deref().and_then(|name| name.strip_prefix("origin/"));
    let names: Vec<&str> = match (named.as_deref(), main) {
        (Some(name), _) | (None, Some(name)) => vec![name],
        (None, None) => vec!["main", "master"],
    };
    for name in &names {
        for reference in [format!("refs/remotes/origin/{name}"), format!("refs/heads/{name}")] {
            if tell(&["rev-parse", "--verify", "--quiet", &format!("{reference}^{{commit}}")])?.is_some() {
                return Ok(Some(((*name).to_owned(), reference)));
            }
        }
    }
    Ok(named.map(|name| (name.clone(), name)))
}

/// Returns nothing if there is no git.
fn ask(git: &Path, folder: &Path, arguments: &[&str]) -> Result<Option<Answer>, GitError> {
    let mut command = git_command(git, folder);
    command.args(arguments).env("GIT_OPTIONAL_LOCKS", "0");
    match command::answer(command, LIMIT) {
        Ok(answer) => Ok(Some(answer)),
        Err(CommandError::Start { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(GitError::Run { folder: folder.display().to_string(), source }),
    }
}

/// Returns git for a folder, still without what to do there.
fn git_command(git: &Path, folder: &Path) -> Command {
    let mut command = Command::new(git);
    command.arg("-C").arg(folder).env("LC_ALL", "C");
    // Set while a hook runs, for another repository than `folder`'s.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_CEILING_DIRECTORIES"] {
        command.env_remove(name);
    }
    command
}

fn refused(folder: &Path, answer: &Answer) -> GitError {
    let said = text(&answer.stderr);
    let message = said.lines().next().unwrap_or("it says nothing").to_owned();
    GitError::Refused { folder: folder.display().to_string(), message }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    pub(super) fn git(folder: &Path, arguments: &[&str]) {
        let mut command = Command::new("git");
        command.arg("-C").arg(folder).args(["-c", "user.name=a", "-c", "user.email=a@example.org"]).args(arguments);
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            command.env_remove(name);
        }
        let answer = command::answer(command, LIMIT).unwrap();
        assert!(answer.status.success(), "{arguments:?}: {}", text(&answer.stderr));
    }

    #[test]
    fn a_work_tree_through_its_life() {
        let folder = tempfile::tempdir().unwrap();
        let ci = |branch: Option<&str>| Ci { branch: branch.map(str::to_owned), ..Ci::default() };
        let info = |branch| source_info(folder.path(), &ci(branch)).unwrap();
        assert_eq!(info(Some("x")), None);
        git(folder.path(), &["init", "-q", "-b", "trunk"]);
        let named = |branch: &str| Some(branch.to_owned());
        let empty = SourceInfo { branch: named("trunk"), dirty: Some(false), ..SourceInfo::default() };
        assert_eq!(info(None), Some(empty));
        fs::write(folder.path().join("a"), "1").unwrap();
        assert_eq!(info(None).unwrap().dirty, Some(true));
        git(folder.path(), &["add", "a"]);
        git(folder.path(), &["commit", "-q", "-m", "first"]);
        let first = info(Some("ignored")).unwrap();
        assert_eq!((first.branch, first.dirty), (named("trunk"), Some(false)));
        assert_eq!(first.commit.as_ref().unwrap().len(), 40);
        for own in [".shmoo", "below/.shmoo/runs"] {
            fs::create_dir_all(folder.path().join(own)).unwrap();
            fs::write(folder.path().join(own).join("history.db"), "").unwrap();
        }
        assert_eq!(info(None).unwrap().dirty, Some(false));
        fs::write(folder.path().join("a"), "2").unwrap();
        assert_eq!(info(None).unwrap().dirty, Some(true));
        git(folder.path(), &["checkout", "-q", "--detach", "HEAD"]);
        assert_eq!(info(None).unwrap().branch, None);
        assert_eq!(info(Some("12/merge")).unwrap().branch, named("12/merge"));
        // From below, changes anywhere in the work tree count.
        assert_eq!(source_info(&folder.path().join("below"), &Ci::default()).unwrap().unwrap().dirty, Some(true));
    }

    fn commit(folder: &Path, name: &str) -> String {
        fs::write(folder.join(name), name).unwrap();
        git(folder, &["add", name]);
        git(folder, &["commit", "-q", "-m", name]);
        source_info(folder, &Ci::default()).unwrap().unwrap().commit.unwrap()
    }

    #[test]
    fn branches_and_what_they_build_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        git(path, &["init", "-q", "-b", "main"]);
        let (first, second) = (commit(path, "1"), commit(path, "2"));
        let on_main = source_info(path, &Ci::default()).unwrap().unwrap();
        assert_eq!((on_main.base_branch, on_main.merge_base), (None, None));
        git(path, &["checkout", "-q", "-b", "wider", &first]);
        let (third, fourth) = (commit(path, "3"), commit(path, "4"));
        let info = source_info(path, &Ci::default()).unwrap().unwrap();
        assert_eq!((info.base_branch.as_deref(), info.merge_base.as_deref()), (Some("main"), Some(first.as_str())));
        // CI knows better, and may name a branch that is not here.
        git(path, &["branch", "release", &third]);
        let ci = |base: &str| Ci { base_branch: Some(base.to_owned()), pull_request: Some(7), ..Ci::default() };
        let info = source_info(path, &ci("release")).unwrap().unwrap();
        assert_eq!((info.merge_base.as_deref(), info.pull_request), (Some(third.as_str()), Some(7)));
        let info = source_info(path, &ci("gone")).unwrap().unwrap();
        assert_eq!((info.base_branch.as_deref(), info.merge_base), (Some("gone"), None));
        // The merge that CI checks out.
        git(path, &["checkout", "-q", "--detach", "main"]);
        git(path, &["merge", "-q", "-m", "merge", "wider"]);
        let merged = source_info(path, &ci("main")).unwrap().unwrap();
        assert_eq!(merged.merge_base.as_deref(), Some(second.as_str()));
        let found = ancestry(path, merged.commit.as_ref().unwrap()).unwrap().unwrap();
        assert_eq!((found.commits.len(), found.shallow), (5, false));
        assert_eq!(found.commits[0].1, [second.clone(), fourth.clone()]);
        assert!(found.commits.contains(&(first.clone(), Vec::new())));
        assert!(found.commits.contains(&(third.clone(), vec![first.clone()])));
        for unknown in ["", "main", "--all", "0000000000000000000000000000000000000000"] {
            assert_eq!(ancestry(path, unknown).unwrap(), None, "{unknown}");
        }
        assert_eq!(ancestry(tempfile::tempdir().unwrap().path(), &first).unwrap(), None);
        // A clone of the last commit only.
        let clone = tempfile::tempdir().unwrap();
        let url = format!("file://{}", path.display());
        git(clone.path(), &["clone", "-q", "--depth=1", "--branch=wider", &url, "."]);
        let found = ancestry(clone.path(), &fourth).unwrap().unwrap();
        assert_eq!((found.commits.len(), found.shallow), (1, true));
        assert_eq!(ancestry(clone.path(), &first).unwrap(), None);
    }

    #[test]
    fn no_git_or_no_work_tree() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(source_info_with(Path::new("/nonexistent/git"), folder.path(), &Ci::default()).unwrap(), None);
        git(folder.path(), &["init", "-q", "--bare", "bare.git"]);
        assert_eq!(source_info(&folder.path().join("bare.git"), &Ci::default()).unwrap(), None);
        let error = source_info(&folder.path().join("missing"), &Ci::default()).unwrap_err();
        assert!(error.to_string().contains("missing"), "{error}");
    }
}
