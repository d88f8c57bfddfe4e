"""Random uses of the library: equations that have one solution, random numbers, rotations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import rosesim as rs
from fuzz import systems
from fuzz.choices import Choices, since
from rosesim import random, rotations
from rosesim.ad.language import types as T

Make = Callable[[T.Type], Any]
"""Writes a value of a type."""


def geometry(c: Choices, make: Make, simple: Make) -> Any:
    """A number of small vectors and matrices, or another of the library. `simple` writes shallow values."""

    def vector(n: int) -> Any:
        return make(T.VecType(n, T.REAL))

    def matrix(n: int) -> Any:
        return make(T.VecType(n, T.VecType(n, T.REAL)))

    match c.below(8):
        case 0:
            return rs.dot(vector(3), vector(3))
        case 1:
            return rs.norm(vector(c.one([2, 3, 1])))
        case 2:
            return rs.cross(vector(3), vector(3))[1]
        case 3:
            return rs.det(matrix(2))
        case 4:
            return rs.inv(matrix(2))[0, 1]
        case 5:
            return (rs.matmul(matrix(3), rs.outer(vector(3), vector(3))) @ vector(3))[2]
        case 6:
            return rs.qrotate(rs.axis_angle(vector(3), simple(T.REAL)), vector(3))[0]
        case 7 if since(2, True) and c.rarely(2):
            return number(c, make)
        case _:
            return rs.transpose(matrix(3))[0, 1] + rs.det(matrix(3))


def number(c: Choices, make: Make) -> Any:
    """A number that the library computes of random ones."""
    match c.below(4 + len(since(3, True))):
        case 0 | 1:
            return systems.number(c, make)
        case 2:
            return _of_equation(c, make)
        case 4:
            return _of_time(c, make)
        case _:
            return _of_rotation(c, make) if c.below(3) else _of_chance(c, make)


def _of_equation(c: Choices, make: Make) -> Any:
    a, b = rs.tanh(make(T.REAL)), rs.tanh(make(T.REAL))
    match c.below(4):
        case 0:  # rises everywhere
            return rs.root(lambda x: x + a * a * x**3 - 2.0 * b, c.one([b, 0.0, 1.0]))
        case 1:  # contracts
            return rs.fixed_point(lambda x: 0.4 * a * rs.cos(x) + b, 0.5)
        case 2:  # is convex
            x = rs.minimize(lambda x: (x[0] - a) ** 2 + (x[1] - b) ** 2 + (x[0] * x[1]) ** 2 / 8.0, [0.0, 0.0])
            return x[c.below(2)]
        case _:
            n = c.one([2, 3])
            m = systems.dominant(c, n, make)
            matrix = rs.matmul(m, rs.transpose(m)) if c.below(2) else m
            method = "cg" if matrix is not m else c.one(["gmres", "bicgstab"])
            right = rs.tanh(make(T.VecType(n, T.REAL)))
            return rs.linear_solve(lambda v: matrix @ v, right, method=method, tolerance=1e-14)[c.below(n)]


def _of_time(c: Choices, make: Make) -> Any:
    """An equation whose solution neither grows nor is stiff."""
    a, b, start = rs.tanh(make(T.REAL)), make(T.REAL), rs.tanh(make(T.VecType(2, T.REAL)))

    def f(t: Any, y: Any) -> Any:
        return [rs.sin(a * y[1] + b), rs.cos(y[0] + t)]

    match c.below(3):
        case 0:
            method = c.one(["rk4", "euler", "dopri5", "rodas4", "backward_euler", "implicit_midpoint"])
            return rs.integrate.fixed(f, start, 0.0, 0.5 + 0.4 * a, c.one([2, 3]), method=method)[c.below(2)]
        case 1:
            method = c.one(["velocity_verlet", "semi_implicit_euler"])
            pair = start, make(T.VecType(2, T.REAL))
            return rs.integrate.fixed(lambda t, q: [-q[1], -a * q[0]], pair, 0.0, 0.5, 3, method=method)[0][
                c.below(2)
            ]
        case _:
            path = rs.integrate.fixed(f, start, 0.0, 1.0, 2, path=True)
            return path[c.below(3), 0] * b


def _of_rotation(c: Choices, make: Make) -> Any:
    vector, turned = (make(T.VecType(3, T.REAL)) for _ in range(2))
    q = rotations.exp(rs.tanh(vector))
    match c.below(3):
        case 0:
            return rotations.rotate(q, turned)[c.below(3)]
        case 1:
            return rotations.log(rs.qmul(q, rotations.exp(0.5 * rs.tanh(turned))))[c.below(3)]
        case _:
            return rotations.to_matrix(q)[c.below(3), c.below(3)]


def _of_chance(c: Choices, make: Make) -> Any:
    key = random.fold_in(random.key(c.below(256)), make(T.index(3)))
    x = make(T.REAL)
    return c.one([lambda: random.uniform(key, (), 0.0, x), lambda: random.normal(key, (), x, 0.5)])()
