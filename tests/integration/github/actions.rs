//! The shipped actions: their files follow from the table, and their steps do what the table says.

use crate::integration::command::{Done, Shmoo, shmoo};
use shmoo::gha::{ACTIONS, Action, actions_table, find, inputs_table, manifest, outputs_table};
use std::collections::BTreeMap;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Writes a file if it has another text, and returns whether it had.
fn written(path: &str, text: &str) -> bool {
    let path = root().join(path);
    let stale = std::fs::read_to_string(&path).ok().as_deref() != Some(text);
    if stale {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        // Whole or not at all: other tests read it.
        let new = path.with_extension("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, &path).unwrap();
    }
    stale
}

/// Puts a text between the markers of a name in a document.
fn with_part(document: &str, name: &str, part: &str) -> String {
    let (begin, end) = (format!("<!-- begin: {name} -->\n"), format!("<!-- end: {name} -->"));
    let text = std::fs::read_to_string(root().join(document)).unwrap();
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{document} has no {begin}"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{document} has no {end}"));
    format!("{before}{begin}{part}{end}{after}")
}

#[test]
fn manifests_and_tables_follow_from_the_table() {
    let mut stale = Vec::new();
    let mut write = |path: String, text: String| {
        if written(&path, &text) {
            stale.push(path);
        }
    };
    for action in ACTIONS {
        let Action { name, summary, permissions, .. } = action;
        write(format!("actions/{name}/action.yml"), manifest(action));
        let readme = format!("actions/{name}/README.md");
        let keys: Vec<String> = permissions.iter().map(|key| format!("`{key}`")).collect();
        let summary = format!("{summary}. A job needs {}.\n", keys.join(", "));
        for (part, text) in [("summary", summary), ("inputs", inputs_table(action)), ("outputs", outputs_table(action))]
        {
            write(readme.clone(), with_part(&readme, part, &text));
        }
    }
    for (document, folder) in [("README.md", "actions/"), ("docs/github.md", "../actions/")] {
        write(document.to_owned(), with_part(document, "actions", &actions_table(folder)));
    }
    assert!(stale.is_empty(), "these were out of date and are written now, commit them: {stale:?}");
}

#[test]
fn every_action_is_in_the_table() {
    let folders = std::fs::read_dir(root().join("actions")).unwrap().map(|entry| entry.unwrap().file_name());
    for folder in folders.filter(|folder| folder != "setup") {
        assert!(find(folder.to_str().unwrap()).is_some(), "actions/{folder:?} is not in src/gha/table.rs");
    }
}

#[test]
fn no_expression_is_in_a_script() {
    for action in std::fs::read_dir(root().join("actions")).unwrap() {
        let text = std::fs::read_to_string(action.unwrap().path().join("action.yml")).unwrap();
        let scripts: Vec<&str> = text.lines().filter(|line| line.trim_start().starts_with("run: ")).collect();
        // `setup` first tells a cache what to look for.
        let steps = if text.contains("name: shmoo setup\n") { 2 } else { 1 };
        assert_eq!(scripts.len(), steps, "an action is a wrapper without logic: {text}");
        assert!(scripts.iter().all(|script| !script.contains("${{")), "{scripts:?}");
    }
}

const SUITE: &str = r#"version: 1
suite: tiny
params:
  size: { code: s, values: [1, 2] }
stages:
  count:
    shell: echo "lines=$SHMOO_PARAM_SIZE"
    evidence: [{ key_value: stdout }]
    metrics:
      lines: { better: exact, expect: { lt: 3 } }
"#;

fn step() -> Shmoo {
    shmoo()
        .file("suite.yaml", SUITE)
        .env("GITHUB_OUTPUT", "outputs")
        .env("GITHUB_STEP_SUMMARY", "summary.md")
        .env("INPUT_SUITE", "suite.yaml")
}

/// Reads the file of outputs as a runner does.
fn outputs(done: &Done) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(done.path("outputs")).unwrap();
    let mut lines = text.lines();
    let mut found = BTreeMap::new();
    while let Some(line) = lines.next() {
        let (name, delimiter) = line.split_once("<<").unwrap();
        let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
        found.insert(name.to_owned(), value.join("\n"));
    }
    found
}

/// Returns the lines of a log that a runner obeys.
fn obeyed(log: &str) -> Vec<&str> {
    let (mut stopped, mut found) = (None::<String>, Vec::new());
    for line in log.lines() {
        let line = line.trim_start();
        match &stopped {
            Some(token) if line == format!("::{token}::") => stopped = None,
            Some(_) => {}
            None => {
                if let Some(token) = line.strip_prefix("::stop-commands::") {
                    stopped = Some(token.to_owned());
                } else if line.starts_with("::") {
                    found.push(line);
                }
            }
        }
    }
    assert_eq!(stopped, None, "commands are off at the end: {log}");
    found
}

