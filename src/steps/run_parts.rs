//! What all tasks of a run share, put together: repository files, ledger, cache, how processes start.

use super::run_folder::{RunFolder, read_json, write_json};
use super::running::{RunRequest, setting};
use super::{StepError, Workspace, baseline, caching};
use crate::ledger::{Header, LEDGER_FORMAT, LEDGER_VERSION};
use crate::outside::files::{Content, ContentStore};
use crate::outside::ledger_file::LedgerWriter;
use crate::plan::{Plan, PlanFile};
use crate::run::{Baseline, Children, Context, Materials, ResultCache, Results};
use rustix::event::{EventfdFlags, eventfd};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The parts of a run, each from another place.
pub(super) struct Parts<'a> {
    /// The project that the suite is of: its settings and tools.
    pub(super) own: &'a Workspace,
    /// The project in which the run is carried out: its store and its other runs.
    pub(super) world: &'a Workspace,
    /// The run's folder.
    pub(super) folder: &'a RunFolder,
    /// The plan.
    pub(super) plan: &'a Arc<Plan>,
    /// Its file.
    pub(super) file: &'a PlanFile,
    /// The suite's root, absolute.
    pub(super) root: PathBuf,
    /// How to run.
    pub(super) request: &'a RunRequest,
    /// What is other for a part of a published run.
    pub(super) part: Option<&'a PartWriter>,
}

/// Who writes the ledger of a part of a published run, and what lies in its folder already.
pub(super) struct PartWriter {
    /// The generation of its lease.
    pub(super) generation: u32,
    /// `WAVE-PART`.
    pub(super) name: String,
    /// Unique among all writers of the run.
    pub(super) writer: String,
    /// The number of the shard, 0 for what is none.
    pub(super) shard: u32,
    /// The repository files.
    pub(super) roots: BTreeMap<String, Content>,
    /// What its tasks take of an earlier run, among the files of this one.
    pub(super) baseline: Option<Arc<dyn Baseline>>,
}

impl Parts<'_> {
    /// Puts them together, for a writer of this generation.
    pub(super) fn gather(self, generation: u32, results: Results) -> Result<Context, StepError> {
        let Parts { own, world, folder, plan, file, root, request, part } = self;
        let contents = ContentStore::open(&folder.path.join("files")).map_err(StepError::Files)?;
        let roots = match part {
            Some(part) => part.roots.clone(),
            None => keep_root_files(folder, &contents, &root, file)?,
        };
        let header = Header {
            format: LEDGER_FORMAT.to_owned(),
            version: LEDGER_VERSION,
            plan: file.id,
            run: folder.facts.id.clone(),
            shard: part.map_or(1, |part| part.shard),
            generation,
            writer: part.map_or_else(|| format!("{}-{generation}", std::process::id()), |part| part.writer.clone()),
            time: world.clock.now(),
            shmoo: env!("CARGO_PKG_VERSION").to_owned(),
            machine: folder.facts.machine.clone(),
            tools: if part.is_some() { folder.facts.tools.clone() } else { BTreeMap::new() },
            part: part.map(|part| part.name.clone()),
        };
        let ledger = LedgerWriter::create(&folder.ledger(), &header, world.clock.clone()).map_err(StepError::Ledger)?;
        let cancel = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
            .map_err(|error| StepError::disk("make", &folder.path)(error.into()))?;
        let materials = Materials {
            plan: plan.clone(),
            folder: folder.path.clone(),
            root,
            roots,
            contents,
            baseline: match part {
                Some(part) => part.baseline.clone(),
                None => baseline::open(world, plan)?,
            },
            results,
        };
        let cache: Option<Arc<dyn ResultCache>> = if plan.suite.stages.iter().any(|stage| stage.cache) {
            Some(Arc::new(caching::StoredResults::new(world.store()?)))
        } else {
            None
        };
        Ok(Context {
            materials,
            ledger,
            clock: world.clock.clone(),
            setting: setting(own, request),
            run: folder.facts.id.clone(),
            generation,
            mark: part.map_or_else(String::new, |part| format!("{}-", part.name)),
            cancel,
            cache,
            children: Children::of_whole_process(),
        })
    }
}

/// Copies the repository files of a plan into the run, unless they are there. The plan says which
/// content they must have: an edit between plan and run would make the results of neither.
fn keep_root_files(
    folder: &RunFolder,
    contents: &ContentStore,
    root: &Path,
    plan: &PlanFile,
) -> Result<BTreeMap<String, Content>, StepError> {
    let known = folder.path.join("files").join("contents.json");
    let mut list: BTreeMap<String, Content> = if known.exists() { read_json(&known)? } else { BTreeMap::new() };
    let before = list.clone();
    for (path, digest) in &plan.files {
        let full = root.join(path);
        if let Some(content) = list.get(path).filter(|content| content.sha256 == *digest && contents.holds(content)) {
            // A process of this run may have died before it took note that a task wrote to them.
            contents.restore(content, &full).map_err(StepError::Files)?;
            continue;
        }
        let content = contents.add(&full).map_err(StepError::Files)?;
        if content.sha256 != *digest {
            return Err(StepError::usage(
                format!("`root/{path}` has changed since the plan was made"),
                Some("make the plan again, or start a new run".to_owned()),
            ));
        }
        list.insert(path.clone(), content);
    }
    if list != before || !known.exists() {
        write_json(&known, &list)?;
    }
    list.retain(|path, _| plan.files.contains_key(path));
    Ok(list)
}
