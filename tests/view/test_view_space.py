"""Pictures of bodies in space against closed forms: silhouettes, depth, shadows, and what a user turns."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from spaces import Lob
from viewing import Descent, Person, worker

from rosesim import fn, vmap
from rosesim.scenes import Camera, Canvas
from rosesim.scenes.picture import picture
from rosesim.scenes.space import Orbit, Space
from rosesim.view import Beginning, Session, Window
from rosesim.view.raster import Box, render
from rosesim.view.space import photograph
from rosesim.view.space.shapes import KINDS
from rosesim.view.theme import colours

THEME = {
    "background": (9, 9, 9), "sky": (0, 0, 0), "white": (255, 255, 255), "red": (255, 0, 0), "blue": (0, 0, 255),
    "floor": (200, 200, 200), "line": (200, 200, 200),
}  # fmt: skip
SIDE = 96
FAR = Camera((0.0, -100.0, 0.0), (0.0, 0.0, 0.0), 2.0)
"""So far away that its picture is nearly a parallel projection: a unit is about 27 pixels."""
SCALE = SIDE / 2 / (100.0 * math.tan(math.radians(1.0)))


def space(camera: Camera = FAR, light: Any = (0.0, -1.0, 0.5)) -> Space:
    return Canvas((0.0, 0.0, 1.0, 1.0)).space(camera, light=light)


def taken(of: Space) -> np.ndarray:
    return photograph(of, (SIDE, SIDE), THEME).astype(float)


def area(of: Space) -> float:
    """Pixels that are no sky, before which all is red; half of a pixel at an edge has 160 of 255."""
    of.sky = "blue"
    return float((taken(of)[..., 2] < 160).sum())


# -------------------------------------------------------------------------------------- silhouettes


def test_a_sphere_is_a_disc_of_the_radius_of_its_tangent_cone():
    near = space(Camera((0.0, -3.0, 0.0), (0.0, 0.0, 0.0), 60.0))
    near.sphere((0.0, 0.0, 0.0), 1.0, "red")
    radius = SIDE / 2 / math.tan(math.radians(30.0)) / math.sqrt(3.0**2 - 1.0)
    assert math.sqrt(area(near) / math.pi) == pytest.approx(radius, rel=0.02)
    lit = np.argwhere(taken(near)[..., 2] < 160)
    assert lit.mean(axis=0) == pytest.approx([SIDE / 2 - 0.5] * 2, abs=0.3)


def shown(kind: str) -> tuple[Space, float]:
    """A space with a body, and the area that it has seen along y."""
    made = space()
    turn = (math.cos(0.3), 0.0, math.sin(0.3), 0.0)  # around y: the silhouette turns with it
    match kind:
        case "capsule":
            made.capsule((-0.5, 0.0, -0.4), (0.5, 0.0, 0.4), 0.4, "red")
            return made, math.pi * 0.4**2 + 0.8 * math.hypot(1.0, 0.8)
        case "cylinder":
            made.cylinder((-0.5, 0.0, -0.4), (0.5, 0.0, 0.4), 0.4, "red")
            return made, 0.8 * math.hypot(1.0, 0.8)
        case "disc":
            made.cylinder((0.0, -0.2, 0.0), (0.0, 0.2, 0.0), 0.9, "red")
            return made, math.pi * 0.9**2
        case "box":
            made.box((0.1, 0.0, 0.0), (0.9, 0.2, 0.5), "red", turn=turn)
            return made, 4 * 0.9 * 0.5
        case _:
            made.ellipsoid((0.1, 0.0, 0.0), (0.9, 0.2, 0.5), "red", turn=turn)
            return made, math.pi * 0.9 * 0.5


@pytest.mark.parametrize("kind", ["capsule", "cylinder", "disc", "box", "ellipsoid"])
def test_a_silhouette_has_the_area_of_the_projection(kind: str):
    made, wanted = shown(kind)
    assert area(made) / SCALE**2 == pytest.approx(wanted, rel=0.02)


def test_what_is_nearer_covers_what_is_behind():
    for first, second in ((0, 1), (1, 0)):
        made = space()
        bodies = [((0.0, -1.0, 0.0), 0.4, "red"), ((0.0, 1.0, 0.0), 0.8, "blue")]
        for k in (first, second):
            made.sphere(*bodies[k])
        pixels = taken(made)
        r, _, b = pixels[SIDE // 2, SIDE // 2]
        assert r > 4 * b
        r, _, b = pixels[SIDE // 2, SIDE // 2 + round(0.6 * SCALE)]
        assert b > 4 * r


def test_bodies_of_two_kinds_that_are_one_ball_are_one_picture():
    pictures = []
    for kind in ("sphere", "ellipsoid", "capsule"):
        made = space()
        match kind:
            case "sphere":
                made.sphere((0.2, 0.0, 0.1), 0.7, "white")
            case "ellipsoid":
                made.ellipsoid((0.2, 0.0, 0.1), (0.7, 0.7, 0.7), "white", turn=(0.5, 0.5, 0.5, 0.5))
            case _:
                made.capsule((0.2, 0.0, 0.1), (0.2, 0.0, 0.1), 0.7, "white")
        pictures.append(taken(made))
    for other in pictures[1:]:
        assert np.abs(other - pictures[0]).max() <= 6  # rounding in single precision, at the rim


# ------------------------------------------------------------------------- the formulas, ray by ray


@functools.cache
def rays() -> Any:
    @fn
    def each(o: Any, d: Any, size: Any):
        (a, b, c), (u, v, w), (x, y, z) = o, d, size
        ray = (a, b, c), (u, v, w), (x, y, z)
        return tuple((shape.meet(*ray), *shape.pass_by(*ray)) for shape in KINDS.values())

    return vmap(each)


def depth(kind: str, p: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Negative inside the shape, by its definition."""
    a, b, c = size
    x, y, z = np.moveaxis(p, -1, 0)
    match kind:
        case "capsule":
            return np.sqrt(x**2 + y**2 + (z - np.clip(z, -c, c)) ** 2) - a
        case "cylinder":
            return np.maximum(np.hypot(x, y) - a, np.abs(z) - c)
        case "box":
            return np.max([np.abs(x) - a, np.abs(y) - b, np.abs(z) - c], axis=0)
        case _:
            return np.sqrt((x / a) ** 2 + (y / b) ** 2 + (z / c) ** 2) - 1.0


