//! Suspicions: which changes are any, and what pairs make of them.

use super::*;
use crate::compare::{EarlierRuns, Measurement, compare, suspects};
use crate::ledger::Verdict;
use crate::record::sample::{gated, plan, record, stage as sample_stage, suite};
use crate::stats::Random;
use crate::value::{Decimal, MetricName, StageName};

fn suspect(better: Better, base: f64, head: f64) -> Suspect {
    let at = Measurement { stage: StageName::new("run"), point: PointName::new("s1"), metric: MetricName::new("wall") };
    Suspect {
        metric: "run.wall".to_owned(),
        unit: Some("s".to_owned()),
        before: ComparisonVerdict::Regressed,
        values: [MeasuredValue::Number(base), MeasuredValue::Number(head)],
        better,
        min_effect: 0.03,
        base: at.clone(),
        head: at,
    }
}

fn reading(value: f64) -> Reading {
    Reading { value: MeasuredValue::Number(value), unit: Some("s".to_owned()) }
}

fn measured(suspect: Suspect, pairs: &[(f64, f64)]) -> Remeasured {
    let pairs = pairs.iter().map(|(base, head)| (reading(*base), reading(*head), false)).collect();
    Remeasured { suspect, pairs, trouble: None }
}

fn one(suspect: Suspect, pairs: &[(f64, f64)]) -> Confirmation {
    confirm(&[measured(suspect, pairs)]).remove(0)
}

/// Ten pairs with drift that both share and a little noise of their own.
fn pairs(effect: f64) -> Vec<(f64, f64)> {
    let mut random = Random::new(7);
    let pair = |round: usize| {
        let drift = 100.0 * (1.0 + 0.2 * round as f64);
        let mut noisy = |value: f64| value * (0.01 * random.normal()).exp();
        (noisy(drift), noisy(drift * effect))
    };
    (0..10).map(pair).collect()
}

#[test]
fn what_pairs_show() {
    let check = |better, seen: (f64, f64), effect: f64, verdict, worse, words: &str| {
        let found = one(suspect(better, seen.0, seen.1), &pairs(effect));
        assert_eq!((found.verdict, found.worse), (verdict, worse), "{}", found.rule);
        assert!(found.rule.contains(words), "{}", found.rule);
        assert_eq!((found.n, found.family, found.scale), (10, 1, Some(Scale::Log)));
    };
    use ConfirmVerdict::{Confirmed, NotConfirmed};
    check(Better::Lower, (100.0, 120.0), 1.2, Confirmed, true, "% worse in 10 pairs (p = 0.002, q = 0.002)");
    check(Better::Higher, (100.0, 80.0), 0.8, Confirmed, true, "% worse");
    check(Better::Higher, (100.0, 120.0), 1.2, Confirmed, false, "% better");
    check(Better::Lower, (100.0, 120.0), 1.0, NotConfirmed, true, "no change beyond chance");
    check(Better::Lower, (100.0, 120.0), 1.02, NotConfirmed, true, "the smallest change that matters");
    check(Better::Lower, (100.0, 120.0), 0.8, NotConfirmed, true, "the other way than suspected");
}

#[test]
fn figures_of_a_known_table() {
    let found = one(suspect(Better::Lower, 1.0, 2.0), &[(1.0, 2.0); 6]);
    assert_eq!((found.p, found.q, found.verdict), (Some(0.03125), Some(0.03125), ConfirmVerdict::Confirmed));
    assert!((found.effect.unwrap() - 1.0).abs() < 1e-12);
    assert!(found.interval.unwrap().iter().all(|end| (end - 1.0).abs() < 1e-12));
    assert_eq!((found.base, found.head), (Some(MeasuredValue::Number(1.0)), Some(MeasuredValue::Number(2.0))));
    assert_eq!(found.suspected, Some(1.0));
    let found = one(suspect(Better::Lower, 1.0, 2.0), &[(3.0, 3.0); 6]);
    assert_eq!((found.p, found.verdict), (Some(1.0), ConfirmVerdict::NotConfirmed));
}