#[test]
fn a_step_tells_its_job() {
    let done = step().args(["gha", "sweep"]).run().unwrap();
    let output = done.last();
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    let told = outputs(&done);
    let tell = |name: &str| told[name].as_str();
    assert_eq!((tell("run"), tell("suite"), tell("verdict")), (done.run(1), "tiny", "passed"));
    assert_eq!((tell("cases"), tell("passed"), tell("regressed"), tell("base")), ("2", "2", "0", ""));
    assert_eq!((tell("exit-code"), tell("empty")), ("0", "false"));
    assert!(done.path(tell("folder")).join("report.html").exists());
    let obeyed = obeyed(&output.stdout);
    assert_eq!(obeyed[0], "::group::shmoo sweep -- suite.yaml");
    assert_eq!(obeyed[1], "::endgroup::");
    assert!(obeyed[2].starts_with("::notice ") && obeyed.len() == 3, "{obeyed:?}");
    let summary = std::fs::read_to_string(done.path("summary.md")).unwrap();
    assert!(summary.starts_with("## ✅ passed: all 2 cases passed"), "{summary}");
    let names: Vec<&str> = find("sweep").unwrap().outputs().map(|output| output.name).collect();
    assert!(names.iter().all(|name| told.contains_key(*name)) && told.len() == names.len(), "{told:?}");
}

#[test]
fn a_red_run_is_a_red_step() {
    let done =
        step().replace("suite.yaml", "lt: 3", "lt: 2").args(["gha", "sweep"]).args(["gha", "sweep"]).run().unwrap();
    assert_eq!(done.last().code, 11);
    let told = outputs(&done);
    assert_eq!((told["verdict"].as_str(), told["exit-code"].as_str(), told["passed"].as_str()), ("failed", "11", "1"));
    let obeyed = obeyed(&done.last().stdout);
    assert!(obeyed.iter().any(|line| line.starts_with("::error file=suite.yaml,title=count failed")), "{obeyed:?}");
    // A second report goes below the first.
    let summary = std::fs::read_to_string(done.path("summary.md")).unwrap();
    assert_eq!(summary.matches("## ❌ failed").count(), 2);
}

#[test]
fn nothing_to_do_is_green() {
    let done = step().env("INPUT_WHERE", "size > 5").args(["gha", "sweep"]).run().unwrap();
    assert_eq!(done.last().code, 0, "{}", done.last().stderr);
    let told = outputs(&done);
    assert_eq!((told["empty"].as_str(), told["exit-code"].as_str(), told["run"].as_str()), ("true", "3", ""));
    assert!(obeyed(&done.last().stdout).iter().all(|line| !line.starts_with("::error")));
}

#[test]
fn wrong_inputs_are_named() {
    let check = |variables: &[(&str, &str)], action: &str, expected: &str| {
        let step = variables.iter().fold(step(), |step, (name, value)| step.env(name, value));
        let done = step.args(["gha", action]).run().unwrap();
        assert_eq!(done.last().code, 2);
        assert!(done.last().stderr.contains(expected), "{}", done.last().stderr);
    };
    check(&[("INPUT_SUITE", "")], "sweep", "the input `suite` of the action `sweep` is missing");
    check(&[("INPUT_JBOS", "2")], "sweep", "did you mean `jobs`?");
    check(&[("INPUT_STRICT", "yes")], "sweep", "expected `true` or `false`");
    check(&[("INPUT_JOBS", "many")], "sweep", "invalid value 'many' for '--jobs <N>'");
    check(&[], "swep", "did you mean `sweep`?");
}

/// Runs the step in a folder below the repository, and returns its marks and its summary.
fn failing(step: Shmoo) -> (Vec<String>, String) {
    let done = step.args(["gha", "sweep"]).run().unwrap();
    assert_ne!(done.last().code, 0);
    let marks = obeyed(&done.last().stdout).into_iter().filter(|line| line.starts_with("::error")).map(str::to_owned);
    (marks.collect(), std::fs::read_to_string(done.path("summary.md")).unwrap_or_default())
}

