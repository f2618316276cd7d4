//! The file format: one JSON object a line.
//!
//! A line is `{"seq":3,"time":"...","kind":"finished",...}`. A torn last line (the writer was killed
//! while writing) is dropped and reported; a broken line elsewhere is an error, since it means that
//! something other than a writer touched the file.

use super::{Event, Header, LEDGER_FORMAT, LEDGER_VERSION, Line};
use crate::value::Timestamp;
use serde::Serialize;
use std::borrow::Cow;
use std::sync::Arc;

/// A ledger file, read.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerFile {
    /// Its first line.
    pub header: Header,
    /// Its events in order.
    pub lines: Vec<Line>,
    /// Bytes of a last line that was not written to its end.
    pub torn: usize,
}

/// Why a ledger file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// It has no complete first line.
    #[error("the ledger `{file}` has no complete header")]
    NoHeader {
        /// The file.
        file: String,
    },
    /// Its first line is not a header of ours.
    #[error("the first line of `{file}` is not a ledger header")]
    BadHeader {
        /// The file.
        file: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// It is another format.
    #[error("`{file}` has the format `{format}`, not `{LEDGER_FORMAT}`")]
    Format {
        /// The file.
        file: String,
        /// What it says.
        format: String,
    },
    /// A line in its middle is broken.
    #[error("line {line} of the ledger `{file}` is broken")]
    BadLine {
        /// The file.
        file: String,
        /// From 1.
        line: usize,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// Its sequence numbers have a gap.
    #[error("line {line} of the ledger `{file}` has the sequence number {found}, not {wanted}")]
    Sequence {
        /// The file.
        file: String,
        /// From 1.
        line: usize,
        /// The number there.
        found: u64,
        /// The next number.
        wanted: u64,
    },
}

impl LedgerError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            LedgerError::NoHeader { .. } => {
                Some("its writer was killed at once; the file may be deleted, it reports nothing".to_owned())
            }
            LedgerError::BadLine { .. } | LedgerError::Sequence { .. } => {
                Some("restore the file from the store, or start over with `--force-clean`".to_owned())
            }
            LedgerError::BadHeader { .. } | LedgerError::Format { .. } => None,
        }
    }
}

/// Returns an event as a line, with its line break.
pub fn encode(line: &Line) -> String {
    match &line.event {
        Event::Started(started) => written(line, "started", started),
        Event::Finished(finished) => written(line, "finished", &**finished),
        Event::Stopped(stopped) => written(line, "stopped", stopped),
        Event::Unknown(value) => format!("{value}\n"),
    }
}

fn written(line: &Line, kind: &str, body: &impl Serialize) -> String {
    #[derive(Serialize)]
    struct Written<'a, T> {
        seq: u64,
        time: Timestamp,
        kind: &'a str,
        #[serde(flatten)]
        body: &'a T,
    }
    let written = Written { seq: line.sequence, time: line.time, kind, body };
    // Events are structs of ours, whose serialization cannot fail.
    let mut text = serde_json::to_string(&written).expect("an event serializes to an object");
    text.push('\n');
    text
}

/// What every line has; the rest is the event's own.
#[derive(serde::Deserialize)]
struct Envelope<'a> {
    seq: u64,
    time: Timestamp,
    kind: Cow<'a, str>,
}

/// Returns the envelope of an event that we know, if it is written as `encode` does: without a look at the
/// rest of the line.
fn envelope_in_front(text: &str) -> Option<Envelope<'_>> {
    let rest = text.strip_prefix("{\"seq\":")?;
    let (sequence, rest) = rest.split_once(",\"time\":\"")?;
    let (time, rest) = rest.split_once("\",\"kind\":\"")?;
    let (kind, _) = rest.split_once('"')?;
    let kind = Some(kind).filter(|kind| matches!(*kind, "started" | "finished" | "stopped"))?;
    Some(Envelope { seq: sequence.parse().ok()?, time: time.parse().ok()?, kind: Cow::Borrowed(kind) })
}

/// Reads one line after the header.
pub fn parse_line(text: &str) -> serde_json::Result<Line> {
    let Envelope { seq, time, kind } = match envelope_in_front(text) {
        Some(envelope) => envelope,
        None => serde_json::from_str(text)?,
    };
    let event = match &*kind {
        "started" => Event::Started(serde_json::from_str(text)?),
        "finished" => Event::Finished(Arc::new(serde_json::from_str(text)?)),
        "stopped" => Event::Stopped(serde_json::from_str(text)?),
        _ => Event::Unknown(serde_json::from_str(text)?),
    };
    Ok(Line { sequence: seq, time, event })
}

