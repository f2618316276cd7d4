//! How often the rules of a comparison are wrong, by simulation, for `scripts/bench/compare_errors.sh`.
//!
//!     compare_errors verdicts|many|missing|odd|pairs|changes [SCALE]
//!
//! Prints markdown tables. SCALE multiplies the number of simulated runs and series. The generator of
//! random numbers starts from fixed seeds, so that the same program prints the same tables.

#![expect(clippy::disallowed_methods, reason = "a program of its own reads its arguments")]

use shmoo::compare::{
    Comparison, ComparisonVerdict, ConfirmVerdict, EarlierRuns, EarlierValue, Measurement, Reading, Remeasured,
    Suspect, compare, confirm, recorded_suite,
};
use shmoo::ledger::MeasuredValue;
use shmoo::record::{MetricInfo, MetricRow, ParamInfo, RECORD_FORMAT, RECORD_VERSION, RunInfo, RunRecord};
use shmoo::stats::{ChangeRules, DriftRules, Random, change_points, drift, median};
use shmoo::suite::{Better, Suite};
use shmoo::value::{Decimal, Digest, MetricName, PointName, RunId, Scalar, StageName, SuiteName, Timestamp};
use std::error::Error;
use std::io::Write;

type Failure = Box<dyn Error>;

/// The standard deviation between the repeats of a run, of logarithms.
const WITHIN: f64 = 0.03;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let scale: f64 = arguments.get(1).map_or(Ok(1.0), |scale| scale.parse())?;
    let times = |count: f64| ((count * scale) as usize).max(10);
    let mut out = std::io::stdout().lock();
    match arguments.first().map(String::as_str) {
        Some("verdicts") => verdicts(times(20_000.0), times(4_000.0), &mut out),
        Some("many") => many(times(200.0), &mut out),
        Some("missing") => missing(times(20_000.0), &mut out),
        Some("odd") => odd(times(20_000.0), times(4_000.0), &mut out),
        Some("pairs") => pairs(times(10_000.0), &mut out),
        Some("changes") => changes(times(2_000.0), &mut out),
        _ => Err("usage: compare_errors verdicts|many|missing|odd|pairs|changes [SCALE]".into()),
    }
}

/// Runs that are 20 % off, as on a machine that has a bad day.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Odd {
    None,
    /// This earlier run.
    Once(usize),
    /// Two earlier runs.
    Twice,
    /// Any run, so often.
    Often(f64),
}

/// How much longer an odd run takes.
const ODD: f64 = 1.2;

impl Odd {
    /// Returns by what the values of an earlier run are multiplied, or of this one.
    fn factor(self, earlier: Option<usize>, random: &mut Random) -> f64 {
        let is_odd = match self {
            Odd::None => false,
            Odd::Once(run) => earlier == Some(run),
            Odd::Twice => earlier.is_some_and(|run| run == 2 || run == 5),
            Odd::Often(share) => random.unit() < share,
        };
        if is_odd { ODD } else { 1.0 }
    }
}

/// What is simulated: runs of metrics at points.
struct World {
    metrics: usize,
    points: usize,
    /// Deviation between runs, of logarithms.
    between: f64,
    repeats: usize,
    earlier: usize,
    /// Whether each metric has a noise of its own: variances from a scaled inverse chi-square of 8.
    uneven: bool,
    odd: Odd,
    suite: Suite,
    record: RunRecord,
}

impl World {
    fn new(metrics: usize, points: usize, between: f64, repeats: usize, earlier: usize) -> Result<World, Failure> {
        let record = empty_record(metrics, points);
        let suite = recorded_suite(&record)?;
        Ok(World { metrics, points, between, repeats, earlier, uneven: false, odd: Odd::None, suite, record })
    }

    /// Simulates the earlier runs, the last of which is the base, and a run whose metrics number
    /// 0..`moved` took `effect` times as long.
    fn compare(&self, random: &mut Random, moved: usize, effect: f64) -> Comparison {
        let count = self.metrics * self.points;
        let scales: Vec<f64> = (0..count).map(|_| if self.uneven { uneven(random) } else { 1.0 }).collect();
        let mut earlier = EarlierRuns::default();
        let mut base = self.record.clone();
        for run in 0..self.earlier {
            for (index, row) in base.metrics.iter_mut().enumerate() {
                let odd = self.odd.factor(Some(run), random);
                row.samples = self.samples(random, scales[index], odd);
                row.value = MeasuredValue::Number(median(&row.samples));
                let value = EarlierValue {
                    run: RunId::new(format!("run{run:03}")),
                    started: Timestamp::from_milliseconds(run as i64),
                    samples: row.samples.clone(),
                    unit: row.unit.as_deref().map(Into::into),
                };
                earlier.of_metric(&row.reference()).add(row.point.as_str(), value);
            }
        }
        let mut head = self.record.clone();
        for (index, row) in head.metrics.iter_mut().enumerate() {
            let odd = self.odd.factor(None, random);
            row.samples = self.samples(random, scales[index], if index < moved { effect * odd } else { odd });
            row.value = MeasuredValue::Number(median(&row.samples));
        }
        compare(&head, Some(&base), Vec::new(), &self.suite, &earlier)
    }

