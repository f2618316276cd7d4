//! The project file `shmoo.yaml`: where things live, and what the machine allows.

use super::context::Context;
use super::declare::record;
use super::leaves::{Bytes, Mapped, Placed};
use super::node::Text;
use super::version::{check_number, check_version};
use crate::value::{BaselineRule, Decimal, Price, Prices, Problem, Problems, Sources, is_identifier};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a project decides for all its suites.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// Globs of suite files, relative to the project folder.
    pub suites: Vec<String>,
    /// Where archives and ledgers go: `file:PATH` or `gs://BUCKET/PREFIX`.
    pub store: String,
    /// Where results go: `sqlite:PATH`, `postgres://...`, or `env:VARIABLE` with one of these in it.
    pub history: String,
    /// What runs are compared with; empty = as fits the run.
    pub baselines: Vec<BaselineRule>,
    /// What a machine gives.
    pub limits: Limits,
    /// Named resources, in the order of the file.
    pub resources: Vec<Resource>,
    /// Where tools are and how to ask for their versions, in the order of the file.
    pub tools: Vec<ToolRule>,
    /// Time limit of an attempt whose stage says none.
    pub timeout: Duration,
    /// Bytes that are kept of each output stream of a process.
    pub output_limit: u64,
    /// What `prune` leaves.
    pub keep: Keep,
    /// Variables of shmoo's own environment that processes see too.
    pub env_pass: Vec<String>,
    /// How hard archives are compressed, from 1 (fast) to 12 (small).
    pub archive_level: u32,
    /// What machines cost.
    pub prices: Option<Prices>,
}

/// What a machine gives to tasks; `None` = what it has.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limits {
    /// Tasks at a time.
    pub jobs: Option<u32>,
    /// Processors.
    pub cpu: Option<Decimal>,
    /// Memory in bytes.
    pub memory: Option<u64>,
}

/// A named resource, such as licences.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// The name in `uses`.
    pub name: String,
    /// How much there is.
    pub amount: Decimal,
    /// Whether all machines share it.
    pub site: bool,
}

/// How a tool is found and identified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolRule {
    /// The name in `cmd` and `tools`.
    pub name: String,
    /// The executable; `None` = looked up by name.
    pub path: Option<String>,
    /// Arguments that make it print its version; empty = `--version`.
    pub version: Vec<String>,
    /// How to install it, for `doctor`.
    pub install: Option<String>,
}

/// What `prune` leaves of earlier runs. A run stays if any rule keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// The last runs of each suite.
    pub runs: u32,
    /// Runs of the last days.
    pub days: u32,
}

impl Default for Project {
    fn default() -> Project {
        Project {
            suites: vec!["configs/*.yaml".to_owned()],
            store: "file:.shmoo/store".to_owned(),
            history: "sqlite:.shmoo/history.db".to_owned(),
            baselines: Vec::new(),
            limits: Limits::default(),
            resources: Vec::new(),
            tools: Vec::new(),
            timeout: Duration::from_secs(3600),
            output_limit: 64 << 20,
            keep: Keep { runs: 20, days: 0 },
            env_pass: Vec::new(),
            archive_level: 6,
            prices: None,
        }
    }
}

record! {
    /// A project of shmoo: where things live, and what the machine allows.
    ProjectFile = "a project" {
        /// Version of the grammar: 1.
        "version" version: Placed<u32>,
        /// Globs of suite files. Default: `[configs/*.yaml]`.
        "suites" suites: Option<Vec<Text>>,
        /// Where archives and ledgers go. Default: `file:.shmoo/store`.
        "store" store: Option<Text>,
        /// Where results go. Default: `sqlite:.shmoo/history.db`.
        "history" history: Option<Text>,
        /// What runs are compared with: the first decides, the others are shown. Default: as fits the run.
        "baselines" baselines: Option<Vec<Text>>,
        /// What a machine gives to tasks. Default: what it has.
        "limits" limits: Option<LimitsFile>,
        /// Named resources that stages take with `uses`.
        "resources" resources: Option<Mapped<ResourceFile>>,
        /// Where tools are and how to ask for their versions.
        "tools" tools: Option<Mapped<ToolFile>>,
        /// Time limit of an attempt whose stage says none. Default: `1h`.
        "timeout" timeout: Option<Placed<Duration>>,
        /// How much is kept of each output stream of a process. Default: `64MiB`.
        "output_limit" output_limit: Option<Bytes>,
        /// What `shmoo prune` leaves of earlier runs.
        "keep" keep: Option<KeepFile>,
        /// Variables of shmoo's own environment that processes see too. Default: none.
        "env_pass" env_pass: Option<Vec<Text>>,
        /// How archives are made.
        "archive" archive: Option<PackFile>,
        /// What machines cost.
        "prices" prices: Option<PricesFile>,
    }
}

