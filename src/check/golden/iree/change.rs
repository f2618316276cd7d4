//! Goldens written into the text of a definition: a number in the place of another, a key in the style of those
//! around it, or a key less. All other bytes stay.

use super::definition::Definition;
use super::json::{Member, Node, quote};
use super::places::Slot;
use crate::check::golden::edited::Edited;
use crate::suite::IreeField;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Puts numbers, as they are to be written, into a text; none: the golden goes, with its key.
pub(super) fn put(text: &str, definition: &Definition, changes: &BTreeMap<&Slot, Option<String>>) -> Edited {
    let style = Style::of(text, &definition.root);
    let mut splices: Vec<(Range<usize>, String)> = Vec::new();
    let mut maps: BTreeMap<IreeField, Members<'_>> = BTreeMap::new();
    let mut root = Members::default();
    for (slot, new) in changes {
        let old = definition.goldens.get(&(slot.field, slot.key.clone()));
        let (members, key) = match &slot.key {
            Some(key) => (maps.entry(slot.field).or_default(), key.as_str()),
            None => (&mut root, slot.field.name()),
        };
        match (old, new) {
            (Some(old), Some(new)) if old.text == *new => {}
            (Some(old), Some(new)) => splices.push((old.span.clone(), new.clone())),
            (Some(_), None) => members.removed.extend([key]),
            (None, Some(new)) => members.added.push((key.to_owned(), new.clone())),
            (None, None) => {}
        }
    }
    for (field, members) in maps {
        match definition.root.get(field.name()) {
            Some(map) => splices.extend(style.change(map, &members, 1)),
            None if members.added.is_empty() => {}
            None => root.added.push((field.name().to_owned(), style.map(&members.added, 1))),
        }
    }
    splices.extend(style.change(&definition.root, &root, 0));
    splices.sort_by_key(|(range, _)| range.start);
    Edited::spliced(text, &splices)
}

/// What changes of the keys of an object.
#[derive(Default)]
struct Members<'s> {
    removed: BTreeSet<&'s str>,
    /// New keys with their values, as they are to be written.
    added: Vec<(String, String)>,
}

/// How a file is laid out.
struct Style<'t> {
    text: &'t str,
    line_end: &'static str,
    /// What stands before a key on its line, one level deep; none if everything is on one line.
    indent: Option<&'t str>,
    /// What stands between a key and its value.
    colon: &'t str,
}

impl<'t> Style<'t> {
    fn of(text: &'t str, root: &Node) -> Style<'t> {
        let first = root.members().and_then(|members| members.first());
        let before = first.map(|first| &text[root.span.start + 1..first.key_span.start]);
        Style {
            text,
            line_end: if text.contains("\r\n") { "\r\n" } else { "\n" },
            indent: before.and_then(|before| before.rsplit_once('\n')).map(|(_, indent)| indent),
            colon: first.map_or(": ", |first| &text[first.key_span.end..first.value.span.start]),
        }
    }

    /// Returns what makes an object lose members, and have further ones at its end. `depth` is how deep in the file the
    /// object is.
    fn change(&self, object: &Node, change: &Members<'_>, depth: usize) -> Vec<(Range<usize>, String)> {
        let Members { removed, added } = change;
        let members = object.members().unwrap_or_default();
        let goes = |member: &Member| removed.contains(member.key.as_str());
        if !members.is_empty() && members.iter().all(goes) {
            let left = if added.is_empty() { "{}".to_owned() } else { self.map(added, depth) };
            return vec![(object.span.clone(), left)];
        }
        let mut splices = Vec::new();
        let mut start = 0;
        while let Some(first) = members[start..].iter().position(goes).map(|first| start + first) {
            let end = members[first..].iter().position(|member| !goes(member)).map_or(members.len(), |end| first + end);
            // Up to the next key; behind the last, from the end of the one before.
            let range = match members.get(end) {
                Some(next) => members[first].key_span.start..next.key_span.start,
                None => members[first - 1].value.span.end..members[end - 1].value.span.end,
            };
            splices.push((range, String::new()));
            start = end;
        }
        splices.extend(self.append(object, added, depth));
        splices
    }

    /// Returns what makes an object have further members at its end.
    fn append(&self, object: &Node, entries: &[(String, String)], depth: usize) -> Option<(Range<usize>, String)> {
        let members = object.members().filter(|_| !entries.is_empty())?;
        let Some(last) = members.last() else {
            return Some((object.span.clone(), self.map(entries, depth)));
        };
        let between = self.between(object, members);
        let colon = &self.text[last.key_span.end..last.value.span.start];
        let end = last.value.span.end;
        let new = entries.iter().map(|(key, value)| format!("{between}{}{colon}{value}", quote(key)));
        Some((end..end, new.collect()))
    }

    /// Returns what stands between two members.
    fn between(&self, object: &Node, members: &[Member]) -> String {
        match members {
            [.., one, other] => self.text[one.value.span.end..other.key_span.start].to_owned(),
            [one] => format!(",{}", &self.text[object.span.start + 1..one.key_span.start]),
            [] => ",".to_owned(),
        }
    }

    /// Returns a new object.
    fn map(&self, entries: &[(String, String)], depth: usize) -> String {
        let line = |depth: usize| {
            self.indent.map_or(String::new(), |indent| format!("{}{}", self.line_end, indent.repeat(depth)))
        };
        let between = if self.indent.is_none() { ", ".to_owned() } else { format!(",{}", line(depth + 1)) };
        let entries: Vec<String> =
            entries.iter().map(|(key, value)| format!("{}{}{value}", quote(key), self.colon)).collect();
        format!("{{{}{}{}}}", line(depth + 1), entries.join(&between), line(depth))
    }
}
