//! Mistakes in suite files, one at a time, and what is said about each.

use super::load;

const HEAD: &str = "version: 1
suite: s
params: { a: { code: a, values: [1, 2] }, w: { code: w, values: [sch, pex] }, b: { code: b, values: [true, false] } }
";

fn indented(text: &str, indent: &str) -> String {
    text.lines().map(|line| format!("{indent}{line}\n")).collect()
}

/// A whole file.
fn whole(text: &str) -> String {
    text.to_owned()
}

/// Parameters, from line 5 on.
fn params(text: &str) -> String {
    let stages = "stages: { run: { cmd: [x], outputs: [y] } }";
    format!("version: 1\nsuite: s\n{stages}\nparams:\n{}", indented(text, "  "))
}

/// Keys at the top, from line 5 on, beside parameters `a`, `w` and `b` and a stage.
fn part(text: &str) -> String {
    format!("{HEAD}stages: {{ run: {{ cmd: [x], outputs: [y] }} }}\n{text}")
}

/// Keys at the top, from line 4 on, beside parameters.
fn stages(text: &str) -> String {
    format!("{HEAD}{text}")
}

/// Keys of a stage `s`, from line 9 on, beside stages `one`, `once` and `many`.
fn stage(text: &str) -> String {
    let others = "  one: { cmd: [x], outputs: [o.txt, dir/] }
  once: { per: [], cmd: [x], outputs: [o.txt] }
  many: { cmd: [x], outputs: [o.txt], repeat: { count: 2 } }\n";
    format!("{HEAD}stages:\n{others}  s:\n{}", indented(text, "    "))
}

/// Keys of a stage, from line 8 on, whose evidence gives `spread`.
fn measured(text: &str) -> String {
    let rest = "    cmd: [x]\n    evidence: [{ json: { file: o.json, fields: { spread: /spread } } }]\n";
    format!("{HEAD}stages:\n  s:\n{rest}{}", indented(text, "    "))
}

/// Keys at the top, from line 8 on, beside stages with metrics.
fn judged(text: &str) -> String {
    let stages = "  one: { cmd: [x], evidence: [{ key_value: stdout }], metrics: { freq: { better: higher }, time: { unit: s }, shown: {} } }
  two: { cmd: [x], evidence: [{ key_value: stdout }], metrics: { time: { unit: ms } } }
  once: { per: [], cmd: [x], outputs: [o.txt] }\n";
    format!("{HEAD}stages:\n{stages}{text}")
}

/// Compares what is said, one line a problem, with `line:column` for the place.
fn check(text: &str, expected: &str) {
    let found = match load(text) {
        Ok(_) => "nothing is wrong".to_owned(),
        Err(problems) => problems.replace("s.yaml:", ""),
    };
    assert_eq!(found, expected, "\n{text}");
}

#[test]
fn shapes_of_the_file() {
    check(
        &whole(""),
        "1:1: expected a map for a suite, found nothing (its keys: `version`, `suite`, `requires`, `root`, `paths`, `params_from`, `params`, `let`, `where`, `cases`, `stages`, `models`, `plots`, `goldens`, `known_failures`, `archive`, `profiles`)",
    );
    check(
        &whole("3"),
        "1:1: expected a map for a suite, found the number 3 (its keys: `version`, `suite`, `requires`, `root`, `paths`, `params_from`, `params`, `let`, `where`, `cases`, `stages`, `models`, `plots`, `goldens`, `known_failures`, `archive`, `profiles`)",
    );
    check(
        &whole("[1]"),
        "1:1: expected a map for a suite, found a list (its keys: `version`, `suite`, `requires`, `root`, `paths`, `params_from`, `params`, `let`, `where`, `cases`, `stages`, `models`, `plots`, `goldens`, `known_failures`, `archive`, `profiles`)",
    );
    check(&whole("suite: s"), "1:1: `version` is missing here\n1:1: `stages` is missing here");
    check(
        &whole("version: 2\nsuite: s\nwonderful: 1"),
        "1:10: this file is of version 2, and this shmoo reads version 1 (update shmoo)",
    );
    check(&whole("version: 0"), "1:10: this file is of version 0, and this shmoo reads version 1 (write `version: 1`)");
    check(&whole("version: one\nsuite: s\nstages: {}"), "1:10: expected a number, found the text `one`");
    check(
        &whole("version: 1\nsuite: s\nrequires: \">=99.0\"\nnew_key: 1"),
        "3:11: this file needs shmoo >=99.0, and this is 0.1.0 (update shmoo)",
    );
    check(
        &whole("version: 1\nsuite: s\nrequires: newest\nstages: { r: { cmd: [x], outputs: [y] } }"),
        r#"3:11: `newest` is not a requirement (write the oldest version that will do, such as `">=0.4"`)"#,
    );
    check(
        &whole("version: 1\nsuite: S1\nstages: { r: { cmd: [x], outputs: [y] } }"),
        "2:8: `S1` cannot name a suite (a name is a small letter, then small letters, digits, `_` and `-`)",
    );
    check(
        &whole("version: 1\nsuite: s\nstages: {}"),
        "1:1: the suite has no stage (write at least one under `stages`)",
    );
    check(&whole("version: 1\nsuite: s\nstages: [a]"), "3:9: expected a map `NAME: ...`, found a list");
    check(
        &whole("version: 1\nsuite: s\nsuite: t\nstages: {}"),
        "3:1: `suite` is given twice, first on line 2 (remove one of the two)",
    );
    check(
        &whole("version: 1\nsuite: s\nstage: {}"),
        "1:1: `stages` is missing here\n3:1: unknown key `stage` in a suite (did you mean `stages`?)",
    );
    check(
        &whole("version: 1\nsuite: [s]\nstages: {}"),
        "2:8: expected a text, found a list (remove the brackets or the dash)",
    );
    check(
        &whole("version: 1\nsuite:\nstages: {}"),
        r#"2:6: expected a text, found nothing (for the text write `"null"` or `""`, in quotes)"#,
    );
}

