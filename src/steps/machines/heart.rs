//! Shows that the holder of a lease lives, and hears when it was superseded.

use super::lease::Lease;
use super::place::{PartName, Place};
use crate::outside::clock::Clock;
use crate::outside::store::Store;
use crate::run::Halt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Beats until it is stopped.
pub(super) struct Heart {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    store: Arc<dyn Store>,
    place: Place,
    part: PartName,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    lease: Lease,
    superseded: bool,
    stopping: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the lease once more, and looks for a later one. A store that is away hears of it later.
    fn beat(&self) -> bool {
        let lease = {
            let mut state = self.state();
            state.lease.beats += 1;
            state.lease.seen = self.clock.now();
            state.lease.clone()
        };
        let _ = self.store.put(&self.place.lease(self.part, lease.generation), &lease.bytes());
        let next = self.place.lease(self.part, lease.generation + 1);
        matches!(self.store.head(&next), Ok(Some(_)))
    }

    fn run(&self, halt: &Halt) {
        loop {
            if self.beat() {
                let generation = {
                    let mut state = self.state();
                    state.superseded = true;
                    state.lease.generation + 1
                };
                halt.stop(&format!("superseded by generation {generation} of this part"));
                return;
            }
            let state = self.state();
            let every = Duration::from_secs(state.lease.every.max(1));
            let wait = self.changed.wait_timeout_while(state, every, |state| !state.stopping);
            if wait.unwrap_or_else(PoisonError::into_inner).0.stopping {
                return;
            }
        }
    }
}

impl Heart {
    /// Starts to beat; `halt` hears when another machine has taken the part.
    pub(super) fn start(
        store: Arc<dyn Store>,
        place: Place,
        part: PartName,
        lease: Lease,
        clock: Arc<dyn Clock>,
        halt: Halt,
    ) -> Heart {
        let state = Mutex::new(State { lease, superseded: false, stopping: false });
        let shared = Arc::new(Shared { store, place, part, clock, state, changed: Condvar::new() });
        let own = Arc::clone(&shared);
        // Without the thread the part looks dead to others, who then take it over: nothing is lost.
        let thread = std::thread::Builder::new().name("heart".to_owned()).spawn(move || own.run(&halt)).ok();
        Heart { shared, thread }
    }

    /// Tells whether another machine has taken the part.
    pub(super) fn is_superseded(&self) -> bool {
        self.shared.state().superseded
    }

    fn stop(&mut self) {
        self.shared.state().stopping = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }

    /// Ends the lease, and says how. If the store is away, others find out by its silence.
    pub(super) fn end(mut self, how: &str) {
        self.stop();
        let mut state = self.shared.state();
        state.lease.ended = Some(how.to_owned());
        state.lease.seen = self.shared.clock.now();
        let key = self.shared.place.lease(self.shared.part, state.lease.generation);
        let _ = self.shared.store.put(&key, &state.lease.bytes());
    }
}

impl Drop for Heart {
    fn drop(&mut self) {
        self.stop();
    }
}
