//! Tables: a CSV stream -> columns, chunk by chunk, on several threads.

mod breaks;
mod cells;
mod chunks;
mod lines;
mod marks;
mod number;
mod plain;
mod records;
mod scan;
mod separator;
mod split;
mod words;

pub(crate) use breaks::Breaks;
pub(super) use cells::{Cells, Missing, Want};
pub(crate) use chunks::{CHUNK, Chunk, Chunks};
pub(super) use lines::Lines;
pub(crate) use marks::Marks;
pub(super) use scan::{Head, Scan, read_head, scan};
pub(crate) use separator::separator;
pub(crate) use split::{PlainRecord, Quoted, Record, Split};
pub(super) use words::{Dictionary, Texts};
