//! What the planner makes of small suites, and what it says to wrong ones.

mod bounds;
mod cases;
mod missing;
mod mistakes;
mod selections;
mod shards;

use super::{BuildOptions, Plan, PlanError, Selection, build, faults};
use crate::config::{Files, load_suite};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Files of a suite, by name.
struct Given(BTreeMap<&'static str, &'static str>);

impl Files for Given {
    fn read(&self, path: &str) -> Result<String, String> {
        self.0.get(path).map(|&text| text.to_owned()).ok_or_else(|| "there is no such file".to_owned())
    }
}

/// What stands above the stages of most suites here: two parameters, four cases.
const TWO: &str = "\
version: 1
suite: s
params:
  a: { code: a, values: [1, 2] }
  b: { code: b, values: [x, y] }
";

fn plan_with(text: &str, selection: Selection, files: &[(&'static str, &'static str)]) -> Result<Plan, PlanError> {
    let files = Given(files.iter().copied().collect());
    let loaded = load_suite("s.yaml", text, &files).unwrap_or_else(|problems| panic!("{text}\n{problems}"));
    build(Arc::new(loaded.suite), BuildOptions { selection, baseline: None })
}

/// Returns the plan of a suite that has nothing wrong.
fn plan_of(text: &str, selection: Selection) -> Plan {
    let plan = plan_with(text, selection, &[]).unwrap_or_else(|error| panic!("{text}\n{}", show(&error)));
    assert_eq!(faults(&plan), [], "{text}");
    plan
}

/// Shows an error with places, hints and labels.
fn show(error: &PlanError) -> String {
    match error {
        PlanError::Empty { message, hint } => {
            format!("{message}{}", hint.as_ref().map_or(String::new(), |hint| format!("\n  hint: {hint}")))
        }
        PlanError::Wrong(problems) => {
            let mut text = String::new();
            for problem in &problems.list {
                if let Some(span) = problem.span {
                    let (line, column) = problems.sources.position(span);
                    text += &format!("{line}:{column}: ");
                }
                text += &format!("{problem}\n");
                text += &problem.label.as_ref().map_or(String::new(), |label| format!("  {label}\n"));
                text += &problem.hint.as_ref().map_or(String::new(), |hint| format!("  hint: {hint}\n"));
            }
            text.trim_end().to_owned()
        }
    }
}

/// Returns what is said to a wrong suite or selection.
fn refusal(text: &str, selection: Selection) -> String {
    match plan_with(text, selection, &[]) {
        Ok(plan) => format!("a plan of {} cases and {} tasks", plan.cases.len(), plan.task_count()),
        Err(error) => show(&error),
    }
}

fn case_names(plan: &Plan) -> String {
    (0..plan.cases.len()).map(|case| plan.case_name(case).to_string()).collect::<Vec<_>>().join(" ")
}

fn task_keys(plan: &Plan) -> String {
    plan.tasks().map(|task| plan.key(task).to_string()).collect::<Vec<_>>().join(" ")
}

fn warnings(plan: &Plan) -> String {
    let show = |problem: &crate::value::Problem| {
        let label = problem.label.as_ref().map_or(String::new(), |label| format!(" [{label}]"));
        let hint = problem.hint.as_ref().map_or(String::new(), |hint| format!(" ({hint})"));
        format!("{problem}{label}{hint}")
    };
    plan.warnings.iter().map(show).collect::<Vec<_>>().join("\n")
}
