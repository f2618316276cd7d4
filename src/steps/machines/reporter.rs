//! Brings the events of a part to the store while it runs.
//!
//! Invariant: a `finished` event reaches the store after the outputs that other tasks may still take.

use super::ledgers::SEGMENT;
use super::outputs;
use super::patience::Patience;
use super::place::{Place, WriterName};
use crate::ledger::{Event, Finished, parse_line};
use crate::outside::store::{Store, StoreError};
use crate::value::{Digest, TaskKey};
use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Where the events of a part come from, and where they go.
pub(super) struct Route {
    pub(super) store: Arc<dyn Store>,
    pub(super) place: Place,
    pub(super) writer: WriterName,
    /// The writer's file on this machine.
    pub(super) ledger: PathBuf,
    pub(super) run_folder: PathBuf,
    /// Who takes files of each task of the part.
    pub(super) takers: BTreeMap<TaskKey, Vec<TaskKey>>,
}

/// How far a part has been reported.
pub(super) struct Report {
    route: Route,
    /// Number of the segment that still grows, from 1.
    number: u32,
    /// Where that segment starts in the file.
    start: u64,
    /// Up to where the file was reported.
    reported: u64,
    /// Up to where the file was read for events.
    read: u64,
    /// Tasks that are final.
    finals: HashSet<TaskKey>,
    /// Results whose outputs are not in the store yet.
    owed: Vec<Finished>,
    known: HashSet<Digest>,
}

/// Why events did not reach the store.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReportError {
    #[error("cannot read the ledger `{}`", path.display())]
    Ledger {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Report {
    pub(super) fn new(route: Route) -> Report {
        Report {
            route,
            number: 1,
            start: 0,
            reported: 0,
            read: 0,
            finals: HashSet::new(),
            owed: Vec::new(),
            known: HashSet::new(),
        }
    }

    /// Reports all whole lines of the ledger. After an error, the next call goes on where this one
    /// stopped.
    pub(super) fn report(&mut self) -> Result<(), ReportError> {
        loop {
            let bytes = self.unsealed()?;
            if self.start + bytes.len() as u64 == self.reported {
                return Ok(());
            }
            let (segment, is_full) = cut(&bytes);
            self.note(segment);
            self.pay()?;
            let key = self.route.place.segment(&self.route.writer, self.number);
            self.route.store.put(&key, segment)?;
            self.reported = self.start + segment.len() as u64;
            if is_full {
                self.number += 1;
                self.start = self.reported;
            }
        }
    }

    /// Returns the whole lines of the ledger from the start of the segment that grows.
    fn unsealed(&self) -> Result<Vec<u8>, ReportError> {
        let read = || {
            let mut file = File::open(&self.route.ledger)?;
            file.seek(SeekFrom::Start(self.start))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            bytes.truncate(bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1));
            Ok(bytes)
        };
        read().map_err(|source| ReportError::Ledger { path: self.route.ledger.clone(), source })
    }

    /// Takes note of the events of a segment that are new.
    fn note(&mut self, segment: &[u8]) {
        let end = self.start + segment.len() as u64;
        let new = &segment[(self.read.max(self.start) - self.start) as usize..];
        for line in String::from_utf8_lossy(new).lines() {
            // The header is no event.
            if let Ok(Event::Finished(finished)) = parse_line(line).map(|line| line.event) {
                self.finals.insert(finished.task.clone());
                let is_taken = self.route.takers.contains_key(&finished.task);
                if is_taken && finished.verdict.ran() {
                    self.owed.push(Arc::unwrap_or_clone(finished));
                }
            }
        }
        self.read = end;
    }

    /// Puts the outputs into the store that somebody may still take.
    fn pay(&mut self) -> Result<(), StoreError> {
        let Route { store, place, run_folder, takers, .. } = &self.route;
        while let Some(finished) = self.owed.last() {
            let open = takers.get(&finished.task).into_iter().flatten().any(|taker| !self.finals.contains(taker));
            if open {
                outputs::upload(&**store, place, run_folder, finished, &mut self.known)?;
            }
            self.owed.pop();
        }
        Ok(())
    }
}

/// Returns the first segment of some lines, and whether it is full.
fn cut(bytes: &[u8]) -> (&[u8], bool) {
    if bytes.len() <= SEGMENT {
        return (bytes, false);
    }
    let within = bytes[..SEGMENT].iter().rposition(|&byte| byte == b'\n');
    let end = within.or_else(|| bytes.iter().position(|&byte| byte == b'\n')).map_or(bytes.len(), |at| at + 1);
    (&bytes[..end], true)
}

/// Reports again and again until it is stopped.
pub(super) struct Reporter {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    report: Mutex<Report>,
    stopping: Mutex<bool>,
    changed: Condvar,
}

impl Shared {
    fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, every: Duration) {
        loop {
            // A store that is away is told later, and at last when the part has ended.
            let _ = self.report().report();
            let stopping = self.stopping.lock().unwrap_or_else(PoisonError::into_inner);
            let wait = self.changed.wait_timeout_while(stopping, every, |stopping| !*stopping);
            if *wait.unwrap_or_else(PoisonError::into_inner).0 {
                return;
            }
        }
    }
}

impl Reporter {
    pub(super) fn start(report: Report, every: Duration) -> Reporter {
        let shared =
            Arc::new(Shared { report: Mutex::new(report), stopping: Mutex::new(false), changed: Condvar::new() });
        let own = Arc::clone(&shared);
        // Without the thread all is reported at the end.
        let thread = std::thread::Builder::new().name("reporter".to_owned()).spawn(move || own.run(every)).ok();
        Reporter { shared, thread }
    }

    fn stop(&mut self) {
        *self.shared.stopping.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }

    /// Reports all that is left, and bears with a store that is away.
    pub(super) fn finish(mut self, patience: Patience) -> Result<(), ReportError> {
        self.stop();
        let mut broken = None;
        let told = patience.ask(|| match self.shared.report().report() {
            Ok(()) => Ok(()),
            Err(ReportError::Store(error)) => Err(error),
            Err(error) => {
                broken = Some(error);
                Ok(())
            }
        });
        told?;
        broken.map_or(Ok(()), Err)
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        self.stop();
    }
}
