//! The files that hold a suite's goldens: read with what they mean, changed, and written back.

use super::StepError;
use crate::check::golden::{
    Edited, Edits, GoldenFile, GoldenHolder, IreeFile, IreeGoldens, PlannedPoint, Provenance, Table, provenance_lines,
};
use crate::outside::durable;
use crate::suite::{GoldenSource, IreeJson, Suite};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Folders in each other that are looked through.
const MOST_DEPTH: usize = 16;

/// Goldens and the files they are in.
pub(super) struct GoldenFiles {
    /// The table, or the folder of IREE's files; absolute if it is there.
    pub(super) place: PathBuf,
    /// The twin with their provenance.
    pub(super) provenance: PathBuf,
    content: Content,
}

enum Content {
    Csv { text: Option<String>, file: GoldenFile },
    Iree(IreeGoldens),
}

/// A file that is to change.
pub(super) struct ChangedFile {
    path: PathBuf,
    /// Its text when it was read; none if it is new.
    before: Option<String>,
    edited: Edited,
}

impl GoldenFiles {
    /// Reads the goldens of a suite; nothing if it has none. `planned` are the points that they may belong to.
    pub(super) fn open(
        suite: &Suite,
        suite_folder: &Path,
        planned: &[PlannedPoint],
    ) -> Result<Option<GoldenFiles>, StepError> {
        match suite.goldens.as_ref().map(|goldens| &goldens.source) {
            None => Ok(None),
            Some(GoldenSource::Csv(file)) => open_csv(&suite_folder.join(file)).map(Some),
            Some(GoldenSource::IreeJson(source)) => open_iree(suite, suite_folder, source, planned).map(Some),
        }
    }

    /// Returns the goldens.
    pub(super) fn holder(&self) -> &dyn GoldenHolder {
        match &self.content {
            Content::Csv { file, .. } => file,
            Content::Iree(goldens) => goldens,
        }
    }

    /// Applies changes, without writing them.
    pub(super) fn edit(&self, edits: &Edits) -> Vec<ChangedFile> {
        match &self.content {
            Content::Csv { text, file } => {
                vec![ChangedFile { path: self.place.clone(), before: text.clone(), edited: file.edit(edits) }]
            }
            Content::Iree(goldens) => {
                let changed = |(file, edited): (&IreeFile, Edited)| {
                    let path = self.place.join(&file.name);
                    // What a link points to changes, not the link.
                    let path = fs::canonicalize(&path).unwrap_or(path);
                    ChangedFile { path, before: Some(file.text.clone()), edited }
                };
                goldens.edit(edits).into_iter().map(changed).collect()
            }
        }
    }

    /// Writes changed files. Their twin comes first: a value without its provenance is worse than a line too many.
    ///
    /// # Errors
    /// Also where a file has changed since it was read; then nothing is written.
    pub(super) fn write(&self, changed: &[ChangedFile], changes: &[Provenance]) -> Result<(), StepError> {
        for ChangedFile { path, before, .. } in changed {
            if read_if_there(path)? != *before {
                let message = format!("`{}` has changed since it was read: nothing is written", path.display());
                return Err(StepError::usage(message, Some("run the command again".to_owned())));
            }
        }
        if let Some(folder) = self.provenance.parent() {
            durable::create_folder(folder).map_err(StepError::disk("make", folder))?;
        }
        let mut twin = read_if_there(&self.provenance)?.unwrap_or_default();
        twin.push_str(&provenance_lines(&twin, changes));
        write(&self.provenance, &twin)?;
        changed.iter().try_for_each(|ChangedFile { path, edited, .. }| write(path, &edited.text()))
    }
}

/// Returns changes as a unified diff, with paths from a folder.
pub(super) fn diff(changed: &[ChangedFile], folder: &Path) -> String {
    let one = |ChangedFile { path, edited, .. }: &ChangedFile| {
        let shown = path.strip_prefix(folder).unwrap_or(path);
        edited.diff(&shown.display().to_string())
    };
    changed.iter().map(one).collect()
}

fn open_csv(named: &Path) -> Result<GoldenFiles, StepError> {
    // What a link points to changes, not the link.
    let place = fs::canonicalize(named).unwrap_or_else(|_| named.to_owned());
    let text = read_if_there(&place)?;
    let file = match &text {
        Some(text) => GoldenFile::parse(&place.display().to_string(), text).map_err(StepError::Problems)?,
        // Every gated metric is then a missing golden, which says what to do.
        None => GoldenFile::default(),
    };
    let provenance = place.with_extension("provenance.jsonl");
    Ok(GoldenFiles { place, provenance, content: Content::Csv { text, file } })
}

