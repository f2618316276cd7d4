//! One process: started, watched, bounded, ended with all its children, measured.
//!
//! The process leads a group of its own, so that a limit or an interrupt ends its children too. Its
//! output goes through pipes into files with a cap: the beginning and the end are kept, what is left
//! out is counted. What outlives the process is ended, and nobody here waits for a pipe that something
//! holds open all the same.

use super::stray::{Children, Strays};
use crate::ledger::{Exit, Usage};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::OFlags;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use wait4::Wait4;

/// How long a group may take to end after SIGTERM before it is killed.
const GRACE: Duration = Duration::from_secs(2);
/// How long pipes may stay open once the group is gone.
const DRAIN: Duration = Duration::from_millis(200);
/// Bytes kept of the end of a stream that is cut.
const TAIL: usize = 64 << 10;
/// Bytes of one read: what a pipe holds.
const BUFFER: usize = 64 << 10;
/// How long output waits in its pipe while a process may be about to end: waking for it takes the
/// processor away from whoever writes.
const PATIENCE: Duration = Duration::from_millis(3);
/// Reads from a pipe before the clock is looked at again: a process may write faster than we read.
const READS: usize = 16;

/// What to start.
#[derive(Debug)]
pub(super) struct ProcessSpec<'a> {
    pub(super) program: &'a Path,
    pub(super) arguments: &'a [String],
    pub(super) folder: &'a Path,
    pub(super) environment: &'a [(String, String)],
    pub(super) stdout: PathBuf,
    pub(super) stderr: PathBuf,
    /// Bytes of each stream that are kept.
    pub(super) output_limit: u64,
    pub(super) timeout: Option<Duration>,
    /// The variable, `NAME=VALUE`, that its children have and nobody else's.
    pub(super) mark: &'a str,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ended {
    pub(super) exit: Exit,
    pub(super) killed: Option<Killed>,
    pub(super) usage: Usage,
    /// Streams that were cut: name and bytes in all.
    pub(super) cut: Vec<(&'static str, u64)>,
    /// What outlived it and was ended.
    pub(super) strays: Strays,
    /// Something that could not be found holds a pipe open.
    pub(super) held: bool,
}

/// Why it was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Killed {
    /// Its time limit.
    Timeout,
    /// The run is being stopped.
    Cancelled,
}

/// Why it could not be started or watched.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProcessError {
    #[error("cannot start `{program}`")]
    Start {
        program: String,
        #[source]
        source: io::Error,
    },
    #[error("cannot write its output to `{path}`")]
    Output {
        path: String,
        #[source]
        source: io::Error,
    },
    #[error("cannot watch `{program}`")]
    Watch {
        program: String,
        #[source]
        source: io::Error,
    },
}

impl ProcessError {
    /// Returns why the run of `task` cannot go on.
    pub(super) fn into_run_error(self, task: &crate::value::TaskKey) -> super::RunError {
        let doing = match &self {
            ProcessError::Start { program, .. } => format!("start `{program}` for {task}"),
            ProcessError::Output { path, .. } => format!("write the output of {task} to `{path}`"),
            ProcessError::Watch { program, .. } => format!("watch `{program}` of {task}"),
        };
        let (ProcessError::Start { source, .. }
        | ProcessError::Output { source, .. }
        | ProcessError::Watch { source, .. }) = self;
        super::RunError::Machine { doing, source }
    }
}

/// A file that takes a stream up to a limit, and then only its end.
struct CappedFile {
    name: &'static str,
    path: PathBuf,
    file: Option<File>,
    limit: u64,
    total: u64,
    written: u64,
    tail: Vec<u8>,
}

impl CappedFile {
    fn new(name: &'static str, path: PathBuf, limit: u64) -> io::Result<CappedFile> {
        let file = Some(File::create(&path)?);
        Ok(CappedFile {
            name,
            path,
            file,
            limit: limit.saturating_sub(TAIL as u64).max(1),
            total: 0,
            written: 0,
            tail: Vec::new(),
        })
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.total += bytes.len() as u64;
        let room = usize::try_from(self.limit - self.written).unwrap_or(usize::MAX).min(bytes.len());
        if room > 0
            && let Some(file) = &mut self.file
        {
            file.write_all(&bytes[..room])?;
            self.written += room as u64;
        }
        let rest = &bytes[room..];
        if !rest.is_empty() {
            self.tail.extend_from_slice(&rest[rest.len().saturating_sub(TAIL)..]);
            if self.tail.len() > 4 * TAIL {
                self.tail.drain(..self.tail.len() - TAIL);
            }
        }
        Ok(())
    }

