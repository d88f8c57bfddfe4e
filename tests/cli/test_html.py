"""`rosesim export --html`: a page of a scene or of a run, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from rosesim.cli import run as rosesim
from rosesim.train import read_best

QUICK = ["--set", "steps=600", "--set", "layers=1"]


def known(page: Path) -> dict[str, object]:
    """The page's data."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text(encoding="utf-8"))
    assert found is not None
    return json.loads(found[1])


def test_a_scene_is_written_as_it_begins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    assert rosesim(["export", "billiards", *QUICK, "--set", "goal=0.7,0.6", "--html", str(page)]) == 0
    data = known(page)
    assert data["name"] == "billiards" and data["steps"] == 600 and data["inputs"]["goal"] == [0.7, 0.6]  # pyright: ignore
    assert re.fullmatch(rf"wrote {re.escape(str(page))}, \d\d kB\n", capsys.readouterr().out)


def test_a_run_is_written_with_its_best_params_and_what_it_remembers(tmp_path: Path) -> None:
    folder, page = tmp_path / "run", tmp_path / "page.html"
    train = ["train", "billiards", *QUICK, "--iterations", "5", "--optimizer", "adam", "--clip", "1"]
    assert rosesim([*train, "--out", str(folder)]) == 0
    assert rosesim(["export", str(folder), "--html", str(page), "--math", "strict"]) == 0
    data, best = known(page), read_best(folder)
    assert data["params"]["position"] == best.params.position.tolist()  # pyright: ignore
    assert data["optimiser"]["name"] == "adam" and len(data["losses"]) == 6  # pyright: ignore


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--html", "a.png"], "cannot write a.png: its name ends in .png; expected .html"),
        (["--png", "a.png", "--math", "strict"], "--math was given without --html FILE"),
        (["--html", "a.html", "--precision", "f16"], "--precision f16 was given; expected f64 or f32"),
        (["--html", "a.html", "--set", "steps=4", "--memory", "1"], "more than the 1 MiB allowed"),
    ],
)
def test_what_cannot_be_written_is_refused(
    given: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert rosesim(["export", "wave" if "steps=4" in given else "bounce", *given]) != 0
    assert says in " ".join(capsys.readouterr().err.split())
    assert not list(tmp_path.iterdir())
