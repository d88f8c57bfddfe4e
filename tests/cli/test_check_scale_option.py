"""`rosesim check --scale`: one number for all params, or one each by name."""

from typing import Any

import pytest

from rosesim.cli.check import _scale  # pyright: ignore[reportPrivateUsage]
from rosesim.scenes.errors import SceneError


@pytest.mark.parametrize(
    ("given", "read"),
    [(None, None), (["0.01"], 0.01), (["angle=1e-3"], {"angle": 1e-3}), (["a=1", "b.c=2"], {"a": 1.0, "b.c": 2.0})],
)
def test_what_is_read(given: list[str] | None, read: Any):
    assert _scale(given) == read


@pytest.mark.parametrize(("given", "says"), [(["a=b"], "expected a number, or PARAM=NUMBER"), (["1", "a=2"], "both")])
def test_what_is_no_scale_is_refused(given: list[str], says: str):
    with pytest.raises(SceneError, match=says):
        _scale(given)
