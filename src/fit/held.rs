//! Fits of many groups whose rows are all held in memory: what further passes over a table would make of them,
//! group by group, so that all that is known of a group stays in the cache.

use super::by_fold::ByFold;
use super::by_group::GroupRows;
use super::deviations::Deviations;
use super::fitted::FittedModel;
use super::fitting::{CONDITION, Solved, Task};
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
    rows: GroupRows,
    by_fold: ByFold,
}

impl Loaded<'_> {
    /// Returns the rows of a group and their sums.
    fn group(&mut self, place: usize, task: &Task<'_>) -> (&ByFold, Sums) {
        self.gathered.held.load(place, &mut self.rows);
        self.by_fold.load(&self.rows, self.sheet);
        let mut sums = Sums::default();
        sums.add_columns(&self.by_fold.columns(), self.by_fold.strips(), task.form.weighting);
        (&self.by_fold, sums)
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
        let loaded = || Loaded { gathered, sheet, rows: GroupRows::default(), by_fold: ByFold::default() };
        let worker = || {
            let mut loaded = loaded();
            move |(place, group): (usize, &Group)| {
                let (rows, sums) = loaded.group(place, self);
                let solved = self.solve_sums(&sums.folds);
                (solved.scaled_condition < CONDITION).then(|| self.held_model(groups, group, &sums, &solved, rows))
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
                let (rows, sums) = loaded.group(place, self);
                self.held_model(groups, group, &sums, &self.solve_folds(triangles), rows)
            })
        });
        Ok(models.collect())
    }

    fn held_model(&self, groups: usize, group: &Group, sums: &Sums, solved: &Solved, rows: &ByFold) -> FittedModel {
        let mut drawn = Drawn::new(rows.lines().len() as u64, groups);
        drawn.reserve(rows.lines().len(), self.free.len());
        let mut deviations = Deviations::new(self.free.len(), false, drawn);
        deviations.add_folds(rows, &solved.known);
        self.streamed_model(group, &sums.ranges, solved, deviations)
    }
}
