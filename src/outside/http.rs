//! Requests over HTTP and their answers, for callers that wait.
//!
//! Every request has a limit in time, so that nobody waits for ever: neither for a server that does
//! not answer, nor for one that sends a byte now and then. Nothing is sent twice and no redirection is
//! followed; whether to try again is the caller's business. Errors do not show the path and query of a
//! URL, which may be a secret.

use bytes::{Bytes, BytesMut};
use jiff::civil::DateTime;
use reqwest::header::{DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, StatusCode, Url};
use std::error::Error;
use std::future::Future;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;
use tokio::runtime::Runtime;

/// The most that an answer read as a whole may have.
const LONGEST_ANSWER: usize = 64 << 20;
/// How much of an answer is waited for at a time.
const PIECE: usize = 1 << 20;

/// How a client connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connecting {
    /// How long a connection may take.
    pub within: Duration,
    /// How long a server may take nothing of a request, or say nothing in the middle of an answer.
    pub silence: Duration,
    /// Whether proxies of the environment are used.
    pub proxies: bool,
}

/// Sends requests; many threads may use it at once, from inside and outside of other runtimes.
#[derive(Debug)]
pub struct HttpClient {
    runtime: Option<Runtime>,
    client: reqwest::Client,
    silence: Duration,
}

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    /// What to do.
    pub method: Method,
    /// With what.
    pub url: Url,
    /// What to say with it.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What to send.
    pub body: Bytes,
    /// Until all is sent and the answer is there: all of it, or its headers where it is read in pieces.
    pub within: Duration,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// How it went.
    pub status: StatusCode,
    /// What is said with it.
    pub headers: HeaderMap,
    /// What was sent.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The client cannot be set up.
    #[error("cannot set up HTTP requests")]
    SetUp(#[source] Box<dyn Error + Send + Sync>),
    /// Nobody answers there, or it is not who it should be.
    #[error("cannot connect to {host}")]
    Connect {
        /// The host.
        host: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// It takes too long.
    #[error("{host} did not answer within {} s", within.as_secs_f64())]
    Late {
        /// The host.
        host: String,
        /// The limit.
        within: Duration,
    },
    /// The connection ended in the middle, or what came is not HTTP.
    #[error("the connection to {host} broke off")]
    Broken {
        /// The host.
        host: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The answer has no end.
    #[error("the answer of {host} has more than {} MiB", LONGEST_ANSWER >> 20)]
    Long {
        /// The host.
        host: String,
    },
}

/// An answer that somebody is still waiting for.
pub struct Pending<T>(Receiver<T>);

impl<T> Pending<T> {
    /// Waits for it.
    pub fn wait(self) -> T {
        self.0.recv().expect("tasks of the runtime end with a result")
    }
}

impl HttpClient {
    /// Sets a client up. `agent` is what it calls itself.
    pub fn new(agent: &str, connecting: Connecting) -> Result<HttpClient, HttpError> {
        let Connecting { within, silence, proxies } = connecting;
        let mut builder = reqwest::Client::builder()
            .user_agent(agent)
            .connect_timeout(within)
            // `read_timeout` of the library also runs while a long request is on its way.
            .tcp_user_timeout(silence)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false);
        if !proxies {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| HttpError::SetUp(error.into()))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("http")
            .enable_all()
            .build()
            .map_err(|error| HttpError::SetUp(error.into()))?;
        Ok(HttpClient { runtime: Some(runtime), client, silence })
    }

    /// Begins something on the client's threads.
    pub fn begin<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Pending<T> {
        let (sender, receiver) = sync_channel(1);
        let runtime = self.runtime.as_ref().expect("there is a runtime until the client goes");
        runtime.spawn(async move {
            // Whoever no longer waits does not want to know.
            let _ = sender.send(work.await);
        });
        Pending(receiver)
    }

    /// Begins a request whose answer is read as a whole.
    pub fn start(&self, request: Request) -> Pending<Result<Reply, HttpError>> {
        let (client, silence) = (self.client.clone(), self.silence);
        self.begin(async move {
            let (host, within) = (host_of(&request.url), request.within);
            let late = || HttpError::Late { host: host.clone(), within };
            tokio::time::timeout(within, whole(client, request, silence)).await.unwrap_or_else(|_| Err(late()))
        })
    }

    /// Sends a request and reads its answer as a whole.
    pub fn send(&self, request: Request) -> Result<Reply, HttpError> {
        self.start(request).wait()
    }

    /// Sends a request whose answer is read in pieces, each of which may take `within`.
    pub fn stream(&self, request: Request, within: Duration) -> Result<Stream<'_>, HttpError> {
        let client = self.client.clone();
        let (host, first) = (host_of(&request.url), request.within);
        let named = host.clone();
        let response = self.begin(async move {
            let late = HttpError::Late { host: named, within: first };
            tokio::time::timeout(first, respond(client, request)).await.unwrap_or(Err(late))
        });
        let response = response.wait()?;
        let (status, headers) = (response.status(), response.headers().clone());
        let next = Some(self.begin(piece(response, host.clone(), within, self.silence)));
        Ok(Stream { client: self, status, headers, host, within, next })
    }
}

