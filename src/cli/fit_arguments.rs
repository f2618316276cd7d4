//! The arguments of `shmoo fit`.

use super::numbers::whole;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "A model says what is predicted from what: docs/models.md. These ship: eltwise, matmul, matmul_v2,
depthwise, reduce_z. Coefficients are not negative unless the model says so. Rows that lack a value
are left out, and counted with the reason; errors are shares of the target. With --strict, nothing
is written if rows were left out, are equal or mixed, if a set has none, or if the parameters of
--against are far from the data.

Examples:
  shmoo fit --model eltwise sqrt-op-performance.csv
  shmoo fit --model eltwise sine.csv --where \"op == 'sine'\" --format json
  shmoo fit --model eltwise *-op-performance.csv --strict
  shmoo fit --model models/conv.yaml sweep.csv --by arch --weighting relative
  shmoo fit --model eltwise add-op-performance.csv --search
  shmoo fit --model eltwise exp-approx.csv --set approx --out params.yaml
  shmoo fit --model matmul_v2 matmul.csv --op matmul --promote params/wormhole_b0
  shmoo fit --suite configs/op-model.yaml --promote params/wormhole_b0
  shmoo fit --model matmul_v2 matmul.csv --op matmul --against params/wormhole_b0
  shmoo fit --model eltwise exp.csv --format html --plots drawings > fit.html

Exit codes: 2 for a table or model that does not fit, 11 with --strict if rows were left out or
mixed, a set has none or parameters are far off, else 0."
)]
pub(super) struct FitArgs {
    /// The model: the name of one that ships, or a file
    #[arg(long, value_name = "MODEL", required_unless_present = "suite")]
    pub(super) model: Option<String>,
    /// Fit the models of this suite, as they are now, over its last run, or the one named in the place of DATA
    #[arg(long, value_name = "SUITE", conflicts_with_all = ["model", "op", "set", "filters", "by", "weighting", "robust",
        "drop_duplicates", "intervals", "search", "strict", "against"])]
    pub(super) suite: Option<PathBuf>,
    /// The tables: CSV with a header; each is fitted for itself, and - is standard input
    #[arg(required_unless_present = "suite", value_name = "DATA")]
    pub(super) files: Vec<PathBuf>,
    /// Name the operation [default: as the rows name it, else the file]
    #[arg(long, value_name = "OP")]
    pub(super) op: Option<String>,
    /// Name the attribute set [default: the model's, else base]
    #[arg(long, value_name = "SET")]
    pub(super) set: Option<String>,
    /// Take rows for which an expression holds; may be repeated
    #[arg(long = "where", value_name = "EXPR")]
    pub(super) filters: Vec<String>,
    /// Fit the values of this column apart; may be repeated
    #[arg(long, value_name = "COLUMN")]
    pub(super) by: Vec<String>,
    /// What the squares are of [default: as the model says]
    #[arg(long, value_enum)]
    pub(super) weighting: Option<WeightingChoice>,
    /// Let rows far off count for less
    #[arg(long)]
    pub(super) robust: bool,
    /// Leave out rows that are equal to an earlier one; all rows are kept in memory for it
    #[arg(long)]
    pub(super) drop_duplicates: bool,
    /// How intervals are made [default: bootstrap while the rows are few, else sandwich]
    #[arg(long, value_enum)]
    pub(super) intervals: Option<IntervalChoice>,
    /// Look for better forms over the columns that the features use
    #[arg(long)]
    pub(super) search: bool,
    /// Draw rows again so many times
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = whole::<u32>(100..=100_000))]
    pub(super) resamples: u32,
    /// Read with so many threads [default: the processors]
    #[arg(long, value_name = "N", value_parser = whole::<u32>(1..=256))]
    pub(super) threads: Option<u32>,
    /// Hold the fits against this parameter file, or the latest version of this folder
    #[arg(long, value_name = "PATH")]
    pub(super) against: Option<PathBuf>,
    /// Write the parameters into this file, beside those of other sets
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Write the parameters into the next version of this folder's `params_vN.yaml`; with a `--suite` of
    /// several devices, those of each into its folder below this one
    #[arg(long, value_name = "FOLDER", conflicts_with = "out")]
    pub(super) promote: Option<PathBuf>,
    /// Fail if rows were left out, are equal or mixed, a set has none, or earlier parameters are far from the data
    #[arg(long)]
    pub(super) strict: bool,
    /// The format
    #[arg(long, value_enum, default_value_t = FitFormat::Text)]
    pub(super) format: FitFormat,
    /// Draw measured against predicted, and errors along each feature, as SVG files into this folder
    #[arg(long, value_name = "FOLDER")]
    pub(super) plots: Option<PathBuf>,
}

/// Formats of a fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FitFormat {
    /// For people
    Text,
    /// For programs; versioned
    Json,
    /// One page with drawings that needs nothing but itself
    Html,
    /// For comments and job summaries
    Markdown,
}

/// What the squares that a fit minimises are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum WeightingChoice {
    /// The differences: large rows decide
    Absolute,
    /// The differences as a share of the target: all rows count alike
    Relative,
}

/// How intervals are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum IntervalChoice {
    /// By drawing rows again; rows that are not kept in memory get the sandwich
    Bootstrap,
    /// By each row's own error
    Sandwich,
    /// None
    None,
}
