//! Whether parameters were fitted by the form that estimates take them for: the expressions that the twin of a
//! parameter file has, against the library's terms, by what both come to.
//!
//! Two products of dimensions that are equal for some distinct primes are the same. What only a column can
//! tell (the target, the fidelity's text) is not looked at.

use super::estimator::Architecture;
use super::library::{
    Category, Dimension, ELEMENTWISE, ELEMENTWISE_WIDE, OPERATIONS, PRODUCT, PRODUCT_V2, Term, Times,
};
use crate::expr::{Expr, OperandRef};
use crate::fit::rests_on::RestsOn;

/// Dimensions, the names that they have in tables and suites, and a value for each of two trials.
const DIMENSIONS: [(Dimension, &[&str], [f64; 2]); 7] = [
    (Dimension::M, &["m", "mblock_m", "output_mb_r", "mb_r"], [3.0, 31.0]),
    (Dimension::N, &["n", "mblock_n", "output_mb_c", "mb_c"], [5.0, 29.0]),
    (Dimension::Rows, &["r", "ublock_rt", "output_ub_r", "ub_r"], [7.0, 23.0]),
    (Dimension::Columns, &["c", "ublock_ct", "output_ub_c", "ub_c"], [11.0, 19.0]),
    (Dimension::Inner, &["k", "mblock_k", "m_k"], [13.0, 37.0]),
    (Dimension::InnerTiles, &["q", "ublock_kt", "u_kt"], [17.0, 41.0]),
    (Dimension::Phases, &["phases"], [2.0, 43.0]),
];
/// The factor of the format's width.
const WIDTH: (&[&str], [f64; 2]) = (&["width"], [59.0, 61.0]);
/// Layers of a reduction.
const LAYERS: (&[&str], [f64; 2]) = (&["z", "reduce_z"], [47.0, 53.0]);
/// The parameter of each layer of a reduction.
const LAYER: &str = "z_weight";

/// A form of estimates: the sum of some terms, for each layer if there are layers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    terms: &'static [Term],
    layers: bool,
}

/// How the form of a fit differs from that of estimates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OtherForm {
    /// A feature is not what the estimate multiplies by its weight.
    Feature { name: String, fitted: String, estimated: String },
    /// The estimate has no such part.
    Extra { name: String },
    /// A name of a feature's expression is that of no dimension, so that nothing can be told.
    Name { name: String, fitted: String, unknown: String },
}

impl Form {
    /// Finds the form of an operation, as parameter files name it; sparse products have no fit.
    pub(super) fn of_operation(op: &str, architecture: &str) -> Option<Form> {
        if op == "reduce_z" {
            return Some(Form { terms: ELEMENTWISE, layers: true });
        }
        let (_, category) = OPERATIONS.iter().find(|(known, _)| *known == op)?;
        let terms = match category {
            Category::Matmul if architecture == "grayskull" => PRODUCT,
            Category::Matmul | Category::Depthwise => PRODUCT_V2,
            Category::Binary => ELEMENTWISE_WIDE,
            Category::Unary | Category::Nary => ELEMENTWISE,
        };
        Some(Form { terms, layers: false })
    }

    /// Returns the names of the weights.
    pub(super) fn weights(&self) -> impl Iterator<Item = &'static str> {
        self.terms.iter().map(|term| term.weight).chain(self.layers.then_some(LAYER))
    }

    /// Returns what is other in what parameters rest on; none where nothing is.
    pub(super) fn other_in(&self, rests_on: &RestsOn) -> Option<OtherForm> {
        let extra = rests_on.coefficients.iter().find(|known| !self.weights().any(|weight| weight == known.name));
        if let Some(extra) = extra {
            return Some(OtherForm::Extra { name: extra.name.clone() });
        }
        rests_on.features.iter().find_map(|(name, text)| self.feature(name, text).err())
    }

    /// Tells whether the feature of a weight has the factor that the estimate takes it by, the phases or the width,
    /// in it; without such a factor it has not.
    pub(super) fn has_factor(&self, weight: &str, rests_on: &RestsOn) -> Result<bool, OtherForm> {
        let feature = rests_on.features.iter().find(|(name, _)| name == weight);
        feature.map_or(Ok(false), |(name, text)| self.feature(name, text))
    }

    /// Compares a feature with what the estimate multiplies by its weight, and tells whether it has the factor in it.
    fn feature(&self, name: &str, text: &str) -> Result<bool, OtherForm> {
        let term = self.terms.iter().find(|term| term.weight == name);
        let fitted = || text.to_owned();
        let values = match values_of(text) {
            Ok(values) => values,
            Err(unknown) => return Err(OtherForm::Name { name: name.to_owned(), fitted: fitted(), unknown }),
        };
        let is = |factor: [f64; 2]| {
            (0..values.len()).all(|trial| {
                let layers = if self.layers { LAYERS.1[trial] } else { 1.0 };
                let product = term.map_or(1.0, |term| product(term, trial)) * layers;
                close(values[trial], product * factor[trial])
            })
        };
        let factor = match term.map(|term| term.times) {
            Some(Times::Phases) => Some([0, 1].map(|trial| value(Dimension::Phases, trial))),
            Some(Times::Width) => Some(WIDTH.1),
            Some(Times::One) | None => None,
        };
        if is([1.0; 2]) {
            return Ok(false);
        }
        if factor.is_some_and(is) {
            return Ok(true);
        }
        Err(OtherForm::Feature { name: name.to_owned(), fitted: fitted(), estimated: self.words(term) })
    }

    /// Returns a term in the words of model files.
    fn words(&self, term: Option<&Term>) -> String {
        let layers = self.layers.then(|| LAYERS.0[0].to_owned());
        let parts = term.into_iter().flat_map(|term| term.factors().map(word));
        layers.into_iter().chain(parts).collect::<Vec<_>>().join(" * ")
    }
}

