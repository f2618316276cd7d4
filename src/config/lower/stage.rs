//! A stage, with everything it refers to looked up.

use super::computed::{Texts, computed, first_list, for_each_scalar, let_names, lets};
use super::evidence::{evidence, fields_given, local_path, rows};
use super::inputs::{Inputs, after, last_part};
use super::metrics::metrics;
use super::outline::Outline;
use super::scope::{Owner, Scope};
use super::vocabulary::Vocabulary;
use crate::config::context::Context;
use crate::config::leaves::{Mapped, Placed};
use crate::config::metric_file::{RepeatFile, RetryFile};
use crate::config::node::Text;
use crate::config::stage_file::{ArgumentFile, ExitFile, StageFile};
use crate::config::values_file::ComputedFile;
use crate::suite::{
    After, Argument, Command, Computed, ExitRule, Input, InputName, Let, Metric, Repeats, Retry, RetryCondition, Stage,
    StageIndex, Template, Uses,
};
use crate::value::{Decimal, Problem, Scalar, StageName, did_you_mean, parse_bytes, parse_duration};

/// What reading a stage needs besides its file.
pub(crate) struct StageReader<'a> {
    /// The words of the suite.
    pub(crate) vocabulary: &'a Vocabulary,
    /// `let`s of the suite and of any block.
    pub(crate) outer_lets: &'a [&'a str],
    /// All stages.
    pub(crate) outlines: &'a [Outline],
}

impl StageReader<'_> {
    /// Reads one stage.
    pub(crate) fn read(
        &self,
        index: StageIndex,
        name: &Text,
        file: &StageFile,
        context: &mut Context,
    ) -> Option<Stage> {
        let outline = &self.outlines[index];
        let names: Vec<&str> = self.outer_lets.iter().copied().chain(let_names(file.lets.as_ref())).collect();
        let mut scope = Scope::new(self.vocabulary, names);
        scope.owner = Some(Owner { params: &outline.per, name: format!("stage `{}`", outline.name), key: "per" });
        scope.cases = file.rows.is_some();
        let before = context.problems.len();

        let stage_lets = lets(file.lets.as_ref(), Texts::Templates, &scope, context);
        let when = file.when.as_ref().and_then(|text| scope.expression(text, context));
        let inputs_reader = Inputs { outlines: self.outlines, own: index, scope: &scope };
        let inputs = file.inputs.as_ref().map_or_else(Vec::new, |file| inputs_reader.read(file, context));
        let after = match &file.after {
            Some(file) => after(file, &inputs_reader, context),
            None => Some(After::Stages(Vec::new())),
        };
        let command = command(name, file, &scope, context);
        let env = environment(file.env.as_ref(), &scope, context);
        let outputs = outputs(file, &inputs, &scope, context);
        let evidence = evidence(file.evidence.as_deref().unwrap_or_default(), &scope, context);
        let rows = file.rows.as_ref().and_then(|file| rows(file, &scope, context));
        check_proof(name, file, context);

        let (fields, open) = fields_given(&evidence, rows.as_ref());
        scope.fields = fields;
        // Evidence that could not be read might have given anything.
        scope.open = open || context.problems.len() > before;
        let metrics = match &file.metrics {
            Some(file) => metrics(file, &mut scope, context),
            None => Vec::new(),
        };
        let retry = file.retry.iter().flatten().filter_map(|file| retry(file, &metrics, &scope, context)).collect();
        let plain = Scope { fields: Vec::new(), open: false, ..scope.clone() };
        let timeout = file.timeout.as_ref().and_then(|file| timeout(file, &plain, context));
        let repeat = file.repeat.as_ref().and_then(|file| repeats(&file.value, context));
        check_cache(file, context);
        Some(Stage {
            name: StageName::new(name.as_str()),
            per: outline.per.clone(),
            when,
            inputs,
            after: after?,
            lets: stage_lets,
            command: command?,
            env,
            tools: file.tools.iter().flatten().map(|tool| tool.as_str().to_owned()).collect(),
            outputs,
            exit: exit_rule(file.exit.as_ref(), context),
            evidence,
            rows,
            metrics,
            timeout,
            retry,
            retry_on_continue: file.retry_on_continue.is_some_and(|flag| flag.value),
            repeat,
            exclusive: file.exclusive.is_some_and(|flag| flag.value),
            uses: uses(file.uses.as_ref(), context),
            runner: file.runner.as_ref().and_then(|text| plain.template(text, context)),
            cache: file.cache.is_some_and(|flag| flag.value),
            span: name.span,
        })
    }
}

