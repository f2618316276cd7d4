//! What a run costs: before it, after it, and where it is too much.

use crate::integration::sandbox::Sandbox;
use serde_json::{Value, json};

const SUITE: &str = r#"
version: 1
suite: costs
params: { n: { code: n, values: [1, 2, 3, 4] } }
stages:
  base: { per: [], shell: 'echo x > base', outputs: [base] }
  wide: { inputs: [base/base], cmd: [sleep, "0.05"], evidence: [exit], uses: { cpu: 2, memory: 1GiB } }
  gpu: { cmd: [sleep, "0.05"], evidence: [exit], runner: gpu }
"#;

const PRICES: &str = "version: 1
prices:
  currency: EUR
  default: { hour: 3600 }
  runners: { gpu: { core_hour: 7200, gib_hour: 3600 } }
";

fn sandbox(project: &str) -> Sandbox {
    let sandbox = Sandbox::new(SUITE);
    sandbox.write("shmoo.yaml", project);
    sandbox
}

fn estimate(sandbox: &Sandbox, more: &[&str]) -> Value {
    let arguments: Vec<&str> =
        ["plan", "suite.yaml", "--estimate", "--format", "json", "--jobs", "1"].iter().chain(more).copied().collect();
    let said = sandbox.run_to(0, &arguments).stdout;
    serde_json::from_str::<Value>(&said).unwrap()["estimate"].clone()
}

#[test]
fn an_estimate_has_a_price_and_a_limit_stops() {
    let sandbox = sandbox(PRICES);
    // Nothing is known: a second each. Five on machines for 1 EUR a second, four by shares at 2 EUR.
    assert_eq!(estimate(&sandbox, &[])["price"], json!({ "price": 13.0, "currency": "EUR", "unpriced": [] }));
    let divided = estimate(&sandbox, &["--shards", "2"]);
    assert!(divided["price"]["price"].as_f64().unwrap() >= 13.0, "{divided}");
    let said = sandbox.run_to(2, &["plan", "suite.yaml", "--jobs", "1", "--max-cost", "12.99"]).stderr;
    assert!(said.contains("expected to cost 13.00 EUR, above 12.99 EUR"), "{said}");
    sandbox.run_to(0, &["plan", "suite.yaml", "--jobs", "1", "--max-cost", "13"]);
    let said = sandbox.run_to(2, &["plan", "suite.yaml", "--max-cost", "much"]).stderr;
    assert!(said.contains("12.50"), "{said}");

    sandbox.write("shmoo.yaml", "version: 1\nprices: { runners: { cpu: { hour: 1 } } }\n");
    assert_eq!(estimate(&sandbox, &[])["price"]["unpriced"], json!(["any", "gpu"]));
    let said = sandbox.run_to(2, &["plan", "suite.yaml", "--max-cost", "12"]).stderr;
    assert!(said.contains("machines without a price: any, gpu"), "{said}");
    sandbox.write("shmoo.yaml", "version: 1\n");
    assert_eq!(estimate(&sandbox, &[]).get("price"), None);
    let said = sandbox.run_to(2, &["plan", "suite.yaml", "--max-cost", "12"]).stderr;
    assert!(said.contains("no price to hold against"), "{said}");
}

#[test]
fn shards_are_taken_until_none_takes_too_long() {
    let sandbox = sandbox("version: 1\n");
    let shards = |limit: &str| {
        estimate(&sandbox, &["--shards", "2", "--stage", "wide", "--max-shard-time", limit])["shards"].clone()
    };
    assert_eq!(shards("1h").as_array().unwrap().len(), 2);
    assert_eq!(shards("1s").as_array().unwrap().len(), 4);
    let arguments = ["plan", "suite.yaml", "--shards", "2", "--stage", "wide", "--max-shard-time", "500ms"];
    let said = sandbox.run_to(2, &arguments).stderr;
    assert!(said.contains("the longest of 4 shards is expected to take 1"), "{said}");
    sandbox.run_to(2, &["plan", "suite.yaml", "--max-shard-time", "1h"]);
}

#[test]
fn a_report_says_what_was_spent() {
    let sandbox = sandbox(PRICES);
    sandbox.run_to(0, &["sweep", "suite.yaml", "--runner", "gpu"]);
    let report = sandbox.report();
    let costs = &report["costs"];
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{value} is no number"));
    // Four tasks hold two processors for 50 ms, four one.
    assert!(number(&costs["core_seconds"]) >= 0.6, "{costs}");
    assert_eq!(costs["currency"], "EUR");
    let sum =
        |rows: &Value, key: &str| -> f64 { rows.as_array().unwrap().iter().map(|row| number(&row["cost"][key])).sum() };
    for key in ["core_seconds", "gibibyte_seconds", "price"] {
        let total = number(&costs[key]);
        assert!(total > 0.0 && (sum(&report["tasks"], key) - total).abs() < 1e-9 * total.max(1.0), "{key}: {costs}");
        // What cases share is divided among them.
        assert!((sum(&report["cases"], key) - total).abs() < 1e-9 * total.max(1.0), "{key}");
    }
    for (format, wanted) in [("terminal", "cost "), ("markdown", "`cost "), ("html", "cost ")] {
        let said = sandbox.run(&["report", "last", "--format", format]).stdout;
        assert!(said.contains(wanted) && said.contains(" EUR"), "{format}: {said}");
    }
    let run = sandbox.runs().pop().unwrap();
    let record: Value = serde_json::from_slice(&std::fs::read(run.join("record.json")).unwrap()).unwrap();
    assert_eq!(record["costs"]["core_seconds"], costs["core_seconds"]);
    assert_eq!(record["costs"]["price"], costs["price"]);
    // Without prices the report is as before.
    sandbox.write("shmoo.yaml", "version: 1\n");
    let said = sandbox.run(&["report", "last"]).stdout;
    assert!(!said.contains("cost "), "{said}");
}
