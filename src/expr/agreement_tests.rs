//! The law that columns give what rows give, over random expressions and random columns.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

const NAMES: [&str; 8] = ["x", "y", "n", "p", "q", "w", "v", "gone"];

#[derive(Debug, Clone)]
struct Row {
    numbers: [f64; 2],
    sometimes: Option<f64>,
    bools: [bool; 2],
    words: [u32; 2],
}

const FIRST_WORDS: [&str; 4] = ["a", "b", "c", "a"];
const SECOND_WORDS: [&str; 3] = ["c", "d", "a"];

impl Row {
    fn value(&self, slot: usize) -> Option<OperandRef<'_>> {
        Some(match NAMES[slot] {
            "x" => OperandRef::Number(self.numbers[0]),
            "y" => OperandRef::Number(self.numbers[1]),
            "n" => OperandRef::Number(self.sometimes?),
            "p" => OperandRef::Bool(self.bools[0]),
            "q" => OperandRef::Bool(self.bools[1]),
            "w" => OperandRef::Text(FIRST_WORDS[self.words[0] as usize]),
            "v" => OperandRef::Text(SECOND_WORDS[self.words[1] as usize]),
            _ => return None,
        })
    }
}

fn columns(rows: &[Row]) -> Vec<Column<'static>> {
    let dictionary = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<String>>();
    let numbers = |get: fn(&Row) -> f64| Column::numbers(rows.iter().map(get).collect::<Vec<f64>>());
    let bools = |get: fn(&Row) -> bool| rows.iter().map(get).collect::<Vec<bool>>();
    let codes = |get: fn(&Row) -> u32| rows.iter().map(get).collect::<Vec<u32>>();
    vec![
        numbers(|row| row.numbers[0]),
        numbers(|row| row.numbers[1]),
        numbers(|row| row.sometimes.unwrap_or(-1e9)).present(bools(|row| row.sometimes.is_some())),
        Column::bools(bools(|row| row.bools[0])),
        Column::bools(bools(|row| row.bools[1])),
        Column::words(codes(|row| row.words[0]), dictionary(&FIRST_WORDS)),
        Column::words(codes(|row| row.words[1]), dictionary(&SECOND_WORDS)),
        Column::absent(),
    ]
}

fn cell(column: &Column<'_>, row: usize) -> Operand {
    match &column.cells {
        Cells::Numbers(numbers) => Operand::Number(numbers[row]),
        Cells::Bools(bools) => Operand::Bool(bools[row]),
        Cells::Words { codes, words } => Operand::Text(words[codes[row] as usize].clone()),
        Cells::Absent => panic!("a result is never absent"),
    }
}

fn same(left: &Operand, right: &Operand) -> bool {
    match (left, right) {
        (Operand::Number(left), Operand::Number(right)) => left == right || left.is_nan() && right.is_nan(),
        _ => left == right,
    }
}

/// Compares both ways; gives whether the columns had a result.
fn compare(text: &str, rows: &[Row]) -> Result<bool, TestCaseError> {
    let program = Expr::parse(text).unwrap().compile(&NAMES).unwrap();
    let columns = columns(rows);
    let by_row: Vec<_> = rows.iter().map(|row| program.eval_f64(|slot| row.value(slot))).collect();
    match program.eval_columns(&columns, rows.len()) {
        Ok(column) => {
            for (row, expected) in by_row.iter().enumerate() {
                let expected = expected.as_ref().map_err(|err| TestCaseError::fail(format!("{text}: {err}")))?;
                prop_assert!(same(&cell(&column, row), expected), "{} row {}: {:?}", text, row, expected);
            }
            Ok(true)
        }
        Err(err) => {
            let mixed = matches!(err.fault, Fault::Mixed { .. });
            let refused = by_row.iter().any(|value| matches!(value, Err(_) | Ok(Operand::List(_) | Operand::Words(_))));
            prop_assert!(refused || mixed || rows.is_empty(), "{}: only the columns fail: {}", text, err);
            Ok(false)
        }
    }
}

fn number() -> BoxedStrategy<f64> {
    prop_oneof![(-4i32..5).prop_map(f64::from), -10.0..10.0f64].boxed()
}

