//! Runs of other programs in the history.

use super::sandbox::Sandbox;
use serde_json::{Value, json};

/// Runs of a benchmark that became slower after the tenth.
fn data() -> String {
    let entries: Vec<Value> = (0..20)
        .map(|number| {
            let level = if number < 10 { 100.0 } else { 150.0 };
            json!({
                "commit": { "id": format!("{number:040x}"), "message": "m" },
                "date": 1_700_000_000_000_u64 + 86_400_000 * number,
                "tool": "cargo",
                "benches": [
                    { "name": "encode", "value": level + (number * 7 % 5) as f64, "unit": "ns/iter", "range": "± 2" },
                    // Benchmarks of one program have units of their own.
                    { "name": "encode - allocs/op", "value": 2, "unit": "allocs/op" },
                ],
            })
        })
        .collect();
    format!("window.BENCHMARK_DATA = {}", json!({ "lastUpdate": 1, "entries": { "Codec": entries } }))
}

#[test]
fn a_history_moves_in() {
    let sandbox = Sandbox::new("version: 1\nsuite: other\nstages: { one: { cmd: [\"true\"], evidence: [exit] } }\n");
    sandbox.write("data.js", data());
    let import = ["history", "import", "--from", "github-action-benchmark", "data.js", "--branch", "main"];
    let dry = sandbox.run_to(0, &[&import[..], &["--dry-run"]].concat());
    assert!(dry.stderr.contains("would import 20 runs"), "{}", dry.stderr);
    let said = sandbox.run_to(0, &import);
    assert!(said.stderr.contains("imported 20 runs: 20 new"), "{}", said.stderr);
    let again = sandbox.run_to(0, &import);
    assert!(again.stderr.contains("20 there already"), "{}", again.stderr);

    let listed = sandbox.run_to(0, &["history", "list", "--suite", "codec", "--format", "json"]);
    let runs: Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 20);
    // The change of level is found, between its commits.
    let changes = sandbox.run_to(0, &["changes", "--suite", "codec", "--format", "json"]);
    let found: Value = serde_json::from_str(&changes.stdout).unwrap();
    let text = found.to_string();
    assert!(text.contains(&format!("{:040x}", 10)), "{text}");
    let series: Vec<[&Value; 2]> =
        found["series"].as_array().unwrap().iter().map(|series| [&series["point"], &series["unit"]]).collect();
    assert_eq!(json!(series), json!([["benchencode", "ns/iter"], ["benchencode=20-=20allocs=2Fop", "allocs/op"]]));
    let site = sandbox.run_to(0, &["report", "--site", "public", "--pages", "5"]);
    assert!(!site.stderr.contains("warning"), "{}", site.stderr);
    let told = "5 pages are of runs that only the history knows: they have no logs, plots and costs";
    assert!(site.stderr.contains(told), "{}", site.stderr);
    // Both benchmarks over all runs; what changed its level comes first.
    let page = std::fs::read_to_string(sandbox.path("public/codec/index.html")).unwrap();
    assert_eq!(page.matches("<figure").count(), 2);
    let first = page.split("</figure>").next().unwrap();
    assert!(first.contains("benchmark.value at benchencode</figcaption>") && first.contains("20 runs"), "{first}");
    assert_eq!(first.matches("<circle").count(), 20);
    assert!(first.contains("105.00 ns/iter") || first.contains("ns/iter became"), "{first}");
    assert!(!page.contains("0ms"), "a run whose duration nobody knows took no time");
    let newest = runs["runs"][0]["run"].as_str().unwrap();
    let page = std::fs::read_to_string(sandbox.path(&format!("public/codec/{newest}.html"))).unwrap();
    assert!(!page.contains("shmoo run ") && !page.contains("suite file"), "nothing can be run again");
    assert!(page.contains("<dt>took</dt><dd>–</dd>") && !page.contains("0ms"), "{page}");
    let shown = sandbox.run_to(0, &["history", "show", newest]).stdout;
    assert!(shown.contains("suite    codec\n"), "{shown}");
    let listed = sandbox.run_to(0, &["history", "list", "--suite", "codec", "--limit", "1"]).stdout;
    assert!(shown.contains(", took –\n") && !shown.contains("0ms"), "{shown}");
    assert!(listed.contains("  –  ") && !listed.contains("0ms"), "{listed}");

    let wrong = sandbox.run_to(2, &["history", "import", "--suite", "codec", "data.js"]);
    assert!(wrong.stderr.contains("name the other program with `--from`"), "{}", wrong.stderr);
    sandbox.write("broken.js", data().replace("ns/iter", "").replace("\"value\":100.0", "\"value\":null"));
    let broken = sandbox.run_to(2, &["history", "import", "--from", "github-action-benchmark", "data.js", "broken.js"]);
    assert!(broken.stderr.contains("broken.js: `entries.Codec[0].benches[0]`: has no `value`"), "{}", broken.stderr);
    sandbox.run_to(2, &["history", "import", "--from", "bencher", "data.js", "--suite", "Bad Name"]);
    sandbox.write("report.json", r#"{"encode":{"latency":{"value":3}}}"#);
    let other = sandbox.run_to(2, &["history", "import", "--from", "github-action-benchmark", "report.json"]);
    assert!(other.stderr.contains("report.json has no `entries`"), "{}", other.stderr);
    assert!(other.stderr.contains("hint: report.json looks like a file of `--from bencher`"), "{}", other.stderr);
}
