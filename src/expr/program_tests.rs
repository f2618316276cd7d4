//! Values: what expressions give in exact numbers and in doubles, and why they sometimes do not.

use super::*;
use crate::value::{Decimal, Scalar, Value};
use proptest::prelude::*;

const NAMES: [&str; 9] = ["inverters", "vdd", "corner", "netlist", "approx", "k", "samples", "words", "one"];

fn scope() -> Vec<Option<Value>> {
    let number = |text: &str| Scalar::Number(text.parse().unwrap());
    let text = |text: &str| Scalar::Text(text.to_owned());
    vec![
        Some(number("5").into()),
        Some(number("1.8").into()),
        Some(text("ss").into()),
        Some(text("pex").into()),
        Some(Scalar::Bool(false).into()),
        None,
        Some(Value::List(vec![number("3"), number("1"), number("2.5"), number("10")])),
        Some(Value::List(vec![text("a"), text("b")])),
        Some(text("1").into()),
    ]
}

fn outcome(text: &str) -> String {
    let scope = scope();
    let program = Expr::parse(text).unwrap().compile(&NAMES).unwrap();
    match program.eval(|slot| scope[slot].as_ref().map(ValueRef::from)) {
        Ok(value) => value.to_string(),
        Err(err) => format!("error: {err}"),
    }
}

fn check(text: &str, expected: &str) {
    assert_eq!(outcome(text), expected, "{text}");
}

#[test]
fn precedence_is_that_of_python() {
    check("1 + 2 * 3", "7");
    check("(1 + 2) * 3", "9");
    check("-2 ** 2", "-4");
    check("2 ** -1", "0.5");
    check("2 ** 3 ** 2", "512");
    check("10 - 4 - 3", "3");
    check("16 / 4 / 2", "2");
    check("7 // 2 * 2 + 7 % 2", "7");
    check("-7 // 2", "-4");
    check("-7 % 3", "2");
    check("7 % -3", "-2");
    check("not 1 == 2", "true");
    check("true or false and false", "true");
    check("1 < 2 < 3", "true");
    check("1 < 3 < 2", "false");
    check("3 > 2 == 2 != 1", "true");
    check("1 if false else 2 if false else 3", "3");
    check("1 + 1 if 1 + 1 == 2 else 0", "2");
    check("[1, 2, 1 + 2,]", "[1, 2, 3]");
    check("- - 3", "3");
    check("min - 1 if false else 4".replace("min", "vdd").as_str(), "4");
}

#[test]
fn numbers_are_exact() {
    check("0.1 + 0.2 == 0.3", "true");
    check("0.1 + 0.2", "0.3");
    check("1 / 8", "0.125");
    check("1 / 3 * 3", "9.999999999999999999999999999999999e-1");
    check("9223372036854775807 + 1", "9223372036854775808");
    check("-9223372036854775807 - 1", "-9223372036854775808");
    check("-(-9223372036854775807 - 1)", "9223372036854775808");
    check("(-9223372036854775807 - 1) // -1", "9223372036854775808");
    check("3000000000 * 5000000000", "15000000000000000000");
    check("2 ** 100", "1.267650600228229401496703205376e30");
    check("1.5 ** 3", "3.375");
    check("1.5 % 0.4", "0.3");
    check("5.5 // 0.5", "11");
    check("1e200 * 1e-200", "1");
    check("1e200 > 3 > 1e-200", "true");
    check("inverters % 2 == 1", "true");
    check("0.6 < vdd <= 1.8", "true");
}

#[test]
fn functions() {
    check("abs(-2.5)", "2.5");
    check("[floor(-1.5), ceil(-1.5), round(-1.5), floor(1.5), ceil(1.5), round(1.5)]", "[-2, -1, -2, 1, 2, 2]");
    check("[floor(1e-200), ceil(1e-200), floor(-1e-200), ceil(-1e-200), round(-1e-200)]", "[0, 1, -1, 0, 0]");
    check("[round(0.5), round(0.49), round(-0.5), floor(7), ceil(7)]", "[1, 0, -1, 7, 7]");
    check("sqrt(4)", "2");
    check("sqrt(2)", "1.4142135623730951");
    check("4 ** 0.5", "2");
    check("[log2(8), log10(1000), log(1), exp(0)]", "[3, 3, 0, 1]");
    check(
        "[min(3, 1, 2), max([3, 1, 2]), sum([1, 2], 3), mean(1, 2), median(3, 1, 2), median([1, 2])]",
        "[1, 3, 6, 1.5, 2, 1.5]",
    );
    check(
        "[min(samples), max(samples), sum(samples), mean(samples), median(samples), len(samples)]",
        "[1, 10, 16.5, 4.125, 2.75, 4]",
    );
    check("[len(words), len([]), len(3), sum([]), min(7)]", "[2, 0, 1, 0, 7]");
}

