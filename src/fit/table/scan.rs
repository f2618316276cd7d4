//! One pass over a table: each thread takes a chunk, reads it and makes a part of it; the parts are merged
//! in the order of the file, so that the number of threads changes nothing.

use super::breaks::Breaks;
use super::cells::{Cells, Want, read_cells};
use super::chunks::{Chunk, Chunks};
use super::marks::Marks;
use super::records::Records;
use crate::fit::{FitError, Table};
use crate::value::in_order;
use std::sync::atomic::{AtomicBool, Ordering};

/// The start of a table.
pub(in crate::fit) struct Head {
    /// The names of the columns.
    pub(in crate::fit) names: Vec<String>,
    /// The first rows, every column as texts.
    pub(in crate::fit) sample: Cells,
    /// The bytes of these rows.
    pub(in crate::fit) sampled: usize,
}

/// So many bytes decide what kind of values a column has.
const SAMPLE: usize = 1 << 16;

/// Reads the start of a table.
pub(in crate::fit) fn read_head(table: &dyn Table) -> Result<Head, FitError> {
    let mut chunks = Chunks::new(table.open().map_err(FitError::Read)?);
    let mut chunk = Chunk::default();
    if !chunks.next(&mut chunk).map_err(FitError::Read)? {
        return Err(FitError::Empty);
    }
    let names = take_header(&mut chunk)?;
    if let Some(cut) = chunk.bytes().get(SAMPLE..).and_then(|rest| memchr::memchr(b'\n', rest)) {
        // A quote may reach over the cut; what it spoils is one row of the sample.
        chunk.cut(SAMPLE + cut + 1);
    }
    let wants: Vec<Want> = (0..names.len()).map(|slot| Want { number: None, text: Some(slot) }).collect();
    let mut sample = Cells::new(&wants);
    read_cells(&chunk, &wants, false, &mut Marks::default(), &mut sample);
    Ok(Head { sample, names, sampled: chunk.bytes().len() })
}

/// Takes the header off the first chunk.
fn take_header(chunk: &mut Chunk) -> Result<Vec<String>, FitError> {
    if chunk.bytes().starts_with(b"\xef\xbb\xbf") {
        chunk.skip(3, 0);
    }
    let bytes = chunk.bytes();
    let mut records = Records::new(bytes, 1, Breaks::Any);
    if records.next().is_none() {
        return Err(FitError::Empty);
    }
    let cell = |index: usize| std::str::from_utf8(records.cell(index)).map(|name| name.trim().to_owned());
    let names: Result<Vec<String>, _> = (0..records.count()).map(cell).collect();
    let names = names.map_err(|_| FitError::Encoding)?;
    let end = records.end();
    // `\r\n` after the header is taken whole.
    let end = end + usize::from(bytes.get(end) == Some(&b'\n') && bytes[end - 1] == b'\r');
    let lines = memchr::memchr_iter(b'\n', &bytes[..end]).count();
    chunk.skip(end, lines);
    Ok(names)
}

/// How a table is passed over.
pub(in crate::fit) struct Scan<'a> {
    /// What is wanted of each column.
    pub(in crate::fit) wants: &'a [Want],
    /// Threads that read it.
    pub(in crate::fit) threads: usize,
    /// Whether rows get fingerprints; may become false on the way.
    pub(in crate::fit) hashed: &'a AtomicBool,
}

/// Passes over all rows: each thread makes a part of a chunk by what `worker` gives it, `merge` takes the parts
/// in order.
pub(in crate::fit) fn scan<Part: Send, Work: FnMut(&Cells) -> Result<Part, FitError>>(
    table: &dyn Table,
    how: &Scan<'_>,
    worker: &(dyn Fn() -> Work + Sync),
    merge: &mut (dyn FnMut(Part) -> Result<(), FitError> + Send),
) -> Result<(), FitError> {
    let mut chunks = Chunks::new(table.open().map_err(FitError::Read)?);
    let mut first = Chunk::default();
    if !chunks.next(&mut first).map_err(FitError::Read)? {
        return Ok(());
    }
    take_header(&mut first)?;
    // One chunk is not worth a thread.
    let threads = if chunks.is_done() { 1 } else { how.threads };
    let mut first = Some(first);
    let next = |chunk: &mut Chunk| match first.take() {
        Some(first) => {
            *chunk = first;
            Ok(true)
        }
        None => chunks.next(chunk).map_err(FitError::Read),
    };
    let worker = || {
        let (mut marks, mut cells, mut work) = (Marks::default(), Cells::new(how.wants), worker());
        move |chunk: &mut Chunk| {
            read_cells(chunk, how.wants, how.hashed.load(Ordering::Relaxed), &mut marks, &mut cells);
            work(&cells)
        }
    };
    in_order(threads, next, worker, merge)
}
