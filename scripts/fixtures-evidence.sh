#!/usr/bin/env bash
# Runs the real tools in good and broken situations and keeps their reports under
# tests/fixtures/evidence/. What each situation is: tests/fixtures/evidence/README.md.
#
# Needs magic, netgen-lvs, ngspice, hyperfine, python3 and the generator in examples/temp-sense
# (TEMP_SENSE names another folder). google-benchmark's Python package and IREE's tools are used if
# they are on the path; without them their fixtures stay as they are, and the script says so.
set -uo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
temp_sense=${TEMP_SENSE:-$root/examples/temp-sense}
out=$root/tests/fixtures/evidence
inputs=$out/inputs
work=${WORK:-/tmp/evidence-fixtures} # a short neutral path: some tools print it
export OMP_NUM_THREADS=1 LC_ALL=C.UTF-8

rm -rf "$work" && mkdir -p "$work"
statuses=$work/exit_statuses.tsv
printf 'tool\tsituation\texit\n' >"$statuses"

# begin TOOL SITUATION: a new empty folder to run in.
begin() {
  tool=$1 situation=$2
  mkdir -p "$work/$tool/$situation" && cd "$work/$tool/$situation" || exit 1
}

# attempt COMMAND...: runs it with captured output and notes its exit status.
attempt() {
  timeout 60 "$@" >stdout 2>stderr </dev/null
  printf '%s\t%s\t%s\n' "$tool" "$situation" "$?" >>"$statuses"
}

# keep FILE...: the files that become the fixture, those that exist.
keep() {
  rm -rf "${out:?}/$tool/$situation" && mkdir -p "$out/$tool/$situation"
  for file in "$@"; do
    if [ -e "$file" ]; then cp "$file" "$out/$tool/$situation/"; fi
  done
}

generate() { python3 "$temp_sense/ringgen.py" --ninv 3 --out . "$@" >/dev/null; }

# --- magic ---
magic_run() { attempt magic -dnull -noconsole -rcfile /dev/null -T demo180.tech drc_report.tcl; }
magic_files() { cp "$temp_sense/demo180.tech" "$inputs/drc_report.tcl" . && generate "$@"; }

for inject in none drc lvs_open lvs_short lvs_width; do
  begin magic_drc $inject
  magic_files --inject $inject && magic_run && keep drc.rpt
done
begin magic_drc without_trailer
magic_files && TRAILER=no magic_run && keep drc.rpt
begin magic_drc without_trailer_drc
magic_files --inject drc && TRAILER=no magic_run && keep drc.rpt
begin magic_drc overlapping_violations # more boxes than violations
magic_files && for i in 0 1 2 3 4; do
  printf 'box %d %d %d %d; paint poly\n' $((i * 37)) $((i * 21 - 100)) $((i * 37 + 15)) $((i * 21 - 60))
  printf 'box %d %d %d %d; paint m1\n' $((i * 30)) $((i * 11)) $((i * 30 + 12)) $((i * 11 + 300))
done >>layout.tcl
magic_run && keep drc.rpt
begin magic_drc technology_missing
magic_files && rm demo180.tech && magic_run && keep drc.rpt stderr
begin magic_drc technology_missing_without_trailer
magic_files && rm demo180.tech && TRAILER=no magic_run && keep drc.rpt
begin magic_drc layout_empty
magic_files && : >layout.tcl && magic_run && keep drc.rpt stderr
begin magic_drc layout_missing
magic_files && rm layout.tcl && magic_run && keep drc.rpt stderr
begin magic_drc script_missing
magic_files && rm drc_report.tcl && magic_run && keep drc.rpt stderr
begin magic_drc tcl_error
magic_files && MISTAKE=yes magic_run && keep drc.rpt stderr
begin magic_drc exit_7
magic_files && QUIT=7 magic_run && keep drc.rpt stdout
begin magic_drc no_display
magic_files && (unset DISPLAY && attempt magic -noconsole -rcfile /dev/null -T demo180.tech drc_report.tcl) && keep drc.rpt stderr
begin magic_drc no_quit # waits for standard input until it is stopped; the report is whole
magic_files
(sleep 3 | QUIT=no timeout 2 magic -dnull -noconsole -rcfile /dev/null -T demo180.tech drc_report.tcl >stdout 2>stderr)
printf 'magic_drc\tno_quit\t%s\n' "$?" >>"$statuses" && keep drc.rpt

