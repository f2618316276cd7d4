//! From events to the state of each task.
//!
//! The merge is a set union by (writer, sequence): folding the same files again, twice, or in any
//! order gives the same result. The state of a task is its highest final attempt; a final event of
//! an earlier attempt is counted as superseded, unless it is the only one.

use super::{Attempt, Event, Finished, LedgerFile};
use crate::value::{QuickMap, TaskKey, Timestamp};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What the ledgers of a run say about one task.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TaskHistory {
    /// The highest attempt that was started.
    pub started: Option<Attempt>,
    /// The final state: the `finished` event of the highest attempt that has one.
    pub finished: Option<Arc<Finished>>,
    /// `finished` events that do not count, since a higher attempt has one.
    pub superseded: u32,
    /// Two final events whose outputs differ: the task is not deterministic.
    pub differing: bool,
}

/// Something by task. A run may have a million: nothing needs them in an order, and to sort them takes longer than
/// all else that is done with them.
pub type ByTask<T> = QuickMap<TaskKey, T>;

/// The state of all tasks that were touched.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Folded {
    /// By task.
    pub tasks: ByTask<TaskHistory>,
    /// Why writers stopped early, sorted.
    pub stopped: Vec<String>,
    /// The highest generation seen.
    pub generation: u32,
}

/// Folds ledger files, in any order and with any repetition, into the state of each task.
pub fn fold<'a>(files: impl IntoIterator<Item = &'a LedgerFile>) -> Folded {
    let files: Vec<&LedgerFile> = files.into_iter().collect();
    let mut count_of: HashMap<&str, usize> = HashMap::new();
    for file in &files {
        *count_of.entry(file.header.writer.as_str()).or_default() += 1;
    }
    // Gives each event once, with its writer.
    let each_event = |each: &mut dyn FnMut(&'a str, &'a Event)| {
        let mut seen: HashSet<(&str, u64)> = HashSet::new();
        for file in &files {
            let writer = file.header.writer.as_str();
            let is_repeated = count_of[writer] > 1;
            for line in &file.lines {
                if !is_repeated || seen.insert((writer, line.sequence)) {
                    each(writer, &line.event);
                }
            }
        }
    };
    let generation = files.iter().map(|file| file.header.generation).max().unwrap_or(0);
    let mut folded = Folded { generation, ..Folded::default() };
    // Most tasks have an event for their start and one for their end.
    folded.tasks.reserve(files.iter().map(|file| file.lines.len()).sum::<usize>() / 2);
    let mut contested: HashMap<&TaskKey, Finals<'a>> = HashMap::new();
    each_event(&mut |_, event| match event {
        Event::Started(started) => {
            let history = folded.tasks.entry(started.task.clone()).or_default();
            history.started = history.started.max(Some(started.attempt));
        }
        Event::Finished(finished) => {
            let history = folded.tasks.entry(finished.task.clone()).or_default();
            if history.finished.is_some() {
                contested.entry(&finished.task).or_default();
            } else {
                history.finished = Some(Arc::clone(finished));
            }
        }
        Event::Stopped(stopped) => folded.stopped.push(stopped.reason.clone()),
        Event::Unknown(_) => {}
    });
    if !contested.is_empty() {
        each_event(&mut |writer, event| {
            if let Event::Finished(finished) = event
                && let Some(finals) = contested.get_mut(&finished.task)
            {
                finals.push((finished.attempt, writer, finished));
            }
        });
    }
    for (task, finals) in contested {
        let history = folded.tasks.entry(task.clone()).or_default();
        (history.finished, history.superseded, history.differing) = settle(finals);
    }
    folded.stopped.sort();
    folded
}

/// Returns the time of the newest event.
pub fn last_time<'a>(files: impl IntoIterator<Item = &'a LedgerFile>) -> Option<Timestamp> {
    files.into_iter().flat_map(|file| &file.lines).map(|line| line.time).max()
}

/// (attempt, writer) decides between the final events of a task, so that no order of files matters.
type Finals<'a> = Vec<(Attempt, &'a str, &'a Arc<Finished>)>;

/// Returns the final event that counts, how many do not, and whether their outputs differ.
fn settle(mut finals: Finals<'_>) -> (Option<Arc<Finished>>, u32, bool) {
    // Of one attempt that a writer ended twice, its later event counts.
    finals.sort_by_key(|(attempt, writer, _)| (*attempt, *writer));
    finals.reverse();
    finals.dedup_by_key(|(attempt, writer, _)| (*attempt, *writer));
    let Some(((_, _, last), others)) = finals.split_first() else { return (None, 0, false) };
    let differs = |other: &Finished| other.verdict.ran() && last.verdict.ran() && other.outputs != last.outputs;
    let differing = others.iter().any(|(_, _, other)| differs(other));
    (Some(Arc::clone(last)), others.len() as u32, differing)
}

