//! Performance models: a form over a table, its coefficients, and how far they can be trusted.
//!
//! In: a `suite::Form` and a CSV stream that can be read twice. Out: coefficients with intervals, errors,
//! and findings about data and form. The first pass takes sums of products of each group, in constant
//! memory; the second holds every row against the coefficients. While the rows are few they stay in
//! memory, are solved by rotations and drawn again for intervals. Rows of many groups are held by the
//! million, and then added up group by group; a table with fewer is read once.
//!
//! Invariant: the same table and form give the same fit, whatever the number of threads.

mod beside;
mod by_fold;
mod by_group;
mod dependent;
mod deviations;
mod distances;
mod drift;
mod error;
pub mod estimate;
mod findings;
mod fitted;
mod fitting;
mod gate;
mod gather;
mod group;
mod held;
mod influence;
mod intervals;
mod kept;
mod layout;
mod mixed;
mod narrow;
mod params;
mod params_text;
mod quantiles;
mod rests_on;
mod robust;
mod sample;
mod search;
mod sheet;
mod solve;
mod streamed;
mod strip;
mod table;
#[cfg(test)]
mod tests;

pub use drift::{
    CoefficientDrift, CoefficientVerdict, Drift, DriftVerdict, Earlier, EarlierCoefficient, FormText, PredictedChange,
    drift,
};
pub use error::FitError;
pub use findings::{Finding, FindingKind, identical, of_absent, of_drift};
pub use fitted::{Coefficient, Fit, FittedModel, IntervalMethod, Outlier, Quality};
pub use fitting::fit;
pub use gate::{Duplicates, EmptyGroup, Excluded, Gate};

pub use params::{ParamSet, Params, Predicate, Same, predicates};
pub use params_text::{ParamText, WRITTEN, order_sets, put_set, write_params};

pub use rests_on::RestsOn;
pub use sample::{Ratios, Sample, SampledRow};

pub use search::{FoundForm, Search, Standing, search};
pub(crate) use table::{Breaks, CHUNK, Chunk, Chunks, Marks, PlainRecord, Quoted, Record, Split, separator};

use std::io::{self, Read};

/// A table that can be read from its start, more than once.
pub trait Table: Sync {
    /// Opens it at its start.
    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>>;

    /// Returns how many bytes it has, if that is known.
    fn size(&self) -> Option<u64>;
}

impl Table for &[u8] {
    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(*self))
    }

    fn size(&self) -> Option<u64> {
        Some(self.len() as u64)
    }
}

/// How a fit is made.
#[derive(Debug, Clone)]
pub struct Options {
    /// Threads that read the table.
    pub threads: usize,
    /// How intervals are made; none: as fits the number of rows.
    pub intervals: Option<IntervalMethod>,
    /// Times that rows are drawn again.
    pub resamples: u32,
    /// Numbers of rows that are kept in memory, at most.
    pub most_kept: usize,
    /// Numbers of rows of many groups that are held in memory until they are added up, at most; rows of a table
    /// with fewer are not read a second time.
    pub most_held: usize,
    /// Leaves out rows that are equal to an earlier one; all rows are kept in memory for it.
    pub drop_duplicates: bool,
    /// Leaves with each model the rows that were drawn of its group: drawings need them, and what changes of
    /// predictions are told from. Without it samples are empty.
    pub keep_drawn: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            threads: 1,
            intervals: None,
            resamples: 1000,
            most_kept: 1 << 20,
            most_held: 1 << 23,
            drop_duplicates: false,
            keep_drawn: true,
        }
    }
}

/// Which rows are fitted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GroupKey {
    /// The values of the columns of `by`.
    pub by: Vec<String>,
    /// The attribute set; empty if the model has none.
    pub set: String,
}

/// Parts that take turns in being left out.
const FOLDS: usize = 5;

/// Returns the part that a row of a large table is in, by its line.
fn fold_of(line: u64) -> usize {
    let mixed = line.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (((mixed ^ (mixed >> 32)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) % FOLDS as u64) as usize
}
