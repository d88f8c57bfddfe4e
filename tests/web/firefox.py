"""Firefox, driven by the protocol that it speaks itself: WebDriver BiDi (https://w3c.github.io/webdriver-bidi/)."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from tornado.websocket import WebSocketClientConnection, websocket_connect

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
SECONDS = 60.0
"""For an answer, and for what a page is waited for."""


class Firefox:
    """A page in Firefox, without a window, and what its console said."""

    def __init__(self, profile: Path, *, width: int = 1000, height: int = 800, headless: bool = True):
        assert FIREFOX is not None
        self.said: list[str] = []
        self._serial = 0
        self._loop = asyncio.new_event_loop()
        command = [
            FIREFOX,
            *(["--headless"] if headless else []),
            "--no-remote",
            "--profile",
            str(profile),
            "--remote-debugging-port",
            "0",
        ]
        self._words = profile / "said.txt"
        with self._words.open("w") as words:
            self._process = subprocess.Popen(command, stderr=words, stdout=subprocess.DEVNULL)
        self._socket = self._run(self._connected())
        self._ask("session.new", capabilities={})
        self._ask("session.subscribe", events=["log.entryAdded"])
        (context,) = self._ask("browsingContext.getTree")["contexts"]
        self.context = context["context"]
        self._ask("browsingContext.setViewport", context=self.context, viewport={"width": width, "height": height})

    async def _connected(self) -> WebSocketClientConnection:
        """The connection, once it has said where it listens."""
        while not (found := re.search(r"BiDi listening on (ws://\S+)", self._words.read_text())):
            assert self._process.poll() is None, self._words.read_text()
            await asyncio.sleep(0.05)
        return await websocket_connect(f"{found[1]}/session")

    def _run(self, task: Any) -> Any:
        return self._loop.run_until_complete(asyncio.wait_for(task, SECONDS))

    def _ask(self, method: str, **params: Any) -> Any:
        """Give an order, and wait for its answer. What comes between is the console's."""
        return self._run(self._asked(method, params))

    async def _asked(self, method: str, params: dict[str, Any]) -> Any:
        self._serial += 1
        await self._socket.write_message(json.dumps({"id": self._serial, "method": method, "params": params}))
        while True:
            said = await self._socket.read_message()
            assert said is not None, "Firefox has ended"
            answer = json.loads(said)
            if answer.get("method") == "log.entryAdded":
                self.said.append(answer["params"]["text"])
            if answer.get("id") == self._serial:
                assert answer["type"] == "success", answer
                return answer["result"]

    def open(self, path: Path) -> None:
        """Show a file."""
        self._ask("browsingContext.navigate", context=self.context, url=path.as_uri(), wait="complete")

    def js(self, expression: str) -> Any:
        """The value of an expression, by JSON."""
        found = self._ask(
            "script.evaluate",
            expression=f"JSON.stringify({expression})",
            target={"context": self.context},
            awaitPromise=True,
        )
        assert found["type"] == "success", found
        return json.loads(found["result"]["value"]) if found["result"]["type"] == "string" else None

    def until(self, condition: str) -> None:
        """Wait for a condition."""
        end = time.monotonic() + SECONDS
        while not self.js(f"!!({condition})"):
            assert time.monotonic() < end, f"{condition} has not come"
            time.sleep(0.05)

    def press(self, key: str) -> None:
        """Press a key."""
        keys = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self._ask("input.performActions", context=self.context, actions=[{"type": "key", "id": "k", "actions": keys}])

    def drag(
        self, start: tuple[float, float], end: tuple[float, float], *, touch: bool = False, steps: int = 8
    ) -> None:
        """Drag from one place to another, by mouse or finger."""
        ways = [
            (start[0] + (end[0] - start[0]) * k / steps, start[1] + (end[1] - start[1]) * k / steps)
            for k in range(steps + 1)
        ]
        moves = [{"type": "pointerMove", "x": round(x), "y": round(y), "duration": 20} for x, y in ways]
        actions = [moves[0], {"type": "pointerDown", "button": 0}, *moves[1:], {"type": "pointerUp", "button": 0}]
        pointer = {"type": "pointer", "id": "p", "actions": actions}
        if touch:
            pointer["parameters"] = {"pointerType": "touch"}
        self._ask("input.performActions", context=self.context, actions=[pointer])

    def picture(self, path: Path) -> None:
        """Write what is seen as a PNG file."""
        import base64

        data = self._ask("browsingContext.captureScreenshot", context=self.context)["data"]
        path.write_bytes(base64.b64decode(data))

    def close(self) -> None:
        """End it."""
        self._socket.close()
        self._process.terminate()
        self._process.wait(SECONDS)
        self._loop.close()
