//! Runs a small program to its end, within limits: for version lines and for git.
//!
//! Tasks are not run this way; that is `run`'s business.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// What a program said. Its output is cut at [`OUTPUT_LIMIT`].
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: ExitStatus,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

/// Why a program gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It could not be started.
    #[error("cannot start `{program}`")]
    Start {
        /// The program.
        program: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It ran longer than it may; it was killed.
    #[error("`{program}` did not end within {} s", limit.as_secs_f64())]
    Timeout {
        /// The program.
        program: String,
        /// The limit.
        limit: Duration,
    },
    /// It was killed because it is not wanted any more.
    #[error("`{program}` was stopped")]
    Stopped {
        /// The program.
        program: String,
    },
}

/// How often it is asked whether a program is still wanted.
const ASKED: Duration = Duration::from_millis(20);
/// No answer that we ask for is longer.
const OUTPUT_LIMIT: u64 = 16 << 20;

/// Runs `command` without an input. Its whole process group is killed at the time limit.
pub(super) fn answer(command: Command, limit: Duration) -> Result<Answer, CommandError> {
    answer_while(command, limit, &mut || true)
}

/// Runs `command` as [`answer`] does, and as long as `goes_on`, which is asked again and again, says so.
pub(super) fn answer_while(
    mut command: Command,
    limit: Duration,
    goes_on: &mut dyn FnMut() -> bool,
) -> Result<Answer, CommandError> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let start = Instant::now();
    let failed = |source| CommandError::Start { program: program.clone(), source };
    let mut child = loop {
        match command.spawn() {
            // A process that another thread starts right now holds the file open for writing, from
            // before its own `exec`.
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && start.elapsed() < limit => {
                std::thread::sleep(Duration::from_millis(1));
            }
            started => break started.map_err(failed)?,
        }
    };
    let stdout = collect(child.stdout.take());
    let stderr = collect(child.stderr.take());
    let ending = ends_by(&child, start, limit, goes_on);
    if !matches!(ending, Ok(Ending::Itself)) {
        // The child is not reaped yet, so its id is still its own.
        let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
    }
    let status = child.wait().map_err(failed)?;
    match ending.map_err(failed)? {
        Ending::Itself => {}
        Ending::Limit => return Err(CommandError::Timeout { program, limit }),
        Ending::Unwanted => return Err(CommandError::Stopped { program }),
    }
    // A process that the program left behind may hold the pipes open: what came by then counts.
    let grace = Duration::from_millis(200);
    let take = |receiver: mpsc::Receiver<Vec<u8>>| {
        let mut bytes = Vec::new();
        while let Ok(part) = receiver.recv_timeout(grace) {
            bytes.extend(part);
        }
        bytes
    };
    Ok(Answer { status, stdout: take(stdout), stderr: take(stderr) })
}

/// How a program comes to its end.
enum Ending {
    /// By itself.
    Itself,
    /// It has had its time.
    Limit,
    /// Nobody wants it any more.
    Unwanted,
}

/// Waits until a process ends or is to be ended. It is not reaped.
fn ends_by(child: &Child, start: Instant, limit: Duration, goes_on: &mut dyn FnMut() -> bool) -> io::Result<Ending> {
    let event = pidfd_open(Pid::from_child(child), PidfdFlags::empty())?;
    loop {
        let left = limit.saturating_sub(start.elapsed());
        let timeout = Timespec::try_from(left.min(ASKED)).ok();
        match poll(&mut [PollFd::new(&event, PollFlags::IN)], timeout.as_ref()) {
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return Ok(Ending::Itself),
            Err(error) => return Err(error.into()),
        }
        if left.is_zero() {
            return Ok(Ending::Limit);
        }
        if !goes_on() {
            return Ok(Ending::Unwanted);
        }
    }
}

/// Reads in a thread, so that a program that fills one pipe while we read the other does not hang.
fn collect(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let Some(mut pipe) = pipe else { return };
        let mut buffer = vec![0; 1 << 16];
        let mut total = 0;
        loop {
            let length = match pipe.read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return,
            };
            total += length as u64;
            // Beyond the limit it is read and dropped, so that the program can end.
            if total <= OUTPUT_LIMIT && sender.send(buffer[..length].to_vec()).is_err() {
                return;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Result<Answer, CommandError> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        answer(command, limit)
    }

    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn answers() {
        let answer = shell("echo out; echo err >&2; exit 3", LONG).unwrap();
        assert_eq!((answer.stdout, answer.stderr, answer.status.code()), (b"out\n".into(), b"err\n".into(), Some(3)));
        let answer = shell("cat; head -c 1000000 /dev/zero >&2; echo end", LONG).unwrap();
        assert_eq!((answer.stdout, answer.stderr.len()), (b"end\n".into(), 1_000_000));
    }

    #[test]
    fn limits() {
        let start = Instant::now();
        let error = shell("sleep 60 & sleep 60", Duration::from_millis(100)).unwrap_err();
        assert_eq!(error.to_string(), "`/bin/sh` did not end within 0.1 s");
        // A process left behind with the pipes in its hands.
        assert_eq!(shell("echo x; sleep 20 &", LONG).unwrap().stdout, b"x\n");
        let mut asked = 0;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "sleep 60 & sleep 60"]);
        let stopped = answer_while(command, LONG, &mut || {
            asked += 1;
            asked < 3
        });
        assert_eq!(stopped.unwrap_err().to_string(), "`/bin/sh` was stopped");
        assert!(start.elapsed() < Duration::from_secs(15));
        assert!(matches!(answer(Command::new("/nonexistent/x"), LONG), Err(CommandError::Start { .. })));
    }
}