record! {
    /// What a machine gives to tasks.
    LimitsFile = "`limits`" {
        /// Tasks at a time.
        "jobs" jobs: Option<Placed<u32>>,
        /// Processors.
        "cpu" cpu: Option<Placed<Decimal>>,
        /// Memory.
        "memory" memory: Option<Bytes>,
    }
}

record! {
    /// A named resource, such as licences.
    ResourceFile = "a resource" {
        /// How much there is.
        "amount" amount: Placed<Decimal>,
        /// Whether all machines share it. Default: each has that much.
        "site" site: Option<bool>,
    }
}

record! {
    /// How a tool is found and identified.
    ToolFile = "a tool" {
        /// The executable. Default: looked up by name.
        "path" path: Option<Text>,
        /// Arguments that make it print its version. Default: `[--version]`.
        "version" version: Option<Vec<Text>>,
        /// How to install it.
        "install" install: Option<Text>,
    }
}

record! {
    /// What `shmoo prune` leaves; a run stays if any rule keeps it.
    KeepFile = "`keep`" {
        /// The last runs of each suite. Default: 20.
        "runs" runs: Option<u32>,
        /// Runs of the last days. Default: 0.
        "days" days: Option<u32>,
    }
}

record! {
    /// How archives are made.
    PackFile = "`archive`" {
        /// How hard they are compressed, from 1 (fast) to 12 (small). Default: 6.
        "level" level: Option<Placed<u32>>,
    }
}

record! {
    /// What machines cost.
    PricesFile = "`prices`" {
        /// What amounts are in. Default: `USD`.
        "currency" currency: Option<Text>,
        /// A machine without a label, or with one that `runners` does not name.
        "default" default: Option<PriceFile>,
        /// Machines by the label that stages want with `runner`.
        "runners" runners: Option<Mapped<PriceFile>>,
    }
}

record! {
    /// A price: `hour` for a whole machine, or `core_hour` and `gib_hour` for what a task holds of it.
    PriceFile = "a price" {
        /// A machine for an hour.
        "hour" hour: Option<Placed<Decimal>>,
        /// A processor for an hour.
        "core_hour" core_hour: Option<Placed<Decimal>>,
        /// A GiB of memory for an hour. Default: 0.
        "gib_hour" gib_hour: Option<Placed<Decimal>>,
    }
}

/// Reads a project file; `name` is its path as the user gave it. The last part of the result is what
/// is allowed and yet looks wrong.
///
/// # Errors
/// All problems that were found.
pub fn load_project(name: &str, text: &str) -> Result<(Project, Sources, Vec<Problem>), Problems> {
    let no_files = |_: &str| Err("a project file names no files".to_owned());
    let mut context = Context::new(name, text, &no_files);
    let project = read(&mut context);
    context.finish(project)
}

