#!/usr/bin/env bash
# Times the comment of a run with 10,000 metrics against an earlier one, without the network, and what the
# step of an action costs over the command it calls. Prints a markdown table.
#
# usage: scripts/bench/comment.sh [CASES [RUNS]]
#   CASES  cases with 5 metrics each, a multiple of 1000 (default 2000)
#   RUNS   runs of each command; the median counts (default 20)
# Needs hyperfine and python3.
set -euo pipefail
cd "$(dirname "$0")/../.."
cases=${1:-2000}
runs=${2:-20}
for tool in hyperfine python3; do
    command -v "$tool" > /dev/null || { echo "comment.sh: $tool is missing" >&2; exit 2; }
done
folder=$(mktemp -d /tmp/shmoo-comment-bench.XXXXXX)
trap 'rm -rf "$folder"' EXIT
target=${CARGO_TARGET_DIR:-target}
cargo build --release --quiet --bin shmoo >&2
shmoo=$(realpath "$target/release/shmoo")

echo 'version: 1' > "$folder/shmoo.yaml"
cat > "$folder/suite.yaml" <<YAML
version: 1
suite: wide
params:
  n: { code: n, values: { range: { start: 1, stop: $((cases / 1000)), step: 1 } } }
  vdd: { code: v, unit: V, values: { range: { start: 1, stop: 20, step: 1 } } }
  temp: { code: t, unit: degC, values: { range: { start: -40, stop: 158, step: 4 } } }
stages:
  measure:
    env: { FACTOR: "1" }
    shell: |
      printf 'freq=%s\npower=%s\ndelay=%s\ngain=%s\narea=%s\n' \
        "\$FACTOR\${SHMOO_PARAM_N}\${SHMOO_PARAM_VDD}00" "\${SHMOO_PARAM_VDD}\${SHMOO_PARAM_N}.\$FACTOR" \
        "\${SHMOO_PARAM_N}.\${SHMOO_PARAM_VDD}7" "\${SHMOO_PARAM_VDD}.25" "\${SHMOO_PARAM_N}5\$FACTOR"
    evidence: [{ key_value: stdout }]
    metrics:
      freq: { unit: Hz, better: higher }
      power: { unit: W, better: lower }
      delay: { unit: s, better: lower }
      gain: { better: higher }
      area: { unit: um2, better: exact }
plots:
  - { shmoo: { x: vdd, y: temp, per: [n], pass: "power < 15" } }
YAML
cd "$folder"
"$shmoo" --quiet sweep suite.yaml --jobs 2 > /dev/null
sed -i 's/FACTOR: "1"/FACTOR: "2"/' suite.yaml
"$shmoo" --quiet sweep suite.yaml --jobs 2 > /dev/null || true

before=$(cut -d' ' -f1-3 /proc/loadavg)
measure() { # NAME COMMAND
    hyperfine --shell=none --warmup 1 --runs "$runs" --ignore-failure --export-json "$1.json" "$2" > /dev/null 2>&1
}
export GITHUB_OUTPUT="$folder/outputs" INPUT_RUN=last
measure comment "$shmoo comment last --dry-run"
measure report "$shmoo report last"
measure step "$shmoo gha report"
bytes=$("$shmoo" comment last --dry-run | wc -c)
python3 - "$cases" "$before" "$bytes" <<'PYTHON'
import json, sys
cases, load, size = sys.argv[1:]
print(f"{int(cases) * 5:,} metrics; comment of {int(size):,} bytes; load before {load}\n")
print("| command | seconds (median) | slowest | CPU seconds |\n|---|---|---|---|")
for name, words in [("comment", "`shmoo comment --dry-run`"), ("report", "`shmoo report`"), ("step", "`shmoo gha report`, with outputs")]:
    result = json.load(open(f"{name}.json"))["results"][0]
    print(f"| {words} | {result['median']:.3f} | {result['max']:.3f} | {result['user'] + result['system']:.3f} |")
PYTHON
