"""The text of a sweep: `learning_rate=0.01,0.03 n=1..3 seeds=0..4`, or `learning_rate=log(1e-3,1) trials=20`.

    SPEC    NAME=VALUES NAME=VALUES ... [trials=N], with spaces between
    NAME    a setting or an input of the scene, or `seeds`
    VALUES  a,b,c  alternatives; of a field that takes several numbers (goal=0.8,0.7|0.9,0.5) with | between
            a..b   all integers from a to b
            uniform(a,b)  a random number between a and b, an integer where the field is one
            log(a,b)      the same, with its logarithm uniform

Without `trials` every combination is one trial: a grid, whose last name changes fastest. With it there are N
trials, each of which samples every name independently: between the bounds, or one of the alternatives.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rosesim.scenes.base import AnyScene
from rosesim.scenes.errors import SceneError
from rosesim.scenes.files import shown
from rosesim.scenes.overrides import configure
from rosesim.scenes.tree import leaves

SEEDS, TRIALS = "seeds", "trials"

MOST_TRIALS = 100_000
"""More would be a mistake in the text: a trial takes about a second."""


@dataclass(frozen=True)
class OneOf:
    """Alternatives, as texts that `configure` reads."""

    texts: tuple[str, ...]

    def draw(self, rng: np.random.Generator) -> str:
        """A random one of them."""
        return self.texts[int(rng.integers(len(self.texts)))]


@dataclass(frozen=True)
class Between:
    """Random numbers, `count` of them for a field that takes several."""

    low: float
    high: float
    is_log: bool
    is_integer: bool
    count: int = 1

    def draw(self, rng: np.random.Generator) -> str:
        """The text of a random value."""
        return ",".join(self._number(rng.random()) for _ in range(self.count))

    def _number(self, u: float) -> str:
        low, above = self.low, self.high + 1 if self.is_integer else self.high
        if self.is_log:
            x = math.exp((1.0 - u) * math.log(low) + u * math.log(above))
        else:
            x = (1.0 - u) * low + u * above
        return (
            str(min(max(math.floor(x), int(low)), int(self.high)))
            if self.is_integer
            else repr(min(max(x, low), self.high))
        )


@dataclass(frozen=True)
class Spec:
    """A sweep's text, parsed: a choice for each name in order, and the number of random trials, if any."""

    choices: Mapping[str, OneOf | Between]
    trials: int | None

    @property
    def count(self) -> int:
        """The number of trials."""
        if self.trials is not None:
            return self.trials
        return math.prod(len(c.texts) for c in self.choices.values() if isinstance(c, OneOf))

    def values(self, seed: int) -> list[dict[str, str]]:
        """The values of each trial, by name; random ones depend on the seed, the trial's number and the name
        alone."""
        if self.trials is None:
            texts = [c.texts for c in self.choices.values() if isinstance(c, OneOf)]
            return [dict(zip(self.choices, one, strict=True)) for one in itertools.product(*texts)]
        return [
            {name: choice.draw(_generator(seed, k, name)) for name, choice in self.choices.items()}
            for k in range(self.trials)
        ]


def _generator(seed: int, trial: int, name: str) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(trial, *name.encode())))


def parse_spec(text: str, kind: type[AnyScene], assignments: Sequence[str] = ()) -> Spec:
    """The sweep that a text describes, over a scene whose other fields `assignments` give (see `configure`).

    Raises SceneError, one sentence, for a name that is not a setting or an input or that is assigned already,
    and for values that a field cannot have.

    >>> from rosesim.scenes import find_scene
    >>> spec = parse_spec("learning_rate=0.01,0.1 seeds=0..2", find_scene("billiards"))
    >>> spec.count, spec.values(seed=0)[4]
    (6, {'learning_rate': '0.1', 'seeds': '1'})
    """
    parts = re.findall(r"(?:[^\s()]|\([^()]*\)|[()])+", text)
    given: dict[str, str] = {}
    for part in parts:
        name, equals, values = part.partition("=")
        if not (name and equals and values):
            raise SceneError(
                f"a sweep is NAME=VALUES NAME=VALUES ..., such as n=1,2 seeds=0..3; {shown(part)} was given"
            )
        if name in given:
            raise SceneError(f"a sweep names {name} once; {shown(text)} names it twice")
        given[name] = values
    fields = _fields(kind, assignments)
    taken = {a.partition("=")[0].strip() for a in assignments}
    trials = given.pop(TRIALS, None)
    if not given:
        raise SceneError(f"a sweep names what it tries, such as learning_rate=0.01,0.1; {shown(text)} was given")
    choices = {name: _choice(name, values, _field(name, kind, fields, taken)) for name, values in given.items()}
    random = [name for name, c in choices.items() if isinstance(c, Between)]
    if trials is None and random:
        raise SceneError(f"{random[0]}={given[random[0]]} is sampled at random: say how many trials, as trials=20")
    spec = Spec(choices, None if trials is None else _integer(TRIALS, trials))
    if not 1 <= spec.count <= MOST_TRIALS:
        raise SceneError(f"a sweep has from 1 to {MOST_TRIALS} trials; {shown(text)} has {spec.count}")
    return spec


