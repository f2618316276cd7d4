//! Whole suites through the reader.

mod mistakes;
mod properties;
mod shapes;
mod suites;

use super::{Files, LoadedSuite, load_suite};

/// The files that test suites name.
pub(super) struct TestFiles;

impl Files for TestFiles {
    fn read(&self, path: &str) -> Result<String, String> {
        match path {
            "naming.yaml" => Ok(include_str!("naming.yaml").to_owned()),
            "patterns.list" => Ok(include_str!("patterns.list").to_owned()),
            "bad.list" => Ok("# names\na1_wsch_btrue\n\n  a1_wshc_btrue\n".to_owned()),
            "empty.list" => Ok("# nothing yet\n".to_owned()),
            "bad-naming.yaml" => Ok("version: 1\nparams:\n  p: { cod: p }\n".to_owned()),
            "same-naming.yaml" => Ok("version: 1\nparams:\n  a: { code: aa }\n".to_owned()),
            _ => Err("no such file".to_owned()),
        }
    }
}

/// Reads a suite; the error is the printed problems.
pub(super) fn load(text: &str) -> Result<LoadedSuite, String> {
    load_suite("s.yaml", text, &TestFiles).map_err(|problems| problems.to_string())
}
