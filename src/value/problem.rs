//! Findings about what people wrote, with the place where they wrote it.
//!
//! Whatever reads a file for people (suites, names, expressions, goldens) reports `Problem`s; only
//! `cli` prints them, with the line, a snippet and the hint.

use std::fmt;
use std::sync::Arc;

/// A range of bytes in one file of `Sources`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Index into `Sources`.
    pub file: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// Returns the part of this span from `start` for `length` bytes, both relative to its start
    /// and cut to it: how an error inside an expression points into the file that holds it.
    pub fn part(self, start: usize, length: usize) -> Span {
        let at = |offset: usize| u32::try_from(offset).map_or(self.end, |offset| (self.start + offset).min(self.end));
        Span { start: at(start), end: at(start + length), ..self }
    }
}

/// One file that was read.
#[derive(Debug, Clone)]
pub struct Source {
    /// The path as given by the user, for messages.
    pub name: String,
    /// The whole text.
    pub text: Arc<str>,
}

/// The files that spans point into.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// Adds a file and returns its index.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> u32 {
        self.files.push(Source { name: name.into(), text: text.into() });
        (self.files.len() - 1) as u32
    }

    /// Gives a file another name, for messages.
    pub fn rename(&mut self, from: &str, to: &str) {
        self.files.iter_mut().filter(|file| file.name == from).for_each(|file| to.clone_into(&mut file.name));
    }

    /// Returns the file of a span.
    pub fn get(&self, file: u32) -> Option<&Source> {
        self.files.get(file as usize)
    }

    /// Returns the text of a span.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.file).and_then(|source| source.text.get(span.start as usize..span.end as usize)).unwrap_or("")
    }

    /// Returns line and column of a span's start, both from 1; columns count characters.
    pub fn position(&self, span: Span) -> (usize, usize) {
        let Some(source) = self.get(span.file) else { return (1, 1) };
        let before = source.text.get(..span.start as usize).unwrap_or(&source.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    /// Returns `file:line:column` of a span.
    pub fn place(&self, span: Span) -> String {
        let (line, column) = self.position(span);
        format!("{}:{line}:{column}", self.get(span.file).map_or("?", |source| source.name.as_str()))
    }
}

/// One thing that is wrong with what somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where.
    pub span: Option<Span>,
    /// A few words to stand under the place.
    pub label: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// Returns a problem at a place.
    pub fn at(span: Span, message: impl Into<String>) -> Problem {
        Problem { message: message.into(), span: Some(span), label: None, hint: None }
    }

    /// Returns a problem without a place in a file.
    pub fn new(message: impl Into<String>) -> Problem {
        Problem { message: message.into(), span: None, label: None, hint: None }
    }

    /// Adds words to stand under the place.
    pub fn label(self, label: impl Into<String>) -> Problem {
        Problem { label: Some(label.into()), ..self }
    }

    /// Adds a hint.
    pub fn hint(self, hint: impl Into<String>) -> Problem {
        Problem { hint: Some(hint.into()), ..self }
    }

    /// Adds a hint if there is one.
    pub fn maybe_hint(self, hint: Option<String>) -> Problem {
        Problem { hint: hint.or(self.hint), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

/// All problems of one reading, with the files they point into; at least one problem.
#[derive(Debug, Clone)]
pub struct Problems {
    /// What is wrong, in the order found.
    pub list: Vec<Problem>,
    /// The files of the spans.
    pub sources: Sources,
}

/// One line for each problem: `file:line:column: message (hint)`.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            if let Some(span) = problem.span {
                write!(f, "{}: ", self.sources.place(span))?;
            }
            f.write_str(&problem.message)?;
            if let Some(hint) = &problem.hint {
                write!(f, " ({hint})")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Returns the candidate nearest to `word`, if one is near enough to be what was meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = word.to_lowercase();
    let length = word.chars().count();
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(&folded, &candidate.to_lowercase()), candidate))
        .filter(|&(distance, candidate)| {
            let other = candidate.chars().count();
            // Where nothing of the word is left, it is another word.
            distance <= 1 + length.min(other) / 4 && distance < length.max(other)
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Returns a hint `did you mean ...` or the list of what is known.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    if let Some(candidate) = nearest(word, candidates.clone()) {
        return Some(format!("did you mean `{candidate}`?"));
    }
    let mut known: Vec<&str> = Vec::new();
    for candidate in candidates {
        if known.len() < 13 && !known.contains(&candidate) {
            known.push(candidate);
        }
    }
    if known.is_empty() {
        return None;
    }
    let more = known.len() > 12;
    known.truncate(12);
    Some(format!("known: `{}`{}", known.join("`, `"), if more { ", ..." } else { "" }))
}

/// Edit distance with transpositions (optimal string alignment).
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let substitution = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = substitution.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_words() {
        let keys = ["stages", "params", "where", "archive"];
        assert_eq!(nearest("stage", keys), Some("stages"));
        assert_eq!(nearest("wehre", keys), Some("where"));
        assert_eq!(nearest("Archive", keys), Some("archive"));
        assert_eq!(nearest("zebra", keys), None);
        assert_eq!(nearest("x", ["n", "m"]), None);
        assert_eq!(nearest("N", ["n", "m"]), Some("n"));
        assert_eq!(nearest("vd", ["v", "m"]), Some("v"));
        assert_eq!(did_you_mean("zebra", ["a", "b"]).unwrap(), "known: `a`, `b`");
        assert_eq!(did_you_mean("zebra", ["a", "b", "a", "a"]).unwrap(), "known: `a`, `b`");
    }

    #[test]
    fn positions_count_characters_from_one() {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "ä: 1\nbé: x\n");
        let start = "ä: 1\nbé".len() as u32;
        let span = Span { file, start, end: start + 1 };
        assert_eq!(sources.position(span), (2, 3));
        assert_eq!(sources.place(span), "a.yaml:2:3");
    }
}
