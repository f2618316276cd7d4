//! From a record to rows, and from rows to what is asked for.

use super::{DatabaseError, RunFilter, RunSummary};
use crate::ledger::Verdict;
use crate::record::{RunInfo, RunRecord, TaskRecord};
use crate::value::{Repeat, RunId, Scalar, SuiteName, TaskKey};
use rusqlite::types::Value as Sql;
use serde::Serialize;
use std::collections::BTreeMap;

/// Returns a value as JSON text.
pub(super) fn json(value: &impl Serialize) -> Result<String, DatabaseError> {
    Ok(serde_json::to_string(value)?)
}

/// Returns parameters as a JSON object, in their order.
pub(super) fn params_json(params: &[(String, Scalar)]) -> Result<String, DatabaseError> {
    let map: serde_json::Map<String, serde_json::Value> = params
        .iter()
        .map(|(name, value)| Ok((name.clone(), serde_json::to_value(value)?)))
        .collect::<Result<_, serde_json::Error>>()?;
    json(&map)
}

/// Returns the text of a round: empty where a stage has no `repeat`, else `3` or `w1`.
pub(super) fn round_text(key: &TaskKey) -> String {
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
pub(super) fn elapsed(task: &TaskRecord) -> f64 {
    task.tries.iter().map(|attempt| attempt.usage.wall).sum::<f64>() + task.usage.wall
}

/// Returns how many have each verdict, by its word.
pub(super) fn counts(verdicts: impl Iterator<Item = Verdict>) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for verdict in verdicts {
        *counts.entry(verdict.word()).or_default() += 1;
    }
    counts
}

/// The columns of a run but for the record itself, in the order of [`run_values`].
pub(super) const RUN_COLUMNS: &str = "run, suite, suite_file, plan, suite_digest, started, finished, shmoo, complete, \
    whole, filter, profile, revision, branch, dirty, fingerprint, machine, tools, archive, task_counts, case_counts, \
    record_version";

/// Returns the values of [`RUN_COLUMNS`].
pub(super) fn run_values(record: &RunRecord) -> Result<Vec<Sql>, DatabaseError> {
    let RunInfo {
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
        source,
        fingerprint,
        machine,
        tools,
        archive,
        // In the record only: nothing is asked about them over many runs.
        stopped: _,
        params: _,
        metric_infos: _,
    } = &record.run;
    let optional = |text: &Option<String>| text.clone().map_or(Sql::Null, Sql::Text);
    Ok(vec![
        Sql::Text(id.to_string()),
        Sql::Text(suite.to_string()),
        Sql::Text(suite_file.clone()),
        Sql::Text(plan.to_string()),
        Sql::Text(suite_digest.to_string()),
        Sql::Text(started.to_string()),
        Sql::Text(finished.to_string()),
        Sql::Text(shmoo.clone()),
        Sql::Integer((*complete).into()),
        Sql::Integer(filter.is_empty().into()),
        Sql::Text(json(filter)?),
        optional(profile),
        optional(&source.commit),
        optional(&source.branch),
        source.dirty.map_or(Sql::Null, |dirty| Sql::Integer(dirty.into())),
        Sql::Text(fingerprint.clone()),
        Sql::Text(json(machine)?),
        Sql::Text(json(tools)?),
        optional(archive),
        Sql::Text(json(&counts(record.tasks.iter().map(|task| task.verdict)))?),
        Sql::Text(json(&counts(record.cases.iter().map(|case| case.verdict)))?),
        Sql::Integer(record.version.into()),
    ])
}

/// Returns the run behind a row of [`RUN_COLUMNS`].
pub(super) fn summary(row: &rusqlite::Row<'_>) -> Result<RunSummary, DatabaseError> {
    let text = |column: &str| row.get::<_, String>(column);
    let optional = |column: &str| row.get::<_, Option<String>>(column);
    let verdicts = |column: &str| -> Result<BTreeMap<Verdict, u64>, DatabaseError> {
        let counts: BTreeMap<String, u64> = serde_json::from_str(&text(column)?)?;
        counts.into_iter().map(|(word, count)| Ok((word.parse::<Verdict>()?, count))).collect()
    };
    Ok(RunSummary {
        id: RunId::new(text("run")?),
        suite: SuiteName::new(text("suite")?),
        suite_file: text("suite_file")?,
        plan: text("plan")?.parse()?,
        suite_digest: text("suite_digest")?.parse()?,
        started: text("started")?.parse()?,
        finished: text("finished")?.parse()?,
        shmoo: text("shmoo")?,
        complete: row.get("complete")?,
        filter: serde_json::from_str(&text("filter")?)?,
        profile: optional("profile")?,
        source: crate::record::SourceInfo {
            commit: optional("revision")?,
            branch: optional("branch")?,
            dirty: row.get("dirty")?,
        },
        fingerprint: text("fingerprint")?,
        archive: optional("archive")?,
        tasks: verdicts("task_counts")?,
        cases: verdicts("case_counts")?,
    })
}

/// A condition on `runs`, and the values of its placeholders `$1`, `$2`, ... in order.
pub(super) struct Condition {
    pub(super) sql: String,
    pub(super) values: Vec<Sql>,
}

impl Condition {
    /// Adds a value, and returns its placeholder.
    pub(super) fn placeholder(&mut self, value: Sql) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    /// Returns a query for the names of the runs of `filter`: newest first where it has an order.
    pub(super) fn of(filter: &RunFilter) -> Condition {
        let RunFilter { suite, fingerprint, profile, branch, before, complete_only, whole_only, limit } = filter;
        let mut condition = Condition { sql: String::new(), values: Vec::new() };
        let mut parts = vec!["1 = 1".to_owned()];
        let texts = [
            ("suite =", suite.as_ref().map(ToString::to_string)),
            ("fingerprint =", fingerprint.clone()),
            ("profile =", profile.clone()),
            ("branch =", branch.clone()),
            // Times of one form sort as text.
            ("started <", before.map(|time| time.to_string())),
        ];
        for (left, value) in texts {
            if let Some(value) = value {
                parts.push(format!("{left} {}", condition.placeholder(Sql::Text(value))));
            }
        }
        for (wanted, column) in [(complete_only, "complete"), (whole_only, "whole")] {
            if *wanted {
                parts.push(format!("{column} = 1"));
            }
        }
        condition.sql = format!("SELECT run FROM runs WHERE {}", parts.join(" AND "));
        if let Some(limit) = limit {
            let limit = condition.placeholder(Sql::Integer(i64::try_from(*limit).unwrap_or(i64::MAX)));
            condition.sql += &format!(" ORDER BY started DESC, run DESC LIMIT {limit}");
        }
        condition
    }
}
