//! The variables of our own environment, and what CI says in them.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// The variables of our own environment: some hold passwords, so that it is never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// Keeps variables; empty ones are as good as none.
    pub fn new<N: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (N, V)>) -> Environment {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        Environment { variables: variables.filter(|(_, value): &(String, String)| !value.is_empty()).collect() }
    }

    /// Returns the value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.variables.keys()).finish()
    }
}

/// What CI says of the code that it has checked out. Elsewhere there is nothing to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ci {
    /// The branch.
    pub branch: Option<String>,
    /// The branch that it is to go into.
    pub base_branch: Option<String>,
    /// Number of the pull request.
    pub pull_request: Option<u64>,
    /// Which attempt of the CI run it is, from 1.
    pub attempt: Option<u32>,
    /// Whether the pull request comes from another repository.
    pub fork: Option<bool>,
}

impl Ci {
    /// Asks the environment, and the file of the event that it names.
    pub fn of(environment: &Environment) -> Ci {
        let event = environment.get("GITHUB_EVENT_PATH").and_then(|path| std::fs::read(Path::new(path)).ok());
        let event = event.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or(Value::Null);
        Ci::from(environment, &event)
    }

    fn from(environment: &Environment, event: &Value) -> Ci {
        let text = |name: &str| environment.get(name).map(str::to_owned);
        let reference = environment.get("GITHUB_REF").and_then(|text| text.strip_prefix("refs/pull/"));
        let number = reference.and_then(|rest| rest.split('/').next()?.parse().ok());
        let number = number.or_else(|| event.pointer("/pull_request/number")?.as_u64());
        Ci {
            branch: text("GITHUB_HEAD_REF").or_else(|| text("GITHUB_REF_NAME")),
            base_branch: text("GITHUB_BASE_REF"),
            pull_request: number,
            attempt: environment.get("GITHUB_RUN_ATTEMPT").and_then(|text| text.parse().ok()),
            fork: is_fork(environment, event),
        }
    }
}

/// Tells whether the code of an event comes from another repository; none where there is no saying.
fn is_fork(environment: &Environment, event: &Value) -> Option<bool> {
    let own = environment.get("GITHUB_REPOSITORY")?;
    let head = if event["pull_request"].is_object() {
        &event["pull_request"]["head"]["repo"]
    } else if event["workflow_run"].is_object() {
        &event["workflow_run"]["head_repository"]
    } else {
        return None;
    };
    // A repository that is gone was another one.
    Some(head["full_name"].as_str().is_none_or(|name| !name.eq_ignore_ascii_case(own)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_not_shown() {
        let environment = Environment::new([("PGPASSWORD", "hunter2"), ("EMPTY", "")]);
        assert_eq!((environment.get("PGPASSWORD"), environment.get("EMPTY")), (Some("hunter2"), None));
        assert_eq!(format!("{environment:?}"), "{\"PGPASSWORD\"}");
    }

    #[test]
    fn pull_requests() {
        let check = |variables: &[(&str, &str)], event: Value, expected: Ci| {
            let own = [("GITHUB_REPOSITORY", "lab/chip")];
            let environment = Environment::new(variables.iter().chain(&own).copied());
            assert_eq!(Ci::from(&environment, &event), expected);
        };
        let text = |text: &str| Some(text.to_owned());
        let pull = [
            ("GITHUB_REF", "refs/pull/42/merge"),
            ("GITHUB_REF_NAME", "42/merge"),
            ("GITHUB_HEAD_REF", "wider"),
            ("GITHUB_BASE_REF", "main"),
            ("GITHUB_RUN_ATTEMPT", "2"),
        ];
        let from = |name: Value| json!({ "pull_request": { "number": 42, "head": { "repo": name } } });
        let expected = Ci {
            branch: text("wider"),
            base_branch: text("main"),
            pull_request: Some(42),
            attempt: Some(2),
            fork: Some(false),
        };
        check(&pull, from(json!({ "full_name": "Lab/Chip" })), expected.clone());
        check(&pull, from(json!({ "full_name": "other/chip" })), Ci { fork: Some(true), ..expected.clone() });
        check(&pull, from(Value::Null), Ci { fork: Some(true), ..expected.clone() });
        check(&pull, Value::Null, Ci { fork: None, ..expected.clone() });
        // With `pull_request_target` the reference is that of the base.
        let target = [("GITHUB_REF", "refs/heads/main"), ("GITHUB_REF_NAME", "main"), ("GITHUB_HEAD_REF", "wider")];
        let event = from(json!({ "full_name": "other/chip" }));
        let expected = Ci { branch: text("wider"), pull_request: Some(42), fork: Some(true), ..Ci::default() };
        check(&target, event, expected);
        let push = [("GITHUB_REF", "refs/heads/main"), ("GITHUB_REF_NAME", "main")];
        check(&push, json!({ "ref": "refs/heads/main" }), Ci { branch: text("main"), ..Ci::default() });
        let later = json!({ "workflow_run": { "head_repository": { "full_name": "other/chip" } } });
        check(&push, later, Ci { branch: text("main"), fork: Some(true), ..Ci::default() });
        assert_eq!(Ci::from(&Environment::default(), &Value::Null), Ci::default());
    }
}
