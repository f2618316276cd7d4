//! The step `changes`: the columns of a CSV file, and where each changed its level.

use super::StepError;
use crate::stats::{ChangePoint, ChangeRules, Drift, Levels, levels};
use crate::value::did_you_mean;
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

/// Columns that are taken for times if no other is named.
const TIME_COLUMNS: [&str; 5] = ["time", "timestamp", "date", "datetime", "started"];

/// Which columns of the file are what.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    /// The column that names a row; none: rows are counted from 0.
    pub index: Option<String>,
    /// The column of times; none: one that is called so.
    pub time: Option<String>,
    /// The columns of values; empty: all others.
    pub metrics: Vec<String>,
}

/// A column of values in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The column's name.
    pub metric: String,
    /// The values; rows where the column is empty are left out.
    pub values: Vec<f64>,
    /// Where each stands.
    pub places: Vec<Place>,
}

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The row, from 0, or what the index column says.
    pub index: String,
    /// What the time column says.
    pub time: Option<String>,
    /// The line of the file.
    pub line: u64,
}

/// What was found in a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The series.
    pub series: Series,
    /// Its changes of level.
    pub changes: Vec<ChangePoint>,
    /// A drift since the last of them; its places are those of the whole series.
    pub drift: Option<Drift>,
}

/// Finds the changes of all series of a file; `-` is standard input.
pub fn find_changes(path: &Path, columns: &Columns, rules: &ChangeRules) -> Result<Vec<Found>, StepError> {
    let (name, bytes) = if path == Path::new("-") {
        let mut bytes = Vec::new();
        ("standard input".to_owned(), io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes))
    } else {
        (path.display().to_string(), fs::read(path))
    };
    let bytes = bytes.map_err(|source| StepError::Read { path: path.to_owned(), source })?;
    let series = read_series(&name, &bytes, columns)?;
    Ok(series.into_iter().map(|series| search(series, rules)).collect())
}

fn search(series: Series, rules: &ChangeRules) -> Found {
    let Levels { changes, drift } = levels(&series.values, rules);
    Found { series, changes, drift }
}

/// Reads the columns of values of a CSV text with a header. `file` is its name for errors.
fn read_series(file: &str, bytes: &[u8], columns: &Columns) -> Result<Vec<Series>, StepError> {
    let bad = |line: u64, message: String, hint: Option<&str>| {
        StepError::usage(format!("{file}:{line}: {message}"), hint.map(str::to_owned))
    };
    let broken = |error: csv::Error| {
        let line = error.position().map_or(1, |position| line_of(bytes, position));
        let message = match error.kind() {
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                format!("{len} cells, and the header has {expected_len}")
            }
            csv::ErrorKind::Utf8 { .. } => "it is not in UTF-8".to_owned(),
            _ => error.to_string(),
        };
        bad(line, message, None)
    };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let header = reader.headers().map_err(broken)?.clone();
    if let Some(twice) = (1..header.len()).find(|&index| header.iter().take(index).any(|name| name == &header[index])) {
        return Err(bad(1, format!("two columns are called `{}`", &header[twice]), None));
    }
    let place = |name: &str| -> Result<usize, StepError> {
        header.iter().position(|known| known == name).ok_or_else(|| {
            let hint = did_you_mean(name, header.iter());
            bad(1, format!("there is no column `{name}`"), hint.as_deref())
        })
    };
    let index = columns.index.as_deref().map(place).transpose()?;
    let usual_time = || header.iter().position(|name| TIME_COLUMNS.contains(&name.to_ascii_lowercase().as_str()));
    let time = columns.time.as_deref().map(place).transpose()?.or_else(usual_time);
    let chosen: Vec<usize> = if columns.metrics.is_empty() {
        (0..header.len()).filter(|&column| Some(column) != index && Some(column) != time).collect()
    } else {
        columns.metrics.iter().map(|name| place(name)).collect::<Result<_, _>>()?
    };
    if chosen.is_empty() {
        return Err(bad(1, "there is no column of values".to_owned(), Some("the first line names the columns")));
    }
    let mut series: Vec<Series> = chosen
        .iter()
        .map(|&column| Series { metric: header[column].to_owned(), values: Vec::new(), places: Vec::new() })
        .collect();
    let mut record = csv::StringRecord::new();
    let mut row = 0u64;
    while reader.read_record(&mut record).map_err(broken)? {
        let line = record.position().map_or(0, |position| line_of(bytes, position));
        for (series, &column) in series.iter_mut().zip(&chosen) {
            let text = &record[column];
            if text.is_empty() {
                continue;
            }
            let value = text.parse::<f64>().ok().filter(|value| value.is_finite()).ok_or_else(|| {
                let hint = "name the columns of values with `--metric`, and others with `--index` and `--time`";
                bad(line, format!("`{text}` in column `{}` is no number", series.metric), Some(hint))
            })?;
            series.values.push(value);
            series.places.push(Place {
                index: index.map_or_else(|| row.to_string(), |column| record[column].to_owned()),
                time: time.map(|column| record[column].to_owned()),
                line,
            });
        }
        row += 1;
    }
    Ok(series)
}

