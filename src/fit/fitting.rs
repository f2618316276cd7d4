//! The fit itself: gather, solve, hold every row against the result, look for what is wrong.

use super::beside::{has_beside, read_beside};
use super::dependent::dependent_sets;
use super::deviations::{Deviations, Known, Off};
use super::findings::{
    Finding, FindingKind, of_coefficients, of_condition, of_influence, of_negative, of_ops, of_quality,
};
use super::fitted::{Coefficient, Fit, FittedModel, IntervalMethod, Outlier, Quality};
use super::gather::gather;
use super::group::Group;
use super::influence::{Influence, Suspects};
use super::intervals::{Bread, Reaches, covariance, sandwich};
use super::layout::place;
use super::sample::{Sample, ratios_of};
use super::sheet::Sheet;
use super::solve::{Moments, Solution, Solver, Triangle};
use super::table::read_head;
use super::{FitError, Options, Table};
use crate::suite::Form;
use crate::value::in_order;
use std::convert::Infallible;

/// Scaled condition numbers above this are not left to sums of products: their square costs eight digits.
pub(super) const CONDITION: f64 = 1e4;
/// Rows that are all looked at for mixed rows, at most; of more those that were drawn.
const LOOKED_AT: u64 = 100_000;
/// The most features.
const MOST_FEATURES: usize = 64;

/// Fits a model to a table.
///
/// # Errors
/// A table that cannot be read, names that it does not have, expressions of the wrong kind, no usable row.
pub fn fit(form: &Form, table: &dyn Table, options: &Options) -> Result<Fit, FitError> {
    if let Some(beyond) = form.features.get(MOST_FEATURES) {
        let message = format!("{} features, and {MOST_FEATURES} are the most", form.features.len());
        return Err(FitError::Model(place(beyond.value.span, message)));
    }
    let head = read_head(table)?;
    let sheet = Sheet::new(form, &head)?;
    // Errors of rows are asked for again and again, and equal rows are found among all.
    let all = form.robust || options.drop_duplicates;
    let mut gathered = gather(table, &head, &sheet, options, form.weighting, all)?;
    gathered.gate.excluded.sort_by_key(|excluded| excluded.lines.first().copied());
    if gathered.gate.rows == 0 {
        return Err(FitError::OnlyHeader);
    }
    if gathered.gate.used == 0 {
        let commonest = gathered.gate.excluded.iter().max_by_key(|excluded| excluded.rows);
        let filtered = (gathered.gate.filtered > 0).then(|| "`where` does not hold".to_owned());
        return Err(FitError::NoRows { reason: commonest.map(|excluded| excluded.reason.clone()).or(filtered) });
    }
    let mut free: Vec<bool> = form.features.iter().map(|feature| feature.free).collect();
    let mut names: Vec<String> = form.features.iter().map(|feature| feature.name.clone()).collect();
    if form.intercept {
        free.push(true);
        names.push("intercept".to_owned());
    }
    let mut meant: Vec<bool> = form.features.iter().map(|feature| feature.value.expr.names().is_empty()).collect();
    meant.resize(names.len(), true);
    let op_column = sheet.op_column.clone().unwrap_or_default();
    let keeps_drawn = options.keep_drawn || has_beside(&sheet, &head);
    let task = Task { meant, form, options, free, names, op_column, keeps_drawn, reaches: Reaches::default() };
    let mut all_looked_at = false;
    let mut models = if gathered.kept {
        gathered.gate.duplicates = Some(task.duplicates(&mut gathered.groups));
        if let Some(dropped) = gathered.gate.duplicates.as_ref().filter(|found| found.excluded) {
            gathered.gate.used -= dropped.rows;
        }
        all_looked_at = gathered.gate.used <= LOOKED_AT;
        let beside = if all_looked_at { Some(read_beside(table, &sheet, &head, None, 1)?) } else { None };
        task.fit_kept(&gathered, beside.as_ref())
    } else if !gathered.held.is_empty() {
        task.fit_held(table, &sheet, &gathered)?
    } else {
        task.fit_streamed(table, &sheet, &gathered)?
    };
    if !all_looked_at {
        task.look_at_drawn(table, &sheet, &head, &mut models)?;
    }
    if !options.keep_drawn {
        models.iter_mut().for_each(|model| model.sample = Sample::default());
    }
    if models.iter().all(|model| model.coefficients.is_none()) {
        let reason = models.first().and_then(|model| model.findings.first()).map(|finding| finding.message.clone());
        return Err(FitError::NoRows { reason });
    }
    gathered.gate.note_empty_sets(form, &models);
    gathered.gate.note_empty_groups(&models);
    Ok(Fit {
        model: form.name.clone(),
        target: form.target.expr.text().to_owned(),
        features: form.features.iter().map(|f| (f.name.clone(), f.value.expr.text().to_owned())).collect(),
        by: form.by.iter().map(|named| named.name.clone()).collect(),
        sets: form.sets.iter().map(|(name, _)| name.clone()).collect(),
        weighting: form.weighting,
        robust: form.robust,
        gate: gathered.gate,
        models,
    })
}

