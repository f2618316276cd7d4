//! How far coefficients went from those of the run compared with: by what both predict over the rows of this
//! run. Coefficients that trade off move far and predict the same.

use super::predict::{Predictor, groups};
use super::rows::model_rows;
use crate::plan::Plan;
use crate::record::{FitRecord, ModelRecord, RunRecord};
use crate::report::{ModelDrift, ReportedModel};

/// Returns the models of a run, each group with how far it went from the run compared with, if that has it.
pub fn reported(plan: Option<&Plan>, record: &RunRecord, base: Option<&RunRecord>) -> Vec<ReportedModel> {
    let with_drift = |model: &ModelRecord| ReportedModel {
        drifts: plan.zip(base).map_or_else(Vec::new, |(plan, base)| drifts(plan, record, base, model)),
        model: model.clone(),
    };
    record.models.iter().map(with_drift).collect()
}

fn drifts(plan: &Plan, record: &RunRecord, base: &RunRecord, fitted: &ModelRecord) -> Vec<Option<ModelDrift>> {
    let Some(model) = plan.suite.models.iter().find(|model| model.name == fitted.model) else { return Vec::new() };
    let Ok(rows) = model_rows(plan, record, model) else { return Vec::new() };
    let predictor = Predictor::new(model, &rows.names);
    let groups = groups(model, &rows, &predictor);
    let drift = |fit: &FitRecord| {
        let before = fit.found_in(&fitted.model, &base.metrics).filter(|before| !before.is_empty())?;
        let own = groups.iter().find(|((_, set), members)| {
            let named = if set.is_empty() { "base" } else { set.as_str() };
            named == fit.set && members.first().is_some_and(|&row| point_of(plan, model, &rows.rows[row]) == fit.params)
        });
        let now: Vec<f64> = fit.coefficients.iter().map(|coefficient| coefficient.value).collect();
        let then: Vec<f64> = before.iter().map(|(_, value)| *value).collect();
        let changes: Vec<f64> = own
            .into_iter()
            .flat_map(|(_, members)| members)
            .filter_map(|&row| {
                let row = &rows.rows[row];
                let (now, then) = (predictor.prediction(row, &now)?, predictor.prediction(row, &then)?);
                Some((now - then) / then.abs()).filter(|change| change.is_finite())
            })
            .collect();
        let mean = changes.iter().sum::<f64>() / changes.len() as f64;
        let least = changes.iter().copied().min_by(f64::total_cmp)?;
        let greatest = changes.iter().copied().max_by(f64::total_cmp)?;
        let before = before.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Some(ModelDrift { base: base.run.id.clone(), rows: changes.len() as u64, mean, least, greatest, before })
    };
    fitted.fits.iter().map(drift).collect()
}

/// Returns the values of `by` of a row, as the record has them.
fn point_of(
    plan: &Plan,
    model: &crate::suite::Model,
    row: &super::rows::ModelRow,
) -> Vec<(String, crate::value::Scalar)> {
    let params = plan.suite.schema.params();
    model.by.iter().filter_map(|&param| Some((params[param].name.clone(), row.params[param].clone()?))).collect()
}
