//! What else changed between two runs that bears on one stage at one point: what it runs, what it takes,
//! its tools, its machine, its code.

use super::differences::{commands, commits, versions};
use super::notes::Topic;
use super::red::shorten;
use crate::record::{RunRecord, TaskRecord};
use crate::suite::{Source, StageIndex, Suite};
use crate::value::{Digest, Repeat, Scalar};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Properties of a machine, those that matter most first; the others follow.
const MACHINE: [&str; 6] = ["label", "cpu", "cores", "governor", "kernel", "memory"];
/// Inputs that are named.
const MOST_INPUTS: usize = 3;

type Params = [(String, Scalar)];
type OwnParams = Vec<(String, Scalar)>;

/// Something else that changed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cause {
    /// What it is about: a note about the same is not needed any more.
    pub(super) topic: Topic,
    pub(super) text: String,
}

/// Two runs, to be asked what changed between them.
pub(super) struct Provenance<'a> {
    head: &'a RunRecord,
    base: &'a RunRecord,
    /// How stages hang together; none: not known, so everything bears on everything.
    suite: Option<&'a Suite>,
    /// How many commits lie between both, if git knows.
    commits: Option<u64>,
    tasks: [Tasks<'a>; 2],
    recipes: [HashMap<&'a str, Digest>; 2],
    by_stage: HashMap<Option<&'a str>, Vec<Cause>>,
}

impl<'a> Provenance<'a> {
    pub(super) fn new(
        head: &'a RunRecord,
        base: &'a RunRecord,
        suite: Option<&'a Suite>,
        commits: Option<u64>,
    ) -> Provenance<'a> {
        let recipes = |record: &'a RunRecord| {
            record.run.metric_infos.iter().map(|info| (info.stage.as_str(), info.stage_digest)).collect()
        };
        Provenance {
            head,
            base,
            suite,
            commits,
            tasks: [Tasks::new(head), Tasks::new(base)],
            recipes: [recipes(head), recipes(base)],
            by_stage: HashMap::new(),
        }
    }

    /// Tells whether the commits of both runs are known.
    pub(super) fn knows_commits(&self) -> bool {
        self.head.run.source.commit.is_some() && self.base.run.source.commit.is_some()
    }

    /// Returns what changed for a stage at a point, the likeliest first; without a stage, for the whole run.
    pub(super) fn causes(&mut self, stage: Option<&'a str>, params: &Params) -> Vec<Cause> {
        let mut causes = stage.map_or_else(Vec::new, |stage| self.at_point(stage, params));
        if !self.by_stage.contains_key(&stage) {
            let found = self.of_stage(stage);
            self.by_stage.insert(stage, found);
        }
        causes.extend(self.by_stage.get(&stage).into_iter().flatten().cloned());
        causes
    }

    /// Returns the stages whose outputs and rows a stage takes, itself first.
    fn feeding(&self, stage: Option<&str>) -> Option<Vec<StageIndex>> {
        let suite = self.suite?;
        let mut feeding = vec![suite.stage(stage?)?];
        let mut next = 0;
        while let Some(&stage) = feeding.get(next) {
            for input in &suite.stages[stage].inputs {
                for from in stages_of(&input.source) {
                    if !feeding.contains(&from) {
                        feeding.push(from);
                    }
                }
            }
            next += 1;
        }
        Some(feeding)
    }

    fn of_stage(&self, stage: Option<&'a str>) -> Vec<Cause> {
        let feeding = self.feeding(stage);
        let mut causes = self.recipes(stage, feeding.as_deref());
        let recipes_changed = !causes.is_empty();
        causes.extend(self.files(feeding.as_deref()));
        causes.extend(self.tools(feeding.as_deref()));
        causes.extend(self.machine());
        let (head, base) = (&self.head.run, &self.base.run);
        if head.suite_digest != base.suite_digest && !recipes_changed {
            let text = if feeding.is_some() { "the suite elsewhere" } else { "the suite" };
            causes.push(Cause { topic: Topic::Suite, text: text.to_owned() });
        }
        if head.shmoo != base.shmoo {
            causes.push(Cause { topic: Topic::Shmoo, text: format!("shmoo {} -> {}", base.shmoo, head.shmoo) });
        }
        let commits = commits(&head.source, &base.source, self.commits);
        causes.extend(commits.map(|text| Cause { topic: Topic::Commits, text }));
        causes
    }

    /// Stages of the flow up to here that run or read something else now.
    fn recipes(&self, stage: Option<&str>, feeding: Option<&[StageIndex]>) -> Vec<Cause> {
        let name = |index: &StageIndex| self.suite.map_or("", |suite| suite.stages[*index].name.as_str());
        let names: Vec<&str> = match feeding {
            Some(feeding) => feeding.iter().map(name).collect(),
            None => {
                stage.into_iter().chain(self.head.run.metric_infos.iter().map(|info| info.stage.as_str())).collect()
            }
        };
        let mut causes: Vec<Cause> = Vec::new();
        for name in names {
            let topic = Topic::Recipe(name.to_owned());
            let differ = self.recipes[0].get(name).zip(self.recipes[1].get(name)).is_some_and(|(now, was)| now != was);
            if differ && causes.iter().all(|cause| cause.topic != topic) {
                causes.push(Cause { topic, text: format!("what `{name}` runs and reads, in the suite") });
            }
        }
        causes
    }

    /// Repository files that the flow up to here takes. Of runs that an older shmoo recorded none are known.
    fn files(&self, feeding: Option<&[StageIndex]>) -> Option<Cause> {
        let (head, base) = (&self.head.run.files, &self.base.run.files);
        if head.is_empty() || base.is_empty() {
            return None;
        }
        let taken = self.suite.zip(feeding).map(|(suite, feeding)| {
            let inputs = feeding.iter().flat_map(|stage| &suite.stages[*stage].inputs);
            inputs.flat_map(|input| root_paths(&input.source)).collect::<Vec<Option<&str>>>()
        });
        let is_taken = |file: &str| {
            taken.as_ref().is_none_or(|paths| paths.iter().any(|path| path.is_none_or(|path| is_below(file, path))))
        };
        let names: BTreeSet<&String> = head.keys().chain(base.keys()).collect();
        let differ = |name: &&String| head.get(*name) != base.get(*name) && is_taken(name);
        let changed: Vec<String> =
            names.into_iter().filter(differ).map(|name| format!("`{}`", shorten(name))).collect();
        let text = named(changed)?;
        Some(Cause { topic: Topic::Files, text: format!("the repository's {text}") })
    }

    /// Tools of the flow up to here.
    fn tools(&self, feeding: Option<&[StageIndex]>) -> Vec<Cause> {
        let (head, base) = (&self.head.run.tools, &self.base.run.tools);
        let own = feeding.and_then(|feeding| Some(self.tools_of(*feeding.first()?)));
        let all =
            feeding.map(|feeding| feeding.iter().map(|stage| (*stage, self.tools_of(*stage))).collect::<Vec<_>>());
        let names: BTreeSet<&String> = head.keys().chain(base.keys()).collect();
        let mut causes = Vec::new();
        for name in names.into_iter().filter(|name| head.get(*name) != base.get(*name)) {
            // Where it is not used by the stage itself, the first that uses it is named.
            let of = match (&own, &all, self.suite) {
                (Some(own), Some(all), Some(suite)) if !own.contains(name.as_str()) => {
                    let Some((stage, _)) = all.iter().find(|(_, tools)| tools.contains(name.as_str())) else {
                        continue;
                    };
                    format!(" (in `{}`)", suite.stages[*stage].name)
                }
                _ => String::new(),
            };
            let text = match (base.get(name), head.get(name)) {
                (Some(was), Some(is)) => versions(name, was, is),
                (None, Some(is)) => format!("{name} {}, of which the base has no record", shorten(is)),
                (was, _) => {
                    format!(
                        "{name} {}, of which this run has no record",
                        was.map(|was| shorten(was)).unwrap_or_default()
                    )
                }
            };
            causes.push(Cause { topic: Topic::Tool(name.clone()), text: format!("{text}{of}") });
        }
        causes
    }

    /// Returns the tools that a stage names, and the programs that it started.
    fn tools_of(&self, stage: StageIndex) -> BTreeSet<&str> {
        let Some(suite) = self.suite else { return BTreeSet::new() };
        let stage = &suite.stages[stage];
        let started = self.tasks.iter().filter_map(|tasks| tasks.programs.get(stage.name.as_str())).flatten().copied();
        stage.tools.iter().map(String::as_str).chain(started).collect()
    }

    fn machine(&self) -> Vec<Cause> {
        let (head, base) = (&self.head.run, &self.base.run);
        let rank = |name: &str| match name {
            "hostname" => usize::MAX,
            name => MACHINE.iter().position(|known| *known == name).unwrap_or(MACHINE.len()),
        };
        let mut names: Vec<&String> = head.machine.keys().chain(base.machine.keys()).collect();
        names.sort_by_key(|name| (rank(name), *name));
        names.dedup();
        let mut causes = Vec::new();
        for name in names {
            let (was, is) = (base.machine.get(name), head.machine.get(name));
            if was != is {
                let value = |value: Option<&String>| value.map_or_else(|| "unknown".to_owned(), |value| shorten(value));
                let text = format!("{name} {} -> {}", value(was), value(is));
                causes.push(Cause { topic: Topic::Machine(name.clone()), text });
            }
        }
        if causes.is_empty() && head.fingerprint != base.fingerprint {
            let text = format!("kind of machine {} -> {}", base.fingerprint, head.fingerprint);
            causes.push(Cause { topic: Topic::Fingerprint, text });
        }
        causes
    }

    /// The command with its values, and the files that other tasks left for it.
    fn at_point(&self, stage: &str, params: &Params) -> Vec<Cause> {
        let mut causes = Vec::new();
        let Some(suite) = self.suite else { return causes };
        let Some(index) = suite.stage(stage) else { return causes };
        let [now, was] = [0, 1].map(|run| self.task(run, suite, index, params));
        let same_recipe = self.recipes[0].get(stage) == self.recipes[1].get(stage);
        if let (Some(now), Some(was)) = (now, was)
            && same_recipe
            && !now.command.is_empty()
            && !was.command.is_empty()
            && now.command != was.command
        {
            causes.push(Cause { topic: Topic::Point, text: commands(&was.command, &now.command) });
        }
        let mut changed: Vec<String> = Vec::new();
        for input in &suite.stages[index].inputs {
            let Some((from, path)) = taken(&input.source, suite, params) else { continue };
            let [now, was] = [0, 1].map(|run| self.task(run, suite, from, params));
            let (Some(now), Some(was)) = (now, was) else { continue };
            for path in other_outputs(now, was, path) {
                changed.push(format!("`{}/{}`", suite.stages[from].name, shorten(&path)));
            }
        }
        changed.dedup();
        causes.extend(named(changed).map(|text| Cause { topic: Topic::Point, text: format!("its input {text}") }));
        causes
    }

    /// Finds the task of a stage that a point hangs on.
    fn task(&self, run: usize, suite: &Suite, stage: StageIndex, params: &Params) -> Option<&'a TaskRecord> {
        let stage = &suite.stages[stage];
        let schema = suite.schema.params();
        let own = stage.per.iter().filter_map(|param| params.iter().find(|(name, _)| *name == schema[*param].name));
        self.tasks[run].by_params.get(&(stage.name.as_str().to_owned(), key(own))).copied()
    }
}

