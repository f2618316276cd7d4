//! The right to run a part: `leases/PART/GENERATION`, put if absent, so that no two machines share one.
//!
//! The holder alone writes the lease again: it counts its beats while it lives, and says how it ended.
//! Whoever starts a part takes the next generation, and supersedes the holder before.

use super::patience::Patience;
use super::place::{PartName, Place};
use crate::outside::store::{Store, StoreError};
use crate::steps::StepError;
use crate::value::{RunId, SuiteName, Timestamp};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The `format` of a lease.
const LEASE_FORMAT: &str = "shmoo-lease";

/// So many beats may be missed before a holder counts as dead.
const MISSED: u32 = 3;

/// A lease as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lease {
    /// `shmoo-lease`.
    pub(super) format: String,
    /// Version of the format, 1.
    pub(super) version: u32,
    /// The part, `WAVE-PART`.
    pub(super) part: String,
    /// The generation.
    pub(super) generation: u32,
    /// Who holds it: unique among all writers of the run.
    pub(super) writer: String,
    /// The name of its machine.
    pub(super) host: String,
    /// When it was taken.
    pub(super) taken: Timestamp,
    /// Seconds between two beats.
    pub(super) every: u64,
    /// How often the holder has shown that it lives.
    pub(super) beats: u64,
    /// When it did so last, by its own clock.
    pub(super) seen: Timestamp,
    /// How it ended: `done`, or why it stopped; none while it is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<String>,
}

/// Who wants a part.
#[derive(Debug, Clone)]
pub(super) struct Applicant {
    pub(super) writer: String,
    pub(super) host: String,
    /// Seconds between two beats.
    pub(super) every: u64,
    pub(super) now: Timestamp,
    /// The lowest generation to take: above those of earlier waves.
    pub(super) first: u32,
    /// Do not wait to see whether the holder lives.
    pub(super) take_over: bool,
}

impl Lease {
    fn new(part: PartName, generation: u32, applicant: &Applicant) -> Lease {
        let Applicant { writer, host, every, now, first: _, take_over: _ } = applicant.clone();
        Lease {
            format: LEASE_FORMAT.to_owned(),
            version: 1,
            part: part.to_string(),
            generation,
            writer,
            host,
            taken: now,
            every,
            beats: 0,
            seen: now,
            ended: None,
        }
    }

    /// Tells whether the holder still seems to live, by the clocks of two machines; for reports only.
    pub(super) fn seems_alive(&self, now: Timestamp) -> bool {
        let silent = now.milliseconds().saturating_sub(self.seen.milliseconds());
        let most = (self.every as i64).saturating_mul(1000 * 2 * i64::from(MISSED)).max(60_000);
        self.ended.is_none() && silent < most
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        // A struct of texts and numbers, whose serialization cannot fail.
        serde_json::to_vec(self).expect("a lease serializes")
    }
}

/// Takes the next generation of a part.
///
/// A holder that has not ended is watched first: if it beats, the part is refused; if it misses
/// three beats, it counts as dead. No clock but the own one is looked at.
pub(super) fn take(
    store: &dyn Store,
    place: &Place,
    part: PartName,
    applicant: &Applicant,
    patience: Patience,
    tell: &mut dyn FnMut(&str),
) -> Result<Lease, StepError> {
    loop {
        let newest = newest(store, place, part, patience)?;
        if let Some(holder) = newest.as_ref().filter(|holder| holder.ended.is_none() && !applicant.take_over) {
            tell(&format!("{} on {} had this part: waiting for a sign of life", holder.writer, holder.host));
            if beats(store, place, part, holder, patience)? {
                return Err(StepError::usage(
                    format!("{} on {} works on part {part} of {}", holder.writer, holder.host, place.run),
                    Some("wait for its end; `--take-over` runs what it has not finished here, too".to_owned()),
                ));
            }
        }
        let generation = newest.map_or(0, |lease| lease.generation).saturating_add(1).max(applicant.first);
        let lease = Lease::new(part, generation, applicant);
        let key = place.lease(part, generation);
        let is_ours = patience.ask(|| {
            // After a failure, the attempt before may have arrived all the same.
            Ok(store.put_if_absent(&key, &lease.bytes())? || store.get(&key)? == lease.bytes())
        });
        if is_ours.map_err(StepError::Store)? {
            return Ok(lease);
        }
    }
}

/// Watches a holder; tells whether it beats. One that ends meanwhile does not.
fn beats(
    store: &dyn Store,
    place: &Place,
    part: PartName,
    holder: &Lease,
    patience: Patience,
) -> Result<bool, StepError> {
    let key = place.lease(part, holder.generation);
    let watch = Duration::from_secs(holder.every.clamp(1, 60)) * MISSED;
    let started = Instant::now();
    while started.elapsed() < watch {
        std::thread::sleep((watch / 30).min(Duration::from_secs(1)));
        let now = read(store, &key, patience)?;
        match now {
            Some(now) if now.ended.is_some() => return Ok(false),
            Some(now) if now.beats != holder.beats => return Ok(true),
            _ => {}
        }
    }
    Ok(false)
}

fn read(
    store: &dyn Store,
    key: &crate::outside::store::ObjectKey,
    patience: Patience,
) -> Result<Option<Lease>, StepError> {
    let bytes = match patience.ask(|| store.get(key)) {
        Ok(bytes) => bytes,
        Err(StoreError::Absent { .. }) => return Ok(None),
        Err(error) => return Err(StepError::Store(error)),
    };
    let damaged = |source| StepError::Damaged { path: PathBuf::from(key.as_str()), source };
    serde_json::from_slice(&bytes).map(Some).map_err(damaged)
}

/// Returns the lease of a part with the highest generation.
pub(super) fn newest(
    store: &dyn Store,
    place: &Place,
    part: PartName,
    patience: Patience,
) -> Result<Option<Lease>, StepError> {
    Ok(all(store, place, Some(part), patience)?.into_iter().max_by_key(|(_, lease)| lease.generation).map(|(_, it)| it))
}

/// Returns the leases of a part, or of all parts.
pub(super) fn all(
    store: &dyn Store,
    place: &Place,
    part: Option<PartName>,
    patience: Patience,
) -> Result<Vec<(PartName, Lease)>, StepError> {
    let listed = patience.ask(|| store.list(&place.leases_prefix(part))).map_err(StepError::Store)?;
    let found = super::share::each(&listed, super::share::REQUESTS, |object| {
        let part = object.key.parts().rev().nth(1).and_then(|name| name.parse::<PartName>().ok());
        Ok::<_, StepError>(part.zip(read(store, &object.key, patience)?))
    })?;
    Ok(found.into_iter().flatten().collect())
}

/// Tells whether a machine still seems to work on a run that was published.
pub(in crate::steps) fn is_worked_on(
    store: &dyn Store,
    suite: &SuiteName,
    run: &RunId,
    now: Timestamp,
) -> Result<bool, StepError> {
    let leases = all(store, &Place::new(suite, run), None, Patience::LONG)?;
    Ok(leases.iter().any(|(_, lease)| lease.seems_alive(now)))
}
