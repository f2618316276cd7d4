//! Stages, slowest tasks, and the facts of the run.

use super::failures::more;
use super::{clipped, command, prose, text, verdict_mark};
use crate::ledger::Verdict;
use crate::report::Report;
use crate::report::command::whole_command;
use crate::report::figure::{thousands, took};
use crate::report::headline::sign;
use crate::report::selection::{run_took, slowest as slowest_tasks};
use crate::value::{show_bytes, show_duration};
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

/// Slow tasks and warnings that are shown.
const SLOWEST: usize = 20;
const WARNINGS: usize = 500;

/// Writes the counts of each stage.
pub(super) fn stages(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let totals = &report.totals;
    let occurring: Vec<Verdict> =
        Verdict::ALL.into_iter().filter(|verdict| totals.tasks.contains_key(verdict)).collect();
    let mut times: HashMap<&str, f64> = HashMap::new();
    for task in &report.tasks {
        *times.entry(task.task.stage.as_str()).or_default() += task.usage.wall;
    }
    writeln!(
        out,
        r#"<div class="scroll" tabindex="0" role="region" aria-label="stages"><table><thead><tr><th scope="col">stage</th><th scope="col" class="bar-head">share</th>"#
    )?;
    for verdict in &occurring {
        writeln!(out, r#"<th scope="col" class="n">{}</th>"#, verdict_mark(*verdict))?;
    }
    writeln!(out, r#"<th scope="col" class="n">time</th></tr></thead><tbody>"#)?;
    let row = |name: String, counts: &BTreeMap<Verdict, u64>, time: f64, out: &mut dyn Write| {
        write!(out, r#"<tr><th scope="row">{name}</th><td>{}</td>"#, bar(counts))?;
        for verdict in &occurring {
            let number = counts.get(verdict).copied().unwrap_or(0);
            let class = if number == 0 { "n none" } else { "n" };
            write!(out, r#"<td class="{class}">{}</td>"#, thousands(number))?;
        }
        writeln!(out, r#"<td class="n">{}</td></tr>"#, took(time))
    };
    for (stage, counts) in &totals.stages {
        row(text(stage), counts, times.get(stage.as_str()).copied().unwrap_or(0.0), out)?;
    }
    row("all tasks".to_owned(), &totals.tasks, totals.wall, out)?;
    writeln!(out, "</tbody></table></div>")?;
    let mut notes = Vec::new();
    if totals.retried > 0 {
        notes.push(format!("{} needed more than one attempt", crate::report::figure::count(totals.retried, "task")));
    }
    if totals.known > 0 {
        notes.push(format!("{} failed as known", crate::report::figure::count(totals.known, "task")));
    }
    if totals.cpu > 0.0 {
        notes.push(format!("{} of processor time", show_duration(totals.cpu)));
    }
    notes.extend(crate::report::costs::cost_line(report).map(|cost| text(&cost)));
    if notes.is_empty() {
        return Ok(());
    }
    writeln!(out, r#"<p class="soft">{}</p>"#, notes.join(" · "))
}

/// Returns a bar whose parts are as wide as the verdicts are frequent; the numbers beside it say the same.
fn bar(counts: &BTreeMap<Verdict, u64>) -> String {
    let all: u64 = counts.values().sum();
    let mut bar = String::from(r#"<svg class="bar" width="120" height="8" viewBox="0 0 120 8" aria-hidden="true">"#);
    let mut x = 0.0;
    for (verdict, number) in counts {
        let width = 120.0 * *number as f64 / all.max(1) as f64;
        // A sliver is seen, too.
        let seen = width.max(if *number > 0 { 2.0 } else { 0.0 }).min(120.0 - x);
        bar.push_str(&format!(r#"<rect class="{verdict}" x="{x:.1}" width="{seen:.1}" height="8"/>"#));
        x += seen;
    }
    bar + "</svg>"
}

/// Writes the slowest tasks.
pub(super) fn slowest(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let slowest = slowest_tasks(&report.tasks, SLOWEST);
    let longest = slowest.first().map_or(1.0, |task| task.usage.wall);
    writeln!(
        out,
        r#"<div class="scroll" tabindex="0" role="region" aria-label="slowest tasks"><table><thead><tr><th scope="col" class="n">elapsed</th><th scope="col" class="bar-head"></th><th scope="col">task</th><th scope="col">verdict</th><th scope="col" class="n">processor</th><th scope="col" class="n">memory</th><th scope="col" class="n">attempts</th></tr></thead><tbody>"#
    )?;
    for task in slowest {
        let width = 120.0 * task.usage.wall / longest;
        writeln!(
            out,
            r#"<tr><td class="n">{}</td><td><svg class="bar" width="120" height="8" viewBox="0 0 120 8" aria-hidden="true"><rect class="time" width="{width:.1}" height="8"/></svg></td><td>{}</td><td>{}</td><td class="n">{}</td><td class="n">{}</td><td class="n">{}</td></tr>"#,
            show_duration(task.usage.wall),
            clipped(&task.task.to_string(), 200),
            verdict_mark(task.verdict),
            show_duration(task.usage.cpu),
            show_bytes(task.usage.max_rss),
            task.tries.len() + 1,
        )?;
    }
    writeln!(out, "</tbody></table></div>")
}

/// Writes the warnings of the suite and of the run.
pub(super) fn warnings(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, r#"<ul class="plain">"#)?;
    for warning in report.warnings.iter().take(WARNINGS) {
        writeln!(
            out,
            r#"<li><span class="v uncertain"><span class="sign" aria-hidden="true">!</span></span> {}</li>"#,
            prose(warning, 2000)
        )?;
    }
    writeln!(out, "</ul>")?;
    more(report.warnings.len().saturating_sub(WARNINGS), "warning", out)
}

/// Writes what was run, from which code, on which machine, with which tools.
pub(super) fn run(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let run = &report.run;
    let mut facts: Vec<(&str, String)> = Vec::new();
    // What came from another program has no suite file.
    let has_suite_file = !run.suite_file.is_empty();
    if has_suite_file {
        facts.push(("suite file", text(&run.suite_file)));
    }
    facts.extend([
        ("run", text(run.id.as_str())),
        ("started", run.started.to_string()),
        ("took", run_took(report).unwrap_or_else(|| "–".to_owned())),
    ]);
    if let Some(commit) = &run.source.commit {
        facts.push(("commit", format!("<code>{}</code>", text(commit))));
    }
    if let Some(branch) = &run.source.branch {
        facts.push(("branch", text(branch)));
    }
    if run.source.dirty == Some(true) {
        facts.push(("work tree", "had changes that are in no commit".to_owned()));
    }
    if let Some(profile) = &run.profile {
        facts.push(("profile", text(profile)));
    }
    if !run.filter.is_empty() {
        facts.push(("selected by", format!("<code>{}</code>", text(&run.filter.join(" ")))));
    }
    facts.push(("machine", format!("class <code>{}</code>", text(&run.fingerprint))));
    facts.push(("plan", format!("<code>{}</code>", text(&run.plan.short()))));
    if let Some(archive) = &run.archive {
        facts.push(("archive", text(archive)));
    }
    if !report.folder.is_empty() {
        facts.push(("run folder", format!("<code>{}</code>", text(&report.folder))));
    }
    let codes: Vec<String> = report.exit_codes.iter().map(u8::to_string).collect();
    if !codes.is_empty() {
        facts.push(("exit codes", codes.join(", ")));
    }
    pairs(facts.into_iter().map(|(name, value)| (name.to_owned(), value)), out)?;
    for (title, values) in [("machine", &run.machine), ("tools", &run.tools)] {
        if !values.is_empty() {
            writeln!(out, r#"<p class="label">{title}</p>"#)?;
            pairs(values.iter().map(|(name, value)| (clipped(name, 80), clipped(value, 400))), out)?;
        }
    }
    if has_suite_file {
        writeln!(out, r#"<p class="label">run all of it again</p>{}"#, command(&whole_command(run)))?;
    }
    let signs: Vec<String> = Verdict::ALL.iter().map(|verdict| format!("{} {verdict}", sign(*verdict))).collect();
    writeln!(out, r#"<p class="soft">signs: {}</p>"#, signs.join(" · "))
}

/// Writes names and values; both are escaped already.
fn pairs(items: impl Iterator<Item = (String, String)>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, r#"<dl class="pairs">"#)?;
    for (name, value) in items {
        writeln!(out, "<dt>{name}</dt><dd>{value}</dd>")?;
    }
    writeln!(out, "</dl>")
}
