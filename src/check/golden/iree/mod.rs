//! Goldens in IREE's JSON files, as another backend of the golden table.
//!
//! In: the files, the suite that says which golden stands where, the planned points. Out: one row for each metric at a
//! planned point that has a golden, what to say of those that have none, and the goldens that belong to no point. A
//! golden is changed in place: the bytes of its number, or a new key in the style of the file.
//!
//! The tolerance stands apart from the value: a rule of the suite, or else the factor of the file, on the worse side.

mod change;
mod definition;
mod json;
mod places;

use super::GoldenFinding;
use super::GoldenVerdict;
use super::assigned::as_written;
use super::edited::Edited;
use super::file::Edits;
use super::holder::{Clash, GoldenHolder, Orphan};
use super::planned::PlannedPoint;
use super::table::{GoldenRow, Table};
use crate::suite::{IreeField, IreeFiles, IreeJson, Metric, Side, StageIndex, Suite, Tolerance};
use crate::value::{Decimal, PointName, Problem, Problems, Share, Sources, Span, convert, did_you_mean};
use definition::Definition;
use places::Slot;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A JSON file of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IreeFile {
    /// The path from the folder, with `/`.
    pub name: String,
    /// The path for people.
    pub shown: String,
    /// The whole text.
    pub text: String,
}

/// The goldens of a folder.
#[derive(Debug, Clone)]
pub struct IreeGoldens {
    table: Table,
    files: BTreeMap<String, (IreeFile, Definition)>,
    /// The place of each metric at each point that has one, by `STAGE.METRIC`, whether or not there is a golden.
    places: HashMap<(String, PointName), Place>,
    orphans: Vec<Orphan>,
    /// Where the orphans stand, one by one.
    orphan_slots: Vec<Slot>,
}

#[derive(Debug, Clone)]
struct Place {
    slot: Slot,
    /// Whether the metric has a better side.
    gated: bool,
}

impl IreeGoldens {
    /// Tells whether a file may hold goldens; the path is relative to the folder.
    pub fn wants(source: &IreeJson, name: &str) -> bool {
        source.files.iter().any(|files| places::may_be(files, name))
    }

    /// Reads the files that may hold goldens.
    ///
    /// # Errors
    /// All that is wrong in them, with places and hints.
    pub fn read(
        suite: &Suite,
        source: &IreeJson,
        planned: &[PlannedPoint],
        files: Vec<IreeFile>,
    ) -> Result<IreeGoldens, Problems> {
        let mut slots: Vec<(String, PointName, Result<Place, String>)> = Vec::new();
        for point in planned {
            let stage = &suite.stages[point.stage];
            for (index, metric) in stage.metrics.iter().enumerate() {
                let place = places::place(suite, source, point, (point.stage, index));
                let place = place.map(|slot| Place { slot, gated: metric.better.is_some() });
                slots.push((format!("{}.{}", stage.name, metric.name), point.point.clone(), place));
            }
        }
        let used: BTreeSet<&Slot> = slots.iter().filter_map(|(_, _, place)| Some(&place.as_ref().ok()?.slot)).collect();
        let files = definitions(source, files, &used)?;
        let (orphan_slots, orphans) = orphans(suite, source, &files, &used).into_iter().unzip();
        let mut goldens = IreeGoldens { table: Table::default(), files, places: HashMap::new(), orphans, orphan_slots };
        let (mut rows, mut gaps) = (Vec::new(), HashMap::new());
        for (metric, point, place) in slots {
            match place {
                Ok(place) => {
                    match goldens.row(&metric, &point, &place) {
                        Some(row) => rows.push(row),
                        None => {
                            gaps.insert((metric.clone(), point.clone()), goldens.gap(&place.slot));
                        }
                    }
                    goldens.places.insert((metric, point), place);
                }
                Err(why) => {
                    gaps.insert((metric, point), why);
                }
            }
        }
        goldens.table = Table::of(rows, gaps);
        Ok(goldens)
    }

