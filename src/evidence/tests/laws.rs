//! Laws: no bytes make a parser panic, and what is cut off never passes.

use super::*;
use proptest::prelude::*;
use std::sync::OnceLock;

/// A parser, a good report, and what is asked of it.
type GoodReport = (Parser, &'static str, &'static [(&'static str, &'static str)]);

/// Reports that pass.
const GOOD: &[GoodReport] = &[
    (Parser::MagicDrc, "magic_drc/none/drc.rpt", &[("trailer", "required")]),
    (Parser::Netgen, "netgen/none/lvs.rpt", &[]),
    (Parser::Netgen, "netgen/hierarchical/lvs.rpt", &[]),
    (Parser::Netgen, "netgen/flattened/lvs.rpt", &[]),
    (Parser::Netgen, "netgen/newer_match/lvs.rpt", &[]),
    (Parser::Netgen, "netgen/black_box/lvs.rpt", &[]),
    (Parser::NgspiceMeas, "ngspice/plain/stdout", &[("at5", "at5")]),
    (Parser::MetricLines, "ngspice/good/stdout", &[("power", "power_w")]),
    (Parser::MetricLines, "ngspice/progress/stdout", &[("power", "power_w")]),
    (Parser::Json, "json/compilation_info.json", &[("calls", "/stream-aggregate/execution/call-count")]),
    (Parser::Csv, "csv/tempsense.csv", &[("last", "run_time[temp=100]")]),
    (Parser::KeyValue, "key_value/check.txt", &[("clean", "clean")]),
    (Parser::GoogleBenchmark, "google_benchmark/repetitions/stdout", &[]),
    (Parser::Hyperfine, "hyperfine/one_command/times.json", &[]),
    (Parser::Bencher, "bencher/one_benchmark.json", &[]),
    (Parser::IreeRun, "iree_run/pass/stdout", &[]),
];

fn passes(outcome: &Result<Evidence, EvidenceError>) -> bool {
    outcome.as_ref().is_ok_and(|evidence| evidence.unmet().next().is_none())
}

/// Cut at every byte: a pass must be the pass of the whole report, with the same values. Companions
/// are not given: the text must do it alone.
#[test]
fn what_is_cut_off_never_passes_with_other_values() {
    for &(parser, path, asked) in GOOD {
        let bytes = read(path);
        let whole = parse_bytes(parser, &bytes, asked).unwrap_or_else(|err| panic!("{path}: {err}"));
        assert!(whole.unmet().next().is_none(), "{path}");
        for end in 0..bytes.len() {
            let outcome = parse_bytes(parser, &bytes[..end], asked);
            if let (true, Ok(evidence)) = (passes(&outcome), &outcome) {
                assert_eq!(evidence.fields, whole.fields, "{path} cut at {end} of {}", bytes.len());
            }
        }
    }
}

/// How much may be missing at the end: what follows the deciding part.
#[test]
fn the_shortest_report_that_passes() {
    let shortest = |index: usize| {
        let (parser, path, asked) = GOOD[index];
        let bytes = read(path);
        let end = (0..=bytes.len()).find(|&end| passes(&parse_bytes(parser, &bytes[..end], asked))).unwrap();
        let start = bytes[..end].trim_ascii_end().iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        String::from_utf8_lossy(&bytes[start..end]).into_owned()
    };
    assert_eq!(shortest(0), "end of report");
    for netgen in 1..4 {
        assert_eq!(shortest(netgen), "Circuits match uniquely.");
    }
    assert_eq!(shortest(4), "Final result: Circuits match uniquely.");
    assert_eq!(shortest(5), "Circuits match uniquely.");
    assert_eq!(shortest(7), "METRIC power_w 0.000246496\n");
    assert_eq!(shortest(15), "[SUCCESS] all function outputs matched their expected values.\n");
}

/// A report of wrong sizes, cut before the lines that say so again, does not pass.
#[test]
fn broken_reports_never_pass_however_they_are_cut() {
    for path in [
        "netgen/lvs_open/lvs.rpt",
        "netgen/lvs_short/lvs.rpt",
        "netgen/lvs_width/lvs.rpt",
        "netgen/hierarchical_width/lvs.rpt",
        "netgen/swapped/lvs.rpt",
        "netgen/extra_device/lvs.rpt",
        "netgen/pin_missing/lvs.rpt",
        "netgen/pins_swapped/lvs.rpt",
        "netgen/layout_empty/lvs.rpt",
        "netgen/newer_property_errors/lvs.rpt",
        "netgen/newer_subcell/lvs.rpt",
        "netgen/newer_pins/lvs.rpt",
    ] {
        let bytes = read(path);
        for end in ends(&bytes) {
            let outcome = parse_bytes(Parser::Netgen, &bytes[..end], &[]);
            assert!(!passes(&outcome), "{path} cut at {end}: {}", shown(&outcome));
        }
    }
    for path in
        ["magic_drc/drc/drc.rpt", "magic_drc/overlapping_violations/drc.rpt", "magic_drc/technology_missing/drc.rpt"]
    {
        let bytes = read(path);
        for end in ends(&bytes) {
            let outcome = parse_bytes(Parser::MagicDrc, &bytes[..end], &[("trailer", "required")]);
            assert!(!passes(&outcome), "{path} cut at {end}: {}", shown(&outcome));
        }
    }
}