/// Returns parameters in an order of their own.
fn key<'p>(params: impl Iterator<Item = &'p (String, Scalar)>) -> OwnParams {
    let mut key: OwnParams = params.cloned().collect();
    key.sort();
    key
}

/// The tasks of a run.
struct Tasks<'a> {
    by_params: HashMap<(String, OwnParams), &'a TaskRecord>,
    /// The programs that the tasks of each stage started.
    programs: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Tasks<'a> {
    fn new(record: &'a RunRecord) -> Tasks<'a> {
        let mut tasks = Tasks { by_params: HashMap::new(), programs: BTreeMap::new() };
        for task in record.tasks.iter().filter(|task| !matches!(task.task.repeat, Some(Repeat::Warmup(_)))) {
            let stage = task.task.stage.as_str();
            tasks.by_params.entry((stage.to_owned(), key(task.params.iter()))).or_insert(task);
            if let Some(program) = task.command.first() {
                tasks.programs.entry(stage).or_default().insert(program);
            }
        }
        tasks
    }
}

/// Returns the stages that a source takes from.
fn stages_of(source: &Source) -> Vec<StageIndex> {
    match source {
        Source::Root(_) => Vec::new(),
        Source::Output { stage, .. } | Source::Rows(stage) | Source::Each { stage, .. } => vec![*stage],
        Source::Pick { from, .. } => from.iter().flat_map(|(_, source)| stages_of(source)).collect(),
    }
}

