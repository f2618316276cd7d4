//! Rows of a fit as points: measured against predicted, and errors along a feature.

use super::axis::{Scale, label};
use super::{Frame, Setting, caption_width, escape};
use std::collections::HashMap;
use std::io::{self, Write};

/// Width and height of the area of the points.
const SIZE: f64 = 300.0;
const LEFT: f64 = 92.0;
/// Points that are closer than this are drawn as one.
const NEAR: f64 = 3.0;

/// Points over two axes.
pub(crate) struct Cloud {
    /// The class and the beginning of ids.
    pub(crate) kind: &'static str,
    /// What it is, in words.
    pub(crate) noun: &'static str,
    pub(crate) caption: String,
    pub(crate) description: String,
    /// What the axes show.
    pub(crate) axes: [String; 2],
    pub(crate) guide: Guide,
    pub(crate) points: Vec<CloudPoint>,
}

/// Where points lie that are as they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guide {
    /// Where both axes have the same value; they have one scale.
    Diagonal,
    /// Where the upright axis is 0.
    Zero,
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CloudPoint {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) mark: RowMark,
    pub(crate) words: String,
}

/// What is to be known of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowMark {
    /// Nothing.
    Usual,
    /// It was kept out of the fit.
    HeldBack,
    /// It is one of those that are far off.
    Far,
}

/// A point, or several that would cover each other.
struct Dot<'a> {
    x: f64,
    y: f64,
    first: &'a CloudPoint,
    others: u64,
}

impl Cloud {
    fn scales(&self) -> Option<[Scale; 2]> {
        let xs = || self.points.iter().map(|point| point.x);
        let ys = || self.points.iter().map(|point| point.y);
        Some(match self.guide {
            Guide::Diagonal => [Scale::over(xs().chain(ys()))?; 2],
            Guide::Zero => [Scale::over(xs())?, Scale::over(ys().chain([0.0]))?],
        })
    }

    /// Draws it; nothing where no point has a place.
    pub(crate) fn draw(&self, setting: Setting, out: &mut dyn Write) -> io::Result<()> {
        let Some(scales) = self.scales() else { return Ok(()) };
        let top = setting.caption() as f64;
        let Cloud { kind, noun, caption, description, .. } = self;
        let width = ((LEFT + SIZE) as usize + 24).max(caption_width(caption, setting));
        let height = (top + SIZE) as usize + 48;
        Frame { kind, noun, caption, description, width, height, parts: true }.open(setting, out)?;
        self.draw_axes(scales, top, out)?;
        // What matters most is drawn last, so that nothing covers it.
        for mark in [RowMark::Usual, RowMark::HeldBack, RowMark::Far] {
            for Dot { x, y, first, others } in self.dots(scales, top, mark) {
                let also = if others > 0 { format!("; and {others} beside it") } else { String::new() };
                let (class, path) = match mark {
                    RowMark::Usual => {
                        ("unchanged", format!("M{:.1} {y:.1}a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0 -5 0z", x - 2.5))
                    }
                    RowMark::HeldBack => ("incomparable", format!("M{:.1} {:.1}h7v7h-7z", x - 3.5, y - 3.5)),
                    RowMark::Far => ("uncertain", format!("M{x:.1} {:.1}l5 5l-5 5l-5 -5z", y - 5.0)),
                };
                let words = format!("{}{also}", first.words);
                let words = escape(&words);
                writeln!(out, r#"<path class="point {class}" d="{path}"><title>{words}</title></path>"#)?;
            }
        }
        writeln!(out, "</svg>")
    }

    fn dots(&self, [across, up]: [Scale; 2], top: f64, mark: RowMark) -> Vec<Dot<'_>> {
        let mut near: HashMap<(i64, i64), usize> = HashMap::new();
        let mut dots: Vec<Dot<'_>> = Vec::new();
        for first in self.points.iter().filter(|point| point.mark == mark) {
            let (Some(x), Some(y)) = (across.place(first.x), up.place(first.y)) else { continue };
            let (x, y) = (LEFT + x * SIZE, top + (1.0 - y) * SIZE);
            let place = *near.entry(((x / NEAR) as i64, (y / NEAR) as i64)).or_insert(dots.len());
            match dots.get_mut(place) {
                Some(dot) => dot.others += 1,
                None => dots.push(Dot { x, y, first, others: 0 }),
            }
        }
        dots
    }

    fn draw_axes(&self, [across, up]: [Scale; 2], top: f64, out: &mut dyn Write) -> io::Result<()> {
        let (right, bottom) = (LEFT + SIZE, top + SIZE);
        // Along the width there is room for fewer.
        for (scale, number, level) in [(across, 3, false), (up, 5, true)] {
            for tick in scale.ticks(number) {
                let Some(place) = scale.place(tick) else { continue };
                let text = label(tick, None);
                let text = escape(&text);
                if level {
                    let y = bottom - place * SIZE;
                    writeln!(out, r#"<path class="grid" d="M{LEFT} {y:.1}H{right}"/>"#)?;
                    writeln!(out, r#"<text class="tick end" x="{}" y="{:.1}">{text}</text>"#, LEFT - 6.0, y + 4.0)?;
                } else {
                    let x = LEFT + place * SIZE;
                    writeln!(out, r#"<path class="grid" d="M{x:.1} {top}V{bottom}"/>"#)?;
                    writeln!(out, r#"<text class="tick middle" x="{x:.1}" y="{}">{text}</text>"#, bottom + 16.0)?;
                }
            }
        }
        match self.guide {
            Guide::Diagonal => writeln!(out, r#"<path class="same" d="M{LEFT} {bottom}L{right} {top}"/>"#)?,
            Guide::Zero => {
                let y = bottom - up.place(0.0).unwrap_or(0.0) * SIZE;
                writeln!(out, r#"<path class="same" d="M{LEFT} {y:.1}H{right}"/>"#)?;
            }
        }
        writeln!(out, r#"<rect class="border" x="{LEFT}" y="{top}" width="{SIZE}" height="{SIZE}"/>"#)?;
        let (x, y) = (LEFT + SIZE / 2.0, top + SIZE / 2.0);
        let [name_across, name_up] = self.axes.each_ref().map(|name| escape(name));
        writeln!(out, r#"<text class="axis middle" x="{x}" y="{}">{name_across}</text>"#, bottom + 36.0)?;
        writeln!(out, r#"<text class="axis middle" x="14" y="{y}" transform="rotate(-90 14 {y})">{name_up}</text>"#)
    }
}
