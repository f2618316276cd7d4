use super::definition::Definition;
use super::json::{NodeKind, parse};
use super::{IreeFile, IreeGoldens};
use crate::check::golden::{
    Bless, BlessAction, BlessSelection, BlessTerms, Blessed, GoldenCheck, GoldenHolder, PlannedPoint, Propose, bless,
    check, planned_points, propose,
};
use crate::ledger::Verdict;
use crate::record::RunRecord;
use crate::record::sample::{SPAN, expr, gated, goldens, plan, record, stage, suite};
use crate::suite::{Better, GoldenSource, Goldens, IreeField, IreeFiles, IreeJson, Part, Profile, Suite, Template};
use crate::value::{Scalar, Timestamp};
use proptest::prelude::*;

fn template(text: &str) -> Template {
    let param = |name: &str| ["model", "sku", "chip"].iter().position(|known| *known == name).unwrap();
    let parts = text.split_inclusive(['{', '}']).filter_map(|part| match part.strip_suffix('}') {
        Some(name) => Some(Part::Param(param(name))),
        None => {
            Some(part.trim_end_matches('{')).filter(|text| !text.is_empty()).map(|text| Part::Literal(text.to_owned()))
        }
    });
    Template { parts: parts.collect(), span: SPAN }
}

fn files(name: &str, key: Option<&str>, fields: &[(usize, IreeField)]) -> IreeFiles {
    let fields = fields.iter().map(|(metric, field)| (0, *metric, *field)).collect();
    IreeFiles { constraint: None, name: template(name), key: key.map(template), fields, span: SPAN }
}

fn source(files: Vec<IreeFiles>) -> IreeJson {
    IreeJson { folder: "benchmarks".to_owned(), files }
}

/// Stage `run` over model, sku and chip with `time` (ms), `size` (kB) and `count`; goldens by SKU in `MODEL_rocm.json`.
fn sample() -> Suite {
    let all = [(0, IreeField::TimeMs), (1, IreeField::Size), (2, IreeField::Dispatch)];
    with(source(vec![files("{model}_rocm.json", Some("{sku}"), &all)]))
}

fn with(source: IreeJson) -> Suite {
    let metrics =
        vec![gated("time", "ms", Better::Lower), gated("size", "kB", Better::Lower), gated("count", "", Better::Lower)];
    let params = ["model:m=clip vae", "sku:s=mi300 mi308", "chip:c=gfx942 gfx90a"];
    let suite = suite(&params, vec![stage("run", &[0, 1, 2], metrics)]);
    Suite { goldens: Some(Goldens { source: GoldenSource::IreeJson(source), ..goldens(Vec::new()) }), ..suite }
}

fn run(suite: &Suite, values: &[(&str, f64, f64, f64)]) -> RunRecord {
    let mut record = record(suite, "a");
    for (at, time, size, count) in values {
        let values = [("time", *time), ("size", *size), ("count", *count)];
        plan(&mut record, suite, "run", at, Verdict::Pass, &values);
    }
    record
}

fn open(suite: &Suite, record: &RunRecord, texts: &[(&str, &str)]) -> Result<IreeGoldens, String> {
    let Some(Goldens { source: GoldenSource::IreeJson(source), .. }) = &suite.goldens else { panic!("IREE's files") };
    let file = |(name, text): &(&str, &str)| IreeFile {
        name: (*name).to_owned(),
        shown: format!("benchmarks/{name}"),
        text: (*text).to_owned(),
    };
    let files = texts.iter().filter(|(name, _)| IreeGoldens::wants(source, name)).map(file).collect();
    IreeGoldens::read(suite, source, &planned_points(suite, record), files).map_err(|problems| problems.to_string())
}

