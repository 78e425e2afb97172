"""A job that was forked can't be told from one whose interpreter was started for it.

Each script tells facts. It is run by either way, and both have to tell the same; where the truth is known
it stands beside.
"""

from __future__ import annotations

import os
import resource
import secrets
import signal
from pathlib import Path

import pytest

from tests.conformance.ways import Bench, Way

pytestmark = pytest.mark.asyncio(loop_scope="session")

BEGINNING = """
import atexit, builtins, sys
callbacks = atexit._ncallbacks()
main_module = sys.modules["__main__"]
facts = {
    "name": __name__,
    "own names": sorted(globals()),
    "main": [main_module.__name__, hasattr(main_module, "__file__"), main_module.__spec__],
    "callbacks": callbacks,
    "arguments": sys.argv,
    "file": __file__,
    "path": sys.path,
    "flags": repr(sys.flags),
    "options": [sys._xoptions, sys.warnoptions, sys.pycache_prefix, sys.platlibdir],
    "executable": [sys.executable, sys._base_executable, sys.orig_argv[0], sys.prefix, sys.base_prefix],
    "finders": [getattr(finder, "__name__", "?") for finder in sys.meta_path] + [len(sys.path_hooks)],
    "builtins": sorted(vars(builtins)),
    "modules": [name for name in sys.modules if name.startswith(("u.", "f."))],
}
def main():
    return facts
"""
INTERPRETER = """
import decimal, faulthandler, gc, linecache, locale, logging, random, resource, socket, sys, threading, time
import warnings
def main():
    return {
        "recursion": sys.getrecursionlimit(),
        "digits": sys.get_int_max_str_digits(),
        "switch interval": sys.getswitchinterval(),
        "garbage": [gc.isenabled(), gc.get_threshold(), gc.get_debug(), gc.callbacks, gc.garbage],
        "warnings": [str(filter) for filter in warnings.filters],
        "faulthandler": faulthandler.is_enabled(),
        "hooks": [
            sys.excepthook is sys.__excepthook__,
            sys.unraisablehook is sys.__unraisablehook__,
            sys.displayhook is sys.__displayhook__,
            sys.breakpointhook is sys.__breakpointhook__,
            threading.excepthook is threading.__excepthook__,
        ],
        "tracing": [sys.gettrace(), sys.getprofile(), threading.gettrace(), sys.get_asyncgen_hooks()],
        "logging": [logging.root.handlers, logging.root.level, logging.root.filters],
        "decimal": [str(decimal.getcontext()), str(decimal.DefaultContext)],
        "encodings": [sys.getfilesystemencoding(), locale.getpreferredencoding(), sys.getdefaultencoding()],
        "sockets": socket.getdefaulttimeout(),
        "threads": [
            threading.active_count(),
            threading.main_thread() is threading.current_thread(),
            threading.current_thread().name,
            threading.stack_size(),
        ],
        "last error": [hasattr(sys, "last_value"), sys.exc_info()],
        "time of children": resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime,
        "fresh clock": time.process_time() < 5,
    }
"""
PROCESS = """
import ctypes, os, resource, signal, sys, threading
def status():
    lines = open("/proc/self/status").read().splitlines()
    return dict(line.split(":\\t", 1) for line in lines if ":\\t" in line)
def kind(number):
    target = os.readlink(f"/proc/self/fd/{number}")
    return target.partition(":")[0]
def main():
    told = status()
    prctl, adopts = ctypes.CDLL(None).prctl, ctypes.c_int(9)
    opened = [number for number in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{number}")]
    more = sorted(set(opened) - {"0", "1", "2"})
    return {
        "handlers": {number: str(signal.getsignal(number)) for number in signal.valid_signals()},
        "mask": list(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "kernel's view": [told[name] for name in ("SigBlk", "SigIgn", "ShdPnd")],
        "wakeup": signal.set_wakeup_fd(-1),
        "timers": [signal.alarm(0), *(signal.getitimer(which) for which in range(3))],
        "standard descriptors": [kind(0), kind(1), kind(2), os.fstat(1).st_ino == os.fstat(2).st_ino],
        "other descriptors": [kind(number) for number in more],
        "inheritable": [number for number in more if os.get_inheritable(int(number))],
        "limits": {
            name: resource.getrlimit(getattr(resource, name)) for name in dir(resource) if "RLIMIT_" in name
        },
        "umask": told["Umask"],
        "nice": [os.nice(0), os.sched_getscheduler(0), len(os.sched_getaffinity(0))],
        "out of memory": open("/proc/self/oom_score_adj").read(),
        "leads": [os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid()],
        "threads": [told["Threads"], threading.get_native_id() == os.getpid()],
        "uids": [len({*os.getresuid()}), len({*os.getresgid()}), os.getuid(), os.getgroups()],
        "capabilities": [told[name] for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")],
        "no new ones": [told["NoNewPrivs"], told["Seccomp"]],
        "dumpable": prctl(3, 0, 0, 0, 0),
        "adopts orphans": [prctl(37, ctypes.byref(adopts), 0, 0, 0), adopts.value],
        "own pid": ctypes.CDLL(None).getpid() == os.getpid() == int(os.readlink("/proc/self")),
        "wait": wait_for_any(),
    }
def wait_for_any():
    try:
        return os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return "no children"
"""
SURROUNDINGS = """
import locale, os, subprocess, sys, tempfile, time
def main():
    before = dict(os.environ)
    os.environ["ADDED"] = "yes"
    del os.environ["GONE"]
    child = subprocess.check_output(["env", "-0"], text=True)
    made = tempfile.mkdtemp()
    return {
        "names": sorted(before),
        "passed on": dict(line.split("=", 1) for line in child.split("\\0") if line) == dict(os.environ),
        "own folder": [os.getcwd(), os.path.dirname(os.path.dirname(os.path.dirname(__file__)))],
        "home": before["HOME"],
        "holds": sorted(os.listdir()),
        "temporary": [tempfile.gettempdir(), before["TMPDIR"]],
        "made": made,
        "made here": os.path.dirname(made) == tempfile.gettempdir() and os.listdir(made) == [],
        "zone": [time.tzname, time.timezone, time.strftime("%H", time.localtime(0))],
        "locale": [locale.setlocale(locale.LC_ALL), locale.setlocale(locale.LC_ALL, ""), locale.getlocale()],
        "secrets in the command line": [word for word in sys.orig_argv if before["WM_TOKEN"] in word],
    }
"""
STREAMS = """
import os, subprocess, sys
def main():
    print("one", end=" ")
    print("two", file=sys.stderr)
    sys.stdout.write("three\\n")
    os.write(2, b"four\\n")
    subprocess.run(["echo", "five"], check=True)
    print("six \\udc80 \\xe9")
    os.write(1, b"seven\\n")
    told = [
        [stream.encoding, stream.errors, stream.line_buffering, stream.write_through, stream.name,
         stream.mode, stream.isatty(), stream.fileno(), stream.newlines]
        for stream in (sys.stdin, sys.stdout, sys.stderr)
    ]
    same = [sys.stdin is sys.__stdin__, sys.stdout is sys.__stdout__, sys.stderr is sys.__stderr__]
    return [*told, same, sys.stdin.read(), os.read(0, 1).decode()]
"""
PROCESSES = """
import ctypes, os, subprocess
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_all_start_methods, get_context, get_start_method, shared_memory
def put(queue, name):
    memory = shared_memory.SharedMemory(name)
    memory.buf[0] += 1
    memory.close()
    queue.put(__name__)
def double(number):
    return 2 * number
def by(method):
    context = get_context(method)
    queue = context.Queue()
    memory = shared_memory.SharedMemory(create=True, size=16)
    try:
        process = context.Process(target=put, args=(queue, memory.name))
        process.start()
        name = queue.get(timeout=10)
        process.join()
        with context.Pool(1) as pool:
            return [name, process.exitcode, pool.map(double, [1, 2]), memory.buf[0]]
    finally:
        memory.close()
        memory.unlink()
def forked():
    child = os.fork()
    if child == 0:
        os._exit(5)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
def main():
    facts = {method: by(method) for method in get_all_start_methods()}
    facts["default"] = get_start_method()
    with ProcessPoolExecutor(1) as processes, ThreadPoolExecutor(2) as threads:
        facts["executors"] = [*processes.map(double, [3]), *threads.map(double, [4])]
    shell = subprocess.run("cat; exit 3", shell=True, input=b"in", capture_output=True)
    killed = subprocess.call("kill -9 $$", shell=True)
    facts["subprocess"] = [shell.returncode, shell.stdout.decode(), killed]
    facts["forked"] = forked()
    return facts
"""
ASYNCHRONOUS = """
import asyncio, os, signal
policy = type(asyncio.get_event_loop_policy()).__name__
running = asyncio._get_running_loop()
async def main():
    shell = await asyncio.create_subprocess_exec("sh", "-c", "cat; exit 3", stdin=-1, stdout=-1)
    said, _ = await shell.communicate(b"in")
    loop, heard = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, heard.set)
    os.kill(os.getpid(), signal.SIGUSR1)
    await asyncio.wait_for(heard.wait(), 10)
    async with asyncio.TaskGroup() as tasks:
        thread = tasks.create_task(asyncio.to_thread(os.getpid))
    kinds = [type(loop).__name__, policy, running]
    return [said.decode(), shell.returncode, thread.result() == os.getpid(), *kinds]
"""
ENDING = """
import atexit, os, sys, threading
class Last:
    def __del__(self, write=os.write):
        write(1, b"a global is gone\\n")
last = Last()
never_closed = open(os.dup(1), "w", buffering=65536)
never_closed.write("a file was never closed\\n")
class Broken:
    def __repr__(self):
        return "broken"
    def __call__(self):
        raise ValueError("at the end")
def late():
    threading.main_thread().join()
    print("a thread is waited for")
def main():
    atexit.register(print, "registered first")
    atexit.register(Broken())
    atexit.register(print, "registered last")
    threading.Thread(target=late).start()
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    sys.stdout.write("a line without an end|")
"""
TRACES = """
import builtins, decimal, gc, json, locale, logging, os, random, signal, sys, tempfile, warnings
FILE = os.path.join(tempfile.gettempdir(), "left")
def main(leave):
    found = [
        hasattr(builtins, "left"), hasattr(json, "left"), "left" in sys.modules, "LEFT" in os.environ,
        "left" in sys.path, os.path.exists(FILE), os.path.exists("left"), os.umask(0o22) != 0o22,
        signal.getsignal(signal.SIGUSR1) != signal.SIG_DFL, sys.getrecursionlimit() != 1000,
        decimal.getcontext().prec != 28, bool(logging.root.handlers), not gc.isenabled(),
        os.getcwd() == "/", warnings.filters[0][0] == "error", os.nice(0) != 0,
    ]
    if leave:
        builtins.left = json.left = sys.modules["left"] = os.environ["LEFT"] = "left"
        sys.path.append("left")
        open(FILE, "w").close()
        open("left", "w").close()
        os.umask(0o77)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        sys.setrecursionlimit(2000)
        decimal.getcontext().prec = 5
        logging.basicConfig()
        gc.disable()
        os.chdir("/")
        warnings.simplefilter("error")
        os.nice(1)
    return sum(found)
"""
CHANCE = """
import os, random, secrets, ssl, tempfile, uuid
def main():
    return [
        random.random(), random.Random().random(), random.SystemRandom().random(), secrets.token_hex(8),
        str(uuid.uuid4()), str(uuid.uuid1()), os.urandom(8).hex(), ssl.RAND_bytes(8).hex(),
        os.path.basename(tempfile.mktemp()),
    ]
"""
# Half of a secret is looked for, and then whether the other half follows it: so the search never makes a copy
# of the whole that it could find itself.
MEMORY = """
import os
def main(half, other):
    half, other, found = half.encode(), other.encode(), 0
    memory = os.open("/proc/self/mem", os.O_RDONLY)
    for line in open("/proc/self/maps"):
        words = line.split()
        if not words[1].startswith("rw") or words[-1].startswith("[v"):
            continue
        begin, end = (int(word, 16) for word in words[0].split("-"))
        try:
            piece = os.pread(memory, end - begin, begin)
        except OSError:
            continue
        place = piece.find(half)
        while place >= 0:
            found += piece[place + len(half) :].startswith(other)
            place = piece.find(half, place + 1)
    return found
"""


