//! Which files a change touches.

use super::worktree::{commit, done};
use super::{GitError, refused, text};
use std::path::Path;

/// What changed on the way to the commit that is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// Paths from the top of the repository, with those of before a renaming.
    Files(Vec<String>),
    /// There is no such commit here.
    UnknownCommit,
    /// The commits have no ancestor in common, as far as commits were fetched.
    NoCommonAncestor,
}

/// Returns the files that differ between the commit that is checked out and its last common ancestor with
/// `revision`, such as `origin/main`. What is not committed is not looked at.
pub fn changed_since(folder: &Path, revision: &str) -> Result<Changed, GitError> {
    let Some(from) = commit(folder, revision)? else { return Ok(Changed::UnknownCommit) };
    let base = done(folder, &["merge-base", &from.commit, "HEAD"])?;
    if !base.status.success() {
        return Ok(Changed::NoCommonAncestor);
    }
    let base = text(&base.stdout);
    let options = ["--name-only", "-z", "--no-renames", "--no-ext-diff", "--ignore-submodules=none"];
    let listed = done(folder, &[&["diff"], &options[..], &[&base, "HEAD", "--"]].concat())?;
    if !listed.status.success() {
        return Err(refused(folder, &listed));
    }
    let names = String::from_utf8_lossy(&listed.stdout);
    if !names.is_empty() && !names.ends_with('\0') {
        // Half a list would leave suites out without a word.
        let message = "it lists more changed files than can be read".to_owned();
        return Err(GitError::Refused { folder: folder.display().to_string(), message });
    }
    Ok(Changed::Files(names.split_terminator('\0').map(str::to_owned).collect()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::git;
    use super::*;
    use std::fs;

    #[test]
    fn changes_of_a_branch() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        git(path, &["init", "-q", "-b", "main"]);
        let write = |name: &str| {
            fs::create_dir_all(path.join(name).parent().unwrap()).unwrap();
            fs::write(path.join(name), name).unwrap();
            git(path, &["add", "--all"]);
            git(path, &["commit", "-q", "-m", name]);
        };
        write("a");
        write("sub/moves");
        git(path, &["checkout", "-q", "-b", "wider"]);
        assert_eq!(changed_since(path, "main").unwrap(), Changed::Files(vec![]));
        write("sub/ü b");
        git(path, &["mv", "sub/moves", "moved"]);
        git(path, &["commit", "-q", "-m", "moved"]);
        // What the other branch did meanwhile is not ours.
        git(path, &["checkout", "-q", "main"]);
        write("later");
        git(path, &["checkout", "-q", "wider"]);
        fs::write(path.join("a"), "not committed").unwrap();
        let names = |names: &[&str]| Changed::Files(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(changed_since(&path.join("sub"), "main").unwrap(), names(&["moved", "sub/moves", "sub/ü b"]));
        for unknown in ["gone", "--all", ""] {
            assert_eq!(changed_since(path, unknown).unwrap(), Changed::UnknownCommit, "{unknown}");
        }
        git(path, &["checkout", "-q", "--orphan", "other"]);
        git(path, &["commit", "-q", "-m", "orphan"]);
        assert_eq!(changed_since(path, "main").unwrap(), Changed::NoCommonAncestor);
    }
}
