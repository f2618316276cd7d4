//! A project in a temporary folder, and the real program run in it.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take: much more than it does on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A project's folder, which is removed with all that is in it.
pub(crate) struct Sandbox {
    root: PathBuf,
    _folder: Option<TempDir>,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Said {
    /// The exit code; 128 and more for a signal.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A command that runs; it is killed if it is dropped.
pub(crate) struct Started {
    pub(crate) child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Sandbox {
    /// Makes a project with this suite, `suite.yaml`.
    pub(crate) fn new(suite: &str) -> Sandbox {
        let folder = TempDir::new().unwrap();
        let root = folder.path().canonicalize().unwrap();
        Sandbox { root, _folder: Some(folder) }.with_suite(suite)
    }

    /// Makes a project in a folder that somebody else removes.
    pub(crate) fn within(root: &Path, suite: &str) -> Sandbox {
        Sandbox { root: root.canonicalize().unwrap(), _folder: None }.with_suite(suite)
    }

    fn with_suite(self, suite: &str) -> Sandbox {
        self.write("shmoo.yaml", "version: 1\n");
        // Tasks reach the outside by this one path.
        self.write("suite.yaml", suite.replace("@ROOT@", &self.root.display().to_string()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Returns the lines of a file; none if it is not there.
    pub(crate) fn lines(&self, name: &str) -> Vec<String> {
        let bytes = fs::read(self.path(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
    }

    /// Returns the program with arguments, in a clean environment.
    pub(crate) fn shmoo(&self, arguments: &[&str]) -> Command {
        self.wrapped(&["--default-signal=INT,TERM,HUP"], arguments)
    }

    /// Returns the program, started through `env` with these options: what calls the tests may ignore
    /// signals, and children inherit that.
    pub(crate) fn wrapped(&self, options: &[&str], arguments: &[&str]) -> Command {
        let mut command = Command::new("env");
        command.args(options).arg(env!("CARGO_BIN_EXE_shmoo")).args(arguments);
        command.current_dir(&self.root).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.env("HOME", &self.root).env("ROOT", &self.root).env("RUST_BACKTRACE", "0").stdin(Stdio::null());
        command
    }

    /// Starts a command, with its output in files.
    pub(crate) fn start_command(&self, mut command: Command) -> Started {
        // Several may run at a time; a full disk must not take what they say.
        let said = std::env::temp_dir();
        let name = format!("shmoo-said-{}-{:?}", std::process::id(), Instant::now());
        let name = name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "");
        let (stdout, stderr) = (said.join(format!("{name}.out")), said.join(format!("{name}.err")));
        let child =
            command.stdout(File::create(&stdout).unwrap()).stderr(File::create(&stderr).unwrap()).spawn().unwrap();
        Started { child, stdout, stderr }
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Started {
        self.start_command(self.shmoo(arguments))
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        self.start(arguments).end()
    }

    /// Runs the program, which has to end with this code.
    pub(crate) fn run_to(&self, code: i32, arguments: &[&str]) -> Said {
        let said = self.run(arguments);
        assert_eq!(said.code, code, "{arguments:?}: {}\n{}", said.stderr, said.stdout);
        said
    }

    /// Returns the JSON report of the last run.
    pub(crate) fn report(&self) -> Value {
        let said = self.run(&["report", "last", "--format", "json"]);
        serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {}\n{}", said.stdout, said.stderr))
    }

    /// Returns the folders of runs, the oldest first.
    pub(crate) fn runs(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.path(".shmoo/runs")) else { return Vec::new() };
        let mut runs: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        runs.retain(|run| run.join("run.json").exists());
        // Names of one second are in no order.
        runs.sort_by_key(|run| {
            let facts: Value = serde_json::from_slice(&fs::read(run.join("run.json")).unwrap()).unwrap();
            text(&facts["started"])
        });
        runs
    }

    /// Returns the ledger files of the last run.
    pub(crate) fn ledgers(&self) -> Vec<PathBuf> {
        let Some(run) = self.runs().pop() else { return Vec::new() };
        let entries = fs::read_dir(run.join("ledger")).unwrap();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
        files.sort();
        files
    }

    /// Returns the events of the last run, but for a torn line.
    pub(crate) fn events(&self, kind: &str) -> Vec<Value> {
        let texts = self.ledgers().into_iter().map(|file| fs::read_to_string(file).unwrap_or_default());
        let lines: Vec<String> = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
        let events = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        events.filter(|event| event["kind"] == kind).collect()
    }

    /// Returns the final event of each task of the last run.
    pub(crate) fn finished(&self) -> BTreeMap<String, Value> {
        self.events("finished").into_iter().map(|event| (text(&event["task"]), event)).collect()
    }

    /// Returns the final event of a task.
    pub(crate) fn task(&self, key: &str) -> Value {
        self.finished().remove(key).unwrap_or_else(|| panic!("{key} has no final event"))
    }

    /// Returns verdict and message of a task.
    pub(crate) fn verdict(&self, key: &str) -> (String, String) {
        let event = self.task(key);
        (text(&event["verdict"]), event["message"].as_str().unwrap_or("").to_owned())
    }

    /// Returns the folder of a task's last attempt.
    pub(crate) fn task_folder(&self, key: &str) -> PathBuf {
        self.runs().pop().unwrap().join(text(&self.task(key)["folder"]))
    }
}

impl Started {
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// What it has said on stderr so far.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.stderr).unwrap_or_default()).into_owned()
    }

    /// Tells whether it still runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Said {
        let status = until("the end of shmoo", || self.child.try_wait().unwrap());
        let read = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap());
        Said { code, stdout: read(&self.stdout), stderr: self.stderr() }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = (fs::remove_file(&self.stdout), fs::remove_file(&self.stderr));
    }
}

/// Returns a JSON text.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// Asks again and again until there is an answer.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// Waits until something holds.
pub(crate) fn until_true(what: &str, mut holds: impl FnMut() -> bool) {
    until(what, || holds().then_some(()));
}

/// Returns a report without what differs between two runs of the same: names, times, durations,
/// attempts.
pub(crate) fn scrubbed(mut report: Value) -> Value {
    fn scrub(value: &mut Value) {
        match value {
            Value::Object(map) => {
                for key in [
                    "started", "finished", "usage", "attempts", "tries", "wall", "cpu", "cost", "costs", "folder",
                    "worker",
                ] {
                    map.remove(key);
                }
                map.values_mut().for_each(scrub);
            }
            Value::Array(items) => items.iter_mut().for_each(scrub),
            _ => {}
        }
    }
    scrub(&mut report);
    let run = report["run"].as_object_mut().unwrap();
    run.remove("id");
    run.remove("archive");
    run.remove("artifacts");
    report
}

/// Two reports must be equal; where they are not, the first line that differs is shown.
pub(crate) fn assert_same(found: &Value, wanted: &Value) {
    let lines = |value| serde_json::to_string_pretty(value).unwrap();
    let (found, wanted) = (lines(found), lines(wanted));
    let differs = found.lines().zip(wanted.lines()).find(|(found, wanted)| found != wanted);
    assert_eq!(differs, None);
    assert_eq!(found.len(), wanted.len());
}

/// Numbers that look random and are the same each time.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
