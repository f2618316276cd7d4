//! The signals that stop a run.

use rustix::process::Signal;
use std::io;
use tokio::signal::unix::{self, SignalKind};

/// The signals that stop a run. One that was ignored when this program was started (by `nohup`, or by
/// a script that runs it in the background) stays ignored.
pub struct Interrupts {
    interrupt: Option<unix::Signal>,
    terminate: Option<unix::Signal>,
    hangup: Option<unix::Signal>,
}

impl Interrupts {
    /// Starts to listen, within a tokio runtime. From now on these signals do not end the process by
    /// themselves, whether anybody listens or not.
    pub fn new() -> io::Result<Interrupts> {
        // Once we listen, the system's list shows them as caught.
        let ignored = ignored_signals();
        let listen = |kind: SignalKind, signal: Signal| {
            let ignored = ignored & (1 << (signal.as_raw() - 1)) != 0;
            if ignored { Ok(None) } else { unix::signal(kind).map(Some) }
        };
        Ok(Interrupts {
            interrupt: listen(SignalKind::interrupt(), Signal::INT)?,
            terminate: listen(SignalKind::terminate(), Signal::TERM)?,
            hangup: listen(SignalKind::hangup(), Signal::HUP)?,
        })
    }

    /// Waits for the next one, and returns its name.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            () = received(&mut self.interrupt) => "SIGINT",
            () = received(&mut self.terminate) => "SIGTERM",
            () = received(&mut self.hangup) => "SIGHUP",
        }
    }
}

async fn received(signal: &mut Option<unix::Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Returns the set of ignored signals, signal 1 in the lowest bit.
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
