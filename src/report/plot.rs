//! Shmoo plots as text: one sign a cell, y upwards, readable without colour.

use super::inert::short;
use super::{GridAxis, GridCell, ShmooGrid};
use crate::value::Scalar;
use std::io::{self, Write};

/// How a plot is drawn as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlotOptions {
    /// Columns that there are. A grid that is wider gets one column a cell, and fewer labels.
    pub width: usize,
    /// Whether signs stay within ASCII.
    pub ascii: bool,
}

/// What a cell shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellSign {
    /// No case lies here.
    Empty,
    /// All cases pass.
    Pass,
    /// All cases were measured, and none passes.
    Fail,
    /// Nothing was measured, or a part was not and nothing failed.
    Unknown,
    /// Some pass: how many tenths, 1 to 9.
    Part(u8),
}

impl GridCell {
    /// Returns the sign that stands for the cell.
    pub(crate) fn sign(self) -> CellSign {
        let GridCell { pass, fail, unknown } = self;
        match (pass, fail, unknown) {
            (0, 0, 0) => CellSign::Empty,
            (_, 0, 0) => CellSign::Pass,
            (0, 1.., _) => CellSign::Fail,
            // Passing so far is not passing.
            (_, 0, _) => CellSign::Unknown,
            _ => {
                let all = u64::from(pass) + u64::from(fail) + u64::from(unknown);
                CellSign::Part((u64::from(pass) * 10 / all).clamp(1, 9) as u8)
            }
        }
    }

    /// Tells in words what is in the cell.
    pub(crate) fn words(self) -> String {
        let GridCell { pass, fail, unknown } = self;
        let parts: Vec<String> = [(pass, "pass"), (fail, "fail"), (unknown, "not measured")]
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, word)| format!("{number} {word}"))
            .collect();
        if parts.is_empty() { "no case".to_owned() } else { parts.join(", ") }
    }
}

/// Draws a plot: title, grid with axes, legend of the signs that occur.
pub fn plot(grid: &ShmooGrid, options: PlotOptions, out: &mut dyn Write) -> io::Result<()> {
    let row = |row: &Vec<GridCell>| row.iter().map(|cell| character(cell.sign(), options.ascii)).collect();
    let signs: Vec<Vec<char>> = grid.cells.iter().map(row).collect();
    writeln!(out, "{}", title(grid))?;
    draw_signs(&grid.x, &grid.y, &signs, options.width, out)?;
    writeln!(out, "{}", legend(grid, options.ascii))
}

