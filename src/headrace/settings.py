"""Settings of a process: from the command line, the environment (``HEADRACE_`` + name) or a default.

Built once, by ``cli``, and passed on as an argument. Instance and workspace settings, which change at
run time, live in the database.
"""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from headrace.errors import Misconfigured

_NO = False
_LEVELS = ("debug", "info", "warning", "error")
_USUAL_TAGS = ("python3", "dependency")
_DEDICATED = re.compile(r"[^:\s/]+:[fu](?:/[^\s:,]+)+")
_BLOB_STORE = re.compile(r"file:///\S*|(?:s3|gs|az)://[A-Za-z0-9][\w.-]*(?:/[^@?#\s]*)?")
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not listened on


class WrongSettings(Misconfigured):
    """Settings that can't be; ``faults`` are all of them, each a sentence without its full stop."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("settings: " + "; ".join(faults))
        self.faults = faults


class Secret(str):
    """A text that prints as ``***``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "***"

    def __str__(self) -> str:
        return "***"

    def __format__(self, wanted: str, /) -> str:
        return format("***", wanted)

    def reveal(self) -> str:
        """The text itself."""
        return str.__str__(self)


def _setting(default: Any, help_text: str) -> Any:
    if callable(default):
        return field(default_factory=default, metadata={"help": help_text})
    return field(default=default, metadata={"help": help_text})


