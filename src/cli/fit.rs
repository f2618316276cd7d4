//! `shmoo fit`.

use super::Session;
use super::exit::Exit;
use super::fit_arguments::{FitArgs, FitFormat, IntervalChoice, WeightingChoice};
use super::fit_json::write_json;
use super::table::{row, table};
use crate::fit::{Coefficient, FindingKind, FittedModel, Gate, IntervalMethod, Options, Quality, Search};
use crate::report::{
    FitReport, FitTable, count, drift_sentence, empty_group_sentences, empty_set_sentence, fit_drawings, fit_html,
    fit_markdown, form_text, nothing_found, search_sentences, short,
};
use crate::steps::fitting::{FitRequest, FittedFile, fit_files, table_name};
use crate::steps::fitting_files::{Written, promote, write_out};
use crate::suite::Weighting;
use crate::value::show_number;
use std::fs;
use std::io;
use std::path::Path;

pub(super) fn fit(session: &Session, arguments: &FitArgs) -> Result<Exit, Exit> {
    let printer = &session.printer;
    if let Some(suite) = &arguments.suite {
        return super::fit_suite::fit_suite(session, arguments, suite);
    }
    let request = request(arguments);
    let fitted = fit_files(&request).map_err(|error| printer.step(&error))?;
    print(session, arguments, &fitted)?;
    let strict = arguments.strict && !fitted.iter().all(is_clean);
    if strict {
        printer.error(
            "rows were left out, are equal or mixed, a set has none, or earlier parameters are far from the data or missing",
            Some("see above; without --strict this is no error"),
        );
        return Ok(Exit::Missed);
    }
    if let Some(path) = &arguments.out {
        let warnings = write_out(path, &request, &fitted).map_err(|error| printer.step(&error))?;
        warnings.iter().for_each(|warning| printer.warning(warning));
    }
    if let Some(folder) = &arguments.promote {
        let written = promote(folder, &request, &fitted).map_err(|error| printer.step(&error))?;
        tell_written(session, &written);
    }
    // The process ends here: thousands of models need not be taken apart before. What standard input held is removed.
    fitted.into_iter().for_each(|file| std::mem::forget(file.fit.models));
    Ok(Exit::Ok)
}

/// Says which version was written, and what estimates will not make of it.
pub(super) fn tell_written(session: &Session, written: &Written) {
    session.printer.note(&format!("wrote `{}`", session.shown_path(&written.path).display()));
    written.warnings.iter().for_each(|warning| session.printer.warning(warning));
}

/// Prints what tables came to, and draws it if that is asked for.
pub(super) fn print(session: &Session, arguments: &FitArgs, fitted: &[FittedFile]) -> Result<(), Exit> {
    let printer = &session.printer;
    match arguments.format {
        FitFormat::Json => {
            let threads = threads(arguments);
            printer.data(|out| write_json(fitted, threads, &|path| session.shown_path(path), out))?;
        }
        FitFormat::Text => {
            let against = arguments.against.as_deref().map(|path| session.shown_path(path).display().to_string());
            let text: String = fitted.iter().map(|file| text(file, session, against.as_deref())).collect();
            printer.data(|out| out.write_all(text.as_bytes()))?;
        }
        FitFormat::Html => with_report(session, arguments, fitted, |report| printer.data(|out| fit_html(report, out)))?,
        FitFormat::Markdown => {
            with_report(session, arguments, fitted, |report| printer.data(|out| fit_markdown(report, out)))?
        }
    }
    if let Some(folder) = &arguments.plots {
        draw(session, arguments, fitted, folder)?;
    }
    Ok(())
}

