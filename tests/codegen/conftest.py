"""For tests of machine code."""

from collections.abc import Generator

import pytest

from rosesim.codegen.pipeline import without


@pytest.fixture
def calls_stay_calls() -> Generator[None]:
    """How values pass between functions is tested by programs that are small enough to be inlined."""
    with without("inline"):
        yield