    /// Applies changes, file by file; files without a change are left out. Every row stands for a planned point, so
    /// that what is left out are orphans alone.
    pub fn edit(&self, edits: &Edits) -> Vec<(&IreeFile, Edited)> {
        let mut by_file: BTreeMap<&str, BTreeMap<&Slot, Option<String>>> = BTreeMap::new();
        for row in edits.replaced.values().chain(&edits.added) {
            if let Some(Place { slot, .. }) = self.place(row) {
                by_file.entry(&slot.file).or_default().insert(slot, Some(row.value.clone()));
            }
        }
        for slot in edits.orphans.iter().filter_map(|&orphan| self.orphan_slots.get(orphan)) {
            by_file.entry(&slot.file).or_default().insert(slot, None);
        }
        let edit = |(name, changes): (&str, BTreeMap<&Slot, Option<String>>)| {
            let (file, definition) = self.files.get(name)?;
            let edited = change::put(&file.text, definition, &changes);
            (!edited.is_empty()).then_some((file, edited))
        };
        by_file.into_iter().filter_map(edit).collect()
    }

    fn place(&self, row: &GoldenRow) -> Option<&Place> {
        self.places.get(&(row.metric.clone(), row.point.clone()))
    }

    fn row(&self, metric: &str, point: &PointName, place: &Place) -> Option<GoldenRow> {
        let Place { slot, gated } = place;
        let (_, definition) = self.files.get(&slot.file)?;
        let number = definition.goldens.get(&(slot.field, slot.key.clone()))?;
        Some(GoldenRow {
            metric: metric.to_owned(),
            point: point.clone(),
            value: number.text.clone(),
            unit: slot.field.unit().map(str::to_owned),
            line: None,
            tolerance: self.tolerance(slot, *gated),
        })
    }

    /// Returns what the factor of the file allows.
    fn tolerance(&self, slot: &Slot, gated: bool) -> Option<Tolerance> {
        let (_, definition) = self.files.get(&slot.file)?;
        let above = definition.factor(slot.field, slot.key.as_deref())?.checked_sub(Decimal::ONE)?;
        let side = if gated { Side::Worse } else { Side::Both };
        Some(Tolerance { relative: Some(Share(above)), absolute: None, side })
    }

    /// Says that a place has no golden.
    fn gap(&self, slot: &Slot) -> String {
        match self.files.get(&slot.file) {
            None => format!("there is no file `{}` for its golden", slot.file),
            Some((file, _)) => format!("`{}` has no `{}`", file.shown, slot.path()),
        }
    }

    /// Returns a number as the goldens beside it are written: with a point, where those have one.
    fn written(&self, slot: &Slot, number: Decimal) -> String {
        let text = number.to_string();
        let goldens = self.files.get(&slot.file).map(|(_, definition)| &definition.goldens);
        let beside = goldens.into_iter().flatten().filter(|((field, _), _)| *field == slot.field);
        let own = goldens.and_then(|goldens| goldens.get(&(slot.field, slot.key.clone())));
        let has_point = match own {
            Some(own) => own.text.contains('.'),
            None => beside.clone().count() > 0 && beside.into_iter().all(|(_, number)| number.text.contains('.')),
        };
        if has_point && !text.contains(['.', 'e']) { format!("{text}.0") } else { text }
    }
}

impl GoldenHolder for IreeGoldens {
    fn table(&self) -> &Table {
        &self.table
    }

