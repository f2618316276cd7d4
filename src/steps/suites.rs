//! The suite files of a project.

use super::{StepError, Workspace};
use globset::{GlobBuilder, GlobSetBuilder};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders in which no suite is looked for.
const PASSED_OVER: [&str; 3] = ["target", "node_modules", "__pycache__"];

/// Suite files that were found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FoundSuites {
    /// Their paths, absolute, in order.
    pub suites: Vec<PathBuf>,
    /// Files that the project's globs match and that have no `suite:`, such as vocabularies.
    pub others: Vec<PathBuf>,
}

/// Finds the suite files that the project's globs match; without a project file, those in `configs/` and
/// in the current folder.
pub fn find_suites(workspace: &Workspace, current: &Path) -> Result<FoundSuites, StepError> {
    let project = workspace.folder.join(super::workspace::PROJECT_FILE).is_file();
    let mut paths = BTreeSet::new();
    for pattern in &workspace.project.suites {
        paths.extend(matching(&workspace.folder, pattern)?);
    }
    if !project {
        for folder in [current.to_owned(), current.join("configs")] {
            paths.extend(matching(&folder, "*.{yaml,yml}")?);
        }
    }
    let mut found = FoundSuites::default();
    for path in paths {
        let bytes = fs::read(&path).map_err(|source| StepError::Read { path: path.clone(), source })?;
        if is_suite(&String::from_utf8_lossy(&bytes)) { found.suites.push(path) } else { found.others.push(path) }
    }
    if !project {
        // Any YAML file may lie there: it is no news that it is no suite.
        found.others.clear();
    }
    Ok(found)
}

/// Tells whether a text is meant as a suite: it has the key that only suites have.
fn is_suite(text: &str) -> bool {
    let key = |line: &str| {
        let line = line.strip_prefix('{').map_or(line, str::trim_start);
        ["suite:", "\"suite\":", "'suite':"].iter().any(|key| line.starts_with(key))
    };
    text.lines().any(key)
}

/// Returns the files below a folder whose paths match a glob.
fn matching(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, StepError> {
    let wrong = |error: globset::Error| StepError::usage(format!("`{pattern}` is no glob: {error}"), None);
    let glob = GlobBuilder::new(pattern).literal_separator(true).build().map_err(wrong)?;
    let globs = GlobSetBuilder::new().add(glob).build().map_err(wrong)?;
    // Only what lies below the part without wildcards can match.
    let fixed: PathBuf = Path::new(pattern)
        .components()
        .take_while(|part| !part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{', '\\']))
        .collect();
    let deep = pattern.contains("**");
    let depth = Path::new(pattern).components().count();
    let start = folder.join(&fixed);
    if start.is_file() {
        return Ok(vec![start]);
    }
    let mut found = Vec::new();
    let mut folders = vec![start];
    while let Some(here) = folders.pop() {
        let entries = match fs::read_dir(&here) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(source) => return Err(StepError::Read { path: here, source }),
        };
        for entry in entries {
            let path = entry.map_err(|source| StepError::Read { path: here.clone(), source })?.path();
            let Ok(relative) = path.strip_prefix(folder) else { continue };
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                let wanted = deep || relative.components().count() < depth;
                let link = path.is_symlink();
                if wanted && !link && !name.starts_with('.') && !PASSED_OVER.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if globs.is_match(relative) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        let folder = tempfile::tempdir().unwrap();
        for path in
            ["a.yaml", "configs/b.yaml", "configs/deep/c.yaml", "configs/d.txt", ".shmoo/e.yaml", "target/f.yaml"]
        {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let check = |pattern: &str, expected: &[&str]| {
            let found = matching(folder.path(), pattern).unwrap();
            let found: Vec<_> = found.iter().map(|path| path.strip_prefix(folder.path()).unwrap()).collect();
            assert_eq!(found, expected.iter().map(Path::new).collect::<Vec<_>>(), "{pattern}");
        };
        check("configs/*.yaml", &["configs/b.yaml"]);
        check("configs/**/*.yaml", &["configs/b.yaml", "configs/deep/c.yaml"]);
        check("**/*.yaml", &["a.yaml", "configs/b.yaml", "configs/deep/c.yaml"]);
        check("*.{yaml,yml}", &["a.yaml"]);
        check("configs/b.yaml", &["configs/b.yaml"]);
        check("nowhere/*.yaml", &[]);
        assert_eq!(matching(folder.path(), "a[").unwrap_err().fault(), crate::steps::Fault::Usage);
    }

    #[test]
    fn what_a_suite_is() {
        let check = |text: &str, expected: bool| assert_eq!(is_suite(text), expected, "{text}");
        check("version: 1\nsuite: a\n", true);
        check("{version: 1, suite: a}", false);
        check("{\"suite\": \"a\"}", true);
        check("version: 1\nparams: {}\n", false);
        check("version: 1\nx:\n  suite: a\n", false);
    }
}
