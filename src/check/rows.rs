//! A table with one row for each case: which row is whose, and the verdict of each case.
//!
//! A case is found by the values of its keys, compared as values and not as texts (`2.0` is 2). A
//! case without a row, with two rows that differ or with an empty value is an error of that case, and no other
//! case loses its values; a table that lacks a column or cannot be read is an error of the task. Rows that are
//! there twice count once, rows of no case count for nothing: both are noted.

use super::cells::{Reading, broken, column, read_field, value_of};
use super::expect::{MetricInput, Reasons, judge_metrics};
use super::measure::{Given, Scope};
use crate::expr::Operand;
use crate::ledger::{RowResult, Verdict};
use crate::value::{PointName, Scalar};
use csv::{ReaderBuilder, StringRecord};
use std::borrow::Cow;
use std::collections::HashMap;

/// A parameter that tells the rows apart.
#[derive(Debug, Clone, PartialEq)]
pub struct RowKey {
    /// The parameter.
    pub param: String,
    /// The columns that may hold it; the first that exists is taken.
    pub columns: Vec<String>,
}

/// A case that the table must report.
#[derive(Debug, Clone, PartialEq)]
pub struct RowCase {
    /// Its name.
    pub name: PointName,
    /// Its parameters.
    pub params: Vec<(String, Scalar)>,
}

/// A table and what is wanted of it.
#[derive(Clone, Copy)]
pub struct RowsInput<'a> {
    /// The file's name, for people.
    pub file: &'a str,
    /// Its content.
    pub bytes: &'a [u8],
    /// What tells rows apart.
    pub keys: &'a [RowKey],
    /// Fields and their columns.
    pub fields: &'a [(String, String)],
    /// The cases it must report.
    pub cases: &'a [RowCase],
}

/// What a table says.
#[derive(Debug, Clone, PartialEq)]
pub struct RowsJudged {
    /// The worst of the task's own verdict and its cases'.
    pub verdict: Verdict,
    /// Why it is not a pass, in one sentence.
    pub message: Option<String>,
    /// What to know of the table although the verdict stands.
    pub notes: Vec<String>,
    /// One entry for each case, in the order given.
    pub rows: Vec<RowResult>,
    /// Indices of the metrics whose expectation is missed in some case, ascending.
    pub unmet: Vec<usize>,
}

/// What every note on a table starts with.
const NOTE: &str = "the table ";
/// Notes that are kept of each kind.
const MOST_NOTES: usize = 5;

/// Tells whether a note of a task is on its table.
pub fn is_of_table(note: &str) -> bool {
    note.starts_with(NOTE)
}

/// A row of the table.
struct Row {
    line: u64,
    cells: StringRecord,
}

/// Judges each case by its row.
///
/// `metrics` gives the metrics of a case with their bounds, `names` its parameters and `let`s; both
/// by the index of the case.
pub fn judge_rows<'m>(
    input: &RowsInput<'_>,
    metrics: &dyn Fn(usize) -> Vec<MetricInput<'m>>,
    names: &dyn Fn(usize, &str) -> Option<Operand>,
) -> RowsJudged {
    let table = match Table::read(input) {
        Ok(table) => table,
        Err(why) => return unreadable(input, &why),
    };
    let (found, notes) = table.assign(input);
    let mut reasons = Reasons::default();
    let mut unmet = Vec::new();
    let mut results = Vec::with_capacity(input.cases.len());
    for (index, (case, found)) in input.cases.iter().zip(&found).enumerate() {
        let (result, missed) = table.judge(input, case, found, &metrics(index), &|name| names(index, name));
        unmet.extend(missed);
        results.push(result);
    }
    unmet.sort_unstable();
    unmet.dedup();

    let worst = results.iter().map(|row| row.verdict).max().unwrap_or(Verdict::Pass);
    let bad: Vec<&RowResult> = results.iter().filter(|row| row.verdict == worst && worst != Verdict::Pass).collect();
    if let Some(first) = bad.first() {
        let what = first.message.as_deref().unwrap_or_default();
        reasons.add(match (bad.len(), worst) {
            (1, _) => format!("{}: {what}", first.case),
            (count, Verdict::Fail) => format!("{count} of {} cases fail, first {}: {what}", results.len(), first.case),
            (count, _) => format!("{count} of {} cases have an error, first {}: {what}", results.len(), first.case),
        });
    }
    RowsJudged { verdict: worst, message: reasons.message(), notes, rows: results, unmet }
}

