//! Stopping a run from within: by somebody who learns that its results are not wanted any more.

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Stops a run; may be cloned and sent.
#[derive(Debug, Clone)]
pub struct Halt {
    sender: UnboundedSender<String>,
}

/// Where a run hears that it is to stop.
#[derive(Debug)]
pub struct Halts {
    receiver: UnboundedReceiver<String>,
}

/// Returns both ends.
pub fn halt() -> (Halt, Halts) {
    let (sender, receiver) = unbounded_channel();
    (Halt { sender }, Halts { receiver })
}

impl Halt {
    /// Ends the tasks that run and starts no more; nothing happens if the run is over.
    pub fn stop(&self, reason: &str) {
        let _ = self.sender.send(reason.to_owned());
    }
}

impl Halts {
    /// Waits for a reason to stop; for ever if nobody can give one.
    pub(super) async fn next(&mut self) -> String {
        match self.receiver.recv().await {
            Some(reason) => reason,
            None => std::future::pending().await,
        }
    }
}
