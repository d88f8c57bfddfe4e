"""`rosesim diagram --consistent`: several diagrams, laid out together."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from rosesim.cli.diagram import Out, best_start, sizes_of, tell
from rosesim.scenes.errors import SceneError

if TYPE_CHECKING:
    from rosesim.diagrams.trios import Trio

NAME = "{}"
"""What stands for a diagram's name in the name of a file."""


def lay_out_together(
    trios: Sequence[Trio], out: Out, labels: Path | None, seed: str | None, variations: int, steps: int | None
) -> None:
    """One picture and one verdict for each diagram."""
    from rosesim.diagrams.together import together

    outs = [_of_one(trio, out) for trio in _distinct(trios)]
    for each in outs:
        each.check()
    began = time.perf_counter()
    own = trios[0].variation if seed is None else seed
    sizes = sizes_of(labels)
    found = together([trio.read(variation=own, labels=sizes) for trio in trios], own)
    best, cut_short = best_start(f"{len(trios)} diagrams", found.whole, own, variations, steps)
    for trio, part, layout, each in zip(trios, found.parts, found.apart(best.layout), outs, strict=True):
        each.write(trio.name, part, layout)
        tell(trio, layout, began, best.seed if variations > 1 else None, cut_short)
    if cut_short:
        raise typer.Exit(1)


def _distinct(trios: Sequence[Trio]) -> Sequence[Trio]:
    """The same; SceneError where there are fewer than two, or two of one name."""
    if len(trios) < 2:
        raise SceneError(f"--consistent was given with {len(trios)} FILE; expected two or more, which share objects")
    names = [trio.name for trio in trios]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SceneError(f"two diagrams are called {twice}; expected FILEs of different names, which pictures get")
    return trios


def _of_one(trio: Trio, out: Out) -> Out:
    """The files of one of several diagrams."""

    def named(file: Path | None) -> Path | None:
        if file is None:
            return None
        if NAME not in file.name:
            example = file.with_name(f"{file.stem}-{NAME}{file.suffix}")
            raise SceneError(f"{file} would hold several pictures; expected {NAME} in its name, such as {example}")
        return file.with_name(file.name.replace(NAME, trio.name.replace("/", "-")))

    return Out(named(out.svg), named(out.png), named(out.inspect))
