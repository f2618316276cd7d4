//! Fits of groups whose rows are only on disk: further passes over the table.

use super::by_group::{Block, ByGroup};
use super::deviations::Deviations;
use super::fitted::{FittedModel, IntervalMethod};
use super::fitting::{CONDITION, Solved, Task};
use super::gate::Gate;
use super::gather::{FEW_GROUPS, Gathered};
use super::group::Group;
use super::sample::{Drawn, Sample};
use super::sheet::{Numbering, Places, Sheet};
use super::solve::Triangle;
use super::table::{Cells, Scan, scan};
use super::{FOLDS, FitError, Table};
use crate::suite::Weighting;
use std::sync::atomic::AtomicBool;

/// What comes of a chunk.
enum Part {
    /// What the rows of few groups tell, by the place of each.
    Deviations(Vec<(u32, Deviations)>),
    /// The places of many groups, and their rows.
    Rows(Vec<u32>, Block),
}

impl Task<'_> {
    /// Fits groups whose rows are only on disk.
    pub(super) fn fit_streamed(
        &self,
        table: &dyn Table,
        sheet: &Sheet,
        gathered: &Gathered,
    ) -> Result<Vec<FittedModel>, FitError> {
        let solved = self.solved(table, sheet, gathered)?;
        let deviations = self.deviations(table, sheet, gathered, &solved)?;
        let one = |((group, solved), deviations): ((&Group, &Solved), Deviations)| {
            self.streamed_model(group, &group.sums.ranges, solved, deviations)
        };
        Ok(self.each(gathered.groups.iter().zip(&solved).zip(deviations), || one))
    }

    /// Puts the model of a group of a large table together.
    pub(super) fn streamed_model(
        &self,
        group: &Group,
        ranges: &[(f64, f64)],
        solved: &Solved,
        mut deviations: Deviations,
    ) -> FittedModel {
        let method = match self.options.intervals {
            Some(IntervalMethod::None) => IntervalMethod::None,
            Some(IntervalMethod::Bootstrap | IntervalMethod::Sandwich) | None => IntervalMethod::Sandwich,
        };
        if let Some(model) = self.too_few(group, deviations.rows) {
            return model;
        }
        let suspects = std::mem::take(&mut deviations.suspects);
        let mut model = self.model(group, ranges, solved, deviations, method);
        self.look(&mut model, group, solved, &suspects);
        if !self.keeps_drawn {
            // Its memory serves for the next.
            model.sample = Sample::default();
        }
        model
    }

    /// Holds every row of a table against the solution of its group.
    fn deviations(
        &self,
        table: &dyn Table,
        sheet: &Sheet,
        gathered: &Gathered,
        solved: &[Solved],
    ) -> Result<Vec<Deviations>, FitError> {
        let width = self.free.len();
        let groups = solved.len();
        let empty =
            |place: usize| Deviations::new(width, false, Drawn::new(gathered.groups[place].sums.count(), groups));
        let mut deviations: Vec<Deviations> = (0..groups).map(empty).collect();
        let worker = || {
            let (mut numbering, mut places) = (Numbering::default(), Places::default());
            move |cells: &Cells| {
                let rows = sheet.rows(cells, &mut numbering, &mut Gate::default())?;
                let places = gathered.known_places(&rows.groups, &mut places);
                if places.len() > FEW_GROUPS {
                    return Ok(Part::Rows(places, Block::new(rows)));
                }
                let mut parts: Vec<Deviations> = places.iter().map(|place| empty(*place as usize)).collect();
                match places.as_slice() {
                    &[place] if sheet.is_whole() => {
                        let (columns, lines) = (rows.columns(), rows.lines.iter());
                        parts[0].add_columns(&columns, sheet.strips(&rows), lines, &solved[place as usize].known);
                    }
                    _ => rows.each(|part, values, line| {
                        parts[part].add(values, line, sheet.fold(line), &solved[places[part] as usize].known);
                    }),
                }
                Ok(Part::Deviations(places.into_iter().zip(parts).collect()))
            }
        };
        let how = Scan { wants: &sheet.wants, threads: self.options.threads, hashed: &AtomicBool::new(false) };
        let mut held = ByGroup::default();
        let spill = |held: &mut ByGroup, deviations: &mut [Deviations]| {
            let fold = |line| sheet.fold(line);
            held.spill(deviations, self.options.threads, &fold, &|place, deviations, rows| {
                deviations.add_folds(rows, &solved[place].known);
            });
        };
        scan(table, &how, &worker, &mut |part| {
            match part {
                Part::Deviations(parts) => {
                    // Rows of a group are added in the order of the table.
                    spill(&mut held, &mut deviations);
                    parts.into_iter().for_each(|(place, part)| deviations[place as usize].merge(part));
                }
                Part::Rows(places, block) => {
                    held.add(block, &places);
                    if held.numbers() > self.options.most_held {
                        spill(&mut held, &mut deviations);
                    }
                }
            }
            Ok(())
        })?;
        spill(&mut held, &mut deviations);
        Ok(deviations)
    }

    /// Solves each group; where sums of products are not enough, a further pass rotates every row.
    fn solved(&self, table: &dyn Table, sheet: &Sheet, gathered: &Gathered) -> Result<Vec<Solved>, FitError> {
        let of_sums = |group: &Group| self.solve_sums(&group.sums.folds);
        let mut solved: Vec<Solved> = self.each(gathered.groups.iter(), || of_sums);
        let ill: Vec<bool> = solved.iter().map(|solved| solved.scaled_condition >= CONDITION).collect();
        if ill.contains(&true) {
            let triangles = self.rotate(table, sheet, gathered, &ill)?;
            let ill = solved.iter_mut().zip(&triangles).zip(ill).filter(|(_, ill)| *ill);
            ill.for_each(|((solved, by_fold), _)| *solved = self.solve_folds(by_fold));
        }
        Ok(solved)
    }

    /// Makes triangles of some groups, one for each fold, out of every row; others have none.
    pub(super) fn rotate(
        &self,
        table: &dyn Table,
        sheet: &Sheet,
        gathered: &Gathered,
        ill: &[bool],
    ) -> Result<Vec<Vec<Triangle>>, FitError> {
        let size = self.free.len();
        let worker = || {
            let (mut numbering, mut places) = (Numbering::default(), Places::default());
            move |cells: &Cells| {
                let rows = sheet.rows(cells, &mut numbering, &mut Gate::default())?;
                let places = gathered.known_places(&rows.groups, &mut places);
                let mut parts = vec![vec![Triangle::empty(size); FOLDS]; places.len()];
                let mut weighted = vec![0.0; size + 1];
                rows.each(|part, values, line| {
                    if !ill[places[part] as usize] {
                        return;
                    }
                    let factor = match self.form.weighting {
                        Weighting::Absolute => 1.0,
                        Weighting::Relative => 1.0 / values[size].abs(),
                    };
                    weighted.iter_mut().zip(values).for_each(|(weighted, value)| *weighted = value * factor);
                    parts[part][sheet.fold(line)].add_row(&mut weighted);
                });
                Ok(places.into_iter().zip(parts).collect::<Vec<_>>())
            }
        };
        let empty = |ill: &bool| if *ill { vec![Triangle::empty(size); FOLDS] } else { Vec::new() };
        let mut triangles: Vec<Vec<Triangle>> = ill.iter().map(empty).collect();
        let how = Scan { wants: &sheet.wants, threads: self.options.threads, hashed: &AtomicBool::new(false) };
        scan(table, &how, &worker, &mut |parts: Vec<(u32, Vec<Triangle>)>| {
            for (place, part) in parts.into_iter().filter(|(place, _)| ill[*place as usize]) {
                triangles[place as usize].iter_mut().zip(&part).for_each(|(triangle, part)| triangle.merge(part));
            }
            Ok(())
        })?;
        Ok(triangles)
    }
}
