//! Mixed rows of tables that are too large to be looked at whole: told from the rows that were drawn.

use super::{FittedRows, LEAST_ERROR, tell_mixed};
use crate::fit::beside::{has_beside, read_beside};
use crate::fit::fitted::FittedModel;
use crate::fit::fitting::Task;
use crate::fit::sheet::Sheet;
use crate::fit::table::Head;
use crate::fit::{FitError, Sample, Table};

impl Task<'_> {
    /// Looks for mixed rows among those that were drawn.
    pub(in crate::fit) fn look_at_drawn(
        &self,
        table: &dyn Table,
        sheet: &Sheet,
        head: &Head,
        models: &mut [FittedModel],
    ) -> Result<(), FitError> {
        if !has_beside(sheet, head) {
            return Ok(());
        }
        let off = |model: &FittedModel| model.quality.mean_error.is_some_and(|error| error >= LEAST_ERROR);
        let drawn = models.iter().filter(|model| off(model)).flat_map(|model| model.sample.iter());
        let mut lines: Vec<u64> = drawn.map(|row| row.line).collect();
        if lines.is_empty() {
            return Ok(());
        }
        lines.sort_unstable();
        let beside = read_beside(table, sheet, head, Some(&lines), self.options.threads)?;
        let groups = models.len();
        for model in models.iter_mut().filter(|model| off(model)) {
            let error = mean_error(&model.sample);
            let values: Vec<f64> =
                model.sample.iter().flat_map(|row| row.features.iter().copied().chain([row.target])).collect();
            let lines: Vec<u64> = model.sample.iter().map(|row| row.line).collect();
            let (free, weighting) = (&self.free, self.form.weighting);
            let rows = FittedRows { values: &values, lines: &lines, free, weighting, error, groups };
            let drawn = (lines.len() as u64) < model.rows;
            let drawn = drawn.then_some(lines.len() as u64);
            tell_mixed(model, &beside.mixed(&rows), error, drawn, &self.op_column);
        }
        Ok(())
    }
}

/// Returns the mean error of the rows, as a share of their targets.
fn mean_error(sample: &Sample) -> f64 {
    let with_target = sample.iter().filter(|row| row.target != 0.0);
    let errors: Vec<f64> = with_target.map(|row| ((row.target - row.prediction) / row.target).abs()).collect();
    errors.iter().sum::<f64>() / errors.len().max(1) as f64
}
