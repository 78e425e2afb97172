"""A workspace with something of everything in the folder ``team``, and a token for each principal."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from headrace.clock import now
from headrace.model.outcome import Status
from headrace.model.scope import DOMAINS, RUN_FLOWS, RUN_SCRIPTS, parse_scopes
from headrace.store.people import groups, tokens, users
from tests.ground.people import WORKSPACE, make_folder, make_member, make_workspace
from tests.integration.api.callers import Api, PlayedWorker, deploy, in_workspace, run
from tests.matrix.table import CANARY

if TYPE_CHECKING:
    import asyncpg

SCRIPT = f'def main(x=""):\n    return "{CANARY}"\n'
IMPORTER = "from f.team.script import main as other\n\ndef main():\n    pass\n"
READING = [f"{domain}:read" for domain in sorted(DOMAINS)]
RUNNING = [f"jobs:{RUN_SCRIPTS}", f"jobs:{RUN_FLOWS}"]
FAR = "2100-01-01T00:00:00Z"
_PERMS = {"u/reader": False, "u/writer": True, "u/operator": True, "g/devs": True}
_NAMES = re.compile(r"\{(\w+)\}")


@dataclass
class World:
    """The names of what is there, and a token for each principal."""

    tokens: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    names: dict[str, str] = field(default_factory=dict[str, str])

    def fill(self, text: str) -> str:
        """A text of the table with the names of this world."""
        return _NAMES.sub(lambda found: self.names.get(found[1], found[0]), text)


async def furnish(api: Api, owner: asyncpg.Connection, worker: PlayedWorker) -> World:
    """Make it all, in a database that has an admin and a superadmin."""
    world = World()
    await _people(api, owner, world)
    await _things(api, owner, world)
    await _jobs(api, worker, world)
    await _tokens(api, owner, world)
    return world


async def _people(api: Api, owner: asyncpg.Connection, world: World) -> None:
    for name in ("stranger", "reader", "writer", "owner", "second", "member", "disabled", "victor"):
        await make_member(owner, name)
    await make_member(owner, "operator", operator=True)
    await groups.add(owner, WORKSPACE, "devs", "", {"u/owner": True})
    await groups.add_member(owner, WORKSPACE, "devs", "member")
    await groups.add(owner, WORKSPACE, "others", "", {})
    await make_folder(owner, "open", owners=("g/all",))
    await make_folder(owner, "team", owners=("u/owner", "u/second"), extra_perms=_PERMS)
    for name in ("tea", "team2", "te_m", "TEAM"):  # alike, but not the same
        await make_folder(owner, name, owners=("u/stranger",))
    for workspace in ("other", "closed", "admins"):
        await make_workspace(owner, workspace)
    await owner.execute("update workspace set deleted = true where id = 'closed'")
    await make_member(owner, "foreign", "other")
    await make_member(owner, "clerk", "admins", is_admin=True)
    await users.add(owner, "victim@other.test", None)
    await owner.execute(
        "update instance_user set password_hash = (select password_hash from instance_user where super_admin)"
        " where email = 'victor@acme.test'"
    )
    for name in ("stranger", "reader", "writer", "owner", "member", "operator", "disabled"):
        world.tokens[name] = await api.sign_in(name, f"{name}@acme.test")
    world.tokens["clerk"] = await api.sign_in("clerk", "clerk@admins.test")
    world.tokens["foreign"] = await api.sign_in("foreign", "foreign@other.test")
    world.tokens |= {name: api.tokens[name] for name in ("admin", "superadmin")}
    await owner.execute("update instance_user set disabled = true where email = 'disabled@acme.test'")


async def _things(api: Api, owner: asyncpg.Connection, world: World) -> None:
    world.names["hash"] = await deploy(api.owner, "f/team/script", SCRIPT, summary=CANARY)
    world.names["sha256"] = hashlib.sha256(SCRIPT.encode()).hexdigest()
    await deploy(api.owner, "f/team/importer", IMPORTER)
    await deploy(api.admin, "f/open/script", "def main():\n    pass\n")
    world.names["moved"] = await deploy(api.owner, "f/team/moved", SCRIPT)
    await deploy(api.admin, f"u/admin/{CANARY}", SCRIPT, parent_hash=world.names["moved"])
    await deploy(api.owner, "f/team/gone", SCRIPT)
    await _post(api.admin, "scripts/delete/p/f/team/gone")
    world.names["trash"] = (await api.admin.get(in_workspace("trash/list"))).json()[0]["id"].__str__()
    await _post(api.owner, "acls/add/script/f/team/script", owner="u/other", write=False)
    for path in ("f/team/script", "f/team/drafted"):
        await _post(api.owner, f"drafts/update/script/{path}", value={"content": CANARY})
    await _post(api.owner, "resources/type/create", name="flower", format_extension="txt")
    await _post(
        api.owner, "resources/create", path="f/team/resource", resource_type="flower", value={"a": CANARY}
    )
    linked = {"password": "$var:f/team/variable"}
    await _post(api.owner, "resources/create", path="f/team/linked", resource_type="any", value=linked)
    bucket = {"bucket": CANARY, "region": "", "endPoint": CANARY, "useSSL": True, "pathStyle": True}
    await _post(api.owner, "resources/create", path="f/team/bucket", resource_type="s3", value=bucket)
    await _post(
        api.owner, "variables/create", path="f/team/variable", value=CANARY, is_secret=True, description=""
    )
    await _post(api.owner, "drafts/update/variable/f/team/variable", value={"value": CANARY})
    for kind in ("resource", "variable"):
        await _post(api.owner, f"acls/add/{kind}/f/team/{kind}", owner="u/other", write=False)
    await _post(api.admin, "workspace_dependencies/create", language="python3", content=f"# {CANARY}\n")
    stored = await api.owner.post(
        in_workspace("job_helpers/upload_s3_file?file_key=team/file.txt"), content=f"{CANARY}!".encode()
    )
    assert stored.status_code == 200, stored.text
    signed = await _post(api.owner, "apps/sign_s3_objects", s3_objects=[{"s3": "team/file.txt"}])
    world.names["link"] = json.loads(signed)[0]["presigned"].lstrip("?")
    made = await api.superadmin.post("/users/create", json={"email": f"{CANARY}@other.test"})
    assert made.is_success, made.text
    entry = "select min(id) from audit where operation = $1 and username = $2"
    world.names["entry"] = str(await owner.fetchval(entry, "scripts.create", "owner"))
    world.names["own_entry"] = str(await owner.fetchval(entry, "users.create", "root@instance.test"))


async def _jobs(api: Api, worker: PlayedWorker, world: World) -> None:
    async def start(name: str, caller: Any = api.owner, path: str = "f/team/script", **options: Any) -> None:
        world.names[name] = await run(caller, path, {"x": CANARY}, **options)

    for name in ("done", "failed", "resolved"):
        await start(name)
        job = await worker.take()
        await worker.write(job, 0, f"{CANARY}\n")
        status = Status.SUCCESS if name == "done" else Status.FAILURE
        await worker.end(job, json.dumps({"a": CANARY}).encode(), status)
    await _post(api.owner, "jobs/completed/resolve", job_ids=[world.names["resolved"]])
    await start("ended_job", api.writer)
    ended = await worker.take()
    world.tokens["ended_job"] = ended.token
    await worker.end(ended)
    await start("job", api.writer)
    world.tokens["job"] = (await worker.take()).token
    await start("admin_job", api.admin, "f/open/script")
    world.tokens["admin_job"] = (await worker.take()).token
    below = {"parent_job": world.names["admin_job"]}
    await start("hidden", path="f/team/importer", invisible_to_owner=True, **below)
    await worker.write(await worker.take(), 0, f"{CANARY}\n")
    await start("running")
    await worker.take()
    await _post(api.owner, f"job_metrics/set_progress/{world.names['running']}", percent=42)
    await start("waiting")
    await start("later", scheduled_for=FAR)


async def _tokens(api: Api, owner: asyncpg.Connection, world: World) -> None:
    mail = "owner@acme.test"
    world.tokens |= {"none": None, "garbage": "0" * 64}
    world.tokens["expired"] = await api.sign_in("expired", mail, expires_at=now() - timedelta(seconds=1))
    world.tokens["revoked"] = revoked = await api.sign_in("revoked", mail)
    await tokens.remove(owner, mail, await tokens.find(owner, mail, None, revoked[: tokens.PREFIX_LENGTH]))
    world.tokens["readonly"] = await api.sign_in("readonly", mail, read_only=True)
    world.tokens["bound"] = await api.sign_in("bound", mail, workspace=WORKSPACE)
    scopes = parse_scopes(["schedules:write"])
    world.tokens["unfit"] = await api.sign_in("unfit", "admin@acme.test", scopes=scopes)
    for name, texts in (("reading", READING), ("running", RUNNING)):
        world.tokens[name] = await api.sign_in(name, mail, scopes=parse_scopes(texts))
    world.names["token"] = (await api.sign_in("spare", mail))[: tokens.PREFIX_LENGTH]
    # That they are used is noted once a minute, and would look like a change.
    await owner.execute("update token set last_used_at = now() + interval '1 day'")


async def _post(caller: Any, address: str, **body: Any) -> str:
    answer = await caller.post(in_workspace(address), json=body)
    assert answer.is_success, (address, answer.text)
    return answer.text


def with_pool(api: Api, pool: Any) -> None:
    """Let the application work on this pool, and wait for no job."""
    context = api.app.state.context
    settings = dataclasses.replace(context.settings, wait_result_seconds=0.01)
    api.app.state.context = dataclasses.replace(context, pool=pool, settings=settings)
