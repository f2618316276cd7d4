//! How often searches and warnings of fits are right, by simulation, for `scripts/bench/fit_errors.sh`.
//!
//!     fit_errors search|clean|mixed|mean [SCALE]
//!
//! Prints markdown tables. SCALE multiplies the number of simulated tables. The generator of random numbers starts
//! from fixed seeds, so that the same program prints the same tables.

#![expect(clippy::disallowed_methods, reason = "a program of its own reads its arguments")]

use shmoo::config::load_model;
use shmoo::fit::{FindingKind, FoundForm, IntervalMethod, Options, fit, search};
use shmoo::stats::Random;
use shmoo::suite::Form;
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let scale: f64 = arguments.get(1).map_or(Ok(1.0), |scale| scale.parse())?;
    let times = |count: f64| ((count * scale) as usize).max(2);
    let mut out = std::io::stdout().lock();
    match arguments.first().map(String::as_str) {
        Some("search") => searches(times(20.0), &mut out),
        Some("clean") => clean(times(100.0), &mut out),
        Some("mixed") => mixed(times(50.0), &mut out),
        Some("mean") => worse_than_mean(times(2500.0), &mut out),
        _ => Err("usage: fit_errors search|clean|mixed|mean [SCALE]".into()),
    }
}

/// Reads a model whose name does not matter.
fn model(text: &str) -> Result<Form, Failure> {
    load_model("m.yaml", &format!("version: 1\nmodel: m\n{text}")).map_err(|problems| format!("{problems:?}").into())
}

/// A true form over the columns `a`, `b` and `c`.
struct Truth {
    terms: &'static [&'static str],
    target: fn(f64, f64, f64) -> f64,
}

const TRUTHS: [Truth; 9] = [
    Truth { terms: &["a * b"], target: |a, b, _| 3.0 * a * b },
    Truth { terms: &["a * b ** 2 * c"], target: |a, b, c| 2.0 * a * b * b * c },
    Truth { terms: &["log2(a) * c"], target: |a, _, c| 7.0 * a.log2() * c },
    Truth { terms: &["1", "a * b"], target: |a, b, _| 50.0 + 3.0 * a * b },
    Truth { terms: &["a", "b ** 2 * c"], target: |a, b, c| 20.0 * a + 2.0 * b * b * c },
    Truth { terms: &["a * b", "c"], target: |a, b, c| 3.0 * a * b + 3.0 * c },
    Truth { terms: &["1", "a", "a * b * c"], target: |a, b, c| 50.0 + 30.0 * a + 4.0 * a * b * c },
    Truth { terms: &["1", "a * b", "b * c ** 2"], target: |a, b, c| 40.0 + 3.0 * a * b + 0.2 * b * c * c },
    Truth { terms: &["a", "a * c ** 2", "b * c"], target: |a, b, c| 20.0 * a + 2.0 * a * c * c + 10.0 * b * c },
];

/// Tells how often the true form is found: that with the least error, and that which is the first.
fn searches(times: usize, out: &mut dyn Write) -> Result<(), Failure> {
    let form = model("target: t\nfeatures: { p: a, q: b, r: c }\n")?;
    writeln!(out, "{times} tables of each of three forms in each row.\n")?;
    let heads = "the least error is the true form's | the first is the true form | of fewer terms";
    writeln!(out, "| true terms | noise | rows | {heads} |")?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- |")?;
    for terms in 1..=3usize {
        for noise in [0.01, 0.03, 0.1] {
            for rows in [20usize, 60, 200, 500] {
                let [mut least, mut first, mut fewer] = [0u32; 3];
                for truth in TRUTHS.iter().filter(|truth| truth.terms.len() == terms) {
                    for seed in 0..times {
                        let table = searched_table(truth, rows, noise, seed as u64);
                        let found = search(&form, &table.as_bytes(), &Options::default())?.remove(0);
                        least += u32::from(is_true(&found.forms[found.least], truth));
                        first += u32::from(is_true(&found.forms[0], truth));
                        fewer += u32::from(found.forms[0].terms.len() < terms);
                    }
                }
                let share = |count: u32| f64::from(count) / (3 * times) as f64;
                let (least, first, fewer) = (share(least), share(first), share(fewer));
                writeln!(out, "| {terms} | {} % | {rows} | {least:.2} | {first:.2} | {fewer:.2} |", noise * 100.0)?;
            }
        }
    }
    Ok(())
}

