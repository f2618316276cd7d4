//! The report for a terminal: what broke, where and why first, then counts, comparison, times.

use super::by_metric::{MetricSum, golden_sums, sums};
use super::command::run_command;
use super::costs::cost_line;
use super::diff::plot_diff;
use super::doubts::doubts;
use super::figure::{count, percent, thousands, took};
use super::headline::{Tone, change_sign, ended, golden_word, headline, sign};
use super::inert::{block, clip, short, without_commands};
use super::join::CaseFinder;
use super::models::terminal_lines;
use super::others::other_line;
use super::plot::{PlotOptions, plot};
use super::reds::red_lines;
use super::selection::{
    change_by, commit_name, counts_of, folder_of, golden_sides, goldens_met, incomparable, no_golden_file, notable,
    note_line, run_took, sides, slowest, stopped_word,
};
use super::{Bucket, Report};
use crate::check::golden::GoldenFinding;
use crate::compare::ComparisonVerdict;
use crate::ledger::Verdict;
use crate::value::show_duration;
use std::collections::HashMap;
use std::io::{self, Write};
use tabled::builder::Builder;
use tabled::settings::object::{Columns, Object, Rows};
use tabled::settings::{Alignment, Padding, Style};

/// How the terminal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalOptions {
    /// Whether to colour. Every colour has a sign or a word beside it.
    pub color: bool,
    /// Columns.
    pub width: usize,
}

/// Rows of a list that is shown in part.
const ROWS: usize = 10;

/// Writes the report for a terminal.
pub fn terminal(report: &Report, options: TerminalOptions, out: &mut dyn Write) -> io::Result<()> {
    let mut text = Vec::new();
    let paint = Paint(options.color);
    let mut page = Page { report, paint, width: options.width.clamp(40, 400), out: &mut text };
    page.head()?;
    page.stages()?;
    page.buckets()?;
    page.known()?;
    page.goldens()?;
    page.comparison()?;
    page.models()?;
    page.plots()?;
    page.slowest()?;
    page.warnings()?;
    page.foot()?;
    out.write_all(without_commands(&String::from_utf8_lossy(&text)).as_bytes())
}

/// Whether to colour.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn wrap(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
    fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }
    fn soft(self, text: &str) -> String {
        self.wrap("2", text)
    }
    fn verdict(self, verdict: Verdict, text: &str) -> String {
        let code = match verdict {
            Verdict::Pass => "32",
            Verdict::Skipped => "2",
            Verdict::Timeout => "33",
            Verdict::Fail | Verdict::Lost | Verdict::Error => "31",
        };
        self.wrap(code, text)
    }
}

struct Page<'a> {
    report: &'a Report,
    paint: Paint,
    width: usize,
    out: &'a mut dyn Write,
}

impl<'a> Page<'a> {
    fn title(&mut self, title: &str) -> io::Result<()> {
        writeln!(self.out, "\n{}", self.paint.bold(title))
    }

    /// Says that `left` items of a list are not shown.
    fn more(&mut self, left: usize, noun: &str) -> io::Result<()> {
        match left {
            0 => Ok(()),
            _ => writeln!(self.out, "  {}", self.paint.soft(&format!("and {} more", count(left as u64, noun)))),
        }
    }

    fn head(&mut self) -> io::Result<()> {
        let headline = headline(self.report);
        let code = match headline.tone {
            Tone::Good => "1;32",
            Tone::Doubtful => "1;33",
            Tone::Bad => "1;31",
        };
        let word = headline.word.to_uppercase();
        writeln!(self.out, "{}  {}", self.paint.wrap(code, &word), headline.sentence)?;
        for particular in &headline.particulars {
            writeln!(self.out, "{:1$}  {particular}", "", word.len())?;
        }
        let run = &self.report.run;
        let mut facts = vec![short(run.suite.as_str(), 80), short(run.id.as_str(), 120)];
        if let Some(commit) = &run.source.commit {
            let dirty = if run.source.dirty == Some(true) { " with changes" } else { "" };
            facts.push(format!("commit {}{dirty}", commit_name(commit)));
        }
        facts.extend(run_took(self.report));
        facts.extend(run.stopped.iter().map(|reason| format!("{} {}", stopped_word(run), short(reason, 60))));
        facts.extend(cost_line(self.report));
        writeln!(self.out, "{}", self.paint.soft(&facts.join(" · ")))
    }

