//! Which worker did what when: a row for each worker, a bar for each task.
//!
//! Bars that are narrower than a pixel are drawn as one, with the worst of their verdicts: the drawing is
//! as large as its width, however many tasks there are.

use super::{Frame, Setting, escape};
use crate::ledger::Verdict;
use crate::record::TaskRecord;
use crate::report::Report;
use crate::report::figure::{count, thousands};
use crate::report::headline::sign;
use crate::report::inert::short;
use crate::value::show_duration;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Width of the area of the bars.
const WIDTH: f64 = 1000.0;
const LEFT: f64 = 96.0;
const ROW: f64 = 24.0;
/// Rows that are drawn.
const ROWS: usize = 128;
/// Bars that begin within this and are narrower are one.
const PIXEL: f64 = 1.5;
/// Seconds by which two tasks of a worker may overlap, since times are in milliseconds.
const SLACK: f64 = 0.01;

/// The tasks of a run that took time, by worker.
pub(crate) struct Timeline<'a> {
    lanes: Vec<Lane<'a>>,
    /// Seconds from the first start to the last end.
    span: f64,
    /// The stages, in order of their first task.
    stages: Vec<&'a str>,
}

struct Lane<'a> {
    name: String,
    tasks: Vec<Task<'a>>,
}

/// A task, in seconds after the first start.
#[derive(Clone, Copy)]
struct Task<'a> {
    start: f64,
    end: f64,
    record: &'a TaskRecord,
}

/// One task, or several that are too short to tell apart.
struct Bar<'a> {
    /// Place and end, in pixels.
    x: f64,
    end: f64,
    tasks: Vec<Task<'a>>,
}

