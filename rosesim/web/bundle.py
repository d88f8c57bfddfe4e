"""A page's files as one: styles, code, data and the WebAssembly module inside one HTML text without references."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import zlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

CODE = (
    "rosesim.js", "page/formats.js", "page/player.js", "page/machine.js", "page/reel.js", "page/painter.js",
    "page/curve.js", "page/live.js", "page/page.js",
)  # fmt: skip
"""The modules that are joined to one script, each after those that it imports."""


def bundle(data: Mapping[str, Any], module: bytes) -> str:
    """The page that shows a scene. `data` is what the page knows about it, `module` its programs.

    The worker is given the text of the same script, so nothing is there twice. The page's own policy allows this one
    script, known by its hash, WebAssembly and the worker; it allows neither eval nor any connection.

    >>> page = bundle({"title": "A scene"}, b"")
    >>> "<title>A scene</title>" in page, "unsafe-eval" in page.replace("wasm-unsafe-eval", "")
    (True, False)
    """
    packed = base64.b64encode(zlib.compress(module, 9)).decode()
    code = script()
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}' 'wasm-unsafe-eval'; worker-src blob:; "
        "style-src 'unsafe-inline'; img-src data: blob:"
    )
    told = json.dumps({**data, "wasm": packed}, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    parts = {
        "title": html.escape(str(data["title"])),
        "policy": policy,
        "css": _terse(_text("page/page.css")),
        "data": told.replace("<", "\\u003c"),  # no text of it can end the element
        "code": code,
    }
    page = re.sub(r"\n\s*", "\n", _text("page/page.html"))
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], page)


@cache
def script() -> str:
    """The page's script, which is the worker's too: our modules joined, without imports and exports."""
    return '"use strict";\n' + "\n".join(_plain(_text(name)) for name in CODE)


def _text(name: str) -> str:
    return files("rosesim.web").joinpath(name).read_text(encoding="utf-8")


def _plain(module: str) -> str:
    """A module as a piece of a script. Only whole lines are left out, and only space at a line's ends: what lies
    within a line may be a text. No text of ours goes over several lines."""
    kept: list[str] = []
    comment = False
    for line in map(str.strip, module.splitlines()):
        comment = comment or line.startswith("/*")
        if not comment and line and not line.startswith(("//", "import ")):
            kept.append(re.sub(r"; // [^'\"`/]*$", ";", line.removeprefix("export ")))
        comment = comment and not line.endswith("*/")
    return "\n".join(kept)


def _terse(css: str) -> str:
    """Styles without indentation and line breaks."""
    return re.sub(r"\s*\n\s*", " ", css).replace("{ ", "{").replace("; }", "}").strip()
