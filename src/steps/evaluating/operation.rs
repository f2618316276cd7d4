//! What a sweep measured: the operation that `--op-type`, `--op-name` and `--attribute` say.

use super::OpType;
use crate::fit::estimate::{Category, OPERATIONS};
use crate::steps::StepError;
use crate::value::did_you_mean;

/// The attributes that all rows of a sweep can have, by the words that sets of parameters have for them.
const ATTRIBUTES: [(&str, Attribute); 6] = [
    ("approx", Attribute::Approximate),
    ("vector_r", Attribute::Vector("r")),
    ("vector_c", Attribute::Vector("c")),
    ("l1_acc_en", Attribute::Accumulate),
    ("dim_c", Attribute::Dimension("c")),
    ("dim_z", Attribute::Dimension("z")),
];

#[derive(Debug, Clone, Copy)]
enum Attribute {
    Approximate,
    Vector(&'static str),
    Accumulate,
    Dimension(&'static str),
}

/// An operation and the attributes that all of its rows have; none: a column says them, or they are as usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Operation<'n> {
    /// As descriptors name it.
    pub(super) name: &'n str,
    /// Whether it is a product of matrices, which has an inner dimension.
    pub(super) inner: bool,
    pub(super) sparse: bool,
    pub(super) approximate: Option<bool>,
    pub(super) vector: Option<&'static str>,
    pub(super) accumulate: Option<bool>,
    pub(super) dimension: Option<&'static str>,
}

impl<'n> Operation<'n> {
    /// Reads the name of an operation and attributes that hold for all rows; without a type it is that of the operation.
    pub(super) fn of(
        op_type: Option<OpType>,
        op_name: &'n str,
        attributes: &[String],
    ) -> Result<Operation<'n>, StepError> {
        let name = bare_name(op_name);
        let approximate = op_name.contains("approx").then_some(true);
        let dimension = (op_name == "reduce_z").then_some("z");
        let sparse = op_name == "matmul_sparse";
        let inner = checked_type(op_type, op_name, name)? == OpType::Matmul;
        let mut operation = Operation { name, inner, sparse, approximate, vector: None, accumulate: None, dimension };
        for word in attributes {
            operation.take(word)?;
        }
        Ok(operation)
    }

    fn take(&mut self, word: &str) -> Result<(), StepError> {
        let Some((_, attribute)) = ATTRIBUTES.iter().find(|(known, _)| *known == word) else {
            let hint = did_you_mean(word, ATTRIBUTES.iter().map(|(known, _)| *known));
            return Err(StepError::usage(format!("`{word}` is no attribute that all rows can have"), hint));
        };
        let place = match *attribute {
            Attribute::Approximate => {
                self.approximate = Some(true);
                return Ok(());
            }
            Attribute::Accumulate => {
                self.accumulate = Some(true);
                return Ok(());
            }
            Attribute::Vector(mode) => (&mut self.vector, mode),
            Attribute::Dimension(dimension) => (&mut self.dimension, dimension),
        };
        match place.0.replace(place.1) {
            Some(before) if before != place.1 => {
                let message = format!("`--attribute {word}` contradicts what is said before: `{before}`");
                Err(StepError::usage(message, Some("a sweep has one of them".to_owned())))
            }
            _ => Ok(()),
        }
    }
}

/// Returns the name that descriptors have for an operation, which attributes may be a part of.
pub(super) fn bare_name(name: &str) -> &str {
    match name.strip_suffix("_approx").unwrap_or(name) {
        "matmul_sparse" => "matmul",
        "reduce_z" => "reduce",
        name => name,
    }
}

/// Returns the type of an operation; refuses one that is known, and of another type than is said.
fn checked_type(op_type: Option<OpType>, op_name: &str, name: &str) -> Result<OpType, StepError> {
    let Some((_, category)) = OPERATIONS.iter().find(|(known, _)| *known == name) else {
        return Ok(op_type.unwrap_or(OpType::Matmul));
    };
    let right = match category {
        Category::Unary => OpType::Unary,
        Category::Matmul | Category::Depthwise => OpType::Matmul,
        // It takes any number of operands.
        Category::Nary if name == "splice" && op_type == Some(OpType::Unary) => OpType::Unary,
        Category::Binary | Category::Nary => OpType::Binary,
    };
    let Some(op_type) = op_type.filter(|op_type| *op_type != right) else { return Ok(right) };
    let message = format!("`{op_name}` is of the type {}, not {}", right.word(), op_type.word());
    let hint = format!("give `--op-type {}`, or the operation that was measured with `--op-name`", right.word());
    Err(StepError::usage(message, Some(hint)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_and_their_attributes() {
        let check_type = |op_type: Option<OpType>, name: &str, attributes: &[&str], expected: Result<&str, &str>| {
            let attributes: Vec<String> = attributes.iter().map(|word| (*word).to_owned()).collect();
            let found = Operation::of(op_type, name, &attributes).map_err(|error| error.to_string());
            let found = found.map(|of| {
                let flags = [
                    (of.inner, "inner"),
                    (of.sparse, "sparse"),
                    (of.approximate.is_some(), "approx"),
                    (of.accumulate.is_some(), "l1"),
                ];
                let flags = flags.into_iter().filter_map(|(holds, word)| holds.then_some(word));
                [of.name].into_iter().chain(flags).chain(of.vector).chain(of.dimension).collect::<Vec<_>>().join(" ")
            });
            assert_eq!(found.as_deref().map_err(String::as_str), expected, "{name} {attributes:?}");
        };
        let check = |op_type: OpType, name: &str, attributes: &[&str], expected: Result<&str, &str>| {
            check_type(Some(op_type), name, attributes, expected);
            if expected.is_ok() {
                check_type(None, name, attributes, expected);
            }
        };
        check(OpType::Unary, "exp", &[], Ok("exp"));
        check(OpType::Unary, "exp_approx", &["vector_c"], Ok("exp approx c"));
        check(OpType::Unary, "exp", &["approx", "approx", "vector_r"], Ok("exp approx r"));
        check(OpType::Unary, "reduce_z", &["dim_z"], Ok("reduce z"));
        check(OpType::Unary, "reduce", &["dim_c"], Ok("reduce c"));
        check(OpType::Matmul, "matmul", &["l1_acc_en"], Ok("matmul inner l1"));
        check(OpType::Matmul, "matmul_sparse", &[], Ok("matmul inner sparse"));
        check(OpType::Matmul, "depthwise", &[], Ok("depthwise inner"));
        check(OpType::Binary, "maximum", &[], Ok("maximum"));
        check(OpType::Binary, "quantization", &[], Ok("quantization"));
        check(OpType::Unary, "splice", &[], Ok("splice"));
        check_type(Some(OpType::Binary), "nobody_knows", &[], Ok("nobody_knows"));
        check_type(None, "nobody_knows", &[], Ok("nobody_knows inner"));
        check(OpType::Unary, "matmul", &[], Err("`matmul` is of the type matmul, not unary"));
        check(OpType::Matmul, "exp", &[], Err("`exp` is of the type unary, not matmul"));
        check(OpType::Unary, "exp", &["vecter_r"], Err("`vecter_r` is no attribute that all rows can have"));
        let both = "`--attribute vector_c` contradicts what is said before: `r`";
        check(OpType::Unary, "exp", &["vector_r", "vector_c"], Err(both));
        check(OpType::Unary, "reduce_z", &["dim_c"], Err("`--attribute dim_c` contradicts what is said before: `z`"));
    }
}
