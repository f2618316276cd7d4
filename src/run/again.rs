//! Kept evidence, judged once more.

use super::attempt::{WRITTEN_TO, stream_path};
use super::process::{Ended, Killed};
use super::stray::Strays;
use super::verdict::{Outcome, Rules, WAS_CUT, judge_attempt};
use crate::ledger::{Finished, Verdict};
use crate::plan::{Plan, ResolvedTask};
use crate::value::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// The streams of a process.
const STREAMS: [&str; 2] = ["stdout", "stderr"];

/// Returns the final state that a task has under the suite of `plan`, by what its last attempt left in
/// the folder of the run; none if it left nothing to judge: it never started, or its folder is gone.
///
/// `task` is the task in that plan, `set` are the values that retries had set. Times, attempts and the
/// command are those of `finished`: nothing runs.
pub fn judge_again(
    plan: &Plan,
    task: &ResolvedTask,
    set: &BTreeMap<String, Value>,
    run_folder: &Path,
    finished: &Finished,
    timeout: Duration,
) -> Option<Finished> {
    let exit = finished.exit?;
    let folder = run_folder.join(finished.folder.as_ref()?);
    let streams = STREAMS.map(|stream| stream_path(&folder, stream));
    if !folder.is_dir() || streams.iter().any(|stream| !stream.is_file()) {
        return None;
    }
    // What it did to files that it shared cannot be seen any more.
    if finished.verdict == Verdict::Error && finished.message.as_ref().is_some_and(|text| text.contains(WRITTEN_TO)) {
        return None;
    }
    let cut = STREAMS.into_iter().filter_map(|stream| {
        let start = format!("{stream}{WAS_CUT}");
        let bytes =
            finished.notes.iter().find_map(|note| note.strip_prefix(&start)?.split(' ').next()?.parse().ok())?;
        Some((stream, bytes))
    });
    let ended = Ended {
        exit,
        killed: (finished.verdict == Verdict::Timeout).then_some(Killed::Timeout),
        usage: finished.usage,
        cut: cut.collect(),
        strays: Strays::default(),
        held: false,
    };
    // Notes about the streams are those of the run.
    let rules = Rules { plan, timeout, output_limit: 0 };
    let judged = judge_attempt(rules, task, &folder, &streams, &ended, finished.attempt.number, set);
    let Outcome { verdict, message, quotes, exit, metrics, rows, outputs, unmet: _, notes: _ } = judged;
    Some(Finished { verdict, message, quotes, exit, metrics, rows, outputs, ..finished.clone() })
}
