"""What the gradient check says of smooth scenes, of kinks, and of derivatives that are wrong."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from rosesim import Dual, Index, Real, Vec, fn, maximum, select
from rosesim.scenes import Canvas, Published, Scene, value
from rosesim.scenes.check import check_gradient
from rosesim.scenes.errors import SceneError


@dataclass(frozen=True)
class At:
    x: Vec[Real, 2] = value((0.0, 0.0))


@dataclass(frozen=True)
class World:
    learning_rate: Real = value(0.1)


@dataclass(frozen=True)
class Hinge(Scene[At, World, At]):
    """The loss is max(x0, 0) + 3 x1, which has a kink where tuning begins."""

    name: ClassVar[str] = "hinge"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=1)
    steps: int = 1
    shift: float = 0.0
    lie: float = 0.0
    """Added to the derivative on the right of the kink."""
    at_the_point: float = 0.0
    """Added to the derivative at 0 alone."""

    def inputs(self) -> World:
        return World()

    def params(self, rng: np.random.Generator) -> At:
        return At()

    def initial(self, params: At, inputs: World) -> At:
        return params

    def step(self, state: At, t: Index, params: At, inputs: World) -> At:
        return state

    def loss(self, state: At, params: At, inputs: World) -> Real:
        @fn
        def hinge(x: Real) -> Real:
            return maximum(x - self.shift, 0.0)

        if self.lie or self.at_the_point:

            @hinge.defjvp
            def _(x: Dual) -> Dual:
                return Dual(
                    hinge(x.re),
                    (select(x.re > self.shift, 1.0 + self.lie, 0.0) + select(x.re == 0.0, self.at_the_point, 0.0))
                    * x.du,
                )

        return hinge(state.x[0]) + 3.0 * state.x[1]

    def draw(self, canvas: Canvas, state: At, params: At, inputs: World) -> None: ...


def test_a_smooth_place_is_right():
    assert check_gradient(Hinge(shift=0.5)).verdicts == {"x": "right"}


def test_a_kink_is_named_and_passes():
    found = check_gradient(Hinge())
    assert found.passed
    at = next(k for k, text in enumerate(Path(__file__).read_text().splitlines(), 1) if "return maximum(" in text)
    assert found.verdicts["x"] == (
        "kinked: the slopes on both sides, such as 0 and 1, are those of the branches there; "
        f"maximum in {__file__}:{at} flips"
    )
    assert found.max_rel_error_fd < 1e-6  # of the one-sided differences


@pytest.mark.parametrize("lie", [0.01, -0.5])
def test_a_wrong_derivative_beside_a_kink_fails(lie: float):
    found: Any = check_gradient(Hinge(lie=lie))
    assert not found.passed
    assert found.verdicts["x"].startswith("wrong: the gradient and differences differ")


def test_a_derivative_that_is_wrong_at_one_smooth_point_is_no_kink():
    """Right on both sides, wrong where tuning begins: without two slopes there is no kink to excuse it."""
    found = check_gradient(Hinge(shift=-0.5, at_the_point=2.0))
    assert found.verdicts["x"].startswith("wrong: the gradient and differences differ")


def test_a_wrong_derivative_where_all_is_smooth_fails():
    assert not check_gradient(Hinge(lie=0.01, shift=-0.5)).passed


@pytest.mark.parametrize("scale", [0.1, {"x": 0.1}])
def test_a_scale_may_be_given_for_all_params_or_by_name(scale: Any):
    (verdict,) = check_gradient(Hinge(shift=0.5), scale=scale).report.verdicts
    assert (verdict.kind, verdict.scale) == ("right", 0.1)


@pytest.mark.parametrize(
    ("scale", "says"),
    [({"y": 0.1}, "a scale of y was given; the params are x"), (-1.0, "expected a positive number")],
)
def test_a_scale_that_fits_no_param_is_refused(scale: Any, says: str):
    with pytest.raises(SceneError, match=says):
        check_gradient(Hinge(), scale=scale)
