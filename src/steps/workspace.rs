//! Where things are: the project folder, its settings, the suite file.

use super::StepError;
use crate::config::{self, Project};
use crate::outside::clock::{Clock, SystemClock};
use crate::outside::history::{Environment, History, open_history};
use crate::outside::store::{Store, open_store};
use crate::outside::tools::{PathTools, Tools};
use crate::plan::SourceText;
use crate::suite::Suite;
use crate::value::{Problem, Problems, Sources};
use std::cell::{OnceCell, RefCell};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

/// Name of the project file.
pub const PROJECT_FILE: &str = "shmoo.yaml";

/// A project: its folder, its settings, and the world around it.
pub struct Workspace {
    /// The project folder, absolute: that of `shmoo.yaml`, at the top of the git repository at the highest, else
    /// that top, else the suite file's folder.
    pub folder: PathBuf,
    /// The settings.
    pub project: Project,
    /// Warnings about the project file, with the file they point into.
    pub warnings: Problems,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Which programs there are.
    pub tools: Arc<dyn Tools>,
    /// The search path of programs.
    pub search_path: String,
    /// Our own environment, which has the passwords of servers.
    pub environment: Environment,
    /// The store once it is open: all steps share its connections.
    store: OnceCell<Arc<dyn Store>>,
}

impl Workspace {
    /// Finds the project around a folder. `search_path` is the value of `PATH`.
    pub fn find(start: &Path, search_path: &str, environment: Environment) -> Result<Workspace, StepError> {
        Workspace::find_below(Path::new("/"), start, search_path, environment)
    }

    /// Finds the project around a folder that lies below `top`: what is above that is not looked at.
    pub(super) fn find_below(
        top: &Path,
        start: &Path,
        search_path: &str,
        environment: Environment,
    ) -> Result<Workspace, StepError> {
        let start = fs::canonicalize(start).map_err(|source| StepError::Read { path: start.to_owned(), source })?;
        let with = |name: &str| {
            let mut folders = start.ancestors().take_while(|folder| folder.starts_with(top));
            folders.find(|folder| folder.join(name).exists()).map(Path::to_owned)
        };
        let repository = with(".git");
        // What lies around a repository is no part of it.
        let inside = |folder: &PathBuf| repository.as_ref().is_none_or(|top| folder.starts_with(top));
        let found = with(PROJECT_FILE).filter(inside);
        let folder = found.clone().or_else(|| repository.clone()).unwrap_or(start.clone());
        let (project, warnings) = match found {
            None => (Project::default(), Problems { list: Vec::new(), sources: Sources::default() }),
            Some(folder) => {
                let path = folder.join(PROJECT_FILE);
                let text =
                    fs::read_to_string(&path).map_err(|source| StepError::Read { path: path.clone(), source })?;
                let (project, sources, list) =
                    config::load_project(&path.display().to_string(), &text).map_err(StepError::Problems)?;
                (project, Problems { list, sources })
            }
        };
        let mut tools = PathTools::new(search_path);
        for rule in &project.tools {
            if !rule.version.is_empty() {
                tools = tools.with_version_arguments(rule.name.clone(), rule.version.clone());
            }
        }
        let tools: Arc<dyn Tools> =
            Arc::new(RuledTools { tools, rules: project.tools.clone(), folder: folder.clone() });
        Ok(Workspace {
            folder,
            project,
            warnings,
            clock: Arc::new(SystemClock::default()),
            tools,
            search_path: search_path.to_owned(),
            environment,
            store: OnceCell::new(),
        })
    }

    /// Returns the folder of runs.
    pub fn runs(&self) -> PathBuf {
        self.folder.join(".shmoo/runs")
    }

    /// Opens the store.
    pub fn store(&self) -> Result<Arc<dyn Store>, StepError> {
        if let Some(store) = self.store.get() {
            return Ok(store.clone());
        }
        self.make_own_folder()?;
        let store = open_store(&self.project.store, &self.folder, &self.environment).map_err(StepError::OpenStore)?;
        Ok(self.store.get_or_init(|| store).clone())
    }

