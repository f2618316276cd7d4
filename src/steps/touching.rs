//! Which suites of a project a change touches: those that declare a file that it changed.
//!
//! A suite declares its own file and those that it includes, its golden table, the files of the repository that
//! its stages take, and what its `paths` match. The project file belongs to all. A file that is declared and
//! gone counts: where a template has placeholders, any text may stand for them.

use super::suites::find_suites;
use super::workspace::{LoadedFile, PROJECT_FILE, load_suite_file};
use super::{StepError, Workspace};
use crate::outside::git::{Changed, Place, changed_since, place};
use crate::suite::{GoldenSource, Part, Source, Suite, Template};
use crate::value::SuiteName;
use globset::{GlobBuilder, GlobMatcher};
use std::path::{Component, Path};

/// A suite that a change touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// Its name.
    pub suite: SuiteName,
    /// Its file, as the user would type it.
    pub file: String,
    /// The first changed file that it declares, from the top of the repository.
    pub path: String,
    /// What that is to it.
    pub because: &'static str,
}

/// What a change touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touching {
    /// The suites, by file.
    pub suites: Vec<Touched>,
    /// How many suites the project has.
    pub of: usize,
    /// How many files changed.
    pub changed: usize,
}

/// Finds the suites of the project that declare a file that changed since `revision`.
pub fn touched_suites(workspace: &Workspace, current: &Path, revision: &str) -> Result<Touching, StepError> {
    let Some(place) = place(&workspace.folder).map_err(StepError::Git)? else {
        let message =
            format!("`{}` is in no git repository: there is no telling what changed", workspace.folder.display());
        return Err(StepError::usage(message, None));
    };
    let changed = changed_files(workspace, revision)?;
    let found = find_suites(workspace, current)?;
    let mut suites = Vec::new();
    for path in &found.suites {
        let loaded = load_suite_file(path)?;
        let watched = watched(&place, workspace, path, &loaded)?;
        let hit = watched.iter().find_map(|watch| Some((watch, changed.iter().find(|file| watch.files.has(file))?)));
        if let Some((watch, file)) = hit {
            suites.push(Touched {
                suite: loaded.suite.name.clone(),
                file: workspace.shown(path, current),
                path: file.clone(),
                because: watch.because,
            });
        }
    }
    Ok(Touching { suites, of: found.suites.len(), changed: changed.len() })
}

fn changed_files(workspace: &Workspace, revision: &str) -> Result<Vec<String>, StepError> {
    match changed_since(&workspace.folder, revision).map_err(StepError::Git)? {
        Changed::Files(files) => Ok(files),
        Changed::UnknownCommit => Err(StepError::usage(
            format!("`{revision}` is no commit here"),
            Some("name a branch such as `origin/main`; in a workflow check out with `fetch-depth: 0`".to_owned()),
        )),
        Changed::NoCommonAncestor => Err(StepError::usage(
            format!("`{revision}` and what is checked out have no commit in common"),
            Some("in a workflow check out with `fetch-depth: 0`: the commits between are not fetched".to_owned()),
        )),
    }
}

/// Files that a suite declares.
struct Watched {
    files: Files,
    because: &'static str,
}

/// Files by their paths from the top of the repository.
enum Files {
    /// A file, or all below a folder.
    Path(String),
    /// All whose paths match, and all below folders that do.
    Glob { itself: GlobMatcher, below: Option<GlobMatcher> },
}

impl Files {
    fn has(&self, changed: &str) -> bool {
        let is_below = |path: &str, folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        match self {
            // A submodule changes as one, whichever file of it is declared.
            Files::Path(path) => {
                path.is_empty() || path == changed || is_below(changed, path) || is_below(path, changed)
            }
            Files::Glob { itself, below } => {
                itself.is_match(changed) || below.as_ref().is_some_and(|below| below.is_match(changed))
            }
        }
    }
}

fn watched(place: &Place, workspace: &Workspace, path: &Path, loaded: &LoadedFile) -> Result<Vec<Watched>, StepError> {
    let suite = &loaded.suite;
    let mut all = Vec::new();
    let mut watch = |path: &Path, because| {
        // What lies outside of the repository does not change with it.
        all.extend(from_top(&place.top, path).map(|path| Watched { files: Files::Path(path), because }));
    };
    watch(&loaded.folder.join(path.file_name().unwrap_or_default()), "its suite file");
    for text in loaded.texts.iter().skip(1) {
        watch(&loaded.folder.join(&text.name), "a file that it includes");
    }
    if let Some(goldens) = &suite.goldens {
        let place = match &goldens.source {
            GoldenSource::Csv(file) => file,
            GoldenSource::IreeJson(iree) => &iree.folder,
        };
        watch(&loaded.folder.join(place), "its goldens");
    }
    watch(&workspace.folder.join(PROJECT_FILE), "the project file");
    let root = from_top(&place.top, &workspace.folder.join(&suite.root));
    if let Some(root) = root {
        for template in root_sources(suite) {
            all.push(Watched { files: input_files(&root, template)?, because: "an input" });
        }
    }
    for pattern in &suite.paths {
        all.push(Watched { files: Files::Glob { itself: glob(pattern, true)?, below: None }, because: "its `paths`" });
    }
    Ok(all)
}

