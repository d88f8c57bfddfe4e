"""A picture of spheres: a ray for each pixel finds the nearest sphere, which a lamp shades.

The loss is the mean squared difference from a picture. Gradient by centres, radii and colours; a pixel that changes
its sphere makes the loss jump, which no gradient sees.
"""

from functools import partial
from typing import Any

import numpy as np

from benchmarks.natural.program import Program
from rosesim import Real, Vec, argmin, cond, dot, fn, maximum, norm, select, sqrt, sum

SIZES = {"rays": {"n": 128, "spheres": 32}}
SMALL = {"n": 12, "spheres": 3}
LAMP = tuple(np.array([0.6, 0.6, -0.5291502622129182]))  # of length one
FAR = 1e6
BACKGROUND = 0.15

C = """
double run(const double *centre, const double *radius, const double *colour, const double *picture) {
  static const double lamp[3] = {0.6, 0.6, -0.5291502622129182};
  double x[SPHERES], y[SPHERES], z[SPHERES], beyond[SPHERES], total = 0;
  for (int k = 0; k < SPHERES; k++) {
    x[k] = centre[3 * k], y[k] = centre[3 * k + 1], z[k] = centre[3 * k + 2];
    beyond[k] = x[k] * x[k] + y[k] * y[k] + z[k] * z[k] - radius[k] * radius[k];
  }
  for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) {
    double d[3] = {(2 * j + 1.0) / N - 1, 1 - (2 * i + 1.0) / N, 2};
    double unit = 1 / sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
    for (int m = 0; m < 3; m++) d[m] *= unit;
    double best = FAR;
    int hit = 0;
    for (int k = 0; k < SPHERES; k++) {
      double b = d[0] * x[k] + d[1] * y[k] + d[2] * z[k], q = b * b - beyond[k];
      double far = q > 0 ? b - sqrt(q) : FAR;
      if (far < best) best = far, hit = k;
    }
    const double *wanted = picture + 3 * (N * i + j);
    if (best < FAR) {
      double facing = 0;
      for (int m = 0; m < 3; m++) facing += (best * d[m] - centre[3 * hit + m]) / radius[hit] * lamp[m];
      double light = 0.1 + 0.9 * fmax(facing, 0);
      for (int m = 0; m < 3; m++) { double e = light * colour[3 * hit + m] - wanted[m]; total += e * e; }
    } else for (int m = 0; m < 3; m++) total += (BACKGROUND - wanted[m]) * (BACKGROUND - wanted[m]);
  }
  return total / (N * N);
}
"""


def program(n: int, spheres: int) -> Program:
    """n x n pixels of so many spheres."""

    @fn
    def loss(
        centre: Vec[Vec[Real, 3], spheres],
        radius: Vec[Real, spheres],
        colour: Vec[Vec[Real, 3], spheres],
        picture: Vec[Vec[Vec[Real, 3], n], n],
    ) -> Real:
        def distance(ray, k):
            """How far along the ray it enters the sphere."""
            along = dot(ray, centre[k])
            q = along**2 - dot(centre[k], centre[k]) + radius[k] ** 2
            return select(q > 0.0, along - sqrt(q), FAR)

        def seen(i, j):
            aim = [(2.0 * j + 1.0) / n - 1.0, 1.0 - (2.0 * i + 1.0) / n, Real(2.0)]
            length = norm(aim)
            ray = [a / length for a in aim]
            nearest = argmin(spheres, lambda k: distance(ray, k))
            far = distance(ray, nearest)

            def shaded():
                normal = [(far * ray[m] - centre[nearest, m]) / radius[nearest] for m in range(3)]
                light = 0.1 + 0.9 * maximum(dot(normal, list(LAMP)), 0.0)
                return light * colour[nearest]

            return cond(far < FAR, shaded, lambda: [BACKGROUND] * 3)

        def error(i, j):
            off = seen(i, j) - picture[i, j]
            return dot(off, off)

        return sum(n, lambda i: sum(n, lambda j: error(i, j))) / n**2

    across = (2.0 * np.arange(n) + 1.0) / n - 1.0
    aims = np.stack(
        [np.broadcast_to(across, (n, n)), np.broadcast_to(-across[:, None], (n, n)), np.full((n, n), 2.0)], -1
    )
    rays = aims / np.linalg.norm(aims, axis=-1, keepdims=True)

    def by_arrays(xp: Any, centre: Any, radius: Any, colour: Any, picture: Any) -> Any:
        along = rays @ centre.T
        q = along**2 - (centre**2).sum(1) + radius**2
        distance = xp.where(q > 0.0, along - xp.sqrt(xp.where(q > 0.0, q, 1.0)), FAR)
        nearest = xp.argmin(distance, -1)
        far = xp.take_along_axis(distance, nearest[..., None], -1)
        normal = (far * rays - centre[nearest]) / radius[nearest][..., None]
        light = 0.1 + 0.9 * xp.maximum(normal @ xp.array(LAMP), 0.0)
        seen = xp.where(far < FAR, light[..., None] * colour[nearest], BACKGROUND)
        return ((seen - picture) ** 2).sum() / n**2

    rng = np.random.default_rng(15)
    args = (
        np.concatenate([rng.uniform(-1.2, 1.2, (spheres, 2)), rng.uniform(2.5, 4.0, (spheres, 1))], 1),
        rng.uniform(0.1, 0.5, spheres),
        rng.uniform(size=(spheres, 3)),
        rng.uniform(size=(n, n, 3)),
    )
    macros = {"n": n, "spheres": spheres, "far": FAR, "background": BACKGROUND}
    return Program(
        loss,
        args,
        (0, 1, 2),
        C,
        macros,
        numpy=partial(by_arrays, np),
        jax=lambda jax: partial(by_arrays, jax.numpy),
        step=1e-8,  # so that no pixel changes its sphere
        tolerance=1e-4,
    )
