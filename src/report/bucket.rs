//! Failures that read the same, together: one broken rule at ninety points is one thing to mend.
//!
//! In: the tasks of a run. Out: buckets keyed by verdict, stage and the message with everything that
//! varies from task to task starred. Skipped tasks are in no bucket: their cause is.

use super::Bucket;
use crate::ledger::Verdict;
use crate::record::TaskRecord;
use std::collections::{HashMap, HashSet};

/// Gathers the tasks that failed; failures that are not known come first, then those most cases hang on.
pub fn bucket(tasks: &[TaskRecord]) -> Vec<Bucket> {
    let mut buckets: Vec<Bucket> = Vec::new();
    let mut points: Vec<HashSet<&str>> = Vec::new();
    let mut places: HashMap<(Verdict, &str, Option<&str>, String), usize> = HashMap::new();
    for task in tasks {
        if matches!(task.verdict, Verdict::Pass | Verdict::Skipped) {
            continue;
        }
        let message = reason(task);
        let pattern = star(&message, task.task.point.as_str());
        let stage = task.task.stage.as_str();
        let key = (task.verdict, stage, task.known.as_deref(), pattern);
        let place = *places.entry(key).or_insert_with_key(|(verdict, stage, known, pattern)| {
            points.push(HashSet::new());
            buckets.push(Bucket {
                verdict: *verdict,
                stage: (*stage).to_owned(),
                known: known.map(str::to_owned),
                pattern: pattern.clone(),
                example: message,
                tasks: Vec::new(),
                cases: 0,
            });
            buckets.len() - 1
        });
        buckets[place].tasks.push(task.task.clone());
        // Repeats of one point share its cases, of which a table may say each one's own verdict.
        let own = task.rows.iter().filter(|row| row.verdict == task.verdict);
        buckets[place].cases += match task.rows.is_empty() {
            true if points[place].insert(task.task.point.as_str()) => task.cases,
            true => 0,
            false => own.filter(|row| points[place].insert(row.case.as_str())).count() as u64,
        };
    }
    buckets.sort_by_key(|bucket| {
        let Bucket { known, cases, tasks, .. } = bucket;
        (known.is_some(), std::cmp::Reverse((*cases, tasks.len())))
    });
    buckets
}

/// Returns why a task is not a pass, also where nobody said it.
pub(crate) fn reason(task: &TaskRecord) -> String {
    match (&task.message, task.exit, task.verdict) {
        (Some(message), ..) => message.clone(),
        (None, Some(exit), _) => exit.to_string(),
        (None, None, Verdict::Lost) => "no final state".to_owned(),
        (None, None, _) => "no message".to_owned(),
    }
}

/// Stars what varies: the point's own name, paths, numbers with their sign, hex digits.
fn star(message: &str, point: &str) -> String {
    // A short name such as `a` would star letters of other words.
    let message = if point.len() >= 3 { message.replace(point, "*") } else { message.to_owned() };
    let mut pattern = String::with_capacity(message.len());
    for (index, word) in message.split(char::is_whitespace).filter(|word| !word.is_empty()).enumerate() {
        if index > 0 {
            pattern.push(' ');
        }
        star_word(word, &mut pattern);
    }
    while pattern.contains("* *") {
        pattern = pattern.replace("* *", "*");
    }
    pattern
}

