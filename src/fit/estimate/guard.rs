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

/// What stands behind the parameters of a set.
#[derive(Debug, Clone)]
pub(super) enum Guard<'e> {
    /// Nobody wrote down what they rest on.
    Unknown,
    /// What is written down is of other values, or of another form.
    Stale,
    /// What they rest on, and the place among its coefficients of each feature.
    Known { rests_on: &'e RestsOn, places: Vec<usize>, reach: f64 },
}

impl<'e> Guard<'e> {
    /// Finds what the parameters of some features rest on.
    pub(super) fn new(set: &'e ParamSet, features: &[&str]) -> Guard<'e> {
        let Some(rests_on) = set.rests_on.as_deref().filter(|_| !features.is_empty()) else { return Guard::Unknown };
        let place = |name: &&str| rests_on.coefficients.iter().position(|known| known.name == *name);
        let places: Option<Vec<usize>> = features.iter().map(place).collect();
        // Where a name says nothing of a dimension, the ranges are those of the feature all the same.
        let other = Form::of_weights(features).and_then(|form| form.other_in(rests_on));
        let same = matches!(other, None | Some(OtherForm::Name { .. }));
        match places {
            Some(places) if same && rests_on.is_of(&set.values) => {
                Guard::Known { rests_on, places, reach: normal_quantile((1.0 + LEVEL) / 2.0) }
            }
            _ => Guard::Stale,
        }
    }

    /// Returns the features that leave their ranges; of each, its value and the estimate's factor.
    pub(super) fn outside<'b>(&'b self, features: &'b [(f64, f64)]) -> impl Iterator<Item = Outside<'b>> {
        let (coefficients, places) = match self {
            Guard::Known { rests_on, places, .. } => (rests_on.coefficients.as_slice(), places.as_slice()),
            Guard::Unknown | Guard::Stale => Default::default(),
        };
        places.iter().zip(features).filter_map(|(place, (value, _))| {
            let known = &coefficients[*place];
            let (low, high) = known.range;
            (!(low..=high).contains(value)).then_some(Outside {
                feature: &known.name,
                value: *value,
                range: known.range,
            })
        })
    }

    /// Returns where the runtime will be, in the estimate's unit; none where it is not known how far rows
    /// were off.
    pub(super) fn interval(&self, features: &[(f64, f64)], estimate: f64) -> Option<(f64, f64)> {
        let Guard::Known { rests_on, places, reach } = self else { return None };
        let ratios = rests_on.ratios?;
        let scaled = || places.iter().zip(features).map(|(place, (value, factor))| (*place, value * factor));
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
