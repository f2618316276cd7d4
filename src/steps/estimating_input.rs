//! The rows that `estimate` reads: a CSV file in chunks of whole records, the names of its columns and the cells of its
//! records.

use super::StepError;
use super::fitting::table_name;
use crate::fit::{Breaks, CHUNK, Chunk, Chunks, Marks, Record, Split, separator};
use crate::report::count;
use crate::value::{did_you_mean, nearest};
use csv::{ByteRecord, ReaderBuilder, Terminator};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// A CSV stream of rows to estimate, behind its header.
pub(super) struct Input<'p, R> {
    path: &'p Path,
    chunks: Chunks<R>,
    /// What stands behind the header in its chunk.
    first: Option<Chunk>,
    /// How many columns there are.
    width: usize,
}

/// Opens a CSV file, or standard input for `-`, and reads its header.
pub(super) fn open(path: &Path) -> Result<(Header, Input<'_, Box<dyn Read + Send>>), StepError> {
    let stream: Box<dyn Read + Send> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(|source| StepError::Read { path: path.to_owned(), source })?)
    };
    let (header, input) = Input::of(stream, path, CHUNK)?;
    if header.names.is_empty() {
        let hint = "its first line names the columns".to_owned();
        return Err(StepError::usage(format!("{}: the table is empty", table_name(path)), Some(hint)));
    }
    Ok((header, input))
}

/// Returns the error of a table that has no rows behind its header.
pub(super) fn no_rows(path: &Path, hint: &str) -> StepError {
    StepError::usage(format!("{}: the table has no rows", table_name(path)), Some(hint.to_owned()))
}

impl<'p, R: Read> Input<'p, R> {
    /// Reads the header off the first chunk that has more than empty lines; chunks are of so many bytes.
    pub(super) fn of(stream: R, path: &'p Path, chunk: usize) -> Result<(Header, Input<'p, R>), StepError> {
        let mut chunks = Chunks::of(stream, Breaks::LineFeed, chunk);
        let mut chunk = Chunk::default();
        loop {
            let more = chunks.next(&mut chunk).map_err(|error| broken(path, &error))?;
            let header = Header::take(&mut chunk, path)?;
            if !more || !header.names.is_empty() {
                let width = header.names.len();
                return Ok((header, Input { path, chunks, first: Some(chunk), width }));
            }
        }
    }

    /// Tells whether no more than the first chunk is left.
    pub(super) fn is_one_chunk(&self) -> bool {
        self.chunks.is_done()
    }

    /// Takes the next chunk; false if there is none.
    pub(super) fn next(&mut self, chunk: &mut Chunk) -> Result<bool, StepError> {
        match self.first.take() {
            Some(first) => {
                *chunk = first;
                Ok(true)
            }
            None => self.chunks.next(chunk).map_err(|error| broken(self.path, &error)),
        }
    }

    /// Goes through all rows with their lines; spaces are taken off the ends of their cells. A row that is not whole
    /// comes with what is wrong.
    pub(super) fn for_each(
        mut self,
        mut take: impl FnMut(u64, &mut ByteRecord, Result<(), String>) -> Result<(), StepError>,
    ) -> Result<(), StepError> {
        let (mut chunk, mut marks, mut record) = (Chunk::default(), Marks::default(), ByteRecord::new());
        while self.next(&mut chunk)? {
            let mut split = Split::new(&chunk, &mut marks);
            while let Some((line, found)) = split.next() {
                let whole = match found {
                    Record::Plain(plain) => fill(&mut record, plain.cells(), self.width, false),
                    Record::Quoted(mut quoted) => {
                        let open = quoted.open;
                        fill(&mut record, quoted.cells(), self.width, open)
                    }
                };
                trim(&mut record);
                take(line, &mut record, whole)?;
            }
        }
        Ok(())
    }
}

/// The names of the columns.
pub(super) struct Header {
    pub(super) names: Vec<String>,
}

