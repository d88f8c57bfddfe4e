"""Natural programs: our value and gradient beside C, NumPy and JAX (where it is installed), in turns.

    python -m benchmarks.natural [NAME ...] [--quick] [--without PASS,...] [--rounds 15] [--into FOLDER]

A name is a program's, or the beginning of some. Needs gcc. Agreement is checked first: the value with the other
languages', the gradient with differences along a random direction. The times are the least processor time over the
rounds, on one core. Prints a table and writes data/natural.json; with names, `--quick` (small sizes, two rounds) or
`--without` (what passes are worth) it writes into a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ |= {"ROSESIM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # before NumPy is loaded

from benchmarks.natural.catalogue import NAMES, program
from benchmarks.natural.measure import measured
from benchmarks.natural.table import HEAD, WITHOUT, row
from benchmarks.turns import machine
from rosesim.codegen.pipeline import SPARED

DATA = Path(__file__).parents[1] / "data"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", default=[""], metavar="name", help=", ".join(NAMES))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--without", type=lambda text: text.split(","), default=[], metavar="PASS,...")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--into", type=Path)
    given = parser.parse_args()
    starts: tuple[str, ...] = tuple(given.names)
    chosen = [name for name in NAMES if name.startswith(starts)]
    for unknown in (start for start in starts if not any(name.startswith(start) for name in NAMES)):
        parser.error(f"{unknown}: the programs are {', '.join(NAMES)}")
    for unknown in (name for name in given.without if name not in SPARED):
        parser.error(f"{unknown} cannot be left out; the passes that can are {', '.join(SPARED)}")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-1:])

    found: list[dict[str, Any]] = []
    width = max(map(len, chosen))
    head = [*HEAD, *(WITHOUT if given.without else [])]
    say: Callable[[str, list[str]], None] = lambda name, cells: print(
        name.ljust(width), *(c.rjust(len(h)) for c, h in zip(cells, head, strict=True)), sep="  ", flush=True
    )
    say("ms", head)
    for name in chosen:
        try:
            it = program(name, small=given.quick)
            records = measured(name, it, 2 if given.quick else given.rounds, given.without)
        except Exception as e:  # one that does not compile must not cost us the times of the others
            traceback.print_exc()
            records = [{"program": name, "tool": "rosesim", "failed": type(e).__name__}]
        found += records
        if "failed" in records[0]:
            print(f"{name.ljust(width)}  {records[0]['failed']}", flush=True)
        else:
            say(name, row(records))
    partial = given.quick or given.without or chosen != NAMES
    folder = given.into or (Path(tempfile.mkdtemp()) if partial else DATA)
    text = ",\n".join("  " + json.dumps(r) for r in found)
    file = folder / "natural.json"
    file.write_text(f'{{"machine": {json.dumps(machine())},\n "measured": [\n{text}\n]}}\n')
    print(file)
    if any("failed" in r for r in found):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