fn unreadable(input: &RowsInput<'_>, why: &str) -> RowsJudged {
    let message = format!("`{}`: {why}", input.file);
    let row = |case: &RowCase| RowResult {
        case: case.name.clone(),
        verdict: Verdict::Error,
        message: Some(message.clone()),
        metrics: Vec::new(),
    };
    let rows = input.cases.iter().map(row).collect();
    RowsJudged { verdict: Verdict::Error, message: Some(message), notes: Vec::new(), rows, unmet: Vec::new() }
}

/// Notes of one kind: the first of them, and how many there are.
#[derive(Default)]
struct Notes {
    first: Vec<String>,
    all: usize,
}

impl Notes {
    fn add(&mut self, note: impl FnOnce() -> String) {
        self.all += 1;
        if self.first.len() < MOST_NOTES {
            self.first.push(note());
        }
    }

    /// Returns the notes; `kind` is what they are of.
    fn done(self, input: &RowsInput<'_>, kind: &str) -> Vec<String> {
        let more = self.all - self.first.len();
        let rest = (more > 0).then(|| format!("{NOTE}`{}`: and {more} more {kind}", input.file));
        self.first.into_iter().chain(rest).collect()
    }
}

/// The rows of a case.
#[derive(Clone, Default)]
struct Found {
    rows: Vec<usize>,
    /// Another case with the same keys, which no row tells from this one.
    twin: Option<usize>,
}

struct Table {
    rows: Vec<Row>,
    /// For each key its column; `None` if no case has the parameter.
    keys: Vec<Option<usize>>,
    /// For each field its column.
    fields: Vec<usize>,
}

