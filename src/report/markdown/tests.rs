use super::*;
use crate::report::sample;

fn written(report: &Report, budget: usize) -> String {
    let mut out = Vec::new();
    markdown(report, MarkdownOptions { budget }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn reports() {
    insta::assert_snapshot!("report.md", written(&sample::red(), 60_000));
    insta::assert_snapshot!("report-green.md", written(&sample::green(), 60_000));
}

/// Returns the markdown without its code: fenced blocks, spans, `<code>` of character references.
pub(in crate::report) fn outside_code(markdown: &str) -> String {
    let mut outside = String::new();
    let mut fence: Option<String> = None;
    for line in markdown.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) => {
                if line == open {
                    fence = None;
                }
                continue;
            }
            None if ticks.len() >= 3 && !line[ticks.len()..].contains('`') => {
                fence = Some(ticks);
                continue;
            }
            None => {}
        }
        let unspanned = without_code_elements(line);
        let mut rest = unspanned.as_str();
        while let Some(start) = rest.find('`') {
            outside.push_str(&rest[..start]);
            let run = rest[start..].chars().take_while(|c| *c == '`').count();
            let body = &rest[start + run..];
            let mut from = 0;
            let close = loop {
                let at = from + body[from..].find('`').expect("every code span ends on its line");
                let length = body[at..].chars().take_while(|c| *c == '`').count();
                if length == run {
                    break at;
                }
                from = at + length;
            };
            rest = &body[close + run..];
        }
        outside.push_str(rest);
        outside.push('\n');
    }
    assert_eq!(fence, None, "a fence is open: {markdown}");
    outside
}

/// Takes `<code>` elements out, which may hold only character references and letters.
fn without_code_elements(line: &str) -> String {
    let mut parts = line.split("<code>");
    let mut rest = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (inside, after) = part.split_once("</code>").expect("every element ends on its line");
        let allowed = |c: char| !c.is_ascii_punctuation() || matches!(c, '&' | '#' | ';');
        assert!(inside.chars().all(allowed), "{inside}");
        rest.push_str(after);
    }
    rest
}

#[test]
fn hostile_text_is_inert() {
    for text in sample::HOSTILE {
        let written = written(&sample::hostile(text), 1 << 20);
        let outside = outside_code(&written);
        for bad in ["<script", "<img", "<!--", "@", "[x]", "#1", ":tada:", "**bold"] {
            assert!(!outside.contains(bad), "{bad} in {outside}");
        }
        let harmless = |c: char| c == '\n' || !c.is_control() && !crate::report::inert::is_unseen(c);
        assert!(written.replace("⚠\u{fe0f}", "").chars().all(harmless), "{written:?}");
        for row in outside.lines().filter(|line| line.starts_with('|')) {
            assert!(matches!(row.matches('|').count(), 4 | 8 | 7 | 9), "{row}");
        }
    }
}

#[test]
fn many_changes_and_goldens_are_told_by_metric() {
    let mut report = sample::many_compared(700);
    let one = sample::red().goldens.into_iter().find(|finding| finding.verdict.is_red()).unwrap();
    report.goldens = vec![one; 13];
    let text = written(&report, 60_000);
    let table = |text: &str| text.lines().take_while(|line| line.starts_with('|')).count();
    let sums: Vec<&str> =
        text.match_indices("| points |").map(|(at, _)| &text[text[..at].rfind('\n').unwrap() + 1..]).collect();
    let sums: Vec<String> =
        sums.iter().map(|text| text.lines().take(table(text)).collect::<Vec<_>>().join("\n")).collect();
    insta::assert_snapshot!("sums.md", sums.join("\n\n"));
    assert_eq!(text.matches("<summary>one by one</summary>").count(), 2);
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
}

#[test]
fn hostile_names_are_inert_in_sums() {
    for hostile in sample::HOSTILE {
        let mut report = sample::many_compared(700);
        for change in report.comparison.iter_mut().flat_map(|comparison| &mut comparison.changes) {
            change.metric = hostile.to_owned();
            change.point = crate::value::PointName::new(hostile);
        }
        let text = written(&report, 1 << 20);
        assert!(text.contains("| metric | points | change |"), "{text}");
        for row in outside_code(&text).lines().filter(|line| line.starts_with('|')) {
            assert!(matches!(row.matches('|').count(), 4 | 7 | 8 | 9), "{row}");
            assert!(!row.contains('@') && !row.contains('<'), "{row}");
        }
    }
}

#[test]
fn the_budget_is_kept_and_said() {
    let report = sample::many(3000);
    let full = written(&report, 1 << 20);
    for budget in [40_000, 10_000, 3_000, 1_500, 600, 150, 60, 20, 0] {
        let text = written(&report, budget);
        assert!(text.len() <= budget, "{} > {budget}", text.len());
        assert!(text.len() == full.len() || text.contains("left out") || budget < 150, "{text}");
    }
    assert!(written(&report, 600).starts_with("## ❌ failed: 30 of 3,000 cases did not pass"));
}
