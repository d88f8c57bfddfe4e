"""The sizes from which on passes are worth their cost, lowered: programs small enough to interpret then meet them."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from types import ModuleType
from unittest.mock import patch

from rosesim.ad.passes import unroll
from rosesim.codegen.llvm import borders, long_arrays
from rosesim.codegen.llvm import products as kernels
from rosesim.codegen.passes import branch_tails, defer, part_scatters, products, share_loops, split_vectors, spread

SMALL: Mapping[ModuleType, Mapping[str, int]] = {
    products: {"FEWEST_TERMS": 1, "FEWEST_COLUMNS": 1},
    spread: {"LEAST_WORK": 0, "SHARE_OF_SUMS": 0},
    share_loops: {"LEAST_WORK": 0, "CHUNK_WORK": 1, "SHARE_OF_SUMS": 0},
    kernels: {"SHARED_TERMS": 0},
    long_arrays: {"LEAST_BYTES": 64, "PAGE_BYTES": 32},
    branch_tails: {"LEAST_WORK": 0},
    borders: {"SHORTEST": 2, "LONGEST": 10**9},
    part_scatters: {"FEWEST": 2, "WORTH": 0},
    split_vectors: {"FEWEST": 1},
    unroll: {"MOST_ITERATIONS": 2},  # small programs have small matrices, which then stay loops
    defer: {"LARGE": 4, "SHARE": 1, "BLOCK": 3},
}
"""Thresholds of worth alone: below them a pass is right, too."""

TIGHT: Mapping[ModuleType, Mapping[str, int]] = {
    kernels: {"SHARED_TERMS": 0, "DEPTH": 3, "BLOCK_ROWS": 4, "PACK_ROWS": 2, "PACK_COLUMNS": 2, "PACK_BYTES": 16},
}
"""Caches of a few numbers, so that small products are cut and copied as large ones are."""


@contextmanager
def lowered(tight: bool) -> Generator[None]:
    """Within this context, passes take small programs; with `tight`, kernels cut small products, too."""
    with ExitStack() as stack:
        for module, values in {**SMALL, **(TIGHT if tight else {})}.items():
            for name, value in values.items():
                stack.enter_context(patch.object(module, name, value))
        yield
