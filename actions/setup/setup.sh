#!/usr/bin/env bash
# Installs shmoo for the steps that follow: a released binary whose SHA-256 is listed beside this script,
# else a build of the source that the action came with.
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

# Puts the binary of a listed archive into $1.
install_release() {
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
    tar --extract --gzip --file "$work/$archive" --directory "$work" --no-same-owner shmoo
    mkdir -p "$folder"
    # Another job may be at it: there whole, or not there.
    install -m 755 "$work/shmoo" "$folder/.shmoo.$$"
    mv -f "$folder/.shmoo.$$" "$folder/shmoo"
    sha256_of "$folder/shmoo" > "$folder/shmoo.sha256"
}

build() {
    command -v cargo > /dev/null ||
        fail "shmoo $version is not released, and there is no cargo to build it" "install Rust 1.89 or newer, or use a released version"
    echo "shmoo $version is not in checksums.txt: building it from source"
    CARGO_TARGET_DIR="$1" cargo build --release --locked --manifest-path "$source_folder/Cargo.toml" --bin shmoo
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
    path="$cache/$version/$digest"
    origin=cache
    # What lies in a cache may have been changed.
    if [[ ! -x "$path/shmoo" || "$(sha256_of "$path/shmoo")" != "$(cat "$path/shmoo.sha256" 2> /dev/null)" ]]; then
        install_release "$path" "$archive" "$digest"
        origin=release
    elif [[ "$require_attestation" == true ]]; then
        echo "attestation verified when it was installed"
    fi
elif [[ "$version" != "$(own_version)" ]]; then
    fail "shmoo $version is not listed in this version of the action" "use the action by the tag v$version"
elif [[ "$require_attestation" == true ]]; then
    fail "shmoo $version is not released: what is built here has no attestation"
else
    build "$cache/build"
    path="$cache/build/release"
    origin=source
fi

"$path/shmoo" --version
echo "$path" >> "${GITHUB_PATH:-/dev/null}"
printf 'version=%s\npath=%s\norigin=%s\n' "$version" "$path" "$origin" >> "${GITHUB_OUTPUT:-/dev/null}"
