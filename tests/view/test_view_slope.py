"""The picture of a value along its gradient."""

from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from rosesim import Real, fn
from rosesim.checks.grads import along_gradient
from rosesim.cli import run as rosesim
from rosesim.scenes.canvas import Circle, Line
from rosesim.view import tangents
from rosesim.view.slope import tangent_curve


@fn
def parabola(x: Real) -> Real:
    return x * x


def drawn(role: str, scale: int) -> np.ndarray:
    found = along_gradient(parabola, 3.0)
    canvas = tangent_curve(found, found.steps[scale], found.values[scale])
    (line,) = [p for p in canvas.primitives if isinstance(p, Line) and p.role == role]
    (dot,) = [p for p in canvas.primitives if isinstance(p, Circle)]
    return np.array(line.points) - np.array(dot.centre)


def test_the_tangent_touches_the_curve_at_the_point_and_lies_below_a_parabola():
    curve, (left, right) = drawn("curve", 0), drawn("arrow", 0)
    slope = (right[1] - left[1]) / (right[0] - left[0])
    assert left[1] == pytest.approx(slope * left[0])  # through the point
    above = curve[:, 1] - slope * curve[:, 0]
    # x^2 is above its tangent by the square of the step, at 0.3 of it by 0.09 of what 0.3 gives
    assert np.abs(above[30]) < 1e-9 and (np.delete(above, 30) > 0).all()
    assert above[0] == pytest.approx(4 * above[15])


def test_the_check_command_writes_the_picture(tmp_path: Path):
    file = tmp_path / "loss.png"
    assert rosesim(["check", "bounce", "--picture", str(file)]) == 0
    assert iio.imread(file).shape == tangents(along_gradient(parabola, 3.0)).shape