#[test]
fn what_kept_a_run_from_beginning_is_in_annotation_and_summary() {
    const END: &str = "%0Aexit code 2: usage, or a bad input file";
    let (marks, summary) = failing(step().env("INPUT_SUITE", "gone.yaml"));
    assert_eq!(marks.len(), 1, "{marks:?}");
    assert!(marks[0].starts_with("::error title=shmoo sweep::cannot read `gone.yaml`") && marks[0].ends_with(END));
    assert!(summary.starts_with("## ❌ `shmoo sweep`: exit code 2") && summary.contains("cannot read `gone.yaml`"));

    // At its line, with the hint.
    let wrong = SUITE.replace("evidence:", "evidense:");
    let line = 1 + wrong.lines().position(|line| line.contains("evidense")).unwrap();
    let (marks, summary) = failing(step().file("suite.yaml", &wrong));
    let told = "unknown key `evidense` in a stage%0Ahint: did you mean `evidence`?";
    assert_eq!(marks, [format!("::error file=suite.yaml,line={line},title=shmoo sweep::{told}{END}")]);
    assert!(summary.contains(&format!("`suite.yaml:{line}`\n\n```text\nunknown key `evidense`")), "{summary}");

    // Text of a file starts no command and ends no block.
    let hostile = SUITE.replace("suite: tiny", "suite: \"x\\n::add-mask::y\\n```\\n<img src=z>\"");
    let (marks, summary) = failing(step().file("suite.yaml", &hostile));
    assert!(!marks.is_empty() && marks.iter().all(|mark| mark.starts_with("::error file=suite.yaml,line=")));
    // The fence is longer than any in the text.
    assert!(summary.contains("\n````text\n") && summary.matches("````").count() % 2 == 0, "{summary}");

    // An input that is wrong, before there is a command.
    let (marks, summary) = failing(step().env("INPUT_STRICT", "yes"));
    assert_eq!(
        marks,
        [format!("::error title=shmoo sweep::the input `strict` is `yes`, expected `true` or `false`{END}")]
    );
    assert!(summary.contains("the input `strict` is `yes`"), "{summary}");
    let (marks, _) = failing(step().env("INPUT_JOBS", "many"));
    assert!(marks.len() == 1 && marks[0].contains("invalid value 'many' for '--jobs <N>'"), "{marks:?}");
    let (_, summary) = failing(step().env("INPUT_SUITE", "gone.yaml").env("INPUT_SUMMARY", "false"));
    assert_eq!(summary, "");
}

#[test]
fn a_file_is_named_from_the_top_of_the_repository() {
    let shmoo_program = env!("CARGO_BIN_EXE_shmoo");
    let done = step()
        .file("ci/suite.yaml", &SUITE.replace("evidence:", "evidense:"))
        .shell(&format!("mkdir -p .git; cd ci; GITHUB_WORKSPACE=\"$HOME\" {shmoo_program} gha sweep > ../log || true"))
        .run()
        .unwrap();
    let log = std::fs::read_to_string(done.path("log")).unwrap();
    let marks: Vec<&str> = obeyed(&log).into_iter().filter(|line| line.starts_with("::error")).collect();
    assert!(marks.len() == 1 && marks[0].starts_with("::error file=ci/suite.yaml,line="), "{marks:?}");
}

#[test]
fn no_text_of_a_run_is_obeyed() {
    let hostile = SUITE.replace(
        "echo \"lines",
        "printf '::add-mask::x\\n  ::error::y\\n##[add-mask]z\\n::endgroup::\\n' >&2; echo \"lines",
    );
    let hostile = hostile.replace("lt: 3", "lt: 0");
    let done = step().file("suite.yaml", &hostile).args(["gha", "sweep"]).run().unwrap();
    assert_eq!(done.last().code, 11);
    for line in obeyed(&done.last().stdout) {
        let known = ["::group::", "::endgroup::", "::error file=", "::notice file="];
        assert!(known.iter().any(|known| line.starts_with(known)), "{line}");
    }
    assert!(!done.last().stderr.lines().any(|line| line.trim_start().starts_with("::")), "{}", done.last().stderr);
}

#[test]
fn secrets_are_masked_and_no_arguments() {
    let done = shmoo()
        .file("suite.yaml", SUITE)
        .before(["sweep", "suite.yaml"])
        .env("INPUT_TOKEN", "ghs_secret1")
        .env("INPUT_PULL_REQUEST", "7")
        .env("GITHUB_REPOSITORY", "lab/chip")
        .env("GITHUB_API_URL", "http://127.0.0.1:9")
        .env("INPUT_MAX_WAIT", "0")
        .args(["gha", "comment"])
        .run()
        .unwrap();
    let output = done.last();
    assert_eq!(output.code, 20, "{}", output.stderr);
    assert_eq!(output.stdout.matches("ghs_secret1").count(), 1);
    assert!(output.stdout.starts_with("::add-mask::ghs_secret1\n") && !output.stderr.contains("ghs_secret1"));
}

#[test]
fn a_summary_keeps_within_its_file() {
    let full = "x".repeat((1 << 20) - 1500);
    let done = step().file("summary.md", &full).args(["gha", "sweep"]).run().unwrap();
    assert_eq!(done.last().code, 0, "{}", done.last().stderr);
    let length = std::fs::metadata(done.path("summary.md")).unwrap().len();
    assert!(length <= 1 << 20 && length > full.len() as u64, "{length}");
}
