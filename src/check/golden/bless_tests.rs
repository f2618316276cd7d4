use super::{
    Bless, BlessSelection, BlessTerms, Blessed, GoldenCheck, GoldenFile, GoldenVerdict, PlannedPoint, Table, bless,
    check, provenance_lines,
};
use crate::ledger::{MeasuredValue, Verdict};
use crate::record::RunRecord;
use crate::record::sample::{gated, goldens, metric, plan, record, stage, suite};
use crate::suite::{Better, Metric, Suite};
use crate::value::{Decimal, Timestamp};
use proptest::prelude::*;

/// Stage `run` over vdd with `freq` (higher), `digest` (exact), `slack` (within) and `seen` (not gated).
fn sample() -> Suite {
    let freq = Metric { was: vec!["f".to_owned()], ..gated("freq", "Hz", Better::Higher) };
    let slack = gated("slack", "s", Better::Within(Decimal::from(-1), Decimal::from(1)));
    let metrics = vec![freq, gated("digest", "", Better::Exact), slack, metric("seen")];
    let suite = suite(&["vdd:v=1 2 3 4", "netlist:n=sch pex!sch"], vec![stage("run", &[0, 1], metrics)]);
    Suite { goldens: Some(goldens(Vec::new())), ..suite }
}

fn run(suite: &Suite, values: &[(&str, f64, f64)]) -> RunRecord {
    let mut record = record(suite, "a");
    for (at, freq, slack) in values {
        plan(
            &mut record,
            suite,
            "run",
            at,
            Verdict::Pass,
            &[("freq", *freq), ("digest", 1.0), ("slack", *slack), ("seen", 5.0)],
        );
    }
    record
}

struct Given<'a> {
    table: &'a str,
    cases: &'a [&'a str],
    metrics: &'a [&'a str],
    link: Option<&'a str>,
    prune: bool,
    partial: bool,
}

const ALL: Given<'_> = Given { table: "", cases: &[], metrics: &[], link: None, prune: false, partial: false };

fn given(suite: &Suite, record: &RunRecord, given: &Given<'_>) -> (GoldenFile, Blessed) {
    let Given { table, cases, metrics, link, prune, partial } = given;
    let file = if table.is_empty() { GoldenFile::default() } else { GoldenFile::parse("g.csv", table).unwrap() };
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let selection = BlessSelection::new(suite, &texts(cases), &texts(metrics)).unwrap();
    let terms = BlessTerms {
        reason: "a wider transistor".to_owned(),
        accept_regression: link.map(str::to_owned),
        dirty_ok: false,
        date: Timestamp::from_milliseconds(0),
    };
    let input = Bless {
        file: &file,
        suite,
        record,
        partial: *partial,
        selection: Some(&selection),
        prune_orphans: *prune,
        terms: &terms,
    };
    let blessed = bless(&input);
    (file, blessed)
}

fn refusals(blessed: &Blessed) -> Vec<String> {
    blessed.refusals.iter().map(ToString::to_string).collect()
}

#[test]
fn a_table_is_made() {
    let suite = sample();
    let record = run(&suite, &[("vdd=1 netlist=sch", 2e9, 0.0), ("vdd=2 netlist=sch", 3e9, 0.5)]);
    let (file, blessed) = given(&suite, &record, &ALL);
    assert_eq!(refusals(&blessed), [""; 0]);
    let edited = file.edit(&blessed.edits);
    assert_eq!(
        edited.text(),
        "metric,point,value,unit\nrun.digest,v1,1,\nrun.digest,v2,1,\nrun.freq,v1,2000000000,Hz\n\
         run.freq,v2,3000000000,Hz\nrun.slack,v1,0,s\nrun.slack,v2,0.5,s\n"
    );
    assert!(edited.diff("goldens.csv").starts_with("--- /dev/null\n+++ b/goldens.csv\n@@ -0,0 +1,7 @@\n+metric,"));
    // What gates nothing is taken by name only.
    let (file, blessed) = given(&suite, &record, &Given { metrics: &["seen"], cases: &["v1*"], ..ALL });
    assert_eq!(file.edit(&blessed.edits).text(), "metric,point,value,unit\nrun.seen,v1,5,\n");
}

