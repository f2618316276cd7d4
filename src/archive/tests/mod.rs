//! Whole archives: made and read, made elsewhere, and made to do harm.

mod foreign;
mod hostile;
mod in_memory;
mod pack_and_read;
mod round_trip;