impl Drop for HttpClient {
    fn drop(&mut self) {
        // To wait for the threads is not allowed everywhere, and nobody waits for their work.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// An answer that is read in pieces.
pub struct Stream<'a> {
    client: &'a HttpClient,
    /// How it went.
    pub status: StatusCode,
    /// What is said with it.
    pub headers: HeaderMap,
    host: String,
    within: Duration,
    next: Option<Pending<Piece>>,
}

/// A part of an answer, and what is to be had after it.
struct Piece {
    bytes: Bytes,
    rest: Result<Option<reqwest::Response>, HttpError>,
}

impl Stream<'_> {
    /// Returns the next bytes and, with the last ones, how it ended: well, or not. The bytes that come
    /// with an error are good.
    pub fn read(&mut self) -> (Bytes, Option<Result<(), HttpError>>) {
        let Some(next) = self.next.take() else { return (Bytes::new(), Some(Ok(()))) };
        let Piece { bytes, rest } = next.wait();
        match rest {
            // The next piece comes while the caller works on this one.
            Ok(Some(response)) => {
                self.next =
                    Some(self.client.begin(piece(response, self.host.clone(), self.within, self.client.silence)));
                (bytes, None)
            }
            Ok(None) => (bytes, Some(Ok(()))),
            Err(error) => (bytes, Some(Err(error))),
        }
    }

    /// Reads the rest of a short answer, such as an error, as far as it comes.
    pub fn into_reply(mut self) -> Reply {
        let mut body = BytesMut::new();
        loop {
            let (bytes, end) = self.read();
            body.extend_from_slice(&bytes);
            if end.is_some() || body.len() >= PIECE {
                return Reply { status: self.status, headers: self.headers, body: body.freeze() };
            }
        }
    }
}

/// Returns how long a service asks us to wait: so many seconds, or until a date by its own clock, which is no
/// time if the date is over (RFC 9110, section 10.2.3).
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    let asked = text(RETRY_AFTER)?;
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let wait = second_of(asked)?.checked_sub(second_of(text(DATE)?)?)?;
    Some(Duration::from_secs(u64::try_from(wait).unwrap_or(0)))
}

/// Returns the second since 1970 of a date in one of the three forms that a recipient must take (RFC 9110,
/// section 5.6.7).
fn second_of(date: &str) -> Option<i64> {
    let forms = ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let parsed = forms.iter().find_map(|form| DateTime::strptime(form, date).ok())?;
    Some(parsed.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
}

fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or("nowhere");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn explain(error: reqwest::Error, host: &str, within: Duration) -> HttpError {
    let (host, source) = (host.to_owned(), error.without_url());
    if source.is_timeout() && !source.is_connect() {
        HttpError::Late { host, within }
    } else if source.is_connect() {
        HttpError::Connect { host, source }
    } else {
        HttpError::Broken { host, source }
    }
}

async fn respond(client: reqwest::Client, request: Request) -> Result<reqwest::Response, HttpError> {
    let Request { method, url, headers, body, within } = request;
    let host = host_of(&url);
    let mut builder = client.request(method.clone(), url);
    // A request without a body says so where one could be expected.
    if !body.is_empty() || matches!(method, Method::POST | Method::PUT | Method::PATCH) {
        builder = builder.header(reqwest::header::CONTENT_LENGTH, body.len()).body(body);
    }
    let builder = headers.into_iter().fold(builder, |builder, (name, value)| builder.header(name, value));
    builder.send().await.map_err(|error| explain(error, &host, within))
}

/// Reads the next bytes of an answer, which must not be silent for too long.
async fn read(response: &mut reqwest::Response, host: &str, silence: Duration) -> Result<Option<Bytes>, HttpError> {
    let read = tokio::time::timeout(silence, response.chunk()).await;
    let read = read.map_err(|_| HttpError::Late { host: host.to_owned(), within: silence })?;
    read.map_err(|error| explain(error, host, silence))
}

async fn whole(client: reqwest::Client, request: Request, silence: Duration) -> Result<Reply, HttpError> {
    let host = host_of(&request.url);
    let mut response = respond(client, request).await?;
    let mut body = BytesMut::new();
    while let Some(bytes) = read(&mut response, &host, silence).await? {
        if body.len() + bytes.len() > LONGEST_ANSWER {
            return Err(HttpError::Long { host });
        }
        body.extend_from_slice(&bytes);
    }
    Ok(Reply { status: response.status(), headers: response.headers().clone(), body: body.freeze() })
}

/// Reads about [`PIECE`] of an answer.
async fn piece(mut response: reqwest::Response, host: String, within: Duration, silence: Duration) -> Piece {
    let mut bytes = BytesMut::new();
    let reading = async {
        while bytes.len() < PIECE {
            match read(&mut response, &host, silence).await? {
                Some(more) => bytes.extend_from_slice(&more),
                None => return Ok(true),
            }
        }
        Ok(false)
    };
    let ended = tokio::time::timeout(within, reading).await;
    let ended = ended.unwrap_or_else(|_| Err(HttpError::Late { host: host.clone(), within }));
    let rest = ended.map(|ended| if ended { None } else { Some(response) });
    Piece { bytes: bytes.freeze(), rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_to_wait() {
        let check = |after: &str, date: Option<&str>, expected: Option<u64>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, after.parse().unwrap());
            date.map(|date| headers.insert(DATE, date.parse().unwrap()));
            assert_eq!(retry_after(&headers).map(|wait| wait.as_secs()), expected, "{after} {date:?}");
        };
        let now = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        check("120", None, Some(120));
        check(" 0 ", now, Some(0));
        for later in ["Sun, 06 Nov 1994 08:50:07 GMT", "Sunday, 06-Nov-94 08:50:07 GMT", "Sun Nov  6 08:50:07 1994"] {
            check(later, now, Some(30));
            check(later, None, None);
        }
        check("Sun, 06 Nov 1994 08:49:00 GMT", now, Some(0));
        check("Mon, 06 Nov 1995 08:49:37 GMT", now, Some(365 * 24 * 3600));
        for nonsense in ["soon", "-1", "1.5", "Sun, 31 Feb 1994 08:49:37 GMT", "99999999999999999999"] {
            check(nonsense, now, None);
        }
        check("Sun, 06 Nov 1994 08:50:07 GMT", Some("yesterday"), None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