fn check_proof(name: &Text, file: &StageFile, context: &mut Context) {
    let nothing = |list: Option<usize>| list.unwrap_or(0) == 0;
    let proves = !nothing(file.outputs.as_ref().map(Vec::len))
        || !nothing(file.evidence.as_ref().map(Vec::len))
        || file.rows.is_some();
    if !proves {
        let problem = Problem::at(name.span, format!("`{}` has nothing to show for itself", name.as_str()));
        context.problem(problem.hint(
            "declare `outputs`, `evidence` or `rows`; `evidence: [exit]` says that the exit status is all there is",
        ));
    }
}

fn check_cache(file: &StageFile, context: &mut Context) {
    let Some(Placed { value: true, span }) = file.cache else { return };
    let other = if file.repeat.is_some() {
        "repeat"
    } else if file.exclusive.is_some_and(|flag| flag.value) {
        "exclusive"
    } else {
        return;
    };
    let problem = Problem::at(span, format!("`cache` and `{other}` exclude each other"));
    context.problem(problem.hint("a measurement that is reused measures nothing"));
}

fn command(name: &Text, file: &StageFile, scope: &Scope, context: &mut Context) -> Option<Command> {
    match (&file.cmd, &file.shell) {
        (Some(_), Some(shell)) => {
            let problem = Problem::at(shell.span, "`cmd` and `shell` exclude each other");
            context.problem(problem.hint("`cmd` starts a program, `shell` runs a text in bash"));
            None
        }
        (None, None) => {
            let problem = Problem::at(name.span, format!("`{}` runs nothing", name.as_str()));
            context.problem(problem.hint("give it `cmd: [PROGRAM, ARGUMENT]` or `shell: TEXT`"));
            None
        }
        (None, Some(shell)) => {
            if shell.as_str().trim().is_empty() {
                context.problem(Problem::at(shell.span, "`shell` is empty"));
            }
            warn_about_placeholders(shell, scope, context);
            Some(Command::Shell(shell.as_str().to_owned()))
        }
        (Some(cmd), None) => {
            match cmd.value.first() {
                Some(ArgumentFile::One(_)) => {}
                Some(ArgumentFile::Optional(_)) => {
                    context.problem(Problem::at(cmd.span, "the program of `cmd` cannot be optional"));
                }
                None => context.problem(Problem::at(cmd.span, "`cmd` is empty").hint("write `[PROGRAM, ARGUMENT]`")),
            }
            let arguments: Vec<Argument> = cmd.value.iter().filter_map(|item| argument(item, scope, context)).collect();
            if let Some(Argument::Splice { span, .. }) = arguments.first() {
                context.problem(Problem::at(*span, "the program of `cmd` cannot be a list"));
            }
            (arguments.len() == cmd.value.len()).then_some(Command::Arguments(arguments))
        }
    }
}

fn argument(file: &ArgumentFile, scope: &Scope, context: &mut Context) -> Option<Argument> {
    match file {
        ArgumentFile::One(text) => match scope.splice(text, context) {
            Some(name) => Some(Argument::Splice { name, span: text.span }),
            None => scope.template(text, context).map(Argument::One),
        },
        ArgumentFile::Optional(items) => {
            let read: Vec<Template> = items.iter().filter_map(|item| scope.template(&item.0, context)).collect();
            (read.len() == items.len()).then_some(Argument::Optional(read))
        }
    }
}

