//! The fit itself: gather, solve, hold every row against the result, look for what is wrong.

use super::deviations::{Deviations, Known, Off};
use super::findings::{Finding, FindingKind, of_coefficients, of_mixed, of_ops, of_quality};
use super::fitted::{Coefficient, Fit, FittedModel, IntervalMethod, Outlier, Quality};
use super::gate::{Duplicates, Gate};
use super::gather::{Gathered, Group, KeptRows, gather};
use super::intervals::{bootstrap, covariance, sandwich};
use super::mixed::{Beside, read_beside};
use super::quantiles::quantile;
use super::robust::fit_robust;
use super::sheet::Sheet;
use super::solve::{Moments, Solution, Solver, Triangle};
use super::table::{Cells, read_head, scan};
use super::{FOLDS, FitError, GroupKey, Options, Table, fold_of};
use crate::stats::Random;
use crate::suite::{Form, Weighting};
use crate::value::Problem;
use std::collections::{HashMap, HashSet};

/// Groups with fewer rows are solved by rotations.
const EXACT_ROWS: usize = 20_000;
/// Scaled condition numbers above this are not left to sums of products: their square costs eight digits.
const CONDITION: f64 = 1e4;
/// Rows that are drawn again for all intervals of a table, at most.
const DRAWN: u64 = 40_000_000;
/// Rows whose texts are looked at for mixed rows, at most.
const LOOKED_AT: u64 = 100_000;
/// The most features.
const MOST_FEATURES: usize = 64;

/// Fits a model to a table.
///
/// # Errors
/// A table that cannot be read, names that it does not have, expressions of the wrong kind, no usable row.
pub fn fit(form: &Form, table: &dyn Table, options: &Options) -> Result<Fit, FitError> {
    if form.features.len() > MOST_FEATURES {
        let message = format!("{} features, and {MOST_FEATURES} are the most", form.features.len());
        return Err(FitError::Model(Problem::new(message)));
    }
    let head = read_head(table)?;
    let sheet = Sheet::new(form, &head)?;
    let mut gathered = gather(table, &sheet, options, form.weighting, form.robust)?;
    gathered.gate.excluded.sort_by_key(|excluded| excluded.lines.first().copied());
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
    let task = Task { meant, form, options, free, names, op_column: sheet.op_column.clone().unwrap_or_default() };
    let models = if gathered.kept {
        gathered.gate.duplicates = Some(task.duplicates(&mut gathered.groups));
        if let Some(dropped) = gathered.gate.duplicates.as_ref().filter(|found| found.excluded) {
            gathered.gate.used -= dropped.rows;
        }
        let beside = if gathered.gate.used <= LOOKED_AT { Some(read_beside(table, &sheet, &head)?) } else { None };
        task.fit_kept(&gathered, beside.as_ref())
    } else {
        task.fit_streamed(table, &sheet, &gathered)?
    };
    if models.iter().all(|model| model.coefficients.is_none()) {
        let reason = models.first().and_then(|model| model.findings.first()).map(|finding| finding.message.clone());
        return Err(FitError::NoRows { reason });
    }
    Ok(Fit {
        model: form.name.clone(),
        target: form.target.expr.text().to_owned(),
        features: form.features.iter().map(|f| (f.name.clone(), f.value.expr.text().to_owned())).collect(),
        by: form.by.clone(),
        weighting: form.weighting,
        robust: form.robust,
        gate: gathered.gate,
        models,
    })
}

/// What all groups of a fit share.
struct Task<'a> {
    form: &'a Form,
    options: &'a Options,
    free: Vec<bool>,
    names: Vec<String>,
    /// Features that are meant to be the same in all rows.
    meant: Vec<bool>,
    /// The column of the table that names operations.
    op_column: String,
}

/// A group's solution before its rows were held against it.
struct Solved {
    triangle: Triangle,
    solution: Solution,
    known: Known,
}