async def test_what_a_script_is_called_and_what_it_finds_when_it_begins(bench: Bench):
    facts = (await bench.same(BEGINNING)).value
    folder = Path(facts["file"]).parents[2]
    assert facts["name"] == "u.admin.script"
    assert facts["modules"] == ["u.admin.script"]
    assert facts["main"][0] == "__main__"
    assert facts["arguments"] == [str(folder / "u" / "admin" / "script.py")]
    assert facts["path"][0] == str(folder)
    assert not [place for place in facts["path"] if "runner" in place]
    assert "left" not in facts["builtins"]


async def test_nothing_of_the_runner_is_left_in_main(bench: Bench):
    script = "import sys\ndef main(): return [n for n in vars(sys.modules['__main__']) if n[:2] != '__']"
    assert (await bench.same(script)).value == []


async def test_the_interpreter_is_in_the_state_in_which_it_starts(bench: Bench):
    facts = (await bench.same(INTERPRETER)).value
    assert facts["recursion"] == 1000
    assert facts["garbage"] == [True, [700, 10, 10], 0, [], []]
    assert facts["faulthandler"] is False
    assert facts["hooks"] == [True] * 5
    assert facts["tracing"] == [None, None, None, [None, None]]
    assert facts["logging"] == [[], 30, []]
    assert facts["encodings"] == ["utf-8"] * 3
    assert facts["threads"] == [1, True, "MainThread", 0]
    assert facts["last error"] == [False, [None, None, None]]
    assert facts["time of children"] == 0
    assert facts["fresh clock"]


