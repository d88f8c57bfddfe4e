"""Rules as text, with their constants: `adam`, `adam(beta2=0.99)`. So a run's folder can say which one it had."""

from __future__ import annotations

import dataclasses
import difflib
import math
import re

from rosesim.optimise.optimizers import RULES, Optimizer, Rule
from rosesim.optimise.schedules import Schedule, parse_schedule
from rosesim.scenes.errors import SceneError
from rosesim.scenes.files import shown

_FORM = re.compile(r"(\w+)(?:\(([^()]*)\))?")


def rule_of(text: str) -> Rule:
    """The rule of a text: a name in RULES, with constants of its own in brackets where they differ.

    Raises SceneError for another name, another constant, and for a value that is not a finite number.

    >>> rule_of("adam(beta2=0.99)")
    Adam(beta1=0.9, beta2=0.99, epsilon=1e-08, weight_decay=0.0)
    >>> rule_of("adam(beta3=1)")
    Traceback (most recent call last):
        ...
    rosesim.scenes.errors.SceneError: adam has no constant 'beta3'; there are beta1, beta2, epsilon, weight_decay
    """
    found = _FORM.fullmatch(text.strip())
    name = found[1] if found else text
    if found is None or name not in RULES:
        close = difflib.get_close_matches(name, RULES, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise SceneError(
            f"no optimizer with start and step is called {shown(text)}; there are {', '.join(RULES)}{hint}"
        )
    given = dict(_constant(name, part) for part in (found[2] or "").split(",") if part.strip())
    return dataclasses.replace(RULES[name], **given)  # pyright: ignore[reportArgumentType,reportUnknownVariableType] -- rules are dataclasses


def make_optimizer(
    name: str, learning_rate: float, *, schedule: str | Schedule = "constant", clip: float | None = None
) -> Optimizer:
    """The optimiser of a name in RULES, or of a text that `rule_of` reads.

    Raises SceneError for another name, and for a schedule that `parse_schedule` does not understand.

    >>> import numpy as np
    >>> gd = make_optimizer("gd", 0.5)
    >>> gd.step(np.array([1.0]), np.array([0.2]), gd.start(np.array([1.0])))[0]
    array([0.9])
    """
    made = schedule if isinstance(schedule, Schedule) else parse_schedule(schedule)
    return Optimizer(rule_of(name), learning_rate, made, clip)


def is_rule(text: str) -> bool:
    """Whether a text begins with the name of a rule."""
    return text.partition("(")[0].strip() in RULES


def text_of(rule: object) -> str | None:
    """The text that `rule_of` reads a rule from; None for a rule that is not one of RULES.

    >>> from rosesim.optimise.optimizers import Adam
    >>> text_of(Adam()), text_of(Adam(weight_decay=0.01)), text_of(Adam(beta2=0.99)), text_of("another")
    ('adam', 'adamw', 'adam(beta2=0.99)', None)
    """
    same = [(name, known) for name, known in RULES.items() if type(known) is type(rule)]
    if not same:
        return None
    for name, known in same:
        if known == rule:
            return name
    name, known = same[0]
    constants = [f.name for f in dataclasses.fields(known)]  # pyright: ignore[reportArgumentType] -- rules are dataclasses
    differ = [k for k in constants if getattr(rule, k) != getattr(known, k)]
    return f"{name}({', '.join(f'{k}={float(getattr(rule, k))!r}' for k in differ)})"


def _constant(name: str, part: str) -> tuple[str, float]:
    key, _, text = (word.strip() for word in part.partition("="))
    known = [f.name for f in dataclasses.fields(RULES[name])]  # pyright: ignore[reportArgumentType] -- rules are dataclasses
    if key not in known:
        raise SceneError(f"{name} has no constant {shown(key)}; there are {', '.join(known) or 'none'}")
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise SceneError(f"{key} of {name} is a finite number; {shown(text)} was found")
    return key, value