/// Reads a ledger file; `file` names it in errors.
pub fn parse_file(file: &str, bytes: &[u8]) -> Result<LedgerFile, LedgerError> {
    let complete = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let torn = bytes.len() - complete;
    let text = String::from_utf8_lossy(&bytes[..complete]);
    let mut rows = text.lines();
    let first = rows.next().ok_or_else(|| LedgerError::NoHeader { file: file.to_owned() })?;
    let header: Header =
        serde_json::from_str(first).map_err(|source| LedgerError::BadHeader { file: file.to_owned(), source })?;
    if header.format != LEDGER_FORMAT {
        return Err(LedgerError::Format { file: file.to_owned(), format: header.format });
    }
    let mut lines = Vec::new();
    for (index, row) in rows.enumerate() {
        let number = index + 2;
        let line = match parse_line(row) {
            Ok(line) => line,
            // A newer version may have changed an event that we know.
            Err(_) if header.version > LEDGER_VERSION => continue,
            Err(source) => return Err(LedgerError::BadLine { file: file.to_owned(), line: number, source }),
        };
        let wanted = index as u64 + 1;
        if line.sequence != wanted {
            return Err(LedgerError::Sequence { file: file.to_owned(), line: number, found: line.sequence, wanted });
        }
        lines.push(line);
    }
    Ok(LedgerFile { header, lines, torn })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Attempt, MeasuredValue, Started, Stopped};
    use crate::value::{Digest, RunId};

    fn header() -> Header {
        Header {
            format: LEDGER_FORMAT.to_owned(),
            version: LEDGER_VERSION,
            plan: Digest::of(b"plan"),
            run: RunId::new("r"),
            shard: 1,
            generation: 1,
            writer: "w".to_owned(),
            time: Timestamp::from_milliseconds(0),
            shmoo: "0.1.0".to_owned(),
            machine: [("cpu".to_owned(), "x".to_owned())].into(),
            tools: Default::default(),
            part: None,
        }
    }

    fn file(events: &[Event]) -> String {
        let mut text = format!("{}\n", serde_json::to_string(&header()).unwrap());
        for (index, event) in events.iter().enumerate() {
            let time = Timestamp::from_milliseconds(5);
            text += &encode(&Line { sequence: index as u64 + 1, time, event: event.clone() });
        }
        text
    }

    fn started() -> Event {
        Event::Started(Started { task: "run/base".parse().unwrap(), attempt: Attempt { generation: 1, number: 1 } })
    }

    #[test]
    fn events_come_back() {
        let events = [started(), Event::Stopped(Stopped { reason: "SIGTERM".to_owned() })];
        let text = file(&events);
        assert!(
            text.contains(r#"{"seq":1,"time":"1970-01-01T00:00:00.005Z","kind":"started","task":"run/base""#),
            "{text}"
        );
        let read = parse_file("x", text.as_bytes()).unwrap();
        assert_eq!(read.lines.iter().map(|line| line.event.clone()).collect::<Vec<_>>(), events);
        assert_eq!((read.header, read.torn), (header(), 0));
    }

    #[test]
    fn the_keys_of_a_line_may_stand_in_any_order() {
        let line = Line { sequence: 7, time: Timestamp::from_milliseconds(5), event: started() };
        let text = encode(&line);
        assert!(envelope_in_front(&text).is_some());
        let swapped = text.replacen(
            r#""seq":7,"time":"1970-01-01T00:00:00.005Z","#,
            r#""time":"1970-01-01T00:00:00.005Z", "seq":7,"#,
            1,
        );
        assert!(swapped != text && envelope_in_front(&swapped).is_none());
        for text in [&text, &swapped] {
            assert_eq!(parse_line(text).unwrap(), line, "{text}");
        }
        for broken in [text.replacen('7', "+7", 1), text.replacen("05Z", "05", 1), text.replace(",\"attempt\"", "")] {
            assert!(parse_line(&broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_torn_last_line_is_dropped_wherever_it_is_torn() {
        let text = file(&[started(), started()]);
        let complete = file(&[started()]).len();
        for end in complete..text.len() {
            let read = parse_file("x", &text.as_bytes()[..end]).unwrap();
            assert_eq!((read.lines.len(), read.torn), (1, end - complete), "cut at {end}");
        }
    }

    #[test]
    fn damage_elsewhere_is_an_error() {
        let text = file(&[started(), started()]);
        let broken = text.replacen("\"seq\":1", "\"seq\":x", 1);
        assert!(matches!(parse_file("x", broken.as_bytes()), Err(LedgerError::BadLine { line: 2, .. })));
        let gap = text.replacen("\"seq\":1", "\"seq\":7", 1);
        assert!(matches!(parse_file("x", gap.as_bytes()), Err(LedgerError::Sequence { found: 7, wanted: 1, .. })));
        assert!(matches!(parse_file("x", b"{\"format\":"), Err(LedgerError::NoHeader { .. })));
        assert!(matches!(parse_file("x", b"{}\n"), Err(LedgerError::BadHeader { .. })));
        let other = text.replacen(LEDGER_FORMAT, "other", 1);
        assert!(matches!(parse_file("x", other.as_bytes()), Err(LedgerError::Format { .. })));
    }

    #[test]
    fn unknown_events_are_kept() {
        let mut text = file(&[]);
        text += "{\"seq\":1,\"time\":\"2026-01-01T00:00:00Z\",\"kind\":\"leased\",\"until\":3}\n";
        let read = parse_file("x", text.as_bytes()).unwrap();
        assert!(matches!(&read.lines[0].event, Event::Unknown(value) if value["until"] == 3));
    }

    #[test]
    fn a_value_is_a_number_or_a_text() {
        let check = |text: &str, expected: Option<MeasuredValue>| {
            assert_eq!(serde_json::from_str::<MeasuredValue>(text).ok(), expected, "{text}");
        };
        check("1.5", Some(MeasuredValue::Number(1.5)));
        check("7", Some(MeasuredValue::Number(7.0)));
        check("-7", Some(MeasuredValue::Number(-7.0)));
        check("18446744073709551615", Some(MeasuredValue::Number(18446744073709551615.0)));
        check("1e300", Some(MeasuredValue::Number(1e300)));
        check(r#""1.5""#, Some(MeasuredValue::Text("1.5".to_owned())));
        check(r#""a\nb""#, Some(MeasuredValue::Text("a\nb".to_owned())));
        for text in ["null", "true", "[1]", "{}"] {
            check(text, None);
        }
    }
}
