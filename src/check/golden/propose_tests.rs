use super::{BlessSelection, Edits, GoldenFile, PlannedPoint, Proposal, ProposalReason, Propose, Proposed, propose};
use crate::ledger::Verdict;
use crate::record::RunRecord;
use crate::record::sample::{gated, goldens, plan, record, rule, stage, suite};
use crate::suite::{Better, Side, Suite, Tolerance};

/// Stage `run` with `time` (lower), within 5 % of its golden on the worse side, and `count` (exact).
fn sample() -> Suite {
    let metrics = vec![gated("time", "s", Better::Lower), gated("count", "", Better::Exact)];
    let tolerance = Tolerance { relative: Some("5%".parse().unwrap()), absolute: None, side: Side::Worse };
    let suite = suite(&["n:n=1 2"], vec![stage("run", &[0], metrics)]);
    Suite { goldens: Some(goldens(vec![rule(None, 0, tolerance)])), ..suite }
}

fn runs(suite: &Suite, values: &[(f64, f64)]) -> Vec<RunRecord> {
    let run = |(index, (time, count)): (usize, &(f64, f64))| {
        let mut record = record(suite, &format!("r{index}"));
        plan(&mut record, suite, "run", "n=1", Verdict::Pass, &[("time", *time), ("count", *count)]);
        record
    };
    values.iter().enumerate().map(run).collect()
}

fn proposed(suite: &Suite, records: &[RunRecord], table: &str) -> Proposed {
    let file = GoldenFile::parse("g.csv", &format!("metric,point,value,unit\n{table}")).unwrap();
    let selection = BlessSelection::new(suite, &[], &[]).unwrap();
    let lets = |_: &PlannedPoint, _: &str| None;
    propose(&Propose { file: &file, suite, records, selection: &selection, in_a_row: 3, lets: &lets })
}

/// Proposes for times of runs that all count 7.
fn times(times: &[f64], golden: &str) -> Vec<Proposal> {
    let suite = sample();
    let values: Vec<(f64, f64)> = times.iter().map(|time| (*time, 7.0)).collect();
    proposed(&suite, &runs(&suite, &values), &format!("run.count,n1,7,\nrun.time,n1,{golden}\n")).proposals
}

/// Returns what matters of a proposal: why, value, runs taken, missed before and after, worse.
fn shown(proposals: &[Proposal]) -> String {
    let one = |proposal: &Proposal| {
        let Proposal { metric, why, new, taken_from, missed_before, missed_after, worse, .. } = proposal;
        let before = missed_before.map_or("-".to_owned(), |missed| missed.to_string());
        format!(
            "{metric} {why:?} {new} of {taken_from}, {before} to {missed_after}{}",
            if *worse { ", worse" } else { "" }
        )
    };
    proposals.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[test]
fn why_a_row_changes() {
    let check = |values: &[f64], golden: &str, expected: &str| assert_eq!(shown(&times(values, golden)), expected);
    // Within its tolerance, whatever the median is.
    check(&[1.0, 1.01, 1.02, 1.0, 1.04], "1,s", "");
    // A new level of all runs.
    check(&[1.1, 1.11, 1.1, 1.09], "1000,ms", "run.time Missed 1100 ms of 4, 4 to 0, worse");
    // The ratchet: three runs in a row, far beyond the steps between the others.
    check(&[1.0, 1.01, 1.0, 0.99, 1.0, 0.8, 0.81, 0.8], "1,s", "run.time Ratchet 0.8 s of 3, 0 to 5");
    check(&[1.0, 1.01, 1.0, 0.99, 1.0, 1.01, 0.81, 0.8], "1,s", "");
    // Better by less than the noise, so that the median would be missed more often; or of too few runs.
    check(&[1.0, 0.8, 1.1, 0.9, 1.0, 0.8, 0.81, 0.8], "1,s", "");
    check(&[0.8, 0.8, 0.8], "1,s", "");
}

#[test]
fn the_ratchet_waits_for_the_least_effect() {
    let mut suite = sample();
    let values = [(1.0, 7.0), (1.0, 7.0), (0.98, 7.0), (0.98, 7.0), (0.98, 7.0)];
    let table = "run.count,n1,7,\nrun.time,n1,1,s\n";
    let found = |suite: &Suite| shown(&proposed(suite, &runs(suite, &values), table).proposals);
    assert_eq!(found(&suite), "run.time Ratchet 0.98 s of 3, 0 to 0");
    suite.stages[0].metrics[0].min_effect = Some("3%".parse().unwrap());
    assert_eq!(found(&suite), "");
}

#[test]
fn missing_rows_and_exact_metrics() {
    let suite = sample();
    let found = |values: &[(f64, f64)], table: &str| shown(&proposed(&suite, &runs(&suite, values), table).proposals);
    let steady = [(1.0, 6.0), (1.2, 7.0), (1.1, 7.0), (1.0, 7.0)];
    assert_eq!(found(&steady, ""), "run.time Missing 1.05 s of 4, - to 1; run.count Missing 7 of 3, - to 1");
    assert_eq!(found(&steady[..2], ""), "");
    assert_eq!(found(&steady, "run.count,n1,6,\nrun.time,n1,1.2,s\n"), "run.count Missed 7 of 3, 3 to 1, worse");
    let unsteady = [(1.0, 6.0), (1.0, 7.0), (1.0, 6.0), (1.0, 7.0)];
    assert_eq!(found(&unsteady, "run.count,n1,6,\nrun.time,n1,1,s\n"), "");
}

#[test]
fn noise_above_the_tolerance_is_told() {
    let suite = sample();
    let values = [(1.0, 7.0), (2.0, 7.0), (1.0, 7.0), (2.0, 7.0), (1.0, 7.0)];
    let found = proposed(&suite, &runs(&suite, &values), "run.count,n1,7,\nrun.time,n1,1,s\n");
    assert!(found.proposals.is_empty() && found.edits == Edits::default());
    assert_eq!(found.noisy.iter().map(|noisy| (noisy.runs, noisy.missed)).collect::<Vec<_>>(), [(5, 2)]);
}

#[test]
fn values_that_do_not_count() {
    let suite = sample();
    let mut records = runs(&suite, &[(1.1, 7.0), (1.1, 7.0), (1.1, 7.0), (9.0, 7.0), (9.0, 7.0), (9.0, 7.0)]);
    records[3].tasks[0].verdict = Verdict::Fail;
    records[4].metrics[0].origin = Some(crate::value::RunId::new("r3"));
    records[5].tasks[0].verdict = Verdict::Error;
    let table = "run.count,n1,7,\nrun.time,n1,1,s\n";
    let found = proposed(&suite, &records, table).proposals;
    assert_eq!((found[0].new.to_string().as_str(), found[0].runs, found[0].why), ("1.1 s", 3, ProposalReason::Missed));
    assert!(propose_nothing(&suite));
}

fn propose_nothing(suite: &Suite) -> bool {
    proposed(suite, &[], "").edits == Edits::default()
}