/// Texts in `shell` are not replaced; `{vdd}` there is nearly always a slip.
fn warn_about_placeholders(shell: &Text, scope: &Scope, context: &mut Context) {
    let text = shell.as_str();
    for (at, _) in text.match_indices('{') {
        let Some(end) = text[at..].find('}') else { break };
        let name = &text[at + 1..at + end];
        let variable = if scope.vocabulary.param(name).is_some() {
            format!("SHMOO_PARAM_{}", name.to_uppercase())
        } else if scope.lets.contains(&name) {
            format!("SHMOO_LET_{}", name.to_uppercase())
        } else {
            continue;
        };
        if text[..at].ends_with('$') {
            continue;
        }
        let place = context.part(shell, at, end + 1);
        let problem = Problem::at(place, format!("`{{{name}}}` is not replaced in `shell`"));
        context.warning(problem.hint(format!("write `${variable}`")));
    }
}

fn environment(file: Option<&Mapped<ComputedFile>>, scope: &Scope, context: &mut Context) -> Vec<(String, Computed)> {
    let mut found = Vec::new();
    for (name, value) in file.into_iter().flat_map(|Mapped(entries)| entries) {
        let text = name.as_str();
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !plain || text.starts_with(|c: char| c.is_ascii_digit()) {
            let problem = Problem::at(name.span, format!("`{text}` cannot name an environment variable"));
            context.problem(problem.hint("a name is a letter or `_`, then letters, digits and `_`"));
            continue;
        }
        if text.starts_with("SHMOO_") {
            let problem = Problem::at(name.span, format!("`{text}` cannot be set: names with `SHMOO_` are shmoo's"));
            context.problem(problem.hint("rename the variable"));
            continue;
        }
        if let Some(list) = first_list(value) {
            let problem = Problem::at(list, "an environment variable holds one value, found a list");
            context.problem(problem);
            continue;
        }
        found.extend(computed(value, Texts::Templates, scope, context).map(|value| (text.to_owned(), value)));
    }
    found
}

fn outputs(file: &StageFile, inputs: &[Input], scope: &Scope, context: &mut Context) -> Vec<Template> {
    let mut found: Vec<Template> = Vec::new();
    for text in file.outputs.iter().flatten() {
        let Some(template) = local_path(text, scope, context) else { continue };
        if matches!(template.as_literal(), Some("." | "./")) {
            let problem = Problem::at(text.span, "the whole folder cannot be an output");
            context.problem(problem.hint("name the files or folders that the task leaves behind"));
            continue;
        }
        if found.contains(&template) {
            context.problem(Problem::at(text.span, format!("the output `{}` is named twice", text.as_str())));
            continue;
        }
        let is_input = |input: &Input| {
            let name = match &input.name {
                InputName::Given(name) => name.as_literal().map(str::to_owned),
                InputName::LastPart => last_part(&input.source),
            };
            name.is_some() && name.as_deref() == template.as_literal()
        };
        if inputs.iter().any(is_input) {
            let problem = Problem::at(text.span, format!("`{}` is an input and an output", text.as_str()));
            context.problem(problem.hint("inputs are checked to be unchanged; write to another file"));
            continue;
        }
        found.push(template);
    }
    found
}

fn exit_rule(file: Option<&ExitFile>, context: &mut Context) -> ExitRule {
    match file {
        None => ExitRule::Codes(vec![0]),
        Some(ExitFile::Any) => ExitRule::Any,
        Some(ExitFile::Codes(codes, span)) => {
            if codes.is_empty() {
                context.problem(Problem::at(*span, "no exit code is allowed").hint("write `[0]` or `any`"));
            }
            for code in codes.iter().filter(|code| !(0..=255).contains(&code.value)) {
                context.problem(
                    Problem::at(code.span, format!("{} is no exit code", code.value)).hint("they go from 0 to 255"),
                );
            }
            ExitRule::Codes(codes.iter().map(|code| code.value).collect())
        }
    }
}

/// Reads `repeat` of a stage or profile.
pub(crate) fn repeats(file: &RepeatFile, context: &mut Context) -> Option<Repeats> {
    if file.count.value == 0 {
        let problem = Problem::at(file.count.span, "`count` must be at least 1");
        context.problem(problem.hint("to leave the stage out use `when`"));
        return None;
    }
    Some(Repeats { count: file.count.value, warmup: file.warmup.map_or(0, |warmup| warmup.value) })
}

