//! Texts in names: only `[A-Za-z0-9.+-]`, `__` for an underscore and `=XX` for any other byte.

const HEX: &[u8; 16] = b"0123456789ABCDEF";

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-')
}

/// Tells whether a byte may occur in a name.
pub(super) fn is_in_names(byte: u8) -> bool {
    is_plain(byte) || matches!(byte, b'_' | b'=')
}

/// Appends the byte as `=XX`.
pub(super) fn push_hex(byte: u8, out: &mut String) {
    out.push('=');
    out.push(char::from(HEX[usize::from(byte >> 4)]));
    out.push(char::from(HEX[usize::from(byte & 15)]));
}

/// Appends a value's text as it stands in names.
pub(super) fn escape(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'_' => out.push_str("__"),
            byte if is_plain(byte) => out.push(char::from(byte)),
            byte => push_hex(byte, out),
        }
    }
}

/// Reads what `escape` wrote; `None` if it cannot have written it.
pub(super) fn unescape(text: &str) -> Option<String> {
    let digit = |byte: &u8| HEX.iter().position(|hex| hex == byte).map(|value| value as u8);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match (first, rest) {
            (b'_', [b'_', after @ ..]) => {
                bytes.push(b'_');
                rest = after;
            }
            (b'=', [high, low, after @ ..]) => {
                bytes.push(digit(high)? << 4 | digit(low)?);
                rest = after;
            }
            (byte, _) if is_plain(byte) => bytes.push(byte),
            _ => return None,
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_in_names() {
        let check = |text: &str, expected: &str| {
            let mut found = String::new();
            escape(text, &mut found);
            assert_eq!(found, expected);
        };
        check("Float16_b", "Float16__b");
        check("-40", "-40");
        check("a b/c", "a=20b=2Fc");
        check("x=1", "x=3D1");
        check("µ", "=C2=B5");
        for refused in ["a_b", "=", "=4", "=4g", "=4f", "=FF", "a b"] {
            assert_eq!(unescape(refused), None, "{refused}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(text in any::<String>()) {
            let mut escaped = String::new();
            escape(&text, &mut escaped);
            prop_assert!(escaped.bytes().all(is_in_names) && !escaped.contains("=="));
            prop_assert_eq!(unescape(&escaped), Some(text));
        }
    }
}
