"""What the viewer's tests share: scenes to try, and a person at a window that nobody sees."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rosesim.scenes import configure, find_scene
from rosesim.view import Beginning, Live, Session, Window
from rosesim.view.controls import Bar, Switches
from rosesim.view.layout import layout
from rosesim.view.painter import View
from rosesim.view.sliders import ROW

Point = tuple[float, float]
PATIENCE = 60.0  # seconds, for a busy machine; a condition is usually met in a fraction of one


@dataclass(frozen=True)
class Case:
    """A scene for the viewer's tests, and what can be told of it from outside."""

    settings: tuple[str, ...]
    thing: Callable[[Any], Any]
    """Where a thing of one colour is in a state."""
    role: str
    """Its colour."""
    ring: float
    """The radius of the ring around the goal."""
    in_start: str
    """A handle that lies in the start state."""
    rate: float
    """Of a plain gradient descent that lowers the loss."""

    places: tuple[Point, Point] = field(default=((0.8, 0.35), (0.7, 0.3)))
    """Two places in the picture to drag the goal to."""


CASES = {
    "billiards": Case(("steps=700",), lambda s: s.position[-1], "target", 1.25 * 0.03, "cue", 0.01),
    "mass_spring": Case(("steps=200",), lambda s: s.position[0], "head", 0.012, "node 3", 0.1),
}


class Descent:
    """Plain gradient descent, as the viewer takes optimisers."""

    def __init__(self, rate: float):
        self.rate = rate

    def start(self, x: Any) -> int:
        return 0

    def step(self, x: Any, gradient: Any, state: int) -> tuple[Any, int]:
        return x - self.rate * gradient, state + 1


def opened(name: str, *more: str) -> tuple[Any, Beginning]:
    """The scene of a case, and where it begins."""
    scene, inputs = configure(find_scene(name), [*CASES[name].settings, *more])
    return scene, Beginning(scene.params(np.random.default_rng(0)), inputs)


@contextmanager
def worker(scene: Any, beginning: Beginning, optimizer: Any) -> Iterator[Live]:
    """A worker that has evaluated the beginning, or failed to."""
    live = Live(scene, beginning, optimizer)
    live.start()
    try:
        wait(lambda: live.failure or (live.latest is not None and live.latest.gradient is not None))
        yield live
    finally:
        live.close()


def wait(condition: Callable[[], object]) -> None:
    """Until it holds."""
    begun = time.perf_counter()
    while not condition():
        assert time.perf_counter() - begun < PATIENCE, "waited in vain"
        time.sleep(0.002)


class Person:
    """Somebody who moves the mouse, presses keys and looks; pygame's events are all that reaches the window."""

    def __init__(self, window: Window):
        self.window, self.session, self.live = window, window.session, window.session.live
        self.pygame = window.pygame

    # ---------------------------------------------------------------------------------- hands

    def look(self, seconds: float = 0.0) -> None:
        """One frame."""
        self.window.frame(seconds)

    def until(self, condition: Callable[[], object]) -> None:
        """Frames until it holds, in which no time passes for the replay."""
        wait(lambda: self.look() or condition())

    def settle(self) -> None:
        """Until the worker has done all that it was told, and that is drawn."""
        self.look()  # so that the events until now have become commands
        serial = self.live.optimise(self.live.optimising)  # a command that changes nothing, after all others
        self.until(lambda: self.live.latest is not None and self.live.latest.serial >= serial or self.live.failure)
        self.look()

    def key(self, key: str, unicode: str = "") -> None:
        """Press and release."""
        code = getattr(self.pygame, f"K_{key}")
        self._post("KEYDOWN", key=code, mod=0, unicode=unicode, scancode=0)
        self._post("KEYUP", key=code, mod=0, unicode=unicode, scancode=0)
        self.look()

    def move(self, at: Point) -> None:
        self._post("MOUSEMOTION", pos=at, rel=(1, 1), buttons=(0, 0, 0))

    def press(self, at: Point) -> None:
        self.move(at)
        self._post("MOUSEBUTTONDOWN", pos=at, button=1)

    def release(self, at: Point) -> None:
        self._post("MOUSEBUTTONUP", pos=at, button=1)

    def click(self, at: Point) -> None:
        self.press(at)
        self.release(at)
        self.look()

    def drag(self, start: Point, end: Point) -> None:
        """So quickly that one frame sees all of it."""
        self.press(start)
        self._post("MOUSEMOTION", pos=end, rel=(1, 1), buttons=(1, 0, 0))
        self.release(end)
        self.look()

    def drag_handle(self, name: str, to: Point) -> None:
        """From where it is to a point of the scene."""
        self.drag(self.on_scene(self.session.handles()[name]), self.on_scene(to))

    def _post(self, kind: str, **what: Any) -> None:
        self.pygame.event.post(self.pygame.event.Event(getattr(self.pygame, kind), **what))

    # ----------------------------------------------------------------------------------- eyes

    def layout(self) -> Any:
        return layout(*self.window.surface.get_size(), density=1.0, sliders=ROW * len(self.session.scene.ranges))

    def on_scene(self, p: Any) -> Point:
        """The pixel of a point of the scene."""
        box = self.layout().scene
        view = View(self.session.scene.extent, (box.left, box.top, box.width, box.height))
        return view.pixel((float(p[0]), float(p[1])))

    def on_button(self, part: str, action: str) -> Point:
        """The middle of a button of the bar or the switches."""
        made = self.layout()
        box = getattr(made, part)
        parts: Any = {"bar": Bar, "switches": Switches}[part](made.points(box)[0])
        (b,) = [b for b in parts.buttons if b.action == action]
        x, y = b.left + b.width / 2, b.bottom + b.height / 2
        return box.left + x * made.unit, box.top + box.height - y * made.unit

    def on_track(self, part: float) -> Point:
        """A place on the scrub bar."""
        made = self.layout()
        left, right = Bar(made.points(made.bar)[0]).track
        return made.bar.left + (left + part * (right - left)) * made.unit, made.bar.top + made.bar.height / 2

    def colour_at(self, pixel: Point) -> tuple[int, int, int]:
        """What is seen there."""
        r, g, b, _ = self.window.surface.get_at((int(pixel[0]), int(pixel[1])))
        return r, g, b


@contextmanager
def person(
    name: str, optimizer: Any = None, beginning: Beginning | None = None, scene: Any = None
) -> Iterator[Person]:
    """A person at a window whose scene has been compiled, and is paused at its start."""
    made, given = opened(name)
    made, given = scene or made, beginning or given
    live = Live(made, given, optimizer or Descent(CASES[name].rate))
    window = Window(Session(made, live), name)
    live.start()
    try:
        someone = Person(window)
        someone.until(lambda: live.failure or (live.latest is not None and live.latest.gradient is not None))
        someone.key("HOME")
        someone.key("SPACE")
        yield someone
    finally:
        live.close()
        window.close()
