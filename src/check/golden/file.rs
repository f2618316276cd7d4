//! The golden table as a file: changed row by row, so that all other rows keep their bytes.
//!
//! A row that is rewritten stays where it is; a new one goes behind the last row that sorts before it, so
//! that a sorted table stays sorted. Columns, line ends and a byte order mark stay as they are.

use super::assigned::Place;
use super::edited::{Edited, Kind};
use super::holder::GoldenHolder;
use super::table::{COLUMNS, GoldenRow, Table};
use crate::value::Problems;
use csv::WriterBuilder;
use std::collections::{BTreeMap, BTreeSet};

/// A table and its text.
#[derive(Debug, Clone, Default)]
pub struct GoldenFile {
    table: Table,
    text: String,
    layout: Layout,
}

/// Where things stand in the text of a table.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    /// Which column holds what.
    pub(super) columns: [Option<usize>; 4],
    /// Where the header ends.
    pub(super) header: usize,
    /// Start and end of each row, with or without its line end.
    pub(super) rows: Vec<(usize, usize)>,
}

/// Changes of a table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Edits {
    /// Rows in place of others, by the index of those.
    pub replaced: BTreeMap<usize, GoldenRow>,
    /// Rows to leave out, by index.
    pub removed: BTreeSet<usize>,
    /// Goldens to leave out that are no rows, by their index among [`GoldenHolder::orphans`].
    pub orphans: BTreeSet<usize>,
    /// New rows.
    pub added: Vec<GoldenRow>,
}

impl Edits {
    /// Puts a row in the place of another, or where it belongs.
    pub(super) fn put(&mut self, old: Option<Place<'_>>, new: GoldenRow) {
        match old {
            // A row under an earlier name moves to where its present one belongs.
            Some(Place { index, row: old }) if old.key() != new.key() => {
                self.removed.insert(index);
                self.added.push(new);
            }
            Some(Place { index, .. }) => {
                self.replaced.insert(index, new);
            }
            None => self.added.push(new),
        }
    }
}

impl GoldenFile {
    /// Reads a table; `name` is the file's, for people.
    ///
    /// # Errors
    /// All that is wrong, with lines and hints.
    pub fn parse(name: &str, text: &str) -> Result<GoldenFile, Problems> {
        let (table, layout) = Table::parse_with_layout(name, text)?;
        Ok(GoldenFile { table, text: text.to_owned(), layout })
    }

    /// Tells whether the table has a column of units.
    fn has_units(&self) -> bool {
        self.is_new() || self.layout.columns[3].is_some()
    }

    fn is_new(&self) -> bool {
        self.text.is_empty()
    }

    /// Applies changes to the text.
    pub fn edit(&self, edits: &Edits) -> Edited {
        let mut edited = Edited::default();
        let mut added: BTreeMap<usize, Vec<&GoldenRow>> = BTreeMap::new();
        for row in &edits.added {
            let before = |known: &GoldenRow| known.key() < row.key();
            added.entry(self.table.rows().iter().rposition(before).map_or(0, |last| last + 1)).or_default().push(row);
        }
        added.values_mut().for_each(|rows| rows.sort_by_key(|row| row.key()));
        let line_end = self.line_end();
        if self.is_new() && !added.is_empty() {
            edited.push(Kind::Added, &format!("{}\n", COLUMNS.join(",")));
        }
        let mut cursor = 0;
        for place in 0..=self.layout.rows.len() {
            let row = self.layout.rows.get(place).map(|&(start, end)| self.line(start, end));
            // What stands between two rows, the header before the first, belongs to the row behind it; but
            // a new row goes right behind the row before it.
            let start = row.map_or(self.text.len(), |(start, _, _)| start);
            if place == 0 {
                let start = if row.is_some() { start } else { self.line(0, self.layout.header).2 };
                edited.push(Kind::Kept, &self.text[cursor..start]);
                cursor = start;
            }
            for row in added.get(&place).into_iter().flatten() {
                edited.finish_line(line_end);
                edited.push(Kind::Added, &format!("{}{line_end}", self.written(row)));
            }
            edited.push(Kind::Kept, &self.text[cursor..start]);
            let Some((start, content, end)) = row else { break };
            cursor = end;
            if let Some(row) = edits.replaced.get(&place) {
                edited.push(Kind::Removed, &self.text[start..end]);
                edited.push(Kind::Added, &format!("{}{}", self.written(row), &self.text[content..end]));
            } else {
                let kind = if edits.removed.contains(&place) { Kind::Removed } else { Kind::Kept };
                edited.push(kind, &self.text[start..end]);
            }
        }
        edited
    }

    /// Returns where a row starts, where its cells end, and where its line ends.
    fn line(&self, start: usize, end: usize) -> (usize, usize, usize) {
        let content = start + self.text[start..end].trim_end_matches(['\r', '\n']).len();
        let rest = &self.text[content..];
        let length = ["\r\n", "\n", "\r"].into_iter().find(|end| rest.starts_with(end)).map_or(0, str::len);
        (start, content, content + length)
    }

    fn line_end(&self) -> &'static str {
        let (_, content, end) = self.line(0, self.layout.header);
        if &self.text[content..end] == "\r\n" { "\r\n" } else { "\n" }
    }

    /// Writes a row with the columns of this table.
    fn written(&self, row: &GoldenRow) -> String {
        let GoldenRow { metric, point, value, unit, line: _, tolerance: _ } = row;
        let all = [metric, point.as_str(), value, unit.as_deref().unwrap_or_default()];
        let mut cells = [""; 4];
        let mut width = 0;
        for (index, cell) in all.into_iter().enumerate() {
            let column = if self.is_new() { Some(index) } else { self.layout.columns[index] };
            if let Some(column) = column {
                cells[column] = cell;
                width = width.max(column + 1);
            }
        }
        let mut writer = WriterBuilder::new().from_writer(Vec::new());
        writer.write_record(&cells[..width]).expect("memory takes every record");
        let bytes = writer.into_inner().expect("memory can be flushed");
        String::from_utf8(bytes).expect("texts and commas are UTF-8").trim_end_matches('\n').to_owned()
    }
}

impl GoldenHolder for GoldenFile {
    fn table(&self) -> &Table {
        &self.table
    }

    fn fit(&self, row: GoldenRow) -> Result<GoldenRow, String> {
        let unit = row.unit.clone().filter(|_| self.has_units());
        Ok(GoldenRow { unit, ..row })
    }

    fn after(&self, edits: &Edits) -> Table {
        self.table.after(edits)
    }
}
