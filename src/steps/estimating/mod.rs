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

use super::estimating_input::{Header, Input, no_rows, open};
use super::{StepError, parameters};
use crate::fit::Chunk;
use crate::fit::estimate::{Architecture, EstimateError, Estimator, Formula};
use crate::value::in_order;
use columns::Columns;
pub use estimated::Estimated;
use rows::{Part, Rows};
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
) -> Result<EstimatedFile, StepError> {
    let (header, input) = open(path)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    Table { path, header, input, threads }.estimate(estimator, formula, intervals, out)
}

/// Returns the error of a file of descriptors that has none.
pub fn no_operations(path: &Path) -> StepError {
    no_rows(path, "each row behind its header is an operation")
}

/// What became of a file.
#[derive(Debug, Clone)]
pub struct EstimatedFile {
    /// Its rows.
    pub rows: Estimated,
    /// What is to be said of its columns.
    pub warnings: Vec<String>,
}

/// What is read, and how.
struct Table<'p, R> {
    path: &'p Path,
    header: Header,
    input: Input<'p, R>,
    threads: usize,
}

impl<R: Read + Send> Table<'_, R> {
    fn estimate(
        self,
        estimator: &Estimator,
        formula: Formula,
        intervals: bool,
        out: &mut dyn Write,
    ) -> Result<EstimatedFile, StepError> {
        let Table { path, header, mut input, threads } = self;
        let columns = Columns::of(&header, path, estimator.devices())?;
        header.check_added(added(intervals), path)?;
        let warnings = columns.misspelt(&header, path);
        out.write_all(&header_line(&header, intervals)?).map_err(disk)?;
        let threads = if input.is_one_chunk() { 1 } else { threads };
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
                in_order(threads, |chunk: &mut Chunk| input.next(chunk), worker, send)
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
        Ok(EstimatedFile { rows: estimated, warnings })
    }
}

/// Returns the columns that are added.
fn added(intervals: bool) -> &'static [&'static str] {
    if intervals { &["estimate", "error", "low", "high", "outside"] } else { &["estimate", "error"] }
}

fn header_line(header: &Header, intervals: bool) -> Result<Vec<u8>, StepError> {
    let names = header.names.iter().map(String::as_str).chain(added(intervals).iter().copied());
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
