"""The numbers of a robot that are to be found: by which names, from where, on which scale."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from rosesim.ad.language.arrays import stack
from rosesim.ad.language.mathematics import exp

POSITIVE = frozenset(
    ("mass", "density", "size", "friction", "damping", "stiffness", "armature", "frictionloss", "timeconst")
)
"""Parameters that are never negative, by the last word of their names. They are sought by their logarithm."""


@dataclass(frozen=True)
class Unknown:
    """One number that is sought: a parameter, or a component of one."""

    name: str
    """The parameter's, as `model.parameters()` has it."""
    index: int | None
    """The component's; None where the parameter is one number."""
    begin: float
    """Where the search begins."""
    scale: float
    """What the search counts as one of it: for a positive one its beginning, else the parameter's magnitude."""

    @property
    def label(self) -> str:
        """The name, and the component in brackets."""
        return self.name if self.index is None else f"{self.name}[{self.index}]"

    @property
    def is_positive(self) -> bool:
        """Whether it is sought by its logarithm: then one of the search's units is a factor e."""
        return self.name.rpartition(" ")[2] in POSITIVE

    def at(self, z: float) -> float:
        """The value at the search's coordinate z, 0 at the beginning."""
        return float(self.begin * np.exp(z) if self.is_positive else self.begin + self.scale * z)

    def slope(self, z: float) -> float:
        """The derivative of `at`."""
        return self.at(z) if self.is_positive else self.scale


def unknowns(known: Mapping[str, Any], wanted: str | Iterable[str] | Mapping[str, Any]) -> list[Unknown]:
    """What a user wants found, from names or patterns, or from names with the values where the search begins;
    None is the file's."""
    given: dict[str, Any] = {}
    rows = wanted if isinstance(wanted, Mapping) else dict.fromkeys([wanted] if isinstance(wanted, str) else wanted)
    for pattern, begin in rows.items():
        given |= {pattern: begin} if begin is not None else dict.fromkeys(_matching(known, pattern))
    found: list[Unknown] = []
    for name, begin in given.items():
        found += _of(known, name, begin)
    if not found:
        raise ValueError("identify was given no parameters; expected names of model.parameters()")
    labels = [u.label for u in found]
    for label in labels:
        if labels.count(label) > 1:
            raise ValueError(f"identify was given the parameter {label!r} twice; expected it once")
    return found


def parameters(found: Sequence[Unknown], known: Mapping[str, Any], values: Any) -> dict[str, Any]:
    """Values of unknowns as the functions of a model take them; the other components of a vector are the file's."""
    given: dict[str, Any] = {}
    for k, u in enumerate(found):
        if u.index is None:
            given[u.name] = values[k]
        else:
            given.setdefault(u.name, [float(x) for x in known[u.name]])[u.index] = values[k]
    return given


def traced(found: Sequence[Unknown], known: Mapping[str, Any], z: Any, begin: Any, scale: Any) -> dict[str, Any]:
    """The same while a program is traced, from the coordinates of the search."""
    values = [begin[k] * exp(z[k]) if u.is_positive else begin[k] + scale[k] * z[k] for k, u in enumerate(found)]
    return {name: stack(v) if isinstance(v, list) else v for name, v in parameters(found, known, values).items()}


def _matching(known: Mapping[str, Any], pattern: object) -> list[str]:
    if not isinstance(pattern, str):
        raise ValueError(f"identify was given the parameter {pattern!r}; expected a name of model.parameters()")
    if pattern in known or "*" not in pattern:
        return [pattern]
    names = [name for name in known if fnmatchcase(name, pattern)]
    if not names:
        raise ValueError(
            f"no parameter is called {pattern!r}; expected names of model.parameters(), * for any letters"
        )
    return names


def _of(known: Mapping[str, Any], wanted: str, begin: Any) -> list[Unknown]:
    """The unknowns of one name, which may name a component."""
    name, index = wanted, None
    if name not in known and (parts := re.fullmatch(r"(.*)\[(\d+)\]", wanted)):
        name, index = parts[1], int(parts[2])
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(f"the robot's parameter {name!r} was found; expected one of model.parameters(){hint}")
    if name == "timestep":
        raise ValueError("identify was given the parameter 'timestep'; the record's times fix it: leave it out")
    file = np.asarray(known[name], dtype=np.float64)
    if index is not None and (not file.ndim or index >= file.size):
        size = f"{file.size} numbers, counted from 0" if file.ndim else "one number"
        raise ValueError(f"the robot's parameter {wanted!r} was found; {name!r} has {size}")
    whole = file if index is None else file[index]
    first = np.asarray(whole if begin is None else begin, dtype=np.float64)
    if first.shape != whole.shape or not np.isfinite(first).all():
        raise ValueError(f"parameters[{wanted!r}] = {begin!r} was found; expected {_size(whole)}, where to begin")
    length = float(np.linalg.norm(file)) or 1.0  # a vector of zeros has no scale of its own: SI units
    places = [index] if index is not None or not file.ndim else range(file.size)
    return [
        _checked(Unknown(name, k, float(x), float(abs(x)) if not file.ndim and x else length))
        for k, x in zip(places, np.ravel(first), strict=True)
    ]


def _checked(u: Unknown) -> Unknown:
    if u.is_positive and u.begin <= 0.0:
        raise ValueError(
            f"the search for {u.label!r} would begin at {u.begin:g}; expected a positive value, as its logarithm is "
            f"sought: parameters={{{u.label!r}: 0.1}}"
        )
    return u


def _size(whole: Any) -> str:
    return f"a vector of {whole.size} numbers" if whole.ndim else "one number"
