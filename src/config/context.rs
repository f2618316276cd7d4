//! What one reading needs throughout: the files, the way to further ones, and what was found.

use super::compose::compose;
use super::decode::{FileType, MOST_PROBLEMS, Reader};
use super::node::{Node, Text};
use crate::value::{Problem, Problems, Sources, Span};

/// The files that a suite may name: naming files, lists of cases, lists of values.
pub trait Files {
    /// Reads a file relative to the suite file's folder; the error says why not.
    fn read(&self, path: &str) -> Result<String, String>;
}

impl<F: Fn(&str) -> Result<String, String>> Files for F {
    fn read(&self, path: &str) -> Result<String, String> {
        self(path)
    }
}

/// The state of one reading.
pub(super) struct Context<'a> {
    /// The files read so far; the first is the one asked for.
    pub(super) sources: Sources,
    files: &'a dyn Files,
    folder: String,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
    /// How many values rules have made so far.
    pub(super) generated: usize,
}

impl<'a> Context<'a> {
    /// Starts the reading of a file.
    pub(super) fn new(name: &str, text: &str, files: &'a dyn Files) -> Context<'a> {
        let mut sources = Sources::default();
        sources.add(name, text);
        let folder = name.rfind(['/', '\\']).map_or("", |at| &name[..=at]).to_owned();
        Context { sources, files, folder, problems: Vec::new(), warnings: Vec::new(), generated: 0 }
    }

    /// Reports a problem.
    pub(super) fn problem(&mut self, problem: Problem) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem);
        }
    }

    /// Reports something that is allowed and yet looks wrong.
    pub(super) fn warning(&mut self, problem: Problem) {
        self.warnings.push(problem);
    }

    /// Reads a file of the sources into a tree.
    pub(super) fn compose(&mut self, file: u32) -> Option<Node> {
        match compose(&self.sources, file) {
            Ok((node, problems)) => {
                self.problems.extend(problems);
                Some(node)
            }
            Err(problems) => {
                self.problems.extend(problems);
                None
            }
        }
    }

    /// Reads a tree into a type.
    pub(super) fn decode<T: FileType>(&mut self, node: &Node) -> Option<T> {
        let mut reader = Reader { sources: &self.sources, problems: std::mem::take(&mut self.problems) };
        let value = T::decode(node, &mut reader);
        self.problems = reader.problems;
        value
    }

    /// Reads a further file that the suite names.
    pub(super) fn read(&mut self, path: &Text) -> Option<u32> {
        // A suite may share a file with its neighbours, so `..` is no mistake here.
        if let Some(why) = unsafe_path(&path.as_str().replace("..", "parent")) {
            self.problem(Problem::at(path.span, format!("cannot read `{}`: {why}", path.as_str())));
            return None;
        }
        match self.files.read(path.as_str()) {
            Ok(text) => Some(self.sources.add(format!("{}{}", self.folder, path.as_str()), text)),
            Err(reason) => {
                let problem = Problem::at(path.span, format!("cannot read `{}`: {reason}", path.as_str()));
                self.problem(problem.hint("the path is relative to the folder of the suite file"));
                None
            }
        }
    }

    /// Returns the lines of a file that say something, with their places. Empty lines and lines
    /// that start with `#` say nothing.
    pub(super) fn lines(&self, file: u32) -> Vec<(String, Span)> {
        let Some(source) = self.sources.get(file) else { return Vec::new() };
        let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
        let mut start = source.text.len() - text.len();
        let mut lines = Vec::new();
        for line in text.split_inclusive('\n') {
            let words = line.trim();
            if !words.is_empty() && !words.starts_with('#') {
                let first = start + line.len() - line.trim_start().len();
                let span = Span { file, start: first as u32, end: (first + words.len()) as u32 };
                lines.push((words.to_owned(), span));
            }
            start += line.len();
        }
        lines
    }

    /// Returns the place of a part of a scalar.
    pub(super) fn part(&self, text: &Text, start: usize, length: usize) -> Span {
        text.place(&self.sources, start, length)
    }

    /// Returns the line of a place.
    pub(super) fn line(&self, span: Span) -> usize {
        self.sources.position(span).0
    }

    /// Ends the reading: the value if nothing is wrong.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<(T, Sources, Vec<Problem>), Problems> {
        let Context { sources, problems, warnings, .. } = self;
        match value {
            Some(value) if problems.is_empty() => Ok((value, sources, warnings)),
            Some(_) | None => {
                let mut list = problems;
                list.sort_by_key(|problem| problem.span.map_or((0, 0), |span| (span.file, span.start)));
                list.dedup();
                Err(Problems { list, sources })
            }
        }
    }
}

/// Says why a path could leave the folder it is meant for, or nothing if it cannot.
pub(super) fn unsafe_path(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("the path is empty");
    }
    if path.starts_with(['/', '\\', '~']) || path.as_bytes().get(1) == Some(&b':') {
        return Some("the path must be relative");
    }
    if path.split(['/', '\\']).any(|part| part == "..") {
        return Some("the path leaves its folder by `..`");
    }
    if path.contains('\0') {
        return Some("the path holds a NUL");
    }
    None
}
