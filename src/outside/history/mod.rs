//! Records of runs, in a database.
//!
//! A run is one row with its whole record (compressed JSON, which comes back exactly), and rows for
//! its tasks, metrics and cases, keyed by (stage, point), for questions over many runs. All rows of a
//! run are written in one transaction; recording a run again replaces it or, where nothing changed,
//! does nothing.
//!
//! The SQL keeps to what SQLite and PostgreSQL share: `$1` placeholders, times as RFC 3339 text in
//! UTC, JSON as text. `stored` asks all questions through `database`, which `sqlite` and `postgres`
//! answer.
//!
//! Invariant: no error and no log names a password.

mod blob;
mod database;
mod export;
mod migrate;
mod open;
mod password_file;
mod postgres;
mod postgres_error;
mod postgres_place;
mod rows;
mod schema;
mod sqlite;
mod stored;
#[cfg(test)]
mod tests;
mod tls;

pub use crate::outside::environment::Environment;
pub use crate::record::RunSummary;
pub use blob::{PackedRecord, RecordPacker};
pub use export::{ExportFormat, ExportTable};
pub use open::open_history;
pub use postgres::{Waiting, open_postgres};
pub use postgres_place::{PlaceError, PostgresPlace};
pub use sqlite::{open_in_memory, open_sqlite};
pub use stored::StoredHistory;

use crate::ledger::MeasuredValue;
use crate::record::RunRecord;
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
    /// Started at this moment or later.
    pub since: Option<Timestamp>,
    /// Started before this moment.
    pub before: Option<Timestamp>,
    /// Complete ones.
    pub complete_only: bool,
    /// Ones of the whole suite: no filter was given.
    pub whole_only: bool,
    /// Ones of our own code: not of a pull request from a fork.
    pub own_only: bool,
    /// At most so many, the newest.
    pub limit: Option<u64>,
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

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imported {
    /// Runs that were not there.
    pub new: u64,
    /// Runs of which another record was there.
    pub replaced: u64,
    /// Runs that were there like this.
    pub unchanged: u64,
}

/// What runs had, by name, each with the last run that had it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// Metrics.
    pub metrics: Vec<(StageName, MetricName, RunId)>,
    /// Cases.
    pub cases: Vec<(PointName, RunId)>,
}

/// How the stages of a run measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRecipes {
    /// The run.
    pub run: RunId,
    /// The digest of its suite.
    pub suite_digest: Digest,
    /// The digest of the command and the inputs of each stage that measures something; empty where an
    /// older shmoo recorded the run.
    pub stages: BTreeMap<StageName, Digest>,
}

/// What a run measured of a metric at a point.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSamples<'a> {
    /// The place of the run among those that were asked for.
    pub run: usize,
    /// The name of the point.
    pub point: &'a str,
    /// All measured samples, at least one.
    pub samples: Vec<f64>,
    /// Their unit.
    pub unit: Option<&'a str>,
}

/// A record as the database holds it. Unpacking it takes longer than fetching it, and needs no database.
#[derive(Debug, Clone)]
pub struct StoredRecord {
    run: RunId,
    bytes: Vec<u8>,
}

impl StoredRecord {
    /// Returns the record.
    pub fn unpack(&self) -> Result<RunRecord, HistoryError> {
        let bad = |source| HistoryError::BadRow { run: self.run.to_string(), source };
        blob::decode(&self.bytes).map_err(bad)
    }
}

/// Packs a record.
pub type Pack<'a> = &'a (dyn Fn() -> Result<PackedRecord, DatabaseError> + Sync);

/// Gives one record after the other, none at the end.
pub type RecordSource<'a> = &'a mut dyn FnMut() -> Result<Option<RunRecord>, DatabaseError>;

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
    /// Samples of warm-up rounds, which count for nothing.
    pub warmups: Vec<f64>,
    /// The unit.
    pub unit: Option<String>,
    /// The run that measured it, if not this one: then it is no measurement of its own.
    pub origin: Option<RunId>,
}

/// Records of runs.
pub trait History: Send + Sync {
    /// Stores a run, all of it or nothing. Storing it again changes nothing; storing another record
    /// of the same run replaces the first.
    fn record(&self, record: &RunRecord) -> Result<Recorded, HistoryError> {
        self.record_packed(record, &|| blob::encode(record))
    }