def test_a_ray_meets_a_shape_where_it_first_is_inside():
    rng = np.random.default_rng(1)
    o = rng.normal(size=(300, 3))
    o *= (2.0 + rng.random((300, 1))) / np.linalg.norm(o, axis=1, keepdims=True)
    to = rng.normal(size=(300, 3)) * 0.6
    d = (to - o) / np.linalg.norm(to - o, axis=1, keepdims=True)
    size = np.broadcast_to([0.5, 0.7, 0.6], (300, 3))
    times = np.linspace(0.0, 6.0, 6001)
    path = o[:, None] + times[:, None] * d[:, None]
    for kind, (met, at, gap) in zip(KINDS, rays()(o, d, size), strict=True):
        inside: Any = depth(kind, path, size[0])
        hits = (inside < 0).any(axis=1)
        sure = np.asarray(np.abs(inside.min(axis=1)) > 1e-3)  # others only touch
        assert 100 < hits.sum() < 250
        assert np.array_equal((met < 10)[sure], hits[sure]), kind
        both = hits & sure
        assert met[both] == pytest.approx(times[(inside < 0).argmax(axis=1)][both], abs=2e-3)
        # A light's ray is dimmed by the same decision, the more the nearer it passes.
        assert np.array_equal((gap < 0)[sure], hits[sure]), kind
        assert np.all(at >= 0)
        if kind == "capsule":  # whose distance is exact
            assert gap[~hits] == pytest.approx(inside.min(axis=1)[~hits], abs=1e-3)


# ----------------------------------------------------------------------------------- light and shadow


def test_a_shadow_lies_where_the_light_throws_it():
    camera = Camera((0.0, -6.0, 4.0), (0.0, 0.0, 0.0), 50.0)
    light = np.array([-0.5, -0.3, 0.8])
    made = space(camera, light)
    made.ground(0.0)
    bare = taken(made)
    made.sphere((0.0, 0.0, 1.6), 0.3, "white")  # so high that it hides none of the sky from the ground
    place = np.array([0.0, 0.0, 1.6]) - light * 1.6 / light[2]
    darker = (bare - taken(made)).max(axis=2)
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    u, v = camera.seen((0.0, 0.0, 1.6), (0.0, 0.0, SIDE, SIDE))
    darker[np.hypot(columns - u, SIDE - rows - v) < 8] = 0  # the ball itself
    x, y = camera.seen(place, (0.0, 0.0, SIDE, SIDE))
    deep = darker > 0.9 * darker.max()
    assert [columns[deep].mean(), rows[deep].mean()] == pytest.approx([x, SIDE - y], abs=1.0)
    assert darker.max() > 60
    assert darker[np.hypot(columns - x, SIDE - rows - y) > 14].max() < 1  # and nowhere else


