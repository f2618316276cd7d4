//! Red marks, and what else changed beside them.

use super::{Comparison, EarlierRuns, Red, Surroundings, compare, put_reds};
use crate::ledger::{MeasuredValue, OutputFile, Verdict};
use crate::record::RunRecord;
use crate::record::sample::{SPAN, case, gated, plan, record, stage, suite};
use crate::suite::{Better, Input, InputName, Source, Stage, Suite, Template};
use crate::value::Digest;

/// `draw` leaves a netlist for `check` and `sim`, and `other` has nothing to do with them.
fn flow() -> Suite {
    let from = |stage: usize, path: &str| Input {
        name: InputName::LastPart,
        source: Source::Output { stage, output: Template::literal(path, SPAN), at: Vec::new(), baseline: false },
        span: SPAN,
    };
    let sim = Stage {
        inputs: vec![from(0, "ring.spice")],
        tools: vec!["ngspice".to_owned()],
        ..stage("sim", &[0, 1], vec![gated("freq", "Hz", Better::Higher), gated("count", "", Better::Exact)])
    };
    let root = |path: &str| Input {
        name: InputName::LastPart,
        source: Source::Root(Template::literal(path, SPAN)),
        span: SPAN,
    };
    let draw = Stage {
        inputs: vec![root("generator"), root("rules.drc")],
        tools: vec!["magic".to_owned()],
        ..stage("draw", &[0], vec![gated("area", "um2", Better::Exact)])
    };
    let other =
        Stage { tools: vec!["yosys".to_owned()], ..stage("other", &[0], vec![gated("cells", "", Better::Exact)]) };
    suite(&["inv:inv=5 7", "vdd:v=1 2"], vec![draw, sim, other])
}

fn run(suite: &Suite, id: &str, count: f64) -> RunRecord {
    let mut record = record(suite, id);
    for inv in [5, 7] {
        plan(&mut record, suite, "draw", &format!("inv={inv}"), Verdict::Pass, &[("area", 10.0)]);
        record.tasks.last_mut().unwrap().outputs = vec![output("ring.spice", id), output("log", "l")];
        plan(&mut record, suite, "other", &format!("inv={inv}"), Verdict::Pass, &[("cells", count)]);
        for vdd in [1, 2] {
            let at = format!("inv={inv} vdd={vdd}");
            plan(&mut record, suite, "sim", &at, Verdict::Pass, &[("freq", 1e9), ("count", count)]);
            case(&mut record, suite, &at, Verdict::Pass);
        }
    }
    record.run.source.commit = Some("a1b2c3d4e5f6".to_owned());
    record.run.files = ["generator/a.py", "generator/b.py", "rules.drc", "other.txt"]
        .map(|path| (path.to_owned(), Digest::of(path.as_bytes())))
        .into();
    record.run.tools = [("ngspice", "ngspice-42 : Circuit"), ("magic", "8.3.105"), ("yosys", "Yosys 0.9")]
        .map(|(name, version)| (name.to_owned(), version.to_owned()))
        .into();
    record.run.machine = [("cpu", "EPYC 7B13"), ("governor", "performance"), ("hostname", "one")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    record
}

fn output(path: &str, content: &str) -> OutputFile {
    OutputFile { path: path.to_owned(), sha256: Digest::of(content.as_bytes()), bytes: 1, executable: false }
}

fn told(head: &RunRecord, base: &RunRecord, suite: &Suite, known: Surroundings<'_>) -> Comparison {
    let mut comparison = compare(head, Some(base), Vec::new(), suite, &EarlierRuns::default());
    put_reds(&mut comparison, head, base, known);
    comparison
}

fn of<'a>(comparison: &'a Comparison, metric: &str, point: &str) -> &'a Red {
    let found = |red: &&Red| red.metric.as_deref() == Some(metric) && red.point.as_str() == point;
    comparison.reds.iter().find(found).unwrap()
}

/// Checks the sentence of `sim.count` at one point, after a change of the later run.
fn check(change: &dyn Fn(&mut RunRecord), commits: Option<u64>, also: &str) {
    let suite = flow();
    let (base, mut head) = (run(&suite, "a", 3.0), run(&suite, "a", 4.0));
    change(&mut head);
    let comparison = told(&head, &base, &suite, Surroundings { suite: Some(&suite), commits, made_up: false });
    let red = of(&comparison, "sim.count", "inv5_v1");
    assert_eq!(red.sentence(), format!("`sim.count` at `inv5_v1` regressed from 3 to 4 (+33%); {also}"));
}

