//! What a parameter, a `let` or a column can hold.

use super::Decimal;
use std::fmt;

/// One value: a truth value, an exact number or a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scalar {
    /// `true` or `false`.
    Bool(bool),
    /// An exact number.
    Number(Decimal),
    /// A text.
    Text(String),
}

impl Scalar {
    /// Reads a text as people mean it in a plain YAML scalar: `true`, `false`, a number, else a text.
    pub fn infer(text: &str) -> Scalar {
        match text {
            "true" => Scalar::Bool(true),
            "false" => Scalar::Bool(false),
            _ => text.parse().map_or_else(|_| Scalar::Text(text.to_owned()), Scalar::Number),
        }
    }

    /// Returns the number, if it is one.
    pub fn number(&self) -> Option<Decimal> {
        match self {
            Scalar::Number(number) => Some(*number),
            Scalar::Bool(_) | Scalar::Text(_) => None,
        }
    }

    /// Names the kind of the value in messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Scalar::Bool(_) => "a truth value",
            Scalar::Number(_) => "a number",
            Scalar::Text(_) => "a text",
        }
    }
}

/// The canonical text, which is what names, commands and files show.
impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Bool(value) => value.fmt(f),
            Scalar::Number(value) => value.fmt(f),
            Scalar::Text(value) => f.write_str(value),
        }
    }
}

impl serde::Serialize for Scalar {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Scalar::Bool(value) => serializer.serialize_bool(*value),
            Scalar::Number(value) => value.serialize(serializer),
            Scalar::Text(value) => serializer.serialize_str(value),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Scalar {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Scalar, D::Error> {
        use serde::de::Error;
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Bool(value) => Ok(Scalar::Bool(value)),
            serde_json::Value::String(value) => Ok(Scalar::Text(value)),
            serde_json::Value::Number(value) => value.to_string().parse().map(Scalar::Number).map_err(D::Error::custom),
            other => Err(D::Error::custom(format!("expected a truth value, a number or a text, not {other}"))),
        }
    }
}

/// A value or a list of values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// One value.
    Scalar(Scalar),
    /// Several values in order.
    List(Vec<Scalar>),
}

impl From<Scalar> for Value {
    fn from(scalar: Scalar) -> Value {
        Value::Scalar(scalar)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Scalar(scalar) => scalar.fmt(f),
            Value::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    item.fmt(f)?;
                }
                f.write_str("]")
            }
        }
    }
}

impl serde::Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Scalar(scalar) => scalar.serialize(serializer),
            Value::List(items) => items.serialize(serializer),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Value {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        use serde::de::Error;
        let json = serde_json::Value::deserialize(deserializer)?;
        let result = match json {
            serde_json::Value::Array(_) => serde_json::from_value(json).map(Value::List),
            _ => serde_json::from_value(json).map(Value::Scalar),
        };
        result.map_err(D::Error::custom)
    }
}
