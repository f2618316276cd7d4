//! Programs that are there, their version lines and their digests.
//!
//! The version line alone misses a tool that was built again at the same version, the digest of the
//! executable alone misses what a wrapper script starts: the identity of a tool is both.

use super::command::{self, CommandError};
use crate::value::Digest;
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What we know of a program before we look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownTool {
    /// Its name on `PATH`.
    pub name: &'static str,
    /// Arguments that print a version and do nothing else.
    pub version_arguments: &'static [&'static str],
    /// The Debian package that holds it.
    pub package: &'static str,
    /// What it is for, in a few words.
    pub purpose: &'static str,
}

const fn known(
    name: &'static str,
    version_arguments: &'static [&'static str],
    package: &'static str,
    purpose: &'static str,
) -> KnownTool {
    KnownTool { name, version_arguments, package, purpose }
}

/// Programs whose version is asked for in their own way, or whose package has another name.
pub const KNOWN_TOOLS: [KnownTool; 18] = [
    known("bash", &["--version"], "bash", "runs `shell` stages"),
    known("g++", &["--version"], "g++", "C++ compiler"),
    known("gcc", &["--version"], "gcc", "C compiler"),
    known("git", &["--version"], "git", "tells the commit that is measured"),
    known("gzip", &["--version"], "gzip", "compression"),
    known("hyperfine", &["--version"], "hyperfine", "benchmarks of commands"),
    known("iverilog", &["-V"], "iverilog", "Verilog simulator"),
    known("klayout", &["-v"], "klayout", "layouts: viewer, DRC and LVS"),
    // Without a display or a terminal it answers all the same.
    known("magic", &["-dnull", "-noconsole", "--version"], "magic", "layouts: editor, DRC and extraction"),
    // It knows no `--version`: the argument starts its window. In batch mode it greets with its version.
    known("netgen-lvs", &["-batch", "quit"], "netgen-lvs", "compares netlists (LVS)"),
    known("ngspice", &["--version"], "ngspice", "circuit simulator"),
    known("openroad", &["-version"], "", "place and route"),
    known("pigz", &["--version"], "pigz", "parallel compression"),
    known("python3", &["--version"], "python3", "runs generators and scripts"),
    known("verilator", &["--version"], "verilator", "Verilog simulator"),
    known("xz", &["--version"], "xz-utils", "compression"),
    known("yosys", &["-V"], "yosys", "logic synthesis"),
    known("zstd", &["--version"], "zstd", "compression"),
];

/// Returns what we know of a program of this name.
pub fn known_tool(name: &str) -> Option<&'static KnownTool> {
    KNOWN_TOOLS.iter().find(|tool| tool.name == name)
}

/// A program that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// As it was asked for.
    pub name: String,
    /// Where it was found.
    pub path: PathBuf,
    /// The executable behind all links.
    pub executable: PathBuf,
    /// The first line with a digit of what it prints when asked for its version; none if there is
    /// no such line or it does not answer in time.
    pub version: Option<String>,
    /// Digest of the executable.
    pub sha256: Digest,
}

/// Why a program cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ToolError {
    /// It is in no folder of the path.
    #[error("there is no program `{name}` in `{path}`")]
    Missing {
        /// The program.
        name: String,
        /// The folders.
        path: String,
    },
    /// A file has its name, and cannot be executed.
    #[error("`{}` cannot be executed", path.display())]
    NotExecutable {
        /// The program.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// It cannot be read, and so not digested.
    #[error("cannot read the program `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
}

impl ToolError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            ToolError::Missing { name, .. } => match known_tool(name) {
                Some(tool) if !tool.package.is_empty() => {
                    Some(format!("on Debian and Ubuntu: `apt-get install {}`", tool.package))
                }
                _ => Some("install it, or add its folder to the path".to_owned()),
            },
            ToolError::NotExecutable { path, .. } => Some(format!("`chmod +x {}`", path.display())),
            ToolError::Read { .. } => None,
        }
    }
}

/// Tells which programs are there.
pub trait Tools: Send + Sync {
    /// Finds a program by name, or by path if the name has a `/`, and asks for its version once.
    fn inspect(&self, name: &str) -> Result<Arc<Tool>, ToolError>;
}

/// The programs on a search path.
#[derive(Debug)]
pub struct PathTools {
    path: OsString,
    limit: Duration,
    version_arguments: HashMap<String, Vec<String>>,
    found: Mutex<HashMap<String, Result<Arc<Tool>, ToolError>>>,
}

impl PathTools {
    /// Looks in the folders of `path` (as in the variable `PATH`; entries that are not absolute are
    /// passed over, since what they mean depends on where a task stands).
    pub fn new(path: impl Into<OsString>) -> PathTools {
        PathTools {
            path: path.into(),
            limit: Duration::from_secs(10),
            version_arguments: HashMap::new(),
            found: Mutex::default(),
        }
    }

    /// Sets how long a program may take to print its version.
    pub fn with_limit(mut self, limit: Duration) -> PathTools {
        self.limit = limit;
        self
    }