fn star_word(word: &str, pattern: &mut String) {
    let wrapping = |c: char| matches!(c, '`' | '\'' | '"' | '(' | ')' | '[' | ']' | '<' | '>' | ',' | ';' | ':' | '.');
    let core = word.trim_matches(wrapping);
    let start = core.as_ptr() as usize - word.as_ptr() as usize;
    // A path keeps what wraps it and, with a dot in front, its first dot goes with it.
    if is_path(core) {
        pattern.push_str(word[..start].trim_end_matches('.'));
        pattern.push('*');
        pattern.push_str(&word[start + core.len()..]);
        return;
    }
    let mut rest = word;
    while let Some(c) = rest.chars().next() {
        let varying = varying_prefix(rest, pattern.chars().next_back());
        if varying > 0 {
            if !pattern.ends_with('*') {
                pattern.push('*');
            }
            rest = &rest[varying..];
        } else {
            pattern.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
}

fn is_path(word: &str) -> bool {
    let slashes = word.matches(['/', '\\']).count();
    // `and/or` and `read/write` are words; a path is rooted, deep, or ends in a file name.
    let parts: Vec<&str> = word.split(['/', '\\']).collect();
    let file = parts.last().is_some_and(|last| last.chars().skip(1).any(|c| c == '.'));
    slashes > 0
        && (word.starts_with(['/', '~', '\\']) || slashes > 1 || file)
        && parts.iter().any(|part| part.chars().any(char::is_alphabetic))
}

/// Returns the length of what varies at the start of `rest`; 0 if nothing does.
fn varying_prefix(rest: &str, before: Option<char>) -> usize {
    let in_word = before.is_some_and(|c| c.is_ascii_alphanumeric());
    let bytes = rest.as_bytes();
    let run = |from: usize, wanted: fn(&u8) -> bool| bytes[from..].iter().take_while(|byte| wanted(byte)).count();
    if !in_word {
        if rest.starts_with("0x") || rest.starts_with("0X") {
            let digits = run(2, u8::is_ascii_hexdigit);
            if digits > 0 {
                return 2 + digits;
            }
        }
        let hex = run(0, u8::is_ascii_hexdigit);
        let ends = bytes.get(hex).is_none_or(|byte| !byte.is_ascii_alphanumeric());
        if hex >= 7 && ends && bytes[..hex].iter().any(u8::is_ascii_digit) {
            return hex;
        }
    }
    let sign = usize::from(matches!(bytes.first(), Some(b'-' | b'+')));
    let whole = run(sign, u8::is_ascii_digit);
    if whole == 0 {
        return 0;
    }
    let mut end = sign + whole;
    if bytes.get(end) == Some(&b'.') {
        let fraction = run(end + 1, u8::is_ascii_digit);
        end += if fraction > 0 { 1 + fraction } else { 0 };
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'-' | b'+')));
        let digits = run(end + 1 + sign, u8::is_ascii_digit);
        end += if digits > 0 { 1 + sign + digits } else { 0 };
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::RowResult;
    use crate::report::sample;
    use crate::value::PointName;

    #[test]
    fn patterns() {
        let check = |message: &str, expected: &str| assert_eq!(star(message, "inv5_v1.8"), expected, "{message}");
        check("12 violations, expected 0", "* violations, expected *");
        check("freq is -1.5e-9 Hz", "freq is * Hz");
        check("width 0.23um < 0.28um", "width *um < *um");
        check("cannot open /tmp/a/b.log: gone", "cannot open *: gone");
        check("`work/x/1.1/drc.rpt` is missing", "`*` is missing");
        check("see ./drc.rpt.", "see *.");
        check("read/write and/or", "read/write and/or");
        check("out/drc.rpt", "*");
        check("1/2 done", "*/* done");
        check("address 0xdeadBEEF", "address *");
        check("digest a3f09bc1 differs", "digest * differs");
        check("feedback defaced", "feedback defaced");
        check("at inv5_v1.8: no value", "at *: no value");
        check("at inv9_v0.6_t-40", "at inv*_v*_t*");
        check("v1.2.3", "v*.*");
        check("1 2 3 go", "* go");
        check("a  b\n c", "a b c");
        check("", "");
        check("Ω 5µm", "Ω *µm");
        check("exit code 1", "exit code *");
        check("-", "-");
        check("3.", "*.");
        check("1e", "*e");
    }

    #[test]
    fn a_short_point_stars_no_letters() {
        assert_eq!(star("all at a", "a"), "all at a");
    }

    #[test]
    fn alike_failures_share_a_bucket() {
        let failed = |key: &str, message: &str| {
            let mut task = sample::task(key, Verdict::Fail);
            task.message = Some(message.to_owned());
            task.cases = 3;
            task
        };
        let mut known = failed("drc/inv13", "4 violations");
        known.known = Some("issue 7".to_owned());
        let tasks = [
            failed("lvs/inv5", "nets differ"),
            failed("drc/inv5", "12 violations"),
            sample::task("drc/inv7", Verdict::Pass),
            sample::task("sim/inv7", Verdict::Skipped),
            failed("drc/inv9", "1 violations"),
            failed("drc/inv9#2", "2 violations"),
            known,
            sample::task("sim/inv5", Verdict::Lost),
        ];
        let buckets = bucket(&tasks);
        let shown: Vec<String> = buckets
            .iter()
            .map(|b| {
                format!(
                    "{} {} {:?} {}: {} tasks, {} cases",
                    b.verdict,
                    b.stage,
                    b.known,
                    b.pattern,
                    b.tasks.len(),
                    b.cases
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "fail drc None * violations: 3 tasks, 6 cases",
                "fail lvs None nets differ: 1 tasks, 3 cases",
                "lost sim None no final state: 1 tasks, 1 cases",
                "fail drc Some(\"issue 7\") * violations: 1 tasks, 3 cases",
            ]
        );
        assert_eq!(buckets[0].example, "12 violations");
        let points: Vec<&str> = buckets[0].points().into_iter().map(PointName::as_str).collect();
        assert_eq!(points, ["inv5", "inv9"]);
        assert_eq!(bucket(&[]), []);
    }

    #[test]
    fn a_table_says_which_cases_are_meant() {
        let row =
            |case: &str, verdict| RowResult { case: PointName::new(case), verdict, message: None, metrics: Vec::new() };
        let measured = |key: &str, broken: &str| {
            let mut task = sample::task(key, Verdict::Error);
            task.message = Some("1 of 3 rows is missing".to_owned());
            task.rows = ["n1", "n2", "n3"]
                .map(|case| row(case, if case == broken { Verdict::Error } else { Verdict::Pass }))
                .to_vec();
            task.cases = 3;
            task
        };
        let buckets = bucket(&[measured("run/all", "n2"), measured("run/all#2", "n2"), measured("run/all#3", "n3")]);
        assert_eq!((buckets.len(), buckets[0].tasks.len(), buckets[0].cases), (1, 3, 2));
    }

    proptest::proptest! {
        #[test]
        fn any_message_has_a_pattern_without_digits(message in "\\PC{0,60}") {
            let pattern = star(&message, "inv5");
            proptest::prop_assert!(!pattern.bytes().any(|byte| byte.is_ascii_digit()), "{}", pattern);
        }
    }
}
