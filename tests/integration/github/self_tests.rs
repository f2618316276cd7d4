//! Each shipped action in a job, by `act`: once as it should be used, and once so that it must fail.

use super::act::{act, commit, copy, log, on, root, variable};
use super::fake::{Fake, TOKEN};
use super::job::suite;
use crate::integration::command::Outcome;
use serde_json::json;
use shmoo::gha::ACTIONS;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A step, and what it must come to.
struct Use {
    action: &'static str,
    with: &'static [(&'static str, &'static str)],
    /// What the log says if the step must fail.
    fails: Option<&'static str>,
    /// Outputs of it.
    gives: &'static [(&'static str, &'static str)],
}

type Pairs = &'static [(&'static str, &'static str)];

const fn works(action: &'static str, with: Pairs, gives: Pairs) -> Use {
    Use { action, with, fails: None, gives }
}

const fn fails(action: &'static str, with: Pairs, said: &'static str, gives: Pairs) -> Use {
    Use { action, with, fails: Some(said), gives }
}

/// In the order of a job: what one step made the next ones use.
const USES: &[Use] = &[
    fails("sweep", &[], "the input `suite` of the action `sweep` is missing", &[]),
    fails(
        "sweep",
        &[("suite", "green.yaml"), ("strict", "yes")],
        "the input `strict` is `yes`, expected `true` or",
        &[],
    ),
    fails("sweep", &[("suite", "green.yaml"), ("jobs", "many")], "invalid value 'many' for '--jobs <N>'", &[]),
    fails("sweep", &[("suite", "gone.yaml")], "cannot read `gone.yaml`", &[]),
    fails(
        "sweep",
        &[("suite", "red.yaml")],
        "1 of 2 cases did not pass",
        &[("exit-code", "11"), ("verdict", "failed")],
    ),
    fails("check", &[], "lines is 2, expected < 2", &[("exit-code", "11"), ("not-met", "1")]),
    works("sweep", &[("suite", "green.yaml"), ("where", "size > 5")], &[("empty", "true"), ("exit-code", "3")]),
    works("sweep", &[("suite", "green.yaml")], &[("verdict", "passed"), ("passed", "2"), ("empty", "false")]),
    works("record", &[], &[("complete", "true")]),
    fails("record", &[("run", "there-is-none")], "there-is-none", &[]),
    works("archive", &[], &[]),
    fails("archive", &[("run", "there-is-none")], "there-is-none", &[]),
    works("restore", &[("file", "record.json"), ("into", "restored.json")], &[]),
    fails("restore", &[("file", "there/is/none"), ("into", "x")], "there/is/none", &[]),
    works("check", &[], &[("not-met", "0")]),
    works("compare", &[], &[("regressed", "0")]),
    fails("compare", &[("base", "rebase:")], "rebase:", &[]),
    works("report", &[("format", "html"), ("out", "report.html")], &[("cases", "2")]),
    fails("report", &[("format", "pdf")], "invalid value 'pdf' for '--format <FORMAT>'", &[]),
    works("comment", &[("pull-request", "7")], &[("placed", "created"), ("pull-request", "7")]),
    works("comment", &[("pull-request", "7")], &[("placed", "unchanged")]),
    fails("comment", &[("pull-request", "seven")], "invalid value 'seven' for '--pr <N>'", &[]),
    works("check-run", &[("state", "start"), ("sha", "abc")], &[]),
    works("check-run", &[("state", "finish"), ("sha", "abc")], &[]),
    fails("check-run", &[("state", "finish"), ("sha", "abc"), ("needs", "failure")], "`toJSON(needs)`", &[]),
    fails("check-run", &[], "the input `state` of the action `check-run` is missing", &[]),
    works("issue", &[], &[("tracked", "not needed"), ("issue", "")]),
    works("issue", &[("run", "red")], &[("tracked", "opened"), ("empty", "false")]),
    fails("issue", &[("max-wait", "long")], "invalid value 'long' for '--max-wait <SECONDS>'", &[]),
    works("changed", &[("since", "HEAD~1")], &[("count", "1"), ("of", "2"), ("empty", "false")]),
    works("changed", &[("since", "HEAD")], &[("count", "0"), ("empty", "true")]),
    fails("changed", &[("since", "there-is-none")], "`there-is-none` is no commit here", &[]),
    works("plan", &[("suite", "green.yaml"), ("shards", "2")], &[("count", "2"), ("wave", "1"), ("prepare", "0")]),
    fails("plan", &[("suite", "green.yaml"), ("shards", "257")], "257", &[]),
    works("run", &[("run", "PLANNED"), ("shard", "1/2")], &[]),
    fails("run", &[("run", "PLANNED"), ("shard", "3/2")], "there is no shard 3 of 2", &[]),
    fails("collect", &[("run", "PLANNED")], "the run is incomplete", &[("exit-code", "13"), ("verdict", "incomplete")]),
    works("run", &[("run", "PLANNED"), ("shard", "2/2")], &[]),
    works("collect", &[("run", "PLANNED")], &[("verdict", "passed"), ("cases", "2")]),
    works("fit", &[("model", "copy.yaml"), ("data", "copy.csv"), ("intervals", "none"), ("out", "fit.yaml")], &[]),
    fails("fit", &[("model", "there-is-none"), ("data", "copy.csv")], "there-is-none", &[]),
    fails("fit", &[("data", "copy.csv")], "the input `model` of the action `fit` is missing", &[]),
    works(
        "estimate",
        &[("operations", "operations.csv"), ("params", "params"), ("out", "estimates.csv")],
        &[("rows", "1"), ("refused", "0"), ("comparison", "")],
    ),
    fails("estimate", &[("out", "estimates.csv")], "required arguments were not provided", &[]),
];

