//! The integration tests: one binary, a module for each subject.

#![expect(clippy::unwrap_used, reason = "in tests, what fails should panic")]
#![expect(clippy::disallowed_methods, reason = "tests start programs and wait for them")]

mod integration {
    mod archive;
    mod layering;
    mod suites;
}
