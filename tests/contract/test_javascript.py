"""``windmill-client``, the JavaScript client of jobs: all of it that needs no flow and no object storage."""

from __future__ import annotations

from tests.acceptance.jobs import deploy
from tests.contract.clients import Cli, run_script

CODE = "def main(x: int = 1):\n    return {'twice': 2 * x}\n"
SLEEPS = "import time\n\ndef main():\n    time.sleep(600)\n"
LEFT_OUT = {
    # Flows, approvals, workflows as code.
    "getApprovalUrls", "getFlowUserState", "getResumeUrls", "parallel", "runFlow", "runFlowAsync",
    "setFlowUserState", "setWorkflowCtx", "sleep", "step", "task", "taskFlow", "taskScript",
    "waitForApproval", "workflow",
    # Object storage.
    "deleteS3File", "denoS3LightClientSettings", "getPresignedS3PublicUrl", "getPresignedS3PublicUrls",
    "loadS3File", "loadS3FileStream", "signS3Object", "signS3Objects", "writeS3File",
    # SQL, Kafka, chats: not here.
    "appendPartition", "commitKafkaOffsets", "datatable", "ducklake", "requestInteractiveSlackApproval",
    "requestInteractiveTeamsApproval", "upsertPartition",
    # They call no server.
    "appendToResultStream", "default", "setClient", "streamResult",
}  # fmt: skip
SCRIPT = """
import * as wmill from "windmill-client";

const path = "f/team/double", hash = process.env.HASH, args = { x: 4 };
const job = await wmill.runScriptByPathAsync(path, args);
const sleeping = await wmill.runScriptByPathAsync("f/team/sleeper");
const canceled = wmill.waitJob(sleeping).then(() => "not canceled", (error) => error.message ?? `${error}`);
while (!(await wmill.JobService.getJob({ workspace: process.env.WM_WORKSPACE, id: sleeping })).running);
await wmill.setProgress(40, sleeping);
const progress = await wmill.getProgress(sleeping);
await wmill.cancelJob(sleeping, "enough");
const values = {};
for (const text of ["one", "two"]) {
  await wmill.setVariable("f/team/name", text, true);
  await wmill.setResource({ text }, "f/team/thing", "thing");
  await wmill.setState({ text });
  values[text] = [
    await wmill.getVariable("f/team/name"),
    await wmill.getResource("f/team/thing"),
    await wmill.getState(),
  ];
}
console.log(JSON.stringify({
  byPath: await wmill.runScriptByPath(path, args),
  byHash: await wmill.runScriptByHash(hash, args),
  byHashAsync: await wmill.waitJob(await wmill.runScriptByHashAsync(hash, args)),
  waited: await wmill.waitJob(job),
  script: await wmill.runScript(path, null, args),
  scriptAsync: await wmill.waitJob(await wmill.runScriptAsync(null, hash, args)),
  isRoot: (await wmill.getRootJobId(job)) === job,
  canceled: await canceled,
  values,
  missing: (await wmill.getResource("f/team/none", true)) ?? null,
  progress,
  email: await wmill.usernameToEmail("admin"),
  token: (await wmill.getIdToken("vault")).split(".").length,
  listed: (await wmill.ScriptService.listScripts({ workspace: process.env.WM_WORKSPACE })).length,
  functions: Object.keys(wmill).filter((name) => /^[a-z]/.test(name)),
}));
"""


async def test_the_client_runs_scripts_and_keeps_values(cli: Cli):
    async with cli.api() as api:
        version = await deploy(api, "f/team/double", CODE)
        await deploy(api, "f/team/sleeper", SLEEPS)
    environ = {
        "BASE_INTERNAL_URL": cli.server.url,
        "BASE_URL": cli.server.url,
        "WM_WORKSPACE": cli.workspace,
        "WM_TOKEN": cli.server.token,
        "WM_STATE_PATH_NEW": "f/team/some_state",
        "HASH": version,
    }
    said = await run_script(SCRIPT, cli.folder, environ)
    twice = {"twice": 8}
    assert "enough" in said.pop("canceled")
    functions = set(said.pop("functions"))
    assert functions == {name for name in functions if f"wmill.{name}(" in SCRIPT} | LEFT_OUT
    assert said == {
        **dict.fromkeys(("byPath", "byHash", "byHashAsync", "waited", "script", "scriptAsync"), twice),
        "isRoot": True,
        "values": {text: [text, {"text": text}, {"text": text}] for text in ("one", "two")},
        "missing": None,
        "progress": 40,
        "email": "admin@headrace.local",
        "token": 3,
        "listed": 2,
    }
