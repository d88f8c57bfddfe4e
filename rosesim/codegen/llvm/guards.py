"""Guards in machine code. They leave the function with a status, and pass on the numbers that they report."""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.ad.program.ir import Ty
from rosesim.codegen.artifact import MOST_REPORTED, REPORT
from rosesim.codegen.llvm import calls
from rosesim.codegen.llvm.code import Code

DECLARED = f"declare void @{REPORT}(ptr) cold nounwind"


def fail_if(c: Code, bad: str, status: str, reported: Sequence[tuple[Ty, str]]) -> None:
    """If `bad`, pass on the numbers and leave the function with a status."""
    if not reported:
        c.fail_if(bad, status)
        return
    row = c.row(MOST_REPORTED)
    tell, on = c.fresh("tell"), c.fresh("on")
    c.branch(bad, tell, on, ", !prof !0")
    c.open(tell)
    for k, (ty, value) in enumerate(reported):
        calls.write_slot(c, row, k, ty, value)
    c.put(f"call void @{REPORT}(ptr {row})")
    c.failures.append((status, tell))
    c.jump("fail")
    c.open(on)
