//! Least squares: sums of products, their triangle, and coefficients that are not negative.

mod moments;
mod nonnegative;
mod triangle;

pub(super) use moments::{Moments, dot, sum};
pub(super) use nonnegative::{Solution, Solver, State};
pub(super) use triangle::Triangle;
