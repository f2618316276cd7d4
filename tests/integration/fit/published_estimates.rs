//! The published parameters: every estimate bit for bit, every refusal, every ratio.

use super::{published_data, read_csv};
use shmoo::fit::estimate::{Estimator, Formula};
use shmoo::steps::estimating::{architectures, estimate_file, estimator};
use shmoo::steps::evaluating::{Evaluated, Evaluation, OpType, evaluate};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

fn published(data: &Path) -> Estimator {
    estimator(Some(&data.join("params"))).unwrap()
}

/// Returns the columns `cycles`, `estimate` and `error` of estimates of a file.
fn estimates(data: &Path, file: &str) -> Vec<(String, String, String)> {
    let mut out = Vec::new();
    estimate_file(&published(data), &data.join(file), Formula::Best, false, &mut out).unwrap();
    let mut reader = csv::Reader::from_reader(out.as_slice());
    let rows = reader.deserialize::<HashMap<String, String>>().map(Result::unwrap);
    rows.map(|row| (row["cycles"].clone(), row["estimate"].clone(), row["error"].clone())).collect()
}

#[test]
fn every_published_estimate_is_equal() {
    let Some(data) = published_data("every_published_estimate_is_equal") else { return };
    for (file, rows) in [("golden_estimates_unit.csv", 202), ("golden_estimates_random.csv", 2830)] {
        let found = estimates(&data, file);
        assert_eq!(found.len(), rows);
        for (row, (cycles, estimate, error)) in found.iter().enumerate() {
            assert_eq!((estimate, error.as_str()), (cycles, ""), "{file}:{}", row + 2);
        }
    }
}

#[test]
fn what_others_refuse_is_refused() {
    let Some(data) = published_data("what_others_refuse_is_refused") else { return };
    let found = estimates(&data, "golden_estimates_errors.csv");
    assert_eq!(found.len(), 15);
    for (cycles, estimate, error) in &found {
        assert_eq!(if error.is_empty() { estimate } else { "ERR" }, cycles, "{error}");
    }
    let errors: Vec<&str> = found.iter().map(|(.., error)| error.as_str()).filter(|error| !error.is_empty()).collect();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("refused_estimates", errors.join("\n"));
    });
}

#[test]
fn folders_of_parameters_are_whole() {
    let Some(data) = published_data("folders_of_parameters_are_whole") else { return };
    let folder = data.join("unit_test_params");
    let check = |path: &str, expected: &str| {
        let found = match architectures(Some(&folder.join(path))) {
            Ok(devices) => format!("{} versions", devices[0].versions.len()),
            Err(error) => error.to_string().replace(&folder.display().to_string(), "."),
        };
        assert_eq!(found, expected);
    };
    check("test_params", "3 versions");
    check("test_versions/test_no_v1", "`./test_versions/test_no_v1` has no `params_v1.yaml`");
    check("test_versions/test_skipped_version", "`./test_versions/test_skipped_version` has no `params_v2.yaml`");
    check(
        "test_versions/test_file_name_typo",
        "`./test_versions/test_file_name_typo/params_2.yaml` is no name of a parameter file",
    );
}

fn evaluated(estimator: &Estimator, path: &Path, evaluation: &Evaluation) -> (Evaluated, String) {
    let mut out = Vec::new();
    let evaluated =
        evaluate(estimator, path, evaluation, &mut out).unwrap_or_else(|error| panic!("{path:?}: {error:?}"));
    (evaluated, String::from_utf8(out).unwrap())
}

