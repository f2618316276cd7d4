//! The evaluation of a tree for one block of rows.
//!
//! `active` says in which rows the value of a node matters: as in the evaluation of one row, an
//! operand that no row needs is not evaluated, and what it holds in other rows is never looked at.

use super::double::{power, remainder, single};
use super::number::gather;
use super::sheet::Sheet;
use super::strip::Strip;
use super::tree::{Arithmetic, Choice, Comparison, Function, Node, NodeKind};
use super::{Cells, EvalError, Fault};
use std::borrow::Cow;

/// The values of a node in the rows of a block.
#[derive(Debug, Clone)]
pub(super) enum Block<'a> {
    Numbers(Strip<'a, f64>),
    Bools(Strip<'a, bool>),
    /// Numbers in the common dictionary of the sheet.
    Texts(Strip<'a, u32>),
    List(Vec<Block<'a>>),
}

impl Block<'_> {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Block::Numbers(_) => "a number",
            Block::Bools(_) => "a truth value",
            Block::Texts(_) => "a text",
            Block::List(_) => "a list",
        }
    }
}

/// Some rows of a sheet.
pub(super) struct Rows<'s, 'a> {
    pub(super) sheet: &'s Sheet<'a>,
    pub(super) from: usize,
    pub(super) length: usize,
}

type Evaluated<T> = Result<T, Box<EvalError>>;
/// The rows that matter; all where it is `None`.
type Active<'m> = Option<&'m [bool]>;

/// What is left of the active rows under a condition.
enum Narrowed {
    Nobody,
    Unchanged,
    Some(Vec<bool>),
}

