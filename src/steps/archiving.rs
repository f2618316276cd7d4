//! The steps `archive` and `restore`: the folder of a run <-> an archive in the store.

use super::finding::run_in;
use super::record_file::write_record;
use super::run_folder::RunFolder;
use super::stored_object::StoredObject;
use super::{StepError, Workspace};
use crate::archive::{Archive, EntryKind, EntryPath, Item, ItemKind, Level, Limits, PackOptions, Packed, Tally, pack};
use crate::outside::durable::DRAFT_PREFIX;
use crate::outside::folder::{self, Folder, LeftOut};
use crate::outside::lock::LOCK_FILE;
use crate::outside::store::{ObjectKey, Store};
use crate::plan::Plan;
use crate::record::{Artifact, ArtifactKind, RunRecord};
use crate::value::{RunId, SuiteName, TaskKey, did_you_mean};
use globset::{Glob, GlobSet, GlobSetBuilder};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::Path;

/// The archive while it is written, in the run's folder.
const PART: &str = "archive.tar.gz.part";

/// An archive that was made.
#[derive(Debug)]
pub struct Archived {
    /// Where it is in the store.
    pub key: ObjectKey,
    /// Its size and contents.
    pub packed: Packed,
    /// What could not be packed: links that leave, pipes, sockets.
    pub left_out: Vec<LeftOut>,
    /// How many files `exclude` left out.
    pub excluded: usize,
}

/// Returns the key of a run's archive.
pub fn archive_key(suite: &SuiteName, run: &RunId) -> ObjectKey {
    format!("runs/{suite}/{run}.tar.gz").parse().expect("names of suites and runs are safe in keys")
}

/// Packs the folder of a run into the store: plan, facts, ledger, record, repository files, and all
/// that tasks left, failed ones included. `progress` is told how many bytes of how many are packed.
pub fn archive(
    workspace: &Workspace,
    folder: &RunFolder,
    plan: &Plan,
    record: &mut RunRecord,
    progress: &dyn Fn(u64, u64),
) -> Result<Archived, StepError> {
    let key = archive_key(&record.run.suite, &record.run.id);
    let before = record.run.archive.replace(key.to_string());
    let stored = folder.path.join("record.json");
    // An archive does not hold its own digest, nor that of the one before it.
    record.run.artifacts.retain(|artifact| artifact.kind != ArtifactKind::Archive);
    write_record(&stored, record)?;
    let provenance = serde_json::json!({
        "run": record.run.id,
        "suite": record.run.suite,
        "suite_digest": record.run.suite_digest,
        "plan": record.run.plan,
        "source": record.run.source,
        "tools": record.run.tools,
        "machine": record.run.machine,
        "fingerprint": record.run.fingerprint,
        "shmoo": record.run.shmoo,
        "command": format!("shmoo sweep {} {}", record.run.suite_file, plan.selection.arguments().join(" ")).trim_end(),
    });
    let archived = pack_and_store(workspace, folder, plan, key, provenance, &|_| true, progress);
    if archived.is_err() {
        record.run.archive = before;
        // The record must not name an archive that is not there. It can be made again from the ledger,
        // so that none is better than a wrong one where the disk has no room for the right one.
        if write_record(&stored, record).is_err() {
            let _ = fs::remove_file(&stored);
        }
    }
    let archived = archived?;
    record.run.set_artifact(Artifact {
        kind: ArtifactKind::Archive,
        place: archived.key.to_string(),
        bytes: Some(archived.packed.bytes),
        sha256: Some(archived.packed.sha256),
    });
    write_record(&stored, record)?;
    Ok(archived)
}

fn excluded_by(plan: &Plan) -> Result<GlobSet, StepError> {
    let mut globs = GlobSetBuilder::new();
    for pattern in &plan.suite.archive_exclude {
        let glob = Glob::new(pattern)
            .map_err(|error| StepError::usage(format!("`archive.exclude: {pattern}` is no glob: {error}"), None))?;
        globs.add(glob);
    }
    globs.build().map_err(|error| StepError::usage(format!("`archive.exclude`: {error}"), None))
}

