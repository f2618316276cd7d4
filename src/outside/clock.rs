//! What time it is.

use crate::value::Timestamp;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Returns the time of day. It may jump, so that it orders nothing.
    fn now(&self) -> Timestamp;

    /// Returns seconds since some fixed moment, which never run backwards: for durations.
    fn monotonic(&self) -> f64;
}

/// The machine's clock.
#[derive(Debug, Clone)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock { start: Instant::now() }
    }
}

/// Returns a moment of the system, such as when a file was changed.
pub fn moment(time: SystemTime) -> Timestamp {
    let milliseconds = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        // A machine whose clock was never set.
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |length| -length),
    };
    Timestamp::from_milliseconds(milliseconds)
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        moment(SystemTime::now())
    }

    fn monotonic(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }
}

/// A clock that moves when it is told to.
#[derive(Debug)]
pub struct FakeClock {
    state: Mutex<(Timestamp, Duration)>,
}

impl FakeClock {
    /// Makes a clock that stands at `now`, and at 0 seconds.
    pub fn new(now: Timestamp) -> FakeClock {
        FakeClock { state: Mutex::new((now, Duration::ZERO)) }
    }

    /// Moves both the time of day and the monotonic seconds.
    pub fn advance(&self, length: Duration) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let milliseconds = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
        state.0 = Timestamp::from_milliseconds(state.0.milliseconds().saturating_add(milliseconds));
        state.1 += length;
    }

    /// Sets the time of day only, as an administrator or a leap of the network's time does.
    pub fn set(&self, now: Timestamp) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0 = now;
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    fn monotonic(&self) -> f64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fake_clock_moves_when_told() {
        let clock = FakeClock::new("2026-01-31T00:00:00Z".parse().unwrap());
        clock.advance(Duration::from_millis(1500));
        assert_eq!((clock.now().to_string().as_str(), clock.monotonic()), ("2026-01-31T00:00:01.500Z", 1.5));
        clock.set("2020-01-01T00:00:00Z".parse().unwrap());
        assert_eq!((clock.now().date().as_str(), clock.monotonic()), ("2020-01-01", 1.5));
    }

    #[test]
    fn the_real_clock_is_past_its_own_release() {
        let clock = SystemClock::default();
        let first = clock.monotonic();
        assert!(clock.now() > "2025-01-01T00:00:00Z".parse().unwrap());
        assert!(clock.monotonic() >= first && first >= 0.0);
    }
}