    /// Returns the folder of the store, if it is one.
    fn store_folder(&self) -> Option<PathBuf> {
        let path = self.project.store.strip_prefix("file:")?;
        Some(self.folder.join(path.strip_prefix("//").unwrap_or(path)))
    }

    /// Returns why the folder of the store cannot be looked into, if it is not there or no folder.
    pub(super) fn absent_store(&self) -> Option<io::Error> {
        match fs::metadata(self.store_folder()?) {
            Ok(found) if found.is_dir() => None,
            Ok(_) => Some(io::ErrorKind::NotADirectory.into()),
            Err(error) => Some(error),
        }
    }

    /// Tells whether the store is the embedded one, which the first archive makes.
    pub(super) fn is_own_store(&self) -> bool {
        self.store_folder().is_some_and(|folder| folder.starts_with(self.folder.join(".shmoo")))
    }

    /// Opens the history.
    pub fn history(&self) -> Result<Box<dyn History>, StepError> {
        self.make_own_folder()?;
        open_history(&self.project.history, &self.folder, &self.environment).map_err(StepError::History)
    }

    /// Opens the history if there is one: a question makes none.
    pub fn existing_history(&self) -> Result<Option<Box<dyn History>>, StepError> {
        let named = self.project.history.as_str();
        let named = named.strip_prefix("env:").and_then(|name| self.environment.get(name)).unwrap_or(named);
        let path = named.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path));
        if path.is_some_and(|path| !path.is_empty() && !self.folder.join(path).exists()) {
            return Ok(None);
        }
        self.history().map(Some)
    }

    /// Makes `.shmoo`, which git is told to ignore.
    pub(super) fn make_own_folder(&self) -> Result<(), StepError> {
        let folder = self.folder.join(".shmoo");
        fs::create_dir_all(&folder).map_err(StepError::disk("make", &folder))?;
        let ignore = folder.join(".gitignore");
        if !ignore.exists() {
            fs::write(&ignore, "*\n").map_err(StepError::disk("write", &ignore))?;
        }
        Ok(())
    }

    /// Returns a path as the user would type it from the current folder.
    pub fn shown(&self, path: &Path, current: &Path) -> String {
        path.strip_prefix(current).map_or_else(|_| path.display().to_string(), |short| short.display().to_string())
    }
}

/// Programs, found where the project file says.
struct RuledTools {
    tools: PathTools,
    rules: Vec<config::ToolRule>,
    folder: PathBuf,
}

impl Tools for RuledTools {
    fn inspect(&self, name: &str) -> Result<Arc<crate::outside::tools::Tool>, crate::outside::tools::ToolError> {
        let path = self.rules.iter().find(|rule| rule.name == name).and_then(|rule| rule.path.as_ref());
        match path {
            Some(path) => self.tools.inspect(&self.folder.join(path).to_string_lossy()),
            None => self.tools.inspect(name),
        }
    }
}

/// A suite that was read, with all that is needed to read it again.
#[derive(Debug, Clone)]
pub struct LoadedFile {
    /// The suite.
    pub suite: Arc<Suite>,
    /// The suite file as the user named it.
    pub name: String,
    /// The suite file's folder, absolute.
    pub folder: PathBuf,
    /// All texts that were read, the suite file first.
    pub texts: Vec<SourceText>,
    /// Warnings; spans point into the suite's sources.
    pub warnings: Vec<Problem>,
}

/// Reads a suite file.
pub fn load_suite_file(path: &Path) -> Result<LoadedFile, StepError> {
    let read = |source| StepError::Read { path: path.to_owned(), source };
    let bytes = fs::read(path).map_err(read)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line =
            error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|&&byte| byte == b'\n').count() + 1;
        StepError::usage(format!("{}:{line}: the file is not UTF-8", path.display()), None)
    })?;
    let absolute = fs::canonicalize(path).map_err(read)?;
    let folder = absolute.parent().map_or_else(|| PathBuf::from("/"), Path::to_owned);
    load_texts(&path.display().to_string(), text, &folder, &|name| {
        fs::read_to_string(folder.join(name)).map_err(|error| error.to_string())
    })
}

