"""The hand-written C against the reference values and against ours. Needs gcc.

python -m pytest benchmarks/test_limits.py
"""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "peers")]
if shutil.which("gcc") is None:
    pytest.skip("no gcc", allow_module_level=True)

from peers import c_limit, ours_peer  # noqa: E402 -- c_limit asks gcc for its version
from peers.given import BREAK, shots  # noqa: E402
from turns import Tool  # noqa: E402

CASES = json.loads((HERE.parent / "tests" / "reference" / "billiards.json").read_text())["cases"]
RELATIVE = 1e-10
"""The reference agrees with two other systems to 1e-12; -ffast-math may reorder a thousand steps."""
SCRIPTS = [
    ["billiards_ratio.py", "--steps", "700"],
    ["mass_spring_ratio.py", "--steps", "100"],
    ["mass_spring_simple_ratio.py"],
    ["electric_ratio.py"],
    ["rigid_body_ratio.py", "--robot", "A", "--steps", "300"],
    ["diffmpm_ratio.py", "--steps", "300"],
    ["grid_ratios.py"],
]


def shot(case: dict[str, Any]) -> Any:
    return np.array([case[k] for k in ("cue_x", "cue_y", "cue_vx", "cue_vy")])


@pytest.mark.parametrize("variant", ["BRANCH", "DENSE"])
@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['steps']}-{c['cue_vx']}-{c['cue_vy']}")
def test_billiards_gives_the_reference_values(variant: str, case: dict[str, Any]):
    loss, gradient = c_limit.billiards(case["steps"], variant)(shot(case))
    assert loss == pytest.approx(case["loss"], rel=RELATIVE)
    assert gradient == pytest.approx(case["grad"], rel=RELATIVE)


@pytest.mark.parametrize("lanes", [4, 8])
def test_a_lane_gives_the_reference_values_whatever_the_others_do(lanes: int):
    of_1024 = [c for c in CASES if c["steps"] == 1024]
    batch = shots(11)  # not a multiple of the lanes
    batch[2], batch[9] = (shot(c) for c in of_1024[:2])
    losses, gradients = c_limit.batch(1024, 11, lanes)(batch)
    for lane, case in zip((2, 9), of_1024, strict=False):
        assert losses[lane] == pytest.approx(case["loss"], rel=RELATIVE)
        assert gradients[lane] == pytest.approx(case["grad"], rel=RELATIVE)


def test_the_gradient_is_that_of_differences():
    run = c_limit.billiards(200, "BRANCH")
    gradient = run(BREAK)[1].copy()
    step = 1e-7  # far below the distance to the next collision's beginning
    for k in range(4):
        there, back = BREAK.copy(), BREAK.copy()
        there[k] += step
        back[k] -= step
        difference = (run(there)[0] - run(back)[0]) / (2 * step)
        assert gradient[k] == pytest.approx(difference, rel=1e-5, abs=1e-6 * np.abs(gradient).max())
    assert np.abs(gradient).max() > 0.01  # the target ball was hit


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: s[0])
def test_every_limit_has_our_gradient(script: list[str]):
    """A script ends with an error where they differ by over 1e-10."""
    ran = subprocess.run(
        [sys.executable, str(HERE / script[0]), *script[1:], "--rounds", "1"], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    records = [json.loads(line) for line in ran.stdout.splitlines()]
    assert records
    assert all(math.isfinite(r["ratio"]) and r["ratio"] > 0 for r in records)


def test_a_tool_with_another_gradient_gets_no_time():
    loss, gradient = ours_peer.billiards(100)(BREAK)
    tool = Tool(
        "wrong", "", "billiards", {"steps": 100}, first={"results": [[loss, (gradient * (1 + 1e-6)).tolist()]]}
    )
    tool.agrees_with([[loss, gradient.tolist()]])
    assert "gradients differ by 1.0e-06" in tool.record()["failed"]
    assert "ms" not in tool.record()
