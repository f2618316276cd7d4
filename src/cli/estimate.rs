//! `shmoo estimate`.

use super::Session;
use super::arguments::TextFormat;
use super::estimate_arguments::{EstimateArgs, FormulaChoice, OpTypeChoice};
use super::estimate_trust::say_trust;
use super::exit::Exit;
use crate::fit::estimate::{Comparison, Estimator, Formula, MOST, other_forms};
use crate::outside::durable;
use crate::report::count;
use crate::steps::StepError;
use crate::steps::estimating::{Estimated, EstimatedFile, architectures, estimate_file, no_operations};
use crate::steps::evaluating::{Evaluated, Evaluation, OpType, evaluate};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

pub(super) fn estimate(session: &Session, arguments: &EstimateArgs) -> Result<Exit, Exit> {
    let printer = &session.printer;
    let fail = |error: StepError| printer.step(&error);
    if arguments.format == TextFormat::Json && arguments.out.is_none() {
        printer.error("the JSON needs --out: without it, the rows are on standard output", None);
        return Err(Exit::Usage);
    }
    if let Some(out) = &arguments.out {
        let read = [arguments.file.as_deref(), arguments.evaluate.as_deref()];
        check_out(out, read.into_iter().flatten(), arguments.params.as_deref()).map_err(fail)?;
    }
    let devices = architectures(arguments.params.as_deref()).map_err(fail)?;
    let copies = devices
        .iter()
        .flat_map(|device| device.versions.iter().flat_map(|params| params.same()).map(|same| (&device.name, same)))
        .map(|(device, same)| {
            format!("{device}: `{}` and `{}` have the same parameters: is one a copy?", same.one, same.other)
        });
    let mut warnings: BTreeSet<String> = copies.chain(devices.iter().flat_map(other_forms)).collect();
    for warning in &warnings {
        printer.warning(warning);
    }
    let estimator = Estimator::new(devices);
    let formula = match arguments.formula {
        FormulaChoice::V1 => Formula::First,
        FormulaChoice::V2 => Formula::Best,
    };
    let work = |out: &mut dyn Write| match (&arguments.evaluate, &arguments.file) {
        (Some(sweep), _) => evaluate(&estimator, sweep, &evaluation(arguments, formula), out),
        (None, file) => {
            let file = file.as_deref().expect("a file is required where none is evaluated");
            let found = estimate_file(&estimator, file, formula, arguments.intervals, out)?;
            let EstimatedFile { rows, mut warnings } = found;
            match rows.rows {
                0 if arguments.strict => return Err(no_operations(file)),
                0 => warnings.push(no_operations(file).to_string()),
                _ => {}
            }
            Ok(Evaluated { rows, comparison: None, out_of_bounds: Vec::new(), warnings })
        }
    };
    let evaluated = match &arguments.out {
        Some(path) => {
            let failed = |source| StepError::Disk { what: "write", path: path.clone(), source };
            durable::save(path, failed, work).map_err(fail)?
        }
        None => {
            let mut result = None;
            printer.data(|out| match work(out) {
                // Who has closed the pipe wants no more.
                Err(StepError::Disk { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => Err(source),
                done => {
                    result = Some(done);
                    Ok(())
                }
            })?;
            result.expect("the rows were written").map_err(fail)?
        }
    };
    for warning in &evaluated.warnings {
        printer.warning(warning);
    }
    warnings.extend(evaluated.warnings.iter().cloned());
    say(session, arguments, &evaluated, &warnings)?;
    let guarded = evaluated.rows.is_guarded();
    let met = evaluated.out_of_bounds.is_empty() && (guarded || !arguments.strict);
    Ok(match (evaluated.rows.refused_rows, met) {
        (0, true) => Exit::Ok,
        (0, false) => Exit::Missed,
        (_, _) => Exit::Usage,
    })
}

/// Refuses a place for the rows that something else is at, or that cannot be.
fn check_out<'p>(out: &Path, mut read: impl Iterator<Item = &'p Path>, params: Option<&Path>) -> Result<(), StepError> {
    let refuse = |message: String, hint: &str| Err(StepError::usage(message, Some(hint.to_owned())));
    if out == Path::new("-") {
        return refuse("`--out -` names no file".to_owned(), "without --out, the rows go to standard output");
    }
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        let message = format!("cannot write `{}`: there is no folder `{}`", out.display(), folder.display());
        return refuse(message, "make the folder, or name another");
    }
    // What is not there yet is nothing that is read.
    let Ok(there) = fs::canonicalize(out) else { return Ok(()) };
    if !there.is_file() {
        return Ok(());
    }
    let is_there = |path: &Path| fs::canonicalize(path).is_ok_and(|path| path == there);
    if read.any(is_there) {
        return refuse(format!("`--out {}` is the table that is read", out.display()), "name another file");
    }
    let parameters = params.and_then(|folder| fs::canonicalize(folder).ok()).filter(|folder| there.starts_with(folder));
    let kept = ["yaml", "json"].iter().any(|kept| there.extension().is_some_and(|found| found == *kept));
    if parameters.is_some() && kept {
        return refuse(format!("`--out {}` is a file of the parameters", out.display()), "name another file");
    }
    Ok(())
}

fn evaluation(arguments: &EstimateArgs, formula: Formula) -> Evaluation {
    Evaluation {
        op_type: arguments.op_type.map(|op_type| match op_type {
            OpTypeChoice::Unary => OpType::Unary,
            OpTypeChoice::Binary => OpType::Binary,
            OpTypeChoice::Matmul => OpType::Matmul,
        }),
        op_name: arguments.op_name.clone(),
        attributes: arguments.attributes.clone(),
        architecture: arguments.arch.clone(),
        version: arguments.params_version,
        formula,
        bounds: arguments.bounds,
    }
}

