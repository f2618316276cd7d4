//! Shmoo plots as SVG: signs beside colours, light and dark, a title and a description for screen readers.
//!
//! No style attributes and no fonts beyond the generic ones, so that a drawing may stand inside a page
//! with a strict content security policy; such a page brings the style (`STYLE`) itself.

use super::plot::{CellSign, axis, labels, title};
use super::{GridCell, ShmooGrid};
use std::io::{self, Write};

/// How a plot looks, by class; dark where the reader's system is.
pub(crate) const STYLE: &str = include_str!("html/plot.css");

/// Draws a plot as a file of its own.
pub fn svg(grid: &ShmooGrid, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    draw(grid, 0, true, out)
}

/// Draws a plot for a page that brings the style; `number` keeps ids apart.
pub(crate) fn inline_svg(grid: &ShmooGrid, number: usize, out: &mut dyn Write) -> io::Result<()> {
    draw(grid, number, false, out)
}

/// Height of a cell; its width grows with the labels below it.
const CELL: usize = 28;
/// Width of a digit of the labels, generously.
const DIGIT: usize = 8;

fn draw(grid: &ShmooGrid, number: usize, alone: bool, out: &mut dyn Write) -> io::Result<()> {
    let x_labels = labels(&grid.x);
    let y_labels = labels(&grid.y);
    let longest = |labels: &[String]| labels.iter().map(|label| label.chars().count()).max().unwrap_or(1);
    let cell = CELL.max(longest(&x_labels) * DIGIT + 6);
    let left = 34 + longest(&y_labels) * DIGIT;
    let top = if alone { 34 } else { 8 };
    let (columns, rows) = (x_labels.len().max(1), y_labels.len().max(1));
    let title = title(grid);
    let caption = escape(&title);
    let title_width = if alone { title.chars().count() * 8 + 16 } else { 0 };
    let width = (left + columns * cell + 12).max(title_width).max(if alone { 330 } else { 0 });
    let height = top + rows * CELL + 46 + if alone { 26 } else { 0 };
    writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="shmoo" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" aria-labelledby="shmoo-t{number} shmoo-d{number}">"#
    )?;
    writeln!(out, r#"<title id="shmoo-t{number}">shmoo plot: {caption}</title>"#)?;
    writeln!(out, r#"<desc id="shmoo-d{number}">{}</desc>"#, escape(&description(grid)))?;
    if alone {
        writeln!(out, "<style>{STYLE}</style>")?;
        writeln!(out, r#"<rect class="paper" width="{width}" height="{height}"/>"#)?;
        writeln!(out, r#"<text class="caption" x="8" y="20">{caption}</text>"#)?;
    }
    for (row, (label, cells)) in y_labels.iter().zip(&grid.cells).enumerate() {
        let y = top + (rows - 1 - row) * CELL;
        writeln!(out, r#"<text class="tick end" x="{}" y="{}">{}</text>"#, left - 6, y + CELL / 2 + 4, escape(label))?;
        for (column, contents) in cells.iter().enumerate() {
            let place = Place { x: left + column * cell, y, width: cell - 2, height: CELL - 2 };
            let x_label = x_labels.get(column).map_or("", String::as_str);
            let words = format!("{} {x_label}, {} {label}: {}", axis(&grid.x), axis(&grid.y), contents.words());
            draw_cell(*contents, place, &words, out)?;
        }
    }
    let bottom = top + rows * CELL;
    for (column, label) in x_labels.iter().enumerate() {
        let x = left + column * cell + cell / 2 - 1;
        writeln!(out, r#"<text class="tick middle" x="{x}" y="{}">{}</text>"#, bottom + 15, escape(label))?;
    }
    let (middle_x, middle_y) = (left + columns * cell / 2, top + rows * CELL / 2);
    writeln!(out, r#"<text class="axis middle" x="{middle_x}" y="{}">{}</text>"#, bottom + 35, escape(&axis(&grid.x)))?;
    writeln!(
        out,
        r#"<text class="axis middle" x="14" y="{middle_y}" transform="rotate(-90 14 {middle_y})">{}</text>"#,
        escape(&axis(&grid.y))
    )?;
    if alone {
        draw_legend(8, height - 24, out)?;
    }
    writeln!(out, "</svg>")
}

/// Draws the legend of all plots of a page.
pub(crate) fn inline_legend(out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        r#"<svg class="shmoo legend" width="330" height="20" viewBox="0 0 330 20" role="img" aria-label="legend: pass, fail, part passes with tenths, not measured">"#
    )?;
    draw_legend(0, 1, out)?;
    writeln!(out, "</svg>")
}

fn draw_legend(left: usize, top: usize, out: &mut dyn Write) -> io::Result<()> {
    let samples = [
        (GridCell { pass: 1, fail: 0, unknown: 0 }, "pass", 0),
        (GridCell { pass: 0, fail: 1, unknown: 0 }, "fail", 62),
        (GridCell { pass: 1, fail: 1, unknown: 0 }, "tenths pass", 118),
        (GridCell { pass: 0, fail: 0, unknown: 1 }, "not measured", 222),
    ];
    for (cell, word, offset) in samples {
        draw_cell(cell, Place { x: left + offset, y: top, width: 18, height: 18 }, word, out)?;
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

fn draw_cell(cell: GridCell, place: Place, words: &str, out: &mut dyn Write) -> io::Result<()> {
    let Place { x, y, width, height } = place;
    let class = match cell.sign() {
        CellSign::Empty => return Ok(()),
        CellSign::Pass => "pass",
        CellSign::Fail => "fail",
        CellSign::Unknown => "unknown",
        CellSign::Part(_) => "part",
    };
    write!(out, r#"<g><title>{}</title>"#, escape(words))?;
    write!(out, r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}" rx="3"/>"#)?;
    let (cx, cy) = (x + width / 2, y + height / 2);
    match cell.sign() {
        CellSign::Fail => {
            let (l, r, t, b) = (cx - 4, cx + 4, cy - 4, cy + 4);
            write!(out, r#"<path class="mark" d="M{l} {t}L{r} {b}M{r} {t}L{l} {b}"/>"#)?;
        }
        CellSign::Part(tenths) => write!(out, r#"<text class="digit middle" x="{cx}" y="{}">{tenths}</text>"#, cy + 4)?,
        CellSign::Unknown => write!(out, r#"<text class="digit middle" x="{cx}" y="{}">?</text>"#, cy + 4)?,
        CellSign::Pass => write!(out, r#"<circle class="dot" cx="{cx}" cy="{cy}" r="4"/>"#)?,
        CellSign::Empty => {}
    }
    writeln!(out, "</g>")
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

/// Escapes a text for XML and HTML, in elements and attributes.
pub(crate) fn escape(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return std::borrow::Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

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
    fn an_empty_grid_is_drawn() {
        let mut grid = sample::red().plots.remove(0);
        grid.x.values.clear();
        grid.y.values.clear();
        grid.cells.clear();
        assert!(drawn(&grid).ends_with("</svg>\n"));
    }
}
