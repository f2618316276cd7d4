//! An empty history of its own for a test, in either database.

use super::server::Server;
use shmoo::outside::history::{Environment, History, HistoryError, open_history};
use tempfile::TempDir;

/// Where a history is.
pub(super) struct Place {
    pub(super) location: String,
    pub(super) environment: Environment,
    pub(super) folder: TempDir,
}

impl Place {
    pub(super) fn sqlite() -> Place {
        let environment = Environment::default();
        Place { location: "sqlite:history.db".to_owned(), environment, folder: TempDir::new().unwrap() }
    }

    /// Makes a database in a server.
    pub(super) fn postgres(server: &Server, database: &str) -> Place {
        let location = server.database(database);
        Place { location, environment: Environment::default(), folder: TempDir::new().unwrap() }
    }

    pub(super) fn try_open(&self) -> Result<Box<dyn History>, HistoryError> {
        open_history(&self.location, self.folder.path(), &self.environment)
    }

    pub(super) fn open(&self) -> Box<dyn History> {
        self.try_open().unwrap_or_else(|error| panic!("{error:?}"))
    }

    /// Carries out statements behind our back.
    pub(super) fn execute(&self, sql: &str) {
        match self.location.strip_prefix("sqlite:") {
            Some(file) => {
                rusqlite::Connection::open(self.folder.path().join(file)).unwrap().execute_batch(sql).unwrap()
            }
            None => super::server::execute(&self.location, sql),
        }
    }

    /// Asks behind our back.
    pub(super) fn number(&self, sql: &str) -> i64 {
        match self.location.strip_prefix("sqlite:") {
            Some(file) => {
                let connection = rusqlite::Connection::open(self.folder.path().join(file)).unwrap();
                connection.query_row(sql, [], |row| row.get(0)).unwrap()
            }
            None => super::server::number(&self.location, sql),
        }
    }
}
