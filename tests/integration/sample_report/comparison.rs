// The comparison of the sample report, with its trends, figures and plots; a part of `sample_report.rs`.

fn comparison() -> Comparison {
    let plain = |metric: &str, point: &str, base: Option<f64>, head: Option<f64>, verdict, rule: &str| Change {
        metric: format!("run_simulations.{metric}"),
        point: PointName::new(point),
        base: base.map(MeasuredValue::Number),
        head: head.map(MeasuredValue::Number),
        unit: Some(if metric == "freq" { "Hz" } else { "W" }.into()),
        base_unit: (verdict == ComparisonVerdict::Incomparable).then(|| "A".into()),
        relative: base
            .zip(head)
            .filter(|_| verdict != ComparisonVerdict::Incomparable)
            .map(|(base, head)| (head - base) / base.abs()),
        verdict,
        rule: rule.into(),
        figures: None,
        samples: None,
    };
    let weighed = |change: Change, base, head| Change {
        figures: Some(Box::new(figures(base, head))),
        samples: Some(Box::new(repeats(base, head))),
        ..change
    };
    Comparison {
        rule: None,
        base: Some(ComparisonBase {
            run: RunId::new("20260130-140000-temp-sense-77aa"),
            started: Timestamp::from_milliseconds(1_769_781_600_000),
            source: SourceInfo {
                commit: Some("a01b23c4d5e6f708192a3b4c5d6e7f8091a2b3c4".into()),
                branch: Some("main".into()),
                dirty: None,
                ..SourceInfo::default()
            },
        }),
        why: vec![
            "the latest complete run of temp-sense on machine 9f1c22d0".into(),
            "20260131-090000-temp-sense-00ff was passed over: incomplete".into(),
        ],
        changes: vec![
            weighed(
                plain(
                    "freq",
                    "inv7_v1.8_nsch",
                    Some(6.1e8),
                    Some(5.785_714e8),
                    ComparisonVerdict::Regressed,
                    "5.2% worse, more than 1%, outside of [591.7, 631.4] MHz, better: higher (p = 0.0002, q = 0.004)",
                ),
                6.1e8,
                5.785_714e8,
            ),
            plain(
                "power",
                "inv7_v1.8_nsch",
                Some(5.1e-4),
                Some(4.5e-4),
                ComparisonVerdict::Improved,
                "exact metric, better: lower, and it is lower",
            ),
            weighed(
                plain(
                    "freq",
                    "inv7_v3.3_nsch",
                    Some(1.944e9),
                    Some(1.944_643e9),
                    ComparisonVerdict::Uncertain,
                    "the spread of earlier runs is not known",
                ),
                1.944e9,
                1.944_643e9,
            ),
            plain("power", "inv7_v3.3_nsch", Some(8.25e-4), Some(8.25e-4), ComparisonVerdict::Unchanged, "equal"),
            plain("freq", "inv5_v1.8_nsch", None, Some(8.1e8), ComparisonVerdict::New, "the base has no such point"),
            plain(
                "freq",
                "inv9_v1.8_nsch",
                Some(4.5e8),
                None,
                ComparisonVerdict::Removed,
                "this run has no such point",
            ),
            plain(
                "power",
                "inv7_v3.3_nsch",
                Some(4.6e-4),
                Some(8.25e-4),
                ComparisonVerdict::Incomparable,
                "it was in `A` and is in `W`: `A` and `W` measure different things",
            ),
        ],
        added_cases: vec![PointName::new("inv5_v1.8_nsch")],
        removed_cases: vec![PointName::new("inv9_v1.8_nsch")],
        common_cases: 11,
        verdict_changes: vec![(PointName::new("inv5_v0.6_nsch"), Verdict::Pass, Verdict::Fail)],
        explanations: vec![
            "run_simulations.power regressed at 6 of 12 points, all with vdd <= 0.9 V, and all such".into(),
        ],
        notes: vec!["the suite changed".into()],
        reds: vec![
            Red {
                metric: Some("run_simulations.freq".into()),
                point: PointName::new("inv7_v1.8_nsch"),
                what: "`run_simulations.freq` at `inv7_v1.8_nsch` regressed by -5.2% (95% -6.1% .. -4.2%)".into(),
                causes: vec!["ngspice 44 -> 45".into()],
                also: "also changed: ngspice 44 -> 45; nothing else".into(),
                earlier: Some("the level changed before, between a01b23c4d5 and b12c34d5e6: 640 MHz to 610 MHz".into()),
            },
            Red {
                metric: None,
                point: PointName::new("inv5_v0.6_nsch"),
                what: "case `inv5_v0.6_nsch` passed and now fails in `check_drc` (12 violations, expected 0)".into(),
                causes: vec![],
                also: "nothing else changed".into(),
                earlier: None,
            },
        ],
        trend_runs: trend_runs(),
        trends: vec![
            trend("freq", "inv7_v1.8_nsch", "Hz", 6.1e8, 5.785_714e8),
            trend("power", "inv7_v1.8_nsch", "W", 5.1e-4, 4.5e-4),
        ],
        trends_left_out: 0,
    }
}

/// A change with two numbers.
fn change(metric: &str, point: &str, base: f64, head: f64, verdict: ComparisonVerdict) -> Change {
    Change {
        metric: format!("run_simulations.{metric}"),
        point: PointName::new(point),
        base: Some(MeasuredValue::Number(base)),
        head: Some(MeasuredValue::Number(head)),
        unit: None,
        base_unit: None,
        relative: Some((head - base) / base.abs()),
        verdict,
        rule: format!("{:.1}% worse, outside of the band of 12 earlier runs (p = 0.0002, q = 0.004)", 8.0),
        figures: None,
        samples: None,
    }
}

