#!/usr/bin/env bash
# Links the binary statically for the machine it runs on, as target/static/shmoo, beside the usual one.
#
# Only the last link differs: what is compiled serves both. Releases are built against musl instead
# (.github/workflows/release.yml), which this machine need not have.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target="${CARGO_TARGET_DIR:-target}"
cargo rustc --quiet --locked --bin shmoo -- -C target-feature=+crt-static
mkdir -p "$target/static"
# A copy: the next build puts the usual binary back in the place that this one comes from.
cp "$target/debug/shmoo" "$target/static/shmoo"
cargo build --quiet --locked --bin shmoo
"$target/static/shmoo" --version
