//! Estimates: what an operation takes, in cycles of the device, from its shape and its parameters.
//!
//! The arithmetic is that of the compiled model that the parameters were made for, bit for bit: products
//! of dimensions wrap at 2^32, weights are single precision, sums go from left to right, the result is
//! cut to a whole number of at most 2^30.

mod batch;
mod descriptor;
mod estimator;
mod evaluation;
mod guard;
mod library;
mod prepared;
mod same_form;
mod sparse;
mod stages;
#[cfg(test)]
pub(crate) mod tests;

pub use batch::{Batch, Predicted, Trust};
pub use descriptor::Descriptor;
pub use estimator::{Architecture, EstimateError, Estimator, Formula};
pub use evaluation::{Comparison, compare, six_digits};
pub use guard::Outside;
pub use library::known_operation;
pub(crate) use library::{Category, OPERATIONS};
pub use prepared::MOST;
pub use same_form::{missing_weights, other_forms};
