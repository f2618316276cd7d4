//! The arguments of `shmoo issue`.

use super::comment_arguments::{PostArgs, parsed};
use crate::report::CommentKey;
use clap::Args;

#[derive(Debug, Args)]
#[command(
    after_help = "A red run opens an issue, or updates the one that is open; a green one closes it. The issue is found by its hidden
first line, which has the key, and by its author, the token's own identity. What somebody closed stays
closed: the next red run opens another. Runs of pull requests and of other branches change nothing: exit
code 3. The token is taken from GITHUB_TOKEN, or GH_TOKEN; it needs `issues: write`. The exit code says whether
the issue is as it should be, not whether the run is red.

Examples:
  shmoo issue
  shmoo issue last --dry-run
  shmoo issue --label regression --branch release"
)]
pub(super) struct IssueArgs {
    /// The run: its name, a unique part of it, or `last`
    #[arg(default_value = "last")]
    pub(super) run: String,
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