impl Header {
    /// Takes the first record off the first chunk.
    fn take(chunk: &mut Chunk, path: &Path) -> Result<Header, StepError> {
        // With `\r\n` as an end, a `\r` alone would be one too.
        let mut reader = ReaderBuilder::new().terminator(Terminator::Any(b'\n')).from_reader(chunk.bytes());
        let header = reader.headers().map_err(|error| broken(path, &error))?;
        let name = |name: &str| name.trim_start_matches('\u{feff}').trim().to_owned();
        let names: Vec<String> = header.iter().map(name).collect();
        if names.iter().any(|name| name.replace("\r\n", "").contains('\r')) {
            let hint = "save the table with line feeds at the ends of its lines";
            let message = format!("{}: carriage returns alone end no lines", table_name(path));
            return Err(StepError::usage(message, Some(hint.to_owned())));
        }
        let end = reader.position().byte() as usize;
        let lines = memchr::memchr_iter(b'\n', &chunk.bytes()[..end]).count();
        chunk.skip(end, lines);
        Ok(Header { names })
    }

    /// Returns the place of the first of some columns that is there; the table must not have it twice.
    pub(super) fn column(&self, names: &[&str], path: &Path) -> Result<Option<usize>, StepError> {
        let place = |name: &&str| self.names.iter().position(|known| known == name);
        let Some(found) = names.iter().find_map(place) else { return Ok(None) };
        let name = &self.names[found];
        let same = self.names.iter().filter(|known| *known == name).count();
        if same > 1 {
            let message = format!("{}: `{name}` is a column that the table has {same} times", table_name(path));
            return Err(StepError::usage(message, Some("rename or remove the others".to_owned())));
        }
        Ok(Some(found))
    }

    /// Returns the place of the first of some columns; one must be there.
    pub(super) fn needed(&self, names: &[&str], path: &Path) -> Result<usize, StepError> {
        self.column(names, path)?.ok_or_else(|| {
            let header = || self.names.iter().map(String::as_str);
            let meant = || names.iter().find_map(|name| nearest(name, header()));
            let hint = separator(&self.names)
                .or_else(|| meant().map(|name| format!("did you mean `{name}`?")))
                .or_else(|| did_you_mean(names[0], header()));
            StepError::usage(format!("{}: there is no column `{}`", table_name(path), names.join("` or `")), hint)
        })
    }

    /// Returns what is said of columns that nobody reads and that have nearly the name of one that is absent; of each
    /// absent column all names.
    pub(super) fn misspelt(&self, path: &Path, reads: impl Fn(usize) -> bool, absent: &[&[&str]]) -> Vec<String> {
        // Short names are near to anything.
        let near = |name: &str, known: &&&[&str]| {
            known.contains(&name) || nearest(name, known.iter().copied().filter(|known| known.len() > 3)).is_some()
        };
        let unread = self.names.iter().enumerate().filter(|(column, _)| !reads(*column));
        let meant = unread.filter_map(|(_, name)| Some((name, absent.iter().find(|known| near(name, known))?[0])));
        meant
            .map(|(name, known)| {
                format!("{}: the column `{name}` is not read (did you mean `{known}`?)", table_name(path))
            })
            .collect()
    }

    /// Refuses columns that have the name of one that is added.
    pub(super) fn check_added(&self, added: &[&str], path: &Path) -> Result<(), StepError> {
        let Some(name) = added.iter().find(|name| self.names.iter().any(|known| known == *name)) else {
            return Ok(());
        };
        let message = format!("{}: there is a column `{name}` already, and one is added", table_name(path));
        Err(StepError::usage(message, Some("rename or remove the one in the table".to_owned())))
    }
}

fn broken(path: &Path, error: &impl std::fmt::Display) -> StepError {
    StepError::usage(format!("{}: {error}", table_name(path)), None)
}

/// Takes spaces off the ends of cells; what has none stays where it is.
pub(super) fn trim(record: &mut ByteRecord) {
    if record.iter().any(|cell| cell.trim_ascii().len() < cell.len()) {
        record.trim();
    }
}

/// Returns the text of a cell; empty where there is none.
pub(super) fn cell(record: &ByteRecord, column: Option<usize>) -> Result<&str, String> {
    let bytes = column.and_then(|column| record.get(column)).unwrap_or_default();
    std::str::from_utf8(bytes).map(str::trim).map_err(|_| "a cell is not in UTF-8".to_owned())
}

