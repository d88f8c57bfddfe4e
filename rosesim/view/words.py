"""The viewer's texts: the numbers beside the scene, messages, and the help."""

from __future__ import annotations

import math
from collections.abc import Mapping

from rosesim.scenes.canvas import Canvas
from rosesim.view.controls import rounded
from rosesim.view.fonts import font

KEYS = (
    ("Space", "play, pause"),
    ("Left, Right", "a step back, forward"),
    ("Up, Down", "faster, slower"),
    ("Home", "play from the start"),
    ("O", "optimise live, on and off"),
    ("R", "reset what was dragged and tuned"),
    ("G", "trails of past iterations, on and off"),
    ("H, ?, F1", "this help"),
    ("Esc, Q", "quit"),
)
MOUSE = "Drag what has a ring, the bar below, and a view of space."
HELP_SIZE = (400.0, 372.0)
NUMBERS_HEIGHT = 162.0
MESSAGE_LETTERS, MESSAGE_LEADING, MESSAGE_PAD = 9.5, 17.0, 12.0


SECOND_COLUMN = 0.36
"""Where it begins, as a part of the width: the names of losses are longer than numbers of iterations."""
TERMS_SHOWN = 3
"""Terms of the loss for which there is room beside the gradient's length: those that are largest."""


def numbers(
    size: tuple[float, float],
    title: str,
    status: str,
    iteration: int | None,
    loss: float,
    steep: float,
    terms: Mapping[str, float] | None = None,
    measured: str = "loss",
) -> Canvas:
    """The scene's name, the status, and the numbers of the optimisation, with the largest terms of the loss.

    `measured` is the name of what the loss measures.
    """
    width, top = size
    canvas = Canvas((0.0, 0.0, width, top))
    canvas.text((0.0, top - 17), title, "ink", size=15)
    canvas.text((0.0, top - 40), status, "muted", size=9.5)
    shown = "-" if iteration is None else f"{iteration}"
    columns = (
        (0.0, "iteration", shown, 17.0, 72),
        (width * SECOND_COLUMN, measured, short(loss), 17.0, 72),
        (0.0, "gradient length", short(steep), 10.5, 124),
    )
    for x, label, text, letters, down in columns:
        canvas.text((x, top - down), label, "muted", size=8.5)
        canvas.text((x, top - down - letters - 8), text, "ink", size=letters)
    largest = sorted(terms or {}, key=lambda name: -abs((terms or {})[name]))[:TERMS_SHOWN]
    for k, name in enumerate(n for n in terms or {} if n in largest):
        canvas.text(
            (width * SECOND_COLUMN, top - 118 - 14 * k), f"{name} {short((terms or {})[name])}", "muted", size=8.5
        )
    return canvas


def short(v: float) -> str:
    """A number in a few characters; a dash where it is not finite.

    >>> short(0.0453761), short(2.17e-5), short(float("nan"))
    ('0.04538', '2.17e-05', '-')
    """
    if not math.isfinite(v):
        return "-"
    return f"{v:.4g}" if v == 0 or 1e-3 <= abs(v) < 1e4 else f"{v:.2e}"


def message(width: float, text: str, failed: bool) -> Canvas:
    """One or more lines for the user, on a card as high as they need."""
    lines = wrapped(text, width - 2 * MESSAGE_PAD - 12)
    height = len(lines) * MESSAGE_LEADING + 2 * MESSAGE_PAD - (MESSAGE_LEADING - MESSAGE_LETTERS)
    canvas = Canvas((0.0, 0.0, width, height))
    canvas.box((0.0, 0.0), (width, height), "panel")
    canvas.box((0.0, 0.0), (4.0, height), "warning" if failed else "arrow")
    for k, line in enumerate(lines):
        y = height - MESSAGE_PAD - MESSAGE_LETTERS - k * MESSAGE_LEADING
        canvas.text((MESSAGE_PAD + 6, y), line, "ink", size=MESSAGE_LETTERS)
    return canvas


def wrapped(text: str, width: float) -> list[str]:
    """The text as lines that are at most this wide, broken between words."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font(MESSAGE_LETTERS, text).size(longer)[0] <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def help_card() -> Canvas:
    """The keys and their actions."""
    width, height = HELP_SIZE
    canvas = Canvas((0.0, 0.0, width, height))
    rounded(canvas, (0.0, 0.0), (width, height), 0.0, "grid")
    canvas.box((1.0, 1.0), (width - 1, height - 1), "panel")
    canvas.text((28, height - 42), "Keys", "ink", size=14)
    for k, (keys, what) in enumerate(KEYS):
        y = height - 78 - 27 * k
        canvas.text((28, y), keys, "ink", size=9.5)
        canvas.text((138, y), what, "muted", size=9.5)
    canvas.text((28, 28), MOUSE, "ink", size=9.5)
    return canvas