    fn stages(&mut self) -> io::Result<()> {
        let report = self.report;
        let occurring: Vec<Verdict> =
            Verdict::ALL.into_iter().filter(|verdict| report.totals.tasks.contains_key(verdict)).collect();
        if occurring.is_empty() {
            return Ok(());
        }
        let mut times: HashMap<&str, f64> = HashMap::new();
        for task in &report.tasks {
            *times.entry(task.task.stage.as_str()).or_default() += task.usage.wall;
        }
        let mut rows = Vec::new();
        let mut head = vec!["stage".to_owned()];
        head.extend(occurring.iter().map(|verdict| format!("{} {verdict}", sign(*verdict))));
        head.push("time".to_owned());
        rows.push(head);
        let cells = |name: String, counts: &std::collections::BTreeMap<Verdict, u64>, time: f64| {
            let mut row = vec![name];
            row.extend(occurring.iter().map(|verdict| match counts.get(verdict) {
                None | Some(0) => "·".to_owned(),
                Some(number) => thousands(*number),
            }));
            row.push(took(time));
            row
        };
        for (stage, counts) in &report.totals.stages {
            rows.push(cells(short(stage, 40), counts, times.get(stage.as_str()).copied().unwrap_or(0.0)));
        }
        rows.push(cells("all tasks".to_owned(), &report.totals.tasks, report.totals.wall));
        writeln!(self.out)?;
        self.table(rows, 1)
    }

    /// Writes a table whose columns from `right` on are aligned to the right.
    fn table(&mut self, rows: Vec<Vec<String>>, right: usize) -> io::Result<()> {
        let mut table = Builder::from_iter(rows).build();
        table.with(Style::empty()).with(Padding::new(2, 0, 0, 0));
        table.modify(Columns::new(right..).intersect(Rows::new(0..)), Alignment::right());
        for line in table.to_string().lines() {
            writeln!(self.out, "{}", clip(line.trim_end(), self.width.max(160)))?;
        }
        Ok(())
    }

    fn buckets(&mut self) -> io::Result<()> {
        let report = self.report;
        let (known, fresh): (Vec<&Bucket>, Vec<&Bucket>) = report.buckets.iter().partition(|b| b.known.is_some());
        if !fresh.is_empty() {
            self.title("What broke")?;
            let mut finder = CaseFinder::new(report);
            for bucket in fresh.iter().take(ROWS) {
                self.bucket(bucket, &mut finder)?;
            }
            self.more(fresh.len().saturating_sub(ROWS), "kind")?;
        }
        if !known.is_empty() {
            self.title("Known failures")?;
            for bucket in known.iter().take(ROWS) {
                let reason = bucket.known.as_deref().unwrap_or_default();
                let line = format!(
                    "{} {}: {} ({}), {}",
                    sign(bucket.verdict),
                    short(&bucket.stage, 60),
                    short(&bucket.example, 120),
                    short(reason, 120),
                    count(bucket.tasks.len() as u64, "task"),
                );
                writeln!(self.out, "  {line}")?;
            }
            self.more(known.len().saturating_sub(ROWS), "kind")?;
        }
        Ok(())
    }

