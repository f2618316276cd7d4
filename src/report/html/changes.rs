//! The changes of the comparison as data for the page's script: compact rows, every text harmless already.
//!
//! `{"rows":[[METRIC,POINT,BASE,HEAD,RELATIVE,VERDICT,RULE,{"f","p","q","band","base","head","unit","by"}?]],
//! "names":{"metrics":[[NAME,UNIT]],"points":[...],"verdicts":[...],"figures":[...],"runs":[[NAME,DATE,COMMIT]],
//! "left_out":N,"untold":N}}`, the last of which counts metrics whose trend has no room. METRIC,
//! POINT and VERDICT are places in `names`; `f` is pairs of a place in `figures` and a text; `band` is what
//! earlier runs put the next between, with their centre in the middle; `base` and `head` are the repeats;
//! `trend` is `v`, five numbers for each run (its place in `runs`, median, ends, number of repeats), `c`,
//! the changes of level (place in `v`, before, after, words), and what is to be `said` of them; `also` is
//! what else changed beside a red mark; `unit` is that of a base that has another one than its metric,
//! `by` a change that is told in the unit, not as a share.

use super::data::{Cell, Inert, cell_of};
use crate::compare::{Change, Comparison, ComparisonVerdict, Effect, LevelChange, Trend, TrendRun, TrendValue};
use crate::report::behind::{LABELS, figures_of};
use crate::report::inert::short;
use crate::report::reds::RedIndex;
use crate::report::selection::{change_by, commit_name, notable};
use serde::Serialize;
use std::collections::HashMap;
use std::io::{self, Write};

/// Bytes of rows that the page holds; what wants a look comes first.
const ROOM: usize = 3_500_000;
/// Bytes of trends beside them.
const TREND_ROOM: usize = 2_500_000;
/// Repeats of a run that are shown.
const REPEATS: usize = 200;

const VERDICTS: [ComparisonVerdict; 7] = [
    ComparisonVerdict::Regressed,
    ComparisonVerdict::Improved,
    ComparisonVerdict::Uncertain,
    ComparisonVerdict::Unchanged,
    ComparisonVerdict::New,
    ComparisonVerdict::Removed,
    ComparisonVerdict::Incomparable,
];

/// Writes the data as a script element that nothing in it can end.
pub(super) fn write(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let mut names = Names::new(comparison);
    let mut rows = String::new();
    let mut held = 0;
    for change in ordered(comparison) {
        let row = serde_json::to_string(&names.row(change))?;
        if rows.len() + row.len() > ROOM {
            break;
        }
        if !rows.is_empty() {
            rows.push_str(",\n");
        }
        rows.push_str(&row);
        held += 1;
    }
    let Names { metrics, points, runs, untold, .. } = names;
    let run = |run: &TrendRun| {
        let commit = run.commit.as_deref().map(commit_name).unwrap_or_default();
        (short(run.run.as_str(), 120), run.started.date().to_string(), commit)
    };
    let names = NamesJson {
        metrics,
        points,
        verdicts: VERDICTS.map(ComparisonVerdict::word),
        figures: LABELS,
        runs: runs.iter().map(run).collect(),
        left_out: comparison.changes.len() - held,
        untold: comparison.trends_left_out + untold,
    };
    write!(out, r#"<script type="application/json" id="changes">"#)?;
    let mut inert = Inert { out };
    write!(inert, "{{\"rows\":[{rows}],\n\"names\":")?;
    serde_json::to_writer(&mut inert, &names)?;
    writeln!(inert, "}}")?;
    writeln!(out, "</script>")
}

/// Returns the changes that want a look, worst first, then the others.
fn ordered(comparison: &Comparison) -> impl Iterator<Item = &Change> {
    let quiet = |change: &&Change| matches!(change.verdict, ComparisonVerdict::Unchanged | ComparisonVerdict::New);
    notable(&comparison.changes).into_iter().chain(comparison.changes.iter().filter(quiet))
}

/// Names that rows share.
struct Names<'a> {
    metrics: Vec<(String, String)>,
    points: Vec<String>,
    metric_places: HashMap<(&'a str, &'a str), usize>,
    point_places: HashMap<&'a str, usize>,
    /// Trends by metric and point, the runs they are over, and the bytes that there is room for.
    trends: HashMap<(&'a str, &'a str), &'a Trend>,
    runs: &'a [TrendRun],
    room: usize,
    /// Trends for which there was none.
    untold: u64,
    reds: RedIndex<'a>,
}

