//! The step `estimate --evaluate`: estimates beside the measured runtimes of a sweep.

mod columns;
mod operation;

use super::StepError;
use super::estimating::{Estimated, explain};
use super::estimating_input::{no_rows, open};
use crate::fit::estimate::{Batch, Comparison, Descriptor, Estimator, Formula, compare, six_digits};
use columns::{Columns, Others};
use csv::Writer;
use operation::Operation;
use std::io::{self, Write};
use std::path::Path;

/// What the rows of a sweep are of.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// `unary`, `binary` or `matmul`; none: that of the operation.
    pub op_type: Option<OpType>,
    /// The operation; `matmul_sparse`, `reduce_z` and names with `approx` in them are understood.
    pub op_name: String,
    /// Attributes that hold for all rows, as sets of parameters name them.
    pub attributes: Vec<String>,
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

impl OpType {
    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            OpType::Unary => "unary",
            OpType::Binary => "binary",
            OpType::Matmul => "matmul",
        }
    }
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
    /// What is to be said of the table.
    pub warnings: Vec<String>,
}

/// The columns that are added.
const ADDED: [&str; 2] = ["estimate", "ratio"];

/// Estimates every row of a sweep; the rows go to `out`, with estimate and ratio behind them.
pub fn evaluate(
    estimator: &Estimator,
    path: &Path,
    evaluation: &Evaluation,
    out: &mut dyn Write,
) -> Result<Evaluated, StepError> {
    let usage = |message: String, hint: Option<String>| StepError::usage(message, hint);
    let operation = Operation::of(evaluation.op_type, &evaluation.op_name, &evaluation.attributes)?;
    let architecture = estimator.architecture(&evaluation.architecture);
    let architecture = architecture.map_err(|error| usage(explain(&error), None))?;
    let version = evaluation.version.unwrap_or(architecture.versions.len() as u32);
    let (header, input) = open(path)?;
    let columns = Columns::of(&header, path, &operation)?;
    header.check_added(&ADDED, path)?;
    let disk = |source: io::Error| StepError::Disk { what: "write", path: "the comparison".into(), source };
    let unwritten = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(source) => disk(source),
        other => disk(io::Error::other(format!("{other:?}"))),
    };
    let mut writer = Writer::from_writer(out);
    let warnings = columns.misspelt(&header, path);
    let mut evaluated = Evaluated { rows: Estimated::default(), comparison: None, out_of_bounds: Vec::new(), warnings };
    let mut batch = Batch::new(estimator, evaluation.formula);
    let (mut pairs, mut outside, mut others) = (Vec::new(), String::new(), Others::default());
    input.for_each(|line, record, whole| {
        if evaluated.rows.rows == 0 {
            let names = header.names.iter().map(String::as_str);
            writer.write_record(names.chain(ADDED)).map_err(unwritten)?;
        }
        evaluated.rows.rows += 1;
        others.note(&columns, record, &operation);
        let result = whole.and_then(|()| columns.row(record, &operation, evaluation.formula));
        let result = result.and_then(|(descriptor, runtime)| {
            let descriptor = Descriptor { architecture: &evaluation.architecture, version, ..descriptor };
            let predicted = batch.predict(&descriptor).map_err(|error| columns.explain(&error))?;
            let ratio = predicted.cycles as f32 / runtime;
            if !ratio.is_finite() {
                return Err(format!("the runtime {runtime:e} is too small for a ratio"));
            }
            evaluated.rows.note_trust(line, &predicted, &mut outside);
            Ok((predicted.cycles, runtime, ratio))
        });
        match result {
            Ok((cycles, runtime, ratio)) => {
                evaluated.rows.note_size(cycles);
                // The ratio is in single precision, as bounds of it are meant.
                if evaluation.bounds.is_some_and(|(low, high)| !(low as f32..=high as f32).contains(&ratio)) {
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
        writer.write_byte_record(record).map_err(unwritten)
    })?;
    writer.flush().map_err(disk)?;
    if evaluated.rows.rows == 0 {
        // A gate must not pass because nothing was there.
        return Err(no_rows(path, "each row behind its header is an operation with its measured runtime"));
    }
    evaluated.warnings.extend(others.warning(&columns, path, &evaluation.op_name));
    evaluated.rows.stand_ins = batch.take_stand_ins();
    evaluated.comparison = compare(&pairs);
    Ok(evaluated)
}
