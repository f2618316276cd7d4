//! What is said of all rows of a file.

use crate::fit::estimate::{Estimator, MOST, Outside, Predicted, Trust};
use crate::value::show_number;
use std::collections::{BTreeMap, BTreeSet};

/// What became of the rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Estimated {
    /// Rows of the file.
    pub rows: u64,
    /// Rows without an estimate: their lines, and why not; the first hundred.
    pub refused: Vec<(u64, String)>,
    /// How many rows have none.
    pub refused_rows: u64,
    /// Operations that had no parameters and took those of `nop`.
    pub stand_ins: BTreeSet<String>,
    /// Devices with several versions of parameters of which a row says no version, and so takes the first: the latest.
    pub unversioned: BTreeMap<String, usize>,
    /// How many estimates are cut at the most that there is.
    pub cut_rows: u64,
    /// Rows with features outside of the range of the fit: their lines, and which; the first hundred.
    pub outside: Vec<(u64, String)>,
    /// How many there are.
    pub outside_rows: u64,
    /// Sets, as `op/set`, of which nobody wrote down what they rest on.
    pub unknown: BTreeSet<String>,
    /// Sets, as `op/set`, whose parameters are not those that the twin of their file is about.
    pub stale: BTreeSet<String>,
    /// What parameters are taken for that their fits did not see, a sentence each.
    pub unlike: BTreeSet<String>,
    /// How many estimates are of products of dimensions that wrap.
    pub wrapped_rows: u64,
}

/// Rows that are named one by one.
const NAMED: usize = 100;

impl Estimated {
    /// Notes that a row of a device does not say which version is meant.
    pub(super) fn note_unversioned(&mut self, estimator: &Estimator, device: &str) {
        let latest = estimator.architecture(device).map_or(0, |device| device.versions.len());
        if latest > 1 && !self.unversioned.contains_key(device) {
            self.unversioned.insert(device.to_owned(), latest);
        }
    }

    /// Notes an estimate that is as large as they come.
    pub(in crate::steps) fn note_size(&mut self, cycles: u32) {
        self.cut_rows += u64::from(cycles >= MOST);
    }

    /// Notes how far an estimate can be trusted; puts the features that leave their ranges into `names`.
    pub(in crate::steps) fn note_trust(&mut self, line: u64, predicted: &Predicted<'_>, names: &mut String) {
        names.clear();
        self.wrapped_rows += u64::from(predicted.wraps);
        let (sets, set) = match predicted.trust {
            Trust::Known => (None, ""),
            Trust::Unknown(set) => (Some(&mut self.unknown), set),
            Trust::Stale(set) => (Some(&mut self.stale), set),
            Trust::Unlike(sentence) => (Some(&mut self.unlike), sentence),
        };
        if let Some(sets) = sets.filter(|sets| !sets.contains(set)) {
            sets.insert(set.to_owned());
        }
        for outside in predicted.outside() {
            names.push_str(if names.is_empty() { "" } else { " " });
            names.push_str(outside.feature);
        }
        if names.is_empty() {
            return;
        }
        self.outside_rows += 1;
        if self.outside.len() < NAMED {
            let features: Vec<String> = predicted.outside().map(|outside| outside_words(&outside)).collect();
            self.outside.push((line, features.join(", ")));
        }
    }

    /// Adds what became of the rows that follow.
    pub(super) fn join(&mut self, other: Estimated) {
        let Estimated { rows, refused, refused_rows, stand_ins, unversioned, cut_rows, .. } = other;
        let Estimated { outside, outside_rows, unknown, stale, unlike, wrapped_rows, .. } = other;
        self.rows += rows;
        self.cut_rows += cut_rows;
        self.unversioned.extend(unversioned);
        self.refused_rows += refused_rows;
        self.outside_rows += outside_rows;
        for (named, others) in [(&mut self.refused, refused), (&mut self.outside, outside)] {
            let room = NAMED.saturating_sub(named.len());
            named.extend(others.into_iter().take(room));
        }
        self.stand_ins.extend(stand_ins);
        self.unknown.extend(unknown);
        self.stale.extend(stale);
        self.unlike.extend(unlike);
        self.wrapped_rows += wrapped_rows;
    }

    /// Tells whether it is known of every estimate how far it can be trusted, and all are in the range of the fits.
    pub fn is_guarded(&self) -> bool {
        let known = self.unknown.is_empty() && self.stale.is_empty() && self.unlike.is_empty();
        known && self.outside_rows == 0 && self.wrapped_rows == 0
    }

    /// Notes that a row has no estimate.
    pub(in crate::steps) fn refuse(&mut self, line: u64, why: String) {
        self.refused_rows += 1;
        if self.refused.len() < NAMED {
            self.refused.push((line, why));
        }
    }
}

fn outside_words(outside: &Outside<'_>) -> String {
    let Outside { feature, value, range: (low, high) } = *outside;
    let (value, low, high) = (show_number(value), show_number(low), show_number(high));
    format!("`{feature}` is {value}, and the fit saw {low} to {high}")
}
