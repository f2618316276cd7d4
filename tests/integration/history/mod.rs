//! The history, in both databases.

mod commands;
mod place;
mod postgres;
mod sample;
pub(in crate::integration) mod server;
mod shared;