impl Task<'_> {
    /// Counts rows that are equal to an earlier one, and takes them out if that is wanted.
    fn duplicates(&self, groups: &mut [Group]) -> Duplicates {
        let mut found = Duplicates { excluded: self.options.drop_duplicates, ..Duplicates::default() };
        let width = self.free.len() + 1;
        for group in groups {
            let rows = &mut group.rows;
            let mut seen = HashSet::new();
            let keep: Vec<bool> = rows.hashes.iter().map(|hash| seen.insert(*hash)).collect();
            keep.iter().zip(&rows.lines).filter(|(keep, _)| !**keep).for_each(|(_, line)| found.count(*line));
            if found.excluded && keep.contains(&false) {
                let kept: Vec<usize> = (0..keep.len()).filter(|row| keep[*row]).collect();
                rows.values =
                    kept.iter().flat_map(|row| rows.values[row * width..(row + 1) * width].to_vec()).collect();
                rows.lines = kept.iter().map(|row| rows.lines[*row]).collect();
                rows.hashes = kept.iter().map(|row| rows.hashes[*row]).collect();
            }
        }
        found.lines.sort_unstable();
        found
    }

    /// Fits groups whose rows are in memory.
    fn fit_kept(&self, gathered: &Gathered, beside: Option<&Beside>) -> Vec<FittedModel> {
        let all: u64 = gathered.groups.iter().map(|group| group.rows.lines.len() as u64).sum();
        let drawn = all * u64::from(self.options.resamples);
        let automatic =
            if self.form.robust || drawn > DRAWN { IntervalMethod::Sandwich } else { IntervalMethod::Bootstrap };
        let method = self.options.intervals.unwrap_or(automatic);
        let one = |group: &Group| {
            let rows = &group.rows;
            let count = rows.lines.len();
            if let Some(model) = self.too_few(group, count as u64) {
                return model;
            }
            let folds = balanced_folds(count);
            let solved = self.solve_kept(rows, &folds);
            let width = self.free.len() + 1;
            let mut deviations = Deviations::new(self.free.len(), true);
            for (row, values) in rows.values.chunks_exact(width).enumerate() {
                deviations.add(values, rows.lines[row], folds[row], &solved.known);
            }
            let mut model = self.model(group, &solved, &deviations, count as u64, method);
            if method == IntervalMethod::Bootstrap && count > self.free.len() + 1 {
                let intervals = bootstrap(rows, &self.free, self.form.weighting, self.options.resamples);
                set_intervals(&mut model, &intervals);
            }
            let (outliers, far) = outliers(rows, width, &solved.solution.coefficients);
            (model.outliers, model.outlier_rows) = (outliers, Some(far));
            self.look(&mut model, group, &solved);
            if let (Some(beside), Some(error)) = (beside, model.quality.mean_error) {
                let mixed = beside.mixed(&rows.values, &rows.lines, &self.free, self.form.weighting, error);
                // What it costs says more than that there are several operations.
                if mixed.iter().any(|mixed| mixed.columns.contains(&self.op_column)) {
                    model.findings.retain(|finding| finding.kind != FindingKind::MixedRows);
                }
                model.findings.extend(mixed.iter().map(|mixed| of_mixed(mixed, error)));
            }
            model
        };
        gathered.groups.iter().map(one).collect()
    }

    fn solve_kept(&self, rows: &KeptRows, folds: &[usize]) -> Solved {
        if self.form.robust {
            return self.solve_robust(rows, folds);
        }
        let width = self.free.len() + 1;
        let count = rows.lines.len();
        let mut by_fold: Vec<Triangle> = if count > EXACT_ROWS {
            let mut moments = vec![Moments::new(self.free.len()); FOLDS];
            self.each_weighted(rows, |row, values| moments[folds[row]].add_row(values));
            moments.iter().map(Triangle::of_moments).collect()
        } else {
            Vec::new()
        };
        let well = |triangles: &[Triangle]| merged(self.free.len(), triangles.iter()).condition(true) < CONDITION;
        if by_fold.is_empty() || !well(&by_fold) {
            by_fold = vec![Triangle::empty(width - 1); FOLDS];
            self.each_weighted(rows, |row, values| by_fold[folds[row]].add_row(values));
        }
        self.solve_folds(&by_fold)
    }

    /// Calls `take` with each row, its values weighted; it may use them up.
    fn each_weighted(&self, rows: &KeptRows, mut take: impl FnMut(usize, &mut [f64])) {
        let width = self.free.len() + 1;
        let mut weighted = vec![0.0; width];
        for (row, values) in rows.values.chunks_exact(width).enumerate() {
            let factor = match self.form.weighting {
                Weighting::Absolute => 1.0,
                Weighting::Relative => 1.0 / values[width - 1].abs(),
            };
            weighted.iter_mut().zip(values).for_each(|(weighted, value)| *weighted = value * factor);
            take(row, &mut weighted);
        }
    }

    fn solve_robust(&self, rows: &KeptRows, folds: &[usize]) -> Solved {
        let members =
            |keep: &dyn Fn(usize) -> bool| -> Vec<usize> { (0..folds.len()).filter(|row| keep(*row)).collect() };
        let (triangle, solution) = fit_robust(rows, &members(&|_| true), &self.free, self.form.weighting);
        let left_out = (0..FOLDS).map(|fold| {
            fit_robust(rows, &members(&|row| folds[row] != fold), &self.free, self.form.weighting).1.coefficients
        });
        let folds = left_out.collect();
        let known = Known { coefficients: solution.coefficients.clone(), folds, weighting: self.form.weighting };
        Solved { triangle, solution, known }
    }

    /// Solves for all rows, and for all but each fold's.
    fn solve_folds(&self, by_fold: &[Triangle]) -> Solved {
        let mut solver = Solver::default();
        let triangle = merged(self.free.len(), by_fold.iter());
        let solution = solver.solve(&triangle, &self.free);
        let folds = (0..by_fold.len()).map(|left_out| {
            let others = by_fold.iter().enumerate().filter(|(fold, _)| *fold != left_out).map(|(_, triangle)| triangle);
            solver.solve(&merged(self.free.len(), others), &self.free).coefficients
        });
        let folds = folds.collect();
        let known = Known { coefficients: solution.coefficients.clone(), folds, weighting: self.form.weighting };
        Solved { triangle, solution, known }
    }

    /// Fits groups whose rows are only on disk.
    fn fit_streamed(
        &self,
        table: &dyn Table,
        sheet: &Sheet,
        gathered: &Gathered,
    ) -> Result<Vec<FittedModel>, FitError> {
        let index: HashMap<&GroupKey, usize> =
            gathered.groups.iter().enumerate().map(|(index, group)| (&group.key, index)).collect();
        let triangles = self.triangles(table, sheet, gathered, &index)?;
        let solved: Vec<Solved> = triangles.iter().map(|by_fold| self.solve_folds(by_fold)).collect();
        let width = self.free.len();
        let mut deviations: Vec<Deviations> = solved.iter().map(|_| Deviations::new(width, false)).collect();
        let work = |cells: Cells| {
            let rows = sheet.rows(&cells, &mut Gate::default())?;
            let places: Vec<usize> = rows.groups.iter().map(|key| index[key]).collect();
            let mut parts: Vec<Deviations> = places.iter().map(|_| Deviations::new(width, false)).collect();
            let mut values = vec![0.0; width + 1];
            for row in 0..rows.len() {
                let part = rows.group_of.get(row).map_or(0, |group| *group as usize);
                values.iter_mut().zip(&rows.features).for_each(|(value, column)| *value = column[row]);
                values[width] = rows.target[row];
                parts[part].add(&values, rows.lines[row], fold_of(rows.lines[row]), &solved[places[part]].known);
            }
            Ok(places.into_iter().zip(parts).collect::<Vec<_>>())
        };
        scan(table, &sheet.wants, self.options.threads, &work, &mut |parts: Vec<(usize, Deviations)>| {
            parts.into_iter().for_each(|(place, part)| deviations[place].merge(part));
            Ok(())
        })?;
        let method = match self.options.intervals {
            Some(IntervalMethod::None) => IntervalMethod::None,
            Some(IntervalMethod::Bootstrap | IntervalMethod::Sandwich) | None => IntervalMethod::Sandwich,
        };
        let one = |(place, group): (usize, &Group)| {
            let rows = deviations[place].rows;
            self.too_few(group, rows).unwrap_or_else(|| {
                let mut model = self.model(group, &solved[place], &deviations[place], rows, method);
                let worst = deviations[place].worst.iter();
                model.outliers =
                    worst.map(|&Off { line, target, prediction }| Outlier { line, target, prediction }).collect();
                self.look(&mut model, group, &solved[place]);
                model
            })
        };
        Ok(gathered.groups.iter().enumerate().map(one).collect())
    }

    /// Returns each group's triangles, one for each fold; where sums of products are not enough, a further
    /// pass rotates every row.
    fn triangles(
        &self,
        table: &dyn Table,
        sheet: &Sheet,
        gathered: &Gathered,
        index: &HashMap<&GroupKey, usize>,
    ) -> Result<Vec<Vec<Triangle>>, FitError> {
        let size = self.free.len();
        let mut triangles: Vec<Vec<Triangle>> =
            gathered.groups.iter().map(|group| group.folds.iter().map(Triangle::of_moments).collect()).collect();
        let ill: Vec<bool> =
            triangles.iter().map(|by_fold| merged(size, by_fold.iter()).condition(true) >= CONDITION).collect();
        if !ill.contains(&true) {
            return Ok(triangles);
        }
        let work = |cells: Cells| {
            let rows = sheet.rows(&cells, &mut Gate::default())?;
            let places: Vec<usize> = rows.groups.iter().map(|key| index[key]).collect();
            let mut parts = vec![vec![Triangle::empty(size); FOLDS]; places.len()];
            let mut values = vec![0.0; size + 1];
            for row in 0..rows.len() {
                let part = rows.group_of.get(row).map_or(0, |group| *group as usize);
                if !ill[places[part]] {
                    continue;
                }
                let factor = match self.form.weighting {
                    Weighting::Absolute => 1.0,
                    Weighting::Relative => 1.0 / rows.target[row].abs(),
                };
                values.iter_mut().zip(&rows.features).for_each(|(value, column)| *value = column[row] * factor);
                values[size] = rows.target[row] * factor;
                parts[part][fold_of(rows.lines[row])].add_row(&mut values);
            }
            Ok(places.into_iter().zip(parts).collect::<Vec<_>>())
        };
        for (by_fold, ill) in triangles.iter_mut().zip(&ill).filter(|(_, ill)| **ill) {
            debug_assert!(*ill);
            *by_fold = vec![Triangle::empty(size); FOLDS];
        }
        scan(table, &sheet.wants, self.options.threads, &work, &mut |parts: Vec<(usize, Vec<Triangle>)>| {
            for (place, part) in parts.into_iter().filter(|(place, _)| ill[*place]) {
                triangles[place].iter_mut().zip(&part).for_each(|(triangle, part)| triangle.merge(part));
            }
            Ok(())
        })?;
        Ok(triangles)
    }

    /// Returns a model without coefficients where the rows do not suffice.
    fn too_few(&self, group: &Group, rows: u64) -> Option<FittedModel> {
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
        }
    }

    /// Puts a model together.
    fn model(
        &self,
        group: &Group,
        solved: &Solved,
        deviations: &Deviations,
        rows: u64,
        method: IntervalMethod,
    ) -> FittedModel {
        let Solved { triangle, solution, .. } = solved;
        let coefficients = self.names.iter().zip(&solution.coefficients).zip(&group.ranges);
        let coefficients = coefficients.map(|((name, value), range)| Coefficient {
            name: name.clone(),
            value: *value,
            interval: None,
            range: *range,
        });
        let covariance = covariance(triangle, solution, &deviations.middle, rows);
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
                scaled_condition: triangle.condition(true),
            },
            ..self.empty(group, rows)
        };
        if method == IntervalMethod::Sandwich {
            let intervals = sandwich(solution, &covariance, &self.free, rows);
            set_intervals(&mut model, &intervals);
        }
        model.covariance = covariance;
        model
    }

    /// Looks for what is wrong.
    fn look(&self, model: &mut FittedModel, group: &Group, solved: &Solved) {
        let coefficients = model.coefficients.as_deref().unwrap_or_default();
        let mut findings =
            of_coefficients(coefficients, &self.free, &solved.triangle, &solved.solution, &model.quality, &self.meant);
        findings.extend(of_quality(&model.quality, model.rows, self.free.len()));
        findings.extend(of_ops(&group.ops, &self.op_column));
        model.findings = findings;
    }
}

