//! The step `run --run`: a part of a published run, on a machine that has nothing but the store.

use super::fetch;
use super::heart::Heart;
use super::lease::{self, Applicant, Lease};
use super::ledgers::{self, StoredLedger};
use super::outputs;
use super::patience::Patience;
use super::place::{PartName, Place, WriterName};
use super::reporter::{Report, ReportError, Reporter, Route};
use crate::ledger::{Finished, Verdict};
use crate::outside::durable;
use crate::outside::machine;
use crate::outside::store::Store;
use crate::plan::{Plan, PlanFile, Shards, Taken, TaskId, Wave, blocked};
use crate::run::{Baseline, Halts, halt};
use crate::steps::archiving::pack_and_store;
use crate::steps::run_folder::{RunFolder, StoredFacts, rebuild};
use crate::steps::run_parts::PartWriter;
use crate::steps::running::{
    Carry, Observer, PartTerms, Ran, RunRequest, carry_out, end_at_signals_from_now, tasks_elsewhere, tool_versions,
};
use crate::steps::{StepError, Workspace, baseline};
use crate::value::{Digest, RunId, TaskKey};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Which part to run, and how.
pub struct PartRequest<'a> {
    /// The run.
    pub run: RunId,
    /// The part.
    pub part: PartName,
    /// How many shards its wave has, where the caller knows.
    pub of: Option<u32>,
    /// Seconds between two reports to the store.
    pub every: u64,
    /// Take the part although another machine may have it.
    pub take_over: bool,
    /// Put the folder of the part into the store at the end.
    pub archive: bool,
    /// Tasks that gather others take what there is.
    pub partial: bool,
    /// How tasks are run.
    pub how: &'a RunRequest,
}

/// What became of a part.
#[derive(Debug, Clone)]
pub struct PartDone {
    /// The run.
    pub run: RunId,
    /// The part.
    pub part: PartName,
    /// Which start of the part this was.
    pub generation: u32,
    /// How many tasks the part has.
    pub tasks: usize,
    /// Its final tasks by verdict.
    pub verdicts: BTreeMap<Verdict, u64>,
    /// Tasks that were final before this start.
    pub resumed: usize,
    /// Tasks that are not final.
    pub left: usize,
    /// Of these, tasks that wait for what another part has not brought.
    pub blocked: usize,
    /// Of these, tasks that want a machine with another label.
    pub elsewhere: usize,
    /// Why it was stopped, if it was.
    pub stopped: Option<String>,
    /// Where its archive is in the store.
    pub archive: Option<String>,
}

/// What is known of a part before it is taken.
struct Prepared<'a> {
    workspace: &'a Workspace,
    request: &'a PartRequest<'a>,
    store: Arc<dyn Store>,
    place: Place,
    facts: StoredFacts,
    /// The plans of the waves up to this one.
    plans: Vec<PlanFile>,
    plan: Plan,
    patience: Patience,
}

/// Runs a part of a published run; `tell` hears what takes its time before the first task.
pub fn run_part(
    workspace: &Workspace,
    request: &PartRequest<'_>,
    observer: &mut dyn Observer,
    tell: &mut dyn FnMut(&str),
) -> Result<PartDone, StepError> {
    let prepared = prepare(workspace, request)?;
    let Prepared { store, place, .. } = &prepared;
    let first = prepared.first_generation()?;
    let machine = machine::machine(request.how.label.as_deref());
    let applicant = Applicant {
        writer: writer(workspace, &machine),
        host: machine.get("hostname").cloned().unwrap_or_default(),
        every: request.every,
        now: workspace.clock.now(),
        first,
        take_over: request.take_over,
    };
    let lease = lease::take(&**store, place, request.part, &applicant, prepared.patience, tell)?;
    let (halt, halts) = halt();
    let clock = workspace.clock.clone();
    let heart = Heart::start(store.clone(), place.clone(), request.part, lease.clone(), clock, halt);
    let done = prepared.run(&lease, machine, halts, observer);
    let superseded = heart.is_superseded();
    heart.end(&match &done {
        _ if superseded => "superseded".to_owned(),
        Ok(PartDone { stopped: Some(reason), .. }) => reason.clone(),
        Ok(_) => "done".to_owned(),
        Err(error) => error.to_string(),
    });
    done
}

