"""A chunk of random programs: Hypothesis generates them, they are judged, and a disagreement is shrunk."""

from __future__ import annotations

import os
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from fuzz.case import Case
from fuzz.coverage import covered
from fuzz.modes import Modes
from fuzz.oracle import Judge, Stopped
from fuzz.slopes import Slopes
from rosesim.codegen.llvm import cache

ROWS = st.one_of(*(st.binary(min_size=n, max_size=m) for n, m in ((24, 64), (32, 120), (64, 240))))
"""Programs of a few operations, of dozens, of hundreds."""


def judge(row: bytes, count: Counter[str], *, modes: bool = False) -> None:
    """Run the program of a row in every way; raise where two ways disagree."""
    j = Judge(Case(row), count)
    count["programs"] += 1
    for construct in covered(j.case.traced().func):
        count[construct] += 1
    j.core(both=modes)
    if not isinstance(j.meant, Stopped):
        Slopes(j, j.meant).judged()
    if modes:
        count["programs in the other modes"] += 1
        Modes(j).all()


def run_chunk(number: int, size: int, *, modes: bool, note: Path | None = None) -> dict[str, Any]:
    """Judge `size` programs; those of a chunk's number are always the same. Each row is written to `note` before it
    runs.

    Returns counts and, where two ways disagreed, the shrunk program's row and the disagreement.
    """
    count: Counter[str] = Counter()
    last: list[bytes] = []
    failing: list[bool] = []

    @seed(number)
    @settings(
        max_examples=size,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(ROWS)
    def each(row: bytes) -> None:
        last[:] = [row]
        if note is not None:
            note.write_text(row.hex())
        try:
            judge(row, Counter() if failing else count, modes=modes)
        except Exception:
            failing[:] = [True]  # from here on Hypothesis shrinks
            raise

    found: dict[str, Any] = {}
    os.environ[cache.VARIABLE] = ""  # caching random programs is of no use
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            each()
        except Exception as e:
            found = {
                "row": last[0].hex(),
                "said": f"{type(e).__name__}: {e}",
                "trace": traceback.format_exc()[-4000:],
            }
    return {"chunk": number, "size": size, "counts": dict(count), "found": found}
