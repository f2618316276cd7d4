//! The step `estimate`: descriptors in a CSV file -> cycles, and estimates held against measured runtimes.

use super::estimating_input::{Columns, Input, broken, lacks_version, level, row_descriptor, trim};
use super::{StepError, parameters};
use crate::fit::estimate::{Architecture, Batch, EstimateError, Estimator, Formula, MOST, Outside, Predicted, Trust};
use crate::value::{in_order, show_number};
use csv::{ByteRecord, Writer};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::mpsc::sync_channel;

/// What became of the rows.
#[derive(Debug, Clone, Default)]
pub struct Estimated {
    /// Rows of the file.
    pub rows: u64,
    /// Rows without an estimate: their lines, and why not; the first hundred.
    pub refused: Vec<(u64, String)>,
    /// How many rows have none.
    pub refused_rows: u64,
    /// Operations that had no parameters and took those of `nop`.
    pub stand_ins: BTreeSet<String>,
    /// Devices with several versions of parameters of which a row says no version, and so takes the first: the latest.
    pub unversioned: BTreeMap<String, usize>,
    /// How many estimates are cut at the most that there is.
    pub cut_rows: u64,
    /// Rows with features outside of the range of the fit: their lines, and which; the first hundred.
    pub outside: Vec<(u64, String)>,
    /// How many there are.
    pub outside_rows: u64,
    /// Sets, as `op/set`, of which nobody wrote down what they rest on.
    pub unknown: BTreeSet<String>,
    /// Sets, as `op/set`, whose parameters are not those that the twin of their file is about.
    pub stale: BTreeSet<String>,
}

/// Rows that are named one by one.
const NAMED: usize = 100;

impl Estimated {
    /// Notes that a row of a device does not say which version is meant.
    fn note_unversioned(&mut self, estimator: &Estimator, device: &str) {
        let latest = estimator.architecture(device).map_or(0, |device| device.versions.len());
        if latest > 1 && !self.unversioned.contains_key(device) {
            self.unversioned.insert(device.to_owned(), latest);
        }
    }

    /// Notes an estimate that is as large as they come.
    pub(super) fn note_size(&mut self, cycles: u32) {
        self.cut_rows += u64::from(cycles >= MOST);
    }

    /// Notes how far an estimate can be trusted; returns the features that leave their ranges.
    fn note_trust(&mut self, line: u64, predicted: &Predicted<'_>) -> String {
        let (sets, set) = match predicted.trust {
            Trust::Known => (None, ""),
            Trust::Unknown(set) => (Some(&mut self.unknown), set),
            Trust::Stale(set) => (Some(&mut self.stale), set),
        };
        if let Some(sets) = sets.filter(|sets| !sets.contains(set)) {
            sets.insert(set.to_owned());
        }
        if predicted.outside.is_empty() {
            return String::new();
        }
        self.outside_rows += 1;
        if self.outside.len() < NAMED {
            let features: Vec<String> = predicted.outside.iter().map(outside_words).collect();
            self.outside.push((line, features.join(", ")));
        }
        let names: Vec<&str> = predicted.outside.iter().map(|outside| outside.feature.as_str()).collect();
        names.join(" ")
    }

    /// Adds what became of the rows that follow.
    fn join(&mut self, other: Estimated) {
        let Estimated { rows, refused, refused_rows, stand_ins, unversioned, cut_rows, .. } = other;
        let Estimated { outside, outside_rows, unknown, stale, .. } = other;
        self.rows += rows;
        self.cut_rows += cut_rows;
        self.unversioned.extend(unversioned);
        self.refused_rows += refused_rows;
        self.outside_rows += outside_rows;
        for (named, others) in [(&mut self.refused, refused), (&mut self.outside, outside)] {
            let room = NAMED.saturating_sub(named.len());
            named.extend(others.into_iter().take(room));
        }
        self.stand_ins.extend(stand_ins);
        self.unknown.extend(unknown);
        self.stale.extend(stale);
    }

    pub(super) fn refuse(&mut self, line: u64, why: String) {
        self.refused_rows += 1;
        if self.refused.len() < NAMED {
            self.refused.push((line, why));
        }
    }
}

fn outside_words(outside: &Outside) -> String {
    let Outside { feature, value, range: (low, high) } = outside;
    let (value, low, high) = (show_number(*value), show_number(*low), show_number(*high));
    format!("`{feature}` is {value}, and the fit saw {low} to {high}")
}

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

/// Rows that a thread takes at a time.
const ROWS: usize = 2048;

