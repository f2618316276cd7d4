//! Schemas: what they name, what they read, what they refuse.

use super::*;
use crate::value::{Decimal, Scalar};

/// Makes a parameter of `name code kind [values] =default <old names`.
fn param(line: &str) -> Param {
    let (head, rest) = line.split_once('[').unwrap();
    let (list, tail) = rest.split_once(']').unwrap();
    let mut words = head.split_whitespace();
    let (name, code) = (words.next().unwrap(), words.next().unwrap());
    let listed: Vec<Scalar> = list.split_whitespace().map(Scalar::infer).collect();
    let find = |mark: char| tail.split_whitespace().filter_map(move |word| word.strip_prefix(mark));
    let default = find('=').next().map(Scalar::infer);
    let kind = words.next().and_then(Kind::named).unwrap_or_else(|| Kind::infer(listed.iter().chain(&default)));
    let coerce = |value: &Scalar| kind.coerce(value).unwrap_or_else(|_| value.clone());
    Param {
        name: name.to_owned(),
        code: code.to_owned(),
        kind,
        unit: None,
        values: listed.iter().map(coerce).collect(),
        default: default.as_ref().map(coerce),
        was: find('<').map(str::to_owned).collect(),
    }
}

fn schema(lines: &[&str]) -> Result<Schema, Vec<NamingError>> {
    Schema::new(lines.iter().map(|line| param(line)).collect())
}

fn temp_sense() -> Schema {
    schema(&[
        "inverters inv [5 9 13 17 21]",
        "corner c [typical ss ff] =typical",
        "vdd v [0.6 0.7 0.9 1.8 3.3]",
        "temp t [-40 27 125]",
        "netlist n [sch pex]",
    ])
    .unwrap()
}

fn patterns() -> Schema {
    schema(&[
        "para para [default prb ft] =default",
        "op op [pgm ers]",
        "pat pat word []",
        "tprog tprog int []",
        "block b int []",
        "ok ok bool [] =false",
    ])
    .unwrap()
}

fn outcome(result: Result<Point, NameError>) -> String {
    match result {
        Ok(point) => {
            let values: Vec<String> =
                point.values().iter().map(|value| value.as_ref().map_or("-".to_owned(), Scalar::to_string)).collect();
            values.join(" ")
        }
        Err(err) => {
            let hint = err.hint().map_or(String::new(), |hint| format!(" ({hint})"));
            format!("[{}] {}{hint}", &err.name[err.offset..err.offset + err.length], err.fault)
        }
    }
}

#[test]
fn names_of_a_generator_flow() {
    let schema = temp_sense();
    let check = |name: &str, expected: &str| assert_eq!(outcome(schema.parse(name)), expected, "{name}");
    check("inv5_v1.8_t-40_npex", "5 typical 1.8 -40 pex");
    check("inv21_css_v0.6_t125_nsch", "21 ss 0.6 125 sch");
    check("inv5", "5 typical - - -");
    check("base", "- typical - - -");
    check("all", "- - - - -");
    check("v1.80", "[v1.80] the name of that point is `v1.8` (write `v1.8`)");
    check("inv05", "[inv05] the name of that point is `inv5` (write `inv5`)");
    check("inv5.0_v1.8", "[inv5.0_v1.8] the name of that point is `inv5_v1.8` (write `inv5_v1.8`)");
    check("v1.8_inv5", "[v1.8_inv5] the name of that point is `inv5_v1.8` (write `inv5_v1.8`)");
    check("inv5_ctypical", "[inv5_ctypical] the name of that point is `inv5` (write `inv5`)");
    check("ctypical", "[ctypical] the name of that point is `base` (write `base`)");
    check("npe=78", "[npe=78] the name of that point is `npex` (write `npex`)");
    check(
        "base_inv5",
        "[base] no parameter has a code that `base` begins with (the codes are `inv`, `c`, `v`, `t`, `n`)",
    );
    check("", "[] there is an empty field");
    check("inv5_", "[] there is an empty field");
    check("_inv5", "[] there is an empty field");
    check("inv5_x3", "[x3] no parameter has a code that `x3` begins with (the codes are `inv`, `c`, `v`, `t`, `n`)");
    check("inw5", "[inw5] no parameter has a code that `inw5` begins with (did you mean `inv5`?)");
    check("INV5", "[INV5] no parameter has a code that `INV5` begins with (did you mean `inv5`?)");
    check("inv", "[inv] `inv` has no value after the code of `inverters`");
    check("inv5_inv9", "[inv9] `inv9` gives a second value to `inverters`");
    check(
        "inv7",
        "[inv7] `7` is none of the values of `inverters` (the fields of `inverters` are `inv5`, `inv9`, `inv13`, `inv17`, `inv21`)",
    );
    check("npxe", "[npxe] `pxe` is none of the values of `netlist` (did you mean `npex`?)");
    check(
        "vx",
        "[vx] `vx` is no value of `vdd`, which takes a number (the fields of `vdd` are `v0.6`, `v0.7`, `v0.9`, `v1.8`, `v3.3`)",
    );
    check("inv5 v1.8", "[ ] ` ` does not occur in names (a name is made of codes and values with `_` between them)");
    check("inv5/é", "[/] `/` does not occur in names (a name is made of codes and values with `_` between them)");
    check(
        "npex=4",
        "[npex=4] `npex=4` has a broken escape (bytes are written `=XX` with two large hex digits, and `_` as `__`)",
    );
    check(
        "inv5==0123456789abcdef",
        "[==0123456789abcdef] it is the shortened form of a long name (it can only be found among the names of a plan; give the values instead)",
    );
    assert_eq!(outcome(schema.parse_new("inv7_v1.8")), "7 typical 1.8 - -");
    assert!(schema.parse_new("inv7_v1.80").is_err());
}