const MODEL: &str = "version: 1\nmodel: copy\ncolumns: { size: [bytes], kind: [operation] }\nop: kind\ntarget: cycles\n\
                     features: { start: '1', each: size }\n";

/// Writes the steps, and one that tells what came of each.
fn workflow() -> String {
    let mut text =
        "name: self-tests\non: push\npermissions: {}\njobs:\n  uses:\n    runs-on: ubuntu-24.04\n    steps:\n\
                    \x20     - uses: actions/checkout@8e8c483db84b4bee98b60c0593521ed34d9990e8 # v6.0.1\n"
            .to_owned();
    let planned = USES.iter().position(|used| used.action == "plan").expect("a run is planned");
    let mut told = String::new();
    for (number, Use { action, with, gives, .. }) in USES.iter().enumerate() {
        let _ =
            writeln!(text, "      - id: s{number}\n        continue-on-error: true\n        uses: ./actions/{action}");
        if !with.is_empty() {
            text.push_str("        with:\n");
        }
        for (name, value) in *with {
            let value = value.replace("PLANNED", &format!("${{{{ steps.s{planned}.outputs.run }}}}"));
            let _ = writeln!(text, "          {name}: '{value}'");
        }
        let _ = writeln!(told, "          T_{number}_outcome: ${{{{ steps.s{number}.outcome }}}}");
        for (name, _) in *gives {
            let _ = writeln!(told, "          T_{number}_{name}: ${{{{ steps.s{number}.outputs.{name} }}}}");
        }
    }
    format!("{text}      - env:\n{told}        run: env | grep ^T_ > \"$TOLD_FILE\"\n")
}

