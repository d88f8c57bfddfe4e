"""Bundle adjustment, after Srajer, Kukelova and Fitzgibbon (2018): where cameras with radial distortion see points.

A camera is its rotation as an axis times an angle, its centre, its focal length, its principal point and two
coefficients of distortion. The loss is half the sum of squares of all weighted errors and of what keeps the weights
near 1. Gradient by cameras, points and weights.
"""

from typing import Any

import numpy as np

from benchmarks.natural.program import Program
from rosesim import Index, Real, Vec, cond, cos, cross, dot, fn, sin, sqrt, sum

SIZES = {"ba": {"cameras": 49, "points": 7776, "observations": 30_000}}
SMALL = {"cameras": 3, "points": 5, "observations": 12}

C = """
double run(const double *cameras, const double *points, const double *weights, const double *seen, const int *camera,
           const int *point) {
  double total = 0;
  for (int o = 0; o < OBSERVATIONS; o++) {
    const double *c = cameras + 11 * camera[o], *p = points + 3 * point[o];
    double x[3], y[3], angle2 = c[0] * c[0] + c[1] * c[1] + c[2] * c[2];
    for (int i = 0; i < 3; i++) x[i] = p[i] - c[3 + i];
    double turn = 1, along = 0, across = 1;
    if (angle2 != 0) {
      double angle = sqrt(angle2);
      turn = cos(angle), across = sin(angle) / angle;
      along = (c[0] * x[0] + c[1] * x[1] + c[2] * x[2]) * (1 - turn) / angle2;
    }
    for (int i = 0; i < 3; i++) {
      int j = (i + 1) % 3, k = (i + 2) % 3;
      y[i] = turn * x[i] + across * (c[j] * x[k] - c[k] * x[j]) + along * c[i];
    }
    double u = y[0] / y[2], v = y[1] / y[2], r = u * u + v * v;
    double scale = c[6] * (1 + c[9] * r + c[10] * r * r), w = weights[o];
    double a = w * (scale * u + c[7] - seen[2 * o]), b = w * (scale * v + c[8] - seen[2 * o + 1]), e = 1 - w * w;
    total += a * a + b * b + e * e;
  }
  return 0.5 * total;
}
"""


def program(cameras: int, points: int, observations: int) -> Program:
    """So many cameras, points, and observations of one by the other."""

    @fn
    def rotate(rotation: Vec[Real, 3], x: Vec[Real, 3]) -> Vec[Real, 3]:
        """By Rodrigues' formula; small where it has no axis."""
        square = dot(rotation, rotation)

        def about_axis():
            angle = sqrt(square)
            axis = rotation / angle
            return x * cos(angle) + cross(axis, x) * sin(angle) + axis * (dot(axis, x) * (1.0 - cos(angle)))

        return cond(square != 0.0, about_axis, lambda: x + cross(rotation, x))

    @fn
    def project(camera: Vec[Real, 11], x: Vec[Real, 3]) -> Vec[Real, 2]:
        rotation, centre, focal, principal, distortion = camera[:3], camera[3:6], camera[6], camera[7:9], camera[9:]
        y = rotate(rotation, x - centre)
        p = y[:2] / y[2]
        r = dot(p, p)
        return p * (1.0 + distortion[0] * r + distortion[1] * r**2) * focal + principal

    @fn
    def loss(
        cameras: Vec[Vec[Real, 11], cameras],
        points: Vec[Vec[Real, 3], points],
        weights: Vec[Real, observations],
        seen: Vec[Vec[Real, 2], observations],
        camera: Vec[Index[cameras], observations],
        point: Vec[Index[points], observations],
    ) -> Real:
        def share(o):
            off = weights[o] * (project(cameras[camera[o]], points[point[o]]) - seen[o])
            return dot(off, off) + (1.0 - weights[o] ** 2) ** 2

        return 0.5 * sum(observations, share)

    @fn
    def arithmetic(
        cameras: Vec[Vec[Real, 11], cameras],
        points: Vec[Vec[Real, 3], points],
        weights: Vec[Real, observations],
        seen: Vec[Vec[Real, 2], observations],
        camera: Vec[Index[cameras], observations],
        point: Vec[Index[points], observations],
    ) -> Real:
        def share(o):
            c, w = cameras[camera[o]], weights[o]
            turn, x = c[:3], points[point[o]] - c[3:6]
            square = turn @ turn

            def turned():
                angle = sqrt(square)
                axis = turn / angle
                return x * cos(angle) + cross(axis, x) * sin(angle) + axis * (axis @ x) * (1.0 - cos(angle))

            y = cond(square > 0.0, turned, lambda: x + cross(turn, x))
            p = y[:2] / y[2]
            r = p @ p
            off = w * (p * (1.0 + c[9] * r + c[10] * r**2) * c[6] + c[7:9] - seen[o])
            return off @ off + (1.0 - w**2) ** 2

        return 0.5 * sum(observations, share)

    def errors(xp: Any, c: Any, x: Any, weight: Any, seen: Any) -> Any:
        """Of all observations at once, or of one: the last axis is that of coordinates."""
        rotation, centre, focal, principal = c[..., :3], c[..., 3:6], c[..., 6:7], c[..., 7:9]
        x = x - centre
        square = (rotation**2).sum(-1, keepdims=True)
        turns = square != 0.0
        angle = xp.sqrt(xp.where(turns, square, 1.0))
        axis = rotation / angle
        along = axis * ((axis * x).sum(-1, keepdims=True) * (1.0 - xp.cos(angle)))
        turned = x * xp.cos(angle) + xp.cross(axis, x) * xp.sin(angle) + along
        y = xp.where(turns, turned, x + xp.cross(rotation, x))
        p = y[..., :2] / y[..., 2:]
        r = (p**2).sum(-1, keepdims=True)
        off = p * (1.0 + c[..., 9:10] * r + c[..., 10:] * r**2) * focal + principal - seen
        return weight**2 * (off**2).sum(-1) + (1.0 - weight**2) ** 2

    def by_numpy(cameras: Any, points: Any, weights: Any, seen: Any, camera: Any, point: Any) -> Any:
        return 0.5 * errors(np, cameras[camera], points[point], weights, seen).sum()

    def by_jax(jax: Any) -> Any:
        def loss(cameras: Any, points: Any, weights: Any, seen: Any, camera: Any, point: Any) -> Any:
            one = lambda w, seen, c, p: errors(jax.numpy, cameras[c], points[p], w, seen)
            return 0.5 * jax.vmap(one)(weights, seen, camera, point).sum()

        return loss

    rng = np.random.default_rng(24)
    at = rng.normal(size=(points, 3))
    camera, point = rng.integers(0, cameras, observations), rng.integers(0, points, observations)
    parts = [
        0.3 * rng.normal(size=(cameras, 3)),
        [0.0, 0.0, -8.0] + 0.5 * rng.normal(size=(cameras, 3)),
        rng.uniform(0.8, 1.2, (cameras, 1)),
        0.05 * rng.normal(size=(cameras, 2)),
        0.05 * rng.normal(size=(cameras, 2)),
    ]
    seen = 0.1 * rng.normal(size=(observations, 2))
    args = (np.hstack(parts), at, rng.uniform(0.5, 1.5, observations), seen, camera, point)
    return Program(
        loss, args, (0, 1, 2), C, {"observations": observations}, numpy=by_numpy, jax=by_jax, arithmetic=arithmetic
    )
