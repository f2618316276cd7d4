//! The laws of naming, over random schemas and hostile values.

use super::*;
use crate::value::{Decimal, Scalar};
use proptest::prelude::*;

fn hostile_text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z_]{1,6}",
        3 => "[-_=./ +A-Fa-f0-9]{1,8}",
        2 => "_{1,5}",
        1 => proptest::sample::select(vec!["base", "all", "ase", "ll", "se", "e", "l", "1.80", "true", "=41", "=="])
            .prop_map(str::to_owned),
        1 => any::<String>().prop_filter("values are not empty", |text| !text.is_empty()),
        1 => "[a-zA-Z_ü]{60,120}",
    ]
}

fn value(kind: Kind) -> BoxedStrategy<Scalar> {
    match kind {
        Kind::Word => hostile_text().prop_map(Scalar::Text).boxed(),
        Kind::Bool => any::<bool>().prop_map(Scalar::Bool).boxed(),
        Kind::Int => (any::<i32>(), 0i32..30)
            .prop_map(|(whole, exponent)| Scalar::Number(Decimal::new(i128::from(whole), exponent)))
            .boxed(),
        Kind::Decimal => (any::<i64>(), -30i32..30)
            .prop_map(|(coefficient, exponent)| Scalar::Number(Decimal::new(i128::from(coefficient), exponent)))
            .boxed(),
    }
}

prop_compose! {
    /// A parameter and the values that the two points of a case have for it.
    fn param()(
        kind in proptest::sample::select(vec![Kind::Int, Kind::Decimal, Kind::Word, Kind::Bool])
    )(
        code in prop_oneof!["[a-ce]", "[ab][a-c0-9]{0,2}[a-c]", Just("ba".to_owned()), Just("al".to_owned())],
        values in proptest::collection::vec(value(kind), 0..3),
        default in proptest::option::of(value(kind)),
        pair in proptest::array::uniform2(proptest::option::weighted(0.9, value(kind))),
        kind in Just(kind),
    ) -> (Param, [Option<Scalar>; 2]) {
        let name = String::new();
        (Param { name, code, kind, unit: None, values, default, was: Vec::new() }, pair)
    }
}

prop_compose! {
    /// A schema that passes its checks, and two points whose values do.
    fn schema_and_points()(
        params in proptest::collection::vec(param(), 1..5)
    ) -> Option<(Schema, [Point; 2])> {
        let (mut params, pairs): (Vec<Param>, Vec<_>) = params.into_iter().unzip();
        for (index, param) in params.iter_mut().enumerate() {
            param.name = format!("p{index}");
            if param.kind == Kind::Bool {
                param.values.clear();
            }
        }
        let mut schema = Schema::new(params).ok()?;
        let mut points = [Point::empty(schema.len()), Point::empty(schema.len())];
        for (index, pair) in pairs.into_iter().enumerate() {
            let mut given: Vec<Scalar> = pair.iter().flatten().cloned().collect();
            given.dedup();
            schema.admit(index, &given).ok()?;
            for (point, value) in points.iter_mut().zip(pair) {
                point.set(index, value.or_else(|| schema.params()[index].default.clone()));
            }
        }
        Some((schema, points))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, max_global_rejects: 60_000, ..ProptestConfig::default() })]

    #[test]
    fn names_are_safe_and_read_back(
        (schema, points) in schema_and_points().prop_filter_map("names are ambiguous", |made| made)
    ) {
        let names = points.each_ref().map(|point| schema.name(point));
        for (name, point) in names.iter().zip(&points) {
            let text = name.as_str();
            prop_assert!(!text.is_empty() && text.len() <= 150, "{}", text);
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+_=-".contains(&byte)), "{}", text);
            prop_assert!(text.starts_with(|first: char| first.is_ascii_lowercase()), "{}", text);
            match schema.parse(text) {
                Ok(read) => prop_assert_eq!(&read, point, "{}", text),
                Err(err) => prop_assert!(err.fault == NameFault::Shortened && text.len() == 118, "{} {:?}", text, err),
            }
        }
        let [first, second] = names;
        prop_assert_eq!(
            points[0] == points[1],
            first.as_str().eq_ignore_ascii_case(second.as_str()),
            "{} {}", first, second
        );
    }

    #[test]
    fn what_is_read_is_the_name_of_its_point(
        (schema, _) in schema_and_points().prop_filter_map("names are ambiguous", |made| made),
        text in prop_oneof!["([a-c]{1,2}[-a-c0-9._=E]{0,4}_?){0,4}", hostile_text()],
    ) {
        match schema.parse_new(&text) {
            Ok(point) => {
                let name = schema.name(&point);
                prop_assert_eq!(name.as_str(), text.as_str());
            }
            Err(err) => prop_assert!(text.get(err.offset..err.offset + err.length).is_some()),
        }
    }
}
