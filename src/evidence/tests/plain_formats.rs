//! Formats that belong to no tool: JSON, CSV, patterns, keys, and the file itself.

use super::*;

#[test]
fn json() {
    let check = |pointer: &str, expected: &str| {
        check(Parser::Json, "json/out.json", &[("x", pointer)], expected);
    };
    check("/spread", "pass: x=0.0125");
    check("/clean", "pass: x=true");
    check("/tool", "pass: x=fit 1.2");
    check("/by temp/a~1b", "pass: x=[1, 2.5, -300]");
    check("/by temp/til~0de", "pass: x=7");
    check("/rows/1/freq", "pass: x=2000000000");
    check("/nothing", "error: `x` has no value, it is null (`/nothing: null`)");
    check("/mixed", "error: `x` has no value, it is a list with other things than numbers (`/mixed: [1,\"failed\"]`)");
    check("/by temp", "error: `x` has no value, it is an object (`/by temp: {\"a/b\":[1,2.5,-300.0],\"til~de\":7}`)");
    check("/spraed", "error: `x` is not in the report: no `spraed` in the document");
    check("/by temp/c", "error: `x` is not in the report: no `c` in `/by temp`");
    let hint = |pointer| parse_file(Parser::Json, "json/out.json", &[("x", pointer)]).unwrap_err().hint();
    assert_eq!(hint("/spraed").as_deref(), Some("did you mean `spread`?"));
    assert_eq!(hint("/rows/7").as_deref(), Some("`/rows` is a list of 2, counted from 0"));
    assert_eq!(hint("/spread/x").as_deref(), Some("`/spread` is a number"));

    let asked = [("dispatches", "/stream-aggregate/execution/dispatch-count")];
    super::check(Parser::Json, "json/compilation_info.json", &asked, "pass: dispatches=1");
    let broken = |text: &str, expected: &str| check_text(Parser::Json, text, &[("x", "/x")], expected);
    broken("", "error: the report is empty");
    broken(" \n", "error: the report is empty");
    broken("{\"x\": 1", "error: cannot read the report as JSON: EOF while parsing an object at line 1 column 7");
    broken("{\"x\": NaN}", "error: cannot read the report as JSON: expected value at line 1 column 7");
    broken("{\"x\": 1} {}", "error: cannot read the report as JSON: trailing characters at line 1 column 10");
    broken("{\"x\": 1e999}", "error: cannot read the report as JSON: number out of range at line 1 column 11");
    broken("\u{feff}{\"x\": 1}", "pass: x=1");
    broken(&"[".repeat(10_000), "error: cannot read the report as JSON: recursion limit exceeded at line 1 column 128");
}

#[test]
fn csv() {
    let check = |location: &str, expected: &str| {
        check(Parser::Csv, "csv/tempsense.csv", &[("x", location)], expected);
    };
    check("temp", "pass: x=[-20, 20, 60, 100]");
    check("freq[first]", "pass: x=231.5507112");
    check("freq[last]", "pass: x=262045.991734");
    check("freq[3]", "pass: x=41877.229104");
    check("freq[temp=60]", "pass: x=41877.229104");
    check("error[temp=20]", "pass: x=failed");
    check(
        "error",
        "error: `x` has no value, it is not a number (line 3: `3,6,20.000000,4398.1204476,2.955310e-07,failed,44.8100`)",
    );
    check("freq[9]", "error: `x` is not in the report: no row 9");
    check("freq[temp=61]", "error: `x` is not in the report: no row with temp=61");
    check("freq[header=3]", "error: `x` is not in the report: no single row with header=3 (there are 4)");
    check("frequency", "error: `x` is not in the report: no column `frequency`");
    let all = |path: &str, location: &str, expected: &str| {
        super::check(Parser::Csv, path, &[("x", location)], expected);
    };
    all("csv/one_row.csv", "spread", "pass: x=0.25");
    all("csv/semicolons.csv", "cycles[case=ft]", "pass: x=1800");
    all(
        "csv/ragged.csv",
        "a",
        "error: cannot read the report as CSV: CSV error: record 2 (line: 3, byte: 8): found record with 1 fields, but the previous record has 2 fields",
    );
    let text = |text: &str, expected: &str| check_text(Parser::Csv, text, &[("x", "a")], expected);
    text("", "error: the report is empty");
    text("a,b\n", "error: the report holds no row below the header");
    text("a,b\n1,2", "error: the report is cut off: the end of the last row is missing");
    text("a,a\n1,2\n", "error: `x` is not in the report: no single column `a`");
    text("a\tb\n1\t2\n", "pass: x=1");
    text("a,b\r\n1,2\r\n,2\r\n", "error: `x` has no value, it is empty (line 3: `,2`)");
    text("a,b\n1,2\ninf,2\n", "error: `x` has no value, it is not a finite number (line 3: `inf,2`)");
}

