//! The sweep of an accelerator's operations end to end, with a stand-in for the tool that measures them: from the
//! list of operations to parameters, their next version, and estimates by them.

use super::sweep_project::SweepProject;
use serde_json::Value;

const SUITE: &str = "configs/op-model.yaml";
const LIST: &str = "configs/op-model/default_operations.yaml";
const SHORT: &str = "\
version: 1
cases:
  - { over: { op: [sigmoid, sqrt], df: Bfp8_b }, let: { type: unary } }
  - { over: { op: add, df: [Bfp8_b, Int8] }, let: { type: binary } }
  - over: { op: matmul, fidelity: LoFi, df: Bfp8_b, mb_r: [2, 4], mb_c: [2, 4], ub_r: [1, 2], ub_c: [1, 2], k: [1, 4], q: [1, 4] }
    let: { type: matmul }
";

fn project() -> SweepProject {
    let project = SweepProject::with(&[SUITE, LIST]);
    project.copy("tests/fixtures/op-model/perf_sweep", "tools/perf_sweep");
    project.write("short.yaml", SHORT);
    project.write(
        "shmoo.yaml",
        "version: 1\ntools: { perf_sweep: { path: tools/perf_sweep } }\nenv_pass: [PERF_SWEEP_FAILS]\n",
    );
    project
}

const SWEEP: [&str; 6] = ["sweep", SUITE, "--runner", "tt-wormhole_b0", "--operations-cfg", "short.yaml"];

fn with<'a>(arguments: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    arguments.iter().chain(more).copied().collect()
}

fn value<'a>(models: &'a Value, model: &str, op: &str, set: &str, name: &str) -> &'a Value {
    let models = models["models"].as_array().unwrap();
    let fits = models.iter().find(|found| found["model"] == model).unwrap()["fits"].as_array().unwrap();
    let fit = fits.iter().find(|fit| fit["op"] == op && fit["set"] == set).unwrap_or_else(|| panic!("{op} {set}"));
    let coefficients = fit["coefficients"].as_array().unwrap();
    &coefficients.iter().find(|found| found["name"] == name).unwrap()["value"]
}

fn passed_and_broken(report: &Value) -> (u64, u64) {
    let tasks = &report["totals"]["tasks"];
    (tasks["pass"].as_u64().unwrap(), tasks["error"].as_u64().unwrap())
}

#[track_caller]
fn close(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap();
    assert!((found / expected - 1.0).abs() < 0.03, "{found} is not {expected}");
}

#[test]
fn from_a_sweep_to_parameters_and_estimates() {
    let mut project = project();
    // An operation of which a shape is not measured is an error, and the sweep goes on.
    project.env("PERF_SWEEP_FAILS", "sqrt");
    let report = project.json(10, &with(&SWEEP, &["--format", "json"]));
    assert_eq!(passed_and_broken(&report), (4, 1));
    // The stand-in's own numbers come out.
    close(value(&report, "eltwise", "sigmoid", "base", "ublock_weight"), 25.0);
    close(value(&report, "eltwise", "sigmoid", "base", "tile_weight"), 266.0);
    close(value(&report, "eltwise", "add", "df_int8", "tile_weight"), 99.0);
    close(value(&report, "matmul", "matmul", "df_bfp", "unpack_ublocks_weight"), 190.0);
    // What was measured is not measured again, what failed is.
    project.env("PERF_SWEEP_FAILS", "");
    let said = project.shmoo(&with(&SWEEP, &["--continue-run"]));
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    assert!(said.stderr.contains("1 task to do, 4 done before"), "{}", said.stderr);
    a_task_measures_all_of_its_shapes_again(&project);
    let params = project.last_run().join("models/wormhole_b0_params.yaml");
    assert!(project.read(&params).contains("sqrt:\n  base:\n"), "{}", project.read(&params));
    the_next_version_estimates(&project);
    the_models_alone(&project);
}

/// A task is the unit of going on: the second table is whole, and joins nothing of the first.
fn a_task_measures_all_of_its_shapes_again(project: &SweepProject) {
    let points = std::fs::read_dir(project.last_run().join("work/measure")).unwrap();
    let mut points = points.map(|entry| entry.unwrap().path());
    let sqrt = points.find(|path| path.to_string_lossy().contains("opsqrt")).unwrap();
    let rows = |attempt: &str, file: &str| project.read(&sqrt.join(attempt).join(file)).lines().count() - 1;
    assert_eq!([rows("1.1", "cases.csv"), rows("1.1", "perf.csv")], [75, 74]);
    assert_eq!([rows("2.1", "cases.csv"), rows("2.1", "perf.csv")], [75, 75]);
}

