//! What stages run, take and wait for.

use super::{check, stage, stages};

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
        "5:4: expected a map for a stage, found nothing (its keys: `per`, `across`, `when`, `inputs`, `after`, `let`, `cmd`, `shell`, `env`, `tools`, `outputs`, `exit`, `evidence`, `rows`, `metrics`, `timeout`, `retry`, `retry_on_continue`, `repeat`, `exclusive`, `uses`, `runner`, `cache`)",
    );
    check(
        &stages("stages:\n  a: { cmd: [x], outputs: y }\n  b: { shel: x }"),
        "5:27: expected a list, found the text `y` (write `[y]`)\n6:8: unknown key `shel` in a stage (did you mean `shell`?)",
    );
}
