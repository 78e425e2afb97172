"""The least that answers over HTTP with our server's parts: uvicorn, httptools, uvloop, and no framework.

``python -m benchmarks.bare_app PORT``: a floor for the API.
"""

from __future__ import annotations

import sys
from typing import Any

import uvicorn


async def app(_scope: dict[str, Any], _receive: Any, send: Any) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


if __name__ == "__main__":
    print("listening", flush=True)
    uvicorn.run(app, port=int(sys.argv[1]), http="httptools", loop="uvloop", ws="none", lifespan="off",
                access_log=False, log_level="error")  # fmt: skip