fn the_next_version_estimates(project: &SweepProject) {
    std::fs::create_dir_all(project.path("params/wormhole_b0")).unwrap();
    let promote = ["fit", "--suite", SUITE, "--promote", "params/wormhole_b0", "--format", "json"];
    let fitted = project.shmoo(&promote);
    assert_eq!(fitted.code, Some(0), "{}{}", fitted.stdout, fitted.stderr);
    let text = project.read(&project.path("params/wormhole_b0/params_v1.yaml"));
    assert!(text.contains("sigmoid:") && text.contains("df_int8:"), "{text}");
    project.ends(0, &promote);
    assert!(project.path("params/wormhole_b0/params_v2.yaml").is_file());
    project.write(
        "operations.csv",
        "type,arch,version,data_format,math_fidelity,t,mblock_m,mblock_n,ublock_rt,ublock_ct\n\
         sigmoid,wormhole_b0,2,Bfp8_b,HiFi4,1,2,4,2,2\nadd,wormhole_b0,2,Int8,HiFi4,1,2,2,1,2\n",
    );
    project.ends(0, &["estimate", "operations.csv", "--params", "params", "--out", "estimates.csv"]);
    let text = project.read(&project.path("estimates.csv"));
    let estimates: Vec<f64> = text.lines().skip(1).map(estimate).collect();
    let expected = [25.0 * 8.0 + 266.0 * 32.0, 234.0 * 4.0 + 99.0 * 8.0];
    for (estimate, expected) in estimates.iter().zip(expected) {
        assert!((estimate / expected - 1.0).abs() < 0.03, "{text}");
    }
    assert_eq!(estimates.len(), 2);
    // What the sweep measured can be held against them.
    let table = project.last_run().join("models/eltwise.csv").to_string_lossy().into_owned();
    let of = ["--op-type", "unary", "--op-name", "sigmoid", "--params", "params"];
    let said = project.shmoo(&[&["estimate", "--evaluate", &table], &of[..]].concat());
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stderr.contains("not of `sigmoid`, as `op` has it: "), "{}", said.stderr);
}

fn estimate(line: &str) -> f64 {
    line.split(',').filter_map(|cell| cell.parse::<f64>().ok()).next_back().unwrap_or_else(|| panic!("{line}"))
}

fn the_models_alone(project: &SweepProject) {
    let report = project.json(0, &["sweep", SUITE, "--skip-perf-sweep", "--format", "json"]);
    close(value(&report, "eltwise", "sigmoid", "base", "tile_weight"), 266.0);
    let report = project.json(
        0,
        &with(&SWEEP, &["--op-name", "sigmoid", "--skip-performance-model", "--no-compare", "--format", "json"]),
    );
    assert_eq!(passed_and_broken(&report), (1, 0));
    assert_eq!(report["models"], serde_json::json!([]));
    // It is remembered, until the models are asked for.
    let models = |code: i32, arguments: &[&str]| {
        let report = project.json(code, arguments);
        let fitted = |model: &&Value| !model["fits"].as_array().unwrap().is_empty();
        report["models"].as_array().unwrap().iter().filter(fitted).count()
    };
    let report = ["report", "last", "--format", "json"];
    assert_eq!(models(0, &report), 0);
    project.ends(0, &["record"]);
    assert_eq!(models(0, &report), 0);
    assert_eq!(models(0, &["sweep", SUITE, "--skip-perf-sweep", "--no-compare", "--format", "json"]), 1);
    assert_eq!(models(0, &report), 1);
    let report = project.json(0, &with(&SWEEP, &["--op-type", "binary", "--no-compare", "--format", "json"]));
    assert_eq!(passed_and_broken(&report), (2, 0));
    let fits = report["models"][0]["fits"].as_array().unwrap();
    assert_eq!(fits.iter().map(|fit| fit["set"].as_str().unwrap()).collect::<Vec<_>>(), ["base", "df_int8"]);
    // A model of operations that were not selected has nothing to say.
    assert_eq!(report["models"].as_array().unwrap().len(), 1, "{}", report["models"]);
    assert!(!report["warnings"].to_string().contains("not fitted"), "{}", report["warnings"]);
}