    fn fit(&self, row: GoldenRow) -> Result<GoldenRow, String> {
        let Some(Place { slot, gated }) = self.place(&row) else { return Err(self.table.gap(&row.metric, &row.point)) };
        if !self.files.contains_key(&slot.file) {
            return Err(format!("{}: write its definition first", self.gap(slot)));
        }
        let Ok(number) = row.value.trim().parse::<Decimal>() else {
            return Err(format!("`{}` holds numbers, and it is a text", slot.field.name()));
        };
        let number = match (&row.unit, slot.field.unit()) {
            (Some(own), Some(unit)) => convert(number, own, unit).map_err(|err| err.to_string())?,
            _ => number,
        };
        if number.is_negative() {
            return Err(format!("{number} is negative, which no `{}` is", slot.field.name()));
        }
        if slot.field.counts() && !number.is_integer() {
            return Err(format!("{number} is not a whole number, as `{}` is", slot.field.name()));
        }
        let (value, tolerance) = (self.written(slot, number), self.tolerance(slot, *gated));
        Ok(GoldenRow { value, unit: slot.field.unit().map(str::to_owned), tolerance, ..row })
    }

    fn after(&self, edits: &Edits) -> Table {
        let mut table = self.table.after(edits);
        // Rows that share a golden change together.
        let changed = edits.replaced.values().chain(&edits.added);
        let values: HashMap<&Slot, &GoldenRow> =
            changed.filter_map(|row| Some((&self.place(row)?.slot, row))).collect();
        let mut shared = Vec::new();
        for ((metric, point), Place { slot, .. }) in &self.places {
            if let Some(row) = values.get(slot) {
                shared.push(GoldenRow { metric: metric.clone(), point: point.clone(), ..(*row).clone() });
            }
        }
        table.replace(shared);
        table
    }

    fn clashes(&self, edits: &Edits) -> Vec<Clash> {
        let mut first: HashMap<&Slot, &GoldenRow> = HashMap::new();
        let mut clashes = Vec::new();
        for row in edits.replaced.values().chain(&edits.added) {
            let Some(Place { slot, .. }) = self.place(row) else { continue };
            let other = *first.entry(slot).or_insert(row);
            if other.value != row.value {
                let (point, other) = (other.point.clone(), row.point.clone());
                clashes.push(Clash { metric: row.metric.clone(), point, other });
            }
        }
        clashes
    }

    fn orphans(&self) -> &[Orphan] {
        &self.orphans
    }
}

/// Reads the files, and holds what is wanted of them against what they are.
fn definitions(
    source: &IreeJson,
    files: Vec<IreeFile>,
    used: &BTreeSet<&Slot>,
) -> Result<BTreeMap<String, (IreeFile, Definition)>, Problems> {
    let mut read = BTreeMap::new();
    let mut wrong = Problems { list: Vec::new(), sources: Sources::default() };
    for file in files {
        let needed: Vec<&&Slot> = used.iter().filter(|slot| slot.file == file.name).collect();
        match Definition::read(&file.shown, &file.text) {
            Ok(definition) => {
                wrong_forms(&file, &definition, &needed, &mut wrong);
                read.insert(file.name.clone(), (file, definition));
            }
            // Another kind of file may have a name like those with goldens.
            Err(_) if needed.is_empty() && !names_a_golden(source, &file) => {}
            Err(problems) => add(&mut wrong, problems),
        }
    }
    if wrong.list.is_empty() { Ok(read) } else { Err(wrong) }
}

/// Tells whether a text that is no definition looks as if it had goldens of this suite.
fn names_a_golden(source: &IreeJson, file: &IreeFile) -> bool {
    let mut own = source.files.iter().filter(|files| places::may_be(files, &file.name));
    let named = |field: &IreeField| file.text.contains(&format!("\"{}\"", field.name()));
    own.any(|files| files.fields.iter().any(|(_, _, field)| named(field)))
}

/// Puts problems with their own files behind others.
fn add(all: &mut Problems, problems: Problems) {
    for problem in problems.list {
        let span = problem.span.and_then(|span| {
            let source = problems.sources.get(span.file)?;
            Some(Span { file: all.sources.add(source.name.clone(), source.text.clone()), ..span })
        });
        all.list.push(Problem { span, ..problem });
    }
}

