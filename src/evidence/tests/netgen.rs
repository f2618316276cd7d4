//! Comparison reports of netgen.

use super::*;

#[test]
fn netgen() {
    let check = |situation: &str, expected: &str| {
        check(Parser::Netgen, &format!("netgen/{situation}/lvs.rpt"), &[], expected);
    };
    let clean = "pass: match=true result=Circuits match uniquely. devices=6 nets=5 reference_devices=6 reference_nets=5 \
                 property_errors=0 unmatched_pins=0 bad_nets=0 bad_devices=0";
    for situation in ["none", "drc", "setup_missing", "newer_match"] {
        check(situation, clean);
    }
    let cells = "pass: match=true result=Circuits match uniquely. devices=3 nets=5 reference_devices=3 reference_nets=5 \
                 property_errors=0 unmatched_pins=0 bad_nets=0 bad_devices=0";
    check("hierarchical", cells);
    check("flattened", cells);
    check(
        "black_box",
        &cells
            .replace("devices=3 nets=5", "devices=2 nets=4")
            .replace("devices=3 reference_nets=5", "devices=2 reference_nets=4"),
    );
    let open = "fail: Netlists do not match.; 6 nets against 5; 3 groups of mismatched nets, expected 0; \
                2 groups of mismatched devices, expected 0";
    check("lvs_open", open);
    check("newer_mismatch", open);
    check("lvs_short", "fail: Netlists do not match.; 4 nets against 5; 1 groups of mismatched nets, expected 0");
    check(
        "extra_device",
        "fail: Netlists do not match.; 7 devices against 6; 1 groups of mismatched nets, expected 0; 1 groups of mismatched devices, expected 0",
    );
    check("swapped", "fail: networks match locally but not globally; 6 groups of mismatched nets, expected 0");
    for situation in ["lvs_width", "newer_property_errors", "hierarchical_width"] {
        check(situation, "fail: 1 property errors, expected 0");
    }
    check("pin_missing", "fail: 1 unmatched pins, expected 0");
    check("pin_renamed", "fail: 2 unmatched pins, expected 0");
    check("pins_swapped", "fail: 2 unmatched pins, expected 0");
    check("newer_pins", "fail: Top level cell failed pin matching.; 1 unmatched pins, expected 0");
    check("newer_subcell", "fail: Subcell(s) failed matching.");
    let empty = |line: usize| {
        format!(
            "error: nothing was checked: line {line}: Verify:  cell ring.spice has no elements and/or nodes.  Not checked."
        )
    };
    check("layout_empty", &empty(7));
    check("both_empty", &empty(10));
    check_no_report(Parser::Netgen, "netgen/netlist_missing", "lvs.rpt", "stdout");
    check_no_report(Parser::Netgen, "netgen/cell_missing", "lvs.rpt", "stderr");
    check_no_report(Parser::Netgen, "netgen/standard_output", "lvs.rpt", "stdout");
}

#[test]
fn netgen_needs_no_json() {
    for (situation, verdict) in [
        ("none", "pass"),
        ("hierarchical", "pass"),
        ("flattened", "pass"),
        ("black_box", "pass"),
        ("newer_match", "pass"),
        ("lvs_open", "fail"),
        ("lvs_short", "fail"),
        ("lvs_width", "fail"),
        ("hierarchical_width", "fail"),
        ("swapped", "fail"),
        ("pin_missing", "fail"),
        ("pins_swapped", "fail"),
        ("newer_property_errors", "fail"),
        ("newer_subcell", "fail"),
        ("layout_empty", "error"),
    ] {
        let outcome = parse_bytes(Parser::Netgen, &read(&format!("netgen/{situation}/lvs.rpt")), &[]);
        assert_eq!(shown(&outcome).split(':').next(), Some(verdict), "{situation}");
    }
}

