//! shmoo: parameter sweeps as regression tests.
//!
//! The folders are the data flow; `docs/ARCHITECTURE.md` is the map.

pub mod check;
pub mod compare;
pub mod ledger;
pub mod outside;
pub mod record;
pub mod report;
pub mod value;
