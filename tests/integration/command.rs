//! The builder that all tests of commands share.
//!
//!     shmoo().file("suite.yaml", SUITE).args(["plan", "suite.yaml"]).snapshot("two_axes");
//!
//! Each test has a temporary folder and an environment with nothing in it but `PATH` and `HOME`, so
//! that CI and a desk see the same. Of what is printed, everything that differs from run to run is
//! replaced: the folder by `[FOLDER]`, names of runs by `RUN-1`, `RUN-2` in the order in which they
//! appear, times by `[TIME]` and `[WHEN]`, sizes of archives by `[SIZE]`, digests by `[DIGEST]`.
//! `RUN-1` in an argument stands for that run.

use regex::{Captures, Regex};
use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Where the programs of tests are.
const SEARCH_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

pub(in crate::integration) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Starts a test of commands.
pub(in crate::integration) fn shmoo() -> Shmoo {
    Shmoo { steps: Vec::new(), environment: Vec::new() }
}

/// Files to write and commands to run, in order.
pub(in crate::integration) struct Shmoo {
    steps: Vec<Step>,
    environment: Vec<(String, String)>,
}

enum Step {
    Write { path: String, text: String, executable: bool },
    Replace { path: String, from: String, to: String },
    Remove { path: String },
    Run { arguments: Vec<String>, shown: bool },
    Shell { text: String },
}

impl Shmoo {
    /// Writes a file below the folder.
    pub(in crate::integration) fn file(self, path: &str, text: &str) -> Shmoo {
        self.step(Step::Write { path: path.to_owned(), text: text.to_owned(), executable: false })
    }

    /// Writes a program below the folder.
    pub(in crate::integration) fn program(self, path: &str, text: &str) -> Shmoo {
        self.step(Step::Write { path: path.to_owned(), text: text.to_owned(), executable: true })
    }

    /// Replaces a text in a file, which must have it.
    pub(in crate::integration) fn replace(self, path: &str, from: &str, to: &str) -> Shmoo {
        self.step(Step::Replace { path: path.to_owned(), from: from.to_owned(), to: to.to_owned() })
    }

    /// Removes a file or folder; `RUN-1` in its path is the name of a run.
    pub(in crate::integration) fn remove(self, path: &str) -> Shmoo {
        self.step(Step::Remove { path: path.to_owned() })
    }

    /// Sets a variable for all commands.
    pub(in crate::integration) fn env(mut self, name: &str, value: &str) -> Shmoo {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs `shmoo` with these arguments, and shows what came of it.
    pub(in crate::integration) fn args<'a>(self, arguments: impl IntoIterator<Item = &'a str>) -> Shmoo {
        self.step(Step::Run { arguments: arguments.into_iter().map(str::to_owned).collect(), shown: true })
    }

    /// Runs `shmoo` with these arguments; the names of its runs count, what it prints is not shown.
    pub(in crate::integration) fn before<const N: usize>(self, arguments: [&str; N]) -> Shmoo {
        self.step(Step::Run { arguments: arguments.map(str::to_owned).to_vec(), shown: false })
    }

    /// Runs a shell script in the folder, which must succeed, and shows what it prints.
    pub(in crate::integration) fn shell(self, text: &str) -> Shmoo {
        self.step(Step::Shell { text: text.to_owned() })
    }

    fn step(mut self, step: Step) -> Shmoo {
        self.steps.push(step);
        self
    }

    /// Does it all, and compares what is shown with the snapshot of this name.
    #[track_caller]
    pub(in crate::integration) fn snapshot(self, name: &str) {
        let done = self.run().unwrap();
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, done.text);
        });
    }

    /// Does it all.
    pub(in crate::integration) fn run(self) -> Outcome<Done> {
        let Shmoo { steps, environment } = self;
        let folder = tempfile::Builder::new().prefix("shmoo-test-").tempdir()?;
        let root = folder.path().canonicalize()?;
        let mut done = Done { folder, root, outputs: Vec::new(), text: String::new(), runs: Vec::new() };
        for step in steps {
            done.step(step, &environment)?;
        }
        Ok(done)
    }
}

/// What a command came to.
pub(in crate::integration) struct Output {
    pub(in crate::integration) code: i32,
    pub(in crate::integration) stdout: String,
    pub(in crate::integration) stderr: String,
}

/// What all commands came to; the folder is there until this goes.
pub(in crate::integration) struct Done {
    /// Keeps the folder.
    #[expect(dead_code, reason = "removes the folder when it goes")]
    folder: TempDir,
    /// The folder.
    pub(in crate::integration) root: PathBuf,
    /// Of every command, as it was printed.
    pub(in crate::integration) outputs: Vec<Output>,
    /// Of the commands that are shown, with all replacements.
    pub(in crate::integration) text: String,
    runs: Vec<String>,
}

impl Done {
    /// Returns the last command's output.
    pub(in crate::integration) fn last(&self) -> &Output {
        self.outputs.last().unwrap()
    }

    /// Returns a run's name, counted from 1.
    pub(in crate::integration) fn run(&self, number: usize) -> &str {
        &self.runs[number - 1]
    }

    /// Returns a path in the folder; `RUN-1` in it is the name of a run.
    pub(in crate::integration) fn path(&self, path: &str) -> PathBuf {
        self.root.join(self.with_runs(path))
    }

