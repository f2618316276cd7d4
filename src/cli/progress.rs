//! Progress: a bar on a terminal, plain lines in CI and files.

use super::printer::Printer;
use crate::ledger::Verdict;
use crate::plan::Plan;
use crate::report::count;
use crate::run::Progress;
use crate::steps::running::{Observer, Outlook};
use crate::value::{show_bytes, show_duration};
use indicatif::{ProgressBar, ProgressStyle};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

/// Seconds between plain lines while nothing goes wrong.
const EVERY: u64 = 30;
/// Time between two words about an archive that is being made.
const PACKING: Duration = Duration::from_secs(10);

/// Returns what tells how far a run is packed, every now and then where that takes long.
pub(super) fn packing(printer: &Printer) -> impl Fn(u64, u64) + use<'_> {
    let last = Cell::new(Instant::now());
    move |done, total| {
        if last.get().elapsed() >= PACKING {
            last.set(Instant::now());
            printer.note(&format!("archiving: {} of {} packed", show_bytes(done), show_bytes(total)));
        }
    }
}

/// Shows a run on stderr.
pub(super) struct Watcher {
    interactive: bool,
    quiet: bool,
    bar: Option<ProgressBar>,
    counts: BTreeMap<Verdict, usize>,
    total: usize,
    started: Instant,
    last: u64,
    /// Failures that were told one by one.
    told: usize,
}

/// Failures that are told one by one; the rest is counted.
const MOST_TOLD: usize = 50;

impl Watcher {
    pub(super) fn new(interactive: bool, quiet: bool) -> Watcher {
        Watcher {
            interactive,
            quiet,
            bar: None,
            counts: BTreeMap::new(),
            total: 0,
            started: Instant::now(),
            last: 0,
            told: 0,
        }
    }

    fn say(&self, text: &str) {
        if self.quiet {
            return;
        }
        match &self.bar {
            Some(bar) => bar.println(text),
            None => {
                let _ = writeln!(std::io::stderr().lock(), "{text}");
            }
        }
    }

    fn summary(&self) -> String {
        let counts: Vec<String> = Verdict::ALL
            .iter()
            .filter_map(|verdict| Some(format!("{} {verdict}", self.counts.get(verdict)?)))
            .collect();
        counts.join(", ")
    }
}

impl Observer for Watcher {
    fn begin(&mut self, outlook: Outlook<'_>) {
        let Outlook { plan, run, tasks, done, jobs } = outlook;
        let resumed = if done > 0 { format!(", {done} done before") } else { String::new() };
        let at_a_time = if jobs == 1 { "one at a time".to_owned() } else { format!("{jobs} at a time") };
        let (cases, to_do) = (count(plan.cases.len() as u64, "case"), count(tasks as u64, "task"));
        self.say(&format!("run {run}: {cases}, {to_do} to do{resumed}, {at_a_time}"));
        self.total = tasks;
        self.started = Instant::now();
        if self.interactive && tasks > 0 {
            let bar = ProgressBar::new(tasks as u64);
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} eta {eta}  {wide_msg}");
            if let Ok(style) = style {
                bar.set_style(style);
            }
            bar.enable_steady_tick(std::time::Duration::from_millis(200));
            self.bar = Some(bar);
        }
    }

    fn event(&mut self, plan: &Plan, progress: &Progress) {
        match progress {
            Progress::Started(task, _) => {
                if let Some(bar) = &self.bar {
                    bar.set_message(format!("{}  {}", self.summary(), plan.key(*task)));
                }
            }
            Progress::Finished(task, finished) => {
                *self.counts.entry(finished.verdict).or_default() += 1;
                if !matches!(finished.verdict, Verdict::Pass | Verdict::Skipped) {
                    self.told += 1;
                    if self.told <= MOST_TOLD {
                        let message = finished.message.as_deref().unwrap_or("");
                        self.say(&format!("{}  {}: {}", finished.verdict, plan.key(*task), plainly(message)));
                    } else if self.told == MOST_TOLD + 1 {
                        self.say("further failures are counted only; the report has them all");
                    }
                }
                if let Some(bar) = &self.bar {
                    bar.inc(1);
                    bar.set_message(self.summary());
                    return;
                }
                let done: usize = self.counts.values().sum();
                let elapsed = self.started.elapsed().as_secs();
                if elapsed / EVERY > self.last || done == self.total {
                    self.last = elapsed / EVERY;
                    let time = show_duration(self.started.elapsed().as_secs_f64());
                    self.say(&format!("{done} of {} tasks after {time}: {}", self.total, self.summary()));
                }
            }
            Progress::Stopping(reason, running) => {
                let waits = match (reason.as_str(), running) {
                    (_, 0) => String::new(),
                    ("SIGINT", running) => {
                        format!("; waiting for {running} running tasks, interrupt again to end them")
                    }
                    (_, running) => format!("; ending {running} running tasks"),
                };
                self.say(&format!("stopping: {reason}{waits}"));
            }
        }
    }

    fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// Returns a message without control characters, which a tool's output may carry.
fn plainly(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
