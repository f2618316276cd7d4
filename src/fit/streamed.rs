//! Fits of groups whose rows are only on disk: further passes over the table.

use super::deviations::{Deviations, Off};
use super::fitted::{FittedModel, IntervalMethod, Outlier};
use super::fitting::{CONDITION, Solved, Task, merged};
use super::gate::Gate;
use super::gather::{FEW_GROUPS, Gathered, Group};
use super::sample::Drawn;
use super::sheet::{Rows, Sheet};
use super::solve::Triangle;
use super::table::{Cells, scan};
use super::{FOLDS, FitError, GroupKey, Table, fold_of};
use crate::suite::Weighting;
use std::collections::HashMap;

/// What comes of a chunk.
enum Part {
    /// What the rows of few groups tell, by the place of each.
    Deviations(Vec<(usize, Deviations)>),
    /// The places of many groups, and their rows.
    Rows(Vec<usize>, Rows),
}

/// Calls `take` with the group of each row, its features and target, and its line.
fn hold(rows: &Rows, mut take: impl FnMut(usize, &[f64], u64)) {
    let mut values = vec![0.0; rows.features.len() + 1];
    for row in 0..rows.len() {
        values.iter_mut().zip(&rows.features).for_each(|(value, column)| *value = column[row]);
        values[rows.features.len()] = rows.target[row];
        take(rows.group(row), &values, rows.lines[row]);
    }
}

impl Task<'_> {
    /// Fits groups whose rows are only on disk.
    pub(super) fn fit_streamed(
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
        let groups = solved.len();
        let empty = |place: usize| Deviations::new(width, false, Drawn::new(gathered.groups[place].count(), groups));
        let mut deviations: Vec<Deviations> = (0..groups).map(empty).collect();
        let work = |cells: Cells| {
            let rows = sheet.rows(&cells, &mut Gate::default())?;
            let places: Vec<usize> = rows.groups.iter().map(|key| index[key]).collect();
            if places.len() > FEW_GROUPS {
                return Ok(Part::Rows(places, rows));
            }
            let mut parts: Vec<Deviations> = places.iter().map(|place| empty(*place)).collect();
            hold(&rows, |part, values, line| {
                parts[part].add(values, line, fold_of(line), &solved[places[part]].known);
            });
            Ok(Part::Deviations(places.into_iter().zip(parts).collect()))
        };
        scan(table, &sheet.wants, self.options.threads, &work, &mut |part| {
            match part {
                Part::Deviations(parts) => {
                    parts.into_iter().for_each(|(place, part)| deviations[place].merge(part));
                }
                Part::Rows(places, rows) => hold(&rows, |group, values, line| {
                    let place = places[group];
                    deviations[place].add(values, line, fold_of(line), &solved[place].known);
                }),
            }
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
                let part = rows.group(row);
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
}