    fn samples(&self, random: &mut Random, scale: f64, effect: f64) -> Vec<f64> {
        let run = self.between * random.normal();
        (0..self.repeats).map(|_| effect * (run + scale * WITHIN * random.normal()).exp()).collect()
    }
}

/// Returns how much noisier a metric is than the usual one.
fn uneven(random: &mut Random) -> f64 {
    let chi_square: f64 = (0..8).map(|_| random.normal().powi(2)).sum();
    (8.0 / chi_square).sqrt()
}

fn empty_record(metrics: usize, points: usize) -> RunRecord {
    let digest = Digest::of(b"simulated");
    let (stage, unit) = (StageName::new("bench"), Some("s".to_owned()));
    let name = |metric: usize| MetricName::new(format!("m{metric}"));
    let info = |metric: usize| MetricInfo {
        stage: stage.clone(),
        metric: name(metric),
        unit: unit.clone(),
        better: Some("lower".to_owned()),
        min_effect: None,
        min_effect_rules: Vec::new(),
        stage_digest: digest,
    };
    let row = |index: usize| MetricRow {
        stage: stage.clone(),
        point: PointName::new(format!("n{}", index / metrics)),
        metric: name(index % metrics),
        params: vec![("n".to_owned(), Scalar::Number(Decimal::from((index / metrics) as i64)))],
        value: MeasuredValue::Number(1.0),
        samples: Vec::new(),
        unit: unit.clone(),
        origin: None,
    };
    RunRecord {
        format: RECORD_FORMAT.to_owned(),
        version: RECORD_VERSION,
        run: RunInfo {
            id: RunId::new("simulated"),
            suite: SuiteName::new("simulated"),
            suite_file: String::new(),
            plan: digest,
            suite_digest: digest,
            started: Timestamp::from_milliseconds(0),
            finished: Timestamp::from_milliseconds(0),
            shmoo: String::new(),
            complete: true,
            filter: Vec::new(),
            options: Vec::new(),
            profile: None,
            stopped: Vec::new(),
            source: Default::default(),
            machine: Default::default(),
            fingerprint: "one".to_owned(),
            tools: Default::default(),
            files: Default::default(),
            params: vec![ParamInfo { name: "n".to_owned(), code: "n".to_owned(), unit: None, default: None }],
            metric_infos: (0..metrics).map(info).collect(),
            models_skipped: false,
            archive: None,
            artifacts: Vec::new(),
        },
        tasks: Vec::new(),
        cases: Vec::new(),
        metrics: (0..metrics * points).map(row).collect(),
        models: Vec::new(),
        costs: None,
    }
}

/// Counts the verdicts of changes.
fn count(comparison: &Comparison, verdict: ComparisonVerdict) -> usize {
    comparison.changes.iter().filter(|change| change.verdict == verdict).count()
}

