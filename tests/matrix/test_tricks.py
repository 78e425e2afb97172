"""Ways around the rules: odd addresses, odd headers, tokens made by hand. None tells or changes anything."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING

from tests.ground.people import WORKSPACE
from tests.matrix.table import CANARY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.matrix.asking import Answer
    from tests.matrix.trial import Trial

HERE = f"/api/w/{WORKSPACE}"
NAMED = (
    ("GET", "scripts/get/p/", "script"),
    ("GET", "scripts/raw/p/", "script.py"),
    ("GET", "resources/get_value_interpolated/", "resource"),
    ("GET", "variables/get_value/", "variable"),
    ("POST", "jobs/run/p/", "script"),
    ("DELETE", "resources/delete/", "resource"),
)
"""What is asked for by path, and what lies in the folder ``team``."""
TWISTED = (
    "f/team/{}", "f/te%61m/{}", "f%2fteam%2f{}", "%66/team/{}", "f/tea/../team/{}", "f/tea/%2e%2e/team/{}",
    "f/tea/%252e%252e/team/{}", "f/tea/..%2fteam/{}", "f/tea/..%5cteam%5c{}", "f//team/{}", "/f/team/{}",
    "f/./team/{}", "f/team//{}", "f/team/{}/", "f/team/{}.", "f/team/{}%20", "%20f/team/{}", "f/team/{};x=1",
    "f/team;x=1/{}", "F/team/{}", "f/Team/{}", "f/t%D0%B5am/{}", "%EF%BD%86/team/{}", "f/te%CC%81am/{}",
    "f/%25/{}", "f/te_m/{}", "f/te%25m/{}", "f/*/{}", "f/te%E2%80%8Bam/{}", "f/team/{}%00",
    "f/team/{}%0d%0aX:1", "u/stranger/../../f/team/{}", "f/TEAM/../team/{}",
)  # fmt: skip
ELSEWHERE = (
    "/api/w/ACME/", "/api/w/Acme/", "/api/w/acme%20/", "/api/w/%20acme/", "/api/w/acm_/", "/api/w/%25/",
    "/api/w/other/../acme/", "/api/w/other%2f..%2facme/", "/api/w/other/%2e%2e/acme/", "/api/w/acme;x/",
    "/api/w/acme./", "/api/w//acme/", "/api/w/./acme/", "/api//w/acme/", "//api/w/acme/", "/API/w/acme/",
    "/api/W/acme/", "/api/w/%D0%B0cme/", "/api/w/acme%00/", "/api/w/acme%0d%0aX:1/", "/w/acme/", "/api/w/*/",
)  # fmt: skip
PUBLIC_LOOKS = (
    "/api/version/../users/whoami", "/api/version%2f..%2fusers%2fwhoami", "/api/version;/users/whoami",
    "/api/openapi.json/../settings/list_global", "/api/docs/../settings/list_global",
    "/api/docs/x/..%2f..%2fsettings%2flist_global", "/api/health/status/../detailed",
    "/api/.well-known/../users/whoami", "/api/auth/login/../../users/whoami",
    f"{HERE}/s3_proxy/../scripts/list", f"{HERE}/s3_proxy/_default_/team/file.txt",
    f"{HERE}/s3_proxy/_default_/team/file.txt?exp=4102444800&sig=",
    f"{HERE}/s3_proxy/_default_/team/file.txt?exp=0&sig=0",
    f"{HERE}/s3_proxy/_default_/team/%66ile.txt?exp=4102444800&sig={'A' * 43}",
    f"{HERE}/jobs_u/get/../../scripts/list", "/api/users/whoami?token=", "/api/users/whoami#/api/version",
)  # fmt: skip
METHODS = ("HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "PROPFIND", "get", "POST")
HEADERS = (
    {"x-original-url": "/api/version"}, {"x-rewrite-url": "/api/version"},
    {"x-forwarded-prefix": "/api/version"}, {"x-http-method-override": "GET"}, {"x-forwarded-user": "admin"},
    {"x-remote-user": "admin@acme.test"}, {"x-forwarded-for": "127.0.0.1"},
    {"cookie": "token="}, {"cookie": "token=admin; user=admin"},
    {"authorization": "Basic YWRtaW46YWRtaW4="}, {"authorization": "Bearer"},
    {"authorization": "bearer null"},
)  # fmt: skip


async def test_no_twisted_address_leads_to_what_is_not_yours(trial: Trial):
    stranger, foreign = trial.world.tokens["stranger"], trial.world.tokens["foreign"]
    for method, route, name in NAMED:
        for twisted in TWISTED:
            await refused(trial, method, f"{HERE}/{route}{twisted.format(name)}", stranger)
    for beginning in ELSEWHERE:
        for route in ("scripts/list", "scripts/get/p/f/team/script", "users/whoami"):
            await refused(trial, "GET", beginning + route, foreign)


async def test_nobody_is_let_in_by_an_odd_address_method_or_header(trial: Trial):
    for address in PUBLIC_LOOKS:
        await refused(trial, "GET", address, None)
    for method in METHODS:
        await refused(trial, method, f"{HERE}/scripts/list", trial.world.tokens["owner"])
        await refused(trial, method, f"{HERE}/scripts/get/p/f/team/script", trial.world.tokens["stranger"])
    for headers in HEADERS:
        await refused(trial, "GET", f"{HERE}/scripts/list", None, headers)
        await refused(trial, "POST", f"{HERE}/jobs/run/p/f/team/script", None, headers)


async def test_a_token_made_by_hand_is_none(trial: Trial):
    for token in forged(trial):
        assert (await refused(trial, "GET", f"{HERE}/users/whoami", token)).status == 401, token
        assert (await refused(trial, "GET", "/api/users/whoami", token)).status == 401, token


async def refused(
    trial: Trial, method: str, address: str, token: str | None, headers: Mapping[str, str] | None = None
) -> Answer:
    body = b"{}" if method == "POST" else b""
    answer, changed = await trial.trick(method, address, token, body, headers)
    assert answer.status in (400, 401, 403, 404, 405), f"{method} {address} {headers}: {answer}"
    assert CANARY not in answer.text, address
    assert not changed, address
    assert not {"set-cookie", "location"} & answer.headers.keys(), address
    assert not any("\r" in value or "\n" in value for value in answer.headers.values()), address
    return answer


def forged(trial: Trial) -> list[str]:
    """Tokens that are nearly good ones."""
    held = {name: token or "" for name, token in trial.world.tokens.items()}
    admin, (prefix, job, attempt, secret) = held["admin"], held["job"].split("_")
    _, ended_job, _, ended_secret = held["ended_job"].split("_")
    other_job = held["admin_job"].split("_")[1]
    claims = {"email": "admin@acme.test", "sub": "admin", "job_id": job, "exp": 4102444800}
    unsigned = ".".join(_jwt(part) for part in ({"alg": "none", "typ": "JWT"}, claims)) + "."
    return [
        admin[:-1], admin + "0", "0" + admin, admin[:10], admin[::-1],
        hashlib.sha256(admin.encode()).hexdigest(), "' or '1'='1", "%", "_" * len(admin), "null", "undefined",
        unsigned, f"jwt_{unsigned}", f"{admin}, {admin}", f"{admin};", f"{admin}/../{admin}",
        f"{prefix}_{job}_{int(attempt) + 1}_{secret}", f"{prefix}_{job}_0_{secret}",
        f"{prefix}_{job}_{secret}", f"{prefix}_{other_job}_{attempt}_{secret}",
        f"{prefix}_{ended_job}_{attempt}_{secret}",
        f"{prefix}_{job}_{attempt}_{ended_secret}",
        f"{prefix}_{job}_{attempt}_{'0' * len(secret)}",
        f"{prefix}_{job}_{attempt}_", f"{prefix}_{job}_-{attempt}_{secret}",
    ]  # fmt: skip


def _jwt(part: Mapping[str, str | int]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
