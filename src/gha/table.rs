//! Every action with its inputs and outputs.

/// An action.
#[derive(Debug, Clone, Copy)]
pub struct Action {
    /// Its folder below `actions/`, and what `shmoo gha` calls it.
    pub name: &'static str,
    /// One line, in the imperative.
    pub summary: &'static str,
    /// The command and what is always said to it.
    pub command: &'static [&'static str],
    /// What it takes.
    pub inputs: &'static [&'static [Input]],
    /// What it gives, beside `exit-code` and `empty`.
    pub outputs: &'static [Output],
    /// What a job has to grant for it.
    pub permissions: &'static [&'static str],
}

/// An input.
#[derive(Debug, Clone, Copy)]
pub struct Input {
    /// Its name in `with:`.
    pub name: &'static str,
    /// One sentence without a full stop.
    pub help: &'static str,
    /// What becomes of it.
    pub shape: Shape,
    /// Whether the action cannot do without.
    pub required: bool,
    /// What it is where nothing is said; an expression is evaluated by the runner.
    pub default: &'static str,
}

/// What becomes of the value of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// An argument without a name, such as the suite.
    Positional,
    /// Arguments without a name, one a line.
    Positionals,
    /// The value of an option.
    Named(&'static str),
    /// The value of an option that may have several lines, such as JSON.
    Text(&'static str),
    /// An option for each line.
    Lines(&'static str),
    /// An option that stands alone, if the input is `true`.
    Flag(&'static str),
    /// An option that stands alone, if the input is `false`.
    Unless(&'static str),
    /// A variable of the command's environment: what must not be an argument.
    Variable(&'static str),
    /// Whether the step writes a job summary and annotations.
    Summary,
    /// Where the step works: the runner changes to it.
    Folder,
}

/// An output.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// Its name.
    pub name: &'static str,
    /// One sentence without a full stop.
    pub help: &'static str,
    /// Where it is in the JSON that the command prints (RFC 6901); empty: the command tells it as a fact.
    pub at: &'static str,
}

impl Action {
    /// Tells whether the outputs are in the JSON that the command prints.
    pub fn prints_json(&self) -> bool {
        self.outputs.iter().any(|output| !output.at.is_empty())
    }

    /// Returns all inputs in order.
    pub fn inputs(&self) -> impl Iterator<Item = &'static Input> {
        self.inputs.iter().flat_map(|group| group.iter())
    }

    /// Returns all outputs in order.
    pub fn outputs(&self) -> impl Iterator<Item = &'static Output> {
        self.outputs.iter().chain(&ALWAYS)
    }
}

impl Input {
    /// Returns the variable that it arrives in.
    pub fn variable(&self) -> String {
        format!("INPUT_{}", self.name.to_ascii_uppercase().replace('-', "_"))
    }
}

/// Returns the action of a name.
pub fn find(name: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.name == name)
}

const fn input(name: &'static str, shape: Shape, help: &'static str) -> Input {
    Input { name, help, shape, required: false, default: "" }
}

const fn required(name: &'static str, shape: Shape, help: &'static str) -> Input {
    Input { required: true, ..input(name, shape, help) }
}

const fn default(default: &'static str, input: Input) -> Input {
    Input { default, ..input }
}

const fn gives(name: &'static str, help: &'static str) -> Output {
    Output { name, help, at: "" }
}

const fn prints(at: &'static str, name: &'static str, help: &'static str) -> Output {
    Output { name, help, at }
}

use Shape::{Flag, Folder, Lines, Named, Positional, Positionals, Summary, Text, Unless, Variable};

/// What every action gives.
const ALWAYS: [Output; 2] = [
    gives("exit-code", "The exit code of the command, as `shmoo --help` lists them"),
    gives("empty", "`true` if there was nothing to do (exit code 3, with which the step is green), else `false`"),
];

const FOLDER: Input = default(".", input("working-directory", Folder, "The folder to work in"));
const SUITE: Input = required("suite", Positional, "The suite file");
const RUN: Input = default("last", input("run", Positional, "The run: its name, a unique part of it, or `last`"));
const JOBS: Input = input(
    "jobs",
    Named("--jobs"),
    "How many tasks run at a time; by default as many as the project's `limits` say, else as there are processors",
);
const RUNNER: Input = input("runner", Named("--runner"), "Run tasks whose stage wants a machine with this label");
const STRICT: Input =
    default("false", input("strict", Flag("--strict"), "`true` counts uncertain changes as regressions"));
const BASE: Input = input(
    "base",
    Lines("--base"),
    "What to compare with, one a line, the first decides; by default the project's `baselines`",
);
const COMPARE: Input =
    default("true", input("compare", Unless("--no-compare"), "`false` compares with no earlier run"));
const ARCHIVE: Input =
    default("true", input("archive", Unless("--no-archive"), "`false` puts no archive into the store"));
const SUMMARY: Input =
    default("true", input("summary", Summary, "`false` writes neither a job summary nor annotations"));
const TOKEN: Input =
    default("${{ github.token }}", input("token", Variable("GITHUB_TOKEN"), "The token for GitHub's API"));
const MAX_WAIT: Input =
    input("max-wait", Named("--max-wait"), "Wait so many seconds in all for GitHub's rate limits; by default 120");

/// Which part of a suite.
const SELECT: &[Input] = &[
    input("profile", Named("--profile"), "A profile of the suite"),
    input("cases", Lines("--case"), "Globs for names of cases, one a line"),
    input("where", Lines("--where"), "Expressions that must hold for a case, one a line"),
    input("stages", Lines("--stage"), "Stages to take, with all that they need, one a line"),
    input("skip-stages", Lines("--skip-stage"), "Stages to leave out, with all that needs them, one a line"),
];

const PLACES: &[Input] = &[
    input("store", Named("--store"), "The store instead of the project's, such as `gs://bucket/prefix`"),
    input("history", Named("--history"), "The history instead of the project's; without a password in it"),
];

/// How a run is told on GitHub.
const POST: &[Input] = &[
    input("run-url", Named("--run-url"), "Where the CI run is; by default this one"),
    input("report-url", Named("--report-url"), "Where the whole report is"),
    BASE,
    STRICT,
    TOKEN,
    MAX_WAIT,
];

const REPORTED: &[Output] = &[
    gives("run", "The run's name"),
    gives("suite", "The suite's name"),
    gives("verdict", "A word or two, such as `passed`, `failed`, `regressed`, `incomplete`"),
    gives("cases", "How many cases were planned"),
    gives("passed", "How many cases passed"),
    gives("regressed", "How many metrics regressed"),
    gives("base", "The run compared with; empty if there is none"),
    gives("folder", "The run's folder, where `report.html` is; empty if it is not on this machine"),
];

/// All actions but `setup`, whose work begins before there is a shmoo.
pub const ACTIONS: &[Action] = &[
    Action {
        name: "sweep",
        summary: "Run a suite's whole flow on one machine: plan, run, record, archive, check, compare, report",
        command: &["sweep"],
        inputs: &[
            &[SUITE],
            SELECT,
            &[
                JOBS,
                RUNNER,
                default(
                    "false",
                    input("fail-fast", Flag("--fail-fast"), "`true` stops at the first task that does not pass"),
                ),
                BASE,
                COMPARE,
                ARCHIVE,
                STRICT,
            ],
            PLACES,
            &[SUMMARY, FOLDER],
        ],
        outputs: REPORTED,
        permissions: &["contents: read"],
    },
    Action {
        name: "plan",
        summary: "Divide a suite over machines and publish the plan, or plan what a run misses",
        command: &["plan", "--publish", "--format", "json"],
        inputs: &[
            &[
                input("suite", Positional, "The suite file; leave it out with `missing`"),
                input(
                    "missing",
                    Named("--missing"),
                    "A published run: plan what it has no result of, as its next wave",
                ),
                default("8", input("shards", Named("--shards"), "How many machines, at most 256")),
            ],
            SELECT,
            &[
                input("max-cost", Named("--max-cost"), "Stop if the run is expected to cost more"),
                input(
                    "max-shard-time",
                    Named("--max-shard-time"),
                    "Take more shards until none takes longer, such as `5h`",
                ),
            ],
            PLACES,
            &[FOLDER],
        ],
        outputs: &[
            prints("/run", "run", "The run's name, for `run` and `collect`"),
            prints("/wave", "wave", "The wave: 1, or the next one with `missing`"),
            prints("/count", "count", "How many shards there are; 0 if none is needed"),
            prints(
                "/matrix",
                "matrix",
                "`{\"include\": [{\"shard\": 1, \"of\": 8, \"runner\": \"LABEL\"}, ...]}` for a job matrix",
            ),
            prints("/prepare", "prepare", "How many tasks go before the shards: run `shard: prepare` if it is not 0"),
            prints("/finish", "finish", "How many tasks follow the shards; `collect` runs them"),
            prints("/tasks", "tasks", "How many tasks this wave has"),
        ],
        permissions: &["contents: read"],
    },
    Action {
        name: "run",
        summary: "Run a part of a published plan: a shard, or what goes before all shards",
        command: &["run"],
        inputs: &[
            &[
                required("run", Named("--run"), "The run, as `plan` gave it"),
                required("shard", Named("--shard"), "`I/N`, or `prepare`"),
                input("wave", Named("--wave"), "The wave, as `plan` gave it; by default 1"),
                JOBS,
                RUNNER,
            ],
            PLACES,
            &[FOLDER],
        ],
        outputs: &[],
        permissions: &["contents: read"],
    },
    Action {
        name: "collect",
        summary: "Gather what many machines have run: finish, record, archive, check, compare, report",
        command: &["collect"],
        inputs: &[
            &[
                required("run", Positional, "The run, as `plan` gave it"),
                default(
                    "false",
                    input("partial", Flag("--partial"), "`true` gathers what there is although tasks are missing"),
                ),
                JOBS,
                RUNNER,
                BASE,
                COMPARE,
                ARCHIVE,
                STRICT,
            ],
            PLACES,
            &[SUMMARY, FOLDER],
        ],
        outputs: REPORTED,
        permissions: &["contents: read"],
    },
    Action {
        name: "archive",
        summary: "Put a run's folder into the store",
        command: &["archive", "--format", "json"],
        inputs: &[&[RUN], PLACES, &[FOLDER]],
        outputs: &[prints("/archive", "key", "Where the archive is in the store")],
        permissions: &["contents: read"],
    },
    Action {
        name: "restore",
        summary: "Take a run, a case or a file out of the store",
        command: &["restore"],
        inputs: &[
            &[
                RUN,
                input("case", Named("--case"), "Only what belongs to this case"),
                input("file", Named("--file"), "One file, by its path in the archive"),
                input("into", Named("--into"), "Where to put it; by default where the run was"),
            ],
            PLACES,
            &[FOLDER],
        ],
        outputs: &[],
        permissions: &["contents: read"],
    },
    Action {
        name: "record",
        summary: "Write a run into the history",
        command: &["record", "--format", "json"],
        inputs: &[&[RUN], PLACES, &[FOLDER]],
        outputs: &[
            prints("/run", "run", "The run's name"),
            prints("/complete", "complete", "Whether planned is reported"),
        ],
        permissions: &["contents: read"],
    },
    Action {
        name: "check",
        summary: "Check a run against its expectations, known failures and goldens",
        command: &["check"],
        inputs: &[&[RUN], PLACES, &[FOLDER]],
        outputs: &[
            gives("run", "The run's name"),
            gives("not-met", "How many tasks missed an expectation, known ones aside"),
        ],
        permissions: &["contents: read"],
    },
    Action {
        name: "compare",
        summary: "Compare a run with an earlier one",
        command: &["compare"],
        inputs: &[&[RUN, BASE, STRICT], PLACES, &[FOLDER]],
        outputs: &[
            gives("run", "The run's name"),
            gives("base", "The run compared with; empty if there is none"),
            gives("regressed", "How many metrics regressed"),
            gives("improved", "How many metrics improved"),
            gives("uncertain", "How many metrics changed without certainty"),
        ],
        permissions: &["contents: read"],
    },
    Action {
        name: "report",
        summary: "Write a report of a run: job summary, annotations, a file",
        command: &["report"],
        inputs: &[
            &[
                RUN,
                default(
                    "terminal",
                    input("format", Named("--format"), "`terminal`, `markdown`, `json`, `csv`, `junit` or `html`"),
                ),
                input("out", Named("--out"), "Write it to this file instead of the log"),
                input("plots", Named("--plots"), "Also write every plot as an SVG file into this folder"),
                BASE,
                STRICT,
            ],
            PLACES,
            &[SUMMARY, FOLDER],
        ],
        outputs: REPORTED,
        permissions: &["contents: read"],
    },
    Action {
        name: "comment",
        summary: "Keep a comment on the pull request up to date with a run",
        command: &["comment", "--format", "json"],
        inputs: &[
            &[
                input(
                    "run",
                    Positionals,
                    "The runs, one a line: names, unique parts of names, or `last`; several make one comment; by default `last`",
                ),
                input(
                    "commit",
                    Named("--commit"),
                    "Instead of `run`: the last run of each suite of this commit, as the history has them",
                ),
                input("archive", Named("--archive"), "An archive of a run that a fork made, instead of `run`"),
                input(
                    "pull-request",
                    Named("--pr"),
                    "The number; by default that of the event, or the one whose head the commit is",
                ),
                input(
                    "key",
                    Named("--key"),
                    "What tells this comment from others; by default the names of suite and profile, or `suites` for several runs",
                ),
                default(
                    "false",
                    input("repost", Flag("--repost"), "`true` hides the earlier comment and writes a new one"),
                ),
                default("false", input("dry-run", Flag("--dry-run"), "`true` prints the comment and sends nothing")),
                input("archive-url", Named("--archive-url"), "Where the archive is"),
                input(
                    "plots-url",
                    Named("--plots-url"),
                    "The folder with the files of `shmoo report --plots FOLDER`, to show them",
                ),
            ],
            POST,
            PLACES,
            &[FOLDER],
        ],
        outputs: &[
            prints("/pull_request", "pull-request", "The pull request's number"),
            prints("/comment", "comment-id", "The comment's number"),
            prints("/url", "comment-url", "Where the comment is"),
            prints("/placed", "placed", "`created`, `updated`, `unchanged` or `reposted`"),
        ],
        permissions: &["contents: read", "pull-requests: write"],
    },
    Action {
        name: "check-run",
        summary: "Show a run as a check on the commit: begun, then concluded whatever became of the job",
        command: &["check-run"],
        inputs: &[
            &[
                required("state", Positional, "`start`, or `finish` in a step with `if: always()`"),
                input("run", Positional, "With `finish`: the run; by default `last`, with `needs` none"),
                input(
                    "needs",
                    Text("--needs"),
                    "With `finish`: `toJSON(needs)`; without a run, a job that failed is what the check tells",
                ),
                default("shmoo", input("name", Named("--name"), "The check's name, which branch rules can require")),
                input(
                    "conclusion",
                    Named("--conclusion"),
                    "With `finish`: conclude with this instead of what the run came to",
                ),
                input(
                    "sha",
                    Named("--sha"),
                    "The commit; by default the head of the pull request, else the commit that runs",
                ),
                BASE,
                STRICT,
                TOKEN,
                MAX_WAIT,
            ],
            PLACES,
            &[FOLDER],
        ],
        outputs: &[
            prints("/id", "check-id", "The check run's number"),
            prints("/url", "check-url", "Where the check run is"),
        ],
        permissions: &["contents: read", "checks: write"],
    },
    Action {
        name: "issue",
        summary: "Keep an issue open while a suite is red on the main branch, and close it when it is green",
        command: &["issue", "--format", "json"],
        inputs: &[
            &[
                input(
                    "run",
                    Positional,
                    "The run: its name, a unique part of it, or `last`; by default `last`, with `needs` none",
                ),
                input(
                    "needs",
                    Text("--needs"),
                    "`toJSON(needs)`: without a run, a job that failed is why the suite is red",
                ),
                input("suite", Named("--suite"), "With `needs`: the suite file, whose name finds the issue"),
                input("profile", Named("--profile"), "With `needs`: the profile that was to be run"),
                input(
                    "key",
                    Named("--key"),
                    "What tells this issue from others; by default the names of suite and profile",
                ),
                input(
                    "branch",
                    Named("--branch"),
                    "The branch that issues are kept for; by default the repository's main branch",
                ),
                input("labels", Lines("--label"), "Labels of a new issue, one a line"),
                default("false", input("dry-run", Flag("--dry-run"), "`true` prints the issue and sends nothing")),
            ],
            POST,
            PLACES,
            &[FOLDER],
        ],
        outputs: &[
            prints("/issue", "issue", "The issue's number; empty if none is open"),
            prints("/url", "issue-url", "Where the issue is"),
            prints("/tracked", "tracked", "`opened`, `updated`, `unchanged`, `closed` or `not needed`"),
        ],
        permissions: &["contents: read", "issues: write"],
    },
    Action {
        name: "changed",
        summary: "List the suites that a change touches, as a job matrix",
        command: &["plan", "--format", "json"],
        inputs: &[&[
            required(
                "since",
                Named("--changed-since"),
                "The commit or branch that the change builds on, such as `origin/main`; it must be fetched",
            ),
            FOLDER,
        ]],
        outputs: &[
            prints(
                "/matrix",
                "matrix",
                "`{\"include\": [{\"suite\": \"NAME\", \"file\": \"FILE\"}, ...]}` for a job matrix",
            ),
            prints("/count", "count", "How many suites are touched"),
            prints("/of", "of", "How many suites the project has"),
        ],
        permissions: &["contents: read"],
    },
    Action {
        name: "fit",
        summary: "Fit a performance model to measurements in CSV files",
        command: &["fit", "--format", "json"],
        inputs: &[&[
            required(
                "data",
                Positionals,
                "The tables, one a line: CSV files with a header, each fitted for itself; not `-`, as a step has no standard input",
            ),
            required("model", Named("--model"), "The model: the name of one that ships, or a file"),
            input("op", Named("--op"), "The operation's name; by default as the rows name it, else the file"),
            input("set", Named("--set"), "The name of the attribute set; by default the model's"),
            input("where", Lines("--where"), "Expressions that must hold for a row, one a line"),
            input("by", Lines("--by"), "Columns whose values are fitted apart, one a line"),
            input("weighting", Named("--weighting"), "`absolute` or `relative`; by default as the model says"),
            input(
                "intervals",
                Named("--intervals"),
                "`bootstrap`, `sandwich` or `none`; by default by the number of rows",
            ),
            default("false", input("robust", Flag("--robust"), "`true` lets rows far off count for less")),
            default("false", input("drop-duplicates", Flag("--drop-duplicates"), "`true` leaves equal rows out")),
            default("false", input("search", Flag("--search"), "`true` looks for better forms")),
            input("out", Named("--out"), "Write the parameters into this file"),
            input("promote", Named("--promote"), "Write them into the next version of this folder's `params_vN.yaml`"),
            input(
                "against",
                Named("--against"),
                "An earlier parameter file, or a folder of versions, to hold the fits against",
            ),
            input(
                "plots",
                Named("--plots"),
                "Draw measured against predicted, and errors along each feature, into this folder",
            ),
            default(
                "false",
                input(
                    "strict",
                    Flag("--strict"),
                    "`true` fails if rows were left out, are equal or mixed, a set has none, or parameters are far off",
                ),
            ),
            FOLDER,
        ]],
        outputs: &[prints("/models", "models", "The fitted models, as JSON: parameters, intervals, errors, warnings")],
        permissions: &["contents: read"],
    },
    Action {
        name: "estimate",
        summary: "Estimate what operations take, or hold estimates against measured runtimes",
        command: &["estimate", "--format", "json"],
        inputs: &[&[
            input("operations", Positional, "The operations to estimate: CSV; leave it out with `evaluate`"),
            input("evaluate", Named("--evaluate"), "A sweep with measured runtimes, to hold estimates against"),
            required("out", Named("--out"), "Write the rows to this file"),
            input("params", Named("--params"), "The folder of parameters; by default those that ship"),
            input("formula", Named("--formula"), "The formula of sparse products, `v1` or `v2`; by default `v2`"),
            input("op-type", Named("--op-type"), "With `evaluate`: `unary`, `binary` or `matmul`"),
            input("op-name", Named("--op-name"), "With `evaluate`: the operation that the sweep measured"),
            input("arch", Named("--arch"), "With `evaluate`: the device that the sweep measured"),
            input(
                "params-version",
                Named("--params-version"),
                "With `evaluate`: the version of the parameters; by default the latest",
            ),
            input(
                "bounds",
                Named("--bounds"),
                "With `evaluate`: the least and the largest ratio that will do, such as `0.8,1.2`",
            ),
            default("false", input("intervals", Flag("--intervals"), "`true` says where runtimes will be")),
            default(
                "false",
                input("strict", Flag("--strict"), "`true` fails if a feature leaves the range of the fit"),
            ),
            FOLDER,
        ]],
        outputs: &[
            prints("/rows", "rows", "How many rows there were"),
            prints("/refused_rows", "refused", "How many of them have no estimate"),
            prints("/comparison", "comparison", "With `evaluate`: ratios and errors over all rows, as JSON"),
        ],
        permissions: &["contents: read"],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_plain() {
        let plain = |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !name.contains("--");
        let mut actions = BTreeSet::new();
        for action in ACTIONS {
            assert!(plain(action.name) && actions.insert(action.name), "{}", action.name);
            let (mut inputs, mut outputs) = (BTreeSet::new(), BTreeSet::new());
            for input in action.inputs() {
                assert!(plain(input.name) && inputs.insert(input.variable()), "{} {}", action.name, input.name);
                assert!(!input.help.ends_with('.') && !input.help.contains('\n'), "{}", input.help);
                assert!(!input.required || input.default.is_empty(), "{} {}", action.name, input.name);
            }
            for output in action.outputs() {
                assert!(plain(output.name) && outputs.insert(output.name), "{} {}", action.name, output.name);
            }
            assert!(action.inputs().any(|input| input.shape == Shape::Folder), "{}", action.name);
        }
    }

    #[test]
    fn secrets_are_no_arguments() {
        let secret = |name: &str| ["token", "password", "secret", "key-file"].contains(&name);
        for input in ACTIONS.iter().flat_map(Action::inputs).filter(|input| secret(input.name)) {
            assert!(matches!(input.shape, Shape::Variable(_)), "{}", input.name);
        }
    }
}