impl<'a> Rows<'_, 'a> {
    fn error(&self, node: &Node, fault: Fault) -> Box<EvalError> {
        self.error_between(node, node, fault)
    }

    fn error_between(&self, first: &Node, last: &Node, fault: Fault) -> Box<EvalError> {
        EvalError::at(&self.sheet.parsed.text, first.start, last.end, fault)
    }

    pub(super) fn evaluate(&self, node: &'a Node, active: Active<'_>) -> Evaluated<Block<'a>> {
        match &node.kind {
            NodeKind::Bool(value) => Ok(Block::Bools(Strip::One(*value))),
            NodeKind::Number(literal) => Ok(Block::Numbers(Strip::One(literal.double))),
            NodeKind::Text(text) => {
                Ok(Block::Texts(Strip::One(self.sheet.dictionary.get(text.as_str()).copied().unwrap_or(u32::MAX))))
            }
            NodeKind::Name(index) => self.column(node, *index, active),
            NodeKind::Has(indices) => {
                Ok(Block::Bools(indices.iter().map(|&index| self.present(index)).fold(Strip::One(true), both)))
            }
            NodeKind::List(nodes) => self.list(nodes, active),
            NodeKind::Negate(operand) => Ok(Block::Numbers(self.numbers(operand, active)?.map(|number| -number))),
            NodeKind::Not(operand) => Ok(Block::Bools(self.bools(operand, active)?.map(|value| !value))),
            NodeKind::And(nodes) => self.until(nodes, active, false),
            NodeKind::Or(nodes) => self.until(nodes, active, true),
            NodeKind::Chain(first, rest) => {
                let mut result = self.numbers(first, active)?;
                for (operator, operand) in rest {
                    result = calculate(*operator, result, self.numbers(operand, active)?);
                }
                Ok(Block::Numbers(result))
            }
            NodeKind::Compare(first, rest) => self.compare(first, rest, active),
            NodeKind::Choose(choice) => self.choose(node, choice, active),
            NodeKind::Call(function, arguments) => self.call(node, *function, arguments, active),
        }
    }

    fn numbers(&self, node: &'a Node, active: Active<'_>) -> Evaluated<Strip<'a, f64>> {
        match self.evaluate(node, active)? {
            Block::Numbers(strip) => Ok(strip),
            other => Err(self.error(node, Fault::Kind { wanted: "a number", found: other.kind() })),
        }
    }

    fn bools(&self, node: &'a Node, active: Active<'_>) -> Evaluated<Strip<'a, bool>> {
        match self.evaluate(node, active)? {
            Block::Bools(strip) => Ok(strip),
            other => Err(self.error(node, Fault::Kind { wanted: "a truth value", found: other.kind() })),
        }
    }

    fn present(&self, name: usize) -> Strip<'a, bool> {
        let column = self.sheet.columns[name];
        match (&column.cells, &column.present) {
            (Cells::Absent, _) => Strip::One(false),
            (_, None) => Strip::One(true),
            (_, Some(present)) => Strip::Many(Cow::Borrowed(&present[self.from..self.from + self.length])),
        }
    }

    fn column(&self, node: &Node, name: usize, active: Active<'_>) -> Evaluated<Block<'a>> {
        let present = self.present(name);
        let absent = match &present {
            Strip::One(true) => None,
            present => (0..self.length).find(|&row| !present.get(row) && active.is_none_or(|active| active[row])),
        };
        if let Some(row) = absent {
            let name = self.sheet.parsed.names[name].clone();
            return Err(self.error(node, Fault::Absent { name, row: Some(self.from + row) }));
        }
        let range = self.from..self.from + self.length;
        Ok(match &self.sheet.columns[name].cells {
            Cells::Numbers(numbers) => Block::Numbers(Strip::Many(Cow::Borrowed(&numbers[range]))),
            Cells::Bools(bools) => Block::Bools(Strip::Many(Cow::Borrowed(&bools[range]))),
            Cells::Words { codes, .. } => {
                let common = &self.sheet.numbers_of_words[name];
                let codes = &codes[range];
                let word = |&code: &u32| common.get(code as usize).copied().unwrap_or(u32::MAX);
                let texts: Vec<u32> = codes.iter().map(word).collect();
                let broken = |row: &usize| texts[*row] == u32::MAX && present.get(*row);
                if texts.contains(&u32::MAX) && (0..self.length).any(|row| broken(&row)) {
                    let fault = Fault::BrokenColumn { found: codes.len(), wanted: self.length };
                    return Err(self.error(node, fault));
                }
                Block::Texts(Strip::Many(texts.into()))
            }
            // No row needs it, or there are no rows.
            Cells::Absent => Block::Numbers(Strip::One(f64::NAN)),
        })
    }

    fn list(&self, nodes: &'a [Node], active: Active<'_>) -> Evaluated<Block<'a>> {
        let mut items = Vec::with_capacity(nodes.len());
        for node in nodes {
            match self.evaluate(node, active)? {
                Block::List(_) => return Err(self.error(node, Fault::NestedList)),
                item => items.push(item),
            }
        }
        Ok(Block::List(items))
    }

    /// Keeps the active rows where `condition` is `wanted`.
    fn narrow(&self, active: Active<'_>, condition: &Strip<'_, bool>, wanted: bool) -> Narrowed {
        if self.length == 0 {
            return Narrowed::Unchanged;
        }
        let mask: Vec<bool> = match (condition, active) {
            (Strip::One(value), _) if *value == wanted => return Narrowed::Unchanged,
            (Strip::One(_), _) => return Narrowed::Nobody,
            (Strip::Many(values), None) => values.iter().map(|&value| value == wanted).collect(),
            (Strip::Many(values), Some(active)) => {
                values.iter().zip(active).map(|(&value, &active)| active && value == wanted).collect()
            }
        };
        if mask.contains(&true) { Narrowed::Some(mask) } else { Narrowed::Nobody }
    }

    /// `and` and `or`: in each row, the first operand that decides, decides.
    fn until(&self, nodes: &'a [Node], active: Active<'_>, deciding: bool) -> Evaluated<Block<'a>> {
        let mut result = Strip::One(!deciding);
        for node in nodes {
            let operand = match self.narrow(active, &result, !deciding) {
                Narrowed::Nobody => break,
                Narrowed::Unchanged => self.bools(node, active)?,
                Narrowed::Some(mask) => self.bools(node, Some(&mask))?,
            };
            result = if deciding { either(result, operand) } else { both(result, operand) };
        }
        Ok(Block::Bools(result))
    }

    fn compare(&self, first: &'a Node, rest: &'a [(Comparison, Node)], active: Active<'_>) -> Evaluated<Block<'a>> {
        let (mut left, mut left_node) = (self.evaluate(first, active)?, first);
        let mut result = Strip::One(true);
        for (comparison, node) in rest {
            let right = match self.narrow(active, &result, true) {
                Narrowed::Nobody => break,
                Narrowed::Unchanged => self.evaluate(node, active)?,
                Narrowed::Some(mask) => self.evaluate(node, Some(&mask))?,
            };
            let holds =
                compare(*comparison, &left, &right).map_err(|fault| self.error_between(left_node, node, fault))?;
            result = both(result, holds);
            (left, left_node) = (right, node);
        }
        Ok(Block::Bools(result))
    }

    fn choose(&self, node: &Node, choice: &'a Choice, active: Active<'_>) -> Evaluated<Block<'a>> {
        let condition = self.bools(&choice.condition, active)?;
        let branch = |branch: &'a Node, wanted: bool| -> Evaluated<Option<Block<'a>>> {
            Ok(match self.narrow(active, &condition, wanted) {
                Narrowed::Nobody => None,
                Narrowed::Unchanged => Some(self.evaluate(branch, active)?),
                Narrowed::Some(mask) => Some(self.evaluate(branch, Some(&mask))?),
            })
        };
        match (branch(&choice.then, true)?, branch(&choice.otherwise, false)?) {
            (Some(then), Some(otherwise)) => {
                let rows: Vec<bool> = (0..self.length).map(|row| condition.get(row)).collect();
                merge(then, otherwise, &rows).map_err(|fault| self.error(node, fault))
            }
            // With rows, one of the two is needed.
            (then, otherwise) => Ok(then.or(otherwise).unwrap_or(Block::Bools(condition))),
        }
    }

    fn call(&self, node: &Node, function: Function, arguments: &'a [Node], active: Active<'_>) -> Evaluated<Block<'a>> {
        if let ([argument], false) = (arguments, function.gathers()) {
            return Ok(Block::Numbers(apply(function, self.numbers(argument, active)?)));
        }
        let mut strips = Vec::with_capacity(arguments.len());
        let mut others = 0;
        for argument in arguments {
            let wrong = |wanted, found| Err(self.error(argument, Fault::Kind { wanted, found }));
            match self.evaluate(argument, active)? {
                Block::Numbers(strip) => strips.push(strip),
                Block::List(items) => {
                    for item in items {
                        match item {
                            Block::Numbers(strip) => strips.push(strip),
                            _ if function == Function::Len => others += 1,
                            Block::Texts(_) => return wrong("a list of numbers", "a list with a text"),
                            Block::Bools(_) => return wrong("a list of numbers", "a list with a truth value"),
                            Block::List(_) => return wrong("a list of numbers", "a list"),
                        }
                    }
                }
                other => return wrong("a number or a list", other.kind()),
            }
        }
        if function == Function::Len {
            return Ok(Block::Numbers(Strip::One((strips.len() + others) as f64)));
        }
        let mut items = vec![0.0; strips.len()];
        let mut in_row = |row: usize| {
            items.iter_mut().zip(&strips).for_each(|(item, strip)| *item = strip.get(row));
            gather(function, &mut items).map_err(|fault| self.error(node, fault))
        };
        if strips.iter().all(|strip| matches!(strip, Strip::One(_))) {
            return Ok(Block::Numbers(Strip::One(in_row(0)?)));
        }
        let rows: Result<Vec<f64>, _> = (0..self.length).map(in_row).collect();
        Ok(Block::Numbers(Strip::Many(rows?.into())))
    }
}