#[cfg(test)]
mod tests {
    use super::super::{Header, LEDGER_FORMAT, Line, Started, Usage, Verdict};
    use super::*;
    use crate::value::{Digest, RunId};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn finished(task: &str, attempt: Attempt, verdict: Verdict) -> Event {
        Event::Finished(Arc::new(Finished {
            task: task.parse().unwrap(),
            attempt,
            verdict,
            message: None,
            quotes: Vec::new(),
            cause: None,
            exit: None,
            started: Timestamp::from_milliseconds(0),
            usage: Usage::default(),
            tries: Vec::new(),
            metrics: Vec::new(),
            rows: Vec::new(),
            outputs: Vec::new(),
            command: Vec::new(),
            folder: None,
            origin: None,
            worker: 0,
            notes: Vec::new(),
        }))
    }

    fn file(writer: u32, generation: u32, events: Vec<Event>) -> LedgerFile {
        let time = Timestamp::from_milliseconds(0);
        LedgerFile {
            header: Header {
                format: LEDGER_FORMAT.to_owned(),
                version: 1,
                plan: Digest::of(b""),
                run: RunId::new("r"),
                shard: 1,
                generation,
                writer: writer.to_string(),
                time,
                shmoo: String::new(),
                machine: BTreeMap::new(),
                tools: BTreeMap::new(),
                part: None,
            },
            lines: (1..).zip(events).map(|(sequence, event)| Line { sequence, time, event }).collect(),
            torn: 0,
        }
    }

    fn event() -> impl Strategy<Value = Event> {
        (0..3u32, 1..4u32, 1..3u32, prop::sample::select(Verdict::ALL.to_vec()), any::<bool>()).prop_map(
            |(task, generation, number, verdict, is_final)| {
                let (task, attempt) = (format!("run/t{task}"), Attempt { generation, number });
                if is_final {
                    finished(&task, attempt, verdict)
                } else {
                    Event::Started(Started { task: task.parse().unwrap(), attempt })
                }
            },
        )
    }

    proptest! {
        #[test]
        fn order_and_repetition_do_not_matter(
            events in prop::collection::vec(prop::collection::vec(event(), 0..8), 1..5),
            order in any::<prop::sample::Index>(),
        ) {
            let files: Vec<LedgerFile> =
                (0u32..).zip(events).map(|(writer, events)| file(writer, writer / 2 + 1, events)).collect();
            let expected = fold(&files);
            let mut shuffled = files.clone();
            shuffled.rotate_left(order.index(files.len()));
            shuffled.extend(files.iter().rev().cloned());
            prop_assert_eq!(fold(&shuffled), expected);
        }
    }

    #[test]
    fn the_highest_attempt_wins_whatever_the_time() {
        let first = Attempt { generation: 1, number: 2 };
        let second = Attempt { generation: 2, number: 1 };
        let folded = fold(&[
            file(2, 2, vec![finished("run/a", second, Verdict::Fail)]),
            file(1, 1, vec![finished("run/a", first, Verdict::Pass), finished("run/b", first, Verdict::Pass)]),
        ]);
        let history = &folded.tasks[&"run/a".parse::<TaskKey>().unwrap()];
        assert_eq!((history.finished.as_ref().unwrap().verdict, history.superseded), (Verdict::Fail, 1));
        let history = &folded.tasks[&"run/b".parse::<TaskKey>().unwrap()];
        assert_eq!((history.finished.as_ref().unwrap().verdict, history.superseded), (Verdict::Pass, 0));
        assert_eq!(folded.generation, 2);
    }

    #[test]
    fn of_one_attempt_the_later_event_counts_however_often_a_file_is_read() {
        let first = Attempt { generation: 1, number: 1 };
        let both = file(1, 1, vec![finished("run/a", first, Verdict::Error), finished("run/a", first, Verdict::Pass)]);
        let half = LedgerFile { lines: both.lines[..1].to_vec(), ..both.clone() };
        for files in [vec![&both], vec![&both, &half], vec![&half, &both], vec![&both, &both]] {
            let folded = fold(files);
            let history = &folded.tasks[&"run/a".parse::<TaskKey>().unwrap()];
            assert_eq!((history.finished.as_ref().unwrap().verdict, history.superseded), (Verdict::Pass, 0));
        }
    }

    #[test]
    fn started_without_an_end_is_seen() {
        let attempt = Attempt { generation: 1, number: 1 };
        let started = Event::Started(Started { task: "run/a".parse().unwrap(), attempt });
        let folded = fold(&[file(1, 1, vec![started])]);
        let history = &folded.tasks[&"run/a".parse::<TaskKey>().unwrap()];
        assert_eq!((history.started, &history.finished), (Some(attempt), &None));
    }
}
