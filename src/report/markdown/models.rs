//! The models of a run: one table for each, one row for each group.

use super::code::{cell, code};
use super::page::Page;
use crate::report::ReportedModel;
use crate::report::figure::count;
use crate::report::models::{CoefficientLine, FitLine, any, fit_lines, lines_line, rows_line, target_line};
use crate::report::models_drawn::{ModelFit, drawn_fits};

impl Page<'_> {
    pub(super) fn models(&mut self) {
        let report = self.report;
        let fitted = || report.models.iter().filter(|reported| !reported.model.fits.is_empty());
        if fitted().count() == 0 {
            return;
        }
        self.line("\n### Models");
        for reported in fitted() {
            self.model(reported);
        }
        self.drawn_fits();
    }

    /// Shows measured against predicted values, if it is known where drawings are; else says who draws them.
    fn drawn_fits(&mut self) {
        let fits: Vec<ModelFit<'_>> = drawn_fits(self.report).collect();
        if fits.is_empty() {
            return;
        }
        if self.drawings.is_none() {
            let number = count(fits.len() as u64, "fit");
            self.line(&format!(
                "\nthe HTML report draws {number}: measured against predicted, errors along each feature"
            ));
            return;
        }
        let shown = self.first(&fits, self.tier.plots, "drawing of a fit");
        if shown.is_empty() {
            return;
        }
        let number = count(shown.len() as u64, "fit");
        self.line(&format!("\n<details><summary>measured against predicted: {number}</summary>\n"));
        for fit in shown {
            self.line(&format!("{}\n", code(&fit.name())));
            self.drawing_file("fit", fit.number, &fit.scatter_file());
        }
        self.line("</details>");
    }

    fn model(&mut self, reported: &ReportedModel) {
        let model = &reported.model;
        self.line(&format!(
            "\n**{}** predicts {} from {}",
            code(&model.model),
            code(&target_line(model)),
            code(&rows_line(model))
        ));
        let all = fit_lines(reported);
        let (held, moved) = (any(&all, |fit| !fit.held_back.is_empty()), any(&all, |fit| !fit.drift.is_empty()));
        let mut head = vec!["operation", "coefficients", "rows", "R²", "error", "rows left out"];
        head.extend(held.then_some("held back"));
        head.extend(moved.then_some("predictions moved"));
        let shown = self.first(&all, self.tier.rows, "fit");
        let rows: Vec<Vec<String>> = shown.iter().map(|fit| row(fit, held, moved)).collect();
        self.table(&head, rows);
        let warnings: Vec<(&str, &str)> =
            shown.iter().flat_map(|fit| fit.warnings.iter().map(|warning| (fit.name.as_str(), *warning))).collect();
        if !warnings.is_empty() && self.tier.folded {
            self.line(&format!("\n<details><summary>{}</summary>\n", count(warnings.len() as u64, "warning")));
            for (name, warning) in self.first(&warnings, self.tier.rows, "warning of a fit") {
                self.line(&format!("- {}: {}", code(name), code(warning)));
            }
            if let Some(line) = lines_line(model) {
                self.line(&format!("\n{}", code(&line.replace('`', ""))));
            }
            self.line("\n</details>");
        } else {
            self.leave_out(warnings.len(), "warning of a fit");
        }
    }
}

fn row(fit: &FitLine<'_>, held: bool, moved: bool) -> Vec<String> {
    let coefficient = |found: &CoefficientLine| {
        let CoefficientLine { name, value, interval, before } = found;
        let interval = if interval.is_empty() { String::new() } else { format!(" ({interval})") };
        let before = if before.is_empty() { String::new() } else { format!(", was {before}") };
        format!("{} {value}{interval}{before}", cell(name))
    };
    let coefficients: Vec<String> = fit.coefficients.iter().map(coefficient).collect();
    let mut row = vec![cell(&fit.name), coefficients.join("<br>"), fit.rows.clone()];
    row.extend([fit.r2.clone(), fit.error.clone(), fit.left_out.clone()]);
    row.extend(held.then(|| fit.held_back.clone()));
    row.extend(moved.then(|| fit.drift.clone()));
    row
}
