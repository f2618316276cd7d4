//! Text from a run, made harmless for eyes and terminals: escape sequences go, control characters and
//! invisible or direction-changing characters become visible.
//!
//! In: anything a tool, a file name or a tester wrote. Out: text that shows as it is. Escaping for a
//! format (HTML, markdown, XML) is the renderer's business and comes on top.

use std::borrow::Cow;

/// Returns the text as one line: line breaks and tabs become spaces.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    clean(text, false)
}

/// Returns the text with its lines kept: `\r\n` and lone `\r` become `\n`, tabs stay.
pub(crate) fn block(text: &str) -> Cow<'_, str> {
    clean(text, true)
}

/// Cuts a text to `limit` characters, the last of which is then `…`.
pub(crate) fn clip(text: &str, limit: usize) -> Cow<'_, str> {
    // A text is never longer in characters than in bytes, which spares counting almost always.
    if text.len() <= limit || text.chars().count() <= limit {
        return Cow::Borrowed(text);
    }
    let mut clipped: String = text.chars().take(limit.saturating_sub(1)).collect();
    clipped.push('…');
    Cow::Owned(clipped)
}

/// Returns the text as one line of at most `limit` characters.
pub(crate) fn short(text: &str, limit: usize) -> String {
    clip(&line(text), limit).into_owned()
}

/// Takes the meaning of a command from lines that GitHub Actions would obey in the log of a step: those
/// that begin with `::`, also behind spaces, and those with `##[` anywhere.
pub(crate) fn without_commands(text: &str) -> Cow<'_, str> {
    if !text.contains("::") && !text.contains("##[") {
        return Cow::Borrowed(text);
    }
    let lines = text.split_inclusive('\n').map(|line| {
        let line = line.replace("##[", "## [");
        let indent = line.len() - line.trim_start().len();
        match line[indent..].strip_prefix("::") {
            Some(rest) => format!("{}: :{rest}", &line[..indent]),
            None => line,
        }
    });
    Cow::Owned(lines.collect())
}

/// Tells whether a character is unseen or moves what is seen: bidirectional controls, zero-width
/// characters, fillers, tags.
pub(crate) fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}

fn clean(text: &str, lines: bool) -> Cow<'_, str> {
    // What nearly all texts are made of.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let harmless = |c: char| !c.is_control() && !is_unseen(c) || (lines && matches!(c, '\n' | '\t'));
    if text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = after;
        match c {
            '\u{1b}' => rest = skip_escape(after),
            '\u{9b}' => rest = skip_control_sequence(after),
            '\r' if lines => {
                if !after.starts_with('\n') {
                    clean.push('\n');
                }
            }
            '\n' | '\t' if lines => clean.push(c),
            '\r' if after.starts_with('\n') => {}
            '\n' | '\t' | '\r' => clean.push(' '),
            // The pictures of the control characters stand in the same order.
            '\0'..='\u{1f}' => clean.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}')),
            '\u{7f}' => clean.push('\u{2421}'),
            _ if c.is_control() || is_unseen(c) => clean.push('\u{fffd}'),
            _ => clean.push(c),
        }
    }
    Cow::Owned(clean)
}

/// Returns what follows an escape sequence (ECMA-48), given what follows its escape character.
fn skip_escape(after: &str) -> &str {
    let Some(kind) = after.chars().next() else { return after };
    let rest = &after[kind.len_utf8()..];
    match kind {
        '[' => skip_control_sequence(rest),
        // Strings end with BEL or ST; one that does not end on its line hides nothing but its start.
        ']' | 'P' | 'X' | '^' | '_' => {
            let line = rest.split('\n').next().unwrap_or(rest);
            let bell = line.find('\u{7}').map(|at| at + 1);
            let terminator = line.find("\u{1b}\\").map(|at| at + 2);
            match (bell, terminator) {
                (Some(one), Some(other)) => &rest[one.min(other)..],
                (Some(end), None) | (None, Some(end)) => &rest[end..],
                (None, None) => rest,
            }
        }
        ' '..='/' => {
            let rest = rest.trim_start_matches(|c: char| matches!(c, ' '..='/'));
            rest.strip_prefix(|c: char| matches!(c, '0'..='~')).unwrap_or(rest)
        }
        '0'..='~' => rest,
        _ => after,
    }
}

fn skip_control_sequence(rest: &str) -> &str {
    let rest = rest.trim_start_matches(|c: char| matches!(c, '0'..='?'));
    let rest = rest.trim_start_matches(|c: char| matches!(c, ' '..='/'));
    rest.strip_prefix(|c: char| matches!(c, '@'..='~')).unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let check = |text: &str, expected: &str| assert_eq!(line(text), expected, "{text:?}");
        check("plain ü 漢", "plain ü 漢");
        check("a\nb\tc\r\nd", "a b c d");
        check("\u{1b}[31;1mred\u{1b}[0m", "red");
        check("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{7}", "link");
        check("\u{1b}]0;title without an end", "0;title without an end");
        check("\u{1b}(B\u{1b}=x\u{9b}2Jy", "xy");
        check("end\u{1b}", "end");
        check("\u{1b}[", "");
        check("nul\0bell\u{7}del\u{7f}", "nul␀bell␇del␡");
        check("a\u{202e}b\u{200b}c\u{2066}", "a\u{fffd}b\u{fffd}c\u{fffd}");
        check("\u{1b}é", "é");
    }

    #[test]
    fn blocks() {
        let check = |text: &str, expected: &str| assert_eq!(block(text), expected, "{text:?}");
        check("a\r\nb\rc\td\n", "a\nb\nc\td\n");
        check("\u{1b}[2K\u{1b}[1Gdone\0", "done␀");
        check("\u{1b}]0;no end\nsecond", "0;no end\nsecond");
    }

    #[test]
    fn commands_of_a_log() {
        let check = |text: &str, expected: &str| assert_eq!(without_commands(text), expected, "{text:?}");
        check("a::b ##\n", "a::b ##\n");
        check("::error::x\n  ::add-mask::y\nx ::z", ": :error::x\n  : :add-mask::y\nx ::z");
        check("text ##[add-mask]y", "text ## [add-mask]y");
        check(":::x", ": ::x");
    }

    #[test]
    fn clipping() {
        assert_eq!(clip("abc", 3), "abc");
        assert_eq!(clip("abcd", 3), "ab…");
        assert_eq!(clip("äöüß", 4), "äöüß");
        assert_eq!(short(&"x".repeat(10_000), 5), "xxxx…");
    }

    proptest::proptest! {
        #[test]
        fn nothing_unseen_is_left(text in "\\PC*|[\\x00-\\x20\\x1b\\[\\];m\u{202e}a-c\\\\]{0,40}") {
            proptest::prop_assert!(line(&text).chars().all(|c| !c.is_control() && !is_unseen(c)));
            proptest::prop_assert!(block(&text).chars().all(|c| matches!(c, '\n' | '\t') || !c.is_control() && !is_unseen(c)));
        }
    }
}
