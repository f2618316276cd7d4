//! What the groups of a model's rows are called, where their parameters go, and what the record says of them.

use super::predict::{Predictor, groups};
use super::rows::ModelRows;
use super::{FittedFile, PARAMS_FILE, warnings};
use crate::fit::{Coefficient, Fit, FittedModel};
use crate::naming::Point;
use crate::plan::{Plan, Scope};
use crate::record::{CoefficientRecord, EmptyGroupRecord, FitRecord, HeldBackRecord, UnusableSetRecord};
use crate::suite::{Model, ParamIndex, Part};
use crate::value::{PointName, Scalar};
use std::collections::{HashMap, HashSet};

/// What groups of rows are called.
pub(super) struct Places<'a> {
    plan: &'a Plan,
    model: &'a Model,
    rows: &'a ModelRows,
    /// The rows of each group, by the values of `by`.
    groups: HashMap<Vec<String>, Members>,
}

/// The rows of a group.
struct Members {
    /// The first of them.
    first: usize,
    rows: u64,
    held_back: u64,
}

impl<'a> Places<'a> {
    pub(super) fn new(plan: &'a Plan, model: &'a Model, rows: &'a ModelRows) -> Places<'a> {
        let mut groups: HashMap<Vec<String>, Members> = HashMap::new();
        for (index, row) in rows.rows.iter().enumerate() {
            let new = Members { first: index, rows: 0, held_back: 0 };
            let members = groups.entry(rows.by_of(model, row)).or_insert(new);
            members.rows += 1;
            members.held_back += u64::from(row.held_back);
        }
        Places { plan, model, rows, groups }
    }

    /// Returns the values of `by` of a group.
    fn values(&self, by: &[String]) -> Vec<(ParamIndex, Scalar)> {
        let row = self.groups.get(by).map(|members| &self.rows.rows[members.first]);
        let values = row.map(|row| self.model.by.iter().filter_map(|&param| Some((param, row.params[param].clone()?))));
        values.into_iter().flatten().collect()
    }

    /// Returns operation and attribute set: the operation is what `by` says beyond the parameter file's name,
    /// or else the model.
    pub(super) fn name(&self, found: &FittedModel) -> (String, String) {
        let in_file = |param: &ParamIndex| {
            let parts = self.model.params_file.iter().flat_map(|file| &file.parts);
            parts.into_iter().any(|part| matches!(part, Part::Param(own) if own == param))
        };
        let own = self.values(&found.by).into_iter().filter(|(param, _)| !in_file(param));
        let words: Vec<String> = own.map(|(_, value)| value.to_string()).collect();
        let op = if words.is_empty() { self.model.name.clone() } else { words.join("_") };
        (op, if found.set.is_empty() { "base".to_owned() } else { found.set.clone() })
    }

    /// Returns the parameter file of a group.
    ///
    /// # Errors
    /// A value in its name that is no part of a file's name: it could lead anywhere.
    pub(super) fn target(&self, found: &FittedModel) -> Result<String, String> {
        let Some(template) = &self.model.params_file else { return Ok(PARAMS_FILE.to_owned()) };
        let values = self.values(&found.by);
        let params = self.plan.suite.schema.params();
        for part in &template.parts {
            let Part::Param(param) = part else { continue };
            let value = values.iter().find(|(own, _)| own == param);
            if let Some((_, value)) = value.filter(|(_, value)| !is_file_name(&value.to_string())) {
                let name = &params[*param].name;
                return Err(format!("`{name}` is `{value}`, which cannot be in the name of its `params_file`"));
            }
        }
        let value_of = |param: ParamIndex| values.iter().find(|(own, _)| *own == param).map(|(_, value)| value);
        let scope = Scope::of_block(&self.plan.suite, None, &value_of);
        // The loader lets it name parameters of `by` only; one without a value has no place in a path.
        Ok(scope.fill(template).unwrap_or_else(|_| PARAMS_FILE.to_owned()))
    }

    /// Returns those of some attribute sets that no row is in, and those whose rows cannot be used.
    pub(super) fn sets_without_fit(&self, unfitted: &[String]) -> (Vec<String>, Vec<UnusableSetRecord>) {
        let predictor = Predictor::new(self.model, &self.rows.names);
        let mut found: HashMap<String, UnusableSetRecord> = HashMap::new();
        for ((_, set), members) in groups(self.model, self.rows, &predictor) {
            let new = UnusableSetRecord { set: set.clone(), rows: 0, held_back: 0 };
            let record = found.entry(set).or_insert(new);
            record.rows += members.len() as u64;
            record.held_back += members.iter().filter(|&&row| self.rows.rows[row].held_back).count() as u64;
        }
        let (unusable, empty): (Vec<&String>, Vec<&String>) = unfitted.iter().partition(|set| found.contains_key(*set));
        let unusable = unusable.into_iter().filter_map(|set| found.remove(set)).collect();
        (empty.into_iter().cloned().collect(), unusable)
    }

    /// Returns the point of `by` with some values.
    fn point(&self, values: &[(ParamIndex, Scalar)]) -> PointName {
        if values.is_empty() {
            return PointName::new("all");
        }
        let schema = &self.plan.suite.schema;
        let mut point = Point::empty(schema.len());
        values.iter().for_each(|(param, value)| point.set(*param, Some(value.clone())));
        schema.name(&point)
    }

    /// Returns values with the names of their parameters.
    fn named(&self, values: Vec<(ParamIndex, Scalar)>) -> Vec<(String, Scalar)> {
        let params = self.plan.suite.schema.params();
        values.into_iter().map(|(param, value)| (params[param].name.clone(), value)).collect()
    }

    /// Returns the groups that no fit is of. Rows that have no value for one of `by` are of no group.
    pub(super) fn empty_groups(&self, fit: &Fit) -> Vec<EmptyGroupRecord> {
        let fitted: HashSet<&[String]> = fit.models.iter().map(|found| found.by.as_slice()).collect();
        let mut empty: Vec<(&Vec<String>, &Members)> =
            self.groups.iter().filter(|(by, _)| !fitted.contains(by.as_slice())).collect();
        empty.sort_by_key(|(_, members)| members.first);
        let record = |(by, members): (&Vec<String>, &Members)| {
            let values = self.values(by);
            (values.len() == by.len()).then(|| EmptyGroupRecord {
                point: self.point(&values),
                params: self.named(values),
                rows: members.rows,
                held_back: members.held_back,
            })
        };
        empty.into_iter().filter_map(record).collect()
    }

    pub(super) fn records(&self, file: &FittedFile) -> Vec<FitRecord> {
        let predictor = Predictor::new(self.model, &self.rows.names);
        let groups = groups(self.model, self.rows, &predictor);
        let record = |(found, (op, set)): (&FittedModel, &(String, String))| {
            let values = self.values(&found.by);
            let quality = &found.quality;
            let percent = |share: Option<f64>| share.map(|share| share * 100.0);
            let coefficients: Vec<CoefficientRecord> = found.coefficients.iter().flatten().map(coefficient).collect();
            let group = groups.get(&(found.by.clone(), found.set.clone()));
            FitRecord {
                op: op.clone(),
                set: set.clone(),
                point: self.point(&values),
                params: self.named(values),
                rows: found.rows,
                r2: quality.r2,
                mape: percent(quality.mean_error),
                p95_ape: percent(quality.p95_error),
                max_ape: percent(quality.max_error),
                cv_mape: percent(quality.left_out_error),
                held_back: group.and_then(|group| self.held_back(group, &coefficients, &predictor)),
                coefficients,
                warnings: warnings(found),
            }
        };
        file.fit.models.iter().zip(&file.names).map(record).collect()
    }

    /// Holds the rows that were kept out of the fit against what it predicts.
    fn held_back(
        &self,
        group: &[usize],
        coefficients: &[CoefficientRecord],
        predictor: &Predictor,
    ) -> Option<HeldBackRecord> {
        let values: Vec<f64> = coefficients.iter().map(|coefficient| coefficient.value).collect();
        let mut errors: Vec<(f64, usize)> = Vec::new();
        let mut held = 0;
        for &index in group {
            let row = &self.rows.rows[index];
            if !row.held_back || values.is_empty() {
                continue;
            }
            held += 1;
            let (Some(target), Some(prediction)) = (predictor.target(row), predictor.prediction(row, &values)) else {
                continue;
            };
            let error = ((prediction - target) / target).abs() * 100.0;
            if error.is_finite() {
                errors.push((error, index));
            }
        }
        let &(max_ape, worst) = errors.iter().max_by(|a, b| a.0.total_cmp(&b.0))?;
        let mape = errors.iter().map(|(error, _)| error).sum::<f64>() / errors.len() as f64;
        let (rows, worst) = (errors.len() as u64, self.rows.rows[worst].point.clone());
        Some(HeldBackRecord { rows, mape, max_ape, worst, left_out: held - rows })
    }
}

fn coefficient(found: &Coefficient) -> CoefficientRecord {
    let Coefficient { name, value, interval, range } = found.clone();
    CoefficientRecord { name, value, interval, range }
}

/// Tells whether a value can be in the name of a file without leading to another folder.
fn is_file_name(value: &str) -> bool {
    !value.is_empty()
        && !value.starts_with(['.', '~'])
        && !value.contains(|character: char| matches!(character, '/' | '\\' | ':') || character.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_lead_elsewhere_are_no_file_names() {
        for value in ["wormhole_b0", "1.5", "a b", "-3", "x..y"] {
            assert!(is_file_name(value), "{value}");
        }
        for value in ["", ".", "..", "/abs", "a/b", "a\\b", "C:x", "~", "a\0", "a\nb", ".hidden"] {
            assert!(!is_file_name(value), "{value}");
        }
    }
}