# --- netgen ---
netgen_run() { attempt netgen-lvs -batch lvs "ring_lvs.spice ${1:-ring}" "ring.spice ring" netgen_setup.tcl lvs.rpt -json; }
netgen_files() { cp "$temp_sense/netgen_setup.tcl" "$work/magic_drc/${1:-none}"/{ring_lvs,ring}.spice .; }
inverter='.subckt inv a y vdd gnd
Xp y a vdd vdd pfet_03v3 w=2u l=0.28u
Xn y a gnd gnd nfet_03v3 w=1u l=0.28u
.ends'

for inject in none drc lvs_open lvs_short lvs_width; do
  begin netgen $inject
  netgen_files $inject && netgen_run && keep lvs.rpt lvs.json
done
begin netgen standard_output # the stream is not the report
netgen_files && netgen_run && keep stdout
begin netgen hierarchical
netgen_files && cp ring.spice ring_lvs.spice && netgen_run && keep lvs.rpt lvs.json
begin netgen hierarchical_width # the property error is in a cell below the top
netgen_files && sed 's/w=1u/w=0.8u/' ring.spice >ring_lvs.spice && netgen_run && keep lvs.rpt lvs.json
begin netgen flattened # a cell below the top differs, its contents match
netgen_files
printf '* pairs\n%s\n.subckt pair a y vdd gnd\nX0 a m vdd gnd inv\nX1 m y vdd gnd inv\n.ends\n.subckt ring out vdd gnd\nX0 out n1 vdd gnd pair\nX1 n1 out vdd gnd inv\n.ends\n' "$inverter" >ring.spice
printf '* singles\n%s\n.subckt pair a y vdd gnd\nX0 a y vdd gnd inv\n.ends\n.subckt ring out vdd gnd\nX0 out n0 vdd gnd pair\nX1 n0 n1 vdd gnd inv\nX2 n1 out vdd gnd inv\n.ends\n' "$inverter" >ring_lvs.spice
netgen_run && keep lvs.rpt lvs.json
begin netgen black_box # an empty cell below the top: the JSON has an empty record for it
netgen_files
printf '* a pad\n.subckt pad a b\n.ends\n%s\n.subckt ring a y vdd gnd\nX0 a y vdd gnd inv\nXpad a vdd pad\n.ends\n' "$inverter" | tee ring.spice >ring_lvs.spice
netgen_run && keep lvs.rpt lvs.json
begin netgen swapped # two loops of three against one of six: alike at every node
netgen_files
loops() { printf '* loops\n%s\n.subckt ring vdd gnd\n' "$inverter"; for i in 0 1 2 3 4 5; do printf 'X%d %s vdd gnd inv\n' $i "$(echo "$1" | cut -d, -f$((i + 1)))"; done; printf '.ends\n'; }
loops 'a b,b c,c d,d e,e f,f a' >ring.spice
loops 'a b,b c,c a,d e,e f,f d' >ring_lvs.spice
netgen_run && keep lvs.rpt lvs.json
begin netgen extra_device
netgen_files && sed -i 's/^\.ends/C0 out gnd 1p\n.ends/' ring_lvs.spice && netgen_run && keep lvs.rpt lvs.json
begin netgen pin_missing # "match uniquely" all the same
netgen_files && sed -i 's/^\.subckt ring .*/.subckt ring vdd gnd/' ring_lvs.spice && netgen_run && keep lvs.rpt lvs.json
begin netgen pin_renamed
netgen_files && sed -i 's/\bout\b/outp/g' ring.spice && netgen_run && keep lvs.rpt lvs.json
begin netgen pins_swapped
netgen_files
printf '* divider\n.subckt ring a b c\nR1 a b 1k\nR2 b c 2k\n.ends\n' >ring.spice
printf '* divider, ends swapped\n.subckt ring a b c\nR1 c b 1k\nR2 b a 2k\n.ends\n' >ring_lvs.spice
netgen_run && keep lvs.rpt lvs.json
begin netgen layout_empty
netgen_files && printf '* empty\n.subckt ring out vdd gnd\n.ends\n' >ring_lvs.spice && netgen_run && keep lvs.rpt lvs.json
begin netgen both_empty
netgen_files && printf '* empty\n.subckt ring out vdd gnd\n.ends\n' | tee ring.spice >ring_lvs.spice && netgen_run && keep lvs.rpt lvs.json
begin netgen netlist_missing # no report; the JSON of an earlier run stays
netgen_files && rm ring_lvs.spice && cp "$work/netgen/none/lvs.json" . && netgen_run && keep lvs.rpt lvs.json stdout
begin netgen cell_missing
netgen_files && netgen_run rign && keep lvs.rpt lvs.json stderr
begin netgen setup_missing # default rules, silently
netgen_files && rm netgen_setup.tcl && netgen_run && keep lvs.rpt lvs.json