async def test_the_process_is_in_the_state_in_which_one_starts(bench: Bench):
    facts = (await bench.same(PROCESS)).value
    handlers = facts["handlers"]
    assert "default_int_handler" in handlers.pop(str(int(signal.SIGINT)))
    ignored = {number for number, handler in handlers.items() if handler == str(signal.SIG_IGN)}
    assert ignored == {str(int(number)) for number in (signal.SIGPIPE, signal.SIGXFSZ)}
    assert {handlers[number] for number in handlers.keys() - ignored} == {str(signal.SIG_DFL)}
    assert facts["mask"] == []
    assert facts["wakeup"] == -1
    assert facts["timers"] == [0, [0, 0], [0, 0], [0, 0]]
    assert facts["standard descriptors"] == ["/dev/null", "pipe", "pipe", True]
    assert facts["other descriptors"] == ["pipe"]
    assert facts["inheritable"] == []
    assert facts["limits"]["RLIMIT_CORE"] == [0, 0]
    assert facts["limits"]["RLIMIT_NOFILE"] == [min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1])] * 2
    assert facts["limits"]["RLIMIT_STACK"] == list(resource.getrlimit(resource.RLIMIT_STACK))
    assert facts["nice"][0] == os.nice(0)
    assert facts["leads"] == [True, True]
    assert facts["threads"] == ["1", True]
    assert facts["uids"][:2] == [1, 1]
    assert facts["uids"][2] != 0
    assert facts["capabilities"] == ["0" * 16] * 4
    assert facts["no new ones"][0] == "1"
    assert facts["dumpable"] == 1
    assert facts["adopts orphans"] == [0, 0]
    assert facts["own pid"]
    assert facts["wait"] == "no children"


