"""What integration tests stand on: a real PostgreSQL, and a database for each test."""

from __future__ import annotations

from tests.ground.fixtures import cluster, login, owner, people, roles, server_pool, worker_pool

__all__ = ["cluster", "login", "owner", "people", "roles", "server_pool", "worker_pool"]