# The wording of newer versions, made from the reports above.
newer() { # newer FROM TO RESULT
  tool=netgen situation=newer_$2
  mkdir -p "$out/netgen/$situation"
  { sed '$d' "$out/netgen/$1/lvs.rpt" | grep -v 'roperty errors were found\|^The following'; printf '\nFinal result: %b\n' "$3"; } >"$out/netgen/$situation/lvs.rpt"
  cp "$out/netgen/$1/lvs.json" "$out/netgen/$situation/"
}
newer none match 'Circuits match uniquely.\n.'
newer lvs_open mismatch 'Netlists do not match.'
newer lvs_width property_errors 'Circuits match uniquely.\nProperty errors were found.\n\nThe following cells had property errors:\n ring'
newer pin_missing pins 'Top level cell failed pin matching.'
newer flattened subcell 'Subcell(s) failed matching.\n\nThe following subcells failed to match:\n pair(1)\n pair(2)'

# --- ngspice ---
deck() { # deck STOP LEVEL QUIT
  cp "$inputs/models_level1.spice" "$work/magic_drc/none/ring.spice" .
  sed "s/@STOP@/$1/; s/@LEVEL@/$2/; s/@QUIT@/$3/" "$inputs/ring.sp" >sim.sp
}
plain() { sed "s/@FAIL@/$1/; 1s/.*/* measurements/" "$inputs/plain.sp" >sim.sp; }
simulate() { attempt ngspice -b sim.sp; }

begin ngspice good
deck 3n 0.9 'quit 0' && simulate && keep stdout
begin ngspice progress # counters that overwrite themselves with carriage returns
deck 20u 0.9 'quit 0' && sed -i 's/^\.tran 5p/.tran 20p/' sim.sp && attempt sh -c 'ngspice -b sim.sp 2>&1' && keep stdout
begin ngspice control_meas_failed
deck 3n 5 'quit 0' && simulate && keep stdout stderr
begin ngspice control_without_quit
deck 3n 0.9 '' && simulate && keep stdout
begin ngspice quit_5
deck 3n 0.9 'quit 5' && simulate && keep stdout
begin ngspice model_missing
deck 3n 0.9 'quit 0' && rm models_level1.spice && simulate && keep stdout stderr
begin ngspice deck_missing
simulate && keep stdout stderr
begin ngspice no_analysis
printf '* nothing to do\nV1 a 0 1\nR1 a 0 1k\n.end\n' >sim.sp && simulate && keep stdout stderr
begin ngspice singular_matrix
printf '* two sources on one node\nV1 a 0 1\nV2 a 0 2\nR1 a 0 1k\n.tran 1n 10n\n.meas tran top MAX v(a)\n.end\n' >sim.sp && simulate && keep stdout stderr
begin ngspice log_file # with -o the measurements are in the log, the stream has a banner
deck 3n 0.9 'quit 0' && attempt ngspice -b -o sim.log sim.sp && keep sim.log stdout
begin ngspice plain
plain '' && simulate && keep stdout stderr
begin ngspice plain_meas_failed
plain '.meas tran late WHEN v(out)=5 RISE=1' && simulate && keep stdout stderr
begin ngspice plain_param_failed
plain ".meas tran late WHEN v(out)=5 RISE=1\n.meas tran twice PARAM='late*2'" && simulate && keep stdout stderr
begin ngspice plain_limits_from_measurements
plain '.meas tran rise WHEN v(in)=0.5 RISE=1\n.meas tran later AVG v(in) FROM=rise TO=40n' && simulate && keep stdout stderr