/// What all groups of a fit share.
pub(super) struct Task<'a> {
    pub(super) form: &'a Form,
    pub(super) options: &'a Options,
    pub(super) free: Vec<bool>,
    pub(super) names: Vec<String>,
    /// Features that are meant to be the same in all rows.
    pub(super) meant: Vec<bool>,
    /// The column of the table that names operations.
    pub(super) op_column: String,
    /// Whether what was drawn of a group is looked at when all are fitted.
    pub(super) keeps_drawn: bool,
    /// How far intervals reach.
    reaches: Reaches,
}

/// A group's solution before its rows were held against it.
pub(super) struct Solved {
    pub(super) triangle: Triangle,
    /// The triangle of the rows that count in full, for the sandwich; none: that of all.
    pub(super) bread: Option<Triangle>,
    /// The condition number of the triangle with all features at length 1.
    pub(super) scaled_condition: f64,
    pub(super) solution: Solution,
    pub(super) known: Known,
}

/// Groups that a thread takes at a time.
pub(super) const GROUPS: usize = 16;

impl Task<'_> {
    /// Makes something of each group, on a few threads; `worker` gives each thread what makes it.
    pub(super) fn each<G: Send, Made: Send, Make: FnMut(G) -> Made>(
        &self,
        mut groups: impl Iterator<Item = G> + Send,
        worker: impl Fn() -> Make + Sync,
    ) -> Vec<Made> {
        let mut all = Vec::new();
        let next = |some: &mut Vec<G>| {
            some.extend(groups.by_ref().take(GROUPS));
            Ok(!some.is_empty())
        };
        let worker = || {
            let mut make = worker();
            move |some: &mut Vec<G>| Ok(some.drain(..).map(&mut make).collect::<Vec<Made>>())
        };
        let Ok(()) = in_order(self.options.threads, next, worker, |some| {
            all.extend(some);
            Ok::<(), Infallible>(())
        });
        all
    }

    /// Solves for all rows, and for all but each fold's; given are the sums of each fold.
    pub(super) fn solve_sums(&self, by_fold: &[Moments]) -> Solved {
        self.solve(by_fold, |folds| {
            let mut all = Moments::new(self.free.len());
            folds.for_each(|fold| all.merge(fold));
            Triangle::of_moments(&all)
        })
    }

    /// Solves for all rows, and for all but each fold's; given are the triangles of each fold.
    pub(super) fn solve_folds(&self, by_fold: &[Triangle]) -> Solved {
        self.solve(by_fold, |folds| {
            let mut all = Triangle::empty(self.free.len());
            folds.for_each(|fold| all.merge(fold));
            all
        })
    }

    /// Solves for all rows, and for all but each fold's; `merged` makes a triangle of some folds.
    fn solve<Fold>(&self, by_fold: &[Fold], merged: impl Fn(&mut dyn Iterator<Item = &Fold>) -> Triangle) -> Solved {
        let mut solver = Solver::default();
        let triangle = merged(&mut by_fold.iter());
        let solution = solver.solve(&triangle, &self.free);
        let folds = (0..by_fold.len()).map(|left_out| {
            let mut others = by_fold.iter().enumerate().filter(|(fold, _)| *fold != left_out).map(|(_, fold)| fold);
            solver.solve(&merged(&mut others), &self.free).coefficients
        });
        let folds = folds.collect();
        let (coefficients, weighting) = (solution.coefficients.clone(), self.form.weighting);
        let known = Known { coefficients, folds, weighting, reach: f64::INFINITY };
        Solved { scaled_condition: triangle.condition(true), triangle, bread: None, solution, known }
    }

    /// Returns a model without coefficients where the rows do not suffice.
    pub(super) fn too_few(&self, group: &Group, rows: u64) -> Option<FittedModel> {
        let wanted = self.free.len();
        (rows < wanted as u64).then(|| FittedModel {
            findings: vec![Finding::new(
                FindingKind::FewRows,
                format!("too few rows: {rows} for {wanted} coefficients"),
            )],
            ..self.empty(group, rows)
        })
    }

    fn empty(&self, group: &Group, rows: u64) -> FittedModel {
        FittedModel {
            by: group.key.by.clone(),
            set: group.key.set.clone(),
            ops: group.ops.clone(),
            rows,
            coefficients: None,
            method: IntervalMethod::None,
            quality: Quality::default(),
            covariance: Vec::new(),
            outliers: Vec::new(),
            outlier_rows: None,
            findings: Vec::new(),
            sample: Sample::default(),
            ratios: None,
        }
    }

    /// Puts a model together.
    pub(super) fn model(
        &self,
        group: &Group,
        ranges: &[(f64, f64)],
        solved: &Solved,
        deviations: Deviations,
        method: IntervalMethod,
    ) -> FittedModel {
        let Solved { triangle, bread, solution, .. } = solved;
        let coefficients = self.names.iter().zip(&solution.coefficients).zip(ranges);
        let coefficients = coefficients.map(|((name, value), range)| Coefficient {
            name: name.clone(),
            value: *value,
            interval: None,
            range: *range,
        });
        let rows = deviations.rows;
        let in_full = bread.as_ref().unwrap_or(triangle);
        let covariance = covariance(in_full, solution, &deviations.middle, rows);
        let mut model = FittedModel {
            coefficients: Some(coefficients.collect()),
            method,
            quality: Quality {
                r2: deviations.r2(),
                rmse: deviations.rmse(),
                mean_error: deviations.mean_error(),
                p95_error: deviations.quantiles.at(0.95),
                max_error: deviations.quantiles.most(),
                ratio_mean: deviations.ratio().map(|(mean, _)| mean),
                ratio_deviation: deviations.ratio().map(|(_, deviation)| deviation),
                left_out_error: deviations.left_out_error(),
                condition: triangle.condition(false),
                scaled_condition: solved.scaled_condition,
                zero_targets: deviations.zero_targets,
            },
            ..self.empty(group, rows)
        };
        let worst = deviations.worst.into_iter();
        model.outliers =
            worst.map(|(_, Off { line, target, prediction })| Outlier { line, target, prediction }).collect();
        model.sample = deviations.drawn.into_sample();
        model.ratios = ratios_of(&model.sample);
        if method == IntervalMethod::Sandwich {
            let bread = Bread { triangle, in_full, solution, middle: &deviations.middle, rows };
            let intervals = sandwich(&bread, &covariance, &self.free, &self.reaches);
            set_intervals(&mut model, &intervals);
        }
        model.covariance = covariance;
        model
    }

    /// Looks for what is wrong.
    pub(super) fn look(&self, model: &mut FittedModel, group: &Group, solved: &Solved, suspects: &Suspects) {
        let Solved { triangle, solution, .. } = solved;
        let sets = dependent_sets(triangle, solution);
        // Nothing tells how those of a set share what they explain.
        for (index, coefficient) in model.coefficients.iter_mut().flatten().enumerate() {
            coefficient.interval = coefficient.interval.filter(|_| !sets.iter().any(|set| set.contains(&index)));
        }
        let coefficients = model.coefficients.as_deref().unwrap_or_default();
        let mut findings = of_coefficients(coefficients, &self.free, triangle, solution, &self.meant);
        findings.extend(of_condition(coefficients, model.quality.scaled_condition, &sets));
        let influence = self.influence(suspects, model, solved);
        if let Some(Influence { rows, .. }) = &influence {
            // Next to a fit that these have pulled over, others are far off.
            model.outliers = rows.clone();
            model.outlier_rows = model.outlier_rows.map(|_| rows.len() as u64);
        }
        let pulled = of_influence(&self.names, &influence);
        let mut of_quality = of_quality(&model.quality, model.rows, self.free.len());
        if pulled.is_some() {
            // It would be the form that those rows have pulled over.
            of_quality.retain(|finding| finding.kind != FindingKind::BadForm);
        }
        findings.extend(pulled);
        findings.extend(of_negative(model, &self.free));
        findings.extend(of_quality);
        findings.extend(of_ops(&group.ops, &self.op_column));
        model.findings = findings;
    }
}

pub(super) fn set_intervals(model: &mut FittedModel, intervals: &[(f64, f64)]) {
    for (coefficient, interval) in model.coefficients.iter_mut().flatten().zip(intervals) {
        coefficient.interval = Some(*interval);
    }
}
