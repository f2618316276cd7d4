//! The models of a run as reports show them: with how far each group went from the run compared with, and with
//! rows to be drawn.

use super::drift::Held;
use super::predict::{Predictor, groups};
use super::rows::{ModelRow, ModelRows, model_rows};
use super::sample::{most, sample};
use crate::plan::Plan;
use crate::record::{FitRecord, ModelRecord, RunRecord};
use crate::report::{FitSample, ReportedModel};
use crate::suite::{Model, Suite};
use std::collections::HashMap;

/// Returns the models of a run; without a plan there is nothing to predict.
pub fn reported(plan: Option<&Plan>, record: &RunRecord, base: Option<&RunRecord>) -> Vec<ReportedModel> {
    let report = |fitted: &ModelRecord| match plan.and_then(|plan| Predicted::of(plan, record, fitted)) {
        Some(predicted) => ReportedModel {
            drifts: base
                .map(|base| fitted.fits.iter().map(|fit| predicted.drift(fit, base)).collect())
                .unwrap_or_default(),
            samples: fitted.fits.iter().map(|fit| predicted.sample(fit)).collect(),
            model: fitted.clone(),
        },
        None => ReportedModel { model: fitted.clone(), drifts: Vec::new(), samples: Vec::new() },
    };
    record.models.iter().map(report).collect()
}

/// The rows of a fitted model.
struct Predicted<'a> {
    suite: &'a Suite,
    model: &'a Model,
    fitted: &'a ModelRecord,
    rows: ModelRows,
    predictor: Predictor,
    /// The rows of each group, by its name.
    groups: HashMap<GroupName, Vec<usize>>,
}

/// What the record calls a group: its attribute set, and the parameters that it stands for.
type GroupName = (String, Vec<(String, String)>);

impl<'a> Predicted<'a> {
    fn of(plan: &'a Plan, record: &RunRecord, fitted: &'a ModelRecord) -> Option<Predicted<'a>> {
        let model = plan.suite.models.iter().find(|model| model.name == fitted.model)?;
        if fitted.fits.is_empty() {
            return None;
        }
        let rows = model_rows(plan, record, model).ok()?;
        let predictor = Predictor::new(model, &rows.names);
        let named = |((_, set), members): ((Vec<String>, String), Vec<usize>)| {
            let set = if set.is_empty() { "base".to_owned() } else { set };
            Some(((set, point_of(plan, model, &rows.rows[*members.first()?])), members))
        };
        let groups = groups(model, &rows, &predictor).into_iter().filter_map(named).collect();
        Some(Predicted { suite: &plan.suite, model, fitted, rows, predictor, groups })
    }

    /// Returns the rows of a group.
    fn members(&self, fit: &FitRecord) -> &[usize] {
        let point = fit.params.iter().map(|(name, value)| (name.clone(), value.to_string())).collect();
        self.groups.get(&(fit.set.clone(), point)).map(Vec::as_slice).unwrap_or_default()
    }

    fn drift(&self, fit: &FitRecord, base: &RunRecord) -> Option<crate::report::ModelDrift> {
        let Predicted { suite, model, fitted, rows, predictor, groups: _ } = self;
        Held { suite, model, fitted, fit, predictor }.drift(rows, self.members(fit), base)
    }

    fn sample(&self, fit: &FitRecord) -> FitSample {
        sample(&self.rows, self.members(fit), fit, &self.predictor, most(self.fitted.fits.len()))
    }
}

/// Returns the values of `by` of a row.
fn point_of(plan: &Plan, model: &Model, row: &ModelRow) -> Vec<(String, String)> {
    let params = plan.suite.schema.params();
    let value = |&param: &usize| Some((params[param].name.clone(), row.params[param].as_ref()?.to_string()));
    model.by.iter().filter_map(value).collect()
}
