//! Requests to the service: who we are, and once more where that may help.

use super::error::BucketError;
use super::place::Endpoint;
use super::tokens::{Bearer, Tokens};
use super::tries::{Patience, Tries};
use crate::outside::http::{HttpClient, HttpError, Reply, Request, Stream, retry_after};
use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use std::time::Duration;

/// A bucket at the other end of the line.
pub(super) struct Connection {
    pub(super) http: HttpClient,
    pub(super) endpoint: Endpoint,
    pub(super) bucket: String,
    /// None for an emulator.
    pub(super) tokens: Option<Tokens>,
    pub(super) patience: Patience,
}

/// What to ask.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
    /// How long an answer is expected.
    pub(super) expects: usize,
}

impl Call {
    pub(super) fn new(method: Method, url: Url) -> Call {
        Call { method, url, headers: Vec::new(), body: Bytes::new(), expects: 0 }
    }

    /// Adds a header; `value` has only printable characters.
    pub(super) fn header(mut self, name: &'static str, value: &str) -> Call {
        let value = HeaderValue::from_str(value).expect("what we say in headers is printable");
        self.headers.push((HeaderName::from_static(name), value));
        self
    }

    pub(super) fn body(mut self, body: impl Into<Bytes>) -> Call {
        self.body = body.into();
        self
    }

    pub(super) fn expects(mut self, bytes: usize) -> Call {
        self.expects = bytes;
        self
    }
}

/// One attempt that failed in a way that another one may mend.
pub(super) struct Setback {
    pub(super) why: BucketError,
    /// How long the service asks us to wait.
    pub(super) asked: Option<Duration>,
}

impl Connection {
    /// Returns the address of something below the bucket: `path` and `query` are escaped.
    pub(super) fn url(&self, path: &str, query: &str) -> Url {
        let mut url = self.endpoint.url.clone();
        url.set_path(path);
        url.set_query((!query.is_empty()).then_some(query));
        url
    }

    fn request(&self, call: &Call, bearer: Option<&Bearer>) -> Request {
        let mut headers = call.headers.clone();
        headers.extend(bearer.map(|bearer| (AUTHORIZATION, bearer.header.clone())));
        let within = self.patience.within(call.body.len() + call.expects);
        Request { method: call.method.clone(), url: call.url.clone(), headers, body: call.body.clone(), within }
    }

    /// Returns a token for an address; none where nobody must know it.
    fn bearer(&self, url: &Url) -> Result<Option<Bearer>, Attempt> {
        let own = self.endpoint.url.origin() == url.origin();
        let Some(tokens) = self.tokens.as_ref().filter(|_| own) else { return Ok(None) };
        tokens.bearer(&self.http).map(Some).map_err(|error| {
            let transient = error.is_transient();
            let why = BucketError::Token(error);
            if transient { Attempt::Setback(Setback { why, asked: None }) } else { Attempt::Over(why) }
        })
    }

    /// Sends something once, with a new token where the old one is refused, and looks at the status.
    fn attempt<T>(
        &self,
        call: &Call,
        mut send: impl FnMut(Request) -> Result<T, HttpError>,
        look: impl Fn(&T) -> (StatusCode, &HeaderMap),
        into_reply: impl FnOnce(T) -> Reply,
    ) -> Result<T, Attempt> {
        let failed = |error: HttpError| match error {
            HttpError::SetUp(_) | HttpError::Long { .. } => Attempt::Over(BucketError::Http(error)),
            _ => Attempt::Setback(Setback { why: BucketError::Http(error), asked: None }),
        };
        let bearer = self.bearer(&call.url)?;
        let mut answer = send(self.request(call, bearer.as_ref())).map_err(failed)?;
        if let (StatusCode::UNAUTHORIZED, Some(tokens), Some(old)) = (look(&answer).0, &self.tokens, &bearer) {
            tokens.forget(old);
            let bearer = self.bearer(&call.url)?;
            answer = send(self.request(call, bearer.as_ref())).map_err(failed)?;
        }
        let (status, headers) = look(&answer);
        if !is_transient(status) {
            return Ok(answer);
        }
        let asked = retry_after(headers);
        let why = BucketError::of_reply(&into_reply(answer), &self.bucket);
        Err(Attempt::Setback(Setback { why, asked }))
    }

    /// Sends a request once. The inner error may go away, the outer one does not.
    pub(super) fn once(&self, call: &Call) -> Result<Result<Reply, Setback>, BucketError> {
        let sent = self.attempt(
            call,
            |request| self.http.send(request),
            |reply: &Reply| (reply.status, &reply.headers),
            |reply| reply,
        );
        flatten(sent)
    }

    /// Sends a request once, and does something else while it is on its way.
    pub(super) fn once_meanwhile<E: From<BucketError>>(
        &self,
        call: &Call,
        meanwhile: &mut dyn FnMut() -> Result<(), E>,
    ) -> Result<Result<Reply, Setback>, E> {
        let mut done = Ok(());
        let sent = self.attempt(
            call,
            |request| {
                let pending = self.http.start(request);
                if done.is_ok() {
                    done = meanwhile();
                }
                pending.wait()
            },
            |reply: &Reply| (reply.status, &reply.headers),
            |reply| reply,
        );
        done?;
        Ok(flatten(sent)?)
    }

    /// Sends a request until there is an answer, which may be a no.
    pub(super) fn send(&self, call: &Call) -> Result<Reply, BucketError> {
        let mut tries = Tries::new(&self.patience);
        loop {
            match self.once(call)? {
                Ok(reply) => return Ok(reply),
                Err(Setback { why, asked }) => tries.again(asked, why)?,
            }
        }
    }

    /// Sends a request once whose answer is read in pieces of which each may take its time.
    pub(super) fn stream(&self, call: &Call) -> Result<Result<Stream<'_>, Setback>, BucketError> {
        let piece = self.patience.within(1 << 20);
        let sent = self.attempt(
            call,
            |request| self.http.stream(request, piece),
            |stream: &Stream<'_>| (stream.status, &stream.headers),
            Stream::into_reply,
        );
        flatten(sent)
    }

    /// Returns the error for an answer that says no.
    pub(super) fn refused(&self, reply: &Reply) -> BucketError {
        BucketError::of_reply(reply, &self.bucket)
    }
}

/// How an attempt failed.
enum Attempt {
    Setback(Setback),
    Over(BucketError),
}

fn flatten<T>(sent: Result<T, Attempt>) -> Result<Result<T, Setback>, BucketError> {
    match sent {
        Ok(answer) => Ok(Ok(answer)),
        Err(Attempt::Setback(setback)) => Ok(Err(setback)),
        Err(Attempt::Over(error)) => Err(error),
    }
}

/// Tells whether the same request may fare better later.
fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}
