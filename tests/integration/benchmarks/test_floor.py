"""The witness of the benchmarks counts processes, whatever it was that ran the tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.floor import run_floor
from benchmarks.task import distinct_processes, make_witness


@pytest.mark.parametrize(("floor", "processes"), [("loop", 1), ("fork", 4), ("interpreter", 4)])
async def test_a_floor_has_the_processes_that_its_name_says(tmp_path: Path, floor: str, processes: int):
    witness = make_witness(tmp_path / "shared")
    measured = await run_floor(floor, 4, 1, witness, n=5)
    assert len(measured["times_ms"]) == 4
    assert distinct_processes(witness) == processes
