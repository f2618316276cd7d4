//! How much building a plan may take.
//!
//! A suite is a short text that may mean a lot. Whose suite is trusted may plan as much as names, ids and
//! ledgers are made for; a suite from elsewhere gets what is known to be enough for it.

/// More cases than this are refused: names, ids and ledgers are not made for them.
pub(super) const MAX_CASES: usize = 50_000_000;
/// More edges than this are refused: a graph of that size is a slip, and would not fit into memory.
const MAX_EDGES: usize = 200_000_000;

/// How much building a plan may take: what goes beyond is a mistake in the suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Cases.
    pub cases: usize,
    /// Tasks.
    pub tasks: u64,
    /// Combinations of values that are looked at for cases, of which constraints may leave few.
    pub combinations: u64,
    /// Pairs of tasks of which one waits for the other, before equal ones are put together.
    pub edges: usize,
}

impl Default for Bounds {
    /// Returns the bounds for suites of one's own.
    fn default() -> Bounds {
        Bounds { cases: MAX_CASES, tasks: u64::from(u32::MAX) - 1, combinations: u64::MAX, edges: MAX_EDGES }
    }
}