#[test]
fn what_bears_on_a_stage() {
    let tool = |name: &str, version: &str| {
        let (name, version) = (name.to_owned(), version.to_owned());
        move |record: &mut RunRecord| {
            record.run.tools.insert(name.clone(), version.clone());
        }
    };
    check(&|_| {}, None, "nothing else changed");
    check(&tool("ngspice", "ngspice-43 : Circuit"), None, "also changed: ngspice 42 -> 43; nothing else");
    check(&tool("magic", "8.3.411"), None, "also changed: magic 8.3.105 -> 8.3.411 (in `draw`); nothing else");
    check(&tool("yosys", "Yosys 0.33"), None, "nothing else changed");
    let commit = |record: &mut RunRecord| record.run.source.commit = Some("d4e5f6a7b8c9d0".to_owned());
    check(&commit, Some(2), "also changed: commits a1b2c3d4e5..d4e5f6a7b8 (2 commits); nothing else");
    let machine = |record: &mut RunRecord| {
        record.run.machine.insert("hostname".to_owned(), "two".to_owned());
        record.run.machine.insert("governor".to_owned(), "powersave".to_owned());
    };
    check(&machine, None, "also changed: governor performance -> powersave, hostname one -> two; nothing else");
    check(
        &|record| record.run.fingerprint = "f2".to_owned(),
        None,
        "also changed: kind of machine f1 -> f2; nothing else",
    );
    check(&|record| record.run.shmoo = "0.2.0".to_owned(), None, "also changed: shmoo 0.1.0 -> 0.2.0; nothing else");
    check(
        &|record| record.run.source.commit = None,
        None,
        "also changed: commit a1b2c3d4e5 of the base, this run has none; the commits are not known",
    );
}

#[test]
fn recipes_commands_and_inputs() {
    let recipe = |stage: &'static str| {
        move |record: &mut RunRecord| {
            record.run.suite_digest = Digest::of(b"y");
            let infos = record.run.metric_infos.iter_mut().filter(|info| info.stage.as_str() == stage);
            infos.for_each(|info| info.stage_digest = Digest::of(b"y"));
        }
    };
    check(&recipe("sim"), None, "also changed: what `sim` runs and reads, in the suite; nothing else");
    check(&recipe("draw"), None, "also changed: what `draw` runs and reads, in the suite; nothing else");
    check(&recipe("other"), None, "also changed: the suite elsewhere; nothing else");
    let files = |paths: &'static [&'static str]| {
        move |record: &mut RunRecord| {
            for path in paths {
                record.run.files.insert((*path).to_owned(), Digest::of(b"edited"));
            }
        }
    };
    check(&files(&["generator/b.py"]), None, "also changed: the repository's `generator/b.py`; nothing else");
    check(
        &files(&["generator/b.py", "generator/c.py", "rules.drc", "generator/a.py"]),
        None,
        "also changed: the repository's `generator/a.py`, `generator/b.py`, `generator/c.py` and 1 more; nothing else",
    );
    check(&files(&["other.txt", "rules.drc.old"]), None, "nothing else changed");
    check(&|record| record.run.files.clear(), None, "nothing else changed");
    let netlist = |record: &mut RunRecord| {
        let draw = record.tasks.iter_mut().find(|task| task.task.to_string() == "draw/inv5").unwrap();
        draw.outputs = vec![output("ring.spice", "wider"), output("log", "another")];
    };
    // The log is not taken by `sim`.
    check(&netlist, None, "also changed: its input `draw/ring.spice`; nothing else");

    let suite = flow();
    let (mut base, mut head) = (run(&suite, "a", 3.0), run(&suite, "a", 4.0));
    for (record, guess) in [(&mut base, "1e-9"), (&mut head, "2e-9")] {
        let sims = record.tasks.iter_mut().filter(|task| task.task.stage.as_str() == "sim");
        sims.for_each(|task| task.command = ["python3", "sim.py", guess].map(str::to_owned).to_vec());
        record.run.tools.insert("python3".to_owned(), format!("Python 3.{}", guess.len()));
    }
    netlist(&mut head);
    let known = Surroundings { suite: Some(&suite), ..Surroundings::default() };
    let comparison = told(&head, &base, &suite, known);
    let causes = |point: &str| of(&comparison, "sim.count", point).causes.clone();
    assert_eq!(causes("inv5_v2"), ["its command (`1e-9` -> `2e-9`)", "its input `draw/ring.spice`"]);
    assert_eq!(causes("inv7_v2"), ["its command (`1e-9` -> `2e-9`)"]);
    assert!(of(&comparison, "other.cells", "inv5").causes.is_empty());
}

