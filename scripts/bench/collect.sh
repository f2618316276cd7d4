#!/usr/bin/env bash
# Collects a run of 256 shards with 1,000 cases each out of a store in a folder, and prints a table.
#
#   scripts/bench/collect.sh [SHMOO [COLLECT_BENCH]]
#
# SHMOO is a release binary (default: target/release/shmoo), COLLECT_BENCH the example that makes up what
# the shards report (default: target/release/examples/collect_bench). Times are medians of five runs.
set -euo pipefail

target=${CARGO_TARGET_DIR:-target}
shmoo=$(realpath "${1:-$target/release/shmoo}")
make=$(realpath "${2:-$target/release/examples/collect_bench}")
for program in "$shmoo" "$make"; do
  test -x "$program" || { echo "collect.sh: $program is not there: cargo build --release --bin shmoo --example collect_bench" >&2; exit 2; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > many.yaml <<'SUITE'
version: 1
suite: many
params:
  size: { code: s, values: { range: { start: 1, stop: 64, step: 1 } } }
  depth: { code: d, values: { range: { start: 1, stop: 40, step: 1 } } }
  corner: { code: k, values: { range: { start: 1, stop: 100, step: 1 } } }
stages:
  simulate:
    cmd: [simulate, "{size}", "{depth}", "{corner}"]
    outputs: [result]
    evidence: [{ key_value: result }]
    metrics: { freq: { unit: Hz, better: higher } }
SUITE
echo 'version: 1' > shmoo.yaml

run=$("$shmoo" --quiet plan many.yaml --shards 256 --publish --format json | python3 -c 'import json, sys; print(json.load(sys.stdin)["run"])')
echo "$("$shmoo" --version); $(nproc) processors ($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)), load $(cut -d' ' -f1 /proc/loadavg)"
"$make" .shmoo/store "$run" 2>&1
echo

row() {
  local what=$1 aim=$2
  shift 2
  rm -f times
  for _ in 1 2 3 4 5; do
    rm -rf .shmoo/runs .shmoo/history.db .shmoo/store/runs/many/"$run".tar.gz
    /usr/bin/time -f '%e %U %S %M' -a -o times "$@" > /dev/null 2> said || { cat said >&2; exit 1; }
  done
  sort -n times | sed -n 3p | awk -v what="$what" -v aim="$aim" '{ printf "| %s | %s | %.2f | %.2f | %.0f |\n", what, aim, $1, $2 + $3, $4 / 1000 }'
}

echo "| what | aim (s) | seconds | CPU seconds | peak MB |"
echo "| --- | --- | --- | --- | --- |"
row "collect: merge, record, report" "3" "$shmoo" --quiet collect "$run" --no-compare --no-archive --format csv
row "the same, and the archive and a comparison" "-" "$shmoo" --quiet collect "$run" --format csv
