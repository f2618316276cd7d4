//! What the cells of descriptors and sweeps say, as people and other programs write it.

/// Reads a whole number. `2.0` is one: so it is written where a column has gaps.
pub(super) fn whole(text: &str) -> Option<u32> {
    let digits = |text: &str| text.parse().ok();
    match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|digit| digit == b'0') => digits(whole),
        Some(_) => None,
        None => digits(text),
    }
}

/// Reads a truth value.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text {
        "0" | "0.0" | "false" | "False" | "FALSE" => Some(false),
        "1" | "1.0" | "true" | "True" | "TRUE" => Some(true),
        _ => None,
    }
}

/// Tells whether a cell says nothing, also as a gap that is written out.
pub(super) fn is_gap(cell: &[u8]) -> bool {
    cell.is_empty() || cell.eq_ignore_ascii_case(b"nan")
}

/// Tells whether a cell says that nobody counted.
pub(super) fn is_uncounted(text: &str) -> bool {
    matches!(text, "-1" | "-1.0") || is_gap(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_as_others_write_them() {
        let check = |text: &str, number: Option<u32>, flag: Option<bool>| {
            assert_eq!((whole(text), truth(text)), (number, flag), "{text}");
        };
        check("0", Some(0), Some(false));
        check("1.0", Some(1), Some(true));
        check("007", Some(7), None);
        check("2.00", Some(2), None);
        check("True", None, Some(true));
        check("FALSE", None, Some(false));
        for neither in ["", "2.5", "2.", ".0", "-1", "-1.0", "4294967296", "yes", "tRUE", "1e3"] {
            check(neither, None, None);
        }
        let gaps = ["", "nan", "NaN", "-1", "-1.0", "0"].map(|text| (is_gap(text.as_bytes()), is_uncounted(text)));
        assert_eq!(gaps, [(true, true), (true, true), (true, true), (false, true), (false, true), (false, false)]);
    }
}
