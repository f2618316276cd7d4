//! Records of runs, in a database.
//!
//! A run is one row with its whole record (compressed JSON, which comes back exactly), and rows for
//! its tasks, metrics and cases, keyed by (stage, point), for questions over many runs. All rows of a
//! run are written in one transaction; recording a run again replaces it or, where nothing changed,
//! does nothing.
//!
//! The SQL keeps to what SQLite and PostgreSQL share: `$1` placeholders, times as RFC 3339 text in
//! UTC, JSON as text.

mod blob;
mod export;
mod open;
mod rows;
mod schema;
mod sqlite;
#[cfg(test)]
mod tests;

pub use export::{ExportFormat, ExportTable};
pub use open::open_history;
pub use sqlite::SqliteHistory;

use crate::ledger::{MeasuredValue, Verdict};
use crate::record::{RunRecord, SourceInfo};
use crate::value::{Digest, MetricName, PointName, RunId, StageName, SuiteName, TaskKey, Timestamp};
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, Write};

/// The longest list of runs whose durations count for [`History::durations`].
pub const DURATION_RUNS: u64 = 5;

/// Which runs a question is about. `RunFilter::default()` is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Of this suite.
    pub suite: Option<SuiteName>,
    /// On machines with this fingerprint.
    pub fingerprint: Option<String>,
    /// With this profile.
    pub profile: Option<String>,
    /// Of this branch.
    pub branch: Option<String>,
    /// Started before this moment.
    pub before: Option<Timestamp>,
    /// Complete ones.
    pub complete_only: bool,
    /// Ones of the whole suite: no filter was given.
    pub whole_only: bool,
    /// At most so many, the newest.
    pub limit: Option<u64>,
}

/// A run without its tasks.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSummary {
    /// Its name.
    pub id: RunId,
    /// The suite.
    pub suite: SuiteName,
    /// The suite file as the user named it.
    pub suite_file: String,
    /// The plan's identity.
    pub plan: Digest,
    /// Digest of the resolved suite.
    pub suite_digest: Digest,
    /// When it started.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
    /// The version of shmoo that ran it.
    pub shmoo: String,
    /// Whether each planned task has its final state.
    pub complete: bool,
    /// What selected a part of the suite; empty = the whole suite.
    pub filter: Vec<String>,
    /// The profile.
    pub profile: Option<String>,
    /// The code that was measured.
    pub source: SourceInfo,
    /// The machine's fingerprint.
    pub fingerprint: String,
    /// Where the archive is in the store.
    pub archive: Option<String>,
    /// Tasks by verdict; verdicts without a task are left out.
    pub tasks: BTreeMap<Verdict, u64>,
    /// Cases by verdict; verdicts without a case are left out.
    pub cases: BTreeMap<Verdict, u64>,
}

/// What recording a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// The run was not there.
    New,
    /// Another record of the run was there, and is replaced.
    Replaced,
    /// The same record was there.
    Unchanged,
}

/// A value of a metric in a run.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesPoint {
    /// The run.
    pub run: RunId,
    /// When it started.
    pub started: Timestamp,
    /// The commit.
    pub commit: Option<String>,
    /// The machine's fingerprint.
    pub fingerprint: String,
    /// The point.
    pub point: PointName,
    /// The value.
    pub value: MeasuredValue,
    /// All measured samples.
    pub samples: Vec<f64>,
    /// The unit.
    pub unit: Option<String>,
    /// The run that measured it, if not this one: then it is no measurement of its own.
    pub origin: Option<RunId>,
}

/// Records of runs.
pub trait History: Send + Sync {
    /// Stores a run, all of it or nothing. Storing it again changes nothing; storing another record
    /// of the same run replaces the first.
    fn record(&self, record: &RunRecord) -> Result<Recorded, HistoryError>;

    /// Returns runs, newest first.
    fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, HistoryError>;

    /// Returns a run as it was recorded, none if it was not.
    fn load(&self, run: &RunId) -> Result<Option<RunRecord>, HistoryError>;

    /// Returns the newest of the runs.
    fn latest(&self, filter: &RunFilter) -> Result<Option<RunSummary>, HistoryError> {
        Ok(self.runs(&RunFilter { limit: Some(1), ..filter.clone() })?.into_iter().next())
    }

