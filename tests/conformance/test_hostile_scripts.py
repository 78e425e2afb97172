"""What hostile scripts reach: at each level exactly what is said of it, in both directions.

The tries are the functions of the scripts in ``hostile/``. Whatever is not listed here has to be held.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.canaries import Canaries, canaries
from tests.conformance.lifelines import Lifelines
from tests.conformance.stage import (
    ROOT_PROCESS,
    ROOT_SANDBOX,
    USER_PROCESS,
    USER_SANDBOX,
    Place,
    Stage,
)
from tests.conformance.ways import Bench, Play

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = Path(__file__).parent / "hostile"
SCRIPTS = ("processes", "kernel", "files", "network")
MODULES = {"tests/conformance/hostile/trying": (HOSTILE / "trying.py").read_text()}

NO_NAMESPACE = "the machine's processes, memory and files are not hidden"
SAME_UID = "jobs keep the worker's uid, so the kernel takes them for the worker"
NETWORK = "jobs keep the network of the machine"

AT_PROCESS = {
    "sees_others": NO_NAMESPACE,
    "reads_command_lines": NO_NAMESPACE,
    "reads_what_another_job_has_in_tmp": NO_NAMESPACE,
    "reads_what_another_job_has_in_shared_memory": NO_NAMESPACE,
    "attaches_a_segment_of_another_job": NO_NAMESPACE,
    "reads_an_open_file_of_the_machine": NO_NAMESPACE,
    "changes_an_open_file_of_the_machine": NO_NAMESPACE,
    "reaches_an_open_socket_of_the_machine": NO_NAMESPACE,
    "leaves something in drop": NO_NAMESPACE,
    "leaves something in /tmp": NO_NAMESPACE,
    "leaves something in /var/tmp": NO_NAMESPACE,
    "leaves something in /dev/shm": NO_NAMESPACE,
    "leaves something in memory": NO_NAMESPACE,
}
WITH_THE_SAME_UID = dict.fromkeys(
    (
        "reads_environments",
        "reads_maps",
        "reads_memory",
        "lists_descriptors",
        "follows_links_to_folders",
        "opens_namespaces",
        "traces",
        "reads_memory_by_a_call",
        "takes_descriptors",
        "signals",
        "reads_limits",
        "changes_priorities",
        "changes_who_is_killed_first",
        "lists_the_folder_of_another_job",
        "reads_the_code_of_another_job",
        "reads_temporary_files_of_another_job",
        "adds_to_the_folder_of_another_job",
        "lists_the_jobs_of_the_worker",
        "lists_the_cache",
        "adds_to_the_cache",
        "reads_a_secret_of_the_worker",
        "links_a_secret_of_the_worker",
        "adds_to_the_runner",
        "changes_the_runner",
        "adds_to_environments",
        "moves_its_own_folder",
    ),
    SAME_UID,
)
AT_ANY = {
    "reaches_a_port_of_the_machine": NETWORK,
    "reaches_an_abstract_socket": NETWORK,
    "reaches_an_abstract_socket_of_another_job": NETWORK,
}
IN_SANDBOX = {"moves_its_own_folder": "it lies in a /tmp that nobody else has"}
WITH_A_PLACE_OF_ITS_OWN = {
    "adds_to_environments": "what is shown in /tmp lies in folders of that /tmp, not of the machine's"
}
REACHED: dict[Place, dict[str, str]] = {
    ROOT_SANDBOX: AT_ANY | IN_SANDBOX,
    USER_SANDBOX: AT_ANY | IN_SANDBOX | WITH_A_PLACE_OF_ITS_OWN,
    ROOT_PROCESS: AT_ANY | AT_PROCESS,
    USER_PROCESS: AT_ANY | AT_PROCESS | WITH_THE_SAME_UID,
}
"""What is reached, and why; by where."""

UP_TO_THE_MACHINE = {
    "makes_a_user_namespace",
    "makes_a_user_namespace_by_clone",
    "makes_a_user_namespace_by_clone3",
    "makes_a_user_namespace_by_an_old_call",
    "makes_a_user_namespace_by_a_32_bit_call",
    "mounts_in_a_namespace_of_its_own",
    "loads_a_program_into_the_kernel",
    "measures_the_machine",
    "makes_a_ring",
    "handles_page_faults",
    "opens_odd_sockets",
    "opens_by_handle",
    "keeps_keys",
    "opens_a_queue_of_another_job",
    "finds_a_key_of_another_job",
    "reads_messages_of_the_kernel",
    "reads_memory_of_the_kernel",
    "opens_devices",
    "links_a_secret_of_the_worker",
}
"""What the machine decides at the level ``process``, by how its kernel is built and set."""


async def test_a_level_holds_what_it_says_it_holds_and_nothing_else(stage: Stage):
    with Lifelines() as port, canaries(stage.root) as kept:
        arguments = told(stage, kept) | {"port": port.port}
        found = [await tries(stage, script, arguments) for script in SCRIPTS]
        left = {f"leaves something in {name}": [True, "it is there"] for name in kept.left()}
        assert kept.are_untouched()
    tried = {name: said for part in (*found, left) for name, said in part.items()}
    reached = {name: said for name, (is_reached, said) in tried.items() if is_reached}
    unclear = UP_TO_THE_MACHINE if stage.place in (ROOT_PROCESS, USER_PROCESS) else set[str]()
    expected = REACHED[stage.place]
    assert {name: said for name, said in reached.items() if name not in expected.keys() | unclear} == {}
    assert {name: tried.get(name) for name in expected.keys() - reached.keys() - unclear} == {}


async def tries(stage: Stage, script: str, arguments: dict[str, Any]) -> dict[str, list[Any]]:
    """What became of all the tries of a script, by their names."""
    content = (HOSTILE / f"{script}.py").read_text()
    neighbour = (HOSTILE / "neighbour.py").read_text()
    played = await stage.play(Play(content, arguments, MODULES, neighbour=neighbour))
    assert played.end == ("success", 0), played
    assert not [name for name, said in played.value.items() if said[0] == "broken"], played.value
    return played.value


def told(stage: Stage, kept: Canaries) -> dict[str, Any]:
    """All that a script could find out about its machine, without the trouble."""
    folders = {
        "jobs": stage.root / "jobs",
        "cache": stage.root / "cache",
        "environments": stage.root / "shared",
    }
    own = {"level": stage.place.level, "worker": stage.pid}
    return kept.told() | own | {name: str(path) for name, path in folders.items()}


ODD = """
import os, socket
def main(open_file, folder):
    os.symlink(folder, "a folder of the machine")
    os.symlink(open_file, "a file of the machine")
    os.mkfifo("a pipe")
    socket.socket(socket.AF_UNIX).bind("a socket")
    with open("a large file", "wb") as file:
        file.truncate(1 << 40)
    for name in (b"\\xff\\n", b"-rf", b"x" * 255):
        open(name, "w").close()
    os.makedirs("closed/within")
    os.symlink(folder, "closed/link")
    os.rmdir("tmp")
    os.symlink(folder, "tmp")
    os.chmod("closed", 0)
