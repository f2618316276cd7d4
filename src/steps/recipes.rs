//! Which runs measured a stage as another run does.

use super::StepError;
use crate::outside::history::{History, RunRecipes};
use crate::record::RunRecord;
use crate::value::{Digest, RunId, StageName};
use std::collections::{BTreeMap, HashMap};

/// How a run measured: its stages by what they run and read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recipe {
    stages: BTreeMap<StageName, Digest>,
    suite: Digest,
}

impl Recipe {
    /// Returns that of a record.
    pub(super) fn of(record: &RunRecord) -> Recipe {
        let infos = record.run.metric_infos.iter();
        Recipe {
            stages: infos.map(|info| (info.stage.clone(), info.stage_digest)).collect(),
            suite: record.run.suite_digest,
        }
    }

    /// Returns that of a run of the history.
    pub(super) fn of_run(history: &dyn History, run: &RunId) -> Result<Option<Recipe>, StepError> {
        let found = history.recipes(std::slice::from_ref(run)).map_err(StepError::History)?;
        let recipe = |RunRecipes { run: _, suite_digest, stages }| Recipe { stages, suite: suite_digest };
        Ok(found.into_iter().next().map(recipe))
    }
}

/// The recipes of earlier runs, beside those of a run.
pub(super) struct Recipes {
    like: Recipe,
    earlier: HashMap<RunId, RunRecipes>,
}

impl Recipes {
    /// Fetches the recipes of runs, to be held against one.
    pub(super) fn fetch(history: &dyn History, runs: &[RunId], like: Recipe) -> Result<Recipes, StepError> {
        let earlier = history.recipes(runs).map_err(StepError::History)?;
        Ok(Recipes { like, earlier: earlier.into_iter().map(|recipes| (recipes.run.clone(), recipes)).collect() })
    }

    /// Tells whether this is what runs are held against.
    pub(super) fn is_like(&self, recipe: &Recipe) -> bool {
        self.like == *recipe
    }

    /// Tells whether a run measured a stage in the same way: what another command measured is neither
    /// noise of this one nor a level before.
    ///
    /// Of runs whose recipes were not kept only the suite is known, which must be the same then.
    pub(super) fn agree(&self, run: &RunId, stage: &StageName) -> bool {
        let Some(earlier) = self.earlier.get(run) else { return false };
        match (self.like.stages.get(stage), earlier.stages.get(stage)) {
            (Some(now), Some(then)) => now == then,
            _ => earlier.stages.is_empty() && earlier.suite_digest == self.like.suite,
        }
    }
}
