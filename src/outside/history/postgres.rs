//! A history in a PostgreSQL server.
//!
//! Nothing waits for ever: each answer of the server has a limit, after which the connection is given
//! up. What was not committed then is not there; recording a run again does no harm.

use super::database::{Database, Datum, EachRow, Fields, NewRows, Purpose};
use super::postgres_error::{self, Lost, Silent};
use super::postgres_place::{Host, PlaceError, PostgresPlace, Secret, SslMode};
use super::schema::{MIGRATIONS, Migration};
use super::stored::StoredHistory;
use super::tls::{self, Roots};
use super::{DatabaseError, Environment, HistoryError, password_file};
use crate::value::Digest;
use futures_util::TryStreamExt;
use std::collections::HashMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSqlOwned, IsNull, ToSql, Type};
use tokio_postgres::{Client, Row, Statement};

/// Advisory lock that writers of rows share, and that changes of the schema have alone: `shmoo` in ASCII.
const SCHEMA_LOCK: i64 = 0x0073_686d_6f6f;
/// First half of the advisory locks of runs: `shmr` in ASCII.
const RUN_LOCKS: i32 = 0x7368_6d72;
/// How long a good-bye may take.
const GOOD_BYE: Duration = Duration::from_secs(1);

/// How long to wait for a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Until it is connected; `connect_timeout` of the URL goes first.
    pub connect: Duration,
    /// For each answer.
    pub answer: Duration,
}

impl Default for Waiting {
    fn default() -> Waiting {
        Waiting { connect: Duration::from_secs(15), answer: Duration::from_secs(60) }
    }
}

/// Opens the history in a server, and makes its tables if they are not there.
pub fn open_postgres(
    place: &PostgresPlace,
    environment: &Environment,
    waiting: Waiting,
) -> Result<StoredHistory, HistoryError> {
    open_with(place, environment, waiting, MIGRATIONS)
}

fn open_with(
    place: &PostgresPlace,
    environment: &Environment,
    waiting: Waiting,
    migrations: &[Migration],
) -> Result<StoredHistory, HistoryError> {
    let location = place.shown();
    let password = password(place, environment)?;
    let mode = ssl_mode(place, environment)?;
    let named = place.root_certificates.as_deref().or_else(|| environment.get("PGSSLROOTCERT"));
    let roots = named.map(|name| if name == "system" { Roots::System } else { Roots::File(Path::new(name)) });
    let tls = tls::connector(mode, roots).map_err(|source| HistoryError::Certificates {
        location: location.clone(),
        file: named.map_or("the system's list".to_owned(), |name| format!("`{name}`")),
        source,
    })?;
    let config = config(place, password, mode, waiting);
    let connect = place.connect_timeout.unwrap_or(waiting.connect);
    let failed = |source| postgres_error::explain("open", &location, source);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| failed(error.into()))?;
    let (client, connection) = runtime.block_on(within(connect, config.connect(tls))).map_err(&failed)?;
    let connection = runtime.spawn(async move {
        // Whoever waits for an answer hears of a failure.
        let _ = connection.await;
    });
    let mut database = PostgresDatabase {
        runtime,
        client: Some(client),
        connection: Some(connection),
        answer: waiting.answer,
        statements: HashMap::new(),
    };
    // A writer whose machine went away must not keep the others waiting; and we would rather hear that
    // others are in the way than hear nothing.
    let lock = waiting.answer.as_millis() * 3 / 4;
    let idle = waiting.answer.as_millis() * 5;
    let set = format!("SET lock_timeout = {lock}; SET idle_in_transaction_session_timeout = {idle}");
    database.batch(&set).map_err(failed)?;
    StoredHistory::start(Box::new(database), location, migrations)
}

fn password(place: &PostgresPlace, environment: &Environment) -> Result<Option<Secret>, HistoryError> {
    if let Some(password) = &place.password {
        return Ok(Some(password.clone()));
    }
    if let Some(password) = environment.get("PGPASSWORD") {
        return Ok(Some(Secret::new(password)));
    }
    let named = environment.get("PGPASSFILE").map(PathBuf::from);
    let Some(path) = named.or_else(|| Some(Path::new(environment.get("HOME")?).join(".pgpass"))) else {
        return Ok(None);
    };
    password_file::password(&path, place).map_err(|source| HistoryError::PasswordFile {
        location: place.shown(),
        file: path.display().to_string(),
        source,
    })
}

/// Returns how to encrypt: as the URL says, else as the environment says, else so that nobody between
/// us and the server can read or answer.
fn ssl_mode(place: &PostgresPlace, environment: &Environment) -> Result<SslMode, HistoryError> {
    if matches!(place.host, Host::Socket(_)) {
        return Ok(SslMode::Disable);
    }
    if let Some(mode) = place.ssl_mode {
        return Ok(mode);
    }
    match environment.get("PGSSLMODE") {
        Some(text) => SslMode::named(text).ok_or(HistoryError::Place(PlaceError::SslMode)),
        None if place.is_local() => Ok(SslMode::Prefer),
        None => Ok(SslMode::VerifyFull),
    }
}

