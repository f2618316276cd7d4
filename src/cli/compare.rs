//! `shmoo compare`.

use super::Session;
use super::arguments::{CompareArgs, TextFormat};
use super::exit::Exit;
use super::table::{row, table};
use crate::compare::{Comparison, ComparisonVerdict};
use crate::report::{both, change_sign, count, counts_of, notable, percent, short, thousands};
use crate::steps::StepError;
use crate::steps::comparing::{compare_by, rules};
use crate::steps::finding::find_any_run;
use serde_json::json;

/// Rows of a list; the JSON has all of them.
const ROWS: usize = 60;

pub(super) fn compare(session: &Session, arguments: &CompareArgs) -> Result<Exit, Exit> {
    let CompareArgs { head, base, format, strict } = arguments;
    let printer = &session.printer;
    let fail = |error: StepError| printer.step(&error);
    let workspace = session.workspace(&session.current)?;
    let found = find_any_run(&workspace, head).map_err(fail)?;
    let record = &found.recorded.record;
    let rules = rules(&workspace, base, record);
    let mut comparisons = compare_by(&workspace, &found.plan, record, &rules).map_err(fail)?.into_iter();
    let comparison = comparisons.next().unwrap_or_default();
    let others: Vec<Comparison> = comparisons.collect();
    let has = |verdict: ComparisonVerdict| comparison.changes.iter().any(|change| change.verdict == verdict);
    let exit = if comparison.base.is_none() {
        Exit::Nothing
    } else if has(ComparisonVerdict::Regressed) || *strict && has(ComparisonVerdict::Uncertain) {
        Exit::Regression
    } else {
        Exit::Ok
    };
    match format {
        TextFormat::Json => {
            let counts: serde_json::Map<_, _> = counts_of(&comparison.changes)
                .into_iter()
                .map(|(verdict, number)| (verdict.word().to_owned(), number.into()))
                .collect();
            let json = json!({
                "version": 1,
                "head": record.run.id,
                "suite": record.run.suite,
                "counts": counts,
                "comparison": comparison,
                "other_comparisons": others,
                "exit_code": exit.code(),
            });
            printer.data(|out| writeln!(out, "{json:#}"))?;
        }
        TextFormat::Text => {
            let head = format!("{} of {}\n", record.run.id, record.run.suite);
            let mut text = head;
            for comparison in std::iter::once(&comparison).chain(&others) {
                text.push_str(&counts_line(comparison));
                text.push_str(&comparison_lines(comparison, ROWS));
            }
            printer.data(|out| out.write_all(text.as_bytes()))?;
        }
    }
    Ok(exit)
}

/// Returns what it was compared with and why, and how many changes of each kind there are.
pub(super) fn counts_line(comparison: &Comparison) -> String {
    let mut text = match &comparison.base {
        None => "nothing to compare with\n".to_owned(),
        Some(base) => format!("against {} ({})\n", base.run, base.started.date()),
    };
    for why in &comparison.why {
        text.push_str(&format!("  {}\n", short(why, 400)));
    }
    let counts: Vec<String> = counts_of(&comparison.changes)
        .into_iter()
        .map(|(verdict, number)| format!("{} {} {}", change_sign(verdict), thousands(number), verdict.word()))
        .collect();
    if !counts.is_empty() {
        text.push_str(&format!("  {}\n", counts.join("   ")));
    }
    text
}

/// Returns what changed, worst first, `limit` rows of each kind at most.
pub(super) fn comparison_lines(comparison: &Comparison, limit: usize) -> String {
    let mut text = String::new();
    let more = |text: &mut String, all: usize, noun: &str| {
        if all > limit {
            text.push_str(&format!("  and {} more; the JSON has all\n", count((all - limit) as u64, noun)));
        }
    };
    let shown = notable(&comparison.changes);
    if !shown.is_empty() {
        let mut rows = vec![row(["", "metric", "point", "base", "head", "change", "why"])];
        for change in shown.iter().take(limit) {
            let (base, head) = both(change.base.as_ref(), change.head.as_ref(), change.unit.as_deref());
            rows.push(vec![
                format!("{} {}", change_sign(change.verdict), change.verdict.word()),
                short(&change.metric, 60),
                short(change.point.as_str(), 60),
                base,
                head,
                change.relative.map(percent).unwrap_or_default(),
                short(&change.rule, 160),
            ]);
        }
        text.push_str(&table(rows, &[3, 4, 5]));
        more(&mut text, shown.len(), "change");
    }
    for (case, before, now) in comparison.verdict_changes.iter().take(limit) {
        text.push_str(&format!("  {}: {before} -> {now}\n", short(case.as_str(), 100)));
    }
    more(&mut text, comparison.verdict_changes.len(), "changed verdict");
    for (sign, word, cases) in [('+', "new", &comparison.added_cases), ('−', "gone", &comparison.removed_cases)] {
        if cases.is_empty() {
            continue;
        }
        let names: Vec<String> = cases.iter().take(8).map(|case| short(case.as_str(), 60)).collect();
        let rest = if cases.len() > names.len() { ", ..." } else { "" };
        text.push_str(&format!("  {sign} {} {word}: {}{rest}\n", count(cases.len() as u64, "case"), names.join(", ")));
    }
    for note in comparison.notes.iter().take(limit) {
        text.push_str(&format!("  also changed: {}\n", short(note, 400)));
    }
    more(&mut text, comparison.notes.len(), "note");
    text
}
