//! Performance models: the commands, and the published data of others.

mod commands;
mod published;
mod published_estimates;
mod tables;
mod trust;

use std::path::PathBuf;

/// Returns the folder of the published data; without it a test says that it is skipped, and passes.
#[expect(clippy::print_stderr, reason = "who runs the tests should see which are skipped")]
fn published_data(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("SHMOO_SHARED_DATA").map(|folder| PathBuf::from(folder).join("tt-op-model"));
    let found = folder.filter(|folder| folder.is_dir());
    if found.is_none() {
        eprintln!("skipped: {test}: SHMOO_SHARED_DATA names no folder with tt-op-model");
    }
    found
}

/// Reads a CSV file as rows of cells by column.
fn read_csv(path: &std::path::Path) -> Vec<std::collections::HashMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    reader.deserialize().map(Result::unwrap).collect()
}
