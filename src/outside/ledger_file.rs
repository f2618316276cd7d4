//! The files of a run's ledger.
//!
//! Each writer appends to a file of its own, `SHARD.GENERATION.WRITER.jsonl` (with the part in place of the
//! shard, where it writes for a part of a published run), and never writes into another one. A line is written when it is appended, so that a killed process loses none; it is
//! brought to the disk within [`GROUP_COMMIT`], many lines at once, by a thread of the writer, so that
//! a lost machine loses the last moments only.
//!
//! Invariant: a file is made with its header in one step, and a line is there whole or is the last
//! one. After an error the writer is done: a part of a line is cut off, nothing more is written, and
//! every further call fails with that error.

use super::clock::Clock;
use super::durable::{self, Draft};
use crate::ledger::{self, Event, Header, LedgerError, LedgerFile, Line};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// The longest time between the writing of a line and the beginning of its way to the disk.
pub const GROUP_COMMIT: Duration = Duration::from_millis(20);

/// What the names of ledger files end with.
const EXTENSION: &str = "jsonl";

/// Why a ledger cannot be written or read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LedgerFileError {
    /// The writer's name is no file name.
    #[error("`{writer}` cannot name a ledger's writer")]
    Name {
        /// The name.
        writer: String,
    },
    /// Another writer has this name.
    #[error("there is a ledger `{}` already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be made.
    #[error("cannot start the ledger `{}`", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
    /// A line cannot be written, or did not reach the disk. The writer is done.
    #[error("cannot write the ledger `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
    /// A file or the folder cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
    /// A file is no ledger, or broken.
    #[error(transparent)]
    Parse(Arc<LedgerError>),
}

impl LedgerFileError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            LedgerFileError::Name { .. } => Some("use letters, digits, `-` and `_`".to_owned()),
            LedgerFileError::Exists { .. } => Some("start a new generation".to_owned()),
            LedgerFileError::Create { source, .. } | LedgerFileError::Write { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
                    .then(|| "make room, then go on with `--continue`: finished tasks do not run again".to_owned())
            }
            LedgerFileError::Read { .. } => None,
            LedgerFileError::Parse(error) => error.hint(),
        }
    }
}

/// Where lines go: a file, but for tests of broken disks.
trait Sink: Send + Sync {
    fn write_all(&self, bytes: &[u8]) -> io::Result<()>;
    fn cut(&self, length: u64) -> io::Result<()>;
    fn sync(&self) -> io::Result<()>;
}

impl Sink for File {
    fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = self;
        Write::write_all(&mut file, bytes)
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Appends events to a ledger file of its own. It can be shared between threads.
pub struct LedgerWriter {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    clock: Arc<dyn Clock>,
}

struct Shared {
    path: PathBuf,
    sink: Box<dyn Sink>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Of the last line.
    sequence: u64,
    /// Bytes of whole lines in the file.
    length: u64,
    /// Bytes that are on the disk.
    synced: u64,
    error: Option<LedgerFileError>,
    closing: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, source: io::Error) -> LedgerFileError {
        LedgerFileError::Write { path: self.path.clone(), source: Arc::new(source) }
    }

    /// Brings all lines that are written by now to the disk. Others may append meanwhile.
    fn sync(&self) -> Result<(), LedgerFileError> {
        let written = {
            let state = self.state();
            if let Some(error) = &state.error {
                return Err(error.clone());
            }
            if state.synced == state.length {
                return Ok(());
            }
            state.length
        };
        let result = self.sink.sync();
        let mut state = self.state();
        match result {
            Ok(()) => state.synced = state.synced.max(written),
            // The kernel forgets the pages that it could not write: a second try would succeed falsely.
            Err(source) => {
                let error = self.failed(source);
                state.error.get_or_insert(error);
            }
        }
        state.error.clone().map_or(Ok(()), Err)
    }

