#!/usr/bin/env bash
# Checks the workflows and actions of the repository, without the network:
#   zizmor          what could be abused
#   GitHub's parser what GitHub would refuse
#   act             whether the workflows can be run
# Exit status: 0 nothing found, 1 something found or a tool is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PWD/.tools/bin:$PATH"

for tool in zizmor act node; do
    command -v "$tool" > /dev/null || { echo "lint-workflows: $tool is missing: scripts/setup.sh test" >&2; exit 1; }
done

status=0
mapfile -t files < <(ls .github/workflows/*.yml actions/*/action.yml)

echo "zizmor"
zizmor --offline --no-progress --quiet .github actions || status=1

echo "GitHub's parser"
node .tools/npm/parse-actions.cjs "${files[@]}" || status=1

echo "act"
for file in .github/workflows/*.yml; do
    # It looks for Docker, which is not needed to read a file.
    act --validate --strict --workflows "$file" -P ubuntu-24.04=-self-hosted > /dev/null 2> /tmp/act-validate.$$ ||
        { echo "$file: act does not accept it" >&2; tail -20 "/tmp/act-validate.$$" >&2; status=1; }
    rm -f "/tmp/act-validate.$$"
done
exit "$status"
