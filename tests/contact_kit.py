"""What tests of contact share: the contacts of two shapes, as arrays."""

from functools import cache
from typing import Any

import numpy as np

from rosesim import Real, fn, stack
from rosesim.robots.contact import geometry
from rosesim.robots.contact.hulls import Hulls

MARGIN = 0.6
"""Of the references: contacts up to this distance are listed."""


@cache
def placed(first: str, second: str, hulls: Hulls | None = None) -> Any:
    """The contacts of two shapes as (distance, point, normal), (n, 7). A mesh has five numbers as its size."""

    @fn
    def found(pos: Any, mat: Any, size: Any) -> Any:
        shapes = [
            geometry.Shape(
                kind,
                [size[k, i] for i in range(5 if kind == "mesh" else 3)],
                (pos[k, 0], pos[k, 1], pos[k, 2]),
                tuple((mat[k, 3 * r], mat[k, 3 * r + 1], mat[k, 3 * r + 2]) for r in range(3)),  # pyright: ignore
                hulls,
            )
            for k, kind in enumerate((first, second))
        ]
        rows: list[Any] = []
        for place in geometry.contacts(shapes[0], shapes[1], MARGIN):
            point, frame = place.rest()
            rows.append(stack([Real(x) for x in (place.distance, *point, *frame[0])]))
        return stack(rows)

    return found


def listed(pair: tuple[str, str], pos: Any, mat: Any, size: Any, hulls: Hulls | None = None) -> Any:
    """The contacts of a pair that count."""
    found = placed(*pair, hulls)(np.array(pos, float), np.array(mat, float), np.array(size, float))
    return found[found[:, 0] < MARGIN]


def compare(found: Any, expected: Any, close: Any = 1e-12):
    """The order of a pair's contacts has no meaning."""
    assert found.shape == np.shape(expected)
    for row in expected:
        assert (np.abs(found - row) < close).all(axis=1).any()


def unit(*x: float) -> Any:
    return np.array(x) / np.linalg.norm(x)
