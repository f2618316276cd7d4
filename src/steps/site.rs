//! The step `site`: the history -> a folder of static pages.

use super::finding::{AnyRecord, AnyRun, find_any_record, nothing_recorded};
use super::recording::RecordedRun;
use super::reporting::{Findings, judge, judge_record, make};
use super::{StepError, Workspace};
use crate::outside::durable;
use crate::outside::history::{History, RunFilter};
use crate::record::RunSummary;
use crate::report::{Report, Site, SiteRun, SiteSuite, html, run_page_path, site_pages};
use crate::value::{BaselineRule, RunId, SuiteName};
use std::collections::BTreeMap;
use std::path::Path;

/// What to write where.
pub struct SiteRequest<'a> {
    /// The folder; what is there is replaced file by file, and nothing is deleted.
    pub folder: &'a Path,
    /// How many of the newest runs of each suite get a page.
    pub pages: usize,
    /// What to compare each with; empty for what the project says.
    pub base: &'a [BaselineRule],
    /// Whether uncertain changes count as regressions.
    pub strict: bool,
    /// The folder of the user.
    pub current: &'a Path,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WrittenSite {
    /// Suites.
    pub suites: usize,
    /// Pages, those of the runs among them.
    pub pages: usize,
    /// Pages of runs that only the history knows: without logs, plots and costs.
    pub from_history: usize,
    /// Runs that could not be judged again, whose page shows the record alone, and why; by suite, newest first.
    pub without_comparison: BTreeMap<SuiteName, Vec<(RunId, String)>>,
    /// Suites whose page shows no trends, and why.
    pub without_trends: Vec<(SuiteName, String)>,
}

/// Writes the pages of the runs, and then those around them.
pub fn write(workspace: &Workspace, request: &SiteRequest<'_>) -> Result<WrittenSite, StepError> {
    let Some(history) = workspace.existing_history()? else { return Err(nothing_recorded(None)) };
    let mut suites: BTreeMap<SuiteName, Vec<RunSummary>> = BTreeMap::new();
    for run in history.runs(&RunFilter::default()).map_err(StepError::History)? {
        suites.entry(run.suite.clone()).or_default().push(run);
    }
    let mut written = WrittenSite::default();
    let mut site = Site { suites: Vec::new(), shmoo: env!("CARGO_PKG_VERSION").to_owned() };
    for (name, runs) in suites {
        let suite = write_runs(workspace, &*history, request, name, runs, &mut written)?;
        site.suites.push(suite);
    }
    written.suites = site.suites.len();
    // Last, so that no link leads nowhere.
    for page in site_pages(&site) {
        write_file(&request.folder.join(&page.path), &page.html)?;
        written.pages += 1;
    }
    // GitHub Pages would look for a site generator's files.
    write_file(&request.folder.join(".nojekyll"), b"")?;
    Ok(written)
}

fn write_runs(
    workspace: &Workspace,
    history: &dyn History,
    request: &SiteRequest<'_>,
    name: SuiteName,
    runs: Vec<RunSummary>,
    written: &mut WrittenSite,
) -> Result<SiteSuite, StepError> {
    let mut suite = SiteSuite { name, runs: Vec::new(), comparison: None };
    // The newest run of the whole suite has the longest trends, whether it gets a page or not.
    let longest = runs.iter().position(|run| run.complete && run.part().is_none());
    let longest = longest.or_else(|| runs.iter().position(|run| run.complete && run.filter.is_empty()));
    let mut no_trends = Some("no run of the whole suite is complete".to_owned());
    for (place, summary) in runs.into_iter().enumerate() {
        let path = request.folder.join(run_page_path(&summary));
        let (has_page, has_trends) = (place < request.pages, longest == Some(place));
        if has_page || has_trends {
            let judged = judge_run(workspace, request, &summary);
            if has_trends {
                no_trends = match &judged {
                    Ok(judged) => {
                        suite.comparison = judged.report.comparison.clone();
                        None
                    }
                    Err(why) => Some(format!("{}: {why}", summary.id)),
                };
            }
            if has_page && let Some(report) = page_of(workspace, history, request, &summary, judged, written)? {
                let mut page = Vec::new();
                html(&report, &mut page).map_err(StepError::disk("write", &path))?;
                write_file(&path, &page)?;
                written.pages += 1;
            }
        }
        let has_page = path.is_file();
        suite.runs.push(SiteRun { summary, has_page });
    }
    written.without_trends.extend(no_trends.map(|why| (suite.name.clone(), why)));
    Ok(suite)
}

/// A run that was judged again.
struct Judged {
    report: Report,
    /// Whether only the history knows it.
    from_history: bool,
}

/// Judges a run again, as far as its folder, its archive or its record goes, and says why that cannot be.
fn judge_run(workspace: &Workspace, request: &SiteRequest<'_>, summary: &RunSummary) -> Result<Judged, String> {
    let SiteRequest { base, strict, current, .. } = *request;
    let judged = find_any_record(workspace, summary.id.as_str()).and_then(|found| match found {
        AnyRecord::Run(run) => {
            let AnyRun { plan, recorded, folder } = *run;
            let report = judge(workspace, folder.as_ref(), &plan, recorded, Some(base), strict, current)?;
            Ok(Judged { report, from_history: false })
        }
        AnyRecord::Alone { record, suite } => {
            let report = judge_record(workspace, &suite, *record, base, strict, current)?;
            Ok(Judged { report, from_history: true })
        }
    });
    judged.map_err(|error| super::inspecting::chain(&error))
}

/// Returns the report for the page of a run: of its record alone if it could not be judged again, none if the
/// history has no record of it any more.
fn page_of(
    workspace: &Workspace,
    history: &dyn History,
    request: &SiteRequest<'_>,
    summary: &RunSummary,
    judged: Result<Judged, String>,
    written: &mut WrittenSite,
) -> Result<Option<Report>, StepError> {
    let why = match judged {
        Ok(Judged { report, from_history }) => {
            written.from_history += usize::from(from_history);
            return Ok(Some(report));
        }
        Err(why) => why,
    };
    let Some(record) = history.load(&summary.id).map_err(StepError::History)? else { return Ok(None) };
    // What confirms a comparison is compared with nothing.
    if !summary.is_confirmation() {
        written.without_comparison.entry(summary.suite.clone()).or_default().push((summary.id.clone(), why));
    }
    let recorded = RecordedRun { record, known: Vec::new(), unkept: false };
    Ok(Some(make(workspace, None, None, recorded, Findings::default(), request.current)))
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), StepError> {
    let folder = path.parent().unwrap_or(path);
    durable::create_folder(folder)
        .and_then(|()| durable::write_file(path, bytes))
        .map_err(StepError::disk("write", path))
}
