//! From a record to rows, and from rows to what is asked for.

use super::database::{Database, Datum, Fields};
use super::{DatabaseError, RunFilter, RunSummary};
use crate::ledger::{Measured, MeasuredValue, Verdict};
use crate::record::{Artifact, CaseRecord, Costs, MetricRow, RunInfo, RunRecord, SourceInfo, TaskRecord};
use crate::value::{PointName, Repeat, RunId, Scalar, SuiteName, TaskKey};
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, HashMap};

/// Returns a value as JSON text.
fn json(value: &impl Serialize) -> Result<Datum, DatabaseError> {
    Ok(Datum::text(serde_json::to_string(value)?))
}

/// Returns parameters as a JSON object, in their order.
fn params_json(params: &[(String, Scalar)]) -> Result<Datum, DatabaseError> {
    struct Object<'a>(&'a [(String, Scalar)]);
    impl Serialize for Object<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
        }
    }
    json(&Object(params))
}

/// Returns the numbers of a JSON list. What is plainly one needs no parser of all JSON.
pub(super) fn numbers(text: &str) -> Result<Vec<f64>, DatabaseError> {
    let plain = |item: &str| {
        let is_number = item.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        if is_number { item.parse::<f64>().ok() } else { None }
    };
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let quick = inner.and_then(|inner| inner.split(',').map(plain).collect::<Option<Vec<f64>>>());
    match quick {
        Some(numbers) if numbers.iter().all(|number| number.is_finite()) => Ok(numbers),
        _ => Ok(serde_json::from_str(text)?),
    }
}

/// Returns the text of a round: empty where a stage has no `repeat`, else `3` or `w1`.
fn round_text(key: &TaskKey) -> String {
    match key.repeat {
        None => String::new(),
        Some(Repeat::Measured(round)) => round.to_string(),
        Some(Repeat::Warmup(round)) => format!("w{round}"),
    }
}

/// Returns the task behind the columns `stage`, `point` and `round`.
pub(super) fn task_key(stage: &str, point: &str, round: &str) -> Result<TaskKey, DatabaseError> {
    let mark = if round.is_empty() { "" } else { "#" };
    Ok(format!("{stage}/{point}{mark}{round}").parse()?)
}

/// Returns the seconds that a task took with all its attempts.
fn elapsed(task: &TaskRecord) -> f64 {
    task.tries.iter().map(|attempt| attempt.usage.wall).sum::<f64>() + task.usage.wall
}

/// The columns of a run that make its summary, in the order in which [`summary`] takes them.
pub(super) const SUMMARY_COLUMNS: &[&str] = &[
    "run",
    "suite",
    "suite_file",
    "plan",
    "suite_digest",
    "started",
    "finished",
    "shmoo",
    "complete",
    "filter",
    "profile",
    "stopped",
    "revision",
    "branch",
    "dirty",
    "merge_base",
    "base_branch",
    "pull_request",
    "attempt",
    "fork",
    "fingerprint",
    "archive",
    "task_counts",
    "case_counts",
    "core_seconds",
    "gibibyte_seconds",
];

/// The other columns of a run, in the order in which [`insert`] gives them.
const MORE_COLUMNS: &[&str] = &[
    "whole",
    "machine",
    "cpu",
    "cores",
    "memory",
    "kernel",
    "governor",
    "virtualisation",
    "label",
    "tools",
    "record_version",
    "record_digest",
    "record",
];

/// Returns the values of [`SUMMARY_COLUMNS`].
fn summary_values(summary: &RunSummary) -> Result<Vec<Datum>, DatabaseError> {
    let RunSummary {
        id,
        suite,
        suite_file,
        plan,
        suite_digest,
        started,
        finished,
        shmoo,
        complete,
        filter,
        profile,
        stopped,
        source: SourceInfo { commit, branch, dirty, merge_base, base_branch, pull_request, attempt, fork },
        fingerprint,
        archive,
        tasks,
        cases,
        costs,
    } = summary;
    let truth = |truth: &Option<bool>| truth.map_or(Datum::Null, Datum::truth);
    let words = |counts: &BTreeMap<Verdict, u64>| -> Result<Datum, DatabaseError> {
        json(&counts.iter().map(|(verdict, count)| (verdict.word(), count)).collect::<BTreeMap<_, _>>())
    };
    Ok(vec![
        Datum::text(id.as_str()),
        Datum::text(suite.as_str()),
        Datum::text(suite_file),
        Datum::text(plan.to_string()),
        Datum::text(suite_digest.to_string()),
        Datum::text(started.to_string()),
        Datum::text(finished.to_string()),
        Datum::text(shmoo),
        Datum::truth(*complete),
        json(filter)?,
        Datum::optional(profile.as_ref()),
        json(stopped)?,
        Datum::optional(commit.as_ref()),
        Datum::optional(branch.as_ref()),
        truth(dirty),
        Datum::optional(merge_base.as_ref()),
        Datum::optional(base_branch.as_ref()),
        pull_request.map_or(Datum::Null, Datum::count),
        attempt.map_or(Datum::Null, Datum::count),
        truth(fork),
        Datum::text(fingerprint),
        Datum::optional(archive.as_ref()),
        words(tasks)?,
        words(cases)?,
        costs.map_or(Datum::Null, |costs| Datum::Real(costs.core_seconds)),
        costs.map_or(Datum::Null, |costs| Datum::Real(costs.gibibyte_seconds)),
    ])
}

