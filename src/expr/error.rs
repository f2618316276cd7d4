//! What can be wrong with an expression, when it is read and when it is evaluated.

/// An expression cannot be read or names something unknown.
///
/// Offsets count bytes of the expression's text, so that `Span::part` finds the place in a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExprError {
    /// First byte of the place in the text.
    pub offset: usize,
    /// Length of the place in bytes; may be 0 at the end of the text.
    pub length: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl ExprError {
    pub(super) fn new(offset: usize, length: usize, message: impl Into<String>) -> ExprError {
        ExprError { offset, length, message: message.into(), hint: None }
    }

    pub(super) fn with_hint(self, hint: impl Into<String>) -> ExprError {
        ExprError { hint: Some(hint.into()), ..self }
    }

    /// Returns what to write instead.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

/// An expression has no value for these values of its names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{excerpt}` {fault}")]
pub struct EvalError {
    /// First byte of the sub-expression at fault.
    pub offset: usize,
    /// Length of the sub-expression in bytes.
    pub length: usize,
    /// The sub-expression, shortened if it is long.
    pub excerpt: String,
    /// What is wrong with it.
    pub fault: Fault,
}

impl EvalError {
    pub(super) fn at(text: &str, start: usize, end: usize, fault: Fault) -> Box<EvalError> {
        const LONGEST: usize = 60;
        let whole = text.get(start..end).unwrap_or(text);
        let excerpt = match whole.char_indices().nth(LONGEST) {
            Some((cut, _)) => format!("{}...", &whole[..cut]),
            None => whole.to_owned(),
        };
        Box::new(EvalError { offset: start, length: end - start, excerpt, fault })
    }

    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        self.fault.hint()
    }
}

/// What is wrong with a sub-expression; reads as the rest of a sentence about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A name without a value, outside of `has`.
    #[error("has no value{}", .row.map_or(" here".to_owned(), |row| format!(" in row {row}")))]
    Absent {
        /// The name.
        name: String,
        /// The first such row, from 0, where columns are evaluated.
        row: Option<usize>,
    },
    /// An operand or argument is of the wrong kind.
    #[error("is {found} where {wanted} is wanted")]
    Kind {
        /// What is wanted.
        wanted: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// Two values that cannot be equal or unequal.
    #[error("compares {left} with {right}")]
    Comparison {
        /// Kind of the left operand.
        left: &'static str,
        /// Kind of the right operand.
        right: &'static str,
    },
    /// `<` and its like for something other than numbers.
    #[error("orders {found}, and only numbers have an order")]
    Order {
        /// The kind that has no order.
        found: &'static str,
    },
    /// A division by 0, in exact numbers.
    #[error("divides by zero")]
    DivisionByZero,
    /// The exact result does not fit.
    #[error("has more digits than an exact decimal holds")]
    TooManyDigits,
    /// A function without a real, finite result there.
    #[error("has no finite result for {argument}")]
    NoResult {
        /// The argument.
        argument: String,
    },
    /// The least, greatest, mean or middle of nothing.
    #[error("has no items")]
    Empty,
    /// A list inside a list.
    #[error("puts a list into a list")]
    NestedList,
    /// One column with values of two kinds.
    #[error("is {one} in some rows and {other} in others")]
    Mixed {
        /// One of the kinds.
        one: &'static str,
        /// Another of the kinds.
        other: &'static str,
    },
    /// A column that does not fit the others.
    #[error("is a column of {found} rows where {wanted} are wanted, or has codes without a word")]
    BrokenColumn {
        /// Rows of the column.
        found: usize,
        /// Rows of the sheet.
        wanted: usize,
    },
}

impl Fault {
    fn hint(&self) -> Option<String> {
        match self {
            Fault::Absent { name, .. } => Some(format!("guard it: `has({name}) and ...`")),
            Fault::Comparison { left, right } => match (*left, *right) {
                ("a truth value", "a text") | ("a text", "a truth value") => {
                    Some("a truth value stands for itself: write `name` or `not name`, without quotes".to_owned())
                }
                ("a list", _) | (_, "a list") => Some("`in` looks for a value in a list".to_owned()),
                ("a number", "a text") | ("a text", "a number") => Some(
                    "quotes make a text, and a parameter is a number only if its `type` or all its values are"
                        .to_owned(),
                ),
                _ => None,
            },
            Fault::Kind { wanted: "a truth value", found: "a number" } => {
                Some("compare it: `... > 0`, `... != 0`".to_owned())
            }
            Fault::Kind { .. }
            | Fault::Order { .. }
            | Fault::DivisionByZero
            | Fault::TooManyDigits
            | Fault::NoResult { .. }
            | Fault::Empty
            | Fault::NestedList
            | Fault::Mixed { .. }
            | Fault::BrokenColumn { .. } => None,
        }
    }
}
