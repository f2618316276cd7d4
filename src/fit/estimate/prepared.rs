//! What descriptors with the same texts share: the form of their estimate, weights, and what those rest on.

use super::descriptor::Descriptor;
use super::estimator::{EstimateError, Formula};
use super::guard::{Feature, Guard, Guarded};
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

impl Form {
    /// Returns the terms of the sum.
    fn terms(self) -> &'static [Term] {
        match self {
            Form::Sum(terms) | Form::Layers(terms) => terms,
            Form::Sparse => &[],
        }
    }
}

impl<'e> Prepared<'e> {
    /// Prepares what the texts of a descriptor, its layers and its sparsity decide; `name` is the operation whose
    /// parameters it gets, `own` its own as parameter files name it, and `attributes` are the phases of the fidelity
    /// and the factor of the format's width.
    pub(super) fn new(
        of: &Descriptor<'_>,
        category: Category,
        set: &'e ParamSet,
        [name, own]: [&str; 2],
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
        let [phases, width] = attributes;
        let stands_in = (name != own).then(|| format!("`{set_name}` stands in for `{own}`"));
        let unlike = stands_in.or_else(|| {
            let missing = set.missing(of)?;
            Some(format!("`{set_name}` is not of `{missing}`, which is asked for"))
        });
        let layers = matches!(form, Form::Layers(_)).then_some((LAYER, 1, ""));
        let features = form.terms().iter().map(|term| match term.times {
            Times::One => (term.weight, 1, ""),
            Times::Width => (term.weight, width, "format"),
            Times::Phases => (term.weight, phases, "fidelity"),
        });
        let features = features.chain(layers).collect();
        let of_guard = Guarded { set, set_name: &set_name, op: name, architecture: of.architecture, features, unlike };
        let guard = Guard::new(of_guard);
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
            0 if self.wraps(of) => Err(EstimateError::Wrapped),
            0 => Err(EstimateError::Nothing),
            cycles => Ok(cycles),
        }
    }

    /// Tells whether a product of a descriptor's dimensions is beyond 2^32, so that the estimate says nothing.
    pub(super) fn wraps(&self, of: &Descriptor<'_>) -> bool {
        // A product has no more bits than its factors together.
        let shape = [of.mblock_m, of.mblock_n, of.ublock_rt, of.ublock_ct, of.mblock_k, of.ublock_kt, self.phases];
        let more = match self.form {
            Form::Sum(_) => [0; 2],
            Form::Layers(_) => [of.t, of.reduce_z],
            Form::Sparse => [of.t, of.sparse_indices],
        };
        let bits = |values: &[u32]| values.iter().map(|value| u32::BITS - value.leading_zeros()).sum::<u32>();
        // One more for one more of the columns.
        bits(&shape) + bits(&more) + 1 > u32::BITS && self.wraps_indeed(of)
    }

    #[cold]
    fn wraps_indeed(&self, of: &Descriptor<'_>) -> bool {
        const END: f64 = (1u64 << u32::BITS) as f64;
        let dimensions = self.dimensions(of);
        let layers = if matches!(self.form, Form::Layers(_)) { f64::from(of.t) * f64::from(of.reduce_z) } else { 1.0 };
        let sparse = if matches!(self.form, Form::Sparse) { sparse_product(of) } else { 1.0 };
        let terms = self.form.terms().iter().map(|term| whole_product(term, &dimensions));
        terms.chain([layers, sparse]).any(|product| product >= END)
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

    /// Returns the features of a descriptor as models have them.
    pub(super) fn features(&self, of: &Descriptor<'_>, features: &mut Vec<Feature>) {
        features.clear();
        let layers = if matches!(self.form, Form::Layers(_)) { f64::from(of.reduce_z) } else { 1.0 };
        let blocks = f64::from(of.t);
        let dimensions = self.dimensions(of);
        features.extend(self.form.terms().iter().map(|term| {
            let factor = match term.times {
                Times::One => 1,
                Times::Width => self.width,
                Times::Phases => self.phases,
            };
            Feature { value: whole_product(term, &dimensions) * layers, factor: f64::from(factor), blocks }
        }));
        if let Form::Layers(_) = self.form {
            features.push(Feature { value: layers, factor: 1.0, blocks });
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

/// Multiplies without an end.
fn whole_product(term: &Term, dimensions: &Dimensions) -> f64 {
    term.of.iter().map(|dimension| f64::from(dimensions[*dimension as usize])).product()
}

/// Returns the largest of the products of a sparse product.
fn sparse_product(of: &Descriptor<'_>) -> f64 {
    let product = |values: &[u32]| values.iter().map(|value| f64::from(*value)).product::<f64>();
    let Descriptor { t, mblock_m: m, mblock_n: n, ublock_rt: r, ublock_ct: c, mblock_k: k, .. } = *of;
    let products = [product(&[t, k, m]), product(&[of.sparse_indices, n, c]), product(&[t, m, n, r, c])];
    products.into_iter().fold(0.0, f64::max)
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
