//! Final results that other tasks may need, and whether their outputs are still what they were.

use crate::ledger::Finished;
use crate::outside::files::{PlacedInput, Witness};
use crate::plan::TaskId;
use crate::value::TaskKey;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Final results that other tasks may need, and what is known of their outputs.
#[derive(Default)]
pub struct Results {
    finished: Mutex<HashMap<TaskId, Arc<Finished>>>,
    /// Tasks whose outputs were left by an earlier process: it may have died before it took note that
    /// somebody wrote to them, or the machine before they were on the disk.
    doubtful: Mutex<HashSet<TaskId>>,
    /// Outputs of such tasks that were read and found to be what they were.
    confirmed: Mutex<HashSet<(TaskId, String)>>,
    /// Files that tasks share, as the first of them got them.
    shared: Mutex<HashMap<PathBuf, Witness>>,
    damaged: Mutex<HashMap<PathBuf, TaskKey>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Results {
    /// Keeps a result.
    pub fn keep(&self, task: TaskId, finished: Arc<Finished>) {
        lock(&self.finished).insert(task, finished);
    }

    /// Keeps a result of an earlier process, whose outputs have to be confirmed before they are used.
    pub fn keep_earlier(&self, task: TaskId, finished: Arc<Finished>) {
        lock(&self.doubtful).insert(task);
        self.keep(task, finished);
    }

    /// Returns the result of a task.
    pub fn get(&self, task: TaskId) -> Option<Arc<Finished>> {
        lock(&self.finished).get(&task).cloned()
    }

    /// Tells whether an output has to be read before it is used.
    pub(super) fn is_doubtful(&self, task: TaskId, path: &str) -> bool {
        lock(&self.doubtful).contains(&task) && !lock(&self.confirmed).contains(&(task, path.to_owned()))
    }

    /// Takes note that an output is what it was.
    pub(super) fn confirm(&self, task: TaskId, path: &str) {
        lock(&self.confirmed).insert((task, path.to_owned()));
    }

    /// Returns a file of an input that somebody has written to since the first task got it.
    pub(super) fn altered(&self, placed: &PlacedInput) -> Option<PathBuf> {
        let mut shared = lock(&self.shared);
        for (path, now) in placed.shared() {
            if let Some(first) = shared.get(path) {
                if first != now {
                    return Some(path.to_owned());
                }
            } else {
                shared.insert(path.to_owned(), now.clone());
            }
        }
        None
    }

    /// Takes note that a shared file was put in order: whoever gets it next is the first.
    pub(super) fn mended(&self, path: &Path) {
        lock(&self.shared).remove(path);
    }

    /// Takes note that a task has changed a file that others use.
    pub(super) fn damage(&self, path: PathBuf, by: TaskKey) {
        lock(&self.damaged).entry(path).or_insert(by);
    }

    /// Returns who has changed a file, or something below a folder.
    pub(super) fn damaged_by(&self, path: &Path) -> Option<TaskKey> {
        lock(&self.damaged).iter().find(|(damaged, _)| damaged.starts_with(path)).map(|(_, by)| by.clone())
    }
}
