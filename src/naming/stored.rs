//! How schemas and points look in digests and stored plans.

use super::{Param, Point, Schema};
use serde::ser::{Serialize, SerializeStruct, Serializer};

impl Serialize for Param {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Param { name, code, kind, unit, values, default, was } = self;
        let mut fields = serializer.serialize_struct("Param", 7)?;
        fields.serialize_field("name", name)?;
        fields.serialize_field("code", code)?;
        fields.serialize_field("type", kind.name())?;
        fields.serialize_field("unit", unit)?;
        fields.serialize_field("values", values)?;
        fields.serialize_field("default", default)?;
        fields.serialize_field("was", was)?;
        fields.end()
    }
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.params().serialize(serializer)
    }
}

impl Serialize for Point {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.values().serialize(serializer)
    }
}
