"""Buttons and the scrub bar, drawn with the same primitives as scenes; sizes are in points."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from rosesim.scenes.canvas import Canvas, Point
from rosesim.view.player import Player

LETTERS = 9.5
"""Height of capitals."""
ROUND = 7.0
"""Radius of a button's corners."""
BUTTON, GAP = 36.0, 6.0
BAR_HEIGHT = 44.0
TRACK_LEFT = 4 * (BUTTON + GAP) + 12
TRACK_RIGHT = 150.0
"""Room left of the track for its buttons, and right of it for the time and the speed."""
TRACK_WIDTH, KNOB = 4.0, 7.5


@dataclass(frozen=True)
class Button:
    """A rectangle for an action, with a text or an icon on it."""

    action: str
    left: float
    bottom: float
    width: float
    height: float
    face: str
    """An icon's name, or a text."""

    def holds(self, p: Point) -> bool:
        """Whether a point lies on it."""
        return self.left <= p[0] <= self.left + self.width and self.bottom <= p[1] <= self.bottom + self.height

    def draw(self, canvas: Canvas, hovered: bool, on: bool) -> None:
        """Draw it; dark where its action is switched on."""
        role = ("accent-hovered" if hovered else "accent") if on else "hovered" if hovered else "button"
        rounded(canvas, (self.left, self.bottom), (self.left + self.width, self.bottom + self.height), ROUND, role)
        ink = "on-accent" if on else "ink"
        x, y = self.left + self.width / 2, self.bottom + self.height / 2
        if self.face in ICONS:
            ICONS[self.face](canvas, x, y, ink)
        else:
            canvas.text((x, y - LETTERS / 2), self.face, ink, size=LETTERS, align="centre")


def rounded(canvas: Canvas, low: Point, high: Point, radius: float, role: str) -> None:
    """A filled rectangle with round corners."""
    (x0, y0), (x1, y1) = low, high
    r = min(radius, (x1 - x0) / 2, (y1 - y0) / 2)
    corners = [(x1 - r, y1 - r, 0), (x0 + r, y1 - r, 1), (x0 + r, y0 + r, 2), (x1 - r, y0 + r, 3)]
    angles = [(x, y, math.pi / 2 * (quarter + k / 6)) for x, y, quarter in corners for k in range(7)]
    canvas.polygon([(x + r * math.cos(a), y + r * math.sin(a)) for x, y, a in angles], role)


def _play(canvas: Canvas, x: float, y: float, role: str) -> None:
    canvas.polygon([(x - 5, y - 7), (x - 5, y + 7), (x + 7.5, y)], role)


def _pause(canvas: Canvas, x: float, y: float, role: str) -> None:
    canvas.box((x - 6, y - 7), (x - 2, y + 7), role)
    canvas.box((x + 2, y - 7), (x + 6, y + 7), role)


def _restart(canvas: Canvas, x: float, y: float, role: str) -> None:
    canvas.box((x - 7, y - 6), (x - 4.5, y + 6), role)
    canvas.polygon([(x + 6.5, y - 6), (x + 6.5, y + 6), (x - 4, y)], role)


def _back(canvas: Canvas, x: float, y: float, role: str) -> None:
    canvas.polygon([(x - 0.5, y - 5.5), (x - 0.5, y + 5.5), (x - 7, y)], role)
    canvas.box((x + 2, y - 5.5), (x + 4.5, y + 5.5), role)


def _forward(canvas: Canvas, x: float, y: float, role: str) -> None:
    canvas.polygon([(x + 0.5, y - 5.5), (x + 0.5, y + 5.5), (x + 7, y)], role)
    canvas.box((x - 4.5, y - 5.5), (x - 2, y + 5.5), role)


ICONS: dict[str, Callable[[Canvas, float, float, str], None]] = {
    "▶": _play, "‖": _pause, "|◀": _restart, "◀|": _back, "|▶": _forward,
}  # fmt: skip


