//! Fits of many groups whose rows are all held in memory: what further passes over a table would make of them,
//! group by group, so that all that is known of a group stays in the cache.

use super::by_group::Order;
use super::deviations::Deviations;
use super::fitted::FittedModel;
use super::fitting::{CONDITION, Solved, Task};
use super::gather::Gathered;
use super::group::{Group, KeptRows, Sums};
use super::sample::Drawn;
use super::sheet::Sheet;
use super::solve::Triangle;
use super::{FitError, Table};

impl Task<'_> {
    /// Fits groups whose rows are held in memory.
    pub(super) fn fit_held(
        &self,
        table: &dyn Table,
        sheet: &Sheet,
        gathered: &Gathered,
    ) -> Result<Vec<FittedModel>, FitError> {
        let order = gathered.held.order(gathered.groups.len());
        let worker = || {
            let mut rows = KeptRows::default();
            let order = &order;
            move |(place, group): (usize, &Group)| {
                gathered.held.load(order, place, &mut rows);
                let mut sums = Sums::default();
                sums.add_rows(&rows, sheet, self.form.weighting);
                let triangles: Vec<Triangle> = sums.folds.iter().map(Triangle::of_moments).collect();
                let solved = self.solve_folds(&triangles);
                if solved.scaled_condition >= CONDITION {
                    return Err(sums);
                }
                Ok(self.held_model(sheet, gathered.groups.len(), group, &sums, &solved, &rows))
            }
        };
        let made = self.each(gathered.groups.iter().enumerate(), worker);
        self.rotate_others(table, sheet, gathered, &order, made)
    }

    /// Fits those groups that sums of products are not enough for.
    fn rotate_others(
        &self,
        table: &dyn Table,
        sheet: &Sheet,
        gathered: &Gathered,
        order: &Order,
        made: Vec<Result<FittedModel, Sums>>,
    ) -> Result<Vec<FittedModel>, FitError> {
        let ill: Vec<bool> = made.iter().map(Result::is_err).collect();
        let mut triangles = vec![Vec::new(); made.len()];
        if ill.contains(&true) {
            self.rotate(table, sheet, gathered, &ill, &mut triangles)?;
        }
        let mut rows = KeptRows::default();
        let models = made.into_iter().zip(&gathered.groups).zip(&triangles).enumerate();
        let models = models.map(|(place, ((made, group), triangles))| {
            made.unwrap_or_else(|sums| {
                gathered.held.load(order, place, &mut rows);
                let solved = self.solve_folds(triangles);
                self.held_model(sheet, gathered.groups.len(), group, &sums, &solved, &rows)
            })
        });
        Ok(models.collect())
    }

    fn held_model(
        &self,
        sheet: &Sheet,
        groups: usize,
        group: &Group,
        sums: &Sums,
        solved: &Solved,
        rows: &KeptRows,
    ) -> FittedModel {
        let drawn = Drawn::new(rows.len() as u64, groups);
        let mut deviations = Deviations::new(self.free.len(), false, drawn);
        deviations.add_rows(rows, sheet, &solved.known);
        self.streamed_model(group, &sums.ranges, solved, deviations)
    }
}
