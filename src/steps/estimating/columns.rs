//! The columns of descriptors: the cells of a row -> a descriptor.

use super::explain;
use crate::fit::estimate::{Descriptor, EstimateError};
use crate::fit::{PlainRecord, separator};
use crate::steps::StepError;
use crate::steps::estimating_cells::{is_gap, is_uncounted, truth, whole};
use crate::steps::estimating_input::Header;
use crate::steps::fitting::table_name;
use crate::value::nearest;
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
    /// What is said of those that are missing, where they are needed.
    missing: [String; 18],
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
const OTHERS: [&str; 18] = [
    "version",
    "data_format",
    "math_fidelity",
    "t",
    "mblock_m",
    "mblock_n",
    "ublock_rt",
    "ublock_ct",
    "mblock_k",
    "ublock_kt",
    "reduce_z",
    "sparse_indices",
    "sparse_nz_ublocks",
    "sparse_nz_strips",
    "approx_mode",
    "vector_mode",
    "l1_accumulate",
    "op_attr",
];

/// The places of those that no row needs, and what else they are called.
const OPTIONAL: [(usize, &[&str]); 9] = [
    (0, &["version"]),
    (10, &["reduce_z", "z"]),
    (11, &["sparse_indices", "nz_tiles"]),
    (12, &["sparse_nz_ublocks", "nz_ublocks"]),
    (13, &["sparse_nz_strips", "nz_strips"]),
    (14, &["approx_mode", "approx"]),
    (15, &["vector_mode", "vector"]),
    (16, &["l1_accumulate", "l1_acc"]),
    (17, &["op_attr"]),
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
        for (place, name) in others.iter_mut().zip(OTHERS) {
            *place = header.column(&[name], path)?;
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
        let unread = || header.names.iter().zip(&taken).filter(|(_, taken)| matches!(taken, Taken::Not));
        let missing = OTHERS.map(|name| {
            let meant = nearest(name, unread().map(|(name, _)| name.as_str()));
            let hint = meant.map(|meant| format!(" (did you mean `{meant}`?)")).unwrap_or_default();
            format!("there is no column `{name}`{hint}")
        });
        Ok(Columns { width, op, architecture, others, missing, taken })
    }

    /// Returns what is said of columns that are perhaps misspelt.
    pub(super) fn misspelt(&self, header: &Header, path: &Path) -> Vec<String> {
        let absent = OPTIONAL.iter().filter(|(place, _)| self.others[*place].is_none());
        let absent: Vec<&[&str]> = absent.map(|(_, names)| *names).collect();
        header.misspelt(path, |column| self.reads(column), &absent)
    }

    /// Returns why a row has no estimate: where a cell says nothing, that is why.
    pub(super) fn explain(&self, row: &impl Cells, error: &EstimateError) -> String {
        let name = match error {
            EstimateError::Zero(name) => name,
            EstimateError::Unknown { what: "format", found, .. } if is_gap(found.as_bytes()) => "data_format",
            EstimateError::Unknown { what: "fidelity", found, .. } if is_gap(found.as_bytes()) => "math_fidelity",
            EstimateError::Unknown { what: "operation", found, .. } if is_gap(found.as_bytes()) => {
                return "the operation is empty".to_owned();
            }
            _ => return explain(error),
        };
        let Some(place) = OTHERS.iter().position(|known| *known == name) else { return explain(error) };
        match self.others[place] {
            None => self.missing[place].clone(),
            Some(column) if is_gap(row.bytes(column).trim_ascii()) => format!("`{name}` is empty"),
            Some(_) => explain(error),
        }
    }

    /// Tells whether the cells of a column are read.
    pub(super) fn reads(&self, column: usize) -> bool {
        self.taken.get(column).is_some_and(|taken| !matches!(taken, Taken::Not))
    }

    /// Tells whether a row does not say which version of the parameters is meant.
    pub(super) fn lacks_version(&self, row: &impl Cells) -> bool {
        self.others[0].is_none_or(|column| is_gap(row.bytes(column).trim_ascii()))
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
        // What is longer is none of those known, or a gap that is written out.
        if vector_mode.len() > 2 || attribute.len() > 1 {
            return None;
        }
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
        let word = |place: usize| text(place).map(|text| if is_gap(text.as_bytes()) { "" } else { text });
        let number = |place: usize| match word(place)? {
            "" => Ok(OTHERWISE[place]),
            text => whole(text).ok_or_else(|| format!("`{}` is `{text}`, and a whole number is wanted", OTHERS[place])),
        };
        let count = |place: usize| if is_uncounted(text(place)?) { Ok(None) } else { number(place).map(Some) };
        let flag = |place: usize| match word(place)? {
            "" => Ok(false),
            text => truth(text).ok_or_else(|| format!("`{}` is `{text}`, and 0 or 1 is wanted", OTHERS[place])),
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
            vector_mode: if word(15)?.is_empty() { "rc" } else { word(15)? },
            l1_accumulate: flag(16)?,
            attribute: word(17)?,
        })
    }
}
