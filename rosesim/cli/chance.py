"""Notes for the user where randomness works differently from what the command line suggests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rosesim.cli.output import note
from rosesim.scenes.drawn import drawn_names, is_drawn, starts_alike


def note_sampled_inputs(scene: Any, inputs: Any, assignments: Sequence[str], optimizer: str | None = None) -> None:
    """Note which inputs were set without effect, because the scene samples them anew for each iteration."""
    from rosesim.optimise.table import FOREIGN

    if (optimizer or scene.published.optimizer) in FOREIGN:
        return  # a foreign optimiser needs one loss, and so uses the given inputs
    names = {a.partition("=")[0].strip() for a in assignments}
    if lost := [name for name in drawn_names(scene, inputs) if name in names]:
        verb = "is" if len(lost) == 1 else "are"
        note(f"{scene.name} samples {', '.join(lost)} anew each iteration: what was set {verb} not used in training")


def note_equal_seeds(scene: Any, inputs: Any, seeds: Sequence[int], optimizer: str) -> None:
    """Note that several seeds give the same run, where nothing in a scene is random."""
    from rosesim.optimise.table import FOREIGN

    foreign = FOREIGN.get(optimizer)
    is_random = foreign is not None and foreign.seed_bits is not None
    if len(seeds) < 2 or is_random or is_drawn(scene, inputs) or not starts_alike(scene, seeds):
        return
    note(f"{scene.name} leaves nothing to chance: the {len(seeds)} seeds are {len(seeds)} times the same run")
