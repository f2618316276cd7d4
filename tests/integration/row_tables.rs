//! Tables that report many cases, with rows that are not as they should be: what they cost, and what they do not.

use super::sweep_project::SweepProject;
use serde_json::Value;

const SUITE: &str = r#"
version: 1
suite: tables
params:
  op: { code: op, values: [add] }
  size: { code: n, values: [1, 2, 4, 8] }
stages:
  measure:
    per: [op]
    shell: "printf 'length,cycles\n1,10\n2,20\n4,40\n8,80\n' | sed \"$EDIT\" > perf.csv"
    env: { EDIT: "" }
    rows:
      csv: perf.csv
      keys: { size: length }
      fields: { total: cycles }
    metrics:
      cycles: { of: total, unit: cycles, better: lower }
models:
  cost: { from: measure, target: cycles, features: { items: size } }
"#;

/// Sweeps with a table that is edited, and returns the record and what the report warns of.
fn edited(edit: &str, code: i32) -> (Value, String) {
    let project = SweepProject::with(&[]);
    project.write("tables.yaml", &SUITE.replace(r#"EDIT: """#, &format!("EDIT: '{edit}'")));
    let report = project.json(code, &["sweep", "tables.yaml", "--no-compare", "--format", "json"]);
    let record = serde_json::from_str(&project.read(&project.last_run().join("record.json"))).unwrap();
    (record, report["warnings"].to_string())
}

/// Returns the values of the metric, in the order of the cases.
fn values(record: &Value) -> Vec<f64> {
    let rows = record["metrics"].as_array().unwrap().iter();
    rows.filter(|row| row["metric"] == "cycles").map(|row| row["value"].as_f64().unwrap()).collect()
}

#[test]
fn a_row_that_is_odd_costs_no_other_case_its_value() {
    let broken = |edit: &str, message: &str| {
        let (record, _) = edited(edit, 10);
        assert_eq!(values(&record), [10.0, 20.0, 80.0], "{edit}");
        let verdicts: Vec<&str> =
            record["cases"].as_array().unwrap().iter().map(|case| case["verdict"].as_str().unwrap()).collect();
        assert_eq!(verdicts, ["pass", "pass", "error", "pass"], "{edit}");
        assert_eq!(record["tasks"][0]["rows"][2]["message"], message);
        // The model is fitted to what is there.
        assert_eq!(record["models"][0]["used"], 3, "{edit}");
    };
    broken("s/^4,.*/4,N\\/A/", "`perf.csv` line 4: `cycles` is `N/A`");
    broken("/^4,/d", "`perf.csv` has no row for it");
    broken("s/^4,.*/4,40\\n4,41/", "`perf.csv` has 2 rows for it (lines 4, 5)");

    let told = |edit: &str, warning: &str| {
        let (record, warnings) = edited(edit, 0);
        assert_eq!(values(&record), [10.0, 20.0, 40.0, 80.0], "{edit}");
        assert!(warnings.contains(warning), "{warnings}");
    };
    told("s/^4,.*/4,40\\n4,40/", "the table `perf.csv`: line 5 is line 4 again, and counts once");
    told("s/^4,.*/4,40\\n9,90/", "the table `perf.csv`: line 5: no case was asked for with size=9");
}
