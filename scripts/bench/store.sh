#!/usr/bin/env bash
# Uploads a file to fake-gcs-server on loopback, with curl and with ours, in turn: the same protocol (a resumable upload),
# the same chunks. Then downloads it with both. Prints a markdown table.
#
# usage: scripts/bench/store.sh [MIB [CHUNK [RUNS]]]
#   MIB    size of the file in MiB (default 512)
#   CHUNK  MiB for each request (default 8)
#   RUNS   runs of each; the median counts (default 7)
# Needs curl, Python, and fake-gcs-server (`scripts/setup.sh test` installs it). All files are in memory.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH=$PWD/.tools/bin:$PATH
for tool in curl python3 fake-gcs-server; do
    command -v "$tool" > /dev/null || { echo "store.sh: $tool is missing" >&2; exit 2; }
done
folder=$(mktemp -d -p /dev/shm shmoo-store-bench.XXXXXX)
server=
trap '[[ -z "$server" ]] || kill -KILL "$server" 2> /dev/null || true; rm -rf "$folder"' EXIT

cargo build --release --quiet --example store_bench >&2
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
fake-gcs-server -scheme http -host 127.0.0.1 -port "$port" -public-host "127.0.0.1:$port" -external-url "$url" \
    -backend memory > "$folder/log" 2>&1 < /dev/null &
server=$!
curl --silent --fail --noproxy '*' --retry 50 --retry-connrefused --retry-delay 0 --retry-max-time 10 \
    -H 'content-type: application/json' -d '{"name":"bench"}' "$url/storage/v1/b?project=p" > /dev/null

STORAGE_EMULATOR_HOST=$url python3 - "$folder" "$url" "${CARGO_TARGET_DIR:-target}/release/examples/store_bench" \
    "${1:-512}" "${2:-8}" "${3:-7}" <<'PYTHON'
import os, platform, re, statistics, subprocess, sys, time
folder, url, ours = sys.argv[1:4]
mib, chunk, runs = int(sys.argv[4]), int(sys.argv[5]) << 20, int(sys.argv[6])
load = lambda: " ".join(open("/proc/loadavg").read().split()[:3])
before = load()
source, size = os.path.join(folder, "source"), mib << 20
with open(source, "wb") as file:
    for _ in range(mib):
        file.write(os.urandom(1 << 20))
# curl sends whole files: one for each chunk, cut before the clock runs.
parts = []
with open(source, "rb") as file:
    for offset in range(0, size, chunk):
        parts.append((os.path.join(folder, f"part-{offset}"), offset))
        with open(parts[-1][0], "wb") as part:
            part.write(file.read(chunk))
CURL = ["curl", "--silent", "--fail", "--noproxy", "*"]

def curl_put():
    start = CURL + ["-D", "-", "-o", "/dev/null", "-H", "content-type: application/json", "-d", '{"name":"curl"}',
                    f"{url}/upload/storage/v1/b/bench/o?uploadType=resumable&name=curl"]
    head = subprocess.run(start, check=True, capture_output=True, text=True).stdout
    session = re.search(r"(?im)^location: *(\S+)", head)[1]
    text = []
    for path, offset in parts:
        last = offset + os.path.getsize(path) - 1
        text.append(f'url = "{session}"\nupload-file = "{path}"\nheader = "Expect:"\noutput = "/dev/null"\n'
                    f'header = "Content-Range: bytes {offset}-{last}/{size}"\nsilent\nfail\nnoproxy = "*"\n')
    config = os.path.join(folder, "config")
    open(config, "w").write("next\n".join(text))
    subprocess.run(["curl", "-K", config], check=True)

def ours_put():
    subprocess.run([ours, "put", source, "gs://bench", str(chunk)], check=True, stdout=subprocess.DEVNULL)

def curl_get():
    path = os.path.join(folder, "by-curl")
    subprocess.run(CURL + ["-o", path, f"{url}/storage/v1/b/bench/o/bench?alt=media"], check=True)

def ours_get():
    subprocess.run([ours, "get", os.path.join(folder, "by-ours"), "gs://bench", str(chunk)], check=True,
                   stdout=subprocess.DEVNULL)

def clock(work):
    begin, used = time.perf_counter(), os.times()
    work()
    now = os.times()
    cpu = now.children_user + now.children_system - used.children_user - used.children_system
    return time.perf_counter() - begin, cpu

rows = []
for what, theirs, own in [("upload", curl_put, ours_put), ("download", curl_get, ours_get)]:
    theirs(), own()
    # In turn, so that a slower minute is slower for both.
    times = [(clock(theirs), clock(own)) for _ in range(runs)]
    median = [statistics.median(pair[side][0] for pair in times) for side in (0, 1)]
    cpu = [statistics.median(pair[side][1] for pair in times) for side in (0, 1)]
    ratio = statistics.median(a[0] / b[0] for a, b in times)
    rows.append((what, "curl", median[0], cpu[0], 1.0))
    rows.append((what, "shmoo", median[1], cpu[1], ratio))
subprocess.run(["cmp", source, os.path.join(folder, "by-ours")], check=True)
version = subprocess.run(["curl", "--version"], capture_output=True, text=True).stdout.split(" (")[0]
print(f"{version}; fake-gcs-server in memory; {mib} MiB in chunks of {chunk >> 20} MiB; {os.cpu_count()} cores, "
      f"{platform.machine()}; load before {before}, after {load()}; medians of {runs}\n")
print("| | with | seconds | MB/s | CPU seconds of the client | of curl's speed |")
print("| --- | --- | --- | --- | --- | --- |")
for what, name, seconds, cpu, ratio in rows:
    print(f"| {what} | {name} | {seconds:.2f} | {size / 1e6 / seconds:.0f} | {cpu:.2f} | {100 * ratio:.0f} % |")
PYTHON
