"""What a person is told where chance goes another way than the command line seems to ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rosesim.cli.output import note
from rosesim.scenes.drawn import drawn_names, is_drawn, starts_alike


def tell_of_draws(scene: Any, inputs: Any, assignments: Sequence[str], optimizer: str | None = None) -> None:
    """Say which inputs that were set are drawn anew by the scene for each iteration, so that it has no effect."""
    from rosesim.optimise.table import FOREIGN

    if (optimizer or scene.published.optimizer) in FOREIGN:
        return  # they need one loss, and so the inputs that were given
    names = {a.partition("=")[0].strip() for a in assignments}
    if lost := [name for name in drawn_names(scene, inputs) if name in names]:
        verb = "is" if len(lost) == 1 else "are"
        note(
            f"{scene.name} draws {', '.join(lost)} anew for each iteration: what was set {verb} not used in training"
        )


def tell_of_seeds(scene: Any, inputs: Any, seeds: Sequence[int], optimizer: str) -> None:
    """Say that several seeds are the same run again and again, where a scene leaves nothing to chance."""
    from rosesim.optimise.table import FOREIGN

    foreign = FOREIGN.get(optimizer)
    draws = foreign is not None and foreign.seed_bits is not None
    if len(seeds) < 2 or draws or is_drawn(scene, inputs) or not starts_alike(scene, seeds):
        return
    note(f"{scene.name} leaves nothing to chance: the {len(seeds)} seeds are {len(seeds)} times the same run")
