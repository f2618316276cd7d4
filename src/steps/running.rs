//! The step `run`: plan -> events, in a run folder.

use super::planning::{self, Planned};
use super::retrying::to_retry;
use super::run_folder::{RunFolder, StoredFacts};
use super::run_parts::{PartWriter, Parts};
use super::{StepError, Workspace};
use crate::ledger::Verdict;
use crate::outside::durable;
use crate::outside::environment::Ci;
use crate::outside::lock::RunLock;
use crate::outside::{git, machine};
use crate::plan::{Durations, Plan, PlanFile, ResolvedCommand, SHMOO_MARK, TaskId};
use crate::run::{DriveOptions, Halts, Interrupts, Limits, Progress, Results, Schedule, Setting, drive, halt};
use crate::suite::{Argument, Command};
use crate::value::{Decimal, RunId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Runtime;

/// The exit code of a process that was ended between its last task and its report: "incomplete".
const INTERRUPTED: i32 = 13;

/// How to run.
#[derive(Clone)]
pub struct RunRequest {
    /// Tasks at a time; none = the project's, else the processors.
    pub jobs: Option<usize>,
    /// Stop at the first task that does not pass.
    pub fail_fast: bool,
    /// In a run that goes on, run tasks again that ended in error or by their time limit.
    pub retry_failed: bool,
    /// The label of this machine; tasks of other labels are left out.
    pub label: Option<String>,
    /// Arguments that a command needs besides suite and selection to run the same.
    pub options: Vec<String>,
    /// The path of this program, for `{shmoo}`.
    pub shmoo: PathBuf,
    /// Variables of our own environment, from which the project passes some on.
    pub environment: Vec<(String, String)>,
    /// What CI says of the code.
    pub ci: Ci,
}

/// A run that was carried out, or as far as it went.
pub struct Ran {
    /// Its folder.
    pub folder: RunFolder,
    /// The plan.
    pub plan: Plan,
    /// Why it was stopped, if it was.
    pub stopped: Option<String>,
    /// Tasks without a final state.
    pub left: usize,
    /// Tasks that were final before.
    pub resumed: usize,
    /// Tasks that wait for a machine with another label.
    pub elsewhere: usize,
}

/// What a run is about to do, for whoever shows progress.
#[derive(Debug, Clone, Copy)]
pub struct Outlook<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Name of the run.
    pub run: &'a RunId,
    /// Tasks to do.
    pub tasks: usize,
    /// Tasks that are done.
    pub done: usize,
    /// Tasks at a time.
    pub jobs: usize,
}