/// The runs before `run`, a day between them, and `run` itself.
fn trend_runs() -> Vec<TrendRun> {
    let run = |index: i64| TrendRun {
        run: RunId::new(format!("202601{:02}-142233-temp-sense-{:04x}", 14 + index, 4099 * index + 10)),
        started: Timestamp::from_milliseconds(1_769_869_353_000 - (17 - index) * 86_400_000),
        commit: Some(format!("{:010x}{:030x}", 0xfe_ed00_0000_u64 + 77_777 * index as u64, index)),
        branch: Some("main".into()),
    };
    let mut runs: Vec<TrendRun> = (0..17).map(run).collect();
    runs.push(TrendRun {
        run: self::run().id,
        started: self::run().started,
        commit: self::run().source.commit,
        branch: self::run().source.branch,
    });
    runs
}

/// A metric that stood higher in the first five of the runs, wavered, and is now at `head`.
fn trend(metric: &str, point: &str, unit: &str, base: f64, head: f64) -> Trend {
    let count = trend_runs().len();
    let value = |index: usize| {
        let level = if index < 5 { 1.08 * base } else { base };
        let value = if index + 1 == count { head } else { level * (1.0 + 0.004 * ((index * 5 % 7) as f64 - 3.0)) };
        TrendValue { run: index as u32, value, low: value * 0.985, high: value * 1.02, n: 10 }
    };
    let commit = |index: usize| trend_runs()[index].commit.clone();
    Trend {
        metric: format!("run_simulations.{metric}"),
        point: PointName::new(point),
        unit: Some(unit.into()),
        better: Some("higher".into()),
        values: (0..count).map(value).collect(),
        changes: vec![LevelChange {
            at: 5,
            before: 1.08 * base,
            after: base,
            p: 0.002,
            good: commit(4),
            bad: commit(5),
        }],
        drift: None,
    }
}

/// Figures of a change against twelve earlier runs.
fn figures(base: f64, head: f64) -> Figures {
    let effect = head / base - 1.0;
    Figures {
        scale: Scale::Log,
        effect,
        interval: Some([effect - 0.012, effect + 0.011]),
        min_effect: 0.01,
        head: Repeats { n: 10, low: head * 0.985, high: head * 1.02 },
        base: Repeats { n: 10, low: base * 0.985, high: base * 1.02 },
        history: Some(Band {
            runs: 12,
            centre: base * 1.002,
            low: Some(base * 0.97),
            high: Some(base * 1.035),
            deviation: Some(0.0148),
            freedom: Some(14.5),
            moderated: true,
            since: Some(RunId::new("20260110-080000-temp-sense-0a1b")),
            without: Some(base * 1.4),
        }),
        runs_missing: 0,
        test: Some(Test::History),
        p: Some(0.00021),
        q: Some(0.0042),
        family: 12,
        repeats_p: Some(0.000_18),
        decided_by: Decision::All,
    }
}

/// Ten repeats on both sides, around a value each.
fn repeats(base: f64, head: f64) -> Samples {
    let around = |centre: f64| (0..10).map(|index| centre * (0.985 + 0.0035 * f64::from(index * 7 % 10))).collect();
    Samples { base: around(base), head: around(head) }
}

/// What changed in a plot: some of everything.
fn diff(netlist: &str) -> ShmooDiff {
    let ShmooGrid { pass, x, y, fixed, .. } = grid(netlist);
    let cell = |broke, mended, pass, fail, unknown| DiffCell { broke, mended, pass, fail, unknown };
    ShmooDiff {
        base: RunId::new("20260130-140000-temp-sense-77aa"),
        pass,
        x,
        y,
        fixed,
        cells: vec![
            vec![cell(0, 0, 0, 5, 0), cell(3, 0, 0, 2, 0), cell(0, 2, 3, 0, 0), cell(0, 0, 5, 0, 0)],
            vec![cell(0, 0, 0, 5, 0), cell(2, 1, 1, 1, 0), cell(0, 0, 5, 0, 0), cell(0, 0, 5, 0, 0)],
            vec![cell(0, 0, 0, 0, 5), cell(0, 0, 4, 1, 0), cell(0, 0, 5, 0, 0), cell(0, 0, 0, 0, 0)],
        ],
    }
}

fn grid(netlist: &str) -> ShmooGrid {
    let cell = |pass, fail, unknown| GridCell { pass, fail, unknown };
    ShmooGrid {
        pass: "freq > 1e6".into(),
        x: GridAxis {
            param: "vdd".into(),
            unit: Some("V".into()),
            values: ["0.6", "0.9", "1.8", "3.3"].map(Scalar::infer).to_vec(),
        },
        y: GridAxis {
            param: "temp".into(),
            unit: Some("degC".into()),
            values: ["-40", "27", "125"].map(Scalar::infer).to_vec(),
        },
        fixed: vec![("netlist".into(), Scalar::infer(netlist))],
        cells: vec![
            vec![cell(0, 5, 0), cell(0, 5, 0), cell(5, 0, 0), cell(5, 0, 0)],
            vec![cell(0, 5, 0), cell(2, 3, 0), cell(5, 0, 0), cell(5, 0, 0)],
            vec![cell(0, 0, 5), cell(4, 1, 0), cell(5, 0, 0), cell(0, 0, 0)],
        ],
    }
}
