//! Problems of many tasks, told once each: one mistake in a suite shows at many points.

use crate::value::Problem;

/// How many different problems of one stage are told; the rest is counted.
const MOST: usize = 5;

/// The problems of one stage, in the order found.
#[derive(Debug)]
pub(super) struct Findings {
    told: Vec<Told>,
    others: usize,
    /// Whether every task was asked, so that the tasks can be counted.
    complete: bool,
}

#[derive(Debug)]
struct Told {
    problem: Problem,
    /// The first task that has it.
    task: String,
    more: usize,
}

impl Findings {
    /// Returns no findings; `complete` tells whether all tasks of the stage will be asked.
    pub(super) fn new(complete: bool) -> Findings {
        Findings { told: Vec::new(), others: 0, complete }
    }

    /// Adds a problem of a task.
    pub(super) fn add(&mut self, problem: Problem, task: impl FnOnce() -> String) {
        let same = |told: &&mut Told| told.problem.span == problem.span && told.problem.message == problem.message;
        if let Some(told) = self.told.iter_mut().find(same) {
            told.more += 1;
        } else if self.told.len() < MOST {
            self.told.push(Told { problem, task: task(), more: 0 });
        } else {
            self.others += 1;
        }
    }

    /// Returns the problems, each with the tasks that have it.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let Findings { told, others, complete } = self;
        let last = told.len().saturating_sub(1);
        told.into_iter()
            .enumerate()
            .map(|(index, Told { problem, task, more })| {
                let tasks = match more {
                    0 => format!("for {task}"),
                    _ if !complete => format!("for {task} and others"),
                    1 => format!("for {task} and another task"),
                    more => format!("for {task} and {more} other tasks"),
                };
                let rest = if index == last && others > 0 {
                    "; more tasks of this stage have problems like these".to_owned()
                } else {
                    String::new()
                };
                problem.label(tasks + &rest)
            })
            .collect()
    }
}
