"""The other tools have our losses and gradients; tools that are not installed are skipped.

python -m pytest benchmarks/test_peers.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE)]

from record import ALL, CASADI, JAX, OURS, TORCH, tool  # noqa: E402
from turns import running  # noqa: E402

SMALL = [
    *((t, "billiards", {"steps": 150}) for t in ALL if t[2].get("how") != "compiled"),  # that compiles for a minute
    *((t, "mass_spring", {"steps": 60}) for t in (JAX, CASADI, TORCH)),
    *((t, "family", {"seed": seed}) for t in (JAX, CASADI) for seed in (0, 17, 41)),
    (JAX, "batch", {"steps": 700, "shots": 3}),
]


@pytest.mark.parametrize(("named", "task", "sizes"), SMALL, ids=lambda v: v if isinstance(v, str) else str(v))
def test_same_loss_and_gradient(named: Any, task: str, sizes: dict[str, Any]):
    ours, theirs = tool(OURS, task, **sizes), tool(named, task, **sizes)
    with running([ours, theirs]):
        assert not ours.failure
        if not theirs.first:
            pytest.skip(theirs.failure)
        theirs.agrees_with(ours.first["results"])
        assert not theirs.failure
        assert any(np.abs(gradient).max() > 1e-3 for _, gradient in ours.first["results"])  # not zero by chance


@pytest.mark.parametrize("file", sorted((HERE / "data").glob("*.json")), ids=lambda f: f.stem)
def test_recorded_data_names_no_machine_and_has_quartiles(file: Path):
    text = file.read_text()
    assert not any(word in text for word in ("/home", "/root", "/tmp", "/work", "localhost"))
    data = json.loads(text)
    assert data["machine"]["processor"]
    for r in data["measured"]:
        assert r.get("failed") or 0 < r["ms"]["low"] <= r["ms"]["median"] <= r["ms"]["high"]