#[test]
fn names_of_patterns() {
    let schema = patterns();
    let check = |name: &str, expected: &str| assert_eq!(outcome(schema.parse(name)), expected, "{name}");
    check("oppgm_patckbd_tprog34_b2", "default pgm ckbd 34 2 false");
    check("paraft_patA__b_b2_oktrue", "ft - A_b - 2 true");
    check("pat=41", "[pat=41] the name of that point is `patA` (write `patA`)");
    check("paa__", "[paa__] no parameter has a code that `paa__` begins with (did you mean `para__`?)");
    // What only a pattern or a list could tell apart from a typo.
    check("oppgm_pathckbd", "default pgm hckbd - - false");
    check("tprog1.5", "[tprog1.5] `tprog1.5` is no value of `tprog`, which takes a whole number");
    check("okyes", "[okyes] `okyes` is no value of `ok`, which takes a truth value (write `true` or `false`)");
    check("okfalse", "[okfalse] the name of that point is `base` (write `base`)");
    check("base", "default - - - - false");
}

#[test]
fn shapes_of_long_and_reserved_names() {
    let schema = schema(&["a a word []", "b b word [] =ase", "pat pat word []"]);
    assert!(schema.is_ok(), "{schema:?}");
    let schema = schema.unwrap();
    let text = |text: &str| Some(Scalar::Text(text.to_owned()));
    let name = |values: [Option<Scalar>; 3]| schema.name(&Point::new(values.to_vec())).as_str().to_owned();
    assert_eq!(name([text("ll"), text("ase"), None]), "al=6C");
    assert_eq!(name([text("LL"), None, None]), "aL=4C");
    assert_eq!(name([None, text("Ase"), None]), "bAs=65");
    assert_eq!(name([None, text("ase"), None]), "base");
    assert_eq!(name([None, None, None]), "all");
    let long = "x".repeat(200);
    let found = name([None, text("ase"), text(&long)]);
    let digest = crate::value::Digest::of(format!("pat{long}").as_bytes()).to_string();
    assert_eq!(found, format!("pat{}=={}", "x".repeat(97), &digest[..16]));
    assert_eq!(name([None, text("ase"), text(&long[..147])]).len(), 150);
}

#[test]
fn schemas_that_cannot_name() {
    let check = |lines: &[&str], expected: &[&str]| {
        let errors = schema(lines).err().unwrap_or_default();
        let found: Vec<String> = errors.iter().map(|err| format!("{:?} {:?} {err}", err.params, err.value)).collect();
        assert_eq!(found, expected, "{lines:?}");
    };
    check(
        &["n n [pex sch]", "npx np [1 2]"],
        &["[0, 1] Some(0) value `pex` of `n` gives `npex`, which reads as a value of `npx` (code `np`)"],
    );
    check(
        &["n n [Pex sch]", "npx np [1 2]"],
        &["[0, 1] Some(0) value `Pex` of `n` gives `nPex`, which reads as a value of `npx` (code `np`)"],
    );
    check(
        &["npx np [1 2]", "n n [sch] =pex"],
        &["[1, 0] None value `pex` of `n` gives `npex`, which reads as a value of `npx` (code `np`)"],
    );
    check(
        &["n n word []", "npx np [1 2]"],
        &["[0, 1] None the codes `n` of `n` and `np` of `npx` are ambiguous: `npx` could be both"],
    );
    check(
        &["n n int []", "npx n1e [1 2]"],
        &["[0, 1] None the codes `n` of `n` and `n1e` of `npx` are ambiguous: `n1e30` could be both"],
    );
    check(
        &["n n bool []", "npx nt [1 2]"],
        &["[0, 1] None the codes `n` of `n` and `nt` of `npx` are ambiguous: `ntrue` could be both"],
    );
    check(&["n n int []", "npx np [1 2]", "m n1f [x]"], &[]);
    check(&["a x [1]", "b x [2]"], &["[1, 0] None `b` and `a` have the same code `x`"]);
    check(&["a x [1]", "a y [2]"], &["[0, 1] None there are two parameters `a`"]);
    check(&["a x [1] <b", "b y [2]"], &["[0, 1] None `a` cannot have been `b`, which is a name of `b`"]);
    check(&["a x [1] <c", "b y [2] <c"], &["[1, 0] None `b` cannot have been `c`, which is a name of `a`"]);
    check(&["a x [1] <a"], &["[0, 0] None `a` cannot have been `a`, which is a name of `a`"]);
    for code in ["", "X", "x1", "1x", "x_y", "é"] {
        let mut bad = param("a x [1]");
        bad.code = code.to_owned();
        let errors = Schema::new(vec![bad]).unwrap_err();
        assert_eq!(errors[0].to_string(), format!("`{code}` cannot be the code of `a`"));
    }
    check(&["in x [1]"], &["[0] None `in` cannot be the name of a parameter"]);
    check(&["a x [1 1.0]"], &["[0] Some(1) `a` has the value `1` twice"]);
    check(&["a x [ss SS]"], &["[0] Some(1) the values `ss` and `SS` of `a` differ in case only"]);
    check(&["a x [ä Ä]"], &["[0] Some(1) the values `ä` and `Ä` of `a` differ in case only"]);
    check(&["a x [ss ff] =FF"], &["[0] None the values `ff` and `FF` of `a` differ in case only"]);
    check(&["a x int [1 1.5]"], &["[0] Some(1) wrong value of `a`: `1.5` is not a whole number"]);
    let mut empty = param("a x [p]");
    empty.values.push(Scalar::Text(String::new()));
    assert_eq!(Schema::new(vec![empty]).unwrap_err()[0].to_string(), "wrong value of `a`: a value may not be empty");
}

