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
use crate::steps::estimating::{Estimated, architectures, estimate_file};
use crate::steps::evaluating::{Evaluated, Evaluation, OpType, evaluate};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write;

pub(super) fn estimate(session: &Session, arguments: &EstimateArgs) -> Result<Exit, Exit> {
    let printer = &session.printer;
    let fail = |error: StepError| printer.step(&error);
    if arguments.format == TextFormat::Json && arguments.out.is_none() {
        printer.error("the JSON needs --out: without it, the rows are on standard output", None);
        return Err(Exit::Usage);
    }
    let devices = architectures(arguments.params.as_deref()).map_err(fail)?;
    let copies = devices
        .iter()
        .flat_map(|device| device.versions.iter().flat_map(|params| params.same()).map(|same| (&device.name, same)))
        .map(|(device, same)| {
            format!("{device}: `{}` and `{}` have the same parameters: is one a copy?", same.one, same.other)
        });
    let warnings: BTreeSet<String> = copies.chain(devices.iter().flat_map(other_forms)).collect();
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
            let rows = estimate_file(&estimator, file, formula, arguments.intervals, out)?;
            Ok(Evaluated { rows, comparison: None, out_of_bounds: Vec::new() })
        }
    };
    let evaluated = match &arguments.out {
        Some(path) => {
            let failed = |source| StepError::Disk { what: "write", path: path.clone(), source };
            durable::save(path, failed, work).map_err(fail)?
        }
        None => {
            let mut result = None;
            printer.data(|out| {
                result = Some(work(out));
                Ok(())
            })?;
            result.expect("the rows were written").map_err(fail)?
        }
    };
    say(session, arguments, &evaluated, &warnings)?;
    let guarded = evaluated.rows.is_guarded();
    let met = evaluated.out_of_bounds.is_empty() && (guarded || !arguments.strict);
    Ok(match (evaluated.rows.refused_rows, met) {
        (0, true) => Exit::Ok,
        (0, false) => Exit::Missed,
        (_, _) => Exit::Usage,
    })
}

fn evaluation(arguments: &EstimateArgs, formula: Formula) -> Evaluation {
    Evaluation {
        op_type: match arguments.op_type {
            OpTypeChoice::Unary => OpType::Unary,
            OpTypeChoice::Binary => OpType::Binary,
            OpTypeChoice::Matmul => OpType::Matmul,
        },
        op_name: arguments.op_name.clone(),
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
    let Evaluated { rows, comparison, out_of_bounds } = evaluated;
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
    say_refused(session, arguments, refused);
    if *refused_rows > 0 {
        printer.error(&format!("{refused_rows} of {} have no estimate", count(*all, "row")), None);
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

/// Says why rows have no estimate, each reason once.
fn say_refused(session: &Session, arguments: &EstimateArgs, refused: &[(u64, String)]) {
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
