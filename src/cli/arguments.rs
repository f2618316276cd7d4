//! The arguments of all commands.

use super::bisect_arguments::{BisectArgs, BisectStepArgs};
use super::bless_arguments::BlessArgs;
use super::changes_arguments::ChangesArgs;
use super::comment_arguments::{CheckRunArgs, CommentArgs};
use super::compare_arguments::CompareArgs;
use super::estimate_arguments::EstimateArgs;
use super::exit::EXIT_CODES;
use super::fit_arguments::FitArgs;
use super::history_arguments::HistoryArgs;
use super::issue_arguments::IssueArgs;
use super::machine_arguments::{BudgetArgs, CollectArgs, PlacesArgs, PublishArgs, ShardArgs};
use super::numbers::whole;
use super::prune_arguments::PruneArgs;
use crate::value::{BaselineRule, BaselineRuleError};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Run parameter sweeps as regression tests
#[derive(Debug, Parser)]
#[command(name = "shmoo", version, propagate_version = true, max_term_width = 100, after_help = EXIT_CODES)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
    /// Print errors and data only
    #[arg(long, short, global = true)]
    pub(super) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a commented starter suite, or one from an OpenFASOC sweep file
    Init(InitArgs),
    /// Run a suite's whole flow: plan, run, record, archive, check, compare, report
    Sweep(SweepArgs),
    /// Print a report of a run
    Report(ReportArgs),
    /// Compare a run with an earlier one
    Compare(CompareArgs),
    /// Keep a comment on a pull request up to date with a run
    Comment(CommentArgs),
    /// Show a run as a check on a commit
    CheckRun(CheckRunArgs),
    /// Keep an issue open while a suite is red
    Issue(IssueArgs),
    /// Find the commit that moved a metric of a case
    Bisect(BisectArgs),
    /// Measure the commit that `git bisect run` has checked out
    #[command(hide = true)]
    BisectStep(BisectStepArgs),
    /// Make what a run measured golden
    Bless(BlessArgs),
    /// Find where metrics of the history, or columns of a CSV file, changed their level
    Changes(ChangesArgs),
    /// Tell which tools are there, which are missing, and how to install them
    Doctor(DoctorArgs),
    /// Expand a suite into cases, tasks and shards
    Plan(PlanArgs),
    /// Run a suite's tasks, or a part of a published run
    Run(RunArgs),
    /// Gather what many machines have run: finish, record, archive, check, compare, report
    Collect(CollectArgs),
    /// Put a run's folder into the store
    Archive(ArchiveArgs),
    /// Take a run, a case or a file out of the store
    Restore(RestoreArgs),
    /// Rebuild a case's folders and print its commands
    Repro(ReproArgs),
    /// Write a run into the history
    Record(RecordArgs),
    /// Check a run against its expectations, known failures and goldens
    Check(CheckArgs),
    /// Fit a performance model to measurements in CSV files
    Fit(FitArgs),
    /// Estimate what operations take, and hold estimates against measured runtimes
    Estimate(EstimateArgs),
    /// List the suites of the project
    List(ListArgs),
    /// Ask the history
    History(HistoryArgs),
    /// Remove old runs from this machine
    Prune(PruneArgs),
    /// Print a JSON schema
    Schema(SchemaArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Do the step of a GitHub Actions job: inputs from INPUT_* variables, outputs, summary, annotations
    Gha(GhaArgs),
}

#[derive(Debug, Args)]
#[command(
    after_help = "The shipped actions call this. An input that is empty is absent. Exit code 3, nothing to do, becomes 0
with the output `empty=true`."
)]
pub(super) struct GhaArgs {
    /// The action: one of the folders below `actions`
    pub(super) action: String,
}

/// Which part of a suite.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct SelectArgs {
    /// Take a profile of the suite
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// Take cases whose names match a glob; may be repeated
    #[arg(long = "case", value_name = "GLOB")]
    pub(super) cases: Vec<String>,
    /// Run the one case of `--case` although the suite does not list it
    #[arg(long)]
    pub(super) new_case: bool,
    /// Take cases for which an expression holds; may be repeated
    #[arg(long = "where", value_name = "EXPR")]
    pub(super) constraints: Vec<String>,
    /// Take cases whose `type`, a parameter or named value of the suite, is this
    #[arg(long, value_name = "TYPE", value_parser = word)]
    pub(super) op_type: Option<String>,
    /// Take cases whose `op`, a parameter or named value of the suite, is this
    #[arg(long, value_name = "OP", value_parser = word)]
    pub(super) op_name: Option<String>,
    /// Take the cases from this file in the place of the suite's `cases_from`
    #[arg(long, value_name = "FILE")]
    pub(super) operations_cfg: Option<PathBuf>,
    /// Take a stage and all that it needs; may be repeated
    #[arg(long = "stage", value_name = "STAGE")]
    pub(super) stages: Vec<String>,
    /// Leave out a stage and all that needs it; may be repeated
    #[arg(long = "skip-stage", value_name = "STAGE")]
    pub(super) skip_stages: Vec<String>,
}

