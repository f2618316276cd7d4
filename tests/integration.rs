//! The integration tests are one binary; each module below is a file of `integration/`.

mod integration {
    mod browser;
    mod chromium;
    #[allow(dead_code, reason = "the unit tests of `report` use the rest")]
    mod sample_report;
}