/// Returns the run behind a row of [`SUMMARY_COLUMNS`].
pub(super) fn summary(row: &[Datum]) -> Result<RunSummary, DatabaseError> {
    let mut fields = Fields::of(row);
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let truth = |number: Option<i64>| number.map(|number| number != 0);
    let verdicts = |text: &str| -> Result<BTreeMap<Verdict, u64>, DatabaseError> {
        let counts: BTreeMap<String, u64> = serde_json::from_str(text)?;
        counts.into_iter().map(|(word, count)| Ok((word.parse::<Verdict>()?, count))).collect()
    };
    Ok(RunSummary {
        id: RunId::new(fields.text()?),
        suite: SuiteName::new(fields.text()?),
        suite_file: fields.text()?.to_owned(),
        plan: fields.text()?.parse()?,
        suite_digest: fields.text()?.parse()?,
        started: fields.text()?.parse()?,
        finished: fields.text()?.parse()?,
        shmoo: fields.text()?.to_owned(),
        complete: fields.integer()? != 0,
        filter: serde_json::from_str(fields.text()?)?,
        profile: owned(fields.optional_text()?),
        stopped: match fields.optional_text()? {
            Some(text) => serde_json::from_str(text)?,
            None => Vec::new(),
        },
        source: SourceInfo {
            commit: owned(fields.optional_text()?),
            branch: owned(fields.optional_text()?),
            dirty: truth(fields.optional_integer()?),
            merge_base: owned(fields.optional_text()?),
            base_branch: owned(fields.optional_text()?),
            pull_request: fields.optional_integer()?.map(u64::try_from).transpose()?,
            attempt: fields.optional_integer()?.map(u32::try_from).transpose()?,
            fork: truth(fields.optional_integer()?),
        },
        fingerprint: fields.text()?.to_owned(),
        archive: owned(fields.optional_text()?),
        tasks: verdicts(fields.text()?)?,
        cases: verdicts(fields.text()?)?,
        costs: match (fields.optional_number()?, fields.optional_number()?) {
            (Some(core_seconds), Some(gibibyte_seconds)) => Some(Costs { core_seconds, gibibyte_seconds }),
            _ => None,
        },
    })
}

