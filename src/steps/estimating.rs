//! The step `estimate`: descriptors in a CSV file -> cycles, and estimates held against measured runtimes.

use super::{StepError, parameters};
use crate::fit::estimate::{
    Architecture, Batch, Descriptor, EstimateError, Estimator, Formula, Outside, Predicted, Trust,
};
use crate::value::{did_you_mean, show_number};
use csv::{ByteRecord, ReaderBuilder, Writer};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;

/// What became of the rows.
#[derive(Debug, Clone, Default)]
pub struct Estimated {
    /// Rows of the file.
    pub rows: u64,
    /// Rows without an estimate: their lines, and why not; the first hundred.
    pub refused: Vec<(u64, String)>,
    /// How many rows have none.
    pub refused_rows: u64,
    /// Operations that had no parameters and took those of `nop`.
    pub stand_ins: BTreeSet<String>,
    /// Rows with features outside of the range of the fit: their lines, and which; the first hundred.
    pub outside: Vec<(u64, String)>,
    /// How many there are.
    pub outside_rows: u64,
    /// Sets, as `op/set`, of which nobody wrote down what they rest on.
    pub unknown: BTreeSet<String>,
    /// Sets, as `op/set`, whose parameters are not those that the twin of their file is about.
    pub stale: BTreeSet<String>,
}

/// Rows that are named one by one.
const NAMED: usize = 100;

impl Estimated {
    /// Notes how far an estimate can be trusted; returns the features that leave their ranges.
    fn note_trust(&mut self, line: u64, predicted: &Predicted<'_>) -> String {
        let (sets, set) = match predicted.trust {
            Trust::Known => (None, ""),
            Trust::Unknown(set) => (Some(&mut self.unknown), set),
            Trust::Stale(set) => (Some(&mut self.stale), set),
        };
        if let Some(sets) = sets.filter(|sets| !sets.contains(set)) {
            sets.insert(set.to_owned());
        }
        if predicted.outside.is_empty() {
            return String::new();
        }
        self.outside_rows += 1;
        if self.outside.len() < NAMED {
            let features: Vec<String> = predicted.outside.iter().map(outside_words).collect();
            self.outside.push((line, features.join(", ")));
        }
        let names: Vec<&str> = predicted.outside.iter().map(|outside| outside.feature.as_str()).collect();
        names.join(" ")
    }

    pub(super) fn refuse(&mut self, line: u64, why: String) {
        self.refused_rows += 1;
        if self.refused.len() < NAMED {
            self.refused.push((line, why));
        }
    }
}

fn outside_words(outside: &Outside) -> String {
    let Outside { feature, value, range: (low, high) } = outside;
    let (value, low, high) = (show_number(*value), show_number(*low), show_number(*high));
    format!("`{feature}` is {value}, and the fit saw {low} to {high}")
}

/// Makes an estimator of a folder of parameters, or of those that ship.
pub fn estimator(folder: Option<&Path>) -> Result<Estimator, StepError> {
    Ok(Estimator::new(architectures(folder)?))
}

/// Returns the devices and their parameters.
pub fn architectures(folder: Option<&Path>) -> Result<Vec<Architecture>, StepError> {
    match folder {
        Some(folder) => parameters::read_folder(folder),
        None => parameters::shipped(),
    }
}

/// A CSV file of rows to estimate.
pub(super) struct Input {
    pub(super) reader: csv::Reader<BufReader<File>>,
    pub(super) header: Vec<String>,
}

impl Input {
    pub(super) fn open(path: &Path) -> Result<Input, StepError> {
        let file = File::open(path).map_err(|source| StepError::Read { path: path.to_owned(), source })?;
        let mut reader = ReaderBuilder::new()
            // With `\r\n` as an end, lines would be counted one too low; the `\r` goes when cells are trimmed.
            .terminator(csv::Terminator::Any(b'\n'))
            .from_reader(BufReader::with_capacity(1 << 18, file));
        let header = reader.headers().map_err(|error| broken(path, &error))?;
        let header: Vec<String> =
            header.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect();
        Ok(Input { reader, header })
    }

    /// Returns the place of the first of some columns that is there.
    pub(super) fn column(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.header.iter().position(|known| known == name))
    }

    /// Returns the place of the first of some columns; one must be there.
    pub(super) fn needed(&self, names: &[&str], path: &Path) -> Result<usize, StepError> {
        self.column(names).ok_or_else(|| {
            let hint = did_you_mean(names[0], self.header.iter().map(String::as_str));
            StepError::usage(format!("{}: there is no column `{}`", path.display(), names.join("` or `")), hint)
        })
    }
}

pub(super) fn broken(path: &Path, error: &csv::Error) -> StepError {
    StepError::usage(format!("{}: {error}", path.display()), None)
}

/// The columns of descriptors and where they stand.
struct Columns {
    op: usize,
    architecture: Option<usize>,
    others: [Option<usize>; 18],
}

/// The columns besides operation and device, by the names that descriptors have in files.
const OTHERS: [&[&str]; 18] = [
    &["version"],
    &["data_format"],
    &["math_fidelity"],
    &["t"],
    &["mblock_m"],
    &["mblock_n"],
    &["ublock_rt"],
    &["ublock_ct"],
    &["mblock_k"],
    &["ublock_kt"],
    &["reduce_z"],
    &["sparse_indices"],
    &["sparse_nz_ublocks"],
    &["sparse_nz_strips"],
    &["approx_mode"],
    &["vector_mode"],
    &["l1_accumulate"],
    &["op_attr"],
];

