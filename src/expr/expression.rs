//! `Expr`: an expression as it was written.

use super::parse::{parse, unknown_name_hint};
use super::tree::{Comparison, Node, NodeKind};
use super::{ExprError, Program};
use std::fmt;
use std::sync::Arc;

/// An expression that was read; cheap to clone. Two are equal if their texts are.
#[derive(Clone)]
pub struct Expr {
    pub(super) parsed: Arc<Parsed>,
}

/// What reading gives: nodes refer to names by their index in `names`.
pub(super) struct Parsed {
    pub(super) text: Box<str>,
    pub(super) root: Node,
    pub(super) names: Vec<String>,
}

/// One place where an expression uses a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameUse<'a> {
    /// The name, `vdd` or `stage.metric`.
    pub name: &'a str,
    /// First byte in the text.
    pub offset: usize,
    /// Length in bytes.
    pub length: usize,
}

/// One place where a name is compared with a literal text by `==`, `!=`, `in` or `not in`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextComparison<'a> {
    /// The name.
    pub name: &'a str,
    /// The text it is compared with.
    pub literal: &'a str,
    /// First byte of the literal, its quote.
    pub offset: usize,
    /// Length of the literal in bytes, with its quotes.
    pub length: usize,
}

impl Expr {
    /// Reads an expression.
    pub fn parse(text: &str) -> Result<Expr, ExprError> {
        Ok(Expr { parsed: Arc::new(parse(text)?) })
    }

    /// Returns the text as it was written.
    pub fn text(&self) -> &str {
        &self.parsed.text
    }

    /// Returns every use of a name for its value, in the order of the text. Names that are only
    /// asked for by `has` are not among them.
    pub fn names(&self) -> Vec<NameUse<'_>> {
        let mut found = Vec::new();
        self.parsed.root.visit(&mut |node| {
            if let NodeKind::Name(index) = node.kind {
                found.push(self.name_use(index, node));
            }
        });
        found.sort_by_key(|name| name.offset);
        found
    }

    /// Returns every name that `has` asks for, in the order of the text; the place is that of the
    /// whole `has(..)`.
    pub fn guarded_names(&self) -> Vec<NameUse<'_>> {
        let mut found = Vec::new();
        self.parsed.root.visit(&mut |node| {
            if let NodeKind::Has(indices) = &node.kind {
                let (offset, length) = (node.start, node.end - node.start);
                found.extend(indices.iter().map(|&index| NameUse { name: &self.parsed.names[index], offset, length }));
            }
        });
        found.sort_by_key(|name| name.offset);
        found
    }

    fn name_use(&self, index: usize, node: &Node) -> NameUse<'_> {
        let (offset, length) = self.inner_place(node);
        NameUse { name: &self.parsed.names[index], offset, length }
    }

    /// Returns the place of a name or literal without the brackets around it.
    pub(super) fn inner_place(&self, leaf: &Node) -> (usize, usize) {
        let whole = &self.text()[leaf.start..leaf.end];
        if !whole.starts_with('(') {
            return (leaf.start, whole.len());
        }
        let outside = |character: char| matches!(character, '(' | ')') || character.is_ascii_whitespace();
        let offset = leaf.start + whole.len() - whole.trim_start_matches(outside).len();
        (offset, whole.trim_matches(outside).len())
    }

    /// Returns every comparison of a name with a literal text, so that a misspelt value can be
    /// refused before it silently removes cases.
    pub fn text_comparisons(&self) -> Vec<TextComparison<'_>> {
        let mut found = Vec::new();
        self.parsed.root.visit(&mut |node| {
            let NodeKind::Compare(first, rest) = &node.kind else { return };
            let mut left = first.as_ref();
            for (comparison, right) in rest {
                match comparison {
                    Comparison::Equal | Comparison::NotEqual => {
                        found.extend(self.text_comparison(left, right).or_else(|| self.text_comparison(right, left)));
                    }
                    Comparison::In | Comparison::NotIn => {
                        if let NodeKind::List(items) = &right.kind {
                            found.extend(items.iter().filter_map(|item| self.text_comparison(left, item)));
                        }
                    }
                    Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual => {}
                }
                left = right;
            }
        });
        found.sort_by_key(|comparison| comparison.offset);
        found
    }

    fn text_comparison<'a>(&'a self, name: &Node, literal: &'a Node) -> Option<TextComparison<'a>> {
        match (&name.kind, &literal.kind) {
            (&NodeKind::Name(index), NodeKind::Text(text)) => {
                let (offset, length) = self.inner_place(literal);
                Some(TextComparison { name: &self.parsed.names[index], literal: text, offset, length })
            }
            _ => None,
        }
    }

    /// Finds the names among `known`: the slot of a name is its index there.
    pub fn compile(&self, known: &[impl AsRef<str>]) -> Result<Program, ExprError> {
        let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
        self.compile_with(&mut |name| known.iter().position(|candidate| *candidate == name), &known)
    }

    /// Finds the slots of the names, those inside `has` included, with a function; `known` is only
    /// for the hint when it finds none.
    pub fn compile_with(
        &self,
        resolve: &mut dyn FnMut(&str) -> Option<usize>,
        known: &[&str],
    ) -> Result<Program, ExprError> {
        let slots: Vec<Option<usize>> = self.parsed.names.iter().map(|name| resolve(name)).collect();
        let unknown = |name: &NameUse<'_>| {
            self.parsed.names.iter().zip(&slots).any(|(known, slot)| known == name.name && slot.is_none())
        };
        let uses = self.names().into_iter().chain(self.guarded_names());
        if let Some(found) = uses.filter(unknown).min_by_key(|name| name.offset) {
            let error = ExprError::new(found.offset, found.length, format!("unknown name `{}`", found.name));
            return Err(ExprError { hint: unknown_name_hint(found.name, known), ..error });
        }
        Ok(Program::new(self.parsed.clone(), slots.into_iter().flatten().collect()))
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Expr) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Expr {}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expr({:?})", self.text())
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl serde::Serialize for Expr {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text())
    }
}
