//! What parameters of a file rest on, as the file's twin says.

use super::fitted::Coefficient;
use super::sample::Ratios;
use serde::Deserialize;
use serde::de::Error;
use serde_json::{Map, Value};

/// What a set's parameters rest on.
#[derive(Debug, Clone, PartialEq)]
pub struct RestsOn {
    /// The name of the model.
    pub model: String,
    /// The target's expression.
    pub target: String,
    /// Names and expressions of the features.
    pub features: Vec<(String, String)>,
    /// Rows that took part.
    pub rows: u64,
    /// The coefficients as fitted.
    pub coefficients: Vec<Coefficient>,
    /// Their covariance; empty: not known.
    pub covariance: Vec<Vec<f64>>,
    /// How far rows were off that were left out; none: not known.
    pub ratios: Option<Ratios>,
}

/// The twin's entry for a set; what an older shmoo has not written may be missing.
#[derive(Deserialize)]
struct Entry {
    model: String,
    target: String,
    features: Map<String, Value>,
    rows: u64,
    params: Map<String, Value>,
    #[serde(default)]
    intervals: Map<String, Value>,
    feature_ranges: Map<String, Value>,
    /// The names of the coefficients in the order of the covariance; none: that of `params`.
    #[serde(default)]
    order: Option<Vec<String>>,
    #[serde(default)]
    covariance: Vec<Vec<f64>>,
    #[serde(default)]
    ratios: Option<[f64; 3]>,
}

impl RestsOn {
    /// Reads the twin's entry for a set.
    ///
    /// # Errors
    /// A key that is missing, or is of the wrong kind.
    pub fn read(entry: &Value) -> Result<RestsOn, serde_json::Error> {
        let Entry { model, target, features, rows, params, intervals, feature_ranges, order, covariance, ratios } =
            Entry::deserialize(entry)?;
        let fault = |message: String| serde_json::Error::custom(message);
        let pair = |map: &Map<String, Value>, name: &str| -> Result<Option<(f64, f64)>, serde_json::Error> {
            Option::<(f64, f64)>::deserialize(map.get(name).unwrap_or(&Value::Null))
        };
        // Whoever sorts the keys of a map leaves the order of a list.
        let order = order.unwrap_or_else(|| params.keys().cloned().collect());
        if order.len() != params.len() {
            return Err(fault(format!("`order` names {} of {} parameters", order.len(), params.len())));
        }
        let coefficient = |name: &String| {
            let value =
                params.get(name).ok_or_else(|| fault(format!("`order` names `{name}`, which is no parameter")))?;
            let range = pair(&feature_ranges, name)?;
            Ok(Coefficient {
                name: name.clone(),
                value: f64::deserialize(value)?,
                interval: pair(&intervals, name)?,
                range: range.ok_or_else(|| fault(format!("`feature_ranges` has nothing of `{name}`")))?,
            })
        };
        let coefficients: Vec<Coefficient> = order.iter().map(coefficient).collect::<Result<_, serde_json::Error>>()?;
        let size = coefficients.len();
        let square = covariance.len() == size && covariance.iter().all(|row| row.len() == size);
        if !square && !covariance.is_empty() {
            return Err(fault(format!("`covariance` is not {size} by {size}")));
        }
        Ok(RestsOn {
            model,
            target,
            features: features
                .into_iter()
                .map(|(name, text)| Ok((name, String::deserialize(text)?)))
                .collect::<Result<_, serde_json::Error>>()?,
            rows,
            coefficients,
            covariance,
            ratios: ratios.map(|[low, middle, high]| Ratios { low, middle, high }),
        })
    }

    /// Tells whether a parameter file still has the values that were fitted, in single precision as
    /// estimates take them.
    pub fn is_of(&self, values: &[(String, f32)]) -> bool {
        let same = |coefficient: &Coefficient| {
            values.iter().any(|(name, value)| *name == coefficient.name && close(*value, coefficient.value as f32))
        };
        values.len() == self.coefficients.len() && self.coefficients.iter().all(same)
    }
}

/// Tells whether two single-precision numbers are equal or neighbours.
fn close(one: f32, other: f32) -> bool {
    one == other || (one - other).abs() <= f32::EPSILON * one.abs().max(other.abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn entries() {
        let mut entry = json!({
            "model": "m", "target": "t", "features": { "b": "x", "a": "1" }, "rows": 7,
            "params": { "b": 2.5, "a": 0.1 }, "intervals": { "b": [2, 3], "a": null },
            "feature_ranges": { "b": [1, 9], "a": [1, 1] }, "covariance": [[1, 0], [0, 4]],
        });
        let read = RestsOn::read(&entry).unwrap();
        assert_eq!(read.features[0], ("b".to_owned(), "x".to_owned()));
        assert_eq!((read.coefficients[0].interval, read.coefficients[1].interval), (Some((2.0, 3.0)), None));
        assert_eq!((read.covariance[1][1], read.ratios), (4.0, None));
        let values = |a: f32| [("a".to_owned(), a), ("b".to_owned(), 2.5)];
        assert!(read.is_of(&values(0.1)) && !read.is_of(&values(0.11)) && !read.is_of(&values(0.1)[..1]));
        entry["ratios"] = json!([0.5, 1, 1.5]);
        let read = RestsOn::read(&entry).unwrap();
        assert_eq!(read.ratios, Some(Ratios { low: 0.5, middle: 1.0, high: 1.5 }));
        entry["order"] = json!(["a", "b"]);
        let turned = RestsOn::read(&entry).unwrap();
        assert_eq!(turned.coefficients, [read.coefficients[1].clone(), read.coefficients[0].clone()]);
        entry["covariance"] = json!([]);
        assert!(RestsOn::read(&entry).unwrap().covariance.is_empty());
        let mut refused = |key: &str, value: Value, expected: &str| {
            let kept = std::mem::replace(&mut entry[key], value);
            assert_eq!(RestsOn::read(&entry).unwrap_err().to_string(), expected);
            entry[key] = kept;
        };
        refused("covariance", json!([[1]]), "`covariance` is not 2 by 2");
        refused("feature_ranges", json!({ "a": [1, 1] }), "`feature_ranges` has nothing of `b`");
        refused("order", json!(["a"]), "`order` names 1 of 2 parameters");
        refused("order", json!(["a", "c"]), "`order` names `c`, which is no parameter");
        refused("params", json!({ "a": "much", "b": 1 }), "invalid type: string \"much\", expected f64");
    }
}