fn open_iree(
    suite: &Suite,
    suite_folder: &Path,
    source: &IreeJson,
    planned: &[PlannedPoint],
) -> Result<GoldenFiles, StepError> {
    let named = suite_folder.join(&source.folder);
    let place = fs::canonicalize(&named).unwrap_or(named);
    let files = read_folder(&place, source)?;
    let goldens = IreeGoldens::read(suite, source, planned, files).map_err(StepError::Problems)?;
    // Beside the folder: IREE's own runners take every file in it whose name holds `.json`.
    let provenance = match place.file_name().filter(|_| place != suite_folder) {
        Some(name) => place.with_file_name(format!("{}.provenance.jsonl", name.to_string_lossy())),
        None => place.join("goldens.provenance.jsonl"),
    };
    Ok(GoldenFiles { place, provenance, content: Content::Iree(goldens) })
}

/// Reads the files of a folder that may hold goldens.
fn read_folder(folder: &Path, source: &IreeJson) -> Result<Vec<IreeFile>, StepError> {
    let wanted = json_files(folder)?.into_iter().filter(|name| IreeGoldens::wants(source, name));
    wanted.map(|name| read_file(&folder.join(&name), name)).collect()
}

fn read_file(path: &Path, name: String) -> Result<IreeFile, StepError> {
    let text = fs::read_to_string(path).map_err(|source| StepError::Read { path: path.to_owned(), source })?;
    Ok(IreeFile { shown: path.display().to_string(), name, text })
}

/// Tells whether goldens that somebody named are IREE's JSON: a folder, or a file of this ending.
pub(super) fn is_iree(path: &Path) -> bool {
    path.is_dir() || path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
}

/// Reads a golden table that somebody named.
pub(super) fn read_table(path: &Path) -> Result<Table, StepError> {
    let text = fs::read_to_string(path).map_err(|source| StepError::Read { path: path.to_owned(), source })?;
    Table::parse(&path.display().to_string(), &text).map_err(StepError::Problems)
}

/// Reads a folder of IREE's JSON files that somebody named, or one of them, as a table: what stands where is what
/// the suite says of its own goldens.
pub(super) fn read_iree(
    path: &Path,
    suite: &Suite,
    suite_folder: &Path,
    planned: &[PlannedPoint],
) -> Result<Table, StepError> {
    let shown = path.display();
    let Some(GoldenSource::IreeJson(source)) = suite.goldens.as_ref().map(|goldens| &goldens.source) else {
        return Err(StepError::usage(
            format!("the suite does not say what stands in `{shown}`"),
            Some("`goldens: { iree_json: FOLDER, files: [...] }` says it; a golden table is CSV".to_owned()),
        ));
    };
    let files = if path.is_dir() {
        read_folder(path, source)?
    } else {
        let own = fs::canonicalize(suite_folder.join(&source.folder)).unwrap_or_default();
        let found = fs::canonicalize(path).map_err(|source| StepError::Read { path: path.to_owned(), source })?;
        let below = found.strip_prefix(&own).ok().or_else(|| path.file_name().map(Path::new)).unwrap_or(path);
        let name = below.to_string_lossy().into_owned();
        if IreeGoldens::wants(source, &name) { vec![read_file(path, name)?] } else { Vec::new() }
    };
    if files.is_empty() {
        let hint = Some("`files` of `goldens` says how they are called".to_owned());
        return Err(StepError::usage(format!("no goldens of the suite stand in `{shown}`"), hint));
    }
    let goldens = IreeGoldens::read(suite, source, planned, files).map_err(StepError::Problems)?;
    Ok(goldens.table().clone())
}

/// Returns the JSON files below a folder, sorted, relative to it; none if it is not there.
fn json_files(folder: &Path) -> Result<Vec<String>, StepError> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), 0)];
    while let Some((below, depth)) = open.pop() {
        let path = folder.join(&below);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(StepError::disk("read", &path)(error)),
        };
        for entry in entries {
            let entry = entry.map_err(StepError::disk("read", &path))?;
            // A name that is no text stands in no suite.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let kind = entry.file_type().map_err(StepError::disk("read", &entry.path()))?;
            let name = format!("{below}{name}");
            if kind.is_dir() && depth < MOST_DEPTH {
                open.push((format!("{name}/"), depth + 1));
            } else if !kind.is_dir() && name.ends_with(".json") {
                found.push(name);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn write(path: &Path, text: &str) -> Result<(), StepError> {
    durable::write_file(path, text.as_bytes()).map_err(StepError::disk("write", path))
}

fn read_if_there(path: &Path) -> Result<Option<String>, StepError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StepError::Read { path: path.to_owned(), source }),
    }
}
