//! The columns of descriptors: the cells of a row -> a descriptor.

use crate::fit::estimate::Descriptor;
use crate::fit::{PlainRecord, separator};
use crate::steps::StepError;
use crate::steps::estimating_input::Header;
use crate::steps::fitting::table_name;
use csv::ByteRecord;
use std::path::Path;

/// The cells of a row.
pub(super) trait Cells {
    /// Returns the bytes of a cell.
    fn bytes(&self, column: usize) -> &[u8];

    /// Returns the text of a cell without spaces at its ends.
    fn text(&self, column: usize) -> Result<&str, String>;

    /// Returns the descriptor if the row is of the usual writing.
    fn usual(&self, _columns: &Columns) -> Option<Descriptor<'_>> {
        None
    }
}

impl Cells for ByteRecord {
    fn bytes(&self, column: usize) -> &[u8] {
        self.get(column).unwrap_or_default()
    }

    fn text(&self, column: usize) -> Result<&str, String> {
        crate::steps::estimating_input::cell(self, Some(column))
    }
}

/// The columns of descriptors and where they stand.
pub(super) struct Columns {
    /// How many the header has.
    pub(super) width: usize,
    op: usize,
    architecture: usize,
    others: [Option<usize>; 18],
    /// What each is in rows of the usual writing.
    taken: Vec<Taken>,
}

/// What the cells of a column are.
#[derive(Debug, Clone, Copy)]
enum Taken {
    /// Nothing that is read.
    Not,
    /// The number of one of `OTHERS`.
    Number(usize),
    /// Whether one of `OTHERS` is so.
    Flag(usize),
    /// One of the six texts.
    Text(usize),
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

/// The places of texts and of flags among them; the rest are numbers.
const TEXTS: [usize; 4] = [1, 2, 15, 17];
const FLAGS: [usize; 2] = [14, 16];
/// What numbers are where a cell is empty or a column is missing.
const OTHERWISE: [u32; 18] = [1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, UNKNOWN, UNKNOWN, 0, 0, 0, 0];
/// Larger than what has eight digits.
const UNKNOWN: u32 = u32::MAX;

impl Columns {
    /// Finds the columns; `devices` are those that a row may be of.
    pub(super) fn of<'d>(
        header: &Header,
        path: &Path,
        devices: impl Iterator<Item = &'d str>,
    ) -> Result<Columns, StepError> {
        let architecture = header.column(&["arch"], path)?.ok_or_else(|| {
            let devices: Vec<String> = devices.map(|name| format!("`{name}`")).collect();
            let hint = format!("it names the device of each row; there are parameters of {}", devices.join(", "));
            let hint = separator(&header.names).unwrap_or(hint);
            StepError::usage(format!("{}: there is no column `arch`", table_name(path)), Some(hint))
        })?;
        let op = header.needed(&["type", "op"], path)?;
        let mut others = [None; OTHERS.len()];
        for (place, names) in others.iter_mut().zip(OTHERS) {
            *place = header.column(names, path)?;
        }
        let width = header.names.len();
        let mut taken = vec![Taken::Not; width];
        for (place, column) in others.iter().enumerate().filter_map(|(place, column)| Some((place, (*column)?))) {
            taken[column] = match TEXTS.iter().position(|text| *text == place) {
                Some(text) => Taken::Text(text + 2),
                None if FLAGS.contains(&place) => Taken::Flag(place),
                None => Taken::Number(place),
            };
        }
        (taken[op], taken[architecture]) = (Taken::Text(0), Taken::Text(1));
        Ok(Columns { width, op, architecture, others, taken })
    }

    /// Tells whether the cells of a column are read.
    pub(super) fn reads(&self, column: usize) -> bool {
        self.taken.get(column).is_some_and(|taken| !matches!(taken, Taken::Not))
    }

