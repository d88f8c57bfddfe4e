"""What a caller gives for an optimiser, taken apart into the name, rate, schedule and bound that a folder records."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from rosesim.optimise.descent import Stepper
from rosesim.optimise.optimizers import CONSTANT, Optimizer, Rule
from rosesim.optimise.own import described, is_rule_object, own_stepper
from rosesim.optimise.rules import text_of
from rosesim.scenes.base import AnyScene
from rosesim.scenes.errors import SceneError
from rosesim.scenes.tree import leaves, map_leaves
from rosesim.train.plan import Plan
from rosesim.train.settings import Settings

RATE = "learning_rate"


def taken_apart(
    scene: AnyScene,
    inputs: Any,
    optimizer: Any = None,
    learning_rate: Any = None,
    schedule: str | None = None,
    clip: float | None = None,
) -> tuple[Any, dict[str, Any]]:
    """The inputs with the learning rate that was given, and the arguments of `plan` about the optimiser.

    An Optimizer of one of our rules becomes that rule's text, its rate, its schedule and its clip, so that its run
    can be resumed from its folder alone; any other object stays as it is. SceneError where they make no sense.

    >>> from rosesim.scenes import configure, find_scene
    >>> from rosesim.train import Adam, Optimizer
    >>> scene, inputs = configure(find_scene("growth"), [])
    >>> inputs, how = taken_apart(scene, inputs, Optimizer(Adam(beta2=0.99), 0.1))
    >>> inputs.learning_rate, how["optimizer"], how["own"]
    (0.1, 'adam(beta2=0.99)', None)
    """
    how: dict[str, Any] = {"optimizer": optimizer, "own": None, "schedule": schedule or "constant", "clip": clip}
    if isinstance(optimizer, Optimizer):
        for name, value in {RATE: learning_rate, "schedule": schedule, "clip": clip}.items():
            if value is not None:
                raise SceneError(f"{name}={value} was given beside an Optimizer, which has its own; give it there")
        if optimizer.bounds is not None:
            raise SceneError("an Optimizer with bounds was given; expected the bounds in the scene's `bounds`")
        learning_rate = optimizer.learning_rate
        given = {} if optimizer.schedule == CONSTANT else {"schedule": str(optimizer.schedule)}
        how = {**how, **given, "clip": optimizer.clip}
    if optimizer is not None and not isinstance(optimizer, str):
        how["optimizer"], how["own"] = named(optimizer)
    if learning_rate is None:
        return inputs, how
    if not (isinstance(learning_rate, int | float) and math.isfinite(learning_rate)):
        raise SceneError(f"{RATE} is a finite number; {learning_rate!r} was given")
    if how["own"] is not None and not is_rule_object(how["own"]):
        raise SceneError(
            f"{RATE}={learning_rate} was given beside a whole optimizer, which has steps of its own length"
        )
    if RATE not in leaves(inputs):
        raise SceneError(f"the inputs of {scene.name} have no {RATE}; expected one, as {RATE}: Real = value(0.1)")
    return map_leaves(lambda name, old: float(learning_rate) if name == RATE else old, inputs), how


def named(optimizer: Any) -> tuple[str, Stepper | Rule | None]:
    """The text of an optimiser, and the object where the text does not tell all of it.

    Of an Optimizer it is that of its rule: its rate, schedule and clip are recorded beside it.
    """
    rule = optimizer.rule if isinstance(optimizer, Optimizer) else optimizer
    if (text := text_of(rule)) is not None:
        return text, None
    own = own_stepper(rule)
    return described(rule), own


def check_same(folder: Path, found: Settings, optimizer: Any) -> Plan:
    """The plan of a folder's run, with the object that its text describes; SceneError for another optimiser."""
    text, own = named(optimizer)
    known = found.plan
    pairs: list[tuple[str, Any, Any]] = [("optimizer", known.optimizer, text)]
    if isinstance(optimizer, Optimizer):
        pairs += [
            (RATE, getattr(found.inputs, RATE, None), optimizer.learning_rate),
            ("schedule", known.schedule, str(optimizer.schedule)),
            ("clip", known.clip, optimizer.clip),
        ]
    for name, recorded, now in pairs:
        if recorded != now:
            raise SceneError(f"{folder} is a run with {name} = {recorded}, and {now} was given")
    return replace(known, own=own)
