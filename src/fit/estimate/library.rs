//! The operations and the forms of their estimates, as tables.

use crate::value::did_you_mean;

/// A dimension, or what goes with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dimension {
    M,
    N,
    Rows,
    Columns,
    Inner,
    InnerTiles,
    /// One less than the inner dimension's parts.
    InnerLessOne,
    /// One more than the columns.
    ColumnsAndOne,
    Phases,
    /// None: what fills a product up.
    One,
}

impl Dimension {
    /// All of them, in the order in which they are declared.
    pub(super) const ALL: [Dimension; 10] =
        [M, N, Rows, Columns, Inner, InnerTiles, InnerLessOne, ColumnsAndOne, Phases, Dimension::One];
}

/// What a term is multiplied by after its weight, in single precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    One,
    /// 2 for formats of 16 bits, 4 for those of 32.
    Width,
    /// The phases of the fidelity.
    Phases,
}

/// A part of a sum: a product of dimensions by a weight.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term {
    /// The factors, filled up with ones.
    pub(super) of: [Dimension; FACTORS],
    pub(super) weight: &'static str,
    pub(super) times: Times,
}

impl Term {
    /// Returns the factors.
    pub(super) fn factors(&self) -> impl Iterator<Item = Dimension> {
        self.of.into_iter().filter(|factor| *factor != Dimension::One)
    }
}

/// Factors of a product, at most. All have as many, so that nothing is counted while estimating.
pub(super) const FACTORS: usize = 8;

const fn term(factors: &[Dimension], weight: &'static str, times: Times) -> Term {
    let mut of = [Dimension::One; FACTORS];
    let mut place = 0;
    while place < factors.len() {
        of[place] = factors[place];
        place += 1;
    }
    Term { of, weight, times }
}

use Dimension::{Columns, ColumnsAndOne, Inner, InnerLessOne, InnerTiles, M, N, Phases, Rows};

const BLOCKS: &[Dimension] = &[M, N];
const TILES: &[Dimension] = &[M, N, Rows, Columns];

/// One operation on each element.
pub(super) const ELEMENTWISE: &[Term] =
    &[term(BLOCKS, "ublock_weight", Times::One), term(TILES, "tile_weight", Times::One)];

/// The same where the width of the format counts.
pub(super) const ELEMENTWISE_WIDE: &[Term] =
    &[term(BLOCKS, "ublock_weight", Times::One), term(TILES, "tile_weight", Times::Width)];

/// A product of matrices on the first device.
pub(super) const PRODUCT: &[Term] = &[
    term(&[InnerLessOne], "m_k_weight", Times::One),
    term(&[Inner, M, N], "ublock_weight", Times::One),
    term(&[Inner, M, N, InnerTiles, Rows, Columns], "tile_weight", Times::Phases),
];

/// A product of matrices on the later ones.
pub(super) const PRODUCT_V2: &[Term] = &[
    term(&[Inner, M, N, InnerTiles, Rows, Columns, Phases], "math_tiles_weight", Times::One),
    term(&[InnerLessOne, M, N, Rows, Columns], "math_dest_spill_weight", Times::One),
    term(&[Inner, M, N], "unpack_ublocks_weight", Times::One),
    term(&[InnerTiles, Rows, ColumnsAndOne, Inner, M, N], "unpack_tiles_weight", Times::One),
];

/// Kinds of operations: what their estimates have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Category {
    Unary,
    Binary,
    /// Its width does not count.
    Nary,
    Matmul,
    Depthwise,
}

/// All operations.
pub(crate) const OPERATIONS: [(&str, Category); 32] = [
    ("nop", Category::Unary),
    ("abs", Category::Unary),
    ("cosine", Category::Unary),
    ("dropout", Category::Unary),
    ("exp", Category::Unary),
    ("gelu", Category::Unary),
    ("gelu_derivative", Category::Unary),
    ("log", Category::Unary),
    ("lrelu", Category::Unary),
    ("power", Category::Unary),
    ("reciprocal", Category::Unary),
    ("sigmoid", Category::Unary),
    ("sine", Category::Unary),
    ("sqrt", Category::Unary),
    ("square", Category::Unary),
    ("tanh", Category::Unary),
    ("ethernet_datacopy", Category::Unary),
    ("reduce", Category::Unary),
    ("tilizer", Category::Unary),
    ("embedding", Category::Unary),
    ("topk", Category::Unary),
    ("fused_op", Category::Unary),
    ("add", Category::Binary),
    ("subtract", Category::Binary),
    ("multiply", Category::Binary),
    ("maximum", Category::Nary),
    ("quantization", Category::Binary),
    ("dequantization", Category::Binary),
    ("requantization", Category::Binary),
    ("splice", Category::Nary),
    ("matmul", Category::Matmul),
    ("depthwise", Category::Depthwise),
];

/// Fidelities and their phases.
pub(super) const FIDELITIES: [(&str, u32); 6] =
    [("LoFi", 1), ("HiFi2", 2), ("HiFi2_A", 2), ("HiFi2_B", 2), ("HiFi3", 3), ("HiFi4", 4)];

/// Formats and the factor of their width.
pub(super) const FORMATS: [(&str, u32); 17] = [
    ("Float32", 4),
    ("Tf32", 4),
    ("Float16", 2),
    ("Float16_b", 2),
    ("Bfp8", 1),
    ("Bfp8_b", 1),
    ("Bfp4", 1),
    ("Bfp4_b", 1),
    ("Bfp2", 1),
    ("Bfp2_b", 1),
    ("Lf8", 1),
    ("Int8", 1),
    ("Int32", 1),
    ("UInt16", 1),
    ("RawUInt8", 1),
    ("RawUInt16", 1),
    ("RawUInt32", 1),
];

/// What only parameter files name as an operation: products and reductions of another kind.
const KINDS: [&str; 2] = ["matmul_sparse", "reduce_z"];

/// Tells whether parameter files may have an operation; the error is a hint.
pub fn known_operation(op: &str) -> Result<(), Option<String>> {
    let known = || OPERATIONS.iter().map(|(known, _)| *known).chain(KINDS);
    if known().any(|known| known == op) {
        return Ok(());
    }
    Err(did_you_mean(op, known()))
}
