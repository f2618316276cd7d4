//! Brings the tables of a database to our version.

use super::DatabaseError;
use super::database::{Database, Datum, Fields, Purpose};
use super::schema::{CREATE_SCHEMA_TABLE, Migration};

/// Returns the version of the newest of the migrations.
pub(super) fn newest(migrations: &[Migration]) -> i64 {
    migrations.last().map_or(0, |migration| migration.version)
}

/// Returns `schema_version` or `min_writer`.
pub(super) fn version(database: &mut dyn Database, name: &str) -> Result<Option<i64>, DatabaseError> {
    let mut found = None;
    database.query("SELECT value FROM shmoo_schema WHERE name = $1", &[Datum::text(name)], &mut |row| {
        found = Some(Fields::of(row).integer()?);
        Ok(())
    })?;
    Ok(found)
}

fn is_history(database: &mut dyn Database) -> Result<bool, DatabaseError> {
    Ok(database.tables()?.iter().any(|table| table == "shmoo_schema"))
}

/// Brings the schema to our version, or leaves a newer one as it is. Returns whether it is a history.
pub(super) fn migrate(database: &mut dyn Database, migrations: &[Migration]) -> Result<bool, DatabaseError> {
    if is_history(database)? && version(database, "schema_version")? >= Some(newest(migrations)) {
        return Ok(true);
    }
    database.begin(Purpose::Schema)?;
    match apply(database, migrations) {
        Ok(true) => {
            database.commit()?;
            Ok(true)
        }
        other => {
            database.roll_back();
            other
        }
    }
}

fn apply(database: &mut dyn Database, migrations: &[Migration]) -> Result<bool, DatabaseError> {
    // Looked at again: another process may have done it while we waited.
    if !is_history(database)? {
        if !database.tables()?.is_empty() {
            return Ok(false);
        }
        database.define(CREATE_SCHEMA_TABLE)?;
    }
    let current = version(database, "schema_version")?.unwrap_or(0);
    let min_writer = version(database, "min_writer")?.unwrap_or(0);
    for migration in migrations.iter().filter(|migration| migration.version > current) {
        for statement in migration.statements {
            database.define(statement)?;
        }
        let versions = [("schema_version", migration.version), ("min_writer", migration.min_writer.max(min_writer))];
        for (name, value) in versions {
            database.execute(
                "INSERT INTO shmoo_schema (name, value) VALUES ($1, $2)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                &[Datum::text(name), Datum::Integer(value)],
            )?;
        }
    }
    Ok(true)
}
