//! The JSON schemas, and that reader and schema agree on every key.

use super::load;
use crate::config::{load_project, project_schema, starter_suite, suite_from_openfasoc, suite_schema};
use serde_json::Value as Json;

#[test]
fn schemas_are_closed_and_documented() {
    for schema in [suite_schema(), project_schema()] {
        let definitions = schema["$defs"].as_object().unwrap();
        for (name, definition) in definitions {
            let Some(properties) = definition["properties"].as_object() else { continue };
            assert!(definition["description"].is_string(), "{name}");
            if name != "ToleranceRuleFile" {
                assert_eq!(definition["additionalProperties"], Json::Bool(false), "{name}");
                for (key, property) in properties {
                    assert!(property["description"].as_str().is_some_and(|text| text.len() > 3), "{name}.{key}");
                }
            }
        }
        check_references(&schema, definitions);
    }
    let schema = suite_schema();
    let keys: Vec<&String> = schema["$defs"]["RangeFile"]["properties"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["start", "stop", "step", "exclusive"]);
    assert_eq!(schema["$defs"]["RangeFile"]["required"], serde_json::json!(["start", "stop", "step"]));
}

fn check_references(value: &Json, definitions: &serde_json::Map<String, Json>) {
    match value {
        Json::Object(entries) => {
            if let Some(Json::String(target)) = entries.get("$ref") {
                let name = target.strip_prefix("#/$defs/").unwrap();
                assert!(definitions.contains_key(name) && !definitions[name].is_null(), "{target}");
            }
            entries.values().for_each(|value| check_references(value, definitions));
        }
        Json::Array(items) => items.iter().for_each(|value| check_references(value, definitions)),
        _ => {}
    }
}

/// A file with `KEY: ~` at the place of a shape; the reader must know each key of the schema there.
fn file_with(shape: &str, key: &str) -> Option<String> {
    let suite = |text: String| Some(format!("version: 1\nsuite: s\n{text}"));
    let stage = |text: String| suite(format!("stages:\n  r:\n{text}"));
    match shape {
        "SuiteFile" => Some(format!("{key}: ~\n")),
        "ParamFile" => suite(format!("params: {{ p: {{ {key}: ~ }} }}\n")),
        "RangeFile" => suite(format!("params: {{ p: {{ values: {{ range: {{ {key}: ~ }} }} }} }}\n")),
        "StepsFile" => suite(format!("params: {{ p: {{ values: {{ log: {{ {key}: ~ }} }} }} }}\n")),
        "GeneratorFile" => suite(format!("params: {{ p: {{ values: {{ {key}: ~ }} }} }}\n")),
        "ComputedMapFile" => suite(format!("let: {{ x: {{ {key}: ~ }} }}\n")),
        "BlockFile" => suite(format!("cases: [{{ {key}: ~ }}]\n")),
        "TakeFile" => suite(format!("cases: [{{ take: {{ {key}: ~ }} }}]\n")),
        "ProfileFile" => suite(format!("profiles: {{ x: {{ {key}: ~ }} }}\n")),
        "ModelFile" => suite(format!("models: {{ x: {{ {key}: ~ }} }}\n")),
        "PlotFile" => suite(format!("plots: [{{ {key}: ~ }}]\n")),
        "ShmooFile" => suite(format!("plots: [{{ shmoo: {{ {key}: ~ }} }}]\n")),
        "GoldensFile" => suite(format!("goldens: {{ {key}: ~ }}\n")),
        "IreeFilesFile" => suite(format!("goldens: {{ files: [{{ {key}: ~ }}] }}\n")),
        "ToleranceFile" => suite(format!("goldens: {{ tolerance: {{ m: {{ {key}: ~ }} }} }}\n")),
        "KnownFailureFile" => suite(format!("known_failures: [{{ {key}: ~ }}]\n")),
        "ArchiveFile" => suite(format!("archive: {{ {key}: ~ }}\n")),
        "StageFile" => stage(format!("    {key}: ~\n")),
        "SourceMapFile" => stage(format!("    inputs: [{{ {key}: ~ }}]\n")),
        "AfterMapFile" => stage(format!("    after: {{ {key}: ~ }}\n")),
        "ReportFile" => stage(format!("    evidence: [{{ json: {{ {key}: ~ }} }}]\n")),
        "RowsFile" => stage(format!("    rows: {{ {key}: ~ }}\n")),
        "MetricFile" => stage(format!("    metrics: {{ m: {{ {key}: ~ }} }}\n")),
        "WithinFile" => stage(format!("    metrics: {{ m: {{ better: {{ {key}: ~ }} }} }}\n")),
        "MinEffectRuleFile" => stage(format!("    metrics: {{ m: {{ min_effect: {{ {key}: ~ }} }} }}\n")),
        "ExpectFile" => stage(format!("    metrics: {{ m: {{ expect: {{ {key}: ~ }} }} }}\n")),
        "RetryFile" => stage(format!("    retry: [{{ {key}: ~ }}]\n")),
        "RepeatFile" => stage(format!("    repeat: {{ {key}: ~ }}\n")),
        "ProjectFile" => Some(format!("{key}: ~\n")),
        "LimitsFile" => Some(format!("version: 1\nlimits: {{ {key}: ~ }}\n")),
        "ResourceFile" => Some(format!("version: 1\nresources: {{ r: {{ {key}: ~ }} }}\n")),
        "ToolFile" => Some(format!("version: 1\ntools: {{ t: {{ {key}: ~ }} }}\n")),
        "KeepFile" => Some(format!("version: 1\nkeep: {{ {key}: ~ }}\n")),
        "PricesFile" => Some(format!("version: 1\nprices: {{ {key}: ~ }}\n")),
        "PriceFile" => Some(format!("version: 1\nprices: {{ default: {{ {key}: ~ }} }}\n")),
        "PackFile" => Some(format!("version: 1\narchive: {{ {key}: ~ }}\n")),
        _ => None,
    }
}

