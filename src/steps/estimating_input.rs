//! The rows that `estimate` reads: a CSV file, its cells, and the descriptors that they hold.

use super::StepError;
use crate::fit::estimate::Descriptor;
use crate::report::count;
use crate::value::did_you_mean;
use csv::{ByteRecord, ReaderBuilder};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

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
            // A row of another length is an error of that row.
            .flexible(true)
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

/// Gives a row as many cells as the header has, so that what is written behind them stands in its columns; says so if
/// it had others.
pub(super) fn level(record: &mut ByteRecord, width: usize) -> Result<(), String> {
    let found = record.len();
    if found == width {
        return Ok(());
    }
    record.truncate(width);
    (found..width).for_each(|_| record.push_field(b""));
    Err(format!("the row has {}, the header {width}", count(found as u64, "cell")))
}

/// The columns of descriptors and where they stand.
pub(super) struct Columns {
    /// How many the header has.
    pub(super) width: usize,
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

impl Columns {
    /// Finds the columns; `devices` are those that a row may be of.
    pub(super) fn of<'d>(
        input: &Input,
        path: &Path,
        devices: impl Iterator<Item = &'d str>,
    ) -> Result<Columns, StepError> {
        let architecture = input.column(&["arch"]).ok_or_else(|| {
            let devices: Vec<String> = devices.map(|name| format!("`{name}`")).collect();
            let hint = format!("it names the device of each row; there are parameters of {}", devices.join(", "));
            StepError::usage(format!("{}: there is no column `arch`", path.display()), Some(hint))
        })?;
        Ok(Columns {
            width: input.header.len(),
            op: input.needed(&["type", "op"], path)?,
            architecture: Some(architecture),
            others: OTHERS.map(|names| input.column(names)),
        })
    }
}

/// Tells whether a row does not say which version of the parameters is meant.
pub(super) fn lacks_version(record: &ByteRecord, columns: &Columns) -> bool {
    columns.others[0].and_then(|column| record.get(column)).unwrap_or_default().trim_ascii().is_empty()
}

/// Returns the descriptor of a row, or what is wrong with it.
pub(super) fn row_descriptor<'r>(record: &'r ByteRecord, columns: &Columns) -> Result<Descriptor<'r>, String> {
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
