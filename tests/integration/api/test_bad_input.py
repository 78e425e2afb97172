"""Every entrance refuses what it can't take: with a 4xx and a sentence that names the field."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import httpx

from tests.integration.api.callers import MAIN, NOBODYS_JOB, Api, deploy, in_workspace

PATH = "u/alice/script"

# What a body may not be, and a word of the sentence that refuses it.
BAD_JSON = {
    "cut short": (b'{"x": ', "line 1"),
    "not JSON": (b"x=1", "not valid JSON"),
    "two values": (b"{} {}", "not valid JSON"),
    "single quotes": (b"{'x': 1}", "not valid JSON"),
    "trailing comma": (b'{"x": 1,}', "not valid JSON"),
    "NaN": (b'{"x": NaN}', "NaN"),
    "infinity": (b'{"x": -Infinity}', "Infinity"),
    "too large a number": (b'{"x": 1e400}', "exponent"),
    "hidden exponent": (b'{"x": 1e00000000000000000400}', "exponent"),
    "number bomb": (b'{"x": 1e131071}', "exponent"),
    "just too large": (b'{"x": 1797693134862315900e290}', "too large"),
    "too many digits": (b'{"x": ' + b"9" * 5000 + b"}", "digits"),
    "too deep": (b'{"x": ' + b"[" * 600 + b"]" * 600 + b"}", "deeper"),
    "far too deep": (b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "deeper"),
    "NUL": (b'{"x": "a\\u0000b"}', "NUL"),
    "NUL in a key": (b'{"a\\u0000b": 1}', "NUL"),
    "raw NUL": (b'{"x": "a\x00b"}', "not valid JSON"),
    "half a surrogate pair": (b'{"x": "\\ud800"}', "surrogate"),
    "half a pair in a key": (b'{"\\uDFFF": 1}', "surrogate"),
    "not UTF-8": (b'{"x": "\xff"}', "UTF-8"),
    "a surrogate in UTF-8": (b'{"x": "\xed\xa0\x80"}', "UTF-8"),
    "UTF-16": ('{"x": 1}'.encode("utf-16"), "UTF-8"),
    "a name that stands twice": (b'{"x": 1, "y": [{"a": 1, "\\u0061": 2}]}', "'a' twice"),
    "byte order mark": (b'\xef\xbb\xbf{"x": 1}', "not valid JSON"),
}

# Every route that takes a body.
ENTRANCES = [
    "/auth/login",
    "/users/tokens/create",
    "/workspaces/create",
    "/workspaces/exists",
    in_workspace("folders/create"),
    in_workspace("scripts/create"),
    in_workspace("resources/create"),
    in_workspace("resources/update_value/u/alice/r"),
    in_workspace("resources/update/u/alice/r"),
    in_workspace("resources/type/create"),
    in_workspace("resources/type/update/t"),
    in_workspace("variables/create"),
    in_workspace("variables/update/u/alice/v"),
    in_workspace("variables/encrypt"),
    in_workspace("workspaces/set_environment_variable"),
    in_workspace(f"jobs/run/p/{PATH}"),
    in_workspace("jobs/run/h/0123456789abcdef"),
    in_workspace("jobs/run/preview"),
    in_workspace("jobs/run/dependencies"),
    in_workspace("jobs/run/dependencies_async"),
    in_workspace(f"jobs/run_wait_result/p/{PATH}"),
    in_workspace(f"jobs_u/queue/cancel/{NOBODYS_JOB}"),
    in_workspace(f"jobs_u/queue/force_cancel/{NOBODYS_JOB}"),
    in_workspace(f"jobs_u/queue/cancel_persistent/{PATH}"),
]


def assert_refused(answer: httpx.Response, *words: str, status: int = 400) -> None:
    """One sentence as plain text, with these words, and nothing of our insides."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    assert [word for word in words if word not in answer.text] == [], answer.text
    assert len(answer.text.splitlines()) == 1
    insides = ("Traceback", "asyncpg", "pydantic", "select ", "insert ", "headrace_")
    assert [word for word in insides if word in answer.text] == []


