//! Submodules in work trees of other commits.
//!
//! `git worktree` leaves their folders empty. Each gets a work tree of its own here, out of the checkout that the
//! user has of it, so that nothing is fetched. One that the user has not checked out stays empty, as in the user's
//! tree.

use super::worktree::done;
use super::{GitError, refused, text};
use std::path::Path;

/// Nested deeper are none.
const DEPTH: u32 = 16;

/// Checks out, in the work tree `tree`, the submodules of its commit; `repository` is the top of the user's work
/// tree. Called again after another commit was checked out in `tree`, it brings them to that one.
///
/// # Errors
/// When the user's checkout of a submodule does not have the commit that is wanted.
pub fn check_out_submodules(repository: &Path, tree: &Path) -> Result<(), GitError> {
    check_out(repository, tree, DEPTH)
}

fn check_out(repository: &Path, tree: &Path, depth: u32) -> Result<(), GitError> {
    if depth == 0 || !tree.join(".gitmodules").is_file() {
        return Ok(());
    }
    let listed = done(tree, &["ls-tree", "-r", "-z", "--full-tree", "HEAD"])?;
    if !listed.status.success() {
        return Err(refused(tree, &listed));
    }
    for (commit, path) in text(&listed.stdout).split('\0').filter_map(submodule) {
        let (from, to) = (repository.join(path), tree.join(path));
        if !from.join(".git").exists() {
            continue;
        }
        let target = to.to_string_lossy();
        let checked = if to.join(".git").exists() {
            done(&to, &["checkout", "--quiet", "--force", "--detach", commit])?
        } else {
            done(&from, &["worktree", "add", "--quiet", "--force", "--detach", &target, commit])?
        };
        if !checked.status.success() {
            return Err(GitError::Submodule {
                path: path.to_owned(),
                commit: commit.to_owned(),
                message: text(&checked.stderr).lines().next().unwrap_or("git says nothing").to_owned(),
            });
        }
        check_out(&from, &to, depth - 1)?;
    }
    Ok(())
}

/// Reads `160000 commit HASH<tab>PATH`; none for what is no submodule.
fn submodule(entry: &str) -> Option<(&str, &str)> {
    entry.strip_prefix("160000 commit ")?.split_once('\t')
}

/// Lets git forget the work trees of submodules whose folders are gone.
pub(super) fn forget(repository: &Path) {
    if repository.join(".gitmodules").is_file() {
        let _ = done(repository, &["submodule", "foreach", "--quiet", "--recursive", "git worktree prune"]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::git;
    use super::super::{add_worktree, commit};
    use super::*;
    use std::fs;
    use std::path::PathBuf;

    /// Makes a repository with a file `a`, and returns its folder.
    fn repository(folder: &Path, name: &str) -> PathBuf {
        let path = folder.join(name);
        git(folder, &["init", "-q", "-b", "main", name]);
        put(&path, "1");
        path
    }

    fn put(path: &Path, content: &str) {
        fs::write(path.join("a"), content).unwrap();
        git(path, &["add", "a"]);
        git(path, &["commit", "-q", "-m", content]);
    }

    fn add(path: &Path, source: &Path, name: &str) {
        let source = source.to_string_lossy();
        git(path, &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &source, name]);
        git(path, &["commit", "-q", "-m", "submodule"]);
    }

    #[test]
    fn submodules_follow_the_commit() {
        let folder = tempfile::tempdir().unwrap();
        let (inner, middle, outer) = (
            repository(folder.path(), "inner"),
            repository(folder.path(), "middle"),
            repository(folder.path(), "outer"),
        );
        add(&middle, &inner, "deep");
        add(&outer, &middle, "lib x");
        git(&outer, &["-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--recursive"]);
        let first = commit(&outer, "HEAD").unwrap().unwrap().commit;
        let nested = outer.join("lib x/deep");
        put(&nested, "2");
        git(&outer.join("lib x"), &["commit", "-q", "-a", "-m", "deeper"]);
        git(&outer, &["commit", "-q", "-a", "-m", "second"]);
        let second = commit(&outer, "HEAD").unwrap().unwrap().commit;

        let tree = folder.path().join("tree");
        let worktree = add_worktree(&outer, &first, &tree).unwrap();
        let read = || fs::read_to_string(tree.join("lib x/deep/a")).unwrap();
        assert_eq!(read(), "1");
        git(&tree, &["checkout", "-q", "--detach", &second]);
        check_out_submodules(&outer, &tree).unwrap();
        assert_eq!(read(), "2");
        check_out_submodules(&outer, &tree).unwrap();
        // The user's checkout is as it was, and nothing is left of the tree.
        assert_eq!(fs::read_to_string(nested.join("a")).unwrap(), "2");
        drop(worktree);
        assert!(!tree.exists());
        let left = done(&nested, &["worktree", "list"]).unwrap();
        assert_eq!(text(&left.stdout).lines().count(), 1, "{}", text(&left.stdout));

        // A commit that nobody has.
        git(&outer, &["update-index", "--cacheinfo", &format!("160000,{first},lib x")]);
        git(&outer, &["commit", "-q", "-m", "broken"]);
        let error = add_worktree(&outer, "HEAD", &tree).unwrap_err();
        assert!(error.to_string().starts_with("cannot check out commit "), "{error}");
        assert!(!tree.exists());
        // One that is not checked out stays empty.
        git(&outer, &["submodule", "--quiet", "deinit", "--force", "--all"]);
        drop(add_worktree(&outer, &second, &tree).unwrap());
        assert!(outer.join("lib x").read_dir().unwrap().next().is_none());
    }
}
