//! A check run on a commit: going on, then concluded, whatever became of the job that began it.

use super::StepError;
use crate::outside::github::{CheckAnnotation, CheckOutput, CheckRun, CheckRunState, Conclusion, GitHub, GitHubError};
use crate::report::{Mark, MarkLevel, Report, headline, marks};

/// How often an unclear answer is looked after.
const TRIES: usize = 3;

/// Which check run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckName {
    /// Its name.
    pub name: String,
    /// The commit.
    pub head_sha: String,
    /// What tells the check runs of one workflow run from those of another.
    pub external_id: String,
    /// Where its details are.
    pub details_url: Option<String>,
}

impl CheckName {
    fn state(&self, conclusion: Option<Conclusion>, output: Option<CheckOutput>) -> CheckRunState {
        let CheckName { name, head_sha, external_id, details_url } = self.clone();
        CheckRunState { name, head_sha, external_id, details_url, conclusion, output }
    }
}

/// Begins a check run. One that this workflow run has begun already goes on.
pub fn begin(github: &dyn GitHub, check: &CheckName) -> Result<CheckRun, StepError> {
    say(github, check, &check.state(None, None)).map_err(StepError::GitHub)
}

/// Concludes the check run that was begun; where none was, one is made.
pub fn conclude(
    github: &dyn GitHub,
    check: &CheckName,
    conclusion: Conclusion,
    output: CheckOutput,
) -> Result<CheckRun, StepError> {
    say(github, check, &check.state(Some(conclusion), Some(output))).map_err(StepError::GitHub)
}

/// Updates the check run that is going on, else makes one.
fn say(github: &dyn GitHub, check: &CheckName, state: &CheckRunState) -> Result<CheckRun, GitHubError> {
    for attempt in 1.. {
        let runs = github.check_runs(&check.head_sha, &check.name)?;
        let own = runs.iter().find(|run| run.external_id == check.external_id && !run.completed);
        let said = match own {
            Some(run) => github.update_check_run(run.id, state),
            None => github.create_check_run(state),
        };
        match said {
            // It may be there by now; one that is completed is what we wanted.
            Err(error) if error.is_unclear() && attempt < TRIES => {
                let before: Vec<u64> = runs.iter().map(|run| run.id).collect();
                let now = github.check_runs(&check.head_sha, &check.name)?;
                let new = |run: &CheckRun| run.external_id == check.external_id && !before.contains(&run.id);
                if let Some(made) = now.into_iter().find(new) {
                    return Ok(made);
                }
            }
            said => return said,
        }
    }
    unreachable!("the loop ends with its last try")
}

/// Returns how a report concludes a check run.
pub fn conclusion_of(report: &Report) -> Conclusion {
    match report.exit_codes.first() {
        None | Some(0) => Conclusion::Success,
        Some(3) => Conclusion::Neutral,
        Some(_) => Conclusion::Failure,
    }
}

/// Returns what a check run says of a report; `summary` is its markdown. Marks on files are those with a place.
pub fn output_of(report: &Report, summary: String) -> CheckOutput {
    let headline = headline(report);
    let title: String = format!("{}: {}", headline.word, headline.sentence).chars().take(200).collect();
    let annotations = marks(report).into_iter().filter_map(annotation).collect();
    CheckOutput { title, summary, annotations }
}

fn annotation(mark: Mark) -> Option<CheckAnnotation> {
    let Mark { level, file, line, title, message } = mark;
    let level = match level {
        MarkLevel::Error => "failure",
        MarkLevel::Warning => "warning",
        MarkLevel::Notice => "notice",
    };
    Some(CheckAnnotation { path: file?, line: line.unwrap_or(1), level, title, message })
}