#[test]
fn texts_lists_and_truth() {
    check("netlist == 'pex'", "true");
    check("netlist != \"sch\" and not approx", "true");
    check("corner in ['ss', 'ff']", "true");
    check("corner not in ['ss', 'ff']", "false");
    check("'a' in words", "true");
    check("2.50 in samples", "true");
    check("1 in []", "false");
    check("corner", "ss");
    check("words", "[a, b]");
    check("[corner, 'x']", "[ss, x]");
    check("approx", "false");
    check("'x' if approx else \"it's\"", "it's");
    check("has(k)", "false");
    check("has(vdd, corner)", "true");
    check("has(vdd, k)", "false");
}

#[test]
fn what_does_not_matter_is_not_evaluated() {
    check("has(k) and k > 1", "false");
    check("not has(k) or k > 1", "true");
    check("k if has(k) else 7", "7");
    check("false and 1 / 0 > 1", "false");
    check("1 > 2 > 1 / 0", "false");
    check("true or 'x' > 1", "true");
}

#[test]
fn errors_name_the_part_at_fault() {
    check("1 + k", "error: `k` has no value here");
    check("1 + 2 / (vdd - 1.8)", "error: `2 / (vdd - 1.8)` divides by zero");
    check("1 // 0", "error: `1 // 0` divides by zero");
    check("1 % 0", "error: `1 % 0` divides by zero");
    check("0 ** -1", "error: `0 ** -1` divides by zero");
    check("netlist == 3", "error: `netlist == 3` compares a text with a number");
    check("one == 1", "error: `one == 1` compares a text with a number");
    check("approx == 'false'", "error: `approx == 'false'` compares a truth value with a text");
    check("samples == 3", "error: `samples == 3` compares a list with a number");
    check("corner in ['a', 3]", "error: `corner in ['a', 3]` compares a text with a number");
    check("'p' in netlist", "error: `'p' in netlist` is a text where a list after `in` is wanted");
    check("'a' < 'b'", "error: `'a' < 'b'` orders a text, and only numbers have an order");
    check("1 < 'b'", "error: `1 < 'b'` orders a text, and only numbers have an order");
    check("not vdd", "error: `vdd` is a number where a truth value is wanted");
    check("vdd and approx", "error: `vdd` is a number where a truth value is wanted");
    check("approx + 1", "error: `approx` is a truth value where a number is wanted");
    check("1 + (2 * -corner)", "error: `corner` is a text where a number is wanted");
    check("min([])", "error: `min([])` has no items");
    check("mean(words)", "error: `words` is a list with a text where a list of numbers is wanted");
    check("max(corner)", "error: `corner` is a text where a number or a list is wanted");
    check("[[1], 2]", "error: `[1]` puts a list into a list");
    check("[samples]", "error: `samples` puts a list into a list");
    check("sqrt(-1)", "error: `sqrt(-1)` has no finite result for -1");
    check("log(vdd - vdd)", "error: `log(vdd - vdd)` has no finite result for 0");
    check("(-8) ** 0.5", "error: `(-8) ** 0.5` has no finite result for -8");
    check("exp(10000)", "error: `exp(10000)` has no finite result for 10000");
}

#[test]
fn hostile_numbers_end_in_errors() {
    let too_many = |text: &str| {
        let found = outcome(text);
        assert!(found.ends_with("has more digits than an exact decimal holds"), "{text}: {found}");
    };
    too_many("2 ** 1000");
    too_many("10 ** 100000");
    too_many("10 ** 5000");
    too_many("10 ** 1e30");
    too_many("(1e1000 ** 4096) ** 4096");
    too_many("1e1000 * 1e1000 * 1e1000");
    too_many("1e1000 + 1");
    too_many("1e-200 * 1e-200");
    too_many("-((-2 ** 64) * (2 ** 63))");
    too_many("abs((-2 ** 64) * (2 ** 63))");
    too_many("1 / 170141183460469231731687303715884105727");
    too_many("1e200 % 3");
    check("1 ** 100000", "1");
    check("(-1) ** 100001", "-1");
    check("0 ** 0", "1");
    check("0 ** 100000", "0");
    check("10 ** 20 // 10 ** 18", "100");
}

#[test]
fn truth_is_asked_for() {
    let scope = scope();
    let ask = |text: &str| {
        let program = Expr::parse(text).unwrap().compile(&NAMES).unwrap();
        program.eval_bool(|slot| scope[slot].as_ref().map(ValueRef::from)).map_err(|err| {
            let place = &text[err.offset..err.offset + err.length];
            format!("[{place}] {err} ({})", err.hint().unwrap_or_default())
        })
    };
    assert_eq!(ask("vdd > 1"), Ok(true));
    assert_eq!(
        ask("vdd - 1"),
        Err("[vdd - 1] `vdd - 1` is a number where a truth value is wanted (compare it: `... > 0`, `... != 0`)"
            .to_owned())
    );
    assert_eq!(ask("k > 1"), Err("[k] `k` has no value here (guard it: `has(k) and ...`)".to_owned()));
    assert!(
        ask("approx == 'true'")
            .unwrap_err()
            .ends_with("(a truth value stands for itself: write `name` or `not name`, without quotes)")
    );
}

