//! GitHub Actions: what the shipped actions take and give, and the files and log lines that a step
//! speaks to its runner with.
//!
//! An action is a wrapper without logic: its inputs arrive as `INPUT_*` variables, `arguments` turns them into
//! a command line, the command tells facts, and those are the outputs. In: texts. Out: texts; `cli` reads
//! the variables and writes the files.
//!
//! Invariants: the table is the only list of inputs and outputs, from which `action.yml`, the tables of
//! the READMEs and the arguments follow; an input that is empty is absent; no value of an input can become
//! another argument, an output another output, or a line of a tool a command to the runner.

mod arguments;
mod manifest;
mod needs;
mod table;
mod wire;

pub use arguments::{InputProblem, Invocation, arguments};
pub use manifest::{actions_table, inputs_table, manifest, outputs_table};
pub use needs::{Job, Needs, NeedsError};
pub use table::{ACTIONS, Action, Input, Output, Shape, find};
pub use wire::{add_mask, delimiter_fits, group, output, secret_of};
