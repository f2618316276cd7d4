//! A history in an SQLite file, or in memory.

use super::database::{Database, Datum, EachRow, NewRows, Purpose};
use super::schema::{MIGRATIONS, Migration};
use super::stored::StoredHistory;
use super::{DatabaseError, HistoryError};
use crate::outside::durable;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ErrorCode, Row, ToSql, params_from_iter};
use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

/// How long a writer waits for the others.
const BUSY: Duration = Duration::from_secs(60);
/// Rows that one statement inserts: it finds its place in the table once, and goes on from there.
const TOGETHER: usize = 64;

/// Opens the database in a file, and makes it and its folder if they are not there.
pub fn open_sqlite(path: &Path) -> Result<StoredHistory, HistoryError> {
    open_with(path, MIGRATIONS)
}

pub(super) fn open_with(path: &Path, migrations: &[Migration]) -> Result<StoredHistory, HistoryError> {
    let location = format!("`sqlite:{}`", path.display());
    let failed = |source: DatabaseError| HistoryError::Open { location: location.clone(), source };
    if let Some(folder) = path.parent() {
        durable::create_folder(folder).map_err(|error| failed(error.into()))?;
    }
    let connection = Connection::open(path).map_err(|error| failed(error.into()))?;
    start(connection, location, migrations)
}

/// Makes a database that lives as long as this value.
pub fn open_in_memory() -> Result<StoredHistory, HistoryError> {
    let location = "`sqlite` in memory".to_owned();
    match Connection::open_in_memory() {
        Ok(connection) => start(connection, location, MIGRATIONS),
        Err(source) => Err(HistoryError::Open { location, source: source.into() }),
    }
}

fn start(connection: Connection, location: String, migrations: &[Migration]) -> Result<StoredHistory, HistoryError> {
    let prepare = || -> rusqlite::Result<()> {
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.pragma_update(None, "foreign_keys", true)?;
        // A record is on the disk when we say so.
        connection.pragma_update(None, "synchronous", "FULL")
    };
    if let Err(error) = prepare() {
        return Err(classify("open", &location, error));
    }
    let history = StoredHistory::start(Box::new(SqliteDatabase { connection, began: false }), location, migrations)?;
    // Readers and a writer do not wait for each other. Where the file system cannot do it, or
    // another process is at work right now, the other way of writing is as safe.
    history.set_up("PRAGMA journal_mode = WAL");
    // What is committed is on the disk in the log. It goes into the tables when we leave: nobody waits for it then.
    history.set_up("PRAGMA wal_autocheckpoint = 0");
    Ok(history)
}

struct SqliteDatabase {
    connection: Connection,
    /// Whether there was a transaction.
    began: bool,
}

impl Drop for SqliteDatabase {
    fn drop(&mut self) {
        if self.began {
            // Whoever comes next does what could not be done.
            let _ = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        }
    }
}

