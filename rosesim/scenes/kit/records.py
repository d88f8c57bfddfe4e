"""A scene's data from JSON; a mistake in it raises an error that names the entry."""

from __future__ import annotations

import errno
import json
import math
from typing import Any

from rosesim.scenes.files import read_file, shown

LARGEST_FILE = 1_000_000
"""Most bytes of a file: a robot of a thousand springs has a tenth of it."""


def read_json(text: str, expected: str) -> tuple[Any, str]:
    """The content of JSON text (an object), or else of the file of that path, and what to call it in a message.

    Raises a ValueError where there is no such file (`expected` says what a valid one is), where it is too
    large, and where it is not JSON.

    >>> read_json('{"nodes": []}', "a robot is a JSON file")
    ({'nodes': []}, 'the text')
    """
    if text.lstrip().startswith("{"):
        return _json(text, "the text"), "the text"
    try:
        content = read_file(text, LARGEST_FILE)
    except OSError as e:
        if e.errno == errno.EFBIG:
            raise ValueError(f"{text} is larger than {LARGEST_FILE} bytes; no such data is") from e
        if e.errno == errno.EACCES:
            raise ValueError(f"{text} cannot be read: {e.strerror}") from e
        raise ValueError(f"{expected}; {shown(text)} is neither") from e
    return _json(content, text), text


def records(data: Any, key: str, what: str, form: str) -> list[Any]:
    """The list of that name in an object of this form.

    >>> records({"nodes": [[0, 1]]}, "nodes", "the robot", '{"nodes": [[x, y], ...]}')
    [[0, 1]]
    """
    found = data.get(key) if isinstance(data, dict) else None
    if not isinstance(found, list):
        raise ValueError(f"{what} is not of the form {form}: it has no list of {key}")
    return found


def numbers(v: Any, count: int, expected: str, where: str) -> list[float]:
    """The `count` finite numbers of the entry `where`.

    >>> numbers([1, 2.5], 2, "two numbers [x, y]", "nodes[0]")
    [1.0, 2.5]
    >>> numbers([1], 2, "two numbers [x, y]", "nodes[0]")
    Traceback (most recent call last):
        ...
    ValueError: nodes[0] is [1]; expected two numbers [x, y]
    """
    if not isinstance(v, list) or len(v) != count:
        raise ValueError(f"{where} is {_short(v)}; expected {expected}")
    for x in v:
        if isinstance(x, bool) or not isinstance(x, int | float) or not _finite(x):
            raise ValueError(f"{where} holds {_short(x)}; expected finite numbers: {expected}")
    return [float(x) for x in v]


def index(v: Any, count: int, name: str, where: str) -> int:
    """An integer from 0 to count - 1 that refers to a thing of this name.

    >>> index(3.0, 2, "box", "springs[0]")
    Traceback (most recent call last):
        ...
    ValueError: springs[0] names box 3; there are boxes 0 to 1
    """
    if isinstance(v, bool) or not isinstance(v, int | float) or not _finite(v):
        raise ValueError(f"{where} names {name} {_short(v)}; expected an integer")
    if v != int(v) or not 0 <= v < count:
        plural = name + ("es" if name.endswith("x") else "s")
        raise ValueError(f"{where} names {name} {v:g}; there are {plural} 0 to {count - 1}")
    return int(v)


def _json(content: str | bytes, what: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as e:
        raise ValueError(f"{what} is not JSON: {e}") from e


def _finite(x: float) -> bool:
    try:
        return math.isfinite(x)
    except OverflowError:  # an integer of a thousand digits
        return False


def _short(v: Any) -> str:
    text = json.dumps(v)
    return text if len(text) <= 40 else text[:37] + "..."