#[test]
fn further_values_are_checked() {
    let mut schema = temp_sense();
    let number = |text: &str| Scalar::Number(text.parse().unwrap());
    assert_eq!(schema.admit(0, &[number("5"), number("7")]), Ok(()));
    assert_eq!(outcome(schema.parse("inv7")), "7 typical - - -");
    let errors = schema.admit(0, &[number("11"), number("11"), Scalar::Text("x".to_owned())]).unwrap_err();
    assert_eq!(errors.iter().map(|err| err.value).collect::<Vec<_>>(), [Some(1), Some(2)]);
    let errors = schema.admit(4, &[Scalar::Text("PEX".to_owned())]).unwrap_err();
    assert_eq!(errors[0].to_string(), "the values `pex` and `PEX` of `netlist` differ in case only");
}

#[test]
fn fields_join_to_names() {
    let check = |fields: &[Option<&str>], expected: &str| {
        let mut name = "left over".to_owned();
        join_fields(fields.iter().copied(), &mut name);
        assert_eq!(name, expected);
    };
    check(&[Some("inv5"), None, Some("v1.8")], "inv5_v1.8");
    check(&[None, None], "base");
    check(&[], "all");
}

#[test]
fn earlier_points_under_a_later_schema() {
    let head = schema(&[
        "stages_count inv int [5 9] <inverters",
        "corner c [typical ss] =typical",
        "vdd v [1.8 3.3]",
        "width w [100 120] =100",
    ])
    .unwrap();
    let check = |base: &[(&str, &str)], within: &[usize], expected: &str| {
        let base: Vec<(&str, Scalar)> = base.iter().map(|&(name, value)| (name, Scalar::infer(value))).collect();
        let found = match rekey(base.iter().map(|(name, value)| (*name, value)), &head, within) {
            Ok(rekeyed) => {
                let Rekeyed { point, filled, dropped } = rekeyed;
                format!("{} {filled:?} {:?}", head.name(&point), dropped.iter().map(|drop| &drop.0).collect::<Vec<_>>())
            }
            Err(err) => format!("error: {err}"),
        };
        assert_eq!(found, expected);
    };
    let all = [0, 1, 2, 3];
    check(&[("inverters", "5"), ("corner", "ss"), ("vdd", "1.8")], &all, "inv5_css_v1.8 [3] []");
    check(&[("inverters", "5"), ("vdd", "1.8")], &all, "inv5_v1.8 [1, 3] []");
    check(&[("inverters", "5"), ("netlist", "pex")], &all, "inv5 [1, 3] [\"netlist\"]");
    // A stage that does not depend on the width.
    check(&[("inverters", "5"), ("corner", "typical")], &[0], "inv5 [] [\"corner\"]");
    check(&[], &[], "all [] []");
    check(&[("inverters", "x")], &all, "error: cannot take the earlier value of `stages_count`");
    check(&[("stages_count", "5"), ("inverters", "5")], &[0], "inv5 [] []");
    check(
        &[("stages_count", "5"), ("inverters", "9")],
        &all,
        "error: cannot give `stages_count` both the value `5` and, as it once was called `inverters`, `9`",
    );
    let word = Scalar::Text("5".to_owned());
    let rekeyed = rekey([("inverters", &word)], &head, &[0]).unwrap();
    assert_eq!(rekeyed.point.get(0), Some(&Scalar::Number(Decimal::from(5))));
}
