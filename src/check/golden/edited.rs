//! A changed text, and its change as a unified diff.

use std::ops::Range;

/// A changed text, piece by piece.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edited {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    kind: Kind,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Kept,
    Removed,
    Added,
}

/// Lines around a change that a diff shows.
const CONTEXT: usize = 3;

impl Edited {
    /// Puts other texts in the place of ranges of bytes, which do not overlap and are sorted; all other bytes
    /// stay.
    pub(super) fn spliced(text: &str, splices: &[(Range<usize>, String)]) -> Edited {
        let line_start = |at: usize| text[..at].rfind('\n').map_or(0, |end| end + 1);
        let line_end = |at: usize| text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
        let mut edited = Edited::default();
        let (mut kept, mut rest) = (0, splices);
        while let Some((first, _)) = rest.first() {
            let (start, mut end) = (line_start(first.start), line_end(first.end));
            // Changes of one line or of neighbours are one change of the diff.
            let mut number = 1;
            while let Some((range, _)) = rest.get(number).filter(|(range, _)| line_start(range.start) <= end) {
                end = line_end(range.end);
                number += 1;
            }
            let (together, others) = rest.split_at(number);
            let (mut changed, mut cursor) = (String::new(), start);
            for (range, new) in together {
                changed.push_str(&text[cursor..range.start]);
                changed.push_str(new);
                cursor = range.end;
            }
            changed.push_str(&text[cursor..end]);
            let (first, last) = same_lines(&text[start..end], &changed);
            edited.push(Kind::Kept, &text[kept..start + first]);
            edited.push(Kind::Removed, &text[start + first..end - last]);
            edited.push(Kind::Added, &changed[first..changed.len() - last]);
            (kept, rest) = (end - last, others);
        }
        edited.push(Kind::Kept, &text[kept..]);
        edited
    }

    pub(super) fn push(&mut self, kind: Kind, text: &str) {
        if !text.is_empty() {
            self.pieces.push(Piece { kind, text: text.to_owned() });
        }
    }

    /// Gives the last line an end, if it has none.
    pub(super) fn finish_line(&mut self, line_end: &str) {
        let Some(last) = self.pieces.iter().rposition(|piece| piece.kind != Kind::Removed) else { return };
        let Piece { kind, text } = &mut self.pieces[last];
        if text.ends_with(['\n', '\r']) {
            return;
        }
        if *kind == Kind::Added {
            text.push_str(line_end);
            return;
        }
        let start = text.rfind('\n').map_or(0, |end| end + 1);
        let line = text.split_off(start);
        self.push(Kind::Removed, &line);
        self.push(Kind::Added, &format!("{line}{line_end}"));
    }

    /// Returns the changed text.
    pub fn text(&self) -> String {
        self.pieces.iter().filter(|piece| piece.kind != Kind::Removed).map(|piece| piece.text.as_str()).collect()
    }

    /// Tells whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.pieces.iter().all(|piece| piece.kind == Kind::Kept)
    }

    /// Returns the change as a unified diff of a file with this path; nothing if there is none.
    pub fn diff(&self, path: &str) -> String {
        let lines: Vec<(Kind, &str)> = self
            .pieces
            .iter()
            .flat_map(|piece| piece.text.split_inclusive('\n').map(|line| (piece.kind, line)))
            .collect();
        let changed: Vec<usize> = (0..lines.len()).filter(|&line| lines[line].0 != Kind::Kept).collect();
        let Some(&first) = changed.first() else { return String::new() };
        let is_new = lines.iter().all(|(kind, _)| *kind == Kind::Added);
        let mut text = if is_new { "--- /dev/null\n".to_owned() } else { format!("--- a/{path}\n") };
        text.push_str(&format!("+++ b/{path}\n"));
        let mut hunk = (first, first);
        for &line in &changed[1..] {
            if line - hunk.1 > 2 * CONTEXT + 1 {
                write_hunk(&lines, hunk, &mut text);
                hunk = (line, line);
            }
            hunk.1 = line;
        }
        write_hunk(&lines, hunk, &mut text);
        text
    }
}

/// Returns how many bytes of whole lines two texts share at their start, and of the rest at their end.
fn same_lines(one: &str, other: &str) -> (usize, usize) {
    let same = |(one, other): &(&str, &str)| one == other;
    let (lines, others) = (one.split_inclusive('\n'), other.split_inclusive('\n'));
    let first: usize = lines.zip(others).take_while(same).map(|(line, _)| line.len()).sum();
    let (lines, others) = (one[first..].split_inclusive('\n'), other[first..].split_inclusive('\n'));
    let last = lines.rev().zip(others.rev()).take_while(same).map(|(line, _)| line.len()).sum();
    (first, last)
}

/// Writes the changes from one line to another, both included, and what stands around them.
fn write_hunk(lines: &[(Kind, &str)], (first, last): (usize, usize), text: &mut String) {
    let (start, end) = (first.saturating_sub(CONTEXT), (last + 1 + CONTEXT).min(lines.len()));
    let number = |lines: &[(Kind, &str)], not: Kind| lines.iter().filter(|(kind, _)| *kind != not).count();
    let range = |not: Kind| {
        let (before, within) = (number(&lines[..start], not), number(&lines[start..end], not));
        // An empty range is named by the line before it.
        format!("{},{within}", before + usize::from(within > 0))
    };
    text.push_str(&format!("@@ -{} +{} @@\n", range(Kind::Added), range(Kind::Removed)));
    for (kind, line) in &lines[start..end] {
        text.push(match kind {
            Kind::Kept => ' ',
            Kind::Removed => '-',
            Kind::Added => '+',
        });
        text.push_str(line);
        if !line.ends_with('\n') {
            text.push_str("\n\\ No newline at end of file\n");
        }
    }
}
