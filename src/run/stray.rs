//! Processes that outlive their task: found and ended.
//!
//! A task that forks a daemon would leave it on the machine for the rest of the night. As long as we
//! run, such orphans become our children (Linux: "child subreaper"). The kernel gives them to our
//! first thread, which starts no task itself, so its children are orphans and nothing else.
//!
//! An orphan may as well be a helper of a task that still runs. Whose it is tell its process group and
//! its environment, which names the task; one that hides both is ended once no task runs.

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, waitpid};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::process::Child;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

/// Generations of orphans that are ended, each the children of the one before.
const GENERATIONS: usize = 64;

/// The processes that were started and not yet waited for, and what they leave behind.
#[derive(Debug, Default)]
pub struct Children {
    running: AtomicUsize,
    /// Held for reading while a process is started, for writing while orphans are ended.
    starting: RwLock<()>,
    /// Lists the children of our first thread; none if orphans do not come to us.
    orphans: Option<File>,
}

/// Processes that a task has left behind, and that were ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Strays {
    /// Those that are certainly its own.
    pub(super) own: usize,
    /// Those that do not tell whose they were.
    pub(super) unclaimed: usize,
}

/// Whose an orphan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    /// It has ended by itself.
    Dead,
    /// It was in the task's group and is about to end.
    Group,
    /// It carries the task's name.
    Mark,
    /// Another task's, or nobody's.
    Unknown,
}

impl Children {
    /// Returns the children of a process that does nothing but this run: orphans of its tasks are
    /// found and ended.
    pub fn of_whole_process() -> Children {
        let path = format!("/proc/self/task/{}/children", getpid().as_raw_nonzero());
        let orphans = set_child_subreaper(Some(getpid())).ok().and_then(|()| File::open(path).ok());
        Children { orphans, ..Children::default() }
    }

    /// Starts a process.
    pub(super) fn start(&self, spawn: impl FnOnce() -> io::Result<Child>) -> io::Result<Child> {
        let _starting = self.starting.read().unwrap_or_else(PoisonError::into_inner);
        let child = spawn()?;
        self.running.fetch_add(1, Ordering::SeqCst);
        Ok(child)
    }

    /// Takes note that a process was waited for, and ends what it has left behind: orphans of its
    /// group, and those whose environment has `mark`.
    pub(super) fn ended(&self, group: Pid, mark: &str) -> Strays {
        self.running.fetch_sub(1, Ordering::SeqCst);
        let mut strays = Strays::default();
        if self.list().is_empty() {
            return strays;
        }
        let _none_starts = self.starting.write().unwrap_or_else(PoisonError::into_inner);
        let idle = self.running.load(Ordering::SeqCst) == 0;
        for _ in 0..GENERATIONS {
            let mut found = false;
            for pid in self.list() {
                let claim = claim(pid, group, mark);
                match claim {
                    Claim::Dead | Claim::Group => {}
                    Claim::Mark => strays.own += 1,
                    Claim::Unknown if idle => strays.unclaimed += 1,
                    Claim::Unknown => continue,
                }
                end(pid);
                found = true;
            }
            // What it has left behind itself has come to us meanwhile.
            if !found {
                break;
            }
        }
        strays
    }

    /// Ends all orphans; returns how many there were. For the end of a run.
    pub fn end_orphans(&self) -> usize {
        let _none_starts = self.starting.write().unwrap_or_else(PoisonError::into_inner);
        let mut ended = 0;
        for _ in 0..GENERATIONS {
            let orphans = self.list();
            if orphans.is_empty() {
                break;
            }
            ended += orphans.len();
            orphans.into_iter().for_each(end);
        }
        ended
    }

    fn list(&self) -> Vec<Pid> {
        let Some(file) = &self.orphans else { return Vec::new() };
        let mut text = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(length) = file.read_at(&mut buffer, text.len() as u64) {
            if length == 0 {
                break;
            }
            text.extend_from_slice(&buffer[..length]);
        }
        let numbers = text.split(u8::is_ascii_whitespace).filter_map(|number| std::str::from_utf8(number).ok());
        numbers.filter_map(|number| Pid::from_raw(number.parse().ok()?)).collect()
    }
}

fn end(pid: Pid) {
    let _ = kill_process(pid, Signal::KILL);
    let _ = waitpid(Some(pid), WaitOptions::empty());
}

fn claim(pid: Pid, group: Pid, mark: &str) -> Claim {
    let process = format!("/proc/{}", pid.as_raw_nonzero());
    let stat = std::fs::read(format!("{process}/stat")).unwrap_or_default();
    // `PID (NAME) STATE PARENT GROUP ...`, where the name may hold anything.
    let after_name = stat.iter().rposition(|&byte| byte == b')').map_or(&[][..], |at| &stat[at + 1..]);
    let fields: Vec<&[u8]> =
        after_name.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty()).take(3).collect();
    let [state, _, its_group] = fields.as_slice() else { return Claim::Unknown };
    if matches!(*state, b"Z" | b"X") {
        return Claim::Dead;
    }
    if *its_group == group.as_raw_nonzero().to_string().as_bytes() {
        return Claim::Group;
    }
    let environment = std::fs::read(format!("{process}/environ")).unwrap_or_default();
    let marked = environment.split(|&byte| byte == 0).any(|variable| variable == mark.as_bytes());
    if marked { Claim::Mark } else { Claim::Unknown }
}
