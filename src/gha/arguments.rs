//! Inputs to a command line: one pure function.

use super::table::{Action, Input, Shape};
use crate::value::did_you_mean;
use std::collections::BTreeMap;

/// What a step is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The arguments of `shmoo`.
    pub arguments: Vec<String>,
    /// Variables for the command.
    pub variables: Vec<(&'static str, String)>,
    /// Whether to write a job summary and annotations.
    pub summary: bool,
}

/// What is wrong with an input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputProblem {
    /// One that is needed is not there.
    #[error("the input `{name}` of the action `{action}` is missing")]
    Missing {
        /// Which.
        name: &'static str,
        /// Whose.
        action: &'static str,
        /// What it is.
        help: &'static str,
    },
    /// One that there is not.
    #[error("the action `{action}` has no input `{name}`")]
    Unknown {
        /// Which.
        name: String,
        /// Whose.
        action: &'static str,
        /// What could be meant.
        hint: Option<String>,
    },
    /// Neither true nor false.
    #[error("the input `{name}` is `{value}`, expected `true` or `false`")]
    NoTruth {
        /// Which.
        name: &'static str,
        /// What it is.
        value: String,
    },
    /// A value that is one line has several.
    #[error("the input `{name}` has {lines} lines, expected one")]
    Lines {
        /// Which.
        name: &'static str,
        /// How many.
        lines: usize,
    },
    /// A value that no argument can have.
    #[error("the input `{name}` has a NUL character")]
    Nul {
        /// Which.
        name: String,
    },
}

impl InputProblem {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            InputProblem::Missing { name, help, .. } => {
                let mut letters = help.chars();
                let first = letters.next().map(|letter| letter.to_ascii_lowercase()).unwrap_or_default();
                Some(format!("give it in `with:`: `{name}: ...`, {first}{}", letters.as_str()))
            }
            InputProblem::Unknown { hint, .. } => hint.clone(),
            InputProblem::NoTruth { .. } | InputProblem::Lines { .. } | InputProblem::Nul { .. } => None,
        }
    }
}

