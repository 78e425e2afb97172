"""Where cgroups can be made is read from what the kernel says of this process."""

from __future__ import annotations

from pathlib import Path

from headrace.sandbox.cgroup_places import find_places


def process(folder: Path, cgroup: str, *mounts: str) -> Path:
    told = folder / "self"
    told.mkdir()
    (told / "cgroup").write_text(cgroup)
    (told / "mountinfo").write_text("".join(f"{line}\n" for line in mounts))
    return told


def made(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name.replace("_", ".", 1)).write_text(text)
    return folder


def test_in_version_1_each_controller_has_a_place_of_its_own(tmp_path: Path):
    memory, pids = made(tmp_path / "memory" / "here"), made(tmp_path / "pids")
    told = process(
        tmp_path,
        "4:memory:/outside/here\n3:pids:/\n2:cpu:/\n0::/\n",
        f"31 25 0:27 /outside {tmp_path}/memory rw - cgroup cgroup rw,memory",
        f"32 25 0:28 / {tmp_path}/pids rw - cgroup cgroup rw,pids",
        f"33 25 0:29 / {tmp_path}/cpu rw - cgroup cgroup rw,cpu",
    )
    found = {controller: place for place in find_places(told) for controller in place.controllers}
    assert {name: (place.folder, place.version) for name, place in found.items()} == {
        "memory": (memory, 1),
        "pids": (pids, 1),
    }


def test_in_version_2_it_is_the_nearest_one_that_has_no_processes_of_its_own(tmp_path: Path):
    both = "cpu memory pids"
    unit = made(
        tmp_path / "unit", cgroup_procs="", cgroup_controllers=both, cgroup_type="", cgroup_subtree_control=""
    )
    made(
        unit / "worker", cgroup_procs="7", cgroup_controllers=both, cgroup_type="", cgroup_subtree_control=""
    )
    mount = f"30 25 0:26 / {tmp_path} rw - cgroup2 cgroup2 rw,nsdelegate"
    (place,) = find_places(process(tmp_path, "0::/unit/worker\n", mount))
    assert (place.folder, place.version, place.controllers) == (unit, 2, {"memory", "pids"})


def test_there_is_none_where_nothing_is_mounted_or_all_have_processes(tmp_path: Path):
    made(
        tmp_path / "full",
        cgroup_procs="7",
        cgroup_controllers="memory pids",
        cgroup_type="",
        cgroup_subtree_control="",
    )
    mount = f"30 25 0:26 /full {tmp_path}/full rw - cgroup2 cgroup2 rw"
    assert find_places(process(tmp_path, "0::/full\n", mount)) == []
    assert find_places(tmp_path / "nothing") == []