/// Inserts all rows of a run, without the whole record and its digest.
///
/// Rows go in in the order of their keys: each table and index then grows at its end, and what is asked for
/// together lies together.
pub(super) fn insert(database: &mut dyn Database, record: &RunRecord) -> Result<(), DatabaseError> {
    let RunInfo { filter, machine, tools, metric_infos, artifacts, .. } = &record.run;
    let mut values = summary_values(&RunSummary::of(record))?;
    values.extend([Datum::truth(filter.is_empty()), json(machine)?]);
    let parts = ["cpu", "cores", "memory", "kernel", "governor", "virtualisation", "label"];
    values.extend(parts.map(|part| Datum::optional(machine.get(part))));
    values.extend([json(tools)?, Datum::Integer(record.version.into()), Datum::text(""), Datum::Blob(Vec::new())]);
    let columns = [SUMMARY_COLUMNS, MORE_COLUMNS].concat();
    database.insert("runs", &columns, &mut std::iter::once(Ok(values)))?;

    let run = || Datum::text(record.run.id.as_str());
    database.insert(
        "tasks",
        &[
            "run", "stage", "point", "round", "params", "verdict", "known", "message", "cause", "started", "wall",
            "cpu", "max_rss", "attempts", "elapsed", "origin", "cases",
        ],
        &mut sorted(&record.tasks, |task| &task.task.stage, |task| &task.task.point)
            .map(|task| task_values(run(), task)),
    )?;
    let warmups = warmups(record);
    database.insert(
        "metrics",
        &["run", "stage", "point", "metric", "params", "value", "text", "samples", "warmups", "unit", "origin"],
        &mut sorted(&record.metrics, |row| (&row.stage, &row.metric), |row| &row.point)
            .map(|row| metric_values(run(), row, &warmups)),
    )?;
    database.insert(
        "cases",
        &["run", "name", "params", "verdict", "known", "worst"],
        &mut sorted(&record.cases, |_| (), |case| &case.name).map(|case| {
            let CaseRecord { name, params, verdict, known, worst } = case;
            Ok(vec![
                run(),
                Datum::text(name.as_str()),
                params_json(params)?,
                Datum::text(verdict.word()),
                Datum::truth(*known),
                Datum::optional(worst.as_ref().map(ToString::to_string)),
            ])
        }),
    )?;
    let recipes: BTreeMap<_, _> = metric_infos.iter().map(|info| (&info.stage, info.stage_digest)).collect();
    database.insert(
        "stages",
        &["run", "stage", "recipe"],
        &mut recipes
            .into_iter()
            .map(|(stage, recipe)| Ok(vec![run(), Datum::text(stage.as_str()), Datum::text(recipe.to_string())])),
    )?;
    database.insert(
        "artifacts",
        &["run", "kind", "place", "bytes", "sha256"],
        &mut artifacts.iter().map(|artifact| {
            let Artifact { kind, place, bytes, sha256 } = artifact;
            Ok(vec![
                run(),
                Datum::text(kind.word()),
                Datum::text(place),
                bytes.map_or(Datum::Null, Datum::count),
                Datum::optional(sha256.as_ref().map(ToString::to_string)),
            ])
        }),
    )
}

/// Returns items in the order of their group, then of their name.
fn sorted<'a, T, G: Ord>(
    items: &'a [T],
    group: impl Fn(&'a T) -> G,
    name: impl Fn(&'a T) -> &'a PointName,
) -> impl Iterator<Item = &'a T> {
    // How a name begins decides nearly always, and is at hand while items are moved.
    let begin = |name: &PointName| {
        let mut begin = [0; 16];
        begin.iter_mut().zip(name.as_str().as_bytes()).for_each(|(own, byte)| *own = *byte);
        u128::from_be_bytes(begin)
    };
    let mut items: Vec<_> = items.iter().map(|item| (group(item), begin(name(item)), item)).collect();
    items.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)).then_with(|| name(one.2).cmp(name(other.2))));
    items.into_iter().map(|(_, _, item)| item)
}

fn task_values(run: Datum, task: &TaskRecord) -> Result<Vec<Datum>, DatabaseError> {
    Ok(vec![
        run,
        Datum::text(task.task.stage.as_str()),
        Datum::text(task.task.point.as_str()),
        Datum::text(round_text(&task.task)),
        params_json(&task.params)?,
        Datum::text(task.verdict.word()),
        Datum::optional(task.known.as_ref()),
        Datum::optional(task.message.as_ref()),
        Datum::optional(task.cause.as_ref().map(ToString::to_string)),
        Datum::optional(task.started.map(|time| time.to_string())),
        Datum::Real(task.usage.wall),
        Datum::Real(task.usage.cpu),
        Datum::count(task.usage.max_rss),
        Datum::count(task.tries.len() + 1),
        Datum::Real(elapsed(task)),
        Datum::optional(task.origin.as_ref().map(RunId::as_str)),
        Datum::count(task.cases),
    ])
}

fn metric_values(run: Datum, row: &MetricRow, warmups: &Warmups<'_>) -> Result<Vec<Datum>, DatabaseError> {
    let MetricRow { stage, point, metric, params, value, samples, unit, origin } = row;
    let (number, text) = match value {
        MeasuredValue::Number(number) => (Datum::Real(*number), Datum::Null),
        MeasuredValue::Text(text) => (Datum::Null, Datum::text(text)),
    };
    let warmups = warmups.get(&(stage.as_str(), point.as_str(), metric.as_str()));
    Ok(vec![
        run,
        Datum::text(stage.as_str()),
        Datum::text(point.as_str()),
        Datum::text(metric.as_str()),
        params_json(params)?,
        number,
        text,
        json(samples)?,
        json(&warmups.map_or(&[][..], Vec::as_slice))?,
        Datum::optional(unit.as_ref()),
        Datum::optional(origin.as_ref().map(RunId::as_str)),
    ])
}

