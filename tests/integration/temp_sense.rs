//! The generator's regression end to end: the real magic, netgen and ngspice, with the stand-in models.

use super::generator_project::{Outcome, Project, Report, Result, text};
use serde_json::Value;
use std::collections::BTreeMap;

const SUITE: &str = "configs/temp-sense.yaml";
const FAULTS: &str = "configs/temp-sense-faults.yaml";

/// Asserts an exit code; the message is all that the command said.
fn ended(outcome: &Outcome, code: i32) {
    assert_eq!(outcome.code, Some(code), "{}\n{}", outcome.stdout, outcome.stderr);
}

/// Two layouts at two supplies; at the slow corner and 0.6 V the guessed delay is too short.
fn a_part_is_green() -> Result<(Project, Report)> {
    let project = Project::with_suite(SUITE)?;
    let part = "inverters <= 9 and vdd in [0.6, 1.8] and temp == -40 and corner != 'ff'";
    ended(&project.shmoo(&["sweep", SUITE, "--where", part])?, 0);
    let report = project.report()?;
    Ok((project, report))
}

#[test]
fn a_part_of_the_suite_from_layout_to_report() {
    let (project, report) = a_part_is_green().unwrap();
    assert_eq!(report.totals("cases"), "16 pass of 16");
    assert_eq!(report.totals("tasks"), "30 pass of 30");
    assert_eq!(report.0["version"], 1);
    assert_eq!(report.0["run"]["suite"], "temp-sense");
    assert_eq!(report.cases().len(), 16);
    assert_eq!(report.cases()[0]["name"], "inv5_v0.6_t-40_nsch");
    for task in report.tasks() {
        let metrics: Vec<&str> = task["metrics"].as_object().unwrap().keys().map(String::as_str).collect();
        let expected: &[&str] = match text(&task["stage"]) {
            "run_generator" => &["area"],
            "check_drc" => &["violations"],
            "run_simulations" => &["freq", "power", "swing", "steps"],
            "process_sims" => &["missing", "spread", "temperature_spread"],
            _ => &[],
        };
        assert_eq!(metrics, expected, "{}", task["point"]);
    }
    // The table has a row for each gated metric of these points, and none is missed.
    let goldens = report.0["goldens"].as_array().unwrap();
    assert_eq!(goldens.len(), 2 + 2 + 2 * 16);
    assert!(goldens.iter().all(|finding| finding["verdict"] == "met"), "{goldens:?}");
    what_needed_a_longer_simulation_was_retried(&report);
    one_case_from_its_name_alone(&project, &report).unwrap();
}

fn what_needed_a_longer_simulation_was_retried(report: &Report) {
    let retried = |task: &&Value| task["attempts"].as_u64() > Some(1);
    let mut points: Vec<&str> = report.tasks().iter().filter(retried).map(|task| text(&task["point"])).collect();
    points.sort_unstable();
    let expected =
        ["inv5_css_v0.6_t-40_npex", "inv5_css_v0.6_t-40_nsch", "inv9_css_v0.6_t-40_npex", "inv9_css_v0.6_t-40_nsch"];
    assert_eq!(points, expected);
    let task = report.task("run_simulations", expected[0]);
    let first = &task["tries"][0];
    assert_eq!(first["verdict"], "error");
    assert_eq!(first["set"]["td"].as_f64(), Some(2e-9), "{first}");
    assert_eq!(task["attempts"], 2);
}

fn one_case_from_its_name_alone(project: &Project, whole: &Report) -> Result<()> {
    let case = "inv9_css_v0.6_t-40_npex";
    ended(&project.shmoo(&["run", SUITE, "--case", case])?, 0);
    let alone = project.report()?;
    assert_eq!(alone.totals("cases"), "1 pass of 1");
    assert_eq!(alone.totals("tasks"), "5 pass of 5");
    let (alone, whole) = (alone.task("run_simulations", case), whole.task("run_simulations", case));
    assert_eq!(alone["metrics"], whole["metrics"]);
    assert_eq!(alone["tries"][0]["set"], whole["tries"][0]["set"]);
    Ok(())
}

