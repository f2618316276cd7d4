//! GitHub's own description of its API, as far as we use it: requests and answers are held against it.
//!
//! `tests/fixtures/github/openapi.json` is the slice that `scripts/fixtures-github.sh` cuts. Schemas are
//! those of OpenAPI 3.0: `nullable` beside `type`, references into `components`.

use serde_json::{Map, Value, json};
use std::sync::LazyLock;

static SLICE: LazyLock<Value> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/github/openapi.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
});

/// An operation of the API that a request is for.
pub(super) struct Operation {
    /// The path with names in braces.
    pub(super) path: &'static str,
    description: &'static Value,
    /// Values of the names in the path.
    pub(super) named: Vec<(&'static str, String)>,
}

impl Operation {
    /// Finds the operation of a method and path; the error is the status that GitHub would answer.
    pub(super) fn find(method: &str, path: &str) -> Result<Operation, u16> {
        let parts: Vec<&str> = path.split('/').collect();
        let mut wrong_method = false;
        for (template, methods) in SLICE["paths"].as_object().unwrap() {
            let names: Vec<&str> = template.split('/').collect();
            let name = |part: &'static str| part.strip_prefix('{')?.strip_suffix('}');
            if names.len() != parts.len() || !names.iter().zip(&parts).all(|(n, p)| name(n).is_some() || n == p) {
                continue;
            }
            let Some(description) = methods.get(method.to_ascii_lowercase()) else {
                wrong_method = true;
                continue;
            };
            let named = names.iter().zip(&parts).filter_map(|(n, p)| Some((name(n)?, decoded(p)))).collect();
            return Ok(Operation { path: template, description, named });
        }
        Err(if wrong_method { 405 } else { 404 })
    }

    /// Returns the value of a name in the path.
    pub(super) fn name(&self, name: &str) -> &str {
        &self.named.iter().find(|(known, _)| *known == name).unwrap().1
    }

    /// Returns what of a request breaks the contract.
    pub(super) fn request_faults(&self, query: &[(String, String)], body: Option<&Value>) -> Vec<String> {
        let mut faults = Vec::new();
        let parameters = self.description["parameters"].as_array().into_iter().flatten().map(resolved);
        let parameters: Vec<&Value> = parameters.collect();
        for parameter in &parameters {
            let (name, place) = (parameter["name"].as_str().unwrap(), parameter["in"].as_str().unwrap());
            let values: Vec<&str> = match place {
                "path" => vec![self.name(name)],
                _ => query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect(),
            };
            if values.is_empty() && parameter["required"] == true {
                faults.push(format!("{name}: is missing"));
            }
            for value in values {
                let typed = match resolved(&parameter["schema"])["type"].as_str() {
                    Some("integer") => value.parse::<i64>().map_or(json!(value), |number| json!(number)),
                    _ => json!(value),
                };
                check(&typed, &parameter["schema"], name, &mut faults);
            }
        }
        for (name, _) in query {
            if !parameters.iter().any(|parameter| parameter["name"] == *name && parameter["in"] == "query") {
                faults.push(format!("{name}: is no parameter"));
            }
        }
        match (&self.description["requestBody"], body) {
            (Value::Null, None) => {}
            (Value::Null, Some(_)) => faults.push("a body is sent where none is expected".to_owned()),
            (expected, None) if expected["required"] == true => faults.push("the body is missing".to_owned()),
            (_, None) => {}
            (expected, Some(body)) => {
                let schema = &expected["content"]["application/json"]["schema"];
                check(body, schema, "body", &mut faults);
                // What GitHub does not know it ignores without a word.
                let known = resolved(schema)["properties"].as_object().unwrap();
                let unknown = body.as_object().into_iter().flatten().filter(|(key, _)| !known.contains_key(*key));
                faults.extend(unknown.map(|(key, _)| format!("body.{key}: is no property")));
            }
        }
        faults
    }

    /// Returns what of an answer breaks the contract: for the fake to be as the real one.
    pub(super) fn answer_faults(&self, status: u16, body: &Value) -> Vec<String> {
        let Some(answer) = self.description["responses"].get(status.to_string()) else {
            // 401, 429 and the like are not listed for each operation.
            return if status < 400 { vec![format!("{status} is no answer of it")] } else { Vec::new() };
        };
        let mut faults = Vec::new();
        let schema = &resolved(answer)["content"]["application/json"]["schema"];
        if !schema.is_null() {
            check(body, schema, "answer", &mut faults);
        }
        faults
    }

    /// Returns a smallest answer, with the entries of `own` in place of made-up ones.
    pub(super) fn sample(&self, status: u16, own: Value) -> Value {
        let answer = resolved(&self.description["responses"][status.to_string()]);
        with(sample(&answer["content"]["application/json"]["schema"]), own)
    }