const TABLE: &str = "\u{feff}unit,value,point,metric\r\n\r\nHz,2.0e9,v1,run.freq\r\n\"GHz\",2,v2,freq\r\nHz,1,v9,run.freq\r\n,0,v4,run.slack";

#[test]
fn rows_that_are_not_selected_keep_their_bytes() {
    let suite = sample();
    let values = [
        ("vdd=1 netlist=sch", 2e9, 0.0),
        ("vdd=2 netlist=sch", 2.5e9, 0.0),
        ("vdd=3 netlist=sch", 4e9, 0.0),
        ("vdd=4 netlist=sch", 4e9, 0.5),
    ];
    let record = run(&suite, &values);
    let (file, blessed) =
        given(&suite, &record, &Given { table: TABLE, metrics: &["run.freq", "slack"], prune: true, ..ALL });
    assert_eq!(refusals(&blessed), [""; 0]);
    assert_eq!(blessed.unchanged, 1);
    let diff = file.edit(&blessed.edits).diff("goldens.csv").replace('\r', "<CR>").replace('\u{feff}', "<BOM>");
    let expected = r#"--- a/goldens.csv
+++ b/goldens.csv
@@ -1,6 +1,10 @@
 <BOM>unit,value,point,metric<CR>
 <CR>
 Hz,2.0e9,v1,run.freq<CR>
-"GHz",2,v2,freq<CR>
+GHz,2.5,v2,freq<CR>
+Hz,4000000000,v3,run.freq<CR>
+Hz,4000000000,v4,run.freq<CR>
-Hz,1,v9,run.freq<CR>
+s,0,v1,run.slack<CR>
+s,0,v2,run.slack<CR>
+s,0,v3,run.slack<CR>
-,0,v4,run.slack
\ No newline at end of file
+s,0.5,v4,run.slack
\ No newline at end of file
"#;
    assert_eq!(diff, expected);
    assert_eq!(
        provenance_lines("{}", &blessed.changes[..1]),
        "\n{\"version\":1,\"metric\":\"run.slack\",\"point\":\"v1\",\"action\":\"create\",\"old\":null,\
         \"new\":{\"value\":\"0\",\"unit\":\"s\"},\"worse\":false,\"run\":\"a\",\"commit\":null,\"dirty\":null,\
         \"machine\":\"f1\",\"date\":\"1970-01-01T00:00:00.000Z\",\"n\":1,\"spread\":null,\
         \"reason\":\"a wider transistor\"}\n"
    );
    let (file, blessed) = given(&suite, &record, &Given { table: TABLE, cases: &["v1"], metrics: &["freq"], ..ALL });
    assert!(file.edit(&blessed.edits).is_empty());
    assert_eq!(file.edit(&blessed.edits).text(), TABLE);
}

#[test]
fn earlier_names_are_brought_up_to_date() {
    let suite = sample();
    let record = run(&suite, &[("vdd=1 netlist=sch", 3.0, 0.0)]);
    let table = "metric,point,value,unit\nrun.digest,v1,1,\nrun.f,v1_nsch,2,Hz\nrun.slack,v1,0,s\n";
    let (file, blessed) = given(&suite, &record, &Given { table, ..ALL });
    assert_eq!(
        file.edit(&blessed.edits).text(),
        "metric,point,value,unit\nrun.digest,v1,1,\nrun.freq,v1,3,Hz\nrun.slack,v1,0,s\n"
    );
}

