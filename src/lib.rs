//! shmoo: parameter sweeps as regression tests.
//!
//! The folders are the data flow; `docs/ARCHITECTURE.md` is the map.

pub mod archive;
pub mod check;
pub mod cli;
pub mod compare;
pub mod config;
pub mod evidence;
pub mod expr;
pub mod fit;
pub mod gha;
pub mod ledger;
pub mod naming;
pub mod outside;
pub mod plan;
pub mod record;
pub mod report;
pub mod run;
pub mod stats;
pub mod steps;
pub mod suite;
pub mod value;
