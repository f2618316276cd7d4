//! Targets, features, names, groups, constraints.

use super::check;

/// time = 2 a + 3 b
const TABLE: &str = "a,b,time,kind\n1,0,2,x\n0,1,3,x\n2,1,7,y\n1,2,8,y\n3,1,9,x\n1,3,11,y\n";
const FORM: &str = "target: time\nfeatures: { one: a, two: b }\n";

#[test]
fn coefficients() {
    check(FORM, TABLE, "one 2, two 3");
    check("target: time * 10\nfeatures: { one: a * 2, two: b / 2 }\n", TABLE, "one 10, two 60");
    check("target: 6 * a - 4 * b\nfeatures: { one: a, two: b }\n", TABLE, "one 3.5, two 0");
    check("target: 6 * a - 4 * b\nfeatures: { one: a, two: b }\nfree: [two]\n", TABLE, "one 6, two -4");
    check("target: time + 5\nfeatures: { one: a, two: b }\nintercept: true\n", TABLE, "one 2, two 3, intercept 5");
    check("target: time - 5\nfeatures: { one: a, two: b }\nintercept: true\n", TABLE, "one 2, two 3, intercept -5");
    check("target: time\nfeatures: { one: a, two: b }\nweighting: relative\n", TABLE, "one 2, two 3");
}

#[test]
fn names() {
    let columns = "columns: { m: [rows, a], n: [b], t: [time] }\n";
    check(&format!("{columns}target: t\nfeatures: {{ one: m, two: n }}\n"), TABLE, "one 2, two 3");
    let lets = "let: { half: { expr: a / 2 }, weight: { pick: kind, from: { x: 1, y: 2 } } }\n";
    check(&format!("{lets}target: time\nfeatures: {{ one: half, two: b }}\n"), TABLE, "one 4, two 3");
    check(&format!("{lets}target: half * weight\nfeatures: {{ one: a * weight }}\n"), TABLE, "one 0.5");
    check("target: cpu if has(cpu) else time\nfeatures: { one: a, two: b }\n", TABLE, "one 2, two 3");
    check("target: wall_time\nfeatures: { a: x }\n", "x,wall-time\n1,2\n2,4\n", "a 2");
}

#[test]
fn filters_and_groups() {
    check(&format!("{FORM}where: [\"kind == 'x'\"]\n"), TABLE, "one 2, two 3");
    check(&format!("{FORM}where: [\"a > 0\", \"b > 0\"]\n"), TABLE, "one 2, two 3");
    check("target: time\nfeatures: { rows: '1' }\nby: [kind]\n", TABLE, "x: rows 4.666666667; y: rows 8.666666667");
    let sets = "target: time\nfeatures: { rows: '1' }\nsets: { base: 'true', tall: b > 1, wide: a > 1 }\n";
    check(sets, TABLE, "base: rows 2.5; wide: rows 8; tall: rows 9.5");
    let both = "target: time\nfeatures: { rows: '1' }\nby: [kind]\nsets: { base: 'true', wide: a > 1 }\n";
    check(both, TABLE, "x/base: rows 2.5; y/wide: rows 7; y/base: rows 9.5; x/wide: rows 9");
    check(&format!("{FORM}by: [kind]\nwhere: [a < 3]\n"), TABLE, "x: one 2, two 3; y: one 2, two 3");
    check(
        &format!("{FORM}by: [a]\n"),
        TABLE,
        "1: one 2, two 3; 0: too few rows: 1 for 2 coefficients; 2: too few rows: 1 for 2 coefficients; 3: too few rows: 1 for 2 coefficients",
    );
}

#[test]
fn robust_fits_do_not_follow_one_row() {
    let rows: String = (1..40).map(|x| format!("{x},{}\n", if x == 20 { 4000 } else { 3 * x + x % 2 })).collect();
    let table = format!("x,t\n{rows}");
    let robust = super::fit_text("target: t\nfeatures: { a: x }\nrobust: true\n", &table).unwrap();
    let plain = super::fit_text("target: t\nfeatures: { a: x }\n", &table).unwrap();
    let value = |fit: &super::Fit| fit.models[0].coefficients.as_ref().unwrap()[0].value;
    assert!((value(&robust) - 3.02).abs() < 0.02 && value(&plain) > 5.0, "{} {}", value(&robust), value(&plain));
}

#[test]
fn mistakes() {
    check(
        "target: tim\nfeatures: { one: a }\n",
        TABLE,
        "error: the target needs `tim`, and the table has no such column (did you mean `time`?)",
    );
    check(
        "columns: { m: [rows, height] }\ntarget: time\nfeatures: { one: m }\n",
        TABLE,
        "error: feature `one` needs `m`, and the table has no column `rows` or `height` (known: `a`, `b`, `time`, `kind`)",
    );
    check(
        "target: time\nfeatures: { one: a }\nop: knid\n",
        TABLE,
        "error: `op` needs `knid`, and the table has no such column (did you mean `kind`?)",
    );
    check("target: time\ncolumns: { op: [knid] }\nfeatures: { one: a, two: b }\nop: op\n", TABLE, "one 2, two 3");
    let hint = |column: &str, first: &str| {
        format!(
            " (`{column}` starts with `{first}`: numbers stand without their unit, and texts get theirs by `let`, with `pick` and `from`)"
        )
    };
    let expected = format!("error: feature `one` is a text, and a number is wanted{}", hint("kind", "x"));
    check("target: time\nfeatures: { one: kind }\n", TABLE, &expected);
    let expected = format!("error: feature `one`: `k` is a text where a number is wanted{}", hint("kind", "x"));
    check("target: time\ncolumns: { k: [kind] }\nfeatures: { one: k * 2 }\n", TABLE, &expected);
    let expected = format!("error: `d`: `size` is a text where a number is wanted{}", hint("size", "12 ms"));
    check("target: t\nlet: { d: { expr: size / 2 } }\nfeatures: { one: d }\n", "size,t\n12 ms,1\n", &expected);
    check(
        "target: time\nfeatures: { one: a }\nwhere: [a]\n",
        TABLE,
        "error: `where` is a number, and a truth value is wanted (compare it: `... > 0`, `... == 'text'`)",
    );
    check(
        "target: time\nfeatures: { one: a }\nby: [color]\n",
        TABLE,
        "error: `by` needs `color`, and the table has no such column (known: `a`, `b`, `time`, `kind`)",
    );
    check(
        "target: time\nfeatures: { one: a }\nwhere: [a > 9]\n",
        TABLE,
        "error: no row of the table can be used (the commonest reason: `where` does not hold)",
    );
    check(
        "target: time\nfeatures: { one: a, two: b }\nwhere: [a == 2]\n",
        TABLE,
        "error: no row of the table can be used (the commonest reason: too few rows: 1 for 2 coefficients)",
    );
    check(
        "target: time\nfeatures: { one: a }\n",
        "a,a,time\n1,2,3\n",
        "error: `a` is a column that the table has 2 times",
    );
    check(
        "target: time\nfeatures: { one: x_y }\n",
        "x-y,x y,time\n1,2,3\n",
        "error: `x_y` may be `x-y` or `x y` (say which under `columns`)",
    );
    check("target: time\nfeatures: { one: a }\n", "", "error: the table is empty (its first line names the columns)");
    check("target: time\nfeatures: { one: a }\n", "a,time\n", "error: the table has no rows");
}
