//! Text -> tokens, with advice for what other languages write differently.

use super::ExprError;
use crate::value::{Decimal, ParseDecimalError};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    Number(Decimal),
    Text(String),
    /// An identifier, or two with a point between them; its text is that of the place.
    Name,
    /// An operator, a bracket or a keyword.
    Symbol(&'static str),
    End,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: usize,
    pub(super) end: usize,
}

const KEYWORDS: [&str; 8] = ["and", "or", "not", "in", "if", "else", "true", "false"];

/// Tells whether a word has a meaning of its own in expressions, so that nothing can be called so.
pub fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}

/// Longer symbols before their beginnings.
const SYMBOLS: [&str; 18] =
    ["**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "<", ">", "(", ")", "[", "]", ","];

/// What people write by habit, and what it is here. Longer ones before their beginnings.
const HABITS: [(&str, &str); 25] = [
    ("===", "`==` compares"),
    ("!==", "`!=` compares"),
    ("<>", "`!=` tells whether two values differ"),
    ("=<", "the operator is `<=`"),
    ("=>", "the operator is `>=`"),
    ("&&", "the operator is `and`"),
    ("||", "the operator is `or`"),
    ("&", "the operator is `and`"),
    ("|", "the operator is `or`"),
    ("!", "the operator is `not`"),
    ("=", "`==` compares"),
    ("^", "the operator is `**`"),
    ("?", "write `a if condition else b`"),
    ("{", "names stand without braces, and lists in `[ ]`"),
    ("}", "names stand without braces, and lists in `[ ]`"),
    ("$", "names stand without `$`"),
    ("`", "texts stand in `'..'` or `\"..\"`"),
    ("≤", "the operator is `<=`"),
    ("≥", "the operator is `>=`"),
    ("≠", "the operator is `!=`"),
    ("×", "the operator is `*`"),
    ("·", "the operator is `*`"),
    ("÷", "the operator is `/`"),
    ("−", "the operator is `-`, the hyphen"),
    (";", "an expression is one value; items of a list have `,` between them"),
];

const CURLY_QUOTES: [char; 4] = ['‘', '’', '“', '”'];

/// Cuts a text into tokens; the last one is `End`.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, ExprError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let (kind, length) = if first.is_ascii_whitespace() {
            at += 1;
            continue;
        } else if first.is_ascii_digit() || first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
            number(rest, at)?
        } else if first.is_ascii_alphabetic() {
            name(rest, at)?
        } else if first == '\'' || first == '"' {
            quoted(rest, at, first)?
        } else {
            symbol(rest, at)?
        };
        tokens.push(Token { kind, start: at, end: at + length });
        at += length;
    }
    tokens.push(Token { kind: TokenKind::End, start: at, end: at });
    Ok(tokens)
}

fn number(rest: &str, at: usize) -> Result<(TokenKind, usize), ExprError> {
    let bytes = rest.as_bytes();
    let digits = |from: usize| from + bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut length = digits(0);
    if bytes.get(length) == Some(&b'.') {
        length = digits(length + 1);
    }
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        let end = digits(length + 1 + sign);
        if end > length + 1 + sign {
            length = end;
        }
    }
    let tail = rest[length..].chars().take_while(|&c| c.is_alphanumeric() || c == '_' || c == '.').count();
    if tail > 0 {
        let word: String = rest.chars().take(length + tail).collect();
        return Err(ExprError::new(at, word.len(), format!("`{word}` is not a number"))
            .with_hint("numbers are written `12`, `1.5` or `3e-8`, without units and separators"));
    }
    match rest[..length].parse() {
        Ok(number) => Ok((TokenKind::Number(number), length)),
        Err(err @ (ParseDecimalError::Syntax(_) | ParseDecimalError::Range(_))) => {
            Err(ExprError::new(at, length, err.to_string()))
        }
    }
}

fn name(rest: &str, at: usize) -> Result<(TokenKind, usize), ExprError> {
    let identifier = |from: usize| {
        from + rest[from..].bytes().take_while(|&byte| byte.is_ascii_alphanumeric() || byte == b'_').count()
    };
    let mut length = identifier(0);
    if let Some(&keyword) = KEYWORDS.iter().find(|&&keyword| keyword == &rest[..length]) {
        return Ok((TokenKind::Symbol(keyword), length));
    }
    if rest[length..].starts_with('.') && rest[length + 1..].starts_with(|c: char| c.is_ascii_alphabetic()) {
        length = identifier(length + 1);
    }
    match rest[length..].chars().next() {
        Some('.') => Err(ExprError::new(at, length + 1, format!("`{}` is not a name", &rest[..=length]))
            .with_hint("a name is `name` or `stage.metric`")),
        Some(next) if next.is_alphanumeric() => {
            let word = &rest[..length + next.len_utf8()];
            Err(ExprError::new(at, word.len(), format!("`{word}` is not a name"))
                .with_hint("names are made of the letters a to z, digits and `_`; texts stand in quotes"))
        }
        _ => Ok((TokenKind::Name, length)),
    }
}

fn quoted(rest: &str, at: usize, quote: char) -> Result<(TokenKind, usize), ExprError> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((offset, character)) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some((_, escaped @ ('\\' | '\'' | '"'))) => text.push(escaped),
                other => {
                    let length = 1 + other.map_or(0, |(_, character)| character.len_utf8());
                    return Err(ExprError::new(at + offset, length, "unknown escape in a text")
                        .with_hint("after `\\` stands `\\`, `'` or `\"`"));
                }
            },
            _ if character == quote => return Ok((TokenKind::Text(text), offset + 1)),
            _ => text.push(character),
        }
    }
    Err(ExprError::new(at, rest.len(), "a text has no closing quote").with_hint(format!("end it with `{quote}`")))
}

fn symbol(rest: &str, at: usize) -> Result<(TokenKind, usize), ExprError> {
    let habit = |habit: &str, hint: &str| {
        Err(ExprError::new(at, habit.len(), format!("there is no operator `{habit}`")).with_hint(hint))
    };
    // `!==` and `===` would else read as a known operator and a stray `=`.
    if let Some((written, hint)) = HABITS.iter().take(3).find(|(written, _)| rest.starts_with(written)) {
        return habit(written, hint);
    }
    if let Some(&symbol) = SYMBOLS.iter().find(|&&symbol| rest.starts_with(symbol)) {
        return Ok((TokenKind::Symbol(symbol), symbol.len()));
    }
    if let Some((written, hint)) = HABITS.iter().find(|(written, _)| rest.starts_with(written)) {
        return habit(written, hint);
    }
    let character = rest.chars().next().unwrap_or(' ');
    let error =
        ExprError::new(at, character.len_utf8(), format!("unexpected character `{}`", character.escape_debug()));
    Err(if CURLY_QUOTES.contains(&character) {
        error.with_hint("texts stand in straight quotes, `'..'` or `\"..\"`")
    } else {
        error
    })
}
