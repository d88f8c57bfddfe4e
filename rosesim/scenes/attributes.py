"""What the fields of settings, inputs, params and states mean: the text below each field, and the unit in it.

A unit is declared in square brackets, as in "Time step [s]."
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import itertools
import re
import textwrap
from dataclasses import dataclass
from typing import Any

from rosesim.scenes.kinds import struct_parts

_UNIT = re.compile(r"\[([^\[\]\s]{1,24})\]")


@dataclass(frozen=True)
class Meaning:
    """What a field means, in its author's words, and its unit; each is empty where it is not said.

    >>> Meaning("Time step [s].").unit, Meaning("Whether balls collide.").unit
    ('s', '')
    """

    text: str = ""

    @property
    def unit(self) -> str:
        """The unit in square brackets."""
        found = _UNIT.search(self.text)
        return found[1] if found else ""


@functools.lru_cache(maxsize=256)
def field_meanings(kind: type) -> dict[str, Meaning]:
    """The texts below the fields of a dataclass and of its bases; empty where the source cannot be found.

    >>> from rosesim.scenes import find_scene
    >>> field_meanings(find_scene("billiards"))["h"].text
    'Time step, seconds.'
    """
    found: dict[str, Meaning] = {}
    for base in reversed(kind.__mro__):
        if base is object or "__annotations__" not in vars(base):
            continue
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        except (OSError, TypeError, SyntaxError, ValueError):
            continue
        body = tree.body[0].body if tree.body and isinstance(tree.body[0], ast.ClassDef) else []
        for field, below in itertools.pairwise(body):
            match field, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[name] = Meaning(" ".join(text.split()))
                case _:
                    pass
    return found


def leaf_meanings(struct: Any, name: str = "", outer: Meaning | None = None) -> dict[str, Meaning]:
    """The meaning of each leaf of a struct, by its dotted name; a part without a text has that of what is around it.

    >>> from rosesim.scenes import configure, find_scene
    >>> scene, inputs = configure(find_scene("billiards"), [])
    >>> leaf_meanings(scene)["h"].text, leaf_meanings(inputs)["learning_rate"].text
    ('Time step, seconds.', '')
    """
    if struct is None:
        return {}
    parts = struct_parts(struct)
    if parts is None:
        return {name: outer or Meaning()}
    known = field_meanings(type(struct)) if dataclasses.is_dataclass(struct) else {}
    found: dict[str, Meaning] = {}
    for key, part in parts:
        found |= leaf_meanings(part, f"{name}.{key}" if name else key, known.get(key, outer))
    return found


__all__ = ["Meaning", "field_meanings", "leaf_meanings"]
