//! What became of the jobs that a job waited for: GitHub's `toJSON(needs)`, an object with `result` (and `outputs`)
//! by job.

use serde::Deserialize;
use std::collections::BTreeMap;

/// Jobs and how they ended, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs(Vec<Job>);

/// A job that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its name: letters, digits, `_`, `-`, `.` and spaces only.
    pub name: String,
    /// GitHub's word for how it ended: small letters and `_` only.
    pub result: String,
}

/// A text does not say how jobs ended.
#[derive(Debug, thiserror::Error)]
pub enum NeedsError {
    /// It is something else.
    #[error("it is not what `toJSON(needs)` gives")]
    Form(#[source] serde_json::Error),
    /// A word that GitHub would not say.
    #[error("job `{job}` has no result that GitHub knows")]
    Result {
        /// The job.
        job: String,
    },
}

impl Job {
    /// Tells whether it did not do its work: it failed, was stopped or never began for a fault. One that was
    /// skipped had none.
    pub fn is_red(&self) -> bool {
        matches!(self.result.as_str(), "failure" | "cancelled" | "timed_out" | "startup_failure")
    }
}

impl Needs {
    /// Reads what `toJSON(needs)` gives.
    pub fn read(text: &str) -> Result<Needs, NeedsError> {
        #[derive(Deserialize)]
        struct Needed {
            result: String,
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ');
        let found: BTreeMap<String, Needed> = serde_json::from_str(text).map_err(NeedsError::Form)?;
        let jobs = found.into_iter().map(|(name, Needed { result })| {
            let name: String = name.chars().filter(|&c| plain(c)).collect();
            let is_word = |c: char| c.is_ascii_lowercase() || c == '_';
            match !result.is_empty() && result.len() <= 40 && result.chars().all(is_word) {
                true => Ok(Job { name, result }),
                false => Err(NeedsError::Result { job: name }),
            }
        });
        jobs.collect::<Result<Vec<Job>, NeedsError>>().map(Needs)
    }

    /// Returns all jobs, by name.
    pub fn jobs(&self) -> &[Job] {
        &self.0
    }

    /// Tells whether a job did not do its work.
    pub fn is_red(&self) -> bool {
        self.0.iter().any(Job::is_red)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_jobs() {
        let check = |text: &str, expected: &str| {
            let found = Needs::read(text).map_or_else(
                |error| format!("error: {error}"),
                |needs| {
                    let of = |job: &Job| format!("{} {}{}", job.name, job.result, if job.is_red() { "!" } else { "" });
                    needs.jobs().iter().map(of).collect::<Vec<_>>().join(", ")
                },
            );
            assert_eq!(found, expected, "{text}");
        };
        check(
            r#"{ "plan": { "result": "failure", "outputs": {} }, "collect": { "result": "skipped", "outputs": null } }"#,
            "collect skipped, plan failure!",
        );
        check(r#"{"a": {"result": "success"}, "b": {"result": "cancelled"}}"#, "a success, b cancelled!");
        check(r#"{"the workflow": {"result": "startup_failure"}}"#, "the workflow startup_failure!");
        check(r#"{"a<b>`@c": {"result": "timed_out"}}"#, "abc timed_out!");
        check("{}", "");
        check(r#"{"a": {"result": ""}}"#, "error: job `a` has no result that GitHub knows");
        check(r#"{"a": {"result": "it failed | @all"}}"#, "error: job `a` has no result that GitHub knows");
        for text in ["", "failure", "[]", r#"{"a": "failure"}"#, r#"{"a": {}}"#] {
            check(text, "error: it is not what `toJSON(needs)` gives");
        }
    }
}
