//! A change of the generator end to end: what moved, by how much, and what else changed beside it.

use super::generator_project::{Outcome, Project, Result, text};
use serde_json::Value;
use std::collections::BTreeMap;

const SUITE: &str = "configs/temp-sense.yaml";
/// One layout, one supply, two temperatures: four simulations.
const QUICK: &str = "profiles:\n  quick: { over: { inverters: [5], corner: typical, vdd: [1.8], temp: [27, 125] } }\n";
const SWEEP: [&str; 5] = ["sweep", SUITE, "--profile", "quick", "--no-archive"];
/// So many runs tell the noise.
const RUNS: usize = 5;

/// A repository with runs of its main branch, and with a branch on which the NMOS is wider.
struct Scene {
    project: Project,
    /// The power that the shmoo plot allows: more than the narrow one takes at one point, less than the wide.
    allowed: f64,
}

impl Scene {
    fn new() -> Result<Scene> {
        let project = Project::with_suite(SUITE)?;
        project.replace(SUITE, "profiles:\n", QUICK)?;
        project.git(&["init", "--quiet", "--initial-branch=main", "."])?;
        project.git(&["add", "--all"])?;
        project.git(&["commit", "--quiet", "--message=base"])?;
        let mut scene = Scene { project, allowed: f64::NAN };
        scene.sweep(&[], 0)?;
        let narrow = scene.report(&[])?;
        let is_meant = |task: &&Value| {
            (&task["stage"], &task["point"]) == (&"run_simulations".into(), &"inv5_v1.8_t27_nsch".into())
        };
        let task = list(&narrow["tasks"]).iter().find(is_meant);
        let power = task.and_then(|task| task["metrics"]["power"]["value"].as_f64()).ok_or("no power")?;
        scene.allowed = 1.1 * power;
        scene.project.replace(SUITE, "freq > 1e8", &format!("power < {:.12}", scene.allowed))?;
        scene.project.git(&["commit", "--quiet", "--all", "--message=plot"])?;
        for _ in 1..RUNS {
            scene.sweep(&[], 0)?;
        }
        scene.project.git(&["checkout", "--quiet", "-b", "wider"])?;
        let width = |um: &str| format!(r#"default=grid_units("{um}"), metavar="UM", help="NMOS width"#);
        scene.project.edit("ringgen.py", &width("1"), &width("1.5"))?;
        scene.project.git(&["commit", "--quiet", "--all", "--message=wider"])?;
        Ok(scene)
    }

    fn sweep(&self, more: &[&str], code: i32) -> Result<()> {
        let outcome = self.project.shmoo(&[&SWEEP, more].concat())?;
        assert_eq!(outcome.code, Some(code), "{}\n{}", outcome.stdout, outcome.stderr);
        Ok(())
    }

    fn report(&self, arguments: &[&str]) -> Result<Value> {
        let said = self.project.shmoo(&[&["report", "last", "--format", "json"], arguments].concat())?;
        Ok(serde_json::from_str(&said.stdout)?)
    }

    fn compare(&self, arguments: &[&str]) -> Result<(Option<i32>, Value)> {
        let Outcome { code, stdout, stderr } =
            self.project.shmoo(&[&["compare", "--format", "json"], arguments].concat())?;
        let json = serde_json::from_str(&stdout).map_err(|error| format!("{error}: {stdout} {stderr}"))?;
        Ok((code, json))
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Returns the changes of a verdict: relative change by `METRIC at POINT`.
fn having<'a>(found: &'a Value, verdict: &str) -> BTreeMap<String, &'a Value> {
    let changes = list(&found["comparison"]["changes"]).iter().filter(|change| change["verdict"] == verdict);
    changes.map(|change| (format!("{} at {}", text(&change["metric"]), text(&change["point"])), change)).collect()
}

const POINTS: [&str; 4] = ["inv5_v1.8_t125_npex", "inv5_v1.8_t125_nsch", "inv5_v1.8_t27_npex", "inv5_v1.8_t27_nsch"];

fn exactly_what_moved(found: &Value) {
    let of = |metric: &str| POINTS.map(|point| format!("run_simulations.{metric} at {point}"));
    let (regressed, improved) = (having(found, "regressed"), having(found, "improved"));
    let mut expected = vec!["run_generator.area at inv5".to_owned()];
    expected.extend(of("power"));
    assert_eq!(regressed.keys().cloned().collect::<Vec<_>>(), expected);
    assert_eq!(improved.keys().cloned().collect::<Vec<_>>(), of("freq"));
    for change in regressed.values().chain(improved.values()) {
        let number = |name: &str| change[name].as_f64().unwrap();
        let moved = (number("head") - number("base")) / number("base");
        assert!((number("relative") - moved).abs() < 1e-12, "{change}");
        let (low, high) = match text(&change["metric"]) {
            "run_generator.area" => (0.06, 0.08),
            "run_simulations.power" => (0.17, 0.22),
            _ => (0.015, 0.05),
        };
        assert!((low..high).contains(&moved), "{change}");
        assert_eq!((&change["figures"]["decided_by"], &change["figures"]["runs_missing"]), (&"all".into(), &0.into()));
    }
    let all = list(&found["comparison"]["changes"]).len();
    assert_eq!(having(found, "unchanged").len(), all - 9);
    assert_eq!(having(found, "unchanged")["check_drc.violations at inv5"]["rule"], "equal");
}

fn what_else_changed(found: &Value) {
    let reds = list(&found["comparison"]["reds"]);
    assert_eq!(reds.len(), 5);
    for red in reds {
        let causes: Vec<&str> = list(&red["causes"]).iter().map(text).collect();
        let (commits, inputs) = causes.split_last().unwrap();
        assert!(commits.starts_with("commits ") && commits.ends_with(" (1 commit)"), "{red}");
        let input = match text(&red["point"]) {
            "inv5" => None,
            point if point.ends_with("nsch") => Some("its input `run_generator/ring.spice`"),
            _ => Some("its input `check_drc/ring_pex.spice`"),
        };
        let edited = "the repository's `ringgen.py`";
        assert_eq!(inputs.to_vec(), input.into_iter().chain([edited]).collect::<Vec<_>>(), "{red}");
        assert!(text(&red["also"]).ends_with("; nothing else"), "{red}");
    }
    assert_eq!(reds[0]["what"], "`run_generator.area` at `inv5` regressed by +6.9%");
    // What they say is not said again for the whole run.
    assert_eq!(list(&found["comparison"]["notes"]), [] as [Value; 0]);
}

fn every_metric_is_followed(found: &Value) {
    let comparison = &found["comparison"];
    let (runs, trends) = (list(&comparison["trend_runs"]), list(&comparison["trends"]));
    assert_eq!((runs.len(), trends.len()), (RUNS + 1, list(&comparison["changes"]).len()));
    assert_eq!((&runs[0]["branch"], &runs[RUNS]["branch"]), (&"main".into(), &"wider".into()));
    for (trend, verdict) in trends.iter().zip(["regressed"; 5].into_iter().chain(["improved"; 4])) {
        let key = format!("{} at {}", text(&trend["metric"]), text(&trend["point"]));
        let change = having(found, verdict)[&key];
        let values = list(&trend["values"]);
        assert_eq!((values.len(), &values[RUNS]["value"]), (RUNS + 1, &change["head"]), "{trend}");
        assert_eq!(values[RUNS - 1]["value"], change["base"], "{trend}");
    }
}

#[test]
fn a_wider_transistor_moves_area_power_and_frequency() {
    let scene = Scene::new().unwrap();
    // The golden table has the values of the narrow one.
    scene.sweep(&[], 11).unwrap();
    let (code, found) = scene.compare(&["--base", "branch:main"]).unwrap();
    assert_eq!(code, Some(12));
    exactly_what_moved(&found);
    what_else_changed(&found);
    every_metric_is_followed(&found);
    what_broke_in_the_plot(&scene, &found).unwrap();

    let run = text(&found["head"]).to_owned();
    let (code, same) = scene.compare(&[&run, &run]).unwrap();
    assert_eq!(code, Some(0));
    assert_eq!(same["counts"], serde_json::json!({ "unchanged": list(&same["comparison"]["changes"]).len() }));
    for quiet in ["notes", "reds", "explanations", "verdict_changes", "added_cases", "removed_cases"] {
        assert_eq!(list(&same["comparison"][quiet]), [] as [Value; 0], "{quiet}");
    }
    another_machine_is_no_regression(&scene, &run).unwrap();
}

/// Every point whose power went over what the plot allows, and no other, is told as broken.
fn what_broke_in_the_plot(scene: &Scene, found: &Value) -> Result<()> {
    let number = |change: &Value, name: &str| change[name].as_f64().unwrap_or(f64::NAN);
    let over = |change: &&&Value| number(change, "base") < scene.allowed && number(change, "head") >= scene.allowed;
    let regressed = having(found, "regressed");
    let power = regressed.values().filter(|change| change["metric"] == "run_simulations.power");
    let expected = power.filter(over).count() as u64;
    assert!(expected > 0, "{regressed:?}");

    let report = scene.report(&["--base", "branch:main"])?;
    let cells = list(&report["plot_diffs"]).iter().flat_map(|diff| list(&diff["cells"])).flat_map(list);
    let [mut broke, mut mended, mut all] = [0; 3];
    for cell in cells {
        let counts: Vec<u64> = list(cell).iter().filter_map(Value::as_u64).collect();
        broke += counts[0];
        mended += counts[1];
        all += counts.iter().sum::<u64>();
    }
    assert_eq!((broke, mended, all), (expected, 0, POINTS.len() as u64), "{}", report["plot_diffs"]);
    Ok(())
}

/// A label makes it another kind of machine.
fn another_machine_is_no_regression(scene: &Scene, wider: &str) -> Result<()> {
    let (_, before) = scene.compare(&[wider])?;
    let base = text(&before["comparison"]["base"]["run"]).to_owned();
    scene.sweep(&["--runner", "lab"], 11)?;
    let (code, found) = scene.compare(&[])?;
    assert_eq!((code, &found["comparison"]["base"]), (Some(3), &Value::Null), "{found}");
    let passed_over = |why: &&Value| text(why).contains("it ran on another machine");
    assert!(list(&found["comparison"]["why"]).iter().any(|why| passed_over(&why)), "{found}");

    let head = text(&found["head"]);
    let (code, found) = scene.compare(&[&base, head])?;
    assert_eq!((code, found["counts"]["regressed"].is_null()), (Some(0), true), "{found}");
    let uncertain = having(&found, "uncertain");
    assert_eq!(uncertain.len(), 9);
    let machine = |change: &&Value| change["figures"]["decided_by"] == "machine";
    assert!(uncertain.values().all(machine), "{uncertain:?}");
    let notes: Vec<&str> = list(&found["comparison"]["notes"]).iter().map(text).collect();
    assert!(notes.iter().any(|note| note.starts_with("another machine (fingerprint ")), "{notes:?}");
    assert!(notes.iter().any(|note| note.starts_with("machine `label` is lab")), "{notes:?}");
    Ok(())
}
