//! Measures kernels on the processor: elementwise operations and a blocked product of matrices.
//!
//! An operand is a grid of `m` by `n` blocks of `r` by `c` tiles of 16 by 16 elements. Elementwise kernels go
//! block by block, tile by tile. The product adds up `k` blocks of `q` tiles for each block of the result: it
//! copies the tiles of both factors together, multiplies them, and adds the block to the result.
//!
//!     cpu_ops --op matmul --type f32 --cases cases.csv --out times.csv
//!
//! Reads the shapes from a CSV with columns `m`, `n`, `r`, `c` (and `k`, `q` for `matmul`), and writes one row
//! for each: the shape, the least and the median time of a call in nanoseconds, the number of samples, and a
//! checksum of what was calculated.

use std::env::args;
use std::fs;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

/// Elements along the side of a tile.
const SIDE: usize = 16;
/// Elements of a tile.
const TILE: usize = SIDE * SIDE;
/// A sample takes at least so long; short calls are repeated within it.
const SAMPLE_NS: f64 = 30_000.0;

/// A number that the kernels calculate with.
trait Number: Copy + Default {
    fn of(value: f64) -> Self;
    fn to_f64(self) -> f64;
    fn add(self, other: Self) -> Self;
    fn multiply(self, other: Self) -> Self;
    fn exp(self) -> Self;
    fn sqrt(self) -> Self;
}

macro_rules! number {
    ($type:ident) => {
        impl Number for $type {
            fn of(value: f64) -> $type {
                value as $type
            }
            fn to_f64(self) -> f64 {
                self as f64
            }
            fn add(self, other: $type) -> $type {
                self + other
            }
            fn multiply(self, other: $type) -> $type {
                self * other
            }
            fn exp(self) -> $type {
                $type::exp(self)
            }
            fn sqrt(self) -> $type {
                $type::sqrt(self)
            }
        }
    };
}

number!(f32);
number!(f64);

/// The shape of a call.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Shape {
    m: usize,
    n: usize,
    r: usize,
    c: usize,
    k: usize,
    q: usize,
}

/// What was measured of a shape.
struct Measured {
    least: f64,
    median: f64,
    samples: usize,
    checksum: f64,
}

