//! Bearing with a store that is away for a while.

use crate::outside::store::StoreError;
use std::time::{Duration, Instant};

/// How long to bear with a store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// From the first failure on.
    pub(super) limit: Duration,
    /// The first pause; each one is twice as long as the one before.
    pub(super) pause: Duration,
}

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl Patience {
    /// What is done before and after the tasks: nothing else would come of the machine.
    pub(super) const LONG: Patience = Patience { limit: Duration::from_secs(300), pause: Duration::from_millis(200) };

    /// Asks until there is an answer, or the store was away for too long.
    pub(super) fn ask<T>(self, mut ask: impl FnMut() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut first: Option<Instant> = None;
        let mut pause = self.pause;
        loop {
            let error = match ask() {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let since = *first.get_or_insert_with(Instant::now);
            if !may_pass(&error) || since.elapsed() + pause > self.limit {
                return Err(error);
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Tells whether asking again may help.
fn may_pass(error: &StoreError) -> bool {
    use std::io::ErrorKind::{NotFound, PermissionDenied};
    match error {
        StoreError::Write { source, .. }
        | StoreError::Read { source, .. }
        | StoreError::List { source, .. }
        | StoreError::Delete { source, .. } => !matches!(source.kind(), PermissionDenied | NotFound),
        _ => false,
    }
}