"""
CLOSED = """
import os
def main(open_file, folder):
    os.makedirs("closed/within/closed")
    os.chmod("closed/within", 0)
    os.chmod("closed", 0)
    os.chmod(".", 0)
"""


async def test_whatever_lies_in_its_folder_is_removed_and_nothing_else(stage: Stage):
    with canaries(stage.root) as kept:
        arguments = {"open_file": str(kept.open_file), "folder": str(kept.places[0])}
        (kept.places[0] / kept.mark).touch()
        for name, script in {"ODD": ODD, "CLOSED": CLOSED}.items():
            played = await stage.play(Play(script, arguments))
            stays = remove_folders(stage.root)
            assert (name, played.end, stays) == (name, ("success", 0), False)
        assert kept.left() == {"drop"}
        assert kept.are_untouched()


def remove_folders(root: Path) -> bool:
    """Remove what is left of the folders of jobs, and say whether there was any."""
    left = list(root.glob("jobs/*/*"))
    for folder in left:
        subprocess.run(["rm", "-rf", folder], check=True)
    return bool(left)


DEEP = "import os\ndef main():\n    for _ in range(1500):\n        os.mkdir('d')\n        os.chdir('d')"


async def test_a_folder_in_a_folder_in_a_folder_is_removed(bench: Bench, worker_root: Path):
    try:
        assert (await bench.run(DEEP)).end == ("success", 0)
    finally:
        stays = remove_folders(worker_root)
    assert not stays


FORGERY = """
import os, struct
def main():
    for number in filter(str.isdigit, os.listdir("/proc/self/fd")):
        frame = struct.pack(">cQQ", b"R", 8, 0) + b'"forged"'
        if number in ("1", "2"):
            os.write(int(number), frame)
    print('{"error": {"name": "Forged"}}')
    print("WM_RESULT: forged")
    return "true"
"""


async def test_what_a_job_prints_is_not_taken_for_its_result(bench: Bench):
    played = await bench.run(FORGERY)
    assert (played.end, played.value) == (("success", 0), "true")
    assert played.log.count("forged") == 3
