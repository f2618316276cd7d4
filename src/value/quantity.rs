//! Amounts with units: times, sizes and shares, as people write them (`2m`, `4GiB`, `1%`).

use super::Decimal;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A text is no amount of the kind wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {wanted}")]
pub struct ParseQuantityError {
    text: String,
    wanted: &'static str,
}

fn split_unit(text: &str) -> (&str, &str) {
    // The `e` of an exponent belongs to the number only if digits follow it.
    let end = text
        .char_indices()
        .find(|&(index, c)| {
            let exponent = matches!(c, 'e' | 'E')
                && text[index + 1..].trim_start_matches(['+', '-']).starts_with(|next: char| next.is_ascii_digit());
            !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+') || exponent)
        })
        .map_or(text.len(), |(index, _)| index);
    (text[..end].trim_end(), text[end..].trim())
}

/// Reads a time such as `500ms`, `90`, `90s`, `2m`, `1.5h`, `1h30m`, `2d`; a bare number is seconds.
pub fn parse_duration(text: &str) -> Result<Duration, ParseQuantityError> {
    let error =
        || ParseQuantityError { text: text.to_owned(), wanted: "a time such as `500ms`, `30s`, `2m`, `1h30m` or `2d`" };
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(error());
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let (number, tail) = split_unit(rest);
        let unit_end = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, after) = tail.split_at(unit_end);
        let factor = match unit {
            "ms" => 1e-3,
            "" | "s" | "sec" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            "d" => 86400.0,
            _ => return Err(error()),
        };
        let number: Decimal = number.parse().map_err(|_| error())?;
        if number.is_negative() {
            return Err(error());
        }
        seconds += number.to_f64() * factor;
        rest = after.trim_start();
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| error())
}

/// Prints a time for people: `87ms`, `2.1s`, `3m12s`, `1h04m`.
pub fn show_duration(seconds: f64) -> String {
    if seconds < 0.0995 {
        format!("{:.0}ms", seconds * 1e3)
    } else if seconds < 9.95 {
        format!("{seconds:.1}s")
    } else if seconds < 59.5 {
        format!("{seconds:.0}s")
    } else if seconds < 3599.5 {
        let whole = seconds.round() as u64;
        format!("{}m{:02}s", whole / 60, whole % 60)
    } else {
        let minutes = (seconds / 60.0).round() as u64;
        format!("{}h{:02}m", minutes / 60, minutes % 60)
    }
}

/// Reads a size such as `4GiB`, `500MB`, `64k`, `1024`; the result is bytes.
pub fn parse_bytes(text: &str) -> Result<u64, ParseQuantityError> {
    let error = || ParseQuantityError { text: text.to_owned(), wanted: "a size such as `64MiB`, `4GiB` or `500MB`" };
    let (number, unit) = split_unit(text.trim());
    let factor: u64 = match unit {
        "" | "B" => 1,
        "k" | "kB" | "KB" => 1000,
        "M" | "MB" => 1_000_000,
        "G" | "GB" => 1_000_000_000,
        "T" | "TB" => 1_000_000_000_000,
        "Ki" | "KiB" => 1 << 10,
        "Mi" | "MiB" => 1 << 20,
        "Gi" | "GiB" => 1 << 30,
        "Ti" | "TiB" => 1 << 40,
        _ => return Err(error()),
    };
    let number: Decimal = number.parse().map_err(|_| error())?;
    let bytes = number.checked_mul(Decimal::from(factor as i64)).ok_or_else(error)?.round();
    bytes.to_i64().and_then(|bytes| u64::try_from(bytes).ok()).ok_or_else(error)
}

/// Prints a size for people: `912 B`, `1.6 MB`.
pub fn show_bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut unit = "B";
    for next in ["kB", "MB", "GB", "TB"] {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    if value < 9.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// A share of something, such as a tolerance: `1%` is 0.01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Share(pub Decimal);

impl Share {
    /// Returns the share as a factor, 0.01 for `1%`.
    pub fn factor(self) -> f64 {
        self.0.to_f64()
    }
}

impl FromStr for Share {
    type Err = ParseQuantityError;

    /// Reads `1%` or `0.01`.
    fn from_str(text: &str) -> Result<Share, ParseQuantityError> {
        let error = || ParseQuantityError { text: text.to_owned(), wanted: "a share such as `1%` or `0.01`" };
        let trimmed = text.trim();
        let number: Decimal = trimmed.strip_suffix('%').unwrap_or(trimmed).trim_end().parse().map_err(|_| error())?;
        if number.is_negative() {
            return Err(error());
        }
        let hundredth = Decimal::new(1, -2);
        Ok(Share(if trimmed.ends_with('%') { number.checked_mul(hundredth).ok_or_else(error)? } else { number }))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.checked_mul(Decimal::from(100)) {
            Some(percent) => write!(f, "{percent}%"),
            None => self.0.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let check =
            |text: &str, seconds: f64| assert_eq!(parse_duration(text).unwrap().as_secs_f64(), seconds, "{text}");
        check("90", 90.0);
        check("500ms", 0.5);
        check("2m", 120.0);
        check("1.5h", 5400.0);
        check("1h30m", 5400.0);
        check("2d", 172_800.0);
        check(" 3 s ", 3.0);
        for text in ["", "m", "2 weeks", "-3s", "1e400s", "s3"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        let shown = [0.0, 0.0871, 2.14, 59.9, 192.0, 3840.0].map(show_duration);
        assert_eq!(shown, ["0ms", "87ms", "2.1s", "1m00s", "3m12s", "1h04m"]);
    }

    #[test]
    fn sizes() {
        let check = |text: &str, bytes: u64| assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        check("1024", 1024);
        check("4GiB", 4 << 30);
        check("1.5 MB", 1_500_000);
        check("64k", 64_000);
        for text in ["", "GiB", "4 GIB", "-1", "1e30"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
        assert_eq!([912, 1_600_000, 12_345].map(show_bytes), ["912 B", "1.6 MB", "12 kB"]);
    }

    #[test]
    fn shares() {
        assert_eq!("1%".parse::<Share>().unwrap().factor(), 0.01);
        assert_eq!("0.02".parse::<Share>().unwrap().to_string(), "2%");
        assert!("-1%".parse::<Share>().is_err());
        assert!("one".parse::<Share>().is_err());
    }
}