/// Shows what happens.
pub trait Observer: Send {
    /// The run begins.
    fn begin(&mut self, outlook: Outlook<'_>);
    /// Something happened.
    fn event(&mut self, plan: &Plan, progress: &Progress);
    /// The run is over.
    fn end(&mut self);
}

/// Names that are tried for a new run: those of one second and one process can be taken.
const NAMES: u32 = 16;

/// Starts a new run of a plan.
pub fn start(
    workspace: &Workspace,
    planned: Planned,
    request: &RunRequest,
    observer: &mut dyn Observer,
) -> Result<Ran, StepError> {
    let Planned { plan, file, root, root_files: _, durations, loaded: _ } = planned;
    let mut facts = facts(workspace, &plan, &file, request)?;
    let mut attempt = 0;
    let folder = loop {
        facts.id = run_id(plan.suite.name.as_str(), facts.started, attempt);
        if let Some(folder) = RunFolder::create(workspace, facts.clone(), &file)? {
            break folder;
        }
        attempt += 1;
        if attempt == NAMES {
            return Err(StepError::usage(format!("there are runs named {} already", facts.id), None));
        }
    };
    let expected = durations.expected(&plan);
    carry_out(Carry { workspace, folder, plan, file, root, expected, request, part: None }, observer)
}

/// Goes on with a run that was not finished.
pub fn resume(
    workspace: &Workspace,
    folder: RunFolder,
    request: &RunRequest,
    observer: &mut dyn Observer,
) -> Result<Ran, StepError> {
    let (plan, file, _) = folder.plan()?;
    let root = workspace.folder.join(&folder.facts.root);
    let durations = match planning::known_durations(workspace, &plan) {
        Err(StepError::History(error)) if error.is_away() => Durations::default(),
        known => known?,
    };
    let expected = durations.expected(&plan);
    carry_out(Carry { workspace, folder, plan, file, root, expected, request, part: None }, observer)
}

/// Returns a name for a run: time, suite, and four hex digits that tell runs of one second apart.
pub(super) fn run_id(suite: &str, now: Timestamp, attempt: u32) -> RunId {
    let unique = crate::value::Digest::of(format!("{now} {} {attempt}", std::process::id()).as_bytes()).to_string();
    RunId::new(format!("{}-{suite}-{}", now.compact(), &unique[..4]))
}

pub(super) fn facts(
    workspace: &Workspace,
    plan: &Plan,
    file: &PlanFile,
    request: &RunRequest,
) -> Result<StoredFacts, StepError> {
    let now = workspace.clock.now();
    let machine = machine::machine(request.label.as_deref());
    let fingerprint = machine::fingerprint(&machine);
    // Without git the commit is not known: that is no reason not to run.
    let source = git::source_info(&workspace.folder, &request.ci).ok().flatten().unwrap_or_default();
    let tools = tool_versions(workspace, plan);
    Ok(StoredFacts::new(
        run_id(plan.suite.name.as_str(), now, 0),
        plan.suite.name.clone(),
        file.suite_file.clone(),
        file.id,
        now,
        source,
        machine,
        fingerprint,
        tools,
        plan.suite.root.clone(),
        request.options.clone(),
    ))
}

/// Returns the tools that the stages of a plan name.
pub fn tools_of(plan: &Plan) -> BTreeSet<String> {
    (0..plan.suite.stages.len()).flat_map(|stage| stage_tools(plan, stage)).collect()
}

/// Returns the tools that a stage names: its `tools`, and the programs of its `cmd`; a `shell` text
/// counts as `bash`. A stage without a task needs none.
pub fn stage_tools(plan: &Plan, index: usize) -> BTreeSet<String> {
    let stage = &plan.suite.stages[index];
    let mut tools = BTreeSet::new();
    if !plan.is_active(index) {
        return tools;
    }
    tools.extend(stage.tools.iter().cloned());
    let arguments = match &stage.command {
        Command::Shell(_) => {
            tools.insert("bash".to_owned());
            return tools;
        }
        Command::Arguments(arguments) => arguments,
    };
    // The same for all points, unless it is made of parameters.
    let same = matches!(arguments.first(), Some(Argument::One(template)) if template.as_literal().is_some());
    let points = if same { 1 } else { plan.stage_tasks(index).points() };
    for point in 0..points {
        let task = plan.stage_tasks(index).task(point, 0);
        let Ok(resolved) = crate::plan::resolve(plan, task, &BTreeMap::new()) else { continue };
        if let ResolvedCommand::Arguments(arguments) = resolved.command {
            let program = arguments.into_iter().next();
            tools.extend(program.filter(|name| !name.contains('/') && !name.contains(SHMOO_MARK)));
        }
    }
    tools
}

/// Returns the version lines of the tools of a plan that are there.
pub(super) fn tool_versions(workspace: &Workspace, plan: &Plan) -> BTreeMap<String, String> {
    let versions = tools_of(plan).into_iter().filter_map(|name| {
        let tool = workspace.tools.inspect(&name).ok()?;
        let digest = tool.sha256.short();
        Some((name, tool.version.clone().unwrap_or_else(|| format!("sha256 {digest}"))))
    });
    versions.collect()
}

/// A run that is to be carried out.
pub(super) struct Carry<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) folder: RunFolder,
    pub(super) plan: Plan,
    pub(super) file: PlanFile,
    /// The suite's root, absolute.
    pub(super) root: PathBuf,
    /// Expected seconds of each task.
    pub(super) expected: Vec<f32>,
    pub(super) request: &'a RunRequest,
    /// What is other for a part of a published run.
    pub(super) part: Option<PartTerms<'a>>,
}

/// What is other for a part of a published run than for a run on one machine.
pub(super) struct PartTerms<'a> {
    pub(super) writer: PartWriter,
    /// The tasks to run.
    pub(super) wanted: &'a dyn Fn(TaskId) -> bool,
    /// Hears when the run is to stop.
    pub(super) halts: Halts,
    /// Is told where the ledger is.
    pub(super) begun: &'a mut dyn FnMut(&Path),
}

