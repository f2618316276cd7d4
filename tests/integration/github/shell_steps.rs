//! The shell steps of the shipped workflows: taken out of the files, and run as a runner runs them.

use super::act::root;
use crate::integration::command::{Outcome, Output};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Returns the script of the step that a line of a workflow names, such as `- id: artifact`.
pub(super) fn script_of(workflow: &str, step: &str) -> String {
    let text = fs::read_to_string(root().join(".github/workflows").join(workflow)).unwrap();
    let mut lines = text.lines().skip_while(|line| line.trim() != step);
    assert!(lines.next().is_some(), "{workflow} has no step `{step}`");
    let mut lines = lines.skip_while(|line| line.trim() != "run: |");
    let start = lines.next().unwrap_or_else(|| panic!("the step `{step}` has no script"));
    let depth = start.len() - start.trim_start().len();
    let inside = |line: &&str| line.trim().is_empty() || line.len() - line.trim_start().len() > depth;
    let body: Vec<&str> = lines.take_while(inside).map(|line| line.get(depth + 2..).unwrap_or("")).collect();
    let script = body.join("\n");
    assert!(!script.contains("${{"), "`{step}` of {workflow} has an expression in its script");
    script
}

/// Runs a script in a folder, as `shell: bash` does, with nothing in its environment but `variables`.
pub(super) fn run(script: &str, folder: &Path, variables: &[(&str, &str)]) -> Outcome<Output> {
    let file = tempfile::Builder::new().suffix(".sh").tempfile()?;
    fs::write(file.path(), script)?;
    let output = Command::new("bash")
        .args(["--noprofile", "--norc", "-e", "-o", "pipefail"])
        .arg(file.path())
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()?;
    Ok(Output {
        code: output.status.code().ok_or("it was ended by a signal")?,
        stdout: String::from_utf8(output.stdout)?,
        stderr: String::from_utf8(output.stderr)?,
    })
}

/// Puts a program on the search path of a test.
pub(super) fn program(folder: &Path, name: &str, script: &str) -> Outcome {
    use std::os::unix::fs::PermissionsExt as _;
    fs::create_dir_all(folder)?;
    fs::write(folder.join(name), format!("#!/bin/bash\n{script}\n"))?;
    fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755))?;
    Ok(())
}

#[test]
fn only_known_words_are_published() {
    let script = script_of("sweep.yml", "- name: known words only");
    let check = |publish: &str, wrong: &str| {
        let output = Command::new("bash").args(["-euc", &script]).env("PUBLISH", publish).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.success(), wrong.is_empty(), "{publish}: {said}");
        assert!(said.contains(wrong), "{publish}: {said}");
    };
    check("", "");
    check("comment", "");
    check("check\n issue  report comment", "");
    check("comment,check", "`publish` has `comment,check`");
    check("comment checks", "`publish` has `checks`");
}

#[test]
fn steps_are_found() {
    let script = script_of("report.yml", "- id: artifact");
    assert!(script.starts_with("most=") && script.ends_with("\"$GITHUB_OUTPUT\""), "{script}");
}
