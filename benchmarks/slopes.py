"""How accurate are derivatives of operators? Each slope against mpmath over the operator's range, in ulp.

    python benchmarks/slopes.py                 # the table of docs/trust.md
    python benchmarks/slopes.py --count 20000   # more arguments

Each operator's slope by each argument is computed by `jvp` and by `grad`, in strict and in fast compilation, at
arguments of every size and dense ones where formulas change or cancel (those of the functions' own test). Two cases
are left out: argument, value or slope below the least normal number, where the format loses digits; and value or
slope above 1e300, where fast compilation may take the factors of a product in another order.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from slopes_kit import EXACT, arguments, worst  # pyright: ignore[reportMissingImports] -- the tests' own

from rosesim.ad.program.ops import OPS


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Errors of the operators' slopes, in ulp.")
    parser.add_argument("--count", type=int, default=2000, help="arguments of each operator")
    parser.add_argument("names", nargs="*", default=list(EXACT), help="operators; all by default")
    args = parser.parse_args()
    print("| slope of | largest error, ulp | at |")
    print("| --- | --- | --- |")
    for name in args.names:
        for label, (error, at) in worst(name, *arguments(name, args.count, np.random.default_rng(0))).items():
            where = ", ".join(f"{v:.6g}" for v in at[: len(OPS[name].kinds)])
            print(f"| {label} | {error:.2f} | {where} |", flush=True)


if __name__ == "__main__":
    main()
