//! What became of the parts of a run on many machines.

use super::count;
use serde::Serialize;

/// The parts of a run, gathered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Machines {
    /// How often parts of the run were planned: 1, and more if something was lost.
    pub waves: u32,
    /// Planned tasks.
    pub planned: u64,
    /// Planned tasks with a final state.
    pub reported: u64,
    /// Final states that do not count, since a later attempt has one.
    pub superseded: u64,
    /// Tasks that ran twice and left different files.
    pub differing: u64,
    /// Ledgers in the store that are of no wave of the run, and were not read.
    pub foreign: u64,
    /// Parts of which something is missing, in order.
    pub unfinished: Vec<UnfinishedPart>,
}

/// A part of which something is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnfinishedPart {
    /// `WAVE-PART`, such as `1-3`.
    pub part: String,
    /// Why.
    pub state: PartState,
    /// How many of its tasks are not final.
    pub missing: u64,
    /// Of these, how many were started.
    pub started: u64,
    /// The machine that had it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// How it ended, if it said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
}

/// Why something is missing of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PartState {
    /// Its machine has shown no sign of life for a while.
    Lost,
    /// Its machine still works on it.
    Running,
    /// It ended, with tasks left.
    Stopped,
    /// No machine has started it.
    Unstarted,
}

impl UnfinishedPart {
    /// Says it in a sentence.
    pub fn sentence(&self) -> String {
        let UnfinishedPart { part, state, missing, started, host, ended } = self;
        let host = host.as_deref().unwrap_or("its machine");
        let tasks = count(*missing, "task");
        let running = if *started > 0 { format!(" ({started} had been started)") } else { String::new() };
        match state {
            PartState::Lost => format!("part {part} was lost with {host}: {tasks} missing{running}"),
            PartState::Running => format!("part {part} still runs on {host}: {tasks} missing so far"),
            PartState::Stopped => {
                let why = ended.as_deref().unwrap_or("no reason given");
                format!("part {part} ended on {host} ({why}): {tasks} missing{running}")
            }
            PartState::Unstarted => format!("part {part} was never started: {tasks} missing"),
        }
    }
}
