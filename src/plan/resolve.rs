//! A task in full: its command, inputs, outputs, limits. Made when needed, not kept.

use super::edges::{LinkError, Upstream, choose, gates, no_choice};
use super::scope::Scope;
use super::{Plan, TaskId};
use crate::evidence::Parser;
use crate::suite::{Command, EvidenceFile, InputName, ParamIndex, Source, StageIndex, let_variable};
use crate::value::{Problem, Scalar, Span, TaskKey, Value, parse_duration};
use std::collections::BTreeMap;
use std::time::Duration;

/// A task with everything filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedTask {
    /// Its number.
    pub id: TaskId,
    /// Its readable identity.
    pub key: TaskKey,
    /// Its stage.
    pub stage: StageIndex,
    /// Values of its own parameters, in name order.
    pub params: Vec<(String, Scalar)>,
    /// Values of the `let`s that it uses.
    pub lets: BTreeMap<String, Value>,
    /// What its folder holds at the start.
    pub inputs: Vec<ResolvedInput>,
    /// Tasks that must have passed.
    pub gates: Vec<TaskId>,
    /// What it runs; `SHMOO_MARK` and `CASES_MARK` stand in it.
    pub command: ResolvedCommand,
    /// Its environment, besides the built-in names.
    pub env: Vec<(String, String)>,
    /// What it must leave behind.
    pub outputs: Vec<String>,
    /// What proves that it ran.
    pub evidence: Vec<ResolvedEvidence>,
    /// The table of its cases.
    pub rows_csv: Option<String>,
    /// Its time limit, if the suite gives one.
    pub timeout: Option<Duration>,
    /// The label of the machine it wants.
    pub runner: Option<String>,
}

/// What a task runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResolvedCommand {
    /// Program and arguments.
    Arguments(Vec<String>),
    /// A text for the shell.
    Shell(String),
}

/// An entry of a task's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedInput {
    /// Its path in the folder.
    pub local: String,
    /// Where it comes from.
    pub source: ResolvedSource,
    /// Where it is declared.
    pub span: Span,
}

/// Where an input comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResolvedSource {
    /// A file or folder below the suite's root.
    Root(String),
    /// An output of a task.
    Output {
        /// The task.
        task: TaskId,
        /// The path in its folder.
        path: String,
    },
    /// An output of a task of the baseline run.
    Baseline {
        /// The task.
        task: TaskKey,
        /// The path in its folder.
        path: String,
    },
    /// A CSV of the parameters and metrics of these tasks (measured rounds).
    Rows(Vec<TaskId>),
    /// A folder with an output of each of these tasks.
    Each(Vec<(TaskId, String)>),
}

/// A report and its parser.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedEvidence {
    /// The parser.
    pub parser: Parser,
    /// A path in the folder, `stdout`, `stderr`; none for the exit status itself.
    pub file: Option<String>,
    /// Fields to pick.
    pub fields: Vec<(String, String)>,
}

/// Returns a task in full, with values that a retry has set.
pub fn resolve(plan: &Plan, task: TaskId, set: &BTreeMap<String, Value>) -> Result<ResolvedTask, Problem> {
    let (stage_index, point, _) = plan.locate(task);
    let suite = &*plan.suite;
    let stage = &suite.stages[stage_index];
    let case = plan.stage_tasks(stage_index).case(point);
    let key = plan.key(task);
    let value_of = |param: ParamIndex| plan.cases.value(case, param);
    let scope = Scope::of_block(suite, Some(plan.cases.block(case)), &value_of)
        .at_stage(stage_index, key.point.as_str())
        .with_set(set);
    let in_task = |problem: Problem| problem.label(format!("for {key}"));

    let command = match &stage.command {
        Command::Arguments(items) => ResolvedCommand::Arguments(scope.arguments(items).map_err(in_task)?),
        Command::Shell(text) => ResolvedCommand::Shell(text.clone()),
    };
    let fill_all = |templates: &[crate::suite::Template]| -> Result<Vec<String>, Problem> {
        templates.iter().map(|template| scope.fill(template)).collect()
    };
    let outputs = fill_all(&stage.outputs).map_err(in_task)?;
    let mut inputs = Vec::new();
    for input in &stage.inputs {
        let source = source(plan, &scope, stage_index, case, &input.source, input.span).map_err(in_task)?;
        let local = match &input.name {
            InputName::Given(template) => scope.fill(template).map_err(in_task)?,
            InputName::LastPart => {
                last_part(&source_path(&scope, plan, case, &input.source, input.span).map_err(in_task)?)
            }
        };
        inputs.push(ResolvedInput { local, source, span: input.span });
    }
    let gates = gates_of(plan, task);
    let env = stage
        .env
        .iter()
        .map(|(name, value)| Ok((name.clone(), scope.computed(value, stage.span)?.to_string())))
        .collect::<Result<_, Problem>>()
        .map_err(in_task)?;
    let evidence = stage
        .evidence
        .iter()
        .map(|spec| {
            let file = match &spec.file {
                EvidenceFile::File(template) => Some(scope.fill(template)?),
                EvidenceFile::Stdout => Some("stdout".to_owned()),
                EvidenceFile::Stderr => Some("stderr".to_owned()),
                EvidenceFile::Exit => None,
            };
            Ok(ResolvedEvidence { parser: spec.parser, file, fields: spec.fields.clone() })
        })
        .collect::<Result<_, Problem>>()
        .map_err(in_task)?;
    let rows_csv = stage.rows.as_ref().map(|rows| scope.fill(&rows.csv)).transpose().map_err(in_task)?;
    let timeout = match &stage.timeout {
        None => None,
        Some(value) => {
            let text = scope.computed(value, stage.span).map_err(in_task)?.to_string();
            let duration = parse_duration(&text)
                .map_err(|error| in_task(Problem::at(stage.span, format!("`timeout` of `{}`: {error}", stage.name))))?;
            Some(duration)
        }
    };
    let runner = stage.runner.as_ref().map(|template| scope.fill(template)).transpose().map_err(in_task)?;
    let schema = suite.schema.params();
    let params = plan.params(task).into_iter().map(|(param, value)| (schema[param].name.clone(), value)).collect();
    let lets = used_lets(plan, &scope, stage_index);
    Ok(ResolvedTask {
        id: task,
        key,
        stage: stage_index,
        params,
        lets,
        inputs,
        gates,
        command,
        env,
        outputs,
        evidence,
        rows_csv,
        timeout,
        runner,
    })
}