#[test]
fn every_published_ratio_is_found_again() {
    let Some(data) = published_data("every_published_ratio_is_found_again") else { return };
    let estimator = published(&data);
    let mut compared = 0;
    for row in read_csv(&data.join("golden_ratio_stats.csv")) {
        let path = data.join(&row["csv_file"]);
        let evaluation = Evaluation {
            op_type: match row["op_type"].as_str() {
                "unary" => Some(OpType::Unary),
                "binary" => Some(OpType::Binary),
                _ => Some(OpType::Matmul),
            },
            op_name: row["op_name"].clone(),
            attributes: Vec::new(),
            architecture: row["arch"].clone(),
            version: Some(row["version"].parse().unwrap()),
            formula: if row["formula"] == "v1" { Formula::First } else { Formula::Best },
            bounds: None,
        };
        let (found, _) = evaluated(&estimator, &path, &evaluation);
        let found = found.comparison.unwrap();
        let check = |column: &str, found: f64| {
            let expected: f64 = row[column].parse().unwrap();
            assert!(
                (found - expected).abs() <= 1e-6 + 2e-5 * expected.abs(),
                "{} {column}: {found} {expected}",
                row["csv_file"]
            );
        };
        assert_eq!(found.rows.to_string(), row["rows"]);
        check("ratio_mean", found.ratio_mean);
        check("ratio_std", found.ratio_std);
        check("ratio_median", found.ratio_median);
        check("ratio_min", found.ratio_min);
        check("ratio_max", found.ratio_max);
        check("ratio_p05", found.ratio_p05);
        check("ratio_p95", found.ratio_p95);
        check("mape_pct", found.mape);
        check("p95_ape_pct", found.p95_ape);
        check("r2", found.r2.unwrap());
        compared += 1;
    }
    assert_eq!(compared, 31);
}

/// A sweep made of the sparse rows of the published estimates: a runtime beside each. Counts that nobody gave are -1.
#[test]
fn sparse_sweeps_are_evaluated_as_by_others() {
    let Some(data) = published_data("sparse_sweeps_are_evaluated_as_by_others") else { return };
    let estimator = published(&data);
    let mut sweeps: BTreeMap<(String, String), Vec<HashMap<String, String>>> = BTreeMap::new();
    for file in ["golden_estimates_unit.csv", "golden_estimates_random.csv"] {
        for row in read_csv(&data.join(file)) {
            if row["type"] == "matmul" && row["sparse_indices"] != "0" {
                sweeps.entry((row["arch"].clone(), row["version"].clone())).or_default().push(row);
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let mut compared = 0;
    for ((architecture, version), rows) in sweeps {
        let header = "math_fidelity,output_df,output_t,output_mb_r,output_mb_c,output_ub_r,output_ub_c,mblock_k,ublock_kt,nz_tiles,nz_ublocks,nz_strips,runtime";
        let mut text = format!("{header}\r\n");
        for (index, row) in rows.iter().enumerate() {
            let columns = [
                "math_fidelity",
                "data_format",
                "t",
                "mblock_m",
                "mblock_n",
                "ublock_rt",
                "ublock_ct",
                "mblock_k",
                "ublock_kt",
                "sparse_indices",
            ];
            for column in columns {
                text.push_str(&row[column]);
                text.push(',');
            }
            let (blocks, strips) = (&row["sparse_nz_ublocks"], &row["sparse_nz_strips"]);
            text.push_str(&format!("{blocks},{strips},{}\r\n", 1000 + 37 * index));
        }
        let path = folder.path().join("sweep.csv");
        std::fs::write(&path, &text).unwrap();
        let evaluation = Evaluation {
            op_type: Some(OpType::Matmul),
            op_name: "matmul_sparse".to_owned(),
            attributes: Vec::new(),
            architecture,
            version: Some(version.parse().unwrap()),
            formula: Formula::Best,
            bounds: None,
        };
        let (_, out) = evaluated(&estimator, &path, &evaluation);
        let mut lines = out.lines();
        assert_eq!(lines.next().unwrap(), format!("{header},estimate,ratio"));
        for ((line, row), input) in lines.zip(&rows).zip(text.lines().skip(1)) {
            let cells: Vec<&str> = line.split(',').collect();
            let [runtime, estimate, ratio] = cells[cells.len() - 3..] else { panic!("{line}") };
            assert_eq!(estimate, row["cycles"], "{row:?}");
            assert!(line.starts_with(input.trim_end()), "{line}");
            let expected = estimate.parse::<f64>().unwrap() / runtime.parse::<f64>().unwrap();
            assert!((ratio.parse::<f64>().unwrap() / expected - 1.0).abs() < 5.1e-6, "{line}");
            compared += 1;
        }
    }
    assert!(compared > 200, "{compared}");
}

#[test]
fn copied_parameters_are_found() {
    let Some(data) = published_data("copied_parameters_are_found") else { return };
    let devices = architectures(Some(&data.join("params"))).unwrap();
    let wormhole = devices.iter().find(|device| device.name == "wormhole_b0").unwrap();
    let same = wormhole.versions[2].same();
    assert!(same.iter().any(|same| same.one == "sine/base" && same.other == "sqrt/base"), "{same:?}");
}
