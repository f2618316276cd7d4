//! Arguments of `plan`, `run` and `collect` for several machines that share nothing but the store.

use super::arguments::{JudgingArgs, ReportFormat};
use super::numbers::whole;
use crate::plan::Wave;
use crate::value::{RunId, parse_duration};
use clap::Args;
use std::time::Duration;

/// The longest time between two reports of a shard to the store, in seconds.
const LONGEST_REPORT: u64 = 30;

/// Where store and history are, if not where the project file says.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct PlacesArgs {
    /// Use this store instead of the project's
    #[arg(long, value_name = "PLACE")]
    pub(super) store: Option<String>,
    /// Use this history instead of the project's
    #[arg(long, value_name = "PLACE")]
    pub(super) history: Option<String>,
}

impl PlacesArgs {
    /// Tells whether they say anything.
    pub(super) fn is_some(&self) -> bool {
        self.store.is_some() || self.history.is_some()
    }
}

/// How a plan travels to other machines.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct PublishArgs {
    /// Put the plan and the repository files it names into the store, for `run --run`, and print the run
    #[arg(long, requires = "shards", conflicts_with_all = ["estimate", "out"])]
    pub(super) publish: bool,
    /// Plan what a published run has no result of, as its next wave
    #[arg(
        long,
        value_name = "RUN",
        value_parser = run_name,
        conflicts_with_all = ["suite", "profile", "cases", "new_case", "constraints", "stages", "skip_stages"]
    )]
    pub(super) missing: Option<RunId>,
}

/// What a run may take.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct BudgetArgs {
    /// Stop if the run is expected to cost more, in the currency of the project's `prices`
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    pub(super) max_cost: Option<f64>,
    /// Take more shards until none is expected to take longer, such as `6h`; stop if none can do it
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "shards")]
    pub(super) max_shard_time: Option<Duration>,
}

/// Reads the whole name of a run: other machines know no other names.
fn run_name(text: &str) -> Result<RunId, String> {
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if text.is_empty() || text.starts_with('.') || text.len() > 200 || !text.bytes().all(is_safe) {
        return Err("give the whole name, as `plan --publish` printed it".to_owned());
    }
    Ok(RunId::new(text))
}

fn amount(text: &str) -> Result<f64, String> {
    let amount = text.parse::<f64>().ok().filter(|amount| amount.is_finite() && *amount >= 0.0);
    amount.ok_or_else(|| "it is not an amount: write a number such as 12.50".to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

/// A part of a published run as it is named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PartArg {
    /// Which part.
    pub(super) part: Wave,
    /// How many shards there are, where it was said.
    pub(super) of: Option<u32>,
}

/// Reads `I/N`, `prepare` or `finish`.
fn part(text: &str) -> Result<PartArg, String> {
    match text {
        "prepare" => return Ok(PartArg { part: Wave::Prepare, of: None }),
        "finish" => return Ok(PartArg { part: Wave::Finish, of: None }),
        _ => {}
    }
    let numbers = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
    match numbers {
        Some((number, of)) if 1 <= number && number <= of => Ok(PartArg { part: Wave::Shard(number), of: Some(of) }),
        Some((number, of)) => Err(format!("there is no shard {number} of {of}: they go from 1 to {of}")),
        None => Err("write `I/N` such as `1/4`, `prepare` or `finish`".to_owned()),
    }
}

/// Which part of a published run this machine is to do.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct ShardArgs {
    /// Do a part of this published run, with nothing but the store
    #[arg(
        long,
        value_name = "RUN",
        value_parser = run_name,
        requires = "shard",
        conflicts_with_all = [
            "suite", "profile", "cases", "new_case", "constraints", "stages", "skip_stages",
            "resume", "force_clean", "dry_run", "baseline"
        ]
    )]
    pub(super) run: Option<RunId>,
    /// Which part: `I/N`, `prepare` (before the shards) or `finish` (after them)
    #[arg(long, value_name = "PART", value_parser = part, requires = "run")]
    pub(super) shard: Option<PartArg>,
    /// Of which wave of the run, as `plan --publish` printed it
    #[arg(long, value_name = "W", default_value_t = 1, value_parser = whole::<u32>(1..), requires = "run")]
    pub(super) wave: u32,
    /// Report to the store every so many seconds: so much is lost with the machine
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = whole::<u64>(1..=LONGEST_REPORT), requires = "run")]
    pub(super) report_every: u64,
    /// Do not wait to see whether another machine still works on the part
    #[arg(long, requires = "run")]
    pub(super) take_over: bool,
    /// Do not put the folder of the part into the store at the end
    #[arg(long, requires = "run")]
    pub(super) no_archive: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "What follows the shards: tasks that gather the others run here, unless `run --shard finish` has run
them. The record, the archive, the history, checks, comparison and report are those of `sweep`. If a
shard was lost, or has not ended, the run is incomplete: `shmoo plan --missing RUN --publish` plans what
is missing, and `collect` is called again after that.

Examples:
  shmoo collect 20260131-142233-temp-sense-3f9a
  shmoo collect 20260131-142233-temp-sense-3f9a --format json | jq .machines
  shmoo collect 20260131-142233-temp-sense-3f9a --partial"
)]
pub(super) struct CollectArgs {
    /// The run, as `plan --publish` printed it
    #[arg(value_parser = run_name)]
    pub(super) run: RunId,
    /// Gather what is there although tasks are missing, and do not fail for those
    #[arg(long)]
    pub(super) partial: bool,
    /// Run so many tasks at a time [default: the project's `limits`, else the processors]
    #[arg(long, short, value_name = "N", value_parser = whole::<u32>(1..))]
    pub(super) jobs: Option<u32>,
    /// Run tasks whose stage wants a machine with this label
    #[arg(long, value_name = "LABEL")]
    pub(super) runner: Option<String>,
    #[command(flatten)]
    pub(super) judging: JudgingArgs,
    /// Do not compare with an earlier run
    #[arg(long, conflicts_with = "base")]
    pub(super) no_compare: bool,
    /// Do not put the run's folder into the store
    #[arg(long)]
    pub(super) no_archive: bool,
    /// Print the report in this format
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    pub(super) format: ReportFormat,
    #[command(flatten)]
    pub(super) places: PlacesArgs,
}
