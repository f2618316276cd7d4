//! `shmoo compare`.

use super::Session;
use super::arguments::{JudgingArgs, TextFormat};
use super::collect::workspace;
use super::compare_arguments::CompareArgs;
use super::confirm::{ToConfirm, confirm};
use super::exit::Exit;
use super::machine_arguments::PlacesArgs;
use super::table::{row, table};
use crate::compare::{Comparison, ComparisonVerdict};
use crate::record::{FitRecord, RunInfo, RunRecord};
use crate::report::{
    ModelDrift, ReportedModel, change_by, change_sign, count, counts_of, model_drift_lines, more_reds, notable,
    note_line, red_lines, short, sides, thousands,
};
use crate::steps::StepError;
use crate::steps::Workspace;
use crate::steps::comparing::{compare_by, compare_files, compare_with_record, read_record, read_records, rules};
use crate::steps::finding::{AnyRecord, AnyRun, find_any_record};
use crate::steps::modelling::reported;
use crate::value::{BaselineRule, PointName, RunId, SuiteName};
use serde::Serialize;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Rows of a list; the JSON has all of them.
pub(super) const ROWS: usize = 60;

/// A run with what it was compared with, the first of which decides.
struct Compared {
    head: RunInfo,
    comparisons: Vec<Comparison>,
    /// The models of the run, held against the first of the runs compared with; empty if its plan is not at hand.
    models: Vec<ReportedModel>,
    /// What could be measured again: nothing if there is no more than the record of the run to judge.
    project: Option<ToConfirm>,
}

pub(super) fn compare(session: &Session, arguments: &CompareArgs) -> Result<Exit, Exit> {
    let CompareArgs { runs, judging, places, format, confirm: again, terms: _ } = arguments;
    let JudgingArgs { base, strict } = judging;
    let printer = &session.printer;
    let (named, head) = match runs.as_slice() {
        [] => (None, "last"),
        [head] => (None, head.as_str()),
        [named, head, ..] if base.is_empty() => (Some(named.as_str()), head.as_str()),
        _ => {
            printer.error("the base is named twice", Some("two names are the base and the run to judge"));
            return Err(Exit::Usage);
        }
    };
    let Compared { head, comparisons, models, project } =
        compared(session, places, named, base, head).map_err(|ended| match ended {
            Ended::Step(error) => printer.step(&error),
            Ended::Exit(exit) => exit,
        })?;
    let mut comparisons = comparisons.into_iter();
    let comparison = comparisons.next().unwrap_or_default();
    let others: Vec<Comparison> = comparisons.collect();
    if *again {
        let Some(project) = project else {
            let hint = "name a run whose folder or archive is there: a record alone does not tell what to run";
            printer.error("what only a record tells of cannot be measured again", Some(hint));
            return Err(Exit::Usage);
        };
        return confirm(session, &project, &comparison, arguments);
    }
    let has = |verdict: ComparisonVerdict| comparison.changes.iter().any(|change| change.verdict == verdict);
    let exit = if comparison.base.is_none() {
        Exit::Nothing
    } else if has(ComparisonVerdict::Regressed) || *strict && has(ComparisonVerdict::Uncertain) {
        Exit::Regression
    } else {
        Exit::Ok
    };
    let number = |verdict| comparison.changes.iter().filter(|change| change.verdict == verdict).count();
    session.fact("run", &head.id);
    session.fact("base", comparison.base.as_ref().map_or("", |base| base.run.as_str()));
    session.fact("regressed", number(ComparisonVerdict::Regressed));
    session.fact("improved", number(ComparisonVerdict::Improved));
    session.fact("uncertain", number(ComparisonVerdict::Uncertain));
    match format {
        TextFormat::Json => {
            let counts: serde_json::Map<_, _> = counts_of(&comparison.changes)
                .into_iter()
                .map(|(verdict, number)| (verdict.word().to_owned(), number.into()))
                .collect();
            let json = ComparisonJson {
                version: 1,
                head: &head.id,
                suite: &head.suite,
                counts,
                comparison: &comparison,
                other_comparisons: &others,
                models: models.iter().map(ModelJson::of).collect(),
                exit_code: exit.code(),
            };
            printer.data(|out| {
                // The encoder writes in crumbs.
                let mut out = std::io::BufWriter::with_capacity(1 << 16, out);
                serde_json::to_writer_pretty(&mut out, &json)?;
                writeln!(out)?;
                out.flush()
            })?;
        }
        TextFormat::Text => {
            let mut text = format!("{} of {}\n", head.id, head.suite);
            text.push_str(&counts_line(&comparison));
            text.push_str(&comparison_lines(&comparison, ROWS));
            text.push_str(&model_lines(&models));
            for comparison in &others {
                text.push_str(&counts_line(comparison));
                text.push_str(&comparison_lines(comparison, ROWS));
            }
            printer.data(|out| out.write_all(text.as_bytes()))?;
        }
    }
    Ok(exit)
}

#[derive(Serialize)]
struct ComparisonJson<'a> {
    version: u32,
    head: &'a RunId,
    suite: &'a SuiteName,
    counts: serde_json::Map<String, serde_json::Value>,
    comparison: &'a Comparison,
    other_comparisons: &'a [Comparison],
    models: Vec<ModelJson<'a>>,
    exit_code: u8,
}

/// A model whose predictions are held against those of the run compared with.
#[derive(Serialize)]
struct ModelJson<'a> {
    model: &'a str,
    fits: Vec<FitJson<'a>>,
}

#[derive(Serialize)]
struct FitJson<'a> {
    op: &'a str,
    set: &'a str,
    point: &'a PointName,
    drift: &'a Option<ModelDrift>,
}

