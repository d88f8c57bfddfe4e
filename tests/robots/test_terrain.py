"""Ridges in the ground: a crest is a plane that is lifted, heights differ in lanes, derivatives, refusals."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from robots_kit import mjcf

from rosesim import check_grads, fn, scan, value_and_grad, vmap
from rosesim.robots import Model, Ridges

pytestmark = pytest.mark.usefixtures("unoptimised")

GROUND = '<geom type="plane" size="9 9 1"/>'
AXES = ("1 0 0", "0 1 0", "0 0 1")
BALL = f"""<body pos="1.5 0.2 0.3">{"".join(f'<joint type="slide" axis="{x}"/>' for x in AXES)}
  <geom size="0.1" mass="1"/></body>"""


def ball(folder: Path, ground: str = GROUND) -> Model:
    """A ball that slides over the place of the second ridge."""
    return Model(mjcf(folder, ground + BALL))


def fallen(robot: Model, contact: Any = "soft", **how: Any) -> Any:
    """Where a ball is that begins with a velocity along the crest, 0.3 s later."""
    q, v = np.zeros(3), np.array([0.0, 0.5, -0.3])
    for _ in range(150):
        q, v = robot.step(q, v, [], contact=contact, **how)
    return q


@pytest.mark.parametrize("contact", ["soft", "compliant"])
def test_a_crest_is_a_plane_that_is_lifted(contact: Any, tmp_path: Path):
    ridges = Ridges(3)
    rough = ridges.under(ball(tmp_path))
    lifted = ball(tmp_path, '<geom type="plane" size="9 9 1" pos="0 0 0.07"/>')
    on_crest = fallen(rough, contact, parameters=ridges.of([0.2, 0.07, 0.01]))
    np.testing.assert_allclose(on_crest, fallen(lifted, contact), atol=1e-9)
    assert abs(on_crest[2] + 0.13) < (0.002 if contact == "soft" else 0.01)  # at rest on it; springs give


def test_a_ridge_is_where_it_is_said_to_be(tmp_path: Path):
    """Against the circle of its radius about its axis, beside the crest."""
    ridges = Ridges(4, first=-0.5, spacing=0.25, depth=0.2, width=1.0)
    rough = ridges.under(ball(tmp_path))
    places, turns = rough.geom_positions(rough.start, parameters=ridges.of([0.05, 0.1, 0.0, 0.02]))
    np.testing.assert_allclose(places[-4:], [[-0.5 + 0.25 * k, 0.0, -0.2] for k in range(4)], atol=1e-15)
    w, x, y, z = turns[-1]
    np.testing.assert_allclose(np.abs([2 * (x * z + w * y), 2 * (y * z - w * x)]), [0.0, 1.0], atol=1e-15)
    ground = ball(tmp_path, '<geom type="plane" size="9 9 1" pos="0 0 0.4"/>')
    assert [g.pos[2] for g in Ridges(2, depth=0.1).under(ground).description.geoms if g.kind == "capsule"] == [
        pytest.approx(0.3)
    ] * 2


def test_the_derivative_by_heights(tmp_path: Path):
    """A ball that slides down the side of a ridge; at rest on a crest it rises as the crest does."""
    ridges = Ridges(3)
    rough = ridges.under(ball(tmp_path))

    @fn
    def height(h: Any, sideways: Any) -> Any:
        def step(s: Any, t: Any) -> Any:
            return rough.step(s[0], s[1], [], contact="compliant", parameters=ridges.of(h))

        q, _ = scan(step, ([sideways, 0.0, -0.13], np.zeros(3)), 300)
        return q[0] + 2.0 * q[2]

    h = np.array([0.1, 0.07, 0.03])
    assert check_grads(height, h, 0.03).passed
    np.testing.assert_allclose(value_and_grad(height, wrt=0)(h, 0.0)[1], [0.0, 2.0, 0.0], atol=0.02)


def test_each_lane_has_a_ground_of_its_own(tmp_path: Path):
    ridges = Ridges(2, first=1.5)
    rough = ridges.under(ball(tmp_path))
    fall = fn(
        lambda h: scan(
            lambda s, t: rough.step(s[0], s[1], [], parameters=ridges.of(h)), (np.zeros(3), np.zeros(3)), 100
        )[0]
    )
    many = np.random.default_rng(0).uniform(0.0, 0.15, (5, 2))
    found = np.asarray(vmap(fall)(many))
    np.testing.assert_allclose(found, [fall(h) for h in many], atol=1e-9)
    assert np.ptp(found[:, 2]) > 0.03


@pytest.mark.parametrize(
    ("ground", "words"),
    [
        ("", "has no ground for ridges"),
        ('<geom type="plane" size="9 9 1" euler="5 0 0"/>', "is tilted"),
        (GROUND + '<geom name="ridge1" size="0.1"/>', "a geom 'ridge1' already"),
    ],
)
def test_a_ground_that_cannot_have_ridges(ground: str, words: str, tmp_path: Path):
    with pytest.raises(ValueError, match=words):
        Ridges(2).under(ball(tmp_path, ground))


@pytest.mark.parametrize(
    "wrong", [{"count": 0}, {"spacing": 0.0}, {"depth": -1.0}, {"width": np.inf}, {"first": np.nan}]
)
def test_ridges_that_are_none(wrong: dict[str, Any]):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Ridges(**{"count": 2, **wrong})