impl SelectArgs {
    pub(super) fn selection(&self) -> crate::plan::Selection {
        let operations = self.operations().map(|(_, name, value)| format!("{name} == '{value}'"));
        let constraints = self.constraints.iter().cloned().chain(operations).collect();
        let SelectArgs { profile, cases, new_case, stages, skip_stages, .. } = self.clone();
        crate::plan::Selection { profile, cases, new_case, constraints, stages, skip_stages }
    }
}

impl SelectArgs {
    /// Returns the options that select operations: option, name in the suite, value.
    pub(super) fn operations(&self) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
        let options = [("--op-type", "type", &self.op_type), ("--op-name", "op", &self.op_name)];
        options.into_iter().filter_map(|(option, name, value)| Some((option, name, value.as_deref()?)))
    }
}

/// Reads a word that stands for itself in an expression.
fn word(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    match !text.is_empty() && text.chars().all(plain) {
        true => Ok(text.to_owned()),
        false => Err("letters, digits, `_`, `-` and `.`; `--where` takes any expression".to_owned()),
    }
}

/// Reads what to compare with: what is no rule is a run.
pub(super) fn baseline(text: &str) -> Result<BaselineRule, String> {
    match text.parse() {
        Ok(rule) => Ok(rule),
        Err(BaselineRuleError::Unknown(name)) if !name.is_empty() && !name.contains(':') => Ok(BaselineRule::Run(name)),
        Err(error) => Err(format!("{error}: {}", error.hint())),
    }
}

/// How to run.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct HowArgs {
    /// Run so many tasks at a time [default: the project's `limits`, else the processors]
    #[arg(long, short, value_name = "N", value_parser = whole::<u32>(1..))]
    pub(super) jobs: Option<u32>,
    /// Stop at the first task that does not pass
    #[arg(long, conflicts_with = "keep_going")]
    pub(super) fail_fast: bool,
    /// Go on after failures; this is the default
    #[arg(long)]
    pub(super) keep_going: bool,
    /// Go on with the last unfinished run of the suite, or with the one named
    #[arg(
        long = "continue",
        visible_alias = "continue-run",
        value_name = "RUN",
        num_args = 0..=1,
        default_missing_value = "last",
        conflicts_with = "force_clean"
    )]
    pub(super) resume: Option<String>,
    /// Run tasks again that ended in error or by their time limit, and all that needs them
    #[arg(long, requires = "resume")]
    pub(super) retry_failed: bool,
    /// Remove the suite's unfinished runs from this machine first
    #[arg(long)]
    pub(super) force_clean: bool,
    /// Print the exact commands instead of running them
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Run tasks whose stage wants a machine with this label
    #[arg(long, value_name = "LABEL")]
    pub(super) runner: Option<String>,
    #[command(flatten)]
    pub(super) from: BaselineArgs,
}

/// Where outputs of an earlier run come from.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct BaselineArgs {
    /// Take `run: baseline` inputs from this run, on this machine or in the store [default: the one that the run
    /// will be compared with]
    #[arg(long, value_name = "RUN")]
    pub(super) baseline: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  shmoo sweep configs/quickstart.yaml
  shmoo sweep configs/temp-sense.yaml --profile pr --jobs 4
  shmoo sweep configs/temp-sense.yaml --continue
  shmoo sweep configs/op-model.yaml --runner tt-wormhole_b0 --op-type unary
  shmoo sweep configs/op-model.yaml --skip-perf-sweep")]