/// Says what all rows have in common: to stdout if the rows went to a file.
fn say(
    session: &Session,
    arguments: &EstimateArgs,
    evaluated: &Evaluated,
    warnings: &BTreeSet<String>,
) -> Result<(), Exit> {
    let Evaluated { rows, comparison, out_of_bounds, .. } = evaluated;
    let Estimated { rows: all, refused, refused_rows, stand_ins, unversioned, cut_rows, .. } = rows;
    let Estimated { outside, outside_rows, unknown, stale, unlike, wrapped_rows, .. } = rows;
    let printer = &session.printer;
    for op in stand_ins {
        printer.warning(&format!("there are no parameters for `{op}`: those of `nop` stand in"));
    }
    for (device, latest) in unversioned {
        printer.warning(&format!(
            "{device}: rows without `version` take version 1 of the parameters; the latest is {latest}"
        ));
    }
    if *cut_rows > 0 {
        let rows = count(*cut_rows, "estimate");
        printer.warning(&format!("{rows} cut at {MOST} cycles: the parameters say as much or more"));
    }
    say_trust(session, arguments, rows);
    say_refused(session, arguments, refused, *refused_rows);
    if *refused_rows > 0 {
        printer.error(&format!("{refused_rows} of {} without an estimate", count(*all, "row")), None);
    }
    for (line, ratio) in out_of_bounds.iter().take(10) {
        printer.error(&format!("line {line}: the ratio {ratio:.4} is out of bounds"), None);
    }
    if out_of_bounds.len() > 10 {
        printer.error(&format!("{} are out of bounds", count(out_of_bounds.len() as u64, "row")), None);
    }
    match arguments.format {
        TextFormat::Json if arguments.out.is_some() => {
            let named = |list: &[(u64, String)]| -> Vec<Value> {
                list.iter().map(|(line, why)| json!({ "line": line, "error": why })).collect()
            };
            let bounds: Vec<Value> =
                out_of_bounds.iter().map(|(line, ratio)| json!({ "line": line, "ratio": ratio })).collect();
            let json = json!({
                "version": 1,
                "rows": all,
                "refused_rows": refused_rows,
                "refused": named(refused),
                "comparison": comparison,
                "out_of_bounds": bounds,
                "stand_ins": stand_ins,
                "without_version": unversioned,
                "cut_rows": cut_rows,
                "outside_rows": outside_rows,
                "outside": outside.iter().map(|(line, what)| json!({ "line": line, "features": what })).collect::<Vec<_>>(),
                "without_provenance": unknown,
                "stale_parameters": stale,
                "unlike_fit": unlike,
                "wrapped_rows": wrapped_rows,
                "warnings": warnings,
            });
            printer.data(|out| writeln!(out, "{json:#}"))?;
        }
        TextFormat::Json | TextFormat::Text => {
            let text = comparison.as_ref().map_or_else(|| count(*all, "row"), line);
            match arguments.out {
                Some(_) => printer.data(|out| writeln!(out, "{text}"))?,
                None => printer.note(&text),
            }
        }
    }
    Ok(())
}

/// Says why rows have no estimate, each reason once; of how many the reasons are not shown.
fn say_refused(session: &Session, arguments: &EstimateArgs, refused: &[(u64, String)], all: u64) {
    const REASONS: usize = 10;
    const LINES: usize = 5;
    let mut reasons: Vec<(&str, Vec<u64>)> = Vec::new();
    for (line, why) in refused {
        match reasons.iter_mut().find(|(known, _)| known == why) {
            Some((_, lines)) => lines.push(*line),
            None => reasons.push((why, vec![*line])),
        }
    }
    let mut hint = Some("give `--params FOLDER`; those that ship are of sparse products");
    for (why, lines) in reasons.iter().take(REASONS) {
        let shown: Vec<String> = lines.iter().take(LINES).map(u64::to_string).collect();
        let noun = if lines.len() == 1 { "line" } else { "lines" };
        let more = if lines.len() > LINES { " and others" } else { "" };
        let missing = arguments.params.is_none() && why.starts_with("there are no parameters of");
        let hint = if missing { hint.take() } else { None };
        session.printer.error(&format!("{noun} {}{more}: {why}", shown.join(", ")), hint);
    }
    let said: usize = reasons.iter().take(REASONS).map(|(_, lines)| lines.len()).sum();
    if all > said as u64 {
        let hint = arguments.evaluate.is_none().then_some("the column `error` has the reason of each row");
        session
            .printer
            .error(&format!("and {} more, whose reasons are not shown", count(all - said as u64, "row")), hint);
    }
}

fn line(comparison: &Comparison) -> String {
    let Comparison { rows, ratio_mean, ratio_std, ratio_median, ratio_min, ratio_max, ratio_p05, ratio_p95, .. } =
        comparison;
    format!(
        "{}: estimate by runtime {ratio_mean:.3} in the mean (deviation {ratio_std:.3}), median {ratio_median:.3}, from {ratio_min:.3} to {ratio_max:.3}, 90 of 100 from {ratio_p05:.3} to {ratio_p95:.3}; error {:.1} % in the mean, {:.1} % at p95; R² {}",
        count(*rows, "row"),
        comparison.mape,
        comparison.p95_ape,
        comparison.r2.map_or_else(|| "-".to_owned(), |r2| format!("{r2:.3}"))
    )
}