    fn bucket(&mut self, bucket: &Bucket, finder: &mut CaseFinder<'a>) -> io::Result<()> {
        let report = self.report;
        let mark = self.paint.verdict(bucket.verdict, &format!("{} {}", sign(bucket.verdict), ended(bucket.verdict)));
        let size = format!("{}, {}", count(bucket.tasks.len() as u64, "task"), count(bucket.cases, "case"));
        writeln!(self.out, "  {} {mark}  {}", self.paint.bold(&short(&bucket.stage, 60)), self.paint.soft(&size))?;
        let room = self.width.saturating_sub(6);
        writeln!(self.out, "      {}", short(&bucket.example, room.max(200)))?;
        let Some(first) = report.tasks.iter().find(|task| bucket.tasks.first() == Some(&task.task)) else {
            return Ok(());
        };
        for quote in first.quotes.iter().take(5) {
            let line = quote.line.map(|line| format!(":{line}")).unwrap_or_default();
            let place = self.paint.soft(&format!("{}{line}", short(&quote.file, 60)));
            for text in block(&quote.text).lines().take(8) {
                writeln!(self.out, "      {place} │ {}", clip(text, room))?;
            }
        }
        let points = bucket.points();
        let places: Vec<String> = points.iter().take(6).map(|point| short(point.as_str(), 60)).collect();
        let rest = points.len().saturating_sub(places.len());
        let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        writeln!(self.out, "      at {}{rest}", places.join(", "))?;
        if let Some(case) = finder.find(first) {
            let command = run_command(&report.run, case.name.as_str());
            writeln!(self.out, "      {} {}", self.paint.soft("reproduce:"), short(&command, 1000))?;
        }
        if let Some(folder) = folder_of(report, first) {
            writeln!(self.out, "      {} {}", self.paint.soft("files:    "), short(&folder, 1000))?;
        }
        Ok(())
    }

    fn known(&mut self) -> io::Result<()> {
        if self.report.known_failures.is_empty() {
            return Ok(());
        }
        self.title("Known failures that did not come out as known")?;
        for sentence in self.report.known_failures.iter().take(ROWS) {
            writeln!(self.out, "  {} {}", self.paint.wrap("31", "✗"), short(sentence, 400))?;
        }
        self.more(self.report.known_failures.len().saturating_sub(ROWS), "sentence")
    }

    fn goldens(&mut self) -> io::Result<()> {
        let report = self.report;
        let red: Vec<&GoldenFinding> = report.goldens.iter().filter(|finding| finding.verdict.is_red()).collect();
        if let Some(file) = &report.absent_goldens {
            let [what, hint] = no_golden_file(file, report.run.id.as_str());
            self.title(&format!("Goldens: {what}"))?;
            return writeln!(self.out, "  {hint}");
        }
        if report.goldens.is_empty() {
            return Ok(());
        }
        self.title(&format!("Goldens: {}", goldens_met(&report.goldens)))?;
        if red.is_empty() {
            return Ok(());
        }
        let sums = golden_sums(&red, &report.goldens);
        if !sums.is_empty() {
            let head = ["", "metric", "points", "deviation", "tolerance", "farthest at", "golden", "value"];
            let mut rows = vec![head.map(str::to_owned).to_vec()];
            for sum in sums.iter().take(ROWS) {
                let (golden, value) = sum.sides();
                rows.push(vec![
                    format!("✗ {}", golden_word(sum.verdict)),
                    short(sum.metric, 60),
                    sum.points.clone(),
                    sum.span.clone(),
                    short(&sum.tolerance, 40),
                    short(sum.worst.point.as_str(), 60),
                    golden,
                    value,
                ]);
            }
            self.table(rows, 2)?;
            return self.more(sums.len().saturating_sub(ROWS), "metric");
        }
        let mut rows =
            vec![["", "metric", "point", "golden", "value", "deviation", "tolerance"].map(str::to_owned).to_vec()];
        for finding in red.iter().take(ROWS) {
            let (golden, value) = golden_sides(finding);
            rows.push(vec![
                format!("✗ {}", golden_word(finding.verdict)),
                short(&finding.metric, 60),
                short(finding.point.as_str(), 60),
                golden,
                value,
                finding.deviation.map(percent).unwrap_or_default(),
                short(&finding.tolerance, 40),
            ]);
        }
        self.table(rows, 3)?;
        self.more(red.len().saturating_sub(ROWS), "finding")
    }