/// Estimates every row of a file of descriptors; the rows and their estimates go to `out`, with
/// `intervals` also where runtimes will be, and features outside of the range of the fit.
pub fn estimate_file(
    estimator: &Estimator,
    path: &Path,
    formula: Formula,
    intervals: bool,
    out: &mut dyn Write,
) -> Result<Estimated, StepError> {
    let mut input = Input::open(path)?;
    let columns = Columns {
        op: input.needed(&["type", "op"], path)?,
        architecture: Some(input.needed(&["arch"], path)?),
        others: OTHERS.map(|names| input.column(names)),
    };
    let mut writer = Writer::from_writer(out);
    let disk = |error: csv::Error| {
        let source = match error.into_kind() {
            csv::ErrorKind::Io(source) => source,
            other => io::Error::other(format!("{other:?}")),
        };
        StepError::Disk { what: "write", path: "the estimates".into(), source }
    };
    let more: &[&str] = if intervals { &["low", "high", "outside"] } else { &[] };
    let header = input.header.iter().map(String::as_str).chain(["estimate", "error"]).chain(more.iter().copied());
    writer.write_record(header).map_err(disk)?;
    let mut estimated = Estimated::default();
    let mut batch = Batch::new(estimator, formula);
    let mut record = ByteRecord::new();
    while input.reader.read_byte_record(&mut record).map_err(|error| broken(path, &error))? {
        estimated.rows += 1;
        let line = record.position().map_or(0, csv::Position::line);
        let result = row_descriptor(&record, &columns)
            .and_then(|descriptor| batch.predict(&descriptor).map_err(|error| explain(&error)));
        trim(&mut record);
        match result {
            Ok(predicted) => {
                let outside = estimated.note_trust(line, &predicted);
                record.push_field(predicted.cycles.to_string().as_bytes());
                record.push_field(b"");
                if intervals {
                    let ends = predicted.interval.map(|(low, high)| [low.floor(), high.ceil()]);
                    let end = |side: usize| ends.map_or_else(String::new, |ends| ends[side].to_string());
                    [end(0), end(1), outside].iter().for_each(|cell| record.push_field(cell.as_bytes()));
                }
            }
            Err(why) => {
                record.push_field(b"");
                record.push_field(why.as_bytes());
                more.iter().for_each(|_| record.push_field(b""));
                estimated.refuse(line, why);
            }
        }
        writer.write_byte_record(&record).map_err(disk)?;
    }
    writer.flush().map_err(|source| StepError::Disk { what: "write", path: "the estimates".into(), source })?;
    estimated.stand_ins = batch.into_stand_ins();
    Ok(estimated)
}

/// Returns an error with its hint in one line.
pub(super) fn explain(error: &EstimateError) -> String {
    match error {
        EstimateError::Unknown { hint: Some(hint), .. } => format!("{error} ({hint})"),
        _ => error.to_string(),
    }
}

/// Takes spaces off the ends of cells; what has none stays where it is.
pub(super) fn trim(record: &mut ByteRecord) {
    if record.iter().any(|cell| cell.trim_ascii().len() < cell.len()) {
        record.trim();
    }
}

/// Returns the text of a cell; empty where there is none.
pub(super) fn cell(record: &ByteRecord, column: Option<usize>) -> Result<&str, String> {
    let bytes = column.and_then(|column| record.get(column)).unwrap_or_default();
    std::str::from_utf8(bytes).map(str::trim).map_err(|_| "a cell is not in UTF-8".to_owned())
}

fn row_descriptor<'r>(record: &'r ByteRecord, columns: &Columns) -> Result<Descriptor<'r>, String> {
    let text = |place: usize| cell(record, columns.others[place]);
    let number = |place: usize, otherwise: u32| match text(place)? {
        "" => Ok(otherwise),
        text => {
            text.parse::<u32>().map_err(|_| format!("`{}` is `{text}`, and a whole number is wanted", OTHERS[place][0]))
        }
    };
    let count = |place: usize| match text(place)? {
        "-1" | "" => Ok(None),
        _ => number(place, 0).map(Some),
    };
    let flag = |place: usize| match text(place)? {
        "" | "0" | "false" => Ok(false),
        "1" | "true" => Ok(true),
        text => Err(format!("`{}` is `{text}`, and 0 or 1 is wanted", OTHERS[place][0])),
    };
    Ok(Descriptor {
        op: cell(record, Some(columns.op))?,
        architecture: cell(record, columns.architecture)?,
        version: number(0, 1)?,
        data_format: text(1)?,
        math_fidelity: text(2)?,
        t: number(3, 1)?,
        mblock_m: number(4, 0)?,
        mblock_n: number(5, 0)?,
        ublock_rt: number(6, 0)?,
        ublock_ct: number(7, 0)?,
        mblock_k: number(8, 0)?,
        ublock_kt: number(9, 0)?,
        reduce_z: number(10, 0)?,
        sparse_indices: number(11, 0)?,
        sparse_nz_ublocks: count(12)?,
        sparse_nz_strips: count(13)?,
        approximate: flag(14)?,
        vector_mode: if text(15)?.is_empty() { "rc" } else { text(15)? },
        l1_accumulate: flag(16)?,
        attribute: text(17)?,
    })
}
