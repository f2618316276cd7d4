//! Shmoo plots and their diffs as SVG.

use super::{Frame, Setting, caption_width, escape};
use crate::report::diff::DiffSign;
use crate::report::plot::{CellSign, axis, labels, title};
use crate::report::{DiffCell, GridAxis, GridCell, ShmooDiff, ShmooGrid};
use std::io::{self, Write};

/// Draws a plot as a file of its own.
pub fn svg(grid: &ShmooGrid, out: &mut dyn Write) -> io::Result<()> {
    draw_plot(grid, Setting::File, out)
}

/// Draws a plot for a page that brings the style; `number` keeps ids apart.
pub(crate) fn inline_svg(grid: &ShmooGrid, number: usize, out: &mut dyn Write) -> io::Result<()> {
    draw_plot(grid, Setting::Page(number), out)
}

/// Draws a diff for a page that brings the style; `number` keeps ids apart.
pub(crate) fn inline_diff(diff: &ShmooDiff, number: usize, out: &mut dyn Write) -> io::Result<()> {
    draw_diff(diff, Setting::Page(number), out)
}

/// Height of a cell; its width grows with the labels below it.
const CELL: usize = 28;
/// Width of a digit of the labels, generously.
const DIGIT: usize = 8;

/// What a cell shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Plot(CellSign),
    Diff(DiffSign),
}

/// A plot or a diff.
struct Grid<'a> {
    kind: &'a str,
    noun: &'a str,
    caption: String,
    description: String,
    x: &'a GridAxis,
    y: &'a GridAxis,
    /// Sign and words by `[y][x]`.
    cells: Vec<Vec<(Sign, String)>>,
    /// Signs, their words, and where each begins.
    legend: &'a [(Sign, &'a str, usize)],
}

const PLOT_LEGEND: [(Sign, &str, usize); 4] = [
    (Sign::Plot(CellSign::Pass), "pass", 0),
    (Sign::Plot(CellSign::Fail), "fail", 62),
    (Sign::Plot(CellSign::Part(5)), "tenths pass", 118),
    (Sign::Plot(CellSign::Unknown), "not measured", 222),
];

const DIFF_LEGEND: [(Sign, &str, usize); 7] = [
    (Sign::Diff(DiffSign::Broke), "broke", 0),
    (Sign::Diff(DiffSign::Mended), "mended", 70),
    (Sign::Diff(DiffSign::Both), "some of both", 152),
    (Sign::Diff(DiffSign::Pass), "still pass", 266),
    (Sign::Diff(DiffSign::Fail), "still fail", 354),
    (Sign::Diff(DiffSign::Part), "in part, as before", 438),
    (Sign::Diff(DiffSign::Unknown), "not measured", 576),
];

fn draw_plot(grid: &ShmooGrid, setting: Setting, out: &mut dyn Write) -> io::Result<()> {
    let cell = |cell: &GridCell| (Sign::Plot(cell.sign()), cell.words());
    let drawing = Grid {
        kind: "shmoo",
        noun: "shmoo plot",
        caption: title(grid),
        description: description(grid),
        x: &grid.x,
        y: &grid.y,
        cells: grid.cells.iter().map(|row| row.iter().map(cell).collect()).collect(),
        legend: &PLOT_LEGEND,
    };
    draw(&drawing, setting, 330, out)
}

pub(super) fn draw_diff(diff: &ShmooDiff, setting: Setting, out: &mut dyn Write) -> io::Result<()> {
    let cell = |cell: &DiffCell| (Sign::Diff(cell.sign()), cell.words());
    let sentence = diff.sentence();
    let drawing = Grid {
        kind: "shmoo-diff",
        noun: "shmoo diff",
        caption: if setting == Setting::File { format!("{}, {sentence}", diff.title()) } else { diff.title() },
        description: diff_description(diff),
        x: &diff.x,
        y: &diff.y,
        cells: diff.cells.iter().map(|row| row.iter().map(cell).collect()).collect(),
        legend: &DIFF_LEGEND,
    };
    draw(&drawing, setting, 684, out)
}

