//! GitHub: the client, comments and check runs against a server of our own that holds both sides to
//! GitHub's description of its API.

mod act;
mod act_sweep;
mod actions;
mod check_run;
mod client;
mod comment;
mod contract;
mod fake;
mod hostile;
mod prism;
mod releasing;
mod setup;
mod shell_steps;
