//! Tables: a CSV stream -> columns, chunk by chunk, on several threads.

mod cells;
mod chunks;
mod number;
mod scan;
mod words;

pub(super) use cells::{Cells, Missing, Want};
pub(super) use scan::{Head, read_head, scan};
pub(super) use words::Texts;