/// Estimates every row of a file of descriptors, on a few threads; the rows and their estimates go to `out` in
/// order, with `intervals` also where runtimes will be, and features outside of the range of the fit.
pub fn estimate_file(
    estimator: &Estimator,
    path: &Path,
    formula: Formula,
    intervals: bool,
    out: &mut dyn Write,
) -> Result<Estimated, StepError> {
    let mut input = Input::open(path)?;
    let columns = Columns::of(&input, path, estimator.devices())?;
    let more: &[&str] = if intervals { &["low", "high", "outside"] } else { &[] };
    let header = input.header.iter().map(String::as_str).chain(["estimate", "error"]).chain(more.iter().copied());
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(header).map_err(no_disk)?;
    out.write_all(&written(writer)?).map_err(disk)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut estimated = Estimated::default();
    // What is written belongs to this thread, which takes the parts from the others.
    let (to_writer, parts) = sync_channel(threads);
    let read = std::thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let next = |records: &mut Records| records.read(&mut input.reader).map_err(|error| broken(path, &error));
            let worker = || {
                let mut batch = Batch::new(estimator, formula);
                let columns = &columns;
                move |records: &mut Records| estimate_rows(records, columns, estimator, &mut batch, intervals)
            };
            // Without its end of the channel the writer has an error of its own.
            in_order(threads, next, worker, |part| {
                to_writer.send(part).map_err(|_| disk(io::ErrorKind::BrokenPipe.into()))
            })
        });
        for (part, rows) in parts {
            estimated.join(part);
            out.write_all(&rows).map_err(disk)?;
        }
        reader.join().unwrap_or_else(|panic| resume_unwind(panic))
    });
    read?;
    out.flush().map_err(disk)?;
    Ok(estimated)
}

/// Some records of a file; the memory is used again for the next.
#[derive(Default)]
struct Records {
    records: Vec<ByteRecord>,
    count: usize,
}

impl Records {
    /// Reads the next records; false if there are no more.
    fn read(&mut self, reader: &mut csv::Reader<BufReader<File>>) -> Result<bool, csv::Error> {
        self.records.resize_with(ROWS, ByteRecord::new);
        self.count = 0;
        while self.count < ROWS && reader.read_byte_record(&mut self.records[self.count])? {
            self.count += 1;
        }
        Ok(self.count > 0)
    }
}

/// Estimates some records; returns what became of them, and what is written.
fn estimate_rows(
    records: &mut Records,
    columns: &Columns,
    estimator: &Estimator,
    batch: &mut Batch<'_>,
    intervals: bool,
) -> Result<(Estimated, Vec<u8>), StepError> {
    let mut estimated = Estimated::default();
    let mut writer = Writer::from_writer(Vec::new());
    for record in &mut records.records[..records.count] {
        estimated.rows += 1;
        let line = record.position().map_or(0, csv::Position::line);
        let result =
            level(record, columns.width).and_then(|()| row_descriptor(record, columns)).and_then(|descriptor| {
                if lacks_version(record, columns) {
                    estimated.note_unversioned(estimator, descriptor.architecture);
                }
                batch.predict(&descriptor).map_err(|error| explain(&error))
            });
        trim(record);
        match result {
            Ok(predicted) => {
                let outside = estimated.note_trust(line, &predicted);
                estimated.note_size(predicted.cycles);
                record.push_field(predicted.cycles.to_string().as_bytes());
                record.push_field(b"");
                if intervals {
                    let ends = predicted.interval.map(|(low, high)| [low.floor(), high.ceil()]);
                    let end = |side: usize| ends.map_or_else(String::new, |ends| ends[side].to_string());
                    [end(0), end(1), outside].iter().for_each(|cell| record.push_field(cell.as_bytes()));
                }
            }
            Err(why) => {
                record.push_field(b"");
                record.push_field(why.as_bytes());
                (0..if intervals { 3 } else { 0 }).for_each(|_| record.push_field(b""));
                estimated.refuse(line, why);
            }
        }
        writer.write_byte_record(record).map_err(no_disk)?;
    }
    estimated.stand_ins = batch.take_stand_ins();
    Ok((estimated, written(writer)?))
}

fn disk(source: io::Error) -> StepError {
    StepError::Disk { what: "write", path: "the estimates".into(), source }
}

/// Returns what was written to memory.
fn written(writer: Writer<Vec<u8>>) -> Result<Vec<u8>, StepError> {
    writer.into_inner().map_err(|error| disk(error.into_error()))
}

fn no_disk(error: csv::Error) -> StepError {
    disk(match error.into_kind() {
        csv::ErrorKind::Io(source) => source,
        other => io::Error::other(format!("{other:?}")),
    })
}

/// Returns an error with its hint in one line.
pub(super) fn explain(error: &EstimateError) -> String {
    match error {
        EstimateError::Unknown { hint: Some(hint), .. } => format!("{error} ({hint})"),
        _ => error.to_string(),
    }
}