fn read(context: &mut Context) -> Option<Project> {
    let root = context.compose(0)?;
    check_version(&root, context)?;
    let file = context.decode::<ProjectFile>(&root)?;
    check_number(file.version, context)?;
    let defaults = Project::default();
    let texts = |list: Option<&Vec<Text>>| list.map(|list| list.iter().map(|text| text.as_str().to_owned()).collect());
    for glob in file.suites.iter().flatten() {
        if let Err(err) = globset::Glob::new(glob.as_str()) {
            let message = format!("`{}` is not a pattern for paths: {}", glob.as_str(), err.kind());
            context.problem(Problem::at(glob.span, message));
        }
    }
    for name in file.env_pass.iter().flatten().filter(|name| !is_variable(name.as_str())) {
        let problem = Problem::at(name.span, format!("`{}` cannot name an environment variable", name.as_str()));
        context.problem(problem.hint("name one variable in each item"));
    }
    if let Some(timeout) = file.timeout.filter(|timeout| timeout.value.is_zero()) {
        context.problem(Problem::at(timeout.span, "a time limit of 0 kills every task"));
    }
    Some(Project {
        suites: texts(file.suites.as_ref()).unwrap_or(defaults.suites),
        store: place(file.store.as_ref(), &["file:", "gs://"], "file:.shmoo/store", context).unwrap_or(defaults.store),
        history: history(file.history.as_ref(), context).unwrap_or(defaults.history),
        baselines: baselines(file.baselines.iter().flatten(), context),
        limits: file.limits.as_ref().map_or(defaults.limits, |file| limits(file, context)),
        resources: resources(file.resources.as_ref(), context),
        tools: tools(file.tools.as_ref()),
        timeout: file.timeout.map_or(defaults.timeout, |timeout| timeout.value),
        output_limit: file.output_limit.map_or(defaults.output_limit, |Bytes(bytes)| bytes),
        keep: file.keep.as_ref().map_or(defaults.keep, |keep| Keep {
            runs: keep.runs.unwrap_or(defaults.keep.runs),
            days: keep.days.unwrap_or(defaults.keep.days),
        }),
        env_pass: texts(file.env_pass.as_ref()).unwrap_or(defaults.env_pass),
        archive_level: archive_level(file.archive.as_ref(), context).unwrap_or(defaults.archive_level),
        prices: file.prices.as_ref().map(|file| prices(file, context)),
    })
}

fn is_variable(text: &str) -> bool {
    is_identifier(text.trim_start_matches('_')) || text == "_"
}

fn place(text: Option<&Text>, schemes: &[&str], example: &str, context: &mut Context) -> Option<String> {
    let text = text?;
    let rest = schemes.iter().find_map(|scheme| text.as_str().strip_prefix(scheme));
    if rest.is_none_or(str::is_empty) {
        let message = format!("`{}` is not a place for it", text.as_str());
        let hint = format!("it starts with `{}`, such as `{example}`", schemes.join("` or `"));
        context.problem(Problem::at(text.span, message).hint(hint));
    }
    Some(text.as_str().to_owned())
}

fn history(text: Option<&Text>, context: &mut Context) -> Option<String> {
    let text = text?;
    if has_password(text.as_str()) {
        // Without its place: the line would be shown.
        context.problem(Problem::new("`history` has a password in it, which does not belong into a file").hint(
            "leave it out: `PGPASSWORD` or `~/.pgpass` have it; or write `history: env:VARIABLE`, and put the URL there",
        ));
        return None;
    }
    if let Some(name) = text.as_str().strip_prefix("env:").filter(|name| !name.is_empty() && !is_variable(name)) {
        let problem = Problem::at(text.span, format!("`{name}` cannot name an environment variable"));
        context.problem(problem.hint("name one variable, such as `env:SHMOO_HISTORY`"));
    }
    let schemes = ["sqlite:", "postgres://", "postgresql://", "env:"];
    place(Some(text), &schemes, "sqlite:.shmoo/history.db", context)
}

/// Tells whether the URL of a server has a password, or looks as if it had.
fn has_password(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://")) else {
        return false;
    };
    let login = rest.rsplit_once('@').map_or("", |(login, _)| login);
    login.contains(':') || rest.contains("password=")
}

fn baselines<'a>(texts: impl Iterator<Item = &'a Text>, context: &mut Context) -> Vec<BaselineRule> {
    let mut rules = Vec::new();
    for text in texts {
        match text.as_str().parse::<BaselineRule>() {
            Ok(rule) => rules.push(rule),
            Err(error) => context.problem(Problem::at(text.span, error.to_string()).hint(error.hint())),
        }
    }
    rules
}

