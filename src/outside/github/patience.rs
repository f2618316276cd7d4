//! When a request is sent again, and after how long: decided from what came back, bounded in all.
//!
//! GitHub says how long to wait in `retry-after` (seconds, or a date), or when the limit is new again in `x-ratelimit-reset`
//! (seconds since 1970) with `x-ratelimit-remaining: 0`. A secondary limit without either is a minute.

use std::time::Duration;

/// How long a command may wait for GitHub, and how often it tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// All waiting between the requests of a command together.
    pub wait: Duration,
    /// How often one request is sent at most.
    pub tries: u32,
    /// How long one request may take, with its answer: one that drips in slowly ends with it.
    pub request: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { wait: Duration::from_secs(120), tries: 5, request: Duration::from_secs(60) }
    }
}

/// What came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer<'a> {
    /// A status, with what it says about limits.
    Status {
        /// The HTTP status.
        status: u16,
        /// What the headers say.
        limits: Limits,
        /// GitHub's own words.
        message: &'a str,
    },
    /// The connection broke before an answer was whole.
    Broken {
        /// Whether it had not even been made: then nothing was carried out.
        unsent: bool,
    },
}

/// What the headers of an answer say about limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Limits {
    /// What `retry-after` asks for, in seconds.
    pub(super) retry_after: Option<u64>,
    /// `x-ratelimit-remaining`.
    pub(super) remaining: Option<u64>,
    /// `x-ratelimit-reset`, in seconds since 1970.
    pub(super) reset: Option<u64>,
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The answer is what it is.
    Take,
    /// Send the request again after so long.
    Again(Duration),
    /// GitHub wants a rest that is longer than our patience: in all so long.
    Rest(Duration),
    /// It did not work out, and it will not.
    GiveUp,
}

/// The first pause after an answer that says nothing of limits; it doubles.
const PAUSE: Duration = Duration::from_millis(500);
/// What a secondary limit takes that names no time.
const SECONDARY: Duration = Duration::from_secs(60);

impl Patience {
    /// Decides about an answer. `tried` counts the requests that were sent, `waited` is how long was waited
    /// before, `now` is in seconds since 1970; `repeatable` says that carrying it out twice is as good as once.
    pub(super) fn next(&self, answer: Answer<'_>, tried: u32, waited: Duration, now: u64, repeatable: bool) -> Next {
        let left = self.wait.saturating_sub(waited);
        let pause = PAUSE * 2u32.saturating_pow(tried.saturating_sub(1).min(8));
        let again = |wait: Duration| match wait {
            _ if tried >= self.tries => Next::GiveUp,
            wait if wait <= left => Next::Again(wait),
            _ => Next::GiveUp,
        };
        match answer {
            Answer::Status { status, limits, message } => match rest(status, limits, message, now) {
                // Nothing was carried out, so that it may be sent again whatever it does.
                Some(wait) if tried < self.tries && wait <= left => Next::Again(wait),
                Some(wait) => Next::Rest(wait),
                None if matches!(status, 500 | 502 | 503 | 504) && repeatable => again(pause),
                None if matches!(status, 500 | 502 | 503 | 504) => Next::GiveUp,
                None => Next::Take,
            },
            Answer::Broken { unsent } if unsent || repeatable => again(pause),
            Answer::Broken { .. } => Next::GiveUp,
        }
    }
}

