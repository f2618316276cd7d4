//! What the objects of a store are, by their keys: archives of runs, cached results, and what the parts of runs of
//! many machines have put there. All others are nobody's to remove.

use super::{JudgedObject, StoredKind};
use crate::outside::store::{Listed, ObjectKey};
use crate::value::{RunId, SuiteName, Timestamp};
use std::collections::BTreeMap;

const ENDING: &str = ".tar.gz";
/// What lies below the name of a run of many machines.
const BELOW: [&str; 8] = ["run.json", "contents.json", "files", "waves", "leases", "ledger", "outputs", "archives"];

/// Returns what may go, each archive with what lies below the name of its run; of a run that was not gathered, all
/// that lies there.
pub(super) fn gather(listed: Vec<Listed>) -> Vec<JudgedObject> {
    let mut below: BTreeMap<(SuiteName, RunId), Below> = BTreeMap::new();
    let mut objects = Vec::new();
    for listed in listed {
        match below_run(&listed.key) {
            Some(run) => below.entry(run).or_default().add(listed),
            None => objects.extend(recognize(listed)),
        }
    }
    for object in &mut objects {
        let StoredKind::Archive { suite, run } = &object.kind else { continue };
        if let Some(Below { parts, bytes, beat, .. }) = below.remove(&(suite.clone(), run.clone())) {
            (object.parts, object.beat) = (parts, beat);
            object.bytes += bytes;
        }
    }
    objects.extend(below.into_iter().filter_map(|((suite, run), below)| below.alone(suite, run)));
    objects
}

/// What lies below the name of a run.
#[derive(Default)]
struct Below {
    parts: Vec<ObjectKey>,
    bytes: u64,
    /// When the last of it was stored.
    stored: Option<Timestamp>,
    /// When the last lease was.
    beat: Option<Timestamp>,
}

impl Below {
    fn add(&mut self, Listed { key, bytes, stored }: Listed) {
        self.bytes += bytes;
        self.stored = self.stored.max(Some(stored));
        if key.parts().nth(3) == Some("leases") {
            self.beat = self.beat.max(Some(stored));
        }
        self.parts.push(key);
    }

    /// Returns it as the whole of a run, under the name of its facts, which go last.
    fn alone(mut self, suite: SuiteName, run: RunId) -> Option<JudgedObject> {
        let facts = self.parts.iter().position(|key| key.parts().nth(3) == Some("run.json"));
        let key = self.parts.remove(facts.unwrap_or(0));
        let Below { parts, bytes, stored, beat } = self;
        let kind = StoredKind::Published { suite, run };
        Some(JudgedObject { key, kind, parts, bytes, stored: stored?, beat, stays: None })
    }
}

/// Returns suite and run of an object that belongs to a run of many machines.
fn below_run(key: &ObjectKey) -> Option<(SuiteName, RunId)> {
    match key.parts().collect::<Vec<&str>>()[..] {
        ["runs", suite, run, first, ..] if BELOW.contains(&first) => Some((SuiteName::new(suite), RunId::new(run))),
        _ => None,
    }
}

/// Returns what an object is, if it is one that may go.
pub(super) fn recognize(listed: Listed) -> Option<JudgedObject> {
    let Listed { key, bytes, stored } = listed;
    let parts: Vec<&str> = key.parts().collect();
    let kind = match parts.as_slice() {
        ["runs", suite, file] => {
            let run = file.strip_suffix(ENDING)?;
            StoredKind::Archive { suite: SuiteName::new(*suite), run: RunId::new(run) }
        }
        ["results", begin, file] if file.strip_suffix(ENDING)?.starts_with(begin) => StoredKind::Result,
        _ => return None,
    };
    Some(JudgedObject { key, kind, parts: Vec::new(), bytes, stored, beat: None, stays: None })
}