    /// Writes what is kept of the end; returns the stream's length if something was left out.
    fn finish(mut self) -> Result<Option<(&'static str, u64)>, ProcessError> {
        let start = self.tail.len().saturating_sub(TAIL);
        let tail = &self.tail[start..];
        let skipped = self.total - self.written - tail.len() as u64;
        let result = self.file.take().map_or(Ok(()), |mut file| {
            if skipped > 0 {
                writeln!(file, "\n[shmoo: {skipped} bytes left out here; `output_limit` of shmoo.yaml bounds them]")?;
            }
            file.write_all(tail)
        });
        result.map_err(|source| ProcessError::Output { path: self.path.display().to_string(), source })?;
        Ok((skipped > 0).then_some((self.name, self.total)))
    }
}

/// A pipe and the file that its bytes go to.
struct Stream {
    pipe: Option<File>,
    target: CappedFile,
}

impl Stream {
    /// Reads what is there without waiting for more, up to a bound.
    fn pump(&mut self, buffer: &mut [u8]) -> Result<(), ProcessError> {
        for _ in 0..READS {
            let Some(pipe) = &mut self.pipe else { break };
            match pipe.read(buffer) {
                Ok(0) => self.pipe = None,
                Ok(length) => self
                    .target
                    .take(&buffer[..length])
                    .map_err(|source| ProcessError::Output { path: self.target.path.display().to_string(), source })?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => self.pipe = None,
            }
        }
        Ok(())
    }
}

/// Returns a pipe: our end, which does not block, and the end of the process.
fn own_pipe() -> io::Result<(File, OwnedFd)> {
    let (ours, theirs) = pipe_with(PipeFlags::CLOEXEC)?;
    rustix::fs::fcntl_setfl(&ours, OFlags::RDONLY | OFlags::NONBLOCK)?;
    Ok((File::from(ours), theirs))
}

/// Runs a process to its end. `cancel` becomes readable when the run is being stopped.
pub(super) fn run(spec: ProcessSpec<'_>, cancel: BorrowedFd<'_>, children: &Children) -> Result<Ended, ProcessError> {
    let ProcessSpec { program, arguments, folder, environment, stdout, stderr, output_limit, timeout, mark } = spec;
    let name = program.display().to_string();
    let output = |path: &Path| {
        let path = path.display().to_string();
        move |source| ProcessError::Output { path, source }
    };
    let out = CappedFile::new("stdout", stdout.clone(), output_limit).map_err(output(&stdout))?;
    let err = CappedFile::new("stderr", stderr.clone(), output_limit).map_err(output(&stderr))?;
    let watch = |source: io::Error| ProcessError::Watch { program: name.clone(), source };
    let (our_out, their_out) = own_pipe().map_err(watch)?;
    let (our_err, their_err) = own_pipe().map_err(watch)?;
    let started = Instant::now();
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(their_out)
        .stderr(their_err)
        .process_group(0);
    let child = children.start(|| spawn(&mut command));
    // Our copies of the process's ends: the pipes must end when it does.
    drop(command);
    let mut child = child.map_err(|source| ProcessError::Start { program: name.clone(), source })?;
    let pid = Pid::from_child(&child);
    let mut buffer = vec![0; BUFFER];
    let result = (|| {
        let exit_event = pidfd_open(pid, PidfdFlags::empty()).map_err(io::Error::from).map_err(watch)?;
        let mut streams = [Stream { pipe: Some(our_out), target: out }, Stream { pipe: Some(our_err), target: err }];
        let killed =
            wait_for_exit(pid, exit_event.as_fd(), &mut streams, &mut buffer, cancel, started, timeout, &watch)?;
        Ok((streams, killed))
    })();
    // Whatever went wrong above: the group is gone before we return.
    let _ = kill_process_group(pid, Signal::KILL);
    let waited = child.wait4();
    let strays = children.ended(pid, mark);
    let waited = waited.map_err(watch)?;
    let wall = started.elapsed().as_secs_f64();
    let (mut streams, killed) = result?;
    let held = drain(&mut streams, &mut buffer)?;
    let exit = match (waited.status.code(), waited.status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, signal) => Exit::Signal(signal.unwrap_or(0)),
    };
    let usage =
        Usage { wall, cpu: (waited.rusage.utime + waited.rusage.stime).as_secs_f64(), max_rss: waited.rusage.maxrss };
    let mut cut = Vec::new();
    for stream in streams {
        cut.extend(stream.target.finish()?);
    }
    Ok(Ended { exit, killed, usage, cut, strays, held })
}

