//! The step `estimate`: descriptors in a CSV file -> cycles.
//!
//! A file is read in chunks of whole records. Each thread takes one, estimates its rows (`rows`), and makes the bytes
//! that are written; this thread writes them in order. Rows are what `csv` makes of them, and are written as `csv`
//! writes them; those that it would not change are copied.

mod columns;
mod estimated;
mod rows;
#[cfg(test)]
mod tests;

use super::estimating_input::{Header, reader};
use super::{StepError, parameters};
use crate::fit::estimate::{Architecture, EstimateError, Estimator, Formula};
use crate::fit::{Breaks, CHUNK, Chunk, Chunks};
use crate::value::in_order;
use columns::Columns;
pub use estimated::Estimated;
use rows::{Part, Rows};
use std::fs::File;
use std::io::{self, Read, Write};
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::mpsc::sync_channel;

/// Makes an estimator of a folder of parameters, or of those that ship.
pub fn estimator(folder: Option<&Path>) -> Result<Estimator, StepError> {
    Ok(Estimator::new(architectures(folder)?))
}

/// Returns the devices and their parameters.
pub fn architectures(folder: Option<&Path>) -> Result<Vec<Architecture>, StepError> {
    match folder {
        Some(folder) => parameters::read_folder(folder),
        None => parameters::shipped(),
    }
}

/// Estimates every row of a file of descriptors, on a few threads; the rows and their estimates go to `out` in
/// order, with `intervals` also where runtimes will be, and features outside of the range of the fit.
pub fn estimate_file(
    estimator: &Estimator,
    path: &Path,
    formula: Formula,
    intervals: bool,
    out: &mut dyn Write,
) -> Result<Estimated, StepError> {
    let file = File::open(path).map_err(|source| StepError::Read { path: path.to_owned(), source })?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    Table { path, threads, chunk: CHUNK }.estimate(file, estimator, formula, intervals, out)
}

/// How a file is read.
struct Table<'t> {
    path: &'t Path,
    threads: usize,
    /// Bytes that a thread takes at a time.
    chunk: usize,
}

impl Table<'_> {
    fn estimate(
        &self,
        stream: impl Read + Send,
        estimator: &Estimator,
        formula: Formula,
        intervals: bool,
        out: &mut dyn Write,
    ) -> Result<Estimated, StepError> {
        let mut chunks = Chunks::of(stream, Breaks::LineFeed, self.chunk);
        let mut first = Chunk::default();
        let header = self.take_header(&mut chunks, &mut first)?;
        let columns = Columns::of(&header, self.path, estimator.devices())?;
        out.write_all(&header_line(&header, intervals)?).map_err(disk)?;
        let threads = if chunks.is_done() { 1 } else { self.threads };
        let mut first = Some(first);
        let next = move |chunk: &mut Chunk| match first.take() {
            Some(first) => {
                *chunk = first;
                Ok(true)
            }
            None => chunks.next(chunk).map_err(|error| self.broken(&error)),
        };
        let worker = || {
            let mut rows = Rows::new(&columns, estimator, formula, intervals);
            move |chunk: &mut Chunk| rows.estimate(chunk)
        };
        // What is written belongs to this thread, which takes the parts from the others.
        let (to_writer, parts) = sync_channel(threads);
        let mut estimated = Estimated::default();
        let read = std::thread::scope(|scope| {
            let reader = scope.spawn(move || {
                // Without its end of the channel the writer has an error of its own.
                let send = |part: Part| to_writer.send(part).map_err(|_| disk(io::ErrorKind::BrokenPipe.into()));
                in_order(threads, next, worker, send)
            });
            for part in parts {
                let Part { estimated: more, written } = part;
                estimated.join(more);
                out.write_all(&written).map_err(disk)?;
            }
            reader.join().unwrap_or_else(|panic| resume_unwind(panic))
        });
        read?;
        out.flush().map_err(disk)?;
        Ok(estimated)
    }

    /// Takes the header off the first chunk that has more than empty lines.
    fn take_header(&self, chunks: &mut Chunks<impl Read>, chunk: &mut Chunk) -> Result<Header, StepError> {
        loop {
            let more = chunks.next(chunk).map_err(|error| self.broken(&error))?;
            let mut reader = reader(chunk.bytes());
            let header = Header::read(&mut reader, self.path)?;
            let end = reader.position().byte() as usize;
            let lines = memchr::memchr_iter(b'\n', &chunk.bytes()[..end]).count();
            chunk.skip(end, lines);
            if !more || !header.names.is_empty() {
                return Ok(header);
            }
        }
    }

    fn broken(&self, error: &io::Error) -> StepError {
        StepError::usage(format!("{}: {error}", self.path.display()), None)
    }
}

fn header_line(header: &Header, intervals: bool) -> Result<Vec<u8>, StepError> {
    let more: &[&str] = if intervals { &["low", "high", "outside"] } else { &[] };
    let names = header.names.iter().map(String::as_str).chain(["estimate", "error"]).chain(more.iter().copied());
    let mut written = Vec::new();
    rows::write_record(&names.collect(), &mut written)?;
    Ok(written)
}

fn disk(source: io::Error) -> StepError {
    StepError::Disk { what: "write", path: "the estimates".into(), source }
}

/// Returns an error with its hint in one line.
pub(super) fn explain(error: &EstimateError) -> String {
    match error {
        EstimateError::Unknown { hint: Some(hint), .. } => format!("{error} ({hint})"),
        _ => error.to_string(),
    }
}