impl<'a> ModelJson<'a> {
    fn of(reported: &'a ReportedModel) -> ModelJson<'a> {
        let ReportedModel { model, drifts, samples: _ } = reported;
        let fits = model.fits.iter().zip(drifts);
        let fit = |(fit, drift): (&'a FitRecord, &'a Option<ModelDrift>)| FitJson {
            op: &fit.op,
            set: &fit.set,
            point: &fit.point,
            drift,
        };
        ModelJson { model: &model.model, fits: fits.map(fit).collect() }
    }
}

enum Ended {
    Step(StepError),
    Exit(Exit),
}

impl From<StepError> for Ended {
    fn from(error: StepError) -> Ended {
        Ended::Step(error)
    }
}

fn file(name: &str) -> Option<PathBuf> {
    Path::new(name).is_file().then(|| PathBuf::from(name))
}

/// Finds the runs, in files or in the project, and compares them.
///
/// `named` is the base as the first of two names, `base` what `--base` says.
fn compared(
    session: &Session,
    places: &PlacesArgs,
    named: Option<&str>,
    base: &[BaselineRule],
    head: &str,
) -> Result<Compared, Ended> {
    let base_file = match (named, base) {
        (Some(named), _) => file(named),
        (None, [BaselineRule::Run(name)]) => file(name),
        _ => None,
    };
    if let Some(head_file) = file(head) {
        if places.is_some() {
            let hint = "leave `--store` and `--history` out, or name a run";
            let message = "two record files are compared without store and history";
            return Err(StepError::usage(message, Some(hint.to_owned())).into());
        }
        let Some(base_file) = base_file else {
            let hint = "with a record file as the run to judge the base is a record file, too";
            return Err(StepError::usage("there is no file to compare with", Some(hint.to_owned())).into());
        };
        let (record, base) = read_records(&head_file, &base_file)?;
        let comparisons = vec![compare_files(&record, &base)?];
        return Ok(Compared { head: record.run, comparisons, models: Vec::new(), project: None });
    }
    let workspace = workspace(session, places).map_err(Ended::Exit)?;
    let found = find_any_record(&workspace, head)?;
    let (record, suite) = (found.record(), found.suite());
    let base_record = base_file.as_deref().map(read_record).transpose()?;
    let comparisons = match (named, &base_record) {
        (_, Some(base)) => vec![compare_with_record(&workspace, suite, record, base)?],
        (Some(named), None) => compare_by(&workspace, suite, record, &[BaselineRule::Run(named.to_owned())])?,
        (None, None) => compare_by(&workspace, suite, record, &rules(&workspace, base, record))?,
    };
    let models = match &found {
        AnyRecord::Run(run) => models(&workspace, run, comparisons.first(), base_record.as_ref())?,
        AnyRecord::Alone { .. } => Vec::new(),
    };
    let info = record.run.clone();
    let project = match found {
        AnyRecord::Run(mut head) => {
            if let Some(folder) = &head.folder {
                head.recorded.keep(folder)?;
            }
            Some(ToConfirm { workspace, head: *head, base: base_record })
        }
        AnyRecord::Alone { .. } => None,
    };
    Ok(Compared { head: info, comparisons, models, project })
}

/// Returns the models of a run, held against the run compared with, which is in the history or a file.
fn models(
    workspace: &Workspace,
    run: &AnyRun,
    comparison: Option<&Comparison>,
    file: Option<&RunRecord>,
) -> Result<Vec<ReportedModel>, StepError> {
    let record = &run.recorded.record;
    let Some(base) = comparison.and_then(|comparison| comparison.base.as_ref()) else { return Ok(Vec::new()) };
    if record.models.is_empty() {
        return Ok(Vec::new());
    }
    let loaded = match file {
        Some(_) => None,
        None => workspace.history()?.load(&base.run).map_err(StepError::History)?,
    };
    let base = file.or(loaded.as_ref());
    Ok(base.map(|base| reported(Some(&run.plan), record, Some(base))).unwrap_or_default())
}

/// Returns how far the predictions of models went.
fn model_lines(models: &[ReportedModel]) -> String {
    let (lines, left) = model_drift_lines(models, ROWS);
    let mut text: String = lines.iter().map(|line| format!("  {line}\n")).collect();
    if left > 0 {
        text.push_str(&format!("  and {} more; the JSON has all\n", count(left as u64, "fit")));
    }
    text
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
    for sentence in comparison.explanations.iter().take(limit) {
        text.push_str(&format!("  {}\n", short(sentence, 400)));
    }
    more(&mut text, comparison.explanations.len(), "explanation");
    let shown = notable(&comparison.changes);
    if !shown.is_empty() {
        let mut rows = vec![row(["", "metric", "point", "base", "head", "change", "why"])];
        for change in shown.iter().take(limit) {
            let (base, head) = sides(change);
            rows.push(vec![
                format!("{} {}", change_sign(change.verdict), change.verdict.word()),
                short(&change.metric, 60),
                short(change.point.as_str(), 60),
                base,
                head,
                change_by(change),
                short(&change.rule, 160),
            ]);
        }
        text.push_str(&table(rows, &[3, 4, 5]));
        more(&mut text, shown.len(), "change");
    }
    let (lines, left) = red_lines(comparison, limit);
    lines.iter().for_each(|line| text.push_str(&format!("{line}\n")));
    if left > 0 {
        text.push_str(&format!("  and {} more; the JSON has all\n", more_reds(left)));
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
        text.push_str(&format!("  {}\n", short(&note_line(note), 400)));
    }
    more(&mut text, comparison.notes.len(), "note");
    text
}
