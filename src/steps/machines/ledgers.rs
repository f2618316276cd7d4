//! The ledgers of a run as they are in the store: `ledger/PART.GENERATION.WRITER/NUMBER.jsonl`.
//!
//! A writer's ledger is cut at line ends into segments of about [`SEGMENT`] bytes. Only the last one is
//! written again as it grows.

use super::patience::Patience;
use super::place::{PartName, Place, WriterName};
use super::share::{REQUESTS, each};
use crate::ledger::{LedgerFile, parse_file};
use crate::outside::store::{ObjectKey, Store};
use crate::steps::StepError;
use std::collections::BTreeMap;

/// Bytes of a segment after which the next one begins.
pub(super) const SEGMENT: usize = 1 << 20;

/// A writer's ledger, read from the store.
#[derive(Debug, Clone)]
pub(super) struct StoredLedger {
    pub(super) name: WriterName,
    /// As the writer wrote it, as far as it was reported.
    pub(super) bytes: Vec<u8>,
    pub(super) file: LedgerFile,
}

/// Reads the ledgers of some parts; of all parts if none is named.
pub(super) fn fetch(
    store: &dyn Store,
    place: &Place,
    parts: Option<&[PartName]>,
    patience: Patience,
) -> Result<Vec<StoredLedger>, StepError> {
    let prefixes: Vec<String> = match parts {
        None => vec![place.ledgers_prefix(None)],
        Some(parts) => parts.iter().map(|&part| place.ledgers_prefix(Some(part))).collect(),
    };
    let listed = each(&prefixes, REQUESTS, |prefix| patience.ask(|| store.list(prefix))).map_err(StepError::Store)?;
    let mut writers: BTreeMap<WriterName, BTreeMap<u32, ObjectKey>> = BTreeMap::new();
    for object in listed.into_iter().flatten() {
        if let Some((writer, number)) = WriterName::of_segment(&object.key) {
            writers.entry(writer).or_default().insert(number, object.key);
        }
    }
    let writers: Vec<_> = writers.into_iter().collect();
    each(&writers, REQUESTS, |(name, segments)| read(store, name, segments, patience))
}

fn read(
    store: &dyn Store,
    name: &WriterName,
    segments: &BTreeMap<u32, ObjectKey>,
    patience: Patience,
) -> Result<StoredLedger, StepError> {
    let mut bytes = Vec::new();
    for (wanted, (&number, key)) in (1..).zip(segments) {
        if number != wanted {
            return Err(StepError::usage(
                format!("the ledger {name} in {} lacks segment {wanted}", store.location()),
                Some("it was deleted: what it said is lost; collect the run from a copy of the store".to_owned()),
            ));
        }
        bytes.extend(patience.ask(|| store.get(key)).map_err(StepError::Store)?);
    }
    let file = parse_file(&name.to_string(), &bytes).map_err(StepError::LedgerFormat)?;
    Ok(StoredLedger { name: name.clone(), bytes, file })
}
