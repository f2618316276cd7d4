//! Which runs measured a stage as another run does.

use super::StepError;
use crate::outside::history::{History, RunRecipes};
use crate::record::RunRecord;
use crate::value::{Digest, RunId, StageName};
use std::collections::HashMap;

/// The recipes of earlier runs, beside those of a run.
pub(super) struct Recipes<'a> {
    stages: HashMap<&'a StageName, Digest>,
    suite: Digest,
    earlier: HashMap<RunId, RunRecipes>,
}

impl<'a> Recipes<'a> {
    /// Fetches the recipes of runs, to be held against those of `head`.
    pub(super) fn fetch(history: &dyn History, runs: &[RunId], head: &'a RunRecord) -> Result<Recipes<'a>, StepError> {
        let earlier = history.recipes(runs).map_err(StepError::History)?;
        let infos = head.run.metric_infos.iter();
        Ok(Recipes {
            stages: infos.map(|info| (&info.stage, info.stage_digest)).collect(),
            suite: head.run.suite_digest,
            earlier: earlier.into_iter().map(|recipes| (recipes.run.clone(), recipes)).collect(),
        })
    }

    /// Tells whether a run measured a stage in the same way: what another command measured is neither
    /// noise of this one nor a level before.
    ///
    /// Of runs whose recipes were not kept only the suite is known, which must be the same then.
    pub(super) fn agree(&self, run: &RunId, stage: &StageName) -> bool {
        let Some(earlier) = self.earlier.get(run) else { return false };
        match (self.stages.get(stage), earlier.stages.get(stage)) {
            (Some(now), Some(then)) => now == then,
            _ => earlier.stages.is_empty() && earlier.suite_digest == self.suite,
        }
    }
}
