//! Requests over HTTP: sent, answered, tried again within our patience.

use super::patience::{Answer, Limits, Next, Patience};
use super::{GitHubError, Token};
use crate::outside::clock::Clock;
use crate::outside::http::retry_after;
use reqwest::blocking::{Client, Response};
use reqwest::header::HeaderMap;
use reqwest::{Method, redirect};
use serde_json::Value;
use std::io::{ErrorKind, Read as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The version of the API that is asked for.
const API_VERSION: &str = "2022-11-28";
const CONNECT: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read.
const ANSWER_BYTES: usize = 32 << 20;
/// How much of an answer is read at a time.
const PIECE: usize = 1 << 16;
/// Characters of GitHub's words that are passed on.
const WORDS: usize = 500;

/// A request.
pub(super) struct Request<'a> {
    /// What it is for, as in `cannot ...`.
    pub(super) what: &'a str,
    /// What a workflow has to grant for it.
    pub(super) permission: &'static str,
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) body: Option<&'a Value>,
    /// Whether carrying it out twice is as good as once.
    pub(super) repeatable: bool,
}

/// A whole answer.
pub(super) struct Answered {
    pub(super) body: Value,
    /// The address of the next page.
    pub(super) next: Option<String>,
}

/// Sends requests.
pub(super) struct Transport {
    client: Client,
    token: Token,
    patience: Patience,
    clock: Arc<dyn Clock>,
    /// Waits for so long.
    pub(super) pause: fn(Duration),
    /// How long all requests have waited together.
    waited: Mutex<Duration>,
}

impl Transport {
    pub(super) fn new(token: Token, patience: Patience, clock: Arc<dyn Clock>) -> Result<Transport, GitHubError> {
        let setup = |trouble: String| GitHubError::Setup { trouble };
        let client = Client::builder()
            .tls_backend_preconfigured(tls().map_err(setup)?)
            .connect_timeout(CONNECT)
            .timeout(patience.request)
            // A repository that was renamed answers with its new address, on the same server.
            .redirect(redirect::Policy::custom(|attempt| {
                let origin = attempt.previous().first().map(reqwest::Url::origin);
                if attempt.previous().len() > 3 || origin != Some(attempt.url().origin()) {
                    attempt.stop()
                } else {
                    attempt.follow()
                }
            }))
            .user_agent(concat!("shmoo/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| setup(causes(&error)))?;
        let waited = Mutex::new(Duration::ZERO);
        Ok(Transport { client, token, patience, clock, pause: std::thread::sleep, waited })
    }

    /// Sends a request until there is an answer to take.
    pub(super) fn send(&self, request: &Request<'_>) -> Result<Answered, GitHubError> {
        let what = || request.what.to_owned();
        let mut tries = 0;
        loop {
            tries += 1;
            let answered = self.once(request);
            let answer = match &answered {
                Ok(raw) => Answer::Status { status: raw.status, limits: raw.limits, message: &raw.message },
                Err(broken) => Answer::Broken { unsent: broken.unsent },
            };
            let mut waited = self.waited.lock().unwrap_or_else(PoisonError::into_inner);
            let now = u64::try_from(self.clock.now().milliseconds() / 1000).unwrap_or(0);
            match self.patience.next(answer, tries, *waited, now, request.repeatable) {
                Next::Again(wait) => {
                    *waited += wait;
                    drop(waited);
                    (self.pause)(wait);
                }
                Next::Rest(wait) => return Err(GitHubError::Limited { what: what(), wait }),
                Next::Take | Next::GiveUp => {
                    return match answered {
                        Ok(raw) => self.taken(raw, request, tries),
                        Err(Broken { trouble, unsent }) => {
                            let unclear = !unsent && !request.repeatable;
                            Err(GitHubError::Away { what: what(), trouble, tries, unclear })
                        }
                    };
                }
            }
        }
    }

    fn once(&self, request: &Request<'_>) -> Result<Raw, Broken> {
        let mut builder = self
            .client
            .request(request.method.clone(), &request.url)
            .header("authorization", self.token.header())
            .header("accept", "application/vnd.github+json, application/json")
            .header("x-github-api-version", API_VERSION);
        if let Some(body) = request.body {
            builder = builder.header("content-type", "application/json").body(body.to_string());
        }
        let broken = |error: reqwest::Error| {
            let unsent = error.is_connect();
            Broken { trouble: format!("cannot be reached ({})", self.token.masked(&causes(&error))), unsent }
        };
        let begun = self.clock.monotonic();
        let response = builder.send().map_err(broken)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let is_late = || self.clock.monotonic() - begun > self.patience.request.as_secs_f64();
        let bytes = read(response, &is_late).map_err(|trouble| Broken { trouble, unsent: false })?;
        let body = serde_json::from_slice(&bytes);
        let message = body.as_ref().ok().and_then(words).unwrap_or_default();
        let (limits, next) = (limits(&headers), next_page(&headers));
        Ok(Raw { status, limits, message, body: body.ok(), empty: bytes.is_empty(), next })
    }

    fn taken(&self, raw: Raw, request: &Request<'_>, tries: u32) -> Result<Answered, GitHubError> {
        let Raw { status, limits: _, message, body, empty, next } = raw;
        let what = request.what.to_owned();
        match (status, body) {
            (200..=299, Some(body)) => Ok(Answered { body, next }),
            (200..=299, None) if empty => Ok(Answered { body: Value::Null, next }),
            (200..=299, None) => Err(GitHubError::Answer { what, trouble: "is not JSON".to_owned() }),
            (500.., _) => {
                let trouble = format!("answers {status}");
                Err(GitHubError::Away { what, trouble, tries, unclear: !request.repeatable })
            }
            _ => {
                let message = self.token.masked(&message);
                Err(GitHubError::Refused { what, status, message, permission: request.permission })
            }
        }
    }
}

struct Raw {
    status: u16,
    limits: Limits,
    /// GitHub's words about an error.
    message: String,
    body: Option<Value>,
    empty: bool,
    next: Option<String>,
}

struct Broken {
    trouble: String,
    unsent: bool,
}

/// Encrypts with the certificates that the system trusts.
fn tls() -> Result<rustls::ClientConfig, String> {
    let mut roots = rustls::RootCertStore::empty();
    // None at all shows when a server is to be believed; a server on this machine needs none.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(config.map_err(|error| error.to_string())?.with_root_certificates(roots).with_no_client_auth())
}

/// Reads an answer to its end. The time limit of the library is for each piece of it, and one that comes drop by drop
/// keeps within that for ever.
fn read(mut response: Response, is_late: &dyn Fn() -> bool) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut piece = vec![0; PIECE];
    loop {
        let length = match response.read(&mut piece) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            read => read.map_err(|error| format!("broke off its answer ({})", causes(&error)))?,
        };
        bytes.extend_from_slice(&piece[..length]);
        match length {
            0 => return Ok(bytes),
            _ if bytes.len() > ANSWER_BYTES => return Err(format!("sent more than {ANSWER_BYTES} bytes")),
            _ if is_late() => return Err("did not end its answer in time".to_owned()),
            _ => {}
        }
    }
}

