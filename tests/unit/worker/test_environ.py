"""What a job's environment has in it, and who goes first."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from headrace.model.contextual_variables import CONTEXTUAL, is_contextual
from headrace.model.ids import JobId, WorkspaceId
from headrace.model.job import ClaimedJob, JobKind, Lease
from headrace.worker.environ import job_environ, passed_on

ID = JobId(UUID(int=1))
JOB = ClaimedJob(
    lease=Lease(ID, 1, 1),
    token="token",
    workspace=WorkspaceId("acme"),
    kind=JobKind.SCRIPT,
    path="u/alice/s",
    script_hash=None,
    language="python3",
    raw_code=None,
    raw_lock=None,
    args=b"{}",
    parent_job=None,
    root_job=ID,
    created_by="alice",
    permissioned_as="u/alice",
    email="alice@acme.test",
    scheduled_for=datetime(2026, 1, 1, tzinfo=UTC),
    tag="python3",
    timeout_seconds=None,
    losses=0,
)


def environ(of_workspace: dict[str, str], envs: list[str]) -> dict[str, str]:
    return job_environ(JOB, url="http://h", worker_group="default", of_workspace=of_workspace, envs=envs)


def test_what_is_described_to_users_is_what_a_job_has():
    assert environ({}, []).keys() == CONTEXTUAL.keys()
    assert all(is_contextual(name) for name in CONTEXTUAL)


def test_a_scripts_own_goes_before_the_workspaces_and_headraces_before_both():
    made = environ({"A": "1", "B": "1", "WM_TOKEN": "1"}, ["B=2", "WM_TOKEN=2"])
    assert (made["A"], made["B"], made["WM_TOKEN"]) == ("1", "2", "token")


def test_of_the_workers_own_environment_next_to_nothing_is_passed_on():
    own = {"TZ": "Europe/Oslo", "HEADRACE_DATABASE_URL": "secret", "PATH": "/bin"}
    assert passed_on(own) == {"LANG": "C.UTF-8", "TZ": "Europe/Oslo"}
    assert passed_on({"LANG": "nb_NO.UTF-8"}) == {"LANG": "nb_NO.UTF-8"}
