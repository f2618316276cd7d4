//! A point: an assignment of some parameters of a schema.

use crate::value::Scalar;

/// A value, or none, for each parameter of a schema.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Point(Vec<Option<Scalar>>);

impl Point {
    /// Returns the point of a schema with `params` parameters that assigns none of them.
    pub fn empty(params: usize) -> Point {
        Point(vec![None; params])
    }

    /// Returns the point with these values, in the order of the schema's parameters.
    pub fn new(values: Vec<Option<Scalar>>) -> Point {
        Point(values)
    }

    /// Returns the value of a parameter, unless it is absent.
    pub fn get(&self, param: usize) -> Option<&Scalar> {
        self.0.get(param)?.as_ref()
    }

    /// Gives a parameter a value, or takes it away.
    pub fn set(&mut self, param: usize, value: Option<Scalar>) {
        if self.0.len() <= param {
            self.0.resize(param + 1, None);
        }
        self.0[param] = value;
    }

    /// Tells whether no parameter has a value.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// Returns the parameters that have a value, in order.
    pub fn present(&self) -> impl Iterator<Item = (usize, &Scalar)> {
        self.0.iter().enumerate().filter_map(|(param, value)| Some((param, value.as_ref()?)))
    }

    /// Returns the values, in the order of the schema's parameters.
    pub fn values(&self) -> &[Option<Scalar>] {
        &self.0
    }

    /// Keeps only some parameters: the point of a stage that a case belongs to.
    pub fn project(&self, params: &[usize]) -> Point {
        let mut kept = Point::empty(self.0.len());
        for &param in params {
            if let Some(value) = self.get(param) {
                kept.set(param, Some(value.clone()));
            }
        }
        kept
    }
}