#[test]
fn each_planted_fault_turns_its_own_stage_red() {
    let project = Project::with_suite("tests/fixtures/suites/temp-sense-faults.yaml").unwrap();
    ended(&project.shmoo(&["sweep", FAULTS]).unwrap(), 11);
    let report = project.report().unwrap();
    assert_eq!(report.totals("tasks"), "25 pass, 6 skipped, 4 fail of 35");

    let mut expected = BTreeMap::from([("check_drc/inv5_injdrc".to_owned(), "fail")]);
    for fault in ["lvs__open", "lvs__short", "lvs__width"] {
        expected.insert(format!("check_lvs/inv5_inj{fault}"), "fail");
        expected.insert(format!("run_simulations/inv5_v1.8_t27_npex_inj{fault}"), "skipped");
        expected.insert(format!("process_sims/inv5_npex_inj{fault}"), "skipped");
    }
    assert_eq!(report.not_passed(), expected);

    let quoted = |stage: &str, point: &str, quotes: &[&str]| {
        let task = report.task(stage, point);
        let lines: Vec<&str> = task["quotes"].as_array().unwrap().iter().map(|quote| text(&quote["text"])).collect();
        for quote in quotes {
            assert!(lines.iter().any(|line| line.contains(quote)), "{stage}/{point}: `{quote}` in {lines:?}");
        }
    };
    quoted("check_drc", "inv5_injdrc", &["ring count: 2", "PL.1", "M1.1"]);
    quoted("check_lvs", "inv5_injlvs__open", &["Number of nets: 8", "Netlists do not match."]);
    quoted("check_lvs", "inv5_injlvs__short", &["Number of nets: 6", "Netlists do not match."]);
    quoted("check_lvs", "inv5_injlvs__width", &["w circuit1: 8e-07", "Property errors were found."]);
    for fault in ["lvs__open", "lvs__short", "lvs__width"] {
        let gated = report.task("run_simulations", &format!("inv5_v1.8_t27_npex_inj{fault}"));
        assert_eq!(gated["cause"], format!("check_lvs/inv5_inj{fault}"));
    }
}

/// Runs the flow at one point without a planted fault, after `breaking` something else, and checks
/// that the stage ends in error (neither pass nor fail) for the reason given.
fn breaks(breaking: impl FnOnce(&mut Project) -> Result<()>, stage: &str, reason: &str) {
    let mut project = Project::with_suite("tests/fixtures/suites/temp-sense-faults.yaml").unwrap();
    breaking(&mut project).unwrap();
    ended(&project.shmoo(&["sweep", FAULTS, "--where", "inject == 'none'"]).unwrap(), 10);
    let report = project.report().unwrap();
    let tasks: Vec<&Value> = report.tasks().iter().filter(|task| task["stage"] == stage).collect();
    assert!(!tasks.is_empty());
    for task in tasks {
        assert_eq!(task["verdict"], "error", "{task}");
        assert!(task.to_string().contains(reason), "`{reason}` in {task}");
    }
    let failed = report.not_passed().into_iter().filter(|(_, verdict)| *verdict == "fail").count();
    assert_eq!(failed, 0, "{:?}", report.not_passed());
}

#[test]
fn a_missing_tool_is_an_error() {
    breaks(|project| project.without_tool("magic"), "check_drc", "magic");
    breaks(|project| project.without_tool("netgen-lvs"), "check_lvs", "netgen-lvs");
}

#[test]
fn another_technology_is_an_error() {
    let renamed = |project: &mut Project| project.edit("demo180.tech", "    demo180\n", "    other180\n");
    breaks(renamed, "check_drc", "exit code 3");
    let cut_off = |project: &mut Project| project.edit("demo180.tech", "\ntypes\n", "\nend\n");
    breaks(cut_off, "check_drc", "Error loading technology");
}

#[test]
fn an_empty_layout_is_an_error() {
    let empty =
        |project: &mut Project| project.edit("ringgen.py", r#"["drc off", *self.commands, ""]"#, r#"["drc off", ""]"#);
    breaks(empty, "check_drc", "exit code 3");
}

#[test]
fn a_missing_measurement_is_an_error() {
    let line = "echo \"METRIC freq_hz $&freq\"\n";
    breaks(|project| project.edit("simgen.py", line, ""), "run_simulations", "freq");
    // It is named, with nothing behind it.
    let never = |project: &mut Project| {
        project.edit("simgen.py", "meas tran last WHEN v(out)={half:g}", "meas tran last WHEN v(out)=9")
    };
    breaks(never, "run_simulations", "freq");
}

#[test]
fn a_simulator_that_cannot_run_is_an_error() {
    let broken = |project: &mut Project| {
        project.edit("models/level1/sm141064.ngspice", ".subckt nfet_03v3 ", ".subckt nfet_09v9 ")
    };
    breaks(broken, "run_simulations", "no `METRIC name value` line");
}
