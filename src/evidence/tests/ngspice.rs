//! What ngspice prints: measurements and METRIC lines.

use super::*;

#[test]
fn metric_lines() {
    let check = |situation: &str, asked: &[(&str, &str)], expected: &str| {
        check(Parser::MetricLines, &format!("ngspice/{situation}"), asked, expected);
    };
    let good = "pass: freq_hz=3935580000 power_w=0.000246496";
    for stream in ["good/stdout", "control_without_quit/stdout", "quit_5/stdout", "log_file/sim.log"] {
        check(stream, &[], good);
    }
    check("good/stdout", &[("freq", "freq_hz")], "pass: freq=3935580000");
    check("good/stdout", &[("freq", "freq")], "error: `freq` is not in the report: no METRIC line `freq`");
    check("progress/stdout", &[], "pass: freq_hz=3857080000 power_w=0.000245604");
    check("control_meas_failed/stdout", &[], "error: `freq_hz` has no value, it is empty (line 27: `METRIC freq_hz`)");
    check("control_meas_failed/stdout", &[("power", "power_w")], "pass: power=0.000246496");
    let none = "error: the report holds no `METRIC name value` line";
    for stream in ["log_file/stdout", "no_analysis/stdout", "singular_matrix/stdout", "plain/stdout"] {
        check(stream, &[], none);
    }
    for stream in ["model_missing/stdout", "deck_missing/stdout"] {
        check(stream, &[], "error: the report is empty");
    }
}

#[test]
fn metric_lines_by_hand() {
    let check = |text: &str, expected: &str| check_text(Parser::MetricLines, text, &[], expected);
    check("METRIC a 1\n  METRIC b -2e3\nMETRICS c 4\n", "pass: a=1 b=-2000");
    check("12%\rMETRIC a 1\r\n", "pass: a=1");
    check("METRIC a 1\nMETRIC a 1.0\n", "pass: a=1");
    check(
        "METRIC a 1\nMETRIC a 2\n",
        "error: `a` has no value, it has two values, the other is `1` (line 2: `METRIC a 2`)",
    );
    check("METRIC a nan\n", "error: `a` has no value, it is not a finite number (line 1: `METRIC a nan`)");
    check("METRIC a 1 2\n", "error: `a` has no value, it is not a number (line 1: `METRIC a 1 2`)");
    check("METRIC a 1\nMETRIC b\n", "error: `b` has no value, it is empty (line 2: `METRIC b`)");
    check("METRIC\n", "error: line 1: expected `METRIC name value`, found `METRIC`");
    check(
        "METRIC a 1.25",
        "error: `a` has no value, the report ends in the middle of its line (line 1: `METRIC a 1.25`)",
    );
    let outcome = parse_bytes(Parser::MetricLines, b"\xff\xfe name\nMETRIC a 1\n", &[]);
    assert_eq!(shown(&outcome), "pass: a=1");
}

#[test]
fn ngspice() {
    let check = |situation: &str, asked: &[(&str, &str)], expected: &str| {
        check(Parser::NgspiceMeas, &format!("ngspice/{situation}/stdout"), asked, expected);
    };
    check("good", &[], "pass: t1=0.000000000280012 t2=0.0000000007881969 current=-0.0001369422");
    let plain = "pass: delay=0.0000000007354337 average=0.2966404 peak=0.9957562 at5=0.9685516";
    check("plain", &[], plain);
    check("plain_meas_failed", &[], plain);
    check("plain_param_failed", &[], plain);
    check("plain", &[("top", "Peak")], "pass: top=0.9957562");
    let failed = "error: `late` has no value, the tool says that it failed";
    check(
        "plain_meas_failed",
        &[("late", "late")],
        &format!("{failed} (line 3: ` .meas tran late when v(out)=5 rise=1 failed!`)"),
    );
    check("plain_param_failed", &[("late", "twice")], &format!("{failed} (line 28: `twice               =   failed`)"));
    check(
        "control_meas_failed",
        &[("late", "t2")],
        &format!("{failed} (line 24: ` meas tran t2 when v(out)=5 rise=4 failed!`)"),
    );
    check("plain", &[("late", "late")], "error: `late` is not in the report: no measurement `late`");
    let none = "error: the report holds no measurement (`name = value`)";
    for situation in ["plain_limits_from_measurements", "no_analysis", "singular_matrix", "log_file"] {
        check(situation, &[], none);
    }
    check("model_missing", &[], "error: the report is empty");

    let evidence = parse_file(Parser::NgspiceMeas, "ngspice/plain_meas_failed/stdout", &[]).unwrap();
    let missing = evidence.why_missing("late").unwrap();
    assert_eq!(
        (missing.why.clone(), missing.quote.text.as_str()),
        (NoValue::Failed, " .meas tran late when v(out)=5 rise=1 failed!")
    );
}

#[test]
fn ngspice_by_hand() {
    let check = |text: &str, expected: &str| check_text(Parser::NgspiceMeas, text, &[], expected);
    check("a = 1e-9\nStack = 0 bytes.\nTotal time (seconds) = 2\nb=2 at= 3 from=4\n", "pass: a=0.000000001 b=2");
    check("a = 1\na = 2\n", "error: `a` has no value, it has two values, the other is `1` (line 2: `a = 2`)");
    check("a = 1", "error: `a` has no value, the report ends in the middle of its line (line 1: `a = 1`)");
    check("a = nan\n", "error: `a` has no value, it is not a finite number (line 1: `a = nan`)");
    check(
        " .meas tran a when v(x)=5 failed!\n",
        "error: `a` has no value, the tool says that it failed (line 1: ` .meas tran a when v(x)=5 failed!`)",
    );
}
