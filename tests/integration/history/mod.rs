//! The history, in both databases.

mod place;
mod postgres;
mod sample;
mod server;
mod shared;
