//! What the evaluator asks of a number, and what follows from it for several numbers at once.

use super::Fault;
use super::tree::{Arithmetic, Function, Literal};
use std::cmp::Ordering;

/// A kind of number that expressions can be evaluated in.
pub(super) trait Number: Copy {
    fn literal(literal: &Literal) -> Self;
    fn count(items: usize) -> Self;
    fn negate(self) -> Result<Self, Fault>;
    fn arithmetic(operator: Arithmetic, left: Self, right: Self) -> Result<Self, Fault>;
    /// `None` if one of the two is not a number (NaN).
    fn order(self, other: Self) -> Option<Ordering>;
    /// A function of one number; those that gather are `gather`'s.
    fn apply(function: Function, argument: Self) -> Result<Self, Fault>;
}

/// A function of several numbers, which it may reorder.
///
/// A NaN among them is the result of `min`, `max` and `median`, so that a broken sample shows.
pub(super) fn gather<N: Number>(function: Function, items: &mut [N]) -> Result<N, Fault> {
    if function == Function::Len {
        return Ok(N::count(items.len()));
    }
    let Some((&first, rest)) = items.split_first() else {
        return if function == Function::Sum { Ok(N::count(0)) } else { Err(Fault::Empty) };
    };
    let total = || rest.iter().try_fold(first, |sum, &item| N::arithmetic(Arithmetic::Add, sum, item));
    let half = |sum| N::arithmetic(Arithmetic::Divide, sum, N::count(2));
    match function {
        Function::Min => Ok(rest.iter().fold(first, |best, &item| extreme(best, item, Ordering::Less))),
        Function::Max => Ok(rest.iter().fold(first, |best, &item| extreme(best, item, Ordering::Greater))),
        Function::Sum => total(),
        Function::Mean => N::arithmetic(Arithmetic::Divide, total()?, N::count(items.len())),
        Function::Median => {
            if let Some(&nan) = items.iter().find(|item| item.order(**item).is_none()) {
                return Ok(nan);
            }
            items.sort_by(|a, b| a.order(*b).unwrap_or(Ordering::Equal));
            let middle = items.len() / 2;
            if items.len() % 2 == 1 {
                Ok(items[middle])
            } else {
                half(N::arithmetic(Arithmetic::Add, items[middle - 1], items[middle])?)
            }
        }
        _ => N::apply(function, first),
    }
}

fn extreme<N: Number>(best: N, item: N, wanted: Ordering) -> N {
    match item.order(best) {
        Some(order) if order == wanted => item,
        Some(_) => best,
        None if item.order(item).is_none() => item,
        None => best,
    }
}
