//! How often and how long something is tried.

use super::error::BucketError;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::thread;
use std::time::{Duration, Instant};

/// How long to wait for a bucket, and how often to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How often one request is sent at most.
    pub attempts: u32,
    /// How long one request may take with all its attempts; the last of them may end later by its own limit.
    pub total: Duration,
    /// The pause before the second attempt; each further one doubles it.
    pub first_pause: Duration,
    /// The longest pause, also where the service asks for a longer one.
    pub longest_pause: Duration,
    /// How long a connection may take.
    pub connect: Duration,
    /// How long the service may say nothing.
    pub silence: Duration,
    /// Bytes per second below which a transfer counts as stuck.
    pub slowest: u64,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            attempts: 8,
            total: Duration::from_secs(300),
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(60),
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(30),
            slowest: 16 << 10,
        }
    }
}

impl Patience {
    /// Returns how long a transfer of so many bytes may take.
    pub(super) fn within(&self, bytes: usize) -> Duration {
        self.silence + Duration::from_secs_f64(bytes as f64 / self.slowest.max(1) as f64)
    }
}

/// Counts the attempts of one request.
pub(super) struct Tries<'a> {
    patience: &'a Patience,
    started: Instant,
    failed: u32,
}

impl Tries<'_> {
    pub(super) fn new(patience: &Patience) -> Tries<'_> {
        Tries { patience, started: Instant::now(), failed: 0 }
    }

    /// Waits before the next attempt, as long as the service asks for, else longer each time; or gives up.
    pub(super) fn again(&mut self, asked: Option<Duration>, why: BucketError) -> Result<(), BucketError> {
        self.failed += 1;
        let pause = pause(self.patience, self.failed, asked, random());
        let elapsed = self.started.elapsed();
        if self.failed >= self.patience.attempts || elapsed + pause > self.patience.total {
            return Err(BucketError::GaveUp { attempts: self.failed, elapsed, source: Box::new(why) });
        }
        thread::sleep(pause);
        Ok(())
    }
}

/// Returns how long to wait after so many failures: at least half of the doubled pause, by chance, so that many
/// clients do not come back at once.
fn pause(patience: &Patience, failed: u32, asked: Option<Duration>, random: u64) -> Duration {
    let doubled = patience.first_pause.saturating_mul(1 << (failed - 1).min(20)).min(patience.longest_pause);
    let share = 0.5 + (random >> 11) as f64 / (1u64 << 53) as f64 / 2.0;
    let own = doubled.mul_f64(share);
    own.max(asked.unwrap_or_default()).min(patience.longest_pause)
}

/// Returns a number that nobody else has; not for secrets.
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_honour_the_service() {
        let patience = Patience::default();
        let seconds = |failed, asked: Option<u64>, random| {
            pause(&patience, failed, asked.map(Duration::from_secs), random).as_secs_f64()
        };
        assert_eq!(seconds(1, None, 0), 0.25);
        assert_eq!(seconds(3, None, 0), 1.0);
        assert!((1.99..=2.0).contains(&seconds(3, None, u64::MAX)));
        assert_eq!(seconds(30, None, 0), 30.0);
        assert_eq!(seconds(1, Some(7), 0), 7.0);
        assert_eq!(seconds(1, Some(86_400), 0), 60.0);
    }

    #[test]
    fn it_ends() {
        let why = || BucketError::Strange("nothing".to_owned());
        let patience = Patience { attempts: 3, first_pause: Duration::ZERO, ..Patience::default() };
        let mut tries = Tries::new(&patience);
        assert!(tries.again(None, why()).is_ok() && tries.again(None, why()).is_ok());
        assert_eq!(tries.again(None, why()).unwrap_err().to_string(), "gave up after 3 attempts in 0 s");
        // No time for the pause that the service asks for.
        let patience = Patience { total: Duration::from_secs(1), ..Patience::default() };
        let error = Tries::new(&patience).again(Some(Duration::from_secs(2)), why()).unwrap_err();
        assert_eq!(error.to_string(), "gave up after 1 attempts in 0 s");
    }

    #[test]
    fn random_numbers_differ() {
        assert_ne!(random(), random());
    }
}
