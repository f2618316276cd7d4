//! One `Report`, many renderers: terminal, markdown, HTML, CSV, JSON, JUnit, annotations, SVG.
//!
//! Renderers are sinks: they write to `&mut dyn Write` and know nothing of where it goes. Text that
//! came out of a run is made harmless (`inert`) and escaped by each renderer for its own format. What
//! a renderer has no room for is counted and said.

mod annotations;
mod behind;
mod bucket;
mod by_metric;
mod command;
mod costs;
mod csv;
mod diff;
mod doubts;
mod failed;
mod figure;
mod fit;
mod headline;
mod html;
mod inert;
mod join;
mod json;
mod junit;
mod machines;
mod markdown;
mod model;
mod models;
mod models_drawn;
mod others;
mod plot;
mod reds;
mod selection;
mod site;
mod sparkline;
mod svg;
mod terminal;
mod totals;

pub use annotations::{Mark, MarkLevel, annotations, marks, write_marks};
pub use bucket::bucket;
pub use command::{quote, repro_command, run_command};
pub use csv::csv;
pub use diff::plot_diff;
pub use failed::{Failed, ToldError, failed_marks, failed_summary};
pub use fit::{FitReport, FitTable, fit_drawings, fit_html, fit_markdown};
pub use headline::{Headline, Tone, headline};
pub use html::html;
pub use json::{JSON_VERSION, json};
pub use junit::junit;
pub use machines::{Machines, PartState, UnfinishedPart};
pub use markdown::{
    Carrier, CommentKey, CommentOptions, MarkdownOptions, Marker, NoRun, RedSince, WebAddress, comment,
    comment_on_several, issue, issue_title, markdown, no_run_issue, no_run_title, nothing_to_track,
};
pub use model::{
    Bucket, DiffCell, DriftForm, FitSample, FitSampleRow, GridAxis, GridCell, LogExcerpt, ModelChange, ModelDrift,
    Report, ReportedCosts, ReportedModel, ShmooDiff, ShmooGrid, Totals,
};
pub use plot::{PlotOptions, plot};
pub use site::{Site, SitePage, SiteRun, SiteSuite, run_page_path, site_pages};
pub use svg::{Drawing, drawings, svg};
pub use terminal::{TerminalOptions, terminal};
pub use totals::totals;

// How numbers, names and texts of tools are shown, for the other commands that print tables.
pub(crate) use figure::{amount, count, percent, thousands, took};
pub(crate) use fit::{
    drift_sentence, empty_group_sentences, empty_set_sentence, form_text, nothing_found, search_sentences,
};
pub(crate) use headline::{change_sign, golden_word, sign};
pub(crate) use inert::short;
pub(crate) use models::model_drift_lines;
pub(crate) use reds::{more_reds, red_lines};
pub(crate) use selection::{
    both, change_by, commit_name, counts_of, golden_sides, goldens_met, no_golden_file, notable, note_line, sides,
};

/// The reports that unit tests and the browser test render.
#[cfg(test)]
#[allow(dead_code, reason = "each test binary uses its own part")]
mod sample {
    use crate as shmoo;
    include!("../../tests/integration/sample_report.rs");
}
