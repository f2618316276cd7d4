//! The report as GitHub markdown: verdict first, details folded, within a budget of bytes.
//!
//! Whatever a run wrote stands in code spans or fenced code, where mentions, links, HTML and emphasis
//! mean nothing. If the report is larger than the budget, lists get shorter tier by tier, and a line
//! says what was left out.

mod broken;
pub(super) mod code;
mod comment;
mod comparison;
mod goldens;
mod issue;
mod marker;
mod models;
mod no_run;
mod page;
mod run;
mod several;
#[cfg(test)]
pub(super) mod tests;

use super::Report;
use super::figure::count;
use super::headline::headline;
use page::{Page, Tier};
use std::io::{self, Write};

pub use comment::comment;
pub use issue::{RedSince, issue, issue_title, nothing_to_track};
pub use marker::{Carrier, CommentKey, CommentOptions, Marker, WebAddress};
pub use no_run::{NoRun, no_run_issue, no_run_title};
pub use several::comment_on_several;

/// How much there is room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkdownOptions {
    /// Bytes that the text may have. A job summary takes 1 MiB, a comment 65,536 characters.
    pub budget: usize,
}

/// From all one could want down to next to nothing.
const TIERS: [Tier; 5] = [
    Tier { rows: 200, quotes: 8, plots: 24, folded: true },
    Tier { rows: 50, quotes: 5, plots: 8, folded: true },
    Tier { rows: 15, quotes: 3, plots: 2, folded: true },
    Tier { rows: 5, quotes: 2, plots: 0, folded: false },
    Tier { rows: 1, quotes: 1, plots: 0, folded: false },
];

/// Characters of a sentence about a red mark.
const SENTENCE: usize = 600;

/// Writes the report as markdown, in the largest tier that fits the budget.
pub fn markdown(report: &Report, options: MarkdownOptions, out: &mut dyn Write) -> io::Result<()> {
    for tier in TIERS {
        let text = Page::new(report, tier).write();
        if text.len() <= options.budget {
            return out.write_all(text.as_bytes());
        }
    }
    // Nothing but the sentence, and of it what there is room for.
    let note = "\n\nleft out: all the rest, which does not fit here\n";
    let mut text = head_line(report);
    let mut end = text.len().min(options.budget.saturating_sub(note.len()));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    if text.len() + note.len() <= options.budget {
        text.push_str(note);
    }
    out.write_all(text.as_bytes())
}

impl Page<'_> {
    fn write(mut self) -> String {
        self.text = head_line(self.report);
        self.facts();
        self.buckets();
        self.known_failures();
        self.goldens();
        self.comparison();
        self.models();
        self.plots();
        self.stages();
        self.slowest();
        self.warnings();
        if !self.left_out.is_empty() {
            let parts: Vec<String> = self.left_out.iter().map(|(noun, number)| count(*number, noun)).collect();
            self.text.push_str(&format!(
                "
left out for want of room: {}
",
                parts.join(", ")
            ));
        }
        self.text
    }
}

/// Returns the heading with the sentence that matters.
fn head_line(report: &Report) -> String {
    let headline = headline(report);
    let mut lines = format!("## {} {}: {}\n", headline.tone.sign(), headline.word, inert_sentence(&headline.sentence));
    for particular in &headline.particulars {
        lines.push_str(&format!("\n- {}", inert_sentence(particular)));
    }
    if !headline.particulars.is_empty() {
        lines.push('\n');
    }
    lines
}

/// Returns a sentence of a headline for markdown: it holds only harmless characters, of which `_` may mean
/// emphasis and `www.` a link.
fn inert_sentence(text: &str) -> String {
    text.replace('_', "\\_").replace("www.", "www\\.")
}
