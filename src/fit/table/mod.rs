//! Tables: a CSV stream -> columns, chunk by chunk, on several threads.

mod cells;
mod chunks;
mod number;
mod scan;

pub(super) use cells::{Cells, Missing, Texts, Want};
pub(super) use scan::{Head, read_head, scan};
