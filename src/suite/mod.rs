//! What a suite means, checked: parameters, cases, stages, metrics, expectations.
//!
//! In: nothing; front ends (`config`, later `threshold`) build a `Suite`. Out: `plan` and everything
//! after it. Names are resolved to indices, templates and expressions are parsed, defaults are
//! filled in; what can only be known with the cases expanded is checked by `plan`.
//!
//! Invariant: a `Suite` that exists refers only to parameters, stages and `let`s that exist.

mod block;
mod computed;
mod goldens;
mod metric;
mod model;
mod stage;
mod template;

pub use block::{Block, Constraint, Profile, Take};
pub use computed::{Computed, Let};
pub use goldens::{GoldenSource, Goldens, KnownFailure, KnownVerdict, Side, Tolerance, ToleranceRule};
pub use metric::{Better, Expect, ExpectOperator, Metric};
pub use model::{Model, ShmooPlot};
pub use stage::{
    After, Argument, Command, EvidenceFile, EvidenceSpec, ExitRule, Input, InputName, Repeats, Retry, RetryCondition,
    Rows, Source, Stage, Uses,
};
pub use template::{Part, Piece, Template, TemplateError, split_template};

use crate::naming::Schema;
use crate::value::{Sources, SuiteName};

/// Index of a parameter in `Suite::schema`, in the order of names.
pub type ParamIndex = usize;
/// Index of a stage in `Suite::stages`, in the order of the file.
pub type StageIndex = usize;

/// A checked suite.
#[derive(Debug, Clone)]
pub struct Suite {
    /// Version of the grammar, 1.
    pub version: u32,
    /// The name.
    pub name: SuiteName,
    /// The version of shmoo it wants, such as `>=0.4`.
    pub requires: Option<String>,
    /// Folder of `root/` sources, relative to the project folder; empty = the project folder.
    pub root: String,
    /// Globs of repository paths the suite depends on, besides its inputs.
    pub paths: Vec<String>,
    /// The parameters, in the order of names.
    pub schema: Schema,
    /// How many of the first parameters came from `params_from`: a block with `names` leaves those
    /// that a name does not give absent.
    pub schema_params: usize,
    /// Suite-level `let`s.
    pub lets: Vec<Let>,
    /// Suite-level `where`.
    pub constraints: Vec<Constraint>,
    /// The union of products that makes the cases; at least one.
    pub blocks: Vec<Block>,
    /// The stages in the order of the file.
    pub stages: Vec<Stage>,
    /// Performance models to fit.
    pub models: Vec<Model>,
    /// Shmoo plots to draw.
    pub plots: Vec<ShmooPlot>,
    /// Golden values, if any.
    pub goldens: Option<Goldens>,
    /// Failures that are known.
    pub known_failures: Vec<KnownFailure>,
    /// Globs of files in task folders that are not archived.
    pub archive_exclude: Vec<String>,
    /// Named subsets.
    pub profiles: Vec<Profile>,
    /// The files that spans point into.
    pub sources: Sources,
}

impl Suite {
    /// Returns the index of a stage.
    pub fn stage(&self, name: &str) -> Option<StageIndex> {
        self.stages.iter().position(|stage| stage.name.as_str() == name)
    }

    /// Returns the metrics that a reference means: `STAGE.METRIC`, or a short name wherever it
    /// occurs. More than one means that the short name is ambiguous.
    pub fn metrics_named(&self, reference: &str) -> Vec<(StageIndex, usize)> {
        let (stage_name, metric_name) = match reference.split_once('.') {
            Some((stage, metric)) => (Some(stage), metric),
            None => (None, reference),
        };
        let mut found = Vec::new();
        for (stage_index, stage) in self.stages.iter().enumerate() {
            if stage_name.is_some_and(|name| name != stage.name.as_str()) {
                continue;
            }
            let metric = stage.metrics.iter().position(|metric| metric.name.as_str() == metric_name);
            found.extend(metric.map(|metric| (stage_index, metric)));
        }
        found
    }
}