fn main() -> ExitCode {
    match run(&args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("cpu_ops: {message}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    let mut samples = 15;
    let (mut op, mut kind, mut cases, mut out) = (None, None, None, None);
    for pair in arguments.chunks(2) {
        let [flag, value] = pair else { return Err(format!("`{}` needs a value", pair[0])) };
        match flag.as_str() {
            "--op" => op = Some(value.as_str()),
            "--type" => kind = Some(value.as_str()),
            "--cases" => cases = Some(value.as_str()),
            "--out" => out = Some(value.as_str()),
            "--samples" => {
                samples =
                    value.parse().ok().filter(|&samples| samples > 0).ok_or("`--samples` takes a number from 1")?;
            }
            other => return Err(format!("`{other}` is not known")),
        }
    }
    let needed = |value: Option<&'_ str>, flag: &str| value.map(str::to_owned).ok_or(format!("`{flag}` is missing"));
    let (op, kind) = (needed(op, "--op")?, needed(kind, "--type")?);
    let (cases, out) = (needed(cases, "--cases")?, needed(out, "--out")?);
    let text = fs::read_to_string(&cases).map_err(|error| format!("cannot read `{cases}`: {error}"))?;
    let shapes = shapes(&text, op == "matmul").map_err(|message| format!("{cases}:{message}"))?;
    let measure = match (op.as_str(), kind.as_str()) {
        ("matmul", "f32") => product::<f32>,
        ("matmul", "f64") => product::<f64>,
        ("add" | "multiply" | "exp" | "sqrt", "f32") => elementwise::<f32>,
        ("add" | "multiply" | "exp" | "sqrt", "f64") => elementwise::<f64>,
        _ => return Err(format!("there is no `{op}` of `{kind}`")),
    };
    let mut table = String::from("op,type,m,n,r,c,k,q,least_ns,median_ns,samples,checksum\n");
    for shape in shapes {
        let Measured { least, median, samples, checksum } = measure(&op, shape, samples);
        let Shape { m, n, r, c, k, q } = shape;
        // Where they do not matter they were not asked for.
        let inner = if op == "matmul" { format!("{k},{q}") } else { ",".to_owned() };
        table.push_str(&format!("{op},{kind},{m},{n},{r},{c},{inner},{least:.1},{median:.1},{samples},{checksum:e}\n"));
    }
    fs::write(&out, table).map_err(|error| format!("cannot write `{out}`: {error}"))
}

/// Reads shapes; `k` and `q` are 1 where they do not matter. Cells have no quotes: shapes are numbers.
fn shapes(text: &str, product: bool) -> Result<Vec<Shape>, String> {
    let mut lines = text.lines().enumerate();
    let header: Vec<&str> = lines.next().ok_or("1: there is no header")?.1.split(',').collect();
    let mut shapes = Vec::new();
    for (index, line) in lines.filter(|(_, line)| !line.is_empty()) {
        let cells: Vec<&str> = line.split(',').collect();
        let cell = |name: &str| {
            let column = header.iter().position(|known| *known == name);
            let text = column.and_then(|column| cells.get(column)).copied().unwrap_or("");
            let number = text.parse::<usize>().ok().filter(|number| (1..=4096).contains(number));
            number.ok_or(format!("{}: `{name}` is `{text}`, not a number from 1 to 4096", index + 1))
        };
        let inner = |name: &str| if product { cell(name) } else { Ok(1) };
        shapes.push(Shape {
            m: cell("m")?,
            n: cell("n")?,
            r: cell("r")?,
            c: cell("c")?,
            k: inner("k")?,
            q: inner("q")?,
        });
    }
    Ok(shapes)
}

/// Returns numbers between 0.5 and 1.5 that differ.
fn data<T: Number>(count: usize) -> Vec<T> {
    (0..count).map(|index| T::of(0.5 + (index * 7919 % 1009) as f64 / 1009.0)).collect()
}

/// Calls a kernel often, and returns what a call took.
fn sampled(samples: usize, mut call: impl FnMut() -> f64) -> Measured {
    // Warms caches up, and tells how many calls make a sample.
    let start = Instant::now();
    let mut checksum = call();
    let once = (start.elapsed().as_nanos() as f64).max(1.0);
    let calls = (SAMPLE_NS / once).ceil().clamp(1.0, 100_000.0) as usize;
    for _ in 0..calls {
        checksum = call();
    }
    let mut times: Vec<f64> = (0..samples)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..calls {
                black_box(call());
            }
            start.elapsed().as_nanos() as f64 / calls as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    Measured { least: times[0], median: times[samples / 2], samples, checksum }
}

/// Measures an elementwise kernel.
fn elementwise<T: Number>(op: &str, shape: Shape, samples: usize) -> Measured {
    let Shape { m, n, r, c, .. } = shape;
    let count = m * n * r * c * TILE;
    let (left, right, mut result) = (data::<T>(count), data::<T>(count), vec![T::default(); count]);
    let tiles = r * c;
    sampled(samples, || {
        let (left, right) = (black_box(&left), black_box(&right));
        for block in 0..m * n {
            for tile in 0..tiles {
                let start = (block * tiles + tile) * TILE;
                let (left, right, result) =
                    (&left[start..][..TILE], &right[start..][..TILE], &mut result[start..][..TILE]);
                match op {
                    "add" => each(left, right, result, T::add),
                    "multiply" => each(left, right, result, T::multiply),
                    "exp" => each(left, right, result, |value, _| value.exp()),
                    _ => each(left, right, result, |value, _| value.sqrt()),
                }
            }
        }
        black_box(&result)[count - 1].to_f64()
    })
}

fn each<T: Number>(left: &[T], right: &[T], result: &mut [T], function: impl Fn(T, T) -> T) {
    for ((result, left), right) in result.iter_mut().zip(left).zip(right) {
        *result = function(*left, *right);
    }
}

/// Measures the blocked product.
fn product<T: Number>(_: &str, shape: Shape, samples: usize) -> Measured {
    let Shape { m, n, r, c, k, q } = shape;
    let (left, right) = (data::<T>(m * r * k * q * TILE), data::<T>(k * q * n * c * TILE));
    let mut result = vec![T::default(); m * n * r * c * TILE];
    let mut packed = (vec![T::default(); r * q * TILE], vec![T::default(); q * c * TILE]);
    let mut block = vec![T::default(); r * c * TILE];
    sampled(samples, || {
        let (left, right) = (black_box(&left), black_box(&right));
        for row in 0..m {
            for column in 0..n {
                let target = (row * n + column) * r * c * TILE;
                for inner in 0..k {
                    let (own, other) = ((row * k + inner) * r * q * TILE, (column * k + inner) * q * c * TILE);
                    packed.0.copy_from_slice(&left[own..][..r * q * TILE]);
                    packed.1.copy_from_slice(&right[other..][..q * c * TILE]);
                    block.fill(T::default());
                    for tile in 0..r * c {
                        for step in 0..q {
                            let a = &packed.0[(tile / c * q + step) * TILE..][..TILE];
                            let b = &packed.1[(step * c + tile % c) * TILE..][..TILE];
                            multiply_tile(a, b, &mut block[tile * TILE..][..TILE]);
                        }
                    }
                    let sums = result[target..][..r * c * TILE].iter_mut().zip(&block);
                    for (sum, part) in sums {
                        *sum = if inner == 0 { *part } else { sum.add(*part) };
                    }
                }
            }
        }
        black_box(&result)[m * n * r * c * TILE - 1].to_f64()
    })
}

/// Adds the product of two tiles to a third.
fn multiply_tile<T: Number>(left: &[T], right: &[T], result: &mut [T]) {
    for row in 0..SIDE {
        for step in 0..SIDE {
            let factor = left[row * SIDE + step];
            let right = &right[step * SIDE..][..SIDE];
            for (sum, value) in result[row * SIDE..][..SIDE].iter_mut().zip(right) {
                *sum = sum.add(factor.multiply(*value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_read() {
        let one = Shape { m: 1, n: 2, r: 3, c: 4, k: 1, q: 1 };
        assert_eq!(shapes("name,op,m,n,r,c,k,q\nx,add,1,2,3,4,,\n", false), Ok(vec![one]));
        let wrong = shapes("m,n,r,c\n1,2,3,0\n", false);
        assert_eq!(wrong, Err("2: `c` is `0`, not a number from 1 to 4096".to_owned()));
    }

    #[test]
    fn a_blocked_product_is_the_product() {
        // With all ones, an element of the result is the length of the inner side.
        let mut tile = vec![1.0_f64; TILE];
        multiply_tile(&[1.0; TILE], &[1.0; TILE], &mut tile);
        assert!(tile.iter().all(|value| *value == 1.0 + SIDE as f64));
        let measured = product::<f64>("", Shape { m: 2, n: 1, r: 1, c: 2, k: 3, q: 2 }, 1);
        assert!(measured.checksum > 0.25 * (3 * 2 * SIDE) as f64 && measured.checksum < 2.25 * (3 * 2 * SIDE) as f64);
    }
}
