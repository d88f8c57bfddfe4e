"""A robot's numbers by name, and how a user puts others in their place.

A name is what the file calls the thing and its attribute, as "joint hip damping"; a thing without a name is counted
from 0, as "geom #3 size". What is given may be traced: then the mechanics is differentiable by it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from rosesim.ad.support.locate import here
from rosesim.numerics.implicit.report import stop_if
from rosesim.robots.algebra import Number
from rosesim.robots.description import Description

Given = Mapping[str, Any]
Value = float | tuple[float, ...]

_JOINT = ("damping", "stiffness", "armature", "springref", "frictionloss")
_GEOM = ("size", "friction")
NEVER_NEGATIVE = frozenset(("mass", "density", "size", "friction", "armature", "frictionloss"))
"""Parameters, by the last word of their names, of which a negative one is no robot."""
ALWAYS_POSITIVE = frozenset(("timeconst",))
"""Those of which 0 is none either."""


def title(kind: str, name: str, index: int) -> str:
    """How a parameter's name begins."""
    return f"{kind} {name or f'#{index}'}"


def defaults(robot: Description) -> dict[str, Value]:
    """Every parameter of a robot, with the number or numbers that its file gives; masses are added by the caller."""
    found: dict[str, Value] = {"gravity": robot.options.gravity, "timestep": robot.options.timestep}
    for k, b in enumerate(robot.bodies[1:], 1):
        name = title("body", b.name, k)
        found[f"{name} pos"] = b.pos
        if b.inertial is not None:
            found[f"{name} com"] = b.inertial.com
    for k, j in enumerate(robot.joints):
        for attribute in _JOINT:
            if attribute == "springref" and j.nv != 1:
                continue
            found[f"{title('joint', j.name, k)} {attribute}"] = getattr(j, attribute)
    for k, g in enumerate(robot.geoms):
        for attribute in _GEOM:
            if attribute == "size" and g.kind in ("plane", "hfield", "mesh"):
                continue
            found[f"{title('geom', g.name, k)} {attribute}"] = getattr(g, attribute)
        if g.kind not in ("plane", "hfield"):
            attribute = "density" if g.mass is None else "mass"
            found[f"{title('geom', g.name, k)} {attribute}"] = getattr(g, attribute)
    for k, a in enumerate(robot.actuators):
        for attribute in ("gear", "gain", "bias"):
            found[f"{title('actuator', a.name, k)} {attribute}"] = getattr(a, attribute)
        if a.dynamics.startswith("filter"):
            found[f"{title('actuator', a.name, k)} timeconst"] = a.time_constant
    return found


class Parameters:
    """The numbers of one program: the file's, or what is given in their place."""

    def __init__(self, given: Given, known: Mapping[str, Value]):
        for name, value in given.items():
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                hint = f" (did you mean {near[0]!r}?)" if near else ""
                raise ValueError(
                    f"the robot's parameter {name!r} was found; expected one of model.parameters(){hint}"
                )
            expected = known[name]
            wanted = len(expected) if isinstance(expected, tuple) else None
            if (
                value is None
                or _length(value) != wanted
                or (wanted is not None and any(_length(value[k]) for k in range(wanted)))
            ):
                raise ValueError(f"the robot's parameter {name!r} has {_size(value)}; expected {_number(wanted)}")
        self._given = given
        _refuse_negative(given)

    def is_given(self, name: str) -> bool:
        """Whether the user gives this one."""
        return name in self._given

    def number(self, name: str, default: float) -> Number:
        """One number."""
        return self._given.get(name, default)

    def vector(self, name: str, default: tuple[float, ...]) -> Any:
        """A few numbers, as a tuple."""
        if name not in self._given:
            return default
        value = self._given[name]
        return tuple(value[k] for k in range(len(default)))


def _refuse_negative(given: Given) -> None:
    """Stop the program where a parameter is negative, 0 or NaN that cannot be."""
    _stop(given, NEVER_NEGATIVE, lambda x: x >= 0.0, "negative or NaN", "0 or more")
    _stop(given, ALWAYS_POSITIVE, lambda x: x > 0.0, "0, negative or NaN", "more than 0")


def _stop(given: Given, words: frozenset[str], is_good: Callable[[Any], Any], found: str, expected: str) -> None:
    names = [name for name in given if name.rpartition(" ")[2] in words]
    bad: Any = False
    for value in (given[name] for name in names):
        for x in [value] if _length(value) is None else [value[k] for k in range(len(value))]:
            bad = ~is_good(x) | bad
    if names:
        one = "the robot's parameter" if len(names) == 1 else "one of the robot's parameters"
        stop_if(
            bad,
            here(),
            f"{one} {', '.join(map(repr, names))} is {found}; expected {expected}: tune its logarithm, exp(z) times "
            "the file's",
        )


def _length(value: Any) -> int | None:
    return len(value) if hasattr(value, "__len__") else None


def _size(value: Any) -> str:
    if value is None:
        return "no number"
    return "vectors" if _length(value) and _length(value[0]) is not None else _number(_length(value))


def _number(length: int | None) -> str:
    return "one number" if length is None else f"a vector of {length}"
