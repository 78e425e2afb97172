"""Options of all tests, and the installation that acceptance and contract share."""

from __future__ import annotations

from hypothesis import settings

from tests.ground.installation import server

__all__ = ["server"]

settings.register_profile("headrace", deadline=None, print_blob=True)  # a busy machine is not a fault
settings.load_profile("headrace")