fn both<'a>(left: Strip<'a, bool>, right: Strip<'a, bool>) -> Strip<'a, bool> {
    match (left, right) {
        (Strip::One(true), other) | (other, Strip::One(true)) => other,
        (left, right) => left.fuse(right, |left, right| left & right),
    }
}

fn either<'a>(left: Strip<'a, bool>, right: Strip<'a, bool>) -> Strip<'a, bool> {
    match (left, right) {
        (Strip::One(false), other) | (other, Strip::One(false)) => other,
        (left, right) => left.fuse(right, |left, right| left | right),
    }
}

/// One loop for each operator, so that the compiler can make vectors of it.
fn calculate<'a>(operator: Arithmetic, left: Strip<'a, f64>, right: Strip<'a, f64>) -> Strip<'a, f64> {
    match operator {
        Arithmetic::Add => left.fuse(right, |left, right| left + right),
        Arithmetic::Subtract => left.fuse(right, |left, right| left - right),
        Arithmetic::Multiply => left.fuse(right, |left, right| left * right),
        Arithmetic::Divide => left.fuse(right, |left, right| left / right),
        Arithmetic::FloorDivide => left.fuse(right, |left, right| (left / right).floor()),
        Arithmetic::Remainder => left.fuse(right, remainder),
        Arithmetic::Power => left.fuse(right, power),
    }
}

