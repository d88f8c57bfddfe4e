"""What a shell offers for the words of a command: `rosesim --install-completion` sets it up.

A shell asks while a person waits, so nothing is compiled, and whatever fails offers nothing.
"""

from __future__ import annotations

import contextlib
from typing import Any


def scenes(incomplete: str) -> list[str]:
    """The names of installed scenes that begin so; a shell completes files by itself where there are none.

    >>> scenes("billi")
    ['billiards']
    """
    from rosesim.scenes import scene_names

    return [name for name in scene_names() if name.startswith(incomplete)]


def optimizers(incomplete: str) -> list[str]:
    """The names of optimisers that begin so."""
    from rosesim.optimise.table import OPTIMIZERS

    return [name for name in OPTIMIZERS if name.startswith(incomplete)]


def schedules(incomplete: str) -> list[str]:
    """The shapes of schedules that begin so."""
    from rosesim.optimise.schedules import ENDS

    return [name for name in (*ENDS, "warmup:") if name.startswith(incomplete)]


def assignments(ctx: Any, incomplete: str) -> list[str]:
    """The settings and inputs of the scene that is already on the line, as `NAME=`."""
    import dataclasses

    from rosesim.scenes import configure, find_scene
    from rosesim.scenes.tree import leaves

    given = ctx.params.get("scene") or ctx.params.get("what")
    names: list[str] = []
    with contextlib.suppress(Exception):  # an unknown scene: there is nothing to offer
        kind = find_scene(given)
        names = [*(f.name for f in dataclasses.fields(kind)), *leaves(configure(kind, [])[1])]
    return [f"{name}=" for name in names if name.startswith(incomplete)]