    fn comparison(&mut self) -> io::Result<()> {
        let Some(comparison) = &self.report.comparison else { return Ok(()) };
        let base = match &comparison.base {
            None => "nothing to compare with".to_owned(),
            Some(base) => format!("against {} ({})", short(base.run.as_str(), 120), base.started.date()),
        };
        self.title(&format!("Comparison {base}"))?;
        for why in comparison.why.iter().take(ROWS) {
            writeln!(self.out, "  {}", self.paint.soft(&short(why, 400)))?;
        }
        let counts: Vec<String> = counts_of(&comparison.changes)
            .into_iter()
            .map(|(verdict, number)| format!("{} {} {}", change_sign(verdict), thousands(number), verdict.word()))
            .collect();
        if !counts.is_empty() {
            writeln!(self.out, "  {}", counts.join("   "))?;
        }
        for sentence in comparison.explanations.iter().take(ROWS) {
            writeln!(self.out, "  {}", short(sentence, 400))?;
        }
        self.more(comparison.explanations.len().saturating_sub(ROWS), "explanation")?;
        let doubts = doubts(&comparison.changes);
        for doubt in doubts.iter().take(ROWS) {
            writeln!(self.out, "  {} {doubt}", change_sign(ComparisonVerdict::Uncertain))?;
        }
        self.more(doubts.len().saturating_sub(ROWS), "reason")?;
        let shown = notable(&comparison.changes);
        let sums = sums(&shown, &comparison.changes);
        if !sums.is_empty() {
            self.sums(&sums)?;
        } else if !shown.is_empty() {
            let mut rows = vec![["", "metric", "point", "base", "head", "change"].map(str::to_owned).to_vec()];
            for change in shown.iter().take(2 * ROWS) {
                let (base, head) = sides(change);
                rows.push(vec![
                    format!("{} {}", change_sign(change.verdict), change.verdict.word()),
                    short(&change.metric, 60),
                    short(change.point.as_str(), 60),
                    base,
                    head,
                    change_by(change),
                ]);
            }
            self.table(rows, 3)?;
            self.more(shown.len().saturating_sub(2 * ROWS), "change")?;
        }
        let reasons = incomparable(&comparison.changes);
        for reason in reasons.iter().take(ROWS) {
            writeln!(self.out, "  {} {}", change_sign(ComparisonVerdict::Incomparable), short(reason, 400))?;
        }
        self.more(reasons.len().saturating_sub(ROWS), "reason")?;
        let (lines, left) = red_lines(comparison, 2 * ROWS);
        for line in lines {
            writeln!(self.out, "{line}")?;
        }
        self.more(left, "red mark")?;
        for (case, before, now) in comparison.verdict_changes.iter().take(ROWS) {
            writeln!(self.out, "  {}: {before} -> {}", short(case.as_str(), 80), self.paint.verdict(*now, now.word()))?;
        }
        self.more(comparison.verdict_changes.len().saturating_sub(ROWS), "changed verdict")?;
        let (added, removed) = (comparison.added_cases.len() as u64, comparison.removed_cases.len() as u64);
        if added + removed > 0 {
            let common = count(comparison.common_cases, "case");
            writeln!(self.out, "  {common} in both, {} new, {} gone", thousands(added), thousands(removed))?;
        }
        for note in comparison.notes.iter().take(ROWS) {
            writeln!(self.out, "  {}", short(&note_line(note), 400))?;
        }
        self.more(comparison.notes.len().saturating_sub(ROWS), "note")?;
        for other in &self.report.other_comparisons {
            writeln!(self.out, "  beside that, by {}", short(&other_line(other), 400))?;
            for why in other.why.iter().take(ROWS) {
                writeln!(self.out, "    {}", self.paint.soft(&short(why, 400)))?;
            }
        }
        Ok(())
    }