    fn step(&mut self, step: Step, environment: &[(String, String)]) -> Outcome {
        match step {
            Step::Write { path, text, executable } => {
                let path = self.path(&path);
                fs::create_dir_all(path.parent().ok_or("the folder is not a file")?)?;
                fs::write(&path, text)?;
                if executable {
                    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
                }
            }
            Step::Replace { path, from, to } => {
                let path = self.path(&path);
                let text = fs::read_to_string(&path)?;
                assert!(text.contains(&from), "{} has no {from:?}", path.display());
                fs::write(&path, text.replace(&from, &to))?;
            }
            Step::Remove { path } => {
                let path = self.path(&path);
                if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }?;
            }
            Step::Run { arguments, shown } => {
                let real: Vec<String> = arguments.iter().map(|argument| self.with_runs(argument)).collect();
                let mut command = Command::new(env!("CARGO_BIN_EXE_shmoo"));
                let output = self.output(command.args(real), environment)?;
                self.learn_runs(&output);
                if shown {
                    let block = block(&format!("shmoo {}", arguments.join(" ")), &output);
                    let block = self.replaced(&block);
                    self.text.push_str(&block);
                }
                self.outputs.push(output);
            }
            Step::Shell { text } => {
                let mut command = Command::new("bash");
                command.args(["-euo", "pipefail", "-c", &self.with_runs(&text)]);
                let output = self.output(&mut command, environment)?;
                assert_eq!(output.code, 0, "{text}: {}{}", output.stdout, output.stderr);
                let block = self.replaced(&block(text.trim_end(), &output));
                self.text.push_str(&block);
                self.outputs.push(output);
            }
        }
        Ok(())
    }

    fn output(&self, command: &mut Command, environment: &[(String, String)]) -> Outcome<Output> {
        command.current_dir(&self.root).env_clear().env("PATH", SEARCH_PATH).env("HOME", &self.root);
        command.envs(environment.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
        let output = command.output()?;
        Ok(Output {
            code: output.status.code().ok_or("it was ended by a signal")?,
            stdout: String::from_utf8(output.stdout)?,
            stderr: String::from_utf8(output.stderr)?,
        })
    }

    fn learn_runs(&mut self, output: &Output) {
        for text in [&output.stderr, &output.stdout] {
            for found in run_names().find_iter(text) {
                if !self.runs.iter().any(|known| known == found.as_str()) {
                    self.runs.push(found.as_str().to_owned());
                }
            }
        }
    }

    fn with_runs(&self, text: &str) -> String {
        let number = |captures: &Captures<'_>| {
            let number: usize = captures[1].parse().unwrap_or(0);
            self.runs.get(number.wrapping_sub(1)).cloned().unwrap_or_else(|| captures[0].to_owned())
        };
        pattern(r"RUN-(\d+)").replace_all(text, number).into_owned()
    }

    /// Replaces what differs from run to run.
    fn replaced(&self, text: &str) -> String {
        let mut text = text.replace(&self.root.display().to_string(), "[FOLDER]");
        for (index, run) in self.runs.iter().enumerate() {
            text = text.replace(run, &format!("RUN-{}", index + 1));
            // The day of a run stands in reports, too.
            let day = format!("{}-{}-{}", &run[..4], &run[4..6], &run[6..8]);
            text = pattern(&format!(r"{day}([T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?)?")).replace_all(&text, "[WHEN]").into();
        }
        for (from, to) in REPLACED {
            text = pattern(from).replace_all(&text, to).into_owned();
        }
        text
    }
}

/// What is replaced by what, in this order.
const REPLACED: [(&str, &str); 15] = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[WHEN]"),
    // Which tasks are the slowest is chance.
    (r"Slowest tasks\n(  .*\n)+", "Slowest tasks\n  [TASKS]\n"),
    (r#""(wall|cpu|elapsed)": ?[0-9.e-]+"#, r#""$1": "[TIME]""#),
    (r#""max_rss": ?\d+"#, r#""max_rss": "[SIZE]""#),
    (r#""shmoo": ?"[^"]*""#, r#""shmoo": "[VERSION]""#),
    (r#""machine": ?\{[^}]*\}"#, r#""machine": "[MACHINE]""#),
    // The width of a column goes with its numbers.
    (r" +\d+(\.\d+)?(ms|µs|s)\b", " [TIME]"),
    (r"\b\d+(\.\d+)?(ms|µs|s)\b", "[TIME]"),
    (r" +\d+(\.\d+)? [kMGT]B\b", " [SIZE]"),
    (r"\b\d+(\.\d+)? [kMGT]B\b", "[SIZE]"),
    (r" +(size|took)\b", " $1"),
    (r"\b\d+ at a time", "[JOBS] at a time"),
    (r"\b([0-9a-f]{64}|[0-9a-f]{12})\b", "[DIGEST]"),
    // Facts about the machine and its tools.
    (r"(?m)^machine +\[DIGEST\].*$", "machine [MACHINE]"),
    (r"(?m)^tool +([^ :]+): .*$", "tool $1: [VERSION]"),
];

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the patterns of tests are regular expressions")
}

fn run_names() -> Regex {
    pattern(r"\b\d{8}-\d{6}-[a-z][a-z0-9_-]*-[0-9a-f]{4}\b")
}

/// Returns exit code, stdout and stderr of a command as one text.
fn block(command: &str, output: &Output) -> String {
    let mut text = format!("$ {command}\nexit code {}\n", output.code);
    for (name, stream) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        if !stream.is_empty() {
            text.push_str(&format!("--- {name}\n{stream}"));
            if !stream.ends_with('\n') {
                text.push_str("(no line end)\n");
            }
        }
    }
    text.push('\n');
    text
}

/// Returns whether there is something at a path of a test.
pub(in crate::integration) fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}
