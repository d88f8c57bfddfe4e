"""Many scenes on one page, each alive while it is in view: one file, with the pages' common parts in it once."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from rosesim.scenes.base import AnyScene
from rosesim.web.page import page

_DATA = re.compile(r'(<script type="application/json" id="data">)(.*?)(</script>)', re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """A scene of a gallery."""

    scene: AnyScene
    inputs: Any
    note: str = ""
    """What is said below its title, besides the scene's own sentence: settings that are not the published ones."""


def gallery(entries: Sequence[Entry], title: str = "rosesim: a gallery that is alive") -> str:
    """The HTML text of a page with these scenes.

    A scene's own page is in a sandboxed frame, which is there only while it is in view.

    >>> from rosesim.scenes import configure, find_scene
    >>> text = gallery([Entry(*configure(find_scene(name), ["steps=50"])) for name in ("bounce", "growth")])
    >>> text.count('<section'), "https:" in text
    (2, False)
    """
    shell, told, cards = "", list[str](), list[str]()
    for k, entry in enumerate(entries):
        text = page(entry.scene, entry.inputs, whole=True)
        found = _DATA.search(text)
        assert found is not None
        told.append(found[2])
        name = entry.scene.name.replace("_", " ").capitalize()
        shell = _DATA.sub(r"\1{{data}}\3", text).replace(f"<title>{html.escape(name)}</title>", "<title></title>")
        note = f"<p>{html.escape(entry.note)}</p>" if entry.note else ""
        cards.append(
            f'<section id="{entry.scene.name}" data-k="{k}" aria-label="{html.escape(name)}">{note}</section>'
        )
    parts = {
        "title": html.escape(title),
        "cards": "\n".join(cards),
        "shell": json.dumps(shell).replace("<", "\\u003c"),
        "data": json.dumps(told).replace("<", "\\u003c"),
    }
    frame = files("rosesim.web").joinpath("gallery.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], frame)
