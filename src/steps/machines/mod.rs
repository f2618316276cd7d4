//! A run on many machines that share nothing but the store: plan, parts, collection.
//!
//! `publish` puts a plan and its repository files into the store, as the first wave of a run or a further
//! one with what is missing; `part` runs a part of a wave; `collect` gathers all waves into the folder of
//! a run like any other. `place` says where things are in the store.
//!
//! A part holds a `lease`, of which each start takes the next generation; `heart` shows that it lives.
//! `reporter` brings its events to the store, after what they promise: `outputs` that other tasks take.
//! `supply` brings to `repro` what a task took, and to `restore` what a lost machine had published.
//! `ledgers` reads the events of parts back. `patience` bears with a store that is away for a while.
//!
//! Invariant: when the `finished` event of a task is in the store, so is all that other tasks may still
//! take of it. No decision but that of who lives depends on a clock.

#![expect(clippy::disallowed_methods, reason = "threads here wait for the store")]

pub mod collect;
mod fetch;
mod heart;
mod lease;
mod ledgers;
mod outputs;
pub mod part;
mod patience;
mod place;
pub mod publish;
mod reporter;
mod share;
mod supply;
#[cfg(test)]
mod tests;

pub(super) use lease::is_worked_on;
pub use place::PartName;
pub use supply::{Lost, bring_lost};
pub(super) use supply::{is_of_parts, supply};
