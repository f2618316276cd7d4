//! One pass over a table: chunks are read on several threads, and what came of them is merged in the
//! order of the file, so that the number of threads changes nothing.

use super::cells::{Cells, Records, Want, read_cells};
use super::chunks::{Chunk, Chunks};
use crate::fit::{FitError, Table};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};

/// The start of a table.
pub(in crate::fit) struct Head {
    /// The names of the columns.
    pub(in crate::fit) names: Vec<String>,
    /// The first rows, every column as texts.
    pub(in crate::fit) sample: Cells,
}

/// So many bytes decide what kind of values a column has.
const SAMPLE: usize = 1 << 16;

/// Reads the start of a table.
pub(in crate::fit) fn read_head(table: &dyn Table) -> Result<Head, FitError> {
    let mut chunks = Chunks::new(table.open().map_err(FitError::Read)?);
    let Some(mut chunk) = chunks.next().map_err(FitError::Read)? else { return Err(FitError::Empty) };
    let names = take_header(&mut chunk)?;
    if let Some(cut) = chunk.bytes.get(SAMPLE..).and_then(|rest| memchr::memchr(b'\n', rest)) {
        // A quote may reach over the cut; what it spoils is one row of the sample.
        chunk.bytes.truncate(SAMPLE + cut + 1);
    }
    let wants: Vec<Want> = (0..names.len()).map(|slot| Want { number: None, text: Some(slot) }).collect();
    Ok(Head { sample: read_cells(&chunk, &wants), names })
}

/// Takes the header off the first chunk.
fn take_header(chunk: &mut Chunk) -> Result<Vec<String>, FitError> {
    if chunk.bytes.starts_with(b"\xef\xbb\xbf") {
        chunk.bytes.drain(..3);
    }
    let mut records = Records::new(&chunk.bytes, 1);
    if records.next().is_none() {
        return Err(FitError::Empty);
    }
    let cell = |index: usize| std::str::from_utf8(records.cell(index)).map(|name| name.trim().to_owned());
    let names: Result<Vec<String>, _> = (0..records.count()).map(cell).collect();
    let names = names.map_err(|_| FitError::Encoding)?;
    let end = records.end();
    // `\r\n` after the header is taken whole.
    let end = end + usize::from(chunk.bytes.get(end) == Some(&b'\n') && chunk.bytes[end - 1] == b'\r');
    chunk.line += memchr::memchr_iter(b'\n', &chunk.bytes[..end]).count() as u64;
    chunk.bytes.drain(..end);
    Ok(names)
}

/// Passes over all rows: `work` makes a part of each chunk, `merge` takes the parts in order.
pub(in crate::fit) fn scan<Part: Send>(
    table: &dyn Table,
    wants: &[Want],
    threads: usize,
    work: &(dyn Fn(Cells) -> Result<Part, FitError> + Sync),
    merge: &mut dyn FnMut(Part) -> Result<(), FitError>,
) -> Result<(), FitError> {
    let mut chunks = Chunks::new(table.open().map_err(FitError::Read)?);
    let mut next = move || {
        let mut chunk = chunks.next().map_err(FitError::Read)?;
        if let Some(first) = chunk.as_mut().filter(|chunk| chunk.index == 0) {
            take_header(first)?;
        }
        Ok::<_, FitError>(chunk)
    };
    let first = next()?;
    let Some(second) = next()? else {
        // One chunk is not worth a thread.
        return first.map_or(Ok(()), |chunk| merge(work(read_cells(&chunk, wants))?));
    };
    let threads = threads.max(1);
    let (to_workers, from_reader) = mpsc::sync_channel::<Chunk>(threads);
    let from_reader = Arc::new(Mutex::new(from_reader));
    let (to_merger, from_workers) = mpsc::sync_channel(threads);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (from_reader, to_merger) = (Arc::clone(&from_reader), to_merger.clone());
            scope.spawn(move || {
                loop {
                    let received = from_reader.lock().ok().and_then(|queue| queue.recv().ok());
                    let Some(chunk) = received else { break };
                    let part = work(read_cells(&chunk, wants));
                    if to_merger.send((chunk.index, part)).is_err() {
                        break;
                    }
                }
            });
        }
        // The workers have ends of their own: without these, the channels close when they are done.
        drop(from_reader);
        drop(to_merger);
        let (stop, first) = (&stop, [first, Some(second)]);
        let reader = scope.spawn(move || {
            let mut early = first.into_iter().flatten();
            loop {
                let chunk = match early.next() {
                    Some(chunk) => chunk,
                    None => match next()? {
                        Some(chunk) => chunk,
                        None => return Ok(()),
                    },
                };
                if stop.load(Ordering::Relaxed) || to_workers.send(chunk).is_err() {
                    return Ok(());
                }
            }
        });
        let merged = merge_in_order(&from_workers, merge);
        stop.store(true, Ordering::Relaxed);
        drop(from_workers);
        let read = reader.join().expect("the reader does not panic");
        read.and(merged)
    })
}

fn merge_in_order<Part>(
    parts: &mpsc::Receiver<(usize, Result<Part, FitError>)>,
    merge: &mut dyn FnMut(Part) -> Result<(), FitError>,
) -> Result<(), FitError> {
    let mut early = BTreeMap::new();
    let mut wanted = 0;
    for (index, part) in parts {
        early.insert(index, part);
        while let Some(part) = early.remove(&wanted) {
            merge(part?)?;
            wanted += 1;
        }
    }
    Ok(())
}