/// Returns the upper end of the one-sided 95 % interval of a share (Wilson 1927).
fn upper(hits: usize, all: usize) -> f64 {
    let (z, n) = (1.644_854f64, all as f64);
    let share = hits as f64 / n;
    let spread = (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    (share + z * z / (2.0 * n) + z * spread) / (1.0 + z * z / n)
}

/// One metric alone: how often nothing is called a regression, and how often a change is.
fn verdicts(nulls: usize, changed: usize, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "One metric; {nulls} runs without a change and {changed} with each change in each row.\n")?;
    writeln!(
        out,
        "| run-to-run sd | repeats n | runs K | regressed | its upper 95 % bound | improved | uncertain | +5 % found | +10 % found |"
    )?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- | --- | --- | --- |")?;
    let mut random = Random::new(1);
    for between in [0.0, 0.02] {
        for repeats in [3, 5, 10, 30] {
            for earlier in [5, 10, 20] {
                let world = World::new(1, 1, between, repeats, earlier)?;
                let mut seen = [0usize; 3];
                for _ in 0..nulls {
                    let found = world.compare(&mut random, 0, 1.0);
                    for (seen, verdict) in seen.iter_mut().zip(WORSE_BETTER_UNSURE) {
                        *seen += count(&found, verdict);
                    }
                }
                let mut detected = |effect: f64| {
                    let called =
                        |_: &usize| count(&world.compare(&mut random, 1, effect), ComparisonVerdict::Regressed) == 1;
                    (0..changed).filter(called).count() as f64 / changed as f64
                };
                let (small, large) = (detected(1.05), detected(1.10));
                let share = |index: usize| seen[index] as f64 / nulls as f64;
                writeln!(
                    out,
                    "| {} % | {repeats} | {earlier} | {:.4} | {:.4} | {:.4} | {:.4} | {small:.2} | {large:.2} |",
                    between * 100.0,
                    share(0),
                    upper(seen[0], nulls),
                    share(1),
                    share(2)
                )?;
            }
        }
    }
    Ok(())
}

const WORSE_BETTER_UNSURE: [ComparisonVerdict; 3] =
    [ComparisonVerdict::Regressed, ComparisonVerdict::Improved, ComparisonVerdict::Uncertain];

/// A thousand metrics, with and without 20 that moved, as one family and as many.
fn many(runs: usize, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(
        out,
        "1,000 metrics of a stage, K = 10; {runs} runs in each row, without a change and with +8 % in 20 metrics.\n"
    )?;
    writeln!(
        out,
        "| run-to-run sd | noise of metrics | families | n | false alarms of 1,000 | uncertain of 1,000 | found of 20 | false beside them |"
    )?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- | --- | --- |")?;
    let mut random = Random::new(2);
    for (between, uneven, repeats) in
        [(0.0, false, 5), (0.0, false, 10), (0.0, true, 10), (0.02, false, 10), (0.02, true, 10), (0.02, false, 30)]
    {
        for (metrics, points) in [(1, 1000), (20, 50), (1000, 1)] {
            let mut world = World::new(metrics, points, between, repeats, 10)?;
            world.uneven = uneven;
            let (mut alarms, mut unsure, mut found, mut beside) = (0, 0, 0, 0);
            for _ in 0..runs {
                let nothing = world.compare(&mut random, 0, 1.0);
                alarms += count(&nothing, ComparisonVerdict::Regressed) + count(&nothing, ComparisonVerdict::Improved);
                unsure += count(&nothing, ComparisonVerdict::Uncertain);
                let changed = world.compare(&mut random, 20, 1.08);
                let called = |changes: &[shmoo::compare::Change]| {
                    changes.iter().filter(|change| change.verdict == ComparisonVerdict::Regressed).count()
                };
                found += called(&changed.changes[..20]);
                beside += called(&changed.changes[20..]);
            }
            let mean = |count: usize| count as f64 / runs as f64;
            writeln!(
                out,
                "| {} % | {} | {metrics} x {points} | {repeats} | {:.3} | {:.2} | {:.1} | {:.2} |",
                between * 100.0,
                if uneven { "uneven" } else { "alike" },
                mean(alarms),
                mean(unsure),
                mean(found),
                mean(beside)
            )?;
        }
    }
    Ok(())
}

/// Too few earlier runs.
fn missing(runs: usize, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "One metric, n = 10, {runs} runs in each row.\n")?;
    writeln!(
        out,
        "| run-to-run sd | runs K | change | regressed or improved | uncertain | unchanged | what it says |"
    )?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- | --- |")?;
    let mut random = Random::new(3);
    for between in [0.0, 0.02] {
        for earlier in 1..5 {
            for effect in [1.0, 1.3] {
                let world = World::new(1, 1, between, 10, earlier)?;
                let (mut sure, mut unsure, mut says) = (0, 0, String::new());
                for _ in 0..runs {
                    let found = world.compare(&mut random, 1, effect);
                    sure += count(&found, ComparisonVerdict::Regressed) + count(&found, ComparisonVerdict::Improved);
                    if count(&found, ComparisonVerdict::Uncertain) == 1 {
                        unsure += 1;
                        says =
                            found.changes[0].rule.split_once(": ").map_or(String::new(), |(_, says)| says.to_owned());
                    }
                }
                let share = |count: usize| count as f64 / runs as f64;
                writeln!(
                    out,
                    "| {} % | {earlier} | {:+.0} % | {:.4} | {:.4} | {:.4} | {says} |",
                    between * 100.0,
                    (effect - 1.0) * 100.0,
                    share(sure),
                    share(unsure),
                    share(runs - sure - unsure)
                )?;
            }
        }
    }
    Ok(())
}

