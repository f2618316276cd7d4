//! Goldens in IREE's JSON files: checked, blessed in place, proposed.

use super::sandbox::{Said, Sandbox};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const SUITE: &str = r#"version: 1
suite: models
params:
  model: { code: m, values: [clip, vae] }
  sku: { code: s, values: [mi300, mi308] }
stages:
  bench:
    shell: "cat @ROOT@/measured/$SHMOO_PARAM_MODEL-$SHMOO_PARAM_SKU"
    evidence: [{ key_value: stdout }]
    metrics:
      time: { better: lower, unit: ms }
      size: { better: lower, unit: B }
      dispatches: { better: lower }
goldens:
  iree_json: benchmarks
  files:
    - name: "{model}_rocm.json"
      key: "{sku}"
      fields: { time: golden_time_ms, size: golden_size, dispatches: golden_dispatch }
  tolerance: { size: { side: worse } }
"#;

const CLIP: &str = r#"{
    "inputs": ["1x64xi64"],
    "function_run": "encode",
    "golden_time_tolerance_multiplier": {
        "mi300": 1.1
    },
    "golden_time_ms": {
        "mi300": 15.0
    },
    "golden_dispatch": {
        "mi300": 1139,
        "mi308": 1139
    },
    "golden_size": {
        "mi300": 860000,
        "mi308": 860000
    }
}
"#;

const VAE: &str = r#"{ "device" : "hip", "golden_time_ms" : { "mi300" : 60, "mi308" : 70 } }"#;

fn project() -> Sandbox {
    let sandbox = Sandbox::new(SUITE);
    sandbox.write("benchmarks/clip_rocm.json", CLIP);
    sandbox.write("benchmarks/vae_rocm.json", VAE);
    measure(&sandbox, "clip-mi300", 15.5, 850_000, 1139);
    measure(&sandbox, "clip-mi308", 16.25, 860_000, 1139);
    measure(&sandbox, "vae-mi300", 60.0, 370_000, 172);
    measure(&sandbox, "vae-mi308", 70.0, 370_000, 172);
    sandbox
}

fn measure(sandbox: &Sandbox, name: &str, time: f64, size: u32, dispatches: u32) {
    sandbox.write(&format!("measured/{name}"), format!("time={time}\nsize={size}\ndispatches={dispatches}\n"));
}

fn read(sandbox: &Sandbox, name: &str) -> String {
    fs::read_to_string(sandbox.path(name)).unwrap_or_default()
}

fn json(said: &Said) -> Value {
    serde_json::from_str(&said.stdout).unwrap()
}

/// Returns the findings of `check`, by metric and point, with their verdicts.
fn verdicts(said: &Said) -> BTreeMap<String, String> {
    let goldens = json(said)["goldens"].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let one =
        |found: &Value| (format!("{} {}", text(&found["metric"]), text(&found["point"])), text(&found["verdict"]));
    goldens.iter().map(one).collect()
}

/// Applies a diff as a person would.
fn git_apply(sandbox: &Sandbox, diff: &str) {
    sandbox.write("change.diff", diff);
    let git = Command::new("git")
        .args(["apply", "-p1", "change.diff"])
        .current_dir(sandbox.path(""))
        .env("GIT_CEILING_DIRECTORIES", sandbox.path("").parent().unwrap())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(git.status.success(), "{}\n{diff}", String::from_utf8_lossy(&git.stderr));
}