#[test]
fn every_device_gets_its_next_version() {
    let project = project();
    let suite = project.read(&project.path(SUITE));
    project.write(SUITE, &suite.replace("values: [wormhole_b0]", "values: [wormhole_b0, blackhole]"));
    // Each machine measures its own device.
    project.ends(13, &with(&SWEEP, &["--op-type", "binary", "--skip-performance-model", "--no-compare"]));
    project.ends(0, &["sweep", SUITE, "--runner", "tt-blackhole", "--operations-cfg", "short.yaml", "--continue-run"]);
    for version in [1, 2] {
        let said = project.shmoo(&["fit", "--suite", SUITE, "--promote", "params"]);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        for device in ["blackhole", "wormhole_b0"] {
            let file = format!("params/{device}/params_v{version}.yaml");
            assert!(said.stderr.contains(&format!("wrote `{file}`")), "{}", said.stderr);
            let text = project.read(&project.path(&file));
            assert!(text.contains("add:\n  base:") && text.contains("df_int8"), "{text}");
        }
    }
    let refused = |option: &str, place: &str, expected: &str| {
        let said = project.shmoo(&["fit", "--suite", SUITE, option, place]);
        assert_eq!(said.code, Some(2), "{}", said.stderr);
        assert!(said.stderr.contains(expected), "{}", said.stderr);
    };
    refused("--out", "all.yaml", "blackhole_params.yaml, wormhole_b0_params.yaml");
    refused("--promote", "params/blackhole", "has the parameters of one device");
    assert!(!project.path("params/blackhole/params_v3.yaml").exists());
}

#[test]
fn commands_to_reproduce_run_the_same() {
    let mut project = project();
    project.env("PERF_SWEEP_FAILS", "sqrt");
    let text = project.ends(10, &with(&SWEEP, &["--op-name", "sqrt", "--no-compare"]));
    let command = text.lines().find(|line| line.contains("reproduce: ")).unwrap();
    assert!(command.ends_with(" --operations-cfg short.yaml --runner tt-wormhole_b0"), "{command}");
    // A mistake that only the plan finds is in that list, too.
    project.write(
        "short.yaml",
        &SHORT.replace("df: Bfp8_b }, let: { type: unary }", "df: Bfp9_b }, let: { type: unary }"),
    );
    let said = project.shmoo(&["plan", SUITE, "--operations-cfg", "short.yaml"]);
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    assert!(!said.stderr.contains("default_operations.yaml"), "{}", said.stderr);
}

#[test]
fn an_operation_of_a_type_without_a_model_is_told() {
    let project = project();
    project.write("short.yaml", &SHORT.replace("type: unary", "type: unery"));
    let said = project.shmoo(&["plan", SUITE, "--operations-cfg", "short.yaml"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let expected = "no case is left of this block: `type in types` rules out all";
    assert!(said.stderr.contains(expected), "{}", said.stderr);
    assert!(said.stderr.contains("short.yaml:3:"), "{}", said.stderr);
}

#[test]
fn every_fidelity_and_format_has_its_number() {
    let suite = include_str!("../../configs/op-model.yaml");
    assert!(suite.contains("from: { LoFi: 1, HiFi2: 2, HiFi3: 3, HiFi4: 4 }"));
    for key in ["dest", "tiles"] {
        let line = suite.lines().find(|line| line.trim_start().starts_with(&format!("{key}: {{ pick: df")));
        for format in ["Bfp8_b", "Float16_b", "Float16", "Int8", "Int32", "Float32"] {
            assert!(line.is_some_and(|line| line.contains(&format!("{format}: "))), "{key}: {format}");
        }
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let project = project();
    project.write("plain.yaml", "version: 1\nsuite: plain\nstages: { one: { cmd: [true], evidence: [exit] } }\n");
    project.write("broken.yaml", "version: 1\ncases:\n  - { over: { opp: x } }\n");
    let refused = |arguments: &[&str], expected: &str| {
        let said = project.shmoo(arguments);
        assert_eq!(said.code, Some(2), "{arguments:?}: {}", said.stderr);
        assert!(said.stderr.contains(expected), "{arguments:?}: {}", said.stderr);
    };
    refused(&["sweep", "plain.yaml", "--op-name", "add"], "has no parameter or named value `op` for `--op-name`");
    refused(&["sweep", "plain.yaml", "--operations-cfg", "short.yaml"], "takes its cases from no other file");
    refused(&["sweep", SUITE, "--operations-cfg", "broken.yaml"], "broken.yaml:3:");
    refused(&["sweep", SUITE, "--op-name", "ad d"], "letters, digits");
    refused(&["sweep", SUITE, "--op-name", "sigmoit"], "did you mean `sigmoid`?");
    refused(&["sweep", SUITE, "--op-name", "sigmoit"], "`--op-name sigmoit`: `op` is never `sigmoit`");
    refused(&["sweep", SUITE, "--op-type", "unarry"], "`--op-type unarry`: `type` is never `unarry`");
    refused(&["sweep", SUITE, "--op-type", "nosuch"], "known: ");
    refused(&["sweep", SUITE, "--retry-failed"], "--continue");
    refused(&["fit", "--suite", "plain.yaml"], "has no models");
    refused(&["fit", "--suite", SUITE, "--model", "eltwise"], "cannot be used with");
}
