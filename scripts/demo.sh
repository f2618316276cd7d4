#!/usr/bin/env bash
# The main job from a clean clone: installs the circuit tools, fetches the transistor models, builds shmoo, and takes
# the ring oscillator through layout, checks, simulation and report. Run it twice: the second report compares with the
# first.
#
# Exit status: that of `shmoo sweep`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

suite=configs/temp-sense.yaml
scripts/setup.sh demo

arguments=(--profile demo)
if ! scripts/fetch-gf180-models.sh; then
    echo "demo: going on with the stand-in models of examples/temp-sense/models/level1: these are not a real process" >&2
    arguments=(--where "corner == 'typical'")
fi

cargo build --bin shmoo
# Reports newer than this file are this run's.
started="$(mktemp)"
trap 'rm -f "$started"' EXIT
status=0
cargo run --quiet --bin shmoo -- sweep "$suite" "${arguments[@]}" || status=$?

report=
for file in .shmoo/runs/*/report.html; do
    if [[ "$file" -nt "$started" ]]; then report="$file"; fi
done
if [[ -n "$report" ]]; then
    echo "demo: the report is $PWD/$report"
else
    echo "demo: error: the run left no report" >&2
    ((status != 0)) || status=1
fi
exit "$status"
