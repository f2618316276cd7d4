//! A project with the ring generator in it, and `shmoo` run there on the real tools.

use serde_json::Value;
use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

pub(super) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What the flow runs, with the package that brings it.
const TOOLS: [(&str, &str); 4] =
    [("magic", "magic"), ("netgen-lvs", "netgen-lvs"), ("ngspice", "ngspice"), ("python3", "python3")];

/// A temporary project: `shmoo.yaml`, the generator under `examples/`, a suite under `configs/`.
pub(super) struct Project {
    folder: TempDir,
    path: Option<OsString>,
}

/// How a command ended.
pub(super) struct Outcome {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Project {
    /// Copies the generator and a suite of this repository.
    ///
    /// A tool that is missing fails the test: without the tools nothing is proved.
    pub(super) fn with_suite(suite: &str) -> Result<Project> {
        for (tool, package) in TOOLS {
            if find_tool(tool).is_none() {
                return Err(
                    format!("`{tool}` is missing: install the package {package} (scripts/setup.sh test)").into()
                );
            }
        }
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("shmoo.yaml"), "version: 1\n")?;
        let generator = Path::new("examples/temp-sense");
        copy_folder(&repository.join(generator), &folder.path().join(generator))?;
        let configs = folder.path().join("configs");
        fs::create_dir(&configs)?;
        let file = Path::new(suite).file_name().ok_or("the suite has a file name")?;
        fs::copy(repository.join(suite), configs.join(file))?;
        let goldens = repository.join("configs/goldens");
        if goldens.is_dir() {
            copy_folder(&goldens, &configs.join("goldens"))?;
        }
        Ok(Project { folder, path: env::var_os("PATH") })
    }

    /// Replaces a text that occurs once in a file of the generator.
    pub(super) fn edit(&self, file: &str, from: &str, to: &str) -> Result<()> {
        self.replace(&format!("examples/temp-sense/{file}"), from, to)
    }

    /// Replaces a text that occurs once in a file of the project.
    pub(super) fn replace(&self, file: &str, from: &str, to: &str) -> Result<()> {
        let path = self.folder.path().join(file);
        let text = fs::read_to_string(&path)?;
        let count = text.matches(from).count();
        if count != 1 {
            return Err(format!("`{from}` occurs {count} times in {file}").into());
        }
        Ok(fs::write(&path, text.replace(from, to))?)
    }

    /// Runs `git` in the project, as somebody without settings of their own.
    pub(super) fn git(&self, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]);
        command.args(arguments).current_dir(self.folder.path());
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        let output = command.output()?;
        if !output.status.success() {
            return Err(format!("git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(())
    }

    /// Takes a tool away: later commands have a path without it, and with everything else.
    pub(super) fn without_tool(&mut self, missing: &str) -> Result<()> {
        let path = env::var_os("PATH").ok_or("there is no PATH")?;
        let mut folders = Vec::new();
        for (place, folder) in env::split_paths(&path).enumerate() {
            if !folder.join(missing).exists() {
                folders.push(folder);
                continue;
            }
            let links = self.folder.path().join(format!("path{place}"));
            fs::create_dir(&links)?;
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                if entry.file_name() != missing {
                    symlink(entry.path(), links.join(entry.file_name()))?;
                }
            }
            folders.push(links);
        }
        self.path = Some(env::join_paths(folders)?);
        Ok(())
    }

    /// Runs `shmoo` in the project.
    pub(super) fn shmoo(&self, arguments: &[&str]) -> Result<Outcome> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shmoo"));
        command.args(arguments).current_dir(self.folder.path());
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            let of_ci = ["GITHUB_", "RUNNER_", "INPUT_", "SHMOO_"].iter().any(|prefix| text.starts_with(prefix));
            if of_ci || text == "CI" {
                command.env_remove(&name);
            }
        }
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        let output = command.output()?;
        Ok(Outcome {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout)?,
            stderr: String::from_utf8(output.stderr)?,
        })
    }

    /// Returns the JSON report of the last run.
    pub(super) fn report(&self) -> Result<Report> {
        let outcome = self.shmoo(&["report", "last", "--format", "json"])?;
        let json = serde_json::from_str(&outcome.stdout).map_err(|err| format!("{err}: {}", outcome.stderr))?;
        Ok(Report(json))
    }
}

/// A JSON report.
pub(super) struct Report(pub(super) Value);

impl Report {
    pub(super) fn tasks(&self) -> &[Value] {
        self.0["tasks"].as_array().map_or(&[], Vec::as_slice)
    }

    pub(super) fn cases(&self) -> &[Value] {
        self.0["cases"].as_array().map_or(&[], Vec::as_slice)
    }

    /// Returns the verdicts of tasks that did not pass, as `fail` by `STAGE/POINT`.
    pub(super) fn not_passed(&self) -> BTreeMap<String, &str> {
        let name = |task: &Value| format!("{}/{}", text(&task["stage"]), text(&task["point"]));
        let tasks = self.tasks().iter().map(|task| (name(task), text(&task["verdict"])));
        tasks.filter(|(_, verdict)| *verdict != "pass").collect()
    }

    pub(super) fn task(&self, stage: &str, point: &str) -> &Value {
        let found = self.tasks().iter().find(|task| task["stage"] == stage && task["point"] == point);
        found.unwrap_or_else(|| panic!("the report has no task {stage}/{point}"))
    }

    /// Returns how many tasks each verdict has, without zeros.
    pub(super) fn totals(&self, of: &str) -> String {
        let verdicts = ["pass", "skipped", "fail", "timeout", "lost", "error"].iter();
        let counted = verdicts.map(|verdict| (verdict, self.0["totals"][of][verdict].as_u64().unwrap_or(0)));
        let words: Vec<String> =
            counted.filter(|(_, count)| *count > 0).map(|(verdict, count)| format!("{count} {verdict}")).collect();
        format!("{} of {}", words.join(", "), self.0["totals"][of]["total"])
    }
}

/// Returns a JSON text, empty if it is none.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn find_tool(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Copies a folder, without models that were fetched and what Python compiled.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_dir() {
            if name != "gf180" && name != "__pycache__" {
                copy_folder(&entry.path(), &to.join(&name))?;
            }
        } else {
            fs::copy(entry.path(), to.join(&name))?;
        }
    }
    Ok(())
}
