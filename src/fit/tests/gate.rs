//! Which rows take part.

use super::{Fit, fit_text};
use crate::fit::{Options, fit};

fn gate(fit: &Fit) -> String {
    let gate = &fit.gate;
    let mut text = format!("{} of {}", gate.used, gate.rows);
    if gate.filtered > 0 {
        text.push_str(&format!(", {} filtered", gate.filtered));
    }
    for excluded in &gate.excluded {
        let example = excluded.example.as_ref().map(|example| format!(" ({example})")).unwrap_or_default();
        text.push_str(&format!("; {} at {:?}: {}{example}", excluded.rows, excluded.lines, excluded.reason));
    }
    if let Some(duplicates) = gate.duplicates.as_ref().filter(|duplicates| duplicates.rows > 0) {
        text.push_str(&format!("; {} equal at {:?}", duplicates.rows, duplicates.lines));
    }
    text
}

#[track_caller]
fn check(form: &str, table: &str, expected: &str) {
    assert_eq!(gate(&fit_text(form, table).unwrap()), expected, "{table}");
}

const FORM: &str = "target: t\nfeatures: { a: x }\n";

#[test]
fn rows_without_values() {
    check(FORM, "x,t\n1,2\n2,4\n", "2 of 2");
    check(
        FORM,
        "x,t\n1,2\n2,N/A\n,4\n3,6\nN/A,\n",
        "2 of 5; 2 at [3, 6]: `t` has no value; 1 at [4]: `x` has no value",
    );
    check(
        FORM,
        "x,t\n1,2\nabc,4\n3,1e999\n",
        "1 of 3; 1 at [3]: `x` is not a number (abc); 1 at [4]: `t` is not a number (1e999)",
    );
    check(FORM, "x,t\n1,2\n2\n3,6,\n", "1 of 3; 2 at [3, 4]: the row has not as many cells as the header (1 cell)");
    check("target: t / x\nfeatures: { a: x }\n", "x,t\n1,2\n0,4\n2,6\n", "2 of 3; 1 at [3]: the target is not finite");
    check(
        "target: t\nfeatures: { a: log(x) }\n",
        "x,t\n1,2\n0,4\n2,6\n",
        "2 of 3; 1 at [3]: feature `a` is not finite",
    );
    let relative = "target: t\nfeatures: { a: x }\nweighting: relative\n";
    check(relative, "x,t\n1,2\n2,0\n", "1 of 2; 1 at [3]: the target is 0, and the weighting is relative");
}

#[test]
fn only_what_a_row_needs_must_be_there() {
    let guarded = "target: t if has(t) else u\nfeatures: { a: x }\n";
    check(guarded, "x,t,u\n1,2,N/A\n2,N/A,4\n3,6,6\n", "3 of 3");
    check(guarded, "x,t,u\n1,2,N/A\n2,N/A,N/A\n3,6,6\n", "2 of 3; 1 at [3]: `u` has no value");
    check(guarded, "x,t\n1,2\n2,N/A\n3,6\n", "2 of 3; 1 at [3]: the table has no column `u`");
    check("target: t\nfeatures: { a: x }\nwhere: ['x > 1']\n", "x,t,u\n1,N/A,1\n2,4,N/A\n", "1 of 2, 1 filtered");
    let map = "let: { f: { pick: k, from: { lo: 1, hi: 2 } } }\ntarget: t\nfeatures: { a: f }\n";
    check(
        map,
        "k,t\nlo,1\nhi,2\nmid,3\n,4\n",
        "2 of 4; 1 at [4]: `f` has no number for the text in `k` (mid); 1 at [5]: `k` has no value",
    );
    check(
        "target: t\nfeatures: { a: x }\nsets: { one: 'x < 2', two: 'x > 2' }\n",
        "x,t\n1,1\n2,2\n3,3\n",
        "2 of 3; 1 at [3]: no set holds for the row",
    );
}

#[test]
fn writings_of_tables() {
    check(FORM, "\u{feff}x,t\r\n1,2\r\n2,4\r\n", "2 of 2");
    check(FORM, "\"x\",\"t\"\n\"1\",\"2\"\n2,\"4\"\n", "2 of 2");
    check(FORM, "x, t \n 1 , 2 \n\n2,4", "2 of 2");
    check(
        FORM,
        "\u{feff}\"x\",note,\"t\"\r\n1,\"two\r\nlines, and a comma\",2\r\n2,\"\"\"\",x\r\n",
        "1 of 2; 1 at [4]: `t` is not a number (x)",
    );
    check(FORM, "x,t\r1,2\r2,4\r", "2 of 2");
}

