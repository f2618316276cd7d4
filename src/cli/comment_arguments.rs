//! The arguments of `shmoo comment` and `shmoo check-run`.

use super::arguments::{JudgingArgs, TextFormat};
use super::machine_arguments::PlacesArgs;
use super::numbers::whole;
use crate::gha::Needs;
use crate::report::{CommentKey, WebAddress};
use clap::{Args, Subcommand, ValueEnum};
use std::error::Error as _;

/// Reads a value with the words of its own error.
pub(super) fn parsed<T: std::str::FromStr<Err = &'static str>>(text: &str) -> Result<T, String> {
    text.parse().map_err(str::to_owned)
}

/// Which GitHub, and how patiently.
#[derive(Debug, Clone, Args)]
pub(super) struct GitHubArgs {
    /// The repository [default: GITHUB_REPOSITORY]
    #[arg(long, value_name = "OWNER/NAME")]
    pub(super) repository: Option<String>,
    /// Wait so many seconds in all for GitHub's rate limits and troubles
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = whole::<u64>(..))]
    pub(super) max_wait: u64,
}

/// How a run is told on GitHub, in a comment or an issue.
#[derive(Debug, Clone, Args)]
pub(super) struct PostArgs {
    /// Where the CI run is [default: from GITHUB_RUN_ID]
    #[arg(long, value_name = "URL", value_parser = parsed::<WebAddress>)]
    pub(super) run_url: Option<WebAddress>,
    /// Where the whole report is
    #[arg(long, value_name = "URL", value_parser = parsed::<WebAddress>)]
    pub(super) report_url: Option<WebAddress>,
    #[command(flatten)]
    pub(super) judging: JudgingArgs,
    #[command(flatten)]
    pub(super) places: PlacesArgs,
    #[command(flatten)]
    pub(super) github: GitHubArgs,
    /// Print what was done as JSON
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(super) format: TextFormat,
}

/// Reads how jobs ended.
pub(super) fn needs(text: &str) -> Result<Needs, String> {
    Needs::read(text).map_err(|error| match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    })
}

#[derive(Debug, Args)]
#[command(
    after_help = "The token is taken from GITHUB_TOKEN, or GH_TOKEN; it needs `pull-requests: write`. The server is that of
GITHUB_API_URL. The pull request is that of the event in GITHUB_EVENT_PATH; for `workflow_run` it is found by
commit and repository. A comment is updated if its hidden first line has the key and the token's own
identity wrote it. The exit code says whether the comment is there, not whether the run is red.
Several runs make one comment: what came of each suite in a line, then a section for each. Give it the same
`--key` however many there are.

Examples:
  shmoo comment
  shmoo comment last --dry-run
  shmoo comment 3f9a 77aa --key suites
  shmoo comment --commit \"$GITHUB_SHA\" --key suites
  shmoo comment --pr 42 --report-url https://reports.example/42 --repost"
)]
pub(super) struct CommentArgs {
    /// The runs, each by its name, a unique part of it, or `last` [default: last]
    #[arg(value_name = "RUN")]
    pub(super) runs: Vec<String>,
    /// Take the last run of each suite and profile of this commit, as the history has them
    #[arg(long, value_name = "SHA", conflicts_with_all = ["runs", "archive"])]
    pub(super) commit: Option<String>,
    /// Take the run out of this archive, which may come from a fork: nothing of it is unpacked, run or stored
    #[arg(long, value_name = "FILE", conflicts_with = "runs")]
    pub(super) archive: Option<std::path::PathBuf>,
    /// The pull request's number
    #[arg(long, value_name = "N", value_parser = whole::<u64>(1..))]
    pub(super) pr: Option<u64>,
    /// What tells this comment from others [default: the suite's name, and the profile's; `suites` for several runs]
    #[arg(long, value_name = "KEY", value_parser = parsed::<CommentKey>)]
    pub(super) key: Option<CommentKey>,
    /// Hide the earlier comment as outdated and write a new one, which notifies people
    #[arg(long)]
    pub(super) repost: bool,
    /// Print the comment, and send nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Where the archive of the run is
    #[arg(long, value_name = "URL", value_parser = parsed::<WebAddress>)]
    pub(super) archive_url: Option<WebAddress>,
    /// Show drawings of shmoo plots and of fits, too, out of this folder: where the files of
    /// `shmoo report --plots FOLDER` are
    #[arg(long, value_name = "URL", value_parser = parsed::<WebAddress>)]
    pub(super) plots_url: Option<WebAddress>,
    #[command(flatten)]
    pub(super) post: PostArgs,
}

#[derive(Debug, Args)]
#[command(
    after_help = "The token is taken from GITHUB_TOKEN, or GH_TOKEN; it needs `checks: write`. `finish` finds what `start` began
by name, commit and workflow run, so that it works in another job, and after the first one died: run it
with `if: always()`. Where no run is found the check fails and says so; with `--needs` it says which job ended how.

Examples:
  shmoo check-run start --name nightly
  shmoo check-run finish --name nightly
  shmoo check-run finish --name nightly --conclusion cancelled
  shmoo check-run finish --needs '{ \"plan\": { \"result\": \"failure\" } }'"
)]
pub(super) struct CheckRunArgs {
    #[command(subcommand)]
    pub(super) command: CheckRunCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum CheckRunCommand {
    /// Show that a check is going on
    Start {
        #[command(flatten)]
        which: WhichCheckArgs,
    },
    /// Conclude the check with a run
    Finish {
        /// The run: its name, a unique part of it, or `last` [default: last; with `--needs` none]
        run: Option<String>,
        /// How the jobs before this one ended, as `toJSON(needs)` gives it: without a run, that is what the check
        /// says; if none failed, nothing was to do
        #[arg(long, value_name = "JSON", value_parser = needs)]
        needs: Option<Needs>,
        #[command(flatten)]
        which: WhichCheckArgs,
        /// Conclude with this instead of what the run came to
        #[arg(long, value_enum)]
        conclusion: Option<ConclusionArg>,
        #[command(flatten)]
        judging: JudgingArgs,
        #[command(flatten)]
        places: PlacesArgs,
    },
}

/// Which check run.
#[derive(Debug, Clone, Args)]
pub(super) struct WhichCheckArgs {
    /// The check's name, which branch rules can require
    #[arg(long, value_name = "NAME", default_value = "shmoo")]
    pub(super) name: String,
    /// The commit [default: the head of the event's pull request, else GITHUB_SHA]
    #[arg(long, value_name = "SHA")]
    pub(super) sha: Option<String>,
    #[command(flatten)]
    pub(super) github: GitHubArgs,
    /// Print what was done as JSON
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(super) format: TextFormat,
}

/// How a check ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ConclusionArg {
    /// All is well
    Success,
    /// Something is wrong
    Failure,
    /// Nothing was checked
    Neutral,
    /// Somebody stopped it
    Cancelled,
    /// Nothing was to be done
    Skipped,
}
