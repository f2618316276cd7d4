//! What `comment` and `check-run` share: GitHub as the environment says it, and the event.

use super::Session;
use super::comment_arguments::GitHubArgs;
use super::exit::Exit;
use crate::outside::clock::SystemClock;
use crate::outside::environment::Environment;
use crate::outside::github::{Event, GitHubClient, Patience, Place, Token};
use crate::report::WebAddress;
use crate::steps::StepError;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Reads the environment as these commands need it.
pub(super) fn environment(session: &Session) -> Environment {
    Environment::new(session.environment.iter().cloned())
}

/// Returns a client of GitHub.
pub(super) fn client(session: &Session, arguments: &GitHubArgs) -> Result<GitHubClient, Exit> {
    let GitHubArgs { repository, max_wait } = arguments;
    let environment = environment(session);
    let fail = |error: StepError| session.printer.step(&error);
    let place = Place::of(&environment, repository.as_deref()).map_err(|error| fail(StepError::GitHubPlace(error)))?;
    let named = environment.get("GITHUB_TOKEN").or_else(|| environment.get("GH_TOKEN"));
    let token = named.and_then(Token::new).ok_or_else(|| {
        let hint = "in a workflow: `env: GITHUB_TOKEN: ${{ github.token }}`; without one `--dry-run` still works";
        session.printer.error("there is no token for GitHub: GITHUB_TOKEN is not set", Some(hint));
        Exit::Usage
    })?;
    let patience = Patience { wait: Duration::from_secs(*max_wait), ..Patience::default() };
    GitHubClient::new(place, token, patience, Arc::new(SystemClock::default()))
        .map_err(|error| fail(StepError::GitHub(error)))
}

/// Reads the event that the job runs for; null where there is none.
pub(super) fn event(session: &Session, environment: &Environment) -> Result<Value, Exit> {
    let Some(path) = environment.get("GITHUB_EVENT_PATH").map(PathBuf::from) else { return Ok(Value::Null) };
    let fail = |error: StepError| session.printer.step(&error);
    let bytes = fs::read(&path).map_err(|source| fail(StepError::Read { path: path.clone(), source }))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let message = format!("`{}`: the event is no JSON: {error}", path.display());
        fail(StepError::usage(message, Some("GitHub Actions writes the file of GITHUB_EVENT_PATH".to_owned())))
    })
}

/// Returns where the CI run is that a comment is about: for an event of another workflow that one's.
pub(super) fn run_address(environment: &Environment, event: &Value) -> Option<WebAddress> {
    if let Some(other) = event.pointer("/workflow_run/html_url").and_then(Value::as_str) {
        return other.parse().ok();
    }
    let (server, repository) = (environment.get("GITHUB_SERVER_URL")?, environment.get("GITHUB_REPOSITORY")?);
    let run = environment.get("GITHUB_RUN_ID")?;
    let attempt = environment.get("GITHUB_RUN_ATTEMPT").map(|attempt| format!("/attempts/{attempt}"));
    format!("{server}/{repository}/actions/runs/{run}{}", attempt.unwrap_or_default()).parse().ok()
}

/// Returns the commit that a check belongs to. `GITHUB_SHA` of a pull request is a merge that nobody sees.
pub(super) fn head_sha(environment: &Environment, event: &Value) -> Option<String> {
    Event::read(event).head_sha().or_else(|| environment.get("GITHUB_SHA")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn addresses_of_runs() {
        let variables = [
            ("GITHUB_SERVER_URL", "https://github.example"),
            ("GITHUB_REPOSITORY", "lab/chip"),
            ("GITHUB_RUN_ID", "17"),
        ];
        let check = |variables: &[(&str, &str)], event: Value, expected: Option<&str>| {
            let found = run_address(&Environment::new(variables.iter().copied()), &event);
            assert_eq!(found.map(|address| address.to_string()).as_deref(), expected);
        };
        check(&variables, Value::Null, Some("https://github.example/lab/chip/actions/runs/17"));
        check(&variables[..2], Value::Null, None);
        let again = [variables[0], variables[1], variables[2], ("GITHUB_RUN_ATTEMPT", "2")];
        check(&again, Value::Null, Some("https://github.example/lab/chip/actions/runs/17/attempts/2"));
        let other = json!({ "workflow_run": { "html_url": "https://github.example/lab/chip/actions/runs/3" } });
        check(&variables, other, Some("https://github.example/lab/chip/actions/runs/3"));
        check(&variables, json!({ "workflow_run": { "html_url": "javascript:x" } }), None);
    }

    #[test]
    fn commits_of_checks() {
        let environment = Environment::new([("GITHUB_SHA", "merge")]);
        let pull = json!({ "pull_request": { "number": 1, "head": { "sha": "head" } } });
        assert_eq!(head_sha(&environment, &pull).as_deref(), Some("head"));
        assert_eq!(head_sha(&environment, &Value::Null).as_deref(), Some("merge"));
        assert_eq!(head_sha(&Environment::default(), &Value::Null), None);
    }
}