/// Packs what is wanted of a folder of a run into the store; the paths are those in the folder.
pub(super) fn pack_and_store(
    workspace: &Workspace,
    folder: &RunFolder,
    plan: &Plan,
    key: ObjectKey,
    provenance: serde_json::Value,
    wanted: &dyn Fn(&str) -> bool,
    progress: &dyn Fn(u64, u64),
) -> Result<Archived, StepError> {
    let globs = excluded_by(plan)?;
    let target = folder.path.join(PART);
    // A killed process may have left a part.
    match fs::remove_file(&target) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(StepError::disk("remove", &target)(error));
        }
        _ => {}
    }
    let source = Folder::open(&folder.path).map_err(StepError::Folder)?;
    let excluded = std::cell::Cell::new(0);
    let walked = source
        .walk(&|path| {
            let text = String::from_utf8_lossy(path.as_bytes()).into_owned();
            let name = String::from_utf8_lossy(path.name()).into_owned();
            if is_ours(&text, &name) || !wanted(&text) {
                return true;
            }
            let hit = text.starts_with("work/") && (globs.is_match(&text) || globs.is_match(&name));
            excluded.set(excluded.get() + usize::from(hit));
            hit
        })
        .map_err(StepError::Folder)?;
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let sizes = walked.entries.iter().map(|entry| match entry.kind {
        EntryKind::File { size, .. } => size,
        _ => 0,
    });
    let total = sizes.sum();
    let packing = |done| progress(done, total);
    let mut options = PackOptions { progress: &packing, ..PackOptions::new(threads, provenance) };
    if let Some(level) = u8::try_from(workspace.project.archive_level).ok().and_then(Level::new) {
        options.level = level;
    }
    let packed = {
        let mut file = fs::File::create(&target).map_err(StepError::disk("write", &target))?;
        let packed = pack(walked.entries, &source, &mut file, &options);
        match packed {
            Ok(packed) => packed,
            Err(error) => {
                let _ = fs::remove_file(&target);
                return Err(StepError::Archive(error));
            }
        }
    };
    let store = workspace.store()?;
    let info = store.put_file(&key, &target).map_err(StepError::Store);
    let _ = fs::remove_file(&target);
    let info = info?;
    if info.bytes != packed.bytes || info.crc32c.is_some_and(|crc32c| crc32c != packed.crc32c) {
        return Err(StepError::usage(format!("the store holds another `{key}` than was sent"), None));
    }
    Ok(Archived { key, packed, left_out: walked.left_out, excluded: excluded.get() })
}

/// Tells whether a file of a run's folder is no part of what was planned and measured: the lock, reports,
/// and what a killed process had begun to write.
fn is_ours(path: &str, name: &str) -> bool {
    let is_draft = name.starts_with(DRAFT_PREFIX) && !path.starts_with("work/");
    path == LOCK_FILE || path == PART || path.starts_with("report.") || is_draft
}

/// What to take out of an archive.
#[derive(Debug, Clone, Default)]
pub struct RestoreRequest {
    /// Only what belongs to these tasks; empty = all.
    pub tasks: Vec<TaskKey>,
    /// Only this file, by its path in the archive.
    pub file: Option<String>,
}

/// Finds the archive of a run: by name, a unique part of it, or `last`. A run on many machines that was not
/// gathered has only archives of its parts; then it is the key that the archive will have.
pub fn find_archive(store: &dyn Store, wanted: &str) -> Result<ObjectKey, StepError> {
    let listed = store.list("runs/").map_err(StepError::Store)?;
    let of_run = |key: &ObjectKey| match key.parts().collect::<Vec<_>>()[..] {
        ["runs", _, file] => Some((file.strip_suffix(".tar.gz")?.to_owned(), key.clone())),
        // Deeper down are the things of published runs.
        ["runs", suite, run, "archives", _] => {
            Some((run.to_owned(), archive_key(&SuiteName::new(suite), &RunId::new(run))))
        }
        _ => None,
    };
    let mut archives: Vec<(String, ObjectKey)> = listed.iter().filter_map(|listed| of_run(&listed.key)).collect();
    archives.sort();
    archives.dedup();
    let hint = Some("`shmoo history list` shows what there is".to_owned());
    if wanted == "last" {
        let is_there = |key: &ObjectKey| listed.iter().any(|listed| listed.key == *key);
        let last = archives.into_iter().rev().map(|(_, key)| key).find(is_there);
        return last.ok_or_else(|| StepError::usage("there is no archive in the store yet", hint));
    }
    let exact = archives.iter().find(|(name, _)| name == wanted);
    let matching: Vec<_> = archives.iter().filter(|(name, _)| name.contains(wanted)).collect();
    match (exact, matching.as_slice()) {
        (Some((_, key)), _) | (None, [(_, key)]) => Ok(key.clone()),
        (None, []) => Err(StepError::usage(format!("the store has no archive of a run `{wanted}`"), hint)),
        (None, several) => {
            let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
            Err(StepError::usage(format!("`{wanted}` is not one run: {}", names.join(", ")), hint))
        }
    }
}

