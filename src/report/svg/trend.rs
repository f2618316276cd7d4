//! How a metric went over earlier runs: medians with their ends, what earlier runs put this one between,
//! and where the level changed, with the commits around it.

use super::axis::{Scale, label};
use super::{Frame, Setting, caption_width, escape};
use crate::compare::{Change, Comparison, LevelChange, Trend, TrendRun, TrendValue};
use crate::ledger::MeasuredValue;
use crate::report::behind::share;
use crate::report::figure::{amount, count, percent};
use crate::report::inert::short;
use crate::report::selection::commit_name;
use std::collections::HashMap;
use std::io::{self, Write};

/// Width and height of the area of the values.
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 180.0;
const LEFT: f64 = 92.0;
/// Room for what is said of a change of level.
const HEAD: f64 = 20.0;

/// A metric at a point, with what is needed to draw it.
pub(crate) struct TrendDrawing<'a> {
    trend: &'a Trend,
    runs: &'a [TrendRun],
    /// What earlier runs put this one between: ends, and the first value that they were taken from.
    band: Option<(f64, f64, usize)>,
}

/// Returns the trends of a comparison that have a value, those that moved first.
pub(crate) fn trends<'a>(comparison: &'a Comparison) -> Vec<TrendDrawing<'a>> {
    let changes: HashMap<(&str, &str), &Change> =
        comparison.changes.iter().map(|change| ((change.metric.as_str(), change.point.as_str()), change)).collect();
    let runs = &comparison.trend_runs;
    let drawing = |trend: &'a Trend| {
        let change = changes.get(&(trend.metric.as_str(), trend.point.as_str()));
        TrendDrawing { trend, runs, band: change.and_then(|change| band(change, trend, runs)) }
    };
    let drawings = comparison.trends.iter().map(drawing);
    drawings.filter(|drawing| !drawing.trend.values.is_empty() && drawing.scale().is_some()).collect()
}

fn band(change: &Change, trend: &Trend, runs: &[TrendRun]) -> Option<(f64, f64, usize)> {
    let band = change.figures.as_ref()?.history.as_ref()?;
    let first = band.since.as_ref().and_then(|since| {
        trend.values.iter().position(|value| runs.get(value.run as usize).is_some_and(|run| run.run == *since))
    });
    Some((band.low?, band.high?, first.unwrap_or(0)))
}

