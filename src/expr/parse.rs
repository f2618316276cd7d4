//! Tokens -> tree, by recursive descent with one function for each level of precedence.

use super::token::{Token, TokenKind, tokens};
use super::tree::{Arithmetic, Choice, Comparison, Function, Literal, Node, NodeKind};
use super::{ExprError, expression::Parsed};
use crate::value::{did_you_mean, nearest};

/// How deep brackets, `not`, `-`, `**` and `else` may nest.
pub const MAX_DEPTH: usize = 100;
/// How long an expression may be, in bytes.
pub const MAX_LENGTH: usize = 65_536;

/// Reads an expression.
pub(super) fn parse(text: &str) -> Result<Parsed, ExprError> {
    if text.len() > MAX_LENGTH {
        return Err(ExprError::new(0, text.len(), format!("an expression may have {MAX_LENGTH} bytes at most")));
    }
    let mut parser = Parser { text, tokens: tokens(text)?, at: 0, depth: 0, names: Vec::new() };
    let root = parser.expression()?;
    if parser.peek().kind != TokenKind::End {
        return Err(parser.unexpected("an operator"));
    }
    Ok(Parsed { text: text.into(), root, names: parser.names })
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    names: Vec<String>,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        // The last token is `End`, and nothing steps over it.
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn start(&self) -> usize {
        self.peek().start
    }

    fn symbol(&self) -> Option<&'static str> {
        match self.peek().kind {
            TokenKind::Symbol(symbol) => Some(symbol),
            _ => None,
        }
    }

    fn eat(&mut self, symbol: &str) -> bool {
        let found = self.symbol() == Some(symbol);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &str) -> Result<(), ExprError> {
        if self.eat(symbol) { Ok(()) } else { Err(self.unexpected(&format!("`{symbol}`"))) }
    }

    fn unexpected(&self, wanted: &str) -> ExprError {
        let token = self.peek();
        let (offset, length) = (token.start, token.end - token.start);
        if token.kind == TokenKind::End {
            let message = if self.text.trim().is_empty() {
                "the expression is empty".to_owned()
            } else {
                format!("the expression ends where {wanted} is expected")
            };
            return ExprError::new(offset, length, message);
        }
        let word = &self.text[token.start..token.end];
        let error = ExprError::new(offset, length, format!("expected {wanted}, found `{word}`"));
        let small = word.to_ascii_lowercase();
        match (small.as_str(), &token.kind) {
            ("and" | "or" | "not" | "in" | "if" | "else", TokenKind::Name) => {
                error.with_hint(format!("the operator is `{small}`"))
            }
            ("is", _) => error.with_hint("`==` compares"),
            (_, TokenKind::Name) if self.at > 0 && self.tokens[self.at - 1].kind == TokenKind::Name => {
                error.with_hint("a text stands in quotes")
            }
            _ => error,
        }
    }

    /// Makes a node of what was read since `start`.
    fn node(&self, start: usize, kind: NodeKind) -> Node {
        let end = self.tokens[..self.at].last().map_or(start, |token| token.end);
        Node { kind, start, end }
    }

    /// Runs a function that may call itself through others, one level deeper.
    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Result<Node, ExprError>) -> Result<Node, ExprError> {
        if self.depth == MAX_DEPTH {
            let token = self.peek();
            return Err(ExprError::new(
                token.start,
                token.end - token.start,
                format!("the expression is nested more than {MAX_DEPTH} levels deep"),
            ));
        }
        self.depth += 1;
        let node = read(self);
        self.depth -= 1;
        node
    }

    fn expression(&mut self) -> Result<Node, ExprError> {
        self.nested(|parser| {
            let start = parser.start();
            let then = parser.disjunction()?;
            if !parser.eat("if") {
                return Ok(then);
            }
            let condition = parser.disjunction()?;
            parser.expect("else")?;
            let otherwise = parser.expression()?;
            Ok(parser.node(start, NodeKind::Choose(Box::new(Choice { condition, then, otherwise }))))
        })
    }

    fn disjunction(&mut self) -> Result<Node, ExprError> {
        self.joined("or", Self::conjunction, NodeKind::Or)
    }

    fn conjunction(&mut self) -> Result<Node, ExprError> {
        self.joined("and", Self::negation, NodeKind::And)
    }

    fn joined(
        &mut self,
        symbol: &str,
        operand: fn(&mut Self) -> Result<Node, ExprError>,
        kind: fn(Vec<Node>) -> NodeKind,
    ) -> Result<Node, ExprError> {
        let start = self.start();
        let first = operand(self)?;
        if self.symbol() != Some(symbol) {
            return Ok(first);
        }
        let mut operands = vec![first];
        while self.eat(symbol) {
            operands.push(operand(self)?);
        }
        Ok(self.node(start, kind(operands)))
    }

    fn negation(&mut self) -> Result<Node, ExprError> {
        let start = self.start();
        if !self.eat("not") {
            return self.comparison();
        }
        let operand = self.nested(Self::negation)?;
        Ok(self.node(start, NodeKind::Not(Box::new(operand))))
    }

    fn comparison(&mut self) -> Result<Node, ExprError> {
        let start = self.start();
        let first = self.sum()?;
        let mut rest = Vec::new();
        while let Some(comparison) = self.comparison_operator()? {
            rest.push((comparison, self.sum()?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(self.node(start, NodeKind::Compare(Box::new(first), rest)))
    }

    fn comparison_operator(&mut self) -> Result<Option<Comparison>, ExprError> {
        let comparison = match self.symbol() {
            Some("==") => Comparison::Equal,
            Some("!=") => Comparison::NotEqual,
            Some("<") => Comparison::Less,
            Some("<=") => Comparison::LessOrEqual,
            Some(">") => Comparison::Greater,
            Some(">=") => Comparison::GreaterOrEqual,
            Some("in") => Comparison::In,
            Some("not") => {
                self.at += 1;
                self.expect("in")?;
                return Ok(Some(Comparison::NotIn));
            }
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(comparison))
    }

    fn sum(&mut self) -> Result<Node, ExprError> {
        self.chain(Self::product, &[("+", Arithmetic::Add), ("-", Arithmetic::Subtract)])
    }

    fn product(&mut self) -> Result<Node, ExprError> {
        const OPERATORS: [(&str, Arithmetic); 4] = [
            ("*", Arithmetic::Multiply),
            ("/", Arithmetic::Divide),
            ("//", Arithmetic::FloorDivide),
            ("%", Arithmetic::Remainder),
        ];
        self.chain(Self::signed, &OPERATORS)
    }

    fn chain(
        &mut self,
        operand: fn(&mut Self) -> Result<Node, ExprError>,
        operators: &[(&str, Arithmetic)],
    ) -> Result<Node, ExprError> {
        let start = self.start();
        let first = operand(self)?;
        let mut rest = Vec::new();
        while let Some(&(_, operator)) = operators.iter().find(|(symbol, _)| self.symbol() == Some(symbol)) {
            self.at += 1;
            rest.push((operator, operand(self)?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(self.node(start, NodeKind::Chain(Box::new(first), rest)))
    }

    fn signed(&mut self) -> Result<Node, ExprError> {
        let start = self.start();
        if !self.eat("-") {
            return self.power();
        }
        let operand = self.nested(Self::signed)?;
        Ok(match operand.kind {
            NodeKind::Number(literal) => self.node(start, NodeKind::Number(Literal::from(-literal.exact.decimal()))),
            _ => self.node(start, NodeKind::Negate(Box::new(operand))),
        })
    }

    fn power(&mut self) -> Result<Node, ExprError> {
        let start = self.start();
        let base = self.atom()?;
        if !self.eat("**") {
            return Ok(base);
        }
        // Binds tighter than a minus on its left, looser than one on its right; right to left.
        let exponent = self.nested(Self::signed)?;
        Ok(self.node(start, NodeKind::Chain(Box::new(base), vec![(Arithmetic::Power, exponent)])))
    }

    fn atom(&mut self) -> Result<Node, ExprError> {
        let start = self.start();
        let kind = match &self.peek().kind {
            TokenKind::Number(number) => NodeKind::Number(Literal::from(*number)),
            TokenKind::Text(text) => NodeKind::Text(text.clone()),
            TokenKind::Symbol("true") => NodeKind::Bool(true),
            TokenKind::Symbol("false") => NodeKind::Bool(false),
            TokenKind::Symbol("(") => {
                self.at += 1;
                let inner = self.expression()?;
                self.expect(")")?;
                // With its brackets, so that every quoted part of an expression is balanced.
                return Ok(self.node(start, inner.kind));
            }
            TokenKind::Symbol("[") => {
                self.at += 1;
                let items = self.items("]")?;
                return Ok(self.node(start, NodeKind::List(items)));
            }
            TokenKind::Name if self.tokens[self.at + 1].kind == TokenKind::Symbol("(") => return self.call(),
            TokenKind::Name => NodeKind::Name(self.name()),
            TokenKind::Symbol(_) | TokenKind::End => return Err(self.unexpected("a value")),
        };
        self.at += 1;
        Ok(self.node(start, kind))
    }

    /// Returns the index of the name at the current token.
    fn name(&mut self) -> usize {
        let token = self.peek();
        let name = &self.text[token.start..token.end];
        self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        })
    }

    /// Reads expressions with commas between them up to a closing bracket; a last comma is fine.
    fn items(&mut self, close: &str) -> Result<Vec<Node>, ExprError> {
        let mut items = Vec::new();
        while !self.eat(close) {
            items.push(self.expression()?);
            if !self.eat(",") && self.symbol() != Some(close) {
                return Err(self.unexpected(&format!("`,` or `{close}`")));
            }
        }
        Ok(items)
    }

    fn call(&mut self) -> Result<Node, ExprError> {
        let token = self.peek();
        let (start, length) = (token.start, token.end - token.start);
        let name = self.text[token.start..token.end].to_owned();
        self.at += 2;
        if name == "has" {
            return self.has(start);
        }
        let Some(function) = Function::named(&name) else {
            let known: Vec<&str> = Function::ALL.iter().map(|&(name, _)| name).chain(["has"]).collect();
            let hint = nearest(&name, known.iter().copied()).map_or_else(
                || format!("the functions are `{}`", known.join("`, `")),
                |known| format!("did you mean `{known}`?"),
            );
            return Err(ExprError::new(start, length, format!("there is no function `{name}`")).with_hint(hint));
        };
        let arguments = self.items(")")?;
        let node = self.node(start, NodeKind::Bool(false));
        let wrong = |message: String| Err(ExprError::new(start, node.end - start, message));
        match (function.gathers(), arguments.len()) {
            (true, 0) => wrong(format!("`{name}` takes a list, or one or more numbers")),
            (false, count) if count != 1 => wrong(format!("`{name}` takes one number, not {count} arguments")),
            _ => Ok(self.node(start, NodeKind::Call(function, arguments))),
        }
    }

    fn has(&mut self, start: usize) -> Result<Node, ExprError> {
        let mut names = Vec::new();
        loop {
            if self.peek().kind != TokenKind::Name {
                return Err(self.unexpected("a name").with_hint("`has` takes names: `has(k)`"));
            }
            names.push(self.name());
            self.at += 1;
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")")?;
        Ok(self.node(start, NodeKind::Has(names)))
    }
}

/// Returns the advice for a name that nobody knows.
pub(super) fn unknown_name_hint(name: &str, known: &[&str]) -> Option<String> {
    match name.to_ascii_lowercase().as_str() {
        small @ ("true" | "false") => Some(format!("write `{small}`")),
        _ => match nearest(name, known.iter().copied()) {
            Some(known) => Some(format!("did you mean `{known}`?")),
            None => Some(match did_you_mean(name, known.iter().copied()) {
                Some(list) => format!("{list}; a text stands in quotes"),
                None => "a text stands in quotes".to_owned(),
            }),
        },
    }
}
