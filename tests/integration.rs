//! The integration tests are one binary; each module below is a file of `integration/`.

mod integration {
    pub(crate) mod browser;
    pub(crate) mod sample_report;
}
