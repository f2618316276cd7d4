//! Names of objects.

use std::fmt;
use std::str::FromStr;

/// The name of an object: parts joined by `/`, relative, safe as a path on every system.
///
/// A part has 1 to 200 of the characters `A-Za-z0-9._+=-` and does not start with a dot, so that
/// there is neither `..` nor a hidden file; a key has at most 1,000 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey(String);

/// A text is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an object key: {problem}")]
pub struct ParseKeyError {
    text: String,
    problem: &'static str,
}

const LONGEST_PART: usize = 200;
const LONGEST: usize = 1000;

impl ObjectKey {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the parts in order.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// Returns the key `below` this one.
    pub fn join(&self, below: &str) -> Result<ObjectKey, ParseKeyError> {
        format!("{self}/{below}").parse()
    }
}

fn problem(part: &str) -> Option<&'static str> {
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'+' | b'=' | b'-');
    if part.is_empty() {
        Some("it has an empty part")
    } else if part.starts_with('.') {
        Some("a part starts with a dot")
    } else if part.len() > LONGEST_PART {
        Some("a part has more than 200 characters")
    } else if !part.bytes().all(is_safe) {
        Some("only the characters A-Z, a-z, 0-9 and ._+=- are safe everywhere")
    } else {
        None
    }
}

impl FromStr for ObjectKey {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<ObjectKey, ParseKeyError> {
        let too_long = (text.len() > LONGEST).then_some("it has more than 1000 characters");
        match too_long.or_else(|| text.split('/').find_map(problem)) {
            Some(problem) => Err(ParseKeyError { text: text.to_owned(), problem }),
            None => Ok(ObjectKey(text.to_owned())),
        }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        for text in ["a", "runs/20260131-142233-x/shard-1.tar.gz", "inv5_v1.8_t-40/a=2Fb==0f", "a+b"] {
            assert_eq!(text.parse::<ObjectKey>().unwrap().as_str(), text);
        }
        for text in ["", "/a", "a/", "a//b", "..", "a/../b", ".", ".draft-x", "a b", "ä", "a\\b", "a\0", "c:d"] {
            assert!(text.parse::<ObjectKey>().is_err(), "{text:?}");
        }
        assert!("x".repeat(201).parse::<ObjectKey>().is_err());
        assert!(vec!["x".repeat(100); 11].join("/").parse::<ObjectKey>().is_err());
        let key: ObjectKey = "a".parse().unwrap();
        assert_eq!(key.join("b/c").unwrap().parts().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(
            key.join("../b").unwrap_err().to_string(),
            "`a/../b` is not an object key: a part starts with a dot"
        );
    }
}
