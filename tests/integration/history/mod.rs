//! The history, in both databases.

mod commands;
mod place;
mod postgres;
mod sample;
mod server;
mod shared;