fn checked(suite: &Suite, record: &RunRecord, texts: &[(&str, &str)]) -> String {
    let goldens = match open(suite, record, texts) {
        Ok(goldens) => goldens,
        Err(problems) => return problems,
    };
    let lets = |_: &PlannedPoint, _: &str| None;
    let mut found = check(&GoldenCheck { table: goldens.table(), suite, record, partial: false, lets: &lets });
    found.extend(goldens.orphans().iter().map(|orphan| orphan.finding.clone()));
    let line = |finding: &crate::check::golden::GoldenFinding| {
        let crate::check::golden::GoldenFinding { metric, point, verdict, tolerance, message, .. } = finding;
        format!("{metric} {point}: {verdict:?} ({tolerance}) {message}")
    };
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn blessed(suite: &Suite, record: &RunRecord, texts: &[(&str, &str)], cases: &[&str]) -> (IreeGoldens, Blessed) {
    bless_these(suite, record, texts, Some(cases), false)
}

/// Blesses the cases that are named, and leaves out orphans.
fn tidied(suite: &Suite, record: &RunRecord, texts: &[(&str, &str)], cases: &[&str]) -> (IreeGoldens, Blessed) {
    bless_these(suite, record, texts, Some(cases).filter(|cases| !cases.is_empty()), true)
}

/// Blesses some cases, all if none is named.
fn bless_these(
    suite: &Suite,
    record: &RunRecord,
    texts: &[(&str, &str)],
    cases: Option<&[&str]>,
    prune_orphans: bool,
) -> (IreeGoldens, Blessed) {
    let goldens = open(suite, record, texts).unwrap();
    let selection = cases.map(|cases| {
        let cases: Vec<String> = cases.iter().map(|case| (*case).to_owned()).collect();
        BlessSelection::new(suite, &cases, &[]).unwrap()
    });
    let terms = BlessTerms {
        reason: "a new compiler".to_owned(),
        accept_regression: Some("issue 1".to_owned()),
        dirty_ok: false,
        date: Timestamp::from_milliseconds(0),
    };
    let blessed = bless(&Bless {
        file: &goldens,
        suite,
        record,
        partial: false,
        selection: selection.as_ref(),
        prune_orphans,
        terms: &terms,
    });
    (goldens, blessed)
}

/// Returns refusals, or the diff.
fn diff(suite: &Suite, record: &RunRecord, texts: &[(&str, &str)], cases: &[&str]) -> String {
    let (goldens, blessed) = blessed(suite, record, texts, cases);
    if !blessed.refusals.is_empty() {
        return blessed.refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    }
    goldens.edit(&blessed.edits).iter().map(|(file, edited)| edited.diff(&file.shown)).collect()
}

const CLIP: &str = r#"{
    "function_run": "main",
    "golden_time_tolerance_multiplier": {
        "mi300": 1.1
    },
    "golden_time_ms": {
        "mi300": 59.0,
        "mi250": 206
    },
    "golden_size": { "mi300": 1400000 },
    "golden_dispatch": {
        "mi300": 0
    }
}
"#;

