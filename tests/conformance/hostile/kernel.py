"""Tries to gain rights, and to reach what the kernel offers to those who have some."""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
import resource
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Mapping
from typing import Any

from tests.conformance.hostile.trying import answered, call, call_number, tries_of, try_all

_NEW_MOUNTS, _NEW_USERS, _NEW_PIDS = 0x20000, 0x10000000, 0x20000000
_OWN_USER_KEYRING = -4


def _status() -> dict[str, str]:
    with open("/proc/self/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def _writable(*paths: str) -> object:
    for path in paths:
        try:
            os.close(os.open(path, os.O_WRONLY))
        except OSError:
            continue
        return path
    return None


def has_capabilities(_given: Mapping[str, Any]) -> object:
    return any(int(_status()[name], 16) for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"))


def may_gain_privileges(_given: Mapping[str, Any]) -> object:
    return _status()["NoNewPrivs"] == "0"


def becomes_root(_given: Mapping[str, Any]) -> object:
    for deed in (lambda: os.setuid(0), lambda: os.setresuid(-1, 0, -1), lambda: os.setgroups([0])):
        try:
            deed()
        except OSError:
            continue
        return os.getresuid(), os.getgroups()
    return None


def becomes_root_by_a_program(_given: Mapping[str, Any]) -> object:
    """Any that is there and belongs to root, with the bit that makes it run as root."""
    for name in ("mount", "su", "newgrp", "passwd", "chsh", "sudo"):
        if (program := shutil.which(name)) and os.stat(program).st_mode & stat.S_ISUID:
            child = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=-1, stderr=-1)
            try:
                with open(f"/proc/{child.pid}/status") as file:
                    uids = next(line for line in file if line.startswith("Uid:"))
            finally:
                child.kill()
                child.communicate()
            return uids.split()[2] == "0"
    return None


def makes_a_user_namespace(_given: Mapping[str, Any]) -> object:
    return call("unshare", _NEW_USERS) == 0


def makes_a_user_namespace_by_clone(_given: Mapping[str, Any]) -> object:
    return _cloned(call("clone", _NEW_USERS | signal.SIGCHLD, 0, 0, 0, 0))


def makes_a_user_namespace_by_clone3(_given: Mapping[str, Any]) -> object:
    arguments = (ctypes.c_uint64 * 8)(_NEW_USERS, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    return _cloned(call("clone3", arguments, ctypes.sizeof(arguments)))


def _cloned(child: int) -> object:
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return child


def makes_a_user_namespace_by_an_old_call(_given: Mapping[str, Any]) -> object:
    """By the numbers of x32, which not every kernel has."""
    if platform.machine() != "x86_64":
        return None
    return call_number(0x40000000 | 272, _NEW_USERS) == 0


def makes_a_user_namespace_by_a_32_bit_call(_given: Mapping[str, Any]) -> object:
    """``unshare`` by interrupt 0x80, whose numbers are others."""
    if platform.machine() != "x86_64":
        return None
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b"\x53\xb8\x36\x01\x00\x00\xbb" + _NEW_USERS.to_bytes(4, "little") + b"\xcd\x80\x5b\xc3")
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    return ctypes.CFUNCTYPE(ctypes.c_int)(address)() == 0


def mounts(_given: Mapping[str, Any]) -> object:
    os.mkdir("mounted")
    return call("mount", b"tmpfs", b"mounted", b"tmpfs", 0, 0) == 0


def mounts_in_a_namespace_of_its_own(_given: Mapping[str, Any]) -> object:
    call("unshare", _NEW_USERS | _NEW_MOUNTS)
    os.mkdir("mounted in its own")
    return call("mount", b"tmpfs", b"mounted in its own", b"tmpfs", 0, 0) == 0


def mounts_by_newer_calls(_given: Mapping[str, Any]) -> object:
    return answered("fsopen", b"tmpfs", 0)


def makes_namespaces(_given: Mapping[str, Any]) -> object:
    return call("unshare", _NEW_MOUNTS) == 0 or call("unshare", _NEW_PIDS) == 0


def enters_namespaces(_given: Mapping[str, Any]) -> object:
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for kind in ("mnt", "pid", "user"):
            try:
                call("setns", os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY), 0)
            except OSError:
                continue
            return pid, kind
    return None


def leaves_its_root(_given: Mapping[str, Any]) -> object:
    os.chroot(".")
    return True


def turns_the_root(_given: Mapping[str, Any]) -> object:
    return answered("pivot_root", b".", b".")


def makes_a_device(_given: Mapping[str, Any]) -> object:
    os.mknod("device", stat.S_IFBLK | 0o600, os.stat("/").st_dev)
    return True


