use super::*;
use proptest::prelude::*;

fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[test]
fn canonical_text() {
    let check = |input: &str, expected: &str| assert_eq!(d(input).to_string(), expected, "{input}");
    check("1.80", "1.8");
    check("-40", "-40");
    check("+0.0", "0");
    check("-0", "0");
    check("3.0e-8", "0.00000003");
    check("1e3", "1000");
    check("100", "100");
    check(".5", "0.5");
    check("5.", "5");
    check("1.5e-25", "1.5e-25");
    check("1e30", "1e30");
    check("12345678901234567890", "12345678901234567890");
    check("-12345678901234567890", "-1.234567890123456789e19");
    check("0.1234567890123456789", "1.234567890123456789e-1");
}

#[test]
fn refuses_what_is_no_number() {
    for text in ["", "-", ".", "1e", "e3", "1.2.3", "0x10", "1_000", "NaN", "inf", "--1", "1e--3", "1 "] {
        assert!(matches!(text.parse::<Decimal>(), Err(ParseDecimalError::Syntax(_))), "{text}");
    }
    for text in ["1e99999", "1234567890123456789012345678901234567890"] {
        assert!(matches!(text.parse::<Decimal>(), Err(ParseDecimalError::Range(_))), "{text}");
    }
}

#[test]
fn arithmetic_is_exact() {
    assert_eq!(d("0.1").checked_add(d("0.2")), Some(d("0.3")));
    assert_eq!(d("1").checked_div(d("8")), Some(d("0.125")));
    assert_eq!(d("1").checked_div(d("3")).unwrap().to_string(), "3.333333333333333333333333333333333e-1");
    assert_eq!(d("2").checked_div(d("3")).unwrap().to_string(), "6.666666666666666666666666666666667e-1");
    assert_eq!(d("1").checked_div(d("0")), None);
    assert_eq!(d("-7").checked_rem(d("3")), Some(d("2")));
    assert_eq!(d("-7").checked_div_floor(d("2")), Some(d("-4")));
    assert_eq!(d("1.5").checked_pow(3), Some(d("3.375")));
    assert_eq!(d("2").checked_pow(-2), Some(d("0.25")));
    assert_eq!(
        (d("2.5").round(), d("-2.5").round(), d("-2.5").floor(), d("-2.5").ceil()),
        (d("3"), d("-3"), d("-3"), d("-2"))
    );
}

#[test]
fn powers() {
    let check = |base: &str, exponent: i32, expected: &str| {
        let shown = d(base).checked_pow(exponent).map_or("none".to_owned(), |power| power.to_string());
        assert_eq!(shown, expected, "{base} ** {exponent}");
    };
    check("2", 10, "1024");
    check("2", 126, "8.5070591730234615865843651857942052864e37");
    check("2", 127, "none");
    check("-2", 3, "-8");
    check("10", 900, "1e900");
    check("10", 1001, "none");
    check("0.1", 5000, "none");
    check("1", i32::MAX, "1");
    check("-1", i32::MIN, "1");
    check("-1", 4097, "-1");
    check("0", 0, "1");
    check("0", 5000, "0");
    check("0", -1, "none");
    check("1.01", 5000, "none");
}

#[test]
fn whole_numbers_around_a_value() {
    let check = |value: &str, expected: &str| {
        let value = d(value);
        assert_eq!(format!("{} {} {}", value.floor(), value.ceil(), value.round()), expected, "{value}");
    };
    check("1e-200", "0 1 0");
    check("-1e-200", "-1 0 0");
    check("0", "0 0 0");
    check("7e300", "7e300 7e300 7e300");
    check("0.5", "0 1 1");
    check("-0.5", "-1 0 -1");
    check("0.49999999999999999999", "0 1 0");
    check("1.7e-1", "0 1 0");
    check("0.00000000000000000000000000000000000001", "0 1 0");
    check("1.7014118346046923173168730371588410572", "1 2 2");
    check(
        "-17014118346046923173168730371588410572.7",
        "-1.7014118346046923173168730371588410573e37 -1.7014118346046923173168730371588410572e37 -1.7014118346046923173168730371588410573e37",
    );
}

#[test]
fn quotients_of_large_divisors() {
    let check = |left: &str, right: &str, expected: &str| {
        let shown = d(left).checked_div(d(right)).map_or("none".to_owned(), |value| value.to_string());
        assert_eq!(shown, expected, "{left} / {right}");
    };
    // By another program, with 34 digits and half to even.
    check("1", "34028236692093846346337460743176821145", "2.938735877055718769921841343055614e-38");
    check("170141183460469231731687303715884105727", "34028236692093846346337460743176821147", "5");
    check("3", "99999999999999999999999999999999999999", "3e-38");
    check("1", "18446744073709551616", "5.421010862427522170037264004349709e-20");
    check("1", "18446744073709551615", "5.42101086242752217033113759205528e-20");
    check("170141183460469231731687303715884105727", "2", "8.5070591730234615865843651857942052864e37");
    check("1e-600", "1e600", "none");
    check("1e600", "1e-600", "none");
}

