//! Points of an earlier run under the schema of a later one.

use super::{KindError, Point, Schema};
use crate::value::Scalar;

/// An earlier point as the later schema sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rekeyed {
    /// The point under the later schema.
    pub point: Point,
    /// Parameters that the earlier point did not have, and that have their default now.
    pub filled: Vec<usize>,
    /// What the later schema has no place for. The points pair only if all of the earlier run's
    /// points agree on it; the caller sees all of them.
    pub dropped: Vec<(String, Scalar)>,
}

/// An earlier point has no place in the later schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RekeyError {
    /// Two values for one parameter, under an old name and the new one.
    #[error("cannot give `{param}` both the value `{one}` and, as it once was called `{was}`, `{other}`")]
    Twice {
        /// The parameter now.
        param: String,
        /// Its value.
        one: String,
        /// The second of the names it came under.
        was: String,
        /// The value under that name.
        other: String,
    },
    /// A value that is of another kind now.
    #[error("cannot take the earlier value of `{param}`")]
    Kind {
        /// The parameter now.
        param: String,
        /// Why not.
        #[source]
        source: KindError,
    },
}

/// Takes a point of an earlier run, given by names and values, as a point of a later schema.
///
/// Parameters follow their `was` names; those that the earlier run did not have get their default
/// (or stay absent without one); values of parameters that are unknown now, or are not among
/// `within`, are dropped and reported. `within` lists the parameters that the points have now: those
/// of the stage, or all for a case.
pub fn rekey<'a>(
    base: impl IntoIterator<Item = (&'a str, &'a Scalar)>,
    head: &Schema,
    within: &[usize],
) -> Result<Rekeyed, RekeyError> {
    let mut rekeyed = Rekeyed { point: Point::empty(head.len()), filled: Vec::new(), dropped: Vec::new() };
    for (name, value) in base {
        let Some(index) = head.index_now_or_then(name).filter(|index| within.contains(index)) else {
            rekeyed.dropped.push((name.to_owned(), value.clone()));
            continue;
        };
        let param = &head.params()[index];
        let value =
            param.kind.coerce(value).map_err(|source| RekeyError::Kind { param: param.name.clone(), source })?;
        match rekeyed.point.get(index) {
            Some(one) if *one != value => {
                return Err(RekeyError::Twice {
                    param: param.name.clone(),
                    one: one.to_string(),
                    was: name.to_owned(),
                    other: value.to_string(),
                });
            }
            _ => rekeyed.point.set(index, Some(value)),
        }
    }
    for &index in within {
        if rekeyed.point.get(index).is_none()
            && let Some(default) = &head.params()[index].default
        {
            rekeyed.point.set(index, Some(default.clone()));
            rekeyed.filled.push(index);
        }
    }
    Ok(rekeyed)
}