async def test_no_entrance_takes_bad_json(api: Api):
    for entrance in ENTRANCES:
        for name, (body, word) in BAD_JSON.items():
            answer = await api.superadmin.post(
                entrance, content=body, headers={"Content-Type": "application/json"}
            )
            print(entrance, name)
            assert_refused(answer, "body: ", word)


async def test_no_entrance_takes_a_body_beyond_the_limit(api: Api):
    body = json.dumps({"x": "a" * 1024**2}).encode()
    for entrance in ENTRANCES:
        answer = await api.alice.post(entrance, content=body)
        assert_refused(answer, "body: ", "1 MB", "body_limit_mb", status=413)


NO_OBJECTS = [b"[]", b'"text"', b"null", b"1"]


async def test_an_entrance_with_fields_takes_objects_only(api: Api):
    for body in NO_OBJECTS:
        for entrance in ENTRANCES:
            if not any(part in entrance for part in ("/jobs/run", "cancel", "encrypt")):
                answer = await api.superadmin.post(entrance, content=body)
                assert_refused(answer, "body: ")


async def test_a_form_of_a_foreign_page_is_refused(api: Api):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = await api.superadmin.post(
            "/workspaces/create", content=b'{"id": "x", "name": "x"}', headers={"Content-Type": kind}
        )
        assert_refused(answer, "Content-Type")


def new_script(**fields: Any) -> dict[str, Any]:
    return {"path": PATH, "content": MAIN, "language": "python3", **fields}


def new_resource(**fields: Any) -> dict[str, Any]:
    return {"path": "u/alice/r", "resource_type": "any", "value": 1, **fields}


def new_preview(**fields: Any) -> dict[str, Any]:
    return {"content": MAIN, "language": "python3", "args": {}, **fields}


BAD_PATHS = [
    "",
    "script",
    "u/alice",
    "u/alice/",
    "/u/alice/x",
    "u//x",
    "x/alice/y",
    "u/alice/../bob/y",
    "u/alice/.hidden",
    "u/alice/a b",
    "u/alice/\u0430",  # a Cyrillic letter
    "u/alice/é",
    "u/alice/%2e%2e",
    "u/alice/a\nb",
    "u/alice/x;drop table script",
    "u/alice/" + "x" * 250,
]

