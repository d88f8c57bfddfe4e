"""The table of natural programs, from their records alone: what the command prints, and what results.md has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

HEAD = ("value", "gradient", "C", "gradient/value", "value/C", "NumPy/value", "JAX/value", "JAX/gradient")
"""Milliseconds of least processor time, then ratios of them."""
WITHOUT = ("value without/with", "gradient without/with")
"""The columns that are added where passes were left out."""

VALUE, GRADIENT = "rosesim", "rosesim, gradient"


def ratio(records: Sequence[dict[str, Any]], upper: str, lower: str = "") -> float | None:
    """The least time of a tool, over that of another one if it is named; nothing if one was not measured."""
    least = {r["tool"]: r["ms"]["least"] for r in records if "failed" not in r} | {"": 1.0}
    return least[upper] / least[lower] if upper in least and lower in least else None


def row(records: Sequence[dict[str, Any]]) -> list[str]:
    """The cells of one program; empty where a tool is missing."""
    pairs = [(VALUE, ""), (GRADIENT, ""), ("C", ""), (GRADIENT, VALUE), (VALUE, "C"), ("NumPy", VALUE)]
    pairs += [("JAX", VALUE), ("JAX, gradient", GRADIENT)]
    pairs += [(r["tool"], r["tool"].partition(" without ")[0]) for r in records if " without " in r["tool"]]
    found = [ratio(records, *pair) for pair in pairs]
    return ["" if x is None else f"{x:.3g}" for x in found]


def by_program(records: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The records of each program that was measured."""
    names = dict.fromkeys(r["program"] for r in records if "failed" not in r)
    return {name: [r for r in records if r["program"] == name] for name in names}
