//! Which part of a suite a plan takes: filters are applied before the graph is built.

use serde::{Deserialize, Serialize};

/// What was selected on the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// A profile of the suite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Globs over case names; any may match. Empty = all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<String>,
    /// Take the (single) case even if the suite does not list it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new_case: bool,
    /// Expressions over parameters and `let`s; all must hold.
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<String>,
    /// Stages to run, with all that they need. Empty = all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<String>,
    /// Stages to leave out, with all that needs them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skip_stages: Vec<String>,
}

impl Selection {
    /// Tells whether anything is left out by a filter (a profile is no filter).
    pub fn is_filtered(&self) -> bool {
        Selection { profile: None, ..self.clone() } != Selection::default()
    }

    /// Returns the arguments that make this selection, as one would type them.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        let mut add = |flag: &str, values: &[String]| {
            for value in values {
                arguments.extend([flag.to_owned(), value.clone()]);
            }
        };
        add("--profile", self.profile.as_slice());
        add("--case", &self.cases);
        add("--where", &self.constraints);
        add("--stage", &self.stages);
        add("--skip-stage", &self.skip_stages);
        if self.new_case {
            arguments.push("--new-case".to_owned());
        }
        arguments
    }
}