/// Calls `write` with what was fitted, as pages show it.
fn with_report<T>(
    session: &Session,
    arguments: &FitArgs,
    fitted: &[FittedFile],
    write: impl FnOnce(&FitReport<'_>) -> T,
) -> T {
    let tables: Vec<FitTable<'_>> = fitted
        .iter()
        .map(|file| FitTable {
            file: table_name(&session.shown_path(&file.path)),
            fit: &file.fit,
            names: &file.names,
            drifts: &file.drifts,
            searches: &file.searches,
        })
        .collect();
    let against = arguments.against.as_deref().map(|path| session.shown_path(path).display().to_string());
    write(&FitReport { shmoo: env!("CARGO_PKG_VERSION"), against: against.as_deref(), tables: &tables })
}

/// Writes the drawings into a folder.
fn draw(session: &Session, arguments: &FitArgs, fitted: &[FittedFile], folder: &Path) -> Result<(), Exit> {
    let written = with_report(session, arguments, fitted, |report| {
        fs::create_dir_all(folder)?;
        let mut count = 0u64;
        fit_drawings(report, &mut |drawing| {
            count += 1;
            fs::write(folder.join(&drawing.name), &drawing.svg)
        })?;
        Ok::<u64, io::Error>(count)
    });
    let shown = session.shown_path(folder);
    let number = written.map_err(|error| {
        session.printer.error(&format!("cannot write plots into `{}`: {error}", shown.display()), None);
        Exit::Service
    })?;
    session.printer.note(&format!("{} in `{}`", count(number, "drawing"), shown.display()));
    Ok(())
}

/// Returns how many threads work.
fn threads(arguments: &FitArgs) -> usize {
    let processors = || std::thread::available_parallelism().map_or(1, usize::from);
    arguments.threads.map_or_else(processors, |threads| threads as usize)
}

/// Returns what is asked for.
pub(super) fn request(arguments: &FitArgs) -> FitRequest {
    let FitArgs { model, files, op, set, filters, by, weighting, robust, .. } = arguments;
    let FitArgs { drop_duplicates, intervals, resamples, format, plots, against, .. } = arguments;
    FitRequest {
        // Without a suite there is a model.
        model: model.clone().unwrap_or_default(),
        files: files.clone(),
        op: op.clone(),
        set: set.clone(),
        filters: filters.clone(),
        by: by.clone(),
        weighting: weighting.map(|choice| match choice {
            WeightingChoice::Absolute => Weighting::Absolute,
            WeightingChoice::Relative => Weighting::Relative,
        }),
        robust: *robust,
        search: arguments.search,
        against: against.clone(),
        options: Options {
            threads: threads(arguments),
            intervals: intervals.map(|choice| match choice {
                IntervalChoice::Bootstrap => IntervalMethod::Bootstrap,
                IntervalChoice::Sandwich => IntervalMethod::Sandwich,
                IntervalChoice::None => IntervalMethod::None,
            }),
            resamples: *resamples,
            drop_duplicates: *drop_duplicates,
            keep_drawn: *format == FitFormat::Html || plots.is_some() || against.is_some(),
            ..Options::default()
        },
    }
}

fn is_clean(file: &FittedFile) -> bool {
    let strict = [FindingKind::MixedRows, FindingKind::StaleParameters, FindingKind::NoEarlierParameters];
    let found = |model: &FittedModel| {
        model.coefficients.is_none() || model.findings.iter().any(|finding| strict.contains(&finding.kind))
    };
    file.fit.gate.is_clean() && !file.fit.models.iter().any(found)
}

/// Returns what was found for the group of a model.
pub(super) fn search_of<'f>(file: &'f FittedFile, model: &FittedModel) -> Option<&'f Search> {
    file.searches.iter().find(|search| search.by == model.by && search.set == model.set)
}

/// Returns what a person reads of a table.
fn text(file: &FittedFile, session: &Session, against: Option<&str>) -> String {
    let mut text = format!("{}: {}\n", table_name(&session.shown_path(&file.path)), gate_line(&file.fit.gate));
    for excluded in &file.fit.gate.excluded {
        let example = excluded.example.as_ref().map(|text| format!(" (`{}`)", short(text, 40))).unwrap_or_default();
        let lines = lines(&excluded.lines, excluded.rows);
        text.push_str(&format!("  left out: {}: {}{example}, {lines}\n", count(excluded.rows, "row"), excluded.reason));
    }
    if let Some(duplicates) = file.fit.gate.duplicates.as_ref().filter(|found| found.rows > 0) {
        let what = if duplicates.excluded { "left out" } else { "kept" };
        let lines = lines(&duplicates.lines, duplicates.rows);
        text.push_str(&format!("  {what}: {} equal to an earlier one, {lines}\n", count(duplicates.rows, "row")));
    }
    if file.fit.gate.duplicates.is_none() {
        text.push_str("  equal rows were not looked for among so many; `--drop-duplicates` leaves them out\n");
    }
    for set in &file.fit.gate.empty_sets {
        text.push_str(&format!("  ! {}\n", empty_set_sentence(set)));
    }
    for sentence in empty_group_sentences(&file.fit.gate) {
        text.push_str(&format!("  ! {sentence}\n"));
    }
    for ((model, (op, set)), drift) in file.fit.models.iter().zip(&file.names).zip(&file.drifts) {
        text.push_str(&model_text(model, op, set));
        if let Some(against) = against {
            text.extend(drift.iter().map(|drift| format!("  {}\n", drift_sentence(drift, against))));
        }
        if let Some(search) = search_of(file, model) {
            text.push_str(&search_text(search, model));
        }
    }
    text
}

