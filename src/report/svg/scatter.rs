//! Base against head, a point for each metric at a point: what moved lies off the line.

use super::axis::{Scale, label};
use super::{Frame, Setting, caption_width, escape};
use crate::compare::{Change, Comparison, ComparisonVerdict};
use crate::ledger::MeasuredValue;
use crate::report::figure::{count, thousands};
use crate::report::headline::change_sign;
use crate::report::inert::short;
use crate::report::selection::{change_by, sides};
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

/// Width and height of the area of the points.
const SIZE: f64 = 300.0;
const LEFT: f64 = 92.0;
/// Points of one verdict that are closer than this are drawn as one.
const NEAR: f64 = 4.0;
/// From bottom to top, so that what matters covers what does not.
const ORDER: [ComparisonVerdict; 5] = [
    ComparisonVerdict::Unchanged,
    ComparisonVerdict::Incomparable,
    ComparisonVerdict::Uncertain,
    ComparisonVerdict::Improved,
    ComparisonVerdict::Regressed,
];

/// The changes of one metric that have two numbers.
pub(crate) struct Scatter<'a> {
    metric: &'a str,
    unit: Option<&'a str>,
    changes: Vec<Pair<'a>>,
}

struct Pair<'a> {
    base: f64,
    head: f64,
    change: &'a Change,
}

/// Returns a scatter for each metric: those with a regression first, else in the order of the comparison.
pub(crate) fn scatters(comparison: &Comparison) -> Vec<Scatter<'_>> {
    let mut places: HashMap<(&str, Option<&str>), usize> = HashMap::new();
    let mut scatters: Vec<Scatter<'_>> = Vec::new();
    for change in &comparison.changes {
        let (Some(MeasuredValue::Number(base)), Some(MeasuredValue::Number(head))) = (&change.base, &change.head)
        else {
            continue;
        };
        // In another unit a number says nothing beside this one.
        if change.verdict == ComparisonVerdict::Incomparable && change.relative.is_none() {
            continue;
        }
        let key = (change.metric.as_str(), change.unit.as_deref());
        let place = *places.entry(key).or_insert_with(|| {
            scatters.push(Scatter { metric: key.0, unit: key.1, changes: Vec::new() });
            scatters.len() - 1
        });
        scatters[place].changes.push(Pair { base: *base, head: *head, change });
    }
    scatters.retain(|scatter| scatter.scale().is_some());
    scatters.sort_by_key(|scatter| !scatter.verdicts().contains_key(&ComparisonVerdict::Regressed));
    scatters
}

/// A point, or several that would cover each other.
struct Dot<'a> {
    x: f64,
    y: f64,
    verdict: ComparisonVerdict,
    first: &'a Pair<'a>,
    others: u64,
}

