"""The loss of a thrown box against friction, its derivative, and differences: the figure of apps/box_friction.

    python docs/figures/box_friction.py [FILE]

Prints the largest jump, and the derivative and a difference across many teeth beside it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from plot import Plot, write

from rosesim.scenes import compiled, find_scene
from rosesim.scenes.tree import FlatView

FILE = Path(__file__).parents[2] / "apps" / "box_friction" / "box_friction.png"
NEAR = 0.44, 0.475
"""Friction coefficients around the one from which on the first corner sticks."""
APART = 0.02
"""Between the two losses of a difference: several teeth of the saw."""


def losses(low: float, high: float, count: int = 2001) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Friction coefficients, losses and derivatives."""
    scene = find_scene("box_friction")()  # pyright: ignore[reportCallIssue] -- every setting has a default
    program, inputs = compiled(scene), scene.inputs()
    mu = np.linspace(low, high, count)
    like = FlatView.of(scene.params(np.random.default_rng(0))).like
    loss, gradient = program.batch(count, gradient=True)(type(like)(mu=mu), inputs)
    return mu, np.asarray(loss), np.asarray(gradient.mu)


def main() -> None:
    """Draw it."""
    mu, loss, _ = losses(0.0, 0.9)
    whole = Plot("A box thrown on the ground", "friction coefficient", "loss")
    whole.curve(mu, loss, "first")
    whole.vertical(0.4628)
    whole.label((0.475, 0.72), "sticks from here on")
    mu, loss, slope = losses(*NEAR)
    k = int(np.abs(np.diff(loss)).argmax())
    near = Plot("Where its first corner stops sliding", "friction coefficient", "loss", across=NEAR)
    near.curve(mu, loss, "first")
    far, far_loss, _ = losses(NEAR[0] - APART, NEAR[1] + APART)
    difference = np.interp(mu + APART / 2, far, far_loss) - np.interp(mu - APART / 2, far, far_loss)
    sides = Plot("Its derivative there", "friction coefficient", "by friction", across=NEAR, up=(-3.0, 3.0))
    sides.curve(mu[::8], slope[::8], "second", style="dots", width=1.2, name="derivative")
    sides.curve(mu, difference / APART, "third", style="dashed", name=f"difference over {APART:g}")
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else FILE, [whole, near, sides], width=330, height=260)
    print(
        f"jump of {loss[k + 1] - loss[k]:.4f} at {mu[k]:.4f}: derivative {slope[k]:.2f} left, {slope[-1]:.2f} right"
    )
    print(f"difference over {APART:g} there: {difference[k] / APART:.2f}")


if __name__ == "__main__":
    main()