fn draw(grid: &Grid<'_>, setting: Setting, least: usize, out: &mut dyn Write) -> io::Result<()> {
    let x_labels = labels(grid.x);
    let y_labels = labels(grid.y);
    let longest = |labels: &[String]| labels.iter().map(|label| label.chars().count()).max().unwrap_or(1);
    let cell = CELL.max(longest(&x_labels) * DIGIT + 6);
    let left = 34 + longest(&y_labels) * DIGIT;
    let top = setting.caption();
    let alone = setting == Setting::File;
    let (columns, rows) = (x_labels.len().max(1), y_labels.len().max(1));
    let own = left + columns * cell + 12;
    let width = own.max(caption_width(&grid.caption, setting)).max(if alone { least } else { 0 });
    let height = top + rows * CELL + 46 + if alone { 26 } else { 0 };
    let Grid { kind, noun, caption, description, .. } = grid;
    Frame { kind, noun, caption, description, width, height, parts: false }.open(setting, out)?;
    for (row, (label, cells)) in y_labels.iter().zip(&grid.cells).enumerate() {
        let y = top + (rows - 1 - row) * CELL;
        writeln!(out, r#"<text class="tick end" x="{}" y="{}">{}</text>"#, left - 6, y + CELL / 2 + 4, escape(label))?;
        for (column, (sign, words)) in cells.iter().enumerate() {
            let place = Place { x: left + column * cell, y, width: cell - 2, height: CELL - 2 };
            let x_label = x_labels.get(column).map_or("", String::as_str);
            let words = format!("{} {x_label}, {} {label}: {words}", axis(grid.x), axis(grid.y));
            draw_cell(*sign, place, &words, out)?;
        }
    }
    let bottom = top + rows * CELL;
    for (column, label) in x_labels.iter().enumerate() {
        let x = left + column * cell + cell / 2 - 1;
        writeln!(out, r#"<text class="tick middle" x="{x}" y="{}">{}</text>"#, bottom + 15, escape(label))?;
    }
    let (middle_x, middle_y) = (left + columns * cell / 2, top + rows * CELL / 2);
    writeln!(out, r#"<text class="axis middle" x="{middle_x}" y="{}">{}</text>"#, bottom + 35, escape(&axis(grid.x)))?;
    writeln!(
        out,
        r#"<text class="axis middle" x="14" y="{middle_y}" transform="rotate(-90 14 {middle_y})">{}</text>"#,
        escape(&axis(grid.y))
    )?;
    if alone {
        draw_legend(grid.legend, 8, height - 24, out)?;
    }
    writeln!(out, "</svg>")
}

/// Draws the legend of all plots of a page.
pub(crate) fn inline_legend(out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        r#"<svg class="drawing shmoo legend" width="330" height="20" viewBox="0 0 330 20" role="img" aria-label="legend: pass, fail, part passes with tenths, not measured">"#
    )?;
    draw_legend(&PLOT_LEGEND, 0, 1, out)?;
    writeln!(out, "</svg>")
}

/// Draws the legend of all diffs of a page.
pub(crate) fn diff_legend(out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        r#"<div class="scroll bare" tabindex="0" role="region" aria-label="legend of the shmoo diffs"><svg class="drawing shmoo-diff legend" width="684" height="20" viewBox="0 0 684 20" role="img" aria-label="legend: broke, mended, some of both, still pass, still fail, part as before, not measured before or now">"#
    )?;
    draw_legend(&DIFF_LEGEND, 0, 1, out)?;
    writeln!(out, "</svg></div>")
}

fn draw_legend(legend: &[(Sign, &str, usize)], left: usize, top: usize, out: &mut dyn Write) -> io::Result<()> {
    for (sign, word, offset) in legend {
        draw_cell(*sign, Place { x: left + offset, y: top, width: 18, height: 18 }, word, out)?;
        writeln!(out, r#"<text class="tick" x="{}" y="{}">{word}</text>"#, left + offset + 23, top + 13)?;
    }
    Ok(())
}

struct Place {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

fn draw_cell(sign: Sign, place: Place, words: &str, out: &mut dyn Write) -> io::Result<()> {
    let Place { x, y, width, height } = place;
    let (cx, cy) = (x + width / 2, y + height / 2);
    let (l, r, t, b) = (cx - 4, cx + 4, cy - 4, cy + 4);
    let text = |text: &str| format!(r#"<text class="digit middle" x="{cx}" y="{b}">{text}</text>"#);
    let cross = || format!(r#"<path class="mark" d="M{l} {t}L{r} {b}M{r} {t}L{l} {b}"/>"#);
    let solid = |path: String| format!(r#"<path class="solid" d="{path}Z"/>"#);
    let (class, inside) = match sign {
        Sign::Plot(CellSign::Empty) | Sign::Diff(DiffSign::Empty) => return Ok(()),
        Sign::Plot(CellSign::Pass) => ("pass", format!(r#"<circle class="dot" cx="{cx}" cy="{cy}" r="4"/>"#)),
        Sign::Plot(CellSign::Fail) => ("fail", cross()),
        Sign::Plot(CellSign::Unknown) | Sign::Diff(DiffSign::Unknown) => ("unknown", text("?")),
        Sign::Plot(CellSign::Part(tenths)) => ("part", text(&tenths.to_string())),
        Sign::Diff(DiffSign::Broke) => ("broke", solid(format!("M{} {t}H{}L{cx} {}", l - 2, r + 2, b + 2))),
        Sign::Diff(DiffSign::Mended) => ("mended", solid(format!("M{} {b}H{}L{cx} {}", l - 2, r + 2, t - 2))),
        Sign::Diff(DiffSign::Both) => {
            ("both", solid(format!("M{cx} {}L{} {cy}L{cx} {}L{} {cy}", t - 2, r + 2, b + 2, l - 2)))
        }
        Sign::Diff(DiffSign::Pass) => ("kept", format!(r#"<circle class="dot" cx="{cx}" cy="{cy}" r="2"/>"#)),
        Sign::Diff(DiffSign::Fail) => ("kept", cross()),
        Sign::Diff(DiffSign::Part) => ("kept", text("~")),
    };
    write!(out, r#"<g class="{class}"><title>{}</title>"#, escape(words))?;
    write!(out, r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="3"/>"#)?;
    writeln!(out, "{inside}</g>")
}

/// Tells the plot row by row, from the top, for those who do not see it.
fn description(grid: &ShmooGrid) -> String {
    let mut text = format!("{} to the right, {} upwards.", axis(&grid.x), axis(&grid.y));
    for (label, row) in labels(&grid.y).iter().zip(&grid.cells).rev().take(64) {
        let count = |wanted: fn(CellSign) -> bool| row.iter().filter(|cell| wanted(cell.sign())).count();
        let pass = count(|sign| sign == CellSign::Pass);
        let part = count(|sign| matches!(sign, CellSign::Part(_)));
        let fail = count(|sign| sign == CellSign::Fail);
        let unknown = count(|sign| sign == CellSign::Unknown);
        text.push_str(&format!(" {label}: {pass} pass, {part} pass in part, {fail} fail, {unknown} not measured."));
    }
    text
}

/// Names the cells in which something moved, for those who do not see them.
fn diff_description(diff: &ShmooDiff) -> String {
    let mut text = format!("{} to the right, {} upwards; {}.", axis(&diff.x), axis(&diff.y), diff.sentence());
    let x_labels = labels(&diff.x);
    let cells = labels(&diff.y).into_iter().zip(&diff.cells).flat_map(|(label, row)| {
        row.iter().zip(&x_labels).map(move |(cell, x_label)| (format!("{x_label}, {label}"), *cell))
    });
    for (place, cell) in cells.filter(|(_, cell)| cell.broke + cell.mended > 0).take(64) {
        text.push_str(&format!(" {place}: {}.", cell.words()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::report::svg::STYLE;

    fn drawn(grid: &ShmooGrid) -> String {
        let mut out = Vec::new();
        svg(grid, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_drawing() {
        insta::assert_snapshot!("shmoo.svg", drawn(&sample::red().plots[1]).replace(STYLE, "..."));
    }

    #[test]
    fn a_drawing_stands_alone() {
        let text = drawn(&sample::red().plots[0]);
        assert!(!text.contains("href") && !text.contains("style=") && !text.contains("url("), "{text}");
        assert!(STYLE.contains("prefers-color-scheme: dark"));
    }

    #[test]
    fn hostile_text_is_inert() {
        for text in sample::HOSTILE {
            let drawn = drawn(&sample::hostile(text).plots[0]);
            assert!(!drawn.contains("<script") && !drawn.contains("<img") && !drawn.contains('\0'), "{drawn}");
        }
    }

    #[test]
    fn a_diff() {
        let mut out = Vec::new();
        draw_diff(&sample::red().plot_diffs[1], Setting::File, &mut out).unwrap();
        insta::assert_snapshot!("shmoo-diff.svg", String::from_utf8(out).unwrap().replace(STYLE, "..."));
    }

    #[test]
    fn an_empty_grid_is_drawn() {
        let mut grid = sample::red().plots.remove(0);
        grid.x.values.clear();
        grid.y.values.clear();
        grid.cells.clear();
        assert!(drawn(&grid).ends_with("</svg>\n"));
    }
}