/// Returns a name that no other writer of the run has.
fn writer(workspace: &Workspace, machine: &BTreeMap<String, String>) -> String {
    let host = machine.get("hostname").map_or("", String::as_str);
    let unique = format!("{host} {} {} {:p}", std::process::id(), workspace.clock.now(), workspace);
    let safe: String = host.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect();
    format!("{safe}-{}-{}", std::process::id(), &Digest::of(unique.as_bytes()).to_string()[..8])
}

fn prepare<'a>(workspace: &'a Workspace, request: &'a PartRequest<'a>) -> Result<Prepared<'a>, StepError> {
    let patience = Patience::LONG;
    let store: Arc<dyn Store> = workspace.store()?;
    let place = Place::of_run(&request.run)?;
    let facts = fetch::facts(&*store, &place, patience)?;
    let plans = fetch::plans(&*store, &place, request.part.wave, patience)?;
    let file = plans.last().ok_or_else(|| StepError::usage("waves are counted from 1", None))?;
    let (plan, _) = rebuild(file)?;
    let prepared = Prepared { workspace, request, store, place, facts, plans, plan, patience };
    prepared.check_part()?;
    Ok(prepared)
}

impl Prepared<'_> {
    fn shards(&self) -> Result<&Shards, StepError> {
        let none = || StepError::usage(format!("run {} was planned for one machine", self.place.run), None);
        self.plan.shards.as_ref().ok_or_else(none)
    }

    fn file(&self) -> &PlanFile {
        self.plans.last().expect("`prepare` has found one")
    }

    fn check_part(&self) -> Result<(), StepError> {
        let shards = self.shards()?;
        let PartName { wave, part } = self.request.part;
        let count = shards.count;
        let wrong = match part {
            Wave::Shard(number) => number > count || self.request.of.is_some_and(|of| of != count),
            Wave::Prepare | Wave::Finish => false,
        };
        if wrong {
            return Err(StepError::usage(
                format!("wave {wave} of run {} has {count} shards", self.place.run),
                Some("take `--shard I/N` from the matrix that `shmoo plan --publish` printed".to_owned()),
            ));
        }
        if shards.tasks(part).is_empty() {
            return Err(StepError::Nothing { message: format!("part {} has no task", self.request.part), hint: None });
        }
        Ok(())
    }

    /// Returns the first generation that is above those of all earlier waves.
    fn first_generation(&self) -> Result<u32, StepError> {
        if self.request.part.wave == 1 {
            return Ok(1);
        }
        let leases = lease::all(&*self.store, &self.place, None, self.patience)?;
        let before = leases.iter().filter(|(part, _)| part.wave < self.request.part.wave);
        Ok(before.map(|(_, lease)| lease.generation).max().unwrap_or(0) + 1)
    }

    /// Returns the parts whose events this part needs.
    fn parts_before(&self) -> Result<Option<Vec<PartName>>, StepError> {
        let PartName { wave, part } = self.request.part;
        if wave > 1 || part == Wave::Finish {
            return Ok(None);
        }
        Ok(Some(vec![PartName { wave, part: Wave::Prepare }, self.request.part]))
    }

    /// Runs the part, for which the lease is held.
    fn run(
        &self,
        lease: &Lease,
        machine: BTreeMap<String, String>,
        halts: Halts,
        observer: &mut dyn Observer,
    ) -> Result<PartDone, StepError> {
        let part = self.request.part;
        let tasks = self.shards()?.tasks(part.part);
        let ledgers = ledgers::fetch(&*self.store, &self.place, self.parts_before()?.as_deref(), self.patience)?;
        let ledgers = of_plans(ledgers, &self.plans);
        let folder = self.make_folder(lease, machine, &ledgers)?;
        let (folded, _) = folder.fold()?;
        let finished: BTreeMap<TaskId, &Finished> = self
            .plan
            .tasks()
            .filter_map(|task| Some((task, folded.tasks.get(&self.plan.key(task))?.finished.as_deref()?)))
            .collect();
        let is_final = |task: TaskId| finished.contains_key(&task);
        let blocked = blocked(&self.plan, part.part, &is_final, self.request.partial);
        let own: BTreeSet<TaskId> = tasks.iter().copied().collect();
        let wanted: BTreeSet<TaskId> =
            own.iter().copied().filter(|task| !is_final(*task) && !blocked.contains(task)).collect();
        let resumed = own.iter().filter(|task| is_final(**task)).count();
        let label = match part.part {
            Wave::Shard(number) => self.shards()?.labels[number as usize - 1].clone(),
            Wave::Prepare | Wave::Finish => None,
        };
        let how = RunRequest { label: self.request.how.label.clone().or(label), ..self.request.how.clone() };
        let elsewhere = tasks_elsewhere(&self.plan, how.label.as_deref()).intersection(&wanted).count();
        let mut done = PartDone {
            run: self.place.run.clone(),
            part,
            generation: lease.generation,
            tasks: own.len(),
            verdicts: BTreeMap::new(),
            resumed,
            left: 0,
            blocked: blocked.len(),
            elsewhere,
            stopped: None,
            archive: None,
        };
        if wanted.is_empty() {
            self.count(&mut done, &folder, &own)?;
            let _ = fs::remove_dir_all(&folder.path);
            return Ok(done);
        }
        let taken = baseline::taken(&self.plan, &|task| wanted.contains(&task));
        let files = folder.path.join("files");
        let fetch::Contents { roots, baseline } =
            fetch::contents(&*self.store, &self.place, &files, &taken, self.patience)?;
        // Without a baseline run, tasks say that there is none, not that it lacks something.
        let baseline = self.plan.baseline.as_ref().map(|_| Arc::new(baseline) as Arc<dyn Baseline>);
        let foreign = self.restore_outputs(&folder, &wanted, &finished)?;
        let name = WriterName { part, generation: lease.generation, writer: lease.writer.clone() };
        let mut reporter: Option<Reporter> = None;
        let ran = {
            let reporter = &mut reporter;
            let shard = match part.part {
                Wave::Shard(number) => number,
                Wave::Prepare | Wave::Finish => 0,
            };
            let (generation, writer) = (lease.generation, lease.writer.clone());
            let terms = PartTerms {
                writer: PartWriter { generation, name: part.to_string(), writer, shard, roots, baseline },
                wanted: &|task| wanted.contains(&task),
                halts,
                begun: &mut |ledger: &Path| *reporter = Some(self.report(&name, ledger, &folder)),
            };
            let carry = Carry {
                workspace: self.workspace,
                folder: folder.clone(),
                plan: rebuild(self.file())?.0,
                file: self.file().clone(),
                root: folder.path.join("files"),
                expected: fetch::expected(&*self.store, &self.place, 1, self.plan.task_count()),
                request: &how,
                part: Some(terms),
            };
            carry_out(carry, observer)
        };
        // Whatever became of it: what is final is reported.
        let reported = reporter.map_or(Ok(()), |reporter| reporter.finish(self.patience));
        end_at_signals_from_now();
        let Ran { stopped, .. } = ran?;
        reported.map_err(|error| match error {
            ReportError::Store(error) => StepError::Store(error),
            ReportError::Ledger { path, source } => StepError::Disk { what: "read", path, source },
        })?;
        done.stopped = stopped;
        self.count(&mut done, &folder, &own)?;
        if self.request.archive {
            done.archive = Some(self.archive(&folder, &name, &foreign)?);
            // All of it is in the store.
            let _ = fs::remove_dir_all(&folder.path);
        }
        Ok(done)
    }

    fn report(&self, name: &WriterName, ledger: &Path, folder: &RunFolder) -> Reporter {
        let taken = Taken::new(&self.plan);
        let key = |task: &TaskId| self.plan.key(*task);
        let takers: BTreeMap<TaskKey, Vec<TaskKey>> = taken
            .takers(self.request.part.part)
            .into_iter()
            .map(|(task, takers)| (key(&task), takers.iter().map(key).collect()))
            .collect();
        let route = Route {
            store: self.store.clone(),
            place: self.place.clone(),
            writer: name.clone(),
            ledger: ledger.to_owned(),
            run_folder: folder.path.clone(),
            takers,
        };
        Reporter::start(Report::new(route), Duration::from_secs(self.request.every))
    }

    /// Makes the folder of this start of the part, with the events that were before it.
    fn make_folder(
        &self,
        lease: &Lease,
        machine: BTreeMap<String, String>,
        ledgers: &[StoredLedger],
    ) -> Result<RunFolder, StepError> {
        self.workspace.make_own_folder()?;
        let name = format!("{}.{}", self.request.part, lease.generation);
        let path = self.workspace.folder.join(".shmoo/parts").join(self.place.run.as_str()).join(name);
        let tools = tool_versions(self.workspace, &self.plan);
        let fingerprint = machine::fingerprint(&machine);
        let facts = StoredFacts { machine, fingerprint, tools, plan: self.file().id, ..self.facts.clone() };
        let folder = RunFolder::create_apart(&path, facts, self.file())?;
        for ledger in ledgers {
            let path = folder.ledger().join(format!("{}.jsonl", ledger.name));
            durable::write_file(&path, &ledger.bytes).map_err(StepError::disk("write", &path))?;
        }
        Ok(folder)
    }

    /// Brings what the tasks take that were final before; returns the folders of those tasks.
    fn restore_outputs(
        &self,
        folder: &RunFolder,
        wanted: &BTreeSet<TaskId>,
        finished: &BTreeMap<TaskId, &Finished>,
    ) -> Result<HashSet<String>, StepError> {
        let taken = Taken::new(&self.plan);
        let producers: BTreeSet<TaskId> = wanted.iter().flat_map(|&task| taken.by(task)).collect();
        let results: Vec<&Finished> = producers
            .iter()
            .filter_map(|producer| finished.get(producer).copied())
            .filter(|result| result.verdict.ran())
            .collect();
        outputs::restore(&*self.store, &self.place, &folder.path, &results, self.patience)?;
        Ok(results.iter().filter_map(|result| result.folder.clone()).collect())
    }

    fn count(&self, done: &mut PartDone, folder: &RunFolder, own: &BTreeSet<TaskId>) -> Result<(), StepError> {
        let (folded, _) = folder.fold()?;
        for &task in own {
            let history = folded.tasks.get(&self.plan.key(task));
            match history.and_then(|history| history.finished.as_ref()) {
                Some(finished) => *done.verdicts.entry(finished.verdict).or_default() += 1,
                None => done.left += 1,
            }
        }
        Ok(())
    }

    /// Packs what this start of the part left.
    fn archive(&self, folder: &RunFolder, name: &WriterName, foreign: &HashSet<String>) -> Result<String, StepError> {
        let own_ledger = format!("ledger/{name}.jsonl");
        let wanted = |path: &str| match path.split_once('/') {
            None => matches!(path, "work" | "ledger"),
            Some(("work", _)) => !foreign.contains(path),
            Some(("ledger", _)) => path == own_ledger,
            Some(_) => false,
        };
        let StoredFacts { machine, fingerprint, tools, source, .. } = &folder.facts;
        let provenance = serde_json::json!({
            "run": self.place.run,
            "part": name.to_string(),
            "suite": self.plan.suite.name,
            "plan": self.file().id,
            "source": source,
            "tools": tools,
            "machine": machine,
            "fingerprint": fingerprint,
            "shmoo": env!("CARGO_PKG_VERSION"),
        });
        let key = self.place.archive(name.part, name.generation);
        let archived = pack_and_store(self.workspace, folder, &self.plan, key, provenance, &wanted, &|_, _| {})?;
        Ok(archived.key.to_string())
    }
}

/// Returns the ledgers that were written for one of these plans.
pub(super) fn of_plans(ledgers: Vec<StoredLedger>, plans: &[PlanFile]) -> Vec<StoredLedger> {
    let ids: HashSet<Digest> = plans.iter().map(|plan| plan.id).collect();
    ledgers.into_iter().filter(|ledger| ids.contains(&ledger.file.header.plan)).collect()
}
