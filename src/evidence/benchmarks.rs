//! Reports with one set of fields for each of several benchmarks, and the choice among them.

use super::findings::{Findings, Unasked};
use super::{Evidence, EvidenceError};
use crate::value::did_you_mean;

/// Where a suite says a field is: `FIELD` or `FIELD[BENCHMARK]`. The name of a benchmark may hold
/// anything, brackets too (a command, a template's arguments), so it ends at the last one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub(super) field: &'a str,
    pub(super) benchmark: Option<&'a str>,
}

impl<'a> Place<'a> {
    pub(super) fn read(location: &'a str) -> Option<Place<'a>> {
        let place = match location.split_once('[') {
            None => Place { field: location, benchmark: None },
            Some((field, rest)) => Place { field, benchmark: Some(rest.strip_suffix(']')?) },
        };
        let sound = |text: &str| !text.is_empty() && text.trim() == text;
        (sound(place.field) && place.benchmark.is_none_or(sound)).then_some(place)
    }
}

/// The benchmarks of a report, in its order.
#[derive(Default)]
pub(super) struct Benchmarks {
    list: Vec<(String, Findings)>,
}

impl Benchmarks {
    /// Returns the fields of a benchmark, to be added to.
    pub(super) fn of(&mut self, name: &str) -> &mut Findings {
        // From the back: repetitions of a benchmark stand together.
        let place = self.list.iter().rposition(|(known, _)| known == name).unwrap_or_else(|| {
            self.list.push((name.to_owned(), Findings::default()));
            self.list.len() - 1
        });
        &mut self.list[place].1
    }

    /// Returns all fields of the only benchmark, or what the suite asks for.
    pub(super) fn pick(mut self, asked: &[(String, String)]) -> Result<Evidence, EvidenceError> {
        if self.list.is_empty() {
            return Err(EvidenceError::NothingFound { what: "benchmark", hint: None });
        }
        if asked.is_empty() {
            if self.list.len() > 1 {
                return Err(self.several());
            }
            return self.list.remove(0).1.pick(&[], Unasked::Lenient, "field");
        }
        let mut evidence = Evidence::default();
        for (field, location) in asked {
            let Some(place) = Place::read(location) else { continue };
            let findings = match place.benchmark {
                None if self.list.len() > 1 => return Err(self.several()),
                None => &self.list[0].1,
                Some(name) => match self.list.iter().find(|(known, _)| known == name) {
                    Some((_, findings)) => findings,
                    None => {
                        return Err(EvidenceError::NotThere {
                            field: field.clone(),
                            location: format!("benchmark `{name}`"),
                            hint: did_you_mean(name, self.list.iter().map(|(name, _)| name.as_str())),
                        });
                    }
                },
            };
            let (value, _) = findings.get(field, place.field, "field")?;
            evidence.fields.push((field.clone(), value));
        }
        Ok(evidence)
    }

    fn several(&self) -> EvidenceError {
        EvidenceError::SeveralBenchmarks { names: self.list.iter().map(|(name, _)| name.clone()).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let check = |location, expected| {
            assert_eq!(Place::read(location).map(|place| (place.field, place.benchmark)), expected, "{location}");
        };
        check("mean", Some(("mean", None)));
        check("mean[sort]", Some(("mean", Some("sort"))));
        check("mean[awk '{ a[1] }']", Some(("mean", Some("awk '{ a[1] }'"))));
        for location in ["", "[sort]", "mean[sort", "mean[]", " mean", "mean[ sort]"] {
            check(location, None);
        }
    }
}
