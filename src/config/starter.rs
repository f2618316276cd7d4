//! The suite that `shmoo init` writes: small, commented, runs anywhere with a shell.

/// Returns the text of a starter suite. Characters that a suite name cannot have become `-`.
pub fn starter_suite(name: &str) -> String {
    let small = name.to_lowercase();
    let kept: String = small.chars().map(|c| if matches!(c, 'a'..='z' | '0'..='9' | '_') { c } else { '-' }).collect();
    let plain = kept.trim_matches(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit());
    let plain = plain.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    STARTER.replace("SUITE_NAME", if plain.is_empty() { "first" } else { plain })
}

const STARTER: &str = r#"# A sweep that is a regression test. Run it with `shmoo sweep THIS_FILE`; a second time compares with the first.
version: 1
suite: SUITE_NAME

# What is swept. Each combination is a case; `code` is its mnemonic in names such as `n1000_sreverse`.
params:
  lines: { code: n, values: [1000, 10000] }
  order: { code: s, values: [sorted, reverse] }
  # A range: { range: { start: 5, stop: 21, step: 4 } }. A parameter at its `default` is left out of names.

# Combinations that make no sense are left out.
# where: ["lines < 10000 or order == 'sorted'"]

stages:
  # Makes the input, once for each case. `outputs` must be there when it ends.
  make_numbers:
    shell: |
      if [ "$SHMOO_PARAM_ORDER" = reverse ]; then
        seq "$SHMOO_PARAM_LINES" -1 1 > numbers.txt
      else
        seq 1 "$SHMOO_PARAM_LINES" > numbers.txt
      fi
    outputs: [numbers.txt]

  # Works on it. The folder of a task holds exactly its `inputs`; put your own files in as `root/PATH`.
  sort_numbers:
    inputs: [make_numbers/numbers.txt]
    cmd: [sort, --numeric-sort, --output, sorted.txt, numbers.txt]
    outputs: [sorted.txt]
    evidence: [{ size: sorted.txt }]      # a report and its parser; here the size in bytes
    metrics:
      size: { unit: B, better: exact }    # kept, and compared with earlier runs
    timeout: 1m

  # Judges it: a task passes only if what it must show is there and what is expected holds.
  check_order:
    inputs: [sort_numbers/sorted.txt]
    shell: |
      sort --numeric-sort --check sorted.txt
      echo "found=$(wc -l < sorted.txt)"
    evidence: [{ key_value: stdout }]
    metrics:
      found: { expect: { eq: { expr: lines } } }

plots:
  - { shmoo: { x: lines, y: order, pass: "found > 0" } }
"#;
