//! What moved in a shmoo plot between two runs, as text, markdown, JSON, a page and files.

use super::command::{Outcome, shmoo};
use std::fs;

/// Passes where the product is below 5; the second run adds 1 to it.
const SUITE: &str = r#"version: 1
suite: plots
params:
  a: { code: a, values: [1, 2, 3] }
  b: { code: b, values: [1, 2, 3] }
stages:
  product:
    shell: "echo product=$((SHMOO_PARAM_A * SHMOO_PARAM_B + 0))"
    evidence: [{ key_value: stdout }]
    metrics: { product: { better: lower } }
plots:
  - { shmoo: { x: a, y: b, per: [], pass: "product < 5" } }
"#;

#[test]
fn what_moved_in_a_plot_is_told_everywhere() -> Outcome {
    let done = shmoo()
        .file("suite.yaml", SUITE)
        .before(["sweep", "suite.yaml", "--jobs", "1"])
        .replace("suite.yaml", "+ 0", "+ 1")
        .before(["sweep", "suite.yaml", "--jobs", "1"])
        .before(["report", "--plots", "drawn"])
        .before(["report", "--format", "markdown"])
        .before(["report", "--format", "json"])
        .run()?;
    let terminal = &done.outputs[2];
    // Of nine products 4 alone becomes 5.
    let drawn = "\
3 | · × ×
2 | · ▼ ×
1 | · · ·
  +------
    1 2 3  a
";
    assert!(
        terminal.stdout.contains(&format!("product < 5, against {}: 1 case broke", done.run(1))),
        "{}",
        terminal.stdout
    );
    assert!(terminal.stdout.contains(drawn), "{}", terminal.stdout);
    assert!(terminal.stderr.contains("4 plots are in `drawn`"), "{}", terminal.stderr);
    assert!(done.outputs[3].stdout.contains("<summary>shmoo plot, and what moved: 1 broke, 0 mended</summary>"));
    let report: serde_json::Value = serde_json::from_str(&done.outputs[4].stdout)?;
    let diff = &report["plot_diffs"][0];
    assert_eq!(diff["base"], done.run(1));
    assert_eq!(diff["cells"][1], serde_json::json!([[0, 0, 1, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 1, 0]]));

    let mut names = Vec::new();
    for entry in fs::read_dir(done.path("drawn"))? {
        let entry = entry?;
        let text = fs::read_to_string(entry.path())?;
        assert!(text.starts_with("<?xml") && text.ends_with("</svg>\n"), "{text}");
        names.push(entry.file_name().into_string().map_err(|name| format!("{name:?}"))?);
    }
    names.sort();
    let expected =
        ["scatter-1-product.product.svg", "shmoo-1-product-5.svg", "shmoo-diff-1-product-5.svg", "timeline.svg"];
    assert_eq!(names.iter().filter(|name| !name.starts_with("trend-")).collect::<Vec<_>>(), expected.each_ref());
    let page = fs::read_to_string(done.path(".shmoo/runs/RUN-2/report.html"))?;
    assert!(page.contains("1 broke") && page.contains(r#"class="drawing shmoo-diff""#));
    Ok(())
}

#[test]
fn a_run_compared_with_the_same_moves_nothing() -> Outcome {
    let done = shmoo()
        .file("suite.yaml", SUITE)
        .before(["sweep", "suite.yaml", "--jobs", "1"])
        .before(["sweep", "suite.yaml", "--jobs", "1"])
        .before(["report", "--format", "json"])
        .run()?;
    assert!(done.outputs[1].stdout.contains("nothing broke, nothing was mended"), "{}", done.outputs[1].stdout);
    let report: serde_json::Value = serde_json::from_str(&done.last().stdout)?;
    let cells = report["plot_diffs"][0]["cells"].as_array().ok_or("no cells")?;
    let all = cells.iter().flat_map(|row| row.as_array().into_iter().flatten());
    assert!(all.clone().all(|cell| cell[0] == 0 && cell[1] == 0 && cell[4] == 0), "{cells:?}");
    assert_eq!(all.count(), 9);
    Ok(())
}

#[test]
fn a_folder_that_cannot_be_written_is_told() -> Outcome {
    let done = shmoo()
        .file("suite.yaml", SUITE)
        .file("drawn", "a file, no folder")
        .before(["sweep", "suite.yaml", "--jobs", "1"])
        .before(["report", "--plots", "drawn"])
        .run()?;
    assert_eq!(done.last().code, 20);
    assert!(done.last().stderr.contains("cannot write plots into `drawn`"), "{}", done.last().stderr);
    Ok(())
}
