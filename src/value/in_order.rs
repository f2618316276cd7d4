//! A stream of items worked on by a few threads, with the results taken in the order of the items.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Takes items from `next` until it says that there are no more, and hands the results to `merge` in order.
///
/// Each thread takes an item in memory that it uses again, and makes a result of it with a worker of its own,
/// which `worker` makes. Results wait for earlier ones, but only two for each thread, so that what is held in
/// memory is bounded. `merge` is called by one thread at a time, whichever it is.
///
/// # Errors
/// The first error in the order of the items, whoever had it.
pub fn in_order<Item: Default, Part: Send, E: Send, Worker: FnMut(&mut Item) -> Result<Part, E>>(
    threads: usize,
    next: impl FnMut(&mut Item) -> Result<bool, E> + Send,
    worker: impl Fn() -> Worker + Sync,
    merge: impl FnMut(Part) -> Result<(), E> + Send,
) -> Result<(), E> {
    let threads = threads.max(1);
    let stream = Stream {
        source: Mutex::new(Source { next, taken: 0, ended: false }),
        queue: Mutex::new(Queue { wanted: 0, early: BTreeMap::new(), merging: false, stopped: None }),
        merge: Mutex::new(merge),
        moved: Condvar::new(),
        most_early: 2 * threads,
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| stream.work(worker()));
        }
        stream.work(worker());
    });
    let stopped = locked(&stream.queue).stopped.take();
    stopped.unwrap_or(Ok(()))
}

/// What the threads share.
struct Stream<Next, Merge, Part, E> {
    source: Mutex<Source<Next>>,
    queue: Mutex<Queue<Part, E>>,
    merge: Mutex<Merge>,
    /// A result was merged, or no more are wanted.
    moved: Condvar,
    /// Results that wait for an earlier one, at most.
    most_early: usize,
}

struct Source<Next> {
    next: Next,
    /// Items that were taken.
    taken: usize,
    ended: bool,
}

struct Queue<Part, E> {
    /// The number of the result that is merged next.
    wanted: usize,
    early: BTreeMap<usize, Result<Part, E>>,
    /// Whether a thread is merging.
    merging: bool,
    /// Set when no more results are wanted.
    stopped: Option<Result<(), E>>,
}

impl<Next, Merge, Part, E> Stream<Next, Merge, Part, E> {
    /// Works on items until there are no more.
    fn work<Item: Default>(&self, mut worker: impl FnMut(&mut Item) -> Result<Part, E>)
    where
        Next: FnMut(&mut Item) -> Result<bool, E>,
        Merge: FnMut(Part) -> Result<(), E>,
    {
        let _leaving = Leaving(self);
        let mut item = Item::default();
        while let Some((index, taken)) = self.take(&mut item) {
            if !self.hand_in(index, taken.and_then(|()| worker(&mut item))) {
                break;
            }
        }
    }

    /// Takes the next item; returns its number.
    fn take<Item>(&self, item: &mut Item) -> Option<(usize, Result<(), E>)>
    where
        Next: FnMut(&mut Item) -> Result<bool, E>,
    {
        let mut source = locked(&self.source);
        if source.ended {
            return None;
        }
        let more = (source.next)(item);
        source.ended = !matches!(more, Ok(true));
        source.taken += 1;
        match more {
            Ok(false) => None,
            more => Some((source.taken - 1, more.map(|_| ()))),
        }
    }

    /// Hands in a result, and merges all whose turn it is, unless another thread does; false if no more are
    /// wanted.
    fn hand_in(&self, index: usize, part: Result<Part, E>) -> bool
    where
        Merge: FnMut(Part) -> Result<(), E>,
    {
        let mut queue = locked(&self.queue);
        while queue.stopped.is_none() && index != queue.wanted && queue.early.len() >= self.most_early {
            queue = self.moved.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.early.insert(index, part);
        while queue.stopped.is_none() && !queue.merging {
            let wanted = queue.wanted;
            let Some(part) = queue.early.remove(&wanted) else { break };
            queue.merging = true;
            drop(queue);
            let merged = part.and_then(|part| locked(&self.merge)(part));
            queue = locked(&self.queue);
            queue.merging = false;
            queue.wanted += 1;
            if merged.is_err() {
                queue.stopped = Some(merged);
            }
            self.moved.notify_all();
        }
        queue.stopped.is_none()
    }
}

/// Stops the others when a thread panics, so that none waits for its result.
struct Leaving<'s, Next, Merge, Part, E>(&'s Stream<Next, Merge, Part, E>);

impl<Next, Merge, Part, E> Drop for Leaving<'_, Next, Merge, Part, E> {
    fn drop(&mut self) {
        if thread::panicking() {
            locked(&self.0.queue).stopped.get_or_insert(Ok(()));
            self.0.moved.notify_all();
        }
    }
}

/// A panic goes on where the threads are joined; until then it does not matter what was left behind.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Squares numbers on some threads; `bad` says which are refused by the source, a worker and the end.
    fn squares(threads: usize, count: u64, bad: [u64; 3]) -> (Vec<u64>, Result<(), String>) {
        let mut given = 0;
        let mut found = Vec::new();
        let next = |item: &mut u64| {
            (given, *item) = (given + 1, given);
            if *item == bad[0] { Err(format!("source {item}")) } else { Ok(*item < count) }
        };
        let worker = || {
            |item: &mut u64| {
                // Later items are done earlier.
                (0..300u64.saturating_sub(*item) * 50).for_each(|step| assert!(std::hint::black_box(step) < 1 << 20));
                if *item == bad[1] { Err(format!("worker {item}")) } else { Ok(*item * *item) }
            }
        };
        let result = in_order(threads, next, worker, |square| {
            found.push(square);
            if square == bad[2] * bad[2] { Err(format!("merge {square}")) } else { Ok(()) }
        });
        (found, result)
    }

    #[test]
    fn results_come_in_order() {
        const NONE: u64 = 1 << 20;
        for threads in [0, 1, 2, 5] {
            for count in [0, 1, 7, 300] {
                let expected = (0..count).map(|item| item * item).collect::<Vec<u64>>();
                assert_eq!(squares(threads, count, [NONE; 3]), (expected, Ok(())));
            }
            let first = |count: u64| (0..count).map(|item| item * item).collect::<Vec<u64>>();
            let check = |bad: [u64; 3], rows: u64, error: &str| {
                assert_eq!(squares(threads, 300, bad), (first(rows), Err(error.to_owned())), "{threads} threads");
            };
            check([200, NONE, NONE], 200, "source 200");
            check([200, 100, NONE], 100, "worker 100");
            check([200, 100, 50], 51, "merge 2500");
        }
    }

    #[test]
    fn a_panic_goes_on() {
        let mut given = 0;
        let next = |item: &mut u64| {
            (given, *item) = (given + 1, given);
            Ok::<bool, ()>(true)
        };
        let worker = || |item: &mut u64| if *item == 40 { panic!("worker") } else { Ok(*item) };
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| in_order(3, next, worker, |_| Ok(()))));
        assert!(outcome.is_err());
    }
}