pub(super) struct SweepArgs {
    /// The suite file
    pub(super) suite: PathBuf,
    #[command(flatten)]
    pub(super) select: SelectArgs,
    #[command(flatten)]
    pub(super) how: HowArgs,
    #[command(flatten)]
    pub(super) judging: JudgingArgs,
    /// Do not compare with an earlier run
    #[arg(long, conflicts_with = "base")]
    pub(super) no_compare: bool,
    /// Do not put the run's folder into the store
    #[arg(long)]
    pub(super) no_archive: bool,
    /// Do not fit the models of the suite; `--skip-perf-sweep` does it later
    #[arg(long)]
    pub(super) skip_performance_model: bool,
    /// Run nothing: fit the models over the last run of the suite, and report it again
    #[arg(long, conflicts_with_all = ["skip_performance_model", "resume", "force_clean", "dry_run"])]
    pub(super) skip_perf_sweep: bool,
    #[command(flatten)]
    pub(super) places: PlacesArgs,
    /// Print the report in this format
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    pub(super) format: ReportFormat,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  shmoo run configs/temp-sense.yaml --case inv5_v1.8_t-40_nsch
  shmoo run configs/quickstart.yaml --where \"level >= 6\" --dry-run
  shmoo run --run 20260131-142233-temp-sense-3f9a --shard 3/8

With `--run` the exit code says whether the part was done, whatever its tasks came to: 0, 3 if it has no
task, 13 if tasks are left, 20 if the store could not be reached. `collect` judges. The output is a few
lines, or JSON with `--format json`.")]
pub(super) struct RunArgs {
    /// The suite file
    #[arg(required_unless_present = "run")]
    pub(super) suite: Option<PathBuf>,
    #[command(flatten)]
    pub(super) select: SelectArgs,
    #[command(flatten)]
    pub(super) how: HowArgs,
    #[command(flatten)]
    pub(super) shard: ShardArgs,
    #[command(flatten)]
    pub(super) places: PlacesArgs,
    /// Print the report in this format
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    pub(super) format: ReportFormat,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  shmoo plan configs/temp-sense.yaml
  shmoo plan configs/temp-sense.yaml --format json | jq '.cases | length'
  shmoo plan configs/temp-sense.yaml --shards 8 --out plan.json
  shmoo plan configs/temp-sense.yaml --shards 8 --estimate
  shmoo plan configs/temp-sense.yaml --shards 8 --publish --format json | jq -r .run
  shmoo plan --missing 20260131-142233-temp-sense-3f9a --shards 2 --publish
  shmoo plan --changed-since origin/main --format names

With `--changed-since` the suites are listed that declare a file which the commits since then changed: the
suite file and what it includes, its goldens, the repository files that its stages take, what its `paths`
match, and the project file; with `--format matrix` as a job matrix. Exit code 3 if there is none.

`--publish` prints the run, its wave and its parts; with `--format json` one object, with `--format
matrix` a job matrix of its shards. Exit code 3 if nothing is missing.")]
pub(super) struct PlanArgs {
    /// The suite file
    #[arg(required_unless_present_any = ["missing", "changed_since"])]
    pub(super) suite: Option<PathBuf>,
    /// List the project's suites that the commits since this one touch, such as those since `origin/main`
    #[arg(
        long,
        value_name = "REF",
        conflicts_with_all = [
            "suite", "missing", "publish", "profile", "cases", "new_case", "constraints", "stages", "skip_stages", "shards",
            "baseline", "out", "estimate", "jobs", "check", "max_cost", "store", "history"
        ]
    )]
    pub(super) changed_since: Option<String>,
    #[command(flatten)]
    pub(super) select: SelectArgs,
    #[command(flatten)]
    pub(super) from: BaselineArgs,
    /// Divide the plan over so many machines, balanced by the durations of earlier runs
    #[arg(long, value_name = "N", value_parser = whole::<u32>(..))]
    pub(super) shards: Option<u32>,
    /// List the plan in this format
    #[arg(long, value_enum, default_value_t = PlanFormat::Table)]
    pub(super) format: PlanFormat,
    /// Write the plan file
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Estimate time and shards from earlier runs
    #[arg(long)]
    pub(super) estimate: bool,
    /// Estimate for so many tasks at a time on a machine
    #[arg(long, short, value_name = "N", value_parser = whole::<u32>(1..))]
    pub(super) jobs: Option<u32>,
    /// Look for faults in the plan itself
    #[arg(long)]
    pub(super) check: bool,
    #[command(flatten)]
    pub(super) publish: PublishArgs,
    #[command(flatten)]
    pub(super) budget: BudgetArgs,
    #[command(flatten)]
    pub(super) places: PlacesArgs,
}

