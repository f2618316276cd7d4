//! The arguments of `shmoo bisect`.

use super::arguments::TextFormat;
use super::machine_arguments::PlacesArgs;
use super::numbers::whole;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "Both ends are measured first, in turn; they must differ beyond noise. `git bisect run` then walks
through a work tree of its own below `.shmoo`, which is removed afterwards: the user's tree and branches
are not touched. Only the tasks of the case that METRIC needs run, at each commit in turn with the good
end; a commit is good or bad by the end whose value is nearer. With METRIC `verdict` a commit is good if the case passes and bad if it fails. A
commit that does not build, has no such case or whose task ends in error is passed over.

Examples:
  shmoo bisect s4_kfast measure.wall --good v1.2 --bad main
  shmoo bisect inv5_v1.8_t-40_nsch freq --good HEAD~20 --bad HEAD --suite configs/temp-sense.yaml
  shmoo bisect s4_kfast verdict --good v1.2 --bad main --format json | jq -r .first_bad.commit

Exit codes: 0 if the first bad commit was found, 13 if not (commits around it cannot be measured, or
something stopped it), 2 if the ends are no ends."
)]
pub(super) struct BisectArgs {
    /// The case, by its name
    pub(super) case: String,
    /// `STAGE.METRIC`, a metric's short name, or `verdict`
    pub(super) metric: String,
    /// A revision that is good
    #[arg(long, value_name = "REV")]
    pub(super) good: String,
    /// A revision that builds on it and is bad
    #[arg(long, value_name = "REV")]
    pub(super) bad: String,
    /// The suite file [default: the only one of the project]
    #[arg(long, value_name = "FILE")]
    pub(super) suite: Option<PathBuf>,
    /// Measure each commit so often; exact metrics need one time
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = whole::<u32>(5..=400))]
    pub(super) repeats: u32,
    /// Run so many tasks at a time, where stages are not exclusive [default: the project's `limits`, else the
    /// processors]
    #[arg(long, short, value_name = "N", value_parser = whole::<u32>(1..))]
    pub(super) jobs: Option<u32>,
    /// Run tasks whose stage wants a machine with this label
    #[arg(long, value_name = "LABEL")]
    pub(super) runner: Option<String>,
    #[command(flatten)]
    pub(super) places: PlacesArgs,
    /// Print JSON
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(super) format: TextFormat,
}

#[derive(Debug, Args)]
pub(super) struct BisectStepArgs {
    /// What `bisect` has written down
    pub(super) state: PathBuf,
}