impl TrendDrawing<'_> {
    /// Returns what it shows: `run.freq at inv7_v1.8`.
    pub(crate) fn title(&self) -> String {
        format!("{} at {}", short(&self.trend.metric, 120), short(self.trend.point.as_str(), 120))
    }

    fn scale(&self) -> Option<Scale> {
        let values = self.trend.values.iter().flat_map(|value| [value.value, value.low, value.high]);
        let ends = self.band.into_iter().flat_map(|(low, high, _)| [low, high]);
        Scale::over(values.chain(ends))
    }

    /// Returns where a value lies along the width; changes lie between values.
    fn x(&self, place: f64) -> f64 {
        let last = self.trend.values.len().saturating_sub(1).max(1) as f64;
        LEFT + 12.0 + (WIDTH - 24.0) * place / last
    }

    fn shown(&self, value: f64) -> String {
        short(&amount(&MeasuredValue::Number(value), self.trend.unit.as_deref()), 60)
    }

    /// Returns the place of the run with which the level changed last.
    pub(crate) fn last_change(&self) -> Option<u32> {
        let change = self.trend.changes.iter().map(|change| change.at).max()?;
        self.trend.values.get(change as usize).map(|value| value.run)
    }

    /// Tells whether two runs differ.
    pub(crate) fn varies(&self) -> bool {
        self.trend.values.windows(2).any(|pair| pair[0].value != pair[1].value)
    }

    /// Draws the trend.
    pub(crate) fn draw(&self, setting: Setting, out: &mut dyn Write) -> io::Result<()> {
        let Some(scale) = self.scale() else { return Ok(()) };
        let top = setting.caption() as f64 + HEAD;
        let caption = self.title();
        let description = self.description();
        Frame {
            kind: "trend",
            noun: "trend",
            caption: &caption,
            description: &description,
            width: ((LEFT + WIDTH) as usize + 24).max(caption_width(&caption, setting)),
            height: (top + HEIGHT) as usize + 48,
            parts: true,
        }
        .open(setting, out)?;
        let y = |value: f64| scale.place(value).map(|place| top + (1.0 - place) * HEIGHT);
        self.area(scale, top, out)?;
        for change in &self.trend.changes {
            self.draw_change(change, top, &y, out)?;
        }
        let mut line = String::new();
        let mut ends = String::new();
        for (index, value) in self.trend.values.iter().enumerate() {
            let x = self.x(index as f64);
            if let (Some(low), Some(middle), Some(high)) = (y(value.low), y(value.value), y(value.high)) {
                line.push_str(&format!("{}{x:.1} {middle:.1}", if line.is_empty() { 'M' } else { 'L' }));
                ends.push_str(&format!("M{x:.1} {low:.1}V{high:.1}"));
            }
        }
        writeln!(out, r#"<path class="ends" d="{ends}"/><path class="line" d="{line}"/>"#)?;
        for (index, value) in self.trend.values.iter().enumerate() {
            let Some(y) = y(value.value) else { continue };
            let last = index + 1 == self.trend.values.len();
            let (kind, r) = if last { ("value now", 4.5) } else { ("value", 3.0) };
            let words = self.words(value);
            writeln!(
                out,
                r#"<circle class="{kind}" cx="{:.1}" cy="{y:.1}" r="{r}"><title>{}</title></circle>"#,
                self.x(index as f64),
                escape(&words)
            )?;
        }
        writeln!(out, "</svg>")
    }

    /// Draws the axes, and the band behind everything else.
    fn area(&self, scale: Scale, top: f64, out: &mut dyn Write) -> io::Result<()> {
        let bottom = top + HEIGHT;
        if let Some((low, high, first)) = self.band
            && let (Some(low_place), Some(high_place)) = (scale.place(low), scale.place(high))
        {
            let (x, height) = (self.x(first as f64) - 8.0, (high_place - low_place) * HEIGHT);
            writeln!(
                out,
                r#"<rect class="band" x="{x:.1}" y="{:.1}" width="{:.1}" height="{height:.1}"><title>{}</title></rect>"#,
                top + (1.0 - high_place) * HEIGHT,
                LEFT + WIDTH - x,
                escape(&format!("earlier runs put this one between {} and {}", self.shown(low), self.shown(high)))
            )?;
        }
        for tick in scale.ticks(5) {
            let Some(place) = scale.place(tick) else { continue };
            let y = bottom - place * HEIGHT;
            let text = label(tick, self.trend.unit.as_deref());
            writeln!(out, r#"<path class="grid" d="M{LEFT} {y:.1}H{}"/>"#, LEFT + WIDTH)?;
            writeln!(out, r#"<text class="tick end" x="{}" y="{:.1}">{}</text>"#, LEFT - 6.0, y + 4.0, escape(&text))?;
        }
        writeln!(out, r#"<rect class="border" x="{LEFT}" y="{top}" width="{WIDTH}" height="{HEIGHT}"/>"#)?;
        let date = |value: Option<&TrendValue>| {
            let run = value.and_then(|value| self.runs.get(value.run as usize));
            run.map(|run| run.started.date().to_string()).unwrap_or_default()
        };
        let (first, last) = (self.trend.values.first(), self.trend.values.last());
        let y = bottom + 18.0;
        writeln!(out, r#"<text class="tick" x="{LEFT}" y="{y}">{}</text>"#, date(first))?;
        writeln!(out, r#"<text class="tick end" x="{}" y="{y}">{}</text>"#, LEFT + WIDTH, date(last))?;
        let runs = count(self.trend.values.len() as u64, "run");
        writeln!(out, r#"<text class="axis middle" x="{}" y="{y}">{runs}</text>"#, LEFT + WIDTH / 2.0)
    }

    fn draw_change(
        &self,
        change: &LevelChange,
        top: f64,
        y: &dyn Fn(f64) -> Option<f64>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let at = change.at as usize;
        let x = self.x(at as f64 - 0.5);
        let (from, to) = self.segment(at);
        let mut levels = String::new();
        if let (Some(before), Some(after)) = (y(change.before), y(change.after)) {
            levels = format!("M{:.1} {before:.1}H{x:.1}M{x:.1} {after:.1}H{:.1}", self.x(from), self.x(to));
        }
        let arrow = if change.after > change.before { '↑' } else { '↓' };
        let text = format!("{arrow} {}", percent((change.after - change.before) / change.before.abs()));
        let text = if change.before == 0.0 { arrow.to_string() } else { text };
        writeln!(out, r#"<g class="step"><title>{}</title>"#, escape(&self.step_words(change)))?;
        writeln!(out, r#"<path class="level" d="{levels}"/><path class="same" d="M{x:.1} {top}V{}"/>"#, top + HEIGHT)?;
        writeln!(out, r#"<text class="axis middle" x="{x:.1}" y="{}">{}</text></g>"#, top - 6.0, escape(&text))
    }

    /// Returns the ends of the two levels around a change.
    fn segment(&self, at: usize) -> (f64, f64) {
        let places = || self.trend.changes.iter().map(|change| change.at as usize);
        let from = places().filter(|place| *place < at).max().map_or(0.0, |place| place as f64 - 0.5);
        let last = self.trend.values.len().saturating_sub(1) as f64;
        let to = places().filter(|place| *place > at).min().map_or(last, |place| place as f64 - 0.5);
        (from, to)
    }

    /// Tells of a change of level, with the commits around it.
    fn step_words(&self, change: &LevelChange) -> String {
        let LevelChange { at, before, after, p, good, bad } = change;
        let run = self.trend.values.get(*at as usize).and_then(|value| self.runs.get(value.run as usize));
        let run = run.map_or_else(String::new, |run| format!(" with {}", short(run.run.as_str(), 120)));
        let commits = match (good, bad) {
            (Some(good), Some(bad)) => format!(", after commit {} and up to {}", commit_name(good), commit_name(bad)),
            _ => String::new(),
        };
        format!("{} became {}{run} (p = {}){commits}", self.shown(*before), self.shown(*after), share(*p))
    }

    fn words(&self, value: &TrendValue) -> String {
        let TrendValue { run, value, low, high, n } = *value;
        let run = self.runs.get(run as usize).map_or_else(String::new, |run| {
            let commit = run.commit.as_deref().map(|commit| format!(", commit {}", commit_name(commit)));
            format!("{} of {}{}: ", short(run.run.as_str(), 120), run.started.date(), commit.unwrap_or_default())
        });
        let ends = if n > 1 {
            format!(", {n} repeats from {} to {}", self.shown(low), self.shown(high))
        } else {
            String::new()
        };
        format!("{run}{}{ends}", self.shown(value))
    }

    fn description(&self) -> String {
        let mut text = format!("{}, oldest to the left.", count(self.trend.values.len() as u64, "run"));
        for change in &self.trend.changes {
            text.push_str(&format!(" {}.", self.step_words(change)));
        }
        if let Some(last) = self.trend.values.last() {
            text.push_str(&format!(" The last: {}.", self.words(last)));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::report::svg::STYLE;

    fn drawn(drawing: &TrendDrawing<'_>) -> String {
        let mut out = Vec::new();
        drawing.draw(Setting::File, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_drawing() {
        let comparison = sample::red().comparison.unwrap();
        let trends = trends(&comparison);
        assert_eq!(trends[0].title(), "run_simulations.freq at inv7_v1.8_nsch");
        insta::assert_snapshot!("trend.svg", drawn(&trends[0]).replace(STYLE, "..."));
    }

    #[test]
    fn what_cannot_be_drawn_is_left_out() {
        let mut comparison = sample::red().comparison.unwrap();
        comparison.trends[0].values.clear();
        assert_eq!(trends(&comparison).len(), comparison.trends.len() - 1);
        // A value whose run is not known, changes beyond the end, and no change at all.
        let trend = &mut comparison.trends[1];
        trend.values.truncate(1);
        trend.values[0].run = 1000;
        trend.changes = vec![LevelChange { at: 9, before: 0.0, after: 0.0, p: 1.0, good: None, bad: None }];
        assert!(drawn(&trends(&comparison)[0]).ends_with("</svg>\n"));
    }

    #[test]
    fn hostile_text_is_inert() {
        for text in sample::HOSTILE {
            let report = sample::hostile(text);
            for trend in trends(report.comparison.as_ref().unwrap()) {
                let drawn = drawn(&trend);
                assert!(!drawn.contains("<script") && !drawn.contains("<img") && !drawn.contains('\0'), "{drawn}");
            }
        }
    }
}
