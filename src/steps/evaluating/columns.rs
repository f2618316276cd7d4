//! The columns of sweeps: the cells of a row -> a descriptor and its runtime.

use super::operation::{Operation, bare_name};
use crate::fit::estimate::{Descriptor, EstimateError, Formula};
use crate::report::count;
use crate::steps::StepError;
use crate::steps::estimating::explain;
use crate::steps::estimating_cells::{is_gap, is_uncounted, truth, whole};
use crate::steps::estimating_input::{Header, cell};
use crate::steps::fitting::table_name;
use csv::ByteRecord;
use std::collections::BTreeMap;
use std::path::Path;

/// The columns that are read, by the names that sweeps have for them: those of others and our own.
pub(super) struct Columns<'h> {
    names: &'h [String],
    format: usize,
    fidelity: usize,
    /// As descriptors name them; a dimension without a column is 1.
    dimensions: Vec<(&'static str, Option<usize>)>,
    sparse: Option<[usize; 3]>,
    /// Those of `OPTIONAL`.
    optional: [Option<usize>; 5],
    runtime: Runtime,
    /// What names the operation of each row.
    operation: Option<usize>,
}

enum Runtime {
    Measured(usize),
    /// The whole, its first and its last input.
    Total(usize, usize, usize),
}

/// The columns that may be missing.
const OPTIONAL: [&[&str]; 5] = [
    &["approx_mode", "approx"],
    &["vector_mode", "vector-mode", "Vector-Mode", "vector"],
    &["l1_accumulate", "l1_acc", "l1"],
    &["op_attr"],
    &["reduce_z", "z"],
];
/// Their places.
const APPROXIMATE: usize = 0;
const VECTOR: usize = 1;
const ACCUMULATE: usize = 2;
const DIMENSION: usize = 3;
const LAYERS: usize = 4;

/// Columns that name the operation of a row.
const OPERATION: [&str; 9] = [
    "Unary-Type",
    "unary-type",
    "unary_type",
    "Binary-Type",
    "binary-type",
    "binary_type",
    "quant_type",
    "op_name",
    "op",
];

