//! The rows of a model: the points of its stage, with parameters, named values and metrics as columns.

use crate::expr::{Expr, Operand, Program};
use crate::ledger::MeasuredValue;
use crate::plan::{Plan, Scope};
use crate::record::{LeftOutRows, MetricRow, RunRecord};
use crate::suite::{Model, ParamIndex};
use crate::value::{PointName, Scalar, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The column of the table that names the point; no name in expressions has a bracket.
const POINT_COLUMN: &str = "(point)";

/// The rows for which `where` holds.
pub(super) struct ModelRows {
    /// The names of the columns.
    pub(super) names: Vec<String>,
    /// The rows, in plan order.
    pub(super) rows: Vec<ModelRow>,
    /// Rows of which it cannot be told whether they take part.
    pub(super) left_out: Vec<LeftOutRows>,
    /// Points for which `where` does not hold.
    pub(super) not_wanted: u64,
}

/// A point of the stage.
pub(super) struct ModelRow {
    /// The point.
    pub(super) point: PointName,
    /// The value of each parameter.
    pub(super) params: Vec<Option<Scalar>>,
    /// The value of each column.
    pub(super) cells: Vec<Option<Operand>>,
    /// Whether it is kept out of the fit.
    pub(super) held_back: bool,
}

impl ModelRow {
    /// Evaluates a truth value.
    fn holds(&self, program: &Program) -> Result<bool, String> {
        let slot = |slot: usize| self.cells[slot].as_ref().map(Operand::borrowed);
        program.eval_f64_bool(slot).map_err(|error| error.to_string())
    }
}

impl ModelRows {
    /// Returns the table of the rows that are to be fitted, as CSV.
    pub(super) fn table(&self) -> Vec<u8> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let header = std::iter::once(POINT_COLUMN).chain(self.names.iter().map(String::as_str));
        writer.write_record(header).expect("memory takes all");
        for row in self.rows.iter().filter(|row| !row.held_back) {
            let cells = row.cells.iter().map(|cell| cell.as_ref().map(text_of).unwrap_or_default());
            let record = std::iter::once(row.point.to_string()).chain(cells);
            writer.write_record(record).expect("every row has all columns");
        }
        writer.into_inner().expect("memory takes all")
    }

    /// Returns why no row is left to be fitted; none where one is.
    pub(super) fn nothing_to_fit(&self) -> Option<String> {
        if self.rows.iter().any(|row| !row.held_back) {
            return None;
        }
        let told =
            |rows: u64, why: String| if rows == 1 { format!("1 row {why}") } else { format!("{rows} rows {why}") };
        let mut reasons: Vec<String> =
            self.left_out.iter().map(|left| told(left.rows, format!("left out: {}", left.reason))).collect();
        if !self.rows.is_empty() {
            reasons.push(told(self.rows.len() as u64, "held back by `held_back`".to_owned()));
        }
        if self.not_wanted > 0 {
            reasons.push(format!("`where` does not hold for {}", self.not_wanted));
        }
        let why = if reasons.is_empty() { "its stage has no point".to_owned() } else { reasons.join(", ") };
        Some(format!("no row is left for the fit: {why}"))
    }

    /// Returns the values of `by` of a row, as the table has them.
    pub(super) fn by_of(&self, model: &Model, row: &ModelRow) -> Vec<String> {
        let text = |&param: &ParamIndex| row.params[param].as_ref().map(|value| text_of(&value.into()));
        model.by.iter().map(|param| text(param).unwrap_or_default()).collect()
    }
}

fn text_of(operand: &Operand) -> String {
    match operand {
        Operand::Number(number) => number.to_string(),
        Operand::Bool(value) => value.to_string(),
        Operand::Text(text) => text.clone(),
        // Lists have no column.
        Operand::List(_) | Operand::Words(_) => String::new(),
    }
}

/// Returns the rows of a model; the error says why it has none.
pub(super) fn model_rows(plan: &Plan, record: &RunRecord, model: &Model) -> Result<ModelRows, String> {
    let reader = Reader::new(plan, record, model)?;
    let program = |expr: &Expr| expr.compile(&reader.names).map_err(|error| error.to_string());
    let wanted = model.constraint.as_ref().map(|constraint| program(&constraint.expr)).transpose()?;
    let held = model.held_back.as_ref().map(program).transpose()?;
    let (mut rows, mut left_out, mut not_wanted) = (Vec::new(), BTreeMap::<String, u64>::new(), 0);
    for mut row in reader.all() {
        let takes_part = wanted.as_ref().map_or(Ok(true), |program| row.holds(program));
        let held_back = held.as_ref().map_or(Ok(false), |program| row.holds(program));
        match (takes_part, held_back) {
            (Ok(false), _) => not_wanted += 1,
            (Ok(true), Ok(held_back)) => {
                row.held_back = held_back;
                rows.push(row);
            }
            (Err(why), _) | (_, Err(why)) => *left_out.entry(why).or_default() += 1,
        }
    }
    let left_out = left_out.into_iter().map(|(reason, rows)| LeftOutRows { reason, rows }).collect();
    Ok(ModelRows { names: reader.names, rows, left_out, not_wanted })
}

/// Reads the rows of a model.
struct Reader<'a> {
    plan: &'a Plan,
    model: &'a Model,
    /// The parameters of a point.
    within: Vec<ParamIndex>,
    names: Vec<String>,
    /// Named values that expressions use.
    lets: Vec<String>,
    metrics: Vec<&'a str>,
    measured: HashMap<&'a str, Vec<&'a MetricRow>>,
}

