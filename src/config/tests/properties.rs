//! What holds for every text.

use super::{load, suites::SUITES};
use crate::config::{load_project, suite_from_openfasoc};
use proptest::prelude::*;

/// One slip of the hand.
#[derive(Debug, Clone)]
enum Slip {
    DeleteLine(usize),
    RepeatLine(usize),
    SwapLines(usize, usize),
    DeleteText(usize, usize),
    Insert(usize, String),
    Indent(usize, usize),
}

fn slip() -> impl Strategy<Value = Slip> {
    prop_oneof![
        any::<usize>().prop_map(Slip::DeleteLine),
        any::<usize>().prop_map(Slip::RepeatLine),
        any::<(usize, usize)>().prop_map(|(a, b)| Slip::SwapLines(a, b)),
        (any::<usize>(), 1..20usize).prop_map(|(at, length)| Slip::DeleteText(at, length)),
        (any::<usize>(), "[\\[\\]{}:,\"'|>&*!#~ a-z0-9%-]{1,4}").prop_map(|(at, text)| Slip::Insert(at, text)),
        (any::<usize>(), 0..6usize).prop_map(|(at, spaces)| Slip::Indent(at, spaces)),
    ]
}

fn apply(text: &str, slip: &Slip) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.is_empty() {
        return String::new();
    }
    let line = |at: usize| at % lines.len();
    let boundary = |at: usize| text.char_indices().map(|(at, _)| at).nth(at % text.chars().count().max(1)).unwrap_or(0);
    match slip {
        Slip::DeleteLine(at) => drop(lines.remove(line(*at))),
        Slip::RepeatLine(at) => lines.insert(line(*at), lines[line(*at)].clone()),
        Slip::SwapLines(a, b) => {
            let (a, b) = (line(*a), line(*b));
            lines.swap(a, b);
        }
        Slip::DeleteText(at, length) => {
            let start = boundary(*at);
            let rest: String = text[start..].chars().skip(*length).collect();
            return format!("{}{rest}", &text[..start]);
        }
        Slip::Insert(at, inserted) => {
            let (before, after) = text.split_at(boundary(*at));
            return format!("{before}{inserted}{after}");
        }
        Slip::Indent(at, spaces) => {
            let at = line(*at);
            lines[at] = format!("{}{}", " ".repeat(*spaces), lines[at].trim_start());
        }
    }
    lines.join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn slips_are_problems_with_places_never_panics(
        suite in 0..SUITES.len(),
        slips in proptest::collection::vec(slip(), 1..4),
    ) {
        let text = slips.iter().fold(SUITES[suite].1.to_owned(), |text, slip| apply(&text, slip));
        if let Err(problems) = load(&text) {
            prop_assert!(!problems.is_empty());
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = load(&text);
        let _ = load_project("shmoo.yaml", &text);
        let _ = suite_from_openfasoc("sweep.yml", &text, true);
    }

    #[test]
    fn quoting_decides_between_text_and_number(number in "-?[0-9]{1,12}(\\.[0-9]{1,12})?") {
        let params = |values: &str| {
            let text = format!(
                "version: 1\nsuite: s\nparams: {{ a: {{ code: a, values: {values} }} }}\nstages: {{ r: {{ cmd: [x], outputs: [y] }} }}\n"
            );
            load(&text).map(|loaded| loaded.suite.schema.params()[0].values[0].clone())
        };
        let plain = params(&format!("[{number}]")).map_err(TestCaseError::fail)?;
        prop_assert_eq!(plain.number(), number.parse().ok());
        let quoted = params(&format!("[\"{number}\"]")).map_err(TestCaseError::fail)?;
        prop_assert_eq!(quoted, crate::value::Scalar::Text(number));
    }
}
