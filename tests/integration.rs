//! The integration tests are one binary; each module below is a file of `integration/`.

mod integration {
    mod browser;
    mod chromium;
    mod sample_report;
}
