"""Are the tests able to fail? Each derivative rule is made wrong, one change at a time, and the tests are run.

    python tests/mutations.py                   # every mutant; the survivors are listed at the end
    python tests/mutations.py -k 'ops.py: pow'  # those whose name this finds something in
    python tests/mutations.py --list

A mutant is one edit of the text of a module that derivatives are made by: in the table of operators (`ops.py`)
each slope's sign, factor, operands, terms, numbers and guards; in the rules for gathers, loops, branches,
accumulators and calls (`forward.py`, the files of `reverse`, `custom.py`) the sign, the factor and the
absence of each thing passed on, the masks and the conditions. `mutmut` and `cosmic-ray` change any expression
of a module, most of which here decides what is stored and what computed again, which changes the speed and
no result; they know neither the sign nor the factor of a formula's term. So the edits are ours.

Each runs in a process forked off this one, which has loaded all but rosesim: the tests that name the rule
first, then wider ones; a mutant lives if none fails.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import importlib.abc
import importlib.util
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from mutants import AD, EQUIVALENT, ROOT, Mutant, operators, rules

SECONDS = 600
"""A mutant whose tests run longer than this, some fifty times what they need, has been noticed."""

NOT_LOADED = 100

OPERATORS = [["test_ops.py"], ["test_slopes.py"], ["test_gradients.py", "test_select.py", "test_custom.py"]]
RULES = [
    ["test_masks.py", "test_rare_rules.py", "test_gradients.py"],
    ["test_custom.py", "test_parameters.py", "test_select.py", "test_rules_checked.py"],
    ["test_defaults_and_methods.py", "test_select_more.py", "test_checkpoint.py", "test_known_wrong.py"],
    ["test_fuzz.py", "test_large_arrays.py", "test_calls.py", "test_in_place.py", "test_scatter_to_gather.py"],
    ["test_bounce.py", "test_billiards.py", "test_mass_spring_simple.py", "test_electric.py"],
]


class Finder(importlib.abc.MetaPathFinder, importlib.abc.SourceLoader):
    """Loads one module of rosesim with another text."""

    def __init__(self, mutant: Mutant):
        self.file = AD / mutant.file
        self.module = "rosesim.ad." + mutant.file.removesuffix(".py").replace("/", ".")
        self.source = mutant.source()

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> Any:
        """The mutated module's; nothing of another."""
        if fullname == self.module:
            return importlib.util.spec_from_file_location(fullname, self.file, loader=self)
        return None

    def get_filename(self, fullname: str) -> str:
        """The file that is there: mistakes name its lines."""
        return str(self.file)

    def get_data(self, path: str | bytes) -> bytes:
        """The text; there is no compiled copy of it."""
        if str(path) == str(self.file):
            return self.source.encode()
        raise OSError


@dataclass
class Job:
    """A mutant under test: which of its stages runs, in which process, since when."""

    mutant: Mutant | None
    stages: list[list[str]]
    at: int = 0
    child: int = 0
    since: float = 0.0

    def start(self) -> None:
        """Run the next stage."""
        self.since = time.monotonic()
        self.child = os.fork()
        if self.child == 0:
            _run(self.mutant, self.stages[self.at])

    def ended(self) -> str | None:
        """What came of it, if it has ended: the stage that failed, or nothing; goes on to the next stage."""
        pid, status = os.waitpid(self.child, os.WNOHANG)
        if pid == 0:
            if time.monotonic() - self.since < SECONDS:
                return None
            os.kill(self.child, 9)
            os.waitpid(self.child, 0)
            return "too slow: " + self.stages[self.at][0]
        code = os.waitstatus_to_exitcode(status)
        if code == NOT_LOADED:
            raise RuntimeError(f"{self.mutant.name if self.mutant else 'rosesim'} cannot be imported")
        if code != 0:
            return self.stages[self.at][0]
        self.at += 1
        if self.at == len(self.stages):
            return ""
        if self.mutant is not None:
            _passes(tuple(self.stages[self.at]))
        self.start()
        return None


def run(jobs: list[Job], at_once: int) -> Iterator[tuple[Job, str]]:
    """Each job with the stage that failed, empty where none did."""
    waiting, under_way = list(reversed(jobs)), list[Job]()
    while waiting or under_way:
        while waiting and len(under_way) < at_once:
            under_way.append(waiting.pop())
            under_way[-1].start()
        for job in list(under_way):
            by = job.ended()
            if by is not None:
                under_way.remove(job)
                yield job, by
        time.sleep(0.01)


@functools.cache
def _passes(stage: tuple[str, ...]) -> None:
    """Tests that fail without a mutant say nothing: looked into before the first mutant gets to them."""
    for _, by in run([Job(None, [list(stage)])], 1):
        assert by == "", f"{', '.join(stage)} fail without a mutant"


def _run(mutant: Mutant | None, stage: list[str]) -> None:
    code = NOT_LOADED
    try:
        import pytest

        null = os.open(os.environ.get("MUTANT_LOG", os.devnull), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(null, 1)
        os.dup2(null, 2)
        if mutant is not None:
            finder = Finder(mutant)
            sys.meta_path.insert(0, finder)
            importlib.import_module(finder.module)
        options = [
            "-x",
            "-q",
            "-m",
            "full or not full",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            "-p",
            "no:randomly",
            "--no-header",
        ]
        code = int(pytest.main([*options, *(str(next((ROOT / "tests").rglob(t))) for t in stage)]))
    finally:
        os._exit(code)


def main() -> None:
    """The command."""
    p = argparse.ArgumentParser(description="Makes each derivative rule wrong and runs the tests.")
    p.add_argument("-k", default="", help="only mutants whose name this regular expression finds something in")
    p.add_argument("-j", type=int, default=os.cpu_count() or 1, help="how many at once")
    p.add_argument("--list", action="store_true", help="say which there are, run nothing")
    p.add_argument("--every", type=int, default=1, help="only each so many-th")
    a = p.parse_args()
    work = [(m, OPERATORS) for m in operators()] + [(m, RULES) for m in rules()]
    work = [(m, s) for m, s in work if re.search(a.k, m.name) and m.name not in EQUIVALENT][:: a.every]
    if a.list:
        for m, _ in work:
            print(f"{m.file}:{m.line}: {m.label}")
        print(len(work), "mutants")
        return
    for name in ("numpy", "llvmlite.binding", "pytest", "hypothesis", "mpmath"):
        importlib.import_module(name)
    os.environ["ROSESIM_CACHE_DIR"] = tempfile.mkdtemp(prefix="rosesim-mutants-")
    os.chdir(ROOT)
    begun = time.monotonic()
    for stages in {id(s): s for _, s in work}.values():
        _passes(tuple(stages[0]))
    lives: list[Mutant] = []
    for job, by in run([Job(m, stages) for m, stages in work], a.j):
        m = job.mutant
        assert m is not None
        if by == "":
            lives.append(m)
        print(f"{'killed by ' + by if by else 'SURVIVED'}: {m.file}:{m.line}: {m.label}", flush=True)
    for m in lives:
        print(f"survivor: {m.file}:{m.line}: {m.label}")
    print(
        f"{len(work) - len(lives)} of {len(work)} killed ({100 - 100 * len(lives) / max(len(work), 1):.1f} %), "
        f"{len(EQUIVALENT)} more are equivalent; {time.monotonic() - begun:.0f} s"
    )
    sys.exit(bool(lives))


if __name__ == "__main__":
    main()
