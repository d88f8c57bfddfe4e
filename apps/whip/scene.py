"""A whip learns to crack: which motion of the hand brings its tip to a place at a great speed?

A chain of masses and stiff springs that becomes thinner towards its tip, so that a bend that runs along it gains
speed on its way (Goriely and McMillen, Shape of a cracking whip, Physical Review Letters 88, 244301, 2002). Its
stretching is far too stiff for explicit steps of this length. A step is backward Euler: an equation for the places at
its end, which Newton's method solves, with a Jacobian of 2 x 2 blocks on and beside the diagonal. The derivative of
the step is that of the equation, one more such system. Metres, kilograms, seconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rosesim import Index, Real, Vec, concatenate, const, norm, outer, root, solve_block_tridiagonal, sqrt, sum, vec
from rosesim.scenes import Canvas, Measure, Published, Range, Scene, value

GRAVITY = 9.81
"""Metres per square second."""
FALL = np.array([0.0, -GRAVITY])
AIR = 1.2
"""Density of air, kg/m³."""
SLOW = 1e-3
"""Metres per second, under the root of a speed in the drag: without it the Jacobian would divide by 0 at rest."""
NEAR = 0.5
"""Metres: a miss by this much is as bad as a tip without speed."""
CONTROLS = 8
"""The control points of the hand's path."""
UNIT = np.eye(2)


@dataclass(frozen=True)
class Swing:
    """What is tuned: the control points of the hand's path, as displacements from where it begins."""

    points: Vec[Vec[Real, 2], CONTROLS] = value(
        ((0.0, 0.3), (0.3, 0.45), (0.8, 0.4), (1.0, 0.1), (0.8, -0.1), (0.6, -0.2), (0.5, -0.2), (0.5, -0.2))
    )
    """Displacements from the hand's first place [m]."""


@dataclass(frozen=True)
class World:
    """What is given: the target, the tip's wanted speed there, the hand's place at first, and the learning rate."""

    target: Vec[Real, 2] = value((1.8, 1.4))
    """Where the tip should crack [m]."""
    speed: Real = value(200.0)
    """How fast the tip should be there [m/s]."""
    hand: Vec[Real, 2] = value((0.0, 1.2))
    """Where the hand begins [m]."""
    learning_rate: Real = value(0.02)


@dataclass(frozen=True)
class WhipState:
    """The hand's place, and the places and velocities of the masses from the one next to the hand to the tip."""

    hand: Vec[Real, 2]
    position: Vec[Vec[Real, 2], ...]
    velocity: Vec[Vec[Real, 2], ...]


@dataclass(frozen=True)
class Step:
    """What a step knows beforehand: the state before it, the lengths of springs then, the hand's place after it."""

    position: Vec[Vec[Real, 2], ...]
    velocity: Vec[Vec[Real, 2], ...]
    lengths: Vec[Real, ...]
    hand: Vec[Real, 2]


