//! Drawings as SVG: signs beside colours, light and dark, a title and a description for screen readers.
//!
//! No style attributes and no fonts beyond the generic ones, so that a drawing may stand inside a page
//! with a strict content security policy; such a page brings the style (`STYLE`) itself. A drawing is as
//! large as what there is to tell: points and bars that would cover each other are drawn as one.

mod axis;
mod cloud;
mod files;
mod grid;
mod scatter;
mod timeline;
mod trend;

pub(crate) use cloud::{Cloud, CloudPoint, Guide, RowMark};
pub(crate) use files::name as file_name;
pub use files::{Drawing, drawings};
pub use grid::svg;
pub(crate) use grid::{diff_legend, inline_diff, inline_legend, inline_svg};
pub(crate) use scatter::scatters;
pub(crate) use timeline::Timeline;
pub(crate) use trend::{TrendDrawing, trends};

use std::io::{self, Write};

/// How drawings look, by class; dark where the reader's system is.
pub(crate) const STYLE: &str = include_str!("style.css");

/// Where a drawing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    /// In a file of its own: with its style, a caption and a legend.
    File,
    /// In a page that brings the style; the number keeps ids apart.
    Page(usize),
}

impl Setting {
    /// Height that the caption takes.
    fn caption(self) -> usize {
        if self == Setting::File { 34 } else { 8 }
    }
}

/// What all drawings begin with.
struct Frame<'a> {
    /// The class, and the beginning of ids: `shmoo`.
    kind: &'a str,
    /// What it is, in words: `shmoo plot`.
    noun: &'a str,
    /// What it shows.
    caption: &'a str,
    description: &'a str,
    width: usize,
    height: usize,
    /// Whether its parts have titles that a reader may go through one by one.
    parts: bool,
}

impl Frame<'_> {
    /// Writes the opening tag, title, description, and what a file needs besides.
    fn open(&self, setting: Setting, out: &mut dyn Write) -> io::Result<()> {
        let Frame { kind, noun, caption, description, width, height, parts } = self;
        let number = match setting {
            Setting::File => 0,
            Setting::Page(number) => number,
        };
        let role = if *parts { "group" } else { "img" };
        if setting == Setting::File {
            writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        }
        writeln!(
            out,
            r#"<svg xmlns="http://www.w3.org/2000/svg" class="drawing {kind}" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="{role}" aria-labelledby="{kind}-t{number} {kind}-d{number}">"#
        )?;
        let caption = escape(caption);
        writeln!(out, r#"<title id="{kind}-t{number}">{noun}: {caption}</title>"#)?;
        writeln!(out, r#"<desc id="{kind}-d{number}">{}</desc>"#, escape(description))?;
        if setting == Setting::File {
            writeln!(out, "<style>{STYLE}</style>")?;
            writeln!(out, r#"<rect class="paper" width="{width}" height="{height}"/>"#)?;
            writeln!(out, r#"<text class="caption" x="8" y="20">{caption}</text>"#)?;
        }
        Ok(())
    }
}

/// Returns the width that a caption needs in a file.
fn caption_width(caption: &str, setting: Setting) -> usize {
    if setting == Setting::File { caption.chars().count() * 8 + 16 } else { 0 }
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
