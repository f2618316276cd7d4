#!/usr/bin/env bash
# Packs a simulation-like tree of about 500 MB with tar and gzip, with tar and pigz, and with ours,
# side by side, and restores one small file from the result. Prints a markdown table.
#
# usage: scripts/bench/archive.sh [CASES [RUNS]]
#   CASES  case folders of 3.5 MB each (default 150)
#   RUNS   runs of each command; the median counts (default 3)
# Works in $BENCH_FOLDER (default: a folder in /dev/shm, removed afterwards): disks vary, memory
# does not. Needs tar, gzip, pigz and hyperfine.
set -euo pipefail
cd "$(dirname "$0")/../.."
cases=${1:-150}
runs=${2:-3}

for tool in tar gzip pigz hyperfine python3; do
    command -v "$tool" > /dev/null || { echo "archive.sh: $tool is missing" >&2; exit 2; }
done
if [ -n "${BENCH_FOLDER:-}" ]; then
    folder=$BENCH_FOLDER
    mkdir -p "$folder"
else
    folder=$(mktemp -d -p /dev/shm shmoo-archive-bench.XXXXXX)
    trap 'rm -rf "$folder"' EXIT
fi

target=${CARGO_TARGET_DIR:-target}
cargo build --release --quiet --example archive_bench >&2
ours=$target/release/examples/archive_bench
rustc --edition 2024 -O -o "$folder/simulation_tree" scripts/bench/corpus/simulation_tree.rs
tree=$folder/tree
[ -d "$tree" ] || "$folder/simulation_tree" "$tree" "$cases"
# The small file to restore, in the middle of everything.
small=$(printf 'case-%04d/note.txt' $((cases / 2)))
echo 'a small file' > "$tree/$small"

load_before=$(cut -d' ' -f1-3 /proc/loadavg)
hyperfine --shell=bash --warmup 1 --runs "$runs" --export-json "$folder/pack.json" \
    -n 'tar, gzip -6' "tar -C '$tree' -cf - . | gzip -6 > '$folder/gzip.tar.gz'" \
    -n 'tar, pigz -6 -p2' "tar -C '$tree' -cf - . | pigz -6 -p2 > '$folder/pigz.tar.gz'" \
    -n 'shmoo, 2 threads' "'$ours' pack '$tree' '$folder/ours.tar.gz' 2" \
    -n 'shmoo, 1 thread' "'$ours' pack '$tree' '$folder/single.tar.gz' 1" >&2
cmp "$folder/ours.tar.gz" "$folder/single.tar.gz"
gzip -t "$folder/ours.tar.gz"
mkdir "$folder/by-tar"
tar -C "$folder/by-tar" -xzf "$folder/ours.tar.gz"
diff -r -x .shmoo "$tree" "$folder/by-tar" >&2
rm -r "$folder/by-tar"
hyperfine --shell=none --warmup 3 --runs 30 --export-json "$folder/file.json" \
    -n 'restore one file' "$ours file $folder/ours.tar.gz $small $folder/restored" >&2
cmp "$tree/$small" "$folder/restored"
hyperfine --shell=none --warmup 1 --runs "$runs" --export-json "$folder/verify.json" \
    -n 'verify' "$ours verify $folder/ours.tar.gz" >&2
peak=$(/usr/bin/time -f %M "$ours" pack "$tree" "$folder/ours.tar.gz" 2 2>&1 > /dev/null || echo '?')

python3 - "$folder" "$tree" "$load_before" "$(cut -d' ' -f1-3 /proc/loadavg)" "$peak" <<'PYTHON'
import json, os, platform, subprocess, sys
folder, tree, before, after, peak = sys.argv[1:]
size = sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(tree) for name in names)
count = sum(len(names) for _, _, names in os.walk(tree))
first = lambda *command: subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[0]
read = lambda name: json.load(open(os.path.join(folder, name)))["results"]
packs = {result["command"]: result for result in read("pack.json")}
cpu = lambda result: result["user"] + result["system"]
pigz = packs["tar, pigz -6 -p2"]
print(f"{first('tar', '--version')}; {first('gzip', '--version')}; {first('pigz', '--version')}; "
      f"{first('hyperfine', '--version')}; {first('rustc', '--version')}")
print(f"{os.cpu_count()} cores, {platform.machine()}; load before {before}, after {after}")
print(f"{count} files, {size / 1e6:.1f} MB\n")
print("| command | seconds (median) | MB/s | CPU seconds | archive MB | ratio | times pigz | the same by CPU seconds |")
print("| --- | --- | --- | --- | --- | --- | --- | --- |")
for name, archive in [("tar, gzip -6", "gzip"), ("tar, pigz -6 -p2", "pigz"),
                      ("shmoo, 2 threads", "ours"), ("shmoo, 1 thread", "single")]:
    result = packs[name]
    packed = os.path.getsize(os.path.join(folder, archive + ".tar.gz"))
    print(f"| {name} | {result['median']:.2f} | {size / 1e6 / result['median']:.0f} "
          f"| {cpu(result):.2f} | {packed / 1e6:.1f} | {size / packed:.3f} "
          f"| {pigz['median'] / result['median']:.2f} | {cpu(pigz) / cpu(result):.2f} |")
one, verify = read("file.json")[0], read("verify.json")[0]
print(f"\nrestore one small file: {one['median'] * 1000:.1f} ms (worst {one['max'] * 1000:.1f} ms); "
      f"verify everything: {verify['median']:.2f} s; most memory while packing: {peak} KiB")
PYTHON
