//! Why a bucket did not do what was asked.

use super::tokens::TokenError;
use crate::outside::http::{HttpError, Reply};
use reqwest::StatusCode;
use serde_json::Value;
use std::io;
use std::time::Duration;

/// The longest message of the service that is passed on.
const LONGEST_MESSAGE: usize = 300;

/// Why a bucket did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// We have no token.
    #[error("cannot say who we are")]
    Token(#[source] TokenError),
    /// A request got no answer.
    #[error("a request failed")]
    Http(#[source] HttpError),
    /// The service says no.
    #[error("{status}{}{message}", if message.is_empty() { "" } else { ": " })]
    Refused {
        /// The status.
        status: StatusCode,
        /// What it says.
        message: String,
        /// The bucket.
        bucket: String,
    },
    /// It was tried again until there was no more time or there were enough attempts.
    #[error("gave up after {attempts} attempts in {} s", elapsed.as_secs())]
    GaveUp {
        /// How often it was tried.
        attempts: u32,
        /// How long.
        elapsed: Duration,
        /// The last reason.
        #[source]
        source: Box<BucketError>,
    },
    /// What was stored or read is not what was sent, several times.
    #[error("the checksum of what was {verb} is {}{expected:08x}, {times} times{rest}", instead_of(*found))]
    Checksum {
        /// `stored` or `read`.
        verb: &'static str,
        /// CRC32C of what should be there.
        expected: u32,
        /// CRC32C of what is, where it was told.
        found: Option<u32>,
        /// How often.
        times: u32,
        /// What became of the wrong object.
        rest: &'static str,
    },
    /// An answer is not what the interface promises.
    #[error("the service answers {0}")]
    Strange(String),
}

impl BucketError {
    /// Makes an error of an answer that says no.
    pub(super) fn of_reply(reply: &Reply, bucket: &str) -> BucketError {
        BucketError::Refused { status: reply.status, message: message(&reply.body), bucket: bucket.to_owned() }
    }

    /// Wraps it for the errors of stores.
    pub(super) fn into_io(self) -> io::Error {
        let kind = match &self {
            BucketError::Refused { status, .. } if *status == StatusCode::FORBIDDEN => io::ErrorKind::PermissionDenied,
            BucketError::Checksum { .. } | BucketError::Strange(_) => io::ErrorKind::InvalidData,
            BucketError::Http(HttpError::Late { .. }) => io::ErrorKind::TimedOut,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, self)
    }

    /// Tells whether the bucket itself is not there.
    pub(super) fn is_no_bucket(&self) -> bool {
        matches!(self, BucketError::Refused { status, message, .. }
            if *status == StatusCode::NOT_FOUND && message.contains("bucket does not exist"))
    }

    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            BucketError::Token(error) => Some(error.hint()),
            BucketError::Refused { status, bucket, .. } => match *status {
                StatusCode::FORBIDDEN => Some(format!(
                    "grant roles/storage.objectUser on gs://{bucket} (to read only: roles/storage.objectViewer); it may \
                     take minutes to have an effect"
                )),
                StatusCode::NOT_FOUND => Some(format!("is gs://{bucket} the right name? shmoo makes no buckets")),
                StatusCode::UNAUTHORIZED => {
                    Some("the credentials are not accepted: they may have expired, or be of another service".to_owned())
                }
                _ => None,
            },
            BucketError::GaveUp { source, .. } => source.hint().or_else(|| {
                Some(
                    "the service or the way to it is disturbed: what is stored is whole, the command can be repeated"
                        .to_owned(),
                )
            }),
            BucketError::Checksum { .. } => Some("something on the way to the bucket changes what is sent".to_owned()),
            BucketError::Http(_) | BucketError::Strange(_) => None,
        }
    }
}

fn instead_of(found: Option<u32>) -> String {
    found.map_or_else(|| "not ".to_owned(), |found| format!("{found:08x} instead of "))
}

/// Returns what an error of the service says, in one line; nothing if it is a page for people.
fn message(body: &[u8]) -> String {
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let text = json.as_ref().and_then(|json| json.pointer("/error/message")?.as_str());
    let plain = || std::str::from_utf8(body).ok().filter(|text| !text.contains('<') && !text.trim().is_empty());
    let text = text.or_else(plain).unwrap_or_default();
    let line = text.split(|character: char| character.is_whitespace() || character.is_control());
    let line = line.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{} ...", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages() {
        let check = |body: &str, expected: &str| assert_eq!(message(body.as_bytes()), expected, "{body}");
        check(r#"{"error":{"code":403,"message":"a does not\nhave x access."}}"#, "a does not have x access.");
        check("<html>Bad Gateway</html>", "");
        check("No such object\n", "No such object");
        check("", "");
        check(&"x".repeat(400), &format!("{} ...", "x".repeat(300)));
    }

    #[test]
    fn hints_name_bucket_and_role() {
        let refused =
            |status, message: &str| BucketError::Refused { status, message: message.into(), bucket: "lab".into() };
        let error = refused(StatusCode::FORBIDDEN, "no storage.objects.create access");
        assert_eq!(error.to_string(), "403 Forbidden: no storage.objects.create access");
        assert!(error.hint().unwrap().starts_with("grant roles/storage.objectUser on gs://lab "));
        assert_eq!(error.into_io().kind(), io::ErrorKind::PermissionDenied);
        assert!(refused(StatusCode::NOT_FOUND, "The specified bucket does not exist.").is_no_bucket());
        assert_eq!(refused(StatusCode::BAD_GATEWAY, "").to_string(), "502 Bad Gateway");
    }
}
