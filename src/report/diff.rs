//! Shmoo diffs as text: what passed before and fails now, and the reverse, one sign a cell.

use super::figure::count;
use super::inert::short;
use super::plot::{PlotOptions, draw_signs, title_of};
use super::{DiffCell, ShmooDiff};
use std::io::{self, Write};

/// What a cell of a diff shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DiffSign {
    /// No case lies here.
    Empty,
    /// Some case passed before and does not now, none the reverse.
    Broke,
    /// Some case passes now and did not before, none the reverse.
    Mended,
    /// Some broke, and some were mended.
    Both,
    /// As before: all pass.
    Pass,
    /// As before: none passes.
    Fail,
    /// As before: some pass.
    Part,
    /// Something was not measured before or now, and nothing changed as far as is known.
    Unknown,
}

impl DiffSign {
    /// Signs that stand in a legend, with their words.
    pub(crate) const WORDS: [(DiffSign, &'static str); 8] = [
        (DiffSign::Broke, "broke (passed before)"),
        (DiffSign::Mended, "mended (failed before)"),
        (DiffSign::Both, "both"),
        (DiffSign::Pass, "still passes"),
        (DiffSign::Fail, "still fails"),
        (DiffSign::Part, "in part, as before"),
        (DiffSign::Unknown, "not known"),
        (DiffSign::Empty, "no case"),
    ];

    fn character(self, ascii: bool) -> char {
        match (self, ascii) {
            (DiffSign::Empty, _) => ' ',
            (DiffSign::Broke, false) => '▼',
            (DiffSign::Broke, true) => '!',
            (DiffSign::Mended, false) => '▲',
            (DiffSign::Mended, true) => '+',
            (DiffSign::Both, false) => '◆',
            (DiffSign::Both, true) => '%',
            (DiffSign::Pass, false) => '·',
            (DiffSign::Pass, true) => '.',
            (DiffSign::Fail, false) => '×',
            (DiffSign::Fail, true) => 'x',
            (DiffSign::Part, _) => '~',
            (DiffSign::Unknown, _) => '?',
        }
    }
}

impl DiffCell {
    /// Returns the sign that stands for the cell.
    pub(crate) fn sign(self) -> DiffSign {
        match self {
            DiffCell { broke: 1.., mended: 1.., .. } => DiffSign::Both,
            DiffCell { broke: 1.., .. } => DiffSign::Broke,
            DiffCell { mended: 1.., .. } => DiffSign::Mended,
            DiffCell { unknown: 1.., .. } => DiffSign::Unknown,
            DiffCell { pass: 0, fail: 0, .. } => DiffSign::Empty,
            DiffCell { fail: 0, .. } => DiffSign::Pass,
            DiffCell { pass: 0, .. } => DiffSign::Fail,
            DiffCell { .. } => DiffSign::Part,
        }
    }

    /// Tells in words what is in the cell.
    pub(crate) fn words(self) -> String {
        let DiffCell { broke, mended, pass, fail, unknown } = self;
        let parts = [
            (broke, "broke"),
            (mended, "mended"),
            (pass, "still pass"),
            (fail, "still fail"),
            (unknown, "not measured before or now"),
        ];
        let parts = parts.into_iter().filter(|(number, _)| *number > 0);
        let parts: Vec<String> = parts.map(|(number, word)| format!("{number} {word}")).collect();
        if parts.is_empty() { "no case".to_owned() } else { parts.join(", ") }
    }
}

impl ShmooDiff {
    /// Counts the cases that broke and those that were mended.
    pub(crate) fn moved(&self) -> (u64, u64) {
        let cells = self.cells.iter().flatten();
        cells.fold((0, 0), |(broke, mended), cell| (broke + u64::from(cell.broke), mended + u64::from(cell.mended)))
    }