    /// Returns a smallest entry of an answer that is a list, `at` where the list is.
    pub(super) fn sample_entry(&self, status: u16, at: &str, own: Value) -> Value {
        let answer = resolved(&self.description["responses"][status.to_string()]);
        let schema = resolved(&answer["content"]["application/json"]["schema"]);
        let list = if at.is_empty() { schema } else { resolved(&schema["properties"][at]) };
        with(sample(&list["items"]), own)
    }
}

/// Puts entries over those of an object, objects in them entry by entry.
fn with(mut base: Value, own: Value) -> Value {
    match (&mut base, own) {
        (Value::Object(base), Value::Object(own)) => {
            for (key, value) in own {
                let before = base.remove(&key).unwrap_or(Value::Null);
                base.insert(key, with(before, value));
            }
        }
        (base, own) => *base = own,
    }
    base
}

fn resolved(node: &'static Value) -> &'static Value {
    match node["$ref"].as_str() {
        Some(pointer) => resolved(SLICE.pointer(pointer.trim_start_matches('#')).unwrap()),
        None => node,
    }
}

/// Notes what of a value does not follow a schema.
fn check(value: &Value, schema: &'static Value, at: &str, faults: &mut Vec<String>) {
    let schema = resolved(schema);
    if value.is_null() && schema["nullable"] == true {
        return;
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        check(value, part, at, faults);
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[key].as_array() {
            let follows = |choice: &&'static Value| {
                let mut faults = Vec::new();
                check(value, choice, at, &mut faults);
                faults.is_empty()
            };
            let number = choices.iter().filter(follows).count();
            if number == 0 || key == "oneOf" && number > 1 {
                faults.push(format!("{at}: follows {number} of {key}"));
            }
        }
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        faults.push(format!("{at}: {value} is none of {allowed:?}"));
    }
    let fits = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        _ => true,
    };
    if !fits {
        faults.push(format!("{at}: {value} is no {}", schema["type"]));
        return;
    }
    match value {
        Value::String(text) => {
            let characters = text.chars().count() as u64;
            if schema["maxLength"].as_u64().is_some_and(|most| characters > most) {
                faults.push(format!("{at}: has {characters} characters"));
            }
            let follows = match schema["format"].as_str() {
                Some("date-time") => text.parse::<shmoo::value::Timestamp>().is_ok(),
                Some("uri") => text.starts_with("http://") || text.starts_with("https://"),
                _ => true,
            };
            if !follows {
                faults.push(format!("{at}: `{text}` is no {}", schema["format"]));
            }
        }
        Value::Array(list) => {
            if schema["maxItems"].as_u64().is_some_and(|most| list.len() as u64 > most) {
                faults.push(format!("{at}: has {} entries", list.len()));
            }
            for (index, entry) in list.iter().enumerate() {
                check(entry, &schema["items"], &format!("{at}[{index}]"), faults);
            }
        }
        Value::Object(entries) => {
            for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                if !entries.contains_key(name) {
                    faults.push(format!("{at}.{name}: is missing"));
                }
            }
            for (key, entry) in entries {
                if let Some(property) = schema["properties"].get(key) {
                    check(entry, property, &format!("{at}.{key}"), faults);
                }
            }
        }
        _ => {}
    }
}

/// Makes a smallest value that follows a schema.
fn sample(schema: &'static Value) -> Value {
    let schema = resolved(schema);
    if schema["nullable"] == true {
        return Value::Null;
    }
    if let Some(first) = schema["enum"].as_array().and_then(|allowed| allowed.first()) {
        return first.clone();
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[key].as_array() {
            return sample(&choices[0]);
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return parts.iter().fold(Value::Null, |all, part| with(all, sample(part)));
    }
    match schema["type"].as_str() {
        Some("array") => json!([]),
        Some("string") => match schema["format"].as_str() {
            Some("uri") => json!("https://github.example/x"),
            Some("date-time") => json!("2026-01-31T14:22:33Z"),
            _ => json!("x"),
        },
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(false),
        _ => {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let entry = |name: &'static str| (name.to_owned(), sample(&schema["properties"][name]));
            Value::Object(required.map(entry).collect::<Map<_, _>>())
        }
    }
}

/// Undoes the escaping of a part of an address.
pub(super) fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&first, after)) = rest.split_first() {
        let escaped = (first == b'%').then(|| after.get(..2)).flatten();
        match escaped.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(if first == b'+' { b' ' } else { first });
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn the_contract_is_strict() {
    let faults = |method: &str, path: &str, query: &[(&str, &str)], body: Option<Value>| {
        let query: Vec<(String, String)> = query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        match Operation::find(method, path) {
            Ok(operation) => operation.request_faults(&query, body.as_ref()).join("; "),
            Err(status) => status.to_string(),
        }
    };
    let comments = "/repos/lab/chip/issues/7/comments";
    assert_eq!(faults("GET", comments, &[("per_page", "100")], None), "");
    assert_eq!(
        faults("GET", comments, &[("per_page", "x"), ("pages", "2")], None),
        "per_page: \"x\" is no \"integer\"; pages: is no parameter"
    );
    assert_eq!(
        faults("POST", comments, &[], Some(json!({ "text": "x" }))),
        "body.body: is missing; body.text: is no property"
    );
    assert_eq!(faults("POST", comments, &[], None), "the body is missing");
    assert_eq!(faults("GET", "/repos/lab/chip/issues/x/comments", &[], None), "issue_number: \"x\" is no \"integer\"");
    assert_eq!(faults("POST", "/repos/lab/chip/issues/comments/3", &[], None), "405");
    assert_eq!(faults("GET", "/repos/lab/chip/nothing", &[], None), "404");
    let check = json!({ "name": "a", "head_sha": "b", "status": "running" });
    assert!(
        faults("POST", "/repos/lab/chip/check-runs", &[], Some(check))
            .starts_with("body.status: \"running\" is none of")
    );
}

#[test]
fn samples_follow_the_contract() {
    for (method, path, status) in [
        ("POST", "/repos/lab/chip/issues/7/comments", 201),
        ("PATCH", "/repos/lab/chip/issues/comments/7", 200),
        ("GET", "/repos/lab/chip/pulls/7", 200),
        ("POST", "/repos/lab/chip/check-runs", 201),
    ] {
        let operation = Operation::find(method, path).unwrap();
        let sample = operation.sample(status, json!({}));
        assert_eq!(operation.answer_faults(status, &sample), Vec::<String>::new(), "{path}");
        let mut broken = sample;
        broken.as_object_mut().unwrap().remove("id");
        assert_eq!(operation.answer_faults(status, &broken), ["answer.id: is missing"]);
    }
}
