use super::{Bound, Judged, MetricInput, judge};
use crate::evidence::{Evidence, EvidenceError, Expectation, Field, Input, Parser, Quote, parse};
use crate::expr::Operand;
use crate::ledger::MeasuredValue;
use crate::record::sample::{expr, gated, metric, of};
use crate::suite::{Better, ExpectOperator, Metric};
use crate::value::{Scalar, Value};
use proptest::prelude::*;

type Report = (String, Result<Evidence, EvidenceError>);

fn report(parser: Parser, file: &str, text: &str) -> Report {
    let input = Input { bytes: text.as_bytes(), companions: &[], fields: &[] };
    (file.to_owned(), parse(parser, &input))
}

fn lines(text: &str) -> Report {
    report(Parser::MetricLines, "sim.log", text)
}

/// `freq > 30`, or `freq > = 2 * x` for an expression, after a metric.
fn expected<'a>(metric: &'a Metric, bounds: &[(&str, Bound<'a>)]) -> MetricInput<'a> {
    let operator = |word: &str| ExpectOperator::ALL.into_iter().find(|(known, _)| *known == word).unwrap().1;
    MetricInput { metric, expected: bounds.iter().map(|(word, bound)| (operator(word), bound.clone())).collect() }
}

fn plain(metric: &Metric) -> MetricInput<'_> {
    expected(metric, &[])
}

fn value(text: &str) -> Bound<'static> {
    Bound::Value(Value::Scalar(Scalar::infer(text)))
}

fn names(name: &str) -> Option<Operand> {
    match name {
        "td" => Some(Operand::Number(8.5e-11)),
        "inverters" => Some(Operand::Number(5.0)),
        "freq_hz" => Some(Operand::Number(1.0)),
        "netlist" => Some(Operand::Text("pex".to_owned())),
        "wall" => Some(Operand::Number(2.5)),
        _ => None,
    }
}

fn show(judged: &Judged) -> String {
    let Judged { verdict, message, quotes, metrics, unmet } = judged;
    let mut text = verdict.to_string();
    for metric in metrics {
        let value = match &metric.value {
            MeasuredValue::Number(number) => number.to_string(),
            MeasuredValue::Text(text) => format!("'{text}'"),
        };
        let samples = if metric.samples.is_empty() { String::new() } else { format!(" of {:?}", metric.samples) };
        text += &format!(", {}={value}{}{samples}", metric.name, metric.unit.as_deref().unwrap_or_default());
    }
    if let Some(message) = message {
        text += &format!(": {message}");
    }
    for quote in quotes {
        text += &format!(" | {}:{} {}", quote.file, quote.line.unwrap_or_default(), quote.text);
    }
    if !unmet.is_empty() {
        text += &format!(" | unmet {unmet:?}");
    }
    text
}

