"""What a notebook shows of our objects: tables, and curves as small SVG pictures."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

WIDTH, HEIGHT = 420, 120
"""Of a curve, in pixels."""


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table as HTML.

    >>> table(["name"], [["x < y"]])
    '<table><thead><tr><th>name</th></tr></thead><tbody><tr><td>x &lt; y</td></tr></tbody></table>'
    """
    top = "".join(f"<th>{html.escape(h)}</th>" for h in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(str(c))}</td>" for c in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def curve(values: Sequence[float], title: str) -> str:
    """A curve over 0, 1, 2, ... as SVG, logarithmic where all values are positive and span a decade; numbers that
    are not finite interrupt it. Empty where no two are finite.

    >>> curve([100.0, 10.0, 1.0], "loss")[:60]
    '<svg xmlns="http://www.w3.org/2000/svg" width="420" height="'
    """
    finite = [v for v in values if math.isfinite(v)]
    if len(finite) < 2:
        return ""
    logarithmic = min(finite) > 0 and max(finite) >= 10 * min(finite)
    low, high = min(finite), max(finite)
    of = math.log if logarithmic else float
    bottom, span = of(low), (of(high) - of(low)) or 1.0
    left, top, width, height = 64, 18, WIDTH - 76, HEIGHT - 40
    pieces: list[list[str]] = [[]]
    for k, v in enumerate(values):
        if not math.isfinite(v):
            pieces.append([])
            continue
        x, y = left + width * k / (len(values) - 1), top + height * (1 - (of(v) - bottom) / span)
        pieces[-1].append(f"{x:.1f},{y:.1f}")
    lines = "".join(
        f'<polyline points="{" ".join(p)}" fill="none" stroke="#2a6fdb" stroke-width="1.5"/>' for p in pieces if p
    )
    text = '<text font-size="11" fill="currentColor" font-family="sans-serif"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{html.escape(title)}">'
        f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none" stroke="#8888"/>{lines}'
        f'{text} x="{left}" y="12">{html.escape(title)}{", logarithmic" if logarithmic else ""}</text>'
        f'{text} x="{left - 4}" y="{top + 9}" text-anchor="end">{high:.4g}</text>'
        f'{text} x="{left - 4}" y="{top + height}" text-anchor="end">{low:.4g}</text>'
        f'{text} x="{left}" y="{HEIGHT - 6}">0</text>'
        f'{text} x="{left + width}" y="{HEIGHT - 6}" text-anchor="end">{len(values) - 1}</text></svg>'
    )
