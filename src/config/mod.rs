//! What people write -> what it means: suite files, the project file, model files, parameter files,
//! OpenFASOC's sweeps.
//!
//! In: the text of a file, and a way to read the files that it names. Out: a checked `suite::Suite`
//! (or `Project`) or every problem that was found, each with file, line, column and a hint.
//!
//! Three steps: `compose` turns YAML into nodes with places, within limits; `decode` turns nodes
//! into the shapes of a file (`suite_file`, `stage_file`, `values_file`), which are also the JSON
//! schema; `lower` turns the shapes of a suite into the suite.
//!
//! Invariant: no text makes this module panic, and nothing here does input or output.

mod compose;
mod context;
mod declare;
mod decode;
mod leaves;
mod load;
mod lower;
mod metric_file;
mod model_file;
mod node;
mod openfasoc;
mod params_file;
mod project;
mod schema;
mod stage_file;
mod starter;
mod suite_file;
#[cfg(test)]
mod tests;
mod values_file;
mod version;

pub use context::Files;
pub use load::{LoadedSuite, load_suite};
pub use model_file::{hint_on_columns, load_model, model_schema};
pub use openfasoc::suite_from_openfasoc;
pub use params_file::{ParamsEntry, ParamsSet, load_params};
pub use project::{Keep, Limits, Project, Resource, ToolRule, load_project, project_schema};
pub use starter::starter_suite;

/// Returns the JSON schema of suite files, for editors.
pub fn suite_schema() -> serde_json::Value {
    schema::file_schema::<suite_file::SuiteFile>("shmoo suite")
}

fn parser_names() -> Vec<&'static str> {
    crate::evidence::Parser::ALL.map(crate::evidence::Parser::name).to_vec()
}
