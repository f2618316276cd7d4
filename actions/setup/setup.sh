#!/usr/bin/env bash
# Installs shmoo for the steps that follow: a released binary whose SHA-256 is listed beside this script,
# else a build of the source that the action came with.
#
#   setup.sh        installs
#   setup.sh key    tells by which key, and where, a cache may keep what is installed
#
# What is kept of a release is its archive, whose SHA-256 is checked each time; of a build, the binary, under a
# digest of all that it is made from.
#
# Reads INPUT_VERSION, INPUT_REQUIRE_ATTESTATION, INPUT_DOWNLOAD_URL, ACTION_REPOSITORY, GH_TOKEN (for gh), and
# the runner's GITHUB_OUTPUT, GITHUB_PATH, GITHUB_SERVER_URL, RUNNER_TEMP, RUNNER_TOOL_CACHE.
# Exit status: 0 installed, 1 not, 2 an input is wrong.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source_folder="$(cd "$here/../.." && pwd)"

fail() {
    printf '::error title=shmoo setup::%s\n' "$1"
    [[ -z "${2:-}" ]] || printf 'hint: %s\n' "$2" >&2
    exit "${3:-1}"
}

own_version() {
    awk -F '"' '/^version = / { print $2; exit }' "$source_folder/Cargo.toml"
}

target() {
    case "$(uname -s)-$(uname -m)" in
        Linux-x86_64) echo x86_64-unknown-linux-musl ;;
        Linux-aarch64 | Linux-arm64) echo aarch64-unknown-linux-musl ;;
        *) fail "there is no shmoo for $(uname -s) on $(uname -m)" "it runs on Linux, x86-64 and aarch64" ;;
    esac
}

sha256_of() {
    sha256sum "$1" | cut -d ' ' -f 1
}

# Prints the digest that is listed for an archive; nothing if there is none.
listed_digest() {
    awk -v archive="$1" '!/^#/ && ($2 == archive || $2 == "*" archive) { print $1; exit }' "$here/checksums.txt"
}

