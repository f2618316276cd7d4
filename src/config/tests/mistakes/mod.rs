//! Mistakes in suite files, one at a time, and what is said about each.

mod after;
mod cases;
mod evidence;
mod golden_files;
mod params;
mod stages;

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
