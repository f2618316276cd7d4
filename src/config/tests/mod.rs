//! Whole suites through the reader.

mod suites;

use super::{Files, LoadedSuite, load_suite};

/// The files that test suites name.
pub(super) struct TestFiles;

impl Files for TestFiles {
    fn read(&self, path: &str) -> Result<String, String> {
        match path {
            "naming.yaml" => Ok(include_str!("naming.yaml").to_owned()),
            "patterns.list" => Ok(include_str!("patterns.list").to_owned()),
            _ => Err("no such file".to_owned()),
        }
    }
}

/// Reads a suite; the error is the printed problems.
pub(super) fn load(text: &str) -> Result<LoadedSuite, String> {
    load_suite("s.yaml", text, &TestFiles).map_err(|problems| problems.to_string())
}