BAD_FIELDS: list[tuple[str, dict[str, Any], str]] = [
    *((in_workspace("scripts/create"), new_script(path=path), "path: ") for path in BAD_PATHS),
    *((in_workspace("resources/create"), new_resource(path=path), "path: ") for path in BAD_PATHS),
    *((in_workspace("jobs/run/preview"), new_preview(path=path), "path: ") for path in BAD_PATHS[1:]),
    (in_workspace("scripts/create"), {"content": MAIN, "language": "python3"}, "path: "),
    (in_workspace("scripts/create"), {"path": PATH, "language": "python3"}, "content: "),
    (in_workspace("scripts/create"), new_script(content=1), "content: "),
    (in_workspace("scripts/create"), new_script(content="def main(:\n"), "line 1, column 10"),
    (in_workspace("scripts/create"), new_script(content="x = 1\n  y = 2\n"), "line 2, column"),
    (in_workspace("scripts/create"), new_script(content="(" * 5000), "content: "),
    (in_workspace("scripts/create"), new_script(content="-" * 200_000 + "1"), "content: "),
    (in_workspace("scripts/create"), new_script(language="cobol"), "language: "),
    (in_workspace("scripts/create"), new_script(kind="odd"), "kind: "),
    (in_workspace("scripts/create"), new_script(parent_hash="xyz"), "parent_hash: "),
    (in_workspace("scripts/create"), new_script(parent_hash="0" * 16), "parent_hash: "),
    (in_workspace("scripts/create"), new_script(schema=[]), "schema: "),
    (in_workspace("scripts/create"), new_script(timeout=-1), "timeout: "),
    (in_workspace("scripts/create"), new_script(timeout=2**63), "timeout: "),
    (in_workspace("scripts/create"), new_script(priority=101), "priority: "),
    (in_workspace("scripts/create"), new_script(concurrent_limit=2**31), "concurrent_limit: "),
    (in_workspace("scripts/create"), new_script(tag="two words"), "tag: "),
    (in_workspace("scripts/create"), new_script(tag=""), "tag: "),
    (in_workspace("scripts/create"), new_script(envs=["no equals sign"]), "envs.0: "),
    (in_workspace("scripts/create"), new_script(on_behalf_of="u/bob"), "on_behalf_of: "),
    (in_workspace("scripts/create"), new_script(job_token_scopes=["x"]), "job_token_scopes: "),
    (in_workspace("resources/create"), {"path": "u/alice/r"}, "resource_type: "),
    (in_workspace("resources/create"), new_resource(resource_type=""), "resource_type: "),
    (in_workspace("jobs/run/preview"), {}, "content: "),
    (in_workspace("jobs/run/preview"), new_preview(content="def main(:\n"), "line 1, column 10"),
    (in_workspace("jobs/run/preview"), new_preview(content="x = 1"), "no function named main"),
    (in_workspace("jobs/run/preview"), new_preview(args=[1]), "args: "),
    (in_workspace("jobs/run/preview"), new_preview(language="cobol"), "language: "),
    (in_workspace("jobs/run/preview"), new_preview(tag="a\tb"), "tag: "),
    (in_workspace("jobs/run/dependencies"), {}, "raw_scripts: "),
    (in_workspace("jobs/run/dependencies"), {"raw_scripts": []}, "raw_scripts: "),
    (in_workspace("jobs/run/dependencies"), {"raw_scripts": [{}]}, "raw_scripts.0.raw_code: "),
    (in_workspace("jobs/run/dependencies"), {"raw_scripts": [{"raw_code": "", "language": 1}]}, "language: "),
    (
        in_workspace("jobs/run/dependencies_async"),
        {"raw_scripts": [{"raw_code": "", "script_path": "../x"}]},
        "script_path: ",
    ),
    (in_workspace("folders/create"), {}, "name: "),
    (in_workspace("folders/create"), {"name": "a/b"}, "name: "),
    (in_workspace("folders/create"), {"name": "x" * 51}, "name: "),
    (in_workspace("folders/create"), {"name": "x", "owners": ["alice"]}, "owners.0: "),
    (in_workspace("folders/create"), {"name": "x", "owners": ["u/a,f/b"]}, "owners.0: "),
    (in_workspace("folders/create"), {"name": "x", "extra_perms": {"alice": True}}, "extra_perms: "),
    (in_workspace("folders/create"), {"name": "x", "extra_perms": {"u/bob": "odd"}}, "extra_perms.u/bob: "),
    ("/users/tokens/create", {"label": "x" * 201}, "label: "),
    ("/users/tokens/create", {"expiration": "soon"}, "expiration: "),
    ("/users/tokens/create", {"expiration": "infinity"}, "expiration: "),
    ("/users/tokens/create", {"expiration": "2030-01-01T00:00:00"}, "expiration: "),
    ("/users/tokens/create", {"expiration": "0001-01-01T00:00:00Z"}, "expiration: "),
    ("/users/tokens/create", {"expiration": "9999-12-31T23:59:59-12:00"}, "expiration: "),
    ("/users/tokens/create", {"expiration": 1e300}, "expiration: "),
    ("/users/tokens/create", {"workspace_id": "nowhere"}, "workspace_id: "),
    ("/users/tokens/create", {"scopes": []}, "scopes: "),
    ("/users/tokens/create", {"scopes": ["jobs:fly"]}, "scopes.0: "),
    ("/users/setpassword", {"password": "short"}, "password: "),
    (in_workspace("folders/create"), {"name": "x", "owners": ["u/a", "u/a"]}, "owners: "),
    (in_workspace("folders/create"), {"name": "x", "labels": [""]}, "labels.0: "),
    (in_workspace("acls/add/script/u/alice/x"), {"owner": "alice"}, "owner: "),
    (in_workspace("acls/add/odd/u/alice/x"), {"owner": "u/alice"}, "kind: "),
    ("/auth/login", {"email": "x"}, "password: "),
    ("/auth/login", {"email": ["x"], "password": "y"}, "email: "),
]


async def test_no_field_takes_what_it_may_not_hold(api: Api):
    for entrance, body, words in BAD_FIELDS:
        answer = await api.alice.post(entrance, json=body)
        print(entrance, body)
        assert_refused(answer, words)