impl<'a> Timeline<'a> {
    /// Lays the tasks out; none if no task took time.
    pub(crate) fn of(report: &'a Report) -> Option<Timeline<'a>> {
        let first = report.tasks.iter().filter_map(|task| task.started).map(|start| start.milliseconds()).min()?;
        let mut stages: Vec<&str> = Vec::new();
        let mut workers: BTreeMap<u32, Vec<Task<'a>>> = BTreeMap::new();
        for record in report.tasks.iter().filter(|task| task.usage.wall > 0.0) {
            let Some(started) = record.started else { continue };
            let start = (started.milliseconds() - first) as f64 / 1000.0;
            let tried: f64 = record.tries.iter().map(|attempt| attempt.usage.wall).sum();
            let end = start + tried + record.usage.wall;
            if !end.is_finite() {
                continue;
            }
            if !stages.contains(&record.task.stage.as_str()) {
                stages.push(record.task.stage.as_str());
            }
            workers.entry(record.worker).or_default().push(Task { start, end, record });
        }
        let lanes: Vec<Lane<'a>> = workers.into_iter().flat_map(|(worker, tasks)| lanes_of(worker, tasks)).collect();
        let span = lanes.iter().flat_map(|lane| &lane.tasks).map(|task| task.end).fold(0.0, f64::max);
        (span > 0.0).then_some(Timeline { lanes, span, stages })
    }

    /// Tells how busy the workers were: `2 workers, busy 87 % of 3m 12s`.
    pub(crate) fn sentence(&self) -> String {
        let busy: f64 = self.lanes.iter().map(Lane::busy).sum();
        let share = 100.0 * busy / (self.span * self.lanes.len() as f64);
        let workers = count(self.lanes.len() as u64, "worker");
        format!("{workers}, busy {:.0} % of {}", share.min(100.0), show_duration(self.span))
    }

    /// Draws the rows.
    pub(crate) fn draw(&self, setting: Setting, out: &mut dyn Write) -> io::Result<()> {
        let top = setting.caption() as f64;
        let shown = &self.lanes[..self.lanes.len().min(ROWS)];
        let bottom = top + ROW * shown.len() as f64;
        let caption = self.sentence();
        let description = self.description();
        let legend = bottom + 40.0;
        Frame {
            kind: "timeline",
            noun: "tasks on workers",
            caption: &caption,
            description: &description,
            width: (LEFT + WIDTH) as usize + 24,
            height: legend as usize + 14 + 18 * self.stages.len().div_ceil(4),
            parts: true,
        }
        .open(setting, out)?;
        let every = round_step(self.span / 8.0);
        for number in 0..=((self.span / every) as usize).min(20) {
            let at = every * number as f64;
            let x = LEFT + WIDTH * at / self.span;
            writeln!(out, r#"<path class="grid" d="M{x:.1} {top}V{bottom}"/>"#)?;
            let text = if number == 0 { "0".to_owned() } else { show_duration(at) };
            writeln!(out, r#"<text class="tick middle" x="{x:.1}" y="{}">{text}</text>"#, bottom + 16.0)?;
        }
        for (number, lane) in shown.iter().enumerate() {
            let y = top + ROW * number as f64;
            let name = escape(&lane.name);
            writeln!(out, r#"<text class="tick end" x="{}" y="{}">{name}</text>"#, LEFT - 8.0, y + 16.0)?;
            writeln!(out, r#"<rect class="row" x="{LEFT}" y="{}" width="{WIDTH}" height="2"/>"#, y + 11.0)?;
            for bar in lane.bars(self.span) {
                self.draw_bar(&bar, y, out)?;
            }
        }
        self.legend(legend, out)?;
        writeln!(out, "</svg>")
    }

    fn draw_bar(&self, bar: &Bar<'_>, y: f64, out: &mut dyn Write) -> io::Result<()> {
        let width = (bar.end - bar.x).max(1.0);
        let worst = bar.worst();
        let verdict = worst.record.verdict;
        // What did not pass is taller, so that it is found without its colour.
        let (y, height) = if verdict == Verdict::Pass { (y + 5.0, 14.0) } else { (y + 1.0, 22.0) };
        let x = LEFT + bar.x;
        writeln!(out, r#"<g class="bar {verdict}"><title>{}</title>"#, escape(&bar.words()))?;
        write!(out, r#"<rect class="body" x="{x:.1}" y="{y}" width="{width:.1}" height="{height}"/>"#)?;
        if let Some(text) = self.text(bar, worst, width) {
            let middle = y + height / 2.0 + 4.0;
            write!(out, r#"<text class="middle" x="{:.1}" y="{middle}">{}</text>"#, x + width / 2.0, escape(&text))?;
        }
        writeln!(out, "</g>")
    }

    /// Returns what there is room for: sign and stage, sign and letter, one of them, nothing.
    fn text(&self, bar: &Bar<'_>, worst: Task<'_>, width: f64) -> Option<String> {
        let verdict = worst.record.verdict;
        let stage = worst.record.task.stage.as_str();
        let letter = self.stages.iter().position(|other| *other == stage).map(letter)?;
        let name = short(stage, 40);
        let texts = if bar.tasks.len() > 1 {
            vec![format!("{} {}", sign(verdict), bar.tasks.len()), sign(verdict).to_string()]
        } else {
            vec![format!("{} {name}", sign(verdict)), format!("{}{letter}", sign(verdict)), letter]
        };
        texts.into_iter().find(|text| text.chars().count() as f64 * 7.0 + 4.0 <= width)
    }

    fn legend(&self, top: f64, out: &mut dyn Write) -> io::Result<()> {
        for (number, stage) in self.stages.iter().enumerate().take(80) {
            let (x, y) = (LEFT + 250.0 * (number % 4) as f64, top + 18.0 * (number / 4) as f64);
            let text = format!("{} {}", letter(number), short(stage, 32));
            writeln!(out, r#"<text class="tick" x="{x}" y="{y}">{}</text>"#, escape(&text))?;
        }
        Ok(())
    }

    /// Tells of each worker what it did, for those who do not see it.
    fn description(&self) -> String {
        let workers = self.lanes.iter().take(64).map(|lane| {
            let bad = lane.tasks.iter().filter(|task| task.record.verdict != Verdict::Pass).count();
            let bad =
                if bad > 0 { format!(", {} of which did not pass", thousands(bad as u64)) } else { String::new() };
            let tasks = count(lane.tasks.len() as u64, "task");
            format!("{}: {tasks}{bad}, busy {:.0} %.", lane.name, (100.0 * lane.busy() / self.span).min(100.0))
        });
        workers.collect::<Vec<_>>().join(" ")
    }

    /// Counts the rows there is no room for.
    pub(crate) fn left_out(&self) -> usize {
        self.lanes.len().saturating_sub(ROWS)
    }
}

/// Divides the tasks of a worker into rows without overlap: workers of several machines may share a
/// number.
fn lanes_of(worker: u32, mut tasks: Vec<Task<'_>>) -> Vec<Lane<'_>> {
    tasks.sort_by(|one, other| one.start.total_cmp(&other.start));
    let mut lanes: Vec<Lane<'_>> = Vec::new();
    // When the last task of each lane ends.
    let mut ends: Vec<f64> = Vec::new();
    for task in tasks {
        match ends.iter().position(|&end| end <= task.start + SLACK) {
            Some(free) => {
                ends[free] = task.end;
                lanes[free].tasks.push(task);
            }
            None => {
                ends.push(task.end);
                let name = match lanes.len() {
                    0 => format!("worker {worker}"),
                    more => format!("worker {worker}, {}", more + 1),
                };
                lanes.push(Lane { name, tasks: vec![task] });
            }
        }
    }
    lanes
}

impl<'a> Lane<'a> {
    fn busy(&self) -> f64 {
        self.tasks.iter().map(|task| task.end - task.start).sum()
    }

    fn bars(&self, span: f64) -> Vec<Bar<'a>> {
        let mut bars: Vec<Bar<'a>> = Vec::new();
        for task in &self.tasks {
            let (x, end) = (WIDTH * task.start / span, WIDTH * task.end / span);
            match bars.last_mut() {
                Some(last) if last.end - last.x < PIXEL && end - x < PIXEL && x - last.x < PIXEL => {
                    last.end = last.end.max(end);
                    last.tasks.push(*task);
                }
                last => {
                    let x = last.map_or(x, |last| x.max(last.end));
                    bars.push(Bar { x, end: end.max(x), tasks: vec![*task] });
                }
            }
        }
        bars
    }
}

impl<'a> Bar<'a> {
    fn worst(&self) -> Task<'a> {
        let worst = self.tasks.iter().rev().max_by_key(|task| task.record.verdict);
        *worst.expect("a bar is made of tasks")
    }

    fn words(&self) -> String {
        let worst = self.worst();
        let key = short(&worst.record.task.to_string(), 160);
        let (start, end) = (self.tasks[0].start, self.tasks.iter().map(|task| task.end).fold(0.0, f64::max));
        let verdict = worst.record.verdict;
        let times = format!("{} after the start", show_duration(start));
        if let [_] = self.tasks.as_slice() {
            return format!("{} {key}: {verdict}, {} from {times}", sign(verdict), show_duration(end - start));
        }
        let mut verdicts: BTreeMap<Verdict, u64> = BTreeMap::new();
        for task in &self.tasks {
            *verdicts.entry(task.record.verdict).or_insert(0) += 1;
        }
        let counts: Vec<String> =
            verdicts.iter().map(|(verdict, number)| format!("{} {verdict}", thousands(*number))).collect();
        let named = if verdict == Verdict::Pass { "the first" } else { "the worst" };
        format!(
            "{} {} in {} from {times}: {}; {named} is {key}",
            sign(verdict),
            count(self.tasks.len() as u64, "task"),
            show_duration(end - start),
            counts.join(", ")
        )
    }
}

/// Returns the letter of a stage, or its number after the last letter.
fn letter(stage: usize) -> String {
    u8::try_from(stage)
        .ok()
        .filter(|stage| *stage < 26)
        .map_or_else(|| (stage + 1).to_string(), |stage| char::from(b'A' + stage).to_string())
}

/// Returns a round time that is at least so long: 1, 2, 5, 10, 15 or 30 of a unit.
fn round_step(seconds: f64) -> f64 {
    let unit = if seconds < 1.0 {
        10f64.powi(seconds.log10().floor().max(-9.0) as i32)
    } else if seconds <= 30.0 {
        1.0
    } else if seconds <= 1800.0 {
        60.0
    } else {
        3600.0
    };
    let times = [1.0, 2.0, 5.0, 10.0, 15.0, 30.0];
    times.map(|times| times * unit).into_iter().find(|step| *step >= seconds).unwrap_or((seconds / unit).ceil() * unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::report::svg::STYLE;

    fn drawn(report: &Report, setting: Setting) -> String {
        let mut out = Vec::new();
        Timeline::of(report).unwrap().draw(setting, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_drawing() {
        let report = sample::red();
        assert_eq!(Timeline::of(&report).unwrap().sentence(), "2 workers, busy 56 % of 2m14s");
        insta::assert_snapshot!("timeline.svg", drawn(&report, Setting::File).replace(STYLE, "..."));
    }

    #[test]
    fn many_tasks_stay_small() {
        let report = sample::many(10_000);
        let timeline = Timeline::of(&report).unwrap();
        let bars: Vec<Bar<'_>> = timeline.lanes.iter().flat_map(|lane| lane.bars(timeline.span)).collect();
        assert_eq!(bars.iter().map(|bar| bar.tasks.len()).sum::<usize>(), 10_000);
        assert!(bars.len() < 4 * WIDTH as usize, "{}", bars.len());
        assert!(bars.iter().all(|bar| bar.x.is_finite() && bar.end >= bar.x));
        // One task of a bar that failed makes the bar one that failed.
        let failed: usize = bars.iter().filter(|bar| bar.worst().record.verdict == Verdict::Fail).count();
        assert!((50..=100).contains(&failed), "{failed}");
        assert!(drawn(&report, Setting::Page(0)).len() < 1_000_000);
    }

    #[test]
    fn workers_that_share_a_number_get_rows_of_their_own() {
        let mut report = sample::red();
        for task in &mut report.tasks {
            task.worker = 3;
        }
        let timeline = Timeline::of(&report).unwrap();
        let names: Vec<&str> = timeline.lanes.iter().map(|lane| lane.name.as_str()).collect();
        assert_eq!(names, ["worker 3", "worker 3, 2"]);
    }

    #[test]
    fn without_times_there_is_no_drawing() {
        let mut report = sample::green();
        for task in &mut report.tasks {
            task.usage.wall = 0.0;
        }
        assert!(Timeline::of(&report).is_none());
    }

    #[test]
    fn steps_are_round() {
        let check = |seconds: f64, expected: f64| assert!((round_step(seconds) - expected).abs() < 1e-9, "{seconds}");
        check(0.03, 0.05);
        check(0.3, 0.5);
        check(1.2, 2.0);
        check(24.0, 30.0);
        check(90.0, 120.0);
        check(4000.0, 7200.0);
        check(1e6, 1_000_800.0);
    }
}
