#!/usr/bin/env bash
# Measures how often searches for forms, and warnings of mixed rows and of forms that are worse than a mean, are right,
# by simulation. Prints the markdown tables of docs/STATISTICS.md.
#
# usage: scripts/bench/fit_errors.sh [SCALE]
#   SCALE  multiplies the number of simulated tables (default 1: 60 a row of the first table)
# The random numbers start from fixed seeds: the same code prints the same tables.
set -euo pipefail
cd "$(dirname "$0")/../.."
scale=${1:-1}
target=${CARGO_TARGET_DIR:-target}
cargo build --release --quiet --example fit_errors >&2
for part in search clean mixed mean; do
    printf '<!-- fit-%s -->\n\n' "$part"
    "$target/release/examples/fit_errors" "$part" "$scale"
    printf '\n<!-- /fit-%s -->\n\n' "$part"
done
