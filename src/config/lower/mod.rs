//! The shapes of a suite file -> a suite: names looked up, values made, everything checked that can
//! be known without expanding the cases.
//!
//! In the order of their needs: `params` (with `generate`, `vocabulary`), `cases`, `computed`, then
//! stages (`outline`, `inputs`, `evidence`, `metrics`, `stage`, `circles`), then what is done with
//! metrics (`judged`). `scope` says what may be named at a place.

mod cases;
mod circles;
mod computed;
mod evidence;
mod generate;
mod golden_files;
mod inputs;
mod judged;
mod metrics;
mod outline;
mod params;
mod scope;
mod stage;
mod suite;
mod vocabulary;

pub(super) use suite::lower;