/// Draws signs by `[y][x]` between their axes.
pub(crate) fn draw_signs(
    x: &GridAxis,
    y: &GridAxis,
    signs: &[Vec<char>],
    width: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let x_labels = labels(x);
    let y_labels = labels(y);
    let margin = y_labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    let widest = x_labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    let roomy = margin + 3 + x_labels.len() * (widest + 1) <= width;
    let step = if roomy { widest + 1 } else { 1 };

    writeln!(out, "{}", axis(y))?;
    for (label, row) in y_labels.iter().zip(signs).rev() {
        let mut line = format!("{label:>margin$} |");
        for sign in row {
            line.push_str(&format!("{sign:>step$}"));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(out, "{:>margin$} +{}", "", "-".repeat(step * x_labels.len()))?;
    let indent = " ".repeat(margin + 2);
    if roomy {
        let line: String = x_labels.iter().map(|label| format!("{label:>step$}")).collect();
        writeln!(out, "{indent}{line}  {}", axis(x))
    } else if let [first, .., last] = x_labels.as_slice() {
        let gap = x_labels.len().saturating_sub(first.chars().count() + last.chars().count()).max(1);
        let dots = if gap == 1 { "…".to_owned() } else { " ".repeat(gap) };
        writeln!(out, "{indent}{first}{dots}{last}  {}", axis(x))
    } else {
        writeln!(out, "{indent}{}  {}", x_labels.concat(), axis(x))
    }
}

/// Returns what passes and which parameters are fixed: `freq > 1e6, corner = ss`.
pub(crate) fn title(grid: &ShmooGrid) -> String {
    title_of(&grid.pass, &grid.fixed)
}

/// Returns the title of a plot with such a condition and such fixed parameters.
pub(crate) fn title_of(pass: &str, fixed: &[(String, Scalar)]) -> String {
    let mut title = short(pass, 120);
    for (name, value) in fixed {
        title.push_str(&format!(", {} = {}", short(name, 40), short(&value.to_string(), 40)));
    }
    title
}

/// Returns the name of an axis with its unit: `vdd (V)`.
pub(crate) fn axis(axis: &GridAxis) -> String {
    match axis.unit.as_deref() {
        None | Some("") => short(&axis.param, 40),
        Some(unit) => format!("{} ({})", short(&axis.param, 40), short(unit, 20)),
    }
}

/// Returns the values of an axis as text.
pub(crate) fn labels(axis: &GridAxis) -> Vec<String> {
    axis.values.iter().map(|value| short(&value.to_string(), 16)).collect()
}

fn character(sign: CellSign, ascii: bool) -> char {
    match (sign, ascii) {
        (CellSign::Empty, _) => ' ',
        (CellSign::Pass, false) => '●',
        (CellSign::Pass, true) => '#',
        (CellSign::Fail, false) => '×',
        (CellSign::Fail, true) => 'x',
        (CellSign::Unknown, _) => '?',
        (CellSign::Part(tenths), _) => char::from(b'0' + tenths),
    }
}

fn legend(grid: &ShmooGrid, ascii: bool) -> String {
    let signs: Vec<CellSign> = grid.cells.iter().flatten().map(|cell| cell.sign()).collect();
    let mut parts = Vec::new();
    for (sign, word) in [
        (CellSign::Pass, "pass"),
        (CellSign::Fail, "fail"),
        (CellSign::Unknown, "not measured"),
        (CellSign::Empty, "no case"),
    ] {
        if signs.contains(&sign) {
            parts.push(match sign {
                CellSign::Empty => format!("blank {word}"),
                _ => format!("{} {word}", character(sign, ascii)),
            });
        }
    }
    if signs.iter().any(|sign| matches!(sign, CellSign::Part(_))) {
        parts.push("1-9 tenths that pass".to_owned());
    }
    parts.join("   ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn drawn(grid: &ShmooGrid, width: usize, ascii: bool) -> String {
        let mut out = Vec::new();
        plot(grid, PlotOptions { width, ascii }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn signs() {
        let check = |pass, fail, unknown, sign| assert_eq!(GridCell { pass, fail, unknown }.sign(), sign);
        check(0, 0, 0, CellSign::Empty);
        check(3, 0, 0, CellSign::Pass);
        check(0, 3, 0, CellSign::Fail);
        check(0, 0, 3, CellSign::Unknown);
        check(3, 0, 1, CellSign::Unknown);
        check(0, 3, 1, CellSign::Fail);
        check(1, 99, 0, CellSign::Part(1));
        check(99, 1, 0, CellSign::Part(9));
        check(5, 5, 0, CellSign::Part(5));
        check(u32::MAX, u32::MAX, u32::MAX, CellSign::Part(3));
    }

    #[test]
    fn drawing() {
        let grid = &sample::red().plots[1];
        insta::assert_snapshot!(drawn(grid, 80, false), @r"
        freq > 1e6, netlist = pex
        temp (degC)
        125 |   ?   8   ●
         27 |   ×   4   ●   ●
        -40 |   ×   ×   ●   ●
            +----------------
              0.6 0.9 1.8 3.3  vdd (V)
        ● pass   × fail   ? not measured   blank no case   1-9 tenths that pass
        ");
        insta::assert_snapshot!(drawn(grid, 16, true), @r"
        freq > 1e6, netlist = pex
        temp (degC)
        125 |?8#
         27 |x4##
        -40 |xx##
            +----
             0.6…3.3  vdd (V)
        # pass   x fail   ? not measured   blank no case   1-9 tenths that pass
        ");
    }

    #[test]
    fn degenerate_grids_are_drawn() {
        let mut grid = sample::red().plots.remove(0);
        grid.x.values.truncate(1);
        for row in &mut grid.cells {
            row.truncate(1);
        }
        assert!(drawn(&grid, 1, true).contains("0.6"));
        grid.x.values.clear();
        grid.y.values = vec![Scalar::infer("x\u{202e}\n")];
        grid.cells = vec![vec![]];
        assert!(!drawn(&grid, 80, false).contains('\u{202e}'));
    }
}
