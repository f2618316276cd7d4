//! The JSON that netgen's `-json` writes beside the report.
//!
//! Netgen appends to a cell's record as it goes: a cell that fails late has `badnets` twice, first
//! empty. A reader that keeps one of them loses the fault, so all of them are added up here.

use super::super::{EvidenceError, json_document};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::fmt;

/// One compared cell. "Groups" are what netgen could not tell apart.
#[derive(Debug, Default, PartialEq)]
pub(super) struct ComparedCell {
    /// Its name in the first netlist.
    pub(super) name: String,
    /// Devices in both netlists.
    pub(super) devices: [u64; 2],
    /// Nets in both netlists.
    pub(super) nets: [u64; 2],
    /// Groups of mismatched nets.
    pub(super) bad_nets: usize,
    /// Groups of mismatched devices.
    pub(super) bad_devices: usize,
    /// Pairs of devices whose properties differ.
    pub(super) properties: usize,
}

pub(super) fn read(bytes: &[u8]) -> Result<Vec<ComparedCell>, EvidenceError> {
    let records: Vec<Record> = json_document::read(bytes, "the JSON beside the report")?;
    Ok(records.into_iter().filter_map(|Record(cell)| cell).collect())
}

/// One record of the list; netgen writes `{ }` for an empty cell below the top (a black box).
struct Record(Option<ComparedCell>);

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Record, D::Error> {
        deserializer.deserialize_map(CellVisitor)
    }
}

struct CellVisitor;

impl<'de> Visitor<'de> for CellVisitor {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a compared cell")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record, A::Error> {
        let mut cell = ComparedCell::default();
        let (mut empty, mut named, mut counted) = (true, false, false);
        while let Some(key) = map.next_key::<String>()? {
            empty = false;
            match key.as_str() {
                "name" => {
                    let [name, _] = map.next_value::<[String; 2]>()?;
                    (cell.name, named) = (name, true);
                }
                "devices" => {
                    let classes: [Vec<(String, u64)>; 2] = map.next_value()?;
                    // Numbers of a damaged file may not fit.
                    cell.devices =
                        classes.map(|side| side.iter().fold(0, |sum: u64, (_, count)| sum.saturating_add(*count)));
                }
                "nets" => (cell.nets, counted) = (map.next_value()?, true),
                "badnets" => cell.bad_nets += map.next_value::<Vec<IgnoredAny>>()?.len(),
                "badelements" => cell.bad_devices += map.next_value::<Vec<IgnoredAny>>()?.len(),
                "properties" => cell.properties += map.next_value::<Vec<IgnoredAny>>()?.len(),
                // Pins, and what newer versions add: the text report decides on them.
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if empty {
            return Ok(Record(None));
        }
        if !named || !counted {
            return Err(serde::de::Error::custom("a compared cell without `name` or `nets`"));
        }
        Ok(Record(Some(cell)))
    }
}