fn apply<'a>(function: Function, argument: Strip<'a, f64>) -> Strip<'a, f64> {
    match function {
        Function::Abs => argument.map(f64::abs),
        Function::Floor => argument.map(f64::floor),
        Function::Ceil => argument.map(f64::ceil),
        Function::Sqrt => argument.map(f64::sqrt),
        _ => argument.map(single(function)),
    }
}

fn equal<'a>(left: &Block<'_>, right: &Block<'_>) -> Result<Strip<'a, bool>, Fault> {
    match (left, right) {
        (Block::Numbers(left), Block::Numbers(right)) => Ok(left.zip(right, |left, right| left == right)),
        (Block::Texts(left), Block::Texts(right)) => Ok(left.zip(right, |left, right| left == right)),
        (Block::Bools(left), Block::Bools(right)) => Ok(left.zip(right, |left, right| left == right)),
        _ => Err(Fault::Comparison { left: left.kind(), right: right.kind() }),
    }
}

fn ordered<'a>(
    left: &Block<'_>,
    right: &Block<'_>,
    holds: impl Fn(f64, f64) -> bool,
) -> Result<Strip<'a, bool>, Fault> {
    match (left, right) {
        (Block::Numbers(left), Block::Numbers(right)) => Ok(left.zip(right, holds)),
        (Block::Numbers(_), other) | (other, _) => Err(Fault::Order { found: other.kind() }),
    }
}

fn compare<'a>(comparison: Comparison, left: &Block<'_>, right: &Block<'_>) -> Result<Strip<'a, bool>, Fault> {
    let contains = || match right {
        Block::List(items) => {
            items.iter().try_fold(Strip::One(false), |found, item| Ok(either(found, equal(left, item)?)))
        }
        other => Err(Fault::Kind { wanted: "a list after `in`", found: other.kind() }),
    };
    match comparison {
        Comparison::Equal => equal(left, right),
        Comparison::NotEqual => Ok(equal(left, right)?.map(|equal| !equal)),
        Comparison::Less => ordered(left, right, |left, right| left < right),
        Comparison::LessOrEqual => ordered(left, right, |left, right| left <= right),
        Comparison::Greater => ordered(left, right, |left, right| left > right),
        Comparison::GreaterOrEqual => ordered(left, right, |left, right| left >= right),
        Comparison::In => contains(),
        Comparison::NotIn => Ok(contains()?.map(|found| !found)),
    }
}

fn merge<'a>(then: Block<'a>, otherwise: Block<'a>, condition: &[bool]) -> Result<Block<'a>, Fault> {
    Ok(match (then, otherwise) {
        (Block::Numbers(then), Block::Numbers(otherwise)) => Block::Numbers(then.select(otherwise, condition)),
        (Block::Bools(then), Block::Bools(otherwise)) => Block::Bools(then.select(otherwise, condition)),
        (Block::Texts(then), Block::Texts(otherwise)) => Block::Texts(then.select(otherwise, condition)),
        (Block::List(then), Block::List(otherwise)) if then.len() == otherwise.len() => {
            let items = then.into_iter().zip(otherwise).map(|(then, otherwise)| merge(then, otherwise, condition));
            Block::List(items.collect::<Result<_, _>>()?)
        }
        (then, otherwise) => return Err(Fault::Mixed { one: then.kind(), other: otherwise.kind() }),
    })
}