#[test]
fn parameters() {
    check(&params("a: { values: [1] }"), "5:6: `code` is missing here");
    check(
        &params("a: { cod: a, values: [1] }"),
        "5:6: `code` is missing here\n5:8: unknown key `cod` in a parameter (did you mean `code`?)",
    );
    check(
        &params("a: { code: A }"),
        "5:14: `A` cannot be the code of `a` (a code is made of small letters and digits, and begins and ends with a letter)",
    );
    check(
        &params("a: { code: a1 }"),
        "5:14: `a1` cannot be the code of `a` (a code is made of small letters and digits, and begins and ends with a letter)",
    );
    check(
        &params("a: 5"),
        "5:6: expected a map for a parameter, found the number 5 (its keys: `code`, `type`, `unit`, `values`, `default`, `was`)",
    );
    check(
        &params("a: { code: x, values: [1] }\nb: { code: x, values: [2] }"),
        "6:14: `b` and `a` have the same code `x` (give one of them another code)",
    );
    check(
        &params("a: { code: n, type: word }\nb: { code: np, values: [2] }"),
        "5:14: the codes `n` of `a` and `np` of `b` are ambiguous: `npx` could be both (give one of them another code, or list the `values` of `a`)",
    );
    check(
        &params("a: { code: n, values: [pex] }\nb: { code: np, values: [2] }"),
        "5:26: value `pex` of `a` gives `npex`, which reads as a value of `b` (code `np`) (give one of them another code)",
    );
    check(
        &params("a: { code: a, values: [1, 2, 1.0] }"),
        "5:32: the value `1` occurs twice, first on line 5 (remove one of the two)",
    );
    check(
        &params("a: { code: a, values: [ss, SS] }"),
        "5:30: the values `ss` and `SS` differ only in case (some disks cannot tell their folders apart; rename one)",
    );
    check(
        &params("a: { code: a, values: [] }"),
        "5:25: a list of values needs at least one (leave the key out if the parameter is to be absent)",
    );
    check(
        &params(r#"a: { code: a, values: [""] }"#),
        "5:26: wrong value of `a`: a value may not be empty (give it a word, such as `none`)",
    );
    check(
        &params("a: { code: a, values: ~ }"),
        "5:25: expected a value, a list of values or a generator, found nothing (such as `[1, 2, 4]` or `{ range: { start: 1, stop: 8, step: 1 } }`)",
    );
    check(&params("a: { code: a, type: int, values: [1, 2.5] }"), "5:40: `a` wants a whole number, found `2.5`");
    check(
        &params("a: { code: a, type: number }"),
        "5:23: expected `int`, `decimal`, `word` or `bool`, found the text `number`",
    );
    check(&params("a: { code: a, type: bool, values: [yes] }"), "5:38: `a` wants `true` or `false`, found `yes`");
    check(&params("a: { code: a, type: decimal, values: [1, x] }"), "5:44: `a` wants a number, found `x`");
    check(
        &params("a: { code: a, values: [typical, ss], default: typcial }"),
        "5:49: the default `typcial` of `a` is none of its values (did you mean `typical`?)",
    );
    check(
        &params("a: { code: a, values: [1, 2], default: 3 }"),
        "5:42: the default `3` of `a` is none of its values (known: `1`, `2`)",
    );
    check(
        &params("a b: { code: a, values: [1] }"),
        "5:3: `a b` cannot name a parameter (a name is a letter, then letters, digits and `_`)",
    );
    check(
        &params("in: { code: a, values: [1] }"),
        "5:3: `in` cannot name a parameter: it is a word of expressions (rename it)",
    );
    check(
        &params("has: { code: a, values: [1] }"),
        "5:3: `has` cannot name a parameter: it is a word of expressions (rename it)",
    );
    check(
        &params("max: { code: a, values: [1] }"),
        "5:3: `max` cannot name a parameter: it is a word of expressions (rename it)",
    );
    check(
        &params("name: { code: a, values: [1] }"),
        "5:3: `name` cannot name a parameter: `{name}` means something already (rename it)",
    );
    check(
        &params("true: { code: a, values: [1] }"),
        "5:3: `true` cannot name a parameter: it is a word of expressions (rename it)",
    );
    check(
        &params("a: { code: a, values: [1], was: [b] }\nb: { code: b, values: [1] }"),
        "5:36: `a` cannot have been `b`, which is a name of `b`",
    );
    check(
        &params("a: { code: a, values: { range: { start: 8, stop: 1, step: 3 } } }"),
        "5:43: start 8 is above stop 1 (swap them, or make the step negative)",
    );
    check(
        &params("a: { code: a, values: { range: { start: 1, stop: 8, setp: 3 } } }"),
        "5:34: `step` is missing here\n5:55: unknown key `setp` in `range` (did you mean `step`?)",
    );
    check(
        &params(
            "a: { code: a, values: { range: { start: 1, stop: 8, step: 1 }, log: { start: 1, stop: 2, count: 3 } } }",
        ),
        "5:25: a rule for values wants exactly one of `range`, `linear`, `log`, `file`, found 2",
    );
    check(
        &params("a: { code: a, values: 1e9999 }"),
        "5:25: `1e9999` has more digits than an exact decimal holds (38) (as a word it needs quotes)",
    );
    check(
        &params("a: { code: a, unit: [V], values: 1 }"),
        "5:23: expected a text, found a list (remove the brackets or the dash)",
    );
    check(
        &params("a: { code: a, values: [{ b: 1 }] }"),
        "5:26: expected a value, found a map (a text with braces needs quotes)",
    );
    check(
        &params("a: { code: a, values: [1.0e9999, 2] }"),
        "5:26: `1.0e9999` has more digits than an exact decimal holds (38) (as a word it needs quotes)",
    );
    check(
        &part("params_from: naming.yaml"),
        "3:90: `b` and `block` have the same code `b` (give one of them another code)",
    );
}

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

#[test]
fn what_runs() {
    check(&stage("outputs: [y]"), "8:3: `s` runs nothing (give it `cmd: [PROGRAM, ARGUMENT]` or `shell: TEXT`)");
    check(
        &stage("cmd: [x]\nshell: y\noutputs: [y]"),
        "10:12: `cmd` and `shell` exclude each other (`cmd` starts a program, `shell` runs a text in bash)",
    );
    check(
        &stage("cmd: [x]"),
        "8:3: `s` has nothing to show for itself (declare `outputs`, `evidence` or `rows`; `evidence: [exit]` says that the exit status is all there is)",
    );
    check(&stage("cmd: []\noutputs: [y]"), "9:10: `cmd` is empty (write `[PROGRAM, ARGUMENT]`)");
    check(&stage("cmd: x\noutputs: [y]"), "9:10: expected a list, found the text `x` (write `[x]`)");
    check(&stage("cmd: [[x]]\noutputs: [y]"), "9:10: the program of `cmd` cannot be optional");
    check(&stage("cmd: [\"{l...}\"]\nlet: { l: [1] }\noutputs: [y]"), "9:11: the program of `cmd` cannot be a list");
    check(&stage("cmd: [x, \"{aa}\"]\noutputs: [y]"), "9:15: unknown placeholder `{aa}` (did you mean `a`?)");
    check(
        &stage("cmd: [x, \"{a\"]\noutputs: [y]"),
        "9:15: this `{` is never closed (`{name}` is replaced by a value; write `{{` for a brace)",
    );
    check(
        &stage("cmd: [x, {a}]\noutputs: [y]"),
        "9:14: expected an argument, found a map (a text with braces needs quotes)",
    );
    check(
        &stage("cmd: [x, \"{l}\"]\nlet: { l: [1] }\noutputs: [y]"),
        "9:15: `l` is a list (write `{l...}` as an item of `cmd`)",
    );
    check(
        &stage("cmd: [x, \"-{l...}\"]\nlet: { l: [1] }\noutputs: [y]"),
        "9:16: `{l...}` can only be a whole argument of `cmd` (give it an item of its own)",
    );
    check(&stage("cmd: [x, \"{l...}\"]\nlet: { l: 1 }\noutputs: [y]"), "9:15: `l` is not a list (write `{l}`)");
    check(&stage("cmd: [x, \"{a...}\"]\noutputs: [y]"), "9:15: `a` is a parameter, not a list (write `{a}`)");
    check(&stage("cmd: [x, \"{m...}\"]\noutputs: [y]"), "9:15: unknown placeholder `m` (known: `a`, `w`, `b`)");
    check(&stage("cmd: [x, \"{cases}\"]\noutputs: [y]"), "9:15: `{cases}` is only there in a stage with `rows`");
    check(&stage("cmd: [x, \"{nam}\"]\noutputs: [y]"), "9:15: unknown placeholder `{nam}` (did you mean `name`?)");
    check(
        &stage("per: [a]\ncmd: [x, \"{w}\"]\noutputs: [y]"),
        "10:15: `w` has no value in stage `s` (several values of `w` come together in it; add `w` to `per`)",
    );
    check(
        &stage("per: [a]\nwhen: \"w == 'sch'\"\ncmd: [x]\noutputs: [y]"),
        "10:12: `w` has no value in stage `s` (several values of `w` come together in it; add `w` to `per`)",
    );
    check(&stage("per: [a, q]\ncmd: [x]\noutputs: [y]"), "9:14: there is no parameter `q` (known: `a`, `w`, `b`)");
    check(&stage("per: [a, a]\ncmd: [x]\noutputs: [y]"), "9:14: `a` is named twice");
    check(
        &stage("per: [a]\nacross: [w]\ncmd: [x]\noutputs: [y]"),
        "10:13: `per` and `across` exclude each other (`per` names the parameters of a task, `across` those it gathers over)",
    );
    check(&stage("per: a\ncmd: [x]\noutputs: [y]"), "9:10: expected a list, found the text `a` (write `[a]`)");
    check(
        &stage("per: [a]\ncmd: [x]\noutputs: [y]\nlet: { t: { pick: w, from: { sch: 1, pex: 2 } } }"),
        "12:23: `w` has no value in stage `s` (several values of `w` come together in it; add `w` to `per`)",
    );
    check(&stage("when: \"w == 'pxe'\"\ncmd: [x]\noutputs: [y]"), "9:17: `w` is never `pxe` (did you mean `pex`?)");
    check(
        &stage("cmd: [x]\noutputs: [/y]"),
        "10:15: the path must be relative (a task reads and writes in its own folder)",
    );
    check(
        &stage("cmd: [x]\noutputs: [../y]"),
        "10:15: the path leaves its folder by `..` (a task reads and writes in its own folder)",
    );
    check(&stage("cmd: [x]\noutputs: [y, y]"), "10:18: the output `y` is named twice");
    check(
        &stage("cmd: [x]\noutputs: [\".\"]"),
        "10:15: the whole folder cannot be an output (name the files or folders that the task leaves behind)",
    );
    check(
        &stage("cmd: [x]\noutputs: [\"{q}.txt\"]"),
        "10:16: unknown placeholder `{q}` (known: `a`, `w`, `b`, `name`, `shmoo`)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\nenv: { A-B: 1 }"),
        "11:12: `A-B` cannot name an environment variable (a name is a letter or `_`, then letters, digits and `_`)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\nenv: { SHMOO_X: 1 }"),
        "11:12: `SHMOO_X` cannot be set: names with `SHMOO_` are shmoo's (rename the variable)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\nenv: { A: [1] }"),
        "11:15: an environment variable holds one value, found a list",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\nexit: 0"),
        "11:11: expected a list of exit codes or `any`, found the number 0 (write `[0]`)",
    );
    check(&stage("cmd: [x]\noutputs: [y]\nexit: []"), "11:11: no exit code is allowed (write `[0]` or `any`)");
    check(&stage("cmd: [x]\noutputs: [y]\nexit: [300]"), "11:12: 300 is no exit code (they go from 0 to 255)");
    check(
        &stage("cmd: [x]\noutputs: [y]\nexit: all"),
        "11:11: expected a list of exit codes or `any`, found the text `all` (write `[0]` or `any`)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\ntimeout: 2 weeks"),
        "11:14: `2 weeks` is not a time such as `500ms`, `30s`, `2m`, `1h30m` or `2d`",
    );
    check(&stage("cmd: [x]\noutputs: [y]\ntimeout: 0"), "11:14: a time limit of 0 kills every task");
    check(&stage("cmd: [x]\noutputs: [y]\ntimeout: [1]"), "11:14: a time limit is one value, found a list");
    check(
        &stage("cmd: [x]\noutputs: [y]\ntimeout: { pick: w, from: { sch: 1m, pex: soon } }"),
        "11:47: `soon` is not a time such as `500ms`, `30s`, `2m`, `1h30m` or `2d`",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\nuses: { memory: lots }"),
        "11:21: `lots` is not a size such as `64MiB`, `4GiB` or `500MB`",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\nuses: { cpu: two }"),
        "11:18: expected an amount of `cpu`, found the text `two` (write a number from 0)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\nuses: { licence: -1 }"),
        "11:22: expected an amount of `licence`, found the number -1 (write a number from 0)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\nrepeat: { count: 0 }"),
        "11:22: `count` must be at least 1 (to leave the stage out use `when`)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\nrepeat: 3"),
        "11:13: expected a map for `repeat`, found the number 3 (its keys: `count`, `warmup`)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\nrepeat: { count: 3 }\ncache: true"),
        "12:12: `cache` and `repeat` exclude each other (a measurement that is reused measures nothing)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\nexclusive: true\ncache: true"),
        "12:12: `cache` and `exclusive` exclude each other (a measurement that is reused measures nothing)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\nexclusive: yes"),
        "11:16: expected `true` or `false`, found the text `yes` (write `true`)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\nrepeat: { count: 1.5 }"),
        "11:22: expected a whole number from 0, found the number 1.5",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\ncontainer: ubuntu"),
        "11:5: `container` is kept for a later version of shmoo",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\nrunner: \"{q}\""),
        "11:14: unknown placeholder `{q}` (known: `a`, `w`, `b`, `name`, `shmoo`)",
    );
    check(&stage("shell: \"\"\noutputs: [y]"), "9:12: `shell` is empty");
    check(
        &stage("cmd: [x]\noutputs: [y]\ninput: [root/f]"),
        "11:5: unknown key `input` in a stage (did you mean `inputs`?)",
    );
}