fn retry(file: &RetryFile, metrics: &[Metric], scope: &Scope, context: &mut Context) -> Option<Retry> {
    let before = context.problems.len();
    if file.conditions.value.is_empty() {
        let problem = Problem::at(file.conditions.span, "`retry` has no reason");
        context.problem(problem.hint("name `error`, `timeout` or a metric with `expect`"));
    }
    if file.times.value == 0 {
        context.problem(Problem::at(file.times.span, "`times` must be at least 1").hint("remove the line instead"));
    }
    let mut conditions = Vec::new();
    for name in &file.conditions.value {
        let metric = metrics.iter().position(|metric| metric.name.as_str() == name.as_str());
        conditions.push(match (name.as_str(), metric) {
            ("error", _) => RetryCondition::Error,
            ("timeout", _) => RetryCondition::Timeout,
            (_, Some(metric)) => {
                if metrics[metric].expect.is_empty() {
                    let problem = Problem::at(name.span, format!("nothing is expected of `{}`", name.as_str()));
                    context.problem(problem.hint("give the metric an `expect`; a retry waits for it to be missed"));
                }
                RetryCondition::Metric(metric)
            }
            (other, None) => {
                let known = metrics.iter().map(|metric| metric.name.as_str()).chain(["error", "timeout"]);
                let problem = Problem::at(name.span, format!("`{other}` is no reason to try again"));
                context.problem(problem.maybe_hint(did_you_mean(other, known)));
                continue;
            }
        });
    }
    let mut set = Vec::new();
    for (name, value) in file.set.iter().flat_map(|Mapped(entries)| entries) {
        if !scope.lets.contains(&name.as_str()) {
            let problem = Problem::at(name.span, format!("there is no `let` called `{}`", name.as_str()));
            let hint = if scope.vocabulary.param(name.as_str()).is_some() {
                Some("a parameter never changes; give the stage a `let` that starts from it".to_owned())
            } else {
                did_you_mean(name.as_str(), scope.lets.iter().copied())
            };
            context.problem(problem.maybe_hint(hint));
            continue;
        }
        let value = computed(value, Texts::Templates, scope, context);
        set.extend(value.map(|value| Let { name: name.as_str().to_owned(), value, span: name.span }));
    }
    (context.problems.len() == before).then_some(Retry { conditions, times: file.times.value, set, span: file.span })
}

fn timeout(file: &ComputedFile, scope: &Scope, context: &mut Context) -> Option<Computed> {
    if let Some(list) = first_list(file) {
        context.problem(Problem::at(list, "a time limit is one value, found a list"));
        return None;
    }
    let before = context.problems.len();
    let mut texts = Vec::new();
    for_each_scalar(file, &mut |text| texts.push(text.clone()));
    let value = computed(file, Texts::Templates, scope, context)?;
    for text in texts.iter().filter(|text| !text.as_str().contains('{')) {
        match parse_duration(text.as_str()) {
            Err(err) => context.problem(Problem::at(text.span, err.to_string())),
            Ok(limit) if limit.is_zero() => {
                context.problem(Problem::at(text.span, "a time limit of 0 kills every task"));
            }
            Ok(_) => {}
        }
    }
    (context.problems.len() == before).then_some(value)
}

fn uses(file: Option<&Mapped<Text>>, context: &mut Context) -> Uses {
    let mut uses = Uses { cpu: Decimal::ONE, memory: None, named: Vec::new() };
    for (name, amount) in file.into_iter().flat_map(|Mapped(entries)| entries) {
        if name.as_str() == "memory" {
            match parse_bytes(amount.as_str()) {
                Ok(bytes) => uses.memory = Some(bytes),
                Err(err) => context.problem(Problem::at(amount.span, err.to_string())),
            }
            continue;
        }
        let number = match amount.infer() {
            Scalar::Number(number) if !number.is_negative() => number,
            _ => {
                let message = format!("expected an amount of `{}`, found {}", name.as_str(), amount.describe());
                context.problem(Problem::at(amount.span, message).hint("write a number from 0"));
                continue;
            }
        };
        match name.as_str() {
            "cpu" => uses.cpu = number,
            other => uses.named.push((other.to_owned(), number)),
        }
    }
    uses
}