fn merged<'a>(size: usize, triangles: impl Iterator<Item = &'a Triangle>) -> Triangle {
    let mut all: Option<Triangle> = None;
    for triangle in triangles {
        match &mut all {
            None => all = Some(triangle.clone()),
            Some(all) => all.merge(triangle),
        }
    }
    all.unwrap_or_else(|| Triangle::empty(size))
}

/// Divides rows into parts of equal size, by chance.
pub(super) fn balanced_folds(rows: usize) -> Vec<usize> {
    let mut order: Vec<f64> = (0..rows).map(|row| (row % FOLDS) as f64).collect();
    Random::new(0xf01d).shuffle(&mut order);
    order.into_iter().map(|fold| fold as usize).collect()
}

fn set_intervals(model: &mut FittedModel, intervals: &[(f64, f64)]) {
    for (coefficient, interval) in model.coefficients.iter_mut().flatten().zip(intervals) {
        coefficient.interval = Some(*interval);
    }
}

/// Finds rows whose relative errors are more than 3.5 deviations from the middle, by the median of the
/// distances (Iglewicz and Hoaglin 1993): the farthest, and how many.
fn outliers(rows: &KeptRows, width: usize, coefficients: &[f64]) -> (Vec<Outlier>, u64) {
    const FAR: f64 = 3.5;
    const SHOWN: usize = 10;
    let mut errors: Vec<(f64, Outlier)> = rows
        .values
        .chunks_exact(width)
        .zip(&rows.lines)
        .filter(|(values, _)| values[width - 1] != 0.0)
        .map(|(values, line)| {
            let target = values[width - 1];
            let prediction: f64 = values.iter().zip(coefficients).map(|(x, b)| x * b).sum();
            ((target - prediction) / target, Outlier { line: *line, target, prediction })
        })
        .collect();
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        quantile(&values, 0.5).unwrap_or(0.0)
    };
    let centre = middle(errors.iter().map(|(error, _)| *error).collect());
    let scale = middle(errors.iter().map(|(error, _)| (error - centre).abs()).collect()) / 0.674_489_75;
    errors.retain(|(error, _)| (error - centre).abs() > FAR * scale && scale > 0.0);
    errors.sort_by(|(one, _), (other, _)| (other - centre).abs().total_cmp(&(one - centre).abs()));
    let far = errors.len() as u64;
    (errors.into_iter().take(SHOWN).map(|(_, outlier)| outlier).collect(), far)
}
