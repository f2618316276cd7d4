//! `shmoo gha`: a command as the step of a GitHub Actions job.

use super::arguments::{Cli, Command, GhaArgs};
use super::exit::Exit;
use super::gha_failed::{append, no_summary, tell_failure};
use super::{Session, carry_out};
use crate::compare::ComparisonVerdict;
use crate::gha::{ACTIONS, Action, Invocation, add_mask, arguments, delimiter_fits, find, group, output, secret_of};
use crate::ledger::Verdict;
use crate::report::{MarkdownOptions, Report, annotations, headline, markdown};
use crate::value::did_you_mean;
use clap::Parser as _;
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::PathBuf;

/// What a step knows while its command works.
pub(super) struct Step {
    summary: bool,
    summary_file: Option<PathBuf>,
    /// What turns the runner's commands on again.
    token: String,
    facts: RefCell<BTreeMap<&'static str, String>>,
    /// Workflow commands for the end.
    marks: RefCell<Vec<u8>>,
    folded: Cell<bool>,
}

impl Step {
    pub(super) fn fact(&self, name: &'static str, value: String) {
        self.facts.borrow_mut().insert(name, value);
    }

    /// Takes what the job should know of a report; called before the report is printed.
    pub(super) fn report(&self, session: &Session, report: &Report) -> Result<(), Exit> {
        self.facts_of(report);
        if self.summary {
            let mut marks = self.marks.borrow_mut();
            annotations(report, &mut *marks).expect("writing to memory does not fail");
            if let Some(file) = &self.summary_file {
                let report = |budget| {
                    let mut text = Vec::new();
                    markdown(report, MarkdownOptions { budget }, &mut text)?;
                    Ok(text)
                };
                append(file, report).map_err(|error| no_summary(session, file, &error))?;
            }
        }
        // What happened is folded, what came of it is not.
        self.unfold(session)
    }

    fn facts_of(&self, report: &Report) {
        let regressed = report.comparison.iter().flat_map(|comparison| &comparison.changes);
        let regressed = regressed.filter(|change| change.verdict == ComparisonVerdict::Regressed).count();
        let base = report.comparison.as_ref().and_then(|comparison| comparison.base.as_ref());
        self.fact("run", report.run.id.to_string());
        self.fact("suite", report.run.suite.to_string());
        self.fact("verdict", headline(report).word.to_owned());
        self.fact("cases", report.cases.len().to_string());
        self.fact("passed", report.totals.cases.get(&Verdict::Pass).copied().unwrap_or(0).to_string());
        self.fact("regressed", regressed.to_string());
        self.fact("base", base.map(|base| base.run.to_string()).unwrap_or_default());
        self.fact("folder", report.folder.clone());
    }

    /// Opens a folded part of the log in which nothing is obeyed.
    fn fold(&self, session: &Session, title: &str) -> Result<(), Exit> {
        self.folded.set(true);
        let token = &self.token;
        session.printer.data(|out| writeln!(out, "{}::stop-commands::{token}", group(title)))
    }

    /// Ends the folded part; nothing is obeyed still.
    fn unfold(&self, session: &Session) -> Result<(), Exit> {
        let token = &self.token;
        if !self.folded.replace(false) {
            return Ok(());
        }
        session.printer.data(|out| writeln!(out, "::{token}::\n::endgroup::\n::stop-commands::{token}"))
    }

    /// Lets the runner obey again, and says what is left to be said to it.
    fn end(&self, session: &Session) -> Result<(), Exit> {
        self.unfold(session)?;
        let (token, marks) = (&self.token, self.marks.borrow());
        session.printer.data(|out| {
            writeln!(out, "::{token}::")?;
            out.write_all(&marks)
        })
    }
}