    /// Sets the arguments that make a program print its version.
    pub fn with_version_arguments(mut self, name: impl Into<String>, arguments: Vec<String>) -> PathTools {
        self.version_arguments.insert(name.into(), arguments);
        self
    }

    /// Returns where a program is.
    pub fn find(&self, name: &str) -> Result<PathBuf, ToolError> {
        let candidates: Vec<PathBuf> = if name.contains('/') {
            vec![PathBuf::from(name)]
        } else {
            std::env::split_paths(&self.path)
                .filter(|folder| folder.is_absolute())
                .map(|folder| folder.join(name))
                .collect()
        };
        let mut refused = None;
        for path in candidates {
            if !name.is_empty() && path.is_file() {
                if rustix::fs::access(&path, rustix::fs::Access::EXEC_OK).is_ok() {
                    return Ok(path);
                }
                refused.get_or_insert(path);
            }
        }
        let name = name.to_owned();
        Err(match refused {
            Some(path) => ToolError::NotExecutable { name, path },
            None => ToolError::Missing { name, path: self.path.to_string_lossy().into_owned() },
        })
    }

    fn look(&self, name: &str) -> Result<Tool, ToolError> {
        let path = self.find(name)?;
        let error = |source| ToolError::Read { path: path.clone(), source: Arc::new(source) };
        let executable = path.canonicalize().map_err(error)?;
        let (sha256, _) = File::open(&executable).and_then(|mut file| Digest::of_reader(&mut file)).map_err(error)?;
        // No answer is no reason not to use it: the digest identifies it all the same.
        let version = self.ask(name, &path).unwrap_or_default();
        Ok(Tool { name: name.to_owned(), path, executable, version, sha256 })
    }

    fn ask(&self, name: &str, path: &Path) -> Result<Option<String>, CommandError> {
        let mut command = Command::new(path);
        let base = name.rsplit('/').next().unwrap_or(name);
        match (self.version_arguments.get(name), known_tool(base)) {
            (Some(arguments), _) => command.args(arguments),
            (None, Some(tool)) => command.args(tool.version_arguments),
            (None, None) => command.arg("--version"),
        };
        command.env_clear().env("PATH", &self.path).env("LC_ALL", "C.UTF-8").env("TZ", "UTC").current_dir("/");
        let answer = command::answer(command, self.limit)?;
        let line = version_line(&answer.stdout);
        // What a program says as it fails is no version: `unknown option -1`.
        Ok(if answer.status.success() { line.or_else(|| version_line(&answer.stderr)) } else { line })
    }
}

impl Tools for PathTools {
    fn inspect(&self, name: &str) -> Result<Arc<Tool>, ToolError> {
        // Held while looking: a tool that many tasks want is asked once.
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.entry(name.to_owned()).or_insert_with(|| self.look(name).map(Arc::new)).clone()
    }
}

/// Programs that exist by declaration.
#[derive(Debug, Default)]
pub struct FakeTools(HashMap<String, Arc<Tool>>);

impl FakeTools {
    /// Adds a program with a version line.
    pub fn with(mut self, name: &str, version: &str) -> FakeTools {
        let path = PathBuf::from("/fake").join(name);
        let tool = Tool {
            name: name.to_owned(),
            executable: path.clone(),
            path,
            version: Some(version.to_owned()),
            sha256: Digest::of(format!("{name} {version}").as_bytes()),
        };
        self.0.insert(name.to_owned(), Arc::new(tool));
        self
    }
}

impl Tools for FakeTools {
    fn inspect(&self, name: &str) -> Result<Arc<Tool>, ToolError> {
        let missing = || ToolError::Missing { name: name.to_owned(), path: "/fake".to_owned() };
        self.0.get(name).cloned().ok_or_else(missing)
    }
}

