#!/usr/bin/env bash
# Runs one step of a longer job and says how long it took.
#
#   scripts/step.sh NAME COMMAND [ARGUMENT...]   run the command; its exit status is this script's
#   scripts/step.sh --start                      forget earlier steps
#   scripts/step.sh --summary                    print the time of each step since --start
#
# A failed step prints the summary itself: whatever called us stops there.
set -euo pipefail

times="${SHMOO_STEP_TIMES:-target/step-times.tsv}"

summary() {
    [[ -s "$times" ]] || return 0
    printf '\nstep                      seconds  result\n'
    awk -F '\t' '{ printf "%-24s %8.1f  %s\n", $1, $2, $3; sum += $2 } END { printf "%-24s %8.1f\n", "all", sum }' "$times"
}

case "${1:-}" in
    --start)
        mkdir -p "$(dirname "$times")"
        : > "$times"
        exit 0
        ;;
    --summary)
        summary
        exit 0
        ;;
    '' | -*)
        echo "usage: $0 NAME COMMAND [ARGUMENT...] | --start | --summary" >&2
        exit 2
        ;;
esac

name="$1"
shift
printf '\n== %s: %s\n' "$name" "$*"
started="$EPOCHREALTIME"
status=0
"$@" || status=$?
seconds="$(awk -v from="$started" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }')"

result=ok
((status == 0)) || result="failed ($status)"
mkdir -p "$(dirname "$times")"
printf '%s\t%s\t%s\n' "$name" "$seconds" "$result" >> "$times"
printf '== %s: %s, %s s\n' "$name" "$result" "$seconds"
((status == 0)) || summary
exit "$status"
