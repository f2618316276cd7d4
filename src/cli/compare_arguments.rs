//! The arguments of `shmoo compare`.

use super::arguments::{JudgingArgs, TextFormat};
use super::machine_arguments::PlacesArgs;
use super::numbers::whole;
use crate::compare::FEWEST_PAIRS;
use clap::Args;

#[derive(Debug, Args)]
#[command(
    after_help = "One name is the run to judge; of two, the first is the base. Each is a run's name, a unique part of it,
`last`, or the path of a record file (`.shmoo/runs/RUN/record.json`). If the run to judge is a file, no
project is needed, and no earlier runs are asked.

`--confirm` measures again what looks suspicious: what regressed, and what is uncertain and worse by
more than `min_effect`. Base and head run in turn on this machine, and a paired test decides. Other
commits are checked out below `.shmoo` and removed afterwards; the work tree is not touched. Only the
tasks that measure run again; what they need is built once, or comes out of the cache.

Examples:
  shmoo compare
  shmoo compare last --base 20260131-142233-temp-sense-3f9a
  shmoo compare 3f9a 77aa --format json | jq .counts
  shmoo compare --base merge-base --base best:20
  shmoo compare base/record.json head/record.json --format json
  shmoo compare --base merge-base --confirm --pairs 20

Exit codes: 12 for a regression (with `--strict` also for what is uncertain), 3 if there is nothing to
compare with, else 0. The first base decides, the others are shown. A run that you name may be any recorded
one; other bases are complete runs of the whole suite, or of the same part of it, on such a machine.
With `--confirm` only a confirmed regression counts; 10 if a task ended in error, 13 if it was stopped."
)]
pub(super) struct CompareArgs {
    /// The run to judge [default: last], or the base and the run to judge
    #[arg(value_name = "RUN", num_args = 0..=2)]
    pub(super) runs: Vec<String>,
    #[command(flatten)]
    pub(super) judging: JudgingArgs,
    #[command(flatten)]
    pub(super) places: PlacesArgs,
    /// Print JSON
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(super) format: TextFormat,
    /// Measure suspicious changes again, base and head in turn on this machine
    #[arg(long)]
    pub(super) confirm: bool,
    #[command(flatten)]
    pub(super) terms: ConfirmArgs,
}

/// How to confirm.
#[derive(Debug, Args)]
pub(super) struct ConfirmArgs {
    /// Measure base and head so often; exact metrics need one pair
    #[arg(long, value_name = "N", default_value_t = 10, requires = "confirm",
        value_parser = whole::<u32>(u64::from(FEWEST_PAIRS)..=400))]
    pub(super) pairs: u32,
    /// Measure again what improved, too
    #[arg(long, requires = "confirm")]
    pub(super) improved: bool,
    /// Take a work tree, or runs, with uncommitted changes
    #[arg(long, requires = "confirm")]
    pub(super) dirty_ok: bool,
    /// Put measurements into the same order as the run that tells this seed
    #[arg(long, value_name = "N", requires = "confirm", value_parser = whole::<u64>(..1_u64 << 53))]
    pub(super) seed: Option<u64>,
    /// Run so many tasks at a time, where stages are not exclusive [default: the project's `limits`, else the
    /// processors]
    #[arg(long, short, value_name = "N", requires = "confirm", value_parser = whole::<u32>(1..))]
    pub(super) jobs: Option<u32>,
    /// Run tasks whose stage wants a machine with this label
    #[arg(long, value_name = "LABEL", requires = "confirm")]
    pub(super) runner: Option<String>,
}