pub(super) fn gha(session: Session, arguments: &GhaArgs) -> Exit {
    let GhaArgs { action: name } = arguments;
    let Some(action) = find(name) else {
        let hint = did_you_mean(name, ACTIONS.iter().map(|action| action.name));
        session.printer.error(&format!("there is no action `{name}`"), hint.as_deref());
        return Exit::Usage;
    };
    match step(session, action) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn step(session: Session, action: &'static Action) -> Result<Exit, Exit> {
    let variables: BTreeMap<String, String> = session.environment.iter().cloned().collect();
    let path = |name: &str| variables.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let summary_file = path("GITHUB_STEP_SUMMARY");
    let failed = |session: &Session, exit: Exit| tell_failure(session, action, exit, summary_file.as_deref());
    let invocation = arguments_of(&session, action, &variables);
    let Invocation { arguments, variables: own, summary } =
        invocation.map_err(|exit| failed(&session, exit).err().unwrap_or(exit))?;
    mask(&session, &variables)?;
    let words = std::iter::once("shmoo").chain(arguments.iter().map(String::as_str));
    let command = match Cli::try_parse_from(words) {
        Ok(Cli { command, quiet: _ }) => command,
        Err(error) => {
            session.printer.error(error.render().to_string().trim_start_matches("error: ").trim_end(), None);
            failed(&session, Exit::Usage)?;
            return Err(Exit::Usage);
        }
    };
    let token = random(&session)?;
    let step = Step {
        summary,
        summary_file,
        token: format!("shmoo_{token}"),
        facts: RefCell::default(),
        marks: RefCell::default(),
        folded: Cell::new(false),
    };
    let mut environment = session.environment;
    environment.retain(|(name, _)| !name.starts_with("INPUT_") && !own.iter().any(|(own, _)| own == name));
    environment.extend(own.into_iter().map(|(name, value)| (name.to_owned(), value)));
    let session = Session { environment, step: Some(step), ..session };
    let exit = run(&session, action, &command, &arguments)?;
    let outputs = outputs(&session, action, exit);
    write_outputs(&session, path("GITHUB_OUTPUT"), &outputs)?;
    if exit == Exit::Nothing {
        session.printer.note("there was nothing to do: the step is green, with the output `empty=true`");
        return Ok(Exit::Ok);
    }
    Ok(exit)
}

fn arguments_of(
    session: &Session,
    action: &'static Action,
    variables: &BTreeMap<String, String>,
) -> Result<Invocation, Exit> {
    arguments(action, variables).map_err(|problems| {
        for problem in problems {
            session.printer.error(&problem.to_string(), problem.hint().as_deref());
        }
        Exit::Usage
    })
}

/// Lets the runner hide what must not be read in a log.
fn mask(session: &Session, variables: &BTreeMap<String, String>) -> Result<(), Exit> {
    let mut lines = String::new();
    for (name, value) in variables.iter().filter(|(name, _)| name.starts_with("INPUT_")) {
        if name == "INPUT_TOKEN" {
            lines.push_str(&add_mask(value));
        } else if let Some(secret) = secret_of(value) {
            lines.push_str(&add_mask(secret));
        }
    }
    session.printer.data(|out| out.write_all(lines.as_bytes()))
}

fn run(session: &Session, action: &Action, command: &Command, arguments: &[String]) -> Result<Exit, Exit> {
    let step = session.step.as_ref().expect("a step has been made for this session");
    step.fold(session, &format!("shmoo {}", arguments.join(" ")))?;
    if action.prints_json() {
        session.printer.keep_copy();
    }
    let exit = carry_out(session, command);
    let copy = session.printer.take_copy();
    step.end(session)?;
    if let Some(copy) = copy {
        // The first, where there are several.
        let printed = serde_json::Deserializer::from_slice(&copy).into_iter::<Value>().next();
        let printed = printed.and_then(Result::ok).unwrap_or(Value::Null);
        for output in action.outputs.iter().filter(|output| !output.at.is_empty()) {
            if let Some(value) = printed.pointer(output.at).filter(|value| !value.is_null()) {
                step.fact(output.name, value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            }
        }
    }
    if !matches!(exit, Exit::Ok | Exit::Nothing) && step.marks.borrow().is_empty() {
        let summary = step.summary_file.as_deref().filter(|_| step.summary);
        tell_failure(session, action, exit, summary)?;
    }
    Ok(exit)
}

/// Returns every output of the action; what was not told is empty.
fn outputs(session: &Session, action: &Action, exit: Exit) -> Vec<(&'static str, String)> {
    let told = session.step.as_ref().map(|step| step.facts.borrow().clone()).unwrap_or_default();
    let value = |name: &str| match name {
        "exit-code" => exit.code().to_string(),
        "empty" => (exit == Exit::Nothing).to_string(),
        name => told.get(name).cloned().unwrap_or_default(),
    };
    action.outputs().map(|output| (output.name, value(output.name))).collect()
}

fn write_outputs(session: &Session, file: Option<PathBuf>, outputs: &[(&'static str, String)]) -> Result<(), Exit> {
    let Some(file) = file else {
        session.printer.note("GITHUB_OUTPUT is not set: the outputs go nowhere");
        return Ok(());
    };
    let mut text = String::new();
    for (name, value) in outputs {
        let delimiter = format!("shmoo_{}", random(session)?);
        if !delimiter_fits(value, &delimiter) {
            session.printer.error(&format!("the output `{name}` cannot be written"), None);
            return Err(Exit::Bug);
        }
        text.push_str(&output(name, value, &delimiter));
    }
    let written = OpenOptions::new().create(true).append(true).open(&file);
    written.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
        session.printer.error(&format!("cannot write the outputs to `{}`: {error}", file.display()), None);
        Exit::Service
    })
}

/// Returns 32 hexadecimal digits that nobody can guess.
fn random(session: &Session) -> Result<String, Exit> {
    let mut bytes = [0; 16];
    let read = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(|error| {
        session.printer.error(&format!("cannot read random bytes: {error}"), None);
        Exit::Service
    })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gha::Shape;

    /// Values that a command line takes, by option.
    fn value(option: &str) -> &'static str {
        match option {
            "--jobs" | "--shards" | "--wave" | "--pr" | "--max-wait" | "--max-cost" | "--params-version" => "2",
            "--shard" => "1/2",
            "--max-shard-time" => "5h",
            "--format" => "markdown",
            "--weighting" => "relative",
            "--intervals" => "none",
            "--formula" => "v1",
            "--op-type" => "unary",
            "--bounds" => "0.8,1.2",
            "--conclusion" => "neutral",
            "--needs" => r#"{ "plan": { "result": "failure" } }"#,
            "--run-url" | "--report-url" | "--archive-url" | "--plots-url" => "https://a.example/b",
            _ => "x",
        }
    }

    #[test]
    fn every_input_is_an_option_of_its_command() {
        for action in ACTIONS {
            for input in action.inputs() {
                let mut variables = BTreeMap::new();
                let mut set = |input: &crate::gha::Input| {
                    let value = match input.shape {
                        Shape::Positional if input.name == "state" => "finish",
                        Shape::Named(option) | Shape::Text(option) | Shape::Lines(option) => value(option),
                        Shape::Flag(_) | Shape::Summary => "true",
                        Shape::Unless(_) => "false",
                        Shape::Positional | Shape::Positionals | Shape::Variable(_) | Shape::Folder => "x",
                    };
                    variables.insert(input.variable(), value.to_owned());
                };
                action.inputs().filter(|input| input.required).for_each(&mut set);
                // A plan is of a suite or of what a run misses, for so many machines.
                let beside: &[&str] = match (action.name, input.name) {
                    ("plan", "missing") => &["shards"],
                    ("plan", "suite") => &["shards"],
                    ("plan", _) => &["suite", "shards"],
                    // An estimate is of operations, or is held against a sweep.
                    ("estimate", "operations" | "evaluate") => &[],
                    ("estimate", "params" | "formula" | "out" | "intervals" | "strict") => &["operations"],
                    ("estimate", _) => &["evaluate"],
                    ("issue", "suite" | "profile") => &["needs"],
                    _ => &[],
                };
                action.inputs().filter(|other| beside.contains(&other.name)).for_each(&mut set);
                set(input);
                let invocation = arguments(action, &variables).unwrap();
                let words = std::iter::once("shmoo").chain(invocation.arguments.iter().map(String::as_str));
                if let Err(error) = Cli::try_parse_from(words) {
                    panic!("{} {}: {:?}\n{error}", action.name, input.name, invocation.arguments);
                }
            }
        }
    }
}
