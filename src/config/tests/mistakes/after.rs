//! What stands beside the stages: expectations, goldens, plots.

use super::{check, judged};

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
        &judged("models: { My: { from: one, target: freq, features: { x: a } } }"),
        "8:11: `My` cannot name a model (a name is a small letter, then small letters, digits, `_` and `-`)",
    );
    check(
        &judged("models: { m: { from: one, target: freq, features: { intercept: a }, intercept: true } }"),
        "8:53: `intercept` is the name of the constant part",
    );
    check(
        &judged("models: { m: { from: one, target: freq, features: { x: a }, held_back: \"a > q\" } }"),
        "8:77: unknown name `q` (known: `a`, `w`, `b`, `freq`, `time`, `shown`)",
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
