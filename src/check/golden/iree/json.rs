//! JSON with the place of everything in it (RFC 8259), so that one value can be replaced and all other bytes stay.
//!
//! A byte order mark at the start is passed over. A key that stands twice in one object is an error: readers differ in
//! which of the two they take.

use std::collections::HashSet;
use std::ops::Range;

/// Objects and lists in each other that are read.
const MOST_DEPTH: usize = 64;

/// A value and its bytes in the text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// Its bytes.
    pub(super) span: Range<usize>,
    /// What it is.
    pub(super) kind: NodeKind,
}

/// What a value is. Numbers are kept as they are written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum NodeKind {
    Object(Vec<Member>),
    List(Vec<Node>),
    Text(String),
    Number,
    Bool,
    Null,
}

/// A key of an object with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    /// The key.
    pub(super) key: String,
    /// Its bytes, with the quotes.
    pub(super) key_span: Range<usize>,
    /// The value.
    pub(super) value: Node,
}

/// A text is no JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// Where.
    pub(super) span: Range<usize>,
    /// What is wrong.
    pub(super) message: String,
    /// What to do about it.
    pub(super) hint: Option<&'static str>,
}

impl Node {
    /// Says what it is, for a message that wanted something else.
    pub(super) fn words(&self) -> &'static str {
        match self.kind {
            NodeKind::Object(_) => "a map",
            NodeKind::List(_) => "a list",
            NodeKind::Text(_) => "a text",
            NodeKind::Number => "a number",
            NodeKind::Bool => "a truth value",
            NodeKind::Null => "`null`",
        }
    }

    /// Returns the members of an object.
    pub(super) fn members(&self) -> Option<&[Member]> {
        match &self.kind {
            NodeKind::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Returns the value of a key of an object.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.members()?.iter().find(|member| member.key == key).map(|member| &member.value)
    }
}

/// Reads a text.
pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut parser = Parser { text, at };
    let node = parser.value(0)?;
    parser.blank();
    if parser.at < text.len() {
        return Err(parser.unexpected("the end of the file"));
    }
    Ok(node)
}

/// Writes a text as JSON.
pub(super) fn quote(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON")
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn fault(&self, span: Range<usize>, message: impl Into<String>) -> Fault {
        Fault { span, message: message.into(), hint: None }
    }

    /// Says what stands here instead of what is wanted.
    fn unexpected(&self, wanted: &str) -> Fault {
        let rest = &self.text[self.at..];
        let Some(first) = rest.chars().next() else {
            return self.fault(self.at..self.at, format!("expected {wanted}, found the end of the file"));
        };
        let word: String = rest.chars().take_while(|c| c.is_alphanumeric()).take(20).collect();
        let found = if word.is_empty() { first.to_string() } else { word };
        let hint = match found.as_str() {
            "/" | "#" => Some("JSON has no comments"),
            "'" => Some("texts stand in double quotes"),
            "NaN" | "Infinity" | "nan" | "inf" => Some("JSON has no such number: leave the key out"),
            "True" | "False" | "None" => Some("JSON writes `true`, `false` and `null`"),
            _ => None,
        };
        let span = self.at..self.at + found.len();
        Fault { hint, ..self.fault(span, format!("expected {wanted}, found `{}`", found.escape_debug())) }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Fault> {
        self.blank();
        let start = self.at;
        if depth > MOST_DEPTH {
            return Err(self.fault(start..start, format!("more than {MOST_DEPTH} lists and maps in each other")));
        }
        let kind = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => NodeKind::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.word()?,
        };
        Ok(Node { span: start..self.at, kind })
    }

    fn word(&mut self) -> Result<NodeKind, Fault> {
        for (word, kind) in [("true", NodeKind::Bool), ("false", NodeKind::Bool), ("null", NodeKind::Null)] {
            let rest = &self.text[self.at..];
            if rest.starts_with(word) && !rest[word.len()..].starts_with(|c: char| c.is_alphanumeric()) {
                self.at += word.len();
                return Ok(kind);
            }
        }
        Err(self.unexpected("a value"))
    }

    fn object(&mut self, depth: usize) -> Result<NodeKind, Fault> {
        let mut members: Vec<Member> = Vec::new();
        let mut seen = HashSet::new();
        self.at += 1;
        loop {
            self.blank();
            match self.peek() {
                Some(b'}') if members.is_empty() => break,
                Some(b'"') => {}
                _ => return Err(self.after_comma(members.is_empty(), "a key in double quotes")),
            }
            let start = self.at;
            let key = self.string()?;
            let key_span = start..self.at;
            if !seen.insert(key.clone()) {
                let message = format!("the key `{}` is there twice", key.escape_debug());
                return Err(Fault { hint: Some("delete one of them"), ..self.fault(key_span, message) });
            }
            self.blank();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("`:`"));
            }
            self.at += 1;
            let value = self.value(depth + 1)?;
            members.push(Member { key, key_span, value });
            self.blank();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.unexpected("`,` or `}`")),
            }
        }
        self.at += 1;
        Ok(NodeKind::Object(members))
    }

    fn list(&mut self, depth: usize) -> Result<NodeKind, Fault> {
        let mut items = Vec::new();
        self.at += 1;
        loop {
            self.blank();
            match self.peek() {
                Some(b']') if items.is_empty() => break,
                Some(b']') => return Err(self.after_comma(false, "a value")),
                _ => {}
            }
            items.push(self.value(depth + 1)?);
            self.blank();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(self.unexpected("`,` or `]`")),
            }
        }
        self.at += 1;
        Ok(NodeKind::List(items))
    }

    fn after_comma(&self, first: bool, wanted: &str) -> Fault {
        let fault = self.unexpected(wanted);
        let closes = matches!(self.peek(), Some(b'}' | b']')) && !first;
        Fault { hint: if closes { Some("remove the comma before it") } else { fault.hint }, ..fault }
    }

    /// Reads `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`.
    fn number(&mut self) -> Result<NodeKind, Fault> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let whole = self.at;
        let mut good = self.digits();
        good &= self.at - whole == 1 || self.text.as_bytes().get(whole) != Some(&b'0');
        if self.peek() == Some(b'.') {
            self.at += 1;
            good &= self.digits();
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            good &= self.digits();
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'+' | b'-'))
        {
            self.at += 1;
            good = false;
        }
        if !good {
            let message = format!("`{}` is no number of JSON", &self.text[start..self.at]);
            return Err(Fault {
                hint: Some("write it as `12`, `0.5` or `1e-3`"),
                ..self.fault(start..self.at, message)
            });
        }
        Ok(NodeKind::Number)
    }

    /// Passes over digits, and tells whether there was one.
    fn digits(&mut self) -> bool {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at > start
    }

    fn string(&mut self) -> Result<String, Fault> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(byte) if byte >= b' ' => self.at += 1,
                _ => return Err(self.fault(start..start + 1, "this text is not closed on its line")),
            }
        }
        self.at += 1;
        // What an escape means is known elsewhere.
        let raw = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_str(raw)
            .map_err(|_| self.fault(start..self.at, "this text has an escape that JSON does not know"))
    }
}
