//! The arguments of `shmoo changes`.

use super::arguments::TableFormat;
use crate::value::Share;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "In a file rows are in the order of time; an empty cell is no value. Out of the history come complete runs of
the whole suite on the newest one's kind of machine, none of a fork and none that measured in another way.
A change is where the level steps; a drift is where it creeps since the last step. Both take the memory of
the series into account: see docs/STATISTICS.md.

Examples:
  shmoo changes nightly.csv
  sqlite3 -csv -header bench.db 'select * from nightly' | shmoo changes -
  shmoo changes nightly.csv --index commit --time date --metric wall --format json
  shmoo changes --suite temp-sense --metric run_simulations.freq --case 'inv5_*' --min-effect 1%

Exit codes: 3 if nothing has six values, 2 for a bad file, else 0."
)]
pub(super) struct ChangesArgs {
    /// The CSV file, `-` for standard input; its first line names the columns
    #[arg(required_unless_present = "suite")]
    pub(super) file: Option<PathBuf>,
    /// Take values from the runs of this suite in the history
    #[arg(long, value_name = "SUITE", conflicts_with_all = ["file", "index", "time"])]
    pub(super) suite: Option<String>,
    /// Take points whose names match a glob; may be repeated [default: all]
    #[arg(long = "case", value_name = "GLOB", requires = "suite", conflicts_with = "file")]
    pub(super) cases: Vec<String>,
    /// Take runs of this branch [default: the newest run's, and the one that it is to go into]
    #[arg(long, value_name = "BRANCH", requires = "suite", conflicts_with = "file")]
    pub(super) branch: Option<String>,
    /// Take runs on machines with this fingerprint [default: the newest run's]
    #[arg(long, value_name = "FINGERPRINT", requires = "suite", conflicts_with = "file")]
    pub(super) machine: Option<String>,
    /// Use this history instead of the project's
    #[arg(long, value_name = "PLACE", requires = "suite", conflicts_with = "file")]
    pub(super) history: Option<String>,
    /// Name rows by this column [default: count them from 0]
    #[arg(long, value_name = "COLUMN")]
    pub(super) index: Option<String>,
    /// Take times from this column [default: one called time, timestamp, date, datetime or started]
    #[arg(long, value_name = "COLUMN")]
    pub(super) time: Option<String>,
    /// Take values from this column, or this `STAGE.METRIC`; may be repeated [default: all others]
    #[arg(long = "metric", value_name = "COLUMN")]
    pub(super) metrics: Vec<String>,
    /// Leave out changes smaller than this share of the level before
    #[arg(long, value_name = "SHARE", default_value = "0%", value_parser = part)]
    pub(super) min_effect: Share,
    /// Leave out changes with a larger p-value
    #[arg(long, value_name = "P", default_value_t = 0.02, value_parser = probability)]
    pub(super) level: f64,
    /// The format
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(super) format: TableFormat,
}

/// Reads a share of at most all: `10` is 1000 %, which nobody means.
fn part(text: &str) -> Result<Share, String> {
    let share: Share = text.parse().map_err(|error| format!("{error}"))?;
    match share.factor() {
        0.0..=1.0 => Ok(share),
        _ => Err(format!("it is {share}, and at most 100% is wanted: `10%` and `0.1` are a tenth")),
    }
}

/// Reads a number above 0 and below 1.
fn probability(text: &str) -> Result<f64, String> {
    let inside = |value: &f64| *value > 0.0 && *value < 1.0;
    text.parse().ok().filter(inside).ok_or_else(|| "wanted: a number above 0 and below 1".to_owned())
}
