"""A chunk of random programs: Hypothesis generates them, they are judged, and a disagreement is shrunk."""

from __future__ import annotations

import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from fuzz.case import Case
from fuzz.coverage import covered
from fuzz.journal import CHANGED
from fuzz.modes import Modes, cache_folder
from fuzz.oracle import Disagreement, Judge, Stopped
from fuzz.slopes import Slopes
from fuzz.web_assembly import judge_in_wasm
from rosesim.ad.program.check import check
from rosesim.ad.program.cost import block_work
from rosesim.ad.program.ir import Block
from rosesim.ad.program.program_pass import Ran, watched
from rosesim.ad.support.errors import CheckError

ROWS = st.one_of(*(st.binary(min_size=n, max_size=m) for n, m in ((24, 64), (32, 120), (64, 240))))
"""Programs of a few operations, of dozens, of hundreds."""

LARGE_ROWS = st.binary(min_size=48, max_size=160)
"""The first 16 bytes choose the sizes; a piece of a large program takes 5 to 50."""

MOST_WORK = {True: 3_000, False: 12_000}
"""Operations of a large program, by whether thresholds are lowered. Its derivatives take some five times as many, and
the interpreter runs all of it up to forty times."""


def judge(row: bytes, count: Counter[str], *, modes: bool = False, large: bool = False, wasm: bool = False) -> None:
    """Run the program of a row in every way, or with `wasm` in WebAssembly; raise where two ways disagree."""
    case = Case(row, large=large)
    changed: set[str] = set()

    def note(ran: Ran) -> None:
        if ran.after is not ran.before:
            changed.add(ran.name)
            if large:
                _check(ran)

    with case.thresholds(), watched(note):
        if large and _work(case) > MOST_WORK[case.is_lowered]:
            count["not run: too many operations"] += 1
            return
        count["programs"] += 1
        for construct in covered(case.traced().func):
            count[construct] += 1
        if wasm:
            judge_in_wasm(case, count)
            return
        j = Judge(case, count)
        j.core(both=modes)
        if modes:
            count["programs in the other modes"] += 1
            Modes(j).all()
    for name in changed:
        count[CHANGED + name] += 1
    if not isinstance(j.meant, Stopped):
        Slopes(j, j.meant).judged()


def _check(ran: Ran) -> None:
    try:
        check(ran.after)
    except CheckError as e:
        raise Disagreement(f"the checker refuses what {ran.name} has made: {e}") from e


def _work(case: Case) -> int:
    body = case.traced().func.body
    return block_work(body) if isinstance(body, Block) else 0


def run_chunk(
    number: int, size: int, *, modes: bool, large: bool = False, wasm: bool = False, note: Path | None = None
) -> dict[str, Any]:
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
    @given(LARGE_ROWS if large else ROWS)
    def each(row: bytes) -> None:
        last[:] = [row]
        if note is not None:
            note.write_text(row.hex())
        try:
            judge(row, Counter() if failing else count, modes=modes, large=large, wasm=wasm)
        except Exception:
            failing[:] = [True]  # from here on Hypothesis shrinks
            raise

    found: dict[str, Any] = {}
    with cache_folder(""), warnings.catch_warnings():  # caching random programs is of no use
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
