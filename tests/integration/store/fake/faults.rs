//! What goes wrong between a client and the fake.

use super::http::Head;
use std::time::Duration;

/// What goes wrong with a request.
#[derive(Debug, Clone)]
pub(in crate::integration) enum Fault {
    /// An answer with this status, and nothing is done.
    Status(u16),
    /// The same, with this `Retry-After`.
    RetryAfter(u16, u64),
    /// The same, with a date; it is noon of 31 January 2026 then.
    RetryAt(u16, &'static str),
    /// The connection ends before anything is done.
    ResetBefore,
    /// It is done, and the connection ends without an answer.
    ResetAfter,
    /// The connection ends after so many bytes of the answer's body.
    ResetMidBody(usize),
    /// Only so many bytes of the request's body arrive; then the connection ends.
    CutUpload(usize),
    /// No answer, for so long; then the connection ends.
    Silence(Duration),
    /// The answer's body comes byte by byte, with such pauses.
    Drip(Duration),
    /// A byte of the request's body is another one when it arrives.
    DamagedUpload,
    /// The same, and the service does not notice.
    DamagedUnseen,
    /// A byte of the answer's body is another one when it arrives.
    DamagedDownload,
    /// The network delivers the request twice; the answer is the second one's.
    Twice,
    /// The service forgets the upload.
    Forget,
}

/// A fault and when it happens.
#[derive(Debug)]
pub(super) struct Rule {
    method: &'static str,
    part: &'static str,
    skip: u32,
    pub(super) times: u32,
    fault: Fault,
}

impl Rule {
    pub(super) fn new(method: &'static str, part: &'static str, skip: u32, times: u32, fault: Fault) -> Rule {
        Rule { method, part, skip, times, fault }
    }

    fn take(&mut self, head: &Head) -> Option<Fault> {
        if self.times == 0 || head.method != self.method || !head.target.contains(self.part) {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.times -= 1;
        Some(self.fault.clone())
    }
}

/// Returns what goes wrong with this request.
pub(super) fn next(rules: &mut [Rule], head: &Head) -> Option<Fault> {
    rules.iter_mut().find_map(|rule| rule.take(head))
}