fn searched_table(truth: &Truth, rows: usize, noise: f64, seed: u64) -> String {
    let mut random = Random::new(1000 + 7919 * seed + rows as u64);
    let mut table = "a,b,c,t\n".to_owned();
    for _ in 0..rows {
        // A logarithm is 0 nowhere.
        let (a, b) = (2.0 + random.below(15) as f64, [1.0, 2.0, 4.0, 8.0][random.below(4)]);
        let c = 1.0 + random.below(10) as f64;
        let target = (truth.target)(a, b, c);
        let _ = writeln!(table, "{a},{b},{c},{}", target * (1.0 + noise * random.normal()));
    }
    table
}

fn is_true(form: &FoundForm, truth: &Truth) -> bool {
    let mut terms: Vec<&str> = form.terms.iter().map(|(term, _)| term.as_str()).collect();
    terms.sort_unstable();
    terms == truth.terms
}

/// How far rows are from what made them.
#[derive(Clone, Copy)]
enum Noise {
    /// Normal, in proportion to the target.
    Share(f64),
    /// The same with longer tails: normal to the power 1.5.
    LongTails(f64),
    /// Normal, the same for all rows, as a share of the mean target.
    Constant(f64),
}

impl Noise {
    fn on(self, target: f64, mean: f64, random: &mut Random) -> f64 {
        let normal = random.normal();
        match self {
            Noise::Share(share) => target * (1.0 + share * normal),
            Noise::LongTails(share) => target * (1.0 + share * normal.abs().powf(1.5).copysign(normal)).max(0.01),
            Noise::Constant(share) => (target + share * mean * normal).max(0.001 * mean),
        }
    }

    fn text(self) -> String {
        match self {
            Noise::Share(share) => format!("{} %", share * 100.0),
            Noise::LongTails(share) => format!("{} %, long tails", share * 100.0),
            Noise::Constant(share) => format!("{} % of the mean", share * 100.0),
        }
    }
}

