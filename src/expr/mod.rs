//! The one expression language of suites: `where`, `when`, `let`, metrics, features, `expect`, plots.
//!
//! In: the text of an expression and the values of the names in it. Out: a value, or an error that
//! points into the text. `Expr` is what was written, `Program` knows where each name's value is.
//! The same program runs in exact decimals over one case (`where`, `when`, `let`), in doubles over
//! one task (metrics), and in doubles over columns (fits, plots).
//!
//! - Values: numbers, texts in `'..'` or `".."`, `true`, `false`, lists `[a, b]`.
//! - Operators, loosest first, as in Python: `a if c else b`; `or`; `and`; `not`;
//!   `== != < <= > >= in not in` (chained: `0 < x <= 3`); `+ -`; `* / // %`; unary `-`; `**`.
//! - Functions: see [`Function`]. `has(k)` tells whether `k` has a value.
//! - There is no truthiness and no conversion: `and` wants truth values, `==` wants two of a kind.
//! - Operands of `and`, `or`, `if` and chained comparisons that do not matter are not evaluated,
//!   so `has(k) and k > 1` holds for a case without `k`.
//!
//! Invariant: no input makes this module panic or recurse deeper than `MAX_DEPTH` levels.

mod blocks;
mod column;
mod double;
mod error;
mod evaluate;
mod exact;
mod expression;
mod number;
mod operand;
mod parse;
mod program;
mod sheet;
mod strip;
mod token;
mod tree;
mod truth;

#[cfg(test)]
mod agreement_tests;
#[cfg(test)]
mod parse_tests;
#[cfg(test)]
mod program_tests;

pub use column::{Cells, Column};
pub use error::{EvalError, ExprError, Fault};
pub use expression::{Expr, NameUse, TextComparison};
pub use operand::{Operand, OperandRef, ValueRef};
pub use parse::{MAX_DEPTH, MAX_LENGTH};
pub use program::Program;
pub use token::is_keyword;
pub use tree::Function;
pub use truth::NoTruth;
