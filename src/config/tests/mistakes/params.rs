//! The shape of the file and its parameters.

use super::{check, params, part, whole};

#[test]
fn shapes_of_the_file() {
    check(
        &whole(""),
        "1:1: expected a map for a suite, found nothing (its keys: `version`, `suite`, `requires`, `root`, `paths`, `params_from`, `params`, `let`, `where`, `cases`, `cases_from`, `stages`, `models`, `plots`, `goldens`, `known_failures`, `archive`, `profiles`)",
    );
    check(
        &whole("3"),
        "1:1: expected a map for a suite, found the number 3 (its keys: `version`, `suite`, `requires`, `root`, `paths`, `params_from`, `params`, `let`, `where`, `cases`, `cases_from`, `stages`, `models`, `plots`, `goldens`, `known_failures`, `archive`, `profiles`)",
    );
    check(
        &whole("[1]"),
        "1:1: expected a map for a suite, found a list (its keys: `version`, `suite`, `requires`, `root`, `paths`, `params_from`, `params`, `let`, `where`, `cases`, `cases_from`, `stages`, `models`, `plots`, `goldens`, `known_failures`, `archive`, `profiles`)",
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
