//! The step `collect`: the ledgers of all parts of a published run -> the folder of a run like any other.

use super::fetch;
use super::lease::{self, Lease};
use super::ledgers::{self, StoredLedger};
use super::part::{PartRequest, of_plans, run_part};
use super::patience::Patience;
use super::place::{PartName, Place, WriterName};
use super::share::{REQUESTS, each};
use crate::ledger::{Event, Folded, Verdict, fold, last_time};
use crate::outside::lock::RunLock;
use crate::outside::machine;
use crate::outside::store::Store;
use crate::plan::{Plan, PlanFile, TaskId, Wave, blocked};
use crate::report::{Machines, PartState, UnfinishedPart};
use crate::steps::archiving::read_archived;
use crate::steps::run_folder::{RunFolder, StoredFacts, rebuild, write_json};
use crate::steps::running::{Observer, RunRequest};
use crate::steps::{StepError, Workspace};
use crate::value::{Digest, RunId, TaskKey, Timestamp, in_parts};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::panic::resume_unwind;
use std::thread;

/// Failed tasks whose logs are brought.
const MOST_LOGS: usize = 40;

/// What to gather, and how.
pub struct CollectRequest<'a> {
    /// The run.
    pub run: RunId,
    /// Gather what there is although tasks are missing.
    pub partial: bool,
    /// How tasks that follow the shards are run.
    pub how: &'a RunRequest,
}

/// A run that was gathered.
pub struct Collected {
    /// Its folder, with the ledgers of all parts.
    pub folder: RunFolder,
    /// The plan of its first wave.
    pub plan: Plan,
    /// The ledgers, folded.
    pub folded: Folded,
    /// The time of the last event.
    pub last: Option<Timestamp>,
    /// What became of its parts.
    pub machines: Machines,
    /// Stages with `cache: true` of which a task left different files each time.
    pub impure: Vec<TaskKey>,
    /// What its folder is still to get.
    pub unkept: UnkeptLedgers,
}

/// The ledgers of all parts on their way into the folder of the run, which nobody else changes meanwhile.
pub struct UnkeptLedgers {
    folder: RunFolder,
    ledgers: Vec<(WriterName, Vec<u8>)>,
    _lock: RunLock,
}

impl UnkeptLedgers {
    /// Writes them, and last the file by which the folder is known as that of a run.
    pub fn keep(self) -> Result<(), StepError> {
        let folder = self.folder.ledger();
        for (name, bytes) in self.ledgers {
            let target = folder.join(format!("{name}.jsonl"));
            let draft = folder.join(format!(".draft-{name}"));
            // It is in the store, so that it need not be brought to the disk at once.
            let written = fs::write(&draft, &bytes).and_then(|()| fs::rename(&draft, &target));
            written.map_err(StepError::disk("write", &target))?;
        }
        write_json(&self.folder.path.join("run.json"), &self.folder.facts)
    }
}

/// Gathers a run; what follows the shards and has not run is run here. The folder of the run is one only when
/// [`UnkeptLedgers::keep`] has been called.
pub fn collect(
    workspace: &Workspace,
    request: &CollectRequest<'_>,
    observer: &mut dyn Observer,
    tell: &mut dyn FnMut(&str),
) -> Result<Collected, StepError> {
    let patience = Patience::LONG;
    let store = workspace.store()?;
    let place = Place::of_run(&request.run)?;
    let facts = fetch::facts(&*store, &place, patience)?;
    let waves = fetch::waves(&*store, &place, patience)?.max(1);
    let plans = fetch::plans(&*store, &place, waves, patience)?;
    let mut gathered = Gathered::fetch(&*store, &place, &plans, patience)?;
    let last = PartName { wave: waves, part: Wave::Finish };
    if gathered.can_finish(&plans, request.partial)? {
        let part = PartRequest {
            run: request.run.clone(),
            part: last,
            of: None,
            every: 10,
            take_over: false,
            archive: true,
            partial: request.partial,
            how: request.how,
        };
        run_part(workspace, &part, observer, tell)?;
        gathered = Gathered::fetch(&*store, &place, &plans, patience)?;
    }
    let machines = gathered.machines(&*store, &place, &plans, workspace, patience)?;
    let impure = gathered.impure();
    let (folder, lock) = start_folder(workspace, facts, &plans[0], &gathered)?;
    bring_logs(&*store, &place, &folder, &gathered);
    let last = last_time(gathered.ledgers.iter().map(|ledger| &ledger.file));
    let Gathered { plan, folded, ledgers, .. } = gathered;
    let (ledgers, mut files): (Vec<_>, Vec<_>) =
        ledgers.into_iter().map(|StoredLedger { name, bytes, file }| ((name, bytes), file)).unzip();
    // What a task left belongs to the folded ledgers alone from here on, so that none of it has to be copied.
    let half = files.split_off(files.len() / 2);
    thread::scope(|scope| {
        scope.spawn(|| drop(half));
        drop(files);
    });
    let unkept = UnkeptLedgers { folder: folder.clone(), ledgers, _lock: lock };
    Ok(Collected { folder, plan, folded, last, machines, impure, unkept })
}