/// A repository with all that the steps use, and a second commit that touches one suite.
fn repository() -> Outcome<TempDir> {
    let folder = tempfile::Builder::new().prefix("shmoo-uses-").tempdir()?;
    let path = |name: &str| folder.path().join(name);
    copy(&root().join("actions"), &path("actions"))?;
    fs::create_dir_all(path(".github/workflows"))?;
    fs::create_dir_all(path("params/wormhole_b0"))?;
    fs::write(path(".github/workflows/uses.yml"), workflow())?;
    fs::write(path("shmoo.yaml"), "version: 1\nsuites: ['*.yaml']\n")?;
    fs::write(path("red.yaml"), suite("red", 2))?;
    fs::write(path("green.yaml"), suite("green", 3))?;
    fs::write(path("copy.yaml"), MODEL)?;
    let rows: String = (1..=20).map(|step| format!("copy,{},{}\n", step * 16, 100 + step * 32 + step % 3)).collect();
    fs::write(path("copy.csv"), format!("operation,bytes,cycles\n{rows}"))?;
    let params = "nop:\n  base: { ublock_weight: 10, tile_weight: 5 }\n";
    fs::write(path("params/wormhole_b0/params_v1.yaml"), params)?;
    fs::write(
        path("operations.csv"),
        "type,arch,version,data_format,math_fidelity,t,mblock_m,mblock_n,ublock_rt,ublock_ct,approx_mode\n\
         nop,wormhole_b0,1,Float16,HiFi4,1,2,2,2,2,0\n",
    )?;
    commit(folder.path())?;
    fs::write(path("green.yaml"), format!("{}# longer\n", suite("green", 3)))?;
    let script = "git -c user.name=t -c user.email=t@example.org commit -q -a -m longer";
    assert!(Command::new("bash").args(["-euc", script]).current_dir(folder.path()).status()?.success());
    Ok(folder)
}

#[test]
fn every_action_is_used_and_misused() {
    for action in ACTIONS {
        let of = |failing: bool| USES.iter().any(|used| used.action == action.name && used.fails.is_some() == failing);
        assert!(of(false) && of(true), "{} is not used in both ways", action.name);
    }
}

#[test]
fn every_action_does_what_it_should() {
    let fake = Fake::start();
    let repository = repository().unwrap();
    let home = tempfile::tempdir().unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_shmoo")).parent().unwrap();
    let told = home.path().join("told");
    let event = home.path().join("event.json");
    fs::write(&event, json!({ "ref": "refs/heads/main", "repository": { "default_branch": "main" } }).to_string())
        .unwrap();
    let secrets = home.path().join("secrets");
    fs::write(&secrets, format!("GITHUB_TOKEN={TOKEN}\n")).unwrap();
    let output = act(["push", ".github/workflows/uses.yml"], repository.path(), home.path(), binary)
        .arg("-e")
        .arg(event)
        .arg("--secret-file")
        .arg(secrets)
        .args(on(&fake))
        .args(variable("TOLD_FILE", told.to_str().unwrap()))
        .output()
        .unwrap();
    let log = log(&output);
    assert!(output.status.success(), "{log}");
    let told = fs::read_to_string(&told).unwrap();
    let told: BTreeMap<&str, &str> = told.lines().filter_map(|line| line.split_once('=')).collect();
    let mut wrong = String::new();
    for (number, Use { action, with, fails, gives }) in USES.iter().enumerate() {
        let mut expect = |name: &str, expected: &str| {
            let found = told.get(format!("T_{number}_{name}").as_str()).copied().unwrap_or_default();
            if found != expected {
                let _ = writeln!(wrong, "{number} {action} {with:?}: {name} is {found:?}, expected {expected:?}");
            }
        };
        expect("outcome", if fails.is_some() { "failure" } else { "success" });
        for (name, value) in *gives {
            expect(name, value);
        }
        if let Some(said) = fails.filter(|said| !log.contains(said)) {
            let _ = writeln!(wrong, "{number} {action} {with:?}: nothing says {said:?}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}\n{log}");
    let state = fake.state();
    assert_eq!((state.comments.len(), state.checks.len(), state.issues.len()), (1, 1, 1), "{log}");
    assert!(!log.contains(TOKEN), "the token is in the log");
}
