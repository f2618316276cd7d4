//! `record.json`: a record as a file for other programs, one row a line.

use super::StepError;
use crate::outside::durable::Draft;
use crate::record::RunRecord;
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Writes a record: whole or not at all.
pub(super) fn write_record(path: &Path, record: &RunRecord) -> Result<(), StepError> {
    let failed = StepError::disk("write", path);
    let mut draft = match Draft::create(path.parent().unwrap_or(Path::new(".")), 0o666) {
        Ok(draft) => draft,
        Err(error) => return Err(failed(error)),
    };
    let written = lines(record, &mut BufWriter::with_capacity(1 << 18, draft.file()));
    written.and_then(|()| draft.publish(path)).map_err(failed)
}

fn lines(record: &RunRecord, out: &mut impl Write) -> io::Result<()> {
    record.serialize(&mut Serializer::with_formatter(&mut *out, Rows::default()))?;
    out.write_all(b"\n")?;
    out.flush()
}

/// JSON with a line for each key of the whole, and for each item of its lists.
#[derive(Default)]
struct Rows {
    depth: usize,
}

impl Rows {
    /// What stands between two items.
    fn between<W: ?Sized + Write>(out: &mut W, first: bool, line: bool) -> io::Result<()> {
        out.write_all(match (first, line) {
            (true, true) => b"\n",
            (true, false) => b"",
            (false, true) => b",\n",
            (false, false) => b",",
        })
    }
}

impl Formatter for Rows {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth += 1;
        out.write_all(b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth -= 1;
        out.write_all(b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        Rows::between(out, first, self.depth == 2)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth += 1;
        out.write_all(b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth -= 1;
        out.write_all(b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        Rows::between(out, first, self.depth == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Verdict;
    use crate::record::sample;

    #[test]
    fn a_record_has_a_line_for_each_row_and_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.json");
        let suite = sample::suite(&["size:s=1 2"], vec![sample::stage("sim", &[0], vec![sample::metric("freq")])]);
        let mut record = sample::record(&suite, "a");
        for at in ["size=1", "size=2"] {
            sample::plan(&mut record, &suite, "sim", at, Verdict::Pass, &[("freq", 2.5)]);
            sample::case(&mut record, &suite, at, Verdict::Pass);
        }
        write_record(&path, &record).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(serde_json::from_str::<RunRecord>(&text).unwrap(), record);
        // The brace, the keys and the rows.
        let keys = 6 + usize::from(record.costs.is_some());
        assert_eq!((record.tasks.len(), record.cases.len(), record.metrics.len()), (2, 2, 2));
        assert_eq!(text.lines().count(), 1 + keys + 6);
        assert!(text.lines().any(|line| line.starts_with("{\"task\":")), "{text}");
    }
}