/// Reads a suite file with another file in the place of the one that `cases_from` names.
pub fn load_suite_file_with_cases(path: &Path, cases: &Path) -> Result<LoadedFile, StepError> {
    let loaded = load_suite_file(path)?;
    if loaded.suite.cases_from.is_none() {
        let message = format!("the suite `{}` takes its cases from no other file", loaded.suite.name);
        return Err(StepError::usage(message, Some("a suite does with `cases_from: FILE`".to_owned())));
    }
    let text = fs::read_to_string(cases).map_err(|source| StepError::Read { path: cases.to_owned(), source })?;
    with_cases(&loaded, &text, &cases.display().to_string())
}

/// Reads a suite once more, with another text in the place of the file that `cases_from` names; `name` is what
/// messages call it.
pub(super) fn with_cases(loaded: &LoadedFile, text: &str, name: &str) -> Result<LoadedFile, StepError> {
    let Some(replaced) = &loaded.suite.cases_from else { return Ok(loaded.clone()) };
    let own = loaded.texts.first().map(|own| own.text.clone()).unwrap_or_default();
    let read = |path: &str| match path == replaced {
        true => Ok(text.to_owned()),
        false => fs::read_to_string(loaded.folder.join(path)).map_err(|error| error.to_string()),
    };
    let named = loaded.name.rfind('/').map_or("", |at| &loaded.name[..=at]);
    let listed = format!("{named}{replaced}");
    match load_texts(&loaded.name, own, &loaded.folder, &read) {
        // What only the plan finds out is in that file, too.
        Ok(mut found) => {
            Arc::make_mut(&mut found.suite).sources.rename(&listed, name);
            Ok(found)
        }
        Err(StepError::Problems(mut problems)) => {
            problems.sources.rename(&listed, name);
            Err(StepError::Problems(problems))
        }
        Err(other) => Err(other),
    }
}

/// Loads a suite from texts; `read` gives the files that it names.
pub(super) fn load_texts(
    name: &str,
    text: String,
    folder: &Path,
    read: &dyn Fn(&str) -> Result<String, String>,
) -> Result<LoadedFile, StepError> {
    let seen = RefCell::new(vec![SourceText { name: name.to_owned(), text: text.clone() }]);
    let files = |path: &str| {
        let text = read(path)?;
        let source = SourceText { name: path.to_owned(), text: text.clone() };
        if !seen.borrow().contains(&source) {
            seen.borrow_mut().push(source);
        }
        Ok(text)
    };
    let loaded = config::load_suite(name, &text, &files).map_err(StepError::Problems)?;
    Ok(LoadedFile {
        suite: Arc::new(loaded.suite),
        name: name.to_owned(),
        folder: folder.to_owned(),
        texts: seen.into_inner(),
        warnings: loaded.warnings,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_lies_within_the_repository() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        let deep = top.join("repository/chip/configs");
        fs::create_dir_all(&deep).unwrap();
        let found = || {
            let found = Workspace::find_below(&top, &deep, "", Environment::new(Vec::<(String, String)>::new()))
                .map_err(|error| error.to_string());
            found.map(|found| (found.folder.strip_prefix(&top).unwrap().to_owned(), found.project.store)).unwrap()
        };
        let project = |place: &str, store: &str| {
            fs::write(top.join(place).join(PROJECT_FILE), format!("version: 1\nstore: file:{store}\n")).unwrap();
        };
        let is = |folder: &str, store: &str| assert_eq!(found(), (PathBuf::from(folder), format!("file:{store}")));
        is("repository/chip/configs", ".shmoo/store");
        // Without a repository the next one upwards counts.
        project("", "stray");
        is("", "stray");
        fs::create_dir(top.join("repository/.git")).unwrap();
        is("repository", ".shmoo/store");
        project("repository", "own");
        is("repository", "own");
        project("repository/chip", "chip");
        is("repository/chip", "chip");
        // A work tree, or a submodule, has a file there.
        fs::write(deep.join(".git"), "gitdir: elsewhere\n").unwrap();
        is("repository/chip/configs", ".shmoo/store");
    }
}