impl<'h> Columns<'h> {
    /// Finds the columns that the rows of an operation need, and those that they may have.
    pub(super) fn of(header: &'h Header, path: &Path, operation: &Operation<'_>) -> Result<Columns<'h>, StepError> {
        let needed = |names: &[&str]| header.needed(names, path);
        let operand = matches!(operation.name, "dequantization" | "requantization");
        let mut optional = [None; OPTIONAL.len()];
        for (place, names) in optional.iter_mut().zip(OPTIONAL) {
            *place = header.column(names, path)?;
        }
        if operation.dimension == Some("z") {
            needed(OPTIONAL[LAYERS])?;
        }
        // Our own sweeps measure one block, and say nothing of it.
        let own = header.column(&["mb_r"], path)?.is_some();
        let blocks = ["output_t", "t"];
        let mut dimensions = vec![
            ("t", if own { header.column(&blocks, path)? } else { Some(needed(&blocks)?) }),
            ("mblock_m", Some(needed(&["output_mb_r", "mblock_m", "mb_r"])?)),
            ("mblock_n", Some(needed(&["output_mb_c", "mblock_n", "mb_c"])?)),
            ("ublock_rt", Some(needed(&["output_ub_r", "ublock_rt", "ub_r"])?)),
            ("ublock_ct", Some(needed(&["output_ub_c", "ublock_ct", "ub_c"])?)),
        ];
        if operation.inner {
            dimensions.push(("mblock_k", Some(needed(&["mblock_k", "m_k", "k"])?)));
            dimensions.push(("ublock_kt", Some(needed(&["ublock_kt", "u_kt", "q"])?)));
        }
        Ok(Columns {
            names: &header.names,
            format: needed(if operand {
                &["input0_df", "input0", "df"]
            } else {
                &["output_df", "input0_df", "input0", "df"]
            })?,
            fidelity: needed(&["math_fidelity", "fidelity"])?,
            dimensions,
            sparse: match operation.sparse {
                true => Some([needed(&["nz_tiles"])?, needed(&["nz_ublocks"])?, needed(&["nz_strips"])?]),
                false => None,
            },
            optional,
            runtime: match header.column(&["runtime"], path)? {
                Some(column) => Runtime::Measured(column),
                None => Runtime::Total(
                    needed(&["runtime", "total-runtime"])?,
                    needed(&["first-input-idx-recorded"])?,
                    needed(&["last-input-idx-recorded"])?,
                ),
            },
            operation: header.column(&OPERATION, path)?,
        })
    }

    /// Returns what is said of columns that are perhaps misspelt.
    pub(super) fn misspelt(&self, header: &Header, path: &Path) -> Vec<String> {
        let absent: Vec<&[&str]> =
            OPTIONAL.iter().zip(self.optional).filter_map(|(names, place)| place.is_none().then_some(*names)).collect();
        header.misspelt(path, |column| self.reads(column), &absent)
    }

    fn reads(&self, column: usize) -> bool {
        let dimensions = self.dimensions.iter().filter_map(|(_, column)| *column);
        let sparse = self.sparse.into_iter().flatten();
        let runtime = match self.runtime {
            Runtime::Measured(column) => [column; 3],
            Runtime::Total(total, first, last) => [total, first, last],
        };
        let others = [self.format, self.fidelity].into_iter().chain(self.optional.into_iter().flatten());
        let mut read = dimensions.chain(sparse).chain(runtime).chain(others).chain(self.operation);
        read.any(|read| read == column)
    }

    /// Returns what a row is of, and its runtime.
    pub(super) fn row<'r>(
        &self,
        record: &'r ByteRecord,
        operation: &Operation<'r>,
        formula: Formula,
    ) -> Result<(Descriptor<'r>, f32), String> {
        let mut descriptor = Descriptor {
            op: operation.name,
            data_format: cell(record, Some(self.format))?,
            math_fidelity: cell(record, Some(self.fidelity))?,
            t: 1,
            ..Descriptor::default()
        };
        for (name, column) in &self.dimensions {
            let Some(column) = column else { continue };
            let value = self.whole(record, *column)?;
            match *name {
                "t" => descriptor.t = value,
                "mblock_m" => descriptor.mblock_m = value,
                "mblock_n" => descriptor.mblock_n = value,
                "ublock_rt" => descriptor.ublock_rt = value,
                "ublock_ct" => descriptor.ublock_ct = value,
                "mblock_k" => descriptor.mblock_k = value,
                _ => descriptor.ublock_kt = value,
            }
        }
        if let Some([tiles, blocks, strips]) = self.sparse {
            descriptor.sparse_indices = self.whole(record, tiles)?;
            if descriptor.sparse_indices == 0 {
                // It would be taken for a dense product.
                return Err(format!("`{}` is 0", self.names[tiles]));
            }
            if formula == Formula::Best {
                descriptor.sparse_nz_ublocks = self.counted(record, blocks)?;
                descriptor.sparse_nz_strips = self.counted(record, strips)?;
            }
        }
        self.take_attributes(record, operation, &mut descriptor)?;
        Ok((descriptor, self.runtime(record)?))
    }

    /// Takes what the row itself says of its attributes, which must be what is said of all rows.
    fn take_attributes<'r>(
        &self,
        record: &'r ByteRecord,
        operation: &Operation<'r>,
        descriptor: &mut Descriptor<'r>,
    ) -> Result<(), String> {
        descriptor.approximate = self.flag(record, APPROXIMATE, operation.approximate)?;
        descriptor.l1_accumulate = self.flag(record, ACCUMULATE, operation.accumulate)?;
        descriptor.vector_mode = self.word(record, VECTOR, operation.vector)?.unwrap_or("rc");
        descriptor.attribute = self.word(record, DIMENSION, operation.dimension)?.unwrap_or("");
        if let Some(layers) = self.optional[LAYERS].filter(|column| !is_gap(&record[*column])) {
            descriptor.reduce_z = self.whole(record, layers)?;
        }
        Ok(())
    }

    fn flag(&self, record: &ByteRecord, place: usize, all: Option<bool>) -> Result<bool, String> {
        let Some((name, text)) = self.optional_text(record, place)? else { return Ok(all.unwrap_or(false)) };
        let value = truth(text).ok_or_else(|| format!("`{name}` is `{text}`, and 0 or 1 is wanted"))?;
        if all.is_some_and(|all| all != value) { Err(contradicts(name, text)) } else { Ok(value) }
    }

    fn word<'r>(&self, record: &'r ByteRecord, place: usize, all: Option<&'r str>) -> Result<Option<&'r str>, String> {
        let Some((name, text)) = self.optional_text(record, place)? else { return Ok(all) };
        if all.is_some_and(|all| all != text) { Err(contradicts(name, text)) } else { Ok(Some(text)) }
    }

    /// Returns the name of one of the columns that may be missing, and what stands there if it says something.
    fn optional_text<'r>(&self, record: &'r ByteRecord, place: usize) -> Result<Option<(&'h str, &'r str)>, String> {
        let Some(column) = self.optional[place] else { return Ok(None) };
        let text = cell(record, Some(column))?;
        Ok((!is_gap(text.as_bytes())).then(|| (self.names[column].as_str(), text)))
    }

    fn whole(&self, record: &ByteRecord, column: usize) -> Result<u32, String> {
        let (name, text) = (&self.names[column], cell(record, Some(column))?);
        if text.is_empty() {
            return Err(format!("`{name}` is empty"));
        }
        whole(text).ok_or_else(|| format!("`{name}` is `{text}`, and a whole number is wanted"))
    }

    fn counted(&self, record: &ByteRecord, column: usize) -> Result<Option<u32>, String> {
        if is_uncounted(cell(record, Some(column))?) { Ok(None) } else { self.whole(record, column).map(Some) }
    }

    fn number(&self, record: &ByteRecord, column: usize) -> Result<f64, String> {
        let (name, text) = (&self.names[column], cell(record, Some(column))?);
        if text.is_empty() {
            return Err(format!("`{name}` is empty"));
        }
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| format!("`{name}` is `{text}`, and a number is wanted"))
    }

    fn runtime(&self, record: &ByteRecord) -> Result<f32, String> {
        let number = |column: usize| self.number(record, column);
        let runtime = match self.runtime {
            Runtime::Measured(column) => number(column)?,
            Runtime::Total(total, first, last) => number(total)? / (number(last)? - number(first)? + 1.0),
        };
        if runtime <= 0.0 || !runtime.is_finite() {
            return Err(format!("the runtime is {runtime}"));
        }
        let single = runtime as f32;
        if single.is_normal() {
            Ok(single)
        } else {
            Err(format!("the runtime {runtime:e} is out of the range of numbers"))
        }
    }

    /// Returns an error of an estimate in the words of the table.
    pub(super) fn explain(&self, error: &EstimateError) -> String {
        let named = |column: usize| format!("`{}` is", self.names[column]);
        match error {
            EstimateError::Zero(dimension) => {
                let column = self.dimensions.iter().find(|(name, _)| name == dimension).and_then(|(_, column)| *column);
                column.map_or_else(|| error.to_string(), |column| format!("{} 0", named(column)))
            }
            EstimateError::Unknown { what: "format", found, .. } if found.is_empty() => {
                format!("{} empty", named(self.format))
            }
            EstimateError::Unknown { what: "fidelity", found, .. } if found.is_empty() => {
                format!("{} empty", named(self.fidelity))
            }
            _ => explain(error),
        }
    }
}

