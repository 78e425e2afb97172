"""The environment of a job: contextual variables, its token, and next to nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from headrace.model.job import ClaimedJob

# What a job's own HTTP calls and locale need of the worker's environment. Nothing secret.
PASSED_ON = (
    "TZ",
    "LANG",
    "LC_ALL",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)


def passed_on(own: Mapping[str, str]) -> dict[str, str]:
    """What every job gets of the worker's own environment."""
    return {"LANG": "C.UTF-8"} | {name: own[name] for name in PASSED_ON if name in own}


def job_environ(
    job: ClaimedJob,
    *,
    url: str,
    worker_group: str,
    of_workspace: dict[str, str],
    envs: list[str],
) -> dict[str, str]:
    """Every variable a job sees but for those the runtime adds (PATH, HOME, …).

    ``of_workspace`` is what all jobs of the workspace get. ``envs`` are the script's own, as ``KEY=VALUE``,
    and go before that; they can't replace ``WM_…``.
    """
    custom = {name: value for name, _, value in (env.partition("=") for env in envs) if name}
    # The public client's tasks ask by this whether they are the function that this very job is to run.
    override = {"MAIN_OVERRIDE": job.entry} if job.entry else {}
    contextual = _contextual(job, url, worker_group)
    return of_workspace | custom | override | contextual


def _contextual(job: ClaimedJob, url: str, worker_group: str) -> dict[str, str]:
    username = _username(job.permissioned_as)
    is_step = job.flow_step_id is not None
    flow_job = str(job.parent_job) if is_step else ""
    state_path = _state_path(job, username)
    return {
        "WM_WORKSPACE": job.workspace,
        "WM_TOKEN": job.token,
        "WM_EMAIL": job.email,
        "WM_USERNAME": username,
        "WM_END_USER_EMAIL": "",
        "WM_BASE_URL": url,
        "BASE_URL": url,
        "BASE_INTERNAL_URL": url,
        "WM_JOB_ID": str(job.lease.job),
        "WM_JOB_PATH": job.path or "",
        "WM_FLOW_JOB_ID": flow_job,
        "WM_ROOT_FLOW_JOB_ID": str(job.root_job) if is_step else "",
        "WM_FLOW_PATH": "",
        "WM_FLOW_STEP_ID": job.flow_step_id or "",
        "WM_SCHEDULE_PATH": job.schedule_path or "",
        "WM_SCHEDULED_FOR": job.scheduled_for.isoformat(),
        "WM_PERMISSIONED_AS": job.permissioned_as,
        "WM_STATE_PATH": state_path,
        "WM_STATE_PATH_NEW": state_path,
        "WM_OBJECT_PATH": f"{job.path or 'preview'}/{job.lease.job}",
        "WM_OIDC_JWT": "",
        "WM_WORKER_GROUP": worker_group,
        "WM_RUNNABLE_ID": job.script_hash or "",
    }


def _username(identity: str) -> str:
    kind, _, name = identity.partition("/")
    return f"group-{name}" if kind == "g" else name or identity


def _state_path(job: ClaimedJob, username: str) -> str:
    """Where ``wmill`` keeps a script's state (features §7.5)."""
    trigger = username if job.schedule_path else "user"
    if job.path is None:
        return f"u/{username.replace('@', '_at_')}/tmp_state"  # noqa: S108 - a path of the workspace
    return f"{job.path}/{trigger}"
