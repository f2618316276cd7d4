//! The arguments of `shmoo issue`.

use super::comment_arguments::{PostArgs, needs, parsed};
use crate::gha::Needs;
use crate::report::CommentKey;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "A red run opens an issue, or updates the one that is open; a green one closes it. The issue is found by its hidden
first line, which has the key, and by its author, the token's own identity. What somebody closed stays
closed: the next red run opens another. Runs of pull requests and of other branches change nothing: exit
code 3. With `--needs` a job that died before there was a run is told, too. The token is taken from GITHUB_TOKEN, or GH_TOKEN; it needs `issues: write`. The exit code says whether
the issue is as it should be, not whether the run is red.

Examples:
  shmoo issue
  shmoo issue last --dry-run
  shmoo issue --label regression --branch release
  shmoo issue --needs '{ \"plan\": { \"result\": \"failure\" } }' --suite suite.yaml"
)]
pub(super) struct IssueArgs {
    /// The run: its name, a unique part of it, or `last` [default: last; with `--needs` none]
    pub(super) run: Option<String>,
    /// How the jobs before this one ended, as `toJSON(needs)` gives it: if there is no run to tell of and one of them
    /// failed, that is why the suite is red
    #[arg(long, value_name = "JSON", value_parser = needs)]
    pub(super) needs: Option<Needs>,
    /// The suite file, whose name finds the issue where there is no run
    #[arg(long, value_name = "FILE", requires = "needs")]
    pub(super) suite: Option<PathBuf>,
    /// The profile that was to be run
    #[arg(long, value_name = "NAME", requires = "needs")]
    pub(super) profile: Option<String>,
    /// What tells this issue from others [default: the suite's name, and the profile's]
    #[arg(long, value_name = "KEY", value_parser = parsed::<CommentKey>)]
    pub(super) key: Option<CommentKey>,
    /// Keep issues for runs of this branch [default: the repository's main branch]
    #[arg(long, value_name = "NAME")]
    pub(super) branch: Option<String>,
    /// Label a new issue; may be repeated
    #[arg(long = "label", value_name = "NAME")]
    pub(super) labels: Vec<String>,
    /// Print title and text of the issue, and send nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) post: PostArgs,
}
