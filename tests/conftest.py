"""Options of all tests."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("headrace", deadline=None, print_blob=True)  # a busy machine is not a fault
settings.load_profile("headrace")