#[test]
fn what_a_decimal_cannot_hold() {
    let huge = d("1e999");
    assert_eq!(huge.checked_mul(d("10")), Some(d("1e1000")));
    assert_eq!(huge.checked_mul(d("100")), None);
    assert_eq!(d("1e-600").checked_mul(d("1e-600")), None);
    let longest = d("170141183460469231731687303715884105727");
    assert_eq!((-longest).checked_sub(Decimal::ONE), None, "it could not be negated");
    assert_eq!((-longest).abs(), longest);
    assert_eq!(longest.checked_add(Decimal::ONE), None);
    assert_eq!(Decimal::checked_new(i128::MIN, 0), None);
    assert_eq!(Decimal::checked_new(10, i32::MAX), None);
    assert_eq!(Decimal::checked_new(0, i32::MAX), Some(Decimal::ZERO));
    for text in ["10e1000", "1e-1001", "-170141183460469231731687303715884105728"] {
        assert!(matches!(text.parse::<Decimal>(), Err(ParseDecimalError::Range(_))), "{text}");
    }
    assert_eq!(d("0.1e1001").to_string(), "1e1000");
}

#[test]
fn remainders_of_values_far_apart() {
    assert_eq!(d("1e-200").checked_div_floor(d("5")), Some(Decimal::ZERO));
    assert_eq!(d("-1e-200").checked_div_floor(d("5")), Some(d("-1")));
    assert_eq!(d("1e-200").checked_rem(d("5")), Some(d("1e-200")));
    assert_eq!(d("-1e-200").checked_rem(d("-5")), Some(d("-1e-200")));
    assert_eq!(d("-1e-200").checked_rem(d("5")), None, "5 - 1e-200 has 201 digits");
    assert_eq!(d("1e200").checked_div_floor(d("7")), None);
    assert_eq!(d("1e200").checked_rem(d("7")), None);
}

#[test]
fn order_across_magnitudes() {
    let mut values = ["1e300", "-1e300", "1e-300", "0", "-1e-300", "3", "0.5"].map(d);
    values.sort();
    assert_eq!(values, ["-1e300", "-1e300", "-1e-300", "0", "1e-300", "0.5", "3", "1e300"].map(d)[1..]);
}

proptest! {
    #[test]
    fn text_round_trip(coefficient in any::<i64>(), exponent in -60i32..60) {
        let value = Decimal::new(i128::from(coefficient), exponent);
        prop_assert_eq!(value.to_string().parse::<Decimal>().unwrap(), value);
    }

    #[test]
    fn double_round_trip(value in any::<f64>().prop_filter("finite", |value| value.is_finite())) {
        prop_assert_eq!(Decimal::from_f64(value).unwrap().to_f64(), value);
    }

    #[test]
    fn order_agrees_with_subtraction(a in any::<i32>(), b in any::<i32>(), i in -8i32..8, j in -8i32..8) {
        let (x, y) = (Decimal::new(i128::from(a), i), Decimal::new(i128::from(b), j));
        let difference = x.checked_sub(y).unwrap();
        prop_assert_eq!(x.cmp(&y), difference.cmp(&Decimal::ZERO));
    }

    #[test]
    fn a_quotient_is_within_half_of_its_last_place(
        a in (1i128..=i128::MAX).prop_map(|value| value >> (value.unsigned_abs() % 100)),
        b in (1i128..=i128::MAX).prop_map(|value| (value >> (value.unsigned_abs() % 101)).max(1)),
    ) {
        let (x, y) = (Decimal::checked_new(a.max(1), 0).unwrap(), Decimal::checked_new(b, 0).unwrap());
        let quotient = x.checked_div(y).unwrap();
        let error = (quotient.to_f64() / (x.to_f64() / y.to_f64()) - 1.0).abs();
        prop_assert!(error < 1e-14, "{} / {} = {}", x, y, quotient);
        if let Some(product) = quotient.checked_mul(y) {
            let difference = product.checked_sub(x).map_or(0.0, |difference| difference.to_f64().abs());
            prop_assert!(difference <= x.to_f64() * 5.1e-34, "{} / {} = {}", x, y, quotient);
        }
    }

    #[test]
    fn zeros_are_stripped(coefficient in any::<i64>(), zeros in 0u32..19, exponent in -60i32..60) {
        prop_assume!(coefficient % 10 != 0);
        let padded = i128::from(coefficient) * 10i128.pow(zeros);
        let plain = Decimal { coefficient: i128::from(coefficient), exponent };
        prop_assert_eq!(Decimal::new(padded, exponent - zeros as i32), plain);
    }

    #[test]
    fn floor_and_ceil_are_around(coefficient in any::<i128>(), exponent in -60i32..5) {
        let Some(value) = Decimal::checked_new(coefficient, exponent) else { return Ok(()) };
        prop_assert!(value.floor() <= value && value <= value.ceil());
        let width = value.ceil().checked_sub(value.floor());
        prop_assert_eq!(width, Some(if value.is_integer() { Decimal::ZERO } else { Decimal::ONE }));
        prop_assert!(value.round() == value.floor() || value.round() == value.ceil());
    }
}