#[test]
fn inputs_and_gates() {
    check(&stage("cmd: [x]\noutputs: [y]\ninputs: [on/o.txt]"), "11:14: there is no stage `on` (did you mean `one`?)");
    check(
        &stage("cmd: [x]\noutputs: [y]\ninputs: [one/o.tx]"),
        "11:18: `one` has no output `o.tx` (did you mean `o.txt`?)",
    );
    check(&stage("cmd: [x]\noutputs: [y]\ninputs: [one]"), "11:14: `one` is no source (write `one/o.txt`)");
    check(
        &stage("cmd: [x]\noutputs: [y]\ninputs: [file.txt]"),
        "11:14: `file.txt` is no source (write `root/file.txt` for a file of the repository, `STAGE/OUTPUT` for an output)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\ninputs: [s/y]"),
        "11:14: an input of `s` comes from `s` itself (an earlier run's output is `{ of: STAGE/OUTPUT, run: baseline }`)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\ninputs: [root/]"),
        "11:14: the whole of `root` cannot be an input (name the files or folders that the stage reads: `root/PATH`)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\ninputs: [root/../f]"),
        "11:14: the path leaves its folder by `..` (a path of the repository stays in it)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\ninputs: [/etc/passwd]"),
        "11:14: the path must be relative (an output lies in the folder of its task)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\ninputs: [root/f, root/d/f]"),
        "11:22: two inputs are called `f`, the first on line 11 (use a map to give one another name: `{ NAME: SOURCE }`)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\ninputs: [root/y]"),
        "10:15: `y` is an input and an output (inputs are checked to be unchanged; write to another file)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\ninputs: root/y"),
        "11:13: expected a list or a map of inputs, found the text `root/y` (write `[root/FILE, STAGE/OUTPUT]` or `{ NAME: SOURCE }`)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\ninputs: { ../f: root/f }"),
        "11:15: the path leaves its folder by `..` (a task reads and writes in its own folder)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\ninputs: { f: { of: one/o.txt, at: { q: 1 } } }"),
        "11:41: there is no parameter `q` (known: `a`, `w`, `b`)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\ninputs: { f: { of: one/o.txt, at: { a: 7 } } }"),
        "11:44: `a` is never `7` (known: `1`, `2`)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\ninputs: { f: { of: once/o.txt, at: { a: 1 } } }"),
        "11:42: `a` is no parameter of `once`",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\ninputs: { f: { rows: two } }"),
        "11:26: there is no stage `two` (known: `one`, `once`, `many`, `s`)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\ninputs: { f: { rows: s } }"),
        "11:26: an input of `s` comes from `s` itself (an earlier run's output is `{ of: STAGE/OUTPUT, run: baseline }`)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\ninputs: { f: { each: one/p.txt } }"),
        "11:30: `one` has no output `p.txt` (did you mean `o.txt`?)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\ninputs: { f: { of: one/o.txt, rows: one } }"),
        "11:18: a source is one of `of` (with `at`, `run`), `rows`, `each`, or `pick` with `from` (write `{ of: STAGE/OUTPUT, at: { PARAM: VALUE } }`, `{ rows: STAGE }`, `{ each: STAGE/OUTPUT }` or `{ pick: PARAM, from: { VALUE: SOURCE } }`)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\ninputs: { f: { pick: w } }"),
        "11:18: `pick` needs choices under `from` (write `{ pick: PARAM, from: { VALUE: ... } }`)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\ninputs: { f: { pick: w, from: { sch: one/o.txt, pex: tow/o.txt } } }"),
        "11:58: there is no stage `tow` (write `root/tow/o.txt` for a file of the repository)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\ninputs: { f: { of: one/o.txt, run: last } }"),
        "11:40: expected `baseline`, found the text `last`",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\ninputs: { f: { of: root/f, at: { a: 1 } } }"),
        "11:24: `at` and `run` are for outputs of stages, not for `root/`",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\ninputs: [many/o.txt]"),
        "11:14: `many` is measured several times, so its output is not one file (take `{ rows: STAGE }` or `{ each: STAGE/OUTPUT }`)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\ninputs: [\"{w}/o.txt\"]"),
        "11:15: there is no stage `{w}` (write `root/{w}/o.txt` for a file of the repository)",
    );
    check(&stage("cmd: [x]\noutputs: [y]\nafter: [on]"), "11:13: there is no stage `on` (did you mean `one`?)");
    check(&stage("cmd: [x]\noutputs: [y]\nafter: [s]"), "11:13: `s` cannot wait for itself");
    check(&stage("cmd: [x]\noutputs: [y]\nafter: one"), "11:12: expected a list, found the text `one` (write `[one]`)");
    check(&stage("cmd: [x]\noutputs: [y]\nafter: [one, one]"), "11:18: `one` is named twice");
    check(
        &stage("cmd: [x]\noutputs: [y]\nafter: { pick: w, from: { sch: [on] } }"),
        "11:37: there is no stage `on` (did you mean `one`?)",
    );
    check(
        &stage("cmd: [x]\noutputs: [y]\nafter: { pick: w, form: { sch: [one] } }"),
        "11:12: `from` is missing here\n11:23: unknown key `form` in `after` (did you mean `from`?)",
    );
}

