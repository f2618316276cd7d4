//! Fits of many groups whose rows are all held in memory: what further passes over a table would make of them,
//! group by group, so that all that is known of a group stays in the cache.

use super::by_fold::ByFold;
use super::deviations::{Deviations, Known};
use super::fitted::FittedModel;
use super::fitting::{CONDITION, GROUPS, Solved, Task};
use super::gather::Gathered;
use super::group::{Group, Sums};
use super::sample::Drawn;
use super::sheet::Sheet;
use super::solve::Triangle;
use super::{FitError, Table};

/// The rows of one group after the other.
struct Loaded<'a> {
    gathered: &'a Gathered,
    sheet: &'a Sheet,
    /// Those of some groups from `first` on.
    rows: Vec<ByFold>,
    first: usize,
    /// The place of the group among these.
    place: usize,
}

impl Loaded<'_> {
    /// Takes the rows of a group; returns their sums.
    fn group(&mut self, place: usize, task: &Task<'_>) -> Sums {
        if !(self.first..self.first + self.rows.len()).contains(&place) {
            self.rows.resize_with(GROUPS.min(self.gathered.groups.len() - place), ByFold::default);
            self.first = place;
            self.gathered.held.load(place, &mut self.rows, &|line| self.sheet.fold(line));
        }
        self.place = place - self.first;
        let mut sums = Sums::default();
        sums.add_columns(&self.rows().columns(), self.rows().strips(), task.form.weighting);
        sums
    }

    /// Returns the rows of the group.
    fn rows(&self) -> &ByFold {
        &self.rows[self.place]
    }

    /// Draws rows of the group, one of so many groups.
    fn drawn(&self, groups: usize, known: &Known) -> Drawn {
        let (columns, lines) = (self.rows().columns(), self.rows().in_order());
        let features = &columns[..columns.len() - 1];
        let predict = |coefficients: &[f64], place: usize| -> f64 {
            coefficients.iter().zip(features).map(|(coefficient, column)| coefficient * column[place]).sum()
        };
        Drawn::of_all(lines, groups, columns.len() + 2, |row, values| {
            let place = self.rows().places()[row] as usize;
            values.extend(columns.iter().map(|column| column[place]));
            let left_out = &known.folds[self.sheet.fold(lines[row])];
            values.extend([predict(&known.coefficients, place), predict(left_out, place)]);
        })
    }
}

impl Task<'_> {
    /// Fits groups whose rows are held in memory.
    pub(super) fn fit_held(
        &self,
        table: &dyn Table,
        sheet: &Sheet,
        gathered: &Gathered,
    ) -> Result<Vec<FittedModel>, FitError> {
        let groups = gathered.groups.len();
        let loaded = || Loaded { gathered, sheet, rows: Vec::new(), first: 0, place: 0 };
        let worker = || {
            let mut loaded = loaded();
            move |(place, group): (usize, &Group)| {
                let sums = loaded.group(place, self);
                let solved = self.solve_sums(&sums.folds);
                (solved.scaled_condition < CONDITION).then(|| self.held_model(groups, group, &sums, &solved, &loaded))
            }
        };
        let made = self.each(gathered.groups.iter().enumerate(), worker);
        let ill: Vec<bool> = made.iter().map(Option::is_none).collect();
        let triangles =
            if ill.contains(&true) { self.rotate(table, sheet, gathered, &ill)? } else { vec![Vec::new(); groups] };
        let mut loaded = loaded();
        let all = made.into_iter().zip(&gathered.groups).zip(&triangles).enumerate();
        let models = all.map(|(place, ((made, group), triangles)): (usize, (_, &Vec<Triangle>))| {
            made.unwrap_or_else(|| {
                let sums = loaded.group(place, self);
                self.held_model(groups, group, &sums, &self.solve_folds(triangles), &loaded)
            })
        });
        Ok(models.collect())
    }

    fn held_model(
        &self,
        groups: usize,
        group: &Group,
        sums: &Sums,
        solved: &Solved,
        loaded: &Loaded<'_>,
    ) -> FittedModel {
        let drawn = loaded.drawn(groups, &solved.known);
        let mut deviations = Deviations::new(self.free.len(), false, drawn);
        deviations.add_folds(loaded.rows(), &solved.known);
        self.streamed_model(group, &sums.ranges, solved, deviations)
    }
}
