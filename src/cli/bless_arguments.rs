//! The arguments of `shmoo bless`.

use super::arguments::TextFormat;
use super::machine_arguments::PlacesArgs;
use super::numbers::whole;
use clap::{ArgGroup, Args};

/// What is for a bless that writes, or shows what it would write. clap waives what an argument requires if that
/// conflicts with another, so that what requires `--propose` conflicts with these as well.
const WRITING: [&str; 6] = ["all", "prune_orphans", "reason", "accept_regression", "dirty_ok", "dry_run"];

#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("values").multiple(true).args(["cases", "metrics", "all"]),
    group = ArgGroup::new("selection").required(true).multiple(true).args(["cases", "metrics", "all", "prune_orphans", "propose"]),
    after_help = "The values of the run go into the golden table of its suite, and where they come from into its twin,
`TABLE.provenance.jsonl`. Rows that are not selected keep their bytes. All that is selected is written, or
nothing: refused are values of tasks that did not pass, of a work tree with changes and of forks, and values
worse than the golden by the metric's `better`. Nothing is written where the variable `CI` is set.

`--propose` takes the values from the history instead: complete runs of the suite on the kind of machine of
RUN, with its profile, of clean work trees. It prints a diff of rows that are missing, that runs miss, or that the last runs are
better than beyond noise, and how many runs miss them before and after; it writes nothing.

Examples:
  shmoo bless --metric run_simulations.freq --reason 'wider transistor' --dry-run
  shmoo bless 3f9a --case 'inv5_*' --metric freq --reason 'wider transistor'
  shmoo bless --case inv5_v1.8_t27 --reason 'slower, and half the power' --accept-regression '#112'
  shmoo bless --prune-orphans --reason 'the corner ff is gone'
  shmoo bless --propose --metric freq --runs 50

Exit codes: 2 if anything is refused, 3 if nothing changes, else 0."
)]
pub(super) struct BlessArgs {
    /// The run: its name, a unique part of it, or `last`
    #[arg(default_value = "last")]
    pub(super) run: String,
    /// Bless points whose names, as in the table, match a glob; may be repeated
    #[arg(long = "case", value_name = "GLOB")]
    pub(super) cases: Vec<String>,
    /// Bless this metric, STAGE.METRIC or a short name that is unique; may be repeated
    #[arg(long = "metric", value_name = "METRIC")]
    pub(super) metrics: Vec<String>,
    /// Bless all metrics that have a better side or a golden, at all points
    #[arg(long, conflicts_with_all = ["cases", "metrics"])]
    pub(super) all: bool,
    /// Remove rows without a planned task
    #[arg(long)]
    pub(super) prune_orphans: bool,
    /// Say why, for whoever reads the table later
    #[arg(long, value_name = "TEXT", required_unless_present_any = ["dry_run", "propose"], value_parser = said)]
    pub(super) reason: Option<String>,
    /// Take values that are worse, too: here it was decided
    #[arg(long, value_name = "LINK", value_parser = said, requires = "values")]
    pub(super) accept_regression: Option<String>,
    /// Take values of a work tree with changes, too
    #[arg(long)]
    pub(super) dirty_ok: bool,
    /// Propose values out of the history, as a diff, and write nothing
    #[arg(long, conflicts_with_all = WRITING)]
    pub(super) propose: bool,
    /// Propose out of so many runs, the newest
    #[arg(long, value_name = "N", requires = "propose", conflicts_with_all = WRITING, default_value_t = 20, value_parser = whole::<u32>(1..))]
    pub(super) runs: u32,
    /// Follow an improvement after so many runs in a row
    #[arg(long, value_name = "N", requires = "propose", conflicts_with_all = WRITING, default_value_t = 3, value_parser = whole::<u32>(2..))]
    pub(super) ratchet: u32,
    #[command(flatten)]
    pub(super) places: PlacesArgs,
    /// Write nothing, and print the change as a diff
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Print JSON
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(super) format: TextFormat,
}

/// Reads a text that says something.
fn said(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err("wanted: some words".to_owned()) } else { Ok(text.to_owned()) }
}
