//! The project as it was at another commit: a work tree below `.shmoo`, removed when it is dropped.

use crate::outside::git::{self, Commit, Place, Worktree, add_worktree};
use crate::outside::lock::RunLock;
use crate::steps::{StepError, Workspace};
use crate::value::Digest;
use std::fs;
use std::path::{Path, PathBuf};

/// The name of the work tree in its folder, beside the lock of its owner.
const TREE: &str = "tree";

/// Where the repository has the project, and where the user is.
pub(super) struct Repository {
    /// The top of the user's work tree.
    pub(super) top: PathBuf,
    /// Folders, relative to the top, from which suite files are named: the project's, the user's.
    from: Vec<PathBuf>,
}

impl Repository {
    /// Finds the repository of a project; `current` is the folder of the user.
    pub(super) fn of(workspace: &Workspace, current: &Path) -> Result<Repository, StepError> {
        let place = |folder: &Path| git::place(folder).map_err(StepError::Git);
        let Some(Place { top, below }) = place(&workspace.folder)? else {
            return Err(StepError::usage(
                format!(
                    "`{}` is in no git repository, so that no other commit can be measured",
                    workspace.folder.display()
                ),
                None,
            ));
        };
        let mut from = vec![below];
        from.extend(place(current)?.filter(|place| place.top == top).map(|place| place.below));
        Ok(Repository { top, from })
    }

    /// Returns a commit; one that is not here is the user's to fetch.
    pub(super) fn commit(&self, revision: &str) -> Result<Commit, StepError> {
        let found = git::commit(&self.top, revision).map_err(StepError::Git)?;
        found.ok_or_else(|| {
            StepError::usage(
                format!("the repository has no commit `{revision}`"),
                Some("fetch it: `git fetch origin`, or the whole history where the clone is shallow".to_owned()),
            )
        })
    }

    /// Returns a suite file, as the user or a record names it, in the tree below `top`.
    pub(super) fn suite(&self, top: &Path, named: &str) -> Result<PathBuf, StepError> {
        let named = Path::new(named);
        let below = match named.strip_prefix(&self.top) {
            Ok(below) => vec![top.join(below)],
            Err(_) => self.from.iter().map(|from| top.join(from).join(named)).collect(),
        };
        let wanted = || StepError::usage(format!("there is no suite file `{}` at that commit", named.display()), None);
        below.into_iter().find(|path| path.is_file()).ok_or_else(wanted)
    }
}

/// The repository at a commit.
pub(super) struct SourceTree {
    /// Dropped by hand, before its folder goes.
    worktree: Option<Worktree>,
    folder: PathBuf,
    _lock: RunLock,
}

impl SourceTree {
    /// Checks a commit out. What a process that was killed has left goes first.
    pub(super) fn at(workspace: &Workspace, repository: &Repository, commit: &str) -> Result<SourceTree, StepError> {
        workspace.make_own_folder()?;
        let all = workspace.folder.join(".shmoo/worktrees");
        fs::create_dir_all(&all).map_err(StepError::disk("make", &all))?;
        sweep(workspace, repository, &all);
        let unique = Digest::of(format!("{commit} {} {}", std::process::id(), workspace.clock.now()).as_bytes());
        let folder = all.join(&unique.to_string()[..12]);
        fs::create_dir_all(&folder).map_err(StepError::disk("make", &folder))?;
        let lock = RunLock::acquire(&folder, &*workspace.clock).map_err(StepError::Lock)?;
        let mut tree = SourceTree { worktree: None, folder, _lock: lock };
        tree.worktree = Some(add_worktree(&repository.top, commit, &tree.folder.join(TREE)).map_err(StepError::Git)?);
        Ok(tree)
    }

    /// Returns the work tree.
    pub(super) fn worktree(&self) -> &Worktree {
        self.worktree.as_ref().expect("it is there until the tree is dropped")
    }

    /// Returns the top of the tree.
    pub(super) fn top(&self) -> PathBuf {
        self.folder.join(TREE)
    }

    /// Finds the project around a suite file of the tree; `outer` is the user's project.
    pub(super) fn workspace(top: &Path, suite: &Path, outer: &Workspace) -> Result<Workspace, StepError> {
        let start = suite.parent().unwrap_or(top);
        Workspace::find_below(top, start, &outer.search_path, outer.environment.clone())
    }
}

impl Drop for SourceTree {
    fn drop(&mut self) {
        drop(self.worktree.take());
        remove(&self.folder);
    }
}

/// Removes a folder, and the one it is in if that is empty then.
fn remove(folder: &Path) {
    let _ = fs::remove_dir_all(folder);
    let _ = folder.parent().map(fs::remove_dir);
}

/// Removes the trees whose owner is gone.
fn sweep(workspace: &Workspace, repository: &Repository, all: &Path) {
    let Ok(entries) = fs::read_dir(all) else { return };
    for folder in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        if let Ok(_lock) = RunLock::acquire(&folder, &*workspace.clock) {
            drop(Worktree::left_behind(&repository.top, &folder.join(TREE)));
            let _ = fs::remove_dir_all(&folder);
        }
    }
}