def opens_devices(_given: Mapping[str, Any]) -> object:
    harmless = {"null", "zero", "full", "random", "urandom", "tty", "ptmx"}
    for name in os.listdir("/dev"):
        mode = os.stat(path).st_mode if os.path.exists(path := f"/dev/{name}") else 0
        if name not in harmless and (stat.S_ISBLK(mode) or name in ("mem", "kmem", "port", "kvm", "fuse")):
            try:
                os.close(os.open(path, os.O_RDONLY))
            except OSError:
                continue
            return path
    return None


def reads_memory_of_the_kernel(_given: Mapping[str, Any]) -> object:
    for path in ("/dev/mem", "/proc/kcore", "/dev/kmsg"):
        try:
            with open(path, "rb", buffering=0) as file:
                return path, file.read(16)
        except OSError:
            continue
    return None


def reads_messages_of_the_kernel(_given: Mapping[str, Any]) -> object:
    return call("syslog", 3, ctypes.create_string_buffer(64), 64) >= 0


def changes_settings_of_the_kernel(_given: Mapping[str, Any]) -> object:
    return _writable(
        "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/vm/overcommit_memory",
        "/proc/sysrq-trigger", "/sys/kernel/profiling", "/sys/kernel/uevent_helper",
    )  # fmt: skip


def makes_a_cgroup(_given: Mapping[str, Any]) -> object:
    for folder in ("/sys/fs/cgroup", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified"):
        try:
            os.mkdir(f"{folder}/hostile")
        except OSError:
            continue
        os.rmdir(f"{folder}/hostile")
        return folder
    return None


def opens_raw_sockets(_given: Mapping[str, Any]) -> object:
    for family, kind, protocol in (
        (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP),
        (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW),
        (socket.AF_PACKET, socket.SOCK_RAW, 3),
    ):
        try:
            socket.socket(family, kind, protocol).close()
        except OSError:
            continue
        return family, protocol
    return None


def opens_odd_sockets(_given: Mapping[str, Any]) -> object:
    """Of families that nobody needs, and most of whose faults were in the kernel."""
    for family in (socket.AF_ALG, socket.AF_VSOCK, socket.AF_CAN, socket.AF_TIPC, socket.AF_RDS, 9, 23, 31):
        for kind in (socket.SOCK_SEQPACKET, socket.SOCK_STREAM, socket.SOCK_DGRAM):
            try:
                socket.socket(family, kind, 0).close()
            except OSError:
                continue
            return family
    return None


def loads_a_program_into_the_kernel(_given: Mapping[str, Any]) -> object:
    return answered("bpf", 5, 0, 0)


def measures_the_machine(_given: Mapping[str, Any]) -> object:
    return answered("perf_event_open", 0, 0, -1, -1, 0)


def makes_a_ring(_given: Mapping[str, Any]) -> object:
    return answered("io_uring_setup", 1, 0)


def handles_page_faults(_given: Mapping[str, Any]) -> object:
    return answered("userfaultfd", 1)


def loads_a_module(_given: Mapping[str, Any]) -> object:
    return answered("init_module", 0, 0, b"")


def loads_a_module_from_a_file(_given: Mapping[str, Any]) -> object:
    return answered("finit_module", 0, b"", 0)


def loads_another_kernel(_given: Mapping[str, Any]) -> object:
    return answered("kexec_load", 0, 0, 0, 0)


def restarts_the_machine(_given: Mapping[str, Any]) -> object:
    return answered("reboot", 0, 0, 0, 0)  # no such command, to those who may give one


def names_the_machine(_given: Mapping[str, Any]) -> object:
    return answered("sethostname", 0, 1)


def sets_the_clock(_given: Mapping[str, Any]) -> object:
    seconds, rest = divmod(time.time_ns(), 10**9)
    return answered("clock_settime", 0, (ctypes.c_long * 2)(seconds, rest))


def swaps(_given: Mapping[str, Any]) -> object:
    return answered("swapon", b"nothing", 0)


def keeps_accounts(_given: Mapping[str, Any]) -> object:
    return answered("acct", b"nothing")


def touches_ports(_given: Mapping[str, Any]) -> object:
    return answered("iopl", 3)


def opens_by_handle(_given: Mapping[str, Any]) -> object:
    return answered("open_by_handle_at", -100, 0, 0)


def keeps_keys(_given: Mapping[str, Any]) -> object:
    return call("add_key", b"user", b"hostile", b"x", 1, _OWN_USER_KEYRING)


def runs_before_everybody(_given: Mapping[str, Any]) -> object:
    for deed in (
        lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
        lambda: os.setpriority(os.PRIO_PROCESS, 0, -5),
    ):
        try:
            deed()
        except OSError:
            continue
        return True
    return None


def lifts_its_limits(_given: Mapping[str, Any]) -> object:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most + 1))
    except ValueError:
        return None
    return True


def main(**given: Any) -> dict[str, list[object]]:
    return try_all(tries_of(globals()), given)