/// Formats of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PlanFormat {
    /// Counts by stage
    Table,
    /// One case name a line
    Names,
    /// All cases, tasks and shards
    Json,
    /// A job matrix for GitHub Actions
    Matrix,
}

/// Formats of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    /// Tables for people
    Terminal,
    /// For comments and summaries
    Markdown,
    /// For programs; versioned
    Json,
    /// One row a task
    Csv,
    /// For test viewers
    Junit,
    /// One self-contained page
    Html,
    /// For the log of a GitHub Actions step; the worst ten of each level
    Annotations,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  shmoo report
  shmoo report last --format json | jq .totals
  shmoo report 3f9a --out report.html
  shmoo report last --plots plots
  shmoo report --site public")]
pub(super) struct ReportArgs {
    /// The run: its name, a unique part of it, or `last`
    #[arg(default_value = "last")]
    pub(super) run: String,
    /// The format [default: by the ending of `--out`: .html, .md, .json, .csv, .xml for JUnit; else terminal]
    #[arg(long, value_enum)]
    pub(super) format: Option<ReportFormat>,
    /// Write to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Also write every plot as an SVG file into this folder: shmoo plots and what moved in them, base
    /// against head, trends, fits of models, tasks on workers
    #[arg(long, value_name = "FOLDER")]
    pub(super) plots: Option<PathBuf>,
    /// Write the whole history as static pages into this folder: suites, runs, trends
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["run", "format", "out", "plots"])]
    pub(super) site: Option<PathBuf>,
    /// With `--site`: how many of the newest runs of each suite get a page; pages that are there stay
    #[arg(long, value_name = "RUNS", default_value_t = 20, requires = "site", value_parser = whole::<usize>(..))]
    pub(super) pages: usize,
    #[command(flatten)]
    pub(super) judging: JudgingArgs,
    #[command(flatten)]
    pub(super) places: PlacesArgs,
}

/// What a run is held against.
#[derive(Debug, Clone, Args)]
pub(super) struct JudgingArgs {
    /// Compare with this: a run, `previous`, `merge-base`, `ancestor`, `branch:NAME`, `golden:FILE`, `best`
    /// or `best:RUNS`; may be repeated, the first decides [default: the project's `baselines`]
    #[arg(long, value_name = "BASE", value_parser = baseline)]
    pub(super) base: Vec<BaselineRule>,
    /// Count uncertain changes as regressions
    #[arg(long)]
    pub(super) strict: bool,
}

/// A table or JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TableFormat {
    /// For people
    Table,
    /// For programs; versioned
    Json,
}

/// Text or JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TextFormat {
    /// For people
    Text,
    /// For programs; versioned
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = "Nothing runs. If the suite file has changed since the run, the evidence that the run kept is
judged again with the metrics, expectations and parsers of today, and with today's known failures and
goldens. A task that would run another command, or on other inputs, keeps its verdict, and so does one
that left nothing; `check` says which. What is stored stays as it is.

Examples:
  shmoo check
  shmoo check 3f9a --format json | jq .not_met")]
pub(super) struct CheckArgs {
    /// The run: its name, a unique part of it, or `last`
    #[arg(default_value = "last")]
    pub(super) run: String,
    #[command(flatten)]
    pub(super) places: PlacesArgs,
    /// Print JSON
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(super) format: TextFormat,
}

#[derive(Debug, Args)]
#[command(after_help = "Recording a run again changes nothing, unless it has gone on since.

Example:
  shmoo record last")]
pub(super) struct RecordArgs {
    /// The run: its name, a unique part of it, or `last`
    #[arg(default_value = "last")]
    pub(super) run: String,
    #[command(flatten)]
    pub(super) places: PlacesArgs,
    /// Print JSON
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(super) format: TextFormat,
}

#[derive(Debug, Args)]
#[command(
    after_help = "The archive is a tar.gz with a digest of every file. It replaces an earlier one of the same run.

Example:
  shmoo archive last"
)]
pub(super) struct ArchiveArgs {
    /// The run: its name, a unique part of it, or `last`
    #[arg(default_value = "last")]
    pub(super) run: String,
    #[command(flatten)]
    pub(super) places: PlacesArgs,
    /// Print JSON
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(super) format: TextFormat,
}

#[derive(Debug, Args)]
#[command(
    after_help = "A whole run without `--into` goes back to where it was, so that `shmoo report RUN` works again.