impl ToSql for Datum {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Datum::Null => ToSqlOutput::Owned(Value::Null),
            Datum::Integer(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Datum::Real(number) => ToSqlOutput::Owned(Value::Real(*number)),
            Datum::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Datum::Blob(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

/// Puts the columns of a row in the place of those of another, whose room is used again.
fn take_row(values: &mut [Datum], row: &Row<'_>) -> rusqlite::Result<()> {
    for (column, value) in values.iter_mut().enumerate() {
        match (row.get_ref(column)?, value) {
            (ValueRef::Text(text), Datum::Text(own)) => {
                own.clear();
                own.push_str(&String::from_utf8_lossy(text));
            }
            (found, value) => {
                *value = match found {
                    ValueRef::Null => Datum::Null,
                    ValueRef::Integer(number) => Datum::Integer(number),
                    ValueRef::Real(number) => Datum::Real(number),
                    ValueRef::Text(text) => Datum::Text(String::from_utf8_lossy(text).into_owned()),
                    ValueRef::Blob(bytes) => Datum::Blob(bytes.to_owned()),
                };
            }
        }
    }
    Ok(())
}

impl Database for SqliteDatabase {
    fn begin(&mut self, _: Purpose) -> Result<(), DatabaseError> {
        self.began = true;
        // The right to write is taken first, so that what is read in between stays true.
        Ok(self.connection.execute_batch("BEGIN IMMEDIATE")?)
    }

    fn commit(&mut self) -> Result<(), DatabaseError> {
        Ok(self.connection.execute_batch("COMMIT")?)
    }

    fn roll_back(&mut self) {
        // SQLite has ended it by itself after some failures.
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }

    fn lock_run(&mut self, _: &str) -> Result<(), DatabaseError> {
        // One writer has the whole database.
        Ok(())
    }

    fn execute(&mut self, sql: &str, values: &[Datum]) -> Result<u64, DatabaseError> {
        Ok(self.connection.prepare_cached(sql)?.execute(params_from_iter(values))? as u64)
    }

    fn query(&mut self, sql: &str, values: &[Datum], each: EachRow<'_>) -> Result<(), DatabaseError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut columns = vec![Datum::Null; statement.column_count()];
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            take_row(&mut columns, row)?;
            each(&columns)?;
        }
        Ok(())
    }

    fn insert(&mut self, table: &str, columns: &[&str], rows: NewRows<'_>) -> Result<(), DatabaseError> {
        let places = format!("({})", vec!["?"; columns.len()].join(", "));
        let insert = format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "));
        let prepare =
            |rows| self.connection.prepare_cached(&format!("{insert}{}", vec![places.as_str(); rows].join(", ")));
        let mut many = None;
        let mut values: Vec<Datum> = Vec::with_capacity(TOGETHER * columns.len());
        for row in rows {
            values.extend(row?);
            if values.len() == TOGETHER * columns.len() {
                let many = match &mut many {
                    Some(many) => many,
                    None => many.insert(prepare(TOGETHER)?),
                };
                many.execute(params_from_iter(values.drain(..)))?;
            }
        }
        if !values.is_empty() {
            let mut one = prepare(1)?;
            for row in values.chunks(columns.len()) {
                one.execute(params_from_iter(row))?;
            }
        }
        Ok(())
    }

    fn define(&mut self, statement: &str) -> Result<(), DatabaseError> {
        Ok(self.connection.execute_batch(&translate(statement))?)
    }

    fn tables(&mut self) -> Result<Vec<String>, DatabaseError> {
        let mut names = Vec::new();
        let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        self.query(sql, &[], &mut |row| {
            names.push(super::database::Fields::of(row).text()?.to_owned());
            Ok(())
        })?;
        Ok(names)
    }

    fn may_try_again(&self, _: &DatabaseError) -> bool {
        false
    }

    fn explain(&self, verb: &'static str, location: &str, error: DatabaseError) -> HistoryError {
        match error.downcast::<rusqlite::Error>() {
            Ok(error) => classify(verb, location, *error),
            Err(source) => HistoryError::Query { verb, location: location.to_owned(), source },
        }
    }
}

/// Returns a statement of the common subset in words of SQLite. Rows of a table whose key has several columns lie
/// in the order of the key, which is how they are written and asked for, and not once more in an index.
fn translate(statement: &str) -> Cow<'_, str> {
    let is_keyed = statement.starts_with("CREATE TABLE ") && statement.contains(" PRIMARY KEY (");
    if is_keyed { format!("{statement} WITHOUT ROWID").into() } else { statement.into() }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outside::history::History;
    use crate::record::sample;
    use crate::value::RunId;
    use rusqlite::ffi;

    #[test]
    fn statements_of_the_common_subset() {
        let check = |statement: &str, expected: &str| assert_eq!(translate(statement), expected);
        check("CREATE TABLE t (a TEXT PRIMARY KEY)", "CREATE TABLE t (a TEXT PRIMARY KEY)");
        check(
            "CREATE TABLE t (a TEXT, PRIMARY KEY (a, b))",
            "CREATE TABLE t (a TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID",
        );
        check("CREATE INDEX i ON t (a)", "CREATE INDEX i ON t (a)");
    }

    #[test]
    fn rows_go_in_many_at_a_time() {
        for count in [0, 1, TOGETHER - 1, TOGETHER, TOGETHER + 1, 3 * TOGETHER + 7] {
            let mut database = SqliteDatabase { connection: Connection::open_in_memory().unwrap(), began: false };
            database.define("CREATE TABLE t (a BIGINT, b TEXT)").unwrap();
            let row = |number: usize| vec![Datum::count(number), Datum::text(format!("row {number}"))];
            database.insert("t", &["a", "b"], &mut (0..count).map(|number| Ok(row(number)))).unwrap();
            let mut found = Vec::new();
            let mut keep = |row: &[Datum]| {
                found.push(row.to_vec());
                Ok(())
            };
            database.query("SELECT a, b FROM t ORDER BY a", &[], &mut keep).unwrap();
            assert_eq!(found, (0..count).map(row).collect::<Vec<_>>(), "{count}");
        }
    }

    #[test]
    fn who_wrote_and_leaves_puts_the_log_into_the_tables() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.db");
        let reader = open_sqlite(&path).unwrap();
        let mut record = sample::record(&sample::suite(&["size:s=1 2"], Vec::new()), "a");
        for (number, id) in ["a", "b"].into_iter().enumerate() {
            record.run.id = RunId::new(id);
            let writer = open_sqlite(&path).unwrap();
            writer.record(&record).unwrap();
            assert_eq!(reader.number("SELECT COUNT(*) FROM runs"), number as i64 + 1);
            drop(writer);
            // Without a look at the log, which the reader keeps alive.
            let tables = folder.path().join(format!("tables-{id}.db"));
            std::fs::copy(&path, &tables).unwrap();
            let tables = open_sqlite(&tables).unwrap();
            assert_eq!(tables.number("SELECT COUNT(*) FROM runs"), number as i64 + 1);
        }
    }

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
