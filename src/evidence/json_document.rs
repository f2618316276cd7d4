//! JSON as tools write it.

use super::EvidenceError;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a document; an empty file and one that is cut off are errors.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8], what: &'static str) -> Result<T, EvidenceError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(EvidenceError::Empty);
    }
    serde_json::from_slice(bytes).map_err(|err| EvidenceError::Json { what, err })
}

/// Names the kind of a value in messages.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Returns a short beginning of the value for messages.
pub(super) fn excerpt(value: &Value) -> String {
    value.to_string().chars().take(60).collect()
}
