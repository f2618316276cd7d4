#!/usr/bin/env bash
# Times the comparison of two records and the search for change points, whole process: 100, 1,000 and
# 10,000 metrics x 10 repeats, and CSV series of 1,000 and 10,000 points. Prints markdown tables.
#
# usage: scripts/bench/compare.sh [RUNS]
#   RUNS  runs of each command; the median counts (default 20)
# Side by side with benchstat, if it is in the PATH, and with apache-otava, if $OTAVA names its program
# (`python3 -m venv FOLDER && FOLDER/bin/pip install apache-otava`). Needs hyperfine and python3.
set -euo pipefail
cd "$(dirname "$0")/../.."
runs=${1:-20}
for tool in hyperfine python3; do
    command -v "$tool" > /dev/null || { echo "compare.sh: $tool is missing" >&2; exit 2; }
done
folder=$(mktemp -d /tmp/shmoo-compare-bench.XXXXXX)
trap 'rm -rf "$folder"' EXIT
target=${CARGO_TARGET_DIR:-target}
cargo build --release --quiet --bin shmoo >&2
shmoo=$(realpath "$target/release/shmoo")

python3 - "$folder" <<'PYTHON'
import json, random, sys
folder = sys.argv[1]
random.seed(1)
stamp, digest = "2026-01-31T14:22:33.000Z", "0" * 64
def run(name, metrics, effect):
    infos = [{"stage": "bench", "metric": f"m{m}", "unit": "ns", "better": "lower", "stage_digest": digest}
             for m in range(min(metrics, 100))]
    rows, lines = [], []
    for index in range(metrics):
        point, metric = divmod(index, len(infos))
        moved = effect if index % 50 == 0 else 1.0
        samples = [round(1000.0 * moved * random.lognormvariate(0, 0.03), 3) for _ in range(10)]
        ordered = sorted(samples)
        rows.append({"stage": "bench", "point": f"n{point}", "metric": f"m{metric}", "params": [["n", point]],
                     "value": (ordered[4] + ordered[5]) / 2, "samples": samples, "unit": "ns"})
        lines += [f"BenchmarkM{metric}/n={point} 1000 {sample} ns/op" for sample in samples]
    info = {"id": name, "suite": "bench", "suite_file": "bench.yaml", "plan": digest, "suite_digest": digest,
            "started": stamp, "finished": stamp, "shmoo": "0.1.0", "complete": True, "fingerprint": "f1",
            "params": [{"name": "n", "code": "n"}], "metric_infos": infos}
    record = {"format": "shmoo-record", "version": 1, "run": info, "tasks": [], "cases": [], "metrics": rows}
    with open(f"{folder}/{name}-{metrics}.json", "w") as file:
        json.dump(record, file)
    with open(f"{folder}/{name}-{metrics}.txt", "w") as file:
        file.write("\n".join(lines) + "\n")
for metrics in (100, 1000, 10000):
    run("base", metrics, 1.0)
    run("head", metrics, 1.08)
import datetime
start = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
for points in (1000, 10000):
    level = lambda at: 100.0 + 6.0 * ((at * 6 // points) % 2)
    with open(f"{folder}/series-{points}.csv", "w") as file:
        file.write("time,commit,wall\n")
        for at in range(points):
            time = (start + datetime.timedelta(hours=at)).strftime("%Y-%m-%d %H:%M:%S +0000")
            file.write(f"{time},c{at},{level(at) * random.lognormvariate(0, 0.02):.4f}\n")
    with open(f"{folder}/otava-{points}.yaml", "w") as file:
        file.write(f"""tests:
  series:
    type: csv
    file: {folder}/series-{points}.csv
    time_column: time
    attributes: [commit]
    metrics:
      wall: {{ column: wall, direction: -1 }}
    csv_options: {{ delimiter: ",", quote_char: '"' }}
""")
PYTHON

measure() { # NAME COMMAND
    hyperfine --shell=none --warmup 2 --runs "$runs" --ignore-failure --export-json "$folder/time-$1.json" "$2" > /dev/null 2>&1
    # What it says must be there: a command that fails at once is fast.
    peak=$(/usr/bin/time -f %M $2 2>&1 > "$folder/out-$1" | tail -1) || true
    [ -s "$folder/out-$1" ] || { echo "compare.sh: $2 printed nothing" >&2; exit 1; }
    echo "$peak" > "$folder/peak-$1"
}
load_before=$(cut -d' ' -f1-3 /proc/loadavg)
for metrics in 100 1000 10000; do
    measure "shmoo-$metrics" "$shmoo compare $folder/base-$metrics.json $folder/head-$metrics.json --format json"
    if command -v benchstat > /dev/null; then
        measure "benchstat-$metrics" "benchstat $folder/base-$metrics.txt $folder/head-$metrics.txt"
    fi
done
for points in 1000 10000; do
    measure "changes-$points" "$shmoo changes $folder/series-$points.csv --index commit --format json"
    if [ -n "${OTAVA:-}" ]; then
        slow=$runs
        [ "$points" = 1000 ] || runs=2
        measure "otava-$points" "env OTAVA_CONFIG=$folder/otava-$points.yaml $OTAVA analyze series --since=2000-01-01"
        runs=$slow
    fi
done

python3 - "$folder" "$load_before" "$(cut -d' ' -f1-3 /proc/loadavg)" <<'PYTHON'
import json, os, platform, sys
folder, before, after = sys.argv[1:]
def timed(name):
    path = f"{folder}/time-{name}.json"
    if not os.path.exists(path):
        return None
    result = json.load(open(path))["results"][0]
    return result["median"], result["min"], int(open(f"{folder}/peak-{name}").read()) / 1024
def row(what, ours, theirs, target):
    ours, theirs = timed(ours), timed(theirs)
    peer = f"{theirs[0] * 1000:.0f} | {theirs[0] / ours[0]:.0f}" if theirs else "- | -"
    print(f"| {what} | {ours[0] * 1000:.1f} | {ours[1] * 1000:.1f} | {target} | {ours[2]:.0f} | {peer} |")
print(f"{os.cpu_count()} cores, {platform.machine()}; load before {before}, after {after}; medians of whole processes\n")
print("| comparison | ms | best | target ms | MiB | benchstat ms | times faster |")
print("| --- | --- | --- | --- | --- | --- | --- |")
for metrics, target in ((100, 5), (1000, 20), (10000, 150)):
    row(f"{metrics:,} metrics x 10 repeats", f"shmoo-{metrics}", f"benchstat-{metrics}", target)
print("\n| change points | ms | best | target ms | MiB | otava ms | times faster |")
print("| --- | --- | --- | --- | --- | --- | --- |")
for points, target in ((1000, 20), (10000, 60)):
    row(f"{points:,} points", f"changes-{points}", f"otava-{points}", target)
print()
for points in (1000, 10000):
    found = json.load(open(f"{folder}/out-changes-{points}"))["series"][0]["changes"]
    print(f"steps of {points:,} points at {[at * points // 6 + (at * points % 6 > 0) for at in range(1, 6)]}, "
          f"found at {[change['row'] for change in found]}")
PYTHON
