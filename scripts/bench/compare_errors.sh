#!/usr/bin/env bash
# Measures how often the rules of a comparison are wrong, by simulation: false alarms and changes found,
# for verdicts, for confirmations and for change points. Prints the markdown tables of docs/STATISTICS.md.
#
# usage: scripts/bench/compare_errors.sh [SCALE]
#   SCALE  multiplies the number of simulated runs (default 1: 20,000 nulls a row)
# The random numbers start from fixed seeds: the same code prints the same tables.
set -euo pipefail
cd "$(dirname "$0")/../.."
scale=${1:-1}
target=${CARGO_TARGET_DIR:-target}
cargo build --release --quiet --example compare_errors >&2
for part in verdicts many missing odd pairs changes; do
    printf '<!-- %s -->\n' "$part"
    "$target/release/examples/compare_errors" "$part" "$scale"
    printf '\n'
done
