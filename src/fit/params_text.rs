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

/// Puts the sets of an operation that a model declares into the order in which it does, where they stand: the last that
/// holds wins, for lookup as for fitting. Others keep their places.
pub fn order_sets(text: &mut ParamText, op: &str, declared: &[String]) {
    let Some((_, sets)) = text.iter_mut().find(|(known, _)| known == op) else { return };
    let rank = |set: &str| declared.iter().position(|known| known == set);
    let places: Vec<usize> = (0..sets.len()).filter(|&place| rank(&sets[place].0).is_some()).collect();
    let mut ordered: Vec<_> = places.iter().map(|&place| sets[place].clone()).collect();
    ordered.sort_by_key(|(set, _)| rank(set));
    for (place, set) in places.into_iter().zip(ordered) {
        sets[place] = set;
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
    #[test]
    fn declared_sets_are_in_their_order() {
        let check = |sets: &[&str], expected: &[&str]| {
            let declared = ["base", "bfp", "l1", "l1/bfp"].map(str::to_owned);
            let mut text = ParamText::new();
            sets.iter().for_each(|set| put_set(&mut text, "exp", set, &[("a".to_owned(), 1.0)]));
            order_sets(&mut text, "exp", &declared);
            assert_eq!(text[0].1.iter().map(|(set, _)| set.as_str()).collect::<Vec<_>>(), expected);
        };
        check(&["base", "l1/bfp", "l1", "bfp"], &["base", "bfp", "l1", "l1/bfp"]);
        check(&["l1", "other", "bfp"], &["bfp", "other", "l1"]);
        check(&["other", "more"], &["other", "more"]);
        order_sets(&mut ParamText::new(), "exp", &[]);
    }
}
