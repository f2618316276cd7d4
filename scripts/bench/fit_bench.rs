//! What fits and estimates are made of, for `scripts/bench/fit.sh`.
//!
//!     fit_bench scan TABLE THREADS      reads a table with csv-core and counts its cells
//!     fit_bench bootstrap RESAMPLES     fits 228 rows of 4 features, and draws them again
//!     fit_bench estimates ROWS          estimates products of matrices in memory
//!     fit_bench operations ROWS         prints a table of products of matrices to estimate

#![expect(clippy::disallowed_methods, reason = "a program of its own reads its arguments and the clock")]

use csv_core::{ReadRecordResult, Reader};
use shmoo::config::load_model;
use shmoo::fit::estimate::{Architecture, Batch, Descriptor, Estimator, Formula};
use shmoo::fit::{IntervalMethod, Options, ParamSet, Params, fit, predicates};
use shmoo::stats::Random;
use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::time::Instant;

/// Bytes that are read at a time.
const PIECE: usize = 1 << 19;
/// Runs of what is short; the middle one counts.
const RUNS: usize = 21;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["scan", table, threads] => scan(table, threads.parse()?),
        ["bootstrap", resamples] => bootstrap(resamples.parse()?),
        ["estimates", rows] => estimates(rows.parse()?),
        ["operations", rows] => operations(rows.parse()?),
        _ => Err("usage: fit_bench scan|bootstrap|estimates|operations ARGUMENTS".into()),
    }
}

/// Counts the cells of a table that has no quotes, each thread a part of its lines.
fn scan(table: &str, threads: u64) -> Outcome<()> {
    let size = File::open(table)?.metadata()?.len();
    let borders: Vec<u64> =
        (0..=threads).map(|part| border(table, size, size * part / threads)).collect::<Outcome<_>>()?;
    let counts = std::thread::scope(|scope| -> Outcome<u64> {
        let parts = borders.windows(2).map(|ends| (ends[0], ends[1]));
        let parts: Vec<_> = parts.map(|(from, to)| scope.spawn(move || cells(table, from, to))).collect();
        parts.into_iter().try_fold(0, |sum, part| Ok(sum + part.join().expect("a part does not panic")?))
    })?;
    writeln!(std::io::stdout(), "{counts} cells")?;
    Ok(())
}

/// Returns where the line that a byte is in ends.
fn border(table: &str, size: u64, at: u64) -> Outcome<u64> {
    if at == 0 || at >= size {
        return Ok(at);
    }
    let mut file = File::open(table)?;
    file.seek(SeekFrom::Start(at))?;
    let mut piece = vec![0; 1 << 12];
    let read = file.read(&mut piece)?;
    let end = piece[..read].iter().position(|byte| *byte == b'\n').ok_or("a line is too long")?;
    Ok(at + end as u64 + 1)
}

fn cells(table: &str, from: u64, to: u64) -> Outcome<u64> {
    let mut file = File::open(table)?;
    file.seek(SeekFrom::Start(from))?;
    let mut file = file.take(to - from);
    let (mut piece, mut output, mut ends) = (vec![0; PIECE], vec![0; 1 << 12], vec![0; 64]);
    let mut reader = Reader::new();
    let mut cells = 0;
    loop {
        let read = file.read(&mut piece)?;
        let mut input = &piece[..read];
        loop {
            let (result, taken, _, ended) = reader.read_record(input, &mut output, &mut ends);
            input = &input[taken..];
            cells += ended as u64;
            match result {
                ReadRecordResult::InputEmpty => break,
                ReadRecordResult::End => return Ok(cells),
                ReadRecordResult::Record | ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {}
            }
            // An empty input would be the end of the table.
            if input.is_empty() && read > 0 {
                break;
            }
        }
    }
}

