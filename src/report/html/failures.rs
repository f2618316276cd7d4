//! What broke: buckets with their evidence, known failures, logs.

use super::{clipped, command, prose, text, verdict_mark};
use crate::record::TaskRecord;
use crate::report::command::{repro_command, run_command};
use crate::report::figure::count;
use crate::report::inert::{block, clip, short};
use crate::report::join::CaseFinder;
use crate::report::selection::folder_of;
use crate::report::svg::escape;
use crate::report::{Bucket, Report};
use crate::value::TaskKey;
use std::io::{self, Write};

/// Buckets, and tasks of one, that are listed.
const BUCKETS: usize = 200;
const TASKS: usize = 500;
/// Lines of quotes and characters of each that are shown.
const QUOTES: usize = 20;
const QUOTE: usize = 600;

/// Writes the buckets of failures that are not known, the first one open.
pub(super) fn buckets(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let fresh: Vec<&Bucket> = report.buckets.iter().filter(|bucket| bucket.known.is_none()).collect();
    let mut finder = CaseFinder::new(report);
    for (number, bucket) in fresh.iter().take(BUCKETS).enumerate() {
        write_bucket(report, bucket, number, &mut finder, out)?;
    }
    more(fresh.len().saturating_sub(BUCKETS), "kind of failure", out)
}

