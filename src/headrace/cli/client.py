"""A client of the API, for the commands that speak to a running server."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx

from headrace import errors
from headrace.cli.bootstrap import read_client_file
from headrace.settings import Secret

URL, TOKEN, WORKSPACE = "HEADRACE_URL", "HEADRACE_TOKEN", "HEADRACE_WORKSPACE"

_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_MOST_FAILURES = 10
"""So many times in a row a question about a job may fail for want of a server: it may be starting again."""
_PAUSE_SECONDS = 0.5
_MOST_CHARACTERS = 2000
_MAIN, _FUNCTION = "main", "entrypoint_function"
"""The function that a job calls, and the field of a preview that names another one."""
_JSON = {"Content-Type": "application/json"}
_REFUSALS: dict[int, type[errors.HeadraceError]] = {
    HTTPStatus.FORBIDDEN: errors.PermissionDenied,
    HTTPStatus.NOT_FOUND: errors.NotFound,
    HTTPStatus.CONFLICT: errors.Conflict,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: errors.TooLarge,
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, who asks, and which workspace is meant."""

    url: str
    token: Secret
    workspace: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended, and its result as it came."""

    is_success: bool
    result: Any


def find_address(data_dir: Path, environ: Mapping[str, str] = os.environ) -> Address:
    """The address from the environment, and what is missing there from what `headrace up` left.

    The token that it left goes to the server that it started and to no other. Raises Misconfigured
    with what to set.
    """
    left = read_client_file(data_dir)
    url = (environ.get(URL) or left.get("url") or "").rstrip("/")
    token = environ.get(TOKEN) or (left.get("token") if url == left.get("url") else None)
    workspace = environ.get(WORKSPACE) or left.get("workspace")
    named = ((URL, url), (TOKEN, token), (WORKSPACE, workspace))
    missing = [name for name, value in named if not value]
    if missing or token is None or workspace is None:
        raise errors.Misconfigured(
            f"nothing says which server to ask: set {', '.join(missing)}, or run `headrace up` on this"
            f" machine (it leaves its address in {data_dir}, for whoever may read it there)"
        )
    return Address(url, Secret(token), workspace)


class Client:
    """Asks one server about one workspace; to be used in ``async with``.

    Every method raises NotAuthenticated, PermissionDenied, NotFound, Conflict, TooLarge or InvalidInput
    with the server's own sentence, and Unavailable where no server answers.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._base = f"/api/w/{quote(address.workspace, safe='')}"
        try:
            self._http = httpx.AsyncClient(
                base_url=address.url,
                headers={"Authorization": f"Bearer {address.token.reveal()}"},
                timeout=_TIMEOUT,
                # A proxy for the world outside knows nothing of the servers on this machine.
                trust_env=not is_loopback(address.url),
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise errors.Misconfigured(f"{URL} or {TOKEN} can't be used: {error}") from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def start_script(self, path: str, args: bytes, *, tag: str | None = None) -> str:
        """Run a deployed script with ``args``, a JSON object; the job's id."""
        query = {"skip_preprocessor": "true"} | ({"tag": tag} if tag else {})
        return await self.post(f"jobs/run/p/{quote(path)}", args, **query)

    async def start_preview(
        self,
        content: str,
        args: bytes,
        *,
        path: str | None = None,
        tag: str | None = None,
        function: str | None = None,
    ) -> str:
        """Run Python source as it is; ``path`` is where its relative imports count from. The job's id.

        ``function`` is called in place of ``main``; raises InvalidInput where the server can't do that.
        """
        fields = {"content": content, "language": "python3", "path": path, "tag": tag}
        if function not in (None, _MAIN):
            fields[_FUNCTION] = function
            await self._require_preview_of_functions()
        # The arguments go out as they came, so that no number in them changes.
        body = json.dumps(fields).encode()[:-1] + b', "args": ' + args + b"}"
        return await self.post("jobs/run/preview", body)

    async def follow(self, job: str) -> AsyncIterator[str]:
        """A job's log, piece by piece as it grows, until the job has ended."""
        offset, is_running, is_over = 0, False, False
        while not is_over:
            update = await self._patiently(
                f"jobs_u/getupdate/{quote(job)}", log_offset=offset, running=is_running
            )
            is_running, offset = update["running"], update["log_offset"]
            if new_logs := update.get("new_logs"):
                yield new_logs
            is_over = update["completed"] and not new_logs

    async def result(self, job: str) -> Ended | None:
        """How a job ended; None where it has not."""
        answer = await self._patiently(f"jobs_u/completed/get_result_maybe/{quote(job)}")
        return Ended(answer["success"], answer["result"]) if answer["completed"] else None

    async def cancel(self, job: str, reason: str) -> bool:
        """Stop a job; False where it has ended already."""
        try:
            await self.post(f"jobs_u/queue/cancel/{quote(job)}", json.dumps({"reason": reason}).encode())
        except errors.NotFound:
            return False
        return True

    async def get(self, route: str, **query: Any) -> Any:
        """The JSON that a route of the workspace answers with."""
        return _json_of(await self._ask("GET", f"{self._base}/{route}", params=query))

    async def post(self, route: str, body: bytes, **query: Any) -> str:
        """Send JSON to a route of the workspace; the text that it answers with."""
        answer = await self._ask("POST", f"{self._base}/{route}", params=query, content=body, headers=_JSON)
        return answer.text

    def url_of(self, job: str) -> str:
        """Where all that is known of a job can be read as JSON."""
        return f"{self._address.url}{self._base}/jobs_u/get/{job}"

    async def _require_preview_of_functions(self) -> None:
        """A server that does not know the field would ignore it, and run ``main``."""
        if _FUNCTION not in (await self._description())["components"]["schemas"]["Preview"]["properties"]:
            raise errors.InvalidInput(
                "function", f"the server at {self._address.url} is too old to run another one than {_MAIN}"
            )

    async def _description(self) -> Any:
        return _json_of(await self._ask("GET", "/api/openapi.json"))

    async def _patiently(self, route: str, **query: Any) -> Any:
        failures = 0
        while True:
            try:
                return await self.get(route, **query)
            except errors.Unavailable:
                failures += 1
                if failures == _MOST_FAILURES:
                    raise
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        url = self._address.url
        try:
            answer = await self._http.request(method, path, **options)
        except httpx.ConnectError:
            raise errors.Unavailable(f"no server answers at {url}; is `headrace up` running?") from None
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise errors.Misconfigured(f"{URL} can't be used: {error}") from None
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            raise errors.Unavailable(f"the server at {url} does not answer as it should: {reason}") from None
        if not answer.is_success:
            raise _refusal(answer, url)
        return answer


def _json_of(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        raise errors.Misconfigured(
            f"what answers at {answer.url.copy_with(raw_path=b'/')} is no Headrace: set {URL} to one"
        ) from None


def is_loopback(url: str) -> bool:
    """Whether a URL is of this machine, whose servers no proxy knows."""
    host = httpx.URL(url).host
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _refusal(answer: httpx.Response, url: str) -> errors.HeadraceError:
    status, text = answer.status_code, answer.text.strip()[:_MOST_CHARACTERS]
    if status == HTTPStatus.BAD_REQUEST:
        field, _, problem = text.partition(": ")
        return errors.InvalidInput(field, problem) if problem else errors.InvalidInput("request", text)
    if status == HTTPStatus.UNAUTHORIZED:
        return errors.NotAuthenticated(f"the server at {url} does not accept the token: {text}")
    if kind := _REFUSALS.get(status):
        return kind(text)
    return errors.Unavailable(f"the server at {url} answered with status {status}: {text}")