    /// Tells whether a row does not say which version of the parameters is meant.
    pub(super) fn lacks_version(&self, row: &impl Cells) -> bool {
        self.others[0].is_none_or(|column| row.bytes(column).trim_ascii().is_empty())
    }

    /// Returns the descriptor of a row of ASCII whose cells have no spaces at their ends. None = a cell is not of the
    /// usual writing.
    pub(super) fn usual<'r>(&self, row: &PlainRecord<'r>, text: &'r str) -> Option<Descriptor<'r>> {
        let (mut numbers, mut texts) = (OTHERWISE, [""; 6]);
        let mut start = 0;
        for (column, taken) in self.taken.iter().enumerate() {
            let end = row.end_of(column);
            match *taken {
                Taken::Not => {}
                Taken::Number(place) => match row.number(start..end) {
                    Some(number) => numbers[place] = number,
                    None if start == end => {}
                    None if OTHERWISE[place] == UNKNOWN && text.get(start..end) == Some("-1") => {}
                    None => return None,
                },
                Taken::Flag(place) => match text.get(start..end)? {
                    "" | "0" => {}
                    "1" => numbers[place] = 1,
                    _ => return None,
                },
                Taken::Text(place) => texts[place] = text.get(start..end)?,
            }
            start = end + 1;
        }
        let [op, architecture, data_format, math_fidelity, vector_mode, attribute] = texts;
        let known = |place: usize| Some(numbers[place]).filter(|number| *number != UNKNOWN);
        Some(Descriptor {
            op,
            architecture,
            version: numbers[0],
            data_format,
            math_fidelity,
            t: numbers[3],
            mblock_m: numbers[4],
            mblock_n: numbers[5],
            ublock_rt: numbers[6],
            ublock_ct: numbers[7],
            mblock_k: numbers[8],
            ublock_kt: numbers[9],
            reduce_z: numbers[10],
            sparse_indices: numbers[11],
            sparse_nz_ublocks: known(12),
            sparse_nz_strips: known(13),
            approximate: numbers[14] == 1,
            vector_mode: if vector_mode.is_empty() { "rc" } else { vector_mode },
            l1_accumulate: numbers[16] == 1,
            attribute,
        })
    }

    /// Returns the descriptor of a row, or what is wrong with it.
    pub(super) fn descriptor<'r>(&self, row: &'r impl Cells) -> Result<Descriptor<'r>, String> {
        let text = |place: usize| self.others[place].map_or(Ok(""), |column| row.text(column));
        let number = |place: usize| match text(place)? {
            "" => Ok(OTHERWISE[place]),
            text => text
                .parse::<u32>()
                .map_err(|_| format!("`{}` is `{text}`, and a whole number is wanted", OTHERS[place][0])),
        };
        let count = |place: usize| match text(place)? {
            "-1" | "" => Ok(None),
            _ => number(place).map(Some),
        };
        let flag = |place: usize| match text(place)? {
            "" | "0" | "false" => Ok(false),
            "1" | "true" => Ok(true),
            text => Err(format!("`{}` is `{text}`, and 0 or 1 is wanted", OTHERS[place][0])),
        };
        Ok(Descriptor {
            op: row.text(self.op)?,
            architecture: row.text(self.architecture)?,
            version: number(0)?,
            data_format: text(1)?,
            math_fidelity: text(2)?,
            t: number(3)?,
            mblock_m: number(4)?,
            mblock_n: number(5)?,
            ublock_rt: number(6)?,
            ublock_ct: number(7)?,
            mblock_k: number(8)?,
            ublock_kt: number(9)?,
            reduce_z: number(10)?,
            sparse_indices: number(11)?,
            sparse_nz_ublocks: count(12)?,
            sparse_nz_strips: count(13)?,
            approximate: flag(14)?,
            vector_mode: if text(15)?.is_empty() { "rc" } else { text(15)? },
            l1_accumulate: flag(16)?,
            attribute: text(17)?,
        })
    }
}
