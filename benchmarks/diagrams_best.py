"""The best of eight starts of each trio of ../shared/diagrams beside Penrose's end of one.

    python benchmarks/diagrams_best.py OUT [--starts 8] [--only ID ...]

Judged is what ../shared/diagrams/reference/README.md says: the largest violation may be 1e-3 above the reference's.
Writes an inspection of each best end into the folder OUT, prints the trios that are worse in violation, and how all
ends compare (as `diagrams_compare.py` does for one start). The exit status is 1 where one is worse or fails.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from diagrams_compare import RELEASE, VIOLATION, run_of, verdict

from rosesim import RosesimError
from rosesim.diagrams.inspect import inspected
from rosesim.diagrams.starts import best_of, seeds
from rosesim.diagrams.trios import from_index, reference_labels

SHARED = Path(__file__).parents[2] / "shared" / "diagrams"


def one(name: str, out: Path, count: int) -> dict[str, Any]:
    """The best end of a trio, beside the reference's."""
    file = f"{name.replace('/', '__')}.json"
    trio = from_index(SHARED / "trios" / "index.json", name)
    made = trio.read(labels=reference_labels(SHARED / "reference" / file))
    began = time.perf_counter()
    best = best_of(made, seeds(trio.variation, count))
    seconds = time.perf_counter() - began
    found = inspected(name, best.diagram, best.layout)
    (out / file).write_text(json.dumps(found), encoding="utf-8")
    expected = json.loads((SHARED / "reference" / file).read_text(encoding="utf-8"))
    ours, theirs = run_of(found, "rosesim"), run_of(expected, RELEASE)
    return {
        "seconds": seconds,
        "seed": best.seed,
        "violation": float(ours["max_violation"]),
        "reference": float(theirs["max_violation"]) if theirs else float("inf"),
        "end": verdict(ours, theirs) if theirs else "no reference",
        "settled": all(stage.settled for stage in best.layout.stages),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--starts", type=int, default=8)
    parser.add_argument("--only", nargs="*", default=[])
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    index = json.loads((SHARED / "trios" / "index.json").read_text(encoding="utf-8"))
    ends: Counter[str] = Counter()
    worse, failed = list[str](), 0
    for name in (trio["id"] for trio in index if not options.only or trio["id"] in options.only):
        try:
            found = one(name, options.out, options.starts)
        except RosesimError as error:
            failed += 1
            print(f"{name}: FAILED: {error}", flush=True)
            continue
        ends[found["end"]] += 1
        beyond = found["violation"] > found["reference"] + VIOLATION
        words = f"violation {found['violation']:.3g} to {found['reference']:.3g}, {found['end']}"
        words += "" if found["settled"] else ", not settled"
        print(f"{name}: {words} ({found['seconds']:.1f} s)", flush=True)
        if beyond:
            worse.append(f"- {name}: {words}")
    print(f"\n{sum(ends.values())} trios: {', '.join(f'{n} {end}' for end, n in ends.most_common())}")
    print("\n".join([f"{len(worse)} worse in violation:", *worse]) if worse else "none is worse in violation")
    return int(failed > 0 or bool(worse))


if __name__ == "__main__":
    sys.exit(main())