BAD_WORKSPACES = [
    ({"id": "x"}, "name: "),
    ({"id": "a b", "name": "x"}, "id: "),
    ({"id": "", "name": "x"}, "id: "),
    ({"id": "x", "name": ""}, "name: "),
    ({"id": "x", "name": "x" * 101}, "name: "),
    ({"id": "x", "name": "x", "username": "u/x"}, "username: "),
]


async def test_a_workspace_is_named_well(api: Api):
    for body, words in BAD_WORKSPACES:
        assert_refused(await api.superadmin.post("/workspaces/create", json=body), words)


IDS = [
    "x",
    "1",
    NOBODYS_JOB[:-1],
    NOBODYS_JOB.replace("-", ""),
    f"{{{NOBODYS_JOB}}}",
    f"urn:uuid:{NOBODYS_JOB}",
    f" {NOBODYS_JOB}",
    f"{NOBODYS_JOB}\n",
    "null",
    "\u0663" * 36,  # Arabic digits
    "x" * 5000,
]
JOB_ROUTES = [
    ("GET", "jobs_u/get/"),
    ("GET", "jobs_u/get_logs/"),
    ("GET", "jobs_u/get_args/"),
    ("GET", "jobs_u/getupdate_sse/"),
    ("GET", "jobs_u/get_flow_all_logs/"),
    ("GET", "jobs_u/get_flow_all_results/"),
    ("GET", "jobs/queue/scheduled_for/"),
    ("GET", "jobs/worker_is_draining/"),
    ("GET", "jobs_u/get_root_job_id/"),
    ("GET", "jobs_u/getupdate/"),
    ("GET", "jobs_u/completed/get/"),
    ("GET", "jobs_u/completed/get_result/"),
    ("GET", "jobs_u/completed/get_result_maybe/"),
    ("POST", "jobs_u/queue/cancel/"),
    ("POST", "jobs_u/queue/force_cancel/"),
    ("POST", "jobs/queue/run_now/"),
    ("POST", "jobs/completed/delete/"),
]


async def test_a_job_is_named_by_a_uuid(api: Api):
    for method, route in JOB_ROUTES:
        for job in IDS:
            assert_refused(await api.alice.request(method, in_workspace(route + quote(job))), "id: ", "UUID")
        upper = in_workspace(route + NOBODYS_JOB.upper())
        assert_refused(await api.alice.request(method, upper), NOBODYS_JOB, status=404)


BAD_HASHES = ["x", "0", "0123456789ABCDEF", "0123456789abcde", "0" * 17, "0" * 5000]


async def test_a_version_is_named_by_its_hash(api: Api):
    for version in BAD_HASHES:
        for route in ("scripts/get/h/", "scripts/deployment_status/h/"):
            assert_refused(await api.alice.get(in_workspace(route + version)), "hash: ")
        assert_refused(await api.alice.post(in_workspace(f"jobs/run/h/{version}")), "hash: ")


async def test_a_path_in_an_address_is_checked(api: Api):
    for path in (
        "x",
        "u/alice",
        "u/alice/..",
        "u/alice/a%20b",
        "u/alice/%2e%2e/x",
        "u/alice/%C3%A9",
    ):
        for route in ("scripts/get/p/", "resources/get/", "resources/get_value/", "resources/exists/"):
            assert_refused(await api.alice.get(in_workspace(route + path)), "path: ")
        for route in ("jobs/run/p/", "jobs/run_wait_result/p/"):
            assert_refused(await api.alice.post(in_workspace(route + path)), "path: ")