fn config(place: &PostgresPlace, password: Option<Secret>, mode: SslMode, waiting: Waiting) -> tokio_postgres::Config {
    let mut config = tokio_postgres::Config::new();
    match &place.host {
        Host::Tcp(host) => config.host(host),
        Host::Socket(folder) => config.host_path(folder),
    };
    config
        .port(place.port)
        .user(&place.user)
        .dbname(&place.database)
        .application_name(place.application_name.as_deref().unwrap_or("shmoo"))
        .tcp_user_timeout(waiting.answer)
        .keepalives_idle(waiting.answer)
        .ssl_mode(match mode {
            SslMode::Disable => tokio_postgres::config::SslMode::Disable,
            SslMode::Prefer => tokio_postgres::config::SslMode::Prefer,
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => tokio_postgres::config::SslMode::Require,
        });
    if let Some(password) = password {
        config.password(password.reveal());
    }
    if let Some(options) = &place.options {
        config.options(options);
    }
    config
}

/// Waits for an answer, not for ever.
async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, DatabaseError> {
    match tokio::time::timeout(limit, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Silent(limit).into()),
    }
}

struct PostgresDatabase {
    runtime: Runtime,
    /// None after an answer that did not come: what comes now would be the answer to something else.
    client: Option<Client>,
    connection: Option<JoinHandle<()>>,
    answer: Duration,
    statements: HashMap<String, Statement>,
}

impl PostgresDatabase {
    /// Does something with the client; gives it up where the server was silent.
    fn ask<T>(
        &mut self,
        question: impl AsyncFnOnce(&Client, Duration) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        let Some(client) = &self.client else { return Err(Lost.into()) };
        let result = self.runtime.block_on(question(client, self.answer));
        if result.as_ref().is_err_and(|error| error.is::<Silent>()) {
            self.client = None;
        }
        result
    }

    fn batch(&mut self, sql: &str) -> Result<(), DatabaseError> {
        self.ask(async |client, limit| within(limit, client.batch_execute(sql)).await)
    }

    fn prepare(&mut self, sql: &str) -> Result<Statement, DatabaseError> {
        if let Some(known) = self.statements.get(sql) {
            return Ok(known.clone());
        }
        let statement = self.ask(async |client, limit| within(limit, client.prepare(sql)).await)?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        // The connection says good-bye when nobody can ask any more.
        let asked = self.client.take().is_some();
        if let (true, Some(connection)) = (asked, self.connection.take()) {
            let _ = self.runtime.block_on(async { tokio::time::timeout(GOOD_BYE, connection).await });
        }
    }
}