fn contradicts(name: &str, text: &str) -> String {
    format!("`{name}` is `{text}`, and another is said of all rows")
}

/// Rows that are of another operation than the one that is said.
#[derive(Default)]
pub(super) struct Others {
    /// How many are of which; no more than a few are told from each other.
    named: BTreeMap<String, u64>,
    rows: u64,
}

/// Operations that are named one by one.
const NAMED: usize = 6;

impl Others {
    /// Notes the operation of a row.
    pub(super) fn note(&mut self, columns: &Columns<'_>, record: &ByteRecord, operation: &Operation<'_>) {
        let Ok(text) = cell(record, columns.operation) else { return };
        if is_gap(text.as_bytes()) || bare_name(text) == operation.name {
            return;
        }
        self.rows += 1;
        if let Some(rows) = self.named.get_mut(text) {
            *rows += 1;
        } else if self.named.len() < NAMED {
            self.named.insert(text.to_owned(), 1);
        }
    }

    /// Returns what is said of them.
    pub(super) fn warning(&self, columns: &Columns<'_>, path: &Path, op_name: &str) -> Option<String> {
        let column = columns.operation.filter(|_| self.rows > 0)?;
        let named: Vec<String> = self.named.iter().map(|(name, rows)| format!("{rows} of `{name}`")).collect();
        let more = if self.rows > self.named.values().sum() { ", ..." } else { "" };
        Some(format!(
            "{}: {} not of `{op_name}`, as `{}` has it: {}{more}",
            table_name(path),
            count(self.rows, "row"),
            columns.names[column],
            named.join(", ")
        ))
    }
}