/// Fills a record with cells, as many as the header has, so that what is written behind them stands in its columns. Says
/// so if there were others, or if the last one is `open`: it has a quote that is never closed.
pub(super) fn fill<'c>(
    record: &mut ByteRecord,
    cells: impl Iterator<Item = &'c [u8]>,
    width: usize,
    open: bool,
) -> Result<(), String> {
    record.clear();
    cells.for_each(|cell| record.push_field(cell));
    let found = record.len();
    if found != width {
        record.truncate(width);
        (found..width).for_each(|_| record.push_field(b""));
    }
    match (open, found == width) {
        (true, _) => Err("a quote is never closed".to_owned()),
        (false, false) => Err(format!("the row has {}, the header {width}", count(found as u64, "cell"))),
        (false, true) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the header, then the lines and cells of rows, whatever the size of the chunks.
    fn check(text: &str, names: &[&str], expected: &[(u64, &[&str])]) {
        for size in 1..text.len() + 2 {
            let (header, input) = Input::of(text.as_bytes(), Path::new("rows.csv"), size).unwrap();
            let mut found: Vec<(u64, Vec<String>)> = Vec::new();
            let take = |line: u64, record: &mut ByteRecord, whole: Result<(), String>| {
                let cells = record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned());
                found.push((line, cells.chain(whole.err()).collect()));
                Ok(())
            };
            input.for_each(take).unwrap();
            assert_eq!(header.names, names, "{text:?} by {size}");
            let expected: Vec<(u64, Vec<String>)> = expected
                .iter()
                .map(|(line, cells)| (*line, cells.iter().map(|cell| (*cell).to_owned()).collect()))
                .collect();
            assert_eq!(found, expected, "{text:?} by {size}");
        }
    }

    #[test]
    fn rows_and_their_lines() {
        check("", &[], &[]);
        check("a,b", &["a", "b"], &[]);
        check("\u{feff} a ,\"b\"\r\n1,2\r\n", &["a", "b"], &[(2, &["1", "2"])]);
        check("\n\n\u{feff}a,b\n\n1, 2\n\n\n3,\n", &["a", "b"], &[(5, &["1", "2"]), (8, &["3", ""])]);
        check("a,\"b\nc\"\n\"1\n\n\",2\n\"3\",\"4\"\n", &["a", "b\nc"], &[(3, &["1", "2"]), (6, &["3", "4"])]);
        check("a,b\n\"1\"\"\",\" 2\n3\"\"\"\n\"4\",\"\"", &["a", "b"], &[(2, &["1\"", "2\n3\""]), (4, &["4", ""])]);
        let few = "the row has 1 cell, the header 2";
        check(
            "a,b\n1\n2,3,4",
            &["a", "b"],
            &[(2, &["1", "", few]), (3, &["2", "3", "the row has 3 cells, the header 2"])],
        );
        check("a,b\n1,\"2\n3,4\n", &["a", "b"], &[(2, &["1", "2\n3,4", "a quote is never closed"])]);
        check("a,b\n1,2\n\"3\n", &["a", "b"], &[(2, &["1", "2"]), (3, &["3", "", "a quote is never closed"])]);
    }

    #[test]
    fn names_that_are_nearly_known() {
        let check = |name: &str, expected: Option<&str>| {
            let header = Header { names: vec!["type".to_owned(), name.to_owned()] };
            let absent: [&[&str]; 3] = [&["vector_mode"], &["l1_accumulate", "l1_acc"], &["reduce_z", "z"]];
            let expected =
                expected.map(|known| format!("rows.csv: the column `{name}` is not read (did you mean `{known}`?)"));
            let found = header.misspelt(Path::new("rows.csv"), |column| column == 0, &absent);
            assert_eq!(found, Vec::from_iter(expected), "{name}");
        };
        check("vectormode", Some("vector_mode"));
        check("Vector_Mode", Some("vector_mode"));
        check("l1_acc", Some("l1_accumulate"));
        check("z", Some("reduce_z"));
        check("note", None);
        check("y", None);
        check("", None);
    }

    #[test]
    fn a_failure_stops() {
        let (_, input) = Input::of("a\n1\n2\n3\n".as_bytes(), Path::new("rows.csv"), 1).unwrap();
        let mut lines = Vec::new();
        let stopped = input.for_each(|line, _, _| {
            lines.push(line);
            if line == 3 { Err(StepError::usage("no more".to_owned(), None)) } else { Ok(()) }
        });
        assert_eq!((stopped.unwrap_err().to_string().as_str(), lines), ("no more", vec![2, 3]));
    }
}
