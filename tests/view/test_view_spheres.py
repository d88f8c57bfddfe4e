"""Many spheres at once: their picture is that of as many single ones, lists lack nobody, paths lie above."""

from __future__ import annotations

import functools
import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from spaces import Heap

from rosesim.scenes import Camera, Canvas, OneOf
from rosesim.scenes.canvas import Line
from rosesim.scenes.space import Space
from rosesim.view import attempts, stage
from rosesim.view.space import caster, cells, light, photograph

SIZE = 120, 90
THEME = {
    "sky": (240, 240, 240), "floor": (200, 200, 200), "line": (150, 150, 150), "red": (255, 0, 0),
    "green": (0, 255, 0), "blue": (0, 0, 255), "black": (0, 0, 0),
}  # fmt: skip
BESIDE = Camera((0.8, -3.0, 1.4), (0.1, 0.0, 0.3), 32.0)
AMONG = Camera((0.02, -0.3, 0.5), (0.0, 0.6, 0.2), 70.0)
PALETTE = [(0.0, 0.0, 1.0), (1.0, 0.0, 0.0)]
RADIUS = 0.05


def space(camera: Camera = BESIDE) -> Space:
    made = Canvas((0.0, 0.0, 4.0, 3.0)).space(camera)
    made.ground(0.0, cell=0.5)
    made.box((0.35, -0.1, 0.2), (0.1, 0.2, 0.2), "green")
    return made


def heap() -> np.ndarray:
    """Places of a heap that is dense on the left and thin on the right, around the box and above it."""
    rng = np.random.default_rng(3)
    dense = np.indices((6, 5, 5)).reshape(3, -1).T * 0.075 + [-0.5, -0.2, 0.06]
    right, _, forward = map(np.array, AMONG.frame())
    beside_an_eye = AMONG.eye + 0.04 * forward + 0.065 * right  # its middle is nearer than a radius, and it is seen
    return np.concatenate([dense, rng.uniform([-0.1, -0.6, 0.1], [0.7, 0.6, 0.8], (60, 3)), [beside_an_eye]])


def taken(of: Space) -> np.ndarray:
    return photograph(of, SIZE, THEME).astype(int)


@pytest.fixture
def open_sky(monkeypatch: pytest.MonkeyPatch) -> None:
    """Single spheres hide some of the sky from their neighbours, which many do not: here none does."""
    monkeypatch.setattr(light, "HIDDEN", 0.0)
    program: Any = caster._program  # pyright: ignore[reportPrivateUsage] -- those with the constant are others' yet
    monkeypatch.setattr(caster, "_program", functools.cache(program.__wrapped__))


@pytest.mark.usefixtures("open_sky")
def test_many_spheres_are_the_picture_of_as_many_single_ones():
    places = heap()
    which = np.arange(len(places)) % 2
    for camera in (BESIDE, AMONG):
        many, single = space(camera), space(camera)
        many.spheres(places[:100], RADIUS, OneOf(("blue", "red"), which[:100]))
        many.spheres(places[100:], RADIUS, values=which[100:], palette=PALETTE)
        for place, k in zip(places, which, strict=True):
            single.sphere(place, RADIUS, ("blue", "red")[k])
        off = np.abs(taken(many) - taken(single)).max(axis=2)
        assert (np.abs(taken(many) - taken(space(camera))).max(axis=2) > 20).mean() > 0.15  # there is much to see
        assert off.mean() < 0.2
        assert (off > 6).mean() < 0.002  # rounding in single precision, at rims


def test_hundreds_lie_before_and_behind_other_bodies_and_darken_them():
    row, column = np.mgrid[: SIZE[1], : SIZE[0]]

    def at(place: Any) -> tuple[int, int]:
        x, y = BESIDE.seen(place, (0.0, 0.0, SIZE[0], SIZE[1]))
        return row[round(SIZE[1] - y), 0], column[0, round(x)]

    made, bare = space(), taken(space())
    grid = np.indices((20, 1, 16)).reshape(3, -1).T * 0.02
    made.spheres(grid + np.array([0.26, 0.5, 0.0]), 0.014, "blue")  # a wall behind the box, wider than it
    made.spheres(grid + np.array([-0.6, -0.3, 0.0]), 0.014, "red")  # one that is free
    pixels = taken(made)
    assert pixels[at((0.35, -0.3, 0.2))].tolist() == bare[at((0.35, -0.3, 0.2))].tolist()  # the box is before
    assert pixels[at((0.64, 0.5, 0.28))].argmax() == 2
    assert pixels[at((-0.4, -0.3, 0.16))].argmax() == 0
    # The light comes from the left and the front: to the right of the free wall, further back, is its shadow.
    behind = at((-0.15, -0.2, 0.0))
    assert pixels[behind].max() < 0.85 * bare[behind].max()
    before = at((-0.4, -0.7, 0.0))
    assert pixels[before].tolist() == bare[before].tolist()


