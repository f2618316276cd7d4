//! `shmoo report`, and the end of `run` and `sweep`: record, archive, check, compare, report.

use super::Session;
use super::arguments::{JudgingArgs, ReportArgs, ReportFormat};
use super::collect::workspace;
use super::exit::Exit;
use super::progress::packing;
use crate::plan::Plan;
use crate::report::{
    Drawing, MarkdownOptions, Report, TerminalOptions, annotations, count, csv, drawings, html, json, junit, markdown,
    terminal, thousands,
};
use crate::steps::finding::{AnyRecord, AnyRun, find_any_record};
use crate::steps::recording::{self, Models, RecordedRun};
use crate::steps::reporting::{judge, judge_record};
use crate::steps::run_folder::RunFolder;
use crate::steps::running::Ran;
use crate::steps::site::{self, SiteRequest};
use crate::steps::{StepError, Workspace, archiving};
use crate::value::{BaselineRule, show_bytes};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::mem::ManuallyDrop;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;

/// Bytes that a job summary may have.
const MARKDOWN_BUDGET: usize = 1 << 20;

pub(super) fn report(session: &Session, arguments: &ReportArgs) -> Result<Exit, Exit> {
    let ReportArgs { run, format, out, plots, site, pages, judging, places } = arguments;
    let JudgingArgs { base, strict } = judging;
    let fail = |error: StepError| session.printer.step(&error);
    let workspace = workspace(session, places)?;
    if let Some(folder) = site {
        let request = SiteRequest { folder, pages: *pages, base, strict: *strict, current: &session.current };
        return write_site(session, &workspace, &request);
    }
    let report = match find_any_record(&workspace, run).map_err(fail)? {
        AnyRecord::Run(run) => {
            let AnyRun { plan, recorded, folder } = *run;
            if folder.is_none() {
                let run = &recorded.record.run.id;
                session.printer.note(&format!("run {run} is not on this machine: its logs are left out"));
            }
            judge(&workspace, folder.as_ref(), &plan, recorded, Some(base), *strict, &session.current)
        }
        AnyRecord::Alone { record, suite } => {
            let run = &record.run.id;
            session.printer.note(&format!(
                "only the history knows run {run}: logs, plots and costs are left out, and goldens are those of the \
                 suite file as it is now"
            ));
            judge_record(&workspace, &suite, *record, base, *strict, &session.current)
        }
    };
    let report = report.map_err(fail)?;
    if out.is_some() {
        tell_step(session, &report)?;
    }
    if let Some(folder) = plots {
        let count = write_plots(&report, folder).map_err(|error| {
            session.printer.error(&format!("cannot write plots into `{}`: {error}", folder.display()), None);
            Exit::Service
        })?;
        session.printer.note(&format!("{count} plots are in `{}`", folder.display()));
    }
    let format = format.unwrap_or_else(|| out.as_deref().map_or(ReportFormat::Terminal, format_of));
    match out {
        None => write_report(session, &report, format)?,
        Some(path) => {
            let written = File::create(path).and_then(|file| {
                let mut file = BufWriter::new(file);
                render(session, &report, format, &mut file)?;
                file.flush()
            });
            written.map_err(|error| {
                session.printer.error(&format!("cannot write `{}`: {error}", path.display()), None);
                Exit::Service
            })?;
            session.printer.note(&format!("the report is in `{}`", path.display()));
        }
    }
    Ok(exit_of(&report))
}

/// Returns the format that the ending of a file stands for.
fn format_of(path: &Path) -> ReportFormat {
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    match ending.as_deref().and_then(OsStr::to_str) {
        Some("html" | "htm") => ReportFormat::Html,
        Some("md") => ReportFormat::Markdown,
        Some("json") => ReportFormat::Json,
        Some("csv") => ReportFormat::Csv,
        Some("xml") => ReportFormat::Junit,
        _ => ReportFormat::Terminal,
    }
}

/// Writes the history as a site of static pages.
fn write_site(session: &Session, workspace: &Workspace, request: &SiteRequest<'_>) -> Result<Exit, Exit> {
    let printer = &session.printer;
    let written = site::write(workspace, request).map_err(|error| printer.step(&error))?;
    for runs in written.without_comparison.values() {
        let Some((run, why)) = runs.first() else { continue };
        let more = match runs.len() {
            1 => String::new(),
            2 => ", and on that of another run of the suite".to_owned(),
            several => format!(", and on those of {} more runs of the suite", thousands(several as u64 - 1)),
        };
        printer.warning(&format!("no comparison on the page of {run}{more}: {why}"));
    }
    for (suite, why) in &written.without_trends {
        printer.warning(&format!("no trends on the page of suite `{suite}`: {why}"));
    }
    if written.from_history > 0 {
        let (runs, know) = match written.from_history {
            1 => ("1 page is of a run".to_owned(), "it has"),
            several => (format!("{} are of runs", count(several as u64, "page")), "they have"),
        };
        printer.note(&format!("{runs} that only the history knows: {know} no logs, plots and costs"));
    }
    printer.note(&format!(
        "the site has {} and {} in `{}`",
        count(written.suites as u64, "suite"),
        count(written.pages as u64, "page"),
        request.folder.display()
    ));
    Ok(Exit::Ok)
}

/// Writes every drawing of a report as a file, and returns how many there are.
fn write_plots(report: &Report, folder: &Path) -> io::Result<usize> {
    fs::create_dir_all(folder)?;
    let mut count = 0;
    drawings(report, &mut |Drawing { name, svg }| {
        count += 1;
        fs::write(folder.join(name), svg)
    })?;
    Ok(count)
}

