//! The plots of a suite: where a run passes, and where it passed before and fails now.

use crate::compare::{Comparison, ComparisonVerdict};
use crate::expr::{Operand, Program};
use crate::ledger::MeasuredValue;
use crate::plan::Plan;
use crate::record::RunRecord;
use crate::report::{DiffCell, GridAxis, GridCell, ShmooDiff, ShmooGrid};
use crate::suite::{ParamIndex, ShmooPlot, StageIndex};
use crate::value::{PointName, Scalar};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Draws the shmoo plots of a suite.
pub fn plots(plan: &Plan, record: &RunRecord) -> Vec<ShmooGrid> {
    if plan.suite.plots.is_empty() {
        return Vec::new();
    }
    let values = MetricValues::of_record(record);
    let grids = plan.suite.plots.iter().flat_map(|plot| {
        let Some(question) = Question::new(plan, plot) else { return Vec::new() };
        let mut grids: BTreeMap<Fixed, Vec<Vec<GridCell>>> = BTreeMap::new();
        for (case, place) in question.places(record.cases.len()) {
            let cell = place.cell(&question, &mut grids);
            match question.passes(case, &values) {
                Some(true) => cell.pass += 1,
                Some(false) => cell.fail += 1,
                None => cell.unknown += 1,
            }
        }
        let grid = |(fixed, cells)| ShmooGrid {
            pass: plot.pass.text().to_owned(),
            x: question.axis(plot.x, &question.x),
            y: question.axis(plot.y, &question.y),
            fixed: question.named(fixed),
            cells,
        };
        grids.into_iter().map(grid).collect()
    });
    grids.collect()
}

/// Draws what changed in the plots against the run compared with; none if there is no such run.
///
/// What the base measured is taken from the comparison, under the present names and in the present units.
pub fn plot_diffs(plan: &Plan, record: &RunRecord, comparison: &Comparison) -> Vec<ShmooDiff> {
    let Some(base) = &comparison.base else { return Vec::new() };
    if plan.suite.plots.is_empty() {
        return Vec::new();
    }
    let (now, before) = (MetricValues::of_record(record), MetricValues::of_base(comparison));
    let added: HashSet<&str> = comparison.added_cases.iter().map(PointName::as_str).collect();
    let diffs = plan.suite.plots.iter().flat_map(|plot| {
        let Some(question) = Question::new(plan, plot) else { return Vec::new() };
        let mut grids: BTreeMap<Fixed, Vec<Vec<DiffCell>>> = BTreeMap::new();
        for (case, place) in question.places(record.cases.len()) {
            let cell = place.cell(&question, &mut grids);
            let is_new = added.contains(record.cases[case].name.as_str());
            let passed = if is_new { None } else { question.passes(case, &before) };
            match (passed, question.passes(case, &now)) {
                (Some(true), Some(false)) => cell.broke += 1,
                (Some(false), Some(true)) => cell.mended += 1,
                (Some(true), Some(true)) => cell.pass += 1,
                (Some(false), Some(false)) => cell.fail += 1,
                (None, _) | (_, None) => cell.unknown += 1,
            }
        }
        let diff = |(fixed, cells)| ShmooDiff {
            base: base.run.clone(),
            pass: plot.pass.text().to_owned(),
            x: question.axis(plot.x, &question.x),
            y: question.axis(plot.y, &question.y),
            fixed: question.named(fixed),
            cells,
        };
        grids.into_iter().map(diff).collect()
    });
    diffs.collect()
}

/// The values of the fixed parameters of a plot.
type Fixed = Vec<Option<Scalar>>;

/// What a plot asks of each case.
struct Question<'a> {
    plan: &'a Plan,
    plot: &'a ShmooPlot,
    /// The values along the width and the height.
    x: Vec<Scalar>,
    y: Vec<Scalar>,
    program: Program,
    names: Vec<Named>,
}

/// What a name of the expression stands for.
enum Named {
    Param(ParamIndex),
    /// Metrics that are called so: stage, and `STAGE.METRIC`.
    Metrics(Vec<(StageIndex, String)>),
}

/// Where a case lies.
struct Place {
    row: usize,
    column: usize,
    fixed: Fixed,
}

impl Place {
    fn cell<'g, Cell: Default + Clone>(
        self,
        question: &Question<'_>,
        grids: &'g mut BTreeMap<Fixed, Vec<Vec<Cell>>>,
    ) -> &'g mut Cell {
        let Place { row, column, fixed } = self;
        let empty = || vec![vec![Cell::default(); question.x.len()]; question.y.len()];
        &mut grids.entry(fixed).or_insert_with(empty)[row][column]
    }
}