/// Earlier runs some of which are far off.
fn odd(nulls: usize, changed: usize, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(
        out,
        "One metric, n = 10; {nulls} runs without a change and {changed} with each change in each row. An odd run is 20 % off.\n"
    )?;
    writeln!(
        out,
        "| run-to-run sd | runs K | odd runs | regressed | its upper 95 % bound | improved | +5 % found | +10 % found | +20 % found |"
    )?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- | --- | --- | --- |")?;
    let mut random = Random::new(6);
    for between in [0.0, 0.02] {
        for earlier in [8, 10, 20] {
            let kinds = [
                ("none", Odd::None),
                ("one earlier", Odd::Once(2)),
                ("two earlier", Odd::Twice),
                ("5 % of all", Odd::Often(0.05)),
            ];
            for (name, odd) in kinds {
                let mut world = World::new(1, 1, between, 10, earlier)?;
                world.odd = odd;
                let (mut worse, mut better) = (0, 0);
                for _ in 0..nulls {
                    let found = world.compare(&mut random, 0, 1.0);
                    worse += count(&found, ComparisonVerdict::Regressed);
                    better += count(&found, ComparisonVerdict::Improved);
                }
                let mut detected = |effect: f64| {
                    let called =
                        |_: &usize| count(&world.compare(&mut random, 1, effect), ComparisonVerdict::Regressed) == 1;
                    (0..changed).filter(called).count() as f64 / changed as f64
                };
                let cells = [1.05, 1.10, 1.20].map(|effect| format!("{:.2}", detected(effect)));
                writeln!(
                    out,
                    "| {} % | {earlier} | {name} | {:.4} | {:.4} | {:.4} | {} |",
                    between * 100.0,
                    worse as f64 / nulls as f64,
                    upper(worse, nulls),
                    better as f64 / nulls as f64,
                    cells.join(" | ")
                )?;
            }
        }
    }
    Ok(())
}

/// The kinds of noise of a series.
#[derive(Debug, Clone, Copy)]
enum Noise {
    Gaussian,
    /// Student's t with three degrees of freedom.
    HeavyTails,
    /// An autoregression of first order with this memory.
    Memory(f64),
}

impl Noise {
    fn name(self) -> String {
        match self {
            Noise::Gaussian => "Gaussian".to_owned(),
            Noise::HeavyTails => "t3".to_owned(),
            Noise::Memory(phi) => format!("AR({phi})"),
        }
    }

    /// Returns a series around 100 with the standard deviation 1.
    fn series(self, random: &mut Random, count: usize) -> Vec<f64> {
        let mut before = random.normal();
        let mut next = || match self {
            Noise::Gaussian => random.normal(),
            Noise::HeavyTails => {
                let chi_square: f64 = (0..3).map(|_| random.normal().powi(2)).sum();
                random.normal() / chi_square.sqrt()
            }
            Noise::Memory(phi) => {
                before = phi * before + (1.0 - phi * phi).sqrt() * random.normal();
                before
            }
        };
        (0..count).map(|_| 100.0 + next()).collect()
    }
}

/// Simulates the pairs of suspicions that were all `suspected`, the first of which took `effect` times as
/// long in truth, and returns what became of them. What the machine does meanwhile is shared by a pair.
fn remeasured(
    random: &mut Random,
    suspicions: usize,
    pairs: usize,
    suspected: f64,
    effect: f64,
) -> Vec<ConfirmVerdict> {
    let one = |index: usize| {
        let at = Measurement {
            stage: StageName::new("bench"),
            point: PointName::new(format!("n{index}")),
            metric: MetricName::new("m"),
        };
        let reading = |value: f64| Reading { value: MeasuredValue::Number(value), unit: None };
        let effect = if index == 0 { effect } else { 1.0 };
        let mut pair = || {
            let shared = 0.1 * random.normal();
            let mut value = |effect: f64| reading(effect * (shared + WITHIN * random.normal()).exp());
            (value(1.0), value(effect), false)
        };
        let suspect = Suspect {
            metric: "bench.m".to_owned(),
            unit: None,
            before: ComparisonVerdict::Regressed,
            values: [MeasuredValue::Number(1.0), MeasuredValue::Number(suspected)],
            better: Better::Lower,
            min_effect: 0.03,
            base: at.clone(),
            head: at,
        };
        Remeasured { suspect, pairs: (0..pairs).map(|_| pair()).collect(), trouble: None }
    };
    let all: Vec<Remeasured> = (0..suspicions).map(one).collect();
    confirm(&all).into_iter().map(|found| found.verdict).collect()
}

