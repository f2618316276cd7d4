//! How far coefficients went from those of the run compared with: by what both predict over the rows of this
//! run. Coefficients that trade off move far and predict the same.

use super::predict::Predictor;
use super::rows::ModelRows;
use crate::naming::rekey;
use crate::record::{FitRecord, ModelRecord, RunRecord};
use crate::report::{DriftForm, ModelChange, ModelDrift};
use crate::suite::{Model, Suite};
use crate::value::{PointName, convert_f64};

/// A group of a model whose coefficients are held against those of another run.
pub(super) struct Held<'a> {
    pub(super) suite: &'a Suite,
    pub(super) model: &'a Model,
    pub(super) fitted: &'a ModelRecord,
    pub(super) fit: &'a FitRecord,
    pub(super) predictor: &'a Predictor,
}

impl Held<'_> {
    /// Returns how far the group went over some of the rows, or why that is not told; none where it has no
    /// coefficients itself.
    pub(super) fn drift(&self, rows: &ModelRows, members: &[usize], base: &RunRecord) -> Option<ModelDrift> {
        if self.fit.coefficients.is_empty() {
            return None;
        }
        let untold = |why: String| DriftForm::Untold { why };
        let form = match self.earlier(base) {
            Ok(before) => self.change(rows, members, before).map_or_else(|why| untold(why.to_owned()), DriftForm::Same),
            Err(form) => form,
        };
        Some(ModelDrift { base: base.run.id.clone(), form })
    }

    /// Returns the coefficients of the run compared with, in the unit of this one.
    fn earlier(&self, base: &RunRecord) -> Result<Vec<(String, f64)>, DriftForm> {
        let untold = |why: &str| Err(DriftForm::Untold { why: why.to_owned() });
        let earlier = base.models.iter().find(|earlier| earlier.model == self.fitted.model);
        let place = earlier.and_then(|earlier| earlier.fits.iter().find(|other| self.is_of(other)));
        if let Some(earlier) = earlier.filter(|earlier| self.fitted.has_other_form(earlier)) {
            return match place {
                Some(_) => Err(DriftForm::Other),
                None => untold(missing(earlier)),
            };
        }
        let point = place.map_or(&self.fit.point, |place| &place.point);
        let Some(before) = self.fit.found_in(&self.fitted.model, point, &base.metrics) else {
            return untold(match earlier {
                Some(earlier) => missing(earlier),
                None if base.run.models_skipped || base.models.is_empty() => "that run fitted no models",
                None => "that run has no such model",
            });
        };
        let factor = earlier.map_or(Ok(1.0), |earlier| factor(earlier, self.fitted));
        let factor = factor.map_err(|why| DriftForm::Untold { why })?;
        Ok(before.into_iter().map(|(name, value)| (name.to_owned(), value * factor)).collect())
    }

    /// Tells whether a group of the run compared with is this one; parameters may have had other names.
    fn is_of(&self, other: &FitRecord) -> bool {
        other.set == self.fit.set
            && (other.point == self.fit.point || self.point_now(other).as_ref() == Some(&self.fit.point))
    }

    /// Returns the point that a group of an earlier run has now.
    fn point_now(&self, other: &FitRecord) -> Option<PointName> {
        let schema = &self.suite.schema;
        let values = other.params.iter().map(|(name, value)| (name.as_str(), value));
        let rekeyed = rekey(values, schema, &self.model.by).ok()?;
        (rekeyed.dropped.is_empty() && rekeyed.filled.is_empty()).then(|| schema.name(&rekeyed.point))
    }

    fn change(
        &self,
        rows: &ModelRows,
        members: &[usize],
        before: Vec<(String, f64)>,
    ) -> Result<ModelChange, &'static str> {
        let now: Vec<f64> = self.fit.coefficients.iter().map(|coefficient| coefficient.value).collect();
        let then: Vec<f64> = before.iter().map(|(_, value)| *value).collect();
        let both = |&row: &usize| {
            let row = &rows.rows[row];
            Some((self.predictor.prediction(row, &now)?, self.predictor.prediction(row, &then)?))
        };
        let predictions: Vec<(f64, f64)> = members.iter().filter_map(both).collect();
        let changes = predictions.iter().map(|(now, then)| (now - then) / then.abs());
        let changes: Vec<f64> = changes.filter(|change| change.is_finite()).collect();
        let ends = changes.iter().copied().min_by(f64::total_cmp).zip(changes.iter().copied().max_by(f64::total_cmp));
        let Some((least, greatest)) = ends else {
            return Err(match predictions.is_empty() {
                true => "no row can be predicted",
                false => "that run's coefficients predict 0 for every row",
            });
        };
        let mean = changes.iter().sum::<f64>() / changes.len() as f64;
        Ok(ModelChange { rows: changes.len() as u64, mean, least, greatest, before })
    }
}

/// Says why a model of the run compared with has no such group.
fn missing(earlier: &ModelRecord) -> &'static str {
    if earlier.fits.is_empty() { "that run could not fit the model" } else { "that run has no such fit" }
}

/// Returns what turns coefficients of an earlier fit into the unit of this one.
fn factor(earlier: &ModelRecord, now: &ModelRecord) -> Result<f64, String> {
    match (&earlier.unit, &now.unit) {
        (None, None) => Ok(1.0),
        (Some(from), Some(to)) => convert_f64(1.0, from, to).map_err(|_| format!("the unit was another, `{from}`")),
        (Some(from), None) => Err(format!("the unit was another, `{from}`")),
        (None, Some(_)) => Err("the target had no unit".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_that_convert_have_a_factor() {
        let record = |unit: &str| -> ModelRecord {
            let unit = if unit.is_empty() { "null".to_owned() } else { format!("\"{unit}\"") };
            let text = format!(
                r#"{{ "model": "cost", "stage": "measure", "target": "t", "unit": {unit}, "features": [],
                     "weighting": "absolute", "rows": 3, "used": 3 }}"#
            );
            serde_json::from_str(&text).expect("it is a record")
        };
        let check = |from: &str, to: &str, expected: Result<f64, &str>| {
            assert_eq!(factor(&record(from), &record(to)), expected.map_err(str::to_owned), "{from} to {to}");
        };
        check("", "", Ok(1.0));
        check("cycles", "cycles", Ok(1.0));
        check("us", "ns", Ok(1000.0));
        check("ns", "us", Ok(0.001));
        check("ns", "cycles", Err("the unit was another, `ns`"));
        check("ns", "", Err("the unit was another, `ns`"));
        check("", "ns", Err("the target had no unit"));
    }
}