/// Returns from which stage a source takes an output at a point, and which, if its name is the same for all.
fn taken<'s>(source: &'s Source, suite: &Suite, params: &Params) -> Option<(StageIndex, Option<&'s str>)> {
    match source {
        Source::Output { stage, output, baseline: false, at } if at.is_empty() => Some((*stage, output.as_literal())),
        Source::Pick { param, from } => {
            let name = &suite.schema.params()[*param].name;
            let (_, value) = params.iter().find(|(known, _)| known == name)?;
            let (_, source) = from.iter().find(|(choice, _)| choice == value)?;
            taken(source, suite, params)
        }
        _ => None,
    }
}

/// Lists the first few names; none for no names.
fn named(mut names: Vec<String>) -> Option<String> {
    let more = names.len().saturating_sub(MOST_INPUTS);
    names.truncate(MOST_INPUTS);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!names.is_empty()).then(|| format!("{}{rest}", names.join(", ")))
}

/// Returns the paths that a source takes out of the repository; none for one that differs from task to task.
fn root_paths(source: &Source) -> Vec<Option<&str>> {
    match source {
        Source::Root(path) => vec![path.as_literal()],
        Source::Pick { from, .. } => from.iter().flat_map(|(_, source)| root_paths(source)).collect(),
        Source::Output { .. } | Source::Rows(_) | Source::Each { .. } => Vec::new(),
    }
}

/// Tells whether a file is at a path or below it.
fn is_below(file: &str, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    path.is_empty()
        || path == "."
        || file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns the outputs of a task, or those at or below one path, whose content is another now.
fn other_outputs(now: &TaskRecord, was: &TaskRecord, path: Option<&str>) -> Vec<String> {
    let wanted = |own: &str| path.is_none_or(|path| is_below(own, path));
    let before: HashMap<&str, &Digest> = was.outputs.iter().map(|file| (file.path.as_str(), &file.sha256)).collect();
    let differs = |path: &str, digest: &Digest| before.get(path).is_none_or(|before| *before != digest);
    now.outputs
        .iter()
        .filter(|file| wanted(&file.path) && differs(&file.path, &file.sha256))
        .map(|file| file.path.clone())
        .collect()
}
