"""Whether two commits write the same machine code: digests of every scene's programs and strict results.

    python benchmarks/same_code.py > before    # at one commit
    python benchmarks/same_code.py > after     # at the other
    diff before after

A line gives the scene, the program, the kind of compilation, a digest of its LLVM text as it is written (not
optimised) and, for strict programs, a digest of the bits of its results. A refactoring changes no line. Where a text
changes for a reason, the bits stay and the benchmarks show the speed. `--texts FOLDER` keeps the texts, for a closer
look.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from rosesim import Program, value_and_grad, vmap
from rosesim.scenes import Compiled, compiled, configure, find_scene, scene_names
from rosesim.scenes.tree import leaves, map_leaves

RUNS = 11
"""Runs of a batch: not a multiple of the four lanes of double precision, nor of the eight of single."""
QUICK = ("billiards", "mass_spring", "wave", "smoke", "rigid_body", "growth")

HOW: dict[str, dict[str, Any]] = {
    "fast": {},
    "strict": {"math": "strict"},
    "f32": {"precision": "f32"},
    "debug": {"debug": True},
}


def programs(made: Compiled[Any, Any, Any]) -> Iterator[tuple[str, Any, tuple[Any, ...]]]:
    """Each program of a scene: its name, the function, and the arguments that it is run with."""
    scene = made.scene
    params, inputs = scene.params(np.random.default_rng(0)), scene.inputs()
    gradient = value_and_grad(made.loss, wrt=0)
    yield "value", made.loss, (params, inputs)
    yield "gradient", gradient, (params, inputs)
    rows = [scene.params(np.random.default_rng(k)) for k in range(RUNS)]
    stacked = map_leaves(lambda _, *each: np.stack([np.asarray(e) for e in each]), *rows)
    yield "batch", vmap(gradient, over=(0,)), (stacked, inputs)


def digest(*parts: bytes) -> str:
    """A short name for bytes."""
    h = hashlib.blake2b(digest_size=8)
    for p in parts:
        h.update(len(p).to_bytes(8, "little") + p)
    return h.hexdigest()


def bits(result: Any) -> bytes:
    """All the numbers of a result, as they are stored in memory."""
    parts = result if isinstance(result, tuple) else (result,)
    return b"".join(np.asarray(leaf).tobytes() for part in parts for leaf in leaves((part,)).values())


def lines(name: str, texts: Path | None) -> Iterator[str]:
    """The lines of one scene."""
    scene, _ = configure(find_scene(name), [])
    for called, function, given in programs(compiled(scene)):
        for how, options in HOW.items():
            made: Program = function.compile(*given, optimise=False, **options)
            text = made.compiled.llvm
            if texts is not None:
                (texts / f"{name}-{called}-{how}.ll").write_text(text)
            run = digest(bits(function.compile(*given, **options)(*given))) if how == "strict" else "-"
            yield f"{name:20} {called:9} {how:7} {digest(text.encode())} {run}"


def main() -> None:
    """Print the lines of all scenes, or of a quick choice of them."""
    parser = argparse.ArgumentParser(description="Digests of the code and the strict results of all scenes.")
    parser.add_argument("--quick", action="store_true", help="only " + ", ".join(QUICK))
    parser.add_argument("--texts", type=Path, help="the folder in which the texts are kept")
    asked = parser.parse_args()
    if asked.texts is not None:
        asked.texts.mkdir(parents=True, exist_ok=True)
    for name in QUICK if asked.quick else scene_names():
        for line in lines(name, asked.texts):
            print(line, flush=True)


if __name__ == "__main__":
    main()
