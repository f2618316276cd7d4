//! From `gs://BUCKET/PREFIX` to a bucket and a prefix, and to who answers for it.

use crate::outside::environment::Environment;
use crate::outside::store::{ObjectKey, OpenStoreError};
use reqwest::Url;
use std::fmt;

/// Where Google answers.
const GOOGLE: &str = "https://storage.googleapis.com";
/// The variable that names an emulator, as for Google's own clients.
const EMULATOR: &str = "STORAGE_EMULATOR_HOST";

/// A part of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketPlace {
    /// The bucket.
    pub bucket: String,
    /// What the names of all objects start with, without the `/` after it; none for the whole bucket.
    pub prefix: Option<ObjectKey>,
}

impl BucketPlace {
    /// Reads `gs://BUCKET` or `gs://BUCKET/PREFIX`.
    pub fn parse(location: &str) -> Result<BucketPlace, OpenStoreError> {
        let wrong = |problem: String| OpenStoreError::Bucket { location: location.to_owned(), problem };
        let rest = location.strip_prefix("gs://").ok_or_else(|| OpenStoreError::Scheme(location.to_owned()))?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if let Some(problem) = problem(bucket) {
            return Err(wrong(problem.to_owned()));
        }
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let prefix = match prefix {
            "" => None,
            prefix => Some(prefix.parse::<ObjectKey>().map_err(|error| wrong(error.to_string()))?),
        };
        Ok(BucketPlace { bucket: bucket.to_owned(), prefix })
    }

    /// Returns the name of an object, or of what starts with a text, in the bucket.
    pub(super) fn name(&self, text: &str) -> String {
        self.prefix.as_ref().map_or_else(|| text.to_owned(), |prefix| format!("{prefix}/{text}"))
    }

    /// Returns the key of a name in the bucket; none if the object is not ours.
    pub(super) fn key(&self, name: &str) -> Option<ObjectKey> {
        let text = match &self.prefix {
            Some(prefix) => name.strip_prefix(prefix.as_str())?.strip_prefix('/')?,
            None => name,
        };
        text.parse().ok()
    }
}

impl fmt::Display for BucketPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gs://{}", self.bucket)?;
        self.prefix.as_ref().map_or(Ok(()), |prefix| write!(f, "/{prefix}"))
    }
}

/// Says why a text is no name of a bucket, by Google's rules.
fn problem(bucket: &str) -> Option<&'static str> {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_good = |byte: u8| is_letter(byte) || matches!(byte, b'-' | b'_' | b'.');
    if bucket.is_empty() {
        Some("it names no bucket")
    } else if !(3..=222).contains(&bucket.len()) {
        Some("the name of a bucket has 3 to 222 characters")
    } else if !bucket.bytes().all(is_good) {
        Some("the name of a bucket has only the characters a-z, 0-9, `-`, `_` and `.`")
    } else if !bucket.starts_with(|first: char| is_letter(first as u8))
        || !bucket.ends_with(|last| is_letter(last as u8))
    {
        Some("the name of a bucket starts and ends with a letter or a digit")
    } else {
        None
    }
}

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The address before `/storage/v1`.
    pub url: Url,
    /// Whether it is not Google's: nobody needs to say there who he is.
    pub is_emulator: bool,
}

impl Endpoint {
    /// Returns the emulator that the environment names, else Google.
    pub fn of(environment: &Environment) -> Result<Endpoint, OpenStoreError> {
        let Some(named) = environment.get(EMULATOR) else {
            let url = Url::parse(GOOGLE).expect("a plain URL");
            return Ok(Endpoint { url, is_emulator: false });
        };
        let full = if named.contains("://") { named.to_owned() } else { format!("http://{named}") };
        let url = Url::parse(full.trim_end_matches('/')).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host() && url.path() == "/");
        let url = url.ok_or_else(|| OpenStoreError::Emulator(named.to_owned()))?;
        Ok(Endpoint { url, is_emulator: true })
    }
}

/// Returns a text as a part of a URL's path or query.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let check = |text: &str, expected: &str| {
            let found = match BucketPlace::parse(text) {
                Ok(place) => format!("{place} {} {:?}", place.name("runs/a"), place.key("team/chip/runs/a")),
                Err(error) => format!("{error}"),
            };
            assert_eq!(found, expected, "{text}");
        };
        check("gs://lab-1/team/chip", r#"gs://lab-1/team/chip team/chip/runs/a Some(ObjectKey("runs/a"))"#);
        check("gs://lab/team/", r#"gs://lab/team team/runs/a Some(ObjectKey("chip/runs/a"))"#);
        check("gs://lab", r#"gs://lab runs/a Some(ObjectKey("team/chip/runs/a"))"#);
        check("gs://lab/", r#"gs://lab runs/a Some(ObjectKey("team/chip/runs/a"))"#);
        check("gs://lab/tea", "gs://lab/tea tea/runs/a None");
        check("gs://", "the store `gs://` is no part of a bucket: it names no bucket");
        check(
            "gs://Lab/x",
            "the store `gs://Lab/x` is no part of a bucket: the name of a bucket has only the characters a-z, 0-9, `-`, `_` and `.`",
        );
        check("gs://la", "the store `gs://la` is no part of a bucket: the name of a bucket has 3 to 222 characters");
        check(
            "gs://-lab",
            "the store `gs://-lab` is no part of a bucket: the name of a bucket starts and ends with a letter or a digit",
        );
        check(
            "gs://lab/a//b",
            "the store `gs://lab/a//b` is no part of a bucket: `a//b` is not an object key: it has an empty part",
        );
        check(
            "gs://lab/../b",
            "the store `gs://lab/../b` is no part of a bucket: `../b` is not an object key: a part starts with a dot",
        );
    }

    #[test]
    fn emulators() {
        let check = |value: &str, expected: &str| {
            let found = Endpoint::of(&Environment::new([("STORAGE_EMULATOR_HOST", value)]));
            let found = found.map(|endpoint| format!("{} {}", endpoint.url, endpoint.is_emulator));
            assert_eq!(found.unwrap_or_else(|error| error.to_string()), expected, "{value}");
        };
        check("", "https://storage.googleapis.com/ false");
        check("127.0.0.1:9023", "http://127.0.0.1:9023/ true");
        check("http://localhost:1/", "http://localhost:1/ true");
        check("ftp://a", "`STORAGE_EMULATOR_HOST` is `ftp://a`, which is no address of a server");
        check("http://a/b", "`STORAGE_EMULATOR_HOST` is `http://a/b`, which is no address of a server");
    }

    #[test]
    fn escapes() {
        assert_eq!(escape("a/b+c=d_-.~ä "), "a%2Fb%2Bc%3Dd_-.~%C3%A4%20");
    }
}
