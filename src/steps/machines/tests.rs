//! Leases, reports and outputs over a store that fails now and then.

use super::lease::{self, Applicant};
use super::ledgers;
use super::outputs;
use super::patience::Patience;
use super::place::{PartName, Place, WriterName};
use super::reporter::{Report, Route};
use crate::ledger::{
    Attempt, Event, Finished, Header, LEDGER_FORMAT, LEDGER_VERSION, Line, OutputFile, Started, Usage, Verdict, encode,
};
use crate::outside::store::{Listed, MemoryStore, ObjectInfo, ObjectKey, Store, StoreError};
use crate::plan::Wave;
use crate::value::{Digest, RunId, TaskKey, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

/// A store that is away for some requests.
#[derive(Default)]
struct FaultyStore {
    inner: MemoryStore,
    /// Requests until the store goes away.
    good: AtomicI64,
    /// Requests that it then refuses.
    bad: AtomicI64,
    /// A refused request was carried out all the same: only its answer was lost.
    deaf: bool,
    requests: AtomicUsize,
}

impl FaultyStore {
    fn away(good: i64, bad: i64, deaf: bool) -> FaultyStore {
        FaultyStore { good: good.into(), bad: bad.into(), deaf, ..FaultyStore::default() }
    }

    fn ask<T>(&self, key: &ObjectKey, ask: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let is_away = self.good.fetch_sub(1, Ordering::Relaxed) <= 0 && self.bad.fetch_sub(1, Ordering::Relaxed) > 0;
        if !is_away {
            return ask();
        }
        if self.deaf {
            let _ = ask();
        }
        let source = io::Error::from(io::ErrorKind::ConnectionReset);
        Err(StoreError::Write { key: key.clone(), store: self.location(), source })
    }
}

impl Store for FaultyStore {
    fn put(&self, key: &ObjectKey, bytes: &[u8]) -> Result<(), StoreError> {
        self.ask(key, || self.inner.put(key, bytes))
    }

    fn put_if_absent(&self, key: &ObjectKey, bytes: &[u8]) -> Result<bool, StoreError> {
        self.ask(key, || self.inner.put_if_absent(key, bytes))
    }

    fn put_file(&self, key: &ObjectKey, path: &Path) -> Result<ObjectInfo, StoreError> {
        self.ask(key, || self.inner.put_file(key, path))
    }

    fn get(&self, key: &ObjectKey) -> Result<Vec<u8>, StoreError> {
        self.ask(key, || self.inner.get(key))
    }

    fn get_to_file(&self, key: &ObjectKey, path: &Path) -> Result<ObjectInfo, StoreError> {
        self.ask(key, || self.inner.get_to_file(key, path))
    }

    fn read_at(&self, key: &ObjectKey, offset: u64, length: u64) -> Result<Vec<u8>, StoreError> {
        self.ask(key, || self.inner.read_at(key, offset, length))
    }

    fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        self.ask(key, || self.inner.head(key))
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        self.ask(&"list".parse().unwrap(), || self.inner.list(prefix))
    }

    fn delete(&self, key: &ObjectKey) -> Result<bool, StoreError> {
        self.ask(key, || self.inner.delete(key))
    }

    fn location(&self) -> String {
        "a store that fails".to_owned()
    }
}

const QUICK: Patience = Patience { limit: Duration::from_secs(20), pause: Duration::from_micros(10) };
const NONE: Patience = Patience { limit: Duration::ZERO, pause: Duration::ZERO };
const PART: PartName = PartName { wave: 1, part: Wave::Shard(3) };

fn place() -> Place {
    Place::of_run(&RunId::new("20260131-142233-temp-sense-3f9a")).unwrap()
}

fn applicant(writer: &str) -> Applicant {
    Applicant {
        writer: writer.to_owned(),
        host: "host".to_owned(),
        every: 1,
        now: Timestamp::from_milliseconds(0),
        first: 1,
        take_over: true,
    }
}

