//! The arguments of `shmoo estimate`.

use super::arguments::TextFormat;
use super::numbers::whole;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "FILE has a row for each operation: type, arch, version, data_format, math_fidelity, t, mblock_m, mblock_n,
ublock_rt, ublock_ct, mblock_k, ublock_kt, reduce_z, sparse_indices, sparse_nz_ublocks, sparse_nz_strips,
approx_mode, vector_mode, l1_accumulate, op_attr. What comes out has the columns `estimate`, in cycles of the
device, and `error`; with --intervals also `low` and `high`, where 95 of 100 runtimes will be, and `outside`,
features that leave the range of the fit. Both come from what `shmoo fit` wrote beside the parameters. With --evaluate, the file is a sweep with measured runtimes, and what comes out has the
columns `estimate` and `ratio`, estimate by runtime.

A folder of parameters has a folder for each device, with params_v1.yaml, params_v2.yaml and so on.

Examples:
  shmoo estimate operations.csv --params params --out estimates.csv
  shmoo estimate operations.csv --params params --intervals --strict
  shmoo estimate --evaluate matmul-sparse-op-performance.csv --out comparison.csv --formula v2
  shmoo estimate --evaluate exp.csv --op-type unary --op-name exp --params params --bounds 0.8,1.1
  shmoo estimate --evaluate nop.csv --op-type unary --op-name nop --attribute vector_r

Exit codes: 2 if a file cannot be used, a row has no estimate, or with --strict or --evaluate a table has no rows;
11 if a ratio is out of bounds, or with --strict a feature outside of the range of its fit, or nothing tells that
range; 20 if the machine keeps it from reading or writing; else 0."
)]
pub(super) struct EstimateArgs {
    /// The operations to estimate; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present = "evaluate")]
    pub(super) file: Option<PathBuf>,
    /// Hold estimates against the runtimes of this sweep; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub(super) evaluate: Option<PathBuf>,
    /// Take parameters from this folder [default: those that ship, of sparse products only]
    #[arg(long, value_name = "FOLDER")]
    pub(super) params: Option<PathBuf>,
    /// Say where runtimes will be, and which features leave the range of the fit
    #[arg(long, conflicts_with = "evaluate")]
    pub(super) intervals: bool,
    /// Fail if a feature leaves the range of the fit, nothing tells that range, or there are no rows
    #[arg(long)]
    pub(super) strict: bool,
    /// Write the rows to this file [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// The formula of sparse products; v2 is taken where the device has it
    #[arg(long, value_enum, default_value_t = FormulaChoice::V2)]
    pub(super) formula: FormulaChoice,
    /// The kind of operation that the sweep measured [default: that of the operation]
    #[arg(long, value_enum, requires = "evaluate", conflicts_with = "file")]
    pub(super) op_type: Option<OpTypeChoice>,
    /// The operation that the sweep measured
    #[arg(long, value_name = "OP", default_value = "matmul_sparse", requires = "evaluate", conflicts_with = "file")]
    pub(super) op_name: String,
    /// An attribute of all rows that no column says: approx, vector_r, vector_c, l1_acc_en, dim_c or dim_z; repeatable
    #[arg(long = "attribute", value_name = "WORD", requires = "evaluate", conflicts_with = "file")]
    pub(super) attributes: Vec<String>,
    /// The device that the sweep measured
    #[arg(long, value_name = "ARCH", default_value = "wormhole_b0", requires = "evaluate", conflicts_with = "file")]
    pub(super) arch: String,
    /// The version of the parameters [default: the latest]
    #[arg(long, value_name = "N", requires = "evaluate", conflicts_with = "file", value_parser = whole::<u32>(..))]
    pub(super) params_version: Option<u32>,
    /// The least and the largest ratio that will do
    #[arg(long, value_name = "LOW,HIGH", requires = "evaluate", conflicts_with = "file", value_parser = bounds)]
    pub(super) bounds: Option<(f64, f64)>,
    /// The format of what is said about all rows
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(super) format: TextFormat,
}

/// Formulas of sparse products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FormulaChoice {
    /// From weights alone
    V1,
    /// From measured stages
    V2,
}

/// Kinds of operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OpTypeChoice {
    /// Of one operand
    Unary,
    /// Of two
    Binary,
    /// Products of matrices
    Matmul,
}

/// Reads two numbers, the first below the second.
fn bounds(text: &str) -> Result<(f64, f64), String> {
    let read = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let ends = text.split_once(',').and_then(|(low, high)| Some((read(low)?, read(high)?)));
    match ends {
        Some((low, high)) if low < high => Ok((low, high)),
        Some((low, high)) => Err(format!("{low} is not below {high}: the least ratio comes first")),
        None => Err("wanted: two numbers such as 0.8,1.2".to_owned()),
    }
}