fn check(reports: &[Report], metrics: &[MetricInput<'_>], expected: &str) {
    assert_eq!(show(&judge(reports, metrics, &names)), expected);
}

#[test]
fn values_and_expectations() {
    let log = [lines("METRIC freq_hz 2.0512e9\nMETRIC power_w 0.5\n")];
    let freq = Metric { of: Some(expr("freq_hz")), ..gated("freq", "Hz", Better::Higher) };
    let points = of("points", "1 / (freq * 2 * inverters * td / 100)");
    let power = Metric { of: Some(expr("power_w")), ..gated("power", "W", Better::Lower) };
    check(&log, &[plain(&freq)], "pass, freq=2051200000Hz");
    check(&[], &[], "pass");
    check(
        &log,
        &[plain(&freq), expected(&points, &[("gt", value("30"))])],
        "pass, freq=2051200000Hz, points=57.35523538588602",
    );
    check(
        &log,
        &[plain(&freq), expected(&points, &[("gt", value("60"))])],
        "fail, freq=2051200000Hz, points=57.35523538588602: points is 57.355, expected > 60 | sim.log:1 METRIC freq_hz 2.0512e9 | sim.log:2 METRIC power_w 0.5 | unmet [1]",
    );
    check(
        &log,
        &[expected(&freq, &[("gt", value("3e9")), ("ge", value("4e9"))]), expected(&power, &[("le", value("0.4"))])],
        "fail, freq=2051200000Hz, power=0.5W: freq is 2.0512e9 Hz, expected > 3e9 Hz (and 2 more) \
         | sim.log:1 METRIC freq_hz 2.0512e9 | sim.log:2 METRIC power_w 0.5 | unmet [0, 1]",
    );
    // A bound may name any metric of the stage, also a later one.
    let bound = expr("power * 1e10");
    check(
        &log,
        &[expected(&freq, &[("gt", Bound::Expr(&bound))]), plain(&power)],
        "fail, freq=2051200000Hz, power=0.5W: freq is 2.0512e9 Hz, expected > 5e9 Hz \
         | sim.log:1 METRIC freq_hz 2.0512e9 | sim.log:2 METRIC power_w 0.5 | unmet [0]",
    );
}

#[test]
fn every_operator() {
    let log = [lines("METRIC x 2\n")];
    let x = metric("x");
    let check = |word: &str, bound: &str, sentence: &str| {
        let judged = judge(&log, &[expected(&x, &[(word, value(bound))])], &names);
        assert_eq!(judged.message.as_deref().unwrap_or("met"), sentence, "{word} {bound}");
    };
    check("eq", "2.0", "met");
    check("eq", "0", "x is 2, expected = 0");
    check("ne", "0", "met");
    check("ne", "2", "x is 2, expected != 2");
    check("lt", "2", "x is 2, expected < 2");
    check("lt", "2.0000000001", "met");
    check("le", "2", "met");
    check("le", "1.9999999", "x is 2, expected <= 1.9999999");
    check("gt", "2", "x is 2, expected > 2");
    check("gt", "1", "met");
    check("ge", "2", "met");
    check("ge", "3", "x is 2, expected >= 3");
    check("eq", "two", "x is a number (2) and compared with a text (`two`)");
    check("eq", "true", "x is a number (2) and compared with a text (`true`)");
}

#[test]
fn a_parsers_own_demand() {
    let drc = || {
        let expectations =
            vec![Expectation { field: "violations".into(), holds: false, message: "2 violations, expected 0".into() }];
        let quotes = vec![Quote { line: Some(3), text: "Metal1 spacing < 0.23um (M1.2a)".into() }];
        let fields = vec![("violations".to_owned(), Field::Number(2.0)), ("rules".to_owned(), Field::Number(1.0))];
        [("drc.rpt".to_owned(), Ok(Evidence { fields, missing: Vec::new(), expectations, quotes }))]
    };
    let (violations, rules) = (metric("violations"), metric("rules"));
    check(&drc(), &[], "fail: `drc.rpt`: 2 violations, expected 0 | drc.rpt:3 Metal1 spacing < 0.23um (M1.2a)");
    // The suite demands the same: said once.
    check(
        &drc(),
        &[expected(&violations, &[("eq", value("0"))])],
        "fail, violations=2: `drc.rpt`: 2 violations, expected 0 | drc.rpt:3 Metal1 spacing < 0.23um (M1.2a) | unmet [0]",
    );
    // A wider demand of the suite does not lift the parser's.
    check(
        &drc(),
        &[expected(&violations, &[("le", value("5"))]), expected(&rules, &[("eq", value("0"))])],
        "fail, violations=2, rules=1: `drc.rpt`: 2 violations, expected 0 (and 1 more) \
         | drc.rpt:3 Metal1 spacing < 0.23um (M1.2a) | unmet [1]",
    );
}

#[test]
fn no_value_is_an_error() {
    let missing = [lines("METRIC freq_hz nan\nMETRIC power_w 0.5\n")];
    let freq = of("freq", "freq_hz * 1");
    let power = metric("power_w");
    check(
        &missing,
        &[plain(&freq), plain(&power)],
        "error: `sim.log`: `freq_hz` has no value, it is not a finite number (line 1: `METRIC freq_hz nan`) | sim.log:1 METRIC freq_hz nan",
    );
    let log = || [lines("METRIC freq_hz 0\nMETRIC power_w 0.5\n")];
    check(
        &log(),
        &[plain(&of("period", "1 / (freq_hz - 0)"))],
        "error: period is not a finite number: `1 / (freq_hz - 0)`",
    );
    check(&log(), &[plain(&metric("power"))], "error: the evidence does not give `power` (did you mean `power_w`?)");
    check(
        &log(),
        &[plain(&of("p", "pwr + zebra"))],
        "error: p: the evidence does not give `pwr` (known: `freq_hz`, `power_w`)",
    );
    check(&log(), &[plain(&of("p", "freq_hz + netlist"))], "error: p: `netlist` is a text where a number is wanted");
    check(&log(), &[plain(&of("p", "has(zebra) and freq_hz > 3"))], "pass, p='false'");
    // A parameter is not evidence.
    check(&log(), &[plain(&metric("td"))], "error: the evidence does not give `td` (known: `freq_hz`, `power_w`)");
    check(&log(), &[plain(&metric("wall"))], "pass, wall=2.5");
    check(
        &[lines("")],
        &[],
        "error: `sim.log`: the report is empty (the tool may have been stopped or out of disk; look at the task's output)",
    );
    check(
        &[lines(""), report(Parser::Json, "x.json", "{")],
        &[plain(&power)],
        "error: `sim.log`: the report is empty (the tool may have been stopped or out of disk; look at the task's output) (and 1 more)",
    );
}

#[test]
fn several_samples() {
    let list = |text: &str| {
        let fields = [("t".to_owned(), "t".to_owned())];
        let input = Input { bytes: text.as_bytes(), companions: &[], fields: &fields };
        [("t.csv".to_owned(), parse(Parser::Csv, &input))]
    };
    let t = gated("t", "ms", Better::Lower);
    check(&list("t\n3\n1\n2\n"), &[plain(&t)], "pass, t=2ms of [3.0, 1.0, 2.0]");
    check(
        &list("t\n3\n1\n2\n4\n"),
        &[plain(&t), plain(&of("best", "min(t)"))],
        "pass, t=2.5ms of [3.0, 1.0, 2.0, 4.0], best=1",
    );
    check(
        &list("t\n3\n1\n"),
        &[plain(&of("twice", "t * 2"))],
        "error: twice: `t` is a list where a number is wanted; say which one: `min(..)`, `median(..)`, `max(..)`",
    );
    check(
        &list("t\n3\n1\n"),
        &[expected(&t, &[("lt", value("2"))])],
        "fail, t=2ms of [3.0, 1.0]: t is 2 ms, expected < 2 ms | unmet [0]",
    );
    let huge = judge(&list("t\n1e308\n1.5e308\n"), &[plain(&t)], &names);
    assert_eq!(huge.metrics[0].value, MeasuredValue::Number(1.25e308));
}

#[test]
fn texts_are_only_equal_or_not() {
    let log = || [report(Parser::KeyValue, "stdout", "digest=abc\nok=true\n")];
    let digest = gated("digest", "", Better::Exact);
    check(&log(), &[expected(&digest, &[("eq", value("abc"))])], "pass, digest='abc'");
    check(
        &log(),
        &[expected(&digest, &[("eq", value("abd"))])],
        "fail, digest='abc': digest is `abc`, expected = `abd` | stdout:1 digest=abc | stdout:2 ok=true | unmet [0]",
    );
    check(
        &log(),
        &[expected(&digest, &[("ne", value("abc"))])],
        "fail, digest='abc': digest is `abc`, expected != `abc` | stdout:1 digest=abc | stdout:2 ok=true | unmet [0]",
    );
    check(
        &log(),
        &[expected(&digest, &[("gt", value("3"))])],
        "error: digest is a text (`abc`) where `expect >` wants a number",
    );
    check(
        &log(),
        &[expected(&digest, &[("eq", value("3"))])],
        "error: digest is a text (`abc`) and compared with a number (3)",
    );
    check(
        &log(),
        &[expected(&gated("digest", "", Better::Lower), &[])],
        "error: digest is a text (`abc`) where `better` wants a number",
    );
    check(&log(), &[expected(&metric("ok"), &[("eq", value("true"))])], "pass, ok='true'");
    check(
        &log(),
        &[expected(&metric("ok"), &[("eq", value("false"))])],
        "fail, ok='true': ok is `true`, expected = `false` | stdout:1 digest=abc | stdout:2 ok=true | unmet [0]",
    );
}

#[test]
fn two_reports_that_give_one_name() {
    let two =
        |one: &str, other: &str| [report(Parser::KeyValue, "a.txt", one), report(Parser::KeyValue, "b.txt", other)];
    let x = metric("x");
    let y = metric("y");
    check(&two("x=1\n", "x=1\ny=2\n"), &[plain(&x), plain(&y)], "pass, x=1, y=2");
    check(&two("x=1\n", "x=3\ny=2\n"), &[plain(&y)], "pass, y=2");
    check(&two("x=1\n", "x=3\ny=2\n"), &[plain(&x)], "error: `x` is 1 in `a.txt` and 3 in `b.txt`");
    check(&two("x=1\n", "x=3\ny=2\n"), &[plain(&of("z", "y + x"))], "error: z: `x` is 1 in `a.txt` and 3 in `b.txt`");
}

proptest! {
    /// Of two opposite expectations exactly one is met, whatever the value.
    #[test]
    fn opposites(value in -1e9f64..1e9, bound in -1000i64..1000) {
        let log = [lines(&format!("METRIC x {value}\n"))];
        let x = metric("x");
        let bound = bound.to_string();
        for (one, other) in [("eq", "ne"), ("lt", "ge"), ("le", "gt")] {
            let met = |word| judge(&log, &[expected(&x, &[(word, self::value(&bound))])], &names).message.is_none();
            prop_assert!(met(one) != met(other), "{} {} {}", value, one, bound);
        }
    }

    /// An error beats a miss, and measures nothing.
    #[test]
    fn errors_win(value in -10i64..10) {
        let log = [lines(&format!("METRIC x {value}\n"))];
        let (x, lost) = (metric("x"), metric("lost"));
        let judged = judge(&log, &[expected(&x, &[("gt", self::value("100"))]), expected(&lost, &[])], &names);
        prop_assert_eq!(judged.verdict.to_string(), "error");
        prop_assert!(judged.metrics.is_empty() && judged.unmet.is_empty());
    }
}

/// Reports of real tools, all the way to the sentence.
#[test]
fn real_reports() {
    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../tests/fixtures/evidence/", $name)).as_slice()
        };
    }
    let verdict = |parser: Parser, file: &str, bytes: &[u8], companions: &[(&str, &[u8])]| {
        let read = parse(parser, &Input { bytes, companions, fields: &[] });
        let judged = judge(&[(file.to_owned(), read)], &[], &names);
        [Some(judged.verdict.to_string()), judged.message].into_iter().flatten().collect::<Vec<_>>().join(": ")
    };
    let drc = |bytes| verdict(Parser::MagicDrc, "drc.rpt", bytes, &[]);
    let lvs = |bytes, json| verdict(Parser::Netgen, "lvs.rpt", bytes, &[("lvs.json", json)]);
    let all = [
        drc(fixture!("magic_drc/none/drc.rpt")),
        drc(fixture!("magic_drc/drc/drc.rpt")),
        drc(fixture!("magic_drc/technology_missing/drc.rpt")),
        lvs(fixture!("netgen/none/lvs.rpt"), fixture!("netgen/none/lvs.json")),
        lvs(fixture!("netgen/lvs_width/lvs.rpt"), fixture!("netgen/lvs_width/lvs.json")),
    ];
    insta::assert_snapshot!(all.join("\n"), @r"
    pass
    fail: `drc.rpt`: 2 violations of 2 rules, expected 0
    error: `drc.rpt`: nothing was checked: line 3 says the cell's area is 0.0001 um2, so the layout is empty (a missing technology file, cell or netlist looks clean to the tool; look at its standard error)
    pass
    fail: `lvs.rpt`: 1 property errors, expected 0
    ");
}