#[test]
fn what_is_refused() {
    let suite = sample();
    let mut record = run(&suite, &[("vdd=1 netlist=sch", 2.0, 3.0), ("vdd=2 netlist=sch", 2.0, 0.9)]);
    let table = "metric,point,value,unit\nrun.digest,v1,2,\nrun.freq,v1,2.5,Hz\nrun.freq,v2,1,Hz\nrun.slack,v1,2,s\nrun.slack,v2,0,s\n";
    let wide = Given { table, ..ALL };
    let found = |record: &RunRecord, wide: &Given<'_>| refusals(&given(&suite, record, wide).1);
    assert_eq!(
        found(&record, &wide),
        [
            "run.freq at `v1`: 2 Hz is worse than the golden 2.5 Hz",
            "run.digest at `v1`: 1 is worse than the golden 2",
            "run.slack at `v1`: 3 s is worse than the golden 2 s",
        ]
    );
    let (_, accepted) = given(&suite, &record, &Given { link: Some("#12"), ..wide });
    assert!(accepted.refusals.is_empty());
    let marks: Vec<_> = accepted.changes.iter().map(|change| (change.worse, change.link.as_deref())).collect();
    let (worse, fine) = ((true, Some("#12")), (false, None));
    assert_eq!(marks, [worse, worse, worse, fine, fine, fine]);
    assert_eq!(found(&record, &Given { cases: &["v7"], ..ALL }), ["the run has no point `v7`"]);
    assert_eq!(found(&record, &Given { cases: &["v2"], prune: true, partial: true, ..wide }).len(), 1);
    plan(&mut record, &suite, "run", "vdd=3 netlist=sch", Verdict::Fail, &[("freq", 9.0)]);
    plan(&mut record, &suite, "run", "vdd=4 netlist=sch", Verdict::Lost, &[]);
    let freq = Given { metrics: &["freq"], cases: &["v[34]"], ..ALL };
    assert_eq!(
        found(&record, &freq),
        ["run.freq at `v3`: its task ended in fail", "run.freq at `v4`: its task was lost"]
    );
    // A known failure is left out, and counted.
    record.tasks[2].known = Some("#3".to_owned());
    record.tasks[3].known = Some("#3".to_owned());
    let (_, blessed) = given(&suite, &record, &freq);
    assert_eq!((blessed.known, blessed.refusals.len(), blessed.changes.len()), (2, 0, 0));
    record.metrics[0].value = MeasuredValue::Number(f64::NAN);
    record.run.source.dirty = Some(true);
    record.run.source.fork = Some(true);
    assert_eq!(
        found(&record, &Given { metrics: &["freq"], cases: &["v1"], ..ALL }),
        [
            "the run is of a work tree with changes: no commit has what it measured",
            "the run is of a pull request from a fork",
            "run.freq at `v1`: NaN is not a finite number",
        ]
    );
}

#[test]
fn selections_that_cannot_be() {
    let suite = sample();
    let check = |cases: &[&str], metrics: &[&str], expected: &str| {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let error = BlessSelection::new(&suite, &texts(cases), &texts(metrics)).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(&[], &["run.feq"], "`--metric run.feq`: the suite has no metric `run.feq` (did you mean `run.freq`?)");
    check(&["v[1"], &[], "`--case v[1` is no pattern");
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>().prop_filter("finite", |number| number.is_finite()), (-50i32..50).prop_map(f64::from)]
}

