//! What the history asks of a database, whichever it is.
//!
//! One set of statements serves SQLite and PostgreSQL: `$1` placeholders in order, and values of the
//! few kinds below.

use super::{DatabaseError, HistoryError};

/// A value of a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Datum {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

/// Stands for U+0000, which PostgreSQL keeps in no text.
const NUL_PICTURE: &str = "\u{2400}";

impl Datum {
    /// Returns a text that every database keeps.
    pub(super) fn text(text: impl Into<String>) -> Datum {
        let text = text.into();
        Datum::Text(if text.contains('\0') { text.replace('\0', NUL_PICTURE) } else { text })
    }

    pub(super) fn optional(text: Option<impl Into<String>>) -> Datum {
        text.map_or(Datum::Null, Datum::text)
    }

    pub(super) fn count(number: impl TryInto<i64>) -> Datum {
        Datum::Integer(number.try_into().unwrap_or(i64::MAX))
    }

    pub(super) fn truth(truth: bool) -> Datum {
        Datum::Integer(truth.into())
    }
}

/// The values of a row, taken from left to right.
pub(super) struct Fields<'a> {
    values: std::slice::Iter<'a, Datum>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(row: &'a [Datum]) -> Fields<'a> {
        Fields { values: row.iter() }
    }

    fn next(&mut self) -> Result<&'a Datum, DatabaseError> {
        self.values.next().ok_or_else(|| "the row has too few columns".into())
    }

    pub(super) fn optional_text(&mut self) -> Result<Option<&'a str>, DatabaseError> {
        match self.next()? {
            Datum::Null => Ok(None),
            Datum::Text(text) => Ok(Some(text)),
            other => Err(unexpected("a text", other)),
        }
    }

    pub(super) fn text(&mut self) -> Result<&'a str, DatabaseError> {
        self.optional_text()?.ok_or_else(|| unexpected("a text", &Datum::Null))
    }

    pub(super) fn optional_integer(&mut self) -> Result<Option<i64>, DatabaseError> {
        match self.next()? {
            Datum::Null => Ok(None),
            Datum::Integer(number) => Ok(Some(*number)),
            other => Err(unexpected("an integer", other)),
        }
    }

    pub(super) fn integer(&mut self) -> Result<i64, DatabaseError> {
        self.optional_integer()?.ok_or_else(|| unexpected("an integer", &Datum::Null))
    }

    pub(super) fn optional_number(&mut self) -> Result<Option<f64>, DatabaseError> {
        match self.next()? {
            Datum::Null => Ok(None),
            Datum::Real(number) => Ok(Some(*number)),
            other => Err(unexpected("a number", other)),
        }
    }

    pub(super) fn number(&mut self) -> Result<f64, DatabaseError> {
        self.optional_number()?.ok_or_else(|| unexpected("a number", &Datum::Null))
    }

    pub(super) fn blob(&mut self) -> Result<&'a [u8], DatabaseError> {
        match self.next()? {
            Datum::Blob(bytes) => Ok(bytes),
            other => Err(unexpected("bytes", other)),
        }
    }
}

fn unexpected(wanted: &str, found: &Datum) -> DatabaseError {
    let kind = match found {
        Datum::Null => "nothing",
        Datum::Integer(_) => "an integer",
        Datum::Real(_) => "a number",
        Datum::Text(_) => "a text",
        Datum::Blob(_) => "bytes",
    };
    format!("a column holds {kind} where {wanted} belongs").into()
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Changing rows: waits for a change of the schema.
    Rows,
    /// Changing the schema: waits for all writers, and they for it.
    Schema,
}

/// Takes one row after the other.
pub(super) type EachRow<'a> = &'a mut dyn FnMut(&[Datum]) -> Result<(), DatabaseError>;

/// Rows to be inserted.
pub(super) type NewRows<'a> = &'a mut dyn Iterator<Item = Result<Vec<Datum>, DatabaseError>>;

/// A connection to a database.
pub(super) trait Database: Send {
    /// Begins a transaction.
    fn begin(&mut self, purpose: Purpose) -> Result<(), DatabaseError>;

    /// Ends the transaction: what it did is kept when this returns.
    fn commit(&mut self) -> Result<(), DatabaseError>;

    /// Ends the transaction and takes back what it did.
    fn roll_back(&mut self);

    /// Makes other writers of this run wait until the transaction ends.
    fn lock_run(&mut self, run: &str) -> Result<(), DatabaseError>;

    /// Carries out a statement, and returns how many rows it touched.
    fn execute(&mut self, sql: &str, values: &[Datum]) -> Result<u64, DatabaseError>;

    /// Gives each row of a query to `each`, without holding them all in memory.
    fn query(&mut self, sql: &str, values: &[Datum], each: EachRow<'_>) -> Result<(), DatabaseError>;

    /// Inserts many rows into a table.
    fn insert(&mut self, table: &str, columns: &[&str], rows: NewRows<'_>) -> Result<(), DatabaseError>;

    /// Carries out a statement of a migration, written in the common subset; `BLOB` stands for bytes.
    fn define(&mut self, statement: &str) -> Result<(), DatabaseError>;

    /// Returns the names of the tables that are there.
    fn tables(&mut self) -> Result<Vec<String>, DatabaseError>;

    /// Tells whether a transaction that failed so may succeed if it is tried again.
    fn may_try_again(&self, error: &DatabaseError) -> bool;

    /// Tells kinds of failures apart for which people do different things.
    fn explain(&self, verb: &'static str, location: &str, error: DatabaseError) -> HistoryError;
}
