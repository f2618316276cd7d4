//! What a suite means, checked: parameters, cases, stages, metrics, expectations.
//!
//! In: nothing; front ends (`config`, later `threshold`) build a `Suite`. Out: `plan` and everything
//! after it. Names are resolved to indices, templates and expressions are parsed, defaults are
//! filled in; what can only be known with the cases expanded is checked by `plan`.
//!
//! Invariant: a `Suite` that exists refers only to parameters, stages and `let`s that exist.

mod block;
mod computed;
mod form;
mod goldens;
mod metric;
mod model;
mod names;
mod stage;
mod template;

pub use block::{Block, Constraint, Profile, Take};
pub use computed::{Computed, Let};
pub use form::{Derived, Feature, Form, NamedColumn, Placed, Rule, Weighting};
pub use goldens::{
    GoldenSource, Goldens, IreeField, IreeFiles, IreeJson, IreeShape, KnownFailure, KnownVerdict, Side, Tolerance,
    ToleranceRule,
};
pub use metric::{Better, Expect, ExpectOperator, Metric, MinEffectRule};
pub use model::{Model, ShmooPlot};
pub use names::{NamesUsed, let_variable, param_variable};
pub use stage::{
    After, Argument, Command, EvidenceFile, EvidenceSpec, ExitRule, Input, InputName, Repeats, Retry, RetryCondition,
    Rows, Source, Stage, Uses,
};
pub use template::{Part, Piece, Template, TemplateError, split_template};

use crate::naming::Schema;
use crate::value::{Digest, Scalar, Sources, SuiteName};

/// Index of a parameter in `Suite::schema`, in the order of names.
pub type ParamIndex = usize;
/// Index of a stage in `Suite::stages`, in the order of the file.
pub type StageIndex = usize;

/// A checked suite.
#[derive(Debug, Clone, serde::Serialize)]
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
    /// The file that the blocks come from, as the suite names it.
    #[serde(skip)]
    pub cases_from: Option<String>,
    /// The files that spans point into.
    #[serde(skip)]
    pub sources: Sources,
}

impl Suite {
    /// Returns the index of a stage.
    pub fn stage(&self, name: &str) -> Option<StageIndex> {
        self.stages.iter().position(|stage| stage.name.as_str() == name)
    }

    /// Returns every value that a parameter may take anywhere in the suite; empty if any may come.
    pub fn known_values(&self, param: ParamIndex) -> Vec<&Scalar> {
        let definition = &self.schema.params()[param];
        let overs =
            self.blocks.iter().map(|block| &block.over).chain(self.profiles.iter().map(|profile| &profile.over));
        let over = overs.flatten().filter(|(over, _)| *over == param).flat_map(|(_, values)| values);
        let named =
            self.blocks.iter().flat_map(|block| block.names.iter().flatten()).filter_map(|point| point.get(param));
        let mut values: Vec<&Scalar> =
            definition.values.iter().chain(&definition.default).chain(over).chain(named).collect();
        values.sort();
        values.dedup();
        values
    }

    /// Tells whether any stage takes an output of the baseline run.
    pub fn takes_baseline(&self) -> bool {
        self.stages.iter().any(Stage::takes_baseline)
    }

    /// Tells whether what a stage measures depends on which cases were planned: it, or a stage whose
    /// output it takes, gathers the rows or files of many tasks.
    pub fn gathers(&self, stage: StageIndex) -> bool {
        fn takes(suite: &Suite, source: &Source, seen: &mut Vec<StageIndex>) -> bool {
            match source {
                Source::Rows(_) | Source::Each { .. } => true,
                Source::Output { stage, .. } => looks(suite, *stage, seen),
                Source::Pick { from, .. } => from.iter().any(|(_, source)| takes(suite, source, seen)),
                Source::Root(_) => false,
            }
        }
        fn looks(suite: &Suite, stage: StageIndex, seen: &mut Vec<StageIndex>) -> bool {
            if seen.contains(&stage) {
                return false;
            }
            seen.push(stage);
            suite.stages[stage].inputs.iter().any(|input| takes(suite, &input.source, seen))
        }
        looks(self, stage, &mut Vec::new())
    }

    /// Returns the digest of what the suite means: comments, spelling and places do not count.
    pub fn digest(&self) -> Digest {
        Digest::of(canonical(self).as_bytes())
    }

    /// Returns the digest of what a stage runs and takes: another one means that its measurements
    /// are of something else. Metrics, expectations, limits and retries do not count.
    pub fn stage_digest(&self, stage: StageIndex) -> Digest {
        let stage = &self.stages[stage];
        let parts = (&stage.command, &stage.inputs, &stage.env, &stage.lets, &stage.evidence, &stage.rows);
        Digest::of(canonical(&parts).as_bytes())
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

/// Returns the JSON of a part of a suite, with sorted keys.
fn canonical(part: &impl serde::Serialize) -> String {
    fn sorted(value: serde_json::Value) -> serde_json::Value {
        match value {
            serde_json::Value::Object(map) => {
                let mut entries: Vec<_> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
                entries.sort_by(|a, b| a.0.cmp(&b.0));
                serde_json::Value::Object(entries.into_iter().collect())
            }
            serde_json::Value::Array(items) => items.into_iter().map(sorted).collect(),
            other => other,
        }
    }
    let value = serde_json::to_value(part).expect("the types of a suite serialize");
    sorted(value).to_string()
}
