"""The line of progress on standard error."""

import contextlib
import io

import pytest

from rosesim.cli.output import training_progress
from rosesim.train import Progress


def printed(columns: str | None, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    terms = {"distance to the goal": 0.5, "effort": 0.25, "speed at the end": 0.125}
    with contextlib.redirect_stderr(io.StringIO()) as err, training_progress("billiards", 20_000) as report:
        report(Progress(19_999, 0.875, None, terms=terms))
    return err.getvalue()


def test_nothing_of_it_is_cut_where_it_goes_into_a_file(monkeypatch: pytest.MonkeyPatch):
    text = printed(None, monkeypatch)
    assert "loss 0.875 = distance to the goal 0.5 + effort 0.25 + speed at the end 0.125" in text
    assert "19999/20000" in text and "left" in text and "…" not in text


def test_it_keeps_to_a_width_that_is_set(monkeypatch: pytest.MonkeyPatch):
    assert max(map(len, printed("60", monkeypatch).splitlines())) <= 60
