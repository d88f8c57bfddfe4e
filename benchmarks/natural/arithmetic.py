"""The programs after GradBench in vector arithmetic beside those in loops over elements: lines, and times in turns.

    python -m benchmarks.natural.arithmetic [NAME ...] [--rounds 15]

Both give the same value and gradient, which is checked first. The lines are those of the functions' bodies, without
what names their arguments; the times are the least processor time on one core. Prints milliseconds, and ratios of
arithmetic to loops.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import inspect
import os
import textwrap
from functools import partial
from typing import Any

os.environ |= {"ROSESIM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # before NumPy is loaded

import numpy as np

from benchmarks.natural.catalogue import KINDS, program
from benchmarks.natural.measure import compiled, flat, in_turns
from benchmarks.natural.program import Program

NAMES = [name for kind in KINDS for name in kind.SIZES if kind.program(**kind.SIZES[name] | kind.SMALL).arithmetic]
AGREEMENT = 1e-11
"""Of gradients, relatively to the largest number: sums are taken in another order."""


def in_arithmetic(it: Program) -> Program:
    """The program with its arithmetic in the place of its loops."""
    assert it.arithmetic is not None
    return dataclasses.replace(it, loss=it.arithmetic)


def lines(kind: Any) -> tuple[int, int]:
    """The lines of the bodies: of the function in loops with those that it calls, and of the arithmetic."""
    text = textwrap.dedent(inspect.getsource(kind.program))
    of = lambda f: text.splitlines()[f.body[0].lineno - 1 : f.end_lineno]
    functions = [f for f in ast.walk(ast.parse(text)) if isinstance(f, ast.FunctionDef) and f.decorator_list]
    counts = {f.name: sum(bool(line.strip()) for line in of(f)) for f in functions}
    counts |= {f.name: counts[f.name] + 1 for f in functions if f.name not in ("loss", "arithmetic")}  # its `def`
    return sum(n for name, n in counts.items() if name != "arithmetic"), counts["arithmetic"]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", default=NAMES, metavar="name", help=", ".join(NAMES))
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    for name in given.names:
        it = program(name)
        programs = {"loops": compiled(it), "arithmetic": compiled(in_arithmetic(it))}
        (loss, slopes), (loss2, slopes2) = (both(*it.args) for _, both in programs.values())
        np.testing.assert_allclose(loss2, loss, rtol=1e-12)
        error = np.abs(flat(slopes) - flat(slopes2)).max() / np.abs(flat(slopes)).max()
        assert error <= AGREEMENT, (name, error)
        runs = {(way, k): f for way, pair in programs.items() for k, f in enumerate(pair)}
        times = in_turns({f"{w} {k}": partial(f, *it.args) for (w, k), f in runs.items()}, given.rounds)
        ms = {key: spread["least"] for key, spread in times.items()}
        before, after = lines(next(kind for kind in KINDS if name in kind.SIZES))
        print(
            f"{name:10} lines {before:3} {after:3}   value {ms['loops 0']:7.3f} {ms['arithmetic 0']:7.3f} "
            f"{ms['arithmetic 0'] / ms['loops 0']:5.2f}   gradient {ms['loops 1']:7.3f} {ms['arithmetic 1']:7.3f} "
            f"{ms['arithmetic 1'] / ms['loops 1']:5.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
