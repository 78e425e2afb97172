"""The cage of one slot, by its level: what the slot server does once, and each job's process for itself."""

from __future__ import annotations

import os
import resource

from . import file_system, linux, users
from .system_calls import make_filter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SANDBOX, PROCESS, NONE = "sandbox", "process", "none"


class Cage:
    """What all jobs of a slot have in common.

    ``level`` is ``sandbox``, ``process`` or ``none``. ``wanted`` has ``uid``, whom jobs run as (None where
    they keep that of the server), ``limits``, which maps names of ``resource`` to ceilings, and
    ``disk_bytes``, what a job's files may take in a sandbox; ``in_temporary`` see ``file_system``.
    """

    def __init__(self, level: str, wanted: dict[str, Any], in_temporary: list[str]) -> None:
        self.level, self.in_temporary = level, in_temporary
        self.uid: int | None = wanted["uid"]
        self.limits: dict[str, int] = wanted["limits"]
        self.disk_bytes: int = wanted["disk_bytes"]
        self._filter = linux.Filter(make_filter()) if level == SANDBOX else None

    def settle(self) -> None:
        """For the slot server, which is the init of a new PID namespace in a sandbox: prepare the slot."""
        if self.level == SANDBOX:
            users.let_nothing_through()
            file_system.show_processes()
        else:
            linux.adopt_orphans()
        # Jobs are not to look into it.
        linux.set_dumpable(0)

    def make_folder(self, folder: str) -> None:
        """For the slot server, elsewhere than in a sandbox: make the folder of a job.

        Where that can't be done the job notices, and says so.
        """
        try:
            os.mkdir(folder, 0o700)
            if self.uid is not None:
                os.chown(folder, self.uid, self.uid)
        except OSError:
            pass

    def enter(self, server: int) -> None:
        """For a process that is to be a job: give up everything that no job is to have.

        ``server`` is the pid of the slot server, with which it dies; in a sandbox its init does that. The
        order matters: a change of uid clears the parent-death signal and the dumpable flag. Nobody may look
        into it yet.
        """
        if self.level == SANDBOX:
            file_system.make_private(self.disk_bytes, self.in_temporary)
        if self.uid is not None:
            users.change_user(self.uid)  # with it all capabilities go
        elif self.level == SANDBOX:
            linux.drop_capabilities()
        if self.level == NONE:
            return
        if self.level == PROCESS:
            linux.die_with_parent(server)
        set_limits(self.limits)
        linux.no_new_privileges()
        if self._filter:
            self._filter.install()

    def enter_folder(self, folder: str) -> None:
        """For a process in the cage that has become a job."""
        if self.level == SANDBOX:
            os.mkdir(folder, 0o700)
        os.chdir(folder)
        linux.set_dumpable(1)
        if self.level != NONE:
            linux.be_killed_first()


def set_limits(limits: dict[str, int]) -> None:
    """Ceilings, by their names in ``resource``; never above what this process has."""
    for name, wanted in limits.items():
        number = getattr(resource, name)
        _, most = resource.getrlimit(number)
        ceiling = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        # A process that has had its time is told so by a signal of its own, and killed a second later.
        last = ceiling + 1 if number == resource.RLIMIT_CPU and ceiling != most else ceiling
        resource.setrlimit(number, (ceiling, last))