/// Tells where a golden is wanted of a kind of file that has none of that key, or has it in another shape.
fn wrong_forms(file: &IreeFile, definition: &Definition, needed: &[&&Slot], wrong: &mut Problems) {
    let mut told = BTreeSet::new();
    for Slot { field, key, .. } in needed.iter().copied().copied() {
        let (message, hint) = match definition.has_map(*field) {
            Some(is_map) if is_map == key.is_some() => continue,
            Some(true) => {
                (format!("`{}` is a map here", field.name()), Some("say in `files` which `key` it goes by".to_owned()))
            }
            Some(false) => {
                let hint = "give these files an item of their own in `files`, without `key`".to_owned();
                (format!("`{}` is one number here", field.name()), Some(hint))
            }
            None => {
                let own = IreeField::ALL.into_iter().filter(|field| definition.has_map(*field).is_some());
                let own: Vec<&str> = own.map(IreeField::name).collect();
                let hint = did_you_mean(field.name(), own.iter().copied());
                (format!("{} has no `{}`", definition.words(), field.name()), hint)
            }
        };
        if told.insert(message.clone()) {
            let file = wrong.sources.add(file.shown.clone(), file.text.clone());
            let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
            let place = definition
                .root
                .get(field.name())
                .map_or(definition.root.span.start..definition.root.span.start + 1, |node| node.span.clone());
            let span = Span { file, start: at(place.start), end: at(place.end) };
            wrong.list.push(Problem::at(span, message).maybe_hint(hint));
        }
    }
}

/// Returns the goldens in the files that are of a place of this suite, and of no planned point and no profile.
fn orphans(
    suite: &Suite,
    source: &IreeJson,
    files: &BTreeMap<String, (IreeFile, Definition)>,
    used: &BTreeSet<&Slot>,
) -> Vec<(Slot, Orphan)> {
    let mut orphans = Vec::new();
    for (name, (file, definition)) in files {
        for (&(field, ref key), number) in &definition.goldens {
            let slot = Slot { file: name.clone(), field, key: key.clone() };
            let may_be = |files: &&IreeFiles| places::may_be(files, name) && places::may_have(files, key.as_deref());
            let mut own = source.files.iter().filter(may_be).filter_map(|files| {
                let (stage, metric, _) = files.fields.iter().find(|(_, _, own)| *own == field)?;
                Some((files, *stage, *metric))
            });
            let Some((_, stage, metric)) = own.clone().next().filter(|_| !used.contains(&slot)) else { continue };
            if own.any(|(files, ..)| places::only_in_a_profile(suite, files, &slot)) {
                continue;
            }
            let mut sources = Sources::default();
            let file_index = sources.add(file.shown.clone(), file.text.clone());
            let start = u32::try_from(number.span.start).unwrap_or(u32::MAX);
            let place = sources.place(Span { file: file_index, start, end: start });
            let row = GoldenRow {
                metric: full_name(suite, stage, metric),
                point: PointName::new(format!("{name} {}", slot.path())),
                value: number.text.clone(),
                unit: field.unit().map(str::to_owned),
                line: None,
                tolerance: None,
            };
            orphans.push((slot, orphan(row, &place)));
        }
    }
    orphans
}

fn full_name(suite: &Suite, stage: StageIndex, metric: usize) -> String {
    let stage = &suite.stages[stage];
    let Metric { name, .. } = &stage.metrics[metric];
    format!("{}.{name}", stage.name)
}

fn orphan(row: GoldenRow, place: &str) -> Orphan {
    let finding = GoldenFinding {
        golden: Some(as_written(&row)),
        metric: row.metric.clone(),
        point: row.point.clone(),
        verdict: GoldenVerdict::Orphan,
        value: None,
        unit: row.unit.clone(),
        golden_unit: None,
        deviation: None,
        tolerance: String::new(),
        message: format!(
            "no task is planned that it is the golden of: delete it, or mend `files` of `goldens` ({place})"
        ),
    };
    Orphan { row, finding }
}

#[cfg(test)]
mod tests;
