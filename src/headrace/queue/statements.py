"""The queries of ``queue.sql``, loaded once."""

from __future__ import annotations

from headrace.db.queries import load_queries

SQL = load_queries(__file__, "queue.sql")