#[test]
fn a_bless_changes_the_values_in_place() {
    let sandbox = project();
    sandbox.run(&["sweep", "suite.yaml", "--jobs", "1", "--no-archive"]);
    let found = verdicts(&sandbox.run_to(11, &["check", "--format", "json"]));
    let of = |key: &str| found[key].as_str();
    assert_eq!(of("bench.time mclip_smi300"), "met");
    assert_eq!(of("bench.size mclip_smi300"), "met");
    assert_eq!((of("bench.time mclip_smi308"), of("bench.dispatches mvae_smi300")), ("missing", "missing"));
    assert_eq!(found.values().filter(|verdict| *verdict == "missing").count(), 5);

    let arguments = ["bless", "--case", "mclip*", "--reason", "a new board"];
    let said = sandbox.run_to(2, &arguments);
    assert!(said.stderr.contains("15.5 ms is worse than the golden 15.0 ms"), "{}", said.stderr);
    let arguments = [&arguments[..], &["--accept-regression", "issue 7"]].concat();
    let dry = sandbox.run_to(0, &[&arguments[..], &["--dry-run"]].concat());
    assert_eq!(read(&sandbox, "benchmarks/clip_rocm.json"), CLIP);
    let said = sandbox.start_command({
        let mut command = sandbox.shmoo(&arguments);
        command.env("CI", "true");
        command
    });
    assert_eq!(said.end().code, 2);
    sandbox.run_to(0, &arguments);
    let blessed = read(&sandbox, "benchmarks/clip_rocm.json");
    let expected = CLIP
        .replace("\"mi300\": 15.0\n", "\"mi300\": 15.5,\n        \"mi308\": 16.25\n")
        .replace("\"mi300\": 860000,", "\"mi300\": 850000,");
    assert_eq!(blessed, expected);
    assert_eq!(read(&sandbox, "benchmarks/vae_rocm.json"), VAE);
    let twin = sandbox.lines("benchmarks.provenance.jsonl");
    assert_eq!(twin.len(), 3, "{twin:?}");
    assert!(twin[0].contains("\"reason\":\"a new board\"") && twin[0].contains("\"link\":\"issue 7\""), "{}", twin[0]);

    // The diff of the dry run is the same change.
    sandbox.write("benchmarks/clip_rocm.json", CLIP);
    git_apply(&sandbox, &dry.stdout);
    assert_eq!(read(&sandbox, "benchmarks/clip_rocm.json"), expected);

    sandbox.run_to(0, &["bless", "--case", "mvae*", "--reason", "all of them"]);
    assert_eq!(
        read(&sandbox, "benchmarks/vae_rocm.json"),
        r#"{ "device" : "hip", "golden_time_ms" : { "mi300" : 60, "mi308" : 70 }, "golden_dispatch" : {"mi300" : 172, "mi308" : 172}, "golden_size" : {"mi300" : 370000, "mi308" : 370000} }"#
    );
    let found = verdicts(&sandbox.run_to(0, &["check", "--format", "json"]));
    assert_eq!((found.len(), found.values().all(|verdict| verdict == "met")), (12, true));
    let said = sandbox.run_to(3, &["bless", "--all", "--reason", "again"]);
    assert!(said.stderr.contains("12 values: already as measured"), "{}", said.stderr);
}

#[test]
fn goldens_are_proposed_as_a_diff() {
    let sandbox = project();
    for time in [16.6, 16.7, 16.8] {
        measure(&sandbox, "clip-mi300", time, 850_000, 1139);
        sandbox.run(&["sweep", "suite.yaml", "--jobs", "1", "--no-archive"]);
    }
    let said = sandbox.run_to(0, &["bless", "--propose", "--metric", "time", "--case", "mclip_smi300"]);
    assert!(
        said.stdout.contains("15.0 ms -> 16.7 ms: it is missed; of 3 runs miss it 3 before, 0 after"),
        "{}",
        said.stdout
    );
    assert_eq!(read(&sandbox, "benchmarks/clip_rocm.json"), CLIP);
    git_apply(&sandbox, &said.stdout);
    assert_eq!(read(&sandbox, "benchmarks/clip_rocm.json"), CLIP.replace("15.0", "16.7"));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let sandbox = project();
    sandbox.run(&["sweep", "suite.yaml", "--jobs", "1", "--no-archive"]);
    let wrong = CLIP.replace("golden_size", "golden_sizes").replace("1139,", "\"1139\",");
    sandbox.write("benchmarks/clip_rocm.json", wrong);
    let said = sandbox.run_to(2, &["check"]);
    for expected in ["clip_rocm.json:11:18", "remove the quotes", "clip_rocm.json:14:5", "did you mean `golden_size`?"]
    {
        assert!(said.stderr.contains(expected), "{}", said.stderr);
    }
    // Goldens of nothing that is planned.
    sandbox.write("benchmarks/clip_rocm.json", CLIP.replace("\"mi308\": 1139", "\"mi250\": 1139"));
    let said = sandbox.run_to(11, &["check", "--format", "json"]);
    assert_eq!(verdicts(&said)["bench.dispatches clip_rocm.json golden_dispatch.mi250"], "orphan");
    assert!(said.stdout.contains("clip_rocm.json:12:18"), "{}", said.stdout);
    let said = sandbox.run_to(0, &["bless", "--prune-orphans", "--reason", "gone"]);
    assert!(said.stdout.contains("clip_rocm.json golden_dispatch.mi250"), "{}", said.stdout);
    assert_eq!(read(&sandbox, "benchmarks/clip_rocm.json"), CLIP.replace(",\n        \"mi308\": 1139", ""));
    let twin = sandbox.lines("benchmarks.provenance.jsonl");
    assert!(twin.len() == 1 && twin[0].contains("\"action\":\"remove\""), "{twin:?}");
    let found = verdicts(&sandbox.run_to(11, &["check", "--format", "json"]));
    assert!(found.values().all(|verdict| verdict != "orphan"), "{found:?}");
}

