//! The history on any database: one set of statements.

use super::blob::PackedRecord;
use super::database::{Database, Datum, Fields, Purpose};
use super::export::Sink;
use super::migrate::{migrate, newest, version};
use super::rows::{self, Condition};
use super::schema::Migration;
use super::{
    DURATION_RUNS, DatabaseError, ExportFormat, ExportTable, History, HistoryError, Imported, Pack, RecordSource,
    Recorded, RunFilter, RunRecipes, RunSummary, Seen, SeriesPoint, StoredRecord, StoredSamples, blob,
};
use crate::ledger::MeasuredValue;
use crate::record::RunRecord;
use crate::value::{Digest, MetricName, PointName, RunId, StageName, SuiteName, TaskKey};
use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// How often a transaction is tried that lost against another.
const TRIES: u32 = 4;

/// How many values one statement lists.
const LONGEST_LIST: usize = 500;

/// Records of runs in a database.
pub struct StoredHistory {
    database: Mutex<Box<dyn Database>>,
    location: String,
    /// The version of the schema that we know.
    ours: i64,
}

impl fmt::Debug for StoredHistory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("StoredHistory").field("location", &self.location).finish_non_exhaustive()
    }
}

impl StoredHistory {
    /// Brings the database to our version.
    pub(super) fn start(
        mut database: Box<dyn Database>,
        location: String,
        migrations: &[Migration],
    ) -> Result<StoredHistory, HistoryError> {
        match migrate(&mut *database, migrations) {
            Ok(true) => Ok(StoredHistory { database: Mutex::new(database), location, ours: newest(migrations) }),
            Ok(false) => Err(HistoryError::Foreign { location }),
            Err(error) => Err(explain(&*database, "open", &location, error)),
        }
    }

    /// Carries out a statement whose failure does not matter.
    pub(super) fn set_up(&self, statement: &str) {
        let _ = self.database().query(statement, &[], &mut |_| Ok(()));
    }