/// Returns an error with all its causes, without the address.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        let text = match error.downcast_ref::<reqwest::Error>() {
            Some(_) => String::new(),
            None => error.to_string(),
        };
        if !text.is_empty() && !texts.contains(&text) {
            texts.push(text);
        }
        cause = error.source();
    }
    if texts.is_empty() { "no answer in time".to_owned() } else { texts.join(": ") }
}

/// Returns what GitHub says is wrong: the message, and those of its parts.
fn words(body: &Value) -> Option<String> {
    let message = body.get("message")?.as_str()?;
    let mut all = vec![message.to_owned()];
    for error in body.get("errors").and_then(Value::as_array).into_iter().flatten().take(5) {
        let text = |key: &str| error.get(key).and_then(Value::as_str);
        let detail = match (error.as_str(), text("message"), text("field"), text("code")) {
            (Some(text), ..) | (_, Some(text), ..) => text.to_owned(),
            (.., Some(field), Some(code)) => format!("{field} {code}"),
            _ => continue,
        };
        all.push(detail);
    }
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    Some(all.join("; ").chars().map(shown).take(WORDS).collect())
}

fn limits(headers: &HeaderMap) -> Limits {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse().ok();
    Limits {
        retry_after: retry_after(headers).map(|wait| wait.as_secs()),
        remaining: number("x-ratelimit-remaining"),
        reset: number("x-ratelimit-reset"),
    }
}

/// Returns the address behind `rel="next"` (RFC 8288).
fn next_page(headers: &HeaderMap) -> Option<String> {
    headers.get_all("link").iter().filter_map(|value| value.to_str().ok()).find_map(next_link)
}

fn next_link(header: &str) -> Option<String> {
    header.split(',').find_map(|link| {
        let (address, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = |parameter: &str| matches!(parameter.trim(), "rel=\"next\"" | "rel=next");
        rest.split(';').any(is_next).then(|| address.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn links() {
        let check = |header: &str, expected: Option<&str>| assert_eq!(next_link(header).as_deref(), expected);
        check("<https://a/?page=2>; rel=\"next\", <https://a/?page=9>; rel=\"last\"", Some("https://a/?page=2"));
        check("<https://a/?page=1>; rel=\"prev\", <https://a/?page=3>; rel=\"next\"", Some("https://a/?page=3"));
        check("<https://a/?page=1>; rel=\"prev\"", None);
        check("", None);
        check("rel=\"next\"", None);
    }

    #[test]
    fn words_of_github() {
        let check = |body: Value, expected: Option<&str>| assert_eq!(words(&body).as_deref(), expected);
        check(json!({ "message": "Not Found" }), Some("Not Found"));
        let long = json!({ "message": "Validation Failed", "errors": [
            { "resource": "IssueComment", "code": "unprocessable", "field": "data",
              "message": "Body is too long (maximum is 65536 characters)" }] });
        check(long, Some("Validation Failed; Body is too long (maximum is 65536 characters)"));
        check(
            json!({ "message": "a\nb", "errors": ["c", { "field": "d", "code": "missing" }, 3] }),
            Some("a b; c; d missing"),
        );
        check(json!([]), None);
        check(json!({ "message": 3 }), None);
    }
}