/// Turns the variables of a step into what it is to do. Of them those that begin with `INPUT_` are inputs; one
/// that is empty is absent.
pub fn arguments(
    action: &'static Action,
    variables: &BTreeMap<String, String>,
) -> Result<Invocation, Vec<InputProblem>> {
    let mut problems = unknown(action, variables);
    let mut invocation = Invocation { arguments: Vec::new(), variables: Vec::new(), summary: true };
    let (mut options, mut positional) = (Vec::new(), Vec::new());
    for input in action.inputs() {
        let value = variables.get(&input.variable()).map_or("", |value| value.trim());
        if value.is_empty() {
            if input.required {
                problems.push(InputProblem::Missing { name: input.name, action: action.name, help: input.help });
            }
            continue;
        }
        if value.contains('\0') {
            problems.push(InputProblem::Nul { name: input.name.to_owned() });
            continue;
        }
        match read(input, value) {
            Ok(Read::Options(more)) => options.extend(more),
            Ok(Read::Positionals(values)) => positional.extend(values),
            Ok(Read::Variable(name)) => invocation.variables.push((name, value.to_owned())),
            Ok(Read::Summary(wanted)) => invocation.summary = wanted,
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    invocation.arguments.extend(action.command.iter().map(|&word| word.to_owned()));
    // `check-run` has a command of its own below it, which its options belong to.
    let nested = if action.name == "check-run" { 1 } else { 0 };
    let rest = positional.split_off(nested.min(positional.len()));
    invocation.arguments.extend(positional);
    if nested == 1 {
        invocation.arguments.push("--format=json".to_owned());
    }
    invocation.arguments.extend(options);
    if !rest.is_empty() {
        // What follows is no option, however it begins.
        invocation.arguments.push("--".to_owned());
        invocation.arguments.extend(rest);
    }
    Ok(invocation)
}

enum Read {
    Options(Vec<String>),
    Positionals(Vec<String>),
    Variable(&'static str),
    Summary(bool),
}

fn read(input: &Input, value: &str) -> Result<Read, InputProblem> {
    let one_line = || match value.lines().count() {
        0 | 1 => Ok(value),
        lines => Err(InputProblem::Lines { name: input.name, lines }),
    };
    let flag = |option: &str, wanted: bool| -> Result<Read, InputProblem> {
        let given = truth(input.name, value)? == wanted;
        Ok(Read::Options(if given { vec![option.to_owned()] } else { Vec::new() }))
    };
    let lines = || value.lines().map(str::trim).filter(|line| !line.is_empty());
    // `--option=value`: a value that begins with a dash is a value.
    match input.shape {
        Shape::Positional => Ok(Read::Positionals(vec![one_line()?.to_owned()])),
        Shape::Positionals => Ok(Read::Positionals(lines().map(str::to_owned).collect())),
        Shape::Named(option) => Ok(Read::Options(vec![format!("{option}={}", one_line()?)])),
        Shape::Text(option) => Ok(Read::Options(vec![format!("{option}={value}")])),
        Shape::Lines(option) => Ok(Read::Options(lines().map(|line| format!("{option}={line}")).collect())),
        Shape::Flag(option) => flag(option, true),
        Shape::Unless(option) => flag(option, false),
        Shape::Variable(name) => Ok(Read::Variable(name)),
        Shape::Summary => Ok(Read::Summary(truth(input.name, value)?)),
        Shape::Folder => Ok(Read::Options(Vec::new())),
    }
}

fn truth(name: &'static str, value: &str) -> Result<bool, InputProblem> {
    match value {
        "true" | "True" | "TRUE" => Ok(true),
        "false" | "False" | "FALSE" => Ok(false),
        _ => Err(InputProblem::NoTruth { name, value: value.to_owned() }),
    }
}

fn unknown(action: &'static Action, variables: &BTreeMap<String, String>) -> Vec<InputProblem> {
    let known: Vec<String> = action.inputs().map(Input::variable).collect();
    let names: Vec<&str> = action.inputs().map(|input| input.name).collect();
    let given = variables.iter().filter(|(name, value)| name.starts_with("INPUT_") && !value.trim().is_empty());
    // Some runners set the inputs of an action themselves, with the dashes of their names.
    given
        .filter(|(name, _)| !known.contains(&name.replace('-', "_")))
        .map(|(name, _)| {
            let name = name["INPUT_".len()..].to_ascii_lowercase().replace('_', "-");
            let hint = did_you_mean(&name, names.iter().copied());
            InputProblem::Unknown { name, action: action.name, hint }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gha::find;

    fn check(action: &str, inputs: &[(&str, &str)], expected: &str) {
        let variables = inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let found = match arguments(find(action).unwrap(), &variables.collect()) {
            Ok(invocation) => invocation.arguments.join(" "),
            Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        };
        assert_eq!(found, expected, "{action} {inputs:?}");
    }

    #[test]
    fn inputs_become_arguments() {
        check("sweep", &[("INPUT_SUITE", "a.yaml")], "sweep -- a.yaml");
        check(
            "sweep",
            &[("INPUT_SUITE", " a.yaml\n"), ("INPUT_JOBS", "4"), ("INPUT_PROFILE", ""), ("INPUT_STRICT", "true")],
            "sweep --jobs=4 --strict -- a.yaml",
        );
        check(
            "sweep",
            &[("INPUT_SUITE", "a.yaml"), ("INPUT_COMPARE", "false"), ("INPUT_ARCHIVE", "true")],
            "sweep --no-compare -- a.yaml",
        );
        check(
            "sweep",
            &[
                ("INPUT_SUITE", "a.yaml"),
                ("INPUT_WHERE", "a > 1\n\n  b == 'x, y'  \n"),
                ("INPUT_BASE", "previous\nbest"),
            ],
            "sweep --where=a > 1 --where=b == 'x, y' --base=previous --base=best -- a.yaml",
        );
        check(
            "plan",
            &[("INPUT_MISSING", "r"), ("INPUT_SHARDS", "2")],
            "plan --publish --format json --missing=r --shards=2",
        );
        check("run", &[("INPUT_RUN", "r"), ("INPUT_SHARD", "1/4")], "run --run=r --shard=1/4");
        check(
            "check-run",
            &[("INPUT_STATE", "finish"), ("INPUT_RUN", "r"), ("INPUT_NAME", "n")],
            "check-run finish --format=json --name=n -- r",
        );
        check(
            "issue",
            &[("INPUT_NEEDS", "{\n  \"plan\": { \"result\": \"failure\" }\n}\n"), ("INPUT_SUITE", "a.yaml")],
            "issue --format json --needs={\n  \"plan\": { \"result\": \"failure\" }\n} --suite=a.yaml",
        );
        check("check-run", &[("INPUT_STATE", "start")], "check-run start --format=json");
        check("comment", &[("INPUT_RUN", "a\n\n --b ")], "comment --format json -- a --b");
        check("comment", &[("INPUT_COMMIT", "abc1234")], "comment --format json --commit=abc1234");
        check("changed", &[("INPUT_SINCE", "origin/main")], "plan --format json --changed-since=origin/main");
        check(
            "fit",
            &[("INPUT_DATA", "a.csv\nb.csv"), ("INPUT_MODEL", "eltwise"), ("INPUT_BY", "arch")],
            "fit --format json --model=eltwise --by=arch -- a.csv b.csv",
        );
        check("report", &[], "report");
        check("report", &[("INPUT_WORKING_DIRECTORY", "sub"), ("PATH", "/bin")], "report");
    }

    #[test]
    fn no_value_becomes_an_option() {
        check("sweep", &[("INPUT_SUITE", "--help")], "sweep -- --help");
        check("sweep", &[("INPUT_SUITE", "a"), ("INPUT_PROFILE", "--quiet")], "sweep --profile=--quiet -- a");
        check("sweep", &[("INPUT_SUITE", "a\n--quiet")], "the input `suite` has 2 lines, expected one");
        check("sweep", &[("INPUT_SUITE", "a\0b")], "the input `suite` has a NUL character");
    }

    #[test]
    fn problems_are_named() {
        check("sweep", &[], "the input `suite` of the action `sweep` is missing");
        check("sweep", &[("INPUT_SUITE", " \n")], "the input `suite` of the action `sweep` is missing");
        check(
            "sweep",
            &[("INPUT_SUITES", "a"), ("INPUT_STRICT", "yes")],
            "the action `sweep` has no input `suites`; the input `suite` of the action `sweep` is missing; \
             the input `strict` is `yes`, expected `true` or `false`",
        );
        check("sweep", &[("INPUT_SUITE", "a"), ("INPUT_ELSE", "")], "sweep -- a");
        check("sweep", &[("INPUT_SUITE", "a"), ("INPUT_WORKING-DIRECTORY", ".")], "sweep -- a");
        check(
            "sweep",
            &[("INPUT_SUITE", "a"), ("INPUT_FAIL-SLOW", "x")],
            "the action `sweep` has no input `fail-slow`",
        );
        let variables = [("INPUT_SUITES".to_owned(), "a".to_owned())].into();
        let problems = arguments(find("sweep").unwrap(), &variables).unwrap_err();
        assert_eq!(problems[0].hint().unwrap(), "did you mean `suite`?");
        assert_eq!(problems[1].hint().unwrap(), "give it in `with:`: `suite: ...`, the suite file");
    }

    #[test]
    fn secrets_are_variables() {
        let inputs = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let found = arguments(find("comment").unwrap(), &inputs(&[("INPUT_TOKEN", "secret")])).unwrap();
        assert_eq!(
            (found.arguments, found.variables),
            (["comment", "--format", "json"].map(str::to_owned).to_vec(), vec![("GITHUB_TOKEN", "secret".to_owned())])
        );
        let found = arguments(find("report").unwrap(), &inputs(&[("INPUT_SUMMARY", "false")])).unwrap();
        assert!(!found.summary);
    }

    proptest::proptest! {
        #[test]
        fn nothing_but_the_own_option_is_ever_said(suite in "[^\0]{0,30}", lines in "[^\0]{0,30}", jobs in "[^\0]{0,9}") {
            let pairs = [("INPUT_SUITE", suite), ("INPUT_CASES", lines), ("INPUT_JOBS", jobs)];
            let variables = pairs.map(|(name, value)| (name.to_owned(), value)).into();
            if let Ok(Invocation { arguments, .. }) = arguments(find("sweep").unwrap(), &variables) {
                let end = arguments.iter().position(|word| word == "--").unwrap();
                proptest::prop_assert_eq!(arguments.len(), end + 2);
                let own = |word: &String| word.starts_with("--case=") || word.starts_with("--jobs=");
                proptest::prop_assert!(arguments[1..end].iter().all(own));
            }
        }
    }
}
