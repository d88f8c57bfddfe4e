"""`rosesim info --passes`: the passes of a program from its trace to a backend, and the program between them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rosesim.scenes import compiled, configure
from rosesim.scenes.locate import scene_at

if TYPE_CHECKING:
    from rosesim.ad.program.ir import Func
    from rosesim.ad.program.program_pass import Ran


def print_passes() -> None:
    """Print all passes in their order, one per line, and the decisions after them."""
    from rosesim.ad.passes.tidy import STEPS
    from rosesim.codegen.pipeline import DECISIONS, STAGES

    groups = [(where, [(p.name, p.purpose) for p in steps]) for where, steps in STEPS]
    whole = [(s.step.name, s.step.purpose if s.when == "always" else f"{s.step.purpose} ({s.when})") for s in STAGES]
    groups += [("the whole program, before it is written", whole)]
    groups += [("decided of the whole program", [(d.name, d.purpose) for d in DECISIONS])]
    wide = max(len(name) for _, rows in groups for name, _ in rows)
    for where, rows in groups:
        print(f"{where}:")
        for name, purpose in rows:
            print(f"  {name:{wide}}  {purpose}")


@dataclass(frozen=True)
class Journey:
    """The passes that ran on a scene's gradient, in order."""

    ran: list[Ran]
    seconds: float
    """Total time of tracing, differentiating and planning."""


def journey(name: str, assignments: list[str], target: str) -> Journey:
    """Trace the gradient of a scene's loss and run all passes before the backend; nothing is compiled. A function
    that this process has already traced is not traced again, so the command does this only once.

    Raises ValueError where there is no such target.
    """
    from rosesim.ad.program.program_pass import watched
    from rosesim.ad.transforms.derivatives import value_and_grad
    from rosesim.codegen.pipeline import planned
    from rosesim.codegen.planned import Options
    from rosesim.codegen.targets import TARGETS

    if target not in TARGETS:
        raise ValueError(f"no target is called {target!r}; expected one of {', '.join(TARGETS)}")
    scene, inputs = configure(scene_at(name), assignments)
    args: tuple[Any, ...] = (scene.params(np.random.default_rng(0)), inputs)
    machine = TARGETS[target]()
    ran: list[Ran] = []
    begun = time.perf_counter()
    with watched(ran.append):
        f = value_and_grad(compiled(scene).loss, wrt=0)
        planned(f.traced(f.types_of(args)).func, Options(), machine)
    return Journey(ran, time.perf_counter() - begun)


def print_sizes(found: Journey) -> None:
    """For each pass print how often it ran, the size of programs before and after it, and its time."""
    print(f"{'pass':20} {'runs':>5} {'lets before':>12} {'after':>8} {'ms':>8}")
    for name in dict.fromkeys(r.name for r in found.ran):
        own = [r for r in found.ran if r.name == name]
        before, after = sum(_lets(name, r.before) for r in own), sum(_lets(name, r.after) for r in own)
        print(f"{name:20} {len(own):5} {before:12} {after:8} {1e3 * sum(r.seconds for r in own):8.1f}")
    passes = 1e3 * sum(r.seconds for r in found.ran)
    print(f"{passes:.1f} ms in passes, of {1e3 * found.seconds:.1f} ms for tracing, differentiating and planning")


def print_programs(found: Journey, name: str, *, before: bool) -> None:
    """Print the program before, or after, a pass; if the pass ran on several functions, one after the other."""
    texts = [_text(r, before=before) for r in found.ran if r.name == name]
    print("\n\n".join(texts) if texts else f"{name} did not run on this program")


def write_programs(found: Journey, folder: Path) -> None:
    """Write the program after each run of a pass into a file, numbered in their order."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, r in enumerate(found.ran, 1):
        (folder / f"{number:03}-{r.name}.txt").write_text(_text(r, before=False) + "\n", encoding="utf-8")
    print(f"{len(found.ran)} programs in {folder}")


def _text(r: Ran, *, before: bool) -> str:
    """A program, under a line that says at which point it was taken."""
    from rosesim.ad.program.show import show

    func = r.before if before else r.after
    changed = "" if r.after is not r.before else ", which changed nothing"
    return (
        f"# {'before' if before else 'after'} {r.name}{changed}\n\n{show(func, deep=_is_of_whole_programs(r.name))}"
    )


def _lets(name: str, func: Func) -> int:
    """The number of lets in the argument of a pass: a whole program, or one function."""
    from rosesim.ad.program.ir import Block, all_lets, reachable

    funcs = reachable(func) if _is_of_whole_programs(name) else [func]
    return sum(1 for f in funcs if isinstance(f.body, Block) for _ in all_lets(f.body))


def _is_of_whole_programs(name: str) -> bool:
    from rosesim.codegen.pipeline import STAGES

    return any(s.step.name == name for s in STAGES)
