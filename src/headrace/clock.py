"""The only place that asks the time.

Leases and due times are judged by the database's clock, never by this one;
durations are measured by ``monotonic``.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

monotonic = time.monotonic


def now() -> datetime:
    """Return the present instant, in UTC."""
    return datetime.now(UTC)
