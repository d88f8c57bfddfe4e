"""The viewer without a window: what it shows, and what a user can do: replay, drags, switches."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from rosesim.scenes.base import AnyScene
from rosesim.scenes.picture import picture
from rosesim.scenes.ranges import values_of, with_value
from rosesim.scenes.space import Orbit
from rosesim.view.gradient import Arrow, gradient_arrows
from rosesim.view.live import Live, Point, Snapshot
from rosesim.view.player import Player
from rosesim.view.stage import arrow_length

NOTCH = 0.9
"""The change of the distance to what is seen for a notch of the mouse's wheel."""


class Session:
    """A scene that is being watched. The window draws this state and calls these actions.

    `act` takes an action's name: play, back, forward, faster, slower, restart, reset, optimise, ghosts, help,
    quit. `grab`, `drag` and `drop` move a handle, `slide` a slider, `turn` and `zoom` the eye of a view of space.

    >>> import numpy as np
    >>> from rosesim.scenes import configure, find_scene
    >>> from rosesim.train import make_optimizer
    >>> from rosesim.view import Beginning
    >>> scene, inputs = configure(find_scene("billiards"), ["steps=64", "layers=1"])
    >>> beginning = Beginning(scene.params(np.random.default_rng(0)), inputs)
    >>> session = Session(scene, Live(scene, beginning, make_optimizer("gd", 0.01)))
    >>> session.status  # nothing has been started yet
    'compiling'
    >>> session.act("ghosts")
    >>> session.ghosts
    False
    """

    def __init__(self, scene: AnyScene, live: Live):
        self.scene, self.live = scene, live
        self.player = Player(scene.steps + 1)
        self.ghosts, self.help, self.over = True, False, False
        self.held: str | None = None
        self.orbit = Orbit()
        """How the user has moved around what a view of space looks at."""
        self._offset: Point = (0.0, 0.0)
        self._dragged: tuple[str, Point] | None = None
        """A handle and its dragged position, until the worker has taken it into account."""
        self._slid: dict[str, float] = {}
        """Inputs that sliders have changed, until the worker has taken them into account."""
        self._serial = 0
        self._arrows: tuple[Snapshot | None, list[Arrow]] = (None, [])
        self._actions: dict[str, Callable[[], object]] = {
            "play": self.player.toggle,
            "back": lambda: self.player.step(-1),
            "forward": lambda: self.player.step(1),
            "faster": lambda: self.player.change_speed(1),
            "slower": lambda: self.player.change_speed(-1),
            "restart": self.player.restart,
            "reset": self._reset,
            "optimise": lambda: self.live.optimise(not self.live.optimising),
            "ghosts": lambda: setattr(self, "ghosts", not self.ghosts),
            "help": lambda: setattr(self, "help", not self.help),
            "quit": lambda: setattr(self, "over", True),
        }

    def act(self, action: str) -> None:
        """Perform the action of a key or a button."""
        self._actions[action]()

    def tick(self, seconds: float) -> None:
        """Advance by this much time. While a handle that moves the start state is dragged, the replay stays there."""
        now = self.live.latest
        if now is None:
            return
        if self.held is None and (now.serial >= self._serial or self.live.failure is not None):
            self._dragged = None
            self._slid.clear()
        if self.held is not None and self._dragged is not None and now.start_held:
            self.player.seek(0)
        else:
            self.player.advance(seconds)

    # --------------------------------------------------------------------------- what is shown

    @property
    def status(self) -> str:
        """The worker's activity, in a word."""
        now = self.live.latest
        if self.live.failure is not None:
            return "stopped"
        if now is None or now.gradient is None:
            return "compiling"
        return "optimising" if self.live.optimising else "ready"

    @property
    def message(self) -> str | None:
        """A message for the user: what failed, or why nothing changes."""
        now = self.live.latest
        return self.live.failure or (now.note if now is not None else None)

    def numbers(self) -> tuple[Any, Any]:
        """Params and inputs as they are drawn: a dragged handle is already where the mouse has it."""
        now, first = self.live.latest, self.live.beginning
        params, inputs = (first.params, first.inputs) if now is None else (now.attempt.params, now.inputs)
        for name, value in self._slid.items():
            inputs = with_value(inputs, name, value)
        if self._dragged is not None:
            params, inputs = picture(self.scene).drag(*self._dragged, params, inputs)
        return params, inputs

    def handles(self) -> Mapping[str, Point]:
        """The handles and their positions."""
        return picture(self.scene).handles(*self.numbers())

    def handle_near(self, point: Point, reach: float) -> str | None:
        """The nearest handle within this distance."""
        distances = {name: math.dist(point, at) for name, at in self.handles().items()}
        near = min(distances, key=distances.__getitem__, default=None)
        return near if near is not None and distances[near] <= reach else None

    def arrows(self) -> list[Arrow]:
        """The gradient's arrows, computed once for each snapshot."""
        now = self.live.latest
        if now is not None and now is not self._arrows[0]:
            made: list[Arrow] = []
            if now.gradient is not None:
                length = arrow_length(self.scene, now.steep, now.steepest)
                made = gradient_arrows(self.scene, now.attempt.params, now.inputs, now.gradient, length)
            self._arrows = now, made
        return self._arrows[1]

    # ------------------------------------------------------------------------- a view of space

    def turn(self, across: float, down: float) -> None:
        """Turn what is seen: it follows the mouse, half a turn for a width of the picture."""
        self.orbit = self.orbit.turned(-math.pi * across, math.pi * down)

    def zoom(self, notches: float) -> None:
        """Come nearer, or go away where the number is negative."""
        self.orbit = self.orbit.zoomed(NOTCH**notches)

    # -------------------------------------------------------------------------------- sliders

    def values(self) -> dict[str, float]:
        """The inputs that have a slider, by name."""
        return values_of(self.scene.ranges, self.numbers()[1])

    def slide(self, name: str, value: float) -> None:
        """Move a slider."""
        if value != self.values()[name]:
            self._slid[name] = value
            self._serial = self.live.change(name, value)

    # ------------------------------------------------------------------------------- dragging

    def grab(self, handle: str, point: Point) -> None:
        """Hold a handle; the point where it is grabbed stays under the mouse."""
        x, y = self.handles()[handle]
        self.held, self._offset = handle, (x - point[0], y - point[1])

    def drag(self, point: Point) -> None:
        """Move the held handle to the mouse."""
        if self.held is not None:
            left, bottom, right, top = self.scene.extent
            x, y = point[0] + self._offset[0], point[1] + self._offset[1]
            to = min(max(x, left), right), min(max(y, bottom), top)  # outside, it could not be grabbed
            self._dragged = self.held, to
            self._serial = self.live.hold(self.held, to)

    def drop(self) -> None:
        """Release the held handle."""
        if self.held is not None:
            self.held = None
            self._serial = self.live.release()

    def _reset(self) -> None:
        self.drop()
        self._dragged = None
        self._slid.clear()
        self.orbit = Orbit()
        self.live.reset()
        self.player.restart()
