//! JSON schemas of the files that people write, for editors.
//!
//! Nothing here knows a key: the types of the files describe themselves.

use super::decode::FileType;
use serde_json::{Map, Value as Json, json};

/// Collects the definitions that a schema refers to.
#[derive(Debug, Default)]
pub(super) struct SchemaBuilder {
    definitions: Map<String, Json>,
}

/// One key of a map: name, documentation, whether it is required, shape.
pub(super) type Key = (&'static str, &'static str, bool, Json);

impl SchemaBuilder {
    /// Defines a map with known keys, once, and returns a reference to it.
    pub(super) fn record(
        &mut self,
        name: &'static str,
        documentation: &str,
        keys: impl FnOnce(&mut SchemaBuilder) -> Vec<Key>,
    ) -> Json {
        self.define(name, |builder| {
            let mut properties = Map::new();
            let mut required = Vec::new();
            for (key, documentation, needed, shape) in keys(builder) {
                properties.insert(key.to_owned(), described(shape, documentation));
                if needed {
                    required.push(key);
                }
            }
            let mut schema = json!({
                "type": "object",
                "description": documentation.trim(),
                "properties": properties,
                "additionalProperties": false,
            });
            if !required.is_empty() {
                schema["required"] = json!(required);
            }
            schema
        })
    }

    /// Defines a map with exactly one of several keys, once, and returns a reference to it.
    pub(super) fn choice(
        &mut self,
        name: &'static str,
        documentation: &str,
        keys: impl FnOnce(&mut SchemaBuilder) -> Vec<(&'static str, &'static str, Json)>,
    ) -> Json {
        self.define(name, |builder| {
            let properties: Map<String, Json> = keys(builder)
                .into_iter()
                .map(|(key, documentation, shape)| (key.to_owned(), described(shape, documentation)))
                .collect();
            json!({
                "type": "object",
                "description": documentation.trim(),
                "properties": properties,
                "additionalProperties": false,
                "minProperties": 1,
                "maxProperties": 1,
            })
        })
    }

    /// Defines a shape by name, once, and returns a reference to it.
    pub(super) fn define(&mut self, name: &str, shape: impl FnOnce(&mut SchemaBuilder) -> Json) -> Json {
        if !self.definitions.contains_key(name) {
            // First the name, so that a shape may hold itself.
            self.definitions.insert(name.to_owned(), Json::Null);
            let shape = shape(self);
            self.definitions.insert(name.to_owned(), shape);
        }
        json!({ "$ref": format!("#/$defs/{name}") })
    }
}

fn described(mut shape: Json, documentation: &str) -> Json {
    if let Json::Object(shape) = &mut shape {
        shape.insert("description".to_owned(), json!(documentation.trim()));
    }
    shape
}

/// Returns the schema of a whole file.
pub(super) fn file_schema<T: FileType>(title: &str) -> Json {
    let mut builder = SchemaBuilder::default();
    let root = T::schema(&mut builder);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "$ref": root["$ref"],
        "$defs": builder.definitions,
    })
}
