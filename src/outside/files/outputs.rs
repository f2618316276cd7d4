//! What a task leaves.

use super::tree::{self, FoundKind};
use super::{FilesError, is_below, read_error};
use crate::ledger::OutputFile;
use crate::value::Digest;
use std::fs::File;
use std::path::Path;

/// Declared outputs, digested.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outputs {
    /// All files, sorted by path; those of a folder with the folder's path before theirs.
    pub files: Vec<OutputFile>,
    /// Declared outputs that are not there.
    pub missing: Vec<String>,
    /// Declared outputs without a byte: empty files, and folders that hold none but empty files.
    pub empty: Vec<String>,
}

/// Digests the declared outputs of a task. A symbolic link that stays in the task's folder counts as
/// what it leads to.
pub fn hash_outputs(folder: &Path, declared: &[String]) -> Result<Outputs, FilesError> {
    let mut outputs = Outputs::default();
    for name in declared {
        let plain = name.trim_end_matches('/');
        if !is_below(plain) {
            return Err(FilesError::Outside { name: name.clone() });
        }
        let Some(real) = tree::resolve_inside(folder, plain)? else {
            outputs.missing.push(name.clone());
            continue;
        };
        let before = outputs.files.len();
        let metadata = std::fs::metadata(&real).map_err(read_error(&real))?;
        if metadata.is_dir() {
            for found in tree::walk(&real)? {
                let path = format!("{plain}/{}", found.path);
                match found.kind {
                    FoundKind::Folder => {}
                    FoundKind::File { .. } => outputs.files.push(hash(&real.join(&found.path), path)?),
                    FoundKind::Link { .. } => {
                        // Files of a linked folder are listed where they are.
                        let end = real.join(&found.path);
                        if end.is_file() {
                            outputs.files.push(hash(&end, path)?);
                        }
                    }
                }
            }
        } else if metadata.is_file() {
            outputs.files.push(hash(&real, plain.to_owned())?);
        } else {
            return Err(FilesError::Special { path: folder.join(plain) });
        }
        if outputs.files[before..].iter().all(|file| file.bytes == 0) {
            outputs.empty.push(name.clone());
        }
    }
    outputs.files.sort_by(|a, b| a.path.cmp(&b.path));
    // One output may lie in another.
    outputs.files.dedup_by(|a, b| a.path == b.path);
    Ok(outputs)
}

fn hash(file: &Path, path: String) -> Result<OutputFile, FilesError> {
    let read = |mut file: File| {
        let executable = tree::is_executable(&file.metadata()?);
        let (sha256, bytes) = Digest::of_reader(&mut file)?;
        Ok(OutputFile { path: path.clone(), sha256, bytes, executable })
    };
    File::open(file).and_then(read).map_err(read_error(file))
}
