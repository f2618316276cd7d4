//! The four suites of the grammar, and the shipped ones: counts, names, listings, shards.

use proptest::prelude::*;
use shmoo::config::{Files, load_suite};
use shmoo::plan::{BuildOptions, Durations, ListFormat, Plan, Selection, ShardOptions, build, faults, list, shard};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

struct Folder(PathBuf);

impl Files for Folder {
    fn read(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(self.0.join(path)).map_err(|error| error.to_string())
    }
}

fn plan_of(path: &str, selection: Selection) -> Plan {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = std::fs::read_to_string(&path).unwrap();
    let loaded = load_suite(&path.display().to_string(), &text, &Folder(path.parent().unwrap().to_owned()))
        .unwrap_or_else(|problems| panic!("{problems}"));
    build(Arc::new(loaded.suite), BuildOptions { selection, baseline: None }).unwrap_or_else(|error| panic!("{error}"))
}

fn stages(plan: &Plan) -> String {
    let stages = plan.suite.stages.iter().enumerate();
    let counts = stages.map(|(index, stage)| format!("{} {}", stage.name, plan.stage_tasks(index).points()));
    counts.collect::<Vec<_>>().join(", ")
}

fn check(path: &str, cases: usize, points: usize, by_stage: &str) {
    let plan = plan_of(path, Selection::default());
    let total: u32 = (0..plan.suite.stages.len()).map(|stage| plan.stage_tasks(stage).points()).sum();
    assert_eq!((plan.cases.len(), total as usize, stages(&plan).as_str()), (cases, points, by_stage), "{path}");
    assert_eq!(faults(&plan), [], "{path}");
}

#[test]
fn the_generator_flow() {
    check(
        "tests/fixtures/suites/a-temp-sense.yaml",
        450,
        495,
        "run_generator 5, check_drc 5, check_lvs 5, run_simulations 450, process_sims 30",
    );
}

#[test]
fn the_operation_sweep() {
    check("tests/fixtures/suites/b-op-model.yaml", 4754, 61, "measure 61");
}

#[test]
fn the_threshold_suite() {
    let counts = "fetch 6, compile 12, run 12, benchmark 6, e2e 2";
    check("tests/fixtures/suites/c-threshold.yaml", 12, 38, counts);
}

#[test]
fn patterns_by_name() {
    let counts = "synthesize 4, render 12, check_stil 4, same_cycles 4, diff 12";
    check("tests/fixtures/suites/d-patterns.yaml", 12, 36, counts);
}

#[test]
fn the_shipped_suites() {
    let counts = "run_generator 5, check_drc 5, check_lvs 5, run_simulations 450, process_sims 30";
    check("configs/temp-sense.yaml", 450, 495, counts);
    check("configs/op-model.yaml", 4754, 61, "measure 61");
    check("configs/cpu-ops.yaml", 1256, 11, "build 1, measure 10");
    let plan = plan_of("configs/quickstart.yaml", Selection::default());
    assert_eq!(faults(&plan), []);
}

#[test]
fn the_oracle_agrees_on_every_case_name() {
    for name in ["a-temp-sense", "b-op-model", "c-threshold", "d-patterns"] {
        let plan = plan_of(&format!("tests/fixtures/suites/{name}.yaml"), Selection::default());
        let ours: BTreeSet<String> = (0..plan.cases.len()).map(|case| plan.case_name(case).to_string()).collect();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/suites/oracle/{name}.names"));
        let theirs: BTreeSet<String> = std::fs::read_to_string(&file).unwrap().lines().map(str::to_owned).collect();
        assert_eq!(ours, theirs, "{name}");
    }
}

#[test]
fn filters_come_before_the_graph() {
    let selection = Selection { cases: vec!["inv5_v1.8_t-40_npex".to_owned()], ..Selection::default() };
    let plan = plan_of("tests/fixtures/suites/a-temp-sense.yaml", selection);
    let counts = "run_generator 1, check_drc 1, check_lvs 1, run_simulations 1, process_sims 1";
    assert_eq!((plan.cases.len(), stages(&plan).as_str()), (1, counts));
    let selection =
        Selection { constraints: vec!["vdd >= 1.8 and netlist == 'sch'".to_owned()], ..Selection::default() };
    let plan = plan_of("tests/fixtures/suites/a-temp-sense.yaml", selection);
    assert_eq!(plan.cases.len(), 90);
    let selection = Selection { skip_stages: vec!["check_drc".to_owned()], ..Selection::default() };
    let error = std::panic::catch_unwind(|| plan_of("tests/fixtures/suites/a-temp-sense.yaml", selection));
    let plan = error.unwrap();
    assert_eq!(stages(&plan), "run_generator 5, check_drc 0, check_lvs 0, run_simulations 0, process_sims 0");
}

#[test]
fn listings_are_json() {
    let plan = plan_of("tests/fixtures/suites/a-temp-sense.yaml", Selection::default());
    let mut bytes = Vec::new();
    list(&plan, ListFormat::Json, &mut bytes).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(json["suite"], "temp-sense");
    assert_eq!((json["cases"].as_array().unwrap().len(), json["tasks"].as_array().unwrap().len()), (450, 495));
    assert_eq!(json["cases"][0]["name"], "inv5_v0.6_t-40_nsch");
    assert_eq!(json["cases"][0]["params"]["vdd"], 0.6);
    assert!(json["shards"].is_array());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn shards_cover_each_task_whatever_the_durations(count in 1u32..40, seed in any::<u64>()) {
        for path in ["tests/fixtures/suites/a-temp-sense.yaml", "tests/fixtures/suites/c-threshold.yaml"] {
            let mut plan = plan_of(path, Selection::default());
            let mut generator = shmoo::plan::Generator::new(seed);
            let expected: Vec<f32> = plan.tasks().map(|_| generator.below(1000) as f32 / 100.0).collect();
            match shard(&plan, &expected, &ShardOptions { count, site: Vec::new() }) {
                Ok(shards) => {
                    plan.shards = Some(shards);
                    prop_assert_eq!(faults(&plan), []);
                }
                Err(error) => prop_assert!(path.contains("c-threshold"), "{}", error),
            }
        }
    }

    #[test]
    fn plans_are_deterministic(count in 1u32..9) {
        let make = || {
            let mut plan = plan_of("configs/quickstart.yaml", Selection::default());
            let expected = Durations::default().expected(&plan);
            plan.shards = Some(shard(&plan, &expected, &ShardOptions { count, site: Vec::new() }).unwrap());
            serde_json::to_string(&shmoo::plan::plan_file(&plan, "x", Vec::new(), Default::default(), None)).unwrap()
        };
        prop_assert_eq!(make(), make());
    }
}
