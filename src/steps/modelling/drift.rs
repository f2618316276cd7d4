//! How far coefficients went from those of the run compared with: by what both predict over the rows of this
//! run. Coefficients that trade off move far and predict the same.

use super::predict::Predictor;
use super::rows::ModelRows;
use crate::record::{FitRecord, ModelRecord, RunRecord};
use crate::report::{DriftForm, ModelChange, ModelDrift};

/// Returns how far a group of a model went over its rows; none where the run compared with has no such group.
pub(super) fn drift(
    rows: &ModelRows,
    members: &[usize],
    (model, fit): (&ModelRecord, &FitRecord),
    predictor: &Predictor,
    base: &RunRecord,
) -> Option<ModelDrift> {
    let earlier = base.models.iter().find(|earlier| earlier.model == model.model);
    if let Some(earlier) = earlier.filter(|earlier| model.has_other_form(earlier)) {
        let same = |other: &&FitRecord| other.set == fit.set && other.point == fit.point;
        let known = earlier.fits.iter().find(same).is_some_and(|other| !other.coefficients.is_empty());
        return known.then(|| ModelDrift { base: base.run.id.clone(), form: DriftForm::Other });
    }
    let before = fit.found_in(&model.model, &base.metrics).filter(|before| !before.is_empty())?;
    let now: Vec<f64> = fit.coefficients.iter().map(|coefficient| coefficient.value).collect();
    let then: Vec<f64> = before.iter().map(|(_, value)| *value).collect();
    let change = |&row: &usize| {
        let row = &rows.rows[row];
        let (now, then) = (predictor.prediction(row, &now)?, predictor.prediction(row, &then)?);
        Some((now - then) / then.abs()).filter(|change| change.is_finite())
    };
    let changes: Vec<f64> = members.iter().filter_map(change).collect();
    let mean = changes.iter().sum::<f64>() / changes.len() as f64;
    let least = changes.iter().copied().min_by(f64::total_cmp)?;
    let greatest = changes.iter().copied().max_by(f64::total_cmp)?;
    let before = before.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let change = ModelChange { rows: changes.len() as u64, mean, least, greatest, before };
    Some(ModelDrift { base: base.run.id.clone(), form: DriftForm::Same(change) })
}
