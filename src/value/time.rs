//! Moments, as stored: milliseconds since 1970 in UTC, written as RFC 3339.

use std::fmt;
use std::str::FromStr;

/// A moment in UTC with millisecond resolution. Reading the clock is `outside`'s business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// A text is no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time such as `2026-01-31T14:22:33Z`")]
pub struct ParseTimestampError(String);

impl Timestamp {
    /// Returns the moment `milliseconds` after the start of 1970.
    pub fn from_milliseconds(milliseconds: i64) -> Timestamp {
        Timestamp(milliseconds)
    }

    /// Returns milliseconds since the start of 1970.
    pub fn milliseconds(self) -> i64 {
        self.0
    }

    /// Returns `20260131-142233`, for names.
    pub fn compact(self) -> String {
        self.format("%Y%m%d-%H%M%S")
    }

    /// Returns `2026-01-31`.
    pub fn date(self) -> String {
        self.format("%Y-%m-%d")
    }

    fn format(self, format: &str) -> String {
        jiff::Timestamp::from_millisecond(self.0)
            .map_or_else(|_| "?".to_owned(), |time| time.strftime(format).to_string())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(time) => write!(f, "{time:.3}"),
            Err(_) => f.write_str("?"),
        }
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Timestamp, ParseTimestampError> {
        let time: jiff::Timestamp = text.parse().map_err(|_| ParseTimestampError(text.to_owned()))?;
        Ok(Timestamp(time.as_millisecond()))
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trip() {
        let time: Timestamp = "2026-01-31T14:22:33.120Z".parse().unwrap();
        assert_eq!(time.to_string(), "2026-01-31T14:22:33.120Z");
        assert_eq!(time.compact(), "20260131-142233");
        assert!("yesterday".parse::<Timestamp>().is_err());
    }
}
