//! The integration tests: one binary, a module for each subject.

#![expect(clippy::unwrap_used, reason = "in tests, what fails should panic")]

mod integration {
    mod archive;
    mod browser;
    mod chromium;
    mod generator_project;
    #[allow(dead_code, reason = "the unit tests of `report` use the rest")]
    mod sample_report;
    mod suites;
    mod temp_sense;
}