BAD_QUERIES = [
    ("jobs/list", "page=-1", "page: "),
    ("jobs/list", "page=1e3", "page: "),
    ("jobs/list", f"page={2**31}", "page: "),
    ("jobs/list", f"page={2**63}", "page: "),
    ("jobs/list", "page=" + "9" * 5000, "page: "),
    ("jobs/list", "page=%D9%A3", "page: "),
    ("jobs/list", "per_page=0", "per_page: "),
    ("jobs/list", "per_page=-5", "per_page: "),
    ("jobs/list", "job_kinds=odd", "job_kinds: "),
    ("jobs/list", "status=odd", "status: "),
    ("jobs/list", "running=perhaps", "running: "),
    ("jobs/list", "parent_job=x", "parent_job: "),
    ("jobs/list", "args=1", "args: "),
    ("jobs/list", "args=%7B%22x%22%3A%20%22%5Cu0000%22%7D", "args: "),
    ("jobs/list", "result=%7Bx", "result: "),
    ("jobs/list", "script_hash=x", "script_hash: "),
    ("jobs/list", "trigger_kind=odd", "trigger_kind: "),
    ("jobs/list", "schedule_path=a&trigger_path=b", "trigger_path: "),
    ("jobs/list", "script_path_start=" + ",".join("x" * 21), "script_path_start: "),
    ("jobs/list", "tag=" + "x,y," * 26, "tag: "),
    ("jobs/list", f"broad_filter={'x' * 201}", "broad_filter: "),
    ("jobs/list", "started_after=infinity", "started_after: "),
    ("jobs/list", "cursor=x", "cursor: "),
    ("jobs/list", "cursor=%C3%A9", "cursor: "),
    ("jobs/list", "cursor=MjAyNi0wMS0wMVQwMDowMDowMCB4", "cursor: "),
    ("jobs/list", "page=2&cursor=x", "cursor: "),
    ("jobs/queue/list", "completed_before=x", "completed_before: "),
    ("jobs/completed/list", "resolved=perhaps", "resolved: "),
    ("jobs/list_filtered_uuids", "per_page=0", "per_page: "),
    ("jobs/queue/position/x", "", "scheduled_for: "),
    (f"jobs/queue/position/{10**18}", "", "scheduled_for: "),
    ("jobs/completed/count_jobs", "completed_after_s_ago=0", "completed_after_s_ago: "),
    (f"jobs_u/getupdate_sse/{NOBODYS_JOB}", "log_offset=-1", "log_offset: "),
    (f"jobs_u/get_logs/{NOBODYS_JOB}", f"offset={10**16}", "offset: "),
    (f"jobs_u/get_flow_all_results/{NOBODYS_JOB}", "max_result_len=30001", "max_result_len: "),
    (f"jobs_u/completed/get_result/{NOBODYS_JOB}", "resume_id=1", "resume_id: "),
    ("jobs/list", "created_after=yesterday", "created_after: "),
    ("jobs/list", "created_after=infinity", "created_after: "),
    ("jobs/list", "created_after=2026-01-01T00:00:00", "created_after: "),
    ("jobs/list", "created_after=0000-01-01T00:00:00Z", "created_after: "),
    ("jobs/list", "created_before=0001-01-01T00:00:00%2B23:00", "created_before: "),
    ("jobs/list", "created_before=9999-12-31T23:59:59Z", "created_before: "),
    ("jobs/list", "created_before=294277-01-01T00:00:00Z", "created_before: "),
    ("jobs/list", "created_before=2026-01-01T00:00:00%2B99:99", "created_before: "),
    ("jobs/list", "created_by=a%00b", "created_by: "),
    ("jobs/list", "tag=%ED%A0%80", "tag: "),
    ("jobs/list", "a%00b=1", "query: "),
    ("scripts/list", f"per_page={-(2**63)}", "per_page: "),
    ("scripts/list", "path_start=%00", "path_start: "),
    ("scripts/list", "order_desc=odd", "order_desc: "),
    (f"jobs_u/getupdate/{NOBODYS_JOB}", "log_offset=-1", "log_offset: "),
    (f"jobs_u/getupdate/{NOBODYS_JOB}", f"log_offset={2**63}", "log_offset: "),
    (f"jobs/run_wait_result/p/{PATH}", "payload=!!!", "payload: "),
    (f"jobs/run_wait_result/p/{PATH}", "payload=W10", "payload: "),
    (f"jobs/run_wait_result/p/{PATH}", "payload=eyJ4IjogIlx1MDAwMCJ9", "payload: "),
    (f"jobs/run_wait_result/p/{PATH}", "payload=%C3%A9", "payload: "),
]


async def test_no_query_takes_what_it_may_not_hold(api: Api):
    for route, query, words in BAD_QUERIES:
        answer = await api.alice.get(f"{in_workspace(route)}?{query}")
        print(route, query)
        assert_refused(answer, words)


