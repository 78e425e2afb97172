"""Who asks, and what they may."""

from __future__ import annotations

from dataclasses import dataclass, field

from headrace.model.ids import JobId


@dataclass(frozen=True, slots=True)
class Principal:
    """The identity of a request, within one workspace or, outside any, on the instance.

    ``identities`` are those one may run jobs as: ``u/<username>`` and ``g/<group>``. ``readable``
    and ``writable`` are the first two parts of paths, such as ``f/reports``. ``job`` is the job
    whose token asks, if one does; a job never has instance-level rights.
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
    job: JobId | None = None

    @property
    def permissioned_as(self) -> str:
        """The identity this principal's jobs run as unless another is asked for."""
        return self.identities[0] if self.identities else f"u/{self.username}"
