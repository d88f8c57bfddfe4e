"""All single calls of the references: values and gradients as Penrose 4.0.0-alpha.5 has them."""

import math
from collections.abc import Sequence

import diagrams_kit as kit
import pytest

from rosesim.diagrams import library

WHATS = {"comp": "function", "obj": "objective", "constr": "constraint"}
COUNTS = {"comp": 529, "obj": 48, "constr": 300}

VALUE = 1e-12
"""Relative to the greatest number of a call. The references have 13 digits; the worst call is off by 5e-13."""
SLOPE = 1e-11
"""The same for gradients; the worst is off by 4e-12."""


def off(found: Sequence[float], written: Sequence[float | str]) -> float:
    """The largest difference, relative to the greatest number, or to 1e-3 if all are smaller."""
    expected = [float(w) for w in written]
    assert len(found) == len(expected)
    scale = max([1e-3, *(abs(e) for e in expected if math.isfinite(e))])
    same = [f == e or (math.isnan(f) and math.isnan(e)) for f, e in zip(found, expected, strict=True)]
    return max([0.0, *(abs(f - e) / scale for f, e, equal in zip(found, expected, same, strict=True) if not equal)])


@pytest.mark.parametrize("prefix", WHATS)
def test_every_call_has_its_value_and_its_gradient(prefix: str):
    calls = [c for c in kit.reference("functions") if c["item"].startswith(f"{prefix}:")]
    assert len(calls) == COUNTS[prefix]
    wrong: list[str] = []
    for k, call in enumerate(calls):
        name = call["item"].removeprefix(f"{prefix}:")
        written = kit.Written(call["args"])
        outputs = kit.outputs(WHATS[prefix], name, written, call.get("draws", ()))
        values, slopes = kit.gradient(outputs, [i + 1.0 for i in range(len(outputs))], written.x)
        # NaN is never at most a tolerance.
        if not (off(values, call["value"]) <= VALUE and off(slopes, call["grad"]) <= SLOPE):
            wrong.append(f"call {k}: {name}")
    assert wrong == []


def test_every_item_has_a_call_or_is_beyond_the_first_hundred():
    called = {call["item"] for call in kit.reference("functions")}
    beyond = {f"{prefix}:{name}" for prefix, what in WHATS.items() for name in library.names(what)} - called
    assert beyond == {
        f"comp:{name}"
        for name in (
            "random", "clip", "noClip", "exp", "toDegrees", "angleFrom", "cross2D", "triangleRandom", "arc", "wedge",
            "joinPaths", "barycenter", "circumcenter", "circumradius", "incenter", "inradius", "rayIntersectDistance",
            "rayIntersectNormal", "closestSilhouetteDistance",
        )
    }  # fmt: skip
