//! Parts of an expression that can be no truth value where one is wanted, told before there are values.

use super::Expr;
use super::tree::{Node, NodeKind};

/// A part of an expression that is no truth value, and its place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoTruth {
    /// Where it starts.
    pub offset: usize,
    /// How long it is.
    pub length: usize,
    /// What it is: `a number`.
    pub found: &'static str,
}

impl Expr {
    /// Returns the first part that can be no truth value, if the whole is to be one. `kind` says what a name stands
    /// for, as `a number`, where that is known.
    pub fn no_truth(&self, kind: &dyn Fn(&str) -> Option<&'static str>) -> Option<NoTruth> {
        self.no_truth_at(&self.parsed.root, kind)
    }

    fn no_truth_at(&self, node: &Node, kind: &dyn Fn(&str) -> Option<&'static str>) -> Option<NoTruth> {
        let found = match &node.kind {
            NodeKind::Bool(_) | NodeKind::Has(_) | NodeKind::Compare(..) => return None,
            NodeKind::Not(operand) => return self.no_truth_at(operand, kind),
            NodeKind::And(nodes) | NodeKind::Or(nodes) => {
                return nodes.iter().find_map(|node| self.no_truth_at(node, kind));
            }
            NodeKind::Choose(choice) => {
                let all = [&choice.condition, &choice.then, &choice.otherwise];
                return all.into_iter().find_map(|node| self.no_truth_at(node, kind));
            }
            &NodeKind::Name(index) => kind(&self.parsed.names[index]).filter(|kind| *kind != "a truth value")?,
            NodeKind::Number(_) | NodeKind::Negate(_) | NodeKind::Chain(..) | NodeKind::Call(..) => "a number",
            NodeKind::Text(_) => "a text",
            NodeKind::List(_) => "a list",
        };
        let (offset, length) = match &node.kind {
            NodeKind::Name(_) | NodeKind::Number(_) | NodeKind::Text(_) => self.inner_place(node),
            _ => (node.start, node.end - node.start),
        };
        Some(NoTruth { offset, length, found })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_no_truth_value_is_found() {
        let kind = |name: &str| match name {
            "n" => Some("a number"),
            "df" => Some("a text"),
            "wide" => Some("a truth value"),
            _ => None,
        };
        let check = |text: &str, expected: Option<(&str, &str)>| {
            let expr = Expr::parse(text).expect("it is an expression");
            let found = expr.no_truth(&kind);
            let found = found.map(|found| (&text[found.offset..found.offset + found.length], found.found));
            assert_eq!(found, expected, "{text}");
        };
        for text in ["true", "wide", "not wide", "n > 2", "wide and n > 2", "has(n)", "other", "df in ['a', 'b']"] {
            check(text, None);
        }
        check("wide if n > 2 else false", None);
        check("n", Some(("n", "a number")));
        check("wide and (n)", Some(("n", "a number")));
        check("not df", Some(("df", "a text")));
        check("n > 2 or n + 1", Some(("n + 1", "a number")));
        check("max(n, 3)", Some(("max(n, 3)", "a number")));
        check("'true'", Some(("'true'", "a text")));
        check("1 if wide else 0", Some(("1", "a number")));
    }
}
