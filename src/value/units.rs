//! Units: which measure the same thing, and by which factor they differ.
//!
//! Known are the SI units with their prefixes (`GHz`, `ms`, `uW`), bytes and bits with both kinds of
//! prefixes (`kB`, `KiB`), minutes, hours and days, shares (`%`, `ppm`), squares and cubes (`um2`),
//! and quotients of two of these (`MB/s`). Any other word (`cycles`, `degC`) is a unit that only
//! equals itself. Factors are exact (a conversion that does not terminate has 34 digits).

use super::Decimal;

/// Two units do not convert into each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// One of the two is not known, so nothing can be said.
    #[error("unit `{0}` is not known")]
    Unknown(String),
    /// They measure different things.
    #[error("`{0}` and `{1}` measure different things")]
    Dimensions(String, String),
    /// The result does not fit.
    #[error("the result in `{0}` is too large or too small")]
    Range(String),
}

/// What a unit stands for: a product of powers of base units, and a factor.
struct Unit {
    dimension: String,
    factor: Decimal,
}

/// SI units, under all their spellings, with the spelling that stands for the dimension.
const SYMBOLS: [(&str, &str); 20] = [
    ("Hz", "Hz"),
    ("s", "s"),
    ("W", "W"),
    ("V", "V"),
    ("A", "A"),
    ("F", "F"),
    ("H", "H"),
    ("J", "J"),
    ("C", "C"),
    ("S", "S"),
    ("Ohm", "Ohm"),
    ("ohm", "Ohm"),
    ("\u{3a9}", "Ohm"),
    ("\u{2126}", "Ohm"),
    ("Pa", "Pa"),
    ("K", "K"),
    ("m", "m"),
    ("g", "g"),
    ("FLOP", "FLOP"),
    ("op", "op"),
];

const PREFIXES: [(&str, i32); 13] = [
    ("a", -18),
    ("f", -15),
    ("p", -12),
    ("n", -9),
    ("u", -6),
    ("\u{b5}", -6),
    ("\u{3bc}", -6),
    ("m", -3),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
];

/// Converts a value from one unit to another of the same dimension.
///
/// # Errors
/// When the units differ and one is unknown, or they measure different things.
pub fn convert(value: Decimal, from: &str, to: &str) -> Result<Decimal, UnitError> {
    if from == to {
        return Ok(value);
    }
    let (source, target) = (read(from)?, read(to)?);
    if source.dimension != target.dimension {
        return Err(UnitError::Dimensions(from.to_owned(), to.to_owned()));
    }
    if source.factor == target.factor {
        return Ok(value);
    }
    let factor = source.factor.checked_div(target.factor);
    factor.and_then(|factor| value.checked_mul(factor)).ok_or_else(|| UnitError::Range(to.to_owned()))
}

/// Converts a measured value; the same unit gives the same bits.
///
/// # Errors
/// As `convert`.
pub fn convert_f64(value: f64, from: &str, to: &str) -> Result<f64, UnitError> {
    if from == to {
        return Ok(value);
    }
    let exact = Decimal::from_f64(value).map(|value| convert(value, from, to));
    match exact {
        Some(Ok(value)) => Ok(value.to_f64()),
        // Not finite, or more digits than fit: the factor alone does.
        None | Some(Err(UnitError::Range(_))) => Ok(value * convert(Decimal::ONE, from, to)?.to_f64()),
        Some(Err(err)) => Err(err),
    }
}

fn read(text: &str) -> Result<Unit, UnitError> {
    let unknown = || UnitError::Unknown(text.to_owned());
    let Some((above, below)) = text.split_once('/') else {
        return power(text.trim()).ok_or_else(unknown);
    };
    let (above, below) = power(above.trim()).zip(power(below.trim())).ok_or_else(unknown)?;
    let factor = above.factor.checked_div(below.factor).ok_or_else(unknown)?;
    Ok(Unit { dimension: format!("{}/{}", above.dimension, below.dimension), factor })
}

/// Reads `um2`, `um^2`, `um²` or a unit without an exponent.
fn power(text: &str) -> Option<Unit> {
    let powers = [("^2", 2), ("\u{b2}", 2), ("2", 2), ("^3", 3), ("\u{b3}", 3), ("3", 3)];
    let found = powers.into_iter().find_map(|(suffix, exponent)| Some((text.strip_suffix(suffix)?, exponent)));
    let Some((base, exponent)) = found else { return atom(text) };
    let Unit { dimension, factor } = atom(base)?;
    Some(Unit { dimension: format!("{dimension}^{exponent}"), factor: factor.checked_pow(exponent)? })
}