#[test]
fn a_quote_that_is_never_closed_loses_nothing_in_silence() {
    let reason = "a quote is never closed, so that all lines to the end are in it";
    let expected =
        |used: u64, lines: u64, first: u64| format!("{used} of {}; {lines} at [{first}]: {reason}", used + lines);
    check(FORM, "x,t,n\n1,2,a\n2,4,\"b\n3,6,c\n", &expected(1, 2, 3));
    check(FORM, "x,t\n1,2\n2,4\n3,\"6", &expected(2, 1, 4));
    check(FORM, "x,t\n1,2\n\"2,4\n\n3,6\n", &expected(1, 3, 3));
    check(FORM, "x,t,n\n1,2,\"a \"\" b\"\n2,4,\"c \"\"\n", &expected(1, 1, 3));
    check(FORM, "x,t,n\n1,2,\"a\"\n2,4,\"b\"", "2 of 2");
    check(FORM, "x,t,n\n1,2,a\n2,4,5\"\n", "2 of 2");
    // It is in the last of several chunks.
    let rows: String = (1..60_000).map(|row| format!("{row},{},n\n", 2 * row)).collect();
    check(FORM, &format!("x,t,n\n{rows}7,14,\"n\n{rows}"), &expected(59_999, 60_000, 60_001));
}

#[test]
fn equal_rows() {
    let table = "x,t\n1,2\n2,5\n1,2\n1,2\n";
    check(FORM, table, "4 of 4; 2 equal at [4, 5]");
    let options = Options { drop_duplicates: true, ..Options::default() };
    let fit = fit(&super::model(FORM), &table.as_bytes(), &options).unwrap();
    assert_eq!(gate(&fit), "2 of 4; 2 equal at [4, 5]");
    assert_eq!(super::shown(&fit), "a 2.4");
    assert_eq!(fit.gate.excluded_rows(), 2);
    // However many rows there are.
    let few = Options { most_kept: 4, ..options };
    assert_eq!(
        gate(&super::super::fit(&super::model(FORM), &table.as_bytes(), &few).unwrap()),
        "2 of 4; 2 equal at [4, 5]"
    );
}

#[test]
fn groups_without_a_name_or_a_row() {
    let form = format!("{FORM}by: [k]\n");
    let table = "x,t,k\n1,2,a\n2,4,a\n3,N/A,b\n4,8,\n5,10, N/A\n6,oops,b\n7,N/A,a\nN/A,1,c\n";
    let fit = fit_text(&form, table).unwrap();
    assert_eq!(
        gate(&fit),
        "2 of 8; 2 at [4, 8]: `t` has no value; 2 at [5, 6]: `k` has no value, and makes groups; 1 at [7]: `t` is not a number (oops); 1 at [9]: `x` has no value"
    );
    let empty: Vec<(String, u64, u64)> =
        fit.gate.empty_groups.iter().map(|group| (group.by.join("/"), group.rows, group.line)).collect();
    assert_eq!(empty, [("b".to_owned(), 2, 4), ("c".to_owned(), 1, 9)]);
    assert_eq!(fit.models.len(), 1);
    assert!(!fit.gate.is_clean());
    // The name of a group may come in a later chunk.
    let rows: String =
        (1..30_000).map(|row| format!("{row},{},{}\n", 2 * row, if row % 5000 == 4999 { "" } else { "a" })).collect();
    let fit = fit_text(&form, &format!("x,t,k\n{rows}")).unwrap();
    assert_eq!((fit.gate.excluded_rows(), fit.gate.used, fit.models.len()), (6, 29_993, 1));
}

#[test]
fn numbers_that_are_picked_are_equal_by_their_value() {
    let form = |more: &str| {
        format!(
            "let: {{ w: {{ pick: lanes, from: {{ 1: 10, 2.50: 20, wide: 40 }}{more} }} }}\ntarget: t\nfeatures: {{ a: w }}\n"
        )
    };
    let rows = "lanes,t\n1.0,10\n01,10\n2.5,20\nwide,40\n25e-1,20\n";
    for more in ["", ", else: 7"] {
        let fit = fit_text(&form(more), rows).unwrap();
        let coefficient = &fit.models[0].coefficients.as_ref().unwrap()[0];
        assert!((coefficient.value - 1.0).abs() < 1e-12 && fit.gate.used == 5, "{coefficient:?}");
    }
    let rows = format!("{rows}3,60\nWide,9\n");
    check(&form(""), &rows, "5 of 7; 2 at [7, 8]: `w` has no number for the text in `lanes` (3)");
}

#[test]
fn columns_of_groups_are_there_once() {
    let refused = |form: &str| fit_text(form, "kind,x,t\na,1,2\n").unwrap_err().to_string();
    assert_eq!(refused(&format!("by: [kind, kind]\n{FORM}")), "`by` has the column `kind` twice");
}
