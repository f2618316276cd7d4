//! `record.json`: a record as a file for other programs, one row a line.

use super::StepError;
use crate::outside::durable::Draft;
use crate::outside::history::{PackedRecord, RecordPacker};
use crate::record::RunRecord;
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;
use std::io::{self, BufWriter, IntoInnerError, Write};
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::mpsc::{self, SyncSender};
use std::thread;

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

/// Writes a record as [`write_record`] does, and packs it for the history with the same effort. One may fail without
/// the other.
pub(super) fn write_and_pack(path: &Path, record: &RunRecord) -> (Result<(), StepError>, io::Result<PackedRecord>) {
    let failed = StepError::disk("write", path);
    let (mut draft, created) = match Draft::create(path.parent().unwrap_or(Path::new(".")), 0o666) {
        Ok(draft) => (Some(draft), Ok(())),
        Err(error) => (None, Err(error)),
    };
    let file = draft.as_mut().map(|draft| draft.file().try_clone()).and_then(Result::ok);
    let (more, grown) = mpsc::sync_channel(1);
    let both = Both { draft, written: created, packer: RecordPacker::default(), unsynced: 0, more };
    let (both, synced) = thread::scope(|scope| {
        // The disk works while the record is still being written, so that little is left for the end.
        let synced = file.map(|file| scope.spawn(move || grown.iter().try_for_each(|()| file.sync_data())));
        let mut both = BufWriter::with_capacity(1 << 18, both);
        let packed = lines(record, &mut both).and_then(|()| both.into_inner().map_err(IntoInnerError::into_error));
        let packed = packed.map(|Both { draft, written, packer, unsynced: _, more: _ }| (draft, written, packer));
        let synced = synced.map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        (packed, synced.unwrap_or(Ok(())))
    });
    match both {
        Ok((draft, written, packer)) => {
            let kept = written.and(synced).and_then(|()| draft.map_or(Ok(()), |draft| draft.publish(path)));
            (kept.map_err(failed), packer.finish())
        }
        Err(error) => (write_record(path, record), Err(error)),
    }
}

/// Bytes of a file after which they are brought to the disk.
const AHEAD: usize = 16 << 20;

/// A draft and a packer that get the same.
struct Both {
    draft: Option<Draft>,
    /// How the draft fares: nothing is written after the first failure.
    written: io::Result<()>,
    packer: RecordPacker,
    /// Bytes that nobody was asked to bring to the disk.
    unsynced: usize,
    /// Asks for it.
    more: SyncSender<()>,
}

impl Write for Both {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        if let (Some(draft), Ok(())) = (&mut self.draft, &self.written) {
            self.written = draft.file().write_all(text);
            self.unsynced += text.len();
            if self.unsynced >= AHEAD && self.more.try_send(()).is_ok() {
                self.unsynced = 0;
            }
        }
        self.packer.write(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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

    #[test]
    fn packing_beside_writing_changes_neither() {
        let folder = tempfile::tempdir().unwrap();
        let suite = sample::suite(&["size:s=1 2"], vec![sample::stage("sim", &[0], vec![sample::metric("freq")])]);
        let mut record = sample::record(&suite, "a");
        for size in 0..5000 {
            sample::plan(&mut record, &suite, "sim", &format!("size={size}"), Verdict::Pass, &[("freq", 2.5)]);
        }
        record.tasks[7].message = Some("two\nlines".to_owned());
        let (alone, beside) = (folder.path().join("alone.json"), folder.path().join("beside.json"));
        write_record(&alone, &record).unwrap();
        let (kept, packed) = write_and_pack(&beside, &record);
        kept.unwrap();
        assert!(std::fs::read(&alone).unwrap() == std::fs::read(&beside).unwrap());
        let mut compact = RecordPacker::default();
        compact.write_all(&serde_json::to_vec(&record).unwrap()).unwrap();
        assert_eq!(packed.unwrap(), compact.finish().unwrap());
        // Without a place for the file it is packed all the same.
        let (kept, packed) = write_and_pack(&folder.path().join("nowhere/record.json"), &record);
        assert!(kept.is_err() && packed.is_ok());
    }
}
