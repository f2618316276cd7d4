//! One `Report`, many renderers: terminal, markdown, HTML, CSV, JSON, JUnit, SVG.
//!
//! Renderers are sinks: they write to `&mut dyn Write` and know nothing of where it goes. Text that
//! came out of a run is escaped by each renderer for its own format.

mod model;

pub use model::{Bucket, GridAxis, GridCell, LogExcerpt, Report, ShmooGrid, Totals};
