//! Arguments of `shmoo prune`.

use super::arguments::TextFormat;
use super::machine_arguments::PlacesArgs;
use super::numbers::whole;
use crate::value::parse_bytes;
use clap::Args;

#[derive(Debug, Args)]
#[command(
    after_help = "Folders of runs go; the history and the archives in the store stay, so that `shmoo restore` brings a run
back. These stay whatever the rules say: the last complete run of a suite, a run that another shmoo works
on, one that an unfinished run takes inputs from, and one that is not in the store.

With `--store`, archives and cached results go out of the store, for good. An archive goes if no rule keeps it: `--keep`
and `--days` each keep some; then `--size` lets the oldest go, cached results first. These stay whatever the rules say:
archives of the last complete run of each suite, profile, branch and kind of machine, of runs where the branch of
a kept run left its base, of baselines of the project, and what unfinished runs on this machine need.

Examples:
  shmoo prune
  shmoo prune --keep 5 --yes
  shmoo prune --store --keep 100 --days 90
  shmoo prune --store --size 200GB --yes
  shmoo prune --store=gs://lab-archive/pull --days 30 --yes
  shmoo prune --store --keep 0 --branch wider --yes"
)]
pub(super) struct PruneArgs {
    /// Show what would go, as without `--yes`
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Remove it
    #[arg(long, conflicts_with = "dry_run")]
    pub(super) yes: bool,
    /// Keep so many runs of each suite [default: the project's `keep`; with `--store` none]
    #[arg(long, value_name = "N", value_parser = whole::<u32>(..))]
    pub(super) keep: Option<u32>,
    /// Remove runs that are not in the store, too: they are lost
    #[arg(long, conflicts_with = "store")]
    pub(super) only_copies: bool,
    /// Remove archives and cached results from the store, the project's or this one
    #[arg(long, value_name = "PLACE", num_args = 0..=1, require_equals = true)]
    pub(super) store: Option<Option<String>>,
    /// Use this history instead of the project's
    #[arg(long, value_name = "PLACE")]
    pub(super) history: Option<String>,
    /// Keep what was stored in so many days
    #[arg(long, value_name = "N", requires = "store", value_parser = whole::<u32>(..))]
    pub(super) days: Option<u32>,
    /// Remove the oldest until no more than this is left, such as `200GB`
    #[arg(long, requires = "store", value_parser = bytes)]
    pub(super) size: Option<u64>,
    /// Remove archives of this branch only
    #[arg(long, value_name = "NAME", requires = "store")]
    pub(super) branch: Option<String>,
    /// Print JSON
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(super) format: TextFormat,
}

impl PruneArgs {
    /// Returns where store and history are, if not where the project says.
    pub(super) fn places(&self) -> PlacesArgs {
        PlacesArgs { store: self.store.clone().flatten(), history: self.history.clone() }
    }
}

/// Reads a size.
fn bytes(text: &str) -> Result<u64, String> {
    parse_bytes(text).map_err(|error| error.to_string())
}
