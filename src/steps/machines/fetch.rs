//! What a machine needs of a published run before its first task: facts, plan, repository files.

use super::patience::Patience;
use super::place::Place;
use super::share::{REQUESTS, each};
use crate::outside::files::Content;
use crate::outside::store::{ObjectKey, Store, StoreError};
use crate::plan::{PlanFile, read_plan_file};
use crate::run::{Baseline, EarlierOutput};
use crate::steps::StepError;
use crate::steps::baseline::Taken;
use crate::steps::run_folder::StoredFacts;
use crate::value::{Digest, TaskKey};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The `format` of `contents.json`.
pub(super) const CONTENTS_FORMAT: &str = "shmoo-contents";

/// The repository files of a run, as stored in `contents.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredContents {
    /// `shmoo-contents`.
    pub(super) format: String,
    /// Version of the format, 1.
    pub(super) version: u32,
    /// What each path below the suite's root is.
    pub(super) files: BTreeMap<String, Content>,
    /// The objects below `files/` that they are made of: `HH/DIGEST`, with `.x` if it can be executed,
    /// with `.tree` for the list of a folder.
    pub(super) objects: Vec<String>,
    /// What its tasks take of an earlier run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) baseline: Vec<StoredOutput>,
}

/// An output of an earlier run that tasks take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredOutput {
    /// The task that left it.
    pub(super) task: TaskKey,
    /// Its path in that task's folder.
    pub(super) path: String,
    /// What it is.
    pub(super) content: Content,
    /// The objects below `files/` that it is made of.
    pub(super) objects: Vec<String>,
}

/// The files of a run that a part needs, in the content store of its folder.
pub(super) struct Contents {
    /// Repository files.
    pub(super) roots: BTreeMap<String, Content>,
    /// Outputs of an earlier run.
    pub(super) baseline: KeptOutputs,
}

/// Outputs of an earlier run that lie among the files of this one.
pub(super) struct KeptOutputs(BTreeMap<(TaskKey, String), Content>);

impl Baseline for KeptOutputs {
    fn output(&self, task: &TaskKey, path: &str) -> Result<Option<EarlierOutput>, String> {
        let kept = self.0.get(&(task.clone(), path.to_owned()));
        Ok(kept.copied().map(EarlierOutput::Kept))
    }
}

fn json<T: for<'de> Deserialize<'de>>(key: &ObjectKey, bytes: &[u8]) -> Result<T, StepError> {
    let damaged = |source| StepError::Damaged { path: PathBuf::from(key.as_str()), source };
    serde_json::from_slice(bytes).map_err(damaged)
}

/// Returns what is known of a run.
pub(super) fn facts(store: &dyn Store, place: &Place, patience: Patience) -> Result<StoredFacts, StepError> {
    let key = place.facts();
    match patience.ask(|| store.get(&key)) {
        Ok(bytes) => json(&key, &bytes),
        Err(StoreError::Absent { .. }) => Err(StepError::usage(
            format!("{} has no published run {}", store.location(), place.run),
            Some(
                "`shmoo plan SUITE --shards N --publish` makes one; is this the store that it was put into?".to_owned(),
            ),
        )),
        Err(error) => Err(StepError::Store(error)),
    }
}

/// Returns the number of waves of a run.
pub(super) fn waves(store: &dyn Store, place: &Place, patience: Patience) -> Result<u32, StepError> {
    let listed = patience.ask(|| store.list(&place.waves_prefix())).map_err(StepError::Store)?;
    let number = |key: &ObjectKey| key.parts().nth_back(1)?.parse::<u32>().ok();
    let plans = listed.iter().filter(|object| object.key.as_str().ends_with("/plan.json"));
    Ok(plans.filter_map(|object| number(&object.key)).max().unwrap_or(0))
}

/// Returns the plan of a wave, which this version of shmoo must have made.
pub(super) fn plan(store: &dyn Store, place: &Place, wave: u32, patience: Patience) -> Result<PlanFile, StepError> {
    let bytes = match patience.ask(|| store.get(&place.plan(wave))) {
        Ok(bytes) => bytes,
        Err(StoreError::Absent { .. }) => {
            return Err(StepError::usage(
                format!("run {} has no wave {wave}", place.run),
                Some("`shmoo plan --missing RUN --publish` makes the next one".to_owned()),
            ));
        }
        Err(error) => return Err(StepError::Store(error)),
    };
    let file = read_plan_file(&bytes).map_err(StepError::PlanFile)?;
    file.check_version().map_err(StepError::PlanFile)?;
    Ok(file)
}

