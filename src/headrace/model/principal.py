"""Who asks, and what they may."""

from __future__ import annotations

from dataclasses import dataclass, field

from headrace.model.ids import JobId
from headrace.model.scope import Scope


@dataclass(frozen=True, slots=True)
class Principal:
    """The identity of a request, within one workspace or, outside any, on the instance.

    ``identities`` are those one may run jobs as: ``u/<username>`` and ``g/<group>``. ``readable``,
    ``writable`` and ``owned`` are the first two parts of paths, such as ``f/reports``; what is owned
    may be shared. ``job`` is the job whose token asks, if one does; a job never has instance-level
    rights. ``scopes`` and ``read_only`` are what the token is limited to; None is no limit.
    """

    email: str
    username: str
    workspace: str | None = None
    is_admin: bool = False
    is_superadmin: bool = False
    is_operator: bool = False
    groups: tuple[str, ...] = ()
    identities: tuple[str, ...] = field(default_factory=tuple[str, ...])
    readable: tuple[str, ...] = field(default_factory=tuple[str, ...])
    writable: tuple[str, ...] = field(default_factory=tuple[str, ...])
    owned: tuple[str, ...] = field(default_factory=tuple[str, ...])
    job: JobId | None = None
    scopes: tuple[Scope, ...] | None = None
    read_only: bool = False

    @property
    def permissioned_as(self) -> str:
        """The identity this principal's jobs run as unless another is asked for."""
        return self.identities[0] if self.identities else f"u/{self.username}"