impl Scatter<'_> {
    /// Returns the metric.
    pub(crate) fn metric(&self) -> &str {
        self.metric
    }

    fn scale(&self) -> Option<Scale> {
        Scale::over(self.changes.iter().flat_map(|pair| [pair.base, pair.head]))
    }

    /// Counts the changes by verdict.
    fn verdicts(&self) -> BTreeMap<ComparisonVerdict, u64> {
        let mut verdicts = BTreeMap::new();
        for pair in &self.changes {
            *verdicts.entry(pair.change.verdict).or_insert(0) += 1;
        }
        verdicts
    }

    /// Returns what it shows, without its values: `run.freq: 3 regressed, 40 unchanged`.
    pub(crate) fn sentence(&self) -> String {
        let counts: Vec<String> = self
            .verdicts()
            .into_iter()
            .map(|(verdict, number)| format!("{} {}", thousands(number), verdict.word()))
            .collect();
        format!("{}: {}", short(self.metric, 120), counts.join(", "))
    }

    fn dots(&self, scale: Scale, top: f64) -> Vec<Dot<'_>> {
        let mut dots: Vec<Dot<'_>> = Vec::new();
        for verdict in ORDER {
            let mut near: HashMap<(i64, i64), usize> = HashMap::new();
            for first in self.changes.iter().filter(|pair| pair.change.verdict == verdict) {
                let (Some(x), Some(y)) = (scale.place(first.base), scale.place(first.head)) else { continue };
                let (x, y) = (LEFT + x * SIZE, top + (1.0 - y) * SIZE);
                let place = *near.entry(((x / NEAR) as i64, (y / NEAR) as i64)).or_insert(dots.len());
                match dots.get_mut(place) {
                    Some(dot) => dot.others += 1,
                    None => dots.push(Dot { x, y, verdict, first, others: 0 }),
                }
            }
        }
        dots
    }

    /// Draws the scatter.
    pub(crate) fn draw(&self, setting: Setting, out: &mut dyn Write) -> io::Result<()> {
        let Some(scale) = self.scale() else { return Ok(()) };
        let top = setting.caption() as f64;
        let caption = self.sentence();
        let alone = setting == Setting::File;
        let width = (LEFT + SIZE) as usize + 24;
        let description = format!(
            "The base to the right, this run upwards{}. On the dashed line nothing changed.",
            if scale.is_log() { ", both on a logarithmic scale" } else { "" }
        );
        Frame {
            kind: "scatter",
            noun: "base against head",
            caption: &caption,
            description: &description,
            width: width.max(caption_width(&caption, setting)).max(if alone { 470 } else { 0 }),
            height: (top + SIZE) as usize + 48 + if alone { 26 } else { 0 },
            parts: true,
        }
        .open(setting, out)?;
        self.axes(scale, top, out)?;
        for dot in self.dots(scale, top) {
            let words = words(&dot);
            let class = dot.verdict.word();
            let point = &dot.first.change.point;
            let link = if dot.others == 0 && !alone {
                format!(r#" data-point="{}""#, escape(&short(point.as_str(), 200)))
            } else {
                String::new()
            };
            writeln!(
                out,
                r#"<path class="point {class}"{link} d="{}"><title>{}</title></path>"#,
                shape(dot.verdict, dot.x, dot.y),
                escape(&words)
            )?;
        }
        if alone {
            legend(8.0, top + SIZE + 58.0, &self.verdicts(), out)?;
        }
        writeln!(out, "</svg>")
    }

    fn axes(&self, scale: Scale, top: f64, out: &mut dyn Write) -> io::Result<()> {
        let (right, bottom) = (LEFT + SIZE, top + SIZE);
        let ticks = scale.ticks(5);
        for tick in &ticks {
            let Some(place) = scale.place(*tick) else { continue };
            let (x, y) = (LEFT + place * SIZE, bottom - place * SIZE);
            writeln!(out, r#"<path class="grid" d="M{x:.1} {top}V{bottom}M{LEFT} {y:.1}H{right}"/>"#)?;
            let text = label(*tick, self.unit);
            let text = escape(&text);
            writeln!(out, r#"<text class="tick end" x="{}" y="{:.1}">{text}</text>"#, LEFT - 6.0, y + 4.0)?;
        }
        // Along the width there is room for every other.
        let every = if ticks.len() > 4 { 2 } else { 1 };
        for tick in ticks.iter().step_by(every) {
            let Some(place) = scale.place(*tick) else { continue };
            let text = label(*tick, self.unit);
            let x = LEFT + place * SIZE;
            writeln!(out, r#"<text class="tick middle" x="{x:.1}" y="{}">{}</text>"#, bottom + 16.0, escape(&text))?;
        }
        writeln!(out, r#"<path class="same" d="M{LEFT} {bottom}L{right} {top}"/>"#)?;
        writeln!(out, r#"<rect class="border" x="{LEFT}" y="{top}" width="{SIZE}" height="{SIZE}"/>"#)?;
        let (x, y) = (LEFT + SIZE / 2.0, top + SIZE / 2.0);
        writeln!(out, r#"<text class="axis middle" x="{x}" y="{}">base</text>"#, bottom + 36.0)?;
        writeln!(out, r#"<text class="axis middle" x="14" y="{y}" transform="rotate(-90 14 {y})">this run</text>"#)
    }
}

fn words(dot: &Dot<'_>) -> String {
    let Dot { first: Pair { change, .. }, verdict, others, .. } = dot;
    let (base, head) = sides(change);
    let by = Some(change_by(change)).filter(|by| !by.is_empty()).map(|by| format!(", {by}")).unwrap_or_default();
    let also = match others {
        0 => String::new(),
        others => format!("; and {} beside it", count(*others, "more metric")),
    };
    format!(
        "{} {} at {}: {base} became {head}{by}, {}{also}",
        change_sign(*verdict),
        short(&change.metric, 80),
        short(change.point.as_str(), 120),
        verdict.word()
    )
}

/// Returns the shape of a verdict around a place.
fn shape(verdict: ComparisonVerdict, x: f64, y: f64) -> String {
    match verdict {
        ComparisonVerdict::Regressed => format!("M{:.1} {:.1}h11l-5.5 9.5z", x - 5.5, y - 4.0),
        ComparisonVerdict::Improved => format!("M{:.1} {:.1}h11l-5.5 -9.5z", x - 5.5, y + 4.0),
        ComparisonVerdict::Uncertain => format!("M{x:.1} {:.1}l5 5l-5 5l-5 -5z", y - 5.0),
        ComparisonVerdict::Incomparable => format!("M{:.1} {:.1}h7v7h-7z", x - 3.5, y - 3.5),
        _ => format!("M{:.1} {y:.1}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z", x - 3.0),
    }
}

/// Draws the shapes that occur, with their words.
fn legend(left: f64, y: f64, verdicts: &BTreeMap<ComparisonVerdict, u64>, out: &mut dyn Write) -> io::Result<()> {
    let mut x = left + 6.0;
    for verdict in verdicts.keys() {
        let word = verdict.word();
        writeln!(out, r#"<path class="point {word}" d="{}"/>"#, shape(*verdict, x, y))?;
        writeln!(out, r#"<text class="tick" x="{}" y="{}">{word}</text>"#, x + 11.0, y + 4.0)?;
        x += 28.0 + 7.0 * word.len() as f64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::report::svg::STYLE;

    fn drawn(scatter: &Scatter<'_>, setting: Setting) -> String {
        let mut out = Vec::new();
        scatter.draw(setting, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_drawing() {
        let comparison = sample::red().comparison.unwrap();
        let scatters = scatters(&comparison);
        let metrics: Vec<&str> = scatters.iter().map(Scatter::metric).collect();
        assert_eq!(metrics, ["run_simulations.freq", "run_simulations.power"]);
        insta::assert_snapshot!("scatter.svg", drawn(&scatters[0], Setting::File).replace(STYLE, "..."));
    }

    #[test]
    fn many_points_stay_small() {
        let report = sample::many_compared(10_000);
        let comparison = report.comparison.as_ref().unwrap();
        let scatters = scatters(comparison);
        assert_eq!(scatters.len(), 5);
        for scatter in &scatters {
            assert_eq!(scatter.changes.len(), 10_000);
            let text = drawn(scatter, Setting::Page(0));
            assert!(text.len() < 400_000, "{}", text.len());
            // Nobody is lost on the way.
            let told: u64 = scatter.dots(scatter.scale().unwrap(), 0.0).iter().map(|dot| 1 + dot.others).sum();
            assert_eq!(told, 10_000);
        }
    }

    #[test]
    fn hostile_text_is_inert() {
        for text in sample::HOSTILE {
            let report = sample::hostile(text);
            for scatter in scatters(report.comparison.as_ref().unwrap()) {
                let drawn = drawn(&scatter, Setting::File);
                assert!(!drawn.contains("<script") && !drawn.contains("<img") && !drawn.contains('\0'), "{drawn}");
            }
        }
    }
}
