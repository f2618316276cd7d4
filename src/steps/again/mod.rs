//! Measuring again: `confirming` (a comparison once more, base and head in turn) and `bisecting` (the commit
//! that moved a metric; `bisect_step` looks at one).
//!
//! Both use `source_tree` (the project at another commit), `side` (one commit that is measured), `anew`
//! (what has to run again), `in_turn` (several commits in turn) and `stopping` (signals).

mod anew;
pub mod bisect_step;
pub mod bisecting;
pub mod confirming;
mod in_turn;
mod side;
mod source_tree;
mod stopping;
