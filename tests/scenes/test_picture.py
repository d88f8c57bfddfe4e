"""The picture of a scene as programs: they draw what the scene drew when its picture was Python and NumPy."""

import inspect
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from rosesim import Real, Vec
from rosesim.scenes import Camera, Canvas, OneOf, Published, Scene, configure, find_scene, rollout, value
from rosesim.scenes.canvas import Image, Line, Primitive
from rosesim.scenes.picture import fill, picture
from rosesim.scenes.picture.layers import Picture
from rosesim.scenes.picture.template import BODIES, DRAWING
from rosesim.scenes.space import Space

pytestmark = pytest.mark.usefixtures("unoptimised")

RECORDED: dict[str, Any] = json.loads((Path(__file__).parents[1] / "reference" / "pictures.json").read_text())
"""Of each scene at small settings: what its methods drew when they were called with NumPy values, by kind, role and
text: how many, and a sum of their numbers. Made before the pictures were traced."""
STOPS = ((0.04, 0.13, 0.30), (0.30, 0.36, 0.49), (0.55, 0.54, 0.52), (0.79, 0.73, 0.45), (1.00, 0.93, 0.55))
"""The colours of fields at that time."""


ALIKE = ("diffmpm_simple", "mass_spring_simple", "volume_renderer", "whip")
"""Their pictures are made as those of diffmpm, mass_spring, smoke and fly_by."""


def numbers(p: Primitive) -> list[float]:
    """The numbers of a primitive; of an image, two means of its pixels and its place."""
    if isinstance(p, Image):
        ramp = np.linspace(0, 1, p.pixels.size).reshape(p.pixels.shape)
        return [float(p.pixels.mean()), float((p.pixels * ramp).mean()), *p.low, *p.high]
    if isinstance(p, Space):
        bodies = [v for b in p.bodies for v in (*b.centre, *b.turn, *b.size)]
        floor = (p.floor.height, p.floor.cell) if p.floor else ()
        parts: list[Any] = [v for c in p.clouds for v in (c.centres, c.radius, c.which, c.tints) if v is not None]
        many = [v for part in parts for v in np.ravel(part).tolist()]
        return [*p.camera.eye, *p.camera.target, p.camera.field, *p.light, *p.low, *p.high, *floor, *bodies, *many]
    if isinstance(p, Line):  # a point twice is the same path
        kept = [q for k, q in enumerate(p.points) if k == 0 or q != p.points[k - 1]]
        p = replace(p, points=tuple(kept))
    fields = (getattr(p, name) for name in p.__dataclass_fields__)
    return [x for v in fields if not isinstance(v, str) for x in np.ravel(np.asarray(v, dtype=float)).tolist()]


def summary(primitives: Sequence[Primitive]) -> dict[str, tuple[int, float]]:
    """How many visible primitives there are of each kind, role and text, and a sum of their numbers."""
    found: dict[str, tuple[int, float]] = {}
    for p in primitives:
        if getattr(p, "opacity", 1.0) <= 0:
            continue
        words = [getattr(p, name) for name in ("role", "text", "align") if hasattr(p, name)]
        key = " ".join([type(p).__name__, *words])
        count, total = found.get(key, (0, 0.0))
        own = numbers(p)
        found[key] = count + 1, total + float(np.dot(own, np.cos(np.arange(len(own)))))
    return found


def agree(found: dict[str, tuple[int, float]], recorded: dict[str, Any]) -> None:
    assert found.keys() == recorded.keys()
    for key, (count, total) in recorded.items():
        assert found[key][0] == count, key
        # Fast code adds up in another order on another machine, and the sums were written with nine digits. A pixel
        # is rounded to a byte, so it may differ by one.
        tolerance = 0.01 if key == "Image" else 1e-6
        assert found[key][1] == pytest.approx(total, rel=1e-6, abs=tolerance * count), key


@pytest.mark.parametrize(
    "name",  # scenes that have come since never drew with NumPy
    [pytest.param(n, marks=[pytest.mark.full] if n in ALIKE else []) for n in sorted(RECORDED)],
)
def test_the_picture_of_a_scene_is_what_its_methods_drew_with_numpy(name: str, monkeypatch: Any) -> None:
    monkeypatch.setattr("rosesim.scenes.kit.drawing.PALETTE", STOPS)
    recorded = RECORDED[name]
    scene, inputs = configure(find_scene(name), recorded["set"])
    params = scene.params(np.random.default_rng(1))
    states, drawn = rollout(scene, params, inputs), Picture(scene)  # not remembered, with these colours
    assert drawn.refusals == {}
    json.dumps([layer.template for layer in drawn.layers.values()], allow_nan=False)
    canvas = Canvas(scene.extent)
    drawn.backdrop(canvas, params, inputs)
    agree(summary(canvas.singles), recorded["backdrop"])
    for t in (0, -1):
        for method in ("draw", "ghost"):
            canvas = Canvas(scene.extent)
            getattr(drawn, method)(canvas, states[t], params, inputs)
            agree(summary(canvas.singles), recorded[f"{method} {t}"])
        assert drawn.trail(states[t]) == pytest.approx(np.array(recorded[f"trail {t}"]).reshape(-1, 2), rel=1e-6)
    places = drawn.handles(params, inputs)
    assert places == pytest.approx({k: pytest.approx(v, rel=1e-9, abs=1e-12) for k, v in recorded["handles"].items()})


