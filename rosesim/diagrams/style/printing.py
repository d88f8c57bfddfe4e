"""Expressions as people read them: paths resolved, everything in parentheses."""

from __future__ import annotations

from rosesim.diagrams.style.table import Collection, Context, plain, resolve
from rosesim.diagrams.syntax import (
    Binary,
    Call,
    CollectionAccess,
    Constant,
    Expression,
    Hex,
    Items,
    PathName,
    Unary,
    Vary,
)

_BRACKETS = {"list": "[]", "vector": "()", "pair": "{}"}


def printed(e: Expression, context: Context) -> str:
    """The expression with its paths resolved, such as "(2 * sqr((1000 / 6:8.d)))"."""
    match e:
        case PathName():
            return path_text(e, context)
        case Constant(value=bool(b)):
            return "true" if b else "false"
        case Constant(value=str(text)):
            return f'"{text}"'
        case Constant():
            return plain(e.value)
        case Hex():
            return f"#{e.digits}"
        case Vary():
            return "?"
        case Call():
            return f"{e.name}({', '.join([printed(a, context) for a in e.args])})"
        case Binary():
            return f"({printed(e.left, context)} {e.op} {printed(e.right, context)})"
        case Unary(op="'"):
            return f"({printed(e.operand, context)})'"
        case Unary():
            return f"{e.op}({printed(e.operand, context)})"
        case Items():
            left, right = _BRACKETS[e.form]
            return f"{left}{', '.join([printed(a, context) for a in e.items])}{right}"
        case CollectionAccess(op="listof"):
            return f"listof {e.field} from {path_text(e.path, context)}"
        case CollectionAccess():
            return f"{e.op} {path_text(e.path, context)}"


def path_text(path: PathName, context: Context) -> str:
    """A path, resolved, with its indices: `` `A`.icon.center[0]``."""
    where = resolve(path, context)
    if isinstance(where.base, Collection):
        text = f"[{','.join([member.name for member in where.base.members])}]"
    else:
        text = where.base.name
    if where.field:
        text += f".{where.field}"
    if where.property:
        text += f".{where.property}"
    for index in path.indices:
        text += f"[{printed(index, context)}]"
    return text
