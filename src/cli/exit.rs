//! Exit codes: one documented list, so that a workflow can tell a regression from a typo.

use crate::steps::{Fault, StepError};
use std::process::ExitCode;

/// Exit codes, in the order of precedence: the first that applies is the process's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exit {
    /// Our bug (a panic gives 101).
    Bug,
    /// Usage, or a bad input file.
    Usage,
    /// A service or the machine kept this command from doing its work.
    Service,
    /// Results are incomplete: planned is not reported.
    Incomplete,
    /// A task ended in error or timeout.
    TaskError,
    /// An expectation, golden or known failure was missed.
    Missed,
    /// A regression.
    Regression,
    /// Nothing to do.
    Nothing,
    /// All is well.
    Ok,
}

/// The table for `--help`.
pub(super) const EXIT_CODES: &str = "Exit codes, in order of precedence:
   1  a bug of shmoo
   2  usage, or a bad input file
  20  a service or the machine kept the command from doing its work
  13  results are incomplete: planned is not reported
  10  a task ended in error or timeout
  11  an expectation, golden or known failure was missed
  12  a regression
   3  nothing to do
   0  all is well";

impl Exit {
    /// Returns the number.
    pub(super) fn code(self) -> u8 {
        match self {
            Exit::Bug => 1,
            Exit::Usage => 2,
            Exit::Service => 20,
            Exit::Incomplete => 13,
            Exit::TaskError => 10,
            Exit::Missed => 11,
            Exit::Regression => 12,
            Exit::Nothing => 3,
            Exit::Ok => 0,
        }
    }

    /// Returns the exit of a number that a report gives.
    pub(super) fn from_code(code: u8) -> Exit {
        let all = [Exit::Service, Exit::Incomplete, Exit::TaskError, Exit::Missed, Exit::Regression, Exit::Ok];
        all.into_iter().find(|exit| exit.code() == code).unwrap_or(Exit::Bug)
    }

    /// Returns what it means, in the words of the table.
    pub(super) fn words(self) -> &'static str {
        let line = EXIT_CODES.lines().find_map(|line| line.trim_start().strip_prefix(&format!("{}  ", self.code())));
        line.unwrap_or("")
    }

    /// Returns the exit of an error.
    pub(super) fn of(error: &StepError) -> Exit {
        match error.fault() {
            Fault::Usage => Exit::Usage,
            Fault::Service => Exit::Service,
            Fault::Nothing => Exit::Nothing,
            Fault::Stopped => Exit::Incomplete,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
