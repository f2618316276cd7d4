//! Goldens written into the text of a definition: a number in the place of another, or a key in the style of those
//! around it. All other bytes stay.

use super::definition::Definition;
use super::json::{Member, Node, quote};
use super::places::Slot;
use crate::check::golden::edited::Edited;
use crate::suite::IreeField;
use std::collections::BTreeMap;
use std::ops::Range;

/// Puts numbers, as they are to be written, into a text.
pub(super) fn put(text: &str, definition: &Definition, changes: &BTreeMap<&Slot, String>) -> Edited {
    let style = Style::of(text, &definition.root);
    let mut splices: Vec<(Range<usize>, String)> = Vec::new();
    let mut added: BTreeMap<IreeField, Vec<(Option<&str>, &str)>> = BTreeMap::new();
    for (slot, new) in changes {
        match definition.goldens.get(&(slot.field, slot.key.clone())) {
            Some(old) if old.text == *new => {}
            Some(old) => splices.push((old.span.clone(), new.clone())),
            None => added.entry(slot.field).or_default().push((slot.key.as_deref(), new)),
        }
    }
    let mut members = Vec::new();
    for (field, entries) in added {
        let entry = |(key, value): &(Option<&str>, &str)| Some(((*key)?.to_owned(), (*value).to_owned()));
        let entries_by_key: Vec<(String, String)> = entries.iter().filter_map(entry).collect();
        match (definition.root.get(field.name()), entries.first()) {
            (Some(map), _) => splices.extend(style.append(map, &entries_by_key, 1)),
            (None, Some((None, value))) => members.push((field.name().to_owned(), (*value).to_owned())),
            (None, _) => members.push((field.name().to_owned(), style.map(&entries_by_key, 1))),
        }
    }
    splices.extend(style.append(&definition.root, &members, 0));
    splices.sort_by_key(|(range, _)| range.start);
    Edited::spliced(text, &splices)
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

    /// Returns what makes an object have further members at its end. `depth` is how deep in the file the object is.
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
