"""Controllers: the signals of actuators, from a table over time or from a network that sees the state."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from rosesim.ad.language.control.accumulate import accumulate
from rosesim.ad.language.control.loops import for_each, vec
from rosesim.ad.language.mathematics import floor, sin, tanh, unit
from rosesim.ad.language.values.annotations import Struct, Vec
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.vector import SHORT
from rosesim.scenes.kit.initialisers import glorot, normal


@dataclass(frozen=True)
class Network(Struct):
    """Weights of a network of two layers: shapes (hidden, inputs), (hidden,), (outputs, hidden), (outputs,)."""

    weights1: Vec[Vec[Real, ...], ...]
    bias1: Vec[Real, ...]
    weights2: Vec[Vec[Real, ...], ...]
    bias2: Vec[Real, ...]

    @classmethod
    def random(
        cls, rng: np.random.Generator, inputs: int, hidden: int, outputs: int, gains: tuple[float, float]
    ) -> Network:
        """Normal weights whose deviation is `gains` times Glorot's, one gain per layer; biases of zero.

        >>> net = Network.random(np.random.default_rng(0), inputs=5, hidden=8, outputs=2, gains=(1.0, 1.0))
        >>> np.shape(net.weights1), net.bias2
        ((8, 5), array([0., 0.]))
        """
        weights: Any = [
            normal(rng, (rows, columns), gain * glorot(rows, columns))
            for rows, columns, gain in ((hidden, inputs, gains[0]), (outputs, hidden, gains[1]))
        ]
        biases: Any = [np.zeros(hidden), np.zeros(outputs)]
        return cls(weights[0], biases[0], weights[1], biases[1])


def network(net: Network, inputs: Any) -> Vec[Real, ...]:
    """tanh(weights2 tanh(weights1 inputs + bias1) + bias2): outputs in -1 .. 1.

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def steer(net: Network, x: Vec[Real, 2]):
    ...     return network(net, x)
    >>> net = Network(np.array([[1.0, 0.0]]), np.zeros(1), np.array([[2.0]]), np.zeros(1))
    >>> np.round(steer(net, [0.5, 9.0]), 6)
    array([0.727894])
    """
    return _layer(net.weights2, net.bias2, _layer(net.weights1, net.bias1, inputs))


def _layer(weights: Any, bias: Any, inputs: Any) -> Any:
    product = weights @ inputs
    return vec(len(bias), lambda i: unit(product[i] + bias[i]))


def sines(time: Real | float, omega: float, n: int) -> list[Real]:
    """n sine waves of angular frequency omega, their phases spread over a period: the rhythm of a gait.

    >>> from rosesim import fn, Real
    >>> @fn
    ... def beat(t: Real):
    ...     return sines(t, omega=1.0, n=4)
    >>> np.round(beat(0.0), 6)
    array([ 0.,  1.,  0., -1.])
    """
    return [sin(omega * time + 2 * math.pi * j / n) for j in range(n)]


def features(*parts: Any) -> Vec[Real, ...]:
    """All numbers of the parts (numbers, vectors, vectors of vectors) one after the other, as one vector.

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def seen(a: Real, b: Vec[Real, 2], c: Vec[Vec[Real, 2], 2]):
    ...     return features(a, b, c)
    >>> seen(1.0, [2.0, 3.0], [[4.0, 5.0], [6.0, 7.0]])
    array([1., 2., 3., 4., 5., 6., 7.])
    """
    total = 0
    places: list[tuple[int, Any]] = []
    for part in parts:
        places.append((total, part))
        total += _count(part)

    def write(out: Any) -> None:
        for at, part in places:
            _write(out, at, part)

    return accumulate(Vec[Real, total], write)


def _count(part: Any) -> int:
    return 1 if not hasattr(part, "__len__") else len(part) * (_count(part[0]) if len(part) else 0)


def _write(out: Any, at: Any, part: Any) -> None:
    if not hasattr(part, "__len__"):
        out.at[at].add(part)
        return
    n, each = len(part), _count(part[0]) if len(part) else 0
    if isinstance(part, list | tuple) or n <= SHORT:
        for i in range(n):
            _write(out, at + each * i, part[i])
    else:
        for_each(n, lambda i: _write(out, at + each * i, part[i]))


@dataclass(frozen=True)
class Beat(Struct):
    """An open-loop controller with a period: weights of sine waves, of shape (outputs, waves), and biases."""

    weights: Vec[Vec[Real, ...], ...]
    bias: Vec[Real, ...]

    @classmethod
    def random(cls, rng: np.random.Generator, waves: int, outputs: int, deviation: float) -> Beat:
        """Normal weights of this deviation; biases of zero.

        >>> np.shape(Beat.random(np.random.default_rng(0), waves=4, outputs=3, deviation=0.01).weights)
        (3, 4)
        """
        weights: Any = normal(rng, (outputs, waves), deviation)
        bias: Any = np.zeros(outputs)
        return cls(weights, bias)


def beat(plan: Beat, time: Real | float, omega: float) -> Vec[Real, ...]:
    """tanh(weights times sine waves of angular frequency omega + bias): outputs in -1 .. 1 (see `sines`).

    >>> from rosesim import fn, Real
    >>> @fn
    ... def told(plan: Beat, t: Real):
    ...     return beat(plan, t, omega=1.0)
    >>> np.round(np.arctanh(told(Beat(np.array([[1.0, 2.0, 0.0, 0.0]]), np.array([0.5])), 0.0)), 6)
    array([2.5])
    """
    return _layer(plan.weights, plan.bias, sines(time, omega, len(plan.weights[0])))


@dataclass(frozen=True)
class Table(Struct):
    """An open-loop controller: the signal of each output at equally spaced times, of shape (knots, outputs)."""

    values: Vec[Vec[Real, ...], ...]


def table(plan: Table, t: Index, steps: int) -> Vec[Real, ...]:
    """tanh of the table's values at step t of `steps`, interpolated linearly in time: outputs in -1 .. 1.

    The first knot is at step 0, the last at step `steps`. A table has two knots or more. Raises a ValueError
    where its values do not have two dimensions: for one output their shape is (knots, 1).

    >>> from rosesim import fn, Index
    >>> @fn
    ... def told(plan: Table, t: Index[10]):
    ...     return table(plan, t, 10)
    >>> plan = Table(np.array([[0.0], [1.0], [0.0]]))
    >>> np.round(np.arctanh([told(plan, 0), told(plan, 4), told(plan, 5), told(plan, 9)]), 6).ravel()
    array([0. , 0.8, 1. , 0.2])
    """
    knots = len(plan.values)
    if not hasattr(plan.values[0], "__len__"):
        raise ValueError(f"a table's values have the shape (knots, outputs); ({knots},) was found")
    place = t * ((knots - 1) / steps)
    k = Index[knots - 1].clamp(place)
    part = place - floor(place)
    before, after = plan.values[k], plan.values[k + 1]
    return vec(len(before), lambda i: tanh((1.0 - part) * before[i] + part * after[i]))
