#!/usr/bin/env bash
# Fits a table of 5 columns with shmoo and with pandas and scikit-learn, and prints a table; then what
# intervals of a small fit and estimates take.
#
#   scripts/bench/fit.sh [SHMOO] [ROWS...]
#   TURNS=25 scripts/bench/fit.sh       # how often commands are timed in turn (default 15)
#
# SHMOO is a release binary (default: target/release/shmoo), with the example `fit_bench` beside it in
# `examples/`; ROWS are sizes of tables (default: 100000 1000000 10000000). Times are medians of three
# runs of the whole process, peak memory is that of `/usr/bin/time`. What one command takes for every
# second of another is told from both in turn, for a machine's speed changes from minute to minute. Needs Python with pandas and
# scikit-learn for the peer (PYTHON names it, default python3); without them its rows are left out, and
# the script says so.
set -euo pipefail

shmoo=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/release/shmoo}")
test -x "$shmoo" || { echo "fit.sh: $shmoo is not there: cargo build --release" >&2; exit 2; }
bench=$(dirname "$shmoo")/examples/fit_bench
test -x "$bench" || { echo "fit.sh: $bench is not there: cargo build --release --example fit_bench" >&2; exit 2; }
python=${PYTHON:-python3}
shift || true
sizes=("$@")
test ${#sizes[@]} -gt 0 || sizes=(100000 1000000 10000000)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > model.yaml <<'MODEL'
version: 1
model: bench
target: y
features: { a: a, b: b, c: c, d: d }
MODEL
sed 's/^features/by: [a]\nfeatures/; s/a: a, //' model.yaml > groups.yaml

cat > table.awk <<'AWK'
BEGIN {
  srand(7)
  print "a,b,c,d,y"
  for (row = 0; row < rows; row++) {
    a = int(rand() * groups) + 1; b = int(rand() * 900) + 1; c = int(rand() * 90) + 1; d = int(rand() * 9) + 1
    printf "%d,%d,%d,%d,%.2f\n", a, b, c, d, (3 * a + 2 * b + 5 * c + 40 * d) * (0.95 + 0.1 * rand())
  }
}
AWK

cat > peer.py <<'PEER'
import sys
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
table = pd.read_csv(sys.argv[1])
x, y = table[["a", "b", "c", "d"]].to_numpy(), table["y"].to_numpy()
model = LinearRegression(positive=True, fit_intercept=False).fit(x, y)
prediction = model.predict(x)
print(model.coef_, model.score(x, y), np.mean(np.abs((y - prediction) / y)) * 100)
PEER

# Prints elapsed and CPU seconds (medians of three) and peak MB of a command, for a row of the table.
row() {
  local rows=$1 what=$2
  shift 2
  rm -f times
  for _ in 1 2 3; do /usr/bin/time -f '%e %U %S %M' -a -o times "$@" > out; done
  sort -n times | sed -n 2p | awk -v rows="$rows" -v what="$what" '{ printf "| %s | %s | %.2f | %.2f | %.0f |\n", rows, what, $1, $2 + $3, $4 / 1000 }'
}

# Times functions in turn; prints the median and the quartiles of each in milliseconds.
in_turn() {
  local turn name start
  rm -f turns.*
  for ((turn = 0; turn <= ${TURNS:-15}; turn++)); do
    for name in "$@"; do
      start=${EPOCHREALTIME/[.,]/}
      "$name" > out
      # The first turn is for warming up.
      test $turn = 0 || echo $((${EPOCHREALTIME/[.,]/} - start)) >> "turns.$name"
    done
  done
  for name in "$@"; do
    sort -n "turns.$name" | awk -v name="${name//_/ }" '{ times[NR] = $1 / 1000 }
      function at(share) { return times[int(share * (NR - 1) + 1.5)] }
      END { printf "| %s | %.1f | %.1f to %.1f |\n", name, at(0.5), at(0.25), at(0.75) }'
  done
}

one_group() { "$shmoo" fit --model model.yaml table.csv --format json; }
many_groups() { "$shmoo" fit --model groups.yaml table.csv --format json; }
csv_core() { "$bench" scan table.csv "$(nproc)"; }
one_group_one_thread() { "$shmoo" fit --model model.yaml table.csv --format json --threads 1; }
many_groups_one_thread() { "$shmoo" fit --model groups.yaml table.csv --format json --threads 1; }
csv_core_one_thread() { "$bench" scan table.csv 1; }
estimates() { "$shmoo" estimate operations.csv --params params --out estimates.csv; }
estimates_kept_nowhere() { "$shmoo" estimate operations.csv --params params --out /dev/null; }

peer=yes
"$python" -c 'import pandas, sklearn' 2> /dev/null || { peer=no; echo "fit.sh: no pandas and scikit-learn: the peer is left out" >&2; }
test $peer = no || "$python" -c 'import numpy, pandas, platform, sklearn; print(f"Python {platform.python_version()}, numpy {numpy.__version__}, pandas {pandas.__version__}, scikit-learn {sklearn.__version__}")'
echo "$("$shmoo" --version), $(nproc) processors ($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)), load $(cut -d' ' -f1 /proc/loadavg)"
echo
echo "| rows | command | elapsed, s | CPU, s | peak, MB |"
echo "|---|---|---|---|---|"
for rows in "${sizes[@]}"; do
  awk -v rows="$rows" -v groups=9000 -f table.awk > table.csv
  row "$rows" "shmoo fit" "$shmoo" fit --model model.yaml table.csv --format json
  row "$rows" "shmoo fit, one thread" "$shmoo" fit --model model.yaml table.csv --format json --threads 1
  row "$rows" "csv-core alone" "$bench" scan table.csv "$(nproc)"
  row "$rows" "csv-core alone, one thread" "$bench" scan table.csv 1
  test $peer = no || row "$rows" "pandas, scikit-learn" "$python" peer.py table.csv
done
awk -v rows=1000000 -v groups=2500 -f table.awk > table.csv
row 1000000 "shmoo fit, 2,500 groups" "$shmoo" fit --model groups.yaml table.csv --format json
row 1000000 "the same, one thread" "$shmoo" fit --model groups.yaml table.csv --format json --threads 1
row 1000000 "the same table as one group" "$shmoo" fit --model model.yaml table.csv --format json
row 1000000 "the same, one thread" "$shmoo" fit --model model.yaml table.csv --format json --threads 1
"$bench" operations 1000000 > operations.csv
mkdir -p params/wormhole_b0
cat > params/wormhole_b0/params_v1.yaml <<'PARAMS'
matmul:
  base: { math_tiles_weight: 15.5, math_dest_spill_weight: 47.7, unpack_ublocks_weight: 93.2, unpack_tiles_weight: 3.3 }
PARAMS
row 1000000 "shmoo estimate, matmul v2" "$shmoo" estimate operations.csv --params params --out estimates.csv
echo
echo "In turn, ${TURNS:-15} times each: 1,000,000 rows, of one group and of 2,500; and estimates of as many."
echo
echo "| in turn | median, ms | quartiles, ms |"
echo "|---|---|---|"
in_turn one_group many_groups csv_core
in_turn one_group_one_thread many_groups_one_thread csv_core_one_thread
in_turn estimates estimates_kept_nowhere
echo
"$bench" estimates 10000000
"$bench" bootstrap 1000
