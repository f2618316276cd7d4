//! The step `doctor`: what suites need, and what this machine has.

use super::running::{limits, stage_tools};
use super::workspace::load_suite_file;
use super::{StepError, Workspace};
use crate::outside::disk::{self, Sharing};
use crate::outside::tools::known_tool;
use crate::plan::{self, BuildOptions};
use crate::suite::Command;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

/// All that was found.
pub struct Inspection {
    /// Programs, by name.
    pub tools: Vec<InspectedTool>,
    /// Suites that were looked at: file, name.
    pub suites: Vec<(PathBuf, String)>,
    /// Suites that cannot be used, with why.
    pub broken: Vec<(PathBuf, StepError)>,
    /// Suites with stages whose text runs programs that no list can name.
    pub shells: Vec<String>,
    /// The store, the history, the disk, the kernel.
    pub places: Vec<Place>,
}

/// A program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectedTool {
    /// Its name.
    pub name: String,
    /// Where it is, its version; or why it cannot be used.
    pub found: Result<(PathBuf, Option<String>), String>,
    /// How to install it.
    pub install: Option<String>,
    /// Stages that name it, as `SUITE/STAGE`.
    pub needed_by: Vec<String>,
    /// Stages whose `shell` text seems to run it.
    pub mentioned_by: Vec<String>,
}

impl InspectedTool {
    /// Tells whether a stage cannot run for want of it.
    pub fn is_missed(&self) -> bool {
        self.found.is_err() && !self.needed_by.is_empty()
    }
}

/// Something of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What it is.
    pub name: &'static str,
    /// How it is, in words.
    pub state: String,
    /// Whether it is as it must be.
    pub good: bool,
    /// What to do if not.
    pub hint: Option<String>,
}

/// Less room than this is worth a word.
const LITTLE_ROOM: u64 = 1 << 30;

/// Looks at what suites need and what is there.
pub fn inspect(workspace: &Workspace, files: &[PathBuf]) -> Inspection {
    let mut suites = Vec::new();
    let mut broken = Vec::new();
    let mut shells = Vec::new();
    let mut needed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut mentioned: BTreeMap<String, Vec<String>> = BTreeMap::new();
    // Tells the commit of a run; without it runs work all the same.
    needed.entry("git".to_owned()).or_default();
    for file in files {
        let plan = load_suite_file(file).and_then(|loaded| Ok(plan::build(loaded.suite, BuildOptions::default())?));
        let plan = match plan {
            Ok(plan) => plan,
            Err(error) => {
                broken.push((file.clone(), error));
                continue;
            }
        };
        let suite = plan.suite.name.to_string();
        for (index, stage) in plan.suite.stages.iter().enumerate() {
            let place = format!("{suite}/{}", stage.name);
            for tool in stage_tools(&plan, index) {
                needed.entry(tool).or_default().push(place.clone());
            }
            if let Command::Shell(text) = &stage.command {
                for tool in programs_in(text) {
                    if known_tool(tool).is_some() || workspace.project.tools.iter().any(|rule| rule.name == tool) {
                        mentioned.entry(tool.to_owned()).or_default().push(place.clone());
                    }
                }
                if !shells.contains(&suite) {
                    shells.push(suite.clone());
                }
            }
        }
        suites.push((file.clone(), suite));
    }
    let names: BTreeSet<&String> = needed.keys().chain(mentioned.keys()).collect();
    let tools = names
        .into_iter()
        .map(|name| {
            let found = workspace.tools.inspect(name);
            let rule = workspace.project.tools.iter().find(|rule| rule.name == *name);
            let hint = found.as_ref().err().and_then(crate::outside::tools::ToolError::hint);
            InspectedTool {
                name: name.clone(),
                install: rule.and_then(|rule| rule.install.clone()).or(hint),
                found: found.map(|tool| (tool.path.clone(), tool.version.clone())).map_err(|error| error.to_string()),
                needed_by: needed.get(name).cloned().unwrap_or_default(),
                mentioned_by: mentioned.get(name).cloned().unwrap_or_default(),
            }
        })
        .collect();
    Inspection { tools, suites, broken, shells, places: places(workspace) }
}

/// Returns the words of a shell text that stand where a program does: first in a command. Quotes and
/// here-documents are not understood, so it is a guess, and nothing is decided by it.
fn programs_in(text: &str) -> BTreeSet<&str> {
    const BEFORE: [&str; 10] = ["if", "then", "else", "elif", "while", "until", "do", "!", "time", "exec"];
    let mut programs = BTreeSet::new();
    for line in text.lines() {
        let line = line.split(" #").next().unwrap_or_default();
        for command in line.split(['|', ';', '&', '(', ')', '{', '}', '`', '$']) {
            let program = command.split_whitespace().find(|word| {
                let assigns = word.split_once('=').is_some_and(|(name, _)| crate::value::is_identifier(name));
                !assigns && !BEFORE.contains(word)
            });
            programs.extend(program.map(|word| word.trim_matches(['"', '\''])));
        }
    }
    programs
}

