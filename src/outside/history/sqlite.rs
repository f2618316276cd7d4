//! The history in an SQLite file, or in memory.

use super::export::Sink;
use super::rows::{self, Condition};
use super::schema::{self, MIGRATIONS, Migration};
use super::{
    DURATION_RUNS, DatabaseError, ExportFormat, ExportTable, History, HistoryError, Recorded, RunFilter, RunSummary,
    SeriesPoint, blob,
};
use crate::ledger::MeasuredValue;
use crate::outside::durable;
use crate::record::{CaseRecord, MetricRow, RunRecord};
use crate::value::{Digest, MetricName, PointName, RunId, StageName, SuiteName, TaskKey};
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params, params_from_iter};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a writer waits for the others.
const BUSY: Duration = Duration::from_secs(60);

/// Runs in an SQLite database.
#[derive(Debug)]
pub struct SqliteHistory {
    connection: Mutex<Connection>,
    location: String,
    /// The version of the schema that we know.
    ours: i64,
}

impl SqliteHistory {
    /// Opens the database in a file, and makes it and its folder if they are not there.
    pub fn open(path: &Path) -> Result<SqliteHistory, HistoryError> {
        SqliteHistory::open_with(path, MIGRATIONS)
    }

    pub(super) fn open_with(path: &Path, migrations: &[Migration]) -> Result<SqliteHistory, HistoryError> {
        let location = format!("`sqlite:{}`", path.display());
        let failed = |source: DatabaseError| HistoryError::Open { location: location.clone(), source };
        if let Some(folder) = path.parent() {
            durable::create_folder(folder).map_err(|error| failed(error.into()))?;
        }
        let connection = Connection::open(path).map_err(|error| failed(error.into()))?;
        SqliteHistory::start(connection, location, migrations)
    }

    /// Makes a database that lives as long as this value.
    pub fn in_memory() -> Result<SqliteHistory, HistoryError> {
        let location = "`sqlite` in memory".to_owned();
        match Connection::open_in_memory() {
            Ok(connection) => SqliteHistory::start(connection, location, MIGRATIONS),
            Err(source) => Err(HistoryError::Open { location, source: source.into() }),
        }
    }

