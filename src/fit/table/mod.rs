//! Tables: a CSV stream -> columns, chunk by chunk, on several threads.

mod cells;
mod chunks;
mod lines;
mod marks;
mod number;
mod plain;
mod records;
mod scan;
mod words;

pub(super) use cells::{Cells, Missing, Want};
pub(super) use lines::Lines;
pub(super) use scan::{Head, Scan, read_head, scan};
pub(super) use words::{Dictionary, Texts};
