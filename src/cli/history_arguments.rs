//! The arguments of `shmoo history`.

use super::arguments::TextFormat;
use super::numbers::whole;
use crate::value::{SuiteName, Timestamp, is_plain_name};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  shmoo history list --suite temp-sense
  shmoo history show last
  shmoo history show --metric run_simulations.freq --point inv5_v1.8_t27_nsch
  shmoo history export metrics --format jsonl > metrics.jsonl
  shmoo history export records --format jsonl > history.jsonl
  shmoo history import history.jsonl
  shmoo history prune --keep 100 --branch main --yes")]
pub(super) struct HistoryArgs {
    /// Use this store instead of the project's
    #[arg(long, value_name = "PLACE", global = true)]
    pub(super) store: Option<String>,
    /// Use this history instead of the project's
    #[arg(long, value_name = "PLACE", global = true)]
    pub(super) history: Option<String>,
    #[command(subcommand)]
    pub(super) command: HistoryCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum HistoryCommand {
    /// List runs, the newest first
    List {
        /// Of this suite
        #[arg(long, value_name = "NAME")]
        suite: Option<String>,
        /// Of this branch
        #[arg(long, value_name = "NAME")]
        branch: Option<String>,
        /// Show so many
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = whole::<u64>(..))]
        limit: u64,
        /// Print JSON
        #[arg(long, value_enum, default_value_t = TextFormat::Text)]
        format: TextFormat,
    },
    /// Show a run, or how a metric went over the runs
    Show {
        /// The run: its name, a unique part of it, or `last`
        #[arg(default_value = "last")]
        run: String,
        /// Show this metric over all runs: STAGE.METRIC
        #[arg(long, value_name = "METRIC")]
        metric: Option<String>,
        /// At this point only
        #[arg(long, value_name = "POINT", requires = "metric")]
        point: Option<String>,
        /// Print JSON
        #[arg(long, value_enum, default_value_t = TextFormat::Text)]
        format: TextFormat,
    },
    /// Write all rows of a table
    Export {
        /// The table
        #[arg(value_enum, default_value_t = Table::Metrics)]
        table: Table,
        /// Of this suite
        #[arg(long, value_name = "NAME")]
        suite: Option<String>,
        /// Of this branch
        #[arg(long, value_name = "NAME")]
        branch: Option<String>,
        /// The format
        #[arg(long, value_enum, default_value_t = ExportFormat::Csv)]
        format: ExportFormat,
    },
    /// Take in what `export records --format jsonl` or another program wrote: all of it, or nothing
    #[command(
        after_help = "Runs of another program have a stage `benchmark`, a parameter `bench` and a metric for each measure. Their
machines and commands are not known, so they are shown, and are noise of nothing that shmoo measures.

Examples:
  shmoo history import history.jsonl
  shmoo history import --from github-action-benchmark dev/bench/data.js
  shmoo history import --from bencher report.json --suite codec --branch main"
    )]
    Import(ImportArgs),
    /// Remove old runs from the history
    #[command(
        after_help = "A run goes if no rule keeps it: `--keep` and `--days` each keep some. These stay whatever the rules say:
the last complete run of each suite, profile, branch and kind of machine, which the next one is compared
with, and a run where the branch of a kept run left its base. Folders and archives of runs stay;
`shmoo prune` removes folders.

Examples:
  shmoo history prune --keep 100
  shmoo history prune --days 365 --branch main --yes"
    )]
    Prune {
        /// Keep so many runs of each suite
        #[arg(long, value_name = "N", required_unless_present = "days", value_parser = whole::<u32>(..))]
        keep: Option<u32>,
        /// Keep runs of so many days
        #[arg(long, value_name = "N", value_parser = whole::<u32>(..))]
        days: Option<u32>,
        /// Remove runs of this suite only
        #[arg(long, value_name = "NAME")]
        suite: Option<String>,
        /// Remove runs of this branch only
        #[arg(long, value_name = "NAME")]
        branch: Option<String>,
        /// Show what would go, as without `--yes`
        #[arg(long)]
        dry_run: bool,
        /// Remove it
        #[arg(long, conflicts_with = "dry_run")]
        yes: bool,
        /// Print JSON
        #[arg(long, value_enum, default_value_t = TextFormat::Text)]
        format: TextFormat,
    },
}

/// Tables of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Table {
    /// One row a run
    Runs,
    /// One row a task
    Tasks,
    /// One row a metric at a point
    Metrics,
    /// One row a sample of a metric, warm-ups included
    Samples,
    /// One row a file that a run left elsewhere
    Artifacts,
    /// One row a case
    Cases,
    /// Whole records, for `import`
    Records,
}

/// Formats of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ExportFormat {
    /// Comma-separated values with a header
    Csv,
    /// One JSON object a line
    Jsonl,
}

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The files, or `-` for standard input
    #[arg(required = true)]
    pub(super) files: Vec<PathBuf>,
    /// Whose files they are
    #[arg(long, value_enum, value_name = "PROGRAM", default_value_t = ImportFrom::Shmoo)]
    pub(super) from: ImportFrom,
    /// File runs of another program under this suite [default: as their file calls them]
    #[arg(long, value_name = "NAME", value_parser = suite_name)]
    pub(super) suite: Option<SuiteName>,
    /// The branch of runs whose file does not say it
    #[arg(long, value_name = "NAME")]
    pub(super) branch: Option<String>,
    /// The commit of a run whose file does not say it
    #[arg(long, value_name = "HASH")]
    pub(super) commit: Option<String>,
    /// When a run was whose file does not say it [default: when the file was written]
    #[arg(long, value_name = "TIME")]
    pub(super) time: Option<Timestamp>,
    /// Check the files, and store nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Print JSON
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(super) format: TextFormat,
}

/// Programs whose files can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ImportFrom {
    /// Whole records, as `export records` writes them
    Shmoo,
    /// `data.js` of github-action-benchmark, or one list of its results
    GithubActionBenchmark,
    /// Reports of Bencher as JSON, or Bencher Metric Format
    Bencher,
}

fn suite_name(text: &str) -> Result<SuiteName, String> {
    let wrong = || "a name is a small letter, then small letters, digits, `_` and `-`".to_owned();
    is_plain_name(text).then(|| SuiteName::new(text)).ok_or_else(wrong)
}