/// Evaluates an expression in both trials; the error is a name that is no dimension, or the expression itself.
fn values_of(text: &str) -> Result<[f64; 2], String> {
    let broken = || text.to_owned();
    let expr = Expr::parse(text).map_err(|_| broken())?;
    let names: Vec<String> = expr.names().into_iter().map(|name| name.name.to_owned()).collect();
    let known: Vec<[f64; 2]> =
        names.iter().map(|name| trials(name).ok_or_else(|| name.clone())).collect::<Result<_, _>>()?;
    let program = expr.compile(&names).map_err(|_| broken())?;
    let at = |trial: usize| {
        let slot = |slot: usize| known.get(slot).map(|values| OperandRef::Number(values[trial]));
        program.eval_number(slot).map_err(|_| broken())
    };
    Ok([at(0)?, at(1)?])
}

fn trials(name: &str) -> Option<[f64; 2]> {
    if let Some((_, values)) = [LAYERS, WIDTH].iter().find(|(names, _)| names.contains(&name)) {
        return Some(*values);
    }
    DIMENSIONS.iter().find(|(_, names, _)| names.contains(&name)).map(|(_, _, values)| *values)
}

fn product(term: &Term, trial: usize) -> f64 {
    term.factors().map(|dimension| value(dimension, trial)).product()
}

fn value(dimension: Dimension, trial: usize) -> f64 {
    match dimension {
        Dimension::InnerLessOne => value(Dimension::Inner, trial) - 1.0,
        Dimension::ColumnsAndOne => value(Dimension::Columns, trial) + 1.0,
        other => DIMENSIONS.iter().find(|(known, ..)| *known == other).map_or(1.0, |(_, _, values)| values[trial]),
    }
}

fn word(dimension: Dimension) -> String {
    match dimension {
        Dimension::InnerLessOne => "(k - 1)".to_owned(),
        Dimension::ColumnsAndOne => "(1 + c)".to_owned(),
        other => DIMENSIONS.iter().find(|(known, ..)| *known == other).map_or("", |(_, names, _)| names[0]).to_owned(),
    }
}

fn close(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * other.abs()
}

/// Returns the weights that estimates of an operation need and some parameters do not have.
pub fn missing_weights(op: &str, architecture: &str, params: &[&str]) -> Vec<&'static str> {
    let form = Form::of_operation(op, architecture);
    let weights = form.iter().flat_map(Form::weights);
    weights.filter(|weight| !params.contains(weight)).collect()
}

/// Returns a sentence for each set of a device's parameters whose twin has another form than estimates.
pub fn other_forms(architecture: &Architecture) -> Vec<String> {
    let mut sentences = Vec::new();
    for (index, params) in architecture.versions.iter().enumerate() {
        for (op, set) in params.ops.iter().flat_map(|(op, sets)| sets.iter().map(move |set| (op, set))) {
            let form = Form::of_operation(op, &architecture.name);
            let other = form.zip(set.rests_on.as_deref()).and_then(|(form, rests_on)| form.other_in(rests_on));
            if let Some(other) = other {
                sentences.push(format!(
                    "{} v{}: {}",
                    architecture.name,
                    index + 1,
                    other.told(&format!("{op}/{}", set.key))
                ));
            }
        }
    }
    sentences
}

