//! A project with a shipped suite in it, and `shmoo` run there.

use serde_json::Value;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A temporary project.
pub(super) struct SweepProject {
    folder: TempDir,
    environment: Vec<(String, OsString)>,
}

/// How a command ended.
pub(super) struct Said {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl SweepProject {
    /// Copies files of this repository to where they are in it.
    pub(super) fn with(files: &[&str]) -> SweepProject {
        let project = SweepProject { folder: tempfile::tempdir().unwrap(), environment: Vec::new() };
        project.write("shmoo.yaml", "version: 1\n");
        for file in files {
            project.copy(file, file);
        }
        project
    }

    /// Copies a file of this repository.
    pub(super) fn copy(&self, from: &str, to: &str) {
        let to = self.path(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(from), to).unwrap();
    }

    pub(super) fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub(super) fn read(&self, path: &Path) -> String {
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Sets a variable for the commands that follow.
    pub(super) fn env(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.retain(|(other, _)| other != name);
        self.environment.push((name.to_owned(), value.into()));
    }

    /// Runs `shmoo` in the project.
    pub(super) fn shmoo(&self, arguments: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shmoo"));
        command.args(arguments).current_dir(self.folder.path());
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            let of_ci = ["GITHUB_", "RUNNER_", "INPUT_", "SHMOO_"].iter().any(|prefix| text.starts_with(prefix));
            if of_ci || text == "CI" {
                command.env_remove(&name);
            }
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let output = command.output().unwrap();
        Said {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs `shmoo`, which has to end with this exit code, and returns what it printed.
    #[track_caller]
    pub(super) fn ends(&self, code: i32, arguments: &[&str]) -> String {
        let Said { code: found, stdout, stderr } = self.shmoo(arguments);
        assert_eq!(found, Some(code), "{arguments:?}\n{stdout}\n{stderr}");
        stdout
    }

    /// Runs `shmoo`, which has to print JSON.
    #[track_caller]
    pub(super) fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let text = self.ends(code, arguments);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}\n{text}"))
    }

    /// Returns the folder of the last run.
    pub(super) fn last_run(&self) -> PathBuf {
        let runs = fs::read_dir(self.path(".shmoo/runs")).unwrap().map(|entry| entry.unwrap().path());
        runs.max().unwrap()
    }
}