#[derive(Serialize)]
struct NamesJson {
    metrics: Vec<(String, String)>,
    points: Vec<String>,
    verdicts: [&'static str; 7],
    figures: [&'static str; LABELS.len()],
    runs: Vec<(String, String, String)>,
    left_out: usize,
    untold: u64,
}

#[derive(Serialize)]
struct Row(
    usize,
    usize,
    Cell,
    Cell,
    Option<f64>,
    usize,
    String,
    #[serde(skip_serializing_if = "Option::is_none")] Option<Box<Behind>>,
);

/// What lies behind a verdict.
#[derive(Serialize)]
struct Behind {
    f: Vec<Figure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    q: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    band: Option<[f64; 3]>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    base: Vec<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    head: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trend: Option<TrendJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    also: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
}

#[derive(Serialize)]
struct TrendJson {
    v: Vec<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    c: Vec<(u32, f64, f64, String)>,
    #[serde(skip_serializing_if = "String::is_empty")]
    said: String,
}

/// A place or a text, so that pairs of them need no brackets.
#[derive(Serialize)]
#[serde(untagged)]
enum Figure {
    Label(usize),
    Text(String),
}

impl<'a> Names<'a> {
    fn new(comparison: &'a Comparison) -> Names<'a> {
        let trends = comparison.trends.iter();
        Names {
            metrics: Vec::new(),
            points: Vec::new(),
            metric_places: HashMap::new(),
            point_places: HashMap::new(),
            trends: trends.map(|trend| ((trend.metric.as_str(), trend.point.as_str()), trend)).collect(),
            runs: &comparison.trend_runs,
            room: TREND_ROOM,
            untold: 0,
            reds: RedIndex::of(comparison),
        }
    }

    /// Returns the trend of a change, as long as there is room.
    fn trend(&mut self, change: &Change) -> Option<TrendJson> {
        let trend = self.trends.get(&(change.metric.as_str(), change.point.as_str()))?;
        // Five numbers of some ten characters.
        let Some(room) = self.room.checked_sub(50 * trend.values.len()) else {
            self.untold += 1;
            return None;
        };
        self.room = room;
        let numbers = |value: &TrendValue| {
            let TrendValue { run, value, low, high, n } = *value;
            [f64::from(run), rounded(value, 6), rounded(low, 6), rounded(high, 6), f64::from(n)]
        };
        let step = |change: &LevelChange| {
            let commits = match (&change.good, &change.bad) {
                (Some(good), Some(bad)) => format!("after commit {}, up to {}", commit_name(good), commit_name(bad)),
                _ => String::new(),
            };
            (change.at, rounded(change.before, 6), rounded(change.after, 6), commits)
        };
        Some(TrendJson {
            v: trend.values.iter().flat_map(numbers).collect(),
            c: trend.changes.iter().map(step).collect(),
            said: trend.earlier_change(self.runs).map(|said| short(&said, 400)).unwrap_or_default(),
        })
    }

    /// Returns what lies behind a verdict, if anything does.
    fn behind(&mut self, change: &Change) -> Option<Behind> {
        let trend = self.trend(change);
        let also = self.reds.beside(Some(&change.metric), &change.point).map(|also| short(&also, 1000));
        let figures = change.figures.as_deref();
        let samples = change.samples.as_deref();
        let unit = change.base_unit.as_deref().map(|unit| short(unit, 40));
        if figures.is_none() && samples.is_none() && trend.is_none() && also.is_none() && unit.is_none() {
            return None;
        }
        let told = figures_of(change).into_iter();
        let repeats = |values: &[f64]| values.iter().take(REPEATS).map(|value| rounded(*value, 6)).collect();
        let band = figures.and_then(|figures| figures.history.as_ref());
        Some(Behind {
            f: told.flat_map(|(label, text)| [Figure::Label(label), Figure::Text(text)]).collect(),
            p: figures.and_then(|figures| figures.p).map(|p| rounded(p, 3)),
            q: figures.and_then(|figures| figures.q).map(|q| rounded(q, 3)),
            band: band.and_then(|band| Some([band.low?, band.centre, band.high?].map(|value| rounded(value, 6)))),
            base: samples.map(|samples| repeats(&samples.base)).unwrap_or_default(),
            head: samples.map(|samples| repeats(&samples.head)).unwrap_or_default(),
            trend,
            also,
            unit,
            by: matches!(change.effect(), Some(Effect::Absolute(_))).then(|| change_by(change)),
        })
    }

    fn row(&mut self, change: &'a Change) -> Row {
        let metrics = &mut self.metrics;
        let (name, unit) = (change.metric.as_str(), change.unit.as_deref().unwrap_or(""));
        let metric = *self.metric_places.entry((name, unit)).or_insert_with(|| {
            metrics.push((short(name, 200), short(unit, 40)));
            metrics.len() - 1
        });
        let points = &mut self.points;
        let point = *self.point_places.entry(change.point.as_str()).or_insert_with(|| {
            points.push(short(change.point.as_str(), 400));
            points.len() - 1
        });
        let verdict = VERDICTS.iter().position(|verdict| *verdict == change.verdict).unwrap_or(0);
        let value = |value: &Option<_>| value.as_ref().map_or(Cell::None, cell_of);
        Row(
            metric,
            point,
            value(&change.base),
            value(&change.head),
            relative(change).map(|relative| rounded(relative, 5)),
            verdict,
            short(&change.rule, 1000),
            self.behind(change).map(Box::new),
        )
    }
}

/// Returns the change as a share of the base.
fn relative(change: &Change) -> Option<f64> {
    match change.effect() {
        Some(Effect::Relative(relative)) => Some(relative),
        Some(Effect::Absolute(_)) | None => change.relative,
    }
}

/// Rounds to so many digits: what is drawn needs no more.
fn rounded(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits - 1).parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn read(comparison: &Comparison) -> serde_json::Value {
        let mut out = Vec::new();
        write(comparison, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let json = text.strip_prefix(r#"<script type="application/json" id="changes">"#).unwrap();
        serde_json::from_str(json.trim_end().strip_suffix("</script>").unwrap()).unwrap()
    }

    #[test]
    fn changes_carry_their_figures_and_repeats() {
        let data = read(&sample::red().comparison.unwrap());
        assert_eq!(data["rows"].as_array().unwrap().len(), 7);
        assert_eq!(data["names"]["left_out"], 0);
        let row = &data["rows"][0];
        assert_eq!(data["names"]["metrics"][row[0].as_u64().unwrap() as usize][0], "run_simulations.freq");
        assert_eq!(data["names"]["points"][row[1].as_u64().unwrap() as usize], "inv7_v1.8_nsch");
        assert_eq!((&row[2], &row[3]), (&6.1e8.into(), &5.785_714e8.into()));
        assert_eq!(data["names"]["verdicts"][row[5].as_u64().unwrap() as usize], "regressed");
        assert_eq!(row[7]["q"], 0.0042);
        assert_eq!(row[7]["base"].as_array().unwrap().len(), 10);
        assert_eq!(row[7]["band"][1], 6.112_2e8);
        let trend = &row[7]["trend"];
        assert_eq!(trend["v"].as_array().unwrap().len(), 5 * data["names"]["runs"].as_array().unwrap().len());
        assert_eq!(trend["c"][0][0], 5);
        assert!(trend["said"].as_str().unwrap().starts_with("the level changed before"), "{trend}");
        // What has no figures has no eighth part.
        assert!(data["rows"][6].get(7).is_none());
    }

    #[test]
    fn trends_without_room_are_counted() {
        let mut comparison = sample::red().comparison.unwrap();
        assert_eq!(read(&comparison)["names"]["untold"], 0);
        comparison.trends_left_out = 7;
        let value = comparison.trends[0].values[0];
        for trend in &mut comparison.trends {
            trend.values = vec![value; TREND_ROOM / 50 + 1];
        }
        let changes = comparison.changes.iter();
        let followed = changes
            .filter(|change| {
                comparison.trends.iter().any(|trend| (&trend.metric, &trend.point) == (&change.metric, &change.point))
            })
            .count();
        assert!(followed > 0);
        assert_eq!(read(&comparison)["names"]["untold"], 7 + followed);
    }

    #[test]
    fn too_many_changes_keep_those_that_want_a_look() {
        let data = read(sample::many_compared(10_000).comparison.as_ref().unwrap());
        let rows = data["rows"].as_array().unwrap();
        assert_eq!(rows.len() + data["names"]["left_out"].as_u64().unwrap() as usize, 50_000);
        assert!(rows.len() > 3000, "{}", rows.len());
        assert_eq!(rows.iter().filter(|row| row[5] == 0).count(), 1000);
    }
}
