//! Which commits a commit builds on, and how far back each is.

use std::collections::{HashMap, VecDeque};

/// Digits of a commit in a sentence.
const COMMIT_DIGITS: usize = 10;

/// A commit and all that it builds on, as far as that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lineage {
    /// The fewest steps from the commit back to each; 0 for the commit itself.
    steps: HashMap<String, u32>,
    /// Whether older commits are not known.
    shallow: bool,
}

impl Lineage {
    /// Walks from a commit along `parents`.
    pub fn new(commit: &str, commits: &[(String, Vec<String>)], shallow: bool) -> Lineage {
        let parents: HashMap<&str, &[String]> =
            commits.iter().map(|(commit, parents)| (commit.as_str(), parents.as_slice())).collect();
        let mut steps = HashMap::from([(commit.to_owned(), 0)]);
        let mut queue = VecDeque::from([(commit, 0)]);
        while let Some((commit, step)) = queue.pop_front() {
            for parent in parents.get(commit).into_iter().copied().flatten() {
                if !steps.contains_key(parent) {
                    steps.insert(parent.clone(), step + 1);
                    queue.push_back((parent, step + 1));
                }
            }
        }
        Lineage { steps, shallow }
    }

    /// Returns how many steps back a commit is; none if it is no ancestor.
    pub(super) fn steps(&self, commit: &str) -> Option<u32> {
        self.steps.get(commit).copied()
    }

    pub(super) fn is_shallow(&self) -> bool {
        self.shallow
    }
}

/// Returns the first digits of a commit.
pub(super) fn short_commit(commit: &str) -> String {
    commit.chars().take(COMMIT_DIGITS).collect()
}
