//! A text that grows line by line, and what there is no room for in it.

use super::WebAddress;
use crate::report::Report;

/// How long the lists of a tier are.
#[derive(Clone, Copy)]
pub(super) struct Tier {
    pub(super) rows: usize,
    pub(super) quotes: usize,
    pub(super) plots: usize,
    pub(super) folded: bool,
}

/// What there is no room for, by noun.
pub(super) type LeftOut = Vec<(&'static str, u64)>;

pub(super) struct Page<'a> {
    pub(super) report: &'a Report,
    pub(super) tier: Tier,
    pub(super) text: String,
    pub(super) left_out: LeftOut,
    /// The folder that has the drawings.
    pub(super) drawings: Option<&'a WebAddress>,
}

impl<'a> Page<'a> {
    pub(super) fn new(report: &'a Report, tier: Tier) -> Page<'a> {
        Page { report, tier, text: String::new(), left_out: Vec::new(), drawings: None }
    }

    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Returns the first rows of a list and notes how many there is no room for.
    pub(super) fn first<'b, T>(&mut self, items: &'b [T], limit: usize, noun: &'static str) -> &'b [T] {
        let shown = items.len().min(limit);
        self.leave_out(items.len() - shown, noun);
        &items[..shown]
    }

    pub(super) fn leave_out(&mut self, number: usize, noun: &'static str) {
        if number == 0 {
            return;
        }
        match self.left_out.iter_mut().find(|(other, _)| *other == noun) {
            Some((_, sum)) => *sum += number as u64,
            None => self.left_out.push((noun, number as u64)),
        }
    }

    pub(super) fn table(&mut self, head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
        self.line(&format!("\n| {} |", head.join(" | ")));
        self.line(&format!("|{}", " --- |".repeat(head.len())));
        for row in rows {
            self.line(&format!("| {} |", row.join(" | ")));
        }
    }

    /// Opens a fold for the single rows behind sums, if there is room for any.
    pub(super) fn unfolds(&mut self, rows: usize, noun: &'static str) -> bool {
        if !self.tier.folded {
            self.leave_out(rows, noun);
            return false;
        }
        self.line("\n<details><summary>one by one</summary>");
        true
    }
}
