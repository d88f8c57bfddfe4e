"""Names in a scene's class that would silently replace a member of every scene: `loss: float`, `def steps`."""

from __future__ import annotations

import ast
import inspect
import linecache
from typing import Any

from rosesim.ad.program.ir import Where
from rosesim.ad.support.locate import here
from rosesim.scenes.errors import SceneError


def refuse_taken_names(scene: type[Any], base: type[Any]) -> None:
    """SceneError, with its line, for a setting called like a method of `base` or of its own, and the reverse.

    Python would keep the later one: a field `step` would count as the abstract method, and fail far from here.
    """
    methods = {name for name, v in vars(base).items() if callable(v) and not name.startswith("_")}
    for name in inspect.get_annotations(scene):
        if name in methods:
            raise SceneError(
                f"{scene.__name__} has a setting {name!r}, which is the name of a method that every scene has; "
                f"expected another name, such as {name}_factor",
                _line(scene, name),
            )
        if inspect.isfunction(vars(scene).get(name)):
            raise SceneError(
                f"{scene.__name__} has both a setting and a method {name!r}; expected another name for one of them",
                _line(scene, name),
            )
    for name in inspect.get_annotations(base):
        if inspect.isfunction(vars(scene).get(name)) or isinstance(vars(scene).get(name), property):
            raise SceneError(
                f"{scene.__name__} has a method {name!r}, which every scene has as a value; expected {name} = ...",
                _line(scene, name),
            )


def _line(scene: type[Any], name: str) -> Where | None:
    """The line of the name in the class that is being made; Python knows only the line where the class begins."""
    begins = here()
    if begins is None:
        return None
    try:
        tree = ast.parse("".join(linecache.getlines(begins.file)))
    except SyntaxError:  # a notebook, with commands of its own
        return begins
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == scene.__name__:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first <= begins.line <= (node.end_lineno or node.lineno):
                for part in node.body:
                    match part:
                        case ast.AnnAssign(target=ast.Name(id=found)) if found == name:
                            return Where(begins.file, part.lineno)
                        case ast.FunctionDef(name=found) if found == name:
                            return Where(begins.file, part.lineno)
                        case _:
                            pass
    return begins
