//! Drift: a fit held against earlier parameters of the same operation.
//!
//! Coefficients that trade off move without any prediction moving. So what counts is how predictions
//! change over the data; intervals say whether that could be chance. The interval of a difference comes
//! from those of its sides by the method of variance estimates recovery (Zou and Donner 2008), that of
//! the mean prediction's change from both covariances.

use super::fitted::FittedModel;
use super::quantiles::quantile;
use super::rests_on::RestsOn;
use super::sample::SampledRow;
use crate::stats::normal_quantile;
use serde::Serialize;

/// Changes of predictions below this are none, as in comparisons of runs.
const LEAST_CHANGE: f64 = 0.03;

/// Parameters that a fit is held against.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Earlier {
    /// The coefficients.
    pub coefficients: Vec<EarlierCoefficient>,
    /// Their covariance, in the same order; empty: not known.
    pub covariance: Vec<Vec<f64>>,
    /// Target and features they were fitted by, as written; none: not known.
    pub form: Option<FormText>,
}

/// An earlier coefficient.
#[derive(Debug, Clone, PartialEq)]
pub struct EarlierCoefficient {
    /// The feature's name.
    pub name: String,
    /// The value.
    pub value: f64,
    /// Where the true value is, at 95 %.
    pub interval: Option<(f64, f64)>,
}

/// A form as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormText {
    /// The target's expression.
    pub target: String,
    /// Names and expressions of the features.
    pub features: Vec<(String, String)>,
}

/// A fit against earlier parameters.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drift {
    /// What became of the predictions.
    pub verdict: DriftVerdict,
    /// Each coefficient, those that are gone last.
    pub coefficients: Vec<CoefficientDrift>,
    /// How predictions changed; none where the earlier ones are not known.
    pub predictions: Option<PredictedChange>,
}

/// What became of the predictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftVerdict {
    /// They are as before, to 3 % in 95 of 100 rows.
    Unchanged,
    /// They changed, which may be chance.
    Uncertain,
    /// They changed, and intervals say that it is no chance.
    Drifted,
    /// The earlier parameters are of another form.
    OtherForm,
}

/// A coefficient and its earlier value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CoefficientDrift {
    /// The feature's name.
    pub name: String,
    /// The earlier value; none: it is new.
    pub old: Option<f64>,
    /// Where that was, at 95 %.
    pub old_interval: Option<(f64, f64)>,
    /// The value; none: the form has it no more.
    pub new: Option<f64>,
    /// Where that is, at 95 %.
    pub new_interval: Option<(f64, f64)>,
    /// What became of it.
    pub verdict: CoefficientVerdict,
}

/// What became of a coefficient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CoefficientVerdict {
    /// The interval of the difference holds 0.
    Same,
    /// It does not.
    Moved,
    /// There is no interval to tell by, and the values differ.
    Unknown,
    /// It was not there.
    New,
    /// It is not there any more.
    Gone,
}

/// How predictions changed over the rows of the data; changes are shares of the earlier prediction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PredictedChange {
    /// Rows that were looked at: all, or some drawn from them.
    pub rows: u64,
    /// The middle of new by earlier prediction.
    pub median_ratio: f64,
    /// The change that 95 of 100 rows stay below, whichever its sign.
    pub p95_change: f64,
    /// The change of the mean prediction.
    pub mean_change: f64,
    /// Where that is, at 95 %; none without covariances.
    pub mean_interval: Option<(f64, f64)>,
    /// The mean error of the earlier parameters, as a share of the target.
    pub old_error: f64,
    /// The mean error of those fitted, on the same rows.
    pub new_error: f64,
}

