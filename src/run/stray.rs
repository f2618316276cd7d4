//! Processes that outlive their task: found and ended.
//!
//! A task that forks a daemon would leave it on the machine for the rest of the night. As long as we
//! run, such orphans become our children (Linux: "child subreaper"), so they can be told from the
//! processes that we started ourselves.

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, waitpid};
use std::collections::HashSet;
use std::io;
use std::process::Child;
use std::sync::{Mutex, PoisonError, RwLock};

/// The processes that were started and not yet waited for.
#[derive(Debug, Default)]
pub struct Children {
    own: Mutex<HashSet<i32>>,
    /// Held for reading while a process is started and noted, for writing while orphans are looked for.
    starting: RwLock<()>,
    /// Whether all children of this process are ours or our tasks'.
    sweeping: bool,
}

impl Children {
    /// Returns the children of a process that does nothing but this run: orphans of its tasks are
    /// found and ended.
    pub fn of_whole_process() -> Children {
        let sweeping = set_child_subreaper(Some(getpid())).is_ok();
        Children { sweeping, ..Children::default() }
    }

    /// Starts a process.
    pub(super) fn start(&self, spawn: impl FnOnce() -> io::Result<Child>) -> io::Result<Child> {
        let _starting = self.starting.read().unwrap_or_else(PoisonError::into_inner);
        let child = spawn()?;
        self.own.lock().unwrap_or_else(PoisonError::into_inner).insert(child.id() as i32);
        Ok(child)
    }

    /// Takes note that a process was waited for.
    pub(super) fn ended(&self, pid: Pid) {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).remove(&pid.as_raw_nonzero().get());
    }

    /// Ends all children that we did not start; returns how many there were.
    pub fn end_orphans(&self) -> usize {
        if !self.sweeping {
            return 0;
        }
        let _none_starts = self.starting.write().unwrap_or_else(PoisonError::into_inner);
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut ended = 0;
        // An orphan may have children, which become ours once it is gone.
        for _ in 0..16 {
            let orphans: Vec<Pid> =
                children().into_iter().filter(|pid| !own.contains(pid)).filter_map(Pid::from_raw).collect();
            if orphans.is_empty() {
                break;
            }
            for pid in orphans {
                let _ = kill_process(pid, Signal::KILL);
                if waitpid(Some(pid), WaitOptions::empty()).is_ok() {
                    ended += 1;
                }
            }
        }
        ended
    }
}

/// Returns the children of this process, of all its threads.
fn children() -> Vec<i32> {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return Vec::new() };
    threads
        .filter_map(Result::ok)
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|text| text.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}