impl<'a> Question<'a> {
    /// Returns nothing if the expression cannot be compiled, which the suite has been checked for.
    fn new(plan: &'a Plan, plot: &'a ShmooPlot) -> Option<Question<'a>> {
        let suite = &plan.suite;
        let texts: Vec<String> = plot.pass.names().iter().map(|name| name.name.to_owned()).collect();
        let program = plot.pass.compile(&texts).ok()?;
        let metric = |(stage, metric): (StageIndex, usize)| {
            let stage_suite = &suite.stages[stage];
            (stage, format!("{}.{}", stage_suite.name, stage_suite.metrics[metric].name))
        };
        let names = texts.iter().map(|name| match suite.schema.index(name) {
            Some(param) => Named::Param(param),
            None => Named::Metrics(suite.metrics_named(name).into_iter().map(metric).collect()),
        });
        let names = names.collect();
        Some(Question { x: values_of(plan, plot.x), y: values_of(plan, plot.y), plan, plot, program, names })
    }

    /// Returns the cases that have a value on both axes.
    fn places(&self, cases: usize) -> impl Iterator<Item = (usize, Place)> + '_ {
        (0..self.plan.cases.len().min(cases)).filter_map(|case| {
            let value = |param: ParamIndex| self.plan.cases.value(case, param);
            let place = |param, values: &[Scalar]| {
                let own = value(param)?;
                values.iter().position(|other| other == own)
            };
            let fixed = self.plot.per.iter().map(|&param| value(param).cloned()).collect();
            Some((case, Place { column: place(self.plot.x, &self.x)?, row: place(self.plot.y, &self.y)?, fixed }))
        })
    }

    /// Tells whether a case passes; none if something was not measured.
    fn passes(&self, case: usize, metrics: &MetricValues<'_>) -> Option<bool> {
        let operand = |name: &Named| match name {
            Named::Param(param) => self.plan.cases.value(case, *param).map(Operand::from),
            Named::Metrics(found) => found.iter().find_map(|(stage, metric)| {
                let point = self.plan.stage_tasks(*stage).point(case)?;
                let by_rows = self.plan.suite.stages[*stage].rows.is_some();
                let point = if by_rows { self.plan.case_name(case) } else { self.plan.point_name(*stage, point) };
                metrics.get(metric, &point)
            }),
        };
        let operands: Vec<Option<Operand>> = self.names.iter().map(operand).collect();
        self.program.eval_f64_bool(|slot: usize| operands[slot].as_ref().map(Operand::borrowed)).ok()
    }

    fn axis(&self, param: ParamIndex, values: &[Scalar]) -> GridAxis {
        let param = &self.plan.suite.schema.params()[param];
        GridAxis { param: param.name.clone(), unit: param.unit.clone(), values: values.to_vec() }
    }

    fn named(&self, fixed: Fixed) -> Vec<(String, Scalar)> {
        let params = self.plan.suite.schema.params();
        let named = self.plot.per.iter().zip(fixed);
        named.filter_map(|(&param, value)| Some((params[param].name.clone(), value?))).collect()
    }
}

/// Returns the values of a parameter over all cases: numbers ascending, others in plan order.
fn values_of(plan: &Plan, param: ParamIndex) -> Vec<Scalar> {
    let mut seen = HashSet::new();
    let values = (0..plan.cases.len()).filter_map(|case| plan.cases.value(case, param));
    let mut values: Vec<Scalar> = values.filter(|value| seen.insert(*value)).cloned().collect();
    if values.iter().all(|value| value.number().is_some()) {
        values.sort();
    }
    values
}

/// Values by point and `STAGE.METRIC`.
struct MetricValues<'a>(HashMap<&'a str, Vec<(Reference<'a>, &'a MeasuredValue)>>);

/// `STAGE.METRIC`, whole or in parts.
enum Reference<'a> {
    Whole(&'a str),
    Parts(&'a str, &'a str),
}

impl Reference<'_> {
    fn is(&self, wanted: &str) -> bool {
        match self {
            Reference::Whole(own) => *own == wanted,
            Reference::Parts(stage, metric) => {
                wanted.strip_prefix(stage).and_then(|rest| rest.strip_prefix('.')) == Some(metric)
            }
        }
    }
}

impl<'a> MetricValues<'a> {
    fn of_record(record: &'a RunRecord) -> MetricValues<'a> {
        let mut by_point: HashMap<&str, Vec<_>> = HashMap::new();
        for row in &record.metrics {
            let reference = Reference::Parts(row.stage.as_str(), row.metric.as_str());
            by_point.entry(row.point.as_str()).or_default().push((reference, &row.value));
        }
        MetricValues(by_point)
    }

    /// Returns what the base measured at points that this run measured too.
    fn of_base(comparison: &'a Comparison) -> MetricValues<'a> {
        let mut by_point: HashMap<&str, Vec<_>> = HashMap::new();
        for change in &comparison.changes {
            let (Some(base), Some(_)) = (&change.base, &change.head) else { continue };
            // Without a relative change the two are in units, or of kinds, that cannot be compared.
            let is_number = matches!(base, MeasuredValue::Number(_));
            if change.verdict == ComparisonVerdict::Incomparable && is_number && change.relative.is_none() {
                continue;
            }
            by_point.entry(change.point.as_str()).or_default().push((Reference::Whole(&change.metric), base));
        }
        MetricValues(by_point)
    }

    fn get(&self, metric: &str, point: &PointName) -> Option<Operand> {
        let (_, value) = self.0.get(point.as_str())?.iter().find(|(reference, _)| reference.is(metric))?;
        Some(match value {
            MeasuredValue::Number(number) => Operand::Number(*number),
            MeasuredValue::Text(text) => Operand::Text(text.clone()),
        })
    }
}
