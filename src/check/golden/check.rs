//! The check of a run against its golden table.

use super::assigned::{Assigned, as_written};
use super::measured::{MeasuredRows, golden_in_unit, measured_in_unit};
use super::planned::{PlannedPoint, planned_points};
use super::table::{GoldenRow, Table};
use super::tolerance::{self, EXACT};
use super::{GoldenFinding, GoldenVerdict};
use crate::check::condition::Condition;
use crate::check::measure::shorten_text;
use crate::ledger::{MeasuredValue, Verdict};
use crate::record::{MetricRow, RunRecord};
use crate::suite::{Goldens, Metric, Suite, Tolerance};
use crate::value::{Decimal, Value, show_number, show_numbers, with_unit};

/// What a check needs.
#[derive(Clone, Copy)]
pub struct GoldenCheck<'a> {
    /// The golden table.
    pub table: &'a Table,
    /// The suite as it is now.
    pub suite: &'a Suite,
    /// The run.
    pub record: &'a RunRecord,
    /// A part of the suite was planned (a filter or a profile): rows without a planned task mean
    /// nothing, and a stage that gathers has gathered other cases than the golden is of.
    pub partial: bool,
    /// The `let`s that a tolerance's `where` may name, by the point's parameters.
    pub lets: &'a dyn Fn(&PlannedPoint, &str) -> Option<Value>,
}

/// Checks every golden and every gated metric of every planned point: those in plan order, then the
/// rows of the table without a planned task. Where a task is a known failure, neither a value nor a
/// golden is asked for, since `bless` takes none there; mark the record's known failures first.
pub fn check(input: &GoldenCheck<'_>) -> Vec<GoldenFinding> {
    let planned = planned_points(input.suite, input.record);
    let goldens = Assigned::new(input.suite, input.table, &planned);
    let measured = MeasuredRows::of(input.record);
    let mut findings = Vec::new();
    for (place, point) in planned.iter().enumerate() {
        if input.partial && input.suite.gathers(point.stage) {
            continue;
        }
        let stage = &input.suite.stages[point.stage];
        for (index, metric) in stage.metrics.iter().enumerate() {
            let golden = goldens.get(place, index).map(|place| place.row);
            if golden.is_none() && metric.better.is_none() {
                continue;
            }
            let row = measured.get(stage, metric, &point.recorded);
            let pair = Pair { input, point, index, metric, golden, row };
            findings.push(pair.judge());
        }
    }
    if !input.partial {
        findings.extend(goldens.orphans());
    }
    findings
}

/// A metric at a planned point, its golden and its value.
struct Pair<'a> {
    input: &'a GoldenCheck<'a>,
    point: &'a PlannedPoint,
    index: usize,
    metric: &'a Metric,
    golden: Option<&'a GoldenRow>,
    row: Option<&'a MetricRow>,
}

