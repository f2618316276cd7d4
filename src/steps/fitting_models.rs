//! Which model is meant: a file, or one of those that ship.

use super::StepError;
use crate::config::load_model;
use crate::suite::Form;
use crate::value::did_you_mean;
use std::fs;
use std::path::Path;

/// The models that ship, by name.
const SHIPPED: [(&str, &str); 5] = [
    ("eltwise", include_str!("../../configs/models/eltwise.yaml")),
    ("matmul", include_str!("../../configs/models/matmul.yaml")),
    ("matmul_v2", include_str!("../../configs/models/matmul_v2.yaml")),
    ("depthwise", include_str!("../../configs/models/depthwise.yaml")),
    ("reduce_z", include_str!("../../configs/models/reduce_z.yaml")),
];

/// Other names of models that ship.
const ALSO: [(&str, &str); 2] = [("matmul_v1", "matmul"), ("matmulV2", "matmul_v2")];

/// Finds a model: a name of one that ships, else a path.
pub(super) fn find_model(wanted: &str) -> Result<Form, StepError> {
    let name = ALSO.iter().find(|(also, _)| *also == wanted).map_or(wanted, |(_, name)| name);
    if let Some((name, text)) = SHIPPED.iter().find(|(shipped, _)| *shipped == name) {
        return load_model(&format!("configs/models/{name}.yaml"), text).map_err(StepError::Problems);
    }
    let path = Path::new(wanted);
    if !wanted.contains('/') && !wanted.contains('.') && !path.exists() {
        let hint = did_you_mean(wanted, SHIPPED.iter().map(|(name, _)| *name));
        return Err(StepError::usage(format!("there is no model `{wanted}`, and no such file"), hint));
    }
    let text = fs::read_to_string(path).map_err(|source| StepError::Read { path: path.to_owned(), source })?;
    load_model(wanted, &text).map_err(StepError::Problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_that_ship_load() {
        for (name, _) in SHIPPED {
            assert_eq!(find_model(name).unwrap().name, name);
        }
        assert_eq!(find_model("matmulV2").unwrap().name, "matmul_v2");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/models");
        assert_eq!(fs::read_dir(folder).unwrap().count(), SHIPPED.len(), "a model is not in the list");
        let error = find_model("eltwize").err().unwrap();
        assert_eq!(error.hint().as_deref(), Some("did you mean `eltwise`?"));
    }
}