def default_data_dir() -> Path:
    """Where data lie unless said otherwise: a system folder as root, else one in the user's home."""
    if os.geteuid() == 0:
        return Path("/var/lib/headrace")
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "headrace"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of ``headrace up``, ``server``, ``worker`` and ``migrate``."""

    host: str = _setting("127.0.0.1", "Address to listen on.")
    port: int = _setting(8000, "Port to listen on.")
    base_url: str | None = _setting(None, "Public URL of this installation; default: made of host and port.")
    data_dir: Path = _setting(default_data_dir, "Folder for everything that is kept on this machine.")
    database_url: Secret | None = _setting(
        None, "PostgreSQL to use (postgresql://…), 14 or newer, instead of the embedded one."
    )
    superadmin_token: Secret | None = _setting(
        None, "API token of the first superadmin; without it a password is made and printed once."
    )
    secret_key_file: Path | None = _setting(
        None, "File of the key that secrets are encrypted under; default: secret.key in the data folder."
    )
    secret_key: Secret | None = _setting(
        None, "The key that secrets are encrypted under, 32 bytes in base64, instead of a file of it."
    )
    workers: int = _setting(2, "How many jobs the worker of `headrace up` runs at once.")
    slots: int = _setting(2, "How many jobs a worker runs at once.")
    group: str = _setting("default", "Worker group this worker belongs to.")
    tags: tuple[str, ...] = _setting(
        (),
        "Tags of the jobs this worker takes; default: python3,dependency, or none where dedicated names"
        " scripts.",
    )
    dedicated: tuple[str, ...] = _setting(
        (),
        "Scripts whose jobs this worker takes and keeps processes for, each as workspace:path.",
    )
    isolation: str = _setting("auto", "How jobs are kept apart: auto, sandbox, process or none.")
    start_jobs_by: str = _setting(
        "fork",
        "How Python jobs are started: fork (of a loaded interpreter) or interpreter (a new one).",
    )
    shared_folders: tuple[str, ...] = _setting(
        (), "Folders of this machine that jobs in a sandbox see besides, with the rights of their uid."
    )
    open_files_limit: int = _setting(4096, "Most open files of a process of a job.")
    process_limit: int = _setting(1024, "Most processes and threads of a job, where they can be counted.")
    memory_limit_mb: int = _setting(0, "Most memory of a job, in MB; 0: the machine's own limits.")
    fork_server_memory_mb: int = _setting(
        0, "Most memory of all fork servers of a worker, in MB; 0: a quarter of the machine's."
    )
    cpu_limit_seconds: int = _setting(0, "Most CPU time of a process of a job, in seconds; 0: no limit.")
    file_size_limit_mb: int = _setting(0, "Largest file that a job may write, in MB; 0: no limit.")
    disk_limit_mb: int = _setting(
        2048, "Most that a job in a sandbox may put into its folder and /tmp, in MB; it lies in memory."
    )
    database_connections: int = _setting(10, "Most database connections of a server's requests.")
    python_version: str | None = _setting(
        None, "Python of scripts that ask for none, such as 3.12 or >=3.12; default: the worker's own."
    )
    python_interpreters: tuple[str, ...] = _setting(
        (), "Interpreters, or folders of them, that scripts may ask for besides those on PATH."
    )
    python_downloads: bool = _setting(_NO, "Whether a Python that is asked for may be downloaded.")
    python_mirror: str | None = _setting(None, "URL that Pythons are downloaded from instead of uv's own.")
    index_url: Secret | None = _setting(None, "Package index (PEP 503) instead of PyPI.")
    extra_index_urls: Secret | None = _setting(
        None, "More package indexes, separated by commas, asked before the other one."
    )
    index_trusted_hosts: tuple[str, ...] = _setting(
        (), "Hosts of package indexes whose certificates are not looked at."
    )
    index_ca_file: Path | None = _setting(
        None, "File of the certificate authorities (PEM) that package indexes are trusted by."
    )
    index_native_tls: bool = _setting(
        _NO, "Whether package indexes are trusted by the machine's certificate authorities."
    )
    find_links: tuple[str, ...] = _setting((), "Folders of wheels that packages are taken from, too.")
    build_limit_mb: int = _setting(
        10240, "Most that the build of packages without a wheel may put into its folder, in MB."
    )
    body_limit_mb: int = _setting(10, "Largest request body, in MB.")
    trusted_hosts: tuple[str, ...] = _setting(
        (), "Names that this installation is called by, besides that of base_url and addresses."
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (), "Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."
    )
    requests_per_second: int = _setting(
        0, "Most requests in a second with one token, or from one address without a token; 0: no limit."
    )
    logins_per_minute: int = _setting(
        30, "Most attempts to sign in within a minute from one address; 0: no limit."
    )
    most_waits: int = _setting(1000, "Most requests of one server that wait for a job at once.")
    most_waits_of_one: int = _setting(100, "Most of them by one user.")
    most_streams: int = _setting(20_000, "Most event streams of one server that are open at once.")
    most_streams_of_one: int = _setting(1000, "Most event streams by one user.")
    result_limit_mb: int = _setting(100, "Largest result of a job, in MB.")
    log_limit_mb: int = _setting(1024, "Largest log of a job, in MB; what is beyond is counted and dropped.")
    blob_store: str | None = _setting(
        None,
        "Where large results, long logs and files lie: a URL such as s3://bucket/prefix, gs://bucket/prefix,"
        " az://container/prefix or file:///folder; default: the folder blobs in data_dir.",
    )
    blob_endpoint: str | None = _setting(
        None, "URL of the service behind blob_store, where it is not that of AWS, Google or Azure."
    )
    blob_region: str | None = _setting(None, "Region of the bucket of blob_store (S3).")
    blob_access_key: Secret | None = _setting(
        None, "Access key of blob_store (S3), or name of its account (Azure)."
    )
    blob_secret_key: Secret | None = _setting(
        None,
        "Secret key of blob_store (S3), key of its account (Azure) or of its service account (Google, JSON).",
    )
    blob_threshold_kb: int = _setting(
        1024, "Largest result that is kept in the database, in kB; larger ones go to blob_store."
    )
    blob_patience_seconds: float = _setting(
        60.0,
        "How long a worker tries to store a large result in blob_store, in seconds, before it puts it into"
        " the database.",
    )
    file_limit_mb: int = _setting(1024, "Largest file of a workspace, in MB.")
    environment_cache_gb: float = _setting(
        20.0, "Room for the packages that jobs import, in GB; beyond it the longest unused ones are removed."
    )
    download_cache_gb: float = _setting(
        10.0, "Room for what was downloaded to install them, in GB; beyond it that is emptied."
    )
    job_timeout_seconds: int = _setting(604800, "Longest time any job may run, in seconds.")
    wait_result_seconds: float = _setting(20.0, "How long a synchronous call waits for a result, in seconds.")
    queue_limit_wait_result: int | None = _setting(
        None,
        "Most jobs of a workspace and tag that may wait when a synchronous call comes; beyond it the call is"
        " refused.",
    )
    include_headers: tuple[str, ...] = _setting(
        (), "Headers of each call of a script that become arguments, as by include_header."
    )
    grace_seconds: float = _setting(
        5.0, "Time between SIGTERM and SIGKILL for a job being stopped, in seconds."
    )
    drain_seconds: float = _setting(300.0, "How long a worker told to end waits for its jobs, in seconds.")
    lease_seconds: float = _setting(
        30.0,
        "How long a worker may be unheard of before its jobs are given to others, in seconds; the same for"
        " all servers and workers of one database.",
    )
    renewal_seconds: float = _setting(5.0, "How often a worker renews its lease, in seconds.")
    rescue_seconds: float = _setting(
        5.0, "How often jobs of lost workers, and a lost leader, are looked for, in seconds."
    )
    log_level: str = _setting("info", "Least of what is logged: debug, info, warning or error.")

    def __post_init__(self) -> None:
        faults = [
            f"{name} must be {rule}"
            for name, rule, holds in (
                ("host", "an address or a name", bool(self.host)),
                ("port", "between 0 and 65535", 0 <= self.port <= 65535),
                ("base_url", "a URL that begins with http:// or https://",
                 self.base_url is None or re.match(r"https?://[^/\s]+", self.base_url) is not None),
                ("database_url", "a URL that begins with postgresql://",
                 self.database_url is None or self.database_url.startswith(("postgresql://", "postgres://"))),
                ("superadmin_token", "printable ASCII without spaces",
                 self.superadmin_token is None or re.fullmatch(r"[!-~]+", self.superadmin_token) is not None),
                ("secret_key", "left out where secret_key_file is given",
                 self.secret_key is None or self.secret_key_file is None),
                ("workers", "between 1 and 100", 1 <= self.workers <= 100),
                ("slots", "between 1 and 100", 1 <= self.slots <= 100),
                ("database_connections", "at least 2", self.database_connections >= 2),
                ("index_url", "a URL",
                 self.index_url is None or re.match(r"[a-z]+://\S+$", self.index_url) is not None),
                ("extra_index_urls", "URLs", self.extra_index_urls is None
                 or re.fullmatch(r"(?:[,\s]*[a-z]+://[^,\s]+)+[,\s]*", self.extra_index_urls) is not None),
                ("start_jobs_by", "fork or interpreter", self.start_jobs_by in ("fork", "interpreter")),
                ("shared_folders", "absolute paths",
                 all(folder.startswith("/") for folder in self.shared_folders)),
                ("open_files_limit", "at least 16", self.open_files_limit >= 16),
                ("process_limit", "at least 1", self.process_limit >= 1),
                ("memory_limit_mb", "at least 0", self.memory_limit_mb >= 0),
                ("fork_server_memory_mb", "at least 0", self.fork_server_memory_mb >= 0),
                ("cpu_limit_seconds", "at least 0", self.cpu_limit_seconds >= 0),
                ("file_size_limit_mb", "at least 0", self.file_size_limit_mb >= 0),
                ("disk_limit_mb", "at least 1", self.disk_limit_mb >= 1),
                ("build_limit_mb", "at least 1", self.build_limit_mb >= 1),
                ("body_limit_mb", "at least 1", self.body_limit_mb >= 1),
                ("trusted_proxies", "addresses or networks", all(map(_is_network, self.trusted_proxies))),
                ("requests_per_second", "at least 0", self.requests_per_second >= 0),
                ("logins_per_minute", "at least 0", self.logins_per_minute >= 0),
                ("most_waits", "at least 1", self.most_waits >= 1),
                ("most_waits_of_one", "at least 1", self.most_waits_of_one >= 1),
                ("most_streams", "at least 1", self.most_streams >= 1),
                ("most_streams_of_one", "at least 1", self.most_streams_of_one >= 1),
                ("result_limit_mb", "at least 1", self.result_limit_mb >= 1),
                ("log_limit_mb", "at least 1", self.log_limit_mb >= 1),
                ("blob_store", "a URL that begins with file:///, s3://, gs:// or az://, without credentials",
                 self.blob_store is None or _BLOB_STORE.fullmatch(self.blob_store) is not None),
                ("blob_endpoint", "a URL that begins with http:// or https://, without credentials",
                 self.blob_endpoint is None
                 or re.fullmatch(r"https?://[^@\s]+", self.blob_endpoint) is not None),
                ("blob_threshold_kb", "at least 1", self.blob_threshold_kb >= 1),
                ("blob_patience_seconds", "at least 0", self.blob_patience_seconds >= 0),
                ("file_limit_mb", "at least 1", self.file_limit_mb >= 1),
                ("environment_cache_gb", "at least 0", self.environment_cache_gb >= 0),
                ("download_cache_gb", "at least 0", self.download_cache_gb >= 0),
                ("job_timeout_seconds", "at least 1", self.job_timeout_seconds >= 1),
                ("wait_result_seconds", "positive", self.wait_result_seconds > 0),
                ("queue_limit_wait_result", "at least 0",
                 self.queue_limit_wait_result is None or self.queue_limit_wait_result >= 0),
                ("isolation", "auto, sandbox, process or none",
                 self.isolation in ("auto", "sandbox", "process", "none")),
                ("dedicated", "scripts, each as workspace:path",
                 all(_DEDICATED.fullmatch(script) for script in self.dedicated)),
                ("grace_seconds", "at least 0", self.grace_seconds >= 0),
                ("drain_seconds", "at least 0", self.drain_seconds >= 0),
                ("lease_seconds", "at least 1", self.lease_seconds >= 1),
                ("renewal_seconds", "positive and less than a third of lease_seconds",
                 0 < self.renewal_seconds < self.lease_seconds / 3),
                ("rescue_seconds", "positive", self.rescue_seconds > 0),
                ("log_level", "debug, info, warning or error", self.log_level in _LEVELS),
            )
            if not holds
        ]  # fmt: skip
        if faults:
            raise WrongSettings(faults)

    @property
    def served_tags(self) -> tuple[str, ...]:
        """All tags whose jobs a worker takes."""
        return tuple(dict.fromkeys((*self.tags, *self.dedicated))) or _USUAL_TAGS

    @property
    def url(self) -> str:
        """Where this installation is reached, without a slash at the end."""
        host = _ANY_ADDRESS.get(self.host, self.host)
        return (self.base_url or f"http://{f'[{host}]' if ':' in host else host}:{self.port}").rstrip("/")


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def describe_settings() -> dict[str, tuple[str, str]]:
    """Name → (default, sentence) of every setting, for the documentation."""
    described: dict[str, tuple[str, str]] = {}
    defaults = Settings()
    for item in fields(Settings):
        match getattr(defaults, item.name):
            case None | Path():
                default = ""
            case tuple() as words:
                default = ",".join(words)
            case bool() as truth:
                default = str(truth).lower()
            case value:
                default = f"{value:g}" if isinstance(value, float) else str(value)
        described[item.name] = (default, item.metadata["help"])
    return described