impl Pair<'_> {
    fn judge(&self) -> GoldenFinding {
        let Pair { point, metric, .. } = self;
        let (unit, golden_unit) = self.own_units();
        let (tolerance, unclear) = match self.tolerance() {
            Ok(tolerance) => (tolerance, None),
            Err(why) => (EXACT, Some(why)),
        };
        let mut finding = GoldenFinding {
            metric: format!("{}.{}", self.input.suite.stages[point.stage].name, metric.name),
            point: point.point.clone(),
            verdict: GoldenVerdict::Missed,
            golden: self.golden.map(as_written),
            value: self.row.map(|row| row.value.clone()),
            unit,
            golden_unit,
            deviation: None,
            tolerance: tolerance::describe(tolerance, metric.unit.as_deref()),
            message: String::new(),
        };
        match (self.golden, self.row) {
            (None, _) | (_, None) if point.known => {
                finding.verdict = GoldenVerdict::Known;
                finding.message = "its task is a known failure".to_owned();
            }
            (None, Some(row)) => {
                finding.verdict = GoldenVerdict::Missing;
                finding.message = format!("measured {}, and {}", show(&row.value, row.unit.as_deref()), self.gap());
            }
            (None, None) => {
                finding.verdict = GoldenVerdict::Missing;
                finding.message = format!("{}, and {}", self.gap(), self.why_unmeasured());
            }
            (Some(_), None) => {
                finding.verdict = GoldenVerdict::Unmeasured;
                finding.message = self.why_unmeasured();
            }
            (Some(golden), Some(row)) => match unclear {
                Some(why) => finding.message = why,
                None => self.compare(golden, row, tolerance, &mut finding),
            },
        }
        finding
    }

    /// Returns the unit of the value as it is, or of the golden if there is no value, and that of the golden
    /// if it is another.
    fn own_units(&self) -> (Option<String>, Option<String>) {
        let named = |unit: Option<&String>| unit.filter(|unit| !unit.is_empty()).cloned();
        let metric = named(self.metric.unit.as_ref());
        let golden = named(self.golden.and_then(|golden| golden.unit.as_ref()));
        match self.row {
            Some(row) => {
                let unit = named(row.unit.as_ref()).or(metric);
                let other = golden.filter(|golden| Some(golden) != unit.as_ref());
                (unit, other)
            }
            None => (golden.or(metric), None),
        }
    }

    fn gap(&self) -> String {
        let metric = format!("{}.{}", self.input.suite.stages[self.point.stage].name, self.metric.name);
        self.input.table.gap(&metric, &self.point.point)
    }

    fn why_unmeasured(&self) -> String {
        why_unmeasured(self.point.verdict)
    }

    /// Returns the tolerance of the last rule that matches, or what stands beside the golden; without either
    /// it is exact.
    fn tolerance(&self) -> Result<Tolerance, String> {
        let beside = self.golden.and_then(|golden| golden.tolerance).unwrap_or(EXACT);
        let Some(Goldens { rules, .. }) = &self.input.suite.goldens else { return Ok(beside) };
        let param = |name: &str| {
            let found = self.point.params.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
            found.map(Value::Scalar).or_else(|| (self.input.lets)(self.point, name))
        };
        for rule in rules.iter().rev() {
            let own = rule
                .metrics
                .iter()
                .rev()
                .find(|(stage, metric, _)| (*stage, *metric) == (self.point.stage, self.index));
            let Some((_, _, tolerance)) = own else { continue };
            match Condition::new(rule.constraint.as_ref()).holds(&param) {
                Ok(true) => return Ok(*tolerance),
                Ok(false) => {}
                Err(err) => {
                    let hint = err.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
                    let place = self.input.suite.sources.place(rule.span);
                    return Err(format!("{place}: the `where` of its tolerance has no answer here: {err}{hint}"));
                }
            }
        }
        Ok(beside)
    }

    fn compare(&self, golden: &GoldenRow, row: &MetricRow, tolerance: Tolerance, finding: &mut GoldenFinding) {
        let measured = match &row.value {
            MeasuredValue::Text(text) => {
                let met = golden.value == *text;
                (finding.unit, finding.golden_unit) = (None, None);
                finding.golden = Some(MeasuredValue::Text(golden.value.clone()));
                finding.verdict = if met { GoldenVerdict::Met } else { GoldenVerdict::Missed };
                finding.tolerance = "exact".to_owned();
                finding.message = match met {
                    true => "equal".to_owned(),
                    false => format!("`{}` is not the golden `{}`", shorten_text(text), shorten_text(&golden.value)),
                };
                return;
            }
            MeasuredValue::Number(number) => *number,
        };
        let both = || {
            let (value, unit) = measured_in_unit(self.metric, row, measured)?;
            Ok((value, golden_in_unit(golden, unit.as_deref(), measured)?, unit))
        };
        let (value, expected, unit) = match both() {
            Ok(both) => both,
            Err(why) => {
                finding.message = why;
                return;
            }
        };
        let golden_value = expected.to_f64();
        (finding.unit, finding.golden_unit) = (unit, None);
        finding.value = Some(MeasuredValue::Number(value));
        finding.golden = Some(MeasuredValue::Number(golden_value));
        let Some(exact) = Decimal::from_f64(value) else {
            finding.message = format!("{value} is not a finite number, which no golden is met by");
            return;
        };
        if !expected.is_zero() {
            finding.deviation = Some((value - golden_value) / golden_value.abs());
        }
        let met = tolerance::is_met(tolerance, self.metric.better, expected, exact);
        finding.verdict = if met { GoldenVerdict::Met } else { GoldenVerdict::Missed };
        finding.message = self.sentence(exact, expected, finding);
    }

    fn sentence(&self, value: Decimal, golden: Decimal, finding: &GoldenFinding) -> String {
        if value == golden {
            return "equal".to_owned();
        }
        let (shown, expected) = show_numbers(value.to_f64(), golden.to_f64());
        let unit = finding.unit.as_deref();
        let (shown, expected) = (with_unit(&shown, unit), with_unit(&expected, unit));
        let side = if value > golden { "above" } else { "below" };
        let by = match finding.deviation {
            Some(deviation) => format!("{}% {side}", show_number(rounded(deviation.abs() * 100.0))),
            None => side.to_owned(),
        };
        let allowed = match finding.tolerance.as_str() {
            "exact" => "none".to_owned(),
            "not worse" => "no worse value is".to_owned(),
            other => other.to_owned(),
        };
        match finding.verdict {
            GoldenVerdict::Met => format!("{shown} is {by} the golden {expected}, {allowed} allowed"),
            _ if allowed == "none" => format!("{shown} is {by} the golden {expected}, which must be met exactly"),
            _ => format!("{shown} is {by} the golden {expected}, {allowed} allowed"),
        }
    }
}

/// Says why a metric of a planned point has no value.
pub(super) fn why_unmeasured(verdict: Verdict) -> String {
    match verdict {
        Verdict::Pass | Verdict::Fail => "its task gave no value".to_owned(),
        Verdict::Skipped => "its task was skipped".to_owned(),
        Verdict::Lost => "its task was lost".to_owned(),
        Verdict::Timeout => "its task was killed by its time limit".to_owned(),
        Verdict::Error => "its task ended in error".to_owned(),
    }
}

/// Keeps two significant digits, or all before the point.
fn rounded(percent: f64) -> f64 {
    if !percent.is_finite() || percent == 0.0 {
        return percent;
    }
    let digits = (1 - percent.log10().floor() as i32).clamp(0, 300);
    format!("{percent:.*}", digits as usize).parse().unwrap_or(percent)
}

fn show(value: &MeasuredValue, unit: Option<&str>) -> String {
    match value {
        MeasuredValue::Number(number) => with_unit(&show_number(*number), unit),
        MeasuredValue::Text(text) => format!("`{}`", shorten_text(text)),
    }
}