#[test]
fn reader_and_schema_know_the_same_keys() {
    let mut shapes = 0;
    for (schema, is_suite) in [(suite_schema(), true), (project_schema(), false)] {
        let problems = |text: &str| {
            if is_suite { load(text).err() } else { load_project("p.yaml", text).err().map(|found| found.to_string()) }
        };
        for (name, definition) in schema["$defs"].as_object().unwrap() {
            let Some(properties) = definition["properties"].as_object() else { continue };
            if name == "ToleranceRuleFile" {
                continue;
            }
            shapes += 1;
            for key in properties.keys() {
                let text = file_with(name, key).unwrap_or_else(|| panic!("no file for {name}"));
                let said = problems(&text).unwrap_or_default();
                assert!(!said.contains("unknown key"), "{name}.{key}: {said}");
            }
            let said = problems(&file_with(name, "qqqqq").unwrap()).unwrap_or_default();
            assert!(said.contains("unknown key `qqqqq`"), "{name}: {said}");
        }
    }
    assert_eq!(shapes, 36);
}

#[test]
fn the_starter_loads_without_warnings() {
    for name in ["first", "My Suite!", "", "7up", "Ünï"] {
        let loaded = load(&starter_suite(name)).unwrap_or_else(|problems| panic!("{name}: {problems}"));
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    }
    assert!(starter_suite("My Suite!").contains("\nsuite: my-suite\n"));
}

