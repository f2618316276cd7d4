use super::{EarlierRuns, compare};
use crate::ledger::Verdict;
use crate::record::RunRecord;
use crate::record::sample::{case, gated, plan, record, stage, suite};
use crate::suite::{Better, Suite};

/// 60 points: five supplies, three corners, four sizes.
fn sample() -> Suite {
    let params = ["vdd:v=0.6 0.7 0.9 1.8 3.3", "corner:c=ff ss tt", "size:s=1 2 4 8"];
    suite(&params, vec![stage("run", &[0, 1, 2], vec![gated("count", "", Better::Exact)])])
}

/// A run with a value and a verdict for each point.
fn run(suite: &Suite, id: &str, measure: &dyn Fn(f64, &str, u32) -> (f64, Verdict)) -> RunRecord {
    let mut record = record(suite, id);
    for vdd in [0.6, 0.7, 0.9, 1.8, 3.3] {
        for corner in ["ff", "ss", "tt"] {
            for size in [1, 2, 4, 8] {
                let point = format!("vdd={vdd} corner={corner} size={size}");
                let (value, verdict) = measure(vdd, corner, size);
                plan(&mut record, suite, "run", &point, verdict, &[("count", value)]);
                case(&mut record, suite, &point, verdict);
            }
        }
    }
    record
}

/// Compares a run in which all is 1 and passes with another.
fn explained(measure: &dyn Fn(f64, &str, u32) -> (f64, Verdict)) -> Vec<String> {
    let suite = sample();
    let base = run(&suite, "a", &|_, _, _| (1.0, Verdict::Pass));
    let head = run(&suite, "b", measure);
    compare(&head, Some(&base), Vec::new(), &suite, &EarlierRuns::default()).explanations
}

fn moved(if_moved: bool) -> (f64, Verdict) {
    (if if_moved { 2.0 } else { 1.0 }, Verdict::Pass)
}

#[test]
fn a_bound_a_value_and_most_of_them() {
    let low = explained(&|vdd, _, _| moved(vdd <= 0.7));
    assert_eq!(low, ["run.count regressed at 24 of 60 points, all with vdd <= 0.7, and all such"]);
    let slow = explained(&|vdd, corner, _| moved(corner == "ss" && vdd < 3.0));
    assert_eq!(slow, ["run.count regressed at 16 of 60 points, all with corner = ss (16 of 20 such)"]);
    let large =
        explained(&|vdd, corner, size| moved(size >= 4 && vdd > 0.7 || size == 1 && vdd == 0.6 && corner == "tt"));
    assert_eq!(large, ["run.count regressed at 19 of 60 points, 18 of them with size >= 4 (18 of 30 such)"]);
}

#[test]
fn cases_that_broke() {
    let broken = explained(&|vdd, _, _| (1.0, if vdd == 3.3 { Verdict::Fail } else { Verdict::Pass }));
    assert_eq!(broken, ["passed before and not now at 12 of 60 cases, all with vdd = 3.3, and all such"]);
}

#[test]
fn all_and_nearly_all() {
    assert_eq!(explained(&|_, _, _| moved(true)), ["run.count regressed at all 60 points"]);
    let two_stay = explained(&|vdd, corner, size| moved(vdd > 0.6 || corner == "tt" || size > 1));
    assert_eq!(two_stay, ["run.count regressed at 58 of 60 points"]);
}

#[test]
fn what_may_be_chance_is_not_told() {
    assert!(explained(&|_, _, _| moved(false)).is_empty(), "nothing moved");
    assert!(explained(&|vdd, corner, size| moved(vdd == 0.6 && corner == "ss" && size < 4)).is_empty(), "two moved");
    assert!(
        explained(&|vdd, corner, size| moved(corner != "ff" && size != 2 && vdd == 0.9)).len() == 1,
        "six of six in a fifth of all are no chance"
    );
    let scattered = |vdd: f64, corner: &str, size: u32| (vdd * 10.0) as usize + corner.len() * 3 + size as usize * 7;
    assert!(explained(&|vdd, corner, size| moved(scattered(vdd, corner, size) % 5 == 0)).is_empty(), "scattered");
}