/// Returns the plans of all waves up to one, each the parent of the next.
pub(super) fn plans(
    store: &dyn Store,
    place: &Place,
    waves: u32,
    patience: Patience,
) -> Result<Vec<PlanFile>, StepError> {
    let numbers: Vec<u32> = (1..=waves).collect();
    let plans = each(&numbers, REQUESTS, |&wave| plan(store, place, wave, patience))?;
    for (wave, pair) in (2..).zip(plans.windows(2)) {
        if pair[1].parent != Some(pair[0].id) || pair[1].task_digest != pair[0].task_digest {
            return Err(StepError::usage(
                format!("wave {wave} of run {} does not follow from the wave before", place.run),
                Some("its plan was changed in the store: plan the run again".to_owned()),
            ));
        }
    }
    Ok(plans)
}

/// Returns the expected seconds of all tasks; one second each if nothing was known.
pub(super) fn expected(store: &dyn Store, place: &Place, wave: u32, tasks: usize) -> Vec<f32> {
    // Nothing depends on it but the order of tasks.
    let bytes = store.get(&place.expected(wave)).unwrap_or_default();
    let seconds: Vec<f32> =
        bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect();
    if seconds.len() == tasks { seconds } else { vec![1.0; tasks] }
}

/// Takes the repository files of a run out of the store, and what is taken of an earlier run, into the content
/// store of a run's folder.
pub(super) fn contents(
    store: &dyn Store,
    place: &Place,
    files: &Path,
    taken: &Taken,
    patience: Patience,
) -> Result<Contents, StepError> {
    let key = place.contents();
    let stored: StoredContents = json(&key, &patience.ask(|| store.get(&key)).map_err(StepError::Store)?)?;
    let StoredContents { objects, files: roots, baseline, .. } = stored;
    let mut objects: BTreeSet<String> = objects.into_iter().collect();
    let mut kept = BTreeMap::new();
    for StoredOutput { task, path, content, objects: own } in baseline {
        let name = (task, path);
        if taken.contains(&name) {
            objects.extend(own);
            kept.insert(name, content);
        }
    }
    let objects: Vec<String> = objects.into_iter().collect();
    each(&objects, REQUESTS, |name| take(store, place, files, name, patience))?;
    Ok(Contents { roots, baseline: KeptOutputs(kept) })
}

fn take(store: &dyn Store, place: &Place, files: &Path, name: &str, patience: Patience) -> Result<(), StepError> {
    let wrong = |what: &str| {
        StepError::usage(
            format!("`{name}` among the files of run {} {what}", place.run),
            Some("plan the run again: the store holds something else than was put there".to_owned()),
        )
    };
    let is_safe =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    let digest = match name.split('/').collect::<Vec<_>>().as_slice() {
        [folder, file] if is_safe(folder) && is_safe(file) && !folder.contains('.') => {
            file.split('.').next().and_then(|text| text.parse::<Digest>().ok())
        }
        _ => None,
    };
    let digest = digest.ok_or_else(|| wrong("is no object of a content store"))?;
    let target = files.join(name);
    let parent = target.parent().unwrap_or(files);
    fs::create_dir_all(parent).map_err(StepError::disk("make", parent))?;
    patience.ask(|| store.get_to_file(&place.content(name), &target)).map_err(StepError::Store)?;
    // The list of a folder is checked against its name when it is used.
    if !name.ends_with(".tree") {
        let found = File::open(&target).and_then(|mut file| Digest::of_reader(&mut file));
        let (found, _) = found.map_err(StepError::disk("read", &target))?;
        if found != digest {
            return Err(wrong("is damaged"));
        }
    }
    let mode = if name.ends_with(".x") { 0o555 } else { 0o444 };
    fs::set_permissions(&target, fs::Permissions::from_mode(mode)).map_err(StepError::disk("write", &target))
}