fn imported(text: &str, inclusive: bool) -> String {
    match suite_from_openfasoc("sweep.yml", text, inclusive) {
        Ok(suite) => {
            let loaded = load(&suite).unwrap_or_else(|problems| panic!("{suite}\n{problems}"));
            assert!(loaded.warnings.is_empty());
            let values = loaded.suite.schema.params().iter().map(|param| {
                let values: Vec<String> = param.values.iter().map(ToString::to_string).collect();
                format!("{} {}", param.name, values.join(" "))
            });
            format!("{}: {}", loaded.suite.name, values.collect::<Vec<_>>().join(", "))
        }
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn openfasoc_sweeps_become_suites() {
    let check = |text: &str, inclusive: bool, expected: &str| assert_eq!(imported(text, inclusive), expected, "{text}");
    let sense = "designName: tempSenseInst_error\nninv: [3, 5, 1]\nnhead: [5, 7, 1]\n";
    check(sense, false, "temp-sense-inst_error: ninv 3 4, nhead 5 6");
    check(sense, true, "temp-sense-inst_error: ninv 3 4 5, nhead 5 6 7");
    let ldo = "designName: ldoInst\nvin:  [1.8, 2.1, 0.1]\nimax: [1, 1.5, 0.5]\n";
    check(ldo, false, "ldo-inst: vin 1.8 1.9 2, imax 1");
    check(ldo, true, "ldo-inst: vin 1.8 1.9 2 2.1, imax 1 1.5");
    check("VoltsOut: 1.8, 3.3, 0.5\n", true, "imported: VoltsOut 1.8 2.3 2.8 3.3");
    check("a: [1, 3, 1]\nab: [1, 2, 1]\nA: [1, 2, 1]\n", true, "imported: a 1 2 3, ab 1 2, A 1 2");
    check("a: [1, 3]\n", true, "sweep.yml:1:4: expected `[start, stop, step]`, found a list");
    check("a: [1, 3, 0]\n", true, "sweep.yml:1:4: a step of 0 never arrives");
    check("a: [3, 1, 1]\n", true, "sweep.yml:1:4: start 3 is above stop 1 (swap them)");
    check(
        "a: [3, 3, 1]\n",
        false,
        "sweep.yml:1:4: from 3 to 3, without 3 itself, there is no value (take the stop as a value with `--inclusive`)",
    );
    check("a: [3, x, 1]\n", true, "sweep.yml:1:8: expected a number: `x` is not a number");
    check("designName: x\n", true, "sweep.yml:1:1: nothing is swept here (write a line `NAME: [start, stop, step]`)");
    check("[1]\n", true, "sweep.yml:1:1: expected lines `NAME: [start, stop, step]`, found a list");
    check(
        "a b: [1, 3, 1]\n",
        true,
        "sweep.yml:1:1: `a b` cannot name a parameter (a name is a letter, then letters, digits and `_`)",
    );
}

#[test]
fn project_files() {
    let read = |text: &str| match load_project("shmoo.yaml", text) {
        Ok((project, ..)) => format!("{project:?}"),
        Err(problems) => problems.to_string().replace("shmoo.yaml:", ""),
    };
    assert_eq!(read("version: 1\n"), format!("{:?}", crate::config::Project::default()));
    let full = "version: 1
suites: [a/*.yaml]
store: gs://bucket/prefix
history: postgres://host/db
limits: { jobs: 4, cpu: 3.5, memory: 8GiB }
resources: { spectre: { amount: 3, site: true }, gpu: { amount: 1 } }
tools: { magic: { path: /opt/magic, version: [--version], install: apt install magic }, python3: {} }
timeout: 10m
output_limit: 1MiB
keep: { runs: 5, days: 30 }
env_pass: [PDK_ROOT]
archive: { level: 9 }
";
    let (project, ..) = load_project("shmoo.yaml", full).unwrap();
    assert_eq!(
        (project.store.as_str(), project.archive_level, project.output_limit),
        ("gs://bucket/prefix", 9, 1 << 20)
    );
    assert_eq!((project.limits.jobs, project.limits.memory), (Some(4), Some(8 << 30)));
    assert!(project.resources[0].site && !project.resources[1].site);
    assert_eq!(project.tools[0].path.as_deref(), Some("/opt/magic"));
    assert_eq!((project.keep.runs, project.keep.days), (5, 30));
    let check = |text: &str, expected: &str| assert_eq!(read(&format!("version: 1\n{text}\n")), expected, "{text}");
    check("stor: x", "2:1: unknown key `stor` in a project (did you mean `store`?)");
    check(
        "store: s3://x",
        "2:8: `s3://x` is not a place for it (it starts with `file:` or `gs://`, such as `file:.shmoo/store`)",
    );
    check(
        "history: 'sqlite:'",
        "2:10: `sqlite:` is not a place for it (it starts with `sqlite:` or `postgres://` or `postgresql://` or `env:`, such as `sqlite:.shmoo/history.db`)",
    );
    let secret = "`history` has a password in it, which does not belong into a file (leave it out: `PGPASSWORD` or `~/.pgpass` have it; or write `history: env:VARIABLE`, and put the URL there)";
    check("history: postgres://ci:hunter2@db/x", secret);
    check("history: postgres://ci@db/x?password=hunter2", secret);
    check("history: postgres://ci:a@hunter2@db/x", secret);
    check(
        "history: 'env:A=B'",
        "2:10: `A=B` cannot name an environment variable (name one variable, such as `env:SHMOO_HISTORY`)",
    );
    check(
        "baselines: [previous, newest]",
        "2:23: `newest` is no baseline (it is `previous`, `merge-base`, `ancestor`, `branch:NAME`, `run:NAME`, `golden:FILE`, `best` or `best:RUNS`)",
    );
    check("baselines: ['best:0']", "2:13: `best:0` is no number of runs (write such as `best:10`)");
    check("limits: { jobs: 0 }", "2:17: `jobs` must be at least 1");
    check("limits: { cpu: 0 }", "2:16: `cpu` must be above 0");
    check("limits: { memory: lots }", "2:19: `lots` is not a size such as `64MiB`, `4GiB` or `500MB`");
    check("resources: { gpu: { amount: 0 } }", "2:29: there must be some of a resource (write a number above 0)");
    check("resources: { cpu: { amount: 1 } }", "2:14: `cpu` is a limit of the machine (write `limits: { cpu: ... }`)");
    check("timeout: soon", "2:10: `soon` is not a time such as `500ms`, `30s`, `2m`, `1h30m` or `2d`");
    check("timeout: 0", "2:10: a time limit of 0 kills every task");
    check("env_pass: [A=B]", "2:12: `A=B` cannot name an environment variable (name one variable in each item)");
    check("prices: { default: { hour: -1 } }", "2:28: a price is at least 0");
    let shares = "a price is for a whole machine or for shares of it (write `hour`, or `core_hour` and `gib_hour`)";
    check("prices: { runners: { gpu: { hour: 1, core_hour: 1 } }, default: { hour: 1 } }", &format!("2:27: {shares}"));
    check("prices: { default: { gib_hour: 1 }, runners: { gpu: { hour: 1 } } }", &format!("2:20: {shares}"));
    check(
        "prices: { currency: EUR }",
        "2:9: no machine has a price (write `default: { hour: 0.48 }`, or a price by label under `runners`)",
    );
    check("archive: { level: 13 }", "2:19: 13 is no level (they go from 1 to 12)");
    check(
        "suites: ['{']",
        "2:10: `{` is not a pattern for paths: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)",
    );
    assert_eq!(read("store: file:x\n"), "1:1: `version` is missing here");
    assert_eq!(
        read("version: 3\nnew: 1\n"),
        "1:10: this file is of version 3, and this shmoo reads version 1 (update shmoo)"
    );
}

#[test]
fn what_only_looks_wrong_is_a_warning() {
    let warnings = |text: &str| match load(&format!(
        "version: 1\nsuite: s\nparams: {{ a: {{ code: a, values: [1, 2] }}, w: {{ code: w, values: [x, y] }} }}\n{text}"
    )) {
        Err(problems) => problems,
        Ok(loaded) => crate::value::Problems { list: loaded.warnings, sources: loaded.suite.sources }
            .to_string()
            .replace("s.yaml:", ""),
    };
    let check = |text: &str, expected: &str| assert_eq!(warnings(text), expected, "{text}");
    let one = "stages:\n  one: { cmd: [x], outputs: [o] }\n";
    check(one, "");
    check(
        "stages:\n  s:\n    let: { td: 1 }\n    shell: |\n      run {a} ${a} {b} '{td}'\n    outputs: [o]\n",
        "8:11: `{a}` is not replaced in `shell` (write `$SHMOO_PARAM_A`)\n8:25: `{td}` is not replaced in `shell` (write `$SHMOO_LET_TD`)",
    );
    check(
        &format!("{one}  two: {{ inputs: {{ d: {{ each: one/o }} }}, cmd: [x], outputs: [p] }}\n"),
        "6:31: this gathers exactly one task of `one` (name the parameters to gather over under `across`)",
    );
    check(
        "stages:\n  one: { cmd: [x], evidence: [{ size: f }], metrics: { size: { min_effect: 1% } } }\n",
        "5:62: `min_effect` of `size` means nothing without `better`",
    );
    check(
        &format!("let: {{ t: {{ pick: w, from: {{ x: 1, z: 2 }}, else: 3 }} }}\n{one}"),
        "4:36: `w` is never `z` (known: `x`, `y`)",
    );
    check(
        &format!("{one}known_failures: [{{ stage: one, verdict: fail }}]\n"),
        "6:18: a known failure that nobody gives a reason for (say why in `reason`, or where it is told in `issue`)",
    );
}

#[test]
fn files_that_cost_too_much_are_refused() {
    let head = "version: 1\nsuite: s\nstages: { r: { cmd: [x], outputs: [y] } }\n";
    let starts = |text: String, expected: &str| {
        let said = load(&text).err().unwrap_or_default();
        assert!(said.starts_with(expected), "{}", said.chars().take(300).collect::<String>());
    };
    let many = |key: &str, item: &str, count: usize| {
        let items: String = (0..count).map(|index| format!("  x{index}: {item}\n")).collect();
        format!("{head}{key}:\n{items}")
    };
    starts(many("params", "{ code: a }", 20_000), "s.yaml:205:3: a suite has at most 200 parameters");
    let chain: String = (0..5_000).map(|index| format!("  x{index}: {{ expr: x{} }}\n", index + 1)).collect();
    starts(format!("{head}let:\n{chain}  x5000: 1\n"), "s.yaml:5:3: `x0` needs a chain of more than 100 values");
    let unknown: String = (0..60_000).map(|index| format!("unknown{index}: 1\n")).collect();
    starts(format!("{head}{unknown}"), "s.yaml:4:1: unknown key `unknown0` in a suite");
    let stages: String = (0..20_000).map(|index| format!("  x{index}: {{ cmd: [x] }}\n")).collect();
    starts(format!("version: 1\nsuite: s\nstages:\n{stages}"), "s.yaml:504:3: a suite has at most 500 stages");
    let names: Vec<String> = (0..8_000).map(|index| format!("q{index}")).collect();
    starts(format!("{head}where: [\"{}\"]\n", names.join(" + ")), "s.yaml:4:10: unknown name `q0`");
    let same = vec!["1"; 100_000].join(",");
    starts(
        format!("{head}params: {{ a: {{ code: a, values: [{same}] }} }}\n"),
        "s.yaml:4:36: the value `1` occurs twice",
    );
}