#[test]
fn goldens_are_a_base() {
    let sandbox = project();
    sandbox.run(&["sweep", "suite.yaml", "--jobs", "1", "--no-archive"]);
    let compared = |base: &str| {
        let said = sandbox.run_to(11, &["report", "--base", base, "--format", "json"]);
        let comparison = json(&said)["comparison"].clone();
        let changes = comparison["changes"].as_array().unwrap().clone();
        let told = |change: &Value| {
            let text = |key: &str| change[key].as_str().unwrap_or_default().to_owned();
            (format!("{} {}", text("metric"), text("point")), (text("verdict"), change["base"].as_f64()))
        };
        changes.iter().map(told).collect::<BTreeMap<_, _>>()
    };
    let all = compared("golden:benchmarks");
    assert_eq!(all["bench.time mclip_smi300"], ("uncertain".to_owned(), Some(15.0)));
    assert_eq!(all["bench.size mclip_smi308"], ("unchanged".to_owned(), Some(860_000.0)));
    assert_eq!(all["bench.time mvae_smi308"], ("unchanged".to_owned(), Some(70.0)));
    // A golden that is not there is no base.
    assert_eq!(all["bench.time mclip_smi308"], ("uncertain".to_owned(), None));
    let one = compared("golden:benchmarks/clip_rocm.json");
    assert_eq!(one["bench.time mclip_smi300"], all["bench.time mclip_smi300"]);
    assert_eq!(one["bench.time mvae_smi308"], ("uncertain".to_owned(), None));
    // A copy elsewhere goes by its name.
    sandbox.write("before/clip_rocm.json", CLIP.replace("15.0", "15.5"));
    assert_eq!(compared("golden:before/clip_rocm.json")["bench.time mclip_smi300"].1, Some(15.5));
    let refused = |base: &str, why: &str| {
        let said = sandbox.run_to(2, &["report", "--base", base]);
        assert!(said.stderr.contains(why), "{}", said.stderr);
    };
    sandbox.write("before/other.json", "{}");
    refused("golden:before/other.json", "no goldens of the suite stand in");
    refused("golden:gone.json", "gone.json");
    // Without its folder the suite file says what stands where.
    fs::remove_dir_all(sandbox.path(".shmoo/runs")).unwrap();
    assert_eq!(compared("golden:benchmarks"), all);
    sandbox.write("suite.yaml", SUITE.split("goldens:").next().unwrap());
    refused("golden:benchmarks", "the suite does not say what stands in");
}

/// A golden in a real file.
struct Real {
    file: String,
    field: String,
    key: Option<String>,
    value: f64,
}

const FIELDS: [(&str, &str); 6] = [
    ("golden_time_ms", "time"),
    ("golden_times_ms", "time"),
    ("golden_size", "size"),
    ("golden_binary_size", "size"),
    ("golden_dispatch", "dispatches"),
    ("golden_dispatch_count", "dispatches"),
];

impl Real {
    fn metric(&self) -> &'static str {
        FIELDS.iter().find(|(field, _)| *field == self.field).unwrap().1
    }
}

/// Returns the folder with real definitions, or says that the test is skipped.
#[expect(clippy::print_stderr, reason = "who runs the tests should see which are skipped")]
fn real_files(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("SHMOO_SHARED_DATA").map(|folder| PathBuf::from(folder).join("iree-models"));
    let found = folder.filter(|folder| folder.is_dir());
    if found.is_none() {
        eprintln!("skipped: {test}: SHMOO_SHARED_DATA names no folder with iree-models");
    }
    found
}

fn json_files(folder: &Path, below: &str, found: &mut Vec<String>) {
    let mut names: Vec<_> = fs::read_dir(folder.join(below)).unwrap().map(|entry| entry.unwrap()).collect();
    names.sort_by_key(std::fs::DirEntry::file_name);
    for entry in names {
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        match entry.file_type().unwrap().is_dir() {
            true => json_files(folder, &format!("{name}/"), found),
            false if name.ends_with(".json") => found.push(name),
            false => {}
        }
    }
}