/// Places to cut: around the ends of lines, and every seventh byte.
fn ends(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let near = |end: usize| bytes[end.saturating_sub(2)..(end + 2).min(bytes.len())].contains(&b'\n');
    (0..=bytes.len()).filter(move |&end| end % 7 == 0 || near(end))
}

/// What each parser is asked in the laws below.
fn asked_of(parser: Parser) -> &'static [(&'static str, &'static str)] {
    match parser {
        Parser::Json => &[("x", "/benchmarks/0/real_time")],
        Parser::Csv => &[("x", "freq[temp=20]"), ("y", "a")],
        Parser::Regex => &[("x", r"^([a-z]*) ")],
        Parser::MagicDrc => &[("m", "boxes[M1]")],
        _ => &[],
    }
}

fn parse_with_any_companion(parser: Parser, bytes: &[u8], companion: &[u8]) -> Result<Evidence, EvidenceError> {
    let asked = fields(asked_of(parser));
    parse(parser, &Input { bytes, companions: &[("beside", companion)], fields: &asked })
}

/// All files of the fixtures.
fn all_fixtures() -> &'static [Vec<u8>] {
    static ALL: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { collect(&path, found) } else { found.push(path) }
        }
    }
    ALL.get_or_init(|| {
        let mut paths = Vec::new();
        collect(&fixtures(), &mut paths);
        paths.sort();
        paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
    })
}

/// A report of one tool never passes for another's where the formats have a shape of their own.
#[test]
fn reports_of_other_tools_do_not_pass() {
    for (tool, parser) in [
        ("magic_drc", Parser::MagicDrc),
        ("netgen", Parser::Netgen),
        ("google_benchmark", Parser::GoogleBenchmark),
        ("hyperfine", Parser::Hyperfine),
        ("iree_run", Parser::IreeRun),
        ("bencher", Parser::Bencher),
    ] {
        for &(other, path, _) in GOOD {
            if other != parser {
                let outcome = parse_bytes(parser, &read(path), &[]);
                assert!(outcome.is_err(), "{tool} took {path}: {}", shown(&outcome));
            }
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), companion in proptest::collection::vec(any::<u8>(), 0..60)) {
        for parser in Parser::ALL {
            let outcome = parse_with_any_companion(parser, &bytes, &companion);
            if let Err(error) = &outcome {
                let _ = (error.to_string(), error.hint());
            }
        }
    }

    #[test]
    fn any_lines_of_a_report_in_any_order_are_read_without_panic(
        lines in proptest::collection::vec(prop_oneof![
            Just("ring count: 0"), Just("ring count: 3"), Just("----------"), Just("rule (R.1)"), Just(" 1um 2um 3um 4um"),
            Just("cell area: 5 um2"), Just("device count: 7"), Just("end of report"), Just("Subcircuit summary:"),
            Just("Circuit 1: ring |Circuit 2: ring"), Just("Number of devices: 6 |Number of devices: 6"),
            Just("Number of nets: 5 |Number of nets: 5"), Just("Subcircuit pins:"), Just("(no matching pin) |out"),
            Just("Cell pin lists are equivalent."), Just("Circuits match uniquely."), Just("Netlists do not match."),
            Just("Final result:"), Just("Property errors were found."), Just("METRIC a 1"), Just("METRIC"), Just("a = 1"),
            Just("a = failed"), Just("meas tran a failed!"), Just("[SUCCESS] x"), Just("[FAILED] x"), Just(""),
        ], 0..14),
    ) {
        let text = lines.join("\n") + "\n";
        for parser in Parser::ALL {
            let outcome = parse_with_any_companion(parser, text.as_bytes(), b"[]");
            if parser == Parser::Netgen && passes(&outcome) {
                prop_assert!(lines.contains(&"Circuits match uniquely."));
                prop_assert!(!lines.contains(&"Property errors were found."));
            }
            if parser == Parser::IreeRun && lines.contains(&"[FAILED] x") {
                prop_assert!(!passes(&outcome));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Real reports with bytes flipped, a piece cut out and the end cut off.
    #[test]
    fn damaged_reports_are_read_without_panic(
        choice in any::<prop::sample::Index>(),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<(prop::sample::Index, prop::sample::Index)>(),
        end in any::<prop::sample::Index>(),
        companion in any::<prop::sample::Index>(),
    ) {
        let all = all_fixtures();
        let mut bytes = choice.get(all).clone();
        let companion = companion.get(all).clone();
        if !bytes.is_empty() {
            for (at, byte) in flips {
                let at = at.index(bytes.len());
                bytes[at] ^= byte;
            }
            let (from, to) = (cut.0.index(bytes.len()), cut.1.index(bytes.len()));
            bytes.drain(from.min(to)..from.max(to).min(from.min(to) + 40));
            bytes.truncate(end.index(bytes.len() + 1).max(bytes.len() / 2));
        }
        for parser in Parser::ALL {
            let outcome = parse_with_any_companion(parser, &bytes, &companion);
            if let Ok(evidence) = &outcome {
                for (name, field) in &evidence.fields {
                    let finite = match field {
                        Field::Number(number) => number.is_finite(),
                        Field::List(values) => values.iter().all(|value| value.is_finite()),
                        Field::Text(_) | Field::Bool(_) => true,
                    };
                    prop_assert!(finite, "{} of {parser}", name);
                }
            }
        }
    }
}
