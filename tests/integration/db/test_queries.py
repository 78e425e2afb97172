"""Every named query is good SQL on the migrated database, and allowed to every role that uses it."""

from __future__ import annotations

from pathlib import Path

import pytest

import headrace
from headrace.db.connection import connect
from headrace.db.queries import Query, load_queries
from tests.ground.database import roles_of

PACKAGE = Path(headrace.__file__).parent
QUERIES = {
    f"{file.parent.name}.{query.name}": query
    for file in sorted(PACKAGE.rglob("*.sql"))
    if not file.is_relative_to(PACKAGE / "db")
    for query in load_queries(str(file), file.name)
}
# Who runs it; every other one is the server's.
WORKER = {
    "blobs.forget_doubts",
    "blobs.judge_due",
    "blobs.postpone_doubts",
    "queue.append_log",
    "queue.append_stream",
    "queue.close_session",
    "queue.complete_and_claim",
    "queue.delete_expired_tokens",
    "queue.delete_old_idempotency_keys",
    "queue.delete_old_sessions",
    "queue.delete_orphaned_streams",
    "queue.drain_session",
    "queue.end_expired_sessions",
    "queue.enqueue_retry",
    "queue.find_large_logs",
    "queue.forget_large_log",
    "queue.hand_back",
    "queue.hold_waiting",
    "queue.lock_attempts",
    "queue.lock_orphans",
    "queue.move_log_start",
    "queue.note_peak_memory",
    "queue.open_session",
    "queue.read_log_start",
    "queue.read_my_jobs",
    "queue.release_due",
    "queue.renew_session",
    "queue.requeue_lost",
    "queue.seconds_to_next_due",
    "queue.store_arguments",
    "store.add_relocked_version",
    "store.count_causes",
    "store.delete_old_raw_scripts",
    "store.delete_expired_results",
    "store.erase_expired_trash",
    "store.forget_given_raw_scripts",
    "store.keep_result",
    "store.mark_left",
    "store.mark_running",
    "store.read_given_raw_scripts",
    "store.read_relocking",
    "store.spread_causes",
    "store.take_wanted",
}
BOTH = {
    "values.list_environment_variables",
    "blobs.doubt_blob",
    "blobs.trust_blob",
    "permissions.describe_group",
    "permissions.describe_member",
    "permissions.is_superadmin_in",
    "queue.complete_unclaimed",
    "queue.enqueue_job",
    "store.add_cause",
    "store.end_relock",
    "store.find_alike",
    "store.read_contents",
    "store.read_modules",
    "store.read_script",
    "store.settle_lock",
}


@pytest.mark.parametrize("name", sorted(QUERIES))
async def test_a_query_is_good_sql_and_allowed(cluster, name: str):
    roles = roles_of(cluster.login(cluster.template).url)
    if name not in WORKER:
        await explain(roles.server, QUERIES[name])
    if name in WORKER | BOTH:
        await explain(roles.worker, QUERIES[name])


def test_the_lists_name_real_queries():
    assert QUERIES.keys() >= WORKER | BOTH


async def explain(login, query: Query) -> None:
    """Plan it; unlike PREPARE alone this looks at the role's rights, too. Nothing is carried out."""
    connection = await connect(login, "tests")
    try:
        await connection.execute(f"prepare it as {query.sql}")
        values = f"({', '.join(['null'] * len(query.parameters))})" if query.parameters else ""
        await connection.execute(f"explain execute it{values}")
    finally:
        await connection.close()
