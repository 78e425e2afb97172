"""Scopes: what a token is limited to, ``domain:action[:paths]`` (features §9)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from headrace.errors import InvalidInput

MOST_SCOPES = 100
MOST_CHARACTERS = 1000

RUN = "run"
RUN_SCRIPTS = "run:scripts"
RUN_FLOWS = "run:flows"

WITH_PATHS = frozenset({"scripts", "flows", "resources", "variables", "schedules", "folders"})
"""Domains whose scopes may be limited to paths; runs of scripts and flows may be, too."""

DOMAINS = WITH_PATHS | {
    "acls", "audit", "concurrency_groups", "configs", "drafts", "groups", "inputs", "job_helpers", "jobs",
    "oidc", "settings", "trash", "users", "workers", "workspaces",
}  # fmt: skip

_PATTERN = re.compile(r"[A-Za-z0-9_./-]+\*?|\*")


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope. ``paths`` are paths, or beginnings of paths where a ``*`` ends them; empty for all."""

    domain: str
    action: str
    paths: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ":".join((self.domain, self.action, *((",".join(self.paths),) if self.paths else ())))

    def allows(self, domain: str, action: str, paths: tuple[str, ...] = ()) -> bool:
        """Whether it allows an action, on all of ``paths``; one limited to paths allows none without."""
        if self.domain != domain or not self._has_action(action):
            return False
        return not self.paths or (bool(paths) and all(self._has_path(path) for path in paths))

    def covers(self, other: Scope) -> bool:
        """Whether it allows everything that another one does. A pattern is covered by one as wide."""
        return self.allows(other.domain, other.action, other.paths)

    @property
    def is_run(self) -> bool:
        """Whether it allows nothing but to run scripts or flows that are deployed."""
        return self.domain == "jobs" and self.action in (RUN_SCRIPTS, RUN_FLOWS)

    def _has_action(self, action: str) -> bool:
        return (
            self.action == action
            or (self.action == "write" and action == "read")
            or (self.action == RUN and action in (RUN_SCRIPTS, RUN_FLOWS))
        )

    def _has_path(self, path: str) -> bool:
        return any(
            path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern
            for pattern in self.paths
        )


def parse_scopes(texts: list[str], field: str = "scopes") -> tuple[Scope, ...]:
    """Read scopes; raises InvalidInput naming ``field`` and the place of the one that is wrong."""
    if not texts:
        raise InvalidInput(field, "must not be empty; leave it out for all of your rights")
    if len(texts) > MOST_SCOPES:
        raise InvalidInput(field, f"has more than {MOST_SCOPES} of them")
    return tuple(_parse(text, f"{field}.{position}") for position, text in enumerate(texts))


def _parse(text: str, field: str) -> Scope:
    if len(text) > MOST_CHARACTERS:
        raise InvalidInput(field, f"is longer than {MOST_CHARACTERS} characters")
    domain, *rest = text.split(":")
    if domain not in DOMAINS:
        raise InvalidInput(field, f"must begin with one of {', '.join(sorted(DOMAINS))}")
    if rest[:2] in (["run", "scripts"], ["run", "flows"]):
        rest = [":".join(rest[:2]), *rest[2:]]
    actions = ("read", "write", RUN, RUN_SCRIPTS, RUN_FLOWS) if domain == "jobs" else ("read", "write")
    if not rest or rest[0] not in actions or len(rest) > 2:
        raise InvalidInput(field, f"must look like {domain}:<action> with one of {', '.join(actions)}")
    paths = tuple(rest[1].split(",")) if len(rest) > 1 else ()
    if paths and domain not in WITH_PATHS and rest[0] not in (RUN_SCRIPTS, RUN_FLOWS):
        raise InvalidInput(field, f"{domain}:{rest[0]} can't be limited to paths")
    if not all(_PATTERN.fullmatch(path) for path in paths):
        raise InvalidInput(field, "must end in paths parted by ',', each of which may end in '*'")
    return Scope(domain, rest[0], paths)
