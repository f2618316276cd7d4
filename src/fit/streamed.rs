//! Fits of groups whose rows are only on disk: further passes over the table.

use super::by_group::ByGroup;
use super::deviations::Deviations;
use super::fitted::{FittedModel, IntervalMethod};
use super::fitting::{CONDITION, Solved, Task, merged};
use super::gate::Gate;
use super::gather::{FEW_GROUPS, Gathered, Group};
use super::sample::Drawn;
use super::sheet::{Rows, Sheet};
use super::solve::Triangle;
use super::table::{Cells, Scan, scan};
use super::{FOLDS, FitError, Table};
use crate::suite::Weighting;
use std::sync::atomic::AtomicBool;

/// What comes of a chunk.
enum Part {
    /// What the rows of few groups tell, by the place of each.
    Deviations(Vec<(usize, Deviations)>),
    /// The places of many groups, and their rows.
    Rows(Vec<usize>, Box<Rows<'static>>),
}

/// Calls `take` with the group of each row, its features and target, and its line.
fn hold(rows: &Rows<'_>, mut take: impl FnMut(usize, &[f64], u64)) {
    let columns = rows.columns();
    let mut values = vec![0.0; columns.len()];
    for (row, line) in rows.lines.iter().enumerate() {
        values.iter_mut().zip(&columns).for_each(|(value, column)| *value = column[row]);
        take(rows.group(row), &values, line);
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
        let triangles = self.triangles(table, sheet, gathered)?;
        let solved: Vec<Solved> = triangles.iter().map(|by_fold| self.solve_folds(by_fold)).collect();
        let width = self.free.len();
        let groups = solved.len();
        let empty = |place: usize| Deviations::new(width, false, Drawn::new(gathered.groups[place].count(), groups));
        let mut deviations: Vec<Deviations> = (0..groups).map(empty).collect();
        let work = |cells: &Cells| {
            let rows = sheet.rows(cells, &mut Gate::default())?;
            let places = gathered.known_places(&rows.groups);
            if places.len() > FEW_GROUPS {
                return Ok(Part::Rows(places, Box::new(rows.into_owned())));
            }
            let mut parts: Vec<Deviations> = places.iter().map(|place| empty(*place)).collect();
            match places.as_slice() {
                &[place] if sheet.is_whole() => {
                    let (columns, mut lines) = (rows.columns(), rows.lines.iter());
                    for (range, fold) in sheet.strips(&rows) {
                        parts[0].add_columns(&columns, range, &mut lines, fold, &solved[place].known);
                    }
                }
                _ => hold(&rows, |part, values, line| {
                    parts[part].add(values, line, sheet.fold(line), &solved[places[part]].known);
                }),
            }
            Ok(Part::Deviations(places.into_iter().zip(parts).collect()))
        };
        let how = Scan { wants: &sheet.wants, threads: self.options.threads, hashed: &AtomicBool::new(false) };
        let mut waiting = ByGroup::default();
        let add = |deviations: &mut [Deviations], place: usize, values: &[f64], line: u64| {
            deviations[place].add(values, line, sheet.fold(line), &solved[place].known);
        };
        scan(table, &how, &work, &mut |part| {
            match part {
                Part::Deviations(parts) => {
                    // Rows of a group are added in the order of the table.
                    waiting.finish(|place, values, line| add(&mut deviations, place, values, line));
                    parts.into_iter().for_each(|(place, part)| deviations[place].merge(part));
                }
                Part::Rows(places, rows) => {
                    waiting.add(&rows, &places, |place, values, line| add(&mut deviations, place, values, line));
                }
            }
            Ok(())
        })?;
        waiting.finish(|place, values, line| add(&mut deviations, place, values, line));
        let method = match self.options.intervals {
            Some(IntervalMethod::None) => IntervalMethod::None,
            Some(IntervalMethod::Bootstrap | IntervalMethod::Sandwich) | None => IntervalMethod::Sandwich,
        };
        let one = |((group, solved), deviations): ((&Group, &Solved), Deviations)| {
            self.too_few(group, deviations.rows).unwrap_or_else(|| {
                let mut model = self.model(group, solved, deviations, method);
                self.look(&mut model, group, solved);
                model
            })
        };
        Ok(self.models(gathered.groups.iter().zip(&solved).zip(deviations), one))
    }

    /// Returns each group's triangles, one for each fold; where sums of products are not enough, a further
    /// pass rotates every row.
    fn triangles(&self, table: &dyn Table, sheet: &Sheet, gathered: &Gathered) -> Result<Vec<Vec<Triangle>>, FitError> {
        let size = self.free.len();
        let mut triangles: Vec<Vec<Triangle>> =
            gathered.groups.iter().map(|group| group.folds.iter().map(Triangle::of_moments).collect()).collect();
        let ill: Vec<bool> =
            triangles.iter().map(|by_fold| merged(size, by_fold.iter()).condition(true) >= CONDITION).collect();
        if !ill.contains(&true) {
            return Ok(triangles);
        }
        let work = |cells: &Cells| {
            let rows = sheet.rows(cells, &mut Gate::default())?;
            let places = gathered.known_places(&rows.groups);
            let mut parts = vec![vec![Triangle::empty(size); FOLDS]; places.len()];
            let mut values = vec![0.0; size + 1];
            for (row, line) in rows.lines.iter().enumerate() {
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
                parts[part][sheet.fold(line)].add_row(&mut values);
            }
            Ok(places.into_iter().zip(parts).collect::<Vec<_>>())
        };
        for (by_fold, ill) in triangles.iter_mut().zip(&ill).filter(|(_, ill)| **ill) {
            debug_assert!(*ill);
            *by_fold = vec![Triangle::empty(size); FOLDS];
        }
        let how = Scan { wants: &sheet.wants, threads: self.options.threads, hashed: &AtomicBool::new(false) };
        scan(table, &how, &work, &mut |parts: Vec<(usize, Vec<Triangle>)>| {
            for (place, part) in parts.into_iter().filter(|(place, _)| ill[*place]) {
                triangles[place].iter_mut().zip(&part).for_each(|(triangle, part)| triangle.merge(part));
            }
            Ok(())
        })?;
        Ok(triangles)
    }
}