/// Returns how long GitHub wants us to wait, if that is what it says.
fn rest(status: u16, limits: Limits, message: &str, now: u64) -> Option<Duration> {
    if !matches!(status, 403 | 429 | 503) {
        return None;
    }
    let secondary = message.contains("secondary rate limit") || message.contains("abuse");
    match limits {
        Limits { retry_after: Some(seconds), .. } => Some(Duration::from_secs(seconds)),
        _ if status == 503 => None,
        // A second more, since clocks differ.
        Limits { remaining: Some(0), reset: Some(reset), .. } => {
            Some(Duration::from_secs(reset.saturating_sub(now).saturating_add(1)))
        }
        _ if status == 429 || secondary => Some(SECONDARY),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;
    const PATIENCE: Patience = Patience { wait: Duration::from_secs(100), tries: 4, request: Duration::from_secs(60) };

    fn status(status: u16, limits: Limits) -> Answer<'static> {
        Answer::Status { status, limits, message: "" }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn answers() {
        let check = |answer, repeatable, expected| {
            assert_eq!(PATIENCE.next(answer, 1, Duration::ZERO, NOW, repeatable), expected, "{answer:?}");
        };
        let none = Limits::default();
        for code in [200, 201, 204, 304, 401, 403, 404, 405, 409, 410, 422] {
            check(status(code, none), true, Next::Take);
        }
        for code in [500, 502, 503, 504] {
            check(status(code, none), true, Next::Again(PAUSE));
            check(status(code, none), false, Next::GiveUp);
        }
        check(status(501, none), true, Next::Take);
        for unsent in [true, false] {
            check(Answer::Broken { unsent }, true, Next::Again(PAUSE));
        }
        check(Answer::Broken { unsent: true }, false, Next::Again(PAUSE));
        check(Answer::Broken { unsent: false }, false, Next::GiveUp);
    }

    #[test]
    fn limits() {
        let check = |answer, expected| {
            assert_eq!(PATIENCE.next(answer, 1, Duration::ZERO, NOW, false), expected, "{answer:?}");
        };
        let after = |seconds| Limits { retry_after: Some(seconds), ..Limits::default() };
        for code in [403, 429, 503] {
            check(status(code, after(7)), Next::Again(seconds(7)));
            check(status(code, after(100)), Next::Again(seconds(100)));
            check(status(code, after(101)), Next::Rest(seconds(101)));
        }
        check(status(200, after(7)), Next::Take);
        let reset = |remaining, reset| Limits { remaining: Some(remaining), reset: Some(reset), ..Limits::default() };
        check(status(403, reset(0, NOW + 20)), Next::Again(seconds(21)));
        check(status(403, reset(0, NOW - 20)), Next::Again(seconds(1)));
        check(status(429, reset(0, NOW + 3000)), Next::Rest(seconds(3001)));
        // Limits that are not used up have nothing to do with it.
        check(status(403, reset(4000, NOW + 20)), Next::Take);
        check(status(429, Limits::default()), Next::Again(seconds(60)));
        let message = "You have exceeded a secondary rate limit";
        let answer = Answer::Status { status: 403, limits: reset(4000, NOW + 20), message };
        check(answer, Next::Again(seconds(60)));
        check(status(403, after(u64::MAX)), Next::Rest(seconds(u64::MAX)));
        check(status(403, reset(0, u64::MAX)), Next::Rest(seconds(u64::MAX - NOW + 1)));
    }

    #[test]
    fn patience_ends() {
        let broken = Answer::Broken { unsent: false };
        let pauses: Vec<Next> = (1..=5).map(|tried| PATIENCE.next(broken, tried, Duration::ZERO, NOW, true)).collect();
        let again = |milliseconds| Next::Again(Duration::from_millis(milliseconds));
        assert_eq!(pauses, [again(500), again(1000), again(2000), Next::GiveUp, Next::GiveUp]);
        assert_eq!(PATIENCE.next(broken, 1, seconds(100), NOW, true), Next::GiveUp);
        let limited = status(429, Limits { retry_after: Some(7), ..Limits::default() });
        assert_eq!(PATIENCE.next(limited, 1, seconds(94), NOW, true), Next::Rest(seconds(7)));
        assert_eq!(PATIENCE.next(limited, 4, Duration::ZERO, NOW, true), Next::Rest(seconds(7)));
    }

    proptest::proptest! {
        #[test]
        fn waiting_is_bounded(
            code in proptest::sample::select(vec![200u16, 403, 429, 500, 503]),
            after in proptest::option::of(proptest::num::u64::ANY), reset in proptest::option::of(proptest::num::u64::ANY),
            remaining in proptest::option::of(0u64..2), repeatable: bool,
        ) {
            let limits = Limits { retry_after: after, remaining, reset };
            let (mut waited, mut tried) = (Duration::ZERO, 1);
            while let Next::Again(wait) = PATIENCE.next(status(code, limits), tried, waited, NOW, repeatable) {
                waited += wait;
                tried += 1;
            }
            proptest::prop_assert!(waited <= PATIENCE.wait && tried <= PATIENCE.tries);
        }
    }
}
