"""``headrace doctor``: what this machine can do, and the cure for what it can't."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import click

from headrace.cli.checkups.finding import Finding, Health
from headrace.cli.checkups.machine import look_at_all
from headrace.cli.options import BLOBS, DATABASE, build_settings, settings_options
from headrace.settings import WrongSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

_MARKS = {Health.OK: "✓", Health.WEAKER: "!", Health.BROKEN: "✗"}


@click.command
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--online", is_flag=True, help="Ask the package index too, which takes time.")
@settings_options("host", "port", "isolation", "secret_key_file", *DATABASE, *BLOBS)
def doctor(as_json: bool, online: bool, **given: str | None) -> int:
    """Say what this machine can do, and the cure for what it can't; nothing is changed.

    In a blob store that is there already a small blob is written, read and removed.

    Ends with 0 if jobs can run here, else with 1.
    """
    try:
        findings = asyncio.run(look_at_all(build_settings(given), online=online))
    except WrongSettings as error:
        findings = [Finding("settings", Health.BROKEN, fault, "correct it") for fault in error.faults]
    jobs_can_run = all(finding.health is not Health.BROKEN for finding in findings)
    click.echo(_json(findings, jobs_can_run) if as_json else _lines(findings, jobs_can_run))
    return 0 if jobs_can_run else 1


def _lines(findings: Sequence[Finding], jobs_can_run: bool) -> str:
    lines: list[str] = []
    for finding in findings:
        lines.append(f"{_MARKS[finding.health]} {finding.name}: {finding.text}")
        if finding.cure:
            lines.append(f"    {finding.cure}")
    return "\n".join([*lines, "jobs can run here" if jobs_can_run else "jobs can't run here yet"])


def _json(findings: Sequence[Finding], jobs_can_run: bool) -> str:
    checks = [
        {"name": f.name, "status": f.health.value, "finding": f.text, "cure": f.cure or None}
        for f in findings
    ]
    return json.dumps({"jobs_can_run": jobs_can_run, "checks": checks}, ensure_ascii=False, indent=2)