#[test]
fn metrics_are_held_against_their_goldens() {
    let suite = sample();
    let values = [
        ("model=clip sku=mi300 chip=gfx942", 60.0, 1400.0, 1.0),
        ("model=clip sku=mi308 chip=gfx942", 60.0, 1400.0, 1.0),
        ("model=vae sku=mi300 chip=gfx942", 60.0, 1400.0, 1.0),
    ];
    let record = run(&suite, &values);
    insta::assert_snapshot!(checked(&suite, &record, &[("clip_rocm.json", CLIP), ("README.json", "no JSON")]), @r"
    run.time mclip_smi300_cgfx942: Met (10%, worse side only) 60 ms is 1.7% above the golden 59 ms, 10%, worse side only allowed
    run.size mclip_smi300_cgfx942: Met (exact) equal
    run.count mclip_smi300_cgfx942: Missed (exact) 1 is above the golden 0, which must be met exactly
    run.time mclip_smi308_cgfx942: Missing (exact) measured 60 ms, and `benchmarks/clip_rocm.json` has no `golden_time_ms.mi308`
    run.size mclip_smi308_cgfx942: Missing (exact) measured 1400 kB, and `benchmarks/clip_rocm.json` has no `golden_size.mi308`
    run.count mclip_smi308_cgfx942: Missing (exact) measured 1, and `benchmarks/clip_rocm.json` has no `golden_dispatch.mi308`
    run.time mvae_smi300_cgfx942: Missing (exact) measured 60 ms, and there is no file `vae_rocm.json` for its golden
    run.size mvae_smi300_cgfx942: Missing (exact) measured 1400 kB, and there is no file `vae_rocm.json` for its golden
    run.count mvae_smi300_cgfx942: Missing (exact) measured 1, and there is no file `vae_rocm.json` for its golden
    run.time clip_rocm.json golden_time_ms.mi250: Orphan () no task is planned that it is the golden of: delete it, or mend `files` of `goldens` (benchmarks/clip_rocm.json:8:18)
    ");
}

#[test]
fn goldens_of_a_profile_are_no_orphans() {
    let mut suite = sample();
    let over = vec![(1, vec![Scalar::infer("mi250")])];
    suite.profiles = vec![Profile { name: "old".to_owned(), constraints: Vec::new(), over, repeat: None, span: SPAN }];
    let record = run(&suite, &[("model=clip sku=mi300 chip=gfx942", 59.0, 1400.0, 0.0)]);
    assert!(!checked(&suite, &record, &[("clip_rocm.json", CLIP)]).contains("Orphan"));
}

#[test]
fn files_with_a_type_and_operator_tests() {
    let source = source(vec![
        files("{model}.json", None, &[(1, IreeField::BinarySize), (2, IreeField::DispatchCount)]),
        files("b/{model}_{sku}.json", None, &[(0, IreeField::TimeMs)]),
        IreeFiles {
            constraint: Some(expr("model == 'vae'")),
            ..files("ops.json", Some("A/{model}"), &[(0, IreeField::TimesMs)])
        },
    ]);
    let suite = with(source);
    let record = run(
        &suite,
        &[("model=clip sku=mi300 chip=gfx942", 2.0, 2.0, 7.0), ("model=vae sku=mi300 chip=gfx942", 3.0, 1.5, 8.0)],
    );
    let stat = |size: u32| format!(r#"{{"type":"compstat","golden_dispatch_count":7,"golden_binary_size":{size}}}"#);
    let (clip, vae) = (stat(2000), stat(1500));
    let texts = [
        ("clip.json", clip.as_str()),
        ("vae.json", vae.as_str()),
        ("b/clip_mi300.json", r#"{"type": "benchmark", "golden_time_ms": 1.5, "tolerance_factor": 1.5}"#),
        ("ops.json", r#"{"config_name": "x", "golden_times_ms": {"A/vae": 3.0}}"#),
    ];
    insta::assert_snapshot!(checked(&suite, &record, &texts), @r"
    run.time mclip_smi300_cgfx942: Met (50%, worse side only) 2 ms is 33% above the golden 1.5 ms, 50%, worse side only allowed
    run.size mclip_smi300_cgfx942: Met (exact) equal
    run.count mclip_smi300_cgfx942: Met (exact) equal
    run.time mvae_smi300_cgfx942: Met (exact) equal
    run.size mvae_smi300_cgfx942: Met (exact) equal
    run.count mvae_smi300_cgfx942: Missed (exact) 8 is 14% above the golden 7, which must be met exactly
    ");
}

#[test]
fn a_bless_changes_bytes_of_values_alone() {
    let suite = sample();
    let values = [
        ("model=clip sku=mi300 chip=gfx942", 61.0, 1399.5, 3.0),
        ("model=clip sku=mi308 chip=gfx942", 64.5, 1400.0, 4.0),
    ];
    let record = run(&suite, &values);
    insta::assert_snapshot!(diff(&suite, &record, &[("clip_rocm.json", CLIP)], &[]), @r#"
    --- a/benchmarks/clip_rocm.json
    +++ b/benchmarks/clip_rocm.json
    @@ -4,11 +4,13 @@
             "mi300": 1.1
         },
         "golden_time_ms": {
    -        "mi300": 59.0,
    -        "mi250": 206
    +        "mi300": 61.0,
    +        "mi250": 206,
    +        "mi308": 64.5
         },
    -    "golden_size": { "mi300": 1400000 },
    +    "golden_size": { "mi300": 1399500, "mi308": 1400000 },
         "golden_dispatch": {
    -        "mi300": 0
    +        "mi300": 3,
    +        "mi308": 4
         }
     }
    "#);
}

#[test]
fn orphans_go_with_their_keys() {
    let suite = sample();
    let record = run(&suite, &[("model=clip sku=mi300 chip=gfx942", 61.0, 1400.0, 3.0)]);
    let check = |text: &str, cases: &[&str], expected: &str| {
        let blessed = tidied(&suite, &record, &[("clip_rocm.json", text)], cases);
        assert_eq!(
            blessed.1.changes.iter().filter(|change| change.action == BlessAction::Remove).count(),
            blessed.0.orphans().len()
        );
        let edited = blessed.0.edit(&blessed.1.edits);
        assert_eq!(edited[0].1.text(), expected);
        let left = open(&suite, &record, &[("clip_rocm.json", expected)]).unwrap();
        assert_eq!(left.orphans(), []);
        edited[0].1.diff("clip_rocm.json")
    };
    let diff = check(CLIP, &[], &CLIP.replace(",\n        \"mi250\": 206", ""));
    insta::assert_snapshot!(diff, @r#"
    --- a/clip_rocm.json
    +++ b/clip_rocm.json
    @@ -4,8 +4,7 @@
             "mi300": 1.1
         },
         "golden_time_ms": {
    -        "mi300": 59.0,
    -        "mi250": 206
    +        "mi300": 59.0
         },
         "golden_size": { "mi300": 1400000 },
         "golden_dispatch": {
    "#);
    let diff = check(
        "{\r\n\t\"golden_size\" : {\r\n\t\t\"a\" : 1,\r\n\t\t\"mi300\" : 2,\r\n\t\t\"b\" : 3,\r\n\t\t\"c\" : 4\r\n\t}\r\n}",
        &[],
        "{\r\n\t\"golden_size\" : {\r\n\t\t\"mi300\" : 2\r\n\t}\r\n}",
    );
    assert!(diff.contains("\n-\t\t\"a\" : 1,\r\n-\t\t\"mi300\" : 2,\r\n"), "{diff}");
    // Nothing but orphans; a value that is blessed at the same time.
    check(r#"{"golden_size": { "a": 1, "b": 2 }, "device": "x"}"#, &[], r#"{"golden_size": {}, "device": "x"}"#);
    check(
        r#"{"golden_size": { "a": 1, "b": 2 }}"#,
        &["mclip*"],
        r#"{"golden_size": {"mi300": 1400000},"golden_time_ms": {"mi300": 61},"golden_dispatch": {"mi300": 3}}"#,
    );
    check(
        r#"{"golden_size": {"mi300":1, "a":2,"b":3}, "golden_time_ms": {"a":1.5}, "golden_dispatch": {"mi300":3}}"#,
        &["mclip*"],
        r#"{"golden_size": {"mi300":1400000}, "golden_time_ms": {"mi300": 61.0}, "golden_dispatch": {"mi300":3}}"#,
    );
}

#[test]
fn an_orphan_that_is_a_whole_file_leaves_the_file() {
    let source = source(vec![files("{model}_{sku}.json", None, &[(0, IreeField::TimeMs)])]);
    let suite = with(source);
    let record = run(&suite, &[("model=clip sku=mi300 chip=gfx942", 1.5, 1.0, 1.0)]);
    let text = r#"{"type": "benchmark", "golden_time_ms": 1.5, "tolerance_factor": 1.5}"#;
    let (goldens, blessed) = tidied(&suite, &record, &[("clip_mi300.json", text), ("vae_mi300.json", text)], &[]);
    let edited = goldens.edit(&blessed.edits);
    assert_eq!((edited.len(), edited[0].0.name.as_str()), (1, "vae_mi300.json"));
    assert_eq!(edited[0].1.text(), r#"{"type": "benchmark", "tolerance_factor": 1.5}"#);
}

#[test]
fn keys_are_added_in_the_style_of_the_file() {
    let suite = sample();
    let record = run(&suite, &[("model=clip sku=mi300 chip=gfx942", 61.0, 1400.0, 3.0)]);
    let check = |text: &str, expected: &str| {
        let (goldens, blessed) = blessed(&suite, &record, &[("clip_rocm.json", text)], &[]);
        let edited = goldens.edit(&blessed.edits);
        assert_eq!(edited[0].1.text(), expected);
    };
    check(
        "\u{feff}{\r\n\t\"device\" : \"hip\",\r\n\t\"golden_size\" : {}\r\n}",
        "\u{feff}{\r\n\t\"device\" : \"hip\",\r\n\t\"golden_size\" : {\r\n\t\t\"mi300\" : 1400000\r\n\t},\r\n\t\
         \"golden_time_ms\" : {\r\n\t\t\"mi300\" : 61\r\n\t},\r\n\t\"golden_dispatch\" : {\r\n\t\t\"mi300\" : 3\r\n\t}\r\n}",
    );
    check(
        r#"{"golden_time_ms":{"a":1.5},"golden_size":{"mi300":1}}"#,
        r#"{"golden_time_ms":{"a":1.5,"mi300":61.0},"golden_size":{"mi300":1400000},"golden_dispatch":{"mi300":3}}"#,
    );
    check(
        "{}",
        r#"{"golden_time_ms": {"mi300": 61}, "golden_dispatch": {"mi300": 3}, "golden_size": {"mi300": 1400000}}"#,
    );
}

#[test]
fn what_is_refused() {
    let suite = sample();
    let values = [
        ("model=clip sku=mi300 chip=gfx942", 61.0, 1400.0, 3.5),
        ("model=vae sku=mi300 chip=gfx942", 61.0, 1400.0, 3.0),
    ];
    let record = run(&suite, &values);
    assert_eq!(
        diff(&suite, &record, &[("clip_rocm.json", CLIP)], &["mclip*"]),
        "run.count at `mclip_smi300_cgfx942`: 3.5 is not a whole number, as `golden_dispatch` is"
    );
    let missing = diff(&suite, &record, &[("clip_rocm.json", CLIP)], &["mvae*"]);
    assert!(
        missing.contains("there is no file `vae_rocm.json` for its golden: write its definition first"),
        "{missing}"
    );
    // Two chips of one SKU share a golden.
    let twice = [
        ("model=clip sku=mi300 chip=gfx942", 61.0, 1400.0, 3.0),
        ("model=clip sku=mi300 chip=gfx90a", 62.0, 1400.0, 3.0),
    ];
    let record = run(&suite, &twice);
    assert_eq!(
        diff(&suite, &record, &[("clip_rocm.json", CLIP)], &[]),
        "run.time at `mclip_smi300_cgfx942` and at `mclip_smi300_cgfx90a` has one golden, and their values differ"
    );
    assert!(diff(&suite, &record, &[("clip_rocm.json", CLIP)], &["*gfx90a"]).contains("+        \"mi300\": 62.0,\n"));
}

#[test]
fn goldens_are_proposed() {
    let suite = sample();
    let at = "model=clip sku=mi300 chip=gfx942";
    let records: Vec<RunRecord> = (0..4).map(|_| run(&suite, &[(at, 80.0, 1400.0, 0.0)])).collect();
    let goldens = open(&suite, &records[3], &[("clip_rocm.json", CLIP)]).unwrap();
    let selection = BlessSelection::new(&suite, &[], &[]).unwrap();
    let lets = |_: &PlannedPoint, _: &str| None;
    let found = propose(&Propose {
        file: &goldens,
        suite: &suite,
        records: &records,
        selection: &selection,
        in_a_row: 3,
        lets: &lets,
    });
    let proposal = &found.proposals[0];
    assert_eq!((found.proposals.len(), proposal.missed_before, proposal.missed_after), (1, Some(4), 0));
    let edited = goldens.edit(&found.edits);
    assert!(edited[0].1.diff("clip_rocm.json").contains("-        \"mi300\": 59.0,\n+        \"mi300\": 80.0,\n"));
}

#[test]
fn mistakes_have_places() {
    let check = |text: &str, expected: &str| {
        let found = Definition::read("f.json", text).map(|_| "nothing is wrong".to_owned());
        assert_eq!(found.unwrap_or_else(|problems| problems.to_string()).replace("f.json:", ""), expected, "{text}");
    };
    check("", "1:1: expected a value, found the end of the file");
    check("[]", "1:1: expected a map, found a list");
    check("{\n  \"device\": \"x\",\n}", "3:1: expected a key in double quotes, found `}` (remove the comma before it)");
    check("{ // x\n}", "1:3: expected a key in double quotes, found `/` (JSON has no comments)");
    check("{\"a\": 1} x", "1:10: expected the end of the file, found `x`");
    check(
        "{\"golden_time_ms\": NaN}",
        "1:20: expected a value, found `NaN` (JSON has no such number: leave the key out)",
    );
    check("{\"device\": \"a\nb\"}", "1:12: this text is not closed on its line");
    check("{\"device\": \"\\q\"}", "1:12: this text has an escape that JSON does not know");
    check(
        "{\"golden_tim_ms\": {}}",
        "1:2: unknown key `golden_tim_ms` in a benchmark without a `type` (did you mean `golden_time_ms`?)",
    );
    check("{\"type\": \"bench\"}", "1:10: unknown type `bench` (known: `benchmark`, `compstat`, `quality`)");
    check("{\"type\": 1}", "1:10: `type` is a number, and it must be a text");
    check("{\"device\": []}", "1:12: `device` is a list, and it must be a text");
    check(
        "{\"golden_time_ms\": 5}",
        "1:20: `golden_time_ms` is a number, and it must be a map from SKU to a number (write `{ \"mi300\": 12.5 }`)",
    );
    check(
        "{\"type\": \"benchmark\", \"golden_time_ms\": {\"x\": 1}}",
        "1:41: `golden_time_ms` is a map, and it must be a number (a map by SKU stands in a file without a `type`)",
    );
    check("{\"golden_time_ms\": {\"a\": 1,\n \"a\": 2}}", "2:2: the key `a` is there twice (delete one of them)");
    check(
        "{\"golden_time_ms\": {\"a\": \"1\"}}",
        "1:26: `golden_time_ms.a` is a text, and it must be a number (remove the quotes)",
    );
    check("{\"golden_time_ms\": {\"a\": -1}}", "1:26: `golden_time_ms.a` is negative");
    check("{\"golden_time_ms\": {\"a\": 1e400}}", "1:26: `golden_time_ms.a` is out of the range of numbers");
    check("{\"golden_time_ms\": {\"a\": 01}}", "1:26: `01` is no number of JSON (write it as `12`, `0.5` or `1e-3`)");
    check("{\"golden_size\": {\"a\": 1.5}}", "1:23: `golden_size.a` is not a whole number");
    check("{\"golden_size\": {\"a\": 1.5e3}}", "nothing is wrong");
    check(
        "{\"golden_time_tolerance_multiplier\": {\"a\": 0.1}}",
        "1:44: `golden_time_tolerance_multiplier.a` is below 1, so that its golden itself would miss (1.1 allows times that are 10% above the golden)",
    );
    check(
        "{\"type\": \"benchmark\", \"golden_time_ms\": null}",
        "1:41: `golden_time_ms` is `null`, and it must be a number (leave the key out: a golden that is not there is reported as missing)",
    );
    let deep = format!("{{\"inputs\": {}{}}}", "[".repeat(70), "]".repeat(70));
    check(&deep, "1:76: more than 64 lists and maps in each other");
}

#[test]
fn files_that_do_not_fit_their_rule() {
    let suite = sample();
    let record = run(&suite, &[("model=clip sku=mi300 chip=gfx942", 61.0, 1400.0, 3.0)]);
    insta::assert_snapshot!(checked(&suite, &record, &[("clip_rocm.json", r#"{"type": "benchmark", "golden_time_ms": 5}"#)]), @r"
    benchmarks/clip_rocm.json:1:41: `golden_time_ms` is one number here (give these files an item of their own in `files`, without `key`)
    benchmarks/clip_rocm.json:1:1: a file of type `benchmark` has no `golden_dispatch` (known: `golden_time_ms`)
    benchmarks/clip_rocm.json:1:1: a file of type `benchmark` has no `golden_size` (known: `golden_time_ms`)
    ");
}

proptest! {
    /// A golden that is blessed is read back, all other goldens stay, and one line changes.
    #[test]
    fn what_is_blessed_is_read_back(
        others in prop::collection::btree_map("[a-z\"\\\\ é/]{1,6}", 0u32..10_000, 0..4),
        time in 1u32..1_000_000, scale in 0i32..6, old in prop::option::of(1u32..1000),
        indent in prop::sample::select(vec!["", " ", "\n  ", "\r\n\t"]), colon in prop::sample::select(vec![":", ": ", " : "]),
    ) {
        let suite = sample();
        let time = f64::from(time) / 10f64.powi(scale);
        let record = run(&suite, &[("model=clip sku=mi300 chip=gfx942", time, 1.0, 1.0)]);
        let mut entries: Vec<String> = others
            .iter()
            .map(|(key, value)| format!("{indent}{indent}{}{colon}{value}", serde_json::to_string(key).unwrap()))
            .collect();
        entries.extend(old.map(|old| format!("{indent}{indent}\"mi300\"{colon}{old}")));
        let text = format!("{{{indent}\"device\"{colon}\"x\",{indent}\"golden_time_ms\"{colon}{{{}{indent}}}\n}}\n", entries.join(","));
        let (goldens, mut blessed) = blessed(&suite, &record, &[("clip_rocm.json", &text)], &[]);
        prop_assert!(blessed.refusals.is_empty());
        blessed.edits.added.retain(|row| row.metric == "run.time");
        let edited = goldens.edit(&blessed.edits);
        let changed = edited.first().map_or(text.clone(), |(_, edited)| edited.text());
        let read = Definition::read("f.json", &changed).unwrap();
        let of = |key: &str| read.goldens[&(IreeField::TimeMs, Some(key.to_owned()))].text.parse::<f64>().unwrap();
        prop_assert_eq!(of("mi300"), time);
        for (key, value) in &others {
            prop_assert_eq!(of(key), f64::from(*value));
        }
        if old.is_some() {
            // Without the number both texts are the same.
            let before = Definition::read("f.json", &text).unwrap().goldens[&(IreeField::TimeMs, Some("mi300".to_owned()))].span.clone();
            let after = read.goldens[&(IreeField::TimeMs, Some("mi300".to_owned()))].span.clone();
            prop_assert_eq!((&text[..before.start], &text[before.end..]), (&changed[..after.start], &changed[after.end..]));
        }
        let lines: Vec<&str> = changed.split_inclusive('\n').collect();
        prop_assert!(lines.iter().all(|line| line.ends_with('\n')));
    }

    /// What serde reads is read, and what it refuses is refused, but for keys that stand twice.
    #[test]
    fn reads_what_serde_reads(text in "[\\[\\]{}\",:0-9.eE+ \\-atruflsn\\\\\n]{0,24}") {
        let own = parse(&text);
        let known = serde_json::from_str::<serde::de::IgnoredAny>(&text);
        match own {
            Ok(node) => {
                prop_assert!(known.is_ok(), "{known:?}");
                prop_assert!(!matches!(node.kind, NodeKind::Text(_)) || text.trim().starts_with('"'));
            }
            Err(fault) => prop_assert!(known.is_err() || fault.message.contains("twice"), "{fault:?}"),
        }
    }
}