proptest! {
    /// What is blessed is met afterwards, exactly, whatever stood there; nothing else changes a byte.
    #[test]
    fn a_blessed_run_meets_its_goldens(
        values in prop::collection::vec((number(), number()), 4),
        old in prop::collection::vec((0usize..4, prop::bool::ANY, "[0-9]{1,3}(\\.[0-9]{1,2})?", 0usize..5), 0..7),
        end in prop::sample::select(vec!["\n", "\r\n"]),
        narrow in prop::bool::ANY,
    ) {
        let suite = sample();
        let at = ["vdd=1 netlist=sch", "vdd=2 netlist=sch", "vdd=1 netlist=pex", "vdd=2 netlist=pex"];
        let points = ["v1", "v2", "v1_npex", "v2_npex"];
        let values: Vec<_> = at.iter().zip(&values).map(|(at, (freq, slack))| (*at, *freq, *slack)).collect();
        let record = run(&suite, &values);
        let mut lines = std::collections::BTreeMap::new();
        for (point, freq, value, unit) in &old {
            let (name, units) = if *freq { ("run.freq", ["", "Hz", "GHz", "mHz", "s"]) } else { ("slack", ["", "s", "ms", "us", "V"]) };
            lines.insert((points[*point], name), format!("{name},{},{value},{}", points[*point], units[*unit]));
        }
        let table: String = std::iter::once("metric,point,value,unit").chain(lines.values().map(String::as_str)).flat_map(|line| [line, end]).collect();
        let cases: &[&str] = if narrow { &["v2*"] } else { &[] };
        let (file, blessed) = given(&suite, &record, &Given { table: &table, cases, link: Some("#1"), ..ALL });
        prop_assert!(blessed.refusals.is_empty(), "{:?}", blessed.refusals);
        let text = file.edit(&blessed.edits).text();
        let blessed_table = Table::parse("g.csv", &text).unwrap();
        let lets = |_: &PlannedPoint, _: &str| None;
        let findings = check(&GoldenCheck { table: &blessed_table, suite: &suite, record: &record, partial: false, lets: &lets });
        for finding in &findings {
            if !narrow || finding.point.as_str().starts_with("v2") {
                prop_assert_eq!(finding.verdict, GoldenVerdict::Met, "{:?}\n{}", finding, text);
            }
        }
        let after: Vec<&str> = text.split_inclusive('\n').collect();
        for line in table.split_inclusive('\n').filter(|line| narrow && !line.contains(",v2")) {
            prop_assert!(after.contains(&line), "{:?} is gone from {:?}", line, after);
        }
        // Blessing again changes nothing.
        let (file, again) = given(&suite, &record, &Given { table: &text, cases, ..ALL });
        prop_assert!(again.refusals.is_empty() && again.changes.is_empty());
        prop_assert_eq!(file.edit(&again.edits).text(), text);
    }

    /// A diff says what changed: applying it gives the changed text.
    #[test]
    fn diffs_apply(keep in prop::collection::vec((prop::bool::ANY, prop::bool::ANY), 0..30), end in prop::bool::ANY) {
        use super::{Edits, GoldenRow};
        let row = |index: usize, value: &str| GoldenRow {
            metric: "m".to_owned(), point: crate::value::PointName::new(format!("p{index:02}")), value: value.to_owned(), unit: None, line: None, tolerance: None,
        };
        let mut text = "metric,point,value,unit\n".to_owned();
        (0..keep.len()).for_each(|index| text.push_str(&format!("m,p{:02},1,\n", 2 * index)));
        if end { text.pop(); }
        let mut edits = Edits::default();
        for (index, (change, add)) in keep.iter().enumerate() {
            if *change { edits.replaced.insert(index, row(2 * index, "2")); }
            if *add { edits.added.push(row(2 * index + 1, "3")); }
        }
        let edited = GoldenFile::parse("g.csv", &text).unwrap().edit(&edits);
        let (mut rest, mut patched) = (text.split_inclusive('\n'), String::new());
        let mut at = 1;
        let diff = edited.diff("g.csv").replace("\n\\ No newline at end of file\n", "\u{0}");
        for line in diff.split_inclusive(['\n', '\u{0}']).skip(2) {
            let bare = line.trim_end_matches('\u{0}');
            match &bare[..1] {
                "@" => {
                    let start: usize = bare[4..].split(',').next().unwrap().parse().unwrap();
                    while at < start { patched.push_str(rest.next().unwrap()); at += 1; }
                }
                "+" => patched.push_str(&bare[1..]),
                kind => {
                    let old = rest.next().unwrap();
                    at += 1;
                    prop_assert_eq!(old, &bare[1..]);
                    if kind == " " { patched.push_str(old); }
                }
            }
        }
        patched.extend(rest);
        prop_assert_eq!(patched, edited.text());
    }
}