    /// Returns the seconds that each task of a suite is expected to take, retries included: the
    /// median over the last [`DURATION_RUNS`] runs that have it. Reused results and tasks that did
    /// not run do not count.
    fn durations(&self, suite: &SuiteName) -> Result<BTreeMap<TaskKey, f64>, HistoryError>;

    /// Returns the values of a metric in the runs of `filter`, oldest run first, at one point or at
    /// all.
    fn metric_series(
        &self,
        filter: &RunFilter,
        stage: &StageName,
        metric: &MetricName,
        point: Option<&PointName>,
    ) -> Result<Vec<SeriesPoint>, HistoryError>;

    /// Writes the rows of a table for the runs of `filter`, newest run first, without holding them
    /// all in memory. Returns how many rows there were.
    fn export(
        &self,
        table: ExportTable,
        format: ExportFormat,
        filter: &RunFilter,
        out: &mut dyn Write,
    ) -> Result<u64, HistoryError>;

    /// Deletes runs, all of them or none, and returns how many there were.
    fn delete(&self, runs: &[RunId]) -> Result<u64, HistoryError>;

    /// Names the database as in the project file, for messages.
    fn location(&self) -> String;
}

/// Why the database failed, whichever it is.
pub type DatabaseError = Box<dyn Error + Send + Sync>;

/// Why the history did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The text names no database.
    #[error("`{0}` names no history")]
    Scheme(String),
    /// A kind of database whose place is kept.
    #[error("the history `{0}` is in PostgreSQL, which this version cannot use: it is not built yet")]
    NotBuilt(String),
    /// The database cannot be opened.
    #[error("cannot open the history {location}")]
    Open {
        /// The database.
        location: String,
        /// Why.
        #[source]
        source: DatabaseError,
    },
    /// The file is no database, or damaged.
    #[error("the history {location} is no database, or damaged")]
    Corrupt {
        /// The database.
        location: String,
        /// What is wrong.
        #[source]
        source: DatabaseError,
    },
    /// The database belongs to another program.
    #[error("the database {location} is not a history of shmoo")]
    Foreign {
        /// The database.
        location: String,
    },
    /// The database says that writers must know more than we do.
    #[error("the history {location} can be written by a newer shmoo only (it needs schema {needed}, this is {ours})")]
    NewerWriter {
        /// The database.
        location: String,
        /// The oldest schema that a writer must know.
        needed: i64,
        /// The schema that we know.
        ours: i64,
    },
    /// The disk of the database is full. Nothing was stored.
    #[error("there is no room for the history {location}")]
    Full {
        /// The database.
        location: String,
        /// Why.
        #[source]
        source: DatabaseError,
    },
    /// The database cannot be asked or changed.
    #[error("cannot {verb} the history {location}")]
    Query {
        /// What was tried: `read`, `write`.
        verb: &'static str,
        /// The database.
        location: String,
        /// Why.
        #[source]
        source: DatabaseError,
    },
    /// A number of the record is infinite or not a number, and would not come back.
    #[error("cannot record run `{run}`: {what} is not finite")]
    NotFinite {
        /// The run.
        run: RunId,
        /// Which number.
        what: String,
    },
    /// A row that only we write does not say what we write.
    #[error("the row of run `{run}` in the history is broken")]
    BadRow {
        /// The run.
        run: String,
        /// What is wrong.
        #[source]
        source: DatabaseError,
    },
    /// The export's output cannot be written.
    #[error("cannot write the export")]
    Output(#[source] io::Error),
}

impl HistoryError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            HistoryError::Scheme(_) | HistoryError::NotBuilt(_) => {
                "write `sqlite:PATH`, such as `sqlite:.shmoo/history.db`".to_owned()
            }
            HistoryError::Corrupt { .. } => {
                "move the file away, then record the runs that are still there again with `shmoo record RUN`".to_owned()
            }
            HistoryError::Foreign { .. } => "give the history a file of its own".to_owned(),
            HistoryError::NewerWriter { .. } => "install a newer shmoo; reading works with this one".to_owned(),
            HistoryError::Full { .. } => "make room, then `shmoo record RUN`: nothing was half-stored".to_owned(),
            HistoryError::Open { .. }
            | HistoryError::Query { .. }
            | HistoryError::NotFinite { .. }
            | HistoryError::BadRow { .. }
            | HistoryError::Output(_) => return None,
        })
    }
}
