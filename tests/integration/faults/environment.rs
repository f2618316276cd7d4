//! What a task sees: its environment, its folder, its command.

use crate::integration::sandbox::{Sandbox, text};
use std::collections::BTreeMap;
use std::fs;

/// The variables that `env -0` has printed.
fn variables(sandbox: &Sandbox, key: &str) -> BTreeMap<String, String> {
    let folder = sandbox.task_folder(key);
    let bytes = fs::read(folder.with_file_name("1.1.stdout")).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    text.split_terminator('\0')
        .map(|variable| variable.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap())
        .collect()
}

const SUITE: &str = r#"
version: 1
suite: environment
params:
  a: { code: a, values: [1] }
  word: { code: w, values: ["two words"] }
let: { twice: { expr: a * 2 }, not_used: 5 }
stages:
  cmd:
    cmd: [env, "-0"]
    env: { MODE: "fast {a}", LC_ALL: C }
    evidence: [exit]
  shell:
    shell: env -0; test "$SHMOO_LET_TWICE" = 2
    let: { own: 7 }
    evidence: [exit]
"#;

#[test]
fn the_environment_is_what_the_rules_say_and_nothing_else() {
    let sandbox = Sandbox::new(SUITE);
    sandbox.write("shmoo.yaml", "version: 1\nenv_pass: [LICENCE, NOT_SET]\n");
    let mut command = sandbox.shmoo(&["run", "suite.yaml"]);
    command.env("LICENCE", "1234@host").env("GITHUB_TOKEN", "secret").env("LANG", "de_DE").env("TMPDIR", "/tmp");
    let path = std::env::var("PATH").unwrap();
    let said = sandbox.start_command(command).end();
    assert_eq!(said.code, 0, "{}", said.stderr);
    let home = |key: &str| sandbox.task_folder(key).display().to_string();

    let mut seen = variables(&sandbox, "cmd/a1_wtwo=20words");
    let task: serde_json::Value = serde_json::from_str(&seen.remove("SHMOO_TASK").unwrap()).unwrap();
    assert_eq!((&task["task"], &task["params"]["word"]), (&"cmd/a1_wtwo=20words".into(), &"two words".into()));
    let expected = [
        ("HOME", home("cmd/a1_wtwo=20words")),
        ("LC_ALL", "C".to_owned()),
        ("LC_CTYPE", "C.UTF-8".to_owned()),
        ("LICENCE", "1234@host".to_owned()),
        ("MODE", "fast 1".to_owned()),
        ("PATH", path.clone()),
        ("SHMOO_NAME", "a1_wtwo=20words".to_owned()),
        ("TMPDIR", home("cmd/a1_wtwo=20words")),
        ("TZ", "UTC".to_owned()),
    ];
    assert_eq!(seen, expected.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());

    let mut seen = variables(&sandbox, "shell/a1_wtwo=20words");
    // What bash itself adds.
    ["PWD", "SHLVL", "_", "SHMOO_TASK"].into_iter().for_each(|name| {
        seen.remove(name);
    });
    let expected = [
        ("HOME", home("shell/a1_wtwo=20words")),
        ("LC_CTYPE", "C.UTF-8".to_owned()),
        ("LICENCE", "1234@host".to_owned()),
        ("PATH", path),
        ("SHMOO_LET_OWN", "7".to_owned()),
        ("SHMOO_LET_TWICE", "2".to_owned()),
        ("SHMOO_NAME", "a1_wtwo=20words".to_owned()),
        ("SHMOO_PARAM_A", "1".to_owned()),
        ("SHMOO_PARAM_WORD", "two words".to_owned()),
        ("TMPDIR", home("shell/a1_wtwo=20words")),
        ("TZ", "UTC".to_owned()),
    ];
    assert_eq!(seen, expected.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
}

#[test]
fn the_folder_holds_the_inputs_and_nothing_else() {
    let sandbox = Sandbox::new(
        "version: 1\nsuite: folder\nparams:\n  a: { code: a, values: [1] }\nstages:\n  work:\n    inputs: { \
         renamed.txt: root/some/file.txt, models: root/models }\n    cmd: [find, ., -type, f]\n    evidence: [exit]\n",
    );
    sandbox.write("some/file.txt", "x");
    sandbox.write("models/deep/level1", "y");
    sandbox.run_to(0, &["run", "suite.yaml"]);
    let stdout = sandbox.task_folder("work/a1").with_file_name("1.1.stdout");
    let mut lines: Vec<String> = fs::read_to_string(stdout).unwrap().lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["./models/deep/level1", "./renamed.txt"]);
}

#[test]
fn placeholders_for_the_program_itself_the_cases_and_the_name() {
    let sandbox = Sandbox::new(
        r#"
version: 1
suite: places
params:
  a: { code: a, values: [1, 2] }
  b: { code: b, values: [3, 4] }
stages:
  version:
    per: []
    cmd: ["{shmoo}", "--version"]
    evidence: [exit]
  measure:
    per: [a]
    cmd: [sh, -c, "cp $1 seen; echo case,x > rows.csv; tail -n +2 $1 | sed 's/^\\([^,]*\\),.*,\\(.*\\)$/\\1,\\2/' >> rows.csv; echo $2", sh, "{cases}", "{name}"]
    rows: { csv: rows.csv, keys: { b: x }, fields: { x: x } }
    metrics: { x: {} }
"#,
    );
    sandbox.run_to(0, &["run", "suite.yaml"]);
    let version = fs::read_to_string(sandbox.task_folder("version/all").with_file_name("1.1.stdout")).unwrap();
    assert_eq!(version, format!("shmoo {}\n", env!("CARGO_PKG_VERSION")));
    let folder = sandbox.task_folder("measure/a2");
    assert_eq!(fs::read_to_string(folder.join("seen")).unwrap(), "name,a,b\na2_b3,2,3\na2_b4,2,4\n");
    assert_eq!(fs::read_to_string(folder.with_file_name("1.1.stdout")).unwrap(), "a2\n");
    let rows = sandbox.task("measure/a2")["rows"].clone();
    assert_eq!((&rows[0]["case"], &rows[1]["metrics"][0]["value"]), (&"a2_b3".into(), &4.0.into()));
}

#[test]
fn a_dry_run_prints_the_commands_that_run() {
    let sandbox = Sandbox::new(
        r#"
version: 1
suite: dry
params:
  a: { code: a, values: [1, 2] }
  word: { code: w, values: ["it's $HOME", plain] }
stages:
  work:
    cmd: [printf, "%s\n", "{a}", "--word={word}", "{{", "two words"]
    evidence: [exit]
"#,
    );
    let said = sandbox.run_to(0, &["run", "suite.yaml", "--dry-run"]);
    assert_eq!(sandbox.runs().len(), 0);
    sandbox.run_to(0, &["run", "suite.yaml"]);
    let mut lines = said.stdout.lines();
    let mut compared = 0;
    while let (Some(key), Some(line)) = (lines.next(), lines.next()) {
        let task = sandbox.task(key.strip_prefix("# ").unwrap());
        // A shell reads the line as the words that were started.
        let script = format!("for word in {line}; do printf '%s\\0' \"$word\"; done");
        let output = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
        let words: Vec<String> =
            String::from_utf8(output.stdout).unwrap().split_terminator('\0').map(str::to_owned).collect();
        let command: Vec<String> = task["command"].as_array().unwrap().iter().map(text).collect();
        assert_eq!(words, command);
        compared += 1;
    }
    assert_eq!(compared, 4);
}
