//! What a suite may ask of each parser.

use super::*;

#[test]
fn parsers_by_name() {
    for parser in Parser::ALL {
        assert_eq!(Parser::from_name(parser.name()), Some(parser));
        assert!(!parser.doc().contains('\n') && !parser.doc().ends_with('.'));
        assert!(parser.takes_fields() || !parser.needs_fields());
    }
    assert_eq!(Parser::from_name("magic"), None);
    assert!(!Parser::Exit.wants_file() && Parser::Size.wants_file());
}

#[test]
fn companions() {
    let check = |parser: Parser, file: &str, expected: &[&str]| {
        let files: Vec<String> = parser.companions(file).into_iter().map(|companion| companion.file).collect();
        assert_eq!(files, expected, "{file}");
    };
    check(Parser::Netgen, "lvs.rpt", &["lvs.json"]);
    check(Parser::Netgen, "out/lvs.final.rpt", &["out/lvs.final.json"]);
    check(Parser::Netgen, "lvs", &[".json"]);
    check(Parser::Netgen, "stdout", &[]);
    check(Parser::NgspiceMeas, "stdout", &["stderr"]);
    check(Parser::NgspiceMeas, "sim.log", &[]);
    check(Parser::MagicDrc, "drc.rpt", &[]);
}

#[test]
fn what_a_suite_may_ask() {
    let check = |parser: Parser, name: &str, location: &str, expected: &str| {
        let shown = match parser.check_field(name, location) {
            Ok(()) => "ok".to_owned(),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected, "{parser} {location}");
    };
    let json = |location: &str, expected: &str| check(Parser::Json, "x", location, expected);
    json("/a/b", "ok");
    json("/", "ok");
    json("a/b", "`json` cannot read `x` from `a/b`: expected a JSON pointer, which begins with `/`");
    json("", "`json` cannot read `x` from ``: expected a JSON pointer, which begins with `/`");
    json(
        "/a~2",
        "`json` cannot read `x` from `/a~2`: expected a JSON pointer, in which `~` is written `~0` and `/` in a key `~1`",
    );
    json("/a~01~1", "ok");
    json(
        "/a~",
        "`json` cannot read `x` from `/a~`: expected a JSON pointer, in which `~` is written `~0` and `/` in a key `~1`",
    );
    let regex = |location: &str, expected: &str| check(Parser::Regex, "x", location, expected);
    regex("a(b)", "ok");
    regex("a(?P<n>b)(?:c)", "ok");
    regex("ab", "`regex` cannot read `x` from `ab`: expected a pattern with one group, such as `size: (\\d+)`");
    regex("(a)(b)", "`regex` cannot read `x` from `(a)(b)`: expected a pattern with one group, such as `size: (\\d+)`");
    regex("(a", "`x` has a pattern that is not a regular expression");
    for location in ["time", "time[first]", "time[last]", "time[2]", "time[case=a b]", "run time", "a[b][2]"] {
        check(Parser::Csv, "x", location, "ok");
    }
    for location in ["", "time[0]", "time[-1]", "time[]", "time[=a]", "[first]", "time]"] {
        assert!(Parser::Csv.check_field("x", location).is_err(), "{location}");
    }
    check(Parser::MagicDrc, "trailer", "required", "ok");
    check(
        Parser::MagicDrc,
        "trailer",
        "yes",
        "`magic_drc` cannot read `trailer` from `yes`: expected `required` or `optional`",
    );
    check(Parser::MagicDrc, "wide", "boxes[M1.1]", "ok");
    check(
        Parser::MagicDrc,
        "wide",
        "M1.1",
        "`magic_drc` cannot read `wide` from `M1.1`: expected `boxes[PART OF A RULE]`, such as `boxes[M1.1]`",
    );
    check(Parser::GoogleBenchmark, "x", "real_time[BM_a/1]", "ok");
    check(
        Parser::GoogleBenchmark,
        "x",
        "real_time[BM_a/1",
        "`google_benchmark` cannot read `x` from `real_time[BM_a/1`: expected FIELD or FIELD[BENCHMARK]",
    );
    check(
        Parser::MetricLines,
        "x",
        "freq hz",
        "`metric_lines` cannot read `x` from `freq hz`: expected a name as the tool prints it, without spaces",
    );
    check(Parser::Netgen, "x", "devices", "`netgen` takes no `fields`");
    check(Parser::Json, "a-b", "/a", "`a-b` cannot name a field");
    let twice = Parser::Json.check_fields(&fields(&[("x", "/a"), ("x", "/b")])).unwrap_err();
    assert_eq!(twice.to_string(), "`x` is asked for twice");
    let none = Parser::Csv.check_fields(&[]).unwrap_err();
    assert_eq!(none.to_string(), "`csv` reads nothing without `fields`");
    assert_eq!(none.hint().as_deref(), Some("write { csv: { file: FILE, fields: { NAME: WHERE } } }"));
}
