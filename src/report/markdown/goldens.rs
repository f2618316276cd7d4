//! Goldens that are missed: by metric where they are many, and one by one.

use super::code::{cell, code, unbroken};
use super::page::Page;
use crate::report::by_metric::golden_sums;
use crate::report::figure::percent;
use crate::report::headline::golden_word;
use crate::report::selection::{golden_sides, goldens_met, no_golden_file};

impl Page<'_> {
    pub(super) fn goldens(&mut self) {
        let goldens = &self.report.goldens;
        if let Some(file) = &self.report.absent_goldens {
            let [_, hint] = no_golden_file(file, self.report.run.id.as_str());
            self.line(&format!("\n### Goldens: {} is not there\n\n{hint}", code(file)));
            return;
        }
        if goldens.is_empty() {
            return;
        }
        let red: Vec<_> = goldens.iter().filter(|finding| finding.verdict.is_red()).collect();
        self.line(&format!("\n### Goldens: {}", goldens_met(goldens)));
        if red.is_empty() {
            return;
        }
        let sums = golden_sums(&red, goldens);
        let rows: Vec<Vec<String>> = self
            .first(&sums, self.tier.rows, "metric with missed goldens")
            .iter()
            .map(|sum| {
                let (golden, value) = sum.sides();
                vec![
                    unbroken(&format!("✗ {}", golden_word(sum.verdict))),
                    cell(sum.metric),
                    unbroken(&sum.points),
                    unbroken(&sum.span),
                    cell(&sum.tolerance),
                    cell(sum.worst.point.as_str()),
                    unbroken(&cell(&golden)),
                    unbroken(&cell(&value)),
                ]
            })
            .collect();
        if !rows.is_empty() {
            self.table(&["", "metric", "points", "deviation", "tolerance", "farthest at", "golden", "value"], rows);
            if !self.unfolds(red.len(), "golden finding") {
                return;
            }
        }
        let rows: Vec<Vec<String>> = self
            .first(&red, self.tier.rows, "golden finding")
            .iter()
            .map(|finding| {
                let (golden, value) = golden_sides(finding);
                vec![
                    unbroken(&format!("✗ {}", golden_word(finding.verdict))),
                    cell(&finding.metric),
                    cell(finding.point.as_str()),
                    unbroken(&cell(&golden)),
                    unbroken(&cell(&value)),
                    finding.deviation.map(percent).unwrap_or_default(),
                    cell(&finding.tolerance),
                ]
            })
            .collect();
        self.table(&["", "metric", "point", "golden", "value", "deviation", "tolerance"], rows);
        if !sums.is_empty() {
            self.line("\n</details>");
        }
    }
}
