//! Names with types: what a function wants is in its signature, not in its documentation.
//!
//! A copy of a name is the same text in memory: records and comparisons hold each many times.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

macro_rules! text_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps a text that is already known to be such a name.
            pub fn new(text: impl AsRef<str>) -> $name {
                $name(Arc::from(text.as_ref()))
            }

            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                deserializer.deserialize_str(SharedText).map($name)
            }
        }
    };
}

/// Takes a text without a copy of its own in between.
struct SharedText;

impl serde::de::Visitor<'_> for SharedText {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Arc<str>, E> {
        Ok(Arc::from(text))
    }
}

text_id! {
    /// The name of a suite, `[a-z][a-z0-9_-]*`.
    SuiteName
}
text_id! {
    /// The name of a stage, `[a-z][a-z0-9_-]*`.
    StageName
}
text_id! {
    /// The short name of a metric within its stage.
    MetricName
}
text_id! {
    /// The name of a point, safe as a file name: `inv5_v1.8_t-40`, `base`, `all`.
    PointName
}
text_id! {
    /// The name of a run, which sorts by time: `20260131-142233-temp-sense-3f9a`.
    RunId
}

/// A stage at a point, and the number of the repeat: `run_simulations/inv5_v1.8#2`.
///
/// The readable identity of a task: it joins ledger, history, goldens and comparison.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskKey {
    /// The stage.
    pub stage: StageName,
    /// The point, with the parameters of the stage only.
    pub point: PointName,
    /// Number of the repeat, from 1; `None` where the stage has no `repeat`. Warm-up rounds are
    /// numbered from 0 downwards in the text: `#w1`, `#w2`.
    pub repeat: Option<Repeat>,
}

/// Which round of a repeated stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Repeat {
    /// A warm-up round, from 1: recorded, not measured.
    Warmup(u32),
    /// A measured round, from 1.
    Measured(u32),
}

/// A text is no task key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a task (`STAGE/POINT` or `STAGE/POINT#REPEAT`)")]
pub struct ParseTaskKeyError(String);

impl fmt::Display for TaskKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.stage, self.point)?;
        match self.repeat {
            None => Ok(()),
            Some(Repeat::Warmup(round)) => write!(f, "#w{round}"),
            Some(Repeat::Measured(round)) => write!(f, "#{round}"),
        }
    }
}

impl FromStr for TaskKey {
    type Err = ParseTaskKeyError;

    fn from_str(text: &str) -> Result<TaskKey, ParseTaskKeyError> {
        let error = || ParseTaskKeyError(text.to_owned());
        let (stage, rest) = text.split_once('/').ok_or_else(error)?;
        let (point, repeat) = match rest.split_once('#') {
            None => (rest, None),
            Some((point, round)) => {
                let number = |digits: &str| digits.parse::<u32>().ok().filter(|&round| round > 0).ok_or_else(error);
                (
                    point,
                    Some(match round.strip_prefix('w') {
                        Some(digits) => Repeat::Warmup(number(digits)?),
                        None => Repeat::Measured(number(round)?),
                    }),
                )
            }
        };
        if stage.is_empty() || point.is_empty() {
            return Err(error());
        }
        Ok(TaskKey { stage: StageName::new(stage), point: PointName::new(point), repeat })
    }
}

impl serde::Serialize for TaskKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Takes the text of a task key without a copy of its own in between.
struct TaskKeyText;

impl serde::de::Visitor<'_> for TaskKeyText {
    type Value = TaskKey;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a task")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<TaskKey, E> {
        text.parse().map_err(E::custom)
    }
}

impl<'de> serde::Deserialize<'de> for TaskKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<TaskKey, D::Error> {
        deserializer.deserialize_str(TaskKeyText)
    }
}

/// Tells whether a text has the form of a suite or stage name, `[a-z][a-z0-9_-]*`.
pub fn is_plain_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
}

/// Tells whether a text can name a parameter, a `let`, a metric or a column in an expression,
/// `[A-Za-z][A-Za-z0-9_]*`.
pub fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn task_keys_round_trip() {
        for text in ["run/all", "run/inv5_v1.8#3", "run/base#w1"] {
            assert_eq!(text.parse::<TaskKey>().unwrap().to_string(), text);
        }
        for text in ["run", "/x", "run/", "run/x#", "run/x#0", "run/x#w", "run/x#-1"] {
            assert!(text.parse::<TaskKey>().is_err(), "{text}");
        }
    }
}