/// The JSON decides too: each of its parts alone turns a clean text into a fail.
#[test]
fn netgen_json_beside_the_report() {
    let report = read("netgen/none/lvs.rpt");
    let json = String::from_utf8(read("netgen/none/lvs.json")).unwrap();
    let check = |json: &str, expected: &str| {
        let companions: &[(&str, &[u8])] = &[("lvs.json", json.as_bytes())];
        let outcome = parse(Parser::Netgen, &Input { bytes: &report, companions, fields: &[] });
        let shown = shown(&outcome);
        assert!(shown.starts_with(expected), "{shown}");
    };
    let group = r#"[[["n0", []]], [["n1", []]]]"#;
    check(&json, "pass");
    check(&json.replace("\"badnets\": [", &format!("\"badnets\": [{group}")), "fail: 1 groups of mismatched nets");
    check(
        &json.replace("\"badelements\": [", &format!("\"badelements\": [{group}")),
        "fail: 1 groups of mismatched devices",
    );
    check(&json.replace("\"pins\": [", &format!("\"properties\": [{group}], \"pins\": [")), "fail: 1 property errors");
    // Given twice, the second time empty.
    check(
        &json.replace("\"badnets\": [", &format!("\"badnets\": [{group}], \"badnets\": [")),
        "fail: 1 groups of mismatched nets",
    );
    check(
        &json.replace("    5,\n", "    6,\n"),
        "error: the report contradicts itself: the report ends with `ring` (5 and 5 nets), the JSON with `ring` (6 and 5 nets)",
    );
    check(&json.replace("\"ring\"", "\"other\""), "error: the report contradicts itself");
    check(&json.replace(", 3", ", 0"), "error: nothing was checked: `ring` has no devices in the JSON");
    check("[\n]\n", "error: nothing was checked: the JSON lists no cells");
    check("", "error: the report is empty");
    check("{}", "error: cannot read the JSON beside the report as JSON");
    check(&json[..json.len() / 2], "error: cannot read the JSON beside the report as JSON: EOF");
    check("[{}]", "error: nothing was checked: the JSON lists no cells");
    check(
        "[{\"name\": [\"ring\", \"ring\"]}]",
        "error: cannot read the JSON beside the report as JSON: a compared cell without `name` or `nets`",
    );
}

#[test]
fn netgen_quotes_the_deciding_lines() {
    let quotes = |situation: &str| {
        let evidence = parse_file(Parser::Netgen, &format!("netgen/{situation}/lvs.rpt"), &[]).unwrap();
        evidence
            .quotes
            .iter()
            .map(|quote| format!("{}: {}", quote.line.unwrap(), quote.text))
            .collect::<Vec<_>>()
            .join("\n")
    };
    insta::assert_snapshot!(quotes("none"), @"23: Circuits match uniquely.");
    insta::assert_snapshot!(quotes("flattened"), @"82: Circuits match uniquely.");
    insta::assert_snapshot!(quotes("lvs_short"), @r"
    9: Number of nets: 4 **Mismatch** |Number of nets: 5 **Mismatch**
    39: Netlists do not match.
    ");
    insta::assert_snapshot!(quotes("lvs_width"), @r"
    13: There were property errors.
    15:  w circuit1: 8e-07   circuit2: 1e-06   (delta=22.2%, cutoff=1%)
    27: Property errors were found.
    28: The following cells had property errors: ring
    26: Circuits match uniquely.
    ");
    insta::assert_snapshot!(quotes("pins_swapped"), @r"
    16: c |a **Mismatch**
    17: a |c **Mismatch**
    21: Circuits match uniquely.
    ");
}

#[test]
fn netgen_wants_the_report() {
    let check = |bytes: &[u8], expected: &str| {
        assert_eq!(shown(&parse_bytes(Parser::Netgen, bytes, &[])), expected);
    };
    check(b"", "error: the report is empty");
    check(
        &read("netgen/none/lvs.json"),
        "error: line 1: this is not a comparison report of netgen (the file named last on the command line): `[`",
    );
    check(
        &read("netgen/standard_output/stdout"),
        "error: line 1: this is not a comparison report of netgen (the file named last on the command line): `Netgen 1.5.133 compiled on Thu Dec  1 22:32:11 UTC 2022`",
    );
    check(
        &read("ngspice/good/stdout"),
        "error: line 2: this is not a comparison report of netgen (the file named last on the command line): `Note: No compatibility mode selected!`",
    );
    check(
        b"Circuits match uniquely.\n",
        "error: line 1: this is not a comparison report of netgen (the file named last on the command line): `Circuits match uniquely.`",
    );
    check(
        b"Final result: Circuits match uniquely.\n",
        "error: the report is cut off: the summary of the top cell is missing",
    );
    let text = String::from_utf8(read("netgen/newer_match/lvs.rpt")).unwrap();
    let worded = |from: &str, to: &str| text.replace(from, to).into_bytes();
    check(
        &worded("Final result: Circuits match uniquely.", "Final result: Looks fine."),
        "error: line 24: expected a result of netgen, such as `Circuits match uniquely.`, found `Final result: Looks fine.`",
    );
    let passes = "pass: match=true result=Circuits match with 2 symmetries. devices=6 nets=5 reference_devices=6 reference_nets=5 property_errors=0 unmatched_pins=0";
    check(
        &worded("Final result: Circuits match uniquely.", "Final result:\nCircuits match with 2 symmetries."),
        passes,
    );
    check(
        &worded("Final result: Circuits match uniquely.", "Final result: Circuits match uniquely with port errors."),
        "fail: Circuits match uniquely with port errors.",
    );
    check(
        &worded("Number of devices: 6 ", "Number of devices: 0 "),
        "error: nothing was checked: `ring` has no devices",
    );
}