@pytest.mark.parametrize("name", [name for name in sorted(RECORDED) if RECORDED[name]["handles"]])
def test_a_dragged_handle_is_where_it_was_dragged(name: str) -> None:
    scene, inputs = configure(find_scene(name), RECORDED[name]["set"])
    params, drawn = scene.params(np.random.default_rng(1)), picture(scene)
    names = list(RECORDED[name]["handles"])
    assert drawn.handle_names == names
    for handle in {names[0], names[-1]}:
        x, y = drawn.handles(params, inputs)[handle]
        moved = drawn.drag(handle, (x + 0.03, y), params, inputs)
        assert drawn.handles(*moved)[handle] == pytest.approx((x + 0.03, y), abs=1e-12)


def test_the_paths_of_many_states_are_those_of_each() -> None:
    scene, _ = configure(find_scene("growth"), RECORDED["growth"]["set"])
    states, which = rollout(scene), np.array([0, 3, 200])
    paths = picture(scene).trails(states.stacked, which)
    assert np.array_equal(paths, [picture(scene).trail(states[int(t)]) for t in which])


def test_a_template_knows_all_that_a_canvas_draws() -> None:
    drawn = {name for name, f in vars(Canvas).items() if inspect.isfunction(f) and not name.startswith("_")}
    assert drawn == set(DRAWING)
    called = {call["kind"] for call in picture(Drawn(steps=1)).layers["draw"].template}
    assert called == drawn
    of_space = {name for name, f in vars(Space).items() if inspect.isfunction(f) and not name.startswith("_")}
    assert of_space == {*BODIES, "orbited"}
    (space,) = (call for call in picture(Drawn(steps=1)).layers["draw"].template if call["kind"] == "space")
    assert {call["kind"] for call in space["bodies"]} == set(BODIES)


# ------------------------------------------------------------------- a scene whose draw runs either way


@dataclass(frozen=True)
class Tuned:
    at: Vec[Real, 3] = value((0.25, -0.5, 1.5))


@dataclass(frozen=True)
class Given:
    learning_rate: Real = value(0.1)


class Drawn(Scene[Tuned, Given, tuple]):
    """Its picture has arithmetic alone, so Python can call it with NumPy values too."""

    name: ClassVar[str] = "drawn"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=1)
    steps: int = 1

    def inputs(self):
        return Given()

    def params(self, rng):
        return Tuned()

    def initial(self, params, inputs):
        return params.at, 2.0 * params.at[1]

    def step(self, state, t, params, inputs):
        return state

    def loss(self, state, params, inputs):
        return state[1] ** 2

    def draw(self, canvas, state, params, inputs):
        x, y = state
        points = [(x[0], x[1]), (0.5, y), (x[2], 0.0)]
        canvas.circle((x[0], 0.5), x[2] * 0.1, OneOf(("ink", "panel"), x[0] > 0.0), width=0.1, opacity=x[0] + 0.5)
        canvas.circles(points, 0.1, OneOf(("a", "b"), x), which=[2, 0], depth=x, opacity=x + 1.0)
        canvas.line(points, "ink", width=x[2])
        canvas.segments(points, [[0, 2], [1, 0]], OneOf(("a", "b"), [x[2], 0.0]), width=[x[0], 1.0])
        canvas.polygon([*points, (0.0, 0.0)], "ink")
        canvas.box((0.0, x[1]), (x[2], 1.0), "ink", opacity=0.5)
        canvas.arrow((0.0, 0.0), (x[0], y), "ink", width=0.1)
        canvas.arrows(points, points, "ink", width=x[0])
        canvas.text((x[0], y), f"{x[0]:.3f} m, {y:+.2e}{OneOf(('', f', {x[2]:5.1f} s'), x[2])}", "ink", size=0.1)
        canvas.text((0.0, 0.0), OneOf(("left", "right"), x[1]), "ink", size=x[2], align="right")
        canvas.image([[x[0], x[1]], [x[2], 1.0]], (0.0, 0.0), (x[2], 1.0))
        canvas.image([[x[0], x[1]]], (0, 0), (1, 1), palette=[(0, 0, 0), (1, 0.5, 0)], least=y, greatest=x[2])
        canvas.lit([[x[0], x[1]], [x[2], 1.0]], (0.0, 0.0), (1.0, 1.0), steepness=x[2])
        space = canvas.space(Camera((x[0], -4.0, y), (0.0, x[1], 0.5), x[2] + 30.0), low=(0.0, x[1]))
        space.ground(x[1], "floor", cell=x[0])
        space.sphere(x, x[2], OneOf(("a", "b"), x[0]))
        space.capsule(x, (0.0, y, 0.0), 0.1, "a")
        space.cylinder((0.0, 0.0, 0.0), x, x[0], "a")
        space.box(x, (x[0], 1.0, 1.0), "a", turn=(1.0, x[0], 0.0, y))
        space.ellipsoid(x, (x[0], x[2], 1.0), "a")
        space.spheres([x, (0.0, y, 0.0)], x[2], OneOf(("a", "b"), [x[0], 0.0]))
        space.spheres([x], 0.1, values=[x[1]], palette=[(0, 0, 0), (1, 0.5, 0)], least=y, greatest=x[2])


