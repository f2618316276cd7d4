//! Which metric at which point of one run belongs to which of the other.

use super::is_partial;
use super::rekeyed::{Place, rekey_all};
use crate::ledger::Verdict;
use crate::record::{MetricInfo, MetricRow, RunRecord, TaskRecord, is_of_model};
use crate::suite::{Metric, Stage, Suite};
use crate::value::{PointName, QuickMap, Repeat, Scalar};
use std::collections::HashMap;

/// A metric at a point, as both runs have it; at least one does.
pub(super) struct Pair<'a> {
    /// `STAGE.METRIC`, by its present name.
    pub(super) metric: String,
    /// The point: this run's name, or the base's where only the base has it.
    pub(super) point: PointName,
    pub(super) head: Option<&'a MetricRow>,
    pub(super) base: Option<&'a MetricRow>,
    /// The places of the two among all rows of their runs.
    pub(super) rows: Rows,
    /// The metric in the present suite.
    pub(super) declared: Option<&'a Metric>,
    pub(super) head_info: Option<&'a MetricInfo>,
    pub(super) base_info: Option<&'a MetricInfo>,
    /// Where a stage gathers: the number of cases below its task, in this run and in the base.
    pub(super) gathered: Option<(u64, u64)>,
    /// Why one side is not there.
    pub(super) reason: String,
    /// The run that has it not planned it, and its task gave nothing.
    pub(super) unmeasured: bool,
}

/// The places of the rows of a pair, in this run and in the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) head: Option<usize>,
    pub(super) base: Option<usize>,
}

/// Pairs all metrics of two runs: those of this run in its order, then those of the base alone. Coefficients of
/// models are told of by what they predict, elsewhere.
pub(super) fn pair<'a>(head: &'a RunRecord, base: &'a RunRecord, suite: &'a Suite) -> Vec<Pair<'a>> {
    let places = places(base, suite);
    let declared = Declared::new(suite);
    let infos = (Infos::new(head), Infos::new(base));
    let mut before: QuickMap<(&str, &str, &PointName), usize> = QuickMap::default();
    for (index, (row, place)) in base.metrics.iter().zip(&places).enumerate() {
        if let Place::Point(point) = place {
            let key = (row.stage.as_str(), declared.present_name(suite, base, row), point);
            // Under the present name first: an old name may be in use again.
            let renamed = key.1 != row.metric.as_str();
            if !renamed || !before.contains_key(&key) {
                before.insert(key, index);
            }
        }
    }
    let tasks = (Tasks::new(head), Tasks::new(base));
    let gathers: Vec<bool> = (0..suite.stages.len()).map(|stage| suite.gathers(stage)).collect();
    let mut used = vec![false; base.metrics.len()];
    let mut pairs = Vec::with_capacity(head.metrics.len());
    for (place, row) in head.metrics.iter().enumerate().filter(|(_, row)| !is_of_model(&row.stage)) {
        let found = before.get(&(row.stage.as_str(), row.metric.as_str(), &row.point)).copied();
        if let Some(index) = found {
            used[index] = true;
        }
        let earlier = found.map(|index| &base.metrics[index]);
        let planned = tasks.1.verdict(row.stage.as_str(), &row.point);
        let (reason, unmeasured) = match (earlier, infos.1.get_any(row, &declared)) {
            (Some(_), _) => (String::new(), false),
            // The runs are compared on what both planned.
            (None, _) if planned.is_none() && is_partial(base) => continue,
            (None, None) => ("the base did not measure this metric".to_owned(), false),
            (None, Some(_)) => match planned {
                Some(verdict) => (format!("the base planned it, and {}", ended(verdict)), true),
                None => ("the base had no such point".to_owned(), false),
            },
        };
        let gathered = earlier.filter(|_| suite.stage(row.stage.as_str()).is_some_and(|stage| gathers[stage]));
        let gathered = gathered.and_then(|earlier| {
            let now = tasks.0.cases(row.stage.as_str(), &row.point)?;
            Some((now, tasks.1.cases(earlier.stage.as_str(), &earlier.point)?))
        });
        pairs.push(Pair {
            metric: row.reference(),
            point: row.point.clone(),
            head: Some(row),
            base: earlier,
            rows: Rows { head: Some(place), base: found },
            declared: declared.get(row.stage.as_str(), row.metric.as_str()),
            head_info: infos.0.get(row),
            base_info: earlier.and_then(|row| infos.1.get(row)),
            gathered,
            reason,
            unmeasured,
        });
    }
    let gone = base.metrics.iter().zip(&places).enumerate().filter(|(index, _)| !used[*index]);
    for (index, (row, place)) in gone.filter(|(_, (row, _))| !is_of_model(&row.stage)) {
        let name = declared.present_name(suite, base, row);
        let planned = match place {
            Place::Point(point) => tasks.0.verdict(row.stage.as_str(), point),
            Place::Gone(_) => None,
        };
        if planned.is_none() && is_partial(head) {
            continue;
        }
        let reason = match (place, planned) {
            (Place::Gone(why), _) => why.clone(),
            (Place::Point(_), Some(_)) if declared.get(row.stage.as_str(), name).is_none() => {
                "the suite no longer declares this metric".to_owned()
            }
            (Place::Point(_), Some(verdict)) => format!("this run planned it, and {}", ended(verdict)),
            (Place::Point(_), None) => "no longer planned".to_owned(),
        };
        pairs.push(Pair {
            metric: format!("{}.{name}", row.stage),
            point: match place {
                Place::Point(point) if planned.is_some() => point.clone(),
                Place::Point(_) | Place::Gone(_) => row.point.clone(),
            },
            head: None,
            base: Some(row),
            rows: Rows { head: None, base: Some(index) },
            declared: declared.get(row.stage.as_str(), name),
            head_info: None,
            base_info: infos.1.get(row),
            gathered: None,
            reason,
            unmeasured: planned.is_some(),
        });
    }
    pairs
}

