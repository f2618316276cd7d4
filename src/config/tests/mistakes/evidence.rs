//! Evidence, metrics, retries.

use super::{check, measured, stage};

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
        &measured("metrics: { m: { of: spread, better: lower, min_effect: [1%, { where: nn > 1, is: 2% }] } }"),
        "8:74: unknown name `nn` (known: `a`, `w`, `b`)",
    );
    check(
        &measured("metrics: { m: { of: spread, better: lower, min_effect: [{ where: spread > 1, is: 2% }] } }"),
        "8:70: unknown name `spread` (known: `a`, `w`, `b`)",
    );
    check(
        &measured("metrics: { m: { of: spread, better: lower, min_effect: { where: n > 1 } } }"),
        "8:60: `is` is missing here",
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
