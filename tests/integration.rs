//! The integration tests: one binary, a module for each subject.

#![expect(clippy::unwrap_used, reason = "in tests, what fails should panic")]
#![expect(clippy::disallowed_methods, reason = "tests start programs and wait for them")]

mod integration {
    mod archive;
    mod bisect;
    mod bless;
    mod browser;
    mod browser_comparison;
    mod browser_fit;
    mod browser_markdown;
    mod browser_models;
    mod caching;
    mod chromium;
    #[allow(dead_code, reason = "a builder for tests to come, too")]
    mod command;
    mod commands;
    mod confirm;
    mod cpu_ops;
    mod documents;
    mod faults;
    mod fit;
    mod generator_project;
    #[allow(dead_code, reason = "a server that tells more than each test asks")]
    mod github;
    mod history;
    mod iree_goldens;
    mod layering;
    mod machines;
    mod migrate;
    mod models_at_fault;
    mod models_compared;
    mod noise;
    mod only_history;
    mod op_model;
    mod places;
    mod plots;
    mod repository;
    mod row_tables;
    #[allow(dead_code, reason = "the unit tests of `report` use the rest")]
    mod sample_report;
    #[allow(dead_code, reason = "a builder for tests to come, too")]
    mod sandbox;
    mod site;
    mod static_binary;
    mod store;
    mod suite_models;
    mod suites;
    mod sweep_project;
    mod temp_sense;
    mod wider_transistor;
}
