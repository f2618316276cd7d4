//! The steps of the flow, one file each: fetch what a pure part needs, call it, keep the result.
//!
//! `planning` -> `running` -> `recording` -> `archiving` -> `judging` -> `reporting`. `workspace` says
//! where things are, `run_folder` what the folder of a run holds.

pub mod archiving;
mod baseline;
mod caching;
mod error;
pub mod judging;
pub mod planning;
pub mod recording;
pub mod reporting;
pub mod run_folder;
pub mod running;
pub mod workspace;

pub use error::{Fault, StepError};
pub use workspace::Workspace;
