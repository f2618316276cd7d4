use super::{Bound, MetricInput, RowCase, RowKey, RowsInput, judge_rows};
use crate::expr::Operand;
use crate::ledger::MeasuredValue;
use crate::record::sample::{expr, gated, metric, params};
use crate::suite::{Better, ExpectOperator, Metric};
use crate::value::{PointName, Scalar, Value};
use proptest::prelude::*;

fn keys() -> Vec<RowKey> {
    let key = |param: &str, columns: &[&str]| RowKey {
        param: param.to_owned(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
    };
    vec![key("rows", &["output_mb_r"]), key("k", &["mblock_k", "m_k"]), key("l1", &["l1"])]
}

fn cases(texts: &[&str]) -> Vec<RowCase> {
    texts.iter().map(|text| RowCase { name: PointName::new(text.replace(' ', "_")), params: params(text) }).collect()
}

/// Judges a table for cases; fields `total` (column `total-runtime`) and `first`, one metric of both.
fn judged(table: &str, wanted: &[&str]) -> String {
    let cases = cases(wanted);
    let fields = [("total".to_owned(), "total-runtime".to_owned()), ("first".to_owned(), "first".to_owned())];
    let input = RowsInput { file: "perf.csv", bytes: table.as_bytes(), keys: &keys(), fields: &fields, cases: &cases };
    let runtime =
        Metric { of: Some(expr("total / (1 - first) * rows / rows")), ..gated("runtime", "cycles", Better::Lower) };
    let limit = Bound::Value(Value::Scalar(Scalar::infer("1000")));
    let metrics = |_| vec![MetricInput { metric: &runtime, expected: vec![(ExpectOperator::Lt, limit.clone())] }];
    let names = |case: usize, name: &str| {
        cases[case].params.iter().find(|(known, _)| known == name).map(|(_, value)| Operand::from(value))
    };
    let found = judge_rows(&input, &metrics, &names);
    let mut text = found.verdict.to_string();
    for row in &found.rows {
        text += &format!(" | {} {}", row.case, row.verdict);
        for measured in &row.metrics {
            if let MeasuredValue::Number(number) = &measured.value {
                text += &format!(" {number}");
            }
        }
        if let Some(message) = &row.message {
            text += &format!(": {message}");
        }
    }
    if let Some(message) = &found.message {
        text += &format!(" || {message}");
    }
    for note in &found.notes {
        text += &format!(" || note: {note}");
    }
    if !found.unmet.is_empty() {
        text += &format!(" || unmet {:?}", found.unmet);
    }
    text
}

fn check(table: &str, wanted: &[&str], expected: &str) {
    assert_eq!(judged(table, wanted), expected);
}

#[test]
fn each_case_gets_its_row() {
    let good = "pass | rows=2 pass 500 | rows=4 pass 700";
    let wanted = ["rows=2", "rows=4"];
    check("output_mb_r,first,total-runtime\n2,0,500\n4,0,700\n", &wanted, good);
    // Order, columns nobody asked for, spaces, quotes, line ends, a byte order mark, empty lines.
    check("Test-ID,total-runtime,first,output_mb_r\n9,700,0,4\n8,500,0,2\n", &wanted, good);
    check("\u{feff}output_mb_r,first,total-runtime\r\n2,0,500\r\n\r\n4,0,700\r\n", &wanted, good);
    check("output_mb_r, first ,total-runtime,note\n 2 ,0,500,\"a,b\nc\"\n\"4\",\"0\",\"700\",x\n", &wanted, good);
    check("output_mb_r;first;total-runtime\n2;0;500\n4;0;700\n", &wanted, good);
    check("output_mb_r\tfirst\ttotal-runtime\n2\t0\t500\n4\t0\t700\n", &wanted, good);
    // Values are compared, not texts.
    check("output_mb_r,first,total-runtime\n2.0,0,500\n4e0,0,7e2\n", &wanted, good);
    check("output_mb_r,first,total-runtime\n+2,0,500\n04,0,700.0\n", &wanted, good);
}

#[test]
fn absent_parameters_and_columns() {
    let table = "output_mb_r,m_k,l1,first,total-runtime\n2,,False,0,500\n2,1,True,0,600\n2,2,True,0,700\n";
    check(
        table,
        &["rows=2 l1=false", "rows=2 k=1 l1=true", "rows=2 k=2 l1=true"],
        "pass | rows=2_l1=false pass 500 | rows=2_k=1_l1=true pass 600 | rows=2_k=2_l1=true pass 700",
    );
    // No case has `k` or `l1`: their columns need not be there.
    check("output_mb_r,first,total-runtime\n2,0,500\n", &["rows=2"], "pass | rows=2 pass 500");
    check(
        "output_mb_r,first,total-runtime\n2,0,500\n",
        &["rows=2 k=1"],
        "error | rows=2_k=1 error: `perf.csv`: no column `mblock_k` or `m_k` for parameter `k` (known: `output_mb_r`, `first`, `total-runtime`) || `perf.csv`: no column `mblock_k` or `m_k` for parameter `k` (known: `output_mb_r`, `first`, `total-runtime`)",
    );
    check(
        "output_mb_r,mblockk,first,total-runtime\n2,1,0,500\n",
        &["rows=2 k=1"],
        "error | rows=2_k=1 error: `perf.csv`: no column `mblock_k` or `m_k` for parameter `k` (did you mean `mblockk`?) || `perf.csv`: no column `mblock_k` or `m_k` for parameter `k` (did you mean `mblockk`?)",
    );
    check(
        "output_mb_r,first,total_runtime\n2,0,500\n",
        &["rows=2"],
        "error | rows=2 error: `perf.csv`: no column `total-runtime` for field `total` (did you mean `total_runtime`?) || `perf.csv`: no column `total-runtime` for field `total` (did you mean `total_runtime`?)",
    );
    check(
        "output_mb_r,output_mb_r,first,total-runtime\n2,2,0,500\n",
        &["rows=2"],
        "error | rows=2 error: `perf.csv`: the header names the column `output_mb_r` of parameter `rows` twice || `perf.csv`: the header names the column `output_mb_r` of parameter `rows` twice",
    );
    // The first alternative wins, as in the lookup.
    check("output_mb_r,m_k,mblock_k,first,total-runtime\n2,1,7,0,500\n", &["rows=2 k=7"], "pass | rows=2_k=7 pass 500");
}

#[test]
fn what_is_missing_or_too_much() {
    let wanted = ["rows=2", "rows=4"];
    check(
        "output_mb_r,first,total-runtime\n2,0,500\n",
        &wanted,
        "error | rows=2 pass 500 | rows=4 error: `perf.csv` has no row for it || rows=4: `perf.csv` has no row for it",
    );
    check(
        "output_mb_r,first,total-runtime\n",
        &wanted,
        "error | rows=2 error: `perf.csv` has no row for it | rows=4 error: `perf.csv` has no row for it || 2 of 2 cases have an error, first rows=2: `perf.csv` has no row for it",
    );
    check(
        "output_mb_r,first,total-runtime\n2,0,500\n4,0,700\n4,0,701\n",
        &wanted,
        "error | rows=2 pass 500 | rows=4 error: `perf.csv` has 2 rows for it (lines 3, 4) || rows=4: `perf.csv` has 2 rows for it (lines 3, 4)",
    );
    // The same row again says nothing new; of several notes, the first are kept.
    check(
        "output_mb_r,first,total-runtime\n2,0,500\n4,0,700\n4,0,700\n",
        &wanted,
        "pass | rows=2 pass 500 | rows=4 pass 700 || note: the table `perf.csv`: line 4 is line 3 again, and counts once",
    );
    let again = "4,0,700\n".repeat(8);
    let found = judged(&format!("output_mb_r,first,total-runtime\n2,0,500\n{again}"), &wanted);
    assert_eq!(found.matches("counts once").count(), 5);
    assert!(found.ends_with("note: the table `perf.csv`: and 2 more rows that are there again"), "{found}");
    check(
        "output_mb_r,first,total-runtime\n2,0,500\n4,0,700\n8,0,900\n",
        &wanted,
        "pass | rows=2 pass 500 | rows=4 pass 700 || note: the table `perf.csv`: line 4: no case was asked for with rows=8",
    );
    check(
        "output_mb_r,first,total-runtime\n2,0,500\nx,0,700\n",
        &wanted,
        "error | rows=2 pass 500 | rows=4 error: `perf.csv` has no row for it || rows=4: `perf.csv` has no row for it || note: the table `perf.csv`: line 3: no case was asked for with rows=x",
    );
    check(
        "output_mb_r,first,total-runtime\n2,0,N/A\n4,0,\n",
        &wanted,
        "error | rows=2 error: `perf.csv` line 2: `total-runtime` is `N/A` | rows=4 error: `perf.csv` line 3: `total-runtime` is empty || 2 of 2 cases have an error, first rows=2: `perf.csv` line 2: `total-runtime` is `N/A`",
    );
    check(
        "output_mb_r,first,total-runtime\n2,0,nan\n4,0,inf\n",
        &wanted,
        "error | rows=2 error: `perf.csv` line 2: `total-runtime` is not a finite number (`nan`) | rows=4 error: `perf.csv` line 3: `total-runtime` is not a finite number (`inf`) || 2 of 2 cases have an error, first rows=2: `perf.csv` line 2: `total-runtime` is not a finite number (`nan`)",
    );
    check(
        "output_mb_r,first,total-runtime\n2,0,failed\n4,1,5\n",
        &wanted,
        "error | rows=2 error: runtime: `total` is a text where a number is wanted (`perf.csv` line 2) | rows=4 error: runtime is not a finite number: `total / (1 - first) * rows / rows` (`perf.csv` line 3) || 2 of 2 cases have an error, first rows=2: runtime: `total` is a text where a number is wanted (`perf.csv` line 2)",
    );
    check(
        "output_mb_r,first,total-runtime\n2,0,500\n4,0,1700\n",
        &wanted,
        "fail | rows=2 pass 500 | rows=4 fail 1700: runtime is 1700 cycles, expected < 1000 cycles || rows=4: runtime is 1700 cycles, expected < 1000 cycles || unmet [0]",
    );
    check(
        "output_mb_r,first,total-runtime\n2,0,5000\n4,0,1700\n",
        &wanted,
        "fail | rows=2 fail 5000: runtime is 5000 cycles, expected < 1000 cycles | rows=4 fail 1700: runtime is 1700 cycles, expected < 1000 cycles || 2 of 2 cases fail, first rows=2: runtime is 5000 cycles, expected < 1000 cycles || unmet [0]",
    );
    check(
        "",
        &wanted,
        "error | rows=2 error: `perf.csv`: the table is empty | rows=4 error: `perf.csv`: the table is empty || `perf.csv`: the table is empty",
    );
    check(
        "output_mb_r,first,total-runtime\n2,0,500\n4,0,70",
        &wanted,
        "error | rows=2 error: `perf.csv`: the end of the last row is missing (end the last line with a newline) | rows=4 error: `perf.csv`: the end of the last row is missing (end the last line with a newline) || `perf.csv`: the end of the last row is missing (end the last line with a newline)",
    );
    check(
        "output_mb_r,first,total-runtime\n2,0,500\n4,0\n",
        &wanted,
        "error | rows=2 error: `perf.csv`: line 3 has 2 cells, the header has 3 | rows=4 error: `perf.csv`: line 3 has 2 cells, the header has 3 || `perf.csv`: line 3 has 2 cells, the header has 3",
    );
    check(
        "output_mb_r,first,total-runtime\n2,0,500\n",
        &["rows=2 z=1", "rows=2 z=2"],
        "error | rows=2_z=1 error: its row of `perf.csv` is that of `rows=2_z=2` too: `keys` lacks a parameter | rows=2_z=2 error: its row of `perf.csv` is that of `rows=2_z=1` too: `keys` lacks a parameter || 2 of 2 cases have an error, first rows=2_z=1: its row of `perf.csv` is that of `rows=2_z=2` too: `keys` lacks a parameter",
    );
    check("output_mb_r,first,total-runtime\n", &[], "pass");
    check(
        "output_mb_r,first,total-runtime\n2,0,500\n",
        &[],
        "pass || note: the table `perf.csv`: line 2: no case was asked for",
    );
}

#[test]
fn words_that_look_like_something_else() {
    let check = |wanted: &[&str], table: &str, expected: &str| {
        let cases: Vec<RowCase> = wanted
            .iter()
            .map(|word| match *word {
                "" => RowCase { name: PointName::new("absent"), params: Vec::new() },
                word => {
                    let params = vec![("mode".to_owned(), Scalar::Text(word.to_owned()))];
                    RowCase { name: PointName::new(word), params }
                }
            })
            .collect();
        let keys = [RowKey { param: "mode".to_owned(), columns: vec!["mode".to_owned()] }];
        let fields = [("t".to_owned(), "t".to_owned())];
        let input = RowsInput { file: "t.csv", bytes: table.as_bytes(), keys: &keys, fields: &fields, cases: &cases };
        let t = metric("t");
        let found = judge_rows(&input, &|_| vec![MetricInput { metric: &t, expected: Vec::new() }], &|_, _| None);
        assert_eq!(found.message.unwrap_or_else(|| "pass".to_owned()), expected, "{table}");
    };
    check(&["none", "fast"], "mode,t\nnone,1\nfast,2\n", "pass");
    check(&["none", "fast", ""], "mode,t\nnone,1\nfast,2\n,3\n", "pass");
    check(&["fast", ""], "mode,t\nN/A,1\nfast,2\n", "pass");
    check(&["1.1", "2"], "mode,t\n1.10,1\n2,2\n", "pass");
    check(&["1.10", "1.1"], "mode,t\n1.10,1\n1.1,2\n", "pass");
    check(&["1.10", "1.1"], "mode,t\n1.10,1\n1.100,2\n", "1.1: `t.csv` has no row for it");
}

proptest! {
    /// Whatever the table, every case wanted gets exactly one result, in order, and nothing panics.
    #[test]
    fn every_case_is_reported(table in "(output_mb_r|first|total-runtime|m_k|[,\n\"0-9a]){0,60}\n?") {
        let cases = cases(&["rows=1", "rows=2 k=1"]);
        let fields = [("t".to_owned(), "first".to_owned())];
        let input = RowsInput { file: "t.csv", bytes: table.as_bytes(), keys: &keys(), fields: &fields, cases: &cases };
        let found = judge_rows(&input, &|_| Vec::new(), &|_, _| None);
        let names: Vec<&PointName> = found.rows.iter().map(|row| &row.case).collect();
        prop_assert_eq!(names, cases.iter().map(|case| &case.name).collect::<Vec<_>>());
        prop_assert!(found.rows.iter().all(|row| row.verdict <= found.verdict));
    }

    /// The order of the rows does not matter.
    #[test]
    fn rows_in_any_order(values in prop::collection::vec(0u32..2000, 1..12), seed in 0usize..1000) {
        let wanted: Vec<String> = (1..=values.len()).map(|index| format!("rows={index}")).collect();
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        let mut lines: Vec<String> = values.iter().enumerate().map(|(index, value)| format!("{},0,{value}\n", index + 1)).collect();
        let table = |lines: &[String]| format!("output_mb_r,first,total-runtime\n{}", lines.concat());
        let straight = judged(&table(&lines), &wanted);
        let places = lines.len();
        lines.rotate_left(seed % places);
        prop_assert_eq!(judged(&table(&lines), &wanted), straight);
    }
}