/// Returns a path from the top of the repository, without `.` and `..`; none if it lies outside.
fn from_top(top: &Path, path: &Path) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in path.strip_prefix(top).ok()?.components() {
        match part {
            Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
            Component::ParentDir => drop(parts.pop()?),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    Some(parts.join("/"))
}

/// Returns the repository files that stages take, as they are written.
fn root_sources(suite: &Suite) -> Vec<&Template> {
    let mut open: Vec<&Source> =
        suite.stages.iter().flat_map(|stage| &stage.inputs).map(|input| &input.source).collect();
    let mut found = Vec::new();
    while let Some(source) = open.pop() {
        match source {
            Source::Root(template) => found.push(template),
            Source::Pick { from, .. } => open.extend(from.iter().map(|(_, source)| source)),
            Source::Output { .. } | Source::Rows(_) | Source::Each { .. } => {}
        }
    }
    found
}

fn input_files(root: &str, template: &Template) -> Result<Files, StepError> {
    let joined = |rest: &str| if root.is_empty() { rest.to_owned() } else { format!("{root}/{rest}") };
    if let [Part::Literal(text)] = &template.parts[..] {
        let path = Path::new("/").join(joined(text));
        return Ok(Files::Path(from_top(Path::new("/"), &path).unwrap_or_default()));
    }
    let mut pattern = globset::escape(&joined(""));
    for part in &template.parts {
        match part {
            Part::Literal(text) => pattern.push_str(&globset::escape(text)),
            Part::Param(_) | Part::Let(_) | Part::Name | Part::Shmoo | Part::Cases => pattern.push('*'),
        }
    }
    let pattern = pattern.trim_end_matches('/');
    Ok(Files::Glob { itself: glob(pattern, false)?, below: Some(glob(&format!("{pattern}/**"), false)?) })
}

fn glob(pattern: &str, separators: bool) -> Result<GlobMatcher, StepError> {
    let glob = GlobBuilder::new(pattern).literal_separator(separators).build();
    Ok(glob.map_err(|error| StepError::usage(format!("`{pattern}` is no glob: {error}"), None))?.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Span;

    #[test]
    fn paths_from_the_top() {
        let check = |path: &str, expected: Option<&str>| {
            assert_eq!(from_top(Path::new("/repo"), Path::new(path)).as_deref(), expected, "{path}");
        };
        check("/repo/configs/a.yaml", Some("configs/a.yaml"));
        check("/repo/configs/../params/./b.yaml", Some("params/b.yaml"));
        check("/repo", Some(""));
        check("/repo/../other", None);
        check("/other/a", None);
    }

    fn template(text: &str) -> Template {
        let mut parts = Vec::new();
        for (number, part) in text.split("{}").enumerate() {
            if number > 0 {
                parts.push(Part::Param(0));
            }
            if !part.is_empty() {
                parts.push(Part::Literal(part.to_owned()));
            }
        }
        Template { parts, span: Span { file: 0, start: 0, end: 0 } }
    }

    #[test]
    fn inputs() {
        let check = |root: &str, text: &str, changed: &str, expected: bool| {
            let files = input_files(root, &template(text)).unwrap();
            assert_eq!(files.has(changed), expected, "{root} {text} {changed}");
        };
        check("", "models/a.spice", "models/a.spice", true);
        check("", "models/a.spice", "models/a.spice.orig", false);
        check("chip", "models", "chip/models/deep/a.spice", true);
        check("chip", "models", "models/a.spice", false);
        check("chip", "models/", "chip/models/a", true);
        check("chip", "models", "chip/models2/a", false);
        check("", "vendor/pdk/lib.spice", "vendor/pdk", true);
        check("", "m/{}.spice", "m/tt.spice", true);
        check("", "m/{}.spice", "m/tt.spice/part", true);
        check("", "m/{}.spice", "m/tt.lib", false);
        check("a[1]", "{}", "a[1]/x/y", true);
        check("a[1]", "{}", "a1/x", false);
        check("", ".", "anything", true);
        check("chip", "./a", "chip/a", true);
    }

    #[test]
    fn globs_keep_to_names() {
        let check = |pattern: &str, changed: &str, expected: bool| {
            assert_eq!(glob(pattern, true).unwrap().is_match(changed), expected, "{pattern} {changed}");
        };
        check("src/*.py", "src/a.py", true);
        check("src/*.py", "src/deep/a.py", false);
        check("src/**", "src/deep/a.py", true);
        check("src/**", "src2/a.py", false);
        check("**/*.py", "a.py", true);
    }
}
