"""A page's files as one: styles, code, data and the WebAssembly module inside one HTML text without references."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from rosesim.web.terse import terse

CODE = (
    "player.js", "module.js", "machine.js", "reel.js", "painter.js", "formats.js", "texts.js", "images.js", "many.js",
    "space.js", "spheres.js", "curve.js", "live.js", "owner.js", "page.js",
)  # fmt: skip
"""The modules that are joined to one script, each after those that it imports."""
SELDOM = {
    "formats.js": {"text"}, "texts.js": {"text"}, "images.js": {"image", "lit"}, "many.js": {"segments", "arrows"},
    "space.js": {"space"}, "spheres.js": {"spheres"},
}  # fmt: skip
"""Modules that a page has only if its picture has one of these primitives."""
SCHEMA = frozenset(
    """
    name title about extent steps colours light dark settings params inputs sliders label unit least greatest handles
    layers backdrop draw ghost remembered iteration loss losses optimiser iterations note wasm
    version memory programs failures parameters result fields items at scalar shape
    start advance gradient optimise trail terms state
    kind circle circles line segments polygon box arrow arrows text image lit centre centres radius role width opacity
    which depth points ends low high tail tails vector vectors size align pixels palette height steepness out format
    one_of space camera eye target field sky bodies ground sphere spheres values capsule cylinder ellipsoid end turn
    cell rosesim packed serial on going failure
    """.split()
)
"""Names in a page's data, in a module's description and in the messages to whoever holds the page in a frame."""


@dataclass(frozen=True, slots=True)
class Shell:
    """What a kind of page is made of, besides its code."""

    html: str
    styles: tuple[str, ...]
    schema: frozenset[str]


SCENE = Shell("page.html", ("base.css", "page.css"), SCHEMA)

PAINTED = {"trail", "ghost", "gradient"}
"""Roles of what a page paints itself. Of the others it carries those that its layers have."""
LONG = 60_000
"""Characters from which on the data are packed: fields of numbers are often smooth."""
LOADER = (
    "(async()=>{const t=document.getElementById('code').textContent,"
    "b=new Blob([Uint8Array.from(atob(t),c=>c.charCodeAt(0))])"
    ".stream().pipeThrough(new DecompressionStream('deflate')),"
    "s=document.createElement('script');"
    "s.src=URL.createObjectURL(new Blob([await new Response(b).text()],{type:'text/javascript'}));"
    "document.head.append(s)})()"
)
"""Unpacks the page's script, which is a third as long when packed, and starts it."""


def bundle(data: Mapping[str, Any], module: bytes, *, readable: bool = False, whole: bool = False) -> str:
    """The page that shows a scene. `data` is what the page knows about it, `module` its programs.

    The worker is given the same script, so nothing is there twice. The page's own policy allows one script in the
    text, known by its hash, what that one unpacks, WebAssembly and the worker; it allows neither eval nor any
    connection. A `readable` page has the script as we wrote it, for those who look into it. A `whole` one has all of
    the script, so that it fits any scene's data.

    >>> page = bundle({"title": "A scene"}, b"")
    >>> "<title>A scene</title>" in page, "unsafe-eval" in page.replace("wasm-unsafe-eval", "")
    (True, False)
    """
    drawn = [primitive for layer in data.get("layers", {}).values() for primitive in layer]
    kinds = {made["kind"] for primitive in drawn for made in (primitive, *primitive.get("bodies", ()))}
    names = tuple(name for name in CODE if whole or name not in SELDOM or SELDOM[name] & kinds)
    used = {*PAINTED, *re.findall(r'"([^"]*)"', json.dumps(data.get("layers", {})))}
    colours = {
        theme: {role: colour for role, colour in roles.items() if role in used}
        for theme, roles in data.get("colours", {}).items()
    }
    return assembled(SCENE, names, {**data, "colours": colours, "wasm": packed(module)}, readable)


def assembled(shell: Shell, names: tuple[str, ...], data: Mapping[str, Any], readable: bool) -> str:
    """A page of a kind, with the code of these modules. The data have the packed WebAssembly module as `wasm`."""
    code = script(names, readable, shell)
    inline = code if readable else LOADER
    digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}' 'wasm-unsafe-eval'{'' if readable else ' blob:'}; "
        "worker-src blob:; "
        "style-src 'unsafe-inline'; img-src data: blob:"
    )
    told = _json(data)
    if len(told) > LONG:
        told = _json({"packed": packed(told.encode())})
    parts = {
        "title": html.escape(str(data["title"])),
        "policy": policy,
        "css": _terse("".join(map(_text, shell.styles))),
        "data": told.replace("<", "\\u003c"),  # no text of it can end the element
        "code": ("" if readable else f'<script type="text/plain" id="code">{packed(code.encode())}</script>\n')
        + f"<script>{inline}</script>",
    }
    page = re.sub(r"\n\s*", "\n", _text(shell.html))
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], page)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def packed(content: bytes) -> str:
    """Bytes, deflated, in base64."""
    return base64.b64encode(zlib.compress(content, 9)).decode()


@cache
def script(names: tuple[str, ...] = CODE, readable: bool = False, shell: Shell = SCENE) -> str:
    """The page's script, which is the worker's too: our modules joined, without imports and exports."""
    joined = "\n".join(_plain(_text(name)) for name in names)
    return '"use strict";' + (joined if readable else terse(joined, outside(shell)))


def outside(shell: Shell = SCENE) -> frozenset[str]:
    """Names in the script that belong to the data, to whoever frames a page, or to the document."""
    return shell.schema | frozenset(re.findall(r"\w+", _text(shell.html)))


def _text(name: str) -> str:
    return files("rosesim.web").joinpath("page", name).read_text(encoding="utf-8")


def _plain(module: str) -> str:
    """A module as a piece of a script."""
    return re.sub(r"^export ", "", re.sub(r"^import .*\n", "", module, flags=re.M), flags=re.M)


def _terse(css: str) -> str:
    """Styles without needless blanks. A blank before a colon or a bracket can mean something, so these stay."""
    return re.sub(r" ?([{};,>]) ?", r"\1", re.sub(r"\s+", " ", css)).replace(": ", ":").replace(";}", "}").strip()
