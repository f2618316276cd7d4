//! The evaluation of a tree for one case, in any kind of number.

use super::number::{Number, gather};
use super::tree::{Arithmetic, Comparison, Function, Node, NodeKind};
use super::{EvalError, Fault};
use std::cmp::Ordering;

/// A value on the way.
#[derive(Debug, Clone)]
pub(super) enum Item<'a, N> {
    Bool(bool),
    Number(N),
    Text(&'a str),
    List(Vec<Item<'a, N>>),
}

impl<N> Item<'_, N> {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Item::Bool(_) => "a truth value",
            Item::Number(_) => "a number",
            Item::Text(_) => "a text",
            Item::List(_) => "a list",
        }
    }
}

/// The values of the names, and what error messages need.
pub(super) struct Scope<'s, 'a, N> {
    pub(super) text: &'a str,
    pub(super) names: &'a [String],
    /// Returns the value of the name with an index, unless it is absent.
    pub(super) read: &'s dyn Fn(usize) -> Option<Item<'a, N>>,
}

type Evaluated<T> = Result<T, Box<EvalError>>;

impl<'a, N: Number> Scope<'_, 'a, N> {
    pub(super) fn error(&self, node: &Node, fault: Fault) -> Box<EvalError> {
        EvalError::at(self.text, node.start, node.end, fault)
    }

    /// The leaves are most of every expression, so they go without the frame of the rest.
    #[inline]
    pub(super) fn evaluate(&self, node: &'a Node) -> Evaluated<Item<'a, N>> {
        match &node.kind {
            NodeKind::Number(literal) => Ok(Item::Number(N::literal(literal))),
            NodeKind::Text(text) => Ok(Item::Text(text)),
            NodeKind::Name(index) => match (self.read)(*index) {
                Some(item) => Ok(item),
                None => self.evaluate_any(node),
            },
            _ => self.evaluate_any(node),
        }
    }

    #[inline(never)]
    fn evaluate_any(&self, node: &'a Node) -> Evaluated<Item<'a, N>> {
        match &node.kind {
            NodeKind::Bool(value) => Ok(Item::Bool(*value)),
            NodeKind::Number(literal) => Ok(Item::Number(N::literal(literal))),
            NodeKind::Text(text) => Ok(Item::Text(text)),
            NodeKind::Name(index) => (self.read)(*index)
                .ok_or_else(|| self.error(node, Fault::Absent { name: self.names[*index].clone(), row: None })),
            NodeKind::Has(indices) => Ok(Item::Bool(indices.iter().all(|&index| (self.read)(index).is_some()))),
            NodeKind::List(nodes) => self.list(nodes),
            NodeKind::Negate(operand) => {
                let number = self.number(operand)?;
                number.negate().map(Item::Number).map_err(|fault| self.error(node, fault))
            }
            NodeKind::Not(operand) => Ok(Item::Bool(!self.truth(operand)?)),
            NodeKind::And(nodes) => self.until(nodes, false),
            NodeKind::Or(nodes) => self.until(nodes, true),
            NodeKind::Chain(first, rest) => self.chain(first, rest),
            NodeKind::Compare(first, rest) => self.compare(first, rest),
            NodeKind::Choose(choice) => {
                let chosen = if self.truth(&choice.condition)? { &choice.then } else { &choice.otherwise };
                self.evaluate(chosen)
            }
            NodeKind::Call(function, arguments) => self.call(node, *function, arguments),
        }
    }

    pub(super) fn truth(&self, node: &'a Node) -> Evaluated<bool> {
        match self.evaluate(node)? {
            Item::Bool(value) => Ok(value),
            other => Err(self.error(node, Fault::Kind { wanted: "a truth value", found: other.kind() })),
        }
    }

    fn number(&self, node: &'a Node) -> Evaluated<N> {
        match self.evaluate(node)? {
            Item::Number(number) => Ok(number),
            other => Err(self.error(node, Fault::Kind { wanted: "a number", found: other.kind() })),
        }
    }

    fn list(&self, nodes: &'a [Node]) -> Evaluated<Item<'a, N>> {
        let mut items = Vec::with_capacity(nodes.len());
        for node in nodes {
            match self.evaluate(node)? {
                Item::List(_) => return Err(self.error(node, Fault::NestedList)),
                item => items.push(item),
            }
        }
        Ok(Item::List(items))
    }

    /// `and` and `or`: the first operand that decides, decides.
    fn until(&self, nodes: &'a [Node], deciding: bool) -> Evaluated<Item<'a, N>> {
        for node in nodes {
            if self.truth(node)? == deciding {
                return Ok(Item::Bool(deciding));
            }
        }
        Ok(Item::Bool(!deciding))
    }

    fn chain(&self, first: &'a Node, rest: &'a [(Arithmetic, Node)]) -> Evaluated<Item<'a, N>> {
        let mut result = self.number(first)?;
        for (operator, node) in rest {
            let right = self.number(node)?;
            result = N::arithmetic(*operator, result, right)
                .map_err(|fault| EvalError::at(self.text, first.start, node.end, fault))?;
        }
        Ok(Item::Number(result))
    }

    fn compare(&self, first: &'a Node, rest: &'a [(Comparison, Node)]) -> Evaluated<Item<'a, N>> {
        let (mut left, mut start) = (self.evaluate(first)?, first.start);
        for (comparison, node) in rest {
            // Literal lists need not be built to be searched.
            if let (Comparison::In | Comparison::NotIn, NodeKind::List(items), true) =
                (comparison, &node.kind, rest.len() == 1)
            {
                let mut found = false;
                for item in items {
                    let right = self.evaluate(item)?;
                    found |= equal(&left, &right).map_err(|fault| EvalError::at(self.text, start, node.end, fault))?;
                }
                return Ok(Item::Bool(found == (*comparison == Comparison::In)));
            }
            let right = self.evaluate(node)?;
            let holds = compare(*comparison, &left, &right)
                .map_err(|fault| EvalError::at(self.text, start, node.end, fault))?;
            if !holds {
                return Ok(Item::Bool(false));
            }
            (left, start) = (right, node.start);
        }
        Ok(Item::Bool(true))
    }

    fn call(&self, node: &Node, function: Function, arguments: &'a [Node]) -> Evaluated<Item<'a, N>> {
        let result = match arguments {
            [argument] if !function.gathers() => N::apply(function, self.number(argument)?),
            _ => {
                let mut items = Vec::with_capacity(arguments.len());
                let mut others = 0;
                for argument in arguments {
                    match self.evaluate(argument)? {
                        Item::Number(number) => items.push(number),
                        Item::List(list) => {
                            for item in list {
                                match item {
                                    Item::Number(number) => items.push(number),
                                    _ if function == Function::Len => others += 1,
                                    other => {
                                        let fault = Fault::Kind { wanted: "a list of numbers", found: list_of(&other) };
                                        return Err(self.error(argument, fault));
                                    }
                                }
                            }
                        }
                        other => {
                            let fault = Fault::Kind { wanted: "a number or a list", found: other.kind() };
                            return Err(self.error(argument, fault));
                        }
                    }
                }
                match function {
                    Function::Len => Ok(N::count(items.len() + others)),
                    _ => gather(function, &mut items),
                }
            }
        };
        result.map(Item::Number).map_err(|fault| self.error(node, fault))
    }
}

fn list_of<N>(item: &Item<'_, N>) -> &'static str {
    match item {
        Item::Text(_) => "a list with a text",
        Item::Bool(_) => "a list with a truth value",
        Item::Number(_) | Item::List(_) => "a list",
    }
}

fn equal<N: Number>(left: &Item<'_, N>, right: &Item<'_, N>) -> Result<bool, Fault> {
    match (left, right) {
        (Item::Bool(left), Item::Bool(right)) => Ok(left == right),
        (Item::Number(left), Item::Number(right)) => Ok(left.order(*right) == Some(Ordering::Equal)),
        (Item::Text(left), Item::Text(right)) => Ok(left == right),
        _ => Err(Fault::Comparison { left: left.kind(), right: right.kind() }),
    }
}

fn compare<N: Number>(comparison: Comparison, left: &Item<'_, N>, right: &Item<'_, N>) -> Result<bool, Fault> {
    let order = || match (left, right) {
        (Item::Number(left), Item::Number(right)) => Ok(left.order(*right)),
        (Item::Number(_), other) | (other, _) => Err(Fault::Order { found: other.kind() }),
    };
    let contains = || match right {
        Item::List(items) => items.iter().try_fold(false, |found, item| Ok(found | equal(left, item)?)),
        other => Err(Fault::Kind { wanted: "a list after `in`", found: other.kind() }),
    };
    match comparison {
        Comparison::Equal => equal(left, right),
        Comparison::NotEqual => equal(left, right).map(|equal| !equal),
        Comparison::Less => Ok(order()?.is_some_and(Ordering::is_lt)),
        Comparison::LessOrEqual => Ok(order()?.is_some_and(Ordering::is_le)),
        Comparison::Greater => Ok(order()?.is_some_and(Ordering::is_gt)),
        Comparison::GreaterOrEqual => Ok(order()?.is_some_and(Ordering::is_ge)),
        Comparison::In => contains(),
        Comparison::NotIn => contains().map(|found| !found),
    }
}