@dataclass(frozen=True)
class Whip(Scene[Swing, World, WhipState]):
    """Crack a whip: move the hand so that the tip reaches a place at a great speed."""

    name: ClassVar[str] = "whip"
    published: ClassVar[Published] = Published(optimizer="adam", iterations=200)
    measure: ClassVar[Measure] = Measure("miss, slowness and effort")
    ranges: ClassVar[Mapping[str, Range]] = {"speed": Range(50.0, 400.0, "m/s", "Wanted speed")}
    extent: ClassVar[tuple[float, float, float, float]] = (-2.2, 0.1, 2.4, 2.3)
    most: ClassVar[Mapping[str, int]] = {"n": 10_000}
    colours: ClassVar[Mapping[str, str]] = {
        "dusk": "#f2ede4",
        "leather": "#5a3a22",
        "hand": "#2b2e36",
        "place": "#c8502d",
        "trail": "#d9a07f",
        "ghost": "#b9b0a3",
        "letters": "#2b2e36",
    }

    steps: int = 2000
    h: float = 0.00025
    """Time step, seconds."""
    n: int = 32
    """Masses; as many springs, the first of which begins at the hand."""
    length: float = 2.0
    """Of the whip, metres."""
    thick: float = 0.016
    """Its diameter at the hand, metres."""
    thin: float = 0.001
    """Its diameter at the tip, metres."""
    density: float = 900.0
    """Of leather, kg/m³."""
    sound: float = 1200.0
    """The speed of stretching waves, m/s: the root of Young's modulus over the density."""
    damping: float = 1e-4
    """Of the stretching: its time constant, seconds (Kelvin and Voigt)."""
    air: float = 1.0
    """The drag coefficient of the whip in air."""
    effort: float = 1e-4
    """How bad a swing is whose hand has the mean squared acceleration g²."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n < 2 or not (self.h > 0 and self.length > 0 and self.density > 0 and self.sound > 0):
            raise ValueError(
                "n is 2 or more, and h, length, density and sound are positive; "
                f"they were {self.n}, {self.h}, {self.length}, {self.density} and {self.sound}"
            )
        if not (self.thick > 0 and self.thin > 0):
            raise ValueError(f"thick and thin are positive; they were {self.thick} and {self.thin}")
        if self.damping < 0 or self.air < 0 or self.effort < 0:
            raise ValueError(
                f"damping, air and effort are not negative; they were {self.damping}, {self.air} and {self.effort}"
            )

    def inputs(self) -> World:
        """A target in front, at the height of the head."""
        return World()

    def params(self, rng: np.random.Generator) -> Swing:
        """An overhand throw, whatever the seed."""
        return Swing()

    # ------------------------------------------------------------------------------------- the whip

    def gap(self) -> float:
        """The length of an unstretched spring."""
        return self.length / self.n

    def diameters(self) -> NDArray[np.float64]:
        """At the ends of the springs, from the hand to the tip."""
        return np.linspace(self.thick, self.thin, self.n + 1)

    def spring_masses(self) -> NDArray[np.float64]:
        """Of the frustums of cones between masses."""
        a, b = self.diameters()[:-1], self.diameters()[1:]
        return self.density * self.gap() * math.pi / 12 * (a * a + a * b + b * b)

    def masses(self) -> NDArray[np.float64]:
        """Half of a frustum belongs to either of its ends; what belongs to the hand is left out."""
        of_springs = self.spring_masses()
        return (of_springs + np.append(of_springs[1:], 0.0)) / 2

    def stiffness(self) -> NDArray[np.float64]:
        """Of the springs, N/m: Young's modulus, times the mean section, over the length."""
        return self.spring_masses() * (self.sound / self.gap()) ** 2

    def drags(self) -> NDArray[np.float64]:
        """The force of the air on each mass, over the square of its speed."""
        return AIR * self.air / 2 * self.diameters()[1:] * self.gap()

    # ------------------------------------------------------------------------------------- the hand

    def weights(self) -> NDArray[np.float64]:
        """How much of each control point the hand has followed after t steps: a uniform cubic B-spline that begins
        at rest and without acceleration."""
        from_centre = np.abs(np.linspace(0, CONTROLS, self.steps + 1)[:, None] - np.arange(2, CONTROLS + 2))
        inner = 2 / 3 - from_centre**2 + from_centre**3 / 2
        return np.where(from_centre < 1, inner, np.maximum(2 - from_centre, 0) ** 3 / 6)

    def exertion(self, points: Vec[Vec[Real, 2], CONTROLS]) -> Real:
        """The mean squared acceleration of the hand, in units of g²."""
        of_points = np.diff(self.weights(), n=2, axis=0) / (self.h**2 * GRAVITY)
        return sum(points * (const(of_points.T @ of_points / self.steps) @ points))

    def hand_at(self, t: Index, params: Swing, inputs: World) -> Vec[Real, 2]:
        """The hand's place after t steps."""
        return inputs.hand + const(self.weights())[t] @ params.points

    # ------------------------------------------------------------------------------------- a step

    def initial(self, params: Swing, inputs: World) -> WhipState:
        """Straight behind the hand, at rest."""
        x = vec(self.n, lambda i: inputs.hand - [self.gap() * (i + 1.0), 0.0])
        return WhipState(inputs.hand, x, 0.0 * x)

    def step(self, state: WhipState, t: Index, params: Swing, inputs: World) -> WhipState:
        """Backward Euler. Newton's method begins where the masses would be without forces."""
        x, v = state.position, state.velocity
        springs = along(state.hand, x)
        given = Step(x, v, vec(self.n, lambda i: norm(springs[i])), self.hand_at(t + 1, params, inputs))
        after = self.solved(x + self.h * v, given)
        return WhipState(given.hand, after, (after - x) / self.h)

    def solved(self, guess: Vec[Vec[Real, 2], ...], given: Step) -> Any:
        """The places at the end of a step."""
        return root(self.imbalance, guess, (given,), solver=self.newton_step)

    def pull(self, i: Index, length: Real, before: Real) -> Real:
        """The tension of a spring by its length and that at the beginning of the step, newtons."""
        strain_rate = (length - before) / self.h
        return const(self.stiffness())[i] * (length - self.gap() + self.damping * strain_rate)

    def imbalance(self, x: Vec[Vec[Real, 2], ...], given: Step) -> Vec[Vec[Real, 2], ...]:
        """Of each mass: its acceleration times its mass, minus the forces on it, where the step ends at x."""
        n, d = self.n, along(given.hand, x)

        def force(i: Index) -> Any:
            length = norm(d[i])
            return (self.pull(i, length, given.lengths[i]) / length) * d[i]

        forces = vec(n, force)
        forces = forces - concatenate([forces[1:], [[0.0, 0.0]]])
        m, drag = const(self.masses()), const(self.drags())

        def row(i: Index) -> Any:
            v = (x[i] - given.position[i]) / self.h
            gained = (v - given.velocity[i]) / self.h
            return m[i] * (gained - FALL) + drag[i] * speed(v) * v + forces[i]

        return vec(n, row)

    def newton_step(self, x: Vec[Vec[Real, 2], ...], r: Vec[Vec[Real, 2], ...], given: Step) -> Any:
        """d with J d = r, where J is the derivative of the imbalance by x: a block for each mass and each spring."""
        n, h, d = self.n, self.h, along(given.hand, x)

        def of_spring(i: Index) -> Any:
            length = norm(d[i])
            across, along_it = self.pull(i, length, given.lengths[i]) / length, outer(d[i], d[i]) / length**2
            return across * (UNIT - along_it) + const(self.stiffness())[i] * (1.0 + self.damping / h) * along_it

        springs = vec(n, of_spring)
        both = springs + concatenate([springs[1:], [np.zeros((2, 2))]])
        m, drag = const(self.masses()), const(self.drags())

        def of_mass(i: Index) -> Any:
            v = (x[i] - given.position[i]) / h
            by_air = speed(v) * UNIT + outer(v, v) / speed(v)
            return (m[i] / h**2) * UNIT + (drag[i] / h) * by_air + both[i]

        return solve_block_tridiagonal(-springs[1:], vec(n, of_mass), -springs[1:], r)

    # ------------------------------------------------------------------------------------- the task

    def loss(self, state: WhipState, params: Swing, inputs: World) -> Real:
        """The squared distance of the tip from the target, its squared lack of speed, and the hand's effort."""
        x, v = state.position[self.n - 1], state.velocity[self.n - 1]
        missed, slow = (x - inputs.target) / NEAR, norm(v) / inputs.speed - 1.0
        return sum(missed**2) + slow**2 + self.effort * self.exertion(params.points)

    def handles(self, params: Swing, inputs: World) -> dict[str, Any]:
        """The target, and the hand where it begins."""
        return {"target": inputs.target, "hand": inputs.hand}

    def drag(self, handle: str, to: Vec[Real, 2], params: Swing, inputs: World) -> tuple[Swing, World]:
        """Move the target or the beginning."""
        return params, replace(inputs, target=to) if handle == "target" else replace(inputs, hand=to)

    def backdrop(self, canvas: Canvas, params: Swing, inputs: World) -> None:
        """The target, and the hand's path."""
        left, bottom, right, top = canvas.extent
        canvas.box((left, bottom), (right, top), "dusk")
        canvas.circle(inputs.target, 0.07, "place", width=0.02)
        weights = const(self.weights()[:: max(1, self.steps // 100)])
        canvas.line(inputs.hand + weights @ params.points, "ghost", width=0.012)

    def trail(self, state: WhipState) -> Any:
        """The tip's path."""
        return state.position[-1:]

    def ghost(self, canvas: Canvas, state: WhipState, params: Swing, inputs: World) -> None:
        """The whip as one line."""
        canvas.line(whole(state), "ghost", width=0.012)

    def draw(self, canvas: Canvas, state: WhipState, params: Swing, inputs: World) -> None:
        """The whip, twice as thick as it is so that its tip is seen, the hand, and the tip's speed."""
        ends = np.arange(self.n)[:, None] + [0, 1]
        canvas.segments(whole(state), ends, "leather", width=2.0 * self.diameters()[:-1] + 0.01)
        canvas.circle(state.hand, 0.035, "hand")
        left, _, _, top = canvas.extent
        canvas.text((left + 0.1, top - 0.2), f"tip {norm(state.velocity[-1]):3.0f} m/s", "letters", size=0.12)


def along(hand: Any, x: Any) -> Any:
    """The springs as vectors, from the hand to the tip."""
    return x - concatenate([[hand], x[:-1]])


def speed(v: Any) -> Any:
    """The length of a velocity, not 0."""
    return sqrt(sum(v * v) + SLOW**2)


def whole(state: WhipState) -> Any:
    """The places of the hand and all masses."""
    return concatenate([[state.hand], state.position])