/// Carries a run out, as far as it goes.
pub(super) fn carry_out(carry: Carry<'_>, observer: &mut dyn Observer) -> Result<Ran, StepError> {
    let Carry { workspace, folder, plan, file, root, expected, request, mut part } = carry;
    // Held until the run is over.
    let lock = RunLock::acquire(&folder.path, &*workspace.clock).map_err(StepError::Lock)?;
    durable::sweep_drafts(&folder.path).map_err(StepError::disk("tidy", &folder.path))?;
    let (folded, _) = folder.fold()?;
    let generation = part.as_ref().map_or(folded.generation + 1, |part| part.writer.generation);
    let plan = Arc::new(plan);
    let results = Results::default();
    let mut done: BTreeMap<TaskId, Verdict> = BTreeMap::new();
    if !folded.tasks.is_empty() {
        // What a part of a published run has reported is not its own any more.
        let own = part.is_none();
        let again = to_retry(&plan, &folded, &|stage| request.retry_failed || own && stage.retry_on_continue);
        for task in plan.tasks().filter(|task| !again.contains(task)) {
            let finished = folded.tasks.get(&plan.key(task)).and_then(|history| history.finished.clone());
            if let Some(finished) = finished {
                done.insert(task, finished.verdict);
                results.keep_earlier(task, finished);
            }
        }
    }
    let parts = Parts {
        own: workspace,
        world: workspace,
        folder: &folder,
        plan: &plan,
        file: &file,
        root,
        request,
        part: part.as_ref().map(|part| &part.writer),
    };
    let context = parts.gather(generation, results)?;
    let mut halts = match &mut part {
        Some(part) => {
            (part.begun)(context.ledger.path());
            std::mem::replace(&mut part.halts, halt().1)
        }
        None => halt().1,
    };
    let labels = tasks_elsewhere(&plan, request.label.as_deref());
    let is_own = |task: TaskId| part.as_ref().is_none_or(|part| (part.wanted)(task));
    let jobs = jobs(workspace, request.jobs);
    let limits = limits(workspace, jobs);
    let wanted = |task: TaskId| !labels.contains(&task) && is_own(task);
    let mut schedule = Schedule::new(&plan, limits, &expected, &wanted, &|task| done.get(&task).copied());
    let resumed = done.keys().filter(|task| part.is_none() || is_own(**task)).count();
    observer.begin(Outlook { plan: &plan, run: &folder.facts.id, tasks: schedule.left(), done: resumed, jobs });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| StepError::disk("make", &folder.path)(error))?;
    let options = DriveOptions { fail_fast: request.fail_fast };
    let mut tell = |progress| observer.event(&plan, &progress);
    let driven = drive(&runtime, &context, &mut schedule, options, &mut halts, &mut tell);
    observer.end();
    let left = schedule.left();
    drop(schedule);
    if part.is_none() {
        end_at_signals(runtime);
    } else {
        // What a part has brought is still to be reported: signals end it when that is done.
        drop(runtime);
    }
    let driven = driven.map_err(StepError::Run)?;
    context.ledger.close().map_err(StepError::Ledger)?;
    drop(context.materials);
    drop(lock);
    let elsewhere = labels.iter().filter(|task| is_own(**task)).count();
    drop(part);
    let plan = Arc::into_inner(plan).expect("only the context shared the plan");
    Ok(Ran { folder, plan, stopped: driven.stopped, left: left.max(driven.left), resumed, elsewhere })
}

/// Returns the tasks that want a machine with a label that this one does not have.
pub(super) fn tasks_elsewhere(plan: &Plan, label: Option<&str>) -> BTreeSet<TaskId> {
    let mut elsewhere = BTreeSet::new();
    for (index, stage) in plan.suite.stages.iter().enumerate() {
        if stage.runner.is_none() {
            continue;
        }
        let tasks = plan.stage_tasks(index);
        for point in 0..tasks.points() {
            let Ok(resolved) = crate::plan::resolve(plan, tasks.task(point, 0), &BTreeMap::new()) else { continue };
            if resolved.runner.as_deref() != label {
                elsewhere.extend(tasks.tasks(point));
            }
        }
    }
    elsewhere
}

/// Lets the signals that stop a run end the process, once a part has reported all it has brought.
pub(super) fn end_at_signals_from_now() {
    // Without a runtime, signals are heard by nobody, and the process ends a little later by itself.
    if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
        end_at_signals(runtime);
    }
}

/// From now on the signals that stop a run end the process: all that the run has brought is in its
/// ledger, and what follows, from record to report, is made whole or not at all and can be made again.
fn end_at_signals(runtime: Runtime) {
    let wait = move || {
        runtime.block_on(async {
            if let Ok(mut interrupts) = Interrupts::new() {
                interrupts.next().await;
                #[expect(
                    clippy::disallowed_methods,
                    clippy::exit,
                    reason = "nobody else is there to hear that the process is to end"
                )]
                std::process::exit(INTERRUPTED);
            }
        });
    };
    // Without the thread, a signal is heard by nobody, and the process ends a little later by itself.
    let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(wait);
}

/// Returns how many tasks run at a time.
pub(super) fn jobs(workspace: &Workspace, wanted: Option<usize>) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    wanted.or(workspace.project.limits.jobs.map(|jobs| jobs as usize)).unwrap_or(processors).max(1)
}

/// Returns what there is for tasks to share.
pub(super) fn limits(workspace: &Workspace, jobs: usize) -> Limits {
    let project = &workspace.project;
    let mut resources: BTreeMap<String, Decimal> =
        project.resources.iter().map(|resource| (resource.name.clone(), resource.amount)).collect();
    // So many tasks of one processor each may run at a time; one that takes more counts for more.
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).max(jobs);
    resources.insert("cpu".to_owned(), project.limits.cpu.unwrap_or(Decimal::from(processors as i64)));
    let memory = project.limits.memory.or_else(machine::memory);
    if let Some(memory) = memory {
        resources.insert("memory".to_owned(), Decimal::from(memory as i64));
    }
    Limits { jobs, resources }
}

/// Returns how processes of this workspace are started.
pub fn setting(workspace: &Workspace, request: &RunRequest) -> Setting {
    let mut environment = vec![("PATH".to_owned(), workspace.search_path.clone())];
    let passed = request.environment.iter().filter(|(name, _)| workspace.project.env_pass.contains(name));
    environment.extend(passed.filter(|(name, _)| name != "PATH").cloned());
    Setting {
        tools: workspace.tools.clone(),
        shmoo: request.shmoo.clone(),
        environment,
        timeout: workspace.project.timeout,
        output_limit: workspace.project.output_limit,
    }
}