fn ended(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass | Verdict::Fail => "its task gave no value",
        Verdict::Skipped => "its task was skipped",
        Verdict::Lost => "its task was lost",
        Verdict::Timeout => "its task was killed by its time limit",
        Verdict::Error => "its task ended in error",
    }
}

/// Returns what became of the point of each row of the base.
fn places(base: &RunRecord, suite: &Suite) -> Vec<Place> {
    let all: Vec<usize> = (0..suite.schema.len()).collect();
    let mut places: Vec<Option<Place>> = vec![None; base.metrics.len()];
    let mut by_stage: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, row) in base.metrics.iter().enumerate() {
        by_stage.entry(row.stage.as_str()).or_default().push(index);
    }
    for (name, rows) in by_stage {
        let Some(stage) = suite.stage(name).map(|stage| &suite.stages[stage]) else {
            for index in rows {
                places[index] = Some(Place::Gone(format!("the suite has no stage `{name}` now")));
            }
            continue;
        };
        let within = if stage.rows.is_some() { &all } else { &stage.per };
        // Each point once, since its metrics share its fate; and those that measured nothing too,
        // since they show how many values a parameter had.
        let mut points: Vec<&[(String, Scalar)]> = Vec::new();
        let mut seen: QuickMap<&PointName, usize> = QuickMap::default();
        let mut add = |point, params| {
            seen.entry(point).or_insert_with(|| {
                points.push(params);
                points.len() - 1
            });
        };
        if stage.rows.is_some() {
            base.cases.iter().for_each(|case| add(&case.name, case.params.as_slice()));
        } else {
            let tasks = base.tasks.iter().filter(|task| task.task.stage.as_str() == name);
            tasks.for_each(|task| add(&task.task.point, &task.params));
        }
        rows.iter().map(|&index| &base.metrics[index]).for_each(|row| add(&row.point, &row.params));
        let found = rekey_all(&points, suite, within);
        for index in rows {
            let place = seen.get(&base.metrics[index].point).map(|&point| found[point].clone());
            places[index] = place;
        }
    }
    places.into_iter().map(|place| place.expect("every row has a stage, and every stage was looked at")).collect()
}