fn atom(text: &str) -> Option<Unit> {
    let unit = |dimension: &str, factor: Decimal| Some(Unit { dimension: dimension.to_owned(), factor });
    let whole = |factor: i64| Decimal::from(factor);
    match text {
        "" | "1" => return unit("1", Decimal::ONE),
        "%" => return unit("1", Decimal::new(1, -2)),
        "ppm" => return unit("1", Decimal::new(1, -6)),
        // Not a milli-inch, not a prefixed hour.
        "min" => return unit("s", whole(60)),
        "h" => return unit("s", whole(3600)),
        "d" => return unit("s", whole(86400)),
        _ => {}
    }
    for (symbol, bits) in [("bit", 1), ("B", 8)] {
        let Some(prefix) = text.strip_suffix(symbol) else { continue };
        let binary = ["", "Ki", "Mi", "Gi", "Ti", "Pi"].iter().position(|known| *known == prefix);
        let decimal = ["", "k", "M", "G", "T", "P"].iter().position(|known| *known == prefix);
        // `KB` is what many tools print for 1000 bytes.
        let decimal = decimal.or((prefix == "K").then_some(1));
        let factor = match (binary, decimal) {
            (Some(step), _) => Some(whole(1024).checked_pow(step as i32)?),
            (None, Some(step)) => Some(Decimal::new(1, 3 * step as i32)),
            (None, None) => None,
        };
        if let Some(factor) = factor {
            return unit("bit", factor.checked_mul(whole(bits))?);
        }
    }
    SYMBOLS.into_iter().find_map(|(symbol, dimension)| {
        let prefix = text.strip_suffix(symbol)?;
        let known = PREFIXES.into_iter().find(|(known, _)| *known == prefix).map(|(_, exponent)| exponent);
        let exponent = if prefix.is_empty() { 0 } else { known? };
        unit(dimension, Decimal::new(1, exponent))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn show(value: &str, from: &str, to: &str) -> String {
        convert(value.parse().unwrap(), from, to).map_or_else(|err| format!("error: {err}"), |value| value.to_string())
    }

    #[test]
    fn converts_within_a_dimension() {
        let check = |value: &str, from: &str, to: &str, expected: &str| {
            assert_eq!(show(value, from, to), expected, "{value} {from} -> {to}");
        };
        check("2.0512", "GHz", "Hz", "2051200000");
        check("2051200000", "Hz", "MHz", "2051.2");
        check("1500", "us", "ms", "1.5");
        check("3", "ns", "ps", "3000");
        check("1.5", "mW", "uW", "1500");
        check("1.5", "\u{b5}W", "nW", "1500");
        check("1", "kB", "B", "1000");
        check("1", "KB", "B", "1000");
        check("1", "MiB", "KiB", "1024");
        check("2", "B", "bit", "16");
        check("3", "kB/s", "B/s", "3000");
        check("1", "GB/s", "MB/ms", "1");
        check("1", "TFLOP/s", "GFLOP/s", "1000");
        check("2", "h", "min", "120");
        check("1.5", "min", "s", "90");
        check("5", "%", "", "0.05");
        check("50", "ppm", "%", "0.005");
        check("2", "um2", "nm^2", "2000000");
        check("2", "mm\u{b2}", "um2", "2000000");
        check("4.7", "k\u{3a9}", "Ohm", "4700");
        check("300", "mK", "K", "0.3");
        check("1", "m", "mm", "1000");
        check("7", "cycles", "cycles", "7");
        check("1e-30", "furlong", "furlong", "1e-30");
    }

    #[test]
    fn refuses_the_rest() {
        let check = |from: &str, to: &str, expected: &str| {
            assert_eq!(show("1", from, to), format!("error: {expected}"), "{from} -> {to}");
        };
        check("Hz", "V", "`Hz` and `V` measure different things");
        check("s", "Hz", "`s` and `Hz` measure different things");
        check("um", "um2", "`um` and `um2` measure different things");
        check("degC", "K", "unit `degC` is not known");
        check("Hz", "cycles", "unit `cycles` is not known");
        check("Mcycles", "cycles", "unit `Mcycles` is not known");
        check("MHz/", "Hz", "`MHz/` and `Hz` measure different things");
        check("KHz", "Hz", "unit `KHz` is not known");
        check("m/s/s", "m/s", "unit `m/s/s` is not known");
        check("B/s", "B", "`B/s` and `B` measure different things");
    }

    #[test]
    fn doubles_keep_their_digits() {
        assert_eq!(convert_f64(0.1, "GHz", "MHz"), Ok(100.0));
        assert_eq!(convert_f64(f64::INFINITY, "s", "ms"), Ok(f64::INFINITY));
        assert!(convert_f64(f64::NAN, "s", "ms").unwrap().is_nan());
        assert_eq!(convert_f64(1.0 / 3.0, "PiB", "MB"), Ok(1.0 / 3.0 * 1_125_899_906.842_624));
        assert!(convert_f64(1.0, "s", "V").is_err());
    }

    proptest! {
        #[test]
        fn there_and_back(value in -1_000_000_000i64..1_000_000_000, from in 0..6usize, to in 0..6usize) {
            let units = ["Hz", "kHz", "MHz", "GHz", "mHz", "uHz"];
            let value = Decimal::from(value);
            let there = convert(value, units[from], units[to]).unwrap();
            prop_assert_eq!(convert(there, units[to], units[from]), Ok(value));
        }

        #[test]
        fn no_text_panics(from in ".{0,8}", to in ".{0,8}") {
            let _ = convert(Decimal::ONE, &from, &to);
            prop_assert_eq!(convert(Decimal::ONE, &from, &from), Ok(Decimal::ONE));
        }
    }
}
