//! The run as a whole: what it was, its shmoo plots, stages, slowest tasks, and warnings.

use super::code::{cell, code, fenced};
use super::page::Page;
use crate::ledger::Verdict;
use crate::report::costs::cost_line;
use crate::report::diff::plot_diff;
use crate::report::figure::thousands;
use crate::report::headline::sign;
use crate::report::plot::{PlotOptions, plot};
use crate::report::selection::{commit_name, run_took, slowest, stopped_word};
use crate::value::show_duration;

impl Page<'_> {
    pub(super) fn facts(&mut self) {
        let run = &self.report.run;
        let mut facts = vec![format!("suite {}", code(run.suite.as_str())), format!("run {}", code(run.id.as_str()))];
        if let Some(commit) = &run.source.commit {
            let dirty = if run.source.dirty == Some(true) { " with changes" } else { "" };
            facts.push(format!("commit {}{dirty}", code(&commit_name(commit))));
        }
        facts.extend(run_took(self.report));
        facts.extend(run.stopped.iter().take(3).map(|reason| format!("{} {}", stopped_word(run), code(reason))));
        facts.extend(cost_line(self.report).map(|cost| code(&cost)));
        self.line(&format!("\n{}", facts.join(" · ")));
    }

    pub(super) fn plots(&mut self) {
        let plots = &self.report.plots;
        let diffs = &self.report.plot_diffs;
        for (number, grid) in self.first(plots, self.tier.plots, "shmoo plot").iter().enumerate() {
            let mut drawn = Vec::new();
            let options = PlotOptions { width: 120, ascii: false };
            plot(grid, options, &mut drawn).expect("writing to memory does not fail");
            let mut title = "shmoo plot".to_owned();
            if let Some(diff) = diffs.get(number) {
                drawn.push(b'\n');
                plot_diff(diff, options, &mut drawn).expect("writing to memory does not fail");
                title = match diff.moved() {
                    (0, 0) => "shmoo plot, and nothing moved".to_owned(),
                    (broke, mended) => {
                        format!("shmoo plot, and what moved: {} broke, {} mended", thousands(broke), thousands(mended))
                    }
                };
            }
            let drawn = String::from_utf8_lossy(&drawn);
            self.line(&format!(
                "\n<details><summary>{title}</summary>\n\n{}\n\n</details>",
                fenced(drawn.trim_end(), "text")
            ));
        }
    }

    pub(super) fn stages(&mut self) {
        let totals = &self.report.totals;
        let occurring: Vec<Verdict> = Verdict::ALL.into_iter().filter(|v| totals.tasks.contains_key(v)).collect();
        if occurring.is_empty() {
            return;
        }
        let mut head = vec!["stage".to_owned()];
        head.extend(occurring.iter().map(|verdict| format!("{} {verdict}", sign(*verdict))));
        let head: Vec<&str> = head.iter().map(String::as_str).collect();
        let shown = self.first(&totals.stages, self.tier.rows.max(5), "stage");
        let rows: Vec<Vec<String>> = shown
            .iter()
            .map(|(stage, counts)| {
                let number = |verdict| counts.get(verdict).map_or_else(String::new, |number| thousands(*number));
                std::iter::once(cell(stage)).chain(occurring.iter().map(number)).collect()
            })
            .collect();
        self.line("\n### Stages");
        self.table(&head, rows);
    }

    pub(super) fn slowest(&mut self) {
        let slowest = slowest(&self.report.tasks, 10);
        if !self.tier.folded {
            self.leave_out(slowest.len(), "slow task");
            return;
        }
        if slowest.is_empty() {
            return;
        }
        self.line("\n<details><summary>slowest tasks</summary>");
        let rows: Vec<Vec<String>> = slowest
            .into_iter()
            .map(|task| vec![show_duration(task.usage.wall), cell(&task.task.to_string()), task.verdict.to_string()])
            .collect();
        self.table(&["time", "task", "verdict"], rows);
        self.line("\n</details>");
    }

    pub(super) fn warnings(&mut self) {
        if self.report.warnings.is_empty() {
            return;
        }
        self.line("\n### Warnings\n");
        for warning in self.first(&self.report.warnings, self.tier.rows, "warning") {
            self.line(&format!("- {}", code(warning)));
        }
    }
}
