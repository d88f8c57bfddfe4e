"""Where two shapes touch: against MuJoCo's numbers, and in closed form."""

from typing import Any

import numpy as np
import pytest
from contact_kit import MARGIN, compare, listed, placed, unit
from robots_kit import reference_file, rotation

from rosesim import jvp
from rosesim.robots.contact import geometry
from rosesim.robots.contact.convex import convex
from rosesim.robots.contact.shapes import frame

CLOSED = sorted(p for p, finder in geometry.FINDERS.items() if finder is not convex and "mesh" not in p)
"""Pairs whose contacts have a closed form; the others are in test_convex.py."""


@pytest.mark.parametrize("pair", CLOSED)
def test_where_two_shapes_touch_in_mujoco(pair: tuple[str, str]):
    cases = [c for c in reference_file("contacts")["cases"] if tuple(c["pair"]) == pair]
    assert cases or pair in {p[:2] for p in PLACES}  # in closed form below
    for case in cases:
        expected = [[c["dist"], *c["pos"], *c["normal"]] for c in case["contacts"]]
        compare(listed(pair, case["pos"], case["mat"], case["size"]), expected)


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
    ("sphere", "box", 0.15 * X + 0.05 * Y, Z, [ball(0.2 * X + 0.05 * Y, X, -0.05)]),
    ("sphere", "box", 0.05 * Y - 0.08 * Z, Z, [ball(0.05 * Y - 0.1 * Z, -Z, -0.02)]),
    # side by side, from end to end of what is beside the other
    ("capsule", "capsule", 0.3 * X + 0.2 * Z, -Z, [ball(0.1 * X + z * Z, X, 0.2) for z in (-0.3, 0.5)]),
    # the axis passes, ends, goes through, and ends far from the capsule's middle
    ("capsule", "ellipsoid", ON + 0.09 * OUT - 0.1 * BESIDE, BESIDE, [ball(ON, OUT, 0.09)]),
    ("capsule", "ellipsoid", ON + 0.09 * OUT + 0.5 * unit(*(OUT + X)), unit(*(OUT + X)), [ball(ON, OUT, 0.09)]),
    ("capsule", "ellipsoid", 0.1 * X + 0.1 * Z, X, [ball(0.15 * Z, Z, -0.05)]),
    ("capsule", "cylinder", ON_SIDE + 0.08 * SIDE - 0.2 * ALONG_SIDE, ALONG_SIDE, [ball(ON_SIDE, SIDE, 0.08)]),
    ("capsule", "cylinder", ON_RIM + 0.08 * RIM - 0.2 * ALONG_RIM, ALONG_RIM, [ball(ON_RIM, RIM, 0.08)]),
    ("capsule", "cylinder", 0.1 * X + 0.28 * Z + 0.5 * RIM, RIM, [ball(0.1 * X + 0.2 * Z, Z, 0.08)]),
    ("capsule", "cylinder", 0.1 * X + 0.15 * Z, X, [ball(0.2 * Z, Z, -0.05)]),
    ("capsule", "cylinder", 1.35 * X, X, [ball(0.3 * X, X, 0.55)]),
    # along an edge; along a face; down to it; over an edge, and on as far as the capsule reaches; at a corner
    (
        "capsule",
        "box",
        0.2 * X + 0.1 * Z + 0.05 * DOWN,
        Y,
        [ball(0.2 * X + y * Y + 0.1 * Z, DOWN, 0.05) for y in (-0.15, 0.15)],
    ),
    (
        "capsule",
        "box",
        0.2 * X + 0.45 * Y + 0.1 * Z + 0.05 * DOWN,
        Y,
        [ball(0.2 * X + y * Y + 0.1 * Z, DOWN, 0.05) for y in (-0.05, 0.15)],
    ),
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


def segments_apart(a: Any, b: Any) -> float:
    """The distance of two segments, given by their ends: of an end from the other one, or of points between."""

    def end(p: Any, c: Any, d: Any) -> float:
        return float(np.linalg.norm(c + np.clip((p - c) @ (d - c) / ((d - c) @ (d - c)), 0.0, 1.0) * (d - c) - p))

    found = [end(p, *b) for p in a] + [end(p, *a) for p in b]
    where = np.linalg.lstsq(np.stack([a[1] - a[0], b[0] - b[1]], axis=1), b[0] - a[0], rcond=None)[0]
    if (where > 0.0).all() and (where < 1.0).all():
        found.append(float(np.linalg.norm(a[0] + where[0] * (a[1] - a[0]) - b[0] - where[1] * (b[1] - b[0]))))
    return min(found)


