//! GitHub: the client, comments and check runs against a server of our own that holds both sides to
//! GitHub's description of its API.

mod act;
mod act_sweep;
mod actions;
mod changed;
mod check_run;
mod client;
mod comment;
mod comment_several;
mod contract;
mod e2e;
mod fake;
mod fake_issues;
mod hostile;
mod issue;
mod job;
mod prism;
mod releasing;
mod self_tests;
mod setup;
mod shell_steps;