BAD_OPTIONS = [
    ("scheduled_for=infinity", "scheduled_for: "),
    ("scheduled_for=0001-01-01T00:00:00%2B14:00", "scheduled_for: "),
    ("scheduled_for=2030-01-01T00:00:00", "scheduled_for: "),
    ("scheduled_in_secs=-1", "scheduled_in_secs: "),
    ("scheduled_in_secs=1e20", "scheduled_in_secs: "),
    (f"scheduled_in_secs={10**12}", "scheduled_in_secs: "),
    ("timeout=0", "timeout: "),
    (f"timeout={2**31}", "timeout: "),
    (f"timeout={2**63}", "timeout: "),
    ("priority=101", "priority: "),
    ("priority=-1", "priority: "),
    ("tag=", "tag: "),
    ("tag=a%20b", "tag: "),
    (f"tag={'x' * 101}", "tag: "),
    ("job_id=x", "job_id: "),
    ("parent_job=x", "parent_job: "),
    (f"parent_job={NOBODYS_JOB}", "parent_job: "),
    (f"root_job={NOBODYS_JOB}", "root_job: "),
    ("permissioned_as=alice", "permissioned_as: "),
    ("permissioned_as=u/a,u/b", "permissioned_as: "),
    ("retry=5", "retry: "),
    ("invisible_to_owner=odd", "invisible_to_owner: "),
    ("tag=a%00b", "tag: "),
]


async def test_no_option_of_a_run_takes_what_it_may_not_hold(api: Api):
    await deploy(api.alice, PATH)
    for query, words in BAD_OPTIONS:
        for route in (f"jobs/run/p/{PATH}", "jobs/run/preview"):
            answer = await api.alice.post(f"{in_workspace(route)}?{query}", json=new_preview())
            assert_refused(answer, words)
    listed = await api.alice.get(in_workspace("jobs/list"))
    assert listed.json() == []


BAD_KEYS = ["", "x" * 256, "a\tb", "a\x7fb"]


async def test_an_idempotency_key_is_printable_and_short(api: Api):
    await deploy(api.alice, PATH)
    for key in BAD_KEYS:
        answer = await api.alice.post(in_workspace(f"jobs/run/p/{PATH}"), headers={"Idempotency-Key": key})
        assert_refused(answer, "Idempotency-Key: ")


BAD_ADDRESSES = ["/w/a%00b/jobs/list", "/w/acme/scripts/get/p/u/alice/%00", "/%00", "/w/%ED%A0%80/x"]


async def test_an_address_holds_neither_nul_nor_half_characters(api: Api):
    for path in BAD_ADDRESSES:
        for client in (api.alice, api.anonymous):
            assert_refused(await client.get(path), "path: ")


ODD_TOKENS = [
    "x",
    "é",
    "a" * 100_000,
    "job_",
    f"job_{'0' * 32}_1_{'0' * 64}",
    f"job_{'0' * 32}_{2**40}_{'0' * 64}",
]


async def test_an_odd_token_is_no_token(api: Api):
    for token in ODD_TOKENS:
        headers = [(b"Authorization", f"Bearer {token}".encode("latin-1"))]
        for path in ("/users/whoami", in_workspace("users/whoami")):
            assert_refused(await api.anonymous.get(path, headers=headers), "token", status=401)
        assert_refused(await api.anonymous.get("/users/whoami"), "token", status=401)


async def test_what_is_not_there_is_said_in_plain_text(api: Api):
    assert_refused(await api.alice.get("/nothing"), "/api/nothing", status=404)
    assert_refused(await api.alice.post("/nothing"), "/api/nothing", status=404)
    assert_refused(await api.alice.get(in_workspace("nothing")), "nothing", status=404)
    assert_refused(await api.alice.get(in_workspace("scripts/get/p/u/alice/a%0Ab")), "a%0Ab", status=404)
    assert_refused(await api.alice.delete("/version"), "/api/version", "DELETE", status=405)


async def test_a_script_without_main_is_a_library_that_does_not_run(api: Api):
    version = await deploy(api.alice, "u/alice/library", "def helper():\n    return 1\n")
    for route in ("p/u/alice/library", f"h/{version}"):
        assert_refused(await api.alice.post(in_workspace(f"jobs/run/{route}")), "path: ", "main")
