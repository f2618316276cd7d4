//! What broke: failures of one kind together, and known ones apart.

use super::code::{SPAN, code, code_of, fenced};
use super::page::Page;
use crate::report::Bucket;
use crate::report::command::run_command;
use crate::report::figure::count;
use crate::report::headline::{ended, sign};
use crate::report::inert::{block, line, short};
use crate::report::join::CaseFinder;

impl<'a> Page<'a> {
    pub(super) fn buckets(&mut self) {
        let (known, fresh): (Vec<&Bucket>, Vec<&Bucket>) = self.report.buckets.iter().partition(|b| b.known.is_some());
        let rows = self.tier.rows.min(50);
        if !fresh.is_empty() {
            self.line("\n### What broke");
        }
        let mut finder = CaseFinder::new(self.report);
        for bucket in self.first(&fresh, rows, "kind") {
            self.bucket(bucket, &mut finder);
        }
        if !known.is_empty() {
            self.line("\n### Known failures\n");
        }
        for bucket in self.first(&known, rows, "known failure") {
            let reason = bucket.known.as_deref().unwrap_or_default();
            let size = count(bucket.tasks.len() as u64, "task");
            let (sign, stage, message) = (sign(bucket.verdict), code(&bucket.stage), code(&bucket.example));
            self.line(&format!("- {sign} {stage} {message}, known: {} ({size})", code(reason)));
        }
    }

    fn bucket(&mut self, bucket: &Bucket, finder: &mut CaseFinder<'a>) {
        let report = self.report;
        let size = format!("{}, {}", count(bucket.tasks.len() as u64, "task"), count(bucket.cases, "case"));
        let (sign, stage) = (sign(bucket.verdict), code(&bucket.stage));
        self.line(&format!("\n**{sign} {stage} {}** ({size}): {}", ended(bucket.verdict), code(&bucket.example)));
        let Some(first) = report.tasks.iter().find(|task| bucket.tasks.first() == Some(&task.task)) else { return };
        let quotes: Vec<String> = first
            .quotes
            .iter()
            .take(self.tier.quotes)
            .map(|quote| {
                let number = quote.line.map(|line| format!(":{line}")).unwrap_or_default();
                let text: Vec<String> = block(&quote.text).lines().take(8).map(|line| short(line, SPAN)).collect();
                format!("{}{number}: {}", short(&quote.file, 80), text.join("\n    "))
            })
            .collect();
        if !quotes.is_empty() {
            self.line(&format!("\n{}", fenced(&quotes.join("\n"), "")));
        }
        if let Some(case) = finder.find(first) {
            let command = run_command(&report.run, case.name.as_str());
            self.line(&format!("\nreproduce: {}", code_of(&line(&command), 1000)));
        }
        let points = bucket.points();
        if points.len() > 1 && self.tier.folded {
            self.line(&format!("\n<details><summary>{}</summary>\n", count(points.len() as u64, "point")));
            for point in self.first(&points, self.tier.rows, "failed point") {
                self.line(&format!("- {}", code(point.as_str())));
            }
            self.line("\n</details>");
        } else {
            self.leave_out(points.len().saturating_sub(1), "failed point");
        }
    }

    pub(super) fn known_failures(&mut self) {
        let sentences = &self.report.known_failures;
        if sentences.is_empty() {
            return;
        }
        self.line("\n### Known failures that did not come out as known\n");
        for sentence in self.first(sentences, self.tier.rows, "changed known failure") {
            self.line(&format!("- {}", code(sentence)));
        }
    }
}