/// Prints how long a small fit takes with and without intervals.
fn bootstrap(resamples: u32) -> Outcome<()> {
    let model = "version: 1\nmodel: bench\ntarget: y\nfeatures: { a: a, b: b, c: c, d: d }\n";
    let form = load_model("bench.yaml", model).map_err(|_| "the model of the benchmark does not load")?;
    let mut random = Random::new(7);
    let mut table = "a,b,c,d,y\n".to_owned();
    for _ in 0..228 {
        let row: [usize; 4] = [9000, 900, 90, 9].map(|most| random.below(most) + 1);
        let target = [3, 2, 5, 40].iter().zip(row).map(|(weight, value)| weight * value).sum::<usize>() as f64;
        let target = target * (0.95 + 0.1 * random.unit());
        table.push_str(&format!("{},{},{},{},{target:.2}\n", row[0], row[1], row[2], row[3]));
    }
    let milliseconds = |method: IntervalMethod| -> Outcome<f64> {
        let options = Options { intervals: Some(method), resamples, ..Options::default() };
        let mut times = Vec::new();
        for _ in 0..RUNS {
            let start = Instant::now();
            fit(&form, &table.as_bytes(), &options)?;
            times.push(start.elapsed().as_secs_f64() * 1000.0);
        }
        times.sort_by(f64::total_cmp);
        Ok(times[RUNS / 2])
    };
    let (none, all) = (milliseconds(IntervalMethod::None)?, milliseconds(IntervalMethod::Bootstrap)?);
    writeln!(
        std::io::stdout(),
        "{resamples} resamples of 228 rows: {:.1} ms, the fit itself {none:.1} ms",
        all - none
    )?;
    Ok(())
}

/// The shapes of products, one after the other.
fn shape(row: u32) -> [u32; 7] {
    [1, 1 + row % 8, 1 + row / 8 % 8, 1 + row / 64 % 4, 1 + row / 256 % 4, 1 + row / 1024 % 32, 1 + row / 7 % 8]
}

fn estimates(rows: u32) -> Outcome<()> {
    let weights = [
        ("math_tiles_weight", 15.5),
        ("math_dest_spill_weight", 47.7),
        ("unpack_ublocks_weight", 93.2),
        ("unpack_tiles_weight", 3.3),
    ];
    let set = |key: &str| -> Outcome<ParamSet> {
        let values = weights.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        Ok(ParamSet { key: key.to_owned(), predicates: predicates(key)?, values, rests_on: None })
    };
    let params = Params { ops: vec![("matmul".to_owned(), vec![set("base")?, set("df_bfp")?])] };
    let estimator = Estimator::new(vec![Architecture { name: "wormhole_b0".to_owned(), versions: vec![params] }]);
    let mut batch = Batch::new(&estimator, Formula::Best);
    let start = Instant::now();
    let mut sum = 0u64;
    for row in 0..rows {
        let [t, m, n, r, c, k, q] = shape(row);
        let descriptor = Descriptor {
            op: "matmul",
            architecture: "wormhole_b0",
            data_format: if row % 2 == 0 { "Float16" } else { "Bfp8_b" },
            math_fidelity: "HiFi2",
            t,
            mblock_m: m,
            mblock_n: n,
            ublock_rt: r,
            ublock_ct: c,
            mblock_k: k,
            ublock_kt: q,
            ..Descriptor::default()
        };
        sum += u64::from(batch.estimate(&descriptor)?);
    }
    let seconds = start.elapsed().as_secs_f64();
    let million = f64::from(rows) / seconds / 1e6;
    writeln!(std::io::stdout(), "{rows} estimates in memory: {million:.2} million a second (sum {sum})")?;
    Ok(())
}

fn operations(rows: u32) -> Outcome<()> {
    let mut out = BufWriter::new(std::io::stdout());
    writeln!(
        out,
        "type,arch,version,data_format,math_fidelity,t,mblock_m,mblock_n,ublock_rt,ublock_ct,mblock_k,ublock_kt"
    )?;
    for row in 0..rows {
        let [t, m, n, r, c, k, q] = shape(row);
        let format = if row % 1000 < 500 { "Float16" } else { "Bfp8_b" };
        writeln!(out, "matmul,wormhole_b0,1,{format},HiFi2,{t},{m},{n},{r},{c},{k},{q}")?;
    }
    out.flush()?;
    Ok(())
}