#[test]
fn too_little_to_tell() {
    let found = one(suspect(Better::Lower, 1.0, 2.0), &[(1.0, 2.0); 5]);
    assert_eq!((found.verdict, found.q, found.family), (ConfirmVerdict::StillUncertain, None, 0));
    assert_eq!(found.rule, "100% worse in 5 of at least 6 pairs");
    let trouble = Some("head: run/s1 is error: killed".to_owned());
    let none = Remeasured { trouble, ..measured(suspect(Better::Lower, 1.0, 2.0), &[]) };
    let found = confirm(&[none]).remove(0);
    assert_eq!(found.verdict, ConfirmVerdict::StillUncertain);
    assert_eq!(found.rule, "no pair was measured: head: run/s1 is error: killed");
    // Noise far larger than what was suspected.
    let wild: Vec<(f64, f64)> = [2.0, 0.5, 1.8, 0.6, 1.5, 0.8, 2.2, 0.4].iter().map(|ratio| (1.0, *ratio)).collect();
    let found = one(suspect(Better::Lower, 1.0, 1.05), &wild);
    assert_eq!(found.verdict, ConfirmVerdict::StillUncertain, "{}", found.rule);
    assert!(found.rule.contains("it may be"), "{}", found.rule);
    // One of many that do not differ.
    let mut many = vec![measured(suspect(Better::Lower, 1.0, 1.2), &pairs(1.2)[..6])];
    many.extend((0..30).map(|_| measured(suspect(Better::Lower, 1.0, 1.2), &[(1.0, 1.0); 6])));
    let found = confirm(&many);
    assert_eq!((found[0].verdict, found[0].family), (ConfirmVerdict::StillUncertain, 31));
    assert!(found[0].rule.contains("not clearly enough for one of 31: 11 pairs may tell"), "{}", found[0].rule);
    assert!(found[1..].iter().all(|other| other.verdict == ConfirmVerdict::NotConfirmed));
}

#[test]
fn other_scales_and_units() {
    // Values of both signs are compared as they are.
    let found = one(suspect(Better::Lower, -1.0, 1.0), &[(-1.0, 1.0); 6]);
    assert_eq!((found.verdict, found.scale, found.effect), (ConfirmVerdict::Confirmed, Some(Scale::Linear), Some(2.0)));
    let band = Better::Within(Decimal::from(1), Decimal::from(2));
    let found = one(suspect(band, 1.5, 2.5), &[(1.5, 2.5); 6]);
    assert_eq!((found.verdict, found.worse, found.effect), (ConfirmVerdict::Confirmed, true, Some(0.5)));
    let found = one(suspect(band, 1.5, 2.5), &[(1.5, 1.0); 6]);
    assert_eq!(found.verdict, ConfirmVerdict::NotConfirmed);
    // The base measures in milliseconds.
    let mut milli = measured(suspect(Better::Lower, 1.0, 2.0), &[(1000.0, 2.0); 6]);
    milli.pairs.iter_mut().for_each(|(base, ..)| base.unit = Some("ms".to_owned()));
    let found = confirm(&[milli]).remove(0);
    assert!((found.effect.unwrap() - 1.0).abs() < 1e-9, "{found:?}");
}

#[test]
fn exact_metrics_need_one_pair() {
    let check = |pairs: &[(f64, f64)], verdict| {
        let found = one(suspect(Better::Exact, 4.0, 5.0), pairs);
        assert_eq!((found.verdict, found.p, found.worse), (verdict, None, true), "{}", found.rule);
    };
    check(&[(4.0, 5.0)], ConfirmVerdict::Confirmed);
    check(&[(4.0, 4.0)], ConfirmVerdict::NotConfirmed);
    check(&[(4.0, 4.0), (4.0, 5.0)], ConfirmVerdict::StillUncertain);
}

#[test]
fn which_changes_are_suspicious() {
    let metrics = vec![
        gated("slow", "s", Better::Lower),
        gated("fast", "s", Better::Lower),
        gated("small", "s", Better::Lower),
        gated("count", "", Better::Exact),
    ];
    let suite = suite(&["mode:m=fast slow"], vec![sample_stage("run", &[0], metrics)]);
    let run = |id: &str, values: [f64; 4]| {
        let mut record = record(&suite, id);
        let values: Vec<(&str, f64)> = ["slow", "fast", "small", "count"].into_iter().zip(values).collect();
        plan(&mut record, &suite, "run", "mode=fast", Verdict::Pass, &values);
        record
    };
    let (base, head) = (run("a", [1.0, 1.0, 1.0, 4.0]), run("b", [1.5, 0.5, 1.01, 5.0]));
    let changes = compare(&head, Some(&base), Vec::new(), &suite, &EarlierRuns::default()).changes;
    let names = |improved: bool| -> Vec<String> {
        suspects(&head, &base, &suite, &changes, improved).into_iter().map(|suspect| suspect.metric).collect()
    };
    assert_eq!(names(false), ["run.slow", "run.count"]);
    assert_eq!(names(true), ["run.slow", "run.fast", "run.count"]);
    let found = suspects(&head, &base, &suite, &changes, false);
    assert_eq!((found[0].before, found[0].head.point.as_str()), (ComparisonVerdict::Uncertain, "mfast"));
    assert_eq!((found[1].before, found[1].is_exact()), (ComparisonVerdict::Regressed, true));
    assert!(suspects(&base, &base, &suite, &changes, true).iter().all(|suspect| !suspect.is_visible()));
}
