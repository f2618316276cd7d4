//! The step `history import`: files of whole records -> the history, all of them or none.

use super::{StepError, Workspace};
use crate::outside::clock;
use crate::outside::history::{HistoryError, Imported};
use crate::record::{
    ForeignFormat, ForeignTerms, RECORD_FORMAT, RECORD_VERSION, RunRecord, read_foreign, recognize_foreign,
};
use crate::value::{SuiteName, Timestamp};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Mistakes that are told.
const MOST_MISTAKES: usize = 10;

/// What importing came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportedFiles {
    /// Records in the files.
    pub records: u64,
    /// What became of them; none if nothing was to be stored.
    pub stored: Option<Imported>,
}

/// Imports files of one record a line; `-` is standard input. All are read to their end before the
/// first record is stored; with `dry_run` none is.
///
/// # Errors
/// A usage error with file and line of each mistake, after which nothing is stored.
pub fn import(workspace: &Workspace, files: &[PathBuf], dry_run: bool) -> Result<ImportedFiles, StepError> {
    let mut sources = Vec::new();
    for path in files {
        sources.push(Source::open(path)?);
    }
    let mut mistakes = Vec::new();
    let mut records = 0;
    for source in &mut sources {
        while let Some(line) = source.next().map_err(|error| source.unreadable(error))? {
            match parse(&line) {
                Ok(_) => records += 1,
                Err(what) => mistakes.push(format!("{}: {what}", source.place())),
            }
            if mistakes.len() > MOST_MISTAKES {
                break;
            }
        }
        source.rewind()?;
    }
    if !mistakes.is_empty() {
        let more = mistakes.len() > MOST_MISTAKES;
        mistakes.truncate(MOST_MISTAKES);
        let rest = if more { "\nand more" } else { "" };
        return Err(StepError::usage(
            format!("nothing was imported:\n{}{rest}", mistakes.join("\n")),
            Some("`shmoo history export records --format jsonl` writes what can be imported".to_owned()),
        ));
    }
    if dry_run {
        return Ok(ImportedFiles { records, stored: None });
    }
    let history = workspace.history()?;
    let mut sources = sources.into_iter();
    let mut current = sources.next();
    let stored = history.import(&mut || {
        while let Some(source) = &mut current {
            // The file may have changed since it was looked at.
            let line = source.next().map_err(|error| HistoryError::Import(error.into()))?;
            if let Some(line) = line {
                let wrong = |what| HistoryError::Import(format!("{}: {what}", source.place()).into());
                return parse(&line).map(Some).map_err(|what| wrong(what).into());
            }
            current = sources.next();
        }
        Ok(None)
    });
    let stored = stored.map_err(StepError::History)?;
    Ok(ImportedFiles { records, stored: Some(stored) })
}

/// Reads a record, or says what is wrong with it.
fn parse(line: &[u8]) -> Result<RunRecord, String> {
    let value: serde_json::Value = serde_json::from_slice(line).map_err(|error| format!("this is no JSON: {error}"))?;
    match (value["format"].as_str(), value["version"].as_u64()) {
        (Some(RECORD_FORMAT), Some(version)) if version > u64::from(RECORD_VERSION) => {
            return Err(format!("the record is of version {version}, and this shmoo knows version {RECORD_VERSION}"));
        }
        (Some(RECORD_FORMAT), Some(_)) => {}
        _ => return Err("this is no record of a run".to_owned()),
    }
    serde_json::from_value(value).map_err(|error| format!("the record is broken: {error}"))
}

/// Imports files of another program: each a run, or several.
///
/// # Errors
/// A usage error with file and place of the first mistake of each file, after which nothing is stored.
pub fn import_foreign(
    workspace: &Workspace,
    files: &[PathBuf],
    format: ForeignFormat,
    terms: &ForeignRequest,
    dry_run: bool,
) -> Result<ImportedFiles, StepError> {
    let (mut found, mut mistakes, mut hint) = (Vec::new(), Vec::new(), None);
    for path in files {
        let Source { name, mut file, .. } = Source::open(path)?;
        let unreadable = |source| StepError::Read { path: path.clone(), source };
        let changed = file.get_ref().metadata().and_then(|metadata| metadata.modified()).ok();
        let mut text = String::new();
        io::Read::read_to_string(&mut file, &mut text).map_err(unreadable)?;
        let ForeignRequest { suite, time, commit, branch } = terms.clone();
        let time = time.or_else(|| changed.map(clock::moment)).unwrap_or_else(|| workspace.clock.now());
        let terms = ForeignTerms { suite, time, commit, branch };
        match read_foreign(format, &text, &terms) {
            Ok(records) => found.extend(records),
            Err(error) => {
                mistakes.push(error.of_file(&name));
                let whose = recognize_foreign(&text, &terms).map(ForeignFormat::program);
                hint = hint.or_else(|| whose.map(|whose| format!("{name} looks like a file of `--from {whose}`")));
            }
        }
    }
    if !mistakes.is_empty() {
        return Err(StepError::usage(format!("nothing was imported:\n{}", mistakes.join("\n")), hint));
    }
    let records = found.len() as u64;
    if dry_run {
        return Ok(ImportedFiles { records, stored: None });
    }
    let mut found = found.into_iter();
    let stored = workspace.history()?.import(&mut || Ok(found.next())).map_err(StepError::History)?;
    Ok(ImportedFiles { records, stored: Some(stored) })
}

/// What is said of runs whose files do not say it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForeignRequest {
    /// The suite to file them under.
    pub suite: Option<SuiteName>,
    /// When they were; none: when the file was written.
    pub time: Option<Timestamp>,
    /// The commit.
    pub commit: Option<String>,
    /// The branch.
    pub branch: Option<String>,
}

/// A file that is read twice.
struct Source {
    name: String,
    file: BufReader<File>,
    line: u64,
}

impl Source {
    fn open(path: &Path) -> Result<Source, StepError> {
        let unreadable = |source| StepError::Read { path: path.to_owned(), source };
        let (name, file) = if path == Path::new("-") {
            ("standard input".to_owned(), kept(&mut io::stdin().lock()).map_err(unreadable)?)
        } else {
            let mut file = File::open(path).map_err(unreadable)?;
            // What cannot be read twice is kept.
            let regular = file.metadata().map_err(unreadable)?.is_file();
            let file = if regular { file } else { kept(&mut file).map_err(unreadable)? };
            (path.display().to_string(), file)
        };
        Ok(Source { name, file: BufReader::new(file), line: 0 })
    }

    /// Returns the next line that is not empty.
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let mut line = Vec::new();
            if self.file.read_until(b'\n', &mut line)? == 0 {
                return Ok(None);
            }
            self.line += 1;
            if !line.trim_ascii().is_empty() {
                return Ok(Some(line));
            }
        }
    }

    fn place(&self) -> String {
        format!("{}:{}", self.name, self.line)
    }

    fn rewind(&mut self) -> Result<(), StepError> {
        self.line = 0;
        self.file.seek(SeekFrom::Start(0)).map(|_| ()).map_err(|error| self.unreadable(error))
    }

    fn unreadable(&self, source: io::Error) -> StepError {
        StepError::Read { path: PathBuf::from(&self.name), source }
    }
}

/// Keeps what comes in a file that has no name.
fn kept(from: &mut dyn io::Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(from, &mut file)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}
