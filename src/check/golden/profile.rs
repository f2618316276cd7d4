//! Golden rows for points that only a profile plans.
//!
//! A profile may give a parameter values that the suite itself does not take, such as other device
//! models. Their goldens stand in the same table, and are no orphans when the suite runs without it.

use crate::suite::{ParamIndex, Profile, StageIndex, Suite};
use crate::value::{PointName, Scalar};

/// Tells whether a point of a stage has, for some profile, the values that the profile takes, at
/// least one of them from the profile alone.
///
/// Constraints are left aside: they may be about parameters that the stage does not have.
pub(super) fn may_plan(suite: &Suite, stage: StageIndex, name: &PointName) -> bool {
    let Ok(point) = suite.schema.parse_new(name.as_str()) else { return false };
    let stage = &suite.stages[stage];
    let fits = |profile: &Profile| {
        let takes = |(param, value): (ParamIndex, &Scalar)| {
            let over = profile.over.iter().find(|(over, _)| *over == param).map(|(_, values)| values);
            over.map_or_else(|| suite_takes(suite, param, value), |values| values.contains(value))
        };
        point.present().all(|(param, value)| stage.per.contains(&param) && takes((param, value)))
            && point.present().any(|(param, value)| !suite_takes(suite, param, value))
    };
    suite.profiles.iter().any(fits)
}

/// Tells whether the suite takes a value without any profile.
pub(super) fn suite_takes(suite: &Suite, param: ParamIndex, value: &Scalar) -> bool {
    let definition = &suite.schema.params()[param];
    let listed = suite.blocks.iter().any(|block| {
        let over = block.over.iter().find(|(over, _)| *over == param).map(|(_, values)| values);
        let named = block.names.iter().flatten().any(|point| point.get(param) == Some(value));
        named || over.is_some_and(|values| values.contains(value))
    });
    listed || definition.values.contains(value) || definition.default.as_ref() == Some(value)
}
