//! Many estimates: what descriptors with the same texts share is found once.

use super::descriptor::Descriptor;
use super::estimator::{EstimateError, Estimator, Formula, check_dimensions};
use super::guard::{Feature, Guard, Outside};
use super::prepared::Prepared;
use std::collections::BTreeSet;

/// Kinds of descriptors that are remembered.
const REMEMBERED: usize = 32;

/// Estimates descriptors one after the other.
#[derive(Debug)]
pub struct Batch<'e> {
    estimator: &'e Estimator,
    formula: Formula,
    known: Vec<(Kind, Prepared<'e>)>,
    features: Vec<Feature>,
    stand_ins: BTreeSet<String>,
}

/// An estimate and how far it can be trusted.
#[derive(Debug, Clone, Copy)]
pub struct Predicted<'b> {
    /// The cycles.
    pub cycles: u32,
    /// What of the interval there is to say.
    pub trust: Trust<'b>,
    /// Whether a product of dimensions wraps, so that the cycles say nothing.
    pub wraps: bool,
    guard: &'b Guard<'b>,
    /// Empty where nothing is known of them.
    features: &'b [Feature],
}

impl<'b> Predicted<'b> {
    /// Returns where the runtime will be in 95 of 100 cases, in cycles; none: nobody wrote down what the parameters
    /// rest on, or the cycles say nothing.
    pub fn interval(&self) -> Option<(f64, f64)> {
        if self.wraps {
            return None;
        }
        self.guard.interval(self.features, f64::from(self.cycles))
    }

    /// Returns the features that leave the range of the fit.
    pub fn outside(&self) -> impl Iterator<Item = Outside<'b>> {
        self.guard.outside(self.features)
    }
}

/// What is known of parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust<'b> {
    /// What they rest on.
    Known,
    /// Nothing; the set, as `op/set`.
    Unknown(&'b str),
    /// What they rested on before they were changed, or what a form of other features rests on.
    Stale(&'b str),
    /// The estimate takes them for something else than what was fitted: what, in one sentence.
    Unlike(&'b str),
}

/// What decides which parameters a descriptor gets, and how.
#[derive(Debug)]
struct Kind {
    op: String,
    architecture: String,
    data_format: String,
    math_fidelity: String,
    vector_mode: String,
    attribute: String,
    version: u32,
    flags: [bool; 4],
}

impl Kind {
    fn of(descriptor: &Descriptor<'_>) -> Kind {
        Kind {
            op: descriptor.op.to_owned(),
            architecture: descriptor.architecture.to_owned(),
            data_format: descriptor.data_format.to_owned(),
            math_fidelity: descriptor.math_fidelity.to_owned(),
            vector_mode: descriptor.vector_mode.to_owned(),
            attribute: descriptor.attribute.to_owned(),
            version: descriptor.version,
            flags: flags(descriptor),
        }
    }

    fn holds(&self, descriptor: &Descriptor<'_>) -> bool {
        self.version == descriptor.version
            && self.flags == flags(descriptor)
            && is_same(&self.data_format, descriptor.data_format)
            && is_same(&self.op, descriptor.op)
            && is_same(&self.math_fidelity, descriptor.math_fidelity)
            && is_same(&self.architecture, descriptor.architecture)
            && is_same(&self.vector_mode, descriptor.vector_mode)
            && is_same(&self.attribute, descriptor.attribute)
    }
}

/// Compares texts that are mostly short: in one or two words, which overlap, without a call.
fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let eight = |text: &[u8]| text.try_into().map(u64::from_le_bytes).unwrap_or_default();
    let four = |text: &[u8]| text.try_into().map(u32::from_le_bytes).unwrap_or_default();
    let length = one.len();
    match length {
        0 => true,
        1..=3 => one[0] == other[0] && one[length - 1] == other[length - 1] && one[length / 2] == other[length / 2],
        4..=7 => four(&one[..4]) == four(&other[..4]) && four(&one[length - 4..]) == four(&other[length - 4..]),
        8..=16 => eight(&one[..8]) == eight(&other[..8]) && eight(&one[length - 8..]) == eight(&other[length - 8..]),
        _ => one == other,
    }
}

fn flags(descriptor: &Descriptor<'_>) -> [bool; 4] {
    [descriptor.approximate, descriptor.l1_accumulate, descriptor.sparse_indices > 0, descriptor.reduce_z > 1]
}

impl<'e> Batch<'e> {
    /// Starts with the parameters of an estimator.
    pub fn new(estimator: &'e Estimator, formula: Formula) -> Batch<'e> {
        Batch { estimator, formula, known: Vec::new(), features: Vec::new(), stand_ins: BTreeSet::new() }
    }

    /// Returns the cycles that an operation takes.
    ///
    /// # Errors
    /// Those of [`Estimator::estimate`].
    pub fn estimate(&mut self, of: &Descriptor<'_>) -> Result<u32, EstimateError> {
        let place = self.place(of)?;
        self.known[place].1.cycles(of, self.formula)
    }

    /// Returns the cycles that an operation takes, and how far that can be trusted.
    ///
    /// # Errors
    /// Those of [`Estimator::estimate`].
    pub fn predict(&mut self, of: &Descriptor<'_>) -> Result<Predicted<'_>, EstimateError> {
        let place = self.place(of)?;
        let prepared = &self.known[place].1;
        let cycles = prepared.cycles(of, self.formula)?;
        let guard = prepared.guard();
        let trust = match guard {
            Guard::Known { .. } => Trust::Known,
            Guard::Unknown => Trust::Unknown(prepared.set_name()),
            Guard::Stale => Trust::Stale(prepared.set_name()),
            Guard::Unlike(sentence) => Trust::Unlike(sentence),
        };
        self.features.clear();
        if trust == Trust::Known {
            prepared.features(of, &mut self.features);
        }
        Ok(Predicted { cycles, trust, wraps: prepared.wraps(of), guard, features: &self.features })
    }

    /// Returns the operations that had no parameters and took those of another, each once.
    pub fn take_stand_ins(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.stand_ins)
    }

    /// Returns the place of what the descriptor shares with others.
    fn place(&mut self, of: &Descriptor<'_>) -> Result<usize, EstimateError> {
        let known = self.known.iter().position(|(kind, _)| kind.holds(of));
        if let Some(place) = known {
            check_dimensions(of, self.known[place].1.category(), self.formula)?;
            return Ok(place);
        }
        // Whatever is wrong with it is said as for a single one.
        self.estimator.estimate(of, self.formula)?;
        if self.known.len() == REMEMBERED {
            self.known.remove(0);
        }
        self.known.push((Kind::of(of), self.estimator.prepare(of)?));
        if let Ok((_, true)) = self.estimator.operation(of) {
            self.stand_ins.insert(of.op.to_owned());
        }
        Ok(self.known.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::is_same;

    #[test]
    fn texts_of_all_lengths_are_compared() {
        for length in 0..40 {
            let text = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF"[..length].to_owned();
            assert!(is_same(&text, &text.clone()), "{text}");
            assert!(!is_same(&text, &format!("{text}.")) && !is_same(&format!("{text}."), &text), "{text}");
            for place in 0..length {
                let mut other = text.clone();
                other.replace_range(place..=place, "#");
                assert!(!is_same(&text, &other) && !is_same(&other, &text), "{text} {other}");
            }
        }
    }
}