    /// Syncs each group of lines once it has waited long enough for company.
    fn commit_groups(&self) {
        loop {
            let mut state = self.state();
            while state.synced == state.length && !state.closing && state.error.is_none() {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if state.error.is_some() || (state.closing && state.synced == state.length) {
                return;
            }
            if !state.closing {
                drop(
                    self.changed
                        .wait_timeout_while(state, GROUP_COMMIT, |state| !state.closing)
                        .unwrap_or_else(PoisonError::into_inner),
                );
            } else {
                drop(state);
            }
            // An error stays in the state, for the next caller.
            let _ = self.sync();
        }
    }
}

impl LedgerWriter {
    /// Starts the file of `header`'s writer in `folder`, which is made if it is not there.
    pub fn create(folder: &Path, header: &Header, clock: Arc<dyn Clock>) -> Result<LedgerWriter, LedgerFileError> {
        let writer = &header.writer;
        let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if writer.is_empty() || writer.len() > 100 || !writer.bytes().all(safe) {
            return Err(LedgerFileError::Name { writer: writer.clone() });
        }
        let shard = header.part.clone().unwrap_or_else(|| header.shard.to_string());
        let path = folder.join(format!("{shard}.{}.{writer}.{EXTENSION}", header.generation));
        let create = || -> io::Result<Option<(File, u64)>> {
            durable::create_folder(folder)?;
            durable::sweep_drafts(folder)?;
            let mut first = serde_json::to_string(header)?;
            first.push('\n');
            let mut draft = Draft::create(folder, 0o666)?;
            draft.file().write_all(first.as_bytes())?;
            if !draft.publish_new(&path)? {
                return Ok(None);
            }
            let file = File::options().append(true).open(&path)?;
            Ok(Some((file, first.len() as u64)))
        };
        match create() {
            Ok(Some((file, length))) => Ok(LedgerWriter::start(path, Box::new(file), length, clock)),
            Ok(None) => Err(LedgerFileError::Exists { path }),
            Err(source) => Err(LedgerFileError::Create { path, source: Arc::new(source) }),
        }
    }

    fn start(path: PathBuf, sink: Box<dyn Sink>, length: u64, clock: Arc<dyn Clock>) -> LedgerWriter {
        let state = State { sequence: 0, length, synced: length, error: None, closing: false };
        let shared = Arc::new(Shared { path, sink, state: Mutex::new(state), changed: Condvar::new() });
        let committer = Arc::clone(&shared);
        // Where no thread can be started, `append` brings each line to the disk by itself.
        let thread =
            std::thread::Builder::new().name("ledger".to_owned()).spawn(move || committer.commit_groups()).ok();
        LedgerWriter { shared, thread, clock }
    }

    /// Returns the file.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Writes an event, and returns its sequence number, from 1. It reaches the disk soon; who must
    /// know calls [`LedgerWriter::sync`].
    pub fn append(&self, event: Event) -> Result<u64, LedgerFileError> {
        let mut state = self.shared.state();
        if let Some(error) = &state.error {
            return Err(error.clone());
        }
        let sequence = state.sequence + 1;
        let line = ledger::encode(&Line { sequence, time: self.clock.now(), event });
        if let Err(source) = self.shared.sink.write_all(line.as_bytes()) {
            // A part of the line may be there. If it cannot be cut off, it stays the last one, which
            // readers drop.
            let _ = self.shared.sink.cut(state.length);
            let error = self.shared.failed(source);
            state.error = Some(error.clone());
            self.shared.changed.notify_all();
            return Err(error);
        }
        // Later lines of a group need not wake the thread: it is on its way.
        let is_first = state.synced == state.length;
        state.sequence = sequence;
        state.length += line.len() as u64;
        drop(state);
        match self.thread {
            Some(_) if is_first => self.shared.changed.notify_all(),
            Some(_) => {}
            None => self.shared.sync()?,
        }
        Ok(sequence)
    }

    /// Returns when all events that were appended before are on the disk.
    pub fn sync(&self) -> Result<(), LedgerFileError> {
        self.shared.sync()
    }