    fn sums(&mut self, sums: &[MetricSum<'_>]) -> io::Result<()> {
        let head = ["", "metric", "points", "change", "largest at", "base", "head"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        for sum in sums.iter().take(2 * ROWS) {
            let (base, head) = sum.sides();
            rows.push(vec![
                format!("{} {}", change_sign(sum.verdict), sum.verdict.word()),
                short(sum.metric, 60),
                sum.points.clone(),
                sum.span.clone(),
                short(sum.worst.point.as_str(), 60),
                base,
                head,
            ]);
        }
        self.table(rows, 2)?;
        self.more(sums.len().saturating_sub(2 * ROWS), "metric")
    }

    fn models(&mut self) -> io::Result<()> {
        let (lines, left) = terminal_lines(self.report, ROWS);
        if lines.is_empty() {
            return Ok(());
        }
        self.title("Models")?;
        for line in lines {
            writeln!(self.out, "{}", clip(&line, self.width.max(160)))?;
        }
        self.more(left, "fit")
    }

    fn plots(&mut self) -> io::Result<()> {
        let report = self.report;
        for (number, grid) in report.plots.iter().take(4).enumerate() {
            self.title("Shmoo")?;
            let options = PlotOptions { width: self.width, ascii: false };
            plot(grid, options, self.out)?;
            if let Some(diff) = report.plot_diffs.get(number) {
                writeln!(self.out)?;
                plot_diff(diff, options, self.out)?;
            }
        }
        self.more(self.report.plots.len().saturating_sub(4), "plot")
    }

    fn slowest(&mut self) -> io::Result<()> {
        let slowest = slowest(&self.report.tasks, 5);
        if slowest.is_empty() {
            return Ok(());
        }
        self.title("Slowest tasks")?;
        for task in slowest {
            let retried = match task.tries.len() {
                0 => String::new(),
                tries => format!("  after {}", count(tries as u64, "earlier attempt")),
            };
            let time = show_duration(task.usage.wall);
            writeln!(self.out, "  {time:>7}  {} {}{retried}", sign(task.verdict), short(&task.task.to_string(), 120))?;
        }
        Ok(())
    }

    fn warnings(&mut self) -> io::Result<()> {
        if self.report.warnings.is_empty() {
            return Ok(());
        }
        self.title("Warnings")?;
        for warning in self.report.warnings.iter().take(ROWS) {
            writeln!(self.out, "  {}", short(warning, 400))?;
        }
        self.more(self.report.warnings.len().saturating_sub(ROWS), "warning")
    }

    fn foot(&mut self) -> io::Result<()> {
        if self.report.folder.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\n{} {}", self.paint.soft("run folder:"), short(&self.report.folder, 1000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn written(report: &Report, color: bool, width: usize) -> String {
        let mut out = Vec::new();
        terminal(report, TerminalOptions { color, width }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn reports() {
        insta::assert_snapshot!("terminal-red", written(&sample::red(), false, 100));
        insta::assert_snapshot!("terminal-green", written(&sample::green(), false, 100));
    }

    #[test]
    fn colour_adds_nothing_but_colour() {
        let plain = written(&sample::red(), false, 100);
        let colored = written(&sample::red(), true, 100);
        assert_ne!(plain, colored);
        assert_eq!(crate::report::inert::block(&colored), plain);
    }

    #[test]
    fn hostile_text_is_inert() {
        for text in sample::HOSTILE {
            let written = written(&sample::hostile(text), false, 80);
            let harmless = |c: char| c == '\n' || !c.is_control() && !crate::report::inert::is_unseen(c);
            assert!(written.chars().all(harmless), "{written:?}");
            let command = |line: &str| line.trim_start().starts_with("::") || line.contains("##[");
            assert!(!written.lines().any(command), "{written:?}");
        }
        let long = written(&sample::hostile(&"x".repeat(10_000)), false, 80);
        assert!(long.lines().all(|line| line.chars().count() < 1100), "{long}");
    }
}
