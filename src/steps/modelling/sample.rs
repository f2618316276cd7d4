//! Rows of fits to be drawn: what was measured, what the coefficients predict, which rows are far off.

use super::predict::Predictor;
use super::rows::ModelRows;
use crate::record::FitRecord;
use crate::report::{FitSample, FitSampleRow};
use crate::stats::{median, median_deviation};
use crate::value::Digest;

/// Rows of a group that are kept, at most.
const MOST: usize = 200;
/// Rows of all groups of a model that are kept, if no group falls below `LEAST`.
const MOST_OF_ALL: usize = 10_000;
/// Rows of a group that are kept however many groups there are.
const LEAST: usize = 20;
/// Errors that are so many deviations from the middle are far off (Iglewicz and Hoaglin 1993).
const FAR: f64 = 3.5;

/// Returns how many rows of a group are kept, if there are so many groups.
pub(super) fn most(groups: usize) -> usize {
    (MOST_OF_ALL / groups.max(1)).clamp(LEAST, MOST)
}

/// Returns the rows of a group, or some drawn from them by their points: the same in every report of the run.
pub(super) fn sample(
    rows: &ModelRows,
    members: &[usize],
    fit: &FitRecord,
    predictor: &Predictor,
    most: usize,
) -> FitSample {
    let coefficients: Vec<f64> = fit.coefficients.iter().map(|coefficient| coefficient.value).collect();
    let known = |&index: &usize| {
        let row = &rows.rows[index];
        Some((index, predictor.target(row)?, predictor.prediction(row, &coefficients)?))
    };
    let mut known: Vec<(usize, f64, f64)> = members.iter().filter_map(known).collect();
    let all = known.len() as u64;
    let share = |target: f64, prediction: f64| (target - prediction) / target;
    let errors: Vec<f64> = known
        .iter()
        .filter(|(index, target, _)| !rows.rows[*index].held_back && *target != 0.0)
        .map(|(_, target, prediction)| share(*target, *prediction))
        .collect();
    let (middle, deviation) = (median(&errors), median_deviation(&errors));
    if known.len() > most {
        known.sort_by_cached_key(|(index, ..)| Digest::of(rows.rows[*index].point.as_str().as_bytes()).to_string());
        known.truncate(most);
        known.sort_unstable_by_key(|(index, ..)| *index);
    }
    let sampled = |(index, target, prediction): (usize, f64, f64)| {
        let row = &rows.rows[index];
        let off = (share(target, prediction) - middle).abs();
        Some(FitSampleRow {
            point: row.point.clone(),
            features: predictor.features(row)?,
            target,
            prediction,
            held_back: row.held_back,
            far: !row.held_back && deviation > 0.0 && off > FAR * deviation,
        })
    };
    FitSample { all, rows: known.into_iter().filter_map(sampled).collect() }
}