    fn start(
        mut connection: Connection,
        location: String,
        migrations: &[Migration],
    ) -> Result<SqliteHistory, HistoryError> {
        let ours = migrations.last().map_or(0, |migration| migration.version);
        let mut prepare = || -> rusqlite::Result<bool> {
            connection.busy_timeout(BUSY)?;
            connection.set_prepared_statement_cache_capacity(64);
            connection.pragma_update(None, "foreign_keys", true)?;
            // A record is on the disk when we say so.
            connection.pragma_update(None, "synchronous", "FULL")?;
            migrate(&mut connection, migrations)
        };
        match prepare() {
            Ok(true) => {}
            Ok(false) => return Err(HistoryError::Foreign { location }),
            Err(error) => return Err(classify("open", &location, error)),
        }
        // Readers and a writer do not wait for each other. Where the file system cannot do it, or
        // another process is at work right now, the other way of writing is as safe.
        let _ = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        Ok(SqliteHistory { connection: Mutex::new(connection), location, ours })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` in a transaction of a writer that may write.
    fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, DatabaseError>) -> Result<T, HistoryError> {
        let mut connection = self.connection();
        let failed = |error: rusqlite::Error| classify("write", &self.location, error);
        // The right to write is taken first, so that what is read in between stays true.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let needed = version(&transaction, "min_writer").map_err(failed)?.unwrap_or(0);
        if needed > self.ours {
            return Err(HistoryError::NewerWriter { location: self.location.clone(), needed, ours: self.ours });
        }
        // Dropped on an error, the transaction takes everything back.
        let result = work(&transaction).map_err(|error| self.classify_any("write", error))?;
        transaction.commit().map_err(failed)?;
        Ok(result)
    }

    fn classify_any(&self, verb: &'static str, error: DatabaseError) -> HistoryError {
        match error.downcast::<rusqlite::Error>() {
            Ok(error) => classify(verb, &self.location, *error),
            Err(source) => HistoryError::Query { verb, location: self.location.clone(), source },
        }
    }

    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, DatabaseError>) -> Result<T, HistoryError> {
        work(&self.connection()).map_err(|error| self.classify_any("read", error))
    }

    #[cfg(test)]
    pub(super) fn execute(&self, sql: &str) {
        self.connection().execute_batch(sql).unwrap();
    }

    #[cfg(test)]
    pub(super) fn number(&self, sql: &str) -> i64 {
        self.connection().query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

/// Tells kinds of failures apart for which people do different things.
fn classify(verb: &'static str, location: &str, error: rusqlite::Error) -> HistoryError {
    let location = location.to_owned();
    let code = error.sqlite_error_code();
    // The index of the write-ahead log has no room: the database says `disk I/O error`.
    let no_index = error.sqlite_error().is_some_and(|error| error.extended_code == SQLITE_IOERR_SHMSIZE);
    let source = error.into();
    match code {
        _ if no_index => HistoryError::Full { location, source },
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => HistoryError::Corrupt { location, source },
        Some(ErrorCode::DiskFull) => HistoryError::Full { location, source },
        _ if verb == "open" => HistoryError::Open { location, source },
        _ => HistoryError::Query { verb, location, source },
    }
}

fn version(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    connection.query_row("SELECT value FROM shmoo_schema WHERE name = $1", [name], |row| row.get(0)).optional()
}

fn has_table(connection: &Connection, condition: &str) -> rusqlite::Result<bool> {
    connection.query_row(
        &format!("SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND {condition})"),
        [],
        |row| row.get(0),
    )
}

/// Brings the schema to our version, or leaves a newer one as it is. Returns whether it is a history.
fn migrate(connection: &mut Connection, migrations: &[Migration]) -> rusqlite::Result<bool> {
    let ours = migrations.last().map_or(0, |migration| migration.version);
    if has_table(connection, "name = 'shmoo_schema'")? && version(connection, "schema_version")? >= Some(ours) {
        return Ok(true);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Looked at again: another process may have done it while we waited.
    if !has_table(&transaction, "name = 'shmoo_schema'")? {
        if has_table(&transaction, "name NOT LIKE 'sqlite_%'")? {
            return Ok(false);
        }
        transaction.execute(schema::CREATE_SCHEMA_TABLE, [])?;
    }
    let current = version(&transaction, "schema_version")?.unwrap_or(0);
    let min_writer = version(&transaction, "min_writer")?.unwrap_or(0);
    for migration in migrations.iter().filter(|migration| migration.version > current) {
        for statement in migration.statements {
            transaction.execute_batch(statement)?;
        }
        let versions = [("schema_version", migration.version), ("min_writer", migration.min_writer.max(min_writer))];
        for (name, value) in versions {
            transaction.execute(
                "INSERT INTO shmoo_schema (name, value) VALUES ($1, $2)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                params![name, value],
            )?;
        }
    }
    transaction.commit()?;
    Ok(true)
}

/// Inserts all rows of a run.
fn insert(
    transaction: &Transaction<'_>,
    record: &RunRecord,
    bytes: Vec<u8>,
    digest: Digest,
) -> Result<(), DatabaseError> {
    let mut values = rows::run_values(record)?;
    values.extend([Sql::Text(digest.to_string()), Sql::Blob(bytes)]);
    let places: Vec<String> = (1..=values.len()).map(|place| format!("${place}")).collect();
    let columns = rows::RUN_COLUMNS;
    transaction
        .prepare_cached(&format!("INSERT INTO runs ({columns}, record_digest, record) VALUES ({})", places.join(", ")))?
        .execute(params_from_iter(values))?;
    let run = record.run.id.as_str();

    let mut statement = transaction.prepare_cached(
        "INSERT INTO tasks (run, stage, point, round, params, verdict, known, message, cause, started, wall, cpu, max_rss,
         attempts, elapsed, origin, cases)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
    )?;
    for task in &record.tasks {
        statement.execute(params![
            run,
            task.task.stage.as_str(),
            task.task.point.as_str(),
            rows::round_text(&task.task),
            rows::params_json(&task.params)?,
            task.verdict.word(),
            task.known,
            task.message,
            task.cause.as_ref().map(ToString::to_string),
            task.started.map(|time| time.to_string()),
            task.usage.wall,
            task.usage.cpu,
            i64::try_from(task.usage.max_rss).unwrap_or(i64::MAX),
            i64::try_from(task.tries.len() + 1).unwrap_or(i64::MAX),
            rows::elapsed(task),
            task.origin.as_ref().map(RunId::as_str),
            i64::try_from(task.cases).unwrap_or(i64::MAX),
        ])?;
    }

    let mut statement = transaction.prepare_cached(
        "INSERT INTO metrics (run, stage, point, metric, params, value, text, samples, unit, origin)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )?;
    for row in &record.metrics {
        let MetricRow { stage, point, metric, params, value, samples, unit, origin } = row;
        let (number, text) = match value {
            MeasuredValue::Number(number) => (Some(*number), None),
            MeasuredValue::Text(text) => (None, Some(text)),
        };
        statement.execute(params![
            run,
            stage.as_str(),
            point.as_str(),
            metric.as_str(),
            rows::params_json(params)?,
            number,
            text,
            rows::json(samples)?,
            unit,
            origin.as_ref().map(RunId::as_str),
        ])?;
    }

    let mut statement = transaction.prepare_cached(
        "INSERT INTO cases (run, name, params, verdict, known, worst) VALUES ($1, $2, $3, $4, $5, $6)",
    )?;
    for case in &record.cases {
        let CaseRecord { name, params, verdict, known, worst } = case;
        statement.execute(params![
            run,
            name.as_str(),
            rows::params_json(params)?,
            verdict.word(),
            i64::from(*known),
            worst.as_ref().map(ToString::to_string),
        ])?;
    }
    Ok(())
}

fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}

impl History for SqliteHistory {
    fn record(&self, record: &RunRecord) -> Result<Recorded, HistoryError> {
        let run = &record.run.id;
        if let Some(what) = blob::not_finite(record) {
            return Err(HistoryError::NotFinite { run: run.clone(), what });
        }
        let bytes = blob::encode(record).map_err(|error| self.classify_any("write", error))?;
        let digest = Digest::of(&bytes);
        self.write(|transaction| {
            let stored: Option<String> = transaction
                .prepare_cached("SELECT record_digest FROM runs WHERE run = $1")?
                .query_row([run.as_str()], |row| row.get(0))
                .optional()?;
            if stored.as_deref() == Some(digest.to_string().as_str()) {
                return Ok(Recorded::Unchanged);
            }
            if stored.is_some() {
                transaction.execute("DELETE FROM runs WHERE run = $1", [run.as_str()])?;
            }
            insert(transaction, record, bytes, digest)?;
            Ok(if stored.is_some() { Recorded::Replaced } else { Recorded::New })
        })
    }

    fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, HistoryError> {
        let condition = Condition::of(filter);
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {} FROM runs WHERE run IN ({}) ORDER BY started DESC, run DESC",
                rows::RUN_COLUMNS,
                condition.sql
            ))?;
            let mut found = statement.query(params_from_iter(condition.values))?;
            let mut runs = Vec::new();
            while let Some(row) = found.next()? {
                runs.push(rows::summary(row)?);
            }
            Ok(runs)
        })
    }

    fn load(&self, run: &RunId) -> Result<Option<RunRecord>, HistoryError> {
        let bytes: Option<Vec<u8>> = self.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT record FROM runs WHERE run = $1")?;
            Ok(statement.query_row([run.as_str()], |row| row.get(0)).optional()?)
        })?;
        let bad = |source| HistoryError::BadRow { run: run.to_string(), source };
        bytes.map(|bytes| blob::decode(&bytes).map_err(bad)).transpose()
    }

    fn durations(&self, suite: &SuiteName) -> Result<BTreeMap<TaskKey, f64>, HistoryError> {
        let condition = Condition::of(&RunFilter {
            suite: Some(suite.clone()),
            limit: Some(DURATION_RUNS),
            ..RunFilter::default()
        });
        self.read(|connection| {
            // A task that was killed by its limit took at least that long.
            let mut statement = connection.prepare_cached(&format!(
                "SELECT stage, point, round, elapsed FROM tasks
                 WHERE run IN ({}) AND verdict IN ('pass', 'fail', 'timeout') AND origin IS NULL
                 ORDER BY stage, point, round, elapsed",
                condition.sql
            ))?;
            let mut found = statement.query(params_from_iter(condition.values))?;
            let mut durations = BTreeMap::new();
            let mut group: Vec<f64> = Vec::new();
            let mut current: Option<(String, String, String)> = None;
            loop {
                let row = found.next()?;
                let next = match row {
                    Some(row) => Some((row.get(0)?, row.get(1)?, row.get(2)?)),
                    None => None,
                };
                if next != current {
                    if let Some((stage, point, round)) = &current {
                        durations.insert(rows::task_key(stage, point, round)?, median(&group));
                    }
                    group.clear();
                    current = next;
                }
                match row {
                    Some(row) => group.push(row.get(3)?),
                    None => return Ok(durations),
                }
            }
        })
    }

    fn metric_series(
        &self,
        filter: &RunFilter,
        stage: &StageName,
        metric: &MetricName,
        point: Option<&PointName>,
    ) -> Result<Vec<SeriesPoint>, HistoryError> {
        let mut condition = Condition::of(filter);
        let mut wanted = format!("r.run IN ({})", condition.sql);
        let texts = [
            ("stage", Some(stage.as_str())),
            ("metric", Some(metric.as_str())),
            ("point", point.map(PointName::as_str)),
        ];
        for (column, value) in texts {
            if let Some(value) = value {
                wanted += &format!(" AND m.{column} = {}", condition.placeholder(Sql::Text(value.to_owned())));
            }
        }
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT m.run, r.started, r.revision, r.fingerprint, m.point, m.value, m.text, m.samples, m.unit, m.origin
                 FROM runs r JOIN metrics m ON m.run = r.run
                 WHERE {wanted} ORDER BY r.started, m.run, m.point"
            ))?;
            let mut found = statement.query(params_from_iter(condition.values))?;
            let mut series = Vec::new();
            while let Some(row) = found.next()? {
                let value = match (row.get(5)?, row.get(6)?) {
                    (_, Some(text)) => MeasuredValue::Text(text),
                    (Some(number), None) => MeasuredValue::Number(number),
                    (None, None) => return Err("a metric has neither a number nor a text".into()),
                };
                series.push(SeriesPoint {
                    run: RunId::new(row.get::<_, String>(0)?),
                    started: row.get::<_, String>(1)?.parse()?,
                    commit: row.get(2)?,
                    fingerprint: row.get(3)?,
                    point: PointName::new(row.get::<_, String>(4)?),
                    value,
                    samples: serde_json::from_str(&row.get::<_, String>(7)?)?,
                    unit: row.get(8)?,
                    origin: row.get::<_, Option<String>>(9)?.map(RunId::new),
                });
            }
            Ok(series)
        })
    }

    fn export(
        &self,
        table: ExportTable,
        format: ExportFormat,
        filter: &RunFilter,
        out: &mut dyn Write,
    ) -> Result<u64, HistoryError> {
        let (name, columns) = table.columns();
        let condition = Condition::of(filter);
        let selected: Vec<&str> = columns.iter().map(|(_, sql, _)| *sql).collect();
        let sql = format!(
            "SELECT {} FROM {name} t JOIN runs r ON r.run = t.run WHERE r.run IN ({}) ORDER BY r.started DESC, {}",
            selected.join(", "),
            condition.sql,
            table.order()
        );
        let failed = |error: rusqlite::Error| classify("read", &self.location, error);
        let connection = self.connection();
        let mut statement = connection.prepare(&sql).map_err(failed)?;
        let mut found = statement.query(params_from_iter(condition.values)).map_err(failed)?;
        let mut sink = Sink::start(format, columns, out)?;
        let mut count = 0;
        while let Some(row) = found.next().map_err(failed)? {
            let values = (0..columns.len()).map(|index| row.get_ref(index)).collect::<Result<Vec<_>, _>>();
            sink.row(columns, &values.map_err(failed)?)?;
            count += 1;
        }
        sink.finish()?;
        Ok(count)
    }

    fn delete(&self, runs: &[RunId]) -> Result<u64, HistoryError> {
        self.write(|transaction| {
            let mut statement = transaction.prepare_cached("DELETE FROM runs WHERE run = $1")?;
            let mut count = 0;
            for run in runs {
                count += statement.execute([run.as_str()])? as u64;
            }
            Ok(count)
        })
    }

    fn location(&self) -> String {
        self.location.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    #[test]
    fn failures_are_told_apart() {
        let check = |verb: &'static str, code: i32, expected: &str| {
            let error = classify(verb, "`x`", rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
            assert_eq!(error.to_string(), expected, "{code}");
        };
        check("write", ffi::SQLITE_FULL, "there is no room for the history `x`");
        check("read", ffi::SQLITE_IOERR_SHMSIZE, "there is no room for the history `x`");
        check("write", ffi::SQLITE_IOERR_READ, "cannot write the history `x`");
        check("open", ffi::SQLITE_CANTOPEN, "cannot open the history `x`");
        check("read", ffi::SQLITE_NOTADB, "the history `x` is no database, or damaged");
        check("read", ffi::SQLITE_CORRUPT_INDEX, "the history `x` is no database, or damaged");
        check("write", ffi::SQLITE_BUSY_SNAPSHOT, "cannot write the history `x`");
    }
}