/// Writes known failures: those that changed, then those that came out as known.
pub(super) fn known(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if !report.known_failures.is_empty() {
        writeln!(out, r#"<ul class="plain">"#)?;
        for sentence in &report.known_failures {
            writeln!(
                out,
                r#"<li><span class="v fail"><span class="sign" aria-hidden="true">✗</span>changed</span> {}</li>"#,
                prose(sentence, 2000)
            )?;
        }
        writeln!(out, "</ul>")?;
    }
    let known: Vec<&Bucket> = report.buckets.iter().filter(|bucket| bucket.known.is_some()).collect();
    let mut finder = CaseFinder::new(report);
    for (number, bucket) in known.iter().take(BUCKETS).enumerate() {
        write_bucket(report, bucket, number, &mut finder, out)?;
    }
    more(known.len().saturating_sub(BUCKETS), "kind of known failure", out)
}

/// Writes the ends of logs of tasks that did not pass.
pub(super) fn logs(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for (number, log) in report.logs.iter().enumerate() {
        writeln!(
            out,
            r#"<details class="log" id="log-{number}"><summary>{} <span class="soft">{}</span></summary>"#,
            text(&log.task.to_string()),
            clipped(&log.stream, 80)
        )?;
        if log.skipped > 0 {
            writeln!(
                out,
                r#"<p class="soft">the last lines; {} before them are not here</p>"#,
                crate::value::show_bytes(log.skipped)
            )?;
        }
        writeln!(out, "<pre tabindex=\"0\">{}</pre></details>", escape(&block(&log.text)))?;
    }
    match report.logs_left_out {
        0 => Ok(()),
        left => writeln!(out, r#"<p class="soft">{} without an excerpt here</p>"#, count(left as u64, "failed task")),
    }
}

fn write_bucket<'a>(
    report: &'a Report,
    bucket: &Bucket,
    number: usize,
    finder: &mut CaseFinder<'a>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let open = if number == 0 && bucket.known.is_none() { " open" } else { "" };
    let kind = if bucket.known.is_some() { "known" } else { "bucket" };
    let size = format!("{} · {}", count(bucket.tasks.len() as u64, "task"), count(bucket.cases, "case"));
    writeln!(out, r#"<details class="bucket {}" id="{kind}-{number}"{open}><summary>"#, bucket.verdict)?;
    writeln!(
        out,
        r#"{} <span class="stage">{}</span> <span class="message">{}</span> <span class="soft size">{size}</span>"#,
        verdict_mark(bucket.verdict),
        clipped(&bucket.stage, 80),
        prose(&bucket.example, 300)
    )?;
    writeln!(out, "</summary><div class=\"body\">")?;
    if let Some(known) = &bucket.known {
        writeln!(out, r#"<p>known: {}</p>"#, text(known))?;
    }
    if bucket.example.chars().count() > 300 {
        writeln!(out, "<p>{}</p>", prose(&bucket.example, 4000))?;
    }
    let first = report.tasks.iter().find(|task| bucket.tasks.first() == Some(&task.task));
    if let Some(task) = first {
        write_evidence(report, task, finder, out)?;
    }
    if bucket.tasks.len() > 1 {
        writeln!(
            out,
            r#"<details class="tasks"><summary>all {}</summary><ul>"#,
            count(bucket.tasks.len() as u64, "task")
        )?;
        for task in bucket.tasks.iter().take(TASKS) {
            writeln!(out, "<li>{}</li>", text(&point(task)))?;
        }
        writeln!(out, "</ul>")?;
        more(bucket.tasks.len().saturating_sub(TASKS), "task", out)?;
        writeln!(out, "</details>")?;
    }
    writeln!(out, "</div></details>")
}

/// Writes why a task failed and how to see it fail again.
fn write_evidence<'a>(
    report: &Report,
    task: &'a TaskRecord,
    finder: &mut CaseFinder<'a>,
    out: &mut dyn Write,
) -> io::Result<()> {
    for quote in task.quotes.iter().take(QUOTES) {
        let line = quote.line.map(|line| format!(":{line}")).unwrap_or_default();
        let quoted = block(&quote.text);
        writeln!(
            out,
            r#"<figure class="quote"><figcaption>{}{line}</figcaption><pre>{}</pre></figure>"#,
            clipped(&quote.file, 200),
            escape(&clip(&quoted, QUOTE))
        )?;
    }
    more(task.quotes.len().saturating_sub(QUOTES), "quote", out)?;
    let mut facts = vec![format!("<dt>task</dt><dd>{}</dd>", text(&task.task.to_string()))];
    if let Some(exit) = task.exit {
        facts.push(format!("<dt>ended with</dt><dd>{exit}</dd>"));
    }
    if !task.tries.is_empty() {
        let changed: Vec<String> = task
            .tries
            .iter()
            .flat_map(|attempt| &attempt.set)
            .map(|(name, value)| short(&format!("{name} = {value}"), 80))
            .collect();
        let changed = if changed.is_empty() { String::new() } else { format!(", with {}", text(&changed.join(", "))) };
        facts.push(format!("<dt>tried</dt><dd>{}{changed}</dd>", count(task.tries.len() as u64 + 1, "time")));
    }
    if let Some(folder) = folder_of(report, task) {
        facts.push(format!("<dt>files</dt><dd><code>{}</code></dd>", text(&folder)));
    }
    if let Some(number) = report.logs.iter().position(|log| log.task == task.task) {
        facts.push(format!(
            "<dt>log</dt><dd><a href=\"#log-{number}\">{}</a></dd>",
            clipped(&report.logs[number].stream, 80)
        ));
    }
    writeln!(out, r#"<dl class="pairs">{}</dl>"#, facts.concat())?;
    if let Some(case) = finder.find(task) {
        let name = case.name.as_str();
        writeln!(out, "<p class=\"label\">reproduce</p>{}", command(&run_command(&report.run, name)))?;
        writeln!(out, "<p class=\"label\">rebuild its folders</p>{}", command(&repro_command(&report.run, name)))?;
    }
    Ok(())
}

fn point(task: &TaskKey) -> String {
    let key = task.to_string();
    key.strip_prefix(task.stage.as_str()).and_then(|rest| rest.strip_prefix('/')).unwrap_or(&key).to_owned()
}

/// Says how many are not shown.
pub(super) fn more(left: usize, noun: &str, out: &mut dyn Write) -> io::Result<()> {
    match left {
        0 => Ok(()),
        _ => writeln!(out, r#"<p class="soft">and {} more, in the JSON report</p>"#, count(left as u64, noun)),
    }
}