impl Earlier {
    /// Takes the values of a parameter file, and what its twin says, if it says it of these values.
    pub fn new(values: &[(String, f64)], rests_on: Option<&RestsOn>) -> Earlier {
        let known = |name: &str| rests_on?.coefficients.iter().find(|coefficient| coefficient.name == name);
        let coefficients = values.iter().map(|(name, value)| EarlierCoefficient {
            name: name.clone(),
            value: *value,
            interval: known(name).and_then(|coefficient| coefficient.interval),
        });
        let in_order = rests_on.filter(|rests_on| {
            rests_on.coefficients.len() == values.len()
                && rests_on.coefficients.iter().zip(values).all(|(coefficient, (name, _))| coefficient.name == *name)
        });
        Earlier {
            coefficients: coefficients.collect(),
            covariance: in_order.map(|rests_on| rests_on.covariance.clone()).unwrap_or_default(),
            form: rests_on
                .map(|rests_on| FormText { target: rests_on.target.clone(), features: rests_on.features.clone() }),
        }
    }

    /// Returns the values in the order of a model's coefficients; 0 for those that are not there.
    fn values(&self, model: &FittedModel) -> Vec<f64> {
        let value = |name: &str| self.find(name).map_or(0.0, |old| old.value);
        model.coefficients.iter().flatten().map(|found| value(&found.name)).collect()
    }

    fn find(&self, name: &str) -> Option<&EarlierCoefficient> {
        self.coefficients.iter().find(|coefficient| coefficient.name == name)
    }
}

/// Holds a fitted model against earlier parameters; `form` is what it was fitted by. None where it has no
/// coefficients.
pub fn drift(earlier: &Earlier, form: &FormText, model: &FittedModel) -> Option<Drift> {
    let fitted = model.coefficients.as_ref()?;
    let mut coefficients: Vec<CoefficientDrift> = fitted
        .iter()
        .map(|coefficient| {
            let old = earlier.find(&coefficient.name);
            let (new, new_interval) = (coefficient.value, coefficient.interval);
            CoefficientDrift {
                name: coefficient.name.clone(),
                old: old.map(|old| old.value),
                old_interval: old.and_then(|old| old.interval),
                new: Some(new),
                new_interval,
                verdict: old.map_or(CoefficientVerdict::New, |old| moved(old, new, new_interval)),
            }
        })
        .collect();
    let gone = earlier.coefficients.iter().filter(|old| fitted.iter().all(|fitted| fitted.name != old.name));
    coefficients.extend(gone.map(|old| CoefficientDrift {
        name: old.name.clone(),
        old: Some(old.value),
        old_interval: old.interval,
        new: None,
        new_interval: None,
        verdict: CoefficientVerdict::Gone,
    }));
    let same_names =
        coefficients.iter().all(|found| !matches!(found.verdict, CoefficientVerdict::New | CoefficientVerdict::Gone));
    let same_form = same_names && earlier.form.as_ref().is_none_or(|known| known == form);
    let predictions = if same_form { predicted_change(earlier, model) } else { None };
    let verdict = match (same_form, &predictions) {
        (false, _) => DriftVerdict::OtherForm,
        (true, Some(change)) => verdict(&coefficients, change),
        (true, None) if predicts_nothing(earlier, model) => DriftVerdict::Drifted,
        (true, None) => DriftVerdict::Uncertain,
    };
    Some(Drift { verdict, coefficients, predictions })
}

/// Returns what became of a coefficient.
fn moved(old: &EarlierCoefficient, new: f64, new_interval: Option<(f64, f64)>) -> CoefficientVerdict {
    if old.value == new {
        return CoefficientVerdict::Same;
    }
    if old.interval.is_none() && new_interval.is_none() {
        return CoefficientVerdict::Unknown;
    }
    let (old_low, old_high) = old.interval.unwrap_or((old.value, old.value));
    let (low, high) = new_interval.unwrap_or((new, new));
    let reach =
        if new > old.value { (new - low).hypot(old_high - old.value) } else { (high - new).hypot(old.value - old_low) };
    if (new - old.value).abs() > reach { CoefficientVerdict::Moved } else { CoefficientVerdict::Same }
}

/// Tells whether earlier parameters are off by as much as the targets in the mean, and by more than those fitted.
fn predicts_nothing(earlier: &Earlier, model: &FittedModel) -> bool {
    let errors = Errors::of(model, &earlier.values(model));
    errors.old >= 1.0 && errors.old > errors.new
}

