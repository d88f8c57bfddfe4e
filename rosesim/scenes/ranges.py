"""Inputs with a range: what a viewer and a page show as sliders."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rosesim.scenes.errors import SceneError
from rosesim.scenes.tree import leaves, map_leaves


@dataclass(frozen=True)
class Range:
    """The range of an input in `Scene.ranges`, from the least to the greatest value of its slider.

    >>> Range(0.0, 1.0), Range(0.1, 0.5, unit="m", label="length of the rope").label
    (Range(least=0.0, greatest=1.0, unit='', label=''), 'length of the rope')
    >>> Range(1.0, 1.0)
    Traceback (most recent call last):
        ...
    ValueError: a range from 1.0 to 1.0 was found; expected two finite numbers, the first below the second
    """

    least: float
    greatest: float
    unit: str = ""
    label: str = ""
    """What a user reads; the input's name where it is empty."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.least) and math.isfinite(self.greatest) and self.least < self.greatest):
            raise ValueError(
                f"a range from {self.least} to {self.greatest} was found; expected two finite numbers, the first "
                "below the second"
            )


def values_of(ranges: Mapping[str, Range], inputs: Any) -> dict[str, float]:
    """The inputs that have a range, by name. Raises SceneError for a name that is not that of a number.

    >>> values_of({"wind.speed": Range(0.0, 9.0)}, {"wind": {"speed": 3.0}})
    {'wind.speed': 3.0}
    """
    given = leaves(inputs)
    for name in ranges:
        if not isinstance(given.get(name), float | int):
            numbers = ", ".join(k for k, v in given.items() if isinstance(v, float | int)) or "none"
            raise SceneError(f"ranges names {name!r}; expected an input that is a number; there are {numbers}")
    return {name: float(given[name]) for name in ranges}


def shown_ranges(ranges: Mapping[str, Range], inputs: Any) -> dict[str, Range]:
    """The ranges of sliders, each wide enough for the input's value: a slider that ended before it would show another
    number. Raises SceneError for a name that is not that of a number.

    >>> shown_ranges({"wind": Range(-8.0, 8.0)}, {"wind": 20.0})
    {'wind': Range(least=-8.0, greatest=20.0, unit='', label='')}
    """
    values = values_of(ranges, inputs)
    return {
        name: replace(r, least=min(r.least, values[name]), greatest=max(r.greatest, values[name]))
        for name, r in ranges.items()
    }


def with_value(inputs: Any, name: str, value: float) -> Any:
    """The inputs with one of them replaced, by its dotted name.

    >>> with_value({"wind": {"speed": 3.0}}, "wind.speed", 4.0)
    {'wind': {'speed': 4.0}}
    """
    return map_leaves(lambda path, old: value if path == name else old, inputs)
