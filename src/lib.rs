//! shmoo: parameter sweeps as regression tests.
//!
//! The folders are the data flow; `docs/ARCHITECTURE.md` is the map.

pub mod archive;
pub mod outside;
pub mod value;
