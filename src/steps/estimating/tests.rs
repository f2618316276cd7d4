//! Estimates of whole tables against those made record by record with `csv`.

use super::columns::Columns;
use super::{Estimated, EstimatedFile, Table, header_line};
use crate::fit::estimate::tests::rests_on;
use crate::fit::estimate::{Architecture, Batch, Estimator, Formula};
use crate::fit::{ParamSet, Params, Ratios, RestsOn, predicates};
use crate::steps::StepError;
use crate::steps::estimating_input::{Header, Input, fill, trim};
use csv::{ByteRecord, Position, Reader, ReaderBuilder, Terminator, Writer};
use proptest::prelude::*;
use std::path::Path;

const WEIGHTS: [(&str, f32); 2] = [("ublock_weight", 10.0), ("tile_weight", 5.0)];

/// Returns an estimator that knows what `exp` rests on, not so `nop`, and of `abs` what is no longer true.
fn estimator() -> Estimator {
    let set = |rests_on: Option<RestsOn>| ParamSet {
        key: "base".to_owned(),
        predicates: predicates("base").unwrap(),
        values: WEIGHTS.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
        rests_on: rests_on.map(Box::new),
    };
    let known = |tile: f64| set(Some(rests_on(tile, Some(Ratios { low: 0.9, middle: 1.0, high: 1.2 }))));
    let sets = [("nop", set(None)), ("exp", known(5.0)), ("abs", known(6.0))];
    let params = Params { ops: sets.map(|(op, set)| (op.to_owned(), vec![set])).to_vec() };
    let versions = vec![params.clone(), params];
    Estimator::new(vec![Architecture { name: "wormhole_b0".to_owned(), versions }])
}

/// How a table is read: bytes of a chunk, and threads.
type Way = (usize, usize);

/// Estimates a table, a chunk at a time.
fn estimate(bytes: &[u8], intervals: bool, (chunk, threads): Way) -> Result<(Vec<u8>, Estimated), StepError> {
    let path = Path::new("operations.csv");
    let mut written = Vec::new();
    let (header, input) = Input::of(bytes, path, chunk)?;
    let table = Table { path, header, input, threads };
    let EstimatedFile { rows, .. } = table.estimate(&estimator(), Formula::Best, intervals, &mut written)?;
    Ok((written, rows))
}

fn estimates(bytes: &[u8], intervals: bool, way: Way) -> (Vec<u8>, Estimated) {
    estimate(bytes, intervals, way).unwrap()
}

fn reader(bytes: &[u8]) -> Reader<&[u8]> {
    // With `\r\n` as an end, a `\r` alone would be one too.
    ReaderBuilder::new().terminator(Terminator::Any(b'\n')).flexible(true).from_reader(bytes)
}

/// Estimates a table record by record: what the rest of the code is held against.
fn one_by_one(bytes: &[u8], intervals: bool) -> (Vec<u8>, Estimated) {
    let estimator = estimator();
    let path = Path::new("operations.csv");
    let mut rows = reader(bytes);
    let header = Header { names: rows.headers().unwrap().iter().map(|name| name.trim().to_owned()).collect() };
    let columns = Columns::of(&header, path, estimator.devices()).unwrap();
    let mut batch = Batch::new(&estimator, Formula::Best);
    let mut estimated = Estimated::default();
    let mut writer = Writer::from_writer(header_line(&header, intervals).unwrap());
    // Where the last cell never ends, nothing can follow it.
    let records = |bytes: &[u8]| reader(bytes).into_byte_records().count();
    let open = records(bytes) == records(&[bytes, b"\nend"].concat());
    let mut left = records(bytes);
    for read in rows.into_byte_records() {
        let read = read.unwrap();
        left -= 1;
        estimated.rows += 1;
        let line = line_of(read.position().unwrap(), bytes);
        let mut record = ByteRecord::new();
        let whole = fill(&mut record, read.iter(), columns.width, open && left == 0);
        let described = whole.and_then(|()| columns.descriptor(&record));
        let predicted = described.and_then(|descriptor| {
            if columns.lacks_version(&record) {
                estimated.note_unversioned(&estimator, descriptor.architecture);
            }
            batch.predict(&descriptor).map_err(|error| columns.explain(&record, &error))
        });
        trim(&mut record);
        let (cells, more) = match predicted {
            Ok(predicted) => {
                let mut outside = String::new();
                estimated.note_trust(line, &predicted, &mut outside);
                estimated.note_size(predicted.cycles);
                let ends = predicted.interval();
                let low = ends.map_or_else(String::new, |(low, _)| low.floor().to_string());
                let high = ends.map_or_else(String::new, |(_, high)| high.ceil().to_string());
                ([predicted.cycles.to_string(), String::new()], [low, high, outside])
            }
            Err(why) => {
                estimated.refuse(line, why.clone());
                ([String::new(), why], Default::default())
            }
        };
        cells.iter().chain(more.iter().filter(|_| intervals)).for_each(|cell| record.push_field(cell.as_bytes()));
        writer.write_byte_record(&record).unwrap();
    }
    estimated.stand_ins = batch.take_stand_ins();
    (writer.into_inner().unwrap(), estimated)
}

