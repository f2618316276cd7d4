//! Failures of PostgreSQL, told apart by what people do about them.

use super::{DatabaseError, HistoryError};
use std::io;
use std::time::Duration;
use tokio_postgres::error::SqlState;

/// The server took longer than we wait.
#[derive(Debug, thiserror::Error)]
#[error("there was no answer for {:.0} s", .0.as_secs_f64())]
pub(super) struct Silent(pub(super) Duration);

/// The connection was given up after an earlier failure.
#[derive(Debug, thiserror::Error)]
#[error("the connection was lost")]
pub(super) struct Lost;

fn state(error: &DatabaseError) -> Option<&SqlState> {
    error.downcast_ref::<tokio_postgres::Error>()?.code()
}

/// Tells whether two transactions got in each other's way, and this one was taken back for it.
pub(super) fn lost_against_another(error: &DatabaseError) -> bool {
    let conflicts = [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::UNIQUE_VIOLATION];
    state(error).is_some_and(|state| conflicts.contains(state))
}

/// Returns what an error means for the history at a place.
pub(super) fn explain(verb: &'static str, location: &str, source: DatabaseError) -> HistoryError {
    let location = location.to_owned();
    match kind(&source) {
        Kind::Away => HistoryError::Unreachable { location, source },
        Kind::Refused => HistoryError::Refused { verb, location, source },
        Kind::Full => HistoryError::Full { location, source },
        Kind::Other if verb == "open" => HistoryError::Open { location, source },
        Kind::Other => HistoryError::Query { verb, location, source },
    }
}

enum Kind {
    Away,
    Refused,
    Full,
    Other,
}

fn kind(error: &DatabaseError) -> Kind {
    if error.is::<Silent>() || error.is::<Lost>() {
        return Kind::Away;
    }
    let Some(own) = error.downcast_ref::<tokio_postgres::Error>() else { return Kind::Other };
    let Some(state) = own.code().map(SqlState::code) else { return without_state(own) };
    // https://www.postgresql.org/docs/current/errcodes-appendix.html
    match state {
        // Nobody of that name or password, no such database, no right to it.
        "3D000" | "42501" => Kind::Refused,
        _ if state.starts_with("28") => Kind::Refused,
        // disk_full
        "53100" => Kind::Full,
        // too_many_connections; the server shuts down, has crashed, starts.
        "53300" | "57P01" | "57P02" | "57P03" => Kind::Away,
        // connection_exception and its kind
        _ if state.starts_with("08") => Kind::Away,
        _ => Kind::Other,
    }
}

/// The server has not said it: it is in how we talk with it.
fn without_state(error: &tokio_postgres::Error) -> Kind {
    use std::error::Error;
    // The crate tells these apart by their texts only.
    match error.to_string().as_str() {
        "authentication error" | "invalid configuration" => return Kind::Refused,
        "error connecting to server" | "error performing TLS handshake" | "timeout waiting for server" => {
            return Kind::Away;
        }
        _ => {}
    }
    let of_the_line = error.source().is_some_and(|source| source.is::<io::Error>());
    if error.is_closed() || of_the_line { Kind::Away } else { Kind::Other }
}