impl ToSql for Datum {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, DatabaseError> {
        match self {
            Datum::Null => Ok(IsNull::Yes),
            Datum::Integer(number) => number.to_sql(of, out),
            Datum::Real(number) => number.to_sql(of, out),
            Datum::Text(text) => text.to_sql(of, out),
            Datum::Blob(bytes) => bytes.to_sql(of, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, DatabaseError> {
        let fits = match self {
            Datum::Null => true,
            Datum::Integer(_) => *of == Type::INT8,
            Datum::Real(_) => *of == Type::FLOAT8,
            Datum::Text(_) => *of == Type::TEXT,
            Datum::Blob(_) => *of == Type::BYTEA,
        };
        if fits { self.to_sql(of, out) } else { Err(format!("a value of another kind than {of}").into()) }
    }
}

fn row_values(row: &Row) -> Result<Vec<Datum>, DatabaseError> {
    fn value<T: FromSqlOwned>(row: &Row, index: usize, datum: fn(T) -> Datum) -> Result<Datum, DatabaseError> {
        Ok(row.try_get::<_, Option<T>>(index)?.map_or(Datum::Null, datum))
    }
    let one = |(index, column): (usize, &tokio_postgres::Column)| match *column.type_() {
        Type::INT8 => value(row, index, Datum::Integer),
        Type::FLOAT8 => value(row, index, Datum::Real),
        Type::TEXT => value(row, index, Datum::Text),
        Type::BYTEA => value(row, index, Datum::Blob),
        ref other => Err(format!("column `{}` is of type {other}", column.name()).into()),
    };
    row.columns().iter().enumerate().map(one).collect()
}

/// Returns a statement of the common subset as PostgreSQL has it.
fn translate(statement: &str) -> String {
    statement.replace(" BLOB", " BYTEA").replace(" TEXT", " TEXT COLLATE \"C\"")
}

impl Database for PostgresDatabase {
    fn begin(&mut self, purpose: Purpose) -> Result<(), DatabaseError> {
        let lock = match purpose {
            Purpose::Rows => "pg_advisory_xact_lock_shared",
            Purpose::Schema => "pg_advisory_xact_lock",
        };
        self.batch(&format!("BEGIN ISOLATION LEVEL READ COMMITTED; SELECT {lock}({SCHEMA_LOCK})"))
    }

    fn commit(&mut self) -> Result<(), DatabaseError> {
        self.batch("COMMIT")
    }

    fn roll_back(&mut self) {
        // Where it fails the connection is lost, and the server takes all back by itself.
        let _ = self.batch("ROLLBACK");
    }

    fn lock_run(&mut self, run: &str) -> Result<(), DatabaseError> {
        // Two runs with one number wait for each other, which does no harm.
        let digest = Digest::of(run.as_bytes()).to_string();
        let number = u32::from_str_radix(&digest[..8], 16)?.cast_signed();
        self.batch(&format!("SELECT pg_advisory_xact_lock({RUN_LOCKS}, {number})"))
    }

    fn execute(&mut self, sql: &str, values: &[Datum]) -> Result<u64, DatabaseError> {
        let statement = self.prepare(sql)?;
        self.ask(async |client, limit| within(limit, client.execute_raw(&statement, values)).await)
    }

    fn query(&mut self, sql: &str, values: &[Datum], each: EachRow<'_>) -> Result<(), DatabaseError> {
        let statement = self.prepare(sql)?;
        self.ask(async |client, limit| {
            let mut rows = pin!(within(limit, client.query_raw(&statement, values)).await?);
            while let Some(row) = within(limit, rows.try_next()).await? {
                each(&row_values(&row)?)?;
            }
            Ok(())
        })
    }

    fn insert(&mut self, table: &str, columns: &[&str], rows: NewRows<'_>) -> Result<(), DatabaseError> {
        let columns = columns.join(", ");
        let shape = self.prepare(&format!("SELECT {columns} FROM {table}"))?;
        let types: Vec<Type> = shape.columns().iter().map(|column| column.type_().clone()).collect();
        let sql = format!("COPY {table} ({columns}) FROM STDIN BINARY");
        self.ask(async |client, limit| {
            let sink = within(limit, client.copy_in(&sql)).await?;
            let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
            for row in rows {
                within(limit, writer.as_mut().write_raw(&row?)).await?;
            }
            within(limit, writer.as_mut().finish()).await?;
            Ok(())
        })
    }

    fn define(&mut self, statement: &str) -> Result<(), DatabaseError> {
        self.batch(&translate(statement))
    }

    fn tables(&mut self) -> Result<Vec<String>, DatabaseError> {
        let mut names = Vec::new();
        let sql = "SELECT tablename::text FROM pg_catalog.pg_tables WHERE schemaname = current_schema()";
        self.query(sql, &[], &mut |row| {
            names.push(Fields::of(row).text()?.to_owned());
            Ok(())
        })?;
        Ok(names)
    }

    fn may_try_again(&self, error: &DatabaseError) -> bool {
        postgres_error::lost_against_another(error)
    }

    fn explain(&self, verb: &'static str, location: &str, error: DatabaseError) -> HistoryError {
        postgres_error::explain(verb, location, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_of_the_common_subset() {
        let check = |statement: &str, expected: &str| assert_eq!(translate(statement), expected);
        check(
            "CREATE TABLE t (text TEXT, b BLOB NOT NULL)",
            "CREATE TABLE t (text TEXT COLLATE \"C\", b BYTEA NOT NULL)",
        );
        check(
            "ALTER TABLE t ADD COLUMN w TEXT NOT NULL DEFAULT '[]'",
            "ALTER TABLE t ADD COLUMN w TEXT COLLATE \"C\" NOT NULL DEFAULT '[]'",
        );
        check("CREATE INDEX i ON t (x)", "CREATE INDEX i ON t (x)");
    }

    #[test]
    fn how_to_encrypt() {
        let check = |url: &str, variable: Option<&str>, expected: SslMode| {
            let place = PostgresPlace::parse(url, None).unwrap();
            let environment = Environment::new(variable.map(|mode| ("PGSSLMODE", mode)));
            assert_eq!(ssl_mode(&place, &environment).unwrap(), expected, "{url}");
        };
        check("postgres://u@db.example.org/x", None, SslMode::VerifyFull);
        check("postgres://u@localhost/x", None, SslMode::Prefer);
        check("postgres://u@/x?host=/run&sslmode=require", None, SslMode::Disable);
        check("postgres://u@db/x", Some("require"), SslMode::Require);
        check("postgres://u@db/x?sslmode=disable", Some("require"), SslMode::Disable);
        let place = PostgresPlace::parse("postgres://u@db/x", None).unwrap();
        let error = ssl_mode(&place, &Environment::new([("PGSSLMODE", "none")])).unwrap_err();
        assert_eq!(error.to_string(), "the URL of the history is wrong");
    }
}
