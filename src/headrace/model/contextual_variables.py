"""The variables that the environment of every job has, whatever its language (features §7.2)."""

from __future__ import annotations

CONTEXTUAL = {
    "WM_WORKSPACE": "Workspace of the job",
    "WM_TOKEN": "Token with the rights of the job, good as long as it runs",
    "WM_EMAIL": "Email of whom the job runs as",
    "WM_USERNAME": "Name in the workspace of whom the job runs as",
    "WM_END_USER_EMAIL": "Email of the user of an app, else empty",
    "WM_BASE_URL": "Public URL of this installation",
    "BASE_URL": "The same",
    "BASE_INTERNAL_URL": "URL that the job itself calls",
    "WM_JOB_ID": "Id of the job",
    "WM_JOB_PATH": "Path of the script, else empty",
    "WM_FLOW_JOB_ID": "Id of the flow's job, within a flow",
    "WM_ROOT_FLOW_JOB_ID": "Id of the outermost flow's job, within a flow",
    "WM_FLOW_PATH": "Path of the flow, within a flow",
    "WM_FLOW_STEP_ID": "Id of the step, within a flow",
    "WM_SCHEDULE_PATH": "Path of the schedule that started the job, else empty",
    "WM_SCHEDULED_FOR": "When the job was due",
    "WM_PERMISSIONED_AS": "Whom the job runs as, as u/<user> or g/<group>",
    "WM_STATE_PATH": "Path of the resource that keeps the state of the script",
    "WM_STATE_PATH_NEW": "The same",
    "WM_OBJECT_PATH": "A path of its own for what the job stores elsewhere",
    "WM_OIDC_JWT": "Empty",
    "WM_WORKER_GROUP": "Group of the worker that runs the job",
    "WM_RUNNABLE_ID": "Hash of the version that runs",
}
"""Name → what it is."""

_OTHERS = frozenset({"MAIN_OVERRIDE", "PATH", "HOME", "TMPDIR", "PYTHONPATH"})


def is_contextual(name: str) -> bool:
    """Whether a job's environment has a variable of this name that nobody else may set."""
    return name in CONTEXTUAL or name in _OTHERS or name.startswith("WM_")
