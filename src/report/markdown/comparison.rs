//! The comparison: red marks with what else changed, changes by metric and one by one, and why this base.

use super::SENTENCE;
use super::code::{cell, code, code_of, unbroken};
use super::page::Page;
use crate::compare::{Change, Comparison, Red, is_of_orphans};
use crate::report::by_metric::sums;
use crate::report::doubts::doubts;
use crate::report::figure::{count, thousands};
use crate::report::headline::{change_sign, sign};
use crate::report::inert::line;
use crate::report::others::other_line;
use crate::report::reds::{RedGroup, Told, groups, more_of};
use crate::report::selection::{change_by, counts_of, notable, sides};
use crate::report::sparkline::{LEGEND, Sparklines};

impl Page<'_> {
    pub(super) fn comparison(&mut self) {
        let Some(comparison) = &self.report.comparison else { return };
        match &comparison.base {
            None => self.line("\n### Comparison: nothing to compare with"),
            Some(base) => {
                let date = base.started.date();
                self.line(&format!("\n### Comparison with {} of {date}", code(base.run.as_str())));
            }
        }
        let counts: Vec<String> = counts_of(&comparison.changes)
            .into_iter()
            .map(|(verdict, number)| format!("{} {} {}", change_sign(verdict), thousands(number), verdict.word()))
            .collect();
        if !counts.is_empty() {
            self.line(&format!("\n{}", counts.join(" · ")));
        }
        if !comparison.explanations.is_empty() {
            self.line("");
        }
        for sentence in self.first(&comparison.explanations, self.tier.rows, "explanation") {
            self.line(&format!("- {}", code(sentence)));
        }
        let doubts = doubts(&comparison.changes);
        if comparison.explanations.is_empty() && !doubts.is_empty() {
            self.line("");
        }
        for doubt in self.first(&doubts, self.tier.rows, "reason") {
            self.line(&format!("- ? {}", code_of(doubt, SENTENCE)));
        }
        self.reds(comparison, None);
        let notable = notable(&comparison.changes);
        let summed = self.sums(&notable, comparison);
        if !notable.is_empty() && (!summed || self.unfolds(notable.len(), "change")) {
            let shown = self.first(&notable, self.tier.rows, "change");
            let rows: Vec<Vec<String>> = shown
                .iter()
                .map(|change| {
                    let (base, head) = sides(change);
                    vec![
                        unbroken(&format!("{} {}", change_sign(change.verdict), change.verdict.word())),
                        cell(&change.metric),
                        cell(change.point.as_str()),
                        unbroken(&cell(&base)),
                        unbroken(&cell(&head)),
                        unbroken(&change_by(change)),
                        cell(&change.rule),
                    ]
                })
                .collect();
            let trends = Sparklines::of(comparison, shown);
            self.table_with_trends(&["", "metric", "point", "base", "head", "change", "why"], rows, shown, &trends);
            if summed {
                self.line("\n</details>");
            }
        }
        if !comparison.verdict_changes.is_empty() {
            self.line("");
        }
        for (case, before, now) in self.first(&comparison.verdict_changes, self.tier.rows, "changed verdict") {
            self.line(&format!("- {}: {before} → {} {now}", code(case.as_str()), sign(*now)));
        }
        let (added, removed) = (comparison.added_cases.len() as u64, comparison.removed_cases.len() as u64);
        if added + removed > 0 {
            let common = count(comparison.common_cases, "case");
            self.line(&format!("\n{common} in both, {} new, {} gone", thousands(added), thousands(removed)));
        }
        for other in &self.report.other_comparisons {
            self.line(&format!("\nBeside that, by {}", code(&other_line(other))));
        }
        if self.tier.folded && comparison.why.len() + comparison.notes.len() > 0 {
            self.line("\n<details><summary>why this base, and what else changed</summary>\n");
            for why in self.first(&comparison.why, self.tier.rows, "reason") {
                self.line(&format!("- {}", code(why)));
            }
            for note in self.first(&comparison.notes, self.tier.rows, "note") {
                let also = if is_of_orphans(note) { "" } else { "also changed: " };
                self.line(&format!("- {also}{}", code(note)));
            }
            self.line("\n</details>");
        } else {
            self.leave_out(comparison.why.len(), "reason");
            self.leave_out(comparison.notes.len(), "note");
        }
    }

    /// Writes notable changes by metric, if they are too many to be read one by one. Tells whether it did.
    pub(super) fn sums(&mut self, notable: &[&Change], comparison: &Comparison) -> bool {
        let sums = sums(notable, &comparison.changes);
        let rows: Vec<Vec<String>> = self
            .first(&sums, self.tier.rows, "changed metric")
            .iter()
            .map(|sum| {
                let (base, head) = sum.sides();
                vec![
                    cell(sum.metric),
                    unbroken(&sum.points),
                    unbroken(&cell(&sum.span)),
                    cell(sum.worst.point.as_str()),
                    unbroken(&cell(&base)),
                    unbroken(&cell(&head)),
                    unbroken(&format!("{} {}", change_sign(sum.verdict), sum.verdict.word())),
                ]
            })
            .collect();
        if !rows.is_empty() {
            self.table(&["metric", "points", "change", "largest at", "base", "head", "verdict"], rows);
        }
        !sums.is_empty()
    }

    /// Writes a table of changes, with how each went if any is followed.
    pub(super) fn table_with_trends(
        &mut self,
        head: &[&str],
        mut rows: Vec<Vec<String>>,
        changes: &[&Change],
        trends: &Sparklines<'_>,
    ) {
        if trends.is_empty() {
            return self.table(head, rows);
        }
        for (row, change) in rows.iter_mut().zip(changes) {
            row.push(trends.row(change));
        }
        self.table(&[head, &["trend"]].concat(), rows);
        self.line(&format!("\n<sub>{LEGEND}</sub>"));
    }

    /// Red marks in sentences; what changed beside several is said once, and not again if it was told before.
    pub(super) fn reds(&mut self, comparison: &Comparison, before: Option<&str>) {
        let mut room = self.tier.rows;
        for (place, RedGroup { also, number, told }) in groups(comparison).into_iter().enumerate() {
            if place == 0 {
                self.line("");
            }
            let was_told = before == Some(also);
            let begun = room;
            for told in told {
                match told {
                    Told::Mark(red) if room > 0 => {
                        room -= 1;
                        self.red(red, number == 1 && !was_told);
                    }
                    Told::More(metric, more) if room > 0 => self.line(&format!("- {}", code(&more_of(metric, more)))),
                    Told::Mark(_) => self.leave_out(1, "red mark"),
                    Told::More(_, more) => self.leave_out(more, "red mark"),
                }
            }
            if number > 1 && begun > 0 && !was_told {
                self.line(&format!("- beside these {}: {}", thousands(number as u64), code_of(&line(also), SENTENCE)));
            }
        }
    }

    fn red(&mut self, red: &Red, alone: bool) {
        let text = if alone { red.sentence() } else { red.what.clone() };
        self.line(&format!("- ✗ {}", code_of(&line(&text), SENTENCE)));
        if let Some(earlier) = &red.earlier {
            self.line(&format!("  - {}", code_of(&line(earlier), SENTENCE)));
        }
    }
}