/// Returns the tasks that must have passed before a task starts.
pub fn gates_of(plan: &Plan, task: TaskId) -> Vec<TaskId> {
    let (stage, point, _) = plan.locate(task);
    let case = plan.stage_tasks(stage).case(point);
    gates(&plan.suite.stages[stage].after, &plan.cases, case)
        .iter()
        .filter(|&&gate| plan.is_active(gate))
        .flat_map(|&gate| {
            let points = plan.links.gather(plan.tasks_so_far(), stage, gate, case);
            points.flat_map(move |point| plan.stages[gate].measured(point))
        })
        .collect()
}

/// Returns the value of a name at a task, as its stage's expressions see it.
pub fn stage_scope_value(
    plan: &Plan,
    task: TaskId,
    set: &BTreeMap<String, Value>,
    compute: &mut dyn FnMut(&Scope<'_>) -> Result<Value, Problem>,
) -> Result<Value, Problem> {
    let (stage, point, _) = plan.locate(task);
    let case = plan.stage_tasks(stage).case(point);
    let value_of = |param: ParamIndex| plan.cases.value(case, param);
    let name = plan.point_name(stage, point);
    let scope = Scope::of_block(&plan.suite, Some(plan.cases.block(case)), &value_of);
    compute(&scope.at_stage(stage, name.as_str()).with_set(set))
}

/// Returns the `let`s that a stage uses, by name; those without a value here are left out.
fn used_lets(plan: &Plan, scope: &Scope<'_>, stage_index: StageIndex) -> BTreeMap<String, Value> {
    let suite = &plan.suite;
    let stage = &suite.stages[stage_index];
    let known: Vec<&str> = suite
        .lets
        .iter()
        .chain(suite.blocks.iter().flat_map(|block| &block.lets))
        .chain(&stage.lets)
        .map(|entry| entry.name.as_str())
        .collect();
    let used = stage.names_used(known.iter().copied());
    let own = stage.lets.iter().map(|entry| entry.name.clone());
    used.names
        .into_iter()
        .filter(|name| known.contains(&name.as_str()))
        .chain(own)
        .filter_map(|name| Some((name.clone(), scope.lookup(&name).ok()??)))
        .collect()
}

impl ResolvedTask {
    /// Returns name and value of the variables `SHMOO_PARAM_*` and `SHMOO_LET_*`; lists are joined
    /// by spaces.
    pub fn shell_variables(&self) -> Vec<(String, String)> {
        let join = |value: &Value| match value {
            Value::Scalar(scalar) => scalar.to_string(),
            Value::List(items) => items.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        };
        let params = self.params.iter().map(|(name, value)| (crate::suite::param_variable(name), value.to_string()));
        params.chain(self.lets.iter().map(|(name, value)| (let_variable(name), join(value)))).collect()
    }
}

fn last_part(path: &str) -> String {
    let path = path.trim_end_matches('/');
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

/// Returns the path that a source names, whose last part is the local name.
fn source_path(scope: &Scope<'_>, plan: &Plan, case: usize, source: &Source, span: Span) -> Result<String, Problem> {
    match source {
        Source::Root(template) | Source::Output { output: template, .. } => scope.fill(template),
        // A name that differs between the tasks it comes from cannot name their folder.
        Source::Each { stage, output } => {
            let stage = &plan.suite.stages[*stage].name;
            Ok(output.as_literal().map_or_else(|| stage.to_string(), str::to_owned))
        }
        Source::Rows(stage) => Ok(format!("{}.csv", plan.suite.stages[*stage].name)),
        Source::Pick { param, from } => {
            let chosen = choose(&plan.cases, case, *param, from)
                .ok_or_else(|| no_choice(&plan.suite, &plan.cases, case, *param, span))?;
            source_path(scope, plan, case, chosen, span)
        }
    }
}

fn source(
    plan: &Plan,
    scope: &Scope<'_>,
    stage: StageIndex,
    case: usize,
    declared: &Source,
    span: Span,
) -> Result<ResolvedSource, Problem> {
    match declared {
        Source::Root(template) => Ok(ResolvedSource::Root(scope.fill(template)?)),
        Source::Output { stage: producer, output, baseline: true, at } => {
            let path = scope.fill(output)?;
            let task = baseline_key(plan, stage, case, *producer, at);
            Ok(ResolvedSource::Baseline { task, path })
        }
        Source::Output { output, .. } => {
            let found =
                plan.links.find(plan.tasks_so_far(), stage, case, declared, span).map_err(LinkError::problem)?;
            let Upstream::One(producer, point) = found else { unreachable!("an output is of one task") };
            let path = scope.fill(output)?;
            check_output(plan, producer, point, &path, span)?;
            Ok(ResolvedSource::Output { task: plan.stages[producer].task(point, 0), path })
        }
        Source::Rows(_) => {
            let found =
                plan.links.find(plan.tasks_so_far(), stage, case, declared, span).map_err(LinkError::problem)?;
            let Upstream::Many(producer, points) = found else { unreachable!("rows gather") };
            let tasks = &plan.stages[producer];
            Ok(ResolvedSource::Rows(points.into_iter().flat_map(|point| tasks.measured(point)).collect()))
        }
        Source::Each { output, .. } => {
            let found =
                plan.links.find(plan.tasks_so_far(), stage, case, declared, span).map_err(LinkError::problem)?;
            let Upstream::Many(producer, points) = found else { unreachable!("each gathers") };
            let tasks = &plan.stages[producer];
            let mut each = Vec::new();
            for point in points {
                // The placeholders are those of the task it comes from.
                let upstream_case = tasks.case(point);
                let value_of = |param: ParamIndex| plan.cases.value(upstream_case, param);
                let name = plan.point_name(producer, point);
                let upstream = Scope::of_block(&plan.suite, Some(plan.cases.block(upstream_case)), &value_of)
                    .at_stage(producer, name.as_str());
                let path = upstream.fill(output)?;
                check_output(plan, producer, point, &path, span)?;
                each.extend(tasks.measured(point).map(|task| (task, path.clone())));
            }
            Ok(ResolvedSource::Each(each))
        }
        Source::Pick { param, from } => {
            let chosen = choose(&plan.cases, case, *param, from)
                .ok_or_else(|| no_choice(&plan.suite, &plan.cases, case, *param, span))?;
            source(plan, scope, stage, case, chosen, span)
        }
    }
}

/// Returns the key of the baseline's task: the same parameters, where `at` does not fix them.
fn baseline_key(
    plan: &Plan,
    stage: StageIndex,
    case: usize,
    producer: StageIndex,
    at: &[(ParamIndex, Scalar)],
) -> TaskKey {
    let suite = &plan.suite;
    let (mine, theirs) = (&suite.stages[stage].per, &suite.stages[producer].per);
    let values = (0..suite.schema.params().len())
        .map(|param| {
            let fixed = at.iter().find(|(fixed, _)| *fixed == param).map(|(_, value)| value.clone());
            let own = mine.contains(&param).then(|| plan.cases.value(case, param).cloned()).flatten();
            fixed.or(own).filter(|_| theirs.contains(&param))
        })
        .collect();
    let point = crate::naming::Point::new(values);
    let name = suite.schema.name(&point);
    TaskKey { stage: suite.stages[producer].name.clone(), point: name, repeat: None }
}

/// Checks that a task leaves an output, or a folder that holds it.
fn check_output(plan: &Plan, producer: StageIndex, point: u32, path: &str, span: Span) -> Result<(), Problem> {
    let suite = &plan.suite;
    let stage = &suite.stages[producer];
    let case = plan.stages[producer].case(point);
    let value_of = |param: ParamIndex| plan.cases.value(case, param);
    let name = plan.point_name(producer, point);
    let scope = Scope::of_block(suite, Some(plan.cases.block(case)), &value_of).at_stage(producer, name.as_str());
    let mut outputs = Vec::new();
    for template in &stage.outputs {
        let output = scope.fill(template)?;
        let folder = output.trim_end_matches('/');
        if path.trim_end_matches('/') == folder || path.starts_with(&format!("{folder}/")) {
            return Ok(());
        }
        outputs.push(output);
    }
    let known = outputs.iter().map(String::as_str);
    let problem = Problem::at(span, format!("stage `{}` has no output `{path}`", stage.name));
    Err(match crate::value::did_you_mean(path, known) {
        Some(hint) => problem.hint(hint),
        None => problem.hint(format!("declare it in `outputs` of `{}`", stage.name)),
    })
}