/// Returns the first line that has a digit, without the frame that some programs draw around it.
fn version_line(output: &[u8]) -> Option<String> {
    const LONGEST: usize = 200;
    let text = String::from_utf8_lossy(output);
    text.lines()
        .map(|line| line.trim_matches(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '*' | '#' | '=')))
        .find(|line| line.contains(|c: char| c.is_ascii_digit()))
        .map(|line| line.chars().filter(|c| !c.is_control()).take(LONGEST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use tempfile::TempDir;

    #[test]
    fn version_lines() {
        let check = |output: &str, expected: Option<&str>| {
            assert_eq!(version_line(output.as_bytes()).as_deref(), expected);
        };
        check("8.3.105\n", Some("8.3.105"));
        check(
            "******\n** ngspice-39 : Circuit level simulation program\n** Copyright 2001-2022, The ngspice team.\n",
            Some("ngspice-39 : Circuit level simulation program"),
        );
        check(
            "Netgen 1.5.133 compiled on Thu Dec  1 22:32:11 UTC 2022\nWarning: x\n",
            Some("Netgen 1.5.133 compiled on Thu Dec  1 22:32:11 UTC 2022"),
        );
        check("GNU bash, version 5.2.15(1)-release\nCopyright", Some("GNU bash, version 5.2.15(1)-release"));
        check("usage: x [FILE]\n", None);
        check("", None);
        check("\x1b[1mv1.2\x1b[0m\r\n", Some("[1mv1.2[0m"));
        assert_eq!(version_line(&[b'1'; 10_000]).map(|line| line.len()), Some(200));
    }

    #[test]
    fn the_table_is_sorted_and_bash_is_in_it() {
        assert!(KNOWN_TOOLS.is_sorted_by_key(|tool| tool.name));
        assert_eq!(known_tool("bash").map(|tool| tool.package), Some("bash"));
        assert_eq!(known_tool("nothing"), None);
    }

    fn script(folder: &Path, name: &str, body: &str) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn tools(folder: &TempDir) -> PathTools {
        let path = std::env::join_paths([Path::new(""), Path::new("relative"), folder.path(), Path::new("/bin")]);
        PathTools::new(path.unwrap()).with_limit(Duration::from_secs(20))
    }

    #[test]
    fn a_program_is_found_asked_and_digested_once() {
        let folder = tempfile::tempdir().unwrap();
        let body = "echo \"version 1.$# $HOME$FOO\"; echo x >> \"${0%/*}/asked\"";
        let path = script(folder.path(), "real", body);
        symlink("real", folder.path().join("tool")).unwrap();
        let tools = tools(&folder);
        let tool = tools.inspect("tool").unwrap();
        assert_eq!((&tool.path, &tool.executable), (&folder.path().join("tool"), &path.canonicalize().unwrap()));
        // The environment is empty: neither HOME nor anything else of ours.
        assert_eq!(tool.version.as_deref(), Some("version 1.1"));
        assert_eq!(tool.sha256, Digest::of(&fs::read(&path).unwrap()));
        assert_eq!(tools.inspect("tool").unwrap(), tool);
        assert_eq!(fs::read_to_string(folder.path().join("asked")).unwrap(), "x\n");
        let by_path = tools.inspect(path.to_str().unwrap()).unwrap();
        assert_eq!((by_path.sha256, &by_path.path), (tool.sha256, &path));
    }

    #[test]
    fn versions_on_all_ways() {
        let folder = tempfile::tempdir().unwrap();
        script(folder.path(), "to-stderr", "echo 'v 2.0' >&2");
        script(folder.path(), "fails", "echo 'unknown option 1' >&2; exit 1");
        script(folder.path(), "fails-with-version", "echo 'v 3'; exit 1");
        script(folder.path(), "waits", "read line; echo \"9 $line\"");
        script(folder.path(), "hangs", "while :; do :; done; echo 1");
        script(folder.path(), "other", "echo \"$*\"");
        let tools = tools(&folder).with_version_arguments("other", vec!["release".to_owned(), "7".to_owned()]);
        let check = |name: &str, expected: Option<&str>| {
            assert_eq!(tools.inspect(name).unwrap().version.as_deref(), expected, "{name}");
        };
        check("to-stderr", Some("v 2.0"));
        check("fails", None);
        check("fails-with-version", Some("v 3"));
        check("waits", Some("9"));
        check("other", Some("release 7"));
        let quick = PathTools::new(folder.path()).with_limit(Duration::from_millis(50));
        assert_eq!(quick.inspect("hangs").unwrap().version, None);
    }

    #[test]
    fn what_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("plain"), "x").unwrap();
        fs::create_dir(folder.path().join("folder")).unwrap();
        let tools = tools(&folder);
        let error = tools.inspect("plain").unwrap_err();
        assert!(matches!(&error, ToolError::NotExecutable { .. }), "{error}");
        for name in ["folder", "no-such-program", "", "./plain-not"] {
            assert!(matches!(tools.inspect(name), Err(ToolError::Missing { .. })), "{name}");
        }
        let nowhere = PathTools::new("/nonexistent");
        let error = nowhere.inspect("netgen-lvs").unwrap_err();
        assert_eq!(error.to_string(), "there is no program `netgen-lvs` in `/nonexistent`");
        assert_eq!(error.hint().unwrap(), "on Debian and Ubuntu: `apt-get install netgen-lvs`");
    }

    #[test]
    fn known_programs_of_this_machine_tell_their_version() {
        let tools = PathTools::new(std::env::var_os("PATH").unwrap_or_default());
        for tool in KNOWN_TOOLS {
            if let Ok(found) = tools.inspect(tool.name) {
                assert!(found.version.is_some(), "{found:?}");
            }
        }
        assert!(tools.inspect("bash").unwrap().version.as_ref().unwrap().contains("bash"));
    }

    #[test]
    fn fake_tools() {
        let tools = FakeTools::default().with("magic", "8.3.105");
        assert_eq!(tools.inspect("magic").unwrap().version.as_deref(), Some("8.3.105"));
        assert!(tools.inspect("ngspice").is_err());
    }
}