def test_the_side_towards_the_light_is_the_bright_one_and_the_far_ground_is_the_sky():
    made = space(light=(1.0, -1.0, 0.0))
    made.sphere((0.0, 0.0, 0.0), 1.0, "white")
    row = taken(made)[SIDE // 2, :, 1]
    middle, off = SIDE // 2, round(0.7 * SCALE)
    assert row[middle + off] > 1.5 * row[middle - off]
    level = space(Camera((0.0, -4.0, 1.0), (0.0, 0.0, 0.5), 40.0))
    level.ground(0.0)
    pixels = taken(level)
    assert pixels[0].max() == 0  # sky
    assert pixels[-1].min() > 150  # ground
    heights = pixels[:, SIDE // 2, 0]
    assert np.all(np.diff(heights) >= -1)


# ------------------------------------------------------------------------------- on a canvas, in a window


def test_a_space_fills_its_box_of_a_canvas_and_what_comes_later_lies_above():
    canvas = Canvas((0.0, 0.0, 2.0, 1.0))
    made = canvas.space(FAR, low=(1.0, 0.0), high=(2.0, 1.0))
    made.sphere((0.0, 0.0, 0.0), 1.0, "white")
    canvas.circle((1.5, 0.5), 0.1, "red")
    pixels = render((120, 60), [(canvas, Box(0, 0, 120, 60))], THEME)
    assert pixels[30, 30].tolist() == [9, 9, 9]
    assert pixels[1, 61].tolist() == [0, 0, 0]
    assert pixels[30, 90].tolist() == [255, 0, 0]
    assert pixels[30, 75].min() > 100
    with pytest.raises(ValueError, match="the role 'reed' was drawn, which has no colour"):
        made.sphere((0.0, 0.0, 0.0), 1.0, "reed")
        render((120, 60), [(canvas, Box(0, 0, 120, 60))], THEME)


def test_mistakes_of_a_camera_are_named():
    canvas = Canvas((0.0, 0.0, 1.0, 1.0))
    with pytest.raises(ValueError, match="straight up or down"):
        canvas.space(Camera((0.0, 0.0, 3.0), (0.0, 0.0, 0.0)))
    with pytest.raises(ValueError, match="from 1 to 150 degrees, not 200"):
        canvas.space(Camera((0.0, 1.0, 3.0), (0.0, 0.0, 0.0), 200.0))


def test_bodies_that_are_not_finite_or_have_no_size_break_nothing():
    made = space()
    made.sphere((math.nan, 0.0, 0.0), 1.0, "white")
    made.capsule((0.0, 0.0, 0.0), (math.inf, 0.0, 0.0), 1.0, "white")
    made.box((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), "white")
    made.ellipsoid((0.5, 0.0, 0.0), (0.0, 0.5, 0.5), "white", turn=(0.0, 0.0, 0.0, 0.0))
    assert np.isfinite(taken(made)).all()
    for k in range(40):  # more than there is room for at first
        made.sphere((0.04 * k - 0.8, 0.0, 0.0), 0.1, "red")
    assert taken(made)[SIDE // 2, SIDE // 2 + round(0.7 * SCALE), 0] > 100


def test_an_orbit_keeps_the_distance_and_stays_above_the_ground():
    camera = Camera((0.6, -4.2, 1.5), (0.1, 0.2, 0.45))
    far = math.dist(camera.eye, camera.target)
    turned = camera.moved(Orbit(1.0, 0.3))
    assert math.dist(turned.eye, camera.target) == pytest.approx(far)
    assert camera.moved(Orbit(2 * math.pi)).eye == pytest.approx(camera.eye)
    assert camera.moved(Orbit(distance=0.5)).eye == pytest.approx(
        [(e + t) / 2 for e, t in zip(camera.eye, camera.target, strict=True)]
    )
    assert camera.moved(Orbit(pitch=-3.0)).eye[2] > camera.target[2]
    assert camera.moved(Orbit(pitch=3.0)).eye[2] < camera.target[2] + far


@pytest.fixture
def someone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    scene = Lob()
    beginning = Beginning(scene.params(np.random.default_rng(0)), scene.inputs())
    with worker(scene, beginning, Descent(0.1)) as live:
        window = Window(Session(scene, live), scene.name)
        try:
            yield Person(window)
        finally:
            window.close()


def test_the_background_turns_the_view_the_wheel_zooms_and_reset_takes_it_back(someone: Person):
    scene: Any = someone.session.scene
    theme = colours(scene.colours)
    someone.key("SPACE")
    someone.look()
    goal = scene.camera.seen(scene.inputs().goal, scene.extent)
    ring = theme["goal"]

    def at_goal(camera: Camera) -> Any:
        return someone.colour_at(someone.on_scene(tuple(camera.seen(scene.inputs().goal, scene.extent))))

    assert np.abs(np.subtract(at_goal(scene.camera), ring)).max() < 80
    box = someone.window._scene.box  # pyright: ignore[reportPrivateUsage] -- the size of the picture
    start = someone.on_scene((0.3, 1.8))
    someone.drag(start, (start[0] + box.width / 4, start[1] + box.width / 10))
    orbit = someone.session.orbit
    assert orbit.yaw == pytest.approx(-math.pi / 4)
    assert orbit.pitch == pytest.approx(math.pi / 10)
    someone.look()
    assert np.abs(np.subtract(at_goal(scene.camera.moved(orbit)), ring)).max() < 80
    someone._post("MOUSEWHEEL", x=0, y=1, precise_y=1.0, precise_x=0.0)  # pyright: ignore[reportPrivateUsage]
    someone.look()
    assert someone.session.orbit.distance == pytest.approx(0.9)
    someone.drag(someone.on_scene(tuple(goal)), someone.on_scene((1.0, 1.0)))  # a ring that is not shown
    assert someone.session.held is None
    someone.key("r")
    assert someone.session.orbit == Orbit()
    assert picture(scene).handles(scene.params(np.random.default_rng(0)), scene.inputs())["goal"] == pytest.approx(
        goal
    )