/// Opens the archive of a run and asks it something.
fn with_archive<T>(
    store: &dyn Store,
    key: &ObjectKey,
    ask: impl FnOnce(&Archive<'_>) -> Result<T, StepError>,
) -> Result<T, StepError> {
    let info = store.head(key).map_err(StepError::Store)?;
    let Some(info) = info else { return Err(not_there(store, key, &parts_of(store, key)?)) };
    let object = StoredObject::new(store, key, info.bytes);
    let archive = Archive::open(&object, Limits::default()).map_err(StepError::Archive)?;
    ask(&archive)
}

/// Returns the archives of the parts of a run, if many machines ran it.
fn parts_of(store: &dyn Store, key: &ObjectKey) -> Result<Vec<(ObjectKey, u64)>, StepError> {
    let Some(run) = key.as_str().strip_suffix(".tar.gz") else { return Ok(Vec::new()) };
    let parts = store.list(&format!("{run}/archives/")).map_err(StepError::Store)?;
    Ok(parts.into_iter().map(|part| (part.key, part.bytes)).collect())
}

/// The error for a run whose archive is not in the store.
fn not_there(store: &dyn Store, key: &ObjectKey, parts: &[(ObjectKey, u64)]) -> StepError {
    let run = run_in(key);
    match parts.len() {
        0 => StepError::usage(format!("{} has no `{key}`", store.location()), None),
        count => StepError::usage(
            format!("run {run} was not gathered yet: the store has archives of {count} of its parts"),
            Some(format!("`shmoo collect {run}` gathers it; `--list`, `--verify` and `--file` look into its parts")),
        ),
    }
}

/// Whether a question needs the archive of the run itself, which has plan, record and ledger of the whole.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whole {
    Needed,
    IfThere,
}