fn verdict(coefficients: &[CoefficientDrift], change: &PredictedChange) -> DriftVerdict {
    let moved = coefficients.iter().any(|found| found.verdict == CoefficientVerdict::Moved);
    let proven = moved || change.mean_interval.is_some_and(|(low, high)| low > 0.0 || high < 0.0);
    match (change.p95_change > LEAST_CHANGE, proven) {
        (false, _) => DriftVerdict::Unchanged,
        (true, false) => DriftVerdict::Uncertain,
        (true, true) => DriftVerdict::Drifted,
    }
}

/// Returns how predictions changed over the rows that were drawn; none without a row whose earlier
/// prediction is above 0.
fn predicted_change(earlier: &Earlier, model: &FittedModel) -> Option<PredictedChange> {
    let old = earlier.values(model);
    let (mut ratios, mut changes) = (Vec::new(), Vec::new());
    for row in model.sample.iter() {
        let before = predicted(&old, &row);
        if before > 0.0 {
            ratios.push(row.prediction / before);
            changes.push((row.prediction / before - 1.0).abs());
        }
    }
    let errors = Errors::of(model, &old);
    ratios.sort_by(f64::total_cmp);
    changes.sort_by(f64::total_cmp);
    let (mean_change, mean_interval) = mean_change(earlier, &old, model)?;
    Some(PredictedChange {
        rows: model.sample.len() as u64,
        median_ratio: quantile(&ratios, 0.5)?,
        p95_change: quantile(&changes, 0.95)?,
        mean_change,
        mean_interval,
        old_error: errors.old,
        new_error: errors.new,
    })
}

fn predicted(coefficients: &[f64], row: &SampledRow<'_>) -> f64 {
    coefficients.iter().zip(row.features).map(|(b, x)| b * x).sum()
}

/// The mean errors of earlier and fitted parameters over the rows that were drawn, as shares of the target.
struct Errors {
    old: f64,
    new: f64,
}

impl Errors {
    fn of(model: &FittedModel, old: &[f64]) -> Errors {
        let (mut old_error, mut new_error, mut shares) = (0.0, 0.0, 0u64);
        for row in model.sample.iter().filter(|row| row.target != 0.0) {
            old_error += ((row.target - predicted(old, &row)) / row.target).abs();
            new_error += ((row.target - row.prediction) / row.target).abs();
            shares += 1;
        }
        Errors { old: old_error / shares.max(1) as f64, new: new_error / shares.max(1) as f64 }
    }
}

/// Returns the change of the mean prediction as a share of the earlier one, and where it is at 95 %.
fn mean_change(earlier: &Earlier, old: &[f64], model: &FittedModel) -> Option<(f64, Option<(f64, f64)>)> {
    let fitted = model.coefficients.as_ref()?;
    let rows = model.sample.len() as f64;
    let means: Vec<f64> =
        (0..fitted.len()).map(|index| model.sample.iter().map(|row| row.features[index]).sum::<f64>() / rows).collect();
    let before: f64 = means.iter().zip(old).map(|(x, b)| x * b).sum();
    if before <= 0.0 {
        return None;
    }
    let difference: f64 = means.iter().zip(fitted).zip(old).map(|((x, new), old)| x * (new.value - old)).sum();
    let change = difference / before;
    let place = |name: &str| earlier.coefficients.iter().position(|known| known.name == name);
    let places: Option<Vec<usize>> = fitted.iter().map(|found| place(&found.name)).collect();
    let known = places.filter(|_| !earlier.covariance.is_empty() && !model.covariance.is_empty());
    let interval = known.map(|places| {
        let mut variance = 0.0;
        for one in 0..means.len() {
            for other in 0..means.len() {
                let both = model.covariance[one][other] + earlier.covariance[places[one]][places[other]];
                variance += means[one] * means[other] * both;
            }
        }
        let reach = normal_quantile(0.975) * variance.max(0.0).sqrt() / before;
        (change - reach, change + reach)
    });
    Some((change, interval))
}

#[cfg(test)]
mod tests;
