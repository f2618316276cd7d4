//! What iree-run-module prints.

use super::*;

#[test]
fn iree_run() {
    let check = |situation: &str, expected: &str| {
        check(Parser::IreeRun, &format!("iree_run/{situation}/stdout"), &[], expected);
    };
    check("pass", "pass: matched=true mismatches=0");
    check("mismatch", "fail: 1 mismatch");
    check("wrong_shape", "fail: 1 mismatch");
    let none = "error: the report holds no result ([SUCCESS] or [FAILED])";
    check("too_many_expected", none);
    check("nothing_expected", none);
    for situation in ["no_function", "no_device", "no_module"] {
        check(situation, "error: the report is empty");
    }
    let evidence = parse_file(Parser::IreeRun, "iree_run/mismatch/stdout", &[]).unwrap();
    assert_eq!(evidence.quotes[0].line, Some(2));
    assert!(evidence.quotes[0].text.starts_with("[FAILED] result[0]: element at index 3 (8)"));
    check_text(
        Parser::IreeRun,
        "EXEC @a\n[SUCCESS] all funct",
        &[],
        "error: the report is cut off: the end of the line with the result is missing",
    );
    check_text(Parser::IreeRun, "[SUCCESS] a\n[FAILED] b\n[FAILED] c\n", &[], "fail: 2 mismatches");
    let long = format!("[FAILED] {}\n", "é".repeat(1000));
    let quote = parse_bytes(Parser::IreeRun, long.as_bytes(), &[]).unwrap().quotes.remove(0);
    assert!(quote.text.len() <= Quote::LONGEST && quote.text.ends_with("é..."));
}
