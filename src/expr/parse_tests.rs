//! What is read, what is refused, and where the errors point.

use super::*;
use proptest::prelude::*;

/// Shows an error as `[place] message (hint)`.
fn refused(text: &str) -> String {
    let err = Expr::parse(text).expect_err(text);
    let place = &text[err.offset..err.offset + err.length];
    format!("[{place}] {}{}", err.message, err.hint.map_or(String::new(), |hint| format!(" ({hint})")))
}

#[test]
fn errors_say_what_to_write() {
    let check = |text: &str, expected: &str| assert_eq!(refused(text), expected, "{text}");
    check("", "[] the expression is empty");
    check("  ", "[] the expression is empty");
    check("1 +", "[] the expression ends where a value is expected");
    check("(1 + 2", "[] the expression ends where `)` is expected");
    check("[1, 2", "[] the expression ends where `,` or `]` is expected");
    check("a if b", "[] the expression ends where `else` is expected");
    check("1 2", "[2] expected an operator, found `2`");
    check("1 + * 2", "[*] expected a value, found `*`");
    check("vdd = 1.8", "[=] there is no operator `=` (`==` compares)");
    check("vdd === 1.8", "[===] there is no operator `===` (`==` compares)");
    check("vdd !== 1.8", "[!==] there is no operator `!==` (`!=` compares)");
    check("a && b", "[&&] there is no operator `&&` (the operator is `and`)");
    check("a || b", "[||] there is no operator `||` (the operator is `or`)");
    check("!a", "[!] there is no operator `!` (the operator is `not`)");
    check("a <> b", "[<>] there is no operator `<>` (`!=` tells whether two values differ)");
    check("a => 1", "[=>] there is no operator `=>` (the operator is `>=`)");
    check("a =< 1", "[=<] there is no operator `=<` (the operator is `<=`)");
    check("a ≤ 1", "[≤] there is no operator `≤` (the operator is `<=`)");
    check("2 ^ 3", "[^] there is no operator `^` (the operator is `**`)");
    check("a ? 1 : 2", "[?] there is no operator `?` (write `a if condition else b`)");
    check("{vdd} > 1", "[{] there is no operator `{` (names stand without braces, and lists in `[ ]`)");
    check("a == ‘x’", "[‘] unexpected character `‘` (texts stand in straight quotes, `'..'` or `\"..\"`)");
    check("a == 'x", "['x] a text has no closing quote (end it with `'`)");
    check(
        r"'a\n'",
        r"[\n] unknown escape in a text (after `\` stands `\`, `'` or `\`)".replace("or `\\`)", "or `\"`)").as_str(),
    );
    check("a AND b", "[AND] expected an operator, found `AND` (the operator is `and`)");
    check("a is b", "[is] expected an operator, found `is` (`==` compares)");
    check(
        "a not b",
        "[b] expected `in`, found `b` (a text stands in quotes)".replace(" (a text stands in quotes)", "").as_str(),
    );
    check(
        "10ms",
        "[10ms] `10ms` is not a number (numbers are written `12`, `1.5` or `3e-8`, without units and separators)",
    );
    check(
        "1_000 + 2",
        "[1_000] `1_000` is not a number (numbers are written `12`, `1.5` or `3e-8`, without units and separators)",
    );
    check(
        "1..2",
        "[1..2] `1..2` is not a number (numbers are written `12`, `1.5` or `3e-8`, without units and separators)",
    );
    check("1e99999", "[1e99999] `1e99999` has more digits than an exact decimal holds (38)");
    check("a.b.c", "[a.b.] `a.b.` is not a name (a name is `name` or `stage.metric`)");
    check(
        "größe > 1",
        "[grö] `grö` is not a name (names are made of the letters a to z, digits and `_`; texts stand in quotes)",
    );
    check("_a", "[_] unexpected character `_`");
    check("squrt(2)", "[squrt] there is no function `squrt` (did you mean `sqrt`?)");
    check("sqrt()", "[sqrt()] `sqrt` takes one number, not 0 arguments");
    check("log(1, 2)", "[log(1, 2)] `log` takes one number, not 2 arguments");
    check("1 + min()", "[min()] `min` takes a list, or one or more numbers");
    check("has('k')", "['k'] expected a name, found `'k'` (`has` takes names: `has(k)`)");
    check("has()", "[)] expected a name, found `)` (`has` takes names: `has(k)`)");
    check("a\0b", "[\0] unexpected character `\\0`");
    assert!(refused("frobnicate(2)").contains("the functions are `abs`, `floor`"));
}

#[test]
fn hostile_input_neither_overflows_nor_panics() {
    let deep = |open: &str, close: &str, count: usize| format!("{}1{}", open.repeat(count), close.repeat(count));
    for (open, close) in [("(", ")"), ("[", "]"), ("-", ""), ("2 ** ", ""), ("abs(", ")"), ("1 if true else ", "")] {
        assert!(Expr::parse(&deep(open, close, 90)).is_ok(), "{open}");
        let err = Expr::parse(&deep(open, close, 3000)).unwrap_err();
        assert_eq!(err.message, "the expression is nested more than 100 levels deep");
    }
    assert!(Expr::parse(&format!("{}true", "not ".repeat(5000))).is_err());
    // Long is not deep.
    let sum = vec!["1"; 20_000].join("+ ");
    let program = Expr::parse(&sum).unwrap().compile(&[""]).unwrap();
    assert_eq!(program.eval(|_| None).unwrap().to_string(), "20000");
    assert!(Expr::parse(&" ".repeat(MAX_LENGTH + 1)).is_err());
}

