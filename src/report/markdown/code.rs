//! Text of the run as code, where mentions, links, HTML and emphasis mean nothing.

use crate::report::inert::short;

/// Characters of a text in a table or a code span.
pub(super) const SPAN: usize = 200;
/// Characters of a cell that keeps to one line.
const UNBROKEN: usize = 28;

/// Returns a text of the run as a code span of one line; a dash if there is nothing in it.
pub(in crate::report) fn code(text: &str) -> String {
    code_of(&short(text, SPAN), SPAN)
}

pub(super) fn code_of(text: &str, limit: usize) -> String {
    let text = short(text, limit);
    let text = text.trim();
    if text.is_empty() {
        return "–".to_owned();
    }
    let fence = "`".repeat(longest_run(text) + 1);
    // A backtick at an end needs a space, which markdown takes away again.
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Returns a text of the run for a cell of a table, where a pipe would end the cell even in code.
pub(in crate::report) fn cell(text: &str) -> String {
    let text = short(text, SPAN);
    if text.trim().is_empty() {
        return String::new();
    }
    if !text.contains('|') {
        return code_of(&text, SPAN);
    }
    element(&text)
}

/// Returns a short cell that keeps to one line; a longer one may break.
pub(super) fn unbroken(cell: &str) -> String {
    if cell.chars().count() > UNBROKEN { cell.to_owned() } else { cell.replace(' ', "\u{a0}") }
}

/// Returns a text of the run as code within HTML, where markdown's signs mean nothing.
pub(super) fn element(text: &str) -> String {
    let mut span = String::from("<code>");
    for c in short(text, SPAN).chars() {
        // Character references mean nothing to markdown, whatever they stand for.
        if c.is_ascii_punctuation() {
            span.push_str(&format!("&#{};", u32::from(c)));
        } else {
            span.push(c);
        }
    }
    span + "</code>"
}

/// Returns a text of the run as a fenced block that nothing in it can end.
pub(in crate::report) fn fenced(text: &str, language: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    format!("{fence}{language}\n{text}\n{fence}")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_spans() {
        let check = |text: &str, expected: &str| assert_eq!(code(text), expected, "{text:?}");
        check("plain", "`plain`");
        check("a ` b", "``a ` b``");
        check("`", "`` ` ``");
        check("```", "```` ``` ````");
        check(" \n ", "–");
        check("a\nb", "`a b`");
        check("@octocat <b> #1", "`@octocat <b> #1`");
        assert_eq!(cell("a | `b` @c"), "<code>a &#124; &#96;b&#96; &#64;c</code>");
        assert_eq!(cell("a\\|b"), "<code>a&#92;&#124;b</code>");
        assert_eq!(unbroken("`610 MHz`"), "`610\u{a0}MHz`");
        assert_eq!(unbroken("at all points of this metric"), "at\u{a0}all\u{a0}points\u{a0}of\u{a0}this\u{a0}metric");
        assert_eq!(unbroken("at all points of these metrics"), "at all points of these metrics");
        assert_eq!(fenced("```\nx", ""), "````\n```\nx\n````");
    }
}