/// Returns the line of a record; to `csv`, empty lines before it are a part of it.
fn line_of(position: &Position, bytes: &[u8]) -> u64 {
    let empty = bytes[position.byte() as usize..].iter().take_while(|byte| **byte == b'\n').count();
    position.line() + empty as u64
}

fn shown(written: &[u8]) -> String {
    String::from_utf8_lossy(written).into_owned()
}

#[test]
fn by_hand() {
    let rows = b"\n\xef\xbb\xbftype, arch,t,mblock_m,mblock_n,ublock_rt,ublock_ct,math_fidelity,data_format,note\n\
        exp,wormhole_b0,1,1,2,2,2,HiFi2,Float16,plain\r\n\n\
        exp ,wormhole_b0,1,1,2,2,2,HiFi2,Float16,\"a, \"\"b\"\"\"\n\
        exp,wormhole_b0,1,5,2,2,2,HiFi2,Float16,\"two\nlines\"\n\
        exp,wormhole_b0,1,x,2,2,2,HiFi2,Float16,a b\n\
        exp,wormhole_b0,1\n\
        log,wormhole_b0,2,1,1,1,1,HiFi2,Float16,";
    let (written, estimated) = estimates(rows, true, (16, 2));
    let expected = "type,arch,t,mblock_m,mblock_n,ublock_rt,ublock_ct,math_fidelity,data_format,note,estimate,error,low,high,outside\n\
        exp,wormhole_b0,1,1,2,2,2,HiFi2,Float16,plain,60,,53,73,\n\
        exp,wormhole_b0,1,1,2,2,2,HiFi2,Float16,\"a, \"\"b\"\"\",60,,53,73,\n\
        exp,wormhole_b0,1,5,2,2,2,HiFi2,Float16,\"two\nlines\",300,,268,361,ublock_weight tile_weight\n\
        exp,wormhole_b0,1,x,2,2,2,HiFi2,Float16,a b,,\"`mblock_m` is `x`, and a whole number is wanted\",,,\n\
        exp,wormhole_b0,1,,,,,,,,,\"the row has 3 cells, the header 10\",,,\n\
        log,wormhole_b0,2,1,1,1,1,HiFi2,Float16,,30,,,,\n";
    assert_eq!(shown(&written), expected);
    let named = |list: &[(u64, &str)]| list.iter().map(|(line, why)| (*line, (*why).to_owned())).collect();
    let expected = Estimated {
        rows: 6,
        refused: named(&[
            (8, "`mblock_m` is `x`, and a whole number is wanted"),
            (9, "the row has 3 cells, the header 10"),
        ]),
        refused_rows: 2,
        stand_ins: ["log".to_owned()].into(),
        unversioned: [("wormhole_b0".to_owned(), 2)].into(),
        cut_rows: 0,
        outside: named(&[(
            6,
            "`ublock_weight` is 10, and the fit saw 1 to 8, `tile_weight` is 40, and the fit saw 1 to 32",
        )]),
        outside_rows: 1,
        unknown: ["nop/base".to_owned()].into(),
        stale: [].into(),
        unlike: [].into(),
        wrapped_rows: 0,
    };
    assert_eq!(estimated, expected);
    // With the mark of UTF-8 where it belongs, and in one chunk, nothing is else.
    assert_eq!(estimates(&rows[1..], true, (1 << 20, 1)).0, written);
}

#[test]
fn a_table_without_rows_is_one() {
    let header = b"type,arch,estimate,error\n".to_vec();
    for text in ["type,arch", "type,arch\n", "\n\n\"type\",arch\r\n\n\n"] {
        assert_eq!(estimates(text.as_bytes(), false, (1, 3)), (header.clone(), Estimated::default()), "{text:?}");
    }
    let refused = |text: &str| estimate(text.as_bytes(), false, (4, 1)).unwrap_err().to_string();
    assert_eq!(refused(""), "operations.csv: there is no column `arch`");
    assert_eq!(refused("\n\n"), "operations.csv: there is no column `arch`");
    assert_eq!(refused("\n\narch\n\"\n\n"), "operations.csv: there is no column `type` or `op`");
}

