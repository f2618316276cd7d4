#!/usr/bin/env bash
# Cuts out of GitHub's own OpenAPI description what shmoo uses of it, as tests/fixtures/github/openapi.json:
# paths, methods, parameters, types, required fields, limits and enums. Texts are left out.
#
# The description comes from the npm package @octokit/openapi (385 MB unpacked), which nothing else needs.
# OPENAPI names a file that is there already.
#
# Exit status: 0 written, 1 something could not be fetched or is not in the description.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=23.0.2
out=tests/fixtures/github/openapi.json

openapi="${OPENAPI:-}"
if [[ -z "$openapi" ]]; then
    work="$(mktemp -d)"
    trap 'rm -rf "$work"' EXIT
    (cd "$work" && npm install --silent --no-audit --no-fund --ignore-scripts "@octokit/openapi@$version")
    openapi="$work/node_modules/@octokit/openapi/generated/api.github.com.json"
fi

mkdir -p "${out%/*}"
node scripts/fixtures-github.mjs "$openapi" > "$out.new"
mv "$out.new" "$out"
wc -c "$out"