#[test]
fn names_of_parts_and_places() {
    for name in ["1-prepare", "2-17", "10-finish"] {
        assert_eq!(name.parse::<PartName>().unwrap().to_string(), name);
    }
    for name in ["", "1", "0-1", "1-0", "1-x", "x-1", "1-1-1", "-1", "1-"] {
        assert!(name.parse::<PartName>().is_err(), "{name}");
    }
    let writer = WriterName { part: PART, generation: 2, writer: "host-7-ab.c".to_owned() };
    let key = place().segment(&writer, 12);
    assert_eq!(key.as_str(), "runs/temp-sense/20260131-142233-temp-sense-3f9a/ledger/1-3.2.host-7-ab.c/000012.jsonl");
    assert_eq!(WriterName::of_segment(&key), Some((writer, 12)));
    for run in ["", "last", "a-b", "a-b-c", "20260131-142233-Temp-3f9a", "20260131-142233-../x-3f9a"] {
        assert!(Place::of_run(&RunId::new(run)).is_err(), "{run}");
    }
}

#[test]
fn patience_ends() {
    let store = FaultyStore::away(0, 5, false);
    let key: ObjectKey = "a".parse().unwrap();
    QUICK.ask(|| store.put(&key, b"x")).unwrap();
    assert_eq!(store.requests.load(Ordering::Relaxed), 6);
    let store = FaultyStore::away(0, 5, false);
    assert!(NONE.ask(|| store.put(&key, b"x")).is_err());
    // What asking again cannot mend is not asked again.
    let store = FaultyStore::away(100, 0, false);
    assert!(matches!(QUICK.ask(|| store.get(&key)), Err(StoreError::Absent { .. })));
    assert_eq!(store.requests.load(Ordering::Relaxed), 1);
}

#[test]
fn every_start_has_a_generation_of_its_own() {
    let store = MemoryStore::default();
    let generations: Vec<u32> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8)
            .map(|number| {
                let store = &store;
                scope.spawn(move || {
                    let applicant = applicant(&format!("w{number}"));
                    lease::take(store, &place(), PART, &applicant, QUICK, &mut |_| ()).unwrap().generation
                })
            })
            .collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert_eq!(generations.iter().collect::<BTreeSet<_>>(), (1..=8).collect::<Vec<_>>().iter().collect());
    let newest = lease::newest(&store, &place(), PART, QUICK).unwrap().unwrap();
    assert_eq!(newest.generation, 8);
    // Of another part there is none.
    let other = PartName { wave: 1, part: Wave::Shard(30) };
    assert_eq!(lease::newest(&store, &place(), other, QUICK).unwrap(), None);
    // A later wave starts above.
    let later = Applicant { first: 20, ..applicant("later") };
    assert_eq!(lease::take(&store, &place(), other, &later, QUICK, &mut |_| ()).unwrap().generation, 20);
}