impl OtherForm {
    fn told(&self, set: &str) -> String {
        match self {
            OtherForm::Feature { name, fitted, estimated } => format!(
                "`{set}` was fitted by another form: `{name}` is of `{fitted}`, and estimates take it for `{estimated}`"
            ),
            OtherForm::Extra { name } => format!("`{set}` was fitted by another form: estimates have no `{name}`"),
            OtherForm::Name { name, fitted, unknown } => format!(
                "whether `{set}` was fitted by the form of estimates is not known: `{name}` is of `{fitted}`, and `{unknown}` is no dimension"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, Value, json};

    fn rests_on(features: &[(&str, &str)]) -> RestsOn {
        let texts: Map<String, Value> = features.iter().map(|(name, text)| ((*name).to_owned(), json!(text))).collect();
        let ones: Map<String, Value> = features.iter().map(|(name, _)| ((*name).to_owned(), json!(1))).collect();
        let ranges: Map<String, Value> = features.iter().map(|(name, _)| ((*name).to_owned(), json!([1, 2]))).collect();
        let entry = json!({
            "model": "m", "target": "t", "features": texts, "rows": 7, "params": ones, "feature_ranges": ranges,
        });
        RestsOn::read(&entry).unwrap()
    }

    #[test]
    fn forms_are_told_apart_by_their_values() {
        let check = |op: &str, architecture: &str, features: &[(&str, &str)], expected: &str| {
            let form = Form::of_operation(op, architecture).unwrap();
            let told = form.other_in(&rests_on(features)).map_or_else(String::new, |other| other.told("o/s"));
            assert_eq!(told, expected);
        };
        let blocks = ("ublock_weight", "m * n");
        check("exp", "any", &[blocks, ("tile_weight", "c * r * n * m")], "");
        check("exp", "any", &[("ublock_weight", "mb_r * mb_c"), ("tile_weight", "mb_r * mb_c * ub_r * ub_c")], "");
        check(
            "exp",
            "any",
            &[blocks, ("tile_weight", "m * n * r")],
            "`o/s` was fitted by another form: `tile_weight` is of `m * n * r`, and estimates take it for `m * n * r * c`",
        );
        check(
            "add",
            "any",
            &[blocks, ("tile_weight", "m * n * r * c"), ("intercept", "1")],
            "`o/s` was fitted by another form: estimates have no `intercept`",
        );
        check(
            "add",
            "any",
            &[blocks, ("tile_weight", "area * 4")],
            "whether `o/s` was fitted by the form of estimates is not known: `tile_weight` is of `area * 4`, and `area` is no dimension",
        );
        let layers = [("ublock_weight", "z * m * n"), ("tile_weight", "z * m * n * r * c"), ("z_weight", "z")];
        check("reduce_z", "any", &layers, "");
        check(
            "reduce_z",
            "any",
            &[("z_weight", "z + 1")],
            "`o/s` was fitted by another form: `z_weight` is of `z + 1`, and estimates take it for `z`",
        );
        check("matmul", "grayskull", &[("m_k_weight", "k - 1"), ("tile_weight", "k * m * n * r * c * q")], "");
        check("matmul", "grayskull", &[("tile_weight", "k * m * n * r * c * q * phases")], "");
        check("matmul", "wormhole_b0", &[("math_tiles_weight", "k * m * n * r * c * q * phases")], "");
        check("depthwise", "any", &[("unpack_tiles_weight", "k * m * n * q * r * (1 + c)")], "");
        check(
            "matmul",
            "wormhole_b0",
            &[("unpack_tiles_weight", "k * m * n * q * r * c")],
            "`o/s` was fitted by another form: `unpack_tiles_weight` is of `k * m * n * q * r * c`, and estimates take it for `q * r * (1 + c) * k * m * n`",
        );
    }

    #[test]
    fn factors_are_in_a_feature_or_not() {
        let check = |op: &str, (weight, feature): (&str, &str), expected: Option<bool>| {
            let form = Form::of_operation(op, "grayskull").unwrap();
            assert_eq!(form.has_factor(weight, &rests_on(&[(weight, feature)])).ok(), expected, "{op} {feature}");
        };
        check("add", ("tile_weight", "m * n * r * c"), Some(false));
        check("add", ("tile_weight", "m * n * r * c * width"), Some(true));
        check("add", ("ublock_weight", "m * n * width"), None);
        check("exp", ("tile_weight", "m * n * r * c * width"), None);
        check("matmul", ("tile_weight", "k * m * n * r * c * q"), Some(false));
        check("matmul", ("tile_weight", "phases * k * m * n * r * c * q"), Some(true));
        check("matmul", ("tile_weight", "width * k * m * n * r * c * q"), None);
        check("depthwise", ("math_tiles_weight", "k * m * n * r * c * q * phases"), Some(false));
    }

    #[test]
    fn weights_that_estimates_need() {
        let check = |op: &str, architecture: &str, params: &[&str], expected: &[&str]| {
            assert_eq!(missing_weights(op, architecture, params), expected, "{op}");
        };
        let blocks = ["ublock_weight", "tile_weight"];
        check("exp", "any", &blocks, &[]);
        check("reduce_z", "any", &blocks, &["z_weight"]);
        check("matmul", "grayskull", &blocks, &["m_k_weight"]);
        check("copy", "any", &[], &[]);
        check("matmul_sparse", "any", &[], &[]);
    }
}
