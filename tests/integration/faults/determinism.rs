//! The same suite twice: the same archive and the same report, but for times.

use crate::integration::sandbox::{Sandbox, assert_same, scrubbed};
use shmoo::archive::{Archive, Limits};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

const SUITE: &str = r#"
version: 1
suite: twice
params:
  a: { code: a, values: { range: { start: 1, stop: 8, step: 1 } } }
stages:
  make:
    shell: |
      mkdir -p folder/empty; echo "$SHMOO_NAME" > folder/name; seq "$SHMOO_PARAM_A" 1000 > numbers
      ln -s numbers link; chmod +x folder/name
      echo "METRIC lines $(wc -l < numbers)"
      if [ "$SHMOO_PARAM_A" = 7 ]; then echo broken >&2; exit 2; fi
    outputs: [folder, numbers]
    evidence: [ { metric_lines: stdout } ]
    metrics: { lines: { better: exact, expect: { le: 999 } } }
  gather:
    per: []
    inputs: { all: { each: make/numbers }, table.csv: { rows: make } }
    shell: sha256sum all/*/numbers table.csv > sums
    outputs: [sums]
  bench:
    per: []
    shell: echo METRIC x 1
    evidence: [ { metric_lines: stdout } ]
    metrics: { x: {} }
    repeat: { count: 3, warmup: 1 }
"#;

/// Digest, or what else there is to say, of each path in an archive that has no times in it.
fn manifest(file: &Path) -> BTreeMap<String, String> {
    let file = File::open(file).unwrap();
    let archive = Archive::open(&file, Limits::default()).unwrap();
    let manifest = archive.manifest().unwrap();
    let items = manifest.items().map(|item| (format!("{:?}", item.path), format!("{:?}", item.kind)));
    let timed = |path: &str| path.contains("ledger/") || path.contains("run.json") || path.contains("record.json");
    items.filter(|(path, _)| !timed(path)).collect()
}

#[test]
fn a_suite_that_runs_twice_gives_the_same() {
    let mut reports = Vec::new();
    let mut manifests = Vec::new();
    for jobs in ["1", "4"] {
        // In two projects, so that neither is compared with the other.
        let sandbox = Sandbox::new(SUITE);
        sandbox.run_to(10, &["sweep", "suite.yaml", "--jobs", jobs]);
        reports.push(scrubbed(sandbox.report()));
        let run = sandbox.runs().pop().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        manifests.push(manifest(&sandbox.path(&format!(".shmoo/store/runs/twice/{run}.tar.gz"))));
    }
    assert_same(&reports[0], &reports[1]);
    assert_eq!(manifests[0], manifests[1]);
    assert!(manifests[0].len() > 8 * 6, "{:#?}", manifests[0]);
}