impl<'a> Reader<'a> {
    fn new(plan: &'a Plan, record: &'a RunRecord, model: &'a Model) -> Result<Reader<'a>, String> {
        let suite = &plan.suite;
        let stage = &suite.stages[model.stage];
        let within = if stage.rows.is_some() { (0..suite.schema.len()).collect() } else { stage.per.clone() };
        let metrics: Vec<&str> = stage.metrics.iter().map(|metric| metric.name.as_str()).collect();
        let params: Vec<String> = within.iter().map(|&param| suite.schema.params()[param].name.clone()).collect();
        let used: BTreeSet<String> = model
            .expressions()
            .flat_map(|expr| expr.names().into_iter().chain(expr.guarded_names()))
            .map(|name| name.name.to_owned())
            .collect();
        let is_let = |name: &String| !metrics.contains(&name.as_str()) && suite.schema.index(name).is_none();
        let lets: Vec<String> = used.into_iter().filter(is_let).collect();
        // A metric hides a parameter of its name.
        let params = params.into_iter().filter(|name| !metrics.contains(&name.as_str()));
        let names = params.chain(lets.iter().cloned()).chain(metrics.iter().map(|name| (*name).to_owned())).collect();
        let mut measured: HashMap<&str, Vec<&MetricRow>> = HashMap::new();
        for row in record.metrics.iter().filter(|row| row.stage == stage.name) {
            measured.entry(row.point.as_str()).or_default().push(row);
        }
        let reader = Reader { plan, model, within, names, lets, metrics, measured };
        reader.check_lets()?;
        Ok(reader)
    }

    /// Refuses a named value that is not the same all over a point of the stage.
    fn check_lets(&self) -> Result<(), String> {
        let suite = &self.plan.suite;
        let nothing = |_: ParamIndex| None;
        for block in 0..suite.blocks.len() {
            let scope = Scope::of_block(suite, Some(block), &nothing).at_stage(self.model.stage, "");
            for name in &self.lets {
                let mut params = BTreeSet::new();
                match self.model.lets.iter().find(|own| own.name == *name) {
                    Some(own) => scope.params_of_computed(&own.value, &mut params),
                    None => scope.params_of(name, &mut params),
                }
                if let Some(other) = params.iter().find(|param| !self.within.contains(param)) {
                    let (stage, other) = (&suite.stages[self.model.stage].name, &suite.schema.params()[*other].name);
                    return Err(format!(
                        "`{name}` depends on `{other}`, which has several values at a point of `{stage}`"
                    ));
                }
            }
        }
        Ok(())
    }

    fn all(&self) -> Vec<ModelRow> {
        let plan = self.plan;
        if plan.suite.stages[self.model.stage].rows.is_some() {
            let cases = (0..plan.cases.len()).filter(|&case| plan.stage_tasks(self.model.stage).point(case).is_some());
            return cases.map(|case| self.row(case, plan.case_name(case))).collect();
        }
        let tasks = plan.stage_tasks(self.model.stage);
        let row = |point: u32| self.row(tasks.case(point), plan.point_name(self.model.stage, point));
        (0..tasks.points()).map(row).collect()
    }

    fn row(&self, case: usize, point: PointName) -> ModelRow {
        let plan = self.plan;
        let params = (0..plan.cases.params()).map(|param| self.value(case, param).cloned());
        let params: Vec<Option<Scalar>> = params.collect();
        let lets = self.lets_at(case, &point);
        let mut cells: Vec<Option<Operand>> = Vec::with_capacity(self.names.len());
        for &param in &self.within {
            if !self.metrics.contains(&plan.suite.schema.params()[param].name.as_str()) {
                cells.push(params[param].as_ref().map(Operand::from));
            }
        }
        cells.extend(self.lets.iter().map(|name| match lets.get(name) {
            Some(Value::Scalar(scalar)) => Some(Operand::from(scalar)),
            Some(Value::List(_)) | None => None,
        }));
        let measured = self.measured.get(point.as_str());
        cells.extend(self.metrics.iter().map(|name| {
            let row = measured?.iter().find(|row| row.metric.as_str() == *name)?;
            Some(match &row.value {
                MeasuredValue::Number(number) => Operand::Number(*number),
                MeasuredValue::Text(text) => Operand::Text(text.clone()),
            })
        }));
        ModelRow { point, params, cells, held_back: false }
    }

    /// Computes the named values; one that has none here is left out, as is the row if it needs it.
    fn lets_at(&self, case: usize, point: &PointName) -> BTreeMap<String, Value> {
        let (plan, stage) = (self.plan, self.model.stage);
        let block = Some(plan.cases.block(case));
        let mut own: BTreeMap<String, Value> = BTreeMap::new();
        // Those of the model may use one another, in any order.
        for _ in 0..self.model.lets.len() {
            let known = own.clone();
            let value_of = |param: ParamIndex| self.value(case, param);
            let scope = Scope::of_block(&plan.suite, block, &value_of).at_stage(stage, point.as_str()).with_set(&known);
            for entry in self.model.lets.iter().filter(|entry| !known.contains_key(&entry.name)) {
                if let Ok(value) = scope.computed(&entry.value, entry.span) {
                    own.insert(entry.name.clone(), value);
                }
            }
            if own.len() == known.len() {
                break;
            }
        }
        let value_of = |param: ParamIndex| self.value(case, param);
        let scope = Scope::of_block(&plan.suite, block, &value_of).at_stage(stage, point.as_str());
        for name in self.lets.iter().filter(|name| !self.model.lets.iter().any(|entry| entry.name == **name)) {
            if let Ok(Some(value)) = scope.lookup(name) {
                own.insert(name.clone(), value);
            }
        }
        own
    }

    /// Returns the value of a parameter of the stage's points.
    fn value(&self, case: usize, param: ParamIndex) -> Option<&Scalar> {
        self.plan.cases.value(case, param).filter(|_| self.within.contains(&param))
    }
}
