//! The points of an earlier run as the present suite names them.

use crate::naming::{Rekeyed, rekey};
use crate::suite::Suite;
use crate::value::{PointName, Scalar};
use std::collections::{HashMap, HashSet};

/// What became of an earlier point.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Place {
    /// Its name now.
    Point(PointName),
    /// It has none, with the reason.
    Gone(String),
}

/// Re-keys all points of one kind (a stage's, or the cases) of an earlier run.
///
/// Parameters that are unknown now are dropped if the earlier run had one value of them at all these
/// points; otherwise the points that have one are gone, because several would become one.
pub(super) fn rekey_all(points: &[&[(String, Scalar)]], suite: &Suite, within: &[usize]) -> Vec<Place> {
    let pairs = |params: &'_ &[(String, Scalar)]| -> Result<Rekeyed, String> {
        let named = params.iter().map(|(name, value)| (name.as_str(), value));
        rekey(named, &suite.schema, within).map_err(|err| match std::error::Error::source(&err) {
            Some(cause) => format!("{err}: {cause}"),
            None => err.to_string(),
        })
    };
    let rekeyed: Vec<Result<Rekeyed, String>> = points.iter().map(pairs).collect();
    // A point without the parameter is one more value of it.
    let mut values: HashMap<&str, HashSet<Option<&Scalar>>> = HashMap::new();
    let all: Vec<&Rekeyed> = rekeyed.iter().flatten().collect();
    for point in &all {
        for (name, _) in &point.dropped {
            values.entry(name).or_default();
        }
    }
    for (name, seen) in &mut values {
        for point in &all {
            seen.insert(point.dropped.iter().find(|(known, _)| known == name).map(|(_, value)| value));
        }
    }
    let mut taken: HashSet<PointName> = HashSet::new();
    let mut places = Vec::with_capacity(rekeyed.len());
    for point in &rekeyed {
        places.push(match point {
            Err(why) => Place::Gone(why.clone()),
            Ok(point) => place(point, &values, suite, &mut taken),
        });
    }
    places
}

fn place(
    point: &Rekeyed,
    values: &HashMap<&str, HashSet<Option<&Scalar>>>,
    suite: &Suite,
    taken: &mut HashSet<PointName>,
) -> Place {
    let Rekeyed { point, dropped, filled: _ } = point;
    for (name, value) in dropped {
        let count = values.get(name.as_str()).map_or(0, HashSet::len);
        if count > 1 {
            let why = format!("`{name}` (here {value}) is no parameter of it now, and the base had {count} values");
            return Place::Gone(why);
        }
    }
    let name = suite.schema.name(point);
    if taken.insert(name.clone()) {
        Place::Point(name)
    } else {
        Place::Gone(format!("another point of the base is `{name}` now"))
    }
}
