//! The suite of a run as far as its record tells it: enough to compare two records without their project.
//!
//! Parameters with the values that were used, stages with their metrics. How stages hang together and
//! what they run is not in a record, so nothing can be planned with it.

use crate::naming::{Kind, NamingError, Param, Schema};
use crate::record::{MetricInfo, MinEffectWhere, ParamInfo, RunRecord};
use crate::suite::{After, Better, Command, ExitRule, Metric, MinEffectRule, Stage, Suite, Uses};
use crate::value::{Decimal, Scalar, Share, Sources, Span};
use std::collections::{BTreeSet, HashMap};

/// No suite file lies behind it.
const NOWHERE: Span = Span { file: 0, start: 0, end: 0 };

/// Why a record tells no suite.
#[derive(Debug, thiserror::Error)]
pub enum RecordedSuiteError {
    /// Its parameters cannot name points.
    #[error("the parameters of run `{run}` name no points")]
    Params {
        /// The run.
        run: String,
        /// The first thing that is wrong.
        #[source]
        source: Box<NamingError>,
    },
    /// A metric's `better` is none.
    #[error("`{better}` of `{metric}` is no `better`")]
    Better {
        /// `STAGE.METRIC`.
        metric: String,
        /// What stands there.
        better: String,
    },
    /// A metric's smallest change is no share.
    #[error("{min_effect} of `{metric}` is no `min_effect`")]
    MinEffect {
        /// `STAGE.METRIC`.
        metric: String,
        /// What stands there.
        min_effect: f64,
    },
    /// Where a metric has another smallest change is no condition.
    #[error("`{condition}` does not say where `{metric}` has its `min_effect`")]
    Condition {
        /// `STAGE.METRIC`.
        metric: String,
        /// What stands there.
        condition: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Returns the suite that a record tells of.
pub fn recorded_suite(record: &RunRecord) -> Result<Suite, RecordedSuiteError> {
    let run = &record.run;
    let schema = Schema::new(params(record)).map_err(|errors| {
        let source = errors.into_iter().next().map(Box::new).expect("parameters are refused for a reason");
        RecordedSuiteError::Params { run: run.id.to_string(), source }
    })?;
    Ok(Suite {
        version: 1,
        name: run.suite.clone(),
        requires: None,
        root: String::new(),
        paths: Vec::new(),
        stages: stages(record, &schema)?,
        schema,
        schema_params: 0,
        lets: Vec::new(),
        constraints: Vec::new(),
        blocks: Vec::new(),
        models: Vec::new(),
        plots: Vec::new(),
        goldens: None,
        known_failures: Vec::new(),
        archive_exclude: Vec::new(),
        profiles: Vec::new(),
        cases_from: None,
        sources: Sources::default(),
    })
}

/// Returns all points of a record, with the stage of each but the cases'.
fn points(record: &RunRecord) -> impl Iterator<Item = (Option<&str>, &[(String, Scalar)])> {
    let tasks = record.tasks.iter().map(|task| (Some(task.task.stage.as_str()), task.params.as_slice()));
    let rows = record.metrics.iter().map(|row| (Some(row.stage.as_str()), row.params.as_slice()));
    tasks.chain(rows).chain(record.cases.iter().map(|case| (None, case.params.as_slice())))
}

fn params(record: &RunRecord) -> Vec<Param> {
    let mut values: HashMap<&str, BTreeSet<&Scalar>> = HashMap::new();
    for (_, point) in points(record) {
        for (name, value) in point {
            values.entry(name).or_default().insert(value);
        }
    }
    let param = |ParamInfo { name, code, unit, default }: &ParamInfo| {
        let used = values.remove(name.as_str()).unwrap_or_default();
        let values: Vec<Scalar> = used.into_iter().cloned().collect();
        Param {
            name: name.clone(),
            code: code.clone(),
            kind: Kind::infer(values.iter().chain(default)),
            unit: unit.clone(),
            values,
            default: default.clone(),
            was: Vec::new(),
        }
    };
    record.run.params.iter().map(param).collect()
}

fn stages(record: &RunRecord, schema: &Schema) -> Result<Vec<Stage>, RecordedSuiteError> {
    let mut per: HashMap<&str, BTreeSet<usize>> = HashMap::new();
    for (stage, point) in points(record) {
        if let Some(stage) = stage {
            let known = per.entry(stage).or_default();
            known.extend(point.iter().filter_map(|(name, _)| schema.index(name)));
        }
    }
    let mut stages: Vec<Stage> = Vec::new();
    for info in &record.run.metric_infos {
        let metric = metric(info)?;
        match stages.iter_mut().find(|stage| stage.name == info.stage) {
            Some(stage) => stage.metrics.push(metric),
            None => {
                let per = per.remove(info.stage.as_str()).unwrap_or_default();
                stages.push(stage(info, per.into_iter().collect(), metric));
            }
        }
    }
    Ok(stages)
}

fn stage(info: &MetricInfo, per: Vec<usize>, metric: Metric) -> Stage {
    Stage {
        name: info.stage.clone(),
        per,
        when: None,
        inputs: Vec::new(),
        after: After::Stages(Vec::new()),
        lets: Vec::new(),
        command: Command::Shell(String::new()),
        env: Vec::new(),
        tools: Vec::new(),
        outputs: Vec::new(),
        exit: ExitRule::Any,
        evidence: Vec::new(),
        rows: None,
        metrics: vec![metric],
        timeout: None,
        retry: Vec::new(),
        retry_on_continue: false,
        repeat: None,
        exclusive: false,
        uses: Uses { cpu: Decimal::ONE, memory: None, named: Vec::new() },
        runner: None,
        cache: false,
        span: NOWHERE,
    }
}

fn metric(info: &MetricInfo) -> Result<Metric, RecordedSuiteError> {
    let MetricInfo { stage, metric, unit, better, min_effect, min_effect_rules, stage_digest: _ } = info;
    let name = || format!("{stage}.{metric}");
    let better = better.as_deref().map(|text| {
        let bad = || RecordedSuiteError::Better { metric: name(), better: text.to_owned() };
        read_better(text).ok_or_else(bad)
    });
    let share = |factor: f64| {
        let share = Decimal::from_f64(factor).filter(|share| !share.is_negative()).map(Share);
        share.ok_or_else(|| RecordedSuiteError::MinEffect { metric: name(), min_effect: factor })
    };
    let rule = |rule: &MinEffectWhere| {
        let MinEffectWhere { condition, is } = rule;
        MinEffectRule::parse(condition, share(*is)?).map_err(|source| RecordedSuiteError::Condition {
            metric: name(),
            condition: condition.clone(),
            source: source.into(),
        })
    };
    Ok(Metric {
        name: metric.clone(),
        of: None,
        unit: unit.clone(),
        better: better.transpose()?,
        min_effect: min_effect.map(share).transpose()?,
        min_effect_rules: min_effect_rules.iter().map(rule).collect::<Result<_, _>>()?,
        expect: Vec::new(),
        was: Vec::new(),
        span: NOWHERE,
    })
}

/// Reads `better` as records write it: `higher`, `lower`, `exact`, `within [a, b]`.
fn read_better(text: &str) -> Option<Better> {
    Some(match text {
        "higher" => Better::Higher,
        "lower" => Better::Lower,
        "exact" => Better::Exact,
        text => {
            let bounds = text.strip_prefix("within [")?.strip_suffix(']')?;
            let (low, high) = bounds.split_once(", ")?;
            Better::Within(low.parse().ok()?, high.parse().ok()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{EarlierRuns, compare};
    use crate::ledger::Verdict;
    use crate::record::sample::{case, gated, metric as plain, plan, record, stage as sample_stage, suite};

    fn whole() -> Suite {
        let band = Better::Within(Decimal::from(10), Decimal::new(205, -1));
        let metrics = vec![
            Metric {
                min_effect: Some("1%".parse().unwrap()),
                min_effect_rules: vec![MinEffectRule::parse("vdd == 2", "25%".parse().unwrap()).unwrap()],
                ..gated("freq", "Hz", Better::Higher)
            },
            gated("count", "", Better::Exact),
            gated("level", "V", band),
            plain("seen"),
        ];
        suite(&["mode:m=fast slow", "vdd:v=1 2 3!2"], vec![sample_stage("run", &[0, 1], metrics)])
    }

    fn run(suite: &Suite, id: &str, freq: f64) -> RunRecord {
        let mut record = record(suite, id);
        for at in ["mode=fast vdd=1", "mode=slow vdd=2"] {
            let values = [("freq", freq), ("count", 3.0), ("level", 15.0), ("seen", 1.0)];
            plan(&mut record, suite, "run", at, Verdict::Pass, &values);
            case(&mut record, suite, at, Verdict::Pass);
        }
        record
    }

    #[test]
    fn compares_as_the_suite_does() {
        let suite = whole();
        let (head, base) = (run(&suite, "b", 1.2), run(&suite, "a", 1.0));
        let told = recorded_suite(&head).unwrap();
        let none = EarlierRuns::default();
        let expected = compare(&head, Some(&base), Vec::new(), &suite, &none);
        assert_eq!(compare(&head, Some(&base), Vec::new(), &told, &none), expected);
        assert_eq!(expected.changes.len(), 8);
        // 20 % matter at 1 V, and not at 2 V.
        let verdicts: Vec<&str> = expected.changes.iter().step_by(4).map(|change| change.verdict.word()).collect();
        assert_eq!(verdicts, ["uncertain", "unchanged"]);
        assert_eq!(told.stages[0].metrics[2].better, suite.stages[0].metrics[2].better);
    }

    #[test]
    fn what_a_record_must_not_say() {
        let suite = whole();
        let broken = |change: &dyn Fn(&mut RunRecord)| {
            let mut record = run(&suite, "a", 1.0);
            change(&mut record);
            recorded_suite(&record).unwrap_err().to_string()
        };
        let better = |text: &str| broken(&|record| record.run.metric_infos[0].better = Some(text.to_owned()));
        assert_eq!(better("more"), "`more` of `run.freq` is no `better`");
        assert_eq!(better("within [1, x]"), "`within [1, x]` of `run.freq` is no `better`");
        let condition =
            broken(&|record| record.run.metric_infos[0].min_effect_rules[0].condition = "vdd ==".to_owned());
        assert_eq!(condition, "`vdd ==` does not say where `run.freq` has its `min_effect`");
        let effect = broken(&|record| record.run.metric_infos[0].min_effect = Some(-0.1));
        assert_eq!(effect, "-0.1 of `run.freq` is no `min_effect`");
        let code = broken(&|record| record.run.params[0].code = "!".to_owned());
        assert_eq!(code, "the parameters of run `a` name no points");
    }
}