fn gate_line(gate: &Gate) -> String {
    let filtered = if gate.filtered > 0 { format!(", {} by `where`", gate.filtered) } else { String::new() };
    match gate.excluded_rows() {
        0 => format!("{} of {}{filtered}", gate.used, count(gate.rows, "row")),
        left_out => format!("{} of {}, {left_out} left out{filtered}", gate.used, count(gate.rows, "row")),
    }
}

fn lines(lines: &[u64], rows: u64) -> String {
    let shown: Vec<String> = lines.iter().map(u64::to_string).collect();
    let more = if rows > lines.len() as u64 { ", ..." } else { "" };
    let noun = if rows == 1 { "line" } else { "lines" };
    format!("{noun} {}{more}", shown.join(", "))
}

fn model_text(model: &FittedModel, op: &str, set: &str) -> String {
    let by = model.by.iter().filter(|value| *value != op).map(|value| format!(" {}", short(value, 40)));
    let mut text = format!("{} {set}{}: {}\n", short(op, 60), by.collect::<String>(), count(model.rows, "row"));
    if let Some(coefficients) = &model.coefficients {
        let mut rows = match model.method {
            IntervalMethod::None => vec![row(["parameter", "value"])],
            IntervalMethod::Bootstrap | IntervalMethod::Sandwich => {
                vec![row(["parameter", "value", "95 % from", "to"])]
            }
        };
        for Coefficient { name, value, interval, .. } in coefficients {
            let mut cells = vec![name.clone(), digits(*value)];
            match (interval, model.method) {
                (Some((low, high)), _) => cells.extend([digits(*low), digits(*high)]),
                (None, IntervalMethod::None) => {}
                (None, IntervalMethod::Bootstrap | IntervalMethod::Sandwich) => {
                    cells.extend(["-".to_owned(), "-".to_owned()])
                }
            }
            rows.push(cells);
        }
        text.push_str(&table(rows, if model.method == IntervalMethod::None { &[1] } else { &[1, 2, 3] }));
        text.push_str(&quality_line(&model.quality));
    }
    match model.outlier_rows {
        Some(0) => {}
        _ if model.outliers.is_empty() => {}
        far => {
            let lines: Vec<u64> = model.outliers.iter().map(|outlier| outlier.line).collect();
            let many = far.map_or_else(|| "farthest off".to_owned(), |far| format!("{} far off", count(far, "row")));
            text.push_str(&format!("  {many}: {}\n", self::lines(&lines, far.unwrap_or(0))));
        }
    }
    for finding in &model.findings {
        text.push_str(&format!("  ! {}\n", finding.message));
    }
    text
}

/// Returns the forms that were found, beside the error of the declared one.
fn search_text(search: &Search, model: &FittedModel) -> String {
    let declared =
        model.quality.left_out_error.map_or_else(|| "-".to_owned(), |share| format!("{:.2} %", share * 100.0));
    if search.forms.is_empty() {
        return format!("  {}\n", nothing_found(search));
    }
    let terms = count(search.candidates as u64, "term");
    let mut text = format!("  forms out of {terms}, by the error of rows left out ({declared} as declared):\n");
    for form in &search.forms {
        text.push_str(&format!("    {:.2} %  {}\n", form.standing.error * 100.0, form_text(form)));
    }
    for sentence in search_sentences(search, &model.quality) {
        text.push_str(&format!("  {sentence}\n"));
    }
    text
}

fn quality_line(quality: &Quality) -> String {
    let percent = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), |share| format!("{:.2} %", share * 100.0));
    format!(
        "  R² {}, error {} in the mean, {} for rows left out, {} at p95, {} at most\n",
        quality.r2.map_or_else(|| "-".to_owned(), |r2| format!("{r2:.5}")),
        percent(quality.mean_error),
        percent(quality.left_out_error),
        percent(quality.p95_error),
        percent(quality.max_error)
    )
}

/// Shows a number with six digits.
fn digits(value: f64) -> String {
    show_number(format!("{value:.5e}").parse().unwrap_or(value))
}
