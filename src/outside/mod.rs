//! The world, one file per thing in it: what the pure parts ask for and cannot have themselves.

pub mod folder;