impl Table {
    fn read(input: &RowsInput<'_>) -> Result<Table, String> {
        let bytes = input.bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(input.bytes);
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err("the table is empty".to_owned());
        }
        // The last number of a table that was cut off would read as another number.
        if !bytes.ends_with(b"\n") {
            return Err("the end of the last row is missing (end the last line with a newline)".to_owned());
        }
        let text = std::str::from_utf8(bytes).map_err(|err| format!("it is not UTF-8 ({err})"))?;
        let first = text.lines().next().unwrap_or_default();
        let delimiter = [b',', b'\t', b';'].into_iter().find(|mark| first.as_bytes().contains(mark)).unwrap_or(b',');
        let mut reader = ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|err| broken(&err))?.clone();
        let mut rows = Vec::new();
        for cells in reader.records() {
            let cells = cells.map_err(|err| broken(&err))?;
            rows.push(Row { line: cells.position().map_or(0, csv::Position::line), cells });
        }
        let has = |param: &str| input.cases.iter().any(|case| value_of(case, param).is_some());
        let key = |key: &RowKey| match has(&key.param) {
            true => column(&header, &format!("parameter `{}`", key.param), &key.columns).map(Some),
            false => Ok(None),
        };
        let field =
            |(name, at): &(String, String)| column(&header, &format!("field `{name}`"), std::slice::from_ref(at));
        Ok(Table {
            keys: input.keys.iter().map(key).collect::<Result<_, _>>()?,
            fields: input.fields.iter().map(field).collect::<Result<_, _>>()?,
            rows,
        })
    }

    /// Returns the rows of each case, with notes on those that are there again and those of no case.
    fn assign(&self, input: &RowsInput<'_>) -> (Vec<Found>, Vec<String>) {
        let used: Vec<(usize, &RowKey)> =
            self.keys.iter().zip(input.keys).filter_map(|(column, key)| Some(((*column)?, key))).collect();
        let readings: Vec<Reading> = used.iter().map(|(_, key)| Reading::of(input.cases, &key.param)).collect();
        let mut by_key: HashMap<Vec<Option<Scalar>>, Vec<usize>> = HashMap::new();
        for (index, case) in input.cases.iter().enumerate() {
            let wanted = used.iter().zip(&readings);
            let values = wanted.map(|((_, key), reading)| reading.value(value_of(case, &key.param)?)).collect();
            by_key.entry(values).or_default().push(index);
        }
        let mut found: Vec<Found> = vec![Found::default(); input.cases.len()];
        for cases in by_key.values().filter(|cases| cases.len() > 1) {
            for (place, &case) in cases.iter().enumerate() {
                found[case].twin = Some(cases[usize::from(place == 0)]);
            }
        }
        let (mut again, mut strays) = (Notes::default(), Notes::default());
        for (index, row) in self.rows.iter().enumerate() {
            let values: Vec<Option<Scalar>> = used
                .iter()
                .zip(&readings)
                .map(|((column, _), reading)| reading.cell(row.cells.get(*column)?))
                .collect();
            match by_key.get(&values) {
                Some(cases) => {
                    let first = found[cases[0]].rows.iter().find(|&&first| self.rows[first].cells == row.cells);
                    if let Some(&first) = first {
                        let (line, first) = (row.line, self.rows[first].line);
                        again.add(|| {
                            format!("{NOTE}`{}`: line {line} is line {first} again, and counts once", input.file)
                        });
                        continue;
                    }
                    for &case in cases {
                        found[case].rows.push(index);
                    }
                }
                None => strays.add(|| {
                    let shown: Vec<String> = used
                        .iter()
                        .map(|(column, key)| format!("{}={}", key.param, row.cells.get(*column).unwrap_or_default()))
                        .collect();
                    let shown = if shown.is_empty() { String::new() } else { format!(" with {}", shown.join(", ")) };
                    format!("{NOTE}`{}`: line {}: no case was asked for{shown}", input.file, row.line)
                }),
            }
        }
        let mut notes = again.done(input, "rows that are there again");
        notes.extend(strays.done(input, "rows of cases that were not asked for"));
        (found, notes)
    }

    fn judge(
        &self,
        input: &RowsInput<'_>,
        case: &RowCase,
        found: &Found,
        metrics: &[MetricInput<'_>],
        names: &dyn Fn(&str) -> Option<Operand>,
    ) -> (RowResult, Vec<usize>) {
        let result = |verdict, message, metrics| RowResult { case: case.name.clone(), verdict, message, metrics };
        let error = |why: String| (result(Verdict::Error, Some(why), Vec::new()), Vec::new());
        let file = input.file;
        if let Some(twin) = found.twin {
            let twin = &input.cases[twin].name;
            return error(format!("its row of `{file}` is that of `{twin}` too: `keys` lacks a parameter"));
        }
        let row = match found.rows.as_slice() {
            [] => return error(format!("`{file}` has no row for it")),
            [row] => &self.rows[*row],
            several => {
                let lines: Vec<String> = several.iter().take(3).map(|row| self.rows[*row].line.to_string()).collect();
                let more = if several.len() > lines.len() { ", ..." } else { "" };
                let (count, lines) = (several.len(), lines.join(", "));
                return error(format!("`{file}` has {count} rows for it (lines {lines}{more})"));
            }
        };
        let mut scope = Scope::of_reports(std::iter::empty(), names);
        for ((name, column), &index) in input.fields.iter().zip(&self.fields) {
            match read_field(row.cells.get(index).unwrap_or_default()) {
                Ok(field) => scope.fields.push(Given { name, field: Cow::Owned(field), report: 0 }),
                Err(why) => return error(format!("`{file}` line {}: `{column}` {why}", row.line)),
            }
        }
        let mut errors = Reasons::default();
        let (measured, unmet) = judge_metrics(metrics, &mut scope, &mut errors);
        if let Some(why) = errors.message() {
            return error(format!("{why} (`{file}` line {})", row.line));
        }
        let mut reasons = Reasons::default();
        for missed in &unmet {
            reasons.add(missed.message.clone());
        }
        let verdict = if reasons.is_empty() { Verdict::Pass } else { Verdict::Fail };
        (result(verdict, reasons.message(), measured), unmet.iter().map(|missed| missed.metric).collect())
    }
}