/// The events of a run, from the store.
struct Gathered {
    plan: Plan,
    /// By task, in plan order.
    keys: Vec<TaskKey>,
    ledgers: Vec<StoredLedger>,
    folded: Folded,
    foreign: u64,
}

impl Gathered {
    fn fetch(store: &dyn Store, place: &Place, plans: &[PlanFile], patience: Patience) -> Result<Gathered, StepError> {
        let (rebuilt, all) = thread::scope(|scope| {
            let rebuilt = scope.spawn(|| rebuild(&plans[0]));
            let all = ledgers::fetch(store, place, None, patience);
            (rebuilt.join().unwrap_or_else(|panic| resume_unwind(panic)), all)
        });
        let ((plan, _), all) = (rebuilt?, all?);
        let keys = in_parts(plan.tasks().collect(), |(): &mut (), task| plan.key(task));
        let found = all.len();
        let ledgers = of_plans(all, plans);
        let foreign = (found - ledgers.len()) as u64;
        let folded = fold(ledgers.iter().map(|ledger| &ledger.file));
        Ok(Gathered { plan, keys, ledgers, folded, foreign })
    }

    fn is_final(&self, task: TaskId) -> bool {
        self.folded.tasks.get(&self.keys[task.index()]).is_some_and(|history| history.finished.is_some())
    }

    /// Tells whether something follows the shards of the last wave that has not run and can.
    fn can_finish(&self, plans: &[PlanFile], partial: bool) -> Result<bool, StepError> {
        let further;
        let plan = match plans {
            [_] => &self.plan,
            _ => {
                further = rebuild(&plans[plans.len() - 1])?.0;
                &further
            }
        };
        let Some(shards) = &plan.shards else { return Ok(false) };
        let open: Vec<TaskId> = shards.tasks(Wave::Finish).into_iter().filter(|&task| !self.is_final(task)).collect();
        if open.is_empty() {
            return Ok(false);
        }
        let blocked = blocked(plan, Wave::Finish, &|task| self.is_final(task), partial);
        Ok(open.iter().any(|task| !blocked.contains(task)))
    }

    /// Says what became of the parts.
    fn machines(
        &self,
        store: &dyn Store,
        place: &Place,
        plans: &[PlanFile],
        workspace: &Workspace,
        patience: Patience,
    ) -> Result<Machines, StepError> {
        let finals = in_parts(self.plan.tasks().collect(), |(): &mut (), task| self.is_final(task));
        let histories = self.folded.tasks.values();
        let mut machines = Machines {
            waves: plans.len() as u32,
            planned: self.plan.task_count() as u64,
            reported: finals.iter().filter(|is_final| **is_final).count() as u64,
            superseded: histories.clone().map(|history| u64::from(history.superseded)).sum(),
            differing: histories.filter(|history| history.differing).count() as u64,
            foreign: self.foreign,
            unfinished: Vec::new(),
        };
        if machines.reported == machines.planned {
            return Ok(machines);
        }
        let mut leases: HashMap<PartName, Lease> = HashMap::new();
        for (part, lease) in lease::all(store, place, None, patience)? {
            let newest = leases.entry(part).or_insert_with(|| lease.clone());
            if lease.generation > newest.generation {
                *newest = lease;
            }
        }
        // What a later wave has taken over is missing there.
        let mut told: BTreeSet<TaskId> = BTreeSet::new();
        for (index, file) in plans.iter().enumerate().rev() {
            let wave = index as u32 + 1;
            let (plan, _) = rebuild(file)?;
            let Some(shards) = &plan.shards else { continue };
            let numbers = (1..=shards.count).map(Wave::Shard);
            let mut found = Vec::new();
            for part in std::iter::once(Wave::Prepare).chain(numbers).chain([Wave::Finish]) {
                let tasks = shards.tasks(part).into_iter().filter(|task| !finals[task.index()]);
                let missing: Vec<TaskId> = tasks.filter(|task| !told.contains(task)).collect();
                if missing.is_empty() {
                    continue;
                }
                let name = PartName { wave, part };
                found.push(self.unfinished(name, &missing, leases.get(&name), workspace));
                if plans.len() > 1 {
                    told.extend(missing);
                }
            }
            machines.unfinished.splice(0..0, found);
        }
        Ok(machines)
    }

    fn unfinished(
        &self,
        part: PartName,
        missing: &[TaskId],
        lease: Option<&Lease>,
        workspace: &Workspace,
    ) -> UnfinishedPart {
        let started = missing.iter().filter(|task| self.folded.tasks.contains_key(&self.keys[task.index()])).count();
        let state = match lease {
            None => PartState::Unstarted,
            Some(lease) if lease.ended.is_some() => PartState::Stopped,
            Some(lease) if lease.seems_alive(workspace.clock.now()) => PartState::Running,
            Some(_) => PartState::Lost,
        };
        UnfinishedPart {
            part: part.to_string(),
            state,
            missing: missing.len() as u64,
            started: started as u64,
            host: lease.map(|lease| lease.host.clone()),
            ended: lease.and_then(|lease| lease.ended.clone()),
        }
    }