    /// Ends the writer with all its events on the disk.
    pub fn close(mut self) -> Result<(), LedgerFileError> {
        self.stop();
        self.shared.sync()
    }

    fn stop(&mut self) {
        self.shared.state().closing = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // It does not panic; if it did, `sync` would still do its work.
            let _ = thread.join();
        }
    }
}

impl Drop for LedgerWriter {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Reads all ledger files of a folder, ordered by name; none if there is no such folder.
pub fn read_ledgers(folder: &Path) -> Result<Vec<LedgerFile>, LedgerFileError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| LedgerFileError::Read { path, source: Arc::new(source) }
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(folder)(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable(folder))?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|extension| extension == EXTENSION) {
            paths.push(path);
        }
    }
    paths.sort();
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).map_err(unreadable(&path))?;
        ledger::parse_file(&path.display().to_string(), &bytes).map_err(|error| LedgerFileError::Parse(Arc::new(error)))
    };
    paths.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::super::clock::FakeClock;
    use super::*;
    use crate::ledger::{Attempt, LEDGER_FORMAT, LEDGER_VERSION, Started, Stopped};
    use crate::value::{Digest, RunId, Timestamp};
    use std::collections::BTreeMap;

    fn clock() -> Arc<dyn Clock> {
        Arc::new(FakeClock::new(Timestamp::from_milliseconds(5)))
    }

    fn header(writer: &str) -> Header {
        Header {
            format: LEDGER_FORMAT.to_owned(),
            version: LEDGER_VERSION,
            plan: Digest::of(b"plan"),
            run: RunId::new("r"),
            shard: 1,
            generation: 2,
            writer: writer.to_owned(),
            time: Timestamp::from_milliseconds(0),
            shmoo: "0.1.0".to_owned(),
            machine: BTreeMap::new(),
            tools: BTreeMap::new(),
            part: None,
        }
    }

    fn started(point: usize) -> Event {
        let task = format!("run/p{point}").parse().unwrap();
        Event::Started(Started { task, attempt: Attempt { generation: 2, number: 1 } })
    }

    #[test]
    fn events_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger");
        assert_eq!(read_ledgers(&ledger).unwrap(), []);
        let writer = LedgerWriter::create(&ledger, &header("w"), clock()).unwrap();
        assert_eq!(writer.path(), ledger.join("1.2.w.jsonl"));
        assert_eq!(read_ledgers(&ledger).unwrap()[0].header, header("w"));
        assert_eq!((writer.append(started(1)).unwrap(), writer.append(started(2)).unwrap()), (1, 2));
        // Readers see it at once, as after a kill.
        assert_eq!(read_ledgers(&ledger).unwrap()[0].lines.len(), 2);
        writer.sync().unwrap();
        writer.append(Event::Stopped(Stopped { reason: "SIGTERM".to_owned() })).unwrap();
        writer.close().unwrap();
        drop(LedgerWriter::create(&ledger, &header("v"), clock()).unwrap());
        let files = read_ledgers(&ledger).unwrap();
        assert_eq!(files.iter().map(|file| file.lines.len()).collect::<Vec<_>>(), [0, 3]);
        assert_eq!(files[1].lines[2].time, Timestamp::from_milliseconds(5));
    }

    #[test]
    fn no_file_is_written_twice() {
        let folder = tempfile::tempdir().unwrap();
        let first = LedgerWriter::create(folder.path(), &header("w"), clock()).unwrap();
        first.append(started(1)).unwrap();
        let again = LedgerWriter::create(folder.path(), &header("w"), clock());
        assert!(matches!(again, Err(LedgerFileError::Exists { .. })));
        assert_eq!(read_ledgers(folder.path()).unwrap()[0].lines.len(), 1);
        for name in ["", "../x", "a.b", "a/b"] {
            let bad = LedgerWriter::create(folder.path(), &header(name), clock());
            assert!(matches!(bad, Err(LedgerFileError::Name { .. })), "{name}");
        }
    }

    #[test]
    fn threads_share_a_writer() {
        let folder = tempfile::tempdir().unwrap();
        let writer = LedgerWriter::create(folder.path(), &header("w"), clock()).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let writer = &writer;
                scope.spawn(move || {
                    for number in 0..100 {
                        writer.append(started(thread * 100 + number)).unwrap();
                    }
                });
            }
        });
        writer.close().unwrap();
        let lines = &read_ledgers(folder.path()).unwrap()[0].lines;
        let tasks: std::collections::BTreeSet<_> = lines
            .iter()
            .map(|line| match &line.event {
                Event::Started(started) => started.task.to_string(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!((lines.len(), tasks.len()), (800, 800));
    }

    /// A disk with room for `room` bytes, on which a sync or a cut may fail.
    struct Disk {
        content: Arc<Mutex<Vec<u8>>>,
        room: usize,
        cuts: bool,
        syncs: bool,
    }

    impl Sink for Disk {
        fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
            let mut content = self.content.lock().unwrap();
            let length = bytes.len().min(self.room - content.len());
            content.extend(&bytes[..length]);
            if length == bytes.len() { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
        }

        fn cut(&self, length: u64) -> io::Result<()> {
            if !self.cuts {
                return Err(io::Error::other("broken"));
            }
            self.content.lock().unwrap().truncate(length as usize);
            Ok(())
        }

        fn sync(&self) -> io::Result<()> {
            if self.syncs { Ok(()) } else { Err(io::Error::other("broken")) }
        }
    }

    fn on(disk: Disk) -> LedgerWriter {
        let first = format!("{}\n", serde_json::to_string(&header("w")).unwrap());
        disk.content.lock().unwrap().extend(first.as_bytes());
        LedgerWriter::start(PathBuf::from("l"), Box::new(disk), first.len() as u64, clock())
    }

    #[test]
    fn a_full_disk_ends_the_writer_and_leaves_whole_lines() {
        for (cuts, extra) in [(true, 0), (true, 1), (true, 60), (false, 1), (false, 60)] {
            let content = Arc::new(Mutex::new(Vec::new()));
            let header = serde_json::to_string(&header("w")).unwrap().len() + 1;
            let line = ledger::encode(&Line { sequence: 1, time: clock().now(), event: started(0) }).len();
            let room = header + 3 * line + extra;
            let writer = on(Disk { content: Arc::clone(&content), room, cuts, syncs: true });
            let mut results = (0..6).map(|_| writer.append(started(0)));
            assert!(results.by_ref().take(3).all(|result| result.is_ok()));
            for result in results {
                let error = result.unwrap_err();
                assert_eq!(error.to_string(), "cannot write the ledger `l`");
                assert!(error.hint().unwrap().starts_with("make room"));
            }
            assert!(writer.sync().is_err());
            assert!(writer.close().is_err());
            let content = content.lock().unwrap();
            let read = ledger::parse_file("l", &content).unwrap();
            assert_eq!((read.lines.len(), read.torn), (3, if cuts { 0 } else { extra }));
        }
    }

    #[test]
    fn a_failed_sync_is_told_to_the_next_caller() {
        let content = Arc::default();
        let writer = on(Disk { content, room: 10_000, cuts: true, syncs: false });
        writer.append(started(1)).unwrap();
        assert!(writer.sync().is_err());
        assert!(matches!(writer.append(started(2)), Err(LedgerFileError::Write { .. })));
        assert!(writer.close().is_err());
    }

    #[test]
    fn broken_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("1.1.x.jsonl"), "{}\n").unwrap();
        fs::write(folder.path().join(".draft-1.jsonl"), "").unwrap();
        let error = read_ledgers(folder.path()).unwrap_err().to_string();
        assert!(error.contains("1.1.x.jsonl"), "{error}");
        let file = folder.path().join("1.1.x.jsonl");
        let error = read_ledgers(&file).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot read `{}`", file.display()));
    }
}