    /// Tells in a sentence what changed: `against RUN: 3 cases broke, 1 was mended`.
    pub(crate) fn sentence(&self) -> String {
        let base = short(self.base.as_str(), 120);
        let mended =
            |number: u64| format!("{} mended", if number == 1 { "1 was".into() } else { format!("{number} were") });
        match self.moved() {
            (0, 0) => format!("against {base}: nothing broke, nothing was mended"),
            (broke, 0) => format!("against {base}: {} broke", count(broke, "case")),
            (0, number) => format!("against {base}: no case broke, {}", mended(number)),
            (broke, number) => format!("against {base}: {} broke, {}", count(broke, "case"), mended(number)),
        }
    }

    /// Returns what passes and which parameters are fixed.
    pub(crate) fn title(&self) -> String {
        title_of(&self.pass, &self.fixed)
    }

    /// Returns the signs that occur, with their words.
    pub(crate) fn occurring(&self) -> Vec<(DiffSign, &'static str)> {
        let signs: Vec<DiffSign> = self.cells.iter().flatten().map(|cell| cell.sign()).collect();
        DiffSign::WORDS.into_iter().filter(|(sign, _)| signs.contains(sign)).collect()
    }
}

/// Draws a diff: what changed, grid with axes, legend of the signs that occur. One in which nothing moved
/// is a line.
pub fn plot_diff(diff: &ShmooDiff, options: PlotOptions, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}, {}", diff.title(), diff.sentence())?;
    if diff.moved() == (0, 0) {
        return Ok(());
    }
    let row = |row: &Vec<DiffCell>| row.iter().map(|cell| cell.sign().character(options.ascii)).collect();
    let signs: Vec<Vec<char>> = diff.cells.iter().map(row).collect();
    draw_signs(&diff.x, &diff.y, &signs, options.width, out)?;
    let parts: Vec<String> = diff
        .occurring()
        .into_iter()
        .map(|(sign, words)| match sign {
            DiffSign::Empty => format!("blank {words}"),
            _ => format!("{} {words}", sign.character(options.ascii)),
        })
        .collect();
    writeln!(out, "{}", parts.join("   "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn drawn(diff: &ShmooDiff, width: usize, ascii: bool) -> String {
        let mut out = Vec::new();
        plot_diff(diff, PlotOptions { width, ascii }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn signs() {
        let check = |broke, mended, pass, fail, unknown, sign| {
            assert_eq!(DiffCell { broke, mended, pass, fail, unknown }.sign(), sign);
        };
        check(0, 0, 0, 0, 0, DiffSign::Empty);
        check(1, 0, 4, 0, 0, DiffSign::Broke);
        check(1, 0, 0, 0, 4, DiffSign::Broke);
        check(0, 1, 0, 4, 0, DiffSign::Mended);
        check(1, 1, 0, 0, 0, DiffSign::Both);
        check(0, 0, 5, 0, 0, DiffSign::Pass);
        check(0, 0, 0, 5, 0, DiffSign::Fail);
        check(0, 0, 2, 3, 0, DiffSign::Part);
        check(0, 0, 4, 0, 1, DiffSign::Unknown);
        check(0, 0, 0, 0, 1, DiffSign::Unknown);
    }

    #[test]
    fn drawing() {
        let diff = &sample::red().plot_diffs[1];
        insta::assert_snapshot!(drawn(diff, 80, false));
        insta::assert_snapshot!(drawn(diff, 16, true));
    }

    #[test]
    fn signs_differ() {
        for ascii in [false, true] {
            let mut signs: Vec<char> = DiffSign::WORDS.iter().map(|(sign, _)| sign.character(ascii)).collect();
            signs.sort_unstable();
            signs.dedup();
            assert_eq!(signs.len(), 8);
            assert!(!ascii || signs.iter().all(char::is_ascii));
        }
    }

    #[test]
    fn where_nothing_moved_there_is_a_line() {
        let mut diff = sample::red().plot_diffs.remove(0);
        for cell in diff.cells.iter_mut().flatten() {
            (cell.broke, cell.mended) = (0, 0);
        }
        assert_eq!(
            drawn(&diff, 80, false),
            "freq > 1e6, netlist = sch, against 20260130-140000-temp-sense-77aa: nothing broke, nothing was mended\n"
        );
    }
}