async def test_its_surroundings_are_its_own(bench: Bench):
    own = {"GONE": "soon", "TZ": "Asia/Tokyo", "LC_ALL": "POSIX", "WM_TOKEN": "a token, well hidden"}
    facts, others = [(await bench.run(SURROUNDINGS, environ=own, way=way)).value for way in Way]
    made = [facts.pop("made"), others.pop("made")]
    assert facts == others
    kept = {*own, "LANG", "WM_JOB_ID", "HOME", "PATH", "TMPDIR"}
    assert set(facts["names"]) - {"LD_LIBRARY_PATH"} == kept  # which some interpreters need
    assert facts["passed on"]
    assert facts["own folder"] == [facts["home"]] * 2
    assert facts["holds"] == ["tmp", "u"]
    assert facts["temporary"][0] == facts["temporary"][1]
    assert facts["made here"]
    assert facts["zone"] == [["JST", "JST"], -9 * 3600, "09"]
    assert facts["locale"][1] == "C"
    assert facts["secrets in the command line"] == []
    assert made[0] != made[1]
    assert not any(map(os.path.lexists, made))


async def test_what_is_printed_comes_in_its_order_and_there_is_nothing_to_read(bench: Bench):
    told = await bench.same(STREAMS)
    assert told.log == "two\none three\nfour\nfive\nsix \\udc80 é\nseven\n"
    assert told.value == [
        ["utf-8", "surrogateescape", False, False, "<stdin>", "r", False, 0, None],
        ["utf-8", "backslashreplace", True, False, "<stdout>", "w", False, 1, None],
        ["utf-8", "backslashreplace", True, False, "<stderr>", "w", False, 2, None],
        [True, True, True],
        "",
        "",
    ]


async def test_other_processes_can_be_started_in_every_way_there_is(bench: Bench):
    facts = (await bench.same(PROCESSES)).value
    told = [facts.pop(method) for method in ("fork", "spawn", "forkserver")]
    assert told == [["u.admin.script", 0, [2, 4], 1]] * 3
    assert facts == {"default": "fork", "executors": [6, 8], "subprocess": [3, "in", -9], "forked": 5}