#[test]
fn names_and_their_places() {
    let expr = Expr::parse("has(k) and k > sim.freq or x in [k, 'y'] if has(a, b) else abs(-z)").unwrap();
    let names: Vec<(&str, usize, usize)> =
        expr.names().iter().map(|name| (name.name, name.offset, name.length)).collect();
    assert_eq!(names, [("k", 11, 1), ("sim.freq", 15, 8), ("x", 27, 1), ("k", 33, 1), ("z", 64, 1)]);
    let guarded: Vec<&str> = expr.guarded_names().iter().map(|name| name.name).collect();
    assert_eq!(guarded, ["k", "a", "b"]);
    let expr = Expr::parse("( has(k) )").unwrap();
    assert_eq!((expr.guarded_names()[0].offset, expr.guarded_names()[0].length), (0, 10));
    let expr = Expr::parse("((k)) + ( (vdd ) * 2)").unwrap();
    for name in expr.names() {
        assert_eq!(&expr.text()[name.offset..name.offset + name.length], name.name);
    }
}

#[test]
fn comparisons_with_literal_texts() {
    let check = |text: &str, expected: &str| {
        let expr = Expr::parse(text).unwrap();
        let found: Vec<String> = expr
            .text_comparisons()
            .iter()
            .map(|found| {
                format!("{}~{}~{}", found.name, found.literal, &text[found.offset..found.offset + found.length])
            })
            .collect();
        assert_eq!(found.join(" "), expected, "{text}");
    };
    check("netlist == 'pxe'", "netlist~pxe~'pxe'");
    check("'pxe' != netlist", "netlist~pxe~'pxe'");
    check("op in ['nop', \"add\", 3, x]", "op~nop~'nop' op~add~\"add\"");
    check("not (a not in ['x'] or b == 'y') if c == 'z' else d == 'w'", "a~x~'x' b~y~'y' c~z~'z' d~w~'w'");
    check("a == b == 'x' == c", "b~x~'x' c~x~'x'");
    check("len([a == 'x']) > 0", "a~x~'x'");
    check(r"a == 'it\'s'", r"a~it's~'it\'s'");
    check("(a) == ( 'x' )", "a~x~'x'");
    check("a < 3 and 'x' in b and a == b", "");
}

#[test]
fn unknown_names() {
    let check = |text: &str, expected: &str| {
        let err = Expr::parse(text).unwrap().compile(&["vdd", "temp", "netlist"]).unwrap_err();
        let place = &text[err.offset..err.offset + err.length];
        assert_eq!(format!("[{place}] {err} ({})", err.hint().unwrap_or("")), expected);
    };
    check("1 < vddd", "[vddd] unknown name `vddd` (did you mean `vdd`?)");
    check("has(tmp)", "[has(tmp)] unknown name `tmp` (did you mean `temp`?)");
    check("netlist == pex", "[pex] unknown name `pex` (known: `vdd`, `temp`, `netlist`; a text stands in quotes)");
    check("True", "[True] unknown name `True` (write `true`)");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_with_a_place(text in "[-a-c0-9.+*/%()\\[\\], '\"=<>!&|\\\\ ä\u{1F600}]{0,40}|.{0,30}") {
        match Expr::parse(&text) {
            Ok(expr) => {
                for name in expr.names() {
                    prop_assert_eq!(&text[name.offset..name.offset + name.length], name.name);
                }
            }
            Err(err) => {
                prop_assert!(text.get(err.offset..err.offset + err.length).is_some(), "{:?}", err);
                prop_assert!(!err.message.is_empty());
            }
        }
    }

    #[test]
    fn any_sequence_of_tokens_is_read_or_refused(
        words in proptest::collection::vec(
            proptest::sample::select(vec![
                "1", "0", "2.5", "'x'", "a", "b.c", "true", "and", "or", "not", "in", "if", "else", "(", ")", "[",
                "]", ",", "+", "-", "*", "/", "//", "%", "**", "==", "<", "has(", "min(", "sqrt(", "len(",
            ]),
            0..14,
        )
    ) {
        let text = words.join(" ");
        if let Ok(expr) = Expr::parse(&text) {
            let program = expr.compile(&["a", "b.c"]).unwrap();
            // Neither way of evaluating panics, whatever the kinds.
            let _ = program.eval(|_| None);
            let _ = program.eval_f64(|slot| Some(OperandRef::Number(slot as f64)));
            let _ = program.eval_columns(&[Column::numbers(vec![1.0, 2.0]), Column::bools(vec![true, false])], 2);
        }
    }
}
