#!/usr/bin/env bash
# Plans a million cases of six parameters with two constraints, and prints a table.
#
#   scripts/bench/plan.sh [SHMOO]
#
# SHMOO is a release binary (default: target/release/shmoo). Peak memory is that of the whole
# process, by `/usr/bin/time -v`; times are medians by `hyperfine` where it is there, else of ten runs
# by `/usr/bin/time`. CPU time says more than elapsed time where the machine is busy.
set -euo pipefail

shmoo=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/release/shmoo}")
test -x "$shmoo" || { echo "plan.sh: $shmoo is not there: cargo build --release" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > million.yaml <<'SUITE'
version: 1
suite: million
params:
  a: { code: a, values: { range: { start: 1, stop: 16, step: 1 } } }
  b: { code: b, values: { range: { start: 1, stop: 16, step: 1 } } }
  c: { code: c, values: { range: { start: 1, stop: 10, step: 1 } } }
  d: { code: d, values: { range: { start: 1, stop: 10, step: 1 } } }
  e: { code: e, values: { range: { start: 1, stop: 10, step: 1 } } }
  f: { code: f, values: [red, green, blue, black, white] }
where: ["a * b <= 132", "c + d <= 17"]
stages:
  work:
    cmd: ["true", "{a}", "{b}", "{c}", "{d}", "{e}", "{f}"]
    evidence: [exit]
SUITE

# Prints elapsed and CPU seconds (medians) and peak MB of a command, for a row of the table.
row() {
  local what=$1 target=$2 size_of=$3
  shift 3
  local wall cpu peak
  /usr/bin/time -f '%M' -o peak "$@" > /dev/null
  peak=$(tail -1 peak)
  if command -v hyperfine > /dev/null; then
    hyperfine --warmup 1 --runs 10 --export-json times.json -N --output null "$(printf '%q ' "$@")" > /dev/null 2>&1
    read -r wall cpu < <(python3 -c 'import json; r = json.load(open("times.json"))["results"][0]; print(r["median"], r["user"] + r["system"])')
  else
    for _ in 1 2 3 4 5 6 7 8 9 10; do /usr/bin/time -f '%e %U %S' -a -o times "$@" > /dev/null; done
    wall=$(cut -d' ' -f1 times | sort -n | sed -n 5p)
    cpu=$(awk '{ print $2 + $3 }' times | sort -n | sed -n 5p)
    rm -f times
  fi
  local size
  size=$("$@" | wc -c)
  if test "$size_of" != - ; then size=$(wc -c < "$size_of"); fi
  awk -v what="$what" -v target="$target" -v wall="$wall" -v cpu="$cpu" -v peak="$peak" -v size="$size" 'BEGIN {
    printf "| %s | %s | %.3f | %.3f | %.1f | %s |\n", what, target, wall, cpu, peak / 1000, (size > 1e6 ? sprintf("%.1f MB", size / 1e6) : sprintf("%.1f kB", size / 1e3))
  }'
}

cases=$("$shmoo" --quiet plan million.yaml --format names | wc -l)
echo "$("$shmoo" --version), $cases cases of 6 parameters, 2 constraints; $(nproc) processors ($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)), load $(cut -d' ' -f1 /proc/loadavg)"
echo
echo "| command | target | elapsed, s | CPU, s | peak, MB | written |"
echo "|---|---|---|---|---|---|"
row "plan to a file" "0.5 s, 50 MB" plan.json "$shmoo" --quiet plan million.yaml --out plan.json
row "names" "" - "$shmoo" --quiet plan million.yaml --format names
row "JSON listing" "2 s" - "$shmoo" --quiet plan million.yaml --format json
row "plan to a file, 256 shards" "" plan.json "$shmoo" --quiet plan million.yaml --shards 256 --out plan.json

# The first task says when it started, and ends the program that started it.
echo 'version: 1' > shmoo.yaml
sed 's|cmd: .*|shell: "date +%s.%N > first; kill -9 $PPID"|' million.yaml > first.yaml
for turn in 1 2 3 4 5; do
  rm -rf .shmoo
  began=$(date +%s.%N)
  /usr/bin/time -f '%M' -o peak "$shmoo" --quiet run first.yaml --jobs 1 > /dev/null 2>&1 || true
  first=$(find .shmoo/runs -name first)
  awk -v from="$began" -v to="$(cat "$first")" -v peak="$(tail -1 peak)" 'BEGIN { print to - from, peak / 1000 }' >> firsts
done
sort -n firsts | sed -n 3p | while read -r seconds peak; do
  printf '\nThe first task of such a run started after %.2f s (median of 5, target 0.7 s), with %.0f MB at its peak.\n' "$seconds" "$peak"
done