fn places(workspace: &Workspace) -> Vec<Place> {
    let own = workspace.folder.join(".shmoo");
    let folder = if own.is_dir() { &own } else { &workspace.folder };
    let failed = |name, error: &dyn std::error::Error, hint| Place { name, state: chain(error), good: false, hint };
    let mut places = Vec::new();
    places.push(match workspace.existing_history() {
        Ok(None) => {
            let state = format!("{} is made by the first run", workspace.project.history);
            Place { name: "history", state, good: true, hint: None }
        }
        Ok(Some(history)) => match history.latest(&crate::outside::history::RunFilter::default()) {
            Ok(last) => {
                let last = last.map_or("empty".to_owned(), |run| format!("last run {}", run.id));
                Place {
                    name: "history",
                    state: format!("{}, {last}", workspace.project.history),
                    good: true,
                    hint: None,
                }
            }
            Err(error) => failed("history", &error, error.hint()),
        },
        Err(error) => failed("history", &error, error.hint()),
    });
    places.push(store(workspace));
    places.push(match disk::free_bytes(folder) {
        Ok(free) => {
            let state = format!("{} free for `{}`", crate::value::show_bytes(free), folder.display());
            let hint = (free < LITTLE_ROOM).then(|| "`shmoo prune` removes old runs".to_owned());
            Place { name: "disk", state, good: true, hint }
        }
        Err(error) => failed("disk", &error, None),
    });
    places.push(match disk::sharing(folder) {
        Ok(Sharing::Reflink) => {
            Place { name: "inputs", state: "large ones are reflinked".into(), good: true, hint: None }
        }
        Ok(Sharing::HardLink) => Place {
            name: "inputs",
            state: "large ones are hard-linked: a task that writes to one is an error".into(),
            good: true,
            hint: None,
        },
        Ok(Sharing::Copy) => Place {
            name: "inputs",
            state: "large ones are copied, which takes time and room".into(),
            good: true,
            hint: Some("put the project on a file system with links".into()),
        },
        Err(error) => {
            failed("inputs", &error, Some(format!("`{}` must be a folder one may write to", folder.display())))
        }
    });
    places.push(if disk::has_pidfd() {
        Place { name: "kernel", state: "processes can be watched (pidfd)".into(), good: true, hint: None }
    } else {
        let hint = Some("Linux 5.3 or newer is needed, and a sandbox that allows `pidfd_open`".to_owned());
        Place { name: "kernel", state: "processes cannot be watched: no `pidfd_open`".into(), good: false, hint }
    });
    let jobs = super::running::jobs(workspace, None);
    let mut resources: Vec<String> = Vec::new();
    for (name, amount) in &limits(workspace, jobs).resources {
        resources.push(match amount.to_i64() {
            Some(bytes) if name == "memory" => format!("memory {}", crate::value::show_bytes(bytes.unsigned_abs())),
            _ => format!("{name} {amount}"),
        });
    }
    let state = format!("{jobs} tasks at a time; {}", resources.join(", "));
    places.push(Place { name: "limits", state, good: true, hint: None });
    places
}

fn store(workspace: &Workspace) -> Place {
    let location = &workspace.project.store;
    match workspace.absent_store() {
        Some(error) if error.kind() == io::ErrorKind::NotFound => {
            let state = format!("{location} is made by the first archive");
            return Place { name: "store", state, good: true, hint: None };
        }
        Some(error) => return Place { name: "store", state: format!("{location}: {error}"), good: false, hint: None },
        None => {}
    }
    let asked = workspace.store().and_then(|store| {
        // Whatever the answer is, it is one.
        let key = "runs/doctor".parse().expect("a plain key");
        store.head(&key).map_err(StepError::Store)
    });
    match asked {
        Ok(_) => Place { name: "store", state: format!("{location} answers"), good: true, hint: None },
        Err(error) => Place { name: "store", state: chain(&error), good: false, hint: error.hint() },
    }
}

/// Returns an error with what led to it.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_shell_texts() {
        let check = |text: &str, expected: &str| {
            assert_eq!(programs_in(text).into_iter().collect::<Vec<_>>().join(" "), expected, "{text}");
        };
        check("gzip -9 x | tee log", "gzip tee");
        check("A=1 B=2 magic -dnull\nngspice -b a > b", "magic ngspice");
        check("if grep -q x f; then xz f; fi", "fi grep xz");
        check("n=$(wc -l < f) && \"python3\" a.py # zstd", "python3 wc");
        check("", "");
    }
}