/// Starts a process; tries again while another thread's child holds the executable open for writing.
fn spawn(command: &mut Command) -> io::Result<Child> {
    for wait in [1, 2, 5, 10, 20, 50] {
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(Duration::from_millis(wait));
            }
            other => return other,
        }
    }
    command.spawn()
}

/// Pumps output until the process has ended; ends it at its limit, or when the run is stopped.
#[expect(clippy::too_many_arguments, reason = "the parts of one watched process")]
fn wait_for_exit(
    pid: Pid,
    exit_event: BorrowedFd<'_>,
    streams: &mut [Stream; 2],
    buffer: &mut [u8],
    cancel: BorrowedFd<'_>,
    started: Instant,
    timeout: Option<Duration>,
    watch: &dyn Fn(io::Error) -> ProcessError,
) -> Result<Option<Killed>, ProcessError> {
    let mut killed = None;
    let mut deadline = timeout.and_then(|timeout| started.checked_add(timeout));
    let mut term_sent = false;
    loop {
        let now = Instant::now();
        if deadline.is_some_and(|deadline| deadline <= now) {
            killed = killed.or(Some(Killed::Timeout));
            let signal = if term_sent { Signal::KILL } else { Signal::TERM };
            let _ = kill_process_group(pid, signal);
            deadline = Some(now + GRACE);
            term_sent = true;
        }
        let (exited, cancelled) = {
            let mut events = vec![PollFd::new(&exit_event, PollFlags::IN)];
            if killed.is_none() {
                events.push(PollFd::new(&cancel, PollFlags::IN));
            }
            let fixed = events.len();
            let patient = (started + PATIENCE).checked_duration_since(now).filter(|left| !left.is_zero());
            if patient.is_none() {
                for stream in streams.iter() {
                    if let Some(pipe) = &stream.pipe {
                        events.push(PollFd::new(pipe, PollFlags::IN));
                    }
                }
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(now));
            let wait = patient.into_iter().chain(left).min();
            let wait = wait.and_then(|wait| rustix::event::Timespec::try_from(wait).ok());
            match poll(&mut events, wait.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(watch(error.into())),
            }
            (!events[0].revents().is_empty(), fixed == 2 && !events[1].revents().is_empty())
        };
        for stream in streams.iter_mut() {
            stream.pump(buffer)?;
        }
        if exited {
            return Ok(killed);
        }
        if cancelled {
            killed = Some(Killed::Cancelled);
            deadline = Some(Instant::now());
        }
    }
}