/// `compare --confirm`: what becomes of false alarms and of changes.
fn pairs(runs: usize, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(
        out,
        "Suspicions of +8 %; {runs} times in each cell. With 20, one is a change and 19 are false alarms, or all are.\n"
    )?;
    writeln!(
        out,
        "| suspicions | pairs | false alarms confirmed | upper 95 % bound | cleared | still uncertain | +5 % confirmed | +8 % confirmed | +8 % cleared |"
    )?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- | --- | --- | --- |")?;
    let mut random = Random::new(5);
    for suspicions in [1, 20] {
        for pairs in [6, 10, 20] {
            let mut first = |effect: f64| {
                let mut seen = [0usize; 3];
                for _ in 0..runs {
                    let verdicts = remeasured(&mut random, suspicions, pairs, 1.08, effect);
                    let place = CONFIRM_VERDICTS.iter().position(|verdict| *verdict == verdicts[0]).unwrap_or(0);
                    seen[place] += 1;
                }
                seen
            };
            let (none, small, large) = (first(1.0), first(1.05), first(1.08));
            let share = |count: usize| count as f64 / runs as f64;
            writeln!(
                out,
                "| {suspicions} | {pairs} | {:.4} | {:.4} | {:.3} | {:.3} | {:.2} | {:.2} | {:.3} |",
                share(none[0]),
                upper(none[0], runs),
                share(none[1]),
                share(none[2]),
                share(small[0]),
                share(large[0]),
                share(large[1])
            )?;
        }
    }
    Ok(())
}

const CONFIRM_VERDICTS: [ConfirmVerdict; 3] =
    [ConfirmVerdict::Confirmed, ConfirmVerdict::NotConfirmed, ConfirmVerdict::StillUncertain];

/// Change points and drift: alarms on nothing, and steps that are found.
fn changes(series: usize, out: &mut dyn Write) -> Result<(), Failure> {
    let mut random = Random::new(4);
    writeln!(out, "Series without a change; the share with an alarm, {series} series in each row.\n")?;
    writeln!(out, "| noise | points | change point | drift | any | its upper 95 % bound |")?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- |")?;
    let kinds = [Noise::Gaussian, Noise::HeavyTails, Noise::Memory(0.3), Noise::Memory(0.5), Noise::Memory(0.8)];
    for noise in kinds {
        for points in [50, 200, 1000] {
            let (mut steps, mut drifts, mut any) = (0, 0, 0);
            for _ in 0..series {
                let values = noise.series(&mut random, points);
                let found = change_points(&values, &ChangeRules::default());
                let start = found.last().map_or(0, |change| change.index);
                let drifting = drift(&values[start..], &DriftRules::default()).is_some();
                steps += usize::from(!found.is_empty());
                drifts += usize::from(drifting);
                any += usize::from(drifting || !found.is_empty());
            }
            let share = |count: usize| count as f64 / series as f64;
            writeln!(
                out,
                "| {} | {points} | {:.4} | {:.4} | {:.4} | {:.4} |",
                noise.name(),
                share(steps),
                share(drifts),
                share(any),
                upper(any, series)
            )?;
        }
    }
    writeln!(
        out,
        "\nA step after 190 points, found within 3 points of its place, so many points later; {series} series in each cell.\n"
    )?;
    writeln!(out, "| noise | step | 5 points later | 10 | 30 |")?;
    writeln!(out, "| --- | --- | --- | --- | --- |")?;
    for noise in kinds {
        for step in [2.0, 3.0] {
            let mut cells = Vec::new();
            for after in [5, 10, 30] {
                let found = (0..series).filter(|_| {
                    let mut values = noise.series(&mut random, 190 + after);
                    values[190..].iter_mut().for_each(|value| *value += step);
                    let found = change_points(&values, &ChangeRules::default());
                    found.iter().any(|change| change.index.abs_diff(190) <= 3)
                });
                cells.push(format!("{:.2}", found.count() as f64 / series as f64));
            }
            writeln!(out, "| {} | {step} sd | {} |", noise.name(), cells.join(" | "))?;
        }
    }
    Ok(())
}