@dataclass(frozen=True)
class _Field:
    """The values that a name can have: integers or not, how many at once, or (None) a text of another kind."""

    is_integer: bool | None
    count: int = 1
    is_tuple: bool = False


def _fields(kind: type[AnyScene], assignments: Sequence[str]) -> dict[str, _Field]:
    scene, inputs = configure(kind, assignments)
    kinds = typing.get_type_hints(kind)
    found = {f.name: _setting(kinds[f.name]) for f in dataclasses.fields(scene)}
    for name, leaf in leaves(inputs).items():
        found[name] = _Field(False, np.size(leaf), np.ndim(leaf) > 0)
    return found | {SEEDS: _Field(True)}


def _setting(kind: Any) -> _Field:
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        (kind,) = (k for k in typing.get_args(kind) if k is not types.NoneType)
    if typing.get_origin(kind) is tuple:
        return _Field(None, is_tuple=True)
    return _Field({int: True, float: False}.get(kind))


def _field(name: str, kind: type[AnyScene], fields: Mapping[str, _Field], taken: set[str]) -> _Field:
    if name in taken:
        raise SceneError(f"{name} is both set by --set and swept; expected only one of these")
    if name not in fields:
        if name == "seed":
            raise SceneError("a sweep over seeds is seeds=0..3; 'seed' was given")
        configure(kind, [f"{name}=0"])  # raises an error that says what is wrong with the name
    return fields[name]


def _choice(name: str, values: str, field: _Field) -> OneOf | Between:
    if call := re.fullmatch(r"(\w+)\((.*)\)", values):
        return _between(name, values, call[1], call[2], field)
    if span := re.fullmatch(r"(-?\d+)\.\.(-?\d+)", values):
        if not field.is_integer:
            raise SceneError(f"a..b is all integers between, which {name} does not take; {shown(values)} was given")
        low, high = _integer(name, span[1]), _integer(name, span[2])
        if not low <= high < low + MOST_TRIALS:
            raise SceneError(
                f"{name}=a..b has a below b and at most {MOST_TRIALS} numbers; {shown(values)} was given"
            )
        return OneOf(tuple(map(str, range(low, high + 1))))
    texts = [t.strip() for t in values.split("|" if "|" in values or field.is_tuple else ",")]
    if not all(texts):
        raise SceneError(f"{name} has a value missing between two commas or bars; {shown(values)} was given")
    if name == SEEDS:
        texts = [str(_integer(name, t)) for t in texts]
    if len(set(texts)) < len(texts):
        raise SceneError(f"{name} has a value twice; {shown(values)} was given")
    return OneOf(tuple(texts))


def _between(name: str, values: str, how: str, inner: str, field: _Field) -> Between:
    if how not in ("uniform", "log"):
        raise SceneError(f"random numbers are uniform(a,b) or log(a,b); {name}={values} was given")
    if field.is_integer is None:
        raise SceneError(f"{name} is not a number that could be sampled; {name}={values} was given")
    ends = inner.split(",")
    if len(ends) != 2:
        raise SceneError(f"{how}(a,b) has two bounds; {name}={values} was given")
    low, high = (_integer(name, t) if field.is_integer else _real(name, t) for t in ends)
    if not low < high or (how == "log" and low <= 0):
        expected = "0 < a < b" if how == "log" else "a < b"
        raise SceneError(f"{how}(a,b) needs {expected}; {name}={values} was given")
    return Between(low, high, how == "log", field.is_integer, field.count)


def _integer(name: str, text: str) -> int:
    try:
        n = int(text)
    except ValueError:
        raise SceneError(f"{name} takes integers; {shown(text.strip())} was given") from None
    if not abs(n) < 1 << 52:  # a float represents these exactly
        raise SceneError(f"{name} takes numbers below 2^52; {shown(text.strip())} was given")
    return n


def _real(name: str, text: str) -> float:
    try:
        x = float(text)
    except ValueError:
        x = math.nan
    if not math.isfinite(x):
        raise SceneError(f"{name} takes finite numbers; {shown(text.strip())} was given")
    return x
