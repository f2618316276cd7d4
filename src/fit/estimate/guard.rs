//! How far an estimate can be trusted: where a runtime will be, and which features leave the range that
//! their parameters were fitted in.
//!
//! The interval of a runtime joins two parts that are independent: how far rows were off that were left
//! out of the fit (ratios, whatever their distribution), and how far the coefficients may be off (their
//! covariance). Both come from the parameter file's twin.

use super::same_form::{Form, OtherForm};
use crate::fit::params::ParamSet;
use crate::fit::rests_on::RestsOn;
use crate::stats::normal_quantile;

/// The share of runtimes that intervals hold.
const LEVEL: f64 = 0.95;

/// A feature that leaves the range of the fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outside<'b> {
    /// The feature's name.
    pub feature: &'b str,
    /// Its value.
    pub value: f64,
    /// The least and the greatest value of the fit.
    pub range: (f64, f64),
}

/// A feature of a descriptor, as models have it; no product wraps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Feature {
    pub(super) value: f64,
    /// What the estimate takes it by besides its weight: phases or width.
    pub(super) factor: f64,
    /// How often the estimate takes it.
    pub(super) blocks: f64,
}

/// What stands behind the parameters of a set.
#[derive(Debug, Clone)]
pub(super) enum Guard<'e> {
    /// Nobody wrote down what they rest on.
    Unknown,
    /// What is written down is of other values, or of another form.
    Stale,
    /// The estimate takes them for something else than what was fitted: what, in one sentence.
    Unlike(String),
    /// What they rest on, of each feature the place among its coefficients and whether the estimate's factor is in it.
    Known { rests_on: &'e RestsOn, places: Vec<(usize, bool)>, reach: f64 },
}

/// What a guard is made for.
pub(super) struct Guarded<'e, 'a> {
    /// The parameters, and their name: `op/set`.
    pub(super) set: &'e ParamSet,
    pub(super) set_name: &'a str,
    /// The operation as parameter files name it, and the device.
    pub(super) op: &'a str,
    pub(super) architecture: &'a str,
    /// The features that the estimate takes, of each the factor and what that is of.
    pub(super) features: Vec<(&'static str, u32, &'static str)>,
    /// What is missing, of another operation, or of other attributes: a sentence.
    pub(super) unlike: Option<String>,
}

impl<'e> Guard<'e> {
    /// Finds what the parameters of some features rest on.
    pub(super) fn new(of: Guarded<'e, '_>) -> Guard<'e> {
        let Guarded { set, set_name, op, architecture, features, unlike } = of;
        let Some(rests_on) = set.rests_on.as_deref().filter(|_| !features.is_empty()) else { return Guard::Unknown };
        if let Some(unlike) = unlike {
            return Guard::Unlike(unlike);
        }
        let form = Form::of_operation(op, architecture);
        // Where a name says nothing of a dimension, the ranges are those of the feature all the same.
        let other = form.and_then(|form| form.other_in(rests_on));
        if !matches!(other, None | Some(OtherForm::Name { .. })) || !rests_on.is_of(&set.values) {
            return Guard::Stale;
        }
        let mut places = Vec::new();
        for (weight, factor, what) in &features {
            let Some(place) = rests_on.coefficients.iter().position(|known| known.name == *weight) else {
                return Guard::Stale;
            };
            let has_factor = form.map(|form| form.has_factor(weight, rests_on));
            if *factor != 1 && !matches!(has_factor, Some(Ok(true))) {
                let did = if matches!(has_factor, Some(Ok(false))) { "did not" } else { "may not have" };
                let sentence = format!(
                    "estimates take `{weight}` of `{set_name}` {factor} times for the {what}, and the fit {did}"
                );
                return Guard::Unlike(sentence);
            }
            places.push((place, matches!(has_factor, Some(Ok(true)))));
        }
        let taken = |name: &str| features.iter().any(|(weight, ..)| *weight == name);
        if let Some(left) = rests_on.coefficients.iter().find(|known| known.value != 0.0 && !taken(&known.name)) {
            return Guard::Unlike(format!(
                "estimates of one layer leave `{}` of `{set_name}` out, and the fit did not",
                left.name
            ));
        }
        if rests_on.ratios.is_none() {
            return Guard::Unlike(format!("the fit of `{set_name}` does not say how far off its rows were"));
        }
        Guard::Known { rests_on, places, reach: normal_quantile((1.0 + LEVEL) / 2.0) }
    }

    /// Returns the features that leave their ranges.
    pub(super) fn outside<'b>(&'b self, features: &'b [Feature]) -> impl Iterator<Item = Outside<'b>> {
        let (coefficients, places) = match self {
            Guard::Known { rests_on, places, .. } => (rests_on.coefficients.as_slice(), places.as_slice()),
            Guard::Unknown | Guard::Stale | Guard::Unlike(_) => Default::default(),
        };
        places.iter().zip(features).filter_map(|((place, has_factor), feature)| {
            let known = &coefficients[*place];
            let value = if *has_factor { feature.value * feature.factor } else { feature.value };
            let (low, high) = known.range;
            (!(low..=high).contains(&value)).then_some(Outside { feature: &known.name, value, range: known.range })
        })
    }

    /// Returns where the runtime will be, in the estimate's unit; none where it is not known how far rows
    /// were off.
    pub(super) fn interval(&self, features: &[Feature], estimate: f64) -> Option<(f64, f64)> {
        let Guard::Known { rests_on, places, reach } = self else { return None };
        let ratios = rests_on.ratios?;
        let scaled = |((place, _), feature): (&(usize, bool), &Feature)| {
            (*place, feature.value * feature.factor * feature.blocks)
        };
        let scaled = || places.iter().zip(features).map(scaled);
        let mut variance = 0.0;
        if !rests_on.covariance.is_empty() {
            for (one, x) in scaled() {
                for (other, y) in scaled() {
                    variance += x * y * rests_on.covariance[one][other];
                }
            }
        }
        let known = reach * variance.max(0.0).sqrt();
        let middle = estimate * ratios.middle;
        let low = middle - (estimate * (ratios.middle - ratios.low)).hypot(known);
        Some((low.max(0.0), middle + (estimate * (ratios.high - ratios.middle)).hypot(known)))
    }
}