/// The columns of tables, what stands in them, and what stands in some of them by mistake.
const COLUMNS: [(&str, &[&str]); 15] = [
    ("note", &["", "a", "a b", "b\u{e4}r"]),
    ("type", &["exp", "abs", "nop", "log", "exp"]),
    ("arch", &["wormhole_b0"]),
    ("version", &["1", "2", ""]),
    ("data_format", &["Float16", "Bfp8_b", "Float32"]),
    ("math_fidelity", &["HiFi2", "LoFi"]),
    ("t", &["1", "", "2", "16777216"]),
    ("mblock_m", &["1", "2", "3", "007"]),
    ("mblock_n", &["1", "2", "+4"]),
    ("ublock_rt", &["1", "2"]),
    ("ublock_ct", &["1", "2"]),
    ("sparse_nz_strips", &["-1", "", "3"]),
    ("approx_mode", &["", "0", "false"]),
    ("vector_mode", &["", "rc", "r"]),
    ("op_attr", &["", "z"]),
];
const MISTAKES: [&str; 14] =
    ["", "-1", "0", "x", "00", "True", "123456789", "4294967296", "1.5", "2.0", "nan", "expp", "\u{a0}", "\u{a0}1"];

/// How a cell is written: what stands before its text and behind it.
const UNUSUAL: [(&[u8], &[u8]); 19] = [
    (b"\"", b"\""),
    (b" ", b"\t"),
    (b"\"", b"\n\""),
    (b"\"\"\"", b",\""),
    (b"", b"\""),
    (b"", b"\xff"),
    (b"\x0b", b""),
    (b"", b"\r"),
    (b"\"", b""),
    (b"\"", b"\"x"),
    (b"\xef\xbb\xbf", b""),
    (b"\"", b"\r\""),
    (b"\"", b"\"\r"),
    (b"\" ", b"\""),
    (b"\"", b"\" "),
    (b" \"", b"\""),
    (b"\"a,", b",b\""),
    (b"\"a,", b"\"b\""),
    (b"\"\"", b"\"\""),
];

/// Which of these a cell is, and what it is otherwise.
fn cell(text: &str, style: u8, usual: (&[u8], &[u8])) -> Vec<u8> {
    let (before, after) = *UNUSUAL.get(usize::from(style)).unwrap_or(&usual);
    [before, text.as_bytes(), after].concat()
}

/// A line: for each cell which text and style, how many cells there are, how the line ends.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let cells = prop::collection::vec((any::<u8>(), any::<u8>()), COLUMNS.len() + 1);
    let count = prop_oneof![12 => Just(COLUMNS.len()), 1 => 0..COLUMNS.len() + 2];
    let end = prop_oneof![12 => Just("\n"), 2 => Just("\r\n"), 1 => Just("\n\n"), 1 => Just("\n\r\n")];
    let quotes = prop_oneof![Just(["", ""]), Just(["\"", "\""]), Just(["\"", ""])];
    // Most lines have no mistakes.
    (cells, count, end, quotes, prop::bool::weighted(0.3)).prop_map(|(cells, count, end, quotes, broken)| {
        let cells = cells.iter().take(count).enumerate().map(|(column, (text, style))| {
            let texts = COLUMNS.get(column).map_or(["more"].as_slice(), |(_, texts)| *texts);
            let quote = quotes[column % 2].as_bytes();
            let usual = |text: &str, style: u8| cell(text, style, (quote, quote));
            match broken {
                true if *text >= 240 => usual(MISTAKES[usize::from(*text) % MISTAKES.len()], *style),
                true => usual(texts[usize::from(*text) % texts.len()], *style),
                // What nobody reads may be written in any way.
                false if column == 0 => usual(texts[usize::from(*text) % texts.len()], *style % 32),
                false => usual(texts[usize::from(*text) % texts.len()], u8::MAX),
            }
        });
        [cells.collect::<Vec<_>>().join(b",".as_slice()), end.as_bytes().to_vec()].concat()
    })
}

proptest! {
    #[test]
    fn as_record_by_record(
        lines in prop::collection::vec(line(), 0..30),
        (chunk, threads) in (1usize..600, 1usize..4),
        intervals in any::<bool>(),
        (mark, cut) in (any::<bool>(), any::<bool>()),
    ) {
        let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
        let mark = if mark { "\u{feff}" } else { "" };
        let mut bytes = format!("{mark}{}\n", names.join(",")).into_bytes();
        bytes.extend(lines.concat());
        if cut {
            bytes.pop();
        }
        let (written, estimated) = estimates(&bytes, intervals, (chunk, threads));
        let (expected, sums) = one_by_one(&bytes, intervals);
        prop_assert!(written == expected, "{}\nexpected\n{}", shown(&written), shown(&expected));
        prop_assert_eq!(estimated, sums);
    }
}
