//! Design rule reports of magic.

use super::*;

#[test]
fn magic() {
    let check = |situation: &str, expected: &str| {
        check(Parser::MagicDrc, &format!("magic_drc/{situation}/drc.rpt"), &[], expected);
    };
    let clean = "pass: violations=0 boxes=0 rules=0 cell=ring trailer=true area=54.0144";
    for situation in ["none", "lvs_open", "lvs_short", "lvs_width", "no_quit"] {
        check(situation, clean);
    }
    check("drc", "fail: 2 violations of 2 rules, expected 0");
    check("without_trailer", "pass: violations=0 boxes=0 rules=0 cell=ring trailer=false");
    check("without_trailer_drc", "fail: 2 violations of 2 rules, expected 0");
    check("overlapping_violations", "fail: 27 violations of 5 rules, expected 0");
    let empty = "error: nothing was checked: line 3 says the cell's area is 0.0001 um2, so the layout is empty";
    check("technology_missing", empty);
    check("layout_empty", empty);
    // Not to be told from a clean layout, which is why the trailer can be demanded.
    check("technology_missing_without_trailer", "pass: violations=0 boxes=0 rules=0 cell=ring trailer=false");
    for situation in ["layout_missing", "script_missing", "tcl_error", "no_display"] {
        check_no_report(Parser::MagicDrc, &format!("magic_drc/{situation}"), "drc.rpt", "stderr");
    }
    check_no_report(Parser::MagicDrc, "magic_drc/exit_7", "drc.rpt", "stdout");
}

#[test]
fn magic_quotes_count_and_rules() {
    let evidence = parse_file(Parser::MagicDrc, "magic_drc/drc/drc.rpt", &[]).unwrap();
    let quotes: Vec<String> =
        evidence.quotes.iter().map(|quote| format!("{}: {}", quote.line.unwrap(), quote.text)).collect();
    insta::assert_snapshot!(quotes.join("\n"), @r"
    1: ring count: 2
    3: poly width < 0.28um (PL.1) (1 boxes)
    7: metal1 width < 0.23um (M1.1) (1 boxes)
    ");
}

#[test]
fn magic_fields() {
    let check = |situation: &str, asked: &[(&str, &str)], expected: &str| {
        check(Parser::MagicDrc, &format!("magic_drc/{situation}/drc.rpt"), asked, expected);
    };
    let trailer = [("trailer", "required")];
    check("none", &trailer, "pass: violations=0 boxes=0 rules=0 cell=ring trailer=true area=54.0144");
    let cut = "error: the report is cut off: the trailer (`cell area: N um2`, `end of report`) is missing";
    check("without_trailer", &trailer, cut);
    check("technology_missing_without_trailer", &trailer, cut);
    let rule = [("metal", "boxes[M1.1]"), ("poly_width", "boxes[PL.1]"), ("wells", "boxes[NW.1]")];
    let evidence = parse_file(Parser::MagicDrc, "magic_drc/overlapping_violations/drc.rpt", &rule).unwrap();
    let boxes: Vec<f64> =
        ["boxes", "metal", "poly_width", "wells"].map(|name| evidence.field(name).unwrap().number().unwrap()).to_vec();
    assert_eq!(boxes, [54.0, 16.0, 16.0, 0.0]);
}

#[test]
fn magic_damage() {
    let line = "----------------------------------------";
    let rule = format!("a (A.1)\n{line}\n 0.1um 0.2um 0.3um 0.4um\n{line}\n");
    let check = |text: &str, expected: &str| check_text(Parser::MagicDrc, &text.replace("LINE", line), &[], expected);
    check("", "error: the report is empty");
    check("\n \n", "error: the report is empty");
    check(
        "ldoInst count: \nLINE\n",
        "error: line 1: expected a number of violations, 0 or more, after `count:`, found `ldoInst count:`",
    );
    check(
        "ring count: -1\nLINE\n",
        "error: line 1: expected a number of violations, 0 or more, after `count:`, found `ring count: -1`",
    );
    check(
        "ring count: 0.0\nLINE\n",
        "error: line 1: expected a number of violations, 0 or more, after `count:`, found `ring count: 0.0`",
    );
    check("ring count: 0", "error: the report is cut off: the line after the count is missing");
    check("ring count: 0\n", "error: the report is cut off: the line after the count is missing");
    check("ring count: 0\nLINE\n\n", "pass: violations=0 boxes=0 rules=0 cell=ring trailer=false");
    check("ring count: 0\r\nLINE\r\n", "pass: violations=0 boxes=0 rules=0 cell=ring trailer=false");
    check(
        &format!("ring count: 0\nLINE\n{rule}"),
        "error: the report contradicts itself: the count is 0, 1 boxes are listed",
    );
    check("ring count: 1\nLINE\n", "error: the report contradicts itself: the count is 1, 0 boxes are listed");
    check(&format!("ring count: 1\nLINE\n{rule}"), "fail: 1 violation of 1 rule, expected 0");
    check("ring count: 1\nLINE\na (A.1)\n", "error: the report is cut off: the end of the list of boxes is missing");
    check(
        "ring count: 1\nLINE\na (A.1)\nLINE\n 1um 2um 3um\n",
        "error: line 5: expected a box of four coordinates, or a line of dashes, found ` 1um 2um 3um`",
    );
    check("ring count: 0\nLINE\ncell area: 54.0 um2\n", "error: the report is cut off: `end of report` is missing");
    check("ring count: 0\nLINE\ncell area: 54.", "error: line 3: expected `cell area: N um2`, found `cell area: 54.`");
    check(
        "ring count: 0\nLINE\ncell area: 0 um2\nend of report\n",
        "error: nothing was checked: line 3 says the cell's area is 0 um2, so the layout is empty",
    );
    check(
        "ring count: 0\nLINE\ncell area: -5 um2\nend of report\n",
        "error: nothing was checked: line 3 says the cell's area is -5 um2, so the layout is empty",
    );
    check(
        "ring count: 0\nLINE\ndevice count: 0\nend of report\n",
        "error: nothing was checked: line 3 says the layout has no devices",
    );
    check(
        "ring count: 0\nLINE\ncell area: 5 um2\ndevice count: 6\nend of report\n",
        "pass: violations=0 boxes=0 rules=0 cell=ring trailer=true area=5 devices=6",
    );
    check(
        "ring count: 0\nLINE\nend of report\nring count: 3\n",
        "error: line 4: expected nothing after `end of report`, found `ring count: 3`",
    );
    check(
        "Circuits match uniquely.\n",
        "error: line 1: this is not a design rule report of magic (`CELL count: N` first): `Circuits match uniquely.`",
    );
}