    fn database(&self) -> MutexGuard<'_, Box<dyn Database>> {
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` in a transaction of a writer that may write.
    fn write<T>(&self, work: &dyn Fn(&mut dyn Database) -> Result<T, DatabaseError>) -> Result<T, HistoryError> {
        let mut database = self.database();
        let mut tries = 1;
        loop {
            match self.transaction(&mut **database, &mut |database| work(database)) {
                Ok(result) => return Ok(result),
                Err(error) if tries < TRIES && database.may_try_again(&error) => tries += 1,
                Err(error) => return Err(explain(&**database, "write", &self.location, error)),
            }
        }
    }

    fn transaction<T>(
        &self,
        database: &mut dyn Database,
        work: &mut dyn FnMut(&mut dyn Database) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        let mut carry_out = || {
            database.begin(Purpose::Rows)?;
            let needed = version(database, "min_writer")?.unwrap_or(0);
            if needed > self.ours {
                let location = self.location.clone();
                return Err(HistoryError::NewerWriter { location, needed, ours: self.ours }.into());
            }
            let result = work(database)?;
            database.commit()?;
            Ok(result)
        };
        let result = carry_out();
        if result.is_err() {
            database.roll_back();
        }
        result
    }

    fn read(
        &self,
        sql: &str,
        values: &[Datum],
        each: &mut dyn FnMut(&[Datum]) -> Result<(), DatabaseError>,
    ) -> Result<(), HistoryError> {
        let mut database = self.database();
        database.query(sql, values, each).map_err(|error| explain(&**database, "read", &self.location, error))
    }

    #[cfg(test)]
    pub(super) fn execute(&self, sql: &str) {
        self.database().define(sql).unwrap();
    }

    #[cfg(test)]
    pub(super) fn number(&self, sql: &str) -> i64 {
        let mut number = None;
        self.read(sql, &[], &mut |row| {
            number = Some(Fields::of(row).integer()?);
            Ok(())
        })
        .unwrap();
        number.unwrap()
    }
}

/// The values of a statement, as its placeholders `$1`, `$2`, ... count them.
#[derive(Default)]
struct Question {
    values: Vec<Datum>,
}

impl Question {
    /// Adds a value, and returns its placeholder. They stand in the statement in this order: SQLite counts them as
    /// they come.
    fn value(&mut self, text: &str) -> String {
        self.values.push(Datum::text(text));
        format!("${}", self.values.len())
    }

    /// Returns ` AND COLUMN IN (...)`; nothing for an empty list, which stands for all.
    fn among(&mut self, column: &str, texts: &[impl fmt::Display]) -> String {
        if texts.is_empty() {
            return String::new();
        }
        let places: Vec<String> = texts.iter().map(|text| self.value(&text.to_string())).collect();
        format!(" AND {column} IN ({})", places.join(", "))
    }
}

fn explain(database: &dyn Database, verb: &'static str, location: &str, error: DatabaseError) -> HistoryError {
    match error.downcast::<HistoryError>() {
        Ok(error) => *error,
        Err(error) => database.explain(verb, location, error),
    }
}

/// Stores a record; `encoded` returns how it is stored, and is asked for as late as can be.
fn put<'a>(
    database: &mut dyn Database,
    record: &RunRecord,
    encoded: &dyn Fn() -> Result<&'a PackedRecord, DatabaseError>,
) -> Result<Recorded, DatabaseError> {
    let run = Datum::text(record.run.id.as_str());
    let mut stored = None;
    database.query("SELECT record_digest FROM runs WHERE run = $1", std::slice::from_ref(&run), &mut |row| {
        stored = Some(Fields::of(row).text()?.to_owned());
        Ok(())
    })?;
    if let Some(stored) = &stored {
        if *stored == encoded()?.digest {
            return Ok(Recorded::Unchanged);
        }
        database.execute("DELETE FROM runs WHERE run = $1", std::slice::from_ref(&run))?;
    }
    rows::insert(database, record)?;
    let PackedRecord { bytes, digest } = encoded()?;
    database.execute(
        "UPDATE runs SET record_digest = $1, record = $2 WHERE run = $3",
        &[Datum::text(digest), Datum::Blob(bytes.clone()), run],
    )?;
    Ok(if stored.is_some() { Recorded::Replaced } else { Recorded::New })
}

/// Refuses a record that would not come back as it is.
fn check(record: &RunRecord) -> Result<(), HistoryError> {
    match blob::not_finite(record) {
        Some(what) => Err(HistoryError::NotFinite { run: record.run.id.clone(), what }),
        None => Ok(()),
    }
}

fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}

impl History for StoredHistory {
    fn record_packed(&self, record: &RunRecord, pack: Pack<'_>) -> Result<Recorded, HistoryError> {
        check(record)?;
        // Packing takes as long as the rows: they go in meanwhile.
        let packed: OnceLock<Result<PackedRecord, DatabaseError>> = OnceLock::new();
        let encoded = || match packed.get_or_init(pack) {
            Ok(encoded) => Ok(encoded),
            Err(error) => Err(error.to_string().into()),
        };
        std::thread::scope(|scope| {
            scope.spawn(encoded);
            self.write(&|database| {
                database.lock_run(record.run.id.as_str())?;
                put(database, record, &encoded)
            })
        })
    }

    fn import(&self, records: RecordSource<'_>) -> Result<Imported, HistoryError> {
        let mut database = self.database();
        let imported = self.transaction(&mut **database, &mut |database| {
            let mut imported = Imported::default();
            while let Some(record) = records()? {
                check(&record)?;
                let encoded = blob::encode(&record)?;
                match put(database, &record, &|| Ok(&encoded))? {
                    Recorded::New => imported.new += 1,
                    Recorded::Replaced => imported.replaced += 1,
                    Recorded::Unchanged => imported.unchanged += 1,
                }
            }
            Ok(imported)
        });
        imported.map_err(|error| explain(&**database, "write", &self.location, error))
    }

    fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, HistoryError> {
        let Condition { sql, values } = Condition::of(filter);
        let sql = format!(
            "SELECT {} FROM runs WHERE run IN ({sql}) ORDER BY started DESC, run DESC",
            rows::SUMMARY_COLUMNS.join(", "),
        );
        let mut runs = Vec::new();
        self.read(&sql, &values, &mut |row| {
            runs.push(rows::summary(row)?);
            Ok(())
        })?;
        Ok(runs)
    }

    fn packed(&self, run: &RunId) -> Result<Option<StoredRecord>, HistoryError> {
        let mut bytes = None;
        self.read("SELECT record FROM runs WHERE run = $1", &[Datum::text(run.as_str())], &mut |row| {
            bytes = Some(Fields::of(row).blob()?.to_owned());
            Ok(())
        })?;
        Ok(bytes.map(|bytes| StoredRecord { run: run.clone(), bytes }))
    }

    fn durations(&self, suite: &SuiteName) -> Result<BTreeMap<TaskKey, f64>, HistoryError> {
        let Condition { sql, values } = Condition::of(&RunFilter {
            suite: Some(suite.clone()),
            limit: Some(DURATION_RUNS),
            ..RunFilter::default()
        });
        // A task that was killed by its limit took at least that long.
        let sql = format!(
            "SELECT stage, point, round, elapsed FROM tasks
             WHERE run IN ({sql}) AND verdict IN ('pass', 'fail', 'timeout') AND origin IS NULL
             ORDER BY stage, point, round, elapsed"
        );
        let mut durations = BTreeMap::new();
        let mut group: Vec<f64> = Vec::new();
        let mut current: Option<TaskKey> = None;
        self.read(&sql, &values, &mut |row| {
            let mut fields = Fields::of(row);
            let next = rows::task_key(fields.text()?, fields.text()?, fields.text()?)?;
            if current.as_ref() != Some(&next) {
                if let Some(key) = current.replace(next) {
                    durations.insert(key, median(&group));
                }
                group.clear();
            }
            group.push(fields.number()?);
            Ok(())
        })?;
        durations.extend(current.map(|key| (key, median(&group))));
        Ok(durations)
    }

    fn metric_series(
        &self,
        filter: &RunFilter,
        stage: &StageName,
        metric: &MetricName,
        point: Option<&PointName>,
    ) -> Result<Vec<SeriesPoint>, HistoryError> {
        let mut condition = Condition::of(filter);
        let mut wanted = format!("r.run IN ({})", condition.sql);
        let texts = [
            ("stage", Some(stage.as_str())),
            ("metric", Some(metric.as_str())),
            ("point", point.map(PointName::as_str)),
        ];
        for (column, value) in texts {
            if let Some(value) = value {
                wanted += &format!(" AND m.{column} = {}", condition.placeholder(Datum::text(value)));
            }
        }
        let sql = format!(
            "SELECT m.run, r.started, r.revision, r.fingerprint, m.point, m.value, m.text, m.samples, m.warmups, m.unit,
             m.origin
             FROM runs r JOIN metrics m ON m.run = r.run
             WHERE {wanted} ORDER BY r.started, m.run, m.point"
        );
        let mut series = Vec::new();
        self.read(&sql, &condition.values, &mut |row| {
            series.push(series_point(row)?);
            Ok(())
        })?;
        Ok(series)
    }

    fn samples(
        &self,
        runs: &[RunId],
        stage: &StageName,
        metric: &MetricName,
        points: Option<&[&PointName]>,
        each: &mut dyn FnMut(StoredSamples<'_>),
    ) -> Result<(), HistoryError> {
        // One run after the other: its rows are neighbours, and their run need not be read.
        for (place, run) in runs.iter().enumerate() {
            let mut one = |points: &[&PointName]| {
                let mut question = Question::default();
                let names = [run.as_str(), stage.as_str(), metric.as_str()];
                let [run, stage, metric] = names.map(|name| question.value(name));
                let points = question.among("point", points);
                let sql = format!(
                    "SELECT point, samples, unit FROM metrics
                     WHERE run = {run} AND stage = {stage} AND metric = {metric}{points}
                     AND origin IS NULL AND text IS NULL"
                );
                self.read(&sql, &question.values, &mut |row| {
                    let mut fields = Fields::of(row);
                    let (point, samples, unit) = (fields.text()?, fields.text()?, fields.optional_text()?);
                    let samples = rows::numbers(samples)?;
                    if !samples.is_empty() {
                        each(StoredSamples { run: place, point, samples, unit });
                    }
                    Ok(())
                })
            };
            match points {
                None => one(&[])?,
                Some(points) => points.chunks(LONGEST_LIST).try_for_each(one)?,
            }
        }
        Ok(())
    }

    fn recipes(&self, runs: &[RunId]) -> Result<Vec<RunRecipes>, HistoryError> {
        let mut recipes: Vec<RunRecipes> = Vec::new();
        for runs in runs.chunks(LONGEST_LIST) {
            let mut question = Question::default();
            let among = question.among("r.run", runs);
            let sql = format!(
                "SELECT r.run, r.suite_digest, s.stage, s.recipe FROM runs r LEFT JOIN stages s ON s.run = r.run
                 WHERE 1 = 1{among} ORDER BY r.run, s.stage"
            );
            self.read(&sql, &question.values, &mut |row| {
                let mut fields = Fields::of(row);
                let (run, suite_digest) = (fields.text()?, fields.text()?.parse()?);
                if recipes.last().is_none_or(|last| last.run.as_str() != run) {
                    recipes.push(RunRecipes { run: RunId::new(run), suite_digest, stages: BTreeMap::new() });
                }
                let stage = (fields.optional_text()?, fields.optional_text()?);
                if let ((Some(stage), Some(recipe)), Some(last)) = (stage, recipes.last_mut()) {
                    last.stages.insert(StageName::new(stage), recipe.parse()?);
                }
                Ok(())
            })?;
        }
        Ok(recipes)
    }

    fn seen(&self, filter: &RunFilter, known: Option<&Digest>) -> Result<Seen, HistoryError> {
        let mut condition = Condition::of(filter);
        if let Some(known) = known {
            let known = condition.placeholder(Datum::text(known.to_string()));
            condition.sql += &format!(") AND run IN (SELECT run FROM runs WHERE plan <> {known}");
        }
        let Condition { sql, values } = condition;
        let mut seen = Seen::default();
        // Most often there is none, and all rows would be looked through for that.
        let mut is_any = false;
        self.read(&format!("SELECT run FROM runs WHERE run IN ({sql}) LIMIT 1"), &values, &mut |_| {
            is_any = true;
            Ok(())
        })?;
        if !is_any {
            return Ok(seen);
        }
        let metrics = format!(
            "SELECT stage, metric, MAX(run) FROM metrics WHERE run IN ({sql})
             GROUP BY stage, metric ORDER BY stage, metric"
        );
        self.read(&metrics, &values, &mut |row| {
            let mut fields = Fields::of(row);
            let (stage, metric) = (StageName::new(fields.text()?), MetricName::new(fields.text()?));
            seen.metrics.push((stage, metric, RunId::new(fields.text()?)));
            Ok(())
        })?;
        let cases = format!("SELECT name, MAX(run) FROM cases WHERE run IN ({sql}) GROUP BY name ORDER BY name");
        self.read(&cases, &values, &mut |row| {
            let mut fields = Fields::of(row);
            seen.cases.push((PointName::new(fields.text()?), RunId::new(fields.text()?)));
            Ok(())
        })?;
        Ok(seen)
    }

    fn export(
        &self,
        table: ExportTable,
        format: ExportFormat,
        filter: &RunFilter,
        out: &mut dyn Write,
    ) -> Result<u64, HistoryError> {
        let Condition { sql, values } = Condition::of(filter);
        let (name, selected) = table.source();
        let sql = format!(
            "SELECT {} FROM {name} t JOIN runs r ON r.run = t.run WHERE r.run IN ({sql}) ORDER BY r.started DESC, {}",
            selected.join(", "),
            table.order()
        );
        let mut sink = Sink::start(table, format, out)?;
        self.read(&sql, &values, &mut |row| sink.row(row))?;
        sink.finish()
    }

    fn delete(&self, runs: &[RunId]) -> Result<u64, HistoryError> {
        // In one order, so that two who delete the same runs do not wait for each other.
        let mut runs: Vec<&str> = runs.iter().map(RunId::as_str).collect();
        runs.sort_unstable();
        self.write(&|database| {
            let mut count = 0;
            for run in &runs {
                count += database.execute("DELETE FROM runs WHERE run = $1", &[Datum::text(*run)])?;
            }
            Ok(count)
        })
    }

    fn location(&self) -> String {
        self.location.clone()
    }
}

fn series_point(row: &[Datum]) -> Result<SeriesPoint, DatabaseError> {
    let mut fields = Fields::of(row);
    Ok(SeriesPoint {
        run: RunId::new(fields.text()?),
        started: fields.text()?.parse()?,
        commit: fields.optional_text()?.map(str::to_owned),
        fingerprint: fields.text()?.to_owned(),
        point: PointName::new(fields.text()?),
        value: match (fields.optional_number()?, fields.optional_text()?) {
            (_, Some(text)) => MeasuredValue::Text(text.to_owned()),
            (Some(number), None) => MeasuredValue::Number(number),
            (None, None) => return Err("a metric has neither a number nor a text".into()),
        },
        samples: serde_json::from_str(fields.text()?)?,
        warmups: serde_json::from_str(fields.text()?)?,
        unit: fields.optional_text()?.map(str::to_owned),
        origin: fields.optional_text()?.map(RunId::new),
    })
}