/// Opens the archive of a run and those of its parts, if many machines ran it, and asks them something. The
/// first is that of the run, if it is needed or there.
fn with_archives<T>(
    store: &dyn Store,
    key: &ObjectKey,
    whole: Whole,
    ask: impl FnOnce(&[Archive<'_>]) -> Result<T, StepError>,
) -> Result<T, StepError> {
    let parts = parts_of(store, key)?;
    let found = store.head(key).map_err(StepError::Store)?;
    if found.is_none() && (whole == Whole::Needed || parts.is_empty()) {
        return Err(not_there(store, key, &parts));
    }
    let keys: Vec<_> = found.map(|info| (key.clone(), info.bytes)).into_iter().chain(parts).collect();
    let objects: Vec<_> = keys.iter().map(|(key, bytes)| StoredObject::new(store, key, *bytes)).collect();
    let opened = objects.iter().map(|object| Archive::open(object, Limits::default()).map_err(StepError::Archive));
    ask(&opened.collect::<Result<Vec<_>, _>>()?)
}

/// Takes a run, or a part of it, out of the store into a new folder. A single file goes to the path. Of a run on
/// many machines, the folders of tasks come from the archives of its parts.
pub fn restore(
    store: &dyn Store,
    key: &ObjectKey,
    target: &Path,
    request: &RestoreRequest,
) -> Result<Tally, StepError> {
    if let Some(file) = &request.file {
        return with_archives(store, key, Whole::IfThere, |archives| restore_file(archives, file, target));
    }
    with_archives(store, key, Whole::Needed, |archives| {
        let whole = &archives[0];
        let folders = match request.tasks.as_slice() {
            [] => None,
            tasks => Some(task_folders(whole, tasks)?),
        };
        if archives.len() == 1 && folders.is_none() {
            return folder::unpack(whole, target).map_err(StepError::Folder);
        }
        let mut keep = |archive: usize, item: &Item| {
            let path = String::from_utf8_lossy(item.path.as_bytes()).into_owned();
            let of_task = path.starts_with("work/");
            let wanted = |folder: &String| path == *folder || path.starts_with(&format!("{folder}/"));
            // Plan, record and ledger are those of the whole run.
            (of_task || archive == 0) && (!of_task || folders.as_ref().is_none_or(|all| all.iter().any(wanted)))
        };
        folder::unpack_together(archives, target, &mut keep).map_err(StepError::Folder)
    })
}

/// Takes a file out of the first archive that has it.
fn restore_file(archives: &[Archive<'_>], file: &str, target: &Path) -> Result<Tally, StepError> {
    let path = EntryPath::new(file.as_bytes())
        .map_err(|error| StepError::usage(format!("`{file}` is not a path in an archive: {error}"), None))?;
    let (first, parts) = archives.split_first().expect("there is one at least");
    let has = |archive: &&Archive<'_>| {
        let manifest = archive.manifest();
        manifest.is_some_and(|manifest| manifest.items().any(|item| item.path == path))
    };
    // Where none has it, the error names what is like it in the first, which is that of the run.
    let found = parts.iter().find(has).filter(|_| !has(&first)).unwrap_or(first);
    let item = folder::restore_file_to(found, &path, target).map_err(StepError::Folder)?;
    Ok(tally_of(&item))
}

/// Returns one file of an archive, which is read into memory.
pub fn read_archived(store: &dyn Store, key: &ObjectKey, file: &str) -> Result<Vec<u8>, StepError> {
    let path = EntryPath::new(file.as_bytes())
        .map_err(|error| StepError::usage(format!("`{file}` is not a path in an archive: {error}"), None))?;
    with_archive(store, key, |archive| {
        let mut bytes = Vec::new();
        archive.restore_file(&path, &mut bytes).map_err(StepError::Archive)?;
        Ok(bytes)
    })
}

/// Returns what the archives of a run hold, each path once: that of the run, then those of its parts.
pub fn list(store: &dyn Store, key: &ObjectKey) -> Result<Vec<Item>, StepError> {
    with_archives(store, key, Whole::IfThere, |archives| {
        let mut listed: BTreeSet<EntryPath> = BTreeSet::new();
        let mut items = Vec::new();
        for archive in archives {
            let new = archive.list().map_err(StepError::Archive)?.into_iter();
            items.extend(new.filter(|item| archives.len() == 1 || listed.insert(item.path.clone())));
        }
        Ok(items)
    })
}

/// Reads the archives of a run from end to end and checks every digest in them. Returns what they hold, and how
/// many they are.
pub fn verify(store: &dyn Store, key: &ObjectKey) -> Result<(Tally, usize), StepError> {
    with_archives(store, key, Whole::IfThere, |archives| {
        let mut sum = Tally::default();
        for archive in archives {
            let Tally { entries, files, bytes } = archive.verify().map_err(StepError::Archive)?;
            sum.entries += entries;
            sum.files += files;
            sum.bytes += bytes;
        }
        Ok((sum, archives.len()))
    })
}

/// Returns the keys of the tasks of a case, by the plan in the archive.
pub fn tasks_of_case(plan: &Plan, case: &str) -> Result<Vec<TaskKey>, StepError> {
    let index = find_case(plan, case)?;
    let stages = 0..plan.suite.stages.len();
    let tasks = stages.filter_map(|stage| Some((stage, plan.stage_tasks(stage).point(index)?)));
    Ok(tasks.flat_map(|(stage, point)| plan.stage_tasks(stage).tasks(point)).map(|task| plan.key(task)).collect())
}

/// Finds a planned case by its name.
pub fn find_case(plan: &Plan, name: &str) -> Result<usize, StepError> {
    let found = (0..plan.cases.len()).find(|&case| plan.case_name(case).as_str() == name);
    found.ok_or_else(|| {
        // Enough to find a slip of the keyboard; more would take long and tell no more.
        let names: Vec<String> =
            (0..plan.cases.len().min(20_000)).map(|case| plan.case_name(case).to_string()).collect();
        StepError::usage(format!("the run has no case `{name}`"), did_you_mean(name, names.iter().map(String::as_str)))
    })
}

fn tally_of(item: &Item) -> Tally {
    let bytes = match &item.kind {
        ItemKind::File { size, .. } => *size,
        ItemKind::Directory | ItemKind::Symlink { .. } | ItemKind::HardLink { .. } => 0,
    };
    Tally { entries: 1, files: 1, bytes }
}

/// Returns the folders of tasks, by the record in the archive.
fn task_folders(archive: &Archive<'_>, tasks: &[TaskKey]) -> Result<BTreeSet<String>, StepError> {
    let mut bytes = Vec::new();
    let path = EntryPath::new(b"record.json").expect("a plain name is a path");
    archive.restore_file(&path, &mut bytes).map_err(StepError::Archive)?;
    let record: RunRecord =
        serde_json::from_slice(&bytes).map_err(|source| StepError::Damaged { path: "record.json".into(), source })?;
    let wanted: BTreeSet<&TaskKey> = tasks.iter().collect();
    let folders =
        record.tasks.iter().filter(|task| wanted.contains(&task.task)).filter_map(|task| task.folder.as_ref());
    // The attempts of a task lie in one folder, its logs beside them.
    Ok(folders.filter_map(|folder| folder.rsplit_once('/').map(|(parent, _)| parent.to_owned())).collect())
}
