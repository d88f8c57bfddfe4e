"""The bounds of params that a scene gives, as two flat vectors; bounds that make no sense are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.scenes.errors import SceneError
from rosesim.scenes.files import shown
from rosesim.scenes.tree import FlatView

Bounds = tuple[NDArray[np.float64], NDArray[np.float64]]


def flat_bounds(given: Mapping[str, Any], flat: FlatView[Any]) -> Bounds | None:
    """The least and the greatest params as flat vectors, or None where none is bounded.

    Raises SceneError for a name that is not tuned, and for bounds that are not two numbers or arrays of the param's
    shape, that are not numbers, or the first of which is above the second.

    >>> flat_bounds({"a": (0.0, 1.0)}, FlatView.of({"a": 0.5, "b": 2.0}))
    (array([ 0., -inf]), array([ 1., inf]))
    """
    if not isinstance(given, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] -- a user's method returned it
        raise SceneError(f'bounds() gave {shown(given)}; expected a dict, as in {{"mass": (0.0, math.inf)}}')
    if not given:
        return None
    low, high = np.full(flat.size, -np.inf), np.full(flat.size, np.inf)
    for name, ends in given.items():
        if name in flat.kept:
            raise SceneError(
                f"bounds of {name} were given, which is not a real number and so is not tuned; leave them out"
            )
        if name not in flat.slices:
            known = ", ".join(flat.slices) or "none"
            raise SceneError(f"bounds of {shown(name)} were given; the params are {known}")
        a, b = _ends(name, ends, flat.shapes[name])
        low[flat.slices[name]], high[flat.slices[name]] = a.ravel(), b.ravel()
    return low, high


def _ends(name: str, ends: Any, shape: tuple[int, ...]) -> list[NDArray[np.float64]]:
    """Both ends of one param's bounds, each of its shape."""
    try:
        low, high = ends
        found = [np.broadcast_to(np.asarray(end, dtype=np.float64), shape) for end in (low, high)]
    except (TypeError, ValueError):
        of = f" of shape {shape}" if shape else ""
        raise SceneError(
            f"the bounds of {name} are {shown(ends)}; expected its least and its greatest value{of}, as in (0.0, 1.0)"
        ) from None
    if any(np.isnan(end).any() for end in found):
        raise SceneError(f"the bounds of {name} are {shown(ends)}; expected numbers, math.inf where there is no end")
    if (found[0] > found[1]).any():
        raise SceneError(f"the bounds of {name} are {shown(ends)}; expected the least value first, then the greatest")
    if (found[0] == np.inf).any() or (found[1] == -np.inf).any():
        raise SceneError(f"the bounds of {name} are {shown(ends)}, which no number is between; expected finite ends")
    return found
