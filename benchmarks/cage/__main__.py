"""``python -m benchmarks.cage``: what each way of starting a job from a fork server costs and gives."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.cage.facts import facts
from benchmarks.cage.ground import Site, accounts, site
from benchmarks.cage.measure import Sample, as_row, measure
from benchmarks.cage.recipes import RECIPES
from benchmarks.cage.server import Account

Pair = tuple[Account, str]


def main() -> None:
    options = _options()
    with site() as here:
        pairs = _pairs(here, options.accounts, options.recipes)
        asked = [] if options.no_facts else [pair for pair in pairs if pair[1] != "interpreter"]
        found = {pair: facts(here, *pair) for pair in asked}
        rounds = [
            _round(here, pairs, number, options.jobs, options.ballast) for number in range(options.rounds)
        ]
    if options.json:
        raw = {
            "costs": [[as_row(sample) for sample in samples] for samples in rounds],
            "facts": [
                {"account": account, "recipe": recipe} | asked for (account, recipe), asked in found.items()
            ],
        }
        Path(options.json).write_text(json.dumps(raw, indent=1))
    if rounds:
        _print_costs(rounds)
    if found:
        _print_facts(found)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cage", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=60, help="per recipe, round and slot")
    parser.add_argument("--ballast", type=int, default=0, help="MB that each server has loaded")
    parser.add_argument("--accounts", type=Account, nargs="*", default=accounts())
    parser.add_argument("--recipes", nargs="*", default=list(RECIPES), choices=list(RECIPES))
    parser.add_argument("--no-facts", action="store_true", help="only the costs")
    parser.add_argument("--json", help="a file for the raw figures")
    return parser.parse_args()


def _pairs(here: Site, wanted: Sequence[Account], recipes: Sequence[str]) -> list[Pair]:
    pairs: list[Pair] = []
    for account in wanted:
        for recipe in recipes:
            if why := here.lacks(account, recipe):
                _note(f"{account}: {recipe}: left out: {why}")
            else:
                pairs.append((account, recipe))
    return pairs


def _round(here: Site, pairs: list[Pair], number: int, jobs: int, ballast: int) -> list[Sample]:
    """All of them, begun elsewhere each time, so that none always comes first."""
    start = number * len(pairs) // 5 % len(pairs)
    samples = [measure(here, *pair, jobs=jobs, ballast=ballast) for pair in [*pairs[start:], *pairs[:start]]]
    spins = sorted(sample.spin_ms for sample in samples)
    _note(f"round {number + 1}: spin {spins[0]:.1f} to {spins[-1]:.1f} ms")
    return samples


def _print_costs(rounds: list[list[Sample]]) -> None:
    """Medians over the rounds; ``x fork``: of the ratios to the bare fork of the same round."""
    columns = ("CPU x fork", "p50 x fork", "p50 ms", "p95 ms", "jobs/s, 2 slots", "CPU ms/job", "private KB")
    print(f"| account | recipe | {' | '.join(columns)} |")
    print("| --- " * 9 + "|")
    by_pair: dict[tuple[str, str], list[Sample]] = {}
    for sample in (one for samples in rounds for one in samples):
        by_pair.setdefault((sample.account, sample.recipe), []).append(sample)
    for (account, recipe), samples in sorted(by_pair.items(), key=_order):
        floor = by_pair.get((account, "fork"), samples)
        values = (
            _ratio(samples, floor, "cpu_ms"),
            _ratio(samples, floor, "p50_ms"),
            *(
                f"{statistics.median(getattr(sample, name) for sample in samples):.{digits}f}"
                for name, digits in _FIGURES
            ),
        )
        print(f"| {account} | {recipe} | {' | '.join(values)} |")


_FIGURES = (("p50_ms", 2), ("p95_ms", 2), ("jobs_per_second", 0), ("cpu_ms", 2), ("private_kb", 0))


def _ratio(samples: list[Sample], floor: list[Sample], name: str) -> str:
    ratios = (getattr(one, name) / getattr(bare, name) for one, bare in zip(samples, floor, strict=True))
    return f"{statistics.median(ratios):.2f}"


def _order(item: tuple[tuple[str, str], Any]) -> tuple[int, int]:
    account, recipe = item[0]
    return list(Account).index(Account(account)), list(RECIPES).index(recipe)


def _print_facts(found: dict[Pair, dict[str, Any]]) -> None:
    for (account, recipe), asked in found.items():
        print(f"\n{account}: {recipe}")
        for name, value in asked.items():
            print(f"  {name}: {value}")


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
