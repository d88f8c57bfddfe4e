"""A scene's page in a notebook."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rosesim.scenes.base import Scene
from rosesim.scenes.errors import SceneError
from rosesim.scenes.locate import is_place, scene_at
from rosesim.scenes.overrides import configure
from rosesim.scenes.registry import scene_names
from rosesim.train import Run
from rosesim.train.settings import is_run
from rosesim.web.begin import begin, of_run
from rosesim.web.page import page, page_of_run

HEIGHT = 620
"""Pixels: a page on a notebook's width fits."""


class Shown:
    """What `show` returns: a notebook shows it as a page in a sandboxed frame, and `html` is the text of the page."""

    def __init__(self, text: str, height: int):
        self.html, self.height = text, height

    def _repr_html_(self) -> str:
        return (
            f'<iframe sandbox="allow-scripts" srcdoc="{html.escape(self.html)}" '
            f'style="width: 100%; height: {self.height}px; border: 0"></iframe>'
        )


def show(what: Any, inputs: Any = None, *, height: int = HEIGHT, **how: Any) -> Shown:
    """A scene, a run that has a folder, or that folder, as a page in a notebook. It plays, and optimises while one
    watches. `rosesim.web.Widget` does so too, and Python hears of it. A scene may be named as for the commands:
    "billiards", "fall.py", "fall.py:Fall"; its settings are the defaults then.

    `height` is the frame's, in pixels. `how` goes to `rosesim.web.page.page`: params, optimizer, iterations, memory,
    and so on. Raises SceneError where the scene cannot go into a page, or what is given is neither.

    >>> from rosesim.scenes import configure, find_scene
    >>> shown = show(*configure(find_scene("bounce"), ["steps=50"]), height=400)
    >>> shown._repr_html_()[:40]
    '<iframe sandbox="allow-scripts" srcdoc="'
    """
    return Shown(opened(what, inputs, how).text, height)


@dataclass(frozen=True)
class Opened:
    """A page, and where it begins."""

    text: str
    scene: Any
    params: Any
    inputs: Any


def opened(what: Any, inputs: Any, how: dict[str, Any]) -> Opened:
    """The page of a scene, a run or a run's folder. Raises SceneError where what is given is none of them."""
    if isinstance(what, str) and (is_place(what) or (what in scene_names() and not is_run(Path(what)))):
        what, _ = configure(scene_at(what), [])
    if isinstance(what, Scene):
        begun = begin(what, inputs, how.get("params"))
        return Opened(page(what, inputs, **how), what, begun.params, begun.inputs)
    if isinstance(what, Run):
        if what.out is None:
            raise SceneError("a run without a folder was found; expected one that was trained with out=FOLDER")
        what = what.out
    if isinstance(what, type) and issubclass(what, Scene):
        raise SceneError(f"the class {what.__name__} was found; expected a scene: call it, {what.__name__}()")
    if not isinstance(what, str | Path):
        raise SceneError(f"{type(what).__name__} was found; expected a scene, a run, or the folder of a run")
    how = {**how, **({} if inputs is None else {"inputs": inputs})}
    best, trained = of_run(what)
    began = {**trained, **how}
    return Opened(page_of_run(what, **how), best.scene, began["params"], began["inputs"])
