//! The world: one file or folder for each thing, with its trait, its real version and the version
//! for tests together.
//!
//! - `clock`: what time it is.
//! - `machine`: what this machine is, and the fingerprint that makes measurements comparable.
//! - `tools`, `git`: programs that are there, their versions; the commit that is measured. Both
//!   start processes through `command`, which bounds their time and their output.
//! - `github`: comments, check runs and pull requests of a repository.
//! - `environment`: our own variables, and what CI says in them.
//! - `durable`: files that are there whole or not at all.
//! - `http`: requests to servers, with bounds in time.
//! - `store`: archives and events of runs, by key.
//! - `history`: records of runs, in a database.
//! - `ledger_file`: the append-only files of a run's ledger.
//! - `lock`: one shmoo for each run folder.
//! - `folder`: folders to archive entries, and archives to folders, safely.
//! - `files`: repository files, copied once for each run; inputs placed in tasks' folders and
//!   checked afterwards; outputs digested.
//!
//! Invariant: nothing here decides anything about a sweep. Errors name the path, key or program.

#![expect(clippy::disallowed_methods, reason = "here are the clock and the processes that others do not name")]

pub mod clock;
mod command;
pub mod disk;
pub mod durable;
pub mod environment;
pub mod files;
pub mod folder;
pub mod git;
pub mod github;
pub mod history;
pub mod http;
pub mod ledger_file;
pub mod lock;
pub mod machine;
pub mod store;
pub mod tools;
