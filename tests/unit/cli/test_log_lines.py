from __future__ import annotations

import logging
import sys

from headrace.cli.log_lines import Line

FORGED = "x\n2026-01-01T00:00:00.000Z server: all is well\x1b[31m\r\u2028\ud800"


def record(text: str, *args: object, exc_info=None) -> logging.LogRecord:
    return logging.LogRecord("headrace", logging.INFO, __file__, 1, text, args, exc_info)


def test_a_text_forges_no_line():
    line = Line("server").format(record("got %s", FORGED))
    escaped = "x\\n2026-01-01T00:00:00.000Z server: all is well\\x1b[31m\\r\\u2028\\ud800"
    assert line.endswith(f"server: got {escaped}")


def test_nor_does_that_of_an_exception():
    try:
        int(FORGED)
    except ValueError:
        lines = Line("server").format(record("failed", exc_info=sys.exc_info())).splitlines()
        assert len(lines) > 3
        assert [line for line in lines[1:] if not line.startswith("    ")] == []
