//! Cases, profiles, expressions, `let`s.

use super::{check, part};

#[test]
fn cases_and_profiles() {
    check(
        &part("cases: []"),
        "5:8: `cases` has no block, so there is no case (leave `cases` out for the product of all values)",
    );
    check(&part("cases: { over: { a: 1 } }"), "5:8: expected a list, found a map");
    check(&part("cases:\n  - { ovr: { a: 1 } }"), "6:7: unknown key `ovr` in a block of cases (did you mean `over`?)");
    check(&part("cases:\n  - { over: { aa: 1 } }"), "6:15: there is no parameter `aa` (did you mean `a`?)");
    check(
        &part("cases:\n  - { over: { a: [1, 1] } }"),
        "6:22: the value `1` occurs twice, first on line 6 (remove one of the two)",
    );
    check(
        &part("cases:\n  - { over: { a: [x] } }"),
        "6:19: `a` wants a number, found `x` (the kind is seen from its own values; for texts say `type: word`)",
    );
    check(
        &part("cases:\n  - { over: { b: 3 } }"),
        "6:18: `b` wants `true` or `false`, found `3` (the kind is seen from its own values; for texts say `type: word`)",
    );
    check(&part("cases:\n  - { zip: [[a, c]] }"), "6:17: there is no parameter `c` (known: `a`, `w`, `b`)");
    check(
        &part("cases:\n  - { over: { a: [1, 2, 3] }, zip: [[a, w]] }"),
        "6:37: `a` has 3 values and `w` has 2 (zipped parameters have lists of one length)",
    );
    check(
        &part("cases:\n  - { over: { a: 1 }, zip: [[a, w]] }"),
        "6:30: `a` is zipped and needs several values here, found one (give it values under `over`, or leave it out of `zip`)",
    );
    check(&part("cases:\n  - { zip: [[a]] }"), "6:13: `zip` joins at least two parameters (write `[[a, b]]`)");
    check(
        &part("cases:\n  - { zip: [[a, w], [w, b]] }"),
        "6:22: `w` is zipped twice (a parameter steps together with one group)",
    );
    check(
        &part("cases:\n  - { zip: [a, w] }"),
        "6:13: expected a list, found the text `a` (write `[a]`)\n6:16: expected a list, found the text `w` (write `[w]`)",
    );
    check(
        &part("cases:\n  - { take: { pairwise: false } }"),
        "6:13: `take` is either `pairwise: true` or `sample` with `seed` (write `{ pairwise: true }` or `{ sample: N, seed: S }`)",
    );
    check(
        &part("cases:\n  - { take: { sample: 3 } }"),
        "6:13: a sample needs a `seed` (any number will do; it makes the same cases come every time)",
    );
    check(&part("cases:\n  - { take: { sample: 0, seed: 1 } }"), "6:23: a sample of 0 leaves no case");
    check(
        &part("cases:\n  - { take: { sample: 3, seed: 1, pairwise: true } }"),
        "6:13: `take` is either `pairwise: true` or `sample` with `seed` (write `{ pairwise: true }` or `{ sample: N, seed: S }`)",
    );
    check(
        &part("cases:\n  - { take: {} }"),
        "6:13: `take` is either `pairwise: true` or `sample` with `seed` (write `{ pairwise: true }` or `{ sample: N, seed: S }`)",
    );
    check(
        &part("cases:\n  - { take: 3 }"),
        "6:13: expected a map for `take`, found the number 3 (its keys: `pairwise`, `sample`, `seed`)",
    );
    check(
        &part("cases:\n  - { names: [a1_wsch_btrue, a3] }"),
        "6:30: cannot read the name `a3`: `3` is none of the values of `a` (the fields of `a` are `a1`, `a2`)",
    );
    check(
        &part("cases:\n  - { names: [wsch_a1] }"),
        "6:15: cannot read the name `wsch_a1`: the name of that point is `a1_wsch` (write `a1_wsch`)",
    );
    check(
        &part("cases:\n  - { names: [a1, a1] }"),
        "6:19: the name `a1` occurs twice, first on line 6 (remove one of the two)",
    );
    check(
        &part("cases:\n  - { names: nowhere.list }"),
        "6:14: cannot read `nowhere.list`: no such file (the path is relative to the folder of the suite file)",
    );
    check(
        &part("cases:\n  - { names: bad.list }"),
        "bad.list:4:6: cannot read the name `a1_wshc_btrue`: `shc` is none of the values of `w` (did you mean `wsch`?)",
    );
    check(&part("cases:\n  - { names: empty.list }"), "6:14: `empty.list` holds no names");
    check(
        &part("cases:\n  - { names: [q7] }"),
        "6:15: cannot read the name `q7`: no parameter has a code that `q7` begins with (the codes are `a`, `w`, `b`)",
    );
    check(
        &part("cases:\n  - { names: [a01] }"),
        "6:15: cannot read the name `a01`: the name of that point is `a1` (write `a1`)",
    );
    check(&part("cases:\n  - { where: [\"a > \"] }"), "6:20: the expression ends where a value is expected");
    check(&part("cases:\n  - { where: [\"aa > 1\"] }"), "6:16: unknown name `aa` (did you mean `a`?)");
    check(
        &part("cases:\n  - { where: \"a > 1\" }"),
        r#"6:14: expected a list, found the text `a > 1` (write `["a > 1"]`)"#,
    );
    check(&part("cases:\n  - { let: { a: 3 } }"), "6:14: `a` is a parameter already (rename the `let`)");
    check(
        &part("cases:\n  - { let: { x: { pick: q, from: { 1: 2 } } } }"),
        "6:25: there is no parameter `q` (known: `a`, `w`, `b`)",
    );
    check(
        &part("profiles: { PR: {} }"),
        "5:13: `PR` cannot name a profile (a name is a small letter, then small letters, digits, `_` and `-`)",
    );
    check(&part("profiles: { pr: { over: { aa: [1] } } }"), "5:27: there is no parameter `aa` (did you mean `a`?)");
    check(&part(r#"profiles: { pr: { where: ["w == 'pxe'"] } }"#), "5:33: `w` is never `pxe` (did you mean `pex`?)");
    check(
        &part("profiles: { pr: { repeat: { count: 0 } } }"),
        "5:36: `count` must be at least 1 (to leave the stage out use `when`)",
    );
    check(
        &part("profiles: { pr: { repeat: { until: 2% } } }"),
        "5:27: `count` is missing here\n5:29: `until` is kept for a later version of shmoo",
    );
    check(&part("profiles: { pr: { were: [] } }"), "5:19: unknown key `were` in a profile (did you mean `where`?)");
}

#[test]
fn expressions() {
    check(&part(r#"where: ["a >"]"#), "5:13: the expression ends where a value is expected");
    check(
        &part(r#"where: ['a == 1 and', "w == 'pxe'"]"#),
        "5:20: the expression ends where a value is expected\n5:29: `w` is never `pxe` (did you mean `pex`?)",
    );
    check(&part(r#"where: ["w in ['sch', 'pxe']"]"#), "5:23: `w` is never `pxe` (did you mean `pex`?)");
    check(&part(r#"where: ["'pxe' != w"]"#), "5:10: `w` is never `pxe` (did you mean `pex`?)");
    check(&part(r#"where: ["a == '1'"]"#), "5:15: `a` is a number, and this is a text (remove the quotes)");
    check(&part(r#"where: ["b == 'true'"]"#), "5:15: `b` is a truth value, and this is a text (write `b` or `not b`)");
    check(&part(r#"where: ["w == sch"]"#), "5:15: unknown name `sch` (known: `a`, `w`, `b`)");
    check(&part(r#"where: ["has(q)"]"#), "5:10: unknown name `q` (known: `a`, `w`, `b`)");
    check(
        &part(r#"where: ["foo(a)"]"#),
        "5:10: there is no function `foo` (the functions are `abs`, `floor`, `ceil`, `round`, `sqrt`, `exp`, `log`, `log2`, `log10`, `min`, `max`, `sum`, `mean`, `median`, `len`, `has`)",
    );
    check(&part(r#"where: ["True"]"#), "5:10: unknown name `True` (known: `a`, `w`, `b`)");
    check(&part("where:\n  - |\n    a > 1\n    and q > 2"), "8:9: unknown name `q` (known: `a`, `w`, `b`)");
    check(&part("where:\n  - >-\n    a > 1\n    and w == 'pxe'"), "8:14: `w` is never `pxe` (did you mean `pex`?)");
    check(&part("where:\n  - 'w == ''pxe'''"), "6:11: `w` is never `pxe` (did you mean `pex`?)");
    check(&part("where:\n  - \"w == \\\"pxe\\\"\""), "6:11: `w` is never `pxe` (did you mean `pex`?)");
    check(&part("where:\n  - a > 1\n    and q > 2"), "7:9: unknown name `q` (known: `a`, `w`, `b`)");
    check(
        &part("let: { t: { pick: w, from: { sch: unary, pex: binary } } }\nwhere: [\"t == 'unray'\"]"),
        "6:15: `t` is never `unray` (did you mean `unary`?)",
    );
    check(&part("let: { t: [x, y] }\nwhere: [\"t == 'unray'\"]"), "nothing is wrong");
    check(&part("let: { t: \"{w}x\" }\nwhere: [\"t == 'unray'\"]"), "nothing is wrong");
    check(&part("where: [[a]]"), "5:9: expected a text, found a list (remove the brackets or the dash)");
    check(&part("where: [3 +]"), "5:12: the expression ends where a value is expected");
}

#[test]
fn lets() {
    check(&part("let: { a: 1 }"), "5:8: `a` is a parameter already (rename the `let`)");
    check(
        &part("let: { cases: 1 }"),
        "5:8: `cases` cannot name a `let`: `{cases}` means something already (rename it)",
    );
    check(&part("let: { 1x: 1 }"), "5:8: `1x` cannot name a `let` (a name is a letter, then letters, digits and `_`)");
    check(
        &part("let: { x: { exp: a } }"),
        "5:11: a computed value is either `expr` or `pick` with `from` (write `{ expr: \"2 * vdd\" }` or `{ pick: vdd, from: { 1.8: a, 3.3: b } }`)\n5:13: unknown key `exp` in a computed value (did you mean `expr`?)",
    );
    check(
        &part("let: { x: { expr: a, pick: a } }"),
        r#"5:11: a computed value is either `expr` or `pick` with `from` (write `{ expr: "2 * vdd" }` or `{ pick: vdd, from: { 1.8: a, 3.3: b } }`)"#,
    );
    check(
        &part("let: { x: { pick: a } }"),
        "5:11: `pick` needs choices under `from` (write `{ pick: PARAM, from: { VALUE: ... } }`)",
    );
    check(
        &part("let: { x: { pick: a, from: {} } }"),
        "5:11: `pick` needs choices under `from` (write `{ pick: PARAM, from: { VALUE: ... } }`)",
    );
    check(
        &part("let: { x: { pick: a, from: { 1: x, 1.0: y } } }"),
        "5:36: `1` has two choices (remove one of the two)",
    );
    check(&part("let: { x: { pick: a, from: { one: x } } }"), "5:30: `a` is a number, found the text `one`");
    check(
        &part(r#"let: { x: { expr: "x + 1" } }"#),
        "5:8: `x` needs itself (a value cannot depend on itself; rename one of them)",
    );
    check(
        &part(r#"let: { x: { expr: y }, y: "{x}" }"#),
        "5:8: `x`, `y` need each other (a value cannot depend on itself; rename one of them)",
    );
    check(
        &part(r#"let: { x: "{q}" }"#),
        "5:12: unknown placeholder `{q}` (known: `a`, `w`, `b`, `x`, `name`, `shmoo`)",
    );
    check(
        &part(r#"let: { x: "{" }"#),
        "5:12: this `{` is never closed (`{name}` is replaced by a value; write `{{` for a brace)",
    );
    check(
        &part(r#"let: { x: "{a b}" }"#),
        "5:12: `{a b}` is not a placeholder (`{name}` is replaced by a value; write `{{` for a brace)",
    );
    check(
        &part(r#"let: { x: "{y...}", y: [1] }"#),
        "5:12: `{y...}` can only be a whole argument of `cmd` (give it an item of its own)",
    );
    check(&part("let: { x: }"), r#"5:9: expected a value, found nothing (for an empty text write `""`)"#);
    check(&part(r#"let: { x: { expr: "a +" } }"#), "5:23: the expression ends where a value is expected");
    check(&part(r#"let: { x: "{cases}" }"#), "5:12: `{cases}` is only there in a stage with `rows`");
    check(&part("let: [x]"), "5:6: expected a map `NAME: ...`, found a list");
}
