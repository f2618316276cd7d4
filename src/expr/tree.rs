//! An expression as a tree, with the place of every node in the text.

use super::exact::Exact;
use crate::value::Decimal;

/// A node and the bytes of the text that it was read from.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Node {
    /// Calls `see` for the node and all below it.
    pub(super) fn visit<'a>(&'a self, see: &mut dyn FnMut(&'a Node)) {
        see(self);
        match &self.kind {
            NodeKind::Bool(_) | NodeKind::Number(_) | NodeKind::Text(_) | NodeKind::Name(_) | NodeKind::Has(_) => {}
            NodeKind::List(nodes) | NodeKind::And(nodes) | NodeKind::Or(nodes) | NodeKind::Call(_, nodes) => {
                nodes.iter().for_each(|node| node.visit(see));
            }
            NodeKind::Negate(operand) | NodeKind::Not(operand) => operand.visit(see),
            NodeKind::Chain(first, rest) => {
                first.visit(see);
                rest.iter().for_each(|(_, node)| node.visit(see));
            }
            NodeKind::Compare(first, rest) => {
                first.visit(see);
                rest.iter().for_each(|(_, node)| node.visit(see));
            }
            NodeKind::Choose(choice) => {
                for node in [&choice.then, &choice.condition, &choice.otherwise] {
                    node.visit(see);
                }
            }
        }
    }
}

/// Sums, products, `and` and `or` of many operands are one node, so that only what is nested in
/// the text is nested in the tree.
#[derive(Debug)]
pub(super) enum NodeKind {
    Bool(bool),
    Number(Literal),
    Text(String),
    /// Index into the names of the expression.
    Name(usize),
    /// Indices of the names, all of which must have a value.
    Has(Vec<usize>),
    List(Vec<Node>),
    Negate(Box<Node>),
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    /// `first op operand op operand ...`, from left to right.
    Chain(Box<Node>, Vec<(Arithmetic, Node)>),
    /// `first op operand op operand ...`, each compared with its neighbour.
    Compare(Box<Node>, Vec<(Comparison, Node)>),
    Choose(Box<Choice>),
    Call(Function, Vec<Node>),
}

/// `then if condition else otherwise`.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) condition: Node,
    pub(super) then: Node,
    pub(super) otherwise: Node,
}

/// A number as it was written, and the nearest double.
#[derive(Debug, Clone, Copy)]
pub(super) struct Literal {
    pub(super) exact: Exact,
    pub(super) double: f64,
}

impl From<Decimal> for Literal {
    fn from(exact: Decimal) -> Literal {
        Literal { exact: exact.into(), double: exact.to_f64() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    /// Towards minus infinity.
    FloorDivide,
    /// With the sign of the divisor.
    Remainder,
    Power,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}

/// The functions of the language.
///
/// The first group takes one number. The second takes numbers, lists of numbers, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// The value without its sign.
    Abs,
    /// The largest whole number not above the value.
    Floor,
    /// The smallest whole number not below the value.
    Ceil,
    /// The nearest whole number, halves away from 0.
    Round,
    /// The square root.
    Sqrt,
    /// e to the power of the value.
    Exp,
    /// The natural logarithm.
    Log,
    /// The logarithm to base 2.
    Log2,
    /// The logarithm to base 10.
    Log10,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The sum; 0 of nothing.
    Sum,
    /// The arithmetic mean.
    Mean,
    /// The middle one in order, or the mean of the two in the middle.
    Median,
    /// How many there are.
    Len,
}

impl Function {
    /// All functions with their names; `has` is not among them, because it takes names.
    pub const ALL: [(&'static str, Function); 15] = [
        ("abs", Function::Abs),
        ("floor", Function::Floor),
        ("ceil", Function::Ceil),
        ("round", Function::Round),
        ("sqrt", Function::Sqrt),
        ("exp", Function::Exp),
        ("log", Function::Log),
        ("log2", Function::Log2),
        ("log10", Function::Log10),
        ("min", Function::Min),
        ("max", Function::Max),
        ("sum", Function::Sum),
        ("mean", Function::Mean),
        ("median", Function::Median),
        ("len", Function::Len),
    ];

    /// Returns the function of a name.
    pub fn named(name: &str) -> Option<Function> {
        Function::ALL.iter().find(|(known, _)| *known == name).map(|&(_, function)| function)
    }

    /// Tells whether the function takes any number of arguments and lists.
    pub fn gathers(self) -> bool {
        match self {
            Function::Min | Function::Max | Function::Sum | Function::Mean | Function::Median | Function::Len => true,
            Function::Abs
            | Function::Floor
            | Function::Ceil
            | Function::Round
            | Function::Sqrt
            | Function::Exp
            | Function::Log
            | Function::Log2
            | Function::Log10 => false,
        }
    }
}