#[test]
fn a_lease_that_ended_is_free_and_one_that_beats_is_not() {
    let store = MemoryStore::default();
    let asking = Applicant { take_over: false, ..applicant("second") };
    let mut held = lease::take(&store, &place(), PART, &applicant("first"), QUICK, &mut |_| ()).unwrap();
    let key = place().lease(PART, 1);
    let mut told = Vec::new();
    let refused = std::thread::scope(|scope| {
        let beating = scope.spawn(|| {
            for _ in 0..200 {
                held.beats += 1;
                store.put(&key, &held.bytes()).unwrap();
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let refused = lease::take(&store, &place(), PART, &asking, QUICK, &mut |text| told.push(text.to_owned()));
        beating.join().unwrap();
        refused
    });
    let error = refused.unwrap_err();
    assert!(error.to_string().starts_with("first on host works on part 1-3"), "{error}");
    assert_eq!(told, ["first on host had this part: waiting for a sign of life"]);
    held.ended = Some("done".to_owned());
    store.put(&key, &held.bytes()).unwrap();
    assert_eq!(lease::take(&store, &place(), PART, &asking, QUICK, &mut |_| ()).unwrap().generation, 2);
}

#[test]
fn a_lost_answer_does_not_cost_a_generation() {
    for good in 0..4 {
        let store = FaultyStore::away(good, 2, true);
        let lease = lease::take(&store, &place(), PART, &applicant("w"), QUICK, &mut |_| ()).unwrap();
        assert_eq!((lease.generation, store.inner.list("runs/").unwrap().len()), (1, 1), "{good}");
    }
}

fn task(name: &str) -> TaskKey {
    name.parse().unwrap()
}

pub(super) fn finished(name: &str, outputs: &[(&str, &str)]) -> Finished {
    Finished {
        task: task(name),
        attempt: Attempt { generation: 1, number: 1 },
        verdict: Verdict::Pass,
        message: None,
        quotes: Vec::new(),
        cause: None,
        exit: None,
        started: Timestamp::from_milliseconds(0),
        usage: Usage::default(),
        tries: Vec::new(),
        metrics: Vec::new(),
        rows: Vec::new(),
        outputs: outputs
            .iter()
            .map(|(path, text)| OutputFile {
                path: (*path).to_owned(),
                sha256: Digest::of(text.as_bytes()),
                bytes: text.len() as u64,
                executable: path.ends_with(".sh"),
            })
            .collect(),
        command: Vec::new(),
        folder: Some(format!("work/{name}/1.1")),
        origin: None,
        worker: 0,
        notes: Vec::new(),
    }
}

/// A run's folder with a ledger in it, written by hand.
struct Folder {
    folder: tempfile::TempDir,
    text: String,
    sequence: u64,
}

impl Folder {
    fn new() -> Folder {
        let header = Header {
            format: LEDGER_FORMAT.to_owned(),
            version: LEDGER_VERSION,
            plan: Digest::of(b"plan"),
            run: RunId::new("r"),
            shard: 3,
            generation: 1,
            writer: "w".to_owned(),
            time: Timestamp::from_milliseconds(0),
            shmoo: "0.1.0".to_owned(),
            machine: BTreeMap::new(),
            tools: BTreeMap::new(),
            part: Some("1-3".to_owned()),
        };
        let text = serde_json::to_string(&header).unwrap() + "\n";
        Folder { folder: tempfile::tempdir().unwrap(), text, sequence: 0 }
    }

    fn append(&mut self, event: Event) {
        self.sequence += 1;
        self.text += &encode(&Line { sequence: self.sequence, time: Timestamp::from_milliseconds(0), event });
        fs::write(self.folder.path().join("l.jsonl"), &self.text).unwrap();
    }

    /// Finishes a task that leaves these files.
    fn finish(&mut self, name: &str, outputs: &[(&str, &str)]) -> Finished {
        let finished = finished(name, outputs);
        let folder = self.folder.path().join(finished.folder.as_ref().unwrap());
        for (path, text) in outputs {
            fs::create_dir_all(folder.join(path).parent().unwrap()).unwrap();
            fs::write(folder.join(path), text).unwrap();
        }
        self.append(Event::Finished(Arc::new(finished.clone())));
        finished
    }

    fn report(&self, store: Arc<dyn Store>, takers: &[(&str, &[&str])]) -> Report {
        let takers =
            takers.iter().map(|(task_name, takers)| (task(task_name), takers.iter().map(|t| task(t)).collect()));
        Report::new(Route {
            store,
            place: place(),
            writer: WriterName { part: PART, generation: 1, writer: "w".to_owned() },
            ledger: self.folder.path().join("l.jsonl"),
            run_folder: self.folder.path().to_owned(),
            takers: takers.collect(),
        })
    }
}

fn started(name: &str) -> Event {
    Event::Started(Started { task: task(name), attempt: Attempt { generation: 1, number: 1 } })
}

#[test]
fn events_follow_what_they_promise_whenever_the_store_goes_away() {
    for (good, bad, deaf) in (0..24).flat_map(|good| [(good, 1, false), (good, 3, false), (good, 2, true)]) {
        let store = Arc::new(FaultyStore::away(good, bad, deaf));
        let mut folder = Folder::new();
        let takers: &[(&str, &[&str])] = &[("make/a", &["use/x", "use/y"]), ("make/b", &["use/z"])];
        let mut report = folder.report(store.clone(), takers);
        let all = |store: &FaultyStore| -> Vec<Finished> {
            let read = ledgers::fetch(&store.inner, &place(), None, NONE).unwrap();
            let lines = read.into_iter().flat_map(|ledger| ledger.file.lines);
            lines
                .filter_map(|line| {
                    if let Event::Finished(finished) = line.event { Some(Arc::unwrap_or_clone(finished)) } else { None }
                })
                .collect()
        };
        let check = |store: &FaultyStore| {
            let reported = all(store);
            let finals: HashSet<&TaskKey> = reported.iter().map(|finished| &finished.task).collect();
            let known = outputs::stored(&store.inner, &place(), NONE).unwrap();
            for finished in &reported {
                let takers =
                    takers.iter().filter(|(name, _)| task(name) == finished.task).flat_map(|(_, takers)| *takers);
                let is_open = takers.map(|taker| task(taker)).any(|taker| !finals.contains(&taker));
                let is_there = finished.outputs.iter().all(|output| known.contains(&output.sha256));
                assert!(!is_open || is_there, "{} promises what is not there", finished.task);
            }
        };
        let steps: [&dyn Fn(&mut Folder); 4] = [
            &|folder| folder.append(started("make/a")),
            &|folder| _ = folder.finish("make/a", &[("o", "of a"), ("deep/p", "more of a")]),
            &|folder| _ = folder.finish("use/x", &[("o", "nobody takes it")]),
            &|folder| {
                // All that take it are final at the same time.
                folder.finish("make/b", &[("o", "of b")]);
                folder.finish("use/z", &[]);
            },
        ];
        for step in steps {
            step(&mut folder);
            let _ = report.report();
            check(&store);
        }
        for _ in 0..bad {
            let _ = report.report();
            check(&store);
        }
        report.report().unwrap();
        assert_eq!(all(&store).len(), 4, "away after {good} for {bad}");
        let stored = outputs::stored(&store.inner, &place(), NONE).unwrap();
        assert!(!stored.contains(&Digest::of(b"nobody takes it")));
        let before = store.requests.load(Ordering::Relaxed);
        report.report().unwrap();
        assert_eq!(store.requests.load(Ordering::Relaxed), before, "nothing new needs no request");
    }
}

#[test]
fn a_long_ledger_is_divided_at_line_ends() {
    let store = Arc::new(MemoryStore::default());
    let mut folder = Folder::new();
    let mut report = folder.report(store.clone(), &[]);
    let long = "x".repeat(100_000);
    for number in 0..40 {
        let mut finished = finished(&format!("run/p{number}"), &[]);
        finished.message = Some(long.clone());
        folder.append(Event::Finished(Arc::new(finished)));
        if number % 3 == 0 {
            report.report().unwrap();
        }
    }
    // A line that is not whole is not reported.
    fs::write(folder.folder.path().join("l.jsonl"), folder.text.clone() + "{\"seq\":").unwrap();
    report.report().unwrap();
    let listed = store.list("runs/").unwrap();
    assert!(listed.len() >= 4 && listed.iter().all(|object| object.bytes <= 1 << 20), "{listed:?}");
    let read = ledgers::fetch(&*store, &place(), None, NONE).unwrap();
    assert_eq!(read.len(), 1);
    assert!(read[0].bytes == folder.text.as_bytes());
    assert_eq!(read[0].file.lines.len(), 40);
    // One that lost a segment is not half a ledger.
    store.delete(&listed[1].key).unwrap();
    let error = ledgers::fetch(&*store, &place(), None, NONE).unwrap_err();
    assert!(error.to_string().contains("lacks segment 2"), "{error}");
}

#[test]
fn outputs_come_back_as_they_were() {
    let store = FaultyStore::away(3, 2, false);
    let mut folder = Folder::new();
    let finished = folder.finish("make/a", &[("tool.sh", "#!/bin/sh\n"), ("tree/deep/leaf", "leaf"), ("empty", "")]);
    let mut known = HashSet::new();
    QUICK.ask(|| outputs::upload(&store, &place(), folder.folder.path(), &finished, &mut known)).unwrap();
    let other = tempfile::tempdir().unwrap();
    assert_eq!(outputs::restore(&store, &place(), other.path(), &[&finished], QUICK).unwrap(), 3);
    let found = crate::outside::files::hash_outputs(
        &other.path().join("work/make/a/1.1"),
        &["tool.sh".to_owned(), "tree".to_owned(), "empty".to_owned()],
    );
    let mut wanted = finished.outputs.clone();
    wanted.sort_by(|a, b| a.path.cmp(&b.path));
    assert_eq!(found.unwrap().files, wanted);
    // A file that was changed since is not passed off as what the ledger says.
    let mut folder = Folder::new();
    let finished = folder.finish("make/b", &[("o", "one")]);
    fs::write(folder.folder.path().join("work/make/b/1.1/o"), "two").unwrap();
    outputs::upload(&store, &place(), folder.folder.path(), &finished, &mut known).unwrap();
    assert!(!outputs::stored(&store, &place(), NONE).unwrap().contains(&Digest::of(b"one")));
    assert!(outputs::restore(&store, &place(), other.path(), &[&finished], QUICK).is_err());
}