async def test_asyncio_has_its_loop_its_children_and_its_signals(bench: Bench):
    names = ["_UnixSelectorEventLoop", "_UnixDefaultEventLoopPolicy"]
    assert (await bench.same(ASYNCHRONOUS)).value == ["in", 3, True, *names, None]


async def test_threads_callbacks_and_files_come_to_their_end(bench: Bench):
    told = await bench.same(ENDING)
    assert told.end == ("success", 0)
    lines = told.log.splitlines()
    assert lines[0] == "a line without an end|a thread is waited for"
    assert lines[1] == "registered last"
    assert "ValueError: at the end" in lines
    assert lines[-3:] == ["registered first", "a global is gone", "a file was never closed"]


ENDS = {
    "sys.exit(0)": ("failure", 0),
    "sys.exit(3)": ("failure", 3),
    "sys.exit('a sentence')": ("failure", 1),
    "os._exit(7)": ("failure", 7),
    "os.kill(os.getpid(), signal.SIGTERM)": ("failure", 128 + signal.SIGTERM),
    "os.kill(os.getpid(), signal.SIGKILL)": ("failure", 128 + signal.SIGKILL),
    "ctypes.string_at(0)": ("failure", 128 + signal.SIGSEGV),
    "raise KeyboardInterrupt": ("failure", 1),
    "raise ValueError('no such luck')": ("failure", 1),
    "endless(0)": ("failure", 1),
    "sys.setrecursionlimit(20_000); return deep(15_000)": ("success", 0),
}

END = """
import ctypes, os, signal, sys
def endless(depth):
    return endless(depth + 1)
def deep(depth):
    return depth and 1 + deep(depth - 1)
def main():
    {}
"""


@pytest.mark.parametrize("statement", ENDS)
async def test_an_end_is_told_as_it_was(bench: Bench, statement: str):
    told = await bench.same(END.format(statement))
    assert told.end == ENDS[statement]


async def test_threads_that_nobody_waits_for_say_nothing_at_the_end(bench: Bench):
    script = """
import threading
def step(): pass
def work():
    while True: step()
def main():
    for _ in range(4): threading.Thread(target=work, daemon=True).start()
"""
    for _ in range(3):
        assert (await bench.same(script)).log == ""


async def test_a_child_that_comes_back_from_the_script_gives_no_answer(bench: Bench):
    told = await bench.same(
        "import os\ndef main():\n    child = os.fork()\n    return child and os.wait()[1]"
    )
    assert (told.end, told.value, told.log) == (("success", 0), 0, "")


@pytest.mark.long
@pytest.mark.parametrize("way", Way)
async def test_large_arguments_and_results_pass(bench: Bench, way: Way):
    told = await bench.run("def main(text): return text + 'x'", {"text": "x" * 50_000_000}, way=way)
    assert told.end == ("success", 0)
    assert len(told.result) == 50_000_003


@pytest.mark.parametrize("way", Way)
async def test_nothing_of_one_job_is_there_for_the_next(bench: Bench, way: Way):
    for _ in range(bench.slots.free):  # so that a slot is used again
        assert (await bench.run(TRACES, {"leave": True}, way=way)).value == 0
    told = await bench.run(TRACES, {"leave": False}, way=way)
    assert (told.value, told.log) == (0, "")


@pytest.mark.parametrize("way", Way)
async def test_two_jobs_draw_different_lots(bench: Bench, way: Way):
    first, second = [(await bench.run(CHANCE, way=way)).value for _ in range(2)]
    assert len({*first, *second}) == len(first) + len(second)


@pytest.mark.parametrize("way", Way)
async def test_the_memory_of_a_job_holds_no_secret_of_another(bench: Bench, way: Way):
    half, other = secrets.token_hex(16), secrets.token_hex(16)
    halves = {"half": half, "other": other}
    told = await bench.run(MEMORY, halves, way=way, environ={"WM_TOKEN": half + other})
    assert told.value > 0, "the search finds nothing, not even a job's own token"
    kept = "kept = []\ndef main(half, other): kept.append(half + other)"
    for _ in range(bench.slots.free):
        await bench.run(kept, halves, way=way, environ={"WM_TOKEN": half + other})
    assert (await bench.run(MEMORY, halves, way=way)).value == 0