/// What follows a run besides its record and report.
pub(super) struct Extras {
    /// What to compare with; none: nothing, empty: as the project says.
    pub(super) compare: Option<Vec<BaselineRule>>,
    pub(super) strict: bool,
    pub(super) archive: bool,
    pub(super) models: Models,
}

/// Records, archives, checks and compares a run that was carried out, writes its page and prints its report.
pub(super) fn finish(
    session: &Session,
    workspace: &Workspace,
    ran: Ran,
    extras: Extras,
    format: ReportFormat,
) -> Result<Exit, Exit> {
    let Ran { folder, plan, stopped, left, resumed: _, elsewhere } = ran;
    let fail = |error: StepError| session.printer.step(&error);
    let made = recording::make_with_page(workspace, &folder, &plan, extras.models).map_err(fail)?;
    let mut notes = Vec::new();
    if let Some(reason) = &stopped {
        notes.push(format!("stopped early ({reason}): {} left; `--continue` goes on", tasks_are(left)));
    } else if elsewhere > 0 {
        let want = if elsewhere == 1 { "wants" } else { "want" };
        let tasks = count(elsewhere as u64, "task");
        notes.push(format!("{tasks} {want} a machine with another label: give it with `--runner LABEL`"));
    }
    let mut add = |report: &mut Report| report.warnings.append(&mut notes);
    finish_record(session, workspace, &folder, &plan, made, extras, &mut add, format)
}

/// Archives, stores, checks and compares a run of which the record was made, writes its page and prints its report.
/// `add` adds to the report what only the caller knows.
#[expect(clippy::too_many_arguments, reason = "the end of a flow takes what all of it made")]
pub(super) fn finish_record(
    session: &Session,
    workspace: &Workspace,
    folder: &RunFolder,
    plan: &Plan,
    (mut recorded, page): (RecordedRun, PathBuf),
    extras: Extras,
    add: &mut dyn FnMut(&mut Report),
    format: ReportFormat,
) -> Result<Exit, Exit> {
    let printer = &session.printer;
    let fail = |error: StepError| printer.step(&error);
    if extras.archive {
        let archived =
            archiving::archive(workspace, folder, plan, &mut recorded.record, &packing(printer)).map_err(fail)?;
        for left_out in &archived.left_out {
            printer.warning(&format!("not in the archive: `{}`, {}", left_out.path.display(), left_out.reason));
        }
        printer.note(&format!(
            "archive {} ({} of {} in {} files)",
            archived.key,
            show_bytes(archived.packed.bytes),
            show_bytes(archived.packed.input_bytes),
            archived.packed.files
        ));
    }
    let run = recorded.record.run.id.clone();
    let stored = if extras.archive {
        recording::store_on_the_way(workspace, &recorded.record)
    } else {
        recording::keep_and_store(workspace, folder, &recorded.record)
    };
    let closing = match stored {
        Ok(closing) => Some(closing),
        // What was measured is in the folder of the run: its report is still worth having.
        Err(StepError::History(error)) if error.is_away() => {
            fail(StepError::History(error));
            None
        }
        Err(error) => return Err(fail(error)),
    };
    let away = closing.is_none();
    let compare = extras.compare.as_deref().filter(|_| !away);
    let mut report =
        judge(workspace, Some(folder), plan, recorded, compare, extras.strict, &session.current).map_err(fail)?;
    if away {
        report.warnings.push(format!(
            "the history could not be reached, so that this run is not in it and is compared with none: \
             `shmoo record {run}`, then `shmoo report {run}`"
        ));
        report.exit_codes.retain(|&code| code != Exit::Ok.code());
        report.exit_codes.insert(0, Exit::Service.code());
    }
    add(&mut report);
    // The process ends with it: to give millions of texts back one by one takes longer than to write them.
    let report = ManuallyDrop::new(report);
    let (written, printed) = thread::scope(|scope| {
        let written = scope.spawn(|| write_page(&report, &page));
        let printed = write_report(session, &report, format);
        (written.join().unwrap_or_else(|panic| resume_unwind(panic)), printed)
    });
    written.map_err(|error| {
        printer.error(&format!("cannot write `{}`: {error}", page.display()), None);
        Exit::Service
    })?;
    printed?;
    Ok(exit_of(&report))
}

fn write_page(report: &Report, page: &Path) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(page)?);
    html(report, &mut file)?;
    file.flush()
}

pub(super) fn exit_of(report: &Report) -> Exit {
    report.exit_codes.first().map_or(Exit::Ok, |&code| Exit::from_code(code))
}

/// Gives the report to the step of a job, if this is one: job summary, annotations, outputs.
fn tell_step(session: &Session, report: &Report) -> Result<(), Exit> {
    session.step.as_ref().map_or(Ok(()), |step| step.report(session, report))
}

/// Writes a report to standard output.
fn write_report(session: &Session, report: &Report, format: ReportFormat) -> Result<(), Exit> {
    tell_step(session, report)?;
    session.printer.data(|out| render(session, report, format, out))
}

fn render(session: &Session, report: &Report, format: ReportFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        ReportFormat::Terminal => {
            let options = TerminalOptions { color: session.printer.color(), width: session.printer.width() };
            terminal(report, options, out)
        }
        ReportFormat::Markdown => markdown(report, MarkdownOptions { budget: MARKDOWN_BUDGET }, out),
        ReportFormat::Json => json(report, out),
        ReportFormat::Csv => csv(report, out),
        ReportFormat::Junit => junit(report, out),
        ReportFormat::Html => html(report, out),
        ReportFormat::Annotations => annotations(report, out),
    }
}

fn tasks_are(number: usize) -> String {
    format!("{} {}", count(number as u64, "task"), if number == 1 { "is" } else { "are" })
}