download() {
    local url="$1" file="$2" protocols='=https'
    # A mirror on this machine needs no encryption.
    [[ "$url" == http://127.0.0.1[:/]* ]] && protocols='=http,https'
    curl --fail --silent --show-error --location --proto "$protocols" --retry 5 --retry-connrefused \
        --connect-timeout 20 --max-time 300 --output "$file" "$url" || fail "cannot download $url"
}

verify_attestation() {
    local archive="$1"
    if ! command -v gh > /dev/null; then
        [[ "$require_attestation" != true ]] || fail "the attestation cannot be verified: there is no gh"
        echo "attestation not verified: there is no gh"
    elif [[ -z "${ACTION_REPOSITORY:-}" ]]; then
        [[ "$require_attestation" != true ]] || fail "the attestation cannot be verified: the action's repository is not known"
        echo "attestation not verified: the action's repository is not known"
    elif gh attestation verify "$archive" --repo "$ACTION_REPOSITORY" \
        --signer-workflow "$ACTION_REPOSITORY/.github/workflows/release.yml" > /dev/null; then
        echo "attestation verified: built by release.yml of $ACTION_REPOSITORY"
    elif [[ "$require_attestation" == true ]]; then
        fail "the attestation of shmoo $version was not confirmed" "it may not be what release.yml built"
    else
        echo "::warning title=shmoo setup::the attestation of shmoo $version was not confirmed; its SHA-256 is right"
    fi
}

# Tells whether an archive is kept and is what is listed.
is_kept() {
    [[ -s "$1" && "$(sha256_of "$1")" == "$2" ]]
}

# Fetches a listed archive into $1.
fetch_release() {
    local folder="$1" archive="$2" digest="$3" url found
    url="${INPUT_DOWNLOAD_URL:-}"
    [[ -n "$url" || -n "${ACTION_REPOSITORY:-}" ]] ||
        fail "it is not known where shmoo $version is" "give \`download-url\`, or use the action by its repository"
    url="${url:-${GITHUB_SERVER_URL:-https://github.com}/$ACTION_REPOSITORY/releases/download/v$version}"
    work="$(mktemp -d "${RUNNER_TEMP:-/tmp}/shmoo-setup.XXXXXX")"
    trap 'rm -rf "$work"' EXIT
    download "${url%/}/$archive" "$work/$archive"
    found="$(sha256_of "$work/$archive")"
    [[ "$found" == "$digest" ]] ||
        fail "$archive has SHA-256 $found, expected $digest" "somebody changed the release, or the download is damaged"
    verify_attestation "$work/$archive"
    mkdir -p "$folder"
    # Another job may be at it: there whole, or not there.
    mv -f "$work/$archive" "$folder/.$archive.$$"
    mv -f "$folder/.$archive.$$" "$folder/$archive"
}

# Puts the binary of a kept archive into $1.
unpack() {
    local folder="$1" archive="$2" work
    mkdir -p "$folder/bin"
    work="$(mktemp -d "$folder/.unpack.XXXXXX")"
    tar --extract --gzip --file "$folder/$archive" --directory "$work" --no-same-owner shmoo
    chmod 755 "$work/shmoo"
    mv -f "$work/shmoo" "$folder/bin/shmoo"
    rm -rf "$work"
}

# Prints a digest of all that a build is made from.
source_digest() {
    local path paths=()
    for path in Cargo.toml Cargo.lock src configs runner .cargo; do
        [[ ! -e "$source_folder/$path" ]] || paths+=("$path")
    done
    {
        rustc --version 2> /dev/null || echo 'no rustc'
        cd "$source_folder"
        find "${paths[@]}" -type f -print0 | LC_ALL=C sort --zero-terminated | xargs --null sha256sum
    } | sha256sum | cut -d ' ' -f 1
}

# Builds into $1.
build() {
    local folder="$1"
    command -v cargo > /dev/null ||
        fail "shmoo $version is not released, and there is no cargo to build it" "install Rust 1.89 or newer, or use a released version"
    echo "shmoo $version is not in checksums.txt: building it from source"
    CARGO_TARGET_DIR="$cache/build" cargo build --release --locked --manifest-path "$source_folder/Cargo.toml" --bin shmoo
    mkdir -p "$folder"
    cp "$cache/build/release/shmoo" "$folder/.shmoo.$$"
    mv -f "$folder/.shmoo.$$" "$folder/shmoo"
}

require_attestation="${INPUT_REQUIRE_ATTESTATION:-false}"
[[ "$require_attestation" == true || "$require_attestation" == false ]] ||
    fail "the input \`require-attestation\` is neither \`true\` nor \`false\`" "" 2
version="${INPUT_VERSION:-$(own_version)}"
version="${version#v}"
[[ "$version" =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]] ||
    fail "the input \`version\` is no version such as \`0.1.0\`" "ranges and \`latest\` are not taken: one tag, one version" 2

target="$(target)"
archive="shmoo-$version-$target.tar.gz"
digest="$(listed_digest "$archive")"
cache="${RUNNER_TOOL_CACHE:-${RUNNER_TEMP:-/tmp}}/shmoo"
if [[ -n "$digest" ]]; then
    kept="$cache/$version/$digest"
    key="shmoo-$target-$version-$digest"
elif [[ "$version" == "$(own_version)" ]]; then
    built="$(source_digest)"
    kept="$cache/source/$built"
    key="shmoo-$target-source-$built"
else
    fail "shmoo $version is not listed in this version of the action" "use the action by the tag v$version"
fi
if [[ "${1:-}" == key ]]; then
    printf 'key=%s\npath=%s\n' "$key" "$kept" >> "${GITHUB_OUTPUT:-/dev/null}"
    exit 0
fi

if [[ -n "$digest" ]]; then
    origin=cache
    if ! is_kept "$kept/$archive" "$digest"; then
        fetch_release "$kept" "$archive" "$digest"
        origin=release
    elif [[ "$require_attestation" == true ]]; then
        verify_attestation "$kept/$archive"
    fi
    # What was unpacked earlier may have been changed since.
    unpack "$kept" "$archive"
    path="$kept/bin"
elif [[ "$require_attestation" == true ]]; then
    fail "shmoo $version is not released: what is built here has no attestation"
else
    origin=cache
    if [[ ! -x "$kept/shmoo" ]]; then
        build "$kept"
        origin=source
    fi
    path="$kept"
fi

"$path/shmoo" --version
echo "$path" >> "${GITHUB_PATH:-/dev/null}"
printf 'version=%s\npath=%s\norigin=%s\n' "$version" "$path" "$origin" >> "${GITHUB_OUTPUT:-/dev/null}"
