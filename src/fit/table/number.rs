//! Numbers in cells: text -> the nearest double.
//!
//! Most cells are short decimals, and 2^53 and powers of ten up to 10^22 are exact doubles, so that one
//! division rounds correctly (Clinger, "How to read floating point numbers accurately", PLDI 1990).
//! Everything else goes to the standard library.

/// Powers of ten that are exact doubles.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// What stands in a cell for no value.
const MISSING: [&[u8]; 14] =
    [b"", b"N/A", b"n/a", b"NA", b"NaN", b"nan", b"null", b"NULL", b"None", b"none", b"<NA>", b"#N/A", b"#NA", b"-"];

/// Tells whether a trimmed cell says that there is no value.
pub(super) fn is_missing(cell: &[u8]) -> bool {
    cell.len() <= 4 && MISSING.contains(&cell)
}

/// Powers of ten for digits behind a point.
const WHOLE_POWERS: [i64; 8] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000];

/// Returns the value of the one to eight digits that stand between two places. None = there are more or fewer,
/// or they stand among the first seven bytes.
#[inline]
pub(super) fn whole(bytes: &[u8], start: usize, end: usize) -> Option<i64> {
    word(bytes, start, end).map(join)
}

/// Returns the same of bytes that may be no digits. None = they are not, either.
#[inline]
pub(super) fn digits(bytes: &[u8], start: usize, end: usize) -> Option<u32> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let word = word(bytes, start, end)?;
    // The upper bit of each byte that is ten or more; none carries into the next.
    let others = (((word & (EACH * 0x7f)) + EACH * 0x76) | word) & (EACH * 0x80);
    (others == 0).then(|| join(word) as u32)
}

/// Returns the values of one to eight digits that stand between two places; what stands before them becomes zeros.
#[inline]
fn word(bytes: &[u8], start: usize, end: usize) -> Option<u64> {
    let length = end.wrapping_sub(start);
    if !(1..=8).contains(&length) {
        return None;
    }
    let word = u64::from_le_bytes(*bytes.get(end.checked_sub(8)?..end)?.first_chunk()?);
    Some((word ^ 0x3030_3030_3030_3030) & (u64::MAX << (64 - 8 * length)))
}

/// Joins neighbours, by two, four and eight (Lemire, "Quickly parsing eight-digit integers", 2022).
#[inline]
fn join(digits: u64) -> i64 {
    const PAIR: u64 = 0x0000_00ff_0000_00ff;
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let first = (pairs & PAIR).wrapping_mul(100 + (1_000_000 << 32));
    let second = ((pairs >> 16) & PAIR).wrapping_mul(1 + (10_000 << 32));
    (first.wrapping_add(second) >> 32) as i64
}

/// Returns the value of digits before and behind a point. None = too many.
#[inline]
pub(super) fn decimal(before: i64, behind: i64, places: usize) -> Option<f64> {
    let digits = before * WHOLE_POWERS.get(places)? + behind;
    Some(digits as f64 / POWERS[places])
}

/// Reads a short decimal at a place; returns it and where it ends. None = not one of the common writings.
pub(super) fn short_decimal(bytes: &[u8], start: usize) -> Option<(f64, usize)> {
    let negative = bytes.get(start) == Some(&b'-');
    let first = start + usize::from(negative);
    let mut at = first;
    let mut digits = 0u64;
    while let Some(digit) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
        digits = digits.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    let mut length = at - first;
    let mut places = 0;
    if bytes.get(at) == Some(&b'.') {
        at += 1;
        let point = at;
        while let Some(digit) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
            digits = digits.wrapping_mul(10).wrapping_add(u64::from(digit));
            at += 1;
        }
        places = at - point;
        length += places;
    }
    if length == 0 || length > 19 || digits > 1 << 53 || places > 22 {
        return None;
    }
    let value = if places == 0 { digits as f64 } else { digits as f64 / POWERS[places] };
    Some((if negative { -value } else { value }, at))
}

/// Reads a whole trimmed cell as a finite number.
pub(super) fn number(cell: &[u8]) -> Option<f64> {
    if let Some((value, end)) = short_decimal(cell, 0)
        && end == cell.len()
    {
        return Some(value);
    }
    // The standard library reads words such as `inf`, too.
    if !cell.iter().any(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(cell).ok()?.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn writings() {
        let check = |text: &str, expected: Option<f64>| assert_eq!(number(text.as_bytes()), expected, "{text}");
        check("0", Some(0.0));
        check("01", Some(1.0));
        check("-12.50", Some(-12.5));
        check(".5", Some(0.5));
        check("5.", Some(5.0));
        check("+3", Some(3.0));
        check("1e3", Some(1000.0));
        check("1.7976931348623157e308", Some(f64::MAX));
        check("9007199254740993", Some(9_007_199_254_740_992.0));
        check("0.1234567890123456789012345", Some(0.123_456_789_012_345_68));
        for text in ["", "-", ".", "1,5", "abc", "inf", "NaN", "1e999", "0x10", "1_000", "12 34"] {
            check(text, None);
        }
        assert_eq!(short_decimal(b"12,3", 0), Some((12.0, 2)));
        assert_eq!(short_decimal(b"a-1.25\n", 1), Some((-1.25, 6)));
    }

    #[test]
    fn digits_by_words() {
        let bytes = b"abcd,1234567890.5";
        let found = |start: usize, end: usize| whole(bytes, start, end);
        assert_eq!((found(5, 8), found(5, 13), found(14, 15)), (Some(123), Some(12_345_678), Some(0)));
        assert_eq!((found(5, 14), found(5, 5), found(5, 7), found(16, 20)), (None, None, None, None));
        assert_eq!((decimal(12, 5, 2), decimal(1, 5, 8)), (Some(12.05), None));
    }

    proptest! {
        #[test]
        fn digits_are_told_from_others(text in "[0-9]{0,7}[0-9/:+. \\-\u{e4}]?[0-9]{0,3}") {
            let bytes = [b"       ,", text.as_bytes()].concat();
            let expected = text.parse().ok().filter(|_| text.len() <= 8 && !text.starts_with('+'));
            prop_assert_eq!(digits(&bytes, 8, bytes.len()), expected);
        }

        #[test]
        fn decimals_by_words(before in 0i64..100_000_000, behind in 0i64..10_000_000, places in 1usize..8) {
            let behind = behind % WHOLE_POWERS[places];
            let text = format!("       {before}.{behind:0places$}");
            let point = text.find('.').unwrap();
            let digits = whole(text.as_bytes(), 7, point).unwrap();
            let found = decimal(digits, whole(text.as_bytes(), point + 1, text.len()).unwrap(), places);
            prop_assert_eq!(found, text.trim().parse().ok());
        }

        #[test]
        fn as_the_standard_library_reads_it(value in any::<f64>(), digits in 0u64.., places in 0usize..20) {
            prop_assume!(value.is_finite());
            prop_assert_eq!(number(value.to_string().as_bytes()), Some(value));
            let mut text = format!("{digits:0>21}");
            text.insert(21 - places.min(20), '.');
            prop_assert_eq!(number(text.as_bytes()), text.parse::<f64>().ok());
        }
    }
}
