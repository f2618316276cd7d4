//! Signals between the runs of a command: what it has made outside must go before it ends.

use crate::run::Interrupts;
use crate::steps::StepError;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::{Builder, Runtime};

/// The signals that were heard. From its making on they do not end the process.
pub(super) struct Stop {
    heard: Arc<Mutex<Option<&'static str>>>,
}

impl Stop {
    /// Starts to listen.
    pub(super) fn listen() -> Result<Stop, StepError> {
        let runtime = runtime()?;
        let mut interrupts = {
            let _entered = runtime.enter();
            Interrupts::new().map_err(|error| StepError::Run(crate::run::RunError::Signals(error)))?
        };
        let heard = Arc::new(Mutex::new(None));
        let note = heard.clone();
        let listen = move || {
            runtime.block_on(async {
                loop {
                    let name = interrupts.next().await;
                    note.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(name);
                }
            });
        };
        let started = std::thread::Builder::new().name("signals".to_owned()).spawn(listen);
        started.map_err(|error| StepError::Run(crate::run::RunError::Signals(error)))?;
        Ok(Stop { heard })
    }

    /// Returns the first signal that was heard.
    pub(super) fn heard(&self) -> Option<&'static str> {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns a runtime that hears signals.
pub(super) fn runtime() -> Result<Runtime, StepError> {
    let built = Builder::new_current_thread().enable_all().build();
    built.map_err(|error| StepError::disk("make", Path::new("a runtime"))(error))
}