/// The metrics of the present suite, by stage and name.
struct Declared<'a>(QuickMap<(&'a str, &'a str), &'a Metric>);

impl<'a> Declared<'a> {
    fn new(suite: &'a Suite) -> Declared<'a> {
        let named = |stage: &'a Stage| {
            stage.metrics.iter().map(move |metric| ((stage.name.as_str(), metric.name.as_str()), metric))
        };
        Declared(suite.stages.iter().flat_map(named).collect())
    }

    fn get(&self, stage: &str, metric: &str) -> Option<&'a Metric> {
        self.0.get(&(stage, metric)).copied()
    }

    /// Returns the present name of a metric of the base: its own, unless the suite says that another
    /// metric was called so.
    fn present_name(&self, suite: &'a Suite, base: &'a RunRecord, row: &'a MetricRow) -> &'a str {
        let own = row.metric.as_str();
        if self.get(row.stage.as_str(), own).is_some() {
            return own;
        }
        let Some(stage) = suite.stage(row.stage.as_str()) else { return own };
        // Unless the base measured under the present name too.
        let free = |metric: &&Metric| {
            let infos = &base.run.metric_infos;
            !infos.iter().any(|info| info.stage == row.stage && info.metric == metric.name)
        };
        let was = |metric: &&Metric| metric.was.iter().any(|was| was == own);
        let renamed = suite.stages[stage].metrics.iter().filter(was).find(free);
        renamed.map_or(own, |metric| metric.name.as_str())
    }
}

/// The declared metrics of a run, by name.
struct Infos<'a>(QuickMap<(&'a str, &'a str), &'a MetricInfo>);

impl<'a> Infos<'a> {
    fn new(record: &'a RunRecord) -> Infos<'a> {
        let infos = record.run.metric_infos.iter();
        Infos(infos.map(|info| ((info.stage.as_str(), info.metric.as_str()), info)).collect())
    }

    fn get(&self, row: &MetricRow) -> Option<&'a MetricInfo> {
        self.0.get(&(row.stage.as_str(), row.metric.as_str())).copied()
    }

    /// Returns the metric under its name or an earlier one.
    fn get_any(&self, row: &MetricRow, declared: &Declared<'_>) -> Option<&'a MetricInfo> {
        self.get(row).or_else(|| {
            let metric = declared.get(row.stage.as_str(), row.metric.as_str())?;
            metric.was.iter().find_map(|was| self.0.get(&(row.stage.as_str(), was.as_str())).copied())
        })
    }
}

/// How the tasks of a run ended, and how many cases hang on them, by stage and point; rows of cases
/// count as tasks.
struct Tasks<'a>(QuickMap<(&'a str, &'a PointName), (Verdict, u64)>);

impl<'a> Tasks<'a> {
    fn new(record: &'a RunRecord) -> Tasks<'a> {
        let mut tasks: QuickMap<(&str, &PointName), (Verdict, u64)> = QuickMap::default();
        let mut add = |task: &'a TaskRecord, point: &'a PointName, verdict: Verdict, cases: u64| {
            let (known, _) = tasks.entry((task.task.stage.as_str(), point)).or_insert((verdict, cases));
            *known = verdict.max(*known);
        };
        for task in &record.tasks {
            if matches!(task.task.repeat, Some(Repeat::Warmup(_))) {
                continue;
            }
            add(task, &task.task.point, task.verdict, task.cases);
            for row in &task.rows {
                add(task, &row.case, row.verdict, 1);
            }
        }
        Tasks(tasks)
    }

    fn verdict(&self, stage: &str, point: &PointName) -> Option<Verdict> {
        self.0.get(&(stage, point)).map(|(verdict, _)| *verdict)
    }

    fn cases(&self, stage: &str, point: &PointName) -> Option<u64> {
        self.0.get(&(stage, point)).map(|(_, cases)| *cases)
    }
}
