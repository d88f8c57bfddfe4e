"""Where two shapes touch: against MuJoCo's numbers, and in closed form."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from robots_kit import reference_file, rotation

from rosesim import Real, fn, jacobian, stack
from rosesim.robots.contact import geometry

MARGIN = 0.6
"""Of the references: contacts up to this distance are listed."""


@cache
def placed(first: str, second: str) -> Any:
    """The contacts of two shapes as (distance, point, normal), (n, 7)."""

    @fn
    def found(pos: Any, mat: Any, size: Any) -> Any:
        shapes = [
            geometry.Shape(
                kind,
                [size[k, i] for i in range(3)],
                (pos[k, 0], pos[k, 1], pos[k, 2]),
                tuple((mat[k, 3 * r], mat[k, 3 * r + 1], mat[k, 3 * r + 2]) for r in range(3)),  # pyright: ignore
            )
            for k, kind in enumerate((first, second))
        ]
        rows: list[Any] = []
        for place in geometry.contacts(shapes[0], shapes[1], MARGIN):
            point, frame = place.rest()
            rows.append(stack([Real(x) for x in (place.distance, *point, *frame[0])]))
        return stack(rows)

    return found


def listed(pair: tuple[str, str], pos: Any, mat: Any, size: Any) -> Any:
    """The contacts of a pair that count."""
    found = placed(*pair)(np.array(pos, float), np.array(mat, float), np.array(size, float))
    return found[found[:, 0] < MARGIN]


def compare(found: Any, expected: Any):
    """The order of a pair's contacts has no meaning."""
    assert found.shape == np.shape(expected)
    for row in expected:
        assert np.abs(found - row).max(axis=1).min() < 1e-12


@pytest.mark.parametrize("pair", sorted(geometry.FINDERS))
def test_where_two_shapes_touch_in_mujoco(pair: tuple[str, str]):
    cases = [c for c in reference_file("contacts")["cases"] if tuple(c["pair"]) == pair]
    assert cases or pair in {p[:2] for p in PLACES}  # in closed form below
    for case in cases:
        expected = [[c["dist"], *c["pos"], *c["normal"]] for c in case["contacts"]]
        compare(listed(pair, case["pos"], case["mat"], case["size"]), expected)


def unit(*x: float) -> Any:
    return np.array(x) / np.linalg.norm(x)


def ball(surface: Any, outwards: Any, distance: float, radius: float = 0.1) -> list[float]:
    """The contact of a ball whose centre is so far above a point of the second shape's surface."""
    gap = distance - radius
    return [gap, *(np.array(surface) + 0.5 * gap * np.array(outwards)), *-np.array(outwards)]


SIZES = {
    "sphere": (0.1, 0.0, 0.0),
    "capsule": (0.1, 0.5, 0.0),
    "ellipsoid": (0.3, 0.25, 0.15),
    "cylinder": (0.3, 0.2, 0.0),
    "box": (0.2, 0.15, 0.1),
}
X, Y, Z = np.eye(3)
ON = SIZES["ellipsoid"] * unit(1.0, -2.0, 1.5)
"""A point of the ellipsoid, and the normal there."""
OUT = unit(*(ON / np.square(SIZES["ellipsoid"])))
BESIDE = unit(*np.cross(OUT, (0.3, 1.0, 0.2)))
SIDE, RIM = unit(3.0, 4.0, 0.0), unit(3.0, 4.0, 5.0)
ALONG_SIDE, ALONG_RIM = unit(4.0, -3.0, 2.0), unit(4.0, 3.0, -4.8)
"""Across the side's and the rim's normal."""
ON_SIDE, ON_RIM = 0.3 * SIDE + 0.1 * Z, 0.3 * SIDE + 0.2 * Z
DOWN, FLAT = unit(0.6, 0.0, 0.8), unit(0.8, 0.0, -0.6)
"""The normal of an edge of the box, and a direction across it."""
EDGE, CORNER = 0.2 * X + 0.03 * Y + 0.1 * Z, 0.2 * X + 0.15 * Y + 0.1 * Z

