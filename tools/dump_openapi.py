"""Writes the API's description, made from its routes, to ``src/headrace/api/openapi.json``.

``--check`` writes nothing and fails where the file is not what would be written.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from headrace.api.app import make_app

FILE = Path(__file__).parents[1] / "src" / "headrace" / "api" / "openapi.json"


def described() -> str:
    """The description as text, in an order that depends on the routes alone."""
    document = make_app().openapi()
    document["info"]["version"] = "1"  # of the contract: a release of ours does not change the file
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> int:
    """Write or compare; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    if not parser.parse_args().check:
        FILE.write_text(described(), encoding="utf-8")
        return 0
    if FILE.exists() and FILE.read_text(encoding="utf-8") == described():
        return 0
    print(f"{FILE.name} is not what the routes say: run tools/dump_openapi.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