/// Returns the line of a row: its position may be before empty lines.
fn line_of(bytes: &[u8], position: &csv::Position) -> u64 {
    let rest = bytes.get(position.byte() as usize..).unwrap_or_default();
    let empty = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).filter(|byte| **byte == b'\n').count();
    position.line() + empty as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, columns: &Columns) -> Result<Vec<Series>, String> {
        read_series("s.csv", text.as_bytes(), columns).map_err(|error| error.to_string())
    }

    #[test]
    fn columns() {
        let text = "commit,time,wall,size\na1,2026-01-01,1.5,3\nb2,2026-01-02,,4\nc3,2026-01-03,2e3,5\n";
        let named = Columns { index: Some("commit".to_owned()), ..Columns::default() };
        let found = read(text, &named).unwrap();
        assert_eq!(found.iter().map(|series| series.metric.as_str()).collect::<Vec<_>>(), ["wall", "size"]);
        assert_eq!(
            (found[0].values.as_slice(), found[1].values.as_slice()),
            (&[1.5, 2000.0][..], &[3.0, 4.0, 5.0][..])
        );
        let last = Place { index: "c3".to_owned(), time: Some("2026-01-03".to_owned()), line: 4 };
        assert_eq!(found[0].places[1], last);
        let one = Columns { metrics: vec!["size".to_owned()], ..Columns::default() };
        let found = read(text, &one).unwrap();
        assert_eq!((found.len(), found[0].places[2].index.as_str()), (1, "2"));
    }

    #[test]
    fn what_a_file_must_not_say() {
        let check = |text: &str, metric: &str, expected: &str| {
            let metrics = (!metric.is_empty()).then(|| metric.to_owned()).into_iter().collect();
            let found = read(text, &Columns { metrics, ..Columns::default() });
            assert_eq!(found.unwrap_err(), expected, "{text}");
        };
        check("a,b\n1,2\n3,x\n", "", "s.csv:3: `x` in column `b` is no number");
        check("a\n1\n\ninf\n", "", "s.csv:4: `inf` in column `a` is no number");
        check("a,b\n1,2\n3\n", "", "s.csv:3: 1 cells, and the header has 2");
        check("a,a\n1,2\n", "", "s.csv:1: two columns are called `a`");
        check("a,b\n1,2\n", "c", "s.csv:1: there is no column `c`");
        check("time\n1\n", "", "s.csv:1: there is no column of values");
        check("", "", "s.csv:1: there is no column of values");
        assert_eq!(
            read_series("s.csv", b"a\n\xff\n", &Columns::default()).unwrap_err().to_string(),
            "s.csv:2: it is not in UTF-8"
        );
    }
}