def words(primitives: Sequence[Primitive]) -> list[tuple[str, ...]]:
    return [
        (type(p).__name__, *(getattr(p, n) for n in ("role", "text", "align") if hasattr(p, n)))
        for q in primitives
        for p in ((q, *q.bodies) if isinstance(q, Space) else (q,))
    ]


def test_a_traced_draw_is_the_same_draw_called_with_numpy_values() -> None:
    scene, params = Drawn(steps=1), Tuned()
    assert picture(scene).refusals == {}
    for at in ((0.25, -0.5, 1.5), (-0.25, 0.75, 0.4)):
        state = np.array(at), 2.0 * at[1]
        traced, python = Canvas(scene.extent), Canvas(scene.extent)
        picture(scene).draw(traced, state, params, Given())
        scene.draw(python, state, params, Given())
        assert words(traced.singles) == words(python.singles)
        for p, q in zip(traced.singles, python.singles, strict=True):
            assert numbers(p) == pytest.approx(numbers(q), rel=1e-14)


def test_a_template_is_json_and_fills_a_canvas_again() -> None:
    scene = Drawn(steps=1)
    layer, state = picture(scene).layers["draw"], (np.array([0.25, -0.5, 1.5]), -1.0)
    again, once = Canvas(scene.extent), Canvas(scene.extent)
    fill(again, json.loads(json.dumps(layer.template)), layer.run(state, Tuned(), Given()))
    picture(scene).draw(once, state, Tuned(), Given())
    assert words(again.singles) == words(once.singles)


def test_numbers_that_are_not_finite_choose_the_first() -> None:
    assert [OneOf(("a", "b", "c"), x).chosen() for x in (math.nan, -3.0, 0.6, 1.4, math.inf)] == list("aabbc")


# ----------------------------------------------------------------------------- what cannot be traced


class Branching(Drawn):
    """Its draw asks Python's `if` for a value."""

    name: ClassVar[str] = "branching"

    def draw(self, canvas, state, params, inputs):
        x, _ = state
        canvas.circle((x[0], 0.0), 0.1, "up" if x[0] > 0 else "down")

    def trail(self, state):
        return np.asarray(state[0])[None, :2]

    def handles(self, params, inputs):
        return {"at": np.asarray(params.at)[:2]}

    def drag(self, handle, to, params, inputs):
        return replace(params, at=np.array([*map(float, to), 0.0])), inputs


def test_a_draw_that_branches_is_called_with_numpy_values_and_its_line_is_known() -> None:
    scene, drawn = Branching(steps=1), picture(Branching(steps=1))
    for x, role in ((0.5, "up"), (-0.5, "down")):
        canvas = Canvas(scene.extent)
        drawn.draw(canvas, (np.array([x, 0.0, 0.0]), 0.0), Tuned(), Given())
        assert words(canvas.singles) == [("Circle", role)]
    assert drawn.trail((np.array([0.5, 0.25, 0.0]), 0.0)).tolist() == [[0.5, 0.25]]
    moved, _ = drawn.drag("at", (0.5, 0.25), Tuned(), Given())
    assert drawn.handles(moved, Given()) == {"at": (0.5, 0.25)}
    line = Branching.draw.__code__.co_firstlineno + 2
    assert f"{Path(__file__).name}:{line}: Python's `if`" in drawn.refusals["draw"]
    assert {"trail", "handles"} <= drawn.refusals.keys() and "backdrop" not in drawn.refusals


class Unformatted(Drawn):
    """Its text has a number without a format."""

    name: ClassVar[str] = "unformatted"

    def draw(self, canvas, state, params, inputs):
        canvas.text((0.0, 0.0), f"x = {state[1]}", "ink", size=0.1)


class Mistaken(Drawn):
    """Its draw is written in the language, with a mistake."""

    name: ClassVar[str] = "mistaken"

    def draw(self, canvas, state, params, inputs):
        from rosesim import norm

        canvas.circle((norm(state[0]), 0.0), 0.1, "up" if state[1] > 0 else "down")


def test_a_refusal_says_what_to_write() -> None:
    assert 'as in f"{x:.3f}"' in picture(Unformatted(steps=1)).refusals["draw"]
    with pytest.raises(Exception, match=r"Python's `if`.*select"):  # not that norm stands outside of a function
        picture(Mistaken(steps=1)).draw(Canvas(Drawn.extent), (np.ones(3), 1.0), Tuned(), Given())
