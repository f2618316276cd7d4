//! What descriptors with the same texts share: the form of their estimate, weights, and what those rest on.

use super::descriptor::Descriptor;
use super::estimator::{EstimateError, Formula};
use super::guard::Guard;
use super::library::{Category, Dimension, ELEMENTWISE, ELEMENTWISE_WIDE, PRODUCT, PRODUCT_V2, Term, Times};
use super::sparse::{Sparse, has_second};
use crate::fit::params::ParamSet;

/// The largest estimate.
pub const MOST: u32 = 1 << 30;
/// The parameter of each layer of a reduction.
const LAYER: &str = "z_weight";

/// A form with its weights.
#[derive(Debug, Clone)]
pub(super) struct Prepared<'e> {
    category: Category,
    set: &'e ParamSet,
    /// The set of the parameters, as `op/set`.
    set_name: String,
    phases: u32,
    width: u32,
    form: Form,
    /// The weights of the terms, and of the layers.
    weights: Vec<f32>,
    guard: Guard<'e>,
}

/// How terms become cycles.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// The sum of some terms.
    Sum(&'static [Term]),
    /// The same for each layer, and something for each layer besides.
    Layers(&'static [Term]),
    /// A sparse product, which has formulas of its own.
    Sparse,
}

impl<'e> Prepared<'e> {
    /// Prepares what the texts of a descriptor, its layers and its sparsity decide; `attributes` are the
    /// phases of the fidelity and the factor of the format's width.
    pub(super) fn new(
        of: &Descriptor<'_>,
        category: Category,
        set: &'e ParamSet,
        name: &str,
        attributes: [u32; 2],
    ) -> Result<Prepared<'e>, EstimateError> {
        let form = form(of, category);
        let named: Vec<&str> = match form {
            Form::Sum(terms) => terms.iter().map(|term| term.weight).collect(),
            Form::Layers(terms) => terms.iter().map(|term| term.weight).chain([LAYER]).collect(),
            Form::Sparse => Vec::new(),
        };
        let set_name = format!("{name}/{}", set.key);
        let weight = |param: &&str| set.value(param).ok_or_else(|| no_param(&set_name, param));
        let weights = named.iter().map(weight).collect::<Result<_, _>>()?;
        let guard = Guard::new(set, &named);
        let [phases, width] = attributes;
        Ok(Prepared { category, set, set_name, phases, width, form, weights, guard })
    }

    pub(super) fn category(&self) -> Category {
        self.category
    }

    /// Returns the set of the parameters, as `op/set`.
    pub(super) fn set_name(&self) -> &str {
        &self.set_name
    }

    pub(super) fn guard(&self) -> &Guard<'e> {
        &self.guard
    }

    /// Returns the cycles of a descriptor with the same texts, whose dimensions are not 0.
    pub(super) fn cycles(&self, of: &Descriptor<'_>, formula: Formula) -> Result<u32, EstimateError> {
        let cycles = match self.form {
            Form::Sum(terms) => (of.t as f32 * self.sum(terms, &self.dimensions(of))) as u32,
            Form::Layers(terms) => {
                let layer = self.weights.last().copied().unwrap_or(0.0);
                (of.t.wrapping_mul(of.reduce_z) as f32 * (self.sum(terms, &self.dimensions(of)) + layer)) as u32
            }
            Form::Sparse => self.sparse(of, formula)?,
        };
        match cycles.min(MOST) {
            0 => Err(EstimateError::Nothing),
            cycles => Ok(cycles),
        }
    }

    fn sum(&self, terms: &[Term], dimensions: &Dimensions) -> f32 {
        let values = terms.iter().zip(&self.weights).map(|(term, weight)| {
            let value = product(term, dimensions) as f32 * weight;
            match term.times {
                Times::One => value,
                Times::Width => value * self.width as f32,
                Times::Phases => value * self.phases as f32,
            }
        });
        values.reduce(|sum, value| sum + value).unwrap_or(0.0)
    }

    /// Returns the value of each dimension, by its place among them.
    fn dimensions(&self, of: &Descriptor<'_>) -> Dimensions {
        let mut values = [0; Dimension::ALL.len()];
        for dimension in Dimension::ALL {
            values[dimension as usize] = match dimension {
                Dimension::M => of.mblock_m,
                Dimension::N => of.mblock_n,
                Dimension::Rows => of.ublock_rt,
                Dimension::Columns => of.ublock_ct,
                Dimension::Inner => of.mblock_k,
                Dimension::InnerTiles => of.ublock_kt,
                Dimension::InnerLessOne => of.mblock_k.wrapping_sub(1),
                Dimension::ColumnsAndOne => of.ublock_ct.wrapping_add(1),
                Dimension::Phases => self.phases,
                Dimension::One => 1,
            };
        }
        values
    }

    fn sparse(&self, of: &Descriptor<'_>, formula: Formula) -> Result<u32, EstimateError> {
        let missing = |param: String| no_param(&self.set_name, &param);
        let weight = |name: &str| self.set.value(name).ok_or_else(|| name.to_owned());
        let sparse = Sparse { of, phases: self.phases, weight: &weight };
        if formula == Formula::Best && has_second(of) {
            return sparse.second().map_err(missing);
        }
        sparse.first().map(|cycles| cycles as u32).map_err(missing)
    }

    /// Returns the features of a descriptor as models have them, and the factors by which the estimate
    /// multiplies each besides its weight.
    pub(super) fn features(&self, of: &Descriptor<'_>, features: &mut Vec<(f64, f64)>) {
        features.clear();
        let (terms, layers) = match self.form {
            Form::Sum(terms) => (terms, 1.0),
            Form::Layers(terms) => (terms, f64::from(of.reduce_z)),
            Form::Sparse => return,
        };
        let blocks = f64::from(of.t);
        let dimensions = self.dimensions(of);
        features.extend(terms.iter().map(|term| {
            let factor = match term.times {
                Times::One => 1,
                Times::Width => self.width,
                Times::Phases => self.phases,
            };
            (f64::from(product(term, &dimensions)) * layers, blocks * f64::from(factor))
        }));
        if let Form::Layers(_) = self.form {
            features.push((layers, blocks));
        }
    }
}

/// The values of all dimensions.
type Dimensions = [u32; Dimension::ALL.len()];

/// Multiplies modulo 2^32, where the order changes nothing: in pairs, so that they need not wait for each other.
fn product(term: &Term, dimensions: &Dimensions) -> u32 {
    let [a, b, c, d, e, f, g, h] = term.of.map(|dimension| dimensions[dimension as usize]);
    let first = a.wrapping_mul(b).wrapping_mul(c.wrapping_mul(d));
    first.wrapping_mul(e.wrapping_mul(f).wrapping_mul(g.wrapping_mul(h)))
}

fn form(of: &Descriptor<'_>, category: Category) -> Form {
    match category {
        Category::Matmul if of.sparse_indices > 0 => Form::Sparse,
        Category::Matmul if of.architecture == "grayskull" => Form::Sum(PRODUCT),
        Category::Matmul | Category::Depthwise => Form::Sum(PRODUCT_V2),
        Category::Binary => Form::Sum(ELEMENTWISE_WIDE),
        Category::Unary if of.op == "reduce" && of.attribute == "z" && of.reduce_z > 1 => Form::Layers(ELEMENTWISE),
        Category::Unary | Category::Nary => Form::Sum(ELEMENTWISE),
    }
}

fn no_param(set: &str, param: &str) -> EstimateError {
    EstimateError::NoParam { set: set.to_owned(), param: param.to_owned() }
}