/// Finds all goldens as another reader sees them.
fn goldens(folder: &Path) -> Vec<Real> {
    let (mut files, mut found) = (Vec::new(), Vec::new());
    json_files(folder, "", &mut files);
    for file in files {
        let root: Value = serde_json::from_str(&fs::read_to_string(folder.join(&file)).unwrap()).unwrap();
        for (field, _) in FIELDS {
            let real = |key: Option<&String>, value: &Value| Real {
                file: file.clone(),
                field: field.to_owned(),
                key: key.cloned(),
                value: value.as_f64().unwrap(),
            };
            match &root[field] {
                Value::Null => {}
                Value::Object(entries) => found.extend(entries.iter().map(|(key, value)| real(Some(key), value))),
                value => found.push(real(None, value)),
            }
        }
    }
    found
}

/// A suite with one case for each golden.
fn suite_of(goldens: &[Real]) -> String {
    let item = |(index, golden): (usize, &Real)| {
        let key = golden.key.as_ref().map_or(String::new(), |key| format!("key: \"{key}\", "));
        let (file, field, metric) = (&golden.file, &golden.field, golden.metric());
        format!("    - {{ where: \"g == {index}\", name: \"{file}\", {key}fields: {{ {metric}: {field} }} }}\n")
    };
    let items: String = goldens.iter().enumerate().map(item).collect();
    format!(
        r#"version: 1
suite: real
params:
  g: {{ code: g, values: {{ range: {{ start: 0, stop: {}, step: 1 }} }} }}
stages:
  bench:
    shell: "cat @ROOT@/measured/$SHMOO_PARAM_G"
    evidence: [{{ key_value: stdout }}]
    metrics: {{ time: {{ unit: ms }}, size: {{ unit: B }}, dispatches: {{}} }}
goldens:
  iree_json: models
  files:
{items}"#,
        goldens.len() - 1
    )
}

#[test]
fn every_real_golden_is_found_and_blessed_in_place() {
    let Some(folder) = real_files("every_real_golden_is_found_and_blessed_in_place") else { return };
    let goldens = goldens(&folder);
    assert!(goldens.len() > 100, "{}", goldens.len());
    let sandbox = Sandbox::new(&suite_of(&goldens));
    let mut files: Vec<&str> = goldens.iter().map(|golden| golden.file.as_str()).collect();
    files.dedup();
    for file in &files {
        sandbox.write(&format!("models/{file}"), fs::read(folder.join(file)).unwrap());
    }
    let measure = |more: f64| {
        for (index, golden) in goldens.iter().enumerate() {
            let of = |metric: &str| if metric == golden.metric() { golden.value + more } else { 0.0 };
            let values = ["time", "size", "dispatches"].map(|metric| format!("{metric}={}\n", of(metric)));
            sandbox.write(&format!("measured/{index}"), values.concat());
        }
        sandbox.run(&["sweep", "suite.yaml", "--no-archive"]);
    };
    measure(0.0);
    let found = verdicts(&sandbox.run_to(0, &["check", "--format", "json"]));
    assert_eq!(found.values().filter(|verdict| *verdict == "met").count(), goldens.len());
    assert_eq!(found.len(), goldens.len());

    measure(1.0);
    let now = |file: &str| read(&sandbox, &format!("models/{file}"));
    for index in (0..goldens.len()).step_by(17) {
        let golden = &goldens[index];
        let before = now(&golden.file);
        let (case, metric) = (format!("g{index}"), golden.metric());
        sandbox.run_to(0, &["bless", "--case", &case, "--metric", metric, "--reason", "one"]);
        let after = now(&golden.file);
        let lines = before.split_inclusive('\n').zip(after.split_inclusive('\n'));
        assert_eq!(lines.filter(|(before, after)| before != after).count(), 1, "{}", golden.file);
        assert_eq!(before.matches('\n').count(), after.matches('\n').count());
    }
    sandbox.run_to(0, &["bless", "--all", "--reason", "all"]);
    for golden in &goldens {
        let root: Value = serde_json::from_str(&now(&golden.file)).unwrap();
        let field = &root[&golden.field];
        let value = golden.key.as_ref().map_or(field, |key| &field[key]);
        assert_eq!(value.as_f64(), Some(golden.value + 1.0), "{} {}", golden.file, golden.field);
    }
    for file in files {
        let (before, after) = (fs::read_to_string(folder.join(file)).unwrap(), now(file));
        let own = goldens.iter().filter(|golden| golden.file == file).count();
        let lines = before.split_inclusive('\n').zip(after.split_inclusive('\n'));
        assert_eq!(lines.filter(|(before, after)| before != after).count(), own, "{file}");
    }
}
