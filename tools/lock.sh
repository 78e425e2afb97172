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