/// Samples of warm-up rounds by stage, point and metric, in the order of the rounds.
type Warmups<'a> = HashMap<(&'a str, &'a str, &'a str), Vec<f64>>;

/// Gathers what the warm-up rounds measured: it is kept, and never counts.
fn warmups(record: &RunRecord) -> Warmups<'_> {
    let mut warmups = Warmups::new();
    for task in record.tasks.iter().filter(|task| matches!(task.task.repeat, Some(Repeat::Warmup(_)))) {
        let stage = task.task.stage.as_str();
        let rows = task.rows.iter().flat_map(|row| row.metrics.iter().map(|measured| (row.case.as_str(), measured)));
        let own = task.metrics.iter().map(|measured| (task.task.point.as_str(), measured));
        for (point, Measured { name, value, samples, unit: _ }) in own.chain(rows) {
            let list = warmups.entry((stage, point, name.as_str())).or_default();
            match value {
                MeasuredValue::Number(value) if samples.is_empty() => list.push(*value),
                MeasuredValue::Number(_) => list.extend(samples),
                MeasuredValue::Text(_) => {}
            }
        }
    }
    warmups
}

/// A condition on `runs`, and the values of its placeholders `$1`, `$2`, ... in order.
pub(super) struct Condition {
    pub(super) sql: String,
    pub(super) values: Vec<Datum>,
}

impl Condition {
    /// Adds a value, and returns its placeholder.
    pub(super) fn placeholder(&mut self, value: Datum) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    /// Returns a query for the names of the runs of `filter`: newest first where it has an order.
    pub(super) fn of(filter: &RunFilter) -> Condition {
        let RunFilter {
            suite,
            fingerprint,
            profile,
            branch,
            since,
            before,
            complete_only,
            whole_only,
            own_only,
            limit,
        } = filter;
        let mut condition = Condition { sql: String::new(), values: Vec::new() };
        let mut parts = vec!["1 = 1".to_owned()];
        let texts = [
            ("suite =", suite.as_ref().map(ToString::to_string)),
            ("fingerprint =", fingerprint.clone()),
            ("profile =", profile.clone()),
            ("branch =", branch.clone()),
            // Times of one form sort as text.
            ("started >=", since.map(|time| time.to_string())),
            ("started <", before.map(|time| time.to_string())),
        ];
        for (left, value) in texts {
            if let Some(value) = value {
                parts.push(format!("{left} {}", condition.placeholder(Datum::text(value))));
            }
        }
        for (wanted, column) in [(complete_only, "complete"), (whole_only, "whole")] {
            if *wanted {
                parts.push(format!("{column} = 1"));
            }
        }
        if *own_only {
            parts.push("(fork IS NULL OR fork = 0)".to_owned());
        }
        condition.sql = format!("SELECT run FROM runs WHERE {}", parts.join(" AND "));
        if let Some(limit) = limit {
            let limit = condition.placeholder(Datum::Integer(i64::try_from(*limit).unwrap_or(i64::MAX)));
            condition.sql += &format!(" ORDER BY started DESC, run DESC LIMIT {limit}");
        }
        condition
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back_as_they_were(numbers in prop::collection::vec(any::<f64>().prop_filter("finite", |x| x.is_finite()), 0..6)) {
            let text = serde_json::to_string(&numbers).unwrap();
            prop_assert_eq!(super::numbers(&text).unwrap(), numbers);
        }
    }

    proptest! {
        #[test]
        fn items_are_sorted_by_group_and_whole_name(items in prop::collection::vec((0..3u8, "[ab\\x00é]{0,20}"), 0..40)) {
            let items: Vec<(u8, PointName)> =
                items.into_iter().map(|(group, name)| (group, PointName::new(name))).collect();
            let mut expected: Vec<&(u8, PointName)> = items.iter().collect();
            expected.sort();
            prop_assert_eq!(sorted(&items, |item| item.0, |item| &item.1).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn what_is_no_list_of_numbers_is_refused() {
        for text in ["", "[", "1", "[1,]", "[inf]", "[NaN]", "[1e999]", "[\"1\"]", "[1 2]"] {
            assert!(numbers(text).is_err(), "{text}");
        }
        assert_eq!(numbers("[ 1 , 2.5 ]").unwrap(), [1.0, 2.5]);
    }
}