#[test]
fn doubles_for_metrics() {
    let check = |text: &str, expected: Operand| {
        let names = ["freq_hz", "inverters", "td", "real_time", "label", "ok", "absent", "words"];
        let words = ["a".to_owned(), "b".to_owned()];
        let program = Expr::parse(text).unwrap().compile(&names).unwrap();
        let value = program.eval_f64(|slot| {
            Some(match names[slot] {
                "freq_hz" => OperandRef::Number(2.0e9),
                "inverters" => OperandRef::Number(5.0),
                "td" => OperandRef::Number(8.5e-11),
                "real_time" => OperandRef::List(&[3.0, 1.5, 2.0]),
                "label" => OperandRef::Text("x"),
                "ok" => OperandRef::Bool(true),
                "words" => OperandRef::Words(&words),
                _ => return None,
            })
        });
        let value = value.unwrap();
        assert!(value == expected || format!("{value:?}") == format!("{expected:?}"), "{text}: {value:?}");
    };
    check("min(real_time)", Operand::Number(1.5));
    check("median(real_time)", Operand::Number(2.0));
    check("1 / (freq_hz * 2 * inverters * td / 100)", Operand::Number(1.0 / (2.0e9 * 2.0 * 5.0 * 8.5e-11 / 100.0)));
    check("1 / 0", Operand::Number(f64::INFINITY));
    check("0 / 0", Operand::Number(f64::NAN));
    check("min(1, 0 / 0, 2)", Operand::Number(f64::NAN));
    check("max([0 / 0, 1])", Operand::Number(f64::NAN));
    check("median([1, 0 / 0, 2])", Operand::Number(f64::NAN));
    check("0 / 0 == 0 / 0", Operand::Bool(false));
    check("sqrt(-1)", Operand::Number(f64::NAN));
    check("real_time", Operand::List(vec![3.0, 1.5, 2.0]));
    check("label if ok else 'y'", Operand::Text("x".to_owned()));
    check("'b' in words and 1.5 in real_time", Operand::Bool(true));
    check("-7 % 3", Operand::Number(2.0));
    check("-7 // 2", Operand::Number(-4.0));
    check("has(absent)", Operand::Bool(false));
    check("['a', 'b']", Operand::Words(vec!["a".to_owned(), "b".to_owned()]));
}

#[test]
fn programs_know_what_they_read() {
    let program = Expr::parse("b + a * b + (0 if has(c) else 1)").unwrap().compile(&["a", "b", "c", "d"]).unwrap();
    assert_eq!(program.slots(), [0, 1, 2]);
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&program);
}

proptest! {
    /// Exact and double evaluation agree where both are exact.
    #[test]
    fn whole_numbers_agree(a in -1000i64..1000, b in -1000i64..1000, c in 1i64..50) {
        for text in ["a + b * c", "a - b - c", "a // c", "a % c", "a // -c", "a % -c", "(a + b) ** 2", "min(a, b, c)",
            "abs(a) + floor(b)", "a if a < b else c", "median(a, b, c)", "sum([a, b, c])"] {
            let program = Expr::parse(text).unwrap().compile(&["a", "b", "c"]).unwrap();
            let whole = [a, b, c];
            let exact = program.eval(|slot| Some(ValueRef::Number(Decimal::from(whole[slot])))).unwrap();
            let double = program.eval_number(|slot| Some(OperandRef::Number(whole[slot] as f64))).unwrap();
            prop_assert_eq!(exact, Value::from(Scalar::Number(Decimal::from_f64(double).unwrap())), "{}", text);
        }
    }

    /// The short way for whole numbers gives what decimals give.
    #[test]
    fn whole_and_fraction_agree(a in any::<i64>(), b in any::<i64>(), shift in 0i32..3) {
        let (x, y) = (Decimal::new(i128::from(a), -shift), Decimal::new(i128::from(b), -shift));
        let check = |text: &str, expected: Option<Decimal>| {
            let program = Expr::parse(text).unwrap().compile(&["x", "y"]).unwrap();
            let value = program.eval(|slot| Some(ValueRef::Number([x, y][slot]))).ok();
            assert_eq!(value, expected.map(|number| Scalar::Number(number).into()), "{text} of {x}, {y}");
        };
        check("x + y", x.checked_add(y));
        check("x - y", x.checked_sub(y));
        check("-x", Some(-x));
        if !y.is_zero() {
            check("x / y", x.checked_div(y));
            check("x // y", x.checked_div_floor(y));
            check("x % y", x.checked_rem(y));
        }
    }
}