Examples:
  shmoo restore 20260131-142233-temp-sense-3f9a
  shmoo restore last --into old-run
  shmoo restore last --case inv5_v1.8_t-40_nsch --into one-case
  shmoo restore last --file record.json --into record.json
  shmoo restore last --list"
)]
pub(super) struct RestoreArgs {
    /// The run: its name, a unique part of it, or `last`
    #[arg(default_value = "last")]
    pub(super) run: String,
    /// Restore only what belongs to this case
    #[arg(long, value_name = "NAME", conflicts_with = "file")]
    pub(super) case: Option<String>,
    /// Restore one file, by its path in the archive
    #[arg(long, value_name = "PATH")]
    pub(super) file: Option<String>,
    /// Where to put it: a new folder, or a file with `--file` [default: .shmoo/runs/RUN; with `--case`
    /// and `--file` their name, here]
    #[arg(long, value_name = "PATH")]
    pub(super) into: Option<PathBuf>,
    /// List what the archive holds
    #[arg(long, conflicts_with_all = ["case", "file", "into"])]
    pub(super) list: bool,
    /// Check every file of the archive against its digest
    #[arg(long, conflicts_with_all = ["case", "file", "into", "list"])]
    pub(super) verify: bool,
    #[command(flatten)]
    pub(super) places: PlacesArgs,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Every folder is made anew and holds what the task's folder held when its process started; what you
changed in it since is gone. The inputs are those of the run, out of its folder or its archive, and the
values are those of the last attempt.

Examples:
  shmoo repro inv5_v1.8_t-40_nsch
  shmoo repro inv5_v1.8_t-40_nsch --stage run_simulations --run 3f9a"
)]
pub(super) struct ReproArgs {
    /// The case
    pub(super) case: String,
    /// The run: its name, a unique part of it, or `last`
    #[arg(long, value_name = "RUN", default_value = "last")]
    pub(super) run: String,
    /// Rebuild only this stage's folder; may be repeated
    #[arg(long = "stage", value_name = "STAGE")]
    pub(super) stages: Vec<String>,
    /// Where to put the folders [default: .shmoo/repro/RUN/CASE]
    #[arg(long, value_name = "FOLDER")]
    pub(super) into: Option<PathBuf>,
    #[command(flatten)]
    pub(super) places: PlacesArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  shmoo init
  shmoo init my-suite.yaml
  shmoo init --from-openfasoc config_tempsense.yml temp-sense.yaml")]
pub(super) struct InitArgs {
    /// The suite file to write
    #[arg(default_value = "suite.yaml")]
    pub(super) file: PathBuf,
    /// Take the sweep of an OpenFASOC file with `NAME: [start, stop, step]`
    #[arg(long, value_name = "FILE")]
    pub(super) from_openfasoc: Option<PathBuf>,
    /// The OpenFASOC file's `stop` values belong to the sweep
    #[arg(long, requires = "from_openfasoc")]
    pub(super) inclusive: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 20 if a tool that a stage names is missing, or the store, the history or the kernel cannot
be used; 2 if a suite file is wrong; else 0. Tools in `shell` texts are found if they are well known or
in the project file; name the others under `tools` of the stage.

Examples:
  shmoo doctor
  shmoo doctor --store gs://lab-archive/main
  shmoo doctor configs/temp-sense.yaml --format json | jq '.tools[] | select(.missed)'"
)]
pub(super) struct DoctorArgs {
    /// Suite files [default: all suites of the project, as `shmoo list` shows them]
    pub(super) suites: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) places: PlacesArgs,
    /// Print JSON
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(super) format: TextFormat,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Suites are the files that `suites` of `shmoo.yaml` matches; without that file, those in `configs/` and
in the current folder."
)]
pub(super) struct ListArgs {
    /// Take the last runs from this history instead of the project's
    #[arg(long, value_name = "PLACE")]
    pub(super) history: Option<String>,
    /// Print JSON
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(super) format: TextFormat,
}

#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    /// Of which file
    #[arg(value_enum, default_value_t = SchemaKind::Suite)]
    pub(super) kind: SchemaKind,
}

/// Files that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SchemaKind {
    /// A suite file
    Suite,
    /// The project file `shmoo.yaml`
    Project,
    /// A model file, for `shmoo fit`
    Model,
}

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(super) shell: clap_complete::Shell,
}