PLACES: list[tuple[str, str, Any, Any, list[list[float]]]] = [
    # the pair, the first shape's place and axis in the second one's frame, the contacts
    ("sphere", "cylinder", 0.5 * X + 0.05 * Z, Z, [ball(0.3 * X + 0.05 * Z, X, 0.2)]),
    ("sphere", "cylinder", 0.1 * X - 0.4 * Z, Z, [ball(0.1 * X - 0.2 * Z, -Z, 0.2)]),
    ("sphere", "cylinder", ON_RIM + 0.15 * RIM, Z, [ball(ON_RIM, RIM, 0.15)]),
    ("sphere", "cylinder", 0.05 * X + 0.15 * Z, Z, [ball(0.05 * X + 0.2 * Z, Z, -0.05)]),
    ("sphere", "cylinder", 0.28 * Y, Z, [ball(0.3 * Y, Y, -0.02)]),
    ("sphere", "ellipsoid", ON + 0.2 * OUT, Z, [ball(ON, OUT, 0.2)]),
    ("sphere", "ellipsoid", ON - 0.03 * OUT, Z, [ball(ON, OUT, -0.03)]),
    ("sphere", "ellipsoid", 0.17 * Z, Z, [ball(0.15 * Z, Z, 0.02)]),
    # the axis passes, ends, and goes through
    ("capsule", "ellipsoid", ON + 0.09 * OUT - 0.1 * BESIDE, BESIDE, [ball(ON, OUT, 0.09)]),
    ("capsule", "ellipsoid", ON + 0.09 * OUT + 0.5 * unit(*(OUT + X)), unit(*(OUT + X)), [ball(ON, OUT, 0.09)]),
    ("capsule", "ellipsoid", 0.1 * X + 0.1 * Z, X, [ball(0.15 * Z, Z, -0.05)]),
    ("capsule", "cylinder", ON_SIDE + 0.08 * SIDE - 0.2 * ALONG_SIDE, ALONG_SIDE, [ball(ON_SIDE, SIDE, 0.08)]),
    ("capsule", "cylinder", ON_RIM + 0.08 * RIM - 0.2 * ALONG_RIM, ALONG_RIM, [ball(ON_RIM, RIM, 0.08)]),
    ("capsule", "cylinder", 0.1 * X + 0.28 * Z + 0.5 * RIM, RIM, [ball(0.1 * X + 0.2 * Z, Z, 0.08)]),
    ("capsule", "cylinder", 0.1 * X + 0.15 * Z, X, [ball(0.2 * Z, Z, -0.05)]),
    # along a face; down to it; over an edge, and on as far as the capsule reaches; at a corner
    ("capsule", "box", 0.1 * X + 0.2 * Z, X, [ball(x * X + 0.1 * Z, Z, 0.1) for x in (-0.2, 0.2)]),
    (
        "capsule",
        "box",
        0.1 * Y - 0.1 * X + 0.12 * Z - 0.5 * FLAT,
        FLAT,
        [ball(0.1 * Y - 0.1 * X + 0.1 * Z, Z, 0.02), ball(0.1 * Y - 0.2 * X + 0.1 * Z, Z, 0.02 + 0.1 * 0.75)],
    ),
    (
        "capsule",
        "box",
        EDGE + 0.05 * DOWN + 0.3 * FLAT,
        FLAT,
        [ball(EDGE, DOWN, 0.05), ball(EDGE + (0.03 - 0.16) * X, Z, 0.04 + 0.12)],
    ),
    ("capsule", "box", CORNER + 0.6 * unit(1, 1, 1), unit(1, 1, 1), [ball(CORNER, unit(1, 1, 1), 0.1)]),
]


@pytest.mark.parametrize("pair", sorted({p[:2] for p in PLACES}))
def test_where_two_shapes_touch_in_closed_form(pair: tuple[str, str]):
    turn, shift = rotation(unit(2.0, -1.0, 0.5, 1.0)), np.array([0.4, -0.3, 0.7])
    for first, second, place, axis, contacts in PLACES:
        if (first, second) != pair:
            continue
        across = unit(*np.cross(axis, (0.3, -0.5, 0.1)))
        own = np.stack([across, np.cross(axis, across), axis], axis=1)
        found = listed(
            pair,
            [turn @ place + shift, shift],
            [np.ravel(turn @ own), np.ravel(turn)],
            [SIZES[first], SIZES[second]],
        )
        expected = [[c[0], *(turn @ c[1:4] + shift), *(turn @ c[4:])] for c in contacts]
        compare(found, expected)


@pytest.mark.parametrize("second", ["ellipsoid", "cylinder", "box"])
def test_how_places_of_touching_move(second: str):
    """The slope of the distance is the normal; points and normals move as differences say."""
    f = placed("capsule", second)
    axis = unit(1.0, -0.4, 0.3)
    across = unit(*np.cross(axis, X))
    own = np.stack([across, np.cross(axis, across), axis], axis=1)
    pos, mat = np.array([[0.1, 0.2, 0.42], [0.0, 0.0, 0.0]]), np.array([np.ravel(own), np.ravel(np.eye(3))])
    size = np.array([SIZES["capsule"], SIZES[second]])
    slopes = np.array(jacobian(f, wrt=0)(pos, mat, size))[0]
    found = f(pos, mat, size)[0]
    np.testing.assert_allclose(slopes[0], [-found[4:], found[4:]], atol=1e-12)
    h = 1e-6
    for k in range(3):
        step = h * np.array([np.eye(3)[k], np.zeros(3)])
        change = (f(pos + step, mat, size)[0] - f(pos - step, mat, size)[0]) / (2.0 * h)
        np.testing.assert_allclose(slopes[:, 0, k], change, atol=1e-8)  # differences reach 1e-9
