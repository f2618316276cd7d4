//! The text of a parameter file: operation -> attribute set -> parameter, in an order that means something.

/// The first line of files that are written here.
pub const WRITTEN: &str =
    "# Written by `shmoo fit`; what the values rest on stands in the file's twin, `.provenance.json`.";

/// Operations, their sets, and names and values as written, in order.
pub type ParamText = Vec<(String, Vec<(String, Vec<(String, String)>)>)>;

/// Puts a set's parameters into the place of those it had. A new set goes behind the others of its operation,
/// so that it wins where it holds, but `base`, which always holds, goes before them.
pub fn put_set(text: &mut ParamText, op: &str, set: &str, params: &[(String, f64)]) {
    let params = params.iter().map(|(name, value)| (name.clone(), value.to_string())).collect();
    let sets = match text.iter_mut().position(|(known, _)| known == op) {
        Some(index) => &mut text[index].1,
        None => {
            text.push((op.to_owned(), Vec::new()));
            &mut text.last_mut().expect("it was put there").1
        }
    };
    match sets.iter_mut().find(|(known, _)| known == set) {
        Some((_, known)) => *known = params,
        None if set == "base" => sets.insert(0, (set.to_owned(), params)),
        None => sets.push((set.to_owned(), params)),
    }
}

/// Writes the file.
pub fn write_params(text: &ParamText) -> String {
    let mut lines = format!("{WRITTEN}\n");
    for (op, sets) in text {
        lines.push_str(&format!("{}:\n", key(op)));
        for (set, params) in sets {
            lines.push_str(&format!("  {}:\n", key(set)));
            for (name, value) in params {
                lines.push_str(&format!("    {}: {value}\n", key(name)));
            }
        }
    }
    lines
}

/// Returns a key as YAML writes it: in quotes where it could be read as something else.
fn key(text: &str) -> String {
    let first = text.chars().next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/' | '.'));
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    if first && plain && !words.contains(&text.to_lowercase().as_str()) {
        return text.to_owned();
    }
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_keep_their_places() {
        let mut text = ParamText::new();
        let one = |value: f64| vec![("a".to_owned(), value)];
        put_set(&mut text, "exp", "approx", &one(1.5));
        put_set(&mut text, "exp", "approx/vector_r", &one(1e-7));
        put_set(&mut text, "exp", "base", &one(2.0));
        put_set(&mut text, "exp", "approx", &one(8.525_527_412_3));
        put_set(&mut text, "no", "base", &one(0.0));
        let expected = "exp:\n  base:\n    a: 2\n  approx:\n    a: 8.5255274123\n  approx/vector_r:\n    a: 0.0000001\n\"no\":\n  base:\n    a: 0\n";
        assert_eq!(write_params(&text), format!("{WRITTEN}\n{expected}"));
        let (entries, _) = crate::config::load_params("p.yaml", &write_params(&text)).unwrap();
        assert_eq!(entries.iter().map(|entry| entry.op.as_str()).collect::<Vec<_>>(), ["exp", "no"]);
        assert_eq!(entries[0].sets[2].key, "approx/vector_r");
        assert_eq!(entries[0].sets[2].params[0].1.to_f64(), 1e-7);
    }
}
