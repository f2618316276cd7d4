//! The steps of the flow, one file each: fetch what a pure part needs, call it, keep the result.
//!
//! `planning` -> `running` -> `recording` -> `archiving` -> `judging` and `comparing` -> `reporting`. `workspace` says
//! where things are, `run_folder` what the folder of a run holds, `record_file` how its record is written, `finding` which run or suite is meant.
//! Beside the flow: `rejudging` (kept evidence under the suite as it is now), `reproducing` (the folders
//! of a case), `pruning` (old runs on this machine, with what `pruning_beside` them belongs to them), `pruning_store` (archives and cached results),
//! `pruning_history` and `importing` (runs in the history),
//! `golden_files` (the files of goldens), `blessing` (what a run measured becomes golden), `proposing` (goldens that the history speaks for),
//! `inspecting` (what the machine has), `suites` (the suite files), `noise` (what earlier runs measured),
//! `following` (how metrics went over them), `recipes` (which of them measured alike), `baseline` (which earlier run's outputs tasks take, and where those are), `series` (the
//! columns of a CSV file), `stored_series` (metrics out of the history), `site` (the history as static
//! pages), `fitting` (CSV files to the coefficients of a model), `modelling` (the models of a suite, over a run),
//! `parameters` (their files), `usable_parameters` (what estimates can use of a fit), `estimating` and `evaluating` (cycles out of them; `estimating_input` and `estimating_cells` are what both read), `commenting`, `checking_in` and
//! `tracking` (comments, check runs and issues of GitHub), `touching` (the suites that a change touches), `receiving`
//! (a run out of an archive from elsewhere), `own_suite` (what it is held against), `machines` (a run on many machines that share
//! nothing but the store), and `again` (confirm a comparison, find the commit that moved a metric).

pub mod again;
pub mod archiving;
pub mod baseline;
pub mod blessing;
mod caching;
pub mod checking_in;
pub mod commenting;
pub mod comparing;
mod drifting;
mod error;
pub mod estimating;
mod estimating_cells;
mod estimating_input;
pub mod evaluating;
pub mod finding;
pub mod fitting;
pub mod fitting_files;
mod fitting_models;
mod following;
mod golden_files;
pub mod importing;
pub mod inspecting;
pub mod judging;
pub mod machines;
pub mod modelling;
mod noise;
mod own_suite;
pub mod parameters;
pub mod planning;
pub mod plotting;
pub mod proposing;
mod provenance;
pub mod pruning;
mod pruning_beside;
pub mod pruning_history;
pub mod pruning_store;
pub mod receiving;
mod recipes;
mod record_file;
pub mod recording;
pub mod rejudging;
pub mod reporting;
pub mod reproducing;
mod retrying;
pub mod run_folder;
mod run_parts;
pub mod running;
pub mod series;
pub mod site;
mod stored_object;
pub mod stored_series;
pub mod suites;
pub mod touching;
pub mod tracking;
mod usable_parameters;
pub mod workspace;

pub use error::{Fault, StepError};
pub use workspace::Workspace;