/// Features that are fitted, what makes the targets of `x` and `y`, and its mean.
type Made = (&'static str, fn(f64, f64) -> f64, f64);

const MADE: [Made; 4] = [
    ("{ p: x }", |x, _| 3.0 * x, 25.5),
    ("{ p: x, q: y }", |x, y| 3.0 * x + 2.0 * y, 42.5),
    ("{ c: '1', p: x, q: y, r: x * y }", |x, y| 20.0 + 3.0 * x + 2.0 * y + 0.5 * x * y, 98.6),
    // Of another form than that which is fitted.
    ("{ p: x, q: y }", |x, y| 3.0 * x + 0.5 * x * y, 62.0),
];

/// Rows of a table; the largest stays out of memory.
const ROWS: [usize; 5] = [24, 60, 200, 1000, 5000];

/// Columns that say nothing of a row: five of texts, five of numbers, of two to sixteen values.
const KINDS: [usize; 5] = [2, 2, 3, 4, 16];

/// Makes a table; `kind` writes what else stands in a row, and makes its target.
fn mixed_table(rows: usize, seed: u64, mut kind: impl FnMut(f64, f64, &mut Random) -> (String, f64)) -> String {
    let mut random = Random::new(seed);
    let mut table = "x,y,a,b,c,d,e,k,l,m,n,o,size,half,kind,t\n".to_owned();
    for _ in 0..rows {
        let [x, y] = [16, 16].map(|most| 1.0 + random.below(most) as f64);
        let texts: String = KINDS.iter().map(|values| format!("w{},", random.below(*values))).collect();
        let numbers: String = KINDS.iter().map(|values| format!("{},", random.below(*values))).collect();
        let (kind, target) = kind(x, y, &mut random);
        // What follows a feature is no kind.
        let (size, half) = (x.log2().floor(), (y > 8.0) as u8);
        let _ = writeln!(table, "{x},{y},{texts}{numbers}{size},{half},{kind},{target}");
    }
    table
}

/// Returns what is said of mixed rows.
fn warnings(features: &str, table: &str) -> Result<Vec<String>, Failure> {
    let form = model(&format!("target: t\nfeatures: {features}\n"))?;
    let options = Options { intervals: Some(IntervalMethod::None), most_kept: 8000, ..Options::default() };
    let fitted = fit(&form, &table.as_bytes(), &options)?;
    let findings = fitted.models.into_iter().flat_map(|model| model.findings);
    Ok(findings.filter(|found| found.kind == FindingKind::MixedRows).map(|found| found.message).collect())
}

/// Tells how often tables whose rows are alike get a warning.
fn clean(times: usize, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(
        out,
        "{} tables in each cell, of four forms, one of them not the one that is fitted; twelve columns that say nothing.\n",
        MADE.len() * times
    )?;
    writeln!(out, "| rows | 2 % | 10 % | 10 %, long tails | 5 % of the mean | all | its upper 95 % bound |")?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- | --- |")?;
    let noises = [Noise::Share(0.02), Noise::Share(0.1), Noise::LongTails(0.1), Noise::Constant(0.05)];
    for rows in ROWS {
        let mut counts = Vec::new();
        for (place, noise) in noises.into_iter().enumerate() {
            let mut warned = 0;
            for (form, (features, target, mean)) in MADE.into_iter().enumerate() {
                for seed in 0..times {
                    let seed = (((place * MADE.len() + form) * 100_000 + seed) * 10_000 + rows) as u64;
                    let one =
                        |x: f64, y: f64, random: &mut Random| ("0".to_owned(), noise.on(target(x, y), mean, random));
                    warned += usize::from(!warnings(features, &mixed_table(rows, seed, one))?.is_empty());
                }
            }
            counts.push(warned);
        }
        let (all, tables) = (counts.iter().sum::<usize>(), MADE.len() * times * noises.len());
        let shares: Vec<String> =
            counts.iter().map(|count| format!("{:.4}", *count as f64 / (MADE.len() * times) as f64)).collect();
        writeln!(
            out,
            "| {rows} | {} | {:.4} | {:.4} |",
            shares.join(" | "),
            all as f64 / tables as f64,
            bound(all, tables)
        )?;
    }
    Ok(())
}

/// Tells how often the true form is said to be worse than the mean of the targets, where these hardly vary but by
/// chance.
fn worse_than_mean(times: usize, out: &mut dyn Write) -> Result<(), Failure> {
    let noises = [Noise::Share(0.02), Noise::Share(0.1), Noise::LongTails(0.1), Noise::Constant(0.05)];
    let forms = ["absolute", "relative"]
        .map(|weighting| model(&format!("target: t\nfeatures: {{ p: x, q: y }}\nweighting: {weighting}\n")));
    let forms = forms.into_iter().collect::<Result<Vec<Form>, Failure>>()?;
    writeln!(
        out,
        "{times} tables in each cell, with absolute and with relative weights; R² below 0 of both / warned of each.\n"
    )?;
    let heads: Vec<String> = noises.iter().map(|noise| noise.text()).collect();
    writeln!(out, "| rows | {} | warned of all | its upper 95 % bound |", heads.join(" | "))?;
    writeln!(out, "| --- |{}", " --- |".repeat(noises.len() + 2))?;
    for rows in [10, 12, 24, 60, 1000] {
        let (mut cells, mut all) = (Vec::new(), 0);
        for (place, noise) in noises.into_iter().enumerate() {
            let (mut below, mut warned) = (0, [0; 2]);
            for (seed, which) in (0..times).flat_map(|seed| (0..2).map(move |which| (seed, which))) {
                let mut random = Random::new(((place * 100_000 + seed) * 10_000 + rows) as u64);
                let mut table = "x,y,t\n".to_owned();
                for _ in 0..rows {
                    let [x, y] = [100, 50].map(|least| f64::from(least) + random.below(2) as f64);
                    let _ = writeln!(table, "{x},{y},{}", noise.on(3.0 * x + 2.0 * y, 403.0, &mut random));
                }
                let options = Options { intervals: Some(IntervalMethod::None), ..Options::default() };
                let fitted = fit(&forms[which], &table.as_bytes(), &options)?.models.remove(0);
                below += usize::from(fitted.quality.r2.is_some_and(|r2| r2 < 0.0));
                warned[which] += usize::from(fitted.findings.iter().any(|found| found.kind == FindingKind::BadForm));
            }
            let share = |count: usize| count as f64 / times as f64;
            let [absolute, relative] = warned;
            cells.push(format!("{:.3} / {:.4} / {:.4}", share(below) / 2.0, share(absolute), share(relative)));
            all += absolute + relative;
        }
        let tables = 2 * times * noises.len();
        let share = all as f64 / tables as f64;
        writeln!(out, "| {rows} | {} | {share:.5} | {:.5} |", cells.join(" | "), bound(all, tables))?;
    }
    Ok(())
}

/// Returns the upper end of the one-sided 95 % interval of a share (Wilson 1927).
fn bound(count: usize, of: usize) -> f64 {
    let (share, n, z) = (count as f64 / of as f64, of as f64, 1.644_853_627);
    let middle = share + z * z / (2.0 * n);
    (middle + z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt()) / (1.0 + z * z / n)
}

/// Tells how often two kinds of rows, one of which takes longer, are found.
fn mixed(times: usize, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "{times} tables in each cell; one of two kinds takes longer by so much. Texts / numbers.\n")?;
    let longer = [0.05, 0.1, 0.2, 0.5, 1.0];
    let heads: Vec<String> = longer.iter().map(|more| format!("+{} %", more * 100.0)).collect();
    writeln!(out, "| rows | noise | {} |", heads.join(" | "))?;
    writeln!(out, "| --- | --- |{}", " --- |".repeat(longer.len()))?;
    for rows in ROWS {
        for noise in [Noise::Share(0.01), Noise::Share(0.05), Noise::LongTails(0.05)] {
            let mut cells = Vec::new();
            for more in longer {
                let shares = [["sweet", "sour"], ["1", "2"]].map(|names| found_share(rows, noise, more, names, times));
                let [texts, numbers] = shares;
                cells.push(format!("{:.2} / {:.2}", texts?, numbers?));
            }
            writeln!(out, "| {rows} | {} | {} |", noise.text(), cells.join(" | "))?;
        }
    }
    Ok(())
}

/// Returns in what share of tables the column of the kind is named.
fn found_share(rows: usize, noise: Noise, more: f64, names: [&str; 2], times: usize) -> Result<f64, Failure> {
    let (features, target, mean) = MADE[1];
    let mut found = 0;
    for seed in 0..times {
        let one = |x: f64, y: f64, random: &mut Random| {
            let kind = random.below(2);
            (names[kind].to_owned(), noise.on(target(x, y) * (1.0 + more * kind as f64), mean, random))
        };
        let said = warnings(features, &mixed_table(rows, (seed * 10_000 + rows) as u64, one))?;
        found += usize::from(said.iter().any(|message| message.starts_with("`kind` mixes")));
    }
    Ok(found as f64 / times as f64)
}
