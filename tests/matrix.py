"""Rows of a matrix of parameters, of which the default run takes a share and `-m full` the rest."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import pytest


def shared(share: int, *axes: Iterable[Any]) -> list[Any]:
    """All combinations of the values of axes; those whose numbers add up to a multiple of `share` run by default.

    So each value of an axis meets others of each other axis that has `share` values or more, in turn.
    """
    rows: Sequence[Any] = list(itertools.product(*(enumerate(axis) for axis in axes)))
    return [
        pytest.param(*(v for _, v in row), marks=[pytest.mark.full] if sum(k for k, _ in row) % share else [])
        for row in rows
    ]


def beyond(count: int, values: Iterable[Any]) -> list[Any]:
    """The values; those after the first `count` are run by `-m full` alone."""
    return [pytest.param(v, marks=[pytest.mark.full] if k >= count else []) for k, v in enumerate(values)]
