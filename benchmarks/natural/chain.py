"""Inverse dynamics of a pendulum of many links in a plane, along a given motion: Newton and Euler, out and back.

The outward pass finds each link's acceleration, the inward pass the force and torque at its joint. The loss is the
mean over many instants of the summed squares of the torques. Gradient by the motion's amplitudes, the masses and
lengths.
"""

from functools import partial
from typing import Any

import numpy as np

from benchmarks.natural.program import Program
from rosesim import Real, Vec, cos, fn, scan, sin, sum

SIZES = {"chain": {"links": 20, "instants": 500}}
SMALL = {"links": 3, "instants": 4}
DT = 0.01
GRAVITY = 9.8

C = """
double run(const double *amplitude, const double *mass, const double *length) {
  double total = 0;
  for (int t = 0; t < INSTANTS; t++) {
    double ax[LINKS], ay[LINKS], cs[LINKS], sn[LINKS], spin[LINKS];
    double angle = 0, rate = 0, change = 0, x = 0, y = GRAVITY;
    for (int i = 0; i < LINKS; i++) {
      double w = 1 + 0.1 * i, s = sin(w * DT * t), c = cos(w * DT * t);
      angle += amplitude[i] * s, rate += amplitude[i] * w * c, change -= amplitude[i] * w * w * s;
      cs[i] = cos(angle), sn[i] = sin(angle), spin[i] = change;
      double gx = length[i] * (-sn[i] * change - cs[i] * rate * rate);
      double gy = length[i] * (cs[i] * change - sn[i] * rate * rate);
      ax[i] = x + 0.5 * gx, ay[i] = y + 0.5 * gy;
      x += gx, y += gy;
    }
    double fx = 0, fy = 0, torque = 0;
    for (int i = LINKS - 1; i >= 0; i--) {
      double px = mass[i] * ax[i], py = mass[i] * ay[i], h = 0.5 * length[i];
      torque += mass[i] * length[i] * length[i] / 12 * spin[i];
      torque += h * (cs[i] * py - sn[i] * px) + length[i] * (cs[i] * fy - sn[i] * fx);
      fx += px, fy += py;
      total += torque * torque;
    }
  }
  return total / INSTANTS;
}
"""


def program(links: int, instants: int) -> Program:
    """So many links at so many instants."""

    @fn
    def loss(amplitude: Vec[Real, links], mass: Vec[Real, links], length: Vec[Real, links]) -> Real:
        def effort(instant):
            def outward(state, i):
                angle, rate, change, x, y = state
                w = 1.0 + 0.1 * i
                phase = w * DT * instant
                angle = angle + amplitude[i] * sin(phase)
                rate = rate + amplitude[i] * w * cos(phase)
                change = change - amplitude[i] * w**2 * sin(phase)
                gain_x = length[i] * (-sin(angle) * change - cos(angle) * rate**2)
                gain_y = length[i] * (cos(angle) * change - sin(angle) * rate**2)
                centre = [angle, change, x + 0.5 * gain_x, y + 0.5 * gain_y]
                return (angle, rate, change, x + gain_x, y + gain_y), centre

            _, motion = scan(outward, (0.0, 0.0, 0.0, 0.0, GRAVITY), links)

            def inward(state, k):
                fx, fy, torque, total = state
                i = links - 1 - k
                angle, change, ax, ay = motion[i]
                px, py, far = mass[i] * ax, mass[i] * ay, length[i]
                torque = torque + mass[i] * far**2 / 12.0 * change
                torque = torque + 0.5 * far * (cos(angle) * py - sin(angle) * px)
                torque = torque + far * (cos(angle) * fy - sin(angle) * fx)
                return fx + px, fy + py, torque, total + torque**2

            return scan(inward, (0.0, 0.0, 0.0, 0.0), links)[3]

        return sum(instants, effort) / instants

    def by_arrays(xp: Any, amplitude: Any, mass: Any, length: Any) -> Any:
        """All instants and links at once: the passes out and back are cumulative sums over the links."""
        w = 1.0 + 0.1 * xp.arange(links)
        phase = DT * xp.arange(instants)[:, None] * w
        angle = xp.cumsum(amplitude * xp.sin(phase), 1)
        rate = xp.cumsum(amplitude * w * xp.cos(phase), 1)
        change = xp.cumsum(-amplitude * w**2 * xp.sin(phase), 1)
        c, s = xp.cos(angle), xp.sin(angle)
        gain_x, gain_y = length * (-s * change - c * rate**2), length * (c * change - s * rate**2)
        px = mass * (xp.cumsum(gain_x, 1) - 0.5 * gain_x)
        py = mass * (GRAVITY + xp.cumsum(gain_y, 1) - 0.5 * gain_y)
        beyond = lambda p: xp.cumsum(p[:, ::-1], 1)[:, ::-1] - p
        own = mass * length**2 / 12.0 * change + 0.5 * length * (c * py - s * px)
        own = own + length * (c * beyond(py) - s * beyond(px))
        torque = xp.cumsum(own[:, ::-1], 1)
        return (torque**2).sum() / instants

    rng = np.random.default_rng(14)
    args = (0.3 * rng.normal(size=links), rng.uniform(0.5, 2.0, links), rng.uniform(0.1, 0.4, links))
    macros = {"links": links, "instants": instants, "dt": DT, "gravity": GRAVITY}
    return Program(
        loss,
        args,
        (0, 1, 2),
        C,
        macros,
        numpy=partial(by_arrays, np),
        jax=lambda jax: partial(by_arrays, jax.numpy),
    )