    /// Stores a run as [`History::record`] does; `pack` packs it, and is called at most once, on another thread.
    fn record_packed(&self, record: &RunRecord, pack: Pack<'_>) -> Result<Recorded, HistoryError>;

    /// Stores records as [`History::record`] does, all of them or none. What `records` fails with is
    /// the [`HistoryError::Import`] that comes back.
    fn import(&self, records: RecordSource<'_>) -> Result<Imported, HistoryError>;

    /// Returns runs, newest first.
    fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, HistoryError>;

    /// Returns a run as it was recorded, still packed; none if it was not.
    fn packed(&self, run: &RunId) -> Result<Option<StoredRecord>, HistoryError>;

    /// Returns a run as it was recorded, none if it was not.
    fn load(&self, run: &RunId) -> Result<Option<RunRecord>, HistoryError> {
        self.packed(run)?.map(|packed| packed.unpack()).transpose()
    }

    /// Returns the newest of the runs. One that only confirmed a comparison is nobody's last run.
    fn latest(&self, filter: &RunFilter) -> Result<Option<RunSummary>, HistoryError> {
        let mut limit = 1;
        loop {
            let runs = self.runs(&RunFilter { limit: Some(limit), ..filter.clone() })?;
            let all = (runs.len() as u64) < limit;
            let found = runs.into_iter().find(|run| !run.is_confirmation());
            if found.is_some() || all {
                return Ok(found);
            }
            limit *= 8;
        }
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

    /// Gives what `runs` measured of a metric themselves, at `points` or at all, to `each`, in no order.
    /// Texts and results that a run reused are left out.
    fn samples(
        &self,
        runs: &[RunId],
        stage: &StageName,
        metric: &MetricName,
        points: Option<&[&PointName]>,
        each: &mut dyn FnMut(StoredSamples<'_>),
    ) -> Result<(), HistoryError>;

    /// Returns how the stages of `runs` measured, in no order; nothing of runs that are not there.
    fn recipes(&self, runs: &[RunId]) -> Result<Vec<RunRecipes>, HistoryError>;

    /// Returns the metrics and cases that runs of `filter` had, in the order of their names; with `known`, those
    /// of runs of another plan only: what runs of one plan have is the same.
    fn seen(&self, filter: &RunFilter, known: Option<&Digest>) -> Result<Seen, HistoryError>;

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
    /// The environment has no such variable.
    #[error("the history is in the variable `{0}`, which is not set")]
    NoVariable(String),
    /// The URL of a server is wrong.
    #[error("the URL of the history is wrong")]
    Place(#[source] PlaceError),
    /// The file with the password of a server cannot be used.
    #[error("cannot take the password of the history {location} from `{file}`")]
    PasswordFile {
        /// The database.
        location: String,
        /// The file.
        file: String,
        /// Why.
        #[source]
        source: DatabaseError,
    },
    /// The file with the certificates to trust cannot be used.
    #[error("cannot take the certificates for the history {location} from {file}")]
    Certificates {
        /// The database.
        location: String,
        /// The file.
        file: String,
        /// Why.
        #[source]
        source: DatabaseError,
    },
    /// The server does not answer, or not as it should.
    #[error("cannot reach the history {location}")]
    Unreachable {
        /// The database.
        location: String,
        /// Why.
        #[source]
        source: DatabaseError,
    },
    /// The server does not let us.
    #[error("the history {location} does not let us {verb} it")]
    Refused {
        /// What was tried: `open`, `read`, `write`.
        verb: &'static str,
        /// The database.
        location: String,
        /// Why.
        #[source]
        source: DatabaseError,
    },
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
    /// The records to import are not what an export gives.
    #[error("nothing was imported")]
    Import(#[source] DatabaseError),
    /// Whole records have no columns.
    #[error("whole records are exported as `jsonl` only")]
    RecordsAreJson,
    /// The export's output cannot be written.
    #[error("cannot write the export")]
    Output(#[source] io::Error),
}

impl HistoryError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            HistoryError::Scheme(_) => {
                "write `sqlite:PATH`, `postgres://USER@HOST/DATABASE`, or `env:VARIABLE` with one of these in it"
                    .to_owned()
            }
            HistoryError::NoVariable(name) => format!("set `{name}` to `postgres://USER:PASSWORD@HOST/DATABASE`"),
            HistoryError::Place(error) => error.hint(),
            HistoryError::PasswordFile { .. } => {
                "it is `~/.pgpass`, or what `PGPASSFILE` names: lines of `HOST:PORT:DATABASE:USER:PASSWORD`".to_owned()
            }
            HistoryError::Certificates { .. } => {
                "name a PEM file with `sslrootcert=FILE` in the URL, or in `PGSSLROOTCERT`".to_owned()
            }
            HistoryError::Unreachable { .. } => {
                "is the server up and the address right? results are kept in the folder of the run: \
                 `shmoo record RUN` stores them later"
                    .to_owned()
            }
            HistoryError::Refused { verb: "open", .. } => {
                "check user, database and password (`PGPASSWORD` or `~/.pgpass`); the first to open it must be \
                 allowed to create tables"
                    .to_owned()
            }
            HistoryError::Refused { .. } => "ask for the right to read and write its tables".to_owned(),
            HistoryError::Corrupt { .. } => {
                "move the file away, then record the runs that are still there again with `shmoo record RUN`".to_owned()
            }
            HistoryError::Foreign { .. } => "give the history a file, or a database or schema, of its own".to_owned(),
            HistoryError::NewerWriter { .. } => "install a newer shmoo; reading works with this one".to_owned(),
            HistoryError::Full { .. } => "make room, then `shmoo record RUN`: nothing was half-stored".to_owned(),
            HistoryError::RecordsAreJson => "add `--format jsonl`".to_owned(),
            HistoryError::Open { .. }
            | HistoryError::Query { .. }
            | HistoryError::NotFinite { .. }
            | HistoryError::BadRow { .. }
            | HistoryError::Import(_)
            | HistoryError::Output(_) => return None,
        })
    }

    /// Tells whether the user has said something wrong.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            HistoryError::Scheme(_)
                | HistoryError::NoVariable(_)
                | HistoryError::Place(_)
                | HistoryError::Import(_)
                | HistoryError::RecordsAreJson
        )
    }

    /// Tells whether the database is somewhere else and not to be had: what was measured is kept in
    /// folders, and can be recorded later.
    pub fn is_away(&self) -> bool {
        matches!(self, HistoryError::Unreachable { .. } | HistoryError::Refused { .. })
    }
}