def test_the_distance_of_capsules_is_that_of_their_axes():
    draw = np.random.default_rng(0)
    size = np.array([SIZES["capsule"], SIZES["capsule"]])
    for _ in range(60):
        pos, mat = 0.5 * draw.normal(size=(2, 3)), [rotation(unit(*draw.normal(size=4))) for _ in range(2)]
        ends = [[p - 0.5 * m[:, 2], p + 0.5 * m[:, 2]] for p, m in zip(pos, mat, strict=True)]
        found = placed("capsule", "capsule")(pos, np.reshape(mat, (2, 9)), size)[0]
        assert found[0] == pytest.approx(segments_apart(*ends) - 0.2, abs=1e-12)


CONCENTRIC = [p for p in CLOSED if p[0] != "plane"] + [("cylinder", "box")]


@pytest.mark.parametrize("pair", CONCENTRIC)
def test_shapes_with_one_centre_have_a_normal(pair: tuple[str, str]):
    size = np.array([SIZES[pair[0]], (0.1, 0.1, 0.1)])  # all sides are as near
    found = placed(*pair)(np.zeros((2, 3)), np.ravel(np.eye(3)) * np.ones((2, 1)), size)
    assert np.abs(np.linalg.norm(found[:, 4:], axis=1) - 1.0).max() < 1e-12
    assert (found[:, 0] < 0.0).any()


def test_tangents_of_a_contact():
    """World's y across the normal, or z where the normal is near y; of a capsule on the ground, along it."""
    normal, first, second = frame((0.6, 0.0, 0.8))
    assert (first, second) == (pytest.approx(Y), pytest.approx(np.cross(normal, Y)))
    normal, first, second = frame((0.48, 0.6, 0.64))
    assert first == pytest.approx(unit(*(Z - 0.64 * np.array(normal))))
    assert second == pytest.approx(np.cross(normal, first))
    ground = geometry.Shape("plane", (), (0.0, 0.0, 0.0), tuple(np.eye(3)))  # pyright: ignore[reportArgumentType]
    turn = rotation(unit(1.0, 0.3, 0.5, -0.2))
    rows: Any = tuple(map(tuple, turn.tolist()))
    for place in geometry.contacts(ground, geometry.Shape("capsule", (0.1, 0.5), (0.0, 0.0, 0.4), rows), MARGIN):
        assert place.rest()[1][1] == pytest.approx(unit(turn[0, 2], turn[1, 2], 0.0))


@pytest.mark.parametrize("second", ["ellipsoid", "cylinder", "box"])
def test_how_places_of_touching_move(second: str):
    """The slope of the distance is the normal; points and normals move as differences say."""
    f = placed("capsule", second)
    slope = jvp(f)
    axis = unit(1.0, -0.4, 0.3)
    across = unit(*np.cross(axis, X))
    own = np.stack([across, np.cross(axis, across), axis], axis=1)
    mat = np.array([np.ravel(own), np.ravel(np.eye(3))])
    size = np.array([SIZES["capsule"], SIZES[second]])
    draw = np.random.default_rng(2)
    for place in ((0.1, 0.2, 0.42), (0.8, 0.1, 0.5)):  # the axis passes, and ends
        pos, step, grow = np.array([place, np.zeros(3)]), draw.normal(size=(2, 3)), draw.normal(size=(2, 3))
        found, by_pos = slope(pos, mat, size, step, np.zeros((2, 9)), np.zeros((2, 3)))
        assert by_pos[0, 0] == pytest.approx(found[0, 4:] @ (step[1] - step[0]), abs=1e-12)
        _, by_both = slope(pos, mat, size, step, np.zeros((2, 9)), grow)
        h = 1e-6
        change = (f(pos + h * step, mat, size + h * grow) - f(pos - h * step, mat, size - h * grow)) / (2.0 * h)
        np.testing.assert_allclose(by_both[0], change[0], atol=1e-8)  # differences reach 1e-9