def test_each_cell_lists_all_that_reach_into_it_in_their_order(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(2)
    low = rng.uniform(-0.3, 1.2, (300, 2))
    high = low + rng.uniform(0.0, 0.3, (300, 2))
    high[:3], low[3] = -np.inf, -np.inf  # some have no pixel, one reaches far out
    for most in (cells.LISTED, 900):  # the second makes cells larger
        monkeypatch.setattr(cells, "LISTED", most)
        found = cells.cells(low, high, (0.0, 0.0, 1.0, 0.8), 0.09)
        assert len(found.which) <= most
        for k in range(found.columns * found.rows):
            corner = found.size * np.array([k % found.columns, k // found.columns])
            reaches = (low < corner + found.size).all(axis=1) & (high >= corner).all(axis=1)
            begin, end = found.first[k : k + 2].astype(int)
            assert found.which[begin:end].tolist() == np.flatnonzero(reaches).tolist()
        assert found.first[cells.MOST] == found.first[cells.MOST + 1] == len(found.which)


def test_spheres_that_are_not_finite_or_not_there_break_nothing():
    made = space()
    made.spheres(np.zeros((0, 3)), 0.1, "blue")
    assert np.array_equal(taken(made), taken(space()))
    made.spheres([(math.nan, 0.0, 0.0), (0.0, math.inf, 0.0)], 0.1, "blue")
    made.spheres([(0.0, 0.0, 0.1)], math.nan, "blue")
    assert np.array_equal(taken(made), taken(space()))
    low = space(Camera((0.3, -3.0, 0.2), (0.1, 0.0, 0.3)))
    low.light = (0.0, -1.0, 0.0)  # along the ground, which has no shadow then
    low.spheres(heap(), RADIUS, "blue")
    assert (taken(low)[..., 2] > 2 * taken(low)[..., 0]).mean() > 0.05


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ({"centres": [(0.0, 1.0)]}, "the centres of spheres have the shape (n, 3), not (1, 2)"),
        ({"radius": [0.1, 0.2]}, "spheres have one radius, not an array of the shape (2,)"),
        ({"role": OneOf(("a", "b"), [0, 1])}, "the role of 1 spheres has one number or (1,), not (2,)"),
        ({"values": [1.0]}, "spheres have values but no palette; expected both"),
        ({"palette": PALETTE}, "spheres have palette but no values; expected both"),
        ({"values": [1.0, 2.0], "palette": PALETTE}, "the values of 1 spheres have the shape (1,), not (2,)"),
    ],
)
def test_mistakes_of_spheres_are_named(call: dict[str, Any], says: str):
    with pytest.raises(ValueError, match=re.escape(says)):
        space().spheres(**{"centres": [(0.0, 0.0, 0.0)], "radius": 0.1, **call})


def test_views_of_the_same_spheres_are_equal_and_of_others_are_not():
    views = [space() for _ in range(3)]
    for k, made in enumerate(views):
        made.spheres(heap(), RADIUS, OneOf(("blue", "red"), np.arange(211) % 2 if k < 2 else 1))
    assert views[0] == views[1] != views[2]


def test_paths_lie_above_a_view_of_space_which_hides_what_is_below():
    scene = replace(Heap(), steps=10)
    inputs, params = scene.inputs(), scene.params(np.random.default_rng(0))
    past, now = attempts(scene, inputs, [(0, params), (1, replace(params, velocity=np.ones(3)))], losses=[1.0, 0.5])
    canvas = stage.above(scene, now, now.params, inputs, 10, None, ghosts=[past])
    view, old, _, path = canvas.primitives
    assert isinstance(view, Space) and isinstance(old, Line) and isinstance(path, Line)
    assert (old.role, path.role, len(path.points)) == ("ghost", "trail", 11)
