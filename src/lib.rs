//! shmoo: parameter sweeps as regression tests.
//!
//! The folders are the data flow; `docs/ARCHITECTURE.md` is the map.

pub mod check;
pub mod compare;
pub mod config;
pub mod evidence;
pub mod expr;
pub mod ledger;
pub mod naming;
pub mod record;
pub mod report;
pub mod suite;
pub mod value;
