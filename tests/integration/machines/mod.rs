//! Runs on many machines: folders with nothing in common but a store, and real processes in them.

mod costs;
mod earlier;
mod fleet;
mod lost;
mod restored;
mod results;
mod rivals;
mod together;
