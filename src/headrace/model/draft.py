"""Drafts: what somebody is writing and has not deployed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class DraftKind(StrEnum):
    """What can be drafted: the contract's ``UserDraftItemKind``."""

    SCRIPT = "script"
    FLOW = "flow"
    APP = "app"
    RAW_APP = "raw_app"
    RESOURCE = "resource"
    VARIABLE = "variable"
    DATA_PIPELINE = "data_pipeline"
    TRIGGER_AMQP = "trigger_amqp"
    TRIGGER_AZURE = "trigger_azure"
    TRIGGER_CLI = "trigger_cli"
    TRIGGER_DEFAULT_EMAIL = "trigger_default_email"
    TRIGGER_EMAIL = "trigger_email"
    TRIGGER_GCP = "trigger_gcp"
    TRIGGER_GITHUB = "trigger_github"
    TRIGGER_GOOGLE = "trigger_google"
    TRIGGER_HTTP = "trigger_http"
    TRIGGER_KAFKA = "trigger_kafka"
    TRIGGER_MQTT = "trigger_mqtt"
    TRIGGER_NATS = "trigger_nats"
    TRIGGER_NEXTCLOUD = "trigger_nextcloud"
    TRIGGER_POLL = "trigger_poll"
    TRIGGER_POSTGRES = "trigger_postgres"
    TRIGGER_SCHEDULE = "trigger_schedule"
    TRIGGER_SQS = "trigger_sqs"
    TRIGGER_WEBHOOK = "trigger_webhook"
    TRIGGER_WEBSOCKET = "trigger_websocket"


SHARED = frozenset({DraftKind.SCRIPT, DraftKind.FLOW, DraftKind.APP, DraftKind.RAW_APP})
"""Kinds whose drafts admins see and remove, too; others may hold secrets. A policy says the same."""


def members_of(value: str) -> dict[str, Any]:
    """The members of a JSON text that has been checked; none where it is no object."""
    parsed: Any = json.loads(value)
    return parsed if isinstance(parsed, dict) else {}


@dataclass(frozen=True, slots=True)
class Draft:
    """One user's draft of one item. ``value`` is a JSON text; ``base`` the version that it began from."""

    kind: DraftKind
    path: str
    email: str
    username: str
    value: str
    base: str | None
    saved_at: datetime

    def members(self) -> dict[str, Any]:
        """The value's members; none where it is no object."""
        return members_of(self.value)


@dataclass(frozen=True, slots=True)
class DraftEntry:
    """A draft as lists show it. ``draft_only``: nothing is deployed at its path; the rest its text says."""

    kind: DraftKind
    path: str
    email: str
    username: str
    saved_at: datetime
    draft_only: bool
    summary: str | None
    draft_path: str | None
    language: str | None