# --- hyperfine ---
begin hyperfine one_command
attempt hyperfine -N --runs 5 --export-json times.json 'sleep 0.001' && keep times.json
begin hyperfine one_run # no deviation
attempt hyperfine -N --runs 1 --export-json times.json 'sleep 0.001' && keep times.json
begin hyperfine two_commands
attempt hyperfine -N --runs 3 -L time 0.001,0.002 --export-json times.json 'sleep {time}' && keep times.json
begin hyperfine failures_ignored
attempt hyperfine -N --runs 3 -i --export-json times.json 'sh -c "exit 3"' && keep times.json
begin hyperfine aborted # an empty file
attempt hyperfine -N --runs 3 --export-json times.json false && keep times.json stderr

# --- google-benchmark ---
scrub() { sed -i 's#"executable": ".*[/"]\([^/]*\)",#"executable": "\1",#; s#"host_name": ".*"#"host_name": "host"#' "$@"; }
if python3 -c 'import google_benchmark' 2>/dev/null; then
  sorting() { attempt python3 "$inputs/sorting.py" --benchmark_format=json --benchmark_min_time=0.001s "$@" && scrub stdout && keep stdout; }
  begin google_benchmark one_benchmark
  sorting --benchmark_filter=small
  begin google_benchmark repetitions
  sorting --benchmark_filter=small --benchmark_repetitions=5
  begin google_benchmark aggregates_only
  sorting --benchmark_filter=small --benchmark_repetitions=3 --benchmark_report_aggregates_only=true
  begin google_benchmark two_benchmarks
  sorting --benchmark_repetitions=2
  begin google_benchmark with_error
  sorting --broken
  begin google_benchmark nothing_selected
  sorting --benchmark_filter=nothing
else
  echo 'skipped: google_benchmark (pip install google-benchmark)' >&2
fi

# --- IREE ---
if command -v iree-compile >/dev/null && command -v iree-run-module >/dev/null; then
  begin iree_run compile
  cp "$inputs/scale.mlir" .
  iree-compile --iree-hal-target-device=local --iree-hal-local-target-device-backends=llvm-cpu \
    --iree-llvmcpu-target-cpu=generic --iree-scheduling-dump-statistics-format=json \
    --iree-scheduling-dump-statistics-file=compilation_info.json -o scale.vmfb scale.mlir
  mkdir -p "$out/json" && cp compilation_info.json "$out/json/"
  iree() { # iree SITUATION FLAGS...
    begin iree_run "$1" && shift
    cp ../compile/scale.vmfb . && attempt iree-run-module --module=scale.vmfb --input=4xf32=1,2,3,4 "$@" && keep stdout stderr
  }
  local=(--device=local-task --function=scale)
  iree pass "${local[@]}" --expected_output=4xf32=2,4,6,8
  iree mismatch "${local[@]}" --expected_output=4xf32=2,4,6,9
  iree wrong_shape "${local[@]}" --expected_output=2x2xf32=2,4,6,8
  iree too_many_expected "${local[@]}" --expected_output=4xf32=2,4,6,8 --expected_output=4xf32=2,4,6,8
  iree nothing_expected "${local[@]}"
  iree no_function --device=local-task --function=nope --expected_output=4xf32=2,4,6,8
  iree no_device --device=hip --function=scale --expected_output=4xf32=2,4,6,8
  iree no_module --module=nothing.vmfb "${local[@]}" --expected_output=4xf32=2,4,6,8
  begin google_benchmark iree
  cp ../../iree_run/compile/scale.vmfb .
  attempt iree-benchmark-module --module=scale.vmfb "${local[@]}" --input=4xf32=1,2,3,4 --benchmark_format=json \
    --benchmark_min_time=0.001s --benchmark_repetitions=3 && scrub stdout && keep stdout
else
  echo 'skipped: iree_run (pip install iree-base-compiler iree-base-runtime)' >&2
fi

# The statuses of tools that were not run now stay.
{
  cat "$statuses"
  awk -F '\t' 'NR == FNR { ran[$1] = 1; next } FNR > 1 && !($1 in ran)' "$statuses" "$out/exit_statuses.tsv"
} >"$work/merged.tsv"
cp "$work/merged.tsv" "$out/exit_statuses.tsv"
if grep -rl "$work\|$root\|$HOME/" "$out"; then
  echo 'error: these fixtures name folders of this machine' >&2
  exit 1
fi