#[test]
fn stages_as_a_whole() {
    check(
        &stages("stages:\n  A: { cmd: [x], outputs: [y] }"),
        "5:3: `A` cannot name a stage (a name is a small letter, then small letters, digits, `_` and `-`)",
    );
    check(
        &stages("stages:\n  root: { cmd: [x], outputs: [y] }"),
        "5:3: a stage cannot be called `root` (`root/PATH` is a file of the repository)",
    );
    check(
        &stages(
            "stages:\n  a: { cmd: [x], outputs: [v], inputs: [b/z] }\n  b: { cmd: [x], outputs: [z], inputs: [c/w] }\n  c: { cmd: [x], outputs: [w], inputs: [b/z] }",
        ),
        "6:41: stages wait for each other: `b` -> `c` -> `b` (`A -> B` reads `A` needs `B`; remove one of the edges)",
    );
    check(
        &stages("stages:\n  a: { cmd: [x], outputs: [y], after: [b] }\n  b: { cmd: [x], outputs: [y], after: [a] }"),
        "5:3: stages wait for each other: `a` -> `b` -> `a` (`A -> B` reads `A` needs `B`; remove one of the edges)",
    );
    check(
        &stages("stages:\n  a:"),
        "5:4: expected a map for a stage, found nothing (its keys: `per`, `across`, `when`, `inputs`, `after`, `let`, `cmd`, `shell`, `env`, `tools`, `outputs`, `exit`, `evidence`, `rows`, `metrics`, `timeout`, `retry`, `repeat`, `exclusive`, `uses`, `runner`, `cache`)",
    );
    check(
        &stages("stages:\n  a: { cmd: [x], outputs: y }\n  b: { shel: x }"),
        "5:27: expected a list, found the text `y` (write `[y]`)\n6:8: unknown key `shel` in a stage (did you mean `shell`?)",
    );
}

