//! Where the things of a published run are in the store, and the names of its parts.

use crate::outside::store::ObjectKey;
use crate::plan::Wave;
use crate::steps::StepError;
use crate::value::{Digest, RunId, SuiteName};
use std::fmt;
use std::str::FromStr;

/// A part of a wave: what one machine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartName {
    /// The wave, from 1.
    pub wave: u32,
    /// Which part of it.
    pub part: Wave,
}

/// `WAVE-PART`: `1-prepare`, `1-3`, `2-finish`.
impl fmt::Display for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            Wave::Prepare => write!(f, "{}-prepare", self.wave),
            Wave::Shard(number) => write!(f, "{}-{number}", self.wave),
            Wave::Finish => write!(f, "{}-finish", self.wave),
        }
    }
}

/// A text is no name of a part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a part of a run")]
pub struct ParsePartError(String);

impl FromStr for PartName {
    type Err = ParsePartError;

    fn from_str(text: &str) -> Result<PartName, ParsePartError> {
        let read = || {
            let (wave, part) = text.split_once('-')?;
            let part = match part {
                "prepare" => Wave::Prepare,
                "finish" => Wave::Finish,
                number => Wave::Shard(number.parse().ok().filter(|&number| number > 0)?),
            };
            Some(PartName { wave: wave.parse().ok().filter(|&wave| wave > 0)?, part })
        };
        read().ok_or_else(|| ParsePartError(text.to_owned()))
    }
}

/// The place of a run in the store: `runs/SUITE/RUN/`.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Name of the run.
    pub(super) run: RunId,
    root: String,
}

impl Place {
    pub(super) fn new(suite: &SuiteName, run: &RunId) -> Place {
        Place { run: run.clone(), root: format!("runs/{suite}/{run}") }
    }

    /// Finds the place by the run's name, `DATE-TIME-SUITE-UNIQUE`.
    pub(super) fn of_run(run: &RunId) -> Result<Place, StepError> {
        let suite = || {
            let (_, rest) = run.as_str().split_once('-')?;
            let (_, rest) = rest.split_once('-')?;
            let (suite, _) = rest.rsplit_once('-')?;
            let is_safe = format!("runs/{suite}/{run}").parse::<ObjectKey>().is_ok();
            (is_safe && crate::value::is_plain_name(suite)).then(|| SuiteName::new(suite))
        };
        let suite = suite().ok_or_else(|| {
            StepError::usage(
                format!("`{run}` is not the whole name of a run"),
                Some("`shmoo plan SUITE --shards N --publish` prints it".to_owned()),
            )
        })?;
        Ok(Place::new(&suite, run))
    }

    fn key(&self, below: fmt::Arguments<'_>) -> ObjectKey {
        // Names of suites, runs and parts are safe in keys.
        format!("{}/{below}", self.root).parse().expect("the name of a run is safe in a key")
    }

    /// What is known of the run.
    pub(super) fn facts(&self) -> ObjectKey {
        self.key(format_args!("run.json"))
    }

    /// The repository files: which, and the objects they are made of.
    pub(super) fn contents(&self) -> ObjectKey {
        self.key(format_args!("contents.json"))
    }

    /// A file of the run's content store, by its path there.
    pub(super) fn content(&self, path: &str) -> ObjectKey {
        self.key(format_args!("files/{path}"))
    }

    pub(super) fn plan(&self, wave: u32) -> ObjectKey {
        self.key(format_args!("waves/{wave}/plan.json"))
    }

    /// The expected seconds of all tasks: four bytes each, in plan order.
    pub(super) fn expected(&self, wave: u32) -> ObjectKey {
        self.key(format_args!("waves/{wave}/expected"))
    }

    /// A file that a task left.
    pub(super) fn output(&self, digest: &Digest) -> ObjectKey {
        let text = digest.to_string();
        self.key(format_args!("outputs/{}/{text}", &text[..2]))
    }

    pub(super) fn outputs_prefix(&self) -> String {
        format!("{}/outputs/", self.root)
    }

    pub(super) fn lease(&self, part: PartName, generation: u32) -> ObjectKey {
        self.key(format_args!("leases/{part}/{generation}"))
    }

    pub(super) fn leases_prefix(&self, part: Option<PartName>) -> String {
        part.map_or_else(|| format!("{}/leases/", self.root), |part| format!("{}/leases/{part}/", self.root))
    }

    /// A segment of a writer's ledger.
    pub(super) fn segment(&self, writer: &WriterName, number: u32) -> ObjectKey {
        self.key(format_args!("ledger/{writer}/{number:06}.jsonl"))
    }

    pub(super) fn ledgers_prefix(&self, part: Option<PartName>) -> String {
        part.map_or_else(|| format!("{}/ledger/", self.root), |part| format!("{}/ledger/{part}.", self.root))
    }

    pub(super) fn waves_prefix(&self) -> String {
        format!("{}/waves/", self.root)
    }

    pub(super) fn archive(&self, part: PartName, generation: u32) -> ObjectKey {
        self.key(format_args!("archives/{part}.{generation}.tar.gz"))
    }
}

/// Who writes a ledger: `PART.GENERATION.WRITER`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct WriterName {
    pub(super) part: PartName,
    pub(super) generation: u32,
    pub(super) writer: String,
}

impl fmt::Display for WriterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.part, self.generation, self.writer)
    }
}

impl WriterName {
    /// Reads the name out of a segment's key: writer and number.
    pub(super) fn of_segment(key: &ObjectKey) -> Option<(WriterName, u32)> {
        let mut parts = key.parts().rev();
        let number = parts.next()?.strip_suffix(".jsonl")?.parse().ok()?;
        let mut names = parts.next()?.splitn(3, '.');
        let part = names.next()?.parse().ok()?;
        let generation = names.next()?.parse().ok()?;
        Some((WriterName { part, generation, writer: names.next()?.to_owned() }, number))
    }
}
