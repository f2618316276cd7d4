#!/usr/bin/env bash
# Runs trivial cases with captured output with GNU parallel, with a bare loop that makes the same
# folders and files, and with `shmoo run`, side by side. Prints a markdown table.
#
# usage: scripts/bench/spawn.sh [CASES [RUNS]]
#   CASES  cases, each `/bin/echo NUMBER` (default 2000)
#   RUNS   runs of each command, taken in turn; the median counts (default 7)
# Works in $BENCH_FOLDER (default: a folder in /dev/shm, removed afterwards): a busy disk slows every
# launcher. The time of `shmoo run` is that of the whole command: plan, run, record, history, report.
set -euo pipefail
cd "$(dirname "$0")/../.."
cases=${1:-2000}
runs=${2:-7}

for tool in parallel python3; do
    command -v "$tool" > /dev/null || { echo "spawn.sh: $tool is missing" >&2; exit 2; }
done
if [ -n "${BENCH_FOLDER:-}" ]; then
    folder=$BENCH_FOLDER
    mkdir -p "$folder"
else
    folder=$(mktemp -d -p /dev/shm shmoo-spawn-bench.XXXXXX)
    trap 'rm -rf "$folder"' EXIT
fi

cargo build --release --quiet >&2
shmoo=$(realpath "${CARGO_TARGET_DIR:-target}/release/shmoo")
rustc --edition 2024 -O -o "$folder/spawn_loop" scripts/bench/spawn_loop.rs
mkdir -p "$folder/project"
echo 'version: 1' > "$folder/project/shmoo.yaml"
cat > "$folder/project/suite.yaml" <<YAML
version: 1
suite: trivial
params:
  n: { code: n, values: { range: { start: 1, stop: $cases, step: 1 } } }
stages:
  say:
    cmd: [echo, "{n}"]
    evidence: [exit]
YAML

python3 - "$folder" "$shmoo" "$cases" "$runs" <<'PYTHON'
import os, platform, shutil, statistics, subprocess, sys, time
folder, shmoo, cases, runs = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
os.environ["PARALLEL_HOME"] = os.path.join(folder, "parallel-home")
os.makedirs(os.environ["PARALLEL_HOME"], exist_ok=True)
open(os.path.join(os.environ["PARALLEL_HOME"], "will-cite"), "w").close()
project = os.path.join(folder, "project")
numbers = "".join(f"{number}\n" for number in range(1, cases + 1)).encode()
launchers = {
    "GNU parallel `-j2 --results`": (["parallel", "-j2", "--results", f"{folder}/out", "/bin/echo"], numbers),
    "bare loop, 2 threads": ([f"{folder}/spawn_loop", f"{folder}/out", str(cases), "2"], b""),
    "`shmoo run --jobs 2`": ([shmoo, "--quiet", "run", "suite.yaml", "--jobs", "2"], b""),
}

def clear():
    shutil.rmtree(f"{folder}/out", ignore_errors=True)
    shutil.rmtree(f"{project}/.shmoo", ignore_errors=True)

times = {name: [] for name in launchers}
before = open("/proc/loadavg").read().split()[:3]
for turn in range(runs + 1):
    for name, (command, text) in launchers.items():
        clear()
        start = time.perf_counter()
        done = subprocess.run(command, cwd=project, input=text, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        took = time.perf_counter() - start
        if done.returncode != 0:
            sys.exit(f"spawn.sh: {name} ended with {done.returncode}: {done.stderr.decode()}")
        # The first turn fills caches.
        if turn > 0:
            times[name].append(took)
clear()
parallel, bare, ours = (statistics.median(values) for values in times.values())
first = lambda *command: subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[0]
cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
print(f"{cases} cases of `/bin/echo`, output captured, 2 at a time, on a tmpfs; median of {runs} runs, taken in turn.\n")
print("| launcher | seconds (min to max) | cases/s | of the bare loop |")
print("|---|---|---|---|")
for name, values in times.items():
    middle = statistics.median(values)
    spread = f"{middle:.2f} ({min(values):.2f} to {max(values):.2f})"
    print(f"| {name} | {spread} | {cases / middle:,.0f} | {100 * bare / middle:.0f} % |")
print(f"\n`shmoo run` is {parallel / ours:.1f} times as fast as GNU parallel and reaches {100 * bare / ours:.0f} % of the bare loop.")
print(f"{cpu}, {os.cpu_count()} processors, Linux {platform.release()}; load {' '.join(before)} before; "
      f"{first('parallel', '--version')}.")
PYTHON