#[test]
fn evidence() {
    check(
        &stage("cmd: [x]\nevidence: [magic_drx]"),
        "10:16: there is no parser `magic_drx` (did you mean `magic_drc`?)",
    );
    check(
        &stage("cmd: [x]\nevidence: [{ magic_drx: f }]"),
        "10:18: there is no parser `magic_drx` (did you mean `magic_drc`?)",
    );
    check(
        &stage("cmd: [x]\nevidence: [magic_drc]"),
        "10:16: `magic_drc` needs a report to read (write `{ magic_drc: FILE }`; FILE may be `stdout`)",
    );
    check(&stage("cmd: [x]\nevidence: [{ exit: f }]"), "10:24: `exit` reads no file (write `exit` alone)");
    check(&stage("cmd: [x]\nevidence: exit"), "10:15: expected a list, found the text `exit` (write `[exit]`)");
    check(
        &stage("cmd: [x]\nevidence: [{ json: f }]"),
        "10:24: `json` reads nothing without `fields` (write { json: { file: FILE, fields: { NAME: WHERE } } })",
    );
    check(
        &stage("cmd: [x]\nevidence: [{ json: { file: f, fields: { n: a/b } } }]"),
        "10:48: `json` cannot read `n` from `a/b`: expected a JSON pointer, which begins with `/`",
    );
    check(
        &stage("cmd: [x]\nevidence: [{ json: { file: f, fields: { a-b: /b } } }]"),
        "10:45: `a-b` cannot name a field (a name is letters, digits and `_`, beginning with a letter)",
    );
    check(
        &stage("cmd: [x]\nevidence: [{ regex: { file: f, fields: { n: \"(\" } } }]"),
        "10:49: `n` has a pattern that is not a regular expression: unclosed group",
    );
    check(
        &stage("cmd: [x]\nevidence: [{ size: { file: f, fields: { n: x } } }]"),
        "10:48: `size` takes no `fields` (write { size: FILE })",
    );
    check(
        &stage("cmd: [x]\nevidence: [{ size: f, digest: f }]"),
        "10:16: an evidence names exactly one parser, found 2 (write `{ PARSER: FILE }` or `exit`)",
    );
    check(
        &stage("cmd: [x]\nevidence: [{ size: ../f }]"),
        "10:24: the path leaves its folder by `..` (a task reads and writes in its own folder)",
    );
    check(
        &stage("cmd: [x]\nevidence: [{ size: \"{q}\" }]"),
        "10:25: unknown placeholder `{q}` (known: `a`, `w`, `b`, `name`, `shmoo`)",
    );
    check(
        &stage("cmd: [x]\nevidence: [{ json: { fiel: f, fields: { n: /x } } }]"),
        "10:24: `file` is missing here\n10:26: unknown key `fiel` in an evidence (did you mean `file`?)",
    );
    check(
        &stage("cmd: [x]\nevidence: []"),
        "8:3: `s` has nothing to show for itself (declare `outputs`, `evidence` or `rows`; `evidence: [exit]` says that the exit status is all there is)",
    );
    check(
        &stage("cmd: [x]\nrows: { csv: f, keys: { q: c } }"),
        "10:29: there is no parameter `q` (known: `a`, `w`, `b`)",
    );
    check(&stage("cmd: [x]\nrows: { csv: f }"), "10:11: `keys` is missing here");
    check(&stage("cmd: [x]\nrows: { csv: f, keys: { a: [] } }"), "10:32: expected a column, found a list");
    check(
        &stage("cmd: [x]\nrows: { csv: f, keys: { a: c }, fields: { x-y: c } }"),
        "10:47: `x-y` cannot name a field (a name is a letter, then letters, digits and `_`)",
    );
}