/// Reads what is left in the pipes; tells whether a process outside the group holds one open.
fn drain(streams: &mut [Stream; 2], buffer: &mut [u8]) -> Result<bool, ProcessError> {
    let deadline = Instant::now() + DRAIN;
    loop {
        for stream in streams.iter_mut() {
            stream.pump(buffer)?;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let open: Vec<&File> = streams.iter().filter_map(|stream| stream.pipe.as_ref()).collect();
        if open.is_empty() || left.is_zero() {
            return Ok(!open.is_empty());
        }
        let mut events: Vec<PollFd<'_>> = open.iter().map(|pipe| PollFd::new(*pipe, PollFlags::IN)).collect();
        let wait = rustix::event::Timespec::try_from(left).ok();
        let _ = poll(&mut events, wait.as_ref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{EventfdFlags, eventfd};

    struct Trial {
        folder: tempfile::TempDir,
        cancel: OwnedFd,
    }

    impl Trial {
        fn new() -> Trial {
            let cancel = eventfd(0, EventfdFlags::CLOEXEC).unwrap();
            Trial { folder: tempfile::tempdir().unwrap(), cancel }
        }

        fn run(&self, script: &str, timeout: Option<f64>, output_limit: u64) -> Result<Ended, ProcessError> {
            let folder = self.folder.path();
            run(
                ProcessSpec {
                    program: Path::new("/bin/sh"),
                    arguments: &["-c".to_owned(), script.to_owned()],
                    folder,
                    environment: &[("PATH".to_owned(), "/usr/bin:/bin".to_owned())],
                    stdout: folder.join("stdout"),
                    stderr: folder.join("stderr"),
                    output_limit,
                    timeout: timeout.map(Duration::from_secs_f64),
                    mark: "",
                },
                self.cancel.as_fd(),
                &Children::default(),
            )
        }

        fn text(&self, name: &str) -> String {
            String::from_utf8_lossy(&std::fs::read(self.folder.path().join(name)).unwrap()).into_owned()
        }
    }

    #[test]
    fn output_exit_and_usage() {
        let trial = Trial::new();
        let ended = trial.run("echo out; echo err >&2; exit 3", None, 1 << 20).unwrap();
        assert_eq!((ended.exit, ended.killed, ended.held), (Exit::Code(3), None, false));
        assert_eq!((trial.text("stdout").as_str(), trial.text("stderr").as_str()), ("out\n", "err\n"));
        assert!(ended.usage.max_rss > 100_000 && ended.usage.wall > 0.0);
        assert_eq!(trial.run("kill -9 $$", None, 1 << 20).unwrap().exit, Exit::Signal(9));
    }

    #[test]
    fn the_limit_ends_the_whole_group_even_if_it_ignores_sigterm() {
        let trial = Trial::new();
        let script = "trap '' TERM; (trap '' TERM; sleep 30; echo late >> marker) & sleep 30 & wait; wait; sleep 30";
        let ended = trial.run(script, Some(0.1), 1 << 20).unwrap();
        assert_eq!((ended.exit, ended.killed), (Exit::Signal(9), Some(Killed::Timeout)));
        assert!(ended.usage.wall < 10.0);
    }

    #[test]
    fn a_flood_of_output_does_not_hide_the_limit() {
        let trial = Trial::new();
        // Time enough to start on a machine that is busy.
        let ended = trial.run("exec yes", Some(1.5), 200_000).unwrap();
        assert_eq!(ended.killed, Some(Killed::Timeout));
        assert!(ended.usage.wall < 10.0 && ended.cut[0].1 > 200_000);
    }

    #[test]
    fn a_child_that_leaves_the_group_does_not_hold_us() {
        let trial = Trial::new();
        let ended = trial
            .run(
                "setsid sh -c 'echo $$ > pid; exec sleep 20' & while ! test -s pid; do sleep 0.01; done; echo done",
                None,
                1 << 20,
            )
            .unwrap();
        assert_eq!((ended.exit, ended.held), (Exit::Code(0), true));
        assert!(ended.usage.wall < 10.0);
        let pid: i32 = trial.text("pid").trim().parse().unwrap();
        let _ = rustix::process::kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
    }

    #[test]
    fn long_output_keeps_both_ends() {
        let trial = Trial::new();
        let ended = trial.run("echo first; head -c 3000000 /dev/zero; echo last", None, 200_000).unwrap();
        assert_eq!(ended.cut, [("stdout", 3_000_011)]);
        let text = trial.text("stdout");
        assert!(text.starts_with("first\n") && text.ends_with("last\n") && text.len() < 210_000);
        assert!(text.contains("bytes left out here"));
    }

    #[test]
    fn cancelling_ends_it() {
        let trial = Trial::new();
        rustix::io::write(&trial.cancel, &1u64.to_ne_bytes()).unwrap();
        let ended = trial.run("sleep 30", None, 1 << 20).unwrap();
        assert_eq!(ended.killed, Some(Killed::Cancelled));
    }

    #[test]
    fn what_cannot_be_started_says_so() {
        let trial = Trial::new();
        let folder = trial.folder.path();
        let spec = ProcessSpec {
            program: Path::new("/nonexistent/tool"),
            arguments: &[],
            folder,
            environment: &[],
            stdout: folder.join("stdout"),
            stderr: folder.join("stderr"),
            output_limit: 1,
            timeout: None,
            mark: "",
        };
        assert!(matches!(run(spec, trial.cancel.as_fd(), &Children::default()), Err(ProcessError::Start { .. })));
    }
}