fn limits(file: &LimitsFile, context: &mut Context) -> Limits {
    if let Some(jobs) = file.jobs.filter(|jobs| jobs.value == 0) {
        context.problem(Problem::at(jobs.span, "`jobs` must be at least 1"));
    }
    if let Some(cpu) = file.cpu.filter(|cpu| cpu.value <= Decimal::ZERO) {
        context.problem(Problem::at(cpu.span, "`cpu` must be above 0"));
    }
    Limits {
        jobs: file.jobs.map(|jobs| jobs.value),
        cpu: file.cpu.map(|cpu| cpu.value),
        memory: file.memory.map(|Bytes(bytes)| bytes),
    }
}

fn resources(file: Option<&Mapped<ResourceFile>>, context: &mut Context) -> Vec<Resource> {
    let mut found = Vec::new();
    for (name, file) in file.into_iter().flat_map(|Mapped(entries)| entries) {
        if matches!(name.as_str(), "cpu" | "memory") {
            let problem = Problem::at(name.span, format!("`{}` is a limit of the machine", name.as_str()));
            context.problem(problem.hint(format!("write `limits: {{ {}: ... }}`", name.as_str())));
        }
        if file.amount.value <= Decimal::ZERO {
            context.problem(
                Problem::at(file.amount.span, "there must be some of a resource").hint("write a number above 0"),
            );
        }
        found.push(Resource {
            name: name.as_str().to_owned(),
            amount: file.amount.value,
            site: file.site.unwrap_or(false),
        });
    }
    found
}

fn tools(file: Option<&Mapped<ToolFile>>) -> Vec<ToolRule> {
    let rule = |(name, file): &(Text, ToolFile)| ToolRule {
        name: name.as_str().to_owned(),
        path: file.path.as_ref().map(|text| text.as_str().to_owned()),
        version: file.version.iter().flatten().map(|text| text.as_str().to_owned()).collect(),
        install: file.install.as_ref().map(|text| text.as_str().to_owned()),
    };
    file.into_iter().flat_map(|Mapped(entries)| entries).map(rule).collect()
}

fn archive_level(file: Option<&PackFile>, context: &mut Context) -> Option<u32> {
    let level = file?.level?;
    if !(1..=12).contains(&level.value) {
        context.problem(Problem::at(level.span, format!("{} is no level", level.value)).hint("they go from 1 to 12"));
    }
    Some(level.value)
}

fn prices(file: &PricesFile, context: &mut Context) -> Prices {
    let default = file.default.as_ref().and_then(|file| price(file, context));
    let mut labels = BTreeMap::new();
    for (label, file) in file.runners.iter().flat_map(|Mapped(entries)| entries) {
        labels.extend(price(file, context).map(|price| (label.as_str().to_owned(), price)));
    }
    if default.is_none() && labels.is_empty() {
        let problem = Problem::at(file.span, "no machine has a price");
        context.problem(problem.hint("write `default: { hour: 0.48 }`, or a price by label under `runners`"));
    }
    let currency = file.currency.as_ref().map_or("USD", Text::as_str);
    Prices { currency: currency.to_owned(), default, labels }
}

fn price(file: &PriceFile, context: &mut Context) -> Option<Price> {
    let amounts = [&file.hour, &file.core_hour, &file.gib_hour];
    if let Some(negative) = amounts.into_iter().flatten().find(|amount| amount.value < Decimal::ZERO) {
        context.problem(Problem::at(negative.span, "a price is at least 0"));
    }
    let amount = |amount: &Option<Placed<Decimal>>| amount.as_ref().map(|amount| amount.value.to_f64());
    match (amount(&file.hour), amount(&file.core_hour), amount(&file.gib_hour)) {
        (Some(hour), None, None) => Some(Price::Machine { hour }),
        (None, Some(core_hour), gib_hour) => Some(Price::Shares { core_hour, gib_hour: gib_hour.unwrap_or(0.0) }),
        _ => {
            let problem = Problem::at(file.span, "a price is for a whole machine or for shares of it");
            context.problem(problem.hint("write `hour`, or `core_hour` and `gib_hour`"));
            None
        }
    }
}

/// Returns the JSON schema of project files, for editors.
pub fn project_schema() -> serde_json::Value {
    super::schema::file_schema::<ProjectFile>("shmoo project")
}