#[test]
fn metrics_and_retries() {
    check(
        &measured("metrics: { violations: {} }"),
        "8:16: no evidence of this stage gives `violations` (known: `attempts`, `cpu`, `max_rss`, `spread`, `wall`; or compute it with `of`)",
    );
    check(
        &measured("metrics: { spred: { better: lower } }"),
        "8:16: no evidence of this stage gives `spred` (did you mean `spread`?; or compute it with `of`)",
    );
    check(&measured("metrics: { m: { of: spred } }"), "8:25: unknown name `spred` (did you mean `spread`?)");
    check(&measured(r#"metrics: { m: { of: "spread +" } }"#), "8:34: the expression ends where a value is expected");
    check(&measured("metrics: { a: { of: spread } }"), "8:16: `a` is a parameter already (rename the metric)");
    check(
        &measured("metrics: { m-n: { of: spread } }"),
        "8:16: `m-n` cannot name a metric (a name is a letter, then letters, digits and `_`)",
    );
    check(
        &measured("metrics: { m: { of: spread, better: more } }"),
        "8:41: expected `higher`, `lower`, `exact` or `{ within: [LOW, HIGH] }`, found the text `more`",
    );
    check(
        &measured("metrics: { m: { of: spread, better: { within: [3, 1] } } }"),
        "8:51: the lower bound 3 is above the upper bound 1",
    );
    check(
        &measured("metrics: { m: { of: spread, better: { within: [3] } } }"),
        "8:51: `within` has two bounds, found 1 (write `{ within: [LOW, HIGH] }`)",
    );
    check(
        &measured("metrics: { m: { of: spread, min_effect: big } }"),
        "8:45: `big` is not a share such as `1%` or `0.01`",
    );
    check(
        &measured("metrics: { m: { of: spread, expect: { above: 3 } } }"),
        "8:43: unknown key `above` in `expect` (known: `eq`, `ne`, `lt`, `le`, `gt`, `ge`)",
    );
    check(
        &measured("metrics: { m: { of: spread, expect: {} } }"),
        "8:41: `expect` expects nothing (write `{ gt: 30 }`; there are `eq`, `ne`, `lt`, `le`, `gt` and `ge`)",
    );
    check(
        &measured(r#"metrics: { m: { of: spread, expect: { gt: "30" } } }"#),
        "8:47: `>` compares numbers, found the text `30` (remove the quotes)",
    );
    check(
        &measured("metrics: { m: { of: spread, expect: { gt: a } } }"),
        r#"8:47: `>` compares numbers, found the text `a` (for a calculation write `{ expr: "a" }`)"#,
    );
    check(
        &measured("metrics: { m: { of: spread, expect: { gt: { expr: q } } } }"),
        "8:55: unknown name `q` (known: `a`, `w`, `b`, `attempts`, `cpu`, `max_rss`, `spread`, `wall`, `m`)",
    );
    check(
        &measured("metrics: { m: { of: spread, expect: { eq: [1] } } }"),
        "8:47: a metric is compared with one value, found a list",
    );
    check(
        &measured("metrics: { m: { of: spread, expect: 3 } }"),
        "8:41: expected a map for `expect`, found the number 3 (its keys: `eq`, `ne`, `lt`, `le`, `gt`, `ge`)",
    );
    check(
        &measured("metrics: { m: { of: n }, n: { of: spread } }"),
        "8:25: the metric `n` comes later (move it before this one)",
    );
    check(
        &measured("retry: [{ if: [eror], times: 1 }]"),
        "8:20: `eror` is no reason to try again (did you mean `error`?)",
    );
    check(
        &measured("retry: [{ if: [], times: 1 }]"),
        "8:19: `retry` has no reason (name `error`, `timeout` or a metric with `expect`)",
    );
    check(
        &measured("retry: [{ if: [error], times: 0 }]"),
        "8:35: `times` must be at least 1 (remove the line instead)",
    );
    check(&measured("retry: [{ if: [error] }]"), "8:13: `times` is missing here");
    check(
        &measured("metrics: { m: { of: spread } }\nretry: [{ if: [m], times: 1 }]"),
        "9:20: nothing is expected of `m` (give the metric an `expect`; a retry waits for it to be missed)",
    );
    check(&measured("retry: [{ if: [error], times: 1, set: { td: 1 } }]"), "8:45: there is no `let` called `td`");
    check(
        &measured("retry: [{ if: [error], times: 1, set: { a: 1 } }]"),
        "8:45: there is no `let` called `a` (a parameter never changes; give the stage a `let` that starts from it)",
    );
    check(
        &measured("let: { td: 1 }\nretry: [{ if: [error], times: 1, set: { td: { expr: \"tt * 2\" } } }]"),
        "9:58: unknown name `tt` (did you mean `td`?)",
    );
    check(&measured("retry: { if: [error], times: 1 }"), "8:12: expected a list, found a map");
    check(
        &measured("retry: [{ if: error, times: 1 }]"),
        "8:19: expected a list, found the text `error` (write `[error]`)",
    );
}

#[test]
fn after_the_stages() {
    check(&judged("goldens: {}"), "8:10: `goldens` names no file (write `file: goldens/SUITE.csv`)");
    check(&judged("goldens: { file: g.csv, iree_json: d }"), "8:36: `file` and `iree_json` exclude each other");
    check(
        &judged("goldens: { file: /g.csv }"),
        "8:18: the path must be relative (the path is relative to the folder of the suite file)",
    );
    check(
        &judged("goldens: { file: g.csv, tolerance: { frq: { rel: 1% } } }"),
        "8:38: there is no metric `frq` (did you mean `freq`?)",
    );
    check(
        &judged("goldens: { file: g.csv, tolerance: { one.frq: { rel: 1% } } }"),
        "8:38: there is no metric `one.frq` (did you mean `one.freq`?)",
    );
    check(
        &judged("goldens: { file: g.csv, tolerance: { time: { rel: 1% } } }"),
        "8:38: `time` means metrics that are not alike (say `one.time` or `two.time`)",
    );
    check(
        &judged("goldens: { file: g.csv, tolerance: { freq: { rel: 1%, side: wrose } } }"),
        "8:61: expected `worse` or `both`, found the text `wrose` (did you mean `worse`?)",
    );
    check(
        &judged("goldens: { file: g.csv, tolerance: { shown: { side: worse } } }"),
        "8:38: `side: worse` needs `shown` to say which side is better (give the metric `better: higher` or `better: lower`)",
    );
    check(&judged("goldens: { file: g.csv, tolerance: { freq: { abs: -1 } } }"), "8:51: a tolerance is not negative");
    check(
        &judged("goldens: { file: g.csv, tolerance: { freq: { relative: 1% } } }"),
        "8:46: unknown key `relative` in a tolerance (known: `rel`, `abs`, `side`)",
    );
    check(
        &judged(r#"goldens: { file: g.csv, tolerance: [{ where: "w == 'pxe'", freq: { rel: 1% } }] }"#),
        "8:52: `w` is never `pxe` (did you mean `pex`?)",
    );
    check(
        &judged(r#"goldens: { file: g.csv, tolerance: [{ where: "a > 1" }] }"#),
        "8:37: this rule has no metric (write `METRIC: { rel: 1% }`)",
    );
    check(
        &judged("goldens: { file: g.csv, tolerance: { freq: 1% } }"),
        "8:44: expected a map for a tolerance, found the text `1%` (its keys: `rel`, `abs`, `side`)",
    );
    check(
        &judged("goldens: { file: g.csv, tolerance: 1% }"),
        "8:36: expected a map `METRIC: { rel: 1% }`, found the text `1%`",
    );
    check(
        &judged("known_failures: [{ stage: on, verdict: fail }]"),
        "8:27: there is no stage `on` (did you mean `one`?)",
    );
    check(
        &judged("known_failures: [{ stage: one, verdict: pass }]"),
        "8:41: expected `fail`, `error` or `timeout`, found the text `pass`",
    );
    check(
        &judged("known_failures: [{ stage: one, verdict: fail, until: tomorrow }]"),
        "8:54: `tomorrow` is not a day (write a day as `2027-01-31`)",
    );
    check(
        &judged("known_failures: [{ stage: one, verdict: fail, until: 2027-02-30 }]"),
        "8:54: `2027-02-30` is not a day (write a day as `2027-01-31`)",
    );
    check(
        &judged(r#"known_failures: [{ stage: one, verdict: fail, where: "w == 'pxe'" }]"#),
        "8:60: `w` is never `pxe` (did you mean `pex`?)",
    );
    check(
        &judged(r#"known_failures: [{ stage: once, verdict: fail, where: "a == 1" }]"#),
        "8:56: `a` has no value in stage `once` (several values of `a` come together in it; add `a` to `per`)",
    );
    check(&judged("known_failures: [{ verdict: fail }]"), "8:18: `stage` is missing here");
    check(
        &judged(r#"plots: [{ shmoo: { x: a, y: a, pass: "freq > 1" } }]"#),
        "8:29: `a` is both `x` and `y` (a plot goes over two parameters)",
    );
    check(
        &judged(r#"plots: [{ shmoo: { x: a, y: q, pass: "freq > 1" } }]"#),
        "8:29: there is no parameter `q` (known: `a`, `w`, `b`)",
    );
    check(
        &judged(r#"plots: [{ shmoo: { x: a, y: w, pass: "frq > 1" } }]"#),
        "8:39: unknown name `frq` (did you mean `freq`?)",
    );
    check(
        &judged(r#"plots: [{ shmoo: { x: a, y: w, pass: "time > 1" } }]"#),
        "8:39: `time` is a metric of several stages (say `one.time` or `two.time`)",
    );
    check(
        &judged(r#"plots: [{ shmoo: { x: a, y: w, per: [a], pass: "freq > 1" } }]"#),
        "8:38: `a` is an axis of the plot already",
    );
    check(
        &judged("plots: [{ shmo: {} }]"),
        "8:9: `shmoo` is missing here\n8:11: unknown key `shmo` in a plot (did you mean `shmoo`?)",
    );
    check(&judged("plots: [{ shmoo: { x: a, y: w } }]"), "8:18: `pass` is missing here");
    check(
        &judged("models: { m: { from: on, target: freq, features: { x: a } } }"),
        "8:22: there is no stage `on` (did you mean `one`?)",
    );
    check(
        &judged("models: { m: { from: one, target: frq, features: { x: a } } }"),
        "8:35: unknown name `frq` (did you mean `freq`?)",
    );
    check(
        &judged("models: { m: { from: one, target: freq, features: {} } }"),
        r#"8:11: the model `m` has no features (each feature gets one coefficient: `features: { fixed: "1" }`)"#,
    );
    check(
        &judged("models: { m: { from: one, target: freq, features: { x: q } } }"),
        "8:56: unknown name `q` (known: `a`, `w`, `b`, `freq`, `time`, `shown`)",
    );
    check(
        &judged("models: { m: { from: one, target: freq, features: { x: a }, free: [y] } }"),
        "8:68: there is no feature `y` (known: `x`)",
    );
    check(
        &judged("models: { m: { from: one, by: [q], target: freq, features: { x: a } } }"),
        "8:32: there is no parameter `q` (known: `a`, `w`, `b`)",
    );
    check(
        &judged(
            r#"models: { m: { from: one, by: [a], target: freq, features: { x: a }, params_file: "p/{w}.yaml" } }"#,
        ),
        "8:86: `w` has no value in model `m` (several values of `w` come together in it; add `w` to `by`)",
    );
    check(
        &judged(r#"models: { m: { from: one, sets: { s: "a >" }, target: freq, features: { x: a } } }"#),
        "8:42: the expression ends where a value is expected",
    );
    check(
        &judged(r#"archive: { exclude: ["a["] }"#),
        "8:22: `a[` is not a pattern for paths: unclosed character class; missing ']' (`*` is anything in a name, `**` any folders)",
    );
    check(
        &judged(r#"archive: { exclude: "*.raw" }"#),
        r#"8:21: expected a list, found the text `*.raw` (write `["*.raw"]`)"#,
    );
    check(
        &judged(r#"paths: ["{"]"#),
        "8:9: `{` is not a pattern for paths: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?) (`*` is anything in a name, `**` any folders)",
    );
    check(
        &judged("root: ../x"),
        "8:7: the path leaves its folder by `..` (`root` is a folder below the project folder)",
    );
    check(&judged("root: /x"), "8:7: the path must be relative (`root` is a folder below the project folder)");
    check(
        &judged("params_from: nowhere.yaml"),
        "8:14: cannot read `nowhere.yaml`: no such file (the path is relative to the folder of the suite file)",
    );
    check(
        &judged("params_from: bad-naming.yaml"),
        "bad-naming.yaml:3:6: `code` is missing here\nbad-naming.yaml:3:8: unknown key `cod` in a parameter (did you mean `code`?)",
    );
    check(
        &judged("params_from: same-naming.yaml"),
        "3:11: there are two parameters `a`, the first at same-naming.yaml:3:3 (remove one of the two)",
    );
}