fn rows(count: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<Row>> {
    let row = (number(), number(), proptest::option::of(number()), any::<[bool; 2]>(), 0u32..4, 0u32..3)
        .prop_map(|(x, y, sometimes, bools, w, v)| Row { numbers: [x, y], sometimes, bools, words: [w, v] });
    vec(row, count)
}

/// Expressions of a number, a truth value and a text, that refer to each other.
fn expressions() -> (BoxedStrategy<String>, BoxedStrategy<String>, BoxedStrategy<String>) {
    let leaf = |words: Vec<&'static str>| proptest::sample::select(words).prop_map(str::to_owned).boxed();
    let mut numbers = leaf(vec!["x", "y", "n", "0", "1", "2.5", "-3"]);
    let mut bools = leaf(vec!["p", "q", "true", "false", "has(n)", "has(gone)", "has(x, n)"]);
    let mut texts = leaf(vec!["w", "v", "'a'", "'zz'"]);
    for _ in 0..3 {
        let pick = |words: &'static [&'static str]| proptest::sample::select(words);
        let (n, b, t) = (numbers.clone(), bools.clone(), texts.clone());
        let functions = pick(&["abs", "floor", "ceil", "round", "sqrt", "exp", "log", "log2", "log10"]);
        let gathering = pick(&["min", "max", "sum", "mean", "median", "len"]);
        numbers = prop_oneof![
            n.clone(),
            (n.clone(), pick(&["+", "-", "*", "/", "//", "%"]), n.clone())
                .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            n.clone().prop_map(|a| format!("({a} ** 2 - 2 ** {a})")),
            n.clone().prop_map(|a| format!("-{a}")),
            (functions, n.clone()).prop_map(|(f, a)| format!("{f}({a})")),
            (gathering, n.clone(), n.clone(), n.clone()).prop_map(|(f, a, b, c)| format!("{f}({a}, [{b}, {c}])")),
            (n.clone(), b.clone(), n.clone()).prop_map(|(a, c, b)| format!("({a} if {c} else {b})")),
        ]
        .boxed();
        let orders = pick(&["==", "!=", "<", "<=", ">", ">="]);
        let equals = pick(&["==", "!="]);
        bools = prop_oneof![
            b.clone(),
            (n.clone(), orders.clone(), n.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (n.clone(), orders.clone(), n.clone(), orders, n.clone())
                .prop_map(|(a, o, b, p, c)| format!("({a} {o} {b} {p} {c})")),
            (t.clone(), equals.clone(), t.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (b.clone(), equals, b.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (t.clone(), pick(&["in", "not in"]), t.clone(), t.clone())
                .prop_map(|(a, op, b, c)| format!("({a} {op} [{b}, {c}])")),
            (n.clone(), n.clone()).prop_map(|(a, b)| format!("({a} in [{b}, 1])")),
            (b.clone(), pick(&["and", "or"]), b.clone(), b.clone())
                .prop_map(|(a, op, b, c)| format!("({a} {op} {b} {op} {c})")),
            b.clone().prop_map(|a| format!("(not {a})")),
            (b.clone(), b.clone(), b.clone()).prop_map(|(a, c, b)| format!("({a} if {c} else {b})")),
        ]
        .boxed();
        texts =
            prop_oneof![t.clone(), (t.clone(), b, t).prop_map(|(a, c, b)| format!("({a} if {c} else {b})")),].boxed();
    }
    (numbers, bools, texts)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn columns_give_what_rows_give(
        text in { let (numbers, bools, texts) = expressions(); prop_oneof![numbers, bools, texts] },
        rows in rows(0..12),
    ) {
        compare(&text, &rows)?;
    }

    /// Kinds are mixed at random here, so most of these fail: both ways or neither.
    #[test]
    fn ill_kinded_expressions_fail_both_ways(
        words in {
            let (numbers, bools, texts) = expressions();
            let any = prop_oneof![numbers, bools, texts];
            let operator = proptest::sample::select(vec!["+", "==", "<", "and", "or", "in", "if p else"]);
            (any.clone(), operator.clone(), any.clone(), operator, any)
        },
        rows in rows(1..6),
    ) {
        let (a, first, b, second, c) = words;
        compare(&format!("{a} {first} {b} {second} {c}"), &rows)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]

    #[test]
    fn blocks_join_without_a_seam(rows in rows(1000..3000)) {
        for text in ["x * 2 + y", "w == 'a' and p", "w if p else v", "n if has(n) else 0", "median(x, y, 1)", "3", "'k'"] {
            prop_assert!(compare(text, &rows)?, "{}", text);
        }
    }
}

#[test]
fn parts_of_columns() {
    let column = Column::words(vec![0, 1, 0], vec!["a".to_owned(), "b".to_owned()]).present(vec![true, false, true]);
    let program = Expr::parse("x == 'a' if has(x) else false").unwrap().compile(&["x"]).unwrap();
    let part = program.eval_columns(&[column.part(1..3)], 2).unwrap();
    assert_eq!(part.as_bools(), Some(&[false, true][..]));
    assert_eq!(Column::numbers(vec![1.0, 2.0]).part(1..2).as_numbers(), Some(&[2.0][..]));
    assert_eq!(Column::numbers(vec![1.0, 2.0]).part(1..9).as_numbers(), Some(&[][..]));
}

#[test]
fn columns_of_no_rows_have_a_kind() {
    let kind = |text: &str| {
        let program = Expr::parse(text).unwrap().compile(&NAMES).unwrap();
        program.eval_columns(&columns(&[]), 0).unwrap().kind()
    };
    assert_eq!(kind("x + 1 if p else y"), "a number");
    assert_eq!(kind("p and x > 1"), "a truth value");
    assert_eq!(kind("w"), "a text");
}

#[test]
fn broken_columns_are_errors() {
    let program = Expr::parse("x").unwrap().compile(&["x"]).unwrap();
    let fault = |columns: &[Column<'_>]| program.eval_columns(columns, 3).unwrap_err().to_string();
    assert_eq!(
        fault(&[Column::numbers(vec![1.0])]),
        "`x` is a column of 1 rows where 3 are wanted, or has codes without a word"
    );
    assert!(fault(&[Column::words(vec![0, 1, 0], vec!["a".to_owned()])]).contains("codes without a word"));
    assert_eq!(fault(&[]), "`x` has no value in row 0");
    let some = Column::numbers(vec![1.0; 3]).present(vec![true, true, false]);
    assert_eq!(fault(&[some]), "`x` has no value in row 2");
}
