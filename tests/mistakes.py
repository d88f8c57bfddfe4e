"""What the tests of error messages share."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from rosesim import (
    RosesimError,
)


def marked(code: Any) -> str:
    """The line, as errors name it, of this function's code that ends in the comment `here`."""
    lines, first = inspect.getsourcelines(code)
    numbers = [first + k for k, line in enumerate(lines) if line.rstrip().endswith("# here")]
    assert len(numbers) == 1, "a test marks one line"
    return f"{code.co_filename}:{numbers[0]}"


def refuses(kind: type[RosesimError], run: Callable[[], Any], *said: str) -> None:
    """run() raises exactly this kind of error, which names the line marked in the calling test and says this."""
    with pytest.raises(kind) as caught:
        run()
    error = caught.value
    assert type(error) is kind
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    assert error.where == marked(frame.f_back.f_code)
    assert str(error).startswith(f"{error.where}: ")
    assert "\n" not in str(error)
    for words in said:
        assert words in str(error), str(error)
