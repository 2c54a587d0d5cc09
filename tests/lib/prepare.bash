# shellcheck shell=bash
# For scripts that fetch what tests run on: what is there, and made from these files as they are, is left alone.

say() { echo "${0#"$PWD"/}: $*" >&2; }

fingerprint() { cat "$@" | sha256sum; }
# up_to_date STAMP FILE...: whether the stamp was made from these files as they are now.
up_to_date() { [ -f "$1" ] && [ "$(cat "$1")" = "$(fingerprint "${@:2}")" ]; }

# quietly LOG COMMAND...: its output is shown only where it fails.
quietly() {
    local log=$1
    shift
    "$@" >"$log" 2>&1 || { say "failed: $*"; cat "$log" >&2; exit 69; }
}

# make_venv FOLDER REQUIREMENTS
make_venv() {
    up_to_date "$1.stamp" "$2" && return
    say "making the Python environment $1"
    rm -rf "$1"
    python3 -m venv "$1"
    quietly "$1.log" "$1/bin/pip" install --disable-pip-version-check --no-input -r "$2"
    fingerprint "$2" >"$1.stamp"
}

# make_modules FOLDER SOURCE: node_modules by the package.json and package-lock.json of the source.
make_modules() {
    local packages=("$2/package.json" "$2/package-lock.json")
    up_to_date "$1.stamp" "${packages[@]}" && return
    say "installing the modules of $1"
    mkdir -p "$1"
    cp "${packages[@]}" "$1/"
    (cd "$1" && quietly "$1.log" npm ci --no-audit --no-fund)
    fingerprint "${packages[@]}" >"$1.stamp"
}
