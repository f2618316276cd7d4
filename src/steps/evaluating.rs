//! The step `estimate --evaluate`: estimates beside the measured runtimes of a sweep.

use super::StepError;
use super::estimating::{Estimated, explain};
use super::estimating_input::{Header, cell, open};
use super::fitting::table_name;
use crate::fit::estimate::{Batch, Comparison, Descriptor, Estimator, Formula, compare, six_digits};
use csv::{ByteRecord, Writer};
use std::io::{self, Write};
use std::path::Path;

/// What the rows of a sweep are of.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// `unary`, `binary` or `matmul`.
    pub op_type: OpType,
    /// The operation; `matmul_sparse` and names with `approx` in them are understood.
    pub op_name: String,
    /// The device.
    pub architecture: String,
    /// The version of the parameters; none: the latest.
    pub version: Option<u32>,
    /// The formula of sparse products.
    pub formula: Formula,
    /// The least and the largest ratio that will do.
    pub bounds: Option<(f64, f64)>,
}

/// Kinds of operations that a sweep measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpType {
    /// Of one operand.
    Unary,
    /// Of two.
    Binary,
    /// Products of matrices.
    Matmul,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Evaluated {
    /// What became of the rows.
    pub rows: Estimated,
    /// Estimates against runtimes; none without rows.
    pub comparison: Option<Comparison>,
    /// Lines whose ratio is out of bounds, and the ratio.
    pub out_of_bounds: Vec<(u64, f64)>,
}

/// The columns that are added.
const ADDED: [&str; 2] = ["estimate", "ratio"];

/// The columns that are read.
struct Columns {
    format: usize,
    fidelity: usize,
    shape: [usize; 5],
    inner: Option<[usize; 2]>,
    sparse: Option<[usize; 3]>,
    vector: Option<usize>,
    runtime: Runtime,
}

enum Runtime {
    Measured(usize),
    /// The whole, its first and its last input.
    Total(usize, usize, usize),
}

/// Estimates every row of a sweep; the rows go to `out`, with estimate and ratio behind them.
pub fn evaluate(
    estimator: &Estimator,
    path: &Path,
    evaluation: &Evaluation,
    out: &mut dyn Write,
) -> Result<Evaluated, StepError> {
    let usage = |message: String, hint: Option<String>| StepError::usage(message, hint);
    let architecture = estimator.architecture(&evaluation.architecture);
    let architecture = architecture.map_err(|error| usage(explain(&error), None))?;
    let version = evaluation.version.unwrap_or(architecture.versions.len() as u32);
    let (header, input) = open(path)?;
    let columns = columns(&header, path, evaluation)?;
    header.check_added(&ADDED, path)?;
    let disk = |source: io::Error| StepError::Disk { what: "write", path: "the comparison".into(), source };
    let broken_pipe = |error: csv::Error| disk(io::Error::other(error));
    let mut writer = Writer::from_writer(out);
    let mut evaluated = Evaluated { rows: Estimated::default(), comparison: None, out_of_bounds: Vec::new() };
    let mut batch = Batch::new(estimator, evaluation.formula);
    let (mut pairs, mut outside) = (Vec::new(), String::new());
    input.for_each(|line, record, whole| {
        if evaluated.rows.rows == 0 {
            let names = header.names.iter().map(String::as_str);
            writer.write_record(names.chain(ADDED)).map_err(broken_pipe)?;
        }
        evaluated.rows.rows += 1;
        let result = whole.and_then(|()| row(record, &columns, evaluation, version));
        let result = result.and_then(|(descriptor, runtime)| {
            let predicted = batch.predict(&descriptor).map_err(|error| explain(&error))?;
            evaluated.rows.note_trust(line, &predicted, &mut outside);
            Ok((predicted.cycles, runtime))
        });
        match result {
            Ok((cycles, runtime)) => {
                evaluated.rows.note_size(cycles);
                let ratio = cycles as f32 / runtime;
                if evaluation.bounds.is_some_and(|(low, high)| !(low..=high).contains(&f64::from(ratio))) {
                    evaluated.out_of_bounds.push((line, f64::from(ratio)));
                }
                pairs.push((f64::from(cycles), f64::from(runtime)));
                record.push_field(cycles.to_string().as_bytes());
                record.push_field(six_digits(ratio).as_bytes());
            }
            Err(why) => {
                evaluated.rows.refuse(line, why);
                record.push_field(b"");
                record.push_field(b"");
            }
        }
        writer.write_byte_record(record).map_err(broken_pipe)
    })?;
    writer.flush().map_err(disk)?;
    if evaluated.rows.rows == 0 {
        // A gate must not pass because nothing was there.
        let hint = "each row behind its header is an operation with its measured runtime";
        return Err(usage(format!("{}: the table has no rows", table_name(path)), Some(hint.to_owned())));
    }
    evaluated.rows.stand_ins = batch.take_stand_ins();
    evaluated.comparison = compare(&pairs);
    Ok(evaluated)
}

