//! shmoo: parameter sweeps as regression tests.
//!
//! The folders are the data flow; `docs/ARCHITECTURE.md` is the map.

pub mod config;
pub mod evidence;
pub mod expr;
pub mod naming;
pub mod suite;
pub mod value;