    /// Returns tasks of `cache: true` stages that ran twice and left different files.
    fn impure(&self) -> Vec<TaskKey> {
        let is_cached = |key: &TaskKey| {
            self.plan.suite.stage(key.stage.as_str()).is_some_and(|stage| self.plan.suite.stages[stage].cache)
        };
        let differing = self.folded.tasks.iter().filter(|(key, history)| history.differing && is_cached(key));
        let mut differing: Vec<TaskKey> = differing.map(|(key, _)| key.clone()).collect();
        differing.sort();
        differing
    }

    /// Returns what is known of the machines together: a property in which they differ has all its
    /// values; their fingerprint is the common one, else one of the set.
    fn facts(&self, facts: StoredFacts) -> StoredFacts {
        let ran = self.ledgers.iter().filter(|ledger| !ledger.file.lines.is_empty());
        let headers: Vec<_> = ran.map(|ledger| &ledger.file.header).collect();
        if headers.is_empty() {
            return facts;
        }
        let together = |maps: &mut dyn Iterator<Item = &BTreeMap<String, String>>| {
            let mut values: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for (name, value) in maps.flatten() {
                values.entry(name.clone()).or_default().insert(value.clone());
            }
            values
        };
        let join = |(name, values): (String, BTreeSet<String>)| {
            let count = values.len();
            let shown: Vec<String> = values.into_iter().take(4).collect();
            let more = if count > 4 { format!(" | and {} more", count - 4) } else { String::new() };
            (name, shown.join(" | ") + &more)
        };
        let machine = together(&mut headers.iter().map(|header| &header.machine)).into_iter().map(join).collect();
        let tools = together(&mut headers.iter().map(|header| &header.tools)).into_iter().map(join).collect();
        let prints: BTreeSet<String> = headers.iter().map(|header| machine::fingerprint(&header.machine)).collect();
        let fingerprint = match prints.iter().next() {
            Some(only) if prints.len() == 1 => only.clone(),
            _ => Digest::of(prints.into_iter().collect::<Vec<_>>().join(" ").as_bytes()).short(),
        };
        StoredFacts { machine, tools, fingerprint, ..facts }
    }
}

/// Starts the folder of the run, so that all that is done with runs on one machine can be done with it.
fn start_folder(
    workspace: &Workspace,
    facts: StoredFacts,
    plan: &PlanFile,
    gathered: &Gathered,
) -> Result<(RunFolder, RunLock), StepError> {
    workspace.make_own_folder()?;
    let facts = gathered.facts(facts);
    let path = workspace.runs().join(facts.id.as_str());
    for folder in ["ledger", "work", "files"] {
        let folder = path.join(folder);
        fs::create_dir_all(&folder).map_err(StepError::disk("make", &folder))?;
    }
    let folder = RunFolder { path, facts };
    let lock = RunLock::acquire(&folder.path, &*workspace.clock).map_err(StepError::Lock)?;
    write_json(&folder.path.join("plan.json"), plan)?;
    Ok((folder, lock))
}

/// Brings the logs of the first tasks that did not pass out of the archives of their parts. A log that
/// cannot be had is missing in the report, and nothing else.
fn bring_logs(store: &dyn Store, place: &Place, folder: &RunFolder, gathered: &Gathered) {
    let mut archive_of: HashMap<&TaskKey, (PartName, u32)> = HashMap::new();
    for ledger in &gathered.ledgers {
        for line in &ledger.file.lines {
            if let Event::Finished(finished) = &line.event
                && !matches!(finished.verdict, Verdict::Pass | Verdict::Skipped)
            {
                archive_of.insert(&finished.task, (ledger.name.part, ledger.name.generation));
            }
        }
    }
    if archive_of.is_empty() {
        return;
    }
    let failed = gathered.keys.iter().filter_map(|key| {
        let finished = gathered.folded.tasks.get(key)?.finished.as_deref()?;
        let archive = archive_of.get(key).filter(|_| !matches!(finished.verdict, Verdict::Pass | Verdict::Skipped))?;
        Some((*archive, finished.folder.clone()?))
    });
    let failed: Vec<_> = failed.take(MOST_LOGS).collect();
    let _ = each(&failed, REQUESTS, |((part, generation), attempt)| {
        for stream in ["stdout", "stderr"] {
            let file = format!("{attempt}.{stream}");
            let Ok(bytes) = read_archived(store, &place.archive(*part, *generation), &file) else { continue };
            let target = folder.path.join(file);
            if let Some(parent) = target.parent() {
                let _ = fs::create_dir_all(parent).and_then(|()| fs::write(&target, bytes));
            }
        }
        Ok::<(), StepError>(())
    });
}