fn columns(header: &Header, path: &Path, evaluation: &Evaluation) -> Result<Columns, StepError> {
    let needed = |names: &[&str]| header.needed(names, path);
    let operand = matches!(plain_name(&evaluation.op_name), "dequantization" | "requantization");
    let matmul = evaluation.op_type == OpType::Matmul;
    let sparse = evaluation.op_name == "matmul_sparse";
    Ok(Columns {
        format: if operand { needed(&["input0_df"])? } else { needed(&["output_df", "input0_df"])? },
        fidelity: needed(&["math_fidelity"])?,
        shape: [
            needed(&["output_t", "t"])?,
            needed(&["output_mb_r", "mblock_m"])?,
            needed(&["output_mb_c", "mblock_n"])?,
            needed(&["output_ub_r", "ublock_rt"])?,
            needed(&["output_ub_c", "ublock_ct"])?,
        ],
        inner: if matmul { Some([needed(&["mblock_k", "m_k"])?, needed(&["ublock_kt", "u_kt"])?]) } else { None },
        sparse: match sparse {
            true => Some([needed(&["nz_tiles"])?, needed(&["nz_ublocks"])?, needed(&["nz_strips"])?]),
            false => None,
        },
        vector: header.column(&["Vector-Mode"], path)?,
        runtime: match header.column(&["runtime"], path)? {
            Some(column) => Runtime::Measured(column),
            None => Runtime::Total(
                needed(&["total-runtime"])?,
                needed(&["first-input-idx-recorded"])?,
                needed(&["last-input-idx-recorded"])?,
            ),
        },
    })
}

/// Returns the name of an operation without the mark of its approximation.
fn plain_name(name: &str) -> &str {
    name.strip_suffix("_approx").unwrap_or(name)
}

/// Returns what a row is of, and its runtime.
fn row<'r>(
    record: &'r ByteRecord,
    columns: &Columns,
    evaluation: &'r Evaluation,
    version: u32,
) -> Result<(Descriptor<'r>, f32), String> {
    let text = |column: usize| cell(record, Some(column));
    let whole = |column: usize| {
        let text = text(column)?;
        text.parse::<u32>().map_err(|_| format!("column {}: `{text}` is no whole number", column + 1))
    };
    // -1 in the place of a number says that nobody counted, as in descriptors.
    let counted = |column: usize| match text(column)? {
        "-1" | "" => Ok(None),
        _ => whole(column).map(Some),
    };
    let number = |column: usize| {
        let text = text(column)?;
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| format!("column {}: `{text}` is no number", column + 1))
    };
    let [t, m, n, r, c] = columns.shape;
    let mut descriptor = Descriptor {
        op: if evaluation.op_name == "matmul_sparse" { "matmul" } else { plain_name(&evaluation.op_name) },
        architecture: &evaluation.architecture,
        version,
        data_format: text(columns.format)?,
        math_fidelity: text(columns.fidelity)?,
        t: whole(t)?,
        mblock_m: whole(m)?,
        mblock_n: whole(n)?,
        ublock_rt: whole(r)?,
        ublock_ct: whole(c)?,
        approximate: evaluation.op_name.contains("approx"),
        ..Descriptor::default()
    };
    if let Some([k, q]) = columns.inner {
        (descriptor.mblock_k, descriptor.ublock_kt) = (whole(k)?, whole(q)?);
    }
    if let Some([tiles, blocks, strips]) = columns.sparse {
        descriptor.sparse_indices = whole(tiles)?;
        if evaluation.formula == Formula::Best {
            descriptor.sparse_nz_ublocks = counted(blocks)?;
            descriptor.sparse_nz_strips = counted(strips)?;
        }
    }
    if let Some(vector) = columns.vector.map(text).transpose()?.filter(|vector| !vector.is_empty()) {
        descriptor.vector_mode = vector;
    }
    let runtime = match columns.runtime {
        Runtime::Measured(column) => number(column)?,
        Runtime::Total(total, first, last) => number(total)? / (number(last)? - number(first)? + 1.0),
    };
    if runtime <= 0.0 || !runtime.is_finite() {
        return Err(format!("the runtime is {runtime}"));
    }
    Ok((descriptor, runtime as f32))
}
