//! The commit that is measured.

use super::command::{self, Answer, CommandError};
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
}

impl GitError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            GitError::Refused { folder, message } if message.contains("dubious ownership") => {
                Some(format!("the folder belongs to another user: `git config --global --add safe.directory {folder}`"))
            }
            GitError::Run { .. } | GitError::Refused { .. } => None,
        }
    }
}

/// Large work trees on slow disks take seconds.
const LIMIT: Duration = Duration::from_secs(60);

/// Returns commit, branch and whether there are changes, for the work tree that holds `folder`; none
/// where git is not installed or `folder` is in no work tree.
///
/// `branch` stands in for the branch where none is checked out, as in CI. Files that git does not
/// know count as changes, but for those in folders named `.shmoo`.
pub fn source_info(folder: &Path, branch: Option<&str>) -> Result<Option<SourceInfo>, GitError> {
    source_info_with(Path::new("git"), folder, branch)
}

fn source_info_with(git: &Path, folder: &Path, branch: Option<&str>) -> Result<Option<SourceInfo>, GitError> {
    let Some(inside) = ask(git, folder, &["rev-parse", "--is-inside-work-tree"])? else { return Ok(None) };
    if !inside.status.success() {
        let message = text(&inside.stderr);
        let nothing = message.contains("not a git repository");
        return if nothing { Ok(None) } else { Err(refused(folder, &inside)) };
    }
    if text(&inside.stdout) != "true" {
        return Ok(None);
    }
    let tell = |arguments: &[&str]| -> Result<Option<String>, GitError> {
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
    let branch = head.or_else(|| branch.filter(|branch| !branch.is_empty()).map(str::to_owned));
    Ok(Some(SourceInfo { commit, branch, dirty: Some(!status.stdout.is_empty()), ..SourceInfo::default() }))
}

/// Returns nothing if there is no git.
fn ask(git: &Path, folder: &Path, arguments: &[&str]) -> Result<Option<Answer>, GitError> {
    let mut command = Command::new(git);
    command.arg("-C").arg(folder).args(arguments).env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0");
    // Set while a hook runs, for another repository than `folder`'s.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_CEILING_DIRECTORIES"] {
        command.env_remove(name);
    }
    match command::answer(command, LIMIT) {
        Ok(answer) => Ok(Some(answer)),
        Err(CommandError::Start { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(GitError::Run { folder: folder.display().to_string(), source }),
    }
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

    fn git(folder: &Path, arguments: &[&str]) {
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
        let info = |branch| source_info(folder.path(), branch).unwrap();
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
        assert_eq!(info(Some("")).unwrap().branch, None);
        assert_eq!(info(Some("12/merge")).unwrap().branch, named("12/merge"));
        // From below, changes anywhere in the work tree count.
        assert_eq!(source_info(&folder.path().join("below"), None).unwrap().unwrap().dirty, Some(true));
    }

    #[test]
    fn no_git_or_no_work_tree() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(source_info_with(Path::new("/nonexistent/git"), folder.path(), None).unwrap(), None);
        git(folder.path(), &["init", "-q", "--bare", "bare.git"]);
        assert_eq!(source_info(&folder.path().join("bare.git"), None).unwrap(), None);
        let error = source_info(&folder.path().join("missing"), None).unwrap_err();
        assert!(error.to_string().contains("missing"), "{error}");
    }
}