#[test]
fn without_a_suite_everything_bears_on_everything() {
    let suite = flow();
    let (base, mut head) = (run(&suite, "a", 3.0), run(&suite, "b", 4.0));
    head.run.tools.insert("yosys".to_owned(), "Yosys 0.33".to_owned());
    let comparison = told(&head, &base, &suite, Surroundings::default());
    assert_eq!(of(&comparison, "sim.count", "inv5_v1").causes, ["yosys 0.9 -> 0.33"]);
}

#[test]
fn what_red_marks_tell_is_no_note() {
    let suite = flow();
    let (base, mut head) = (run(&suite, "a", 3.0), run(&suite, "a", 4.0));
    // `other` is not measured: no red mark tells of `yosys`.
    head.metrics.retain(|row| row.stage.as_str() == "sim");
    head.run.tools.insert("ngspice".to_owned(), "ngspice-43 : Circuit".to_owned());
    head.run.tools.insert("yosys".to_owned(), "Yosys 0.33".to_owned());
    head.run.complete = false;
    let known = Surroundings { suite: Some(&suite), ..Surroundings::default() };
    let comparison = told(&head, &base, &suite, known);
    assert_eq!(comparison.notes, ["tool `yosys` was Yosys 0.9 and is Yosys 0.33"]);
    let same = told(&base, &base, &suite, known);
    assert_eq!((same.reds.len(), same.notes.len()), (0, 0));
    let made_up = Surroundings { made_up: true, ..known };
    let red = told(&head, &base, &suite, made_up).reds.remove(0);
    assert_eq!(red.also, "what else changed is not known, since the base is no single run");
}

#[test]
fn cases_that_passed_before() {
    let suite = flow();
    let (base, mut head) = (run(&suite, "a", 3.0), run(&suite, "a", 3.0));
    for (name, verdict, known) in
        [("inv5_v1", Verdict::Fail, false), ("inv5_v2", Verdict::Timeout, false), ("inv7_v1", Verdict::Fail, true)]
    {
        let index = head.tasks.iter().position(|task| task.task.to_string() == format!("sim/{name}")).unwrap();
        head.tasks[index].verdict = verdict;
        head.tasks[index].message = Some("freq is 3, expected more than 4\nsecond line".to_owned());
        let worst = head.tasks[index].task.clone();
        let case = head.cases.iter_mut().find(|case| case.name.as_str() == name).unwrap();
        (case.verdict, case.known, case.worst) = (verdict, known, Some(worst));
    }
    head.run.tools.insert("ngspice".to_owned(), "ngspice-43 : Circuit".to_owned());
    let known = Surroundings { suite: Some(&suite), ..Surroundings::default() };
    let sentences: Vec<String> = told(&head, &base, &suite, known).reds.iter().map(Red::sentence).collect();
    let also = "also changed: ngspice 42 -> 43; nothing else";
    assert_eq!(
        sentences,
        [
            format!("case `inv5_v1` passed and now fails in `sim` (freq is 3, expected more than 4); {also}"),
            format!(
                "case `inv5_v2` passed and now runs into its time limit in `sim` (freq is 3, expected more than 4); {also}"
            ),
        ]
    );
}

#[test]
fn by_how_much() {
    let suite = flow();
    let mut random = crate::stats::Random::new(2);
    let mut earlier = EarlierRuns::default();
    let (mut base, mut head) = (run(&suite, "a", 3.0), run(&suite, "a", 3.0));
    let mut noisy = |level: f64| -> Vec<f64> { (0..10).map(|_| level * (1.0 + 0.002 * random.normal())).collect() };
    let freq = |record: &mut RunRecord, samples: Vec<f64>| {
        let row = record.metrics.iter_mut().find(|row| row.reference() == "sim.freq").unwrap();
        (row.value, row.samples) = (MeasuredValue::Number(crate::stats::median(&samples)), samples);
    };
    freq(&mut base, noisy(1e9));
    freq(&mut head, noisy(0.9e9));
    for number in 0..10 {
        let value = super::EarlierValue {
            run: crate::value::RunId::new(format!("e{number}")),
            started: crate::value::Timestamp::from_milliseconds(number - 20),
            samples: noisy(1e9),
            unit: Some("Hz".into()),
        };
        earlier.of_metric("sim.freq").add("inv5_v1", value);
    }
    let mut comparison = compare(&head, Some(&base), Vec::new(), &suite, &earlier);
    put_reds(&mut comparison, &head, &base, Surroundings::default());
    let what = &of(&comparison, "sim.freq", "inv5_v1").what;
    let (metric, by) = what.split_once(" by ").unwrap();
    assert_eq!(metric, "`sim.freq` at `inv5_v1` regressed");
    // The effect is -10 %, and its interval is around it.
    assert!(by.starts_with("-10% (95% -") || by.starts_with("-9.9% (95% -") || by.starts_with("-10.1% (95% -"), "{by}");
}
