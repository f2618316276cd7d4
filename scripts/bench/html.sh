#!/usr/bin/env bash
# Times the HTML report of 10,000 cases with 5 metrics each: whole process of `shmoo report`, size of the
# page, and how long headless Chromium takes until the page answers. Prints a markdown table.
#
# usage: scripts/bench/html.sh [CASES [RUNS]]
#   CASES  cases, a multiple of 1000 (default 10000)
#   RUNS   runs of each command, and loads of each page; the median counts (default 10)
# The report is made of a run without another to compare with, and of the same with eight earlier runs.
# Needs hyperfine, python3, chromium and chromedriver.
set -euo pipefail
cd "$(dirname "$0")/../.."
cases=${1:-10000}
runs=${2:-10}
for tool in hyperfine python3 chromedriver; do
    command -v "$tool" > /dev/null || { echo "html.sh: $tool is missing" >&2; exit 2; }
done
folder=$(mktemp -d /tmp/shmoo-html-bench.XXXXXX)
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
    cmd: [printf, 'freq=%s\npower=%s\ndelay=%s\ngain=%s\narea=%s\n', "{n}{vdd}00", "{vdd}{n}.5", "{n}.{vdd}7", "{vdd}.25", "{n}50"]
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
"$shmoo" --quiet run suite.yaml --jobs 2 > /dev/null
report=("$shmoo" --quiet report last --format html)

measure() { # NAME
    local command="${report[*]} --out $folder/$1.html"
    # A regression has an exit code of its own.
    hyperfine --shell=none --warmup 1 --runs "$runs" --ignore-failure --export-json "$folder/$1.json" "$command" > /dev/null 2>&1
    /usr/bin/time -f %M "${report[@]}" --out "$folder/$1.html" 2>&1 > /dev/null | tail -1 > "$folder/$1.peak" || true
    [ -s "$folder/$1.html" ] || { echo "html.sh: $command wrote nothing" >&2; exit 1; }
}
before=$(cut -d' ' -f1-3 /proc/loadavg)
measure alone
"$shmoo" --quiet history export records --format jsonl > record.jsonl
python3 - <<'PYTHON'
import datetime, json, random
random.seed(1)
text = open("record.jsonl").readline()
with open("earlier.jsonl", "w") as out:
    for back in range(8, 0, -1):
        record = json.loads(text)
        run = record["run"]
        start = datetime.datetime.fromisoformat(run["started"].replace("Z", "+00:00")) - datetime.timedelta(days=back)
        stamp = start.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        run.update(id=f"{start:%Y%m%d-%H%M%S}-wide-{back:04x}", started=stamp, finished=stamp)
        run.pop("artifacts", None)
        for number, row in enumerate(record["metrics"]):
            if row["metric"] == "area":
                continue
            # Every fiftieth was a tenth larger, beyond the noise of 1 %.
            level = row["value"] * (1.1 if number % 50 < 4 else 1.0)
            row["samples"] = [level * random.lognormvariate(0, 0.01) for _ in range(3)]
            row["value"] = sorted(row["samples"])[1]
        out.write(json.dumps(record) + "\n")
PYTHON
"$shmoo" --quiet history import earlier.jsonl > /dev/null
measure compared
after=$(cut -d' ' -f1-3 /proc/loadavg)

python3 - "$folder" "$runs" "$before" "$after" "$cases" <<'PYTHON'
import json, os, platform, statistics, subprocess, sys, tempfile, urllib.request
folder, runs, before, after, cases = sys.argv[1], int(sys.argv[2]), *sys.argv[3:]

# Milliseconds since the visit began: the script has run and the page is laid out; the filter has answered.
PROBE = """
const done = arguments[0];
requestAnimationFrame(() => requestAnimationFrame(() => {
  const painted = performance.now();
  const [load] = performance.getEntriesByType("navigation");
  const search = document.getElementById("search");
  const start = performance.now();
  search.value = "v7 measure.freq>100";
  search.dispatchEvent(new Event("input"));
  document.getElementById("case-table").getBoundingClientRect();
  const answered = performance.now() - start;
  done([load.domInteractive, load.loadEventEnd, painted, answered, document.getElementById("shown").textContent]);
}));
"""

def drive(page):
    server = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        port = next(line.split("on port ")[1].strip(" .\n") for line in server.stdout if "successfully" in line)
        def call(method, path, body=None):
            data = json.dumps(body).encode() if body is not None else None
            request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, {"content-type": "application/json"}, method=method)
            return json.load(urllib.request.urlopen(request))["value"]
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                     "--disable-background-networking", f"--user-data-dir={tempfile.mkdtemp(dir=folder)}"]
        options = {"browserName": "chrome", "goog:chromeOptions": {"args": arguments}}
        session = call("POST", "/session", {"capabilities": {"alwaysMatch": options}})["sessionId"]
        probes = []
        for _ in range(runs + 1):
            call("POST", f"/session/{session}/url", {"url": "about:blank"})
            call("POST", f"/session/{session}/url", {"url": f"file://{page}"})
            # Only `execute/async` waits for the frames.
            probes.append(call("POST", f"/session/{session}/execute/async", {"script": PROBE, "args": []}))
        version = call("GET", "/status")["build"]["version"].split(" ")[0]
        call("DELETE", f"/session/{session}")
        return probes[1:], version
    finally:
        server.kill()
        server.wait()

rows = []
for name, words in (("alone", "nothing to compare with"), ("compared", "eight earlier runs")):
    page = f"{folder}/{name}.html"
    probes, version = drive(page)
    if f"of {int(cases):,} cases" not in probes[0][4]:
        sys.exit(f"html.sh: the page says {probes[0][4]!r}")
    result = json.load(open(f"{folder}/{name}.json"))["results"][0]
    peak = int(open(f"{folder}/{name}.peak").read()) / 1024
    middle = [statistics.median(probe[place] for probe in probes) for place in range(4)]
    rows.append(f"| {words} | {result['median']:.2f} | {result['min']:.2f} | {peak:.0f} | {os.path.getsize(page) / 1e6:.1f} | "
                + " | ".join(f"{value:.0f}" for value in middle) + " |")
print(f"{int(cases):,} cases x 5 metrics; {os.cpu_count()} cores, {platform.machine()}; Chromium by chromedriver {version}; "
      f"load before {before}, after {after}; medians of {runs}\n")
print("| report of a run with | whole process, s | best | peak, MiB | page, MB | parsed, ms | loaded | drawn | filter answers in |")
print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
print("\n".join(rows))
PYTHON
