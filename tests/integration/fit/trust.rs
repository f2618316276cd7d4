//! Estimates from fitted parameters: what they may be taken for, what nobody measured, and what the files must say.

use crate::integration::command::{Shmoo, shmoo};
use std::fmt::Write;

const DESCRIPTORS: &str = "type,arch,data_format,math_fidelity,t,mblock_m,mblock_n,ublock_rt,ublock_ct";

/// runtime = 30 blocks + 200 tiles, to one part in a hundred.
fn sweep() -> String {
    let mut text =
        "math_fidelity,output_df,output_t,output_mb_r,output_mb_c,output_ub_r,output_ub_c,runtime\n".to_owned();
    for row in 0..48u32 {
        let [m, n, r, c] = [1 + row % 4, 1 + row / 4 % 4, 1 + row / 16 % 2, 1 + row % 3];
        let runtime = f64::from(30 * m * n + 200 * m * n * r * c) * (1.0 + f64::from(row % 5) / 250.0);
        writeln!(text, "HiFi4,Float16,1,{m},{n},{r},{c},{runtime:.2}").unwrap();
    }
    text
}

/// Fits an operation, and makes it the next version of a device.
fn promote(op: &str) -> [&str; 10] {
    ["fit", "--model", "eltwise", "sweep.csv", "--op", op, "--promote", "params/wormhole_b0", "--quiet", "--strict"]
}

/// Puts descriptors of the device into a file; each is its operation and what follows the device.
fn descriptors(test: Shmoo, more: &str, rows: &[(&str, &str)]) -> Shmoo {
    let rows = rows.iter().map(|(op, rest)| format!("{op},wormhole_b0,{rest}\n"));
    test.file("rows.csv", &format!("{DESCRIPTORS}{more}\n{}", rows.collect::<String>()))
}

#[test]
fn what_no_fit_saw_has_no_interval() {
    let test = shmoo().file("sweep.csv", &sweep()).before(promote("add")).before(promote("nop")).before(promote("exp"));
    let evaluate = ["estimate", "--evaluate", "sweep.csv", "--params", "params", "--out", "compared.csv"];
    let rows = [
        ("exp", "Float16,HiFi4,1,2,2,2,2,rc,2"),
        ("exp", "Float16,HiFi4,1,2,2,2,2,rc,3"),
        ("exp", "Float16,HiFi4,1,2,2,2,2,r,3"),
        ("add", "Bfp8_b,HiFi4,1,2,2,2,2,rc,3"),
        ("add", "Float16,HiFi4,1,2,2,2,2,rc,3"),
    ];
    descriptors(test, ",vector_mode,version", &rows)
        .args(["estimate", "rows.csv", "--params", "params", "--intervals", "--strict"])
        .args(["estimate", "rows.csv", "--params", "params", "--out", "o.csv", "--format", "json"])
        .args([&evaluate[..], &["--op-type", "binary", "--op-name", "add", "--strict"]].concat())
        .snapshot("estimate_unlike");
}

#[test]
fn products_beyond_the_end_are_told() {
    let test = shmoo().file("sweep.csv", &sweep()).before(promote("exp"));
    // 272 * 15790321 is 2^32 + 16.
    let rows = [
        ("exp", "Float16,HiFi4,1,272,15790321,2,2"),
        ("exp", "Float16,HiFi4,1,65536,65536,1,1"),
        ("exp", "Float16,HiFi4,1,4,4,2,3"),
    ];
    descriptors(test, "", &rows)
        .args(["estimate", "rows.csv", "--params", "params", "--intervals", "--strict"])
        .snapshot("estimate_wraps");
}

#[test]
fn parameters_that_no_estimate_could_read_are_refused() {
    let test = shmoo().file("sweep.csv", &sweep()).before(promote("exp"));
    let product = [&promote("matmul")[..9]].concat();
    descriptors(test, "", &[("exp", "Float16,HiFi4,1,4,4,2,3")])
        .args(product)
        .shell("ls params/wormhole_b0")
        .file(
            "mine/wormhole_b0/params_v1.yaml",
            "nop:\n  base: { ublock_weight: 1 }\nexpp:\n  approx: { ublock_weight: 2 }\n",
        )
        .args(["estimate", "rows.csv", "--params", "mine"])
        .args(["estimate", "rows.csv", "--params", "mine/wormhole_b0/params_v1.yaml"])
        .snapshot("estimate_unknown_operation");
}

#[test]
fn twins_that_are_damaged_are_mistakes() {
    let mut test = shmoo().file("sweep.csv", &sweep()).before(promote("exp"));
    test = descriptors(test, "", &[("exp", "Float16,HiFi4,1,4,4,2,3")]);
    let format = r#""format": "shmoo-params-provenance", "version": 1"#;
    let entry = r#""model": "m", "target": "t", "features": {}, "rows": 7, "params": { "a": 1 }"#;
    let sets = |entry: &str| format!(r#"{{ {format}, "sets": {{ "exp/base": {entry} }} }}"#);
    let ranges = format!(r#"{{ {entry}, "feature_ranges": {{}} }}"#);
    let covariance = format!(r#"{{ {entry}, "feature_ranges": {{ "a": [1, 2] }}, "covariance": [[1, 2]] }}"#);
    let damaged = ["[]", "{}", "{", &format!("{{ {format} }}"), &sets("5"), &sets(&ranges), &sets(&covariance)];
    for twin in damaged {
        test = test
            .file("params/wormhole_b0/params_v1.provenance.json", twin)
            .args(["estimate", "rows.csv", "--params", "params", "--quiet"]);
    }
    test.snapshot("estimate_damaged_twins");
}

#[test]
fn sets_are_written_in_the_order_in_which_they_are_declared() {
    let model = "\
version: 1
model: kinds
columns: { m: [output_mb_r] }
sets: { base: \"true\", df_bfp: \"output_df == 'Bfp8_b'\", l1_acc_en: \"l1 == 1\" }
target: runtime
features: { ublock_weight: m, tile_weight: \"m * m\" }
";
    let mut table = "output_df,l1,output_mb_r,runtime\n".to_owned();
    for m in 1..9 {
        let _ =
            writeln!(table, "Bfp8_b,1,{m},{}\nFloat16,0,{m},{}\nBfp8_b,0,{m},{}", 5 * m + m * m, 7 * m + m * m, 9 * m);
    }
    let mut test = shmoo().file("kinds.yaml", model).file("kinds.csv", &table);
    for to in [["--out", "kinds_params.yaml"], ["--promote", "params/wormhole_b0"]] {
        test = test.before(["fit", "--model", "kinds.yaml", "kinds.csv", "--op", "exp", "--quiet", to[0], to[1]]);
    }
    test.shell("cat kinds_params.yaml | grep '^  [a-z]'; grep '^  [a-z]' params/wormhole_b0/params_v1.yaml")
        .snapshot("fit_order_of_sets");
}
