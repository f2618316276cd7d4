//! The same work on many items: on a few threads, with the results in the order of the items.

use std::panic::resume_unwind;
use std::thread;

/// Parts that many items are divided into.
const PARTS: usize = 4;
/// Fewer items are not worth a thread.
const WORTH: usize = 500;

/// Returns what `work` makes of each item, in order. What it keeps between items of a part begins as the default,
/// and must not change what comes out.
pub fn in_parts<T: Send, R: Send, K: Default>(items: Vec<T>, work: impl Fn(&mut K, T) -> R + Sync) -> Vec<R> {
    let all = |part: Vec<T>| {
        let mut kept = K::default();
        part.into_iter().map(|item| work(&mut kept, item)).collect::<Vec<R>>()
    };
    if items.len() < WORTH {
        return all(items);
    }
    let count = items.len();
    let parts = divide(items);
    thread::scope(|scope| {
        let threads: Vec<_> = parts.into_iter().map(|part| scope.spawn(|| all(part))).collect();
        let mut together = Vec::with_capacity(count);
        for thread in threads {
            together.append(&mut thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        together
    })
}

fn divide<T>(mut items: Vec<T>) -> Vec<Vec<T>> {
    let size = items.len().div_ceil(PARTS).max(1);
    let mut parts = Vec::with_capacity(PARTS);
    while items.len() > size {
        let rest = items.split_off(size);
        parts.push(items);
        items = rest;
    }
    parts.push(items);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_the_order_of_the_items() {
        for count in [0, 1, WORTH - 1, WORTH, WORTH + 1, 10 * WORTH + 3] {
            let items: Vec<usize> = (0..count).collect();
            let expected: Vec<String> = items.iter().map(ToString::to_string).collect();
            let found = in_parts(items, |seen: &mut usize, item| {
                *seen += 1;
                assert!(*seen <= item + 1);
                item.to_string()
            });
            assert_eq!(found, expected, "{count}");
        }
    }
}
