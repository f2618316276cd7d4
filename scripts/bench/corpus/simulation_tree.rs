//! Writes a tree like the one a sweep of a circuit leaves: `simulation_tree FOLDER CASES`.
//!
//! Each case has a log of a layout flow, a waveform as CSV, a binary SPICE result and a layout in
//! records of big-endian numbers: 3.6 MB of text and numbers with about as much noise in them as
//! the real ones. Standard library only, and the same bytes each time: `rustc -O` builds it.

use std::fs::{File, create_dir_all};
use std::io::{BufWriter, Result, Write};
use std::path::Path;

const LOG_LINES: usize = 9_000;
const WAVE_ROWS: usize = 18_000;
const RAW_POINTS: usize = 22_000;
const LAYOUT_ELEMENTS: usize = 10_500;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, cases] = &arguments[..] else {
        eprintln!("usage: simulation_tree FOLDER CASES");
        std::process::exit(2);
    };
    let cases: u32 = cases.parse().map_err(std::io::Error::other)?;
    let mut dice = Dice(0x5eed_0f5e_ed0f_5eed);
    for case in 0..cases {
        let folder = Path::new(folder).join(format!("case-{case:04}"));
        create_dir_all(&folder)?;
        let create = |name: &str| File::create(folder.join(name)).map(BufWriter::new);
        write_log(&mut create("run.log")?, &mut dice)?;
        write_wave(&mut create("wave.csv")?, case, &mut dice)?;
        write_raw(&mut create("tran.raw")?, case, &mut dice)?;
        write_layout(&mut create("layout.gds")?, &mut dice)?;
    }
    Ok(())
}

/// A small generator of numbers without pattern (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// Between 0 and 1.
    fn share(&mut self) -> f64 {
        (self.roll() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Around 0, about as a bell has it, within 3.
    fn bell(&mut self) -> f64 {
        (0..6).map(|_| self.share()).sum::<f64>() - 3.0
    }
}

fn write_log(out: &mut dyn Write, dice: &mut Dice) -> Result<()> {
    const LEVELS: [&str; 5] = ["INFO", "INFO", "INFO", "DEBUG", "WARN"];
    const EVENTS: [&str; 5] = [
        "placed cell lib_sc_hd__inverter_",
        "route of net _",
        "moved instance u_top/u_core/u_",
        "buffer added before pin ",
        "[route-0042] pass of optimisation ",
    ];
    let mut time = 0.0;
    for _ in 0..LOG_LINES {
        time += dice.share() * 0.01;
        let (level, event) = (dice.pick(&LEVELS), dice.pick(&EVENTS));
        let (step, number) = (dice.below(12), dice.below(40_000));
        let (x, y, slack) = (dice.share() * 500.0, dice.share() * 500.0, dice.bell() * 0.3);
        writeln!(
            out,
            "[{time:12.6}] {level:5} flow/step{step:02}: {event}{number} (x={x:.3} y={y:.3}) slack {slack:.4} ns"
        )?;
    }
    out.flush()
}

fn write_wave(out: &mut dyn Write, case: u32, dice: &mut Dice) -> Result<()> {
    writeln!(out, "time,v(out),v(clk),i(vdd),temp")?;
    for row in 0..WAVE_ROWS {
        let time = row as f64 * 1e-10;
        let swing = (time * 6.28e8 * (1.0 + f64::from(case) * 0.003)).sin();
        let output = 0.9 + 0.4 * swing + dice.bell() * 1e-4;
        let clock = if (row / 50) % 2 == 0 { 0.0 } else { 1.8 };
        let supply = -1.2e-5 + dice.bell() * 1e-8;
        writeln!(out, "{time:.6e},{output:.6e},{clock:.6e},{supply:.6e},25")?;
    }
    out.flush()
}

fn write_raw(out: &mut dyn Write, case: u32, dice: &mut Dice) -> Result<()> {
    let variables =
        [("time", "time"), ("v(out)", "voltage"), ("v(in)", "voltage"), ("v(vdd)", "voltage"), ("i(vdd)", "current"), ("v(n1)", "voltage")];
    writeln!(out, "Title: case {case}\nDate: Thu Jan  1 00:00:00 1970\nPlotname: Transient Analysis\nFlags: real")?;
    writeln!(out, "No. Variables: {}\nNo. Points: {RAW_POINTS}\nVariables:", variables.len())?;
    for (index, (name, kind)) in variables.iter().enumerate() {
        writeln!(out, "\t{index}\t{name}\t{kind}")?;
    }
    writeln!(out, "Binary:")?;
    let mut output = 0.0;
    for point in 0..RAW_POINTS {
        let time = point as f64 * 1e-10 + dice.share() * 1e-12;
        let input = if (point / 200) % 2 == 0 { 0.0 } else { 1.8 };
        output += (input - output) * 0.05;
        let current = (output - input) * 1e-3;
        let ripple = (time * 1e9).sin() * 0.2 + 0.9;
        for value in [time, output, input, 1.8, current, ripple] {
            out.write_all(&f64::to_le_bytes(value))?;
        }
    }
    out.flush()
}

/// Records of GDSII: length, kind, content.
fn write_layout(out: &mut dyn Write, dice: &mut Dice) -> Result<()> {
    const CELLS: [&str; 5] = ["inv", "nand2", "dfxtp", "buf", "mux2"];
    let record = |out: &mut dyn Write, kind: u16, content: &[u8]| {
        out.write_all(&((content.len() + 4) as u16).to_be_bytes())?;
        out.write_all(&kind.to_be_bytes())?;
        out.write_all(content)
    };
    let places = |points: &[(i32, i32)]| -> Vec<u8> {
        points.iter().flat_map(|(x, y)| [x.to_be_bytes(), y.to_be_bytes()].concat()).collect()
    };
    record(out, 0x0002, &600u16.to_be_bytes())?;
    for _ in 0..LAYOUT_ELEMENTS {
        if dice.below(4) == 0 {
            let mut name = format!("lib_sc_hd__{}_{}", dice.pick(&CELLS), 1 << dice.below(4)).into_bytes();
            name.resize(name.len().next_multiple_of(2), 0);
            let (x, y) = (dice.below(2_000) as i32 * 460, dice.below(800) as i32 * 2_720);
            record(out, 0x0a00, &[])?;
            record(out, 0x1206, &name)?;
            record(out, 0x1003, &places(&[(x, y)]))?;
        } else {
            let layer = 65 + dice.below(6) as u16;
            let (x, y) = (dice.below(200_000) as i32 * 5, dice.below(200_000) as i32 * 5);
            let (right, top) = (x + dice.below(60) as i32 * 10 + 140, y + dice.below(60) as i32 * 10 + 140);
            record(out, 0x0800, &[])?;
            record(out, 0x0d02, &layer.to_be_bytes())?;
            record(out, 0x0e02, &20u16.to_be_bytes())?;
            record(out, 0x1003, &places(&[(x, y), (right, y), (right, top), (x, top), (x, y)]))?;
        }
        record(out, 0x1100, &[])?;
    }
    out.flush()
}
