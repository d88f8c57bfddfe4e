"""What a bridge returns: a function of another package's arrays."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any


class Bridged:
    """A function that is called as another package calls it, and copied and pickled as what it was made of."""

    def __init__(self, bridge: Callable[..., Any], f: Callable[..., Any], python: Callable[..., Any]):
        self._made_of = bridge, f
        self._call: Callable[..., Any] | None = None
        functools.update_wrapper(self, python)

    def calls(self, call: Callable[..., Any]) -> Bridged:
        """The same, with what a call does; a decorator."""
        self._call = call
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function gives, in the other package's arrays."""
        assert self._call is not None
        return self._call(*args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        bridge, f = self._made_of
        return bridge, (f,)

    def __repr__(self) -> str:
        bridge, f = self._made_of
        return f"{bridge.__name__}({getattr(f, '__name__', f)})"
