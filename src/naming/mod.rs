//! Names of points, both ways: `inverters=5, vdd=1.8, temp=-40` <-> `inv5_v1.8_t-40`.
//!
//! A name is the parameters' codes and values, joined by `_` in the order of the schema; what is at
//! its default is left out. Names are safe as file names (`[A-Za-z0-9.+_=-]`, at most 150 bytes),
//! differ even where the case of letters does not count, and parse back to exactly their point.
//!
//! - The point with everything at its default is `base`; the point without any parameter is `all`.
//! - In values, `_` is written `__`, and any byte outside `[A-Za-z0-9.+-]` is written `=XX`. Hence in
//!   a run of underscores only the last can be a separator, and only if their number is odd.
//! - A name of more than 150 bytes is cut to 100, and `==` and 16 hex digits of its SHA-256 follow.
//!   Such a name cannot be read back, only be found again among the names of a plan.
//! - A field that would read `base` or `all` has its last letter written `=XX`.
//!
//! Invariant: `parse(name(point)) == point` for every point of a case whose values passed the
//! schema's checks; no other text gives that point.

mod check;
mod error;
mod escape;
mod field;
mod kind;
mod parse;
mod point;
mod rekey;
mod schema;

#[cfg(test)]
mod law_tests;
#[cfg(test)]
mod schema_tests;

pub use error::{NameError, NameFault, NamingError, NamingFault};
pub use field::join_fields;
pub use kind::{Kind, KindError};
pub use point::Point;
pub use rekey::{RekeyError, Rekeyed, rekey};
pub use schema::{Param, Schema};