#[test]
fn regex() {
    let check =
        |text: &str, pattern: &str, expected: &str| check_text(Parser::Regex, text, &[("x", pattern)], expected);
    check("area: 12.5 um2\n", r"^area: (\S+) um2$", "pass: x=12.5");
    check("a 1\na 2\n", r"^a (\d+)$", "pass: x=[1, 2]");
    check("a 1\r\na 2\r\n", r"^a (\d+)$", "pass: x=[1, 2]");
    check("v one\nv one\n", r"^v (\w+)$", "pass: x=one");
    check(
        "v one\nv two\n",
        r"^v (\w+)$",
        "error: `x` has no value, it has two values, the other is `two` (line 1: `v one`)",
    );
    check("a \n", r"^a (\d*)", "error: `x` has no value, it is empty (line 1: `a`)");
    check("b 1\n", r"^a (\d+)$", r"error: `x` is not in the report: no match of `^a (\d+)$`");
    check("", r"(.)", "error: the report is empty");
    check("\nerr\u{fffd}: nan\n", r": (.*)$", "error: `x` has no value, it is not a finite number (line 2: `: nan`)");
}

#[test]
fn key_value() {
    let check =
        |asked: &[(&str, &str)], expected: &str| check(Parser::KeyValue, "key_value/check.txt", asked, expected);
    check(&[], "pass: vectors=48 err_line=-1 clean=true");
    check(&[("line", "err_line"), ("clean", "clean")], "pass: line=-1 clean=true");
    check(&[("x", "worst")], "error: `x` has no value, it is not a finite number (line 6: `worst = nan`)");
    check(
        &[("x", "Note")],
        "error: `x` has no value, it has two values, the other is `two blocks` (line 7: `Note: one procedure`)",
    );
    check(&[("x", "reason")], "error: `x` has no value, it is empty (line 8: `reason=`)");
    check(&[("x", "error_line")], "error: `x` is not in the report: no key `error_line`");
    let evidence = parse_file(Parser::KeyValue, "key_value/check.txt", &[]).unwrap();
    let missing: Vec<&str> = evidence.missing.iter().map(|missing| missing.field.as_str()).collect();
    assert_eq!(missing, ["Note", "worst", "reason"]);
    let text = |text: &str, expected: &str| check_text(Parser::KeyValue, text, &[], expected);
    text("nothing to see\n", "error: the report holds no `key=value` or `key: value` line");
    text("a=1\nb=2", "pass: a=1");
    text("b=2", "error: `b` has no value, the report ends in the middle of its line (line 1: `b=2`)");
    text("url: http://x=1\n", "pass: url=http://x=1");
}

#[test]
fn size_and_digest() {
    check_text(Parser::Size, "abc", &[], "pass: size=3");
    check_text(
        Parser::Digest,
        "abc",
        &[],
        "pass: digest=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    check_text(Parser::Size, "", &[], "error: the report is empty");
    check_text(Parser::Digest, "", &[], "error: the report is empty");
    check_text(Parser::Exit, "", &[], "pass: ");
}
