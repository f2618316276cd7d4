//! A strict Google Cloud Storage in this process, which misbehaves when it is told to.
//!
//! It enforces what real emulators let pass: conditions (412), checksums (400), places and sizes of chunks
//! (400, 308), pages, unknown parameters, tokens (401).

mod faults;
mod http;
mod identity;
mod objects;

pub(in crate::integration) use faults::Fault;
pub(in crate::integration) use identity::{ACCOUNT, AUDIENCE, REQUEST_TOKEN, SUBJECT};

use faults::Rule;
use http::{Answer, Connection, Head};
use objects::Objects;
use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

/// What time it is where the service is, if it says so.
const NOON: &str = "Sat, 31 Jan 2026 12:00:00 GMT";

/// The service.
pub(in crate::integration) struct Fake {
    pub(in crate::integration) address: SocketAddr,
    state: Arc<Mutex<State>>,
    ended: Arc<AtomicBool>,
}

/// A request that came.
#[derive(Debug, Clone)]
pub(in crate::integration) struct Seen {
    pub(in crate::integration) method: String,
    /// Path and query.
    pub(in crate::integration) target: String,
    /// Bytes of the answer's body.
    pub(in crate::integration) served: usize,
    /// Bytes of the request's body.
    pub(in crate::integration) sent: usize,
}

#[derive(Default)]
struct State {
    objects: Objects,
    rules: Vec<Rule>,
    seen: Vec<Seen>,
    /// The tokens that are good; none where nobody is asked for one.
    tokens: Option<Vec<String>>,
    given: u32,
    /// What jobs were told about themselves.
    subjects: Vec<String>,
    /// The public key whose signatures are good.
    key: Option<Vec<u8>>,
}