class Bar:
    """The bar under the scene: play, single steps, the scrub bar, the time, the speed."""

    def __init__(self, width: float):
        self.width = width
        low = (BAR_HEIGHT - BUTTON) / 2
        self._left = [
            Button(action, k * (BUTTON + GAP), low, BUTTON, BUTTON, face)
            for k, (action, face) in enumerate((("restart", "|◀"), ("back", "◀|"), ("play", "▶"), ("forward", "|▶")))
        ]
        self._slower = Button("slower", width - 100, low, 26, BUTTON, "-")
        self._faster = Button("faster", width - 26, low, 26, BUTTON, "+")

    @property
    def buttons(self) -> list[Button]:
        """All buttons of the bar."""
        return [*self._left, self._slower, self._faster]

    @property
    def track(self) -> tuple[float, float]:
        """The left and right end of the scrub bar."""
        return TRACK_LEFT, max(self.width - TRACK_RIGHT - 74, TRACK_LEFT + 20)

    def on_track(self, p: Point) -> bool:
        """Whether a point lies on the scrub bar, knob included."""
        left, right = self.track
        return left - KNOB <= p[0] <= right + KNOB and abs(p[1] - BAR_HEIGHT / 2) <= 2 * KNOB

    def part(self, p: Point) -> float:
        """The part of the replay, 0 to 1, at a point of the scrub bar."""
        left, right = self.track
        return min(max((p[0] - left) / (right - left), 0.0), 1.0)

    def still(self, playing: bool, hovered: str | None) -> Canvas:
        """The parts that seldom change: the buttons, the track."""
        canvas = Canvas((0.0, 0.0, self.width, BAR_HEIGHT))
        for b in self.buttons:
            face = "‖" if b.action == "play" and playing else b.face
            replace(b, face=face).draw(canvas, hovered == b.action, b.action == "play")
        left, right = self.track
        canvas.line([(left, BAR_HEIGHT / 2), (right, BAR_HEIGHT / 2)], "hovered", width=TRACK_WIDTH)
        return canvas

    def moving(self, player: Player, hovered: str | None) -> Canvas:
        """The parts that move: the knob, the time, the speed."""
        canvas = Canvas((0.0, 0.0, self.width, BAR_HEIGHT))
        middle, base = BAR_HEIGHT / 2, BAR_HEIGHT / 2 - LETTERS / 2
        left, right = self.track
        knob = left + player.part * (right - left)
        if knob > left:
            canvas.line([(left, middle), (knob, middle)], "ink", width=TRACK_WIDTH)
        canvas.circle((knob, middle), KNOB + (1.5 if hovered == "scrub" else 0.0), "ink")
        canvas.text((self.width - 114, base), f"{player.index} / {player.last}", "muted", size=LETTERS, align="right")
        speed = f"{player.speed:g}x" if player.speed >= 1 else f"1/{1 / player.speed:g}x"
        canvas.text((self.width - 50, base), speed, "ink", size=LETTERS, align="centre")
        return canvas


class Switches:
    """The buttons beside the scene: optimise, reset, trails, help."""

    HEIGHT = 2 * BUTTON + GAP + 4

    def __init__(self, width: float):
        self.width = width
        third = (width - 2 * GAP) / 3
        low = 4.0  # level with the bar's buttons
        self.buttons = [
            Button("optimise", 0.0, low + BUTTON + GAP, width, BUTTON, "Optimise live"),
            Button("reset", 0.0, low, third, BUTTON, "Reset"),
            Button("ghosts", third + GAP, low, third, BUTTON, "Trails"),
            Button("help", 2 * (third + GAP), low, third, BUTTON, "Help"),
        ]

    def canvas(self, on: Collection[str], hovered: str | None) -> Canvas:
        """The buttons, dark where they are switched on."""
        canvas = Canvas((0.0, 0.0, self.width, self.HEIGHT))
        for b in self.buttons:
            b.draw(canvas, hovered == b.action, b.action in on)
        return canvas