impl Fake {
    /// Starts it, with the bucket `lab`.
    pub(in crate::integration) fn start() -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut state = State::default();
        state.objects.buckets.insert("lab".to_owned());
        state.objects.page = 1000;
        state.objects.looks = true;
        let state = Arc::new(Mutex::new(state));
        let ended = Arc::new(AtomicBool::new(false));
        let (shared, over) = (state.clone(), ended.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let state = shared.clone();
                // A client that goes away ends its thread.
                thread::spawn(move || stream.and_then(|stream| serve(stream, address, &state)));
            }
        });
        Fake { address, state, ended }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(in crate::integration) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lists come in pages of so many.
    pub(in crate::integration) fn page(&self, size: usize) {
        self.state().objects.page = size;
    }

    /// Lets something go wrong, `times` times after `skip` times, with requests of a method that have a text in
    /// path or query.
    pub(in crate::integration) fn fail(
        &self,
        method: &'static str,
        part: &'static str,
        skip: u32,
        times: u32,
        fault: Fault,
    ) {
        self.state().rules.push(Rule::new(method, part, skip, times, fault));
    }

    /// Checks that all that was to go wrong went wrong.
    pub(in crate::integration) fn all_failed(&self) {
        let left: Vec<_> = self.state().rules.drain(..).filter(|rule| rule.times > 0).collect();
        assert!(left.is_empty(), "did not happen: {left:?}");
    }

    /// Wants a token of `/token` from now on.
    pub(in crate::integration) fn want_tokens(&self) {
        self.state().tokens = Some(Vec::new());
    }

    /// Lets all tokens expire that were given out.
    pub(in crate::integration) fn expire_tokens(&self) {
        self.want_tokens();
    }

    /// Wants tokens that this key has signed, or that were given out.
    pub(in crate::integration) fn trust(&self, key: Vec<u8>) {
        self.want_tokens();
        self.state().key = Some(key);
    }

    /// Returns how many tokens were given out.
    pub(in crate::integration) fn tokens_given(&self) -> u32 {
        self.state().given
    }

    /// Returns the requests since the last call.
    pub(in crate::integration) fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.state().seen)
    }

    /// Returns the bytes of an object in the bucket `lab`.
    pub(in crate::integration) fn object(&self, name: &str) -> Option<Vec<u8>> {
        let state = self.state();
        state.objects.objects.get(&("lab".to_owned(), name.to_owned())).map(|object| object.bytes.clone())
    }

    /// Returns the names of all objects.
    pub(in crate::integration) fn names(&self) -> Vec<String> {
        self.state().objects.objects.keys().map(|(_, name)| name.clone()).collect()
    }

    /// Returns how often an object came into being.
    pub(in crate::integration) fn created(&self) -> u64 {
        self.state().objects.created
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for clients.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(stream: TcpStream, address: SocketAddr, state: &Mutex<State>) -> io::Result<()> {
    let mut connection = Connection::new(stream)?;
    while let Some(head) = connection.head()? {
        let fault = faults::next(&mut state.lock().unwrap().rules, &head);
        if !serve_one(&mut connection, address, state, &head, fault)? {
            connection.stream.shutdown(Shutdown::Both)?;
            return Ok(());
        }
    }
    Ok(())
}

/// Serves a request, and tells whether the connection goes on.
fn serve_one(
    connection: &mut Connection,
    address: SocketAddr,
    state: &Mutex<State>,
    head: &Head,
    fault: Option<Fault>,
) -> io::Result<bool> {
    if let Some(Fault::CutUpload(length)) = fault {
        let body = connection.body(length)?;
        state.lock().unwrap().objects.take_part(head, &body);
        return Ok(false);
    }
    let mut body = connection.body(head.length())?;
    let sent = body.len();
    let note = |served: usize| {
        let seen = Seen { method: head.method.clone(), target: head.target.clone(), served, sent };
        state.lock().unwrap().seen.push(seen);
    };
    let refusal = match fault {
        Some(Fault::Status(status)) => Some(Answer::error(status, "it was told to")),
        Some(Fault::RetryAfter(status, seconds)) => {
            Some(Answer::error(status, "it was told to").header("retry-after", seconds))
        }
        Some(Fault::RetryAt(status, date)) => {
            Some(Answer::error(status, "it was told to").header("date", NOON).header("retry-after", date))
        }
        Some(Fault::ResetBefore | Fault::Silence(_)) => {
            note(0);
            if let Some(Fault::Silence(time)) = fault {
                thread::sleep(time);
            }
            return Ok(false);
        }
        _ => None,
    };
    let answer = refusal.unwrap_or_else(|| {
        let mut state = state.lock().unwrap();
        match fault {
            Some(Fault::DamagedUpload | Fault::DamagedUnseen) => damage(&mut body, head),
            Some(Fault::Twice) => drop(act(&mut state, address, head, &body)),
            Some(Fault::Forget) => state.objects.forget(head),
            _ => {}
        }
        state.objects.looks = !matches!(fault, Some(Fault::DamagedUnseen));
        act(&mut state, address, head, &body)
    });
    // Noted first: whoever has the answer may ask for the notes.
    note(match fault {
        Some(Fault::ResetAfter) => 0,
        Some(Fault::ResetMidBody(length)) => length,
        _ => answer.body.len(),
    });
    send(connection, answer, fault)
}

/// Sends an answer, or what becomes of it on the way, and tells whether the connection goes on.
fn send(connection: &mut Connection, mut answer: Answer, fault: Option<Fault>) -> io::Result<bool> {
    match fault {
        Some(Fault::ResetAfter) => return Ok(false),
        Some(Fault::ResetMidBody(length)) => {
            connection.answer(&answer, |out| out.write_all(&answer.body[..length]))?;
            return Ok(false);
        }
        Some(Fault::Drip(pause)) => {
            let drop_by_drop = |out: &mut TcpStream| {
                answer.body.iter().try_for_each(|byte| {
                    thread::sleep(pause);
                    out.write_all(&[*byte])
                })
            };
            connection.answer(&answer, drop_by_drop)?;
            return Ok(true);
        }
        Some(Fault::DamagedDownload) => {
            let middle = answer.body.len() / 2;
            answer.body[middle] ^= 1;
        }
        _ => {}
    }
    connection.answer(&answer, |out| out.write_all(&answer.body)).map(|()| true)
}

/// Changes a byte of what is to be stored.
fn damage(body: &mut [u8], head: &Head) {
    // The bytes of an object are behind its description, and before the last boundary.
    let boundary =
        head.header("content-type").and_then(|kind| kind.split_once("boundary=")).map_or(0, |(_, b)| b.len() + 8);
    let last = body.len() - 1 - boundary;
    body[last] ^= 1;
}

fn act(state: &mut State, address: SocketAddr, head: &Head, body: &[u8]) -> Answer {
    if let Some(answer) = identity::answer(state, head, body) {
        return answer;
    }
    if state.tokens.is_some() && !identity::is_good(state, head) {
        return Answer::error(401, "Invalid Credentials");
    }
    state.objects.act(&format!("http://{address}"), head, body)
}
