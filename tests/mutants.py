"""Wrong derivative rules, one edit of the text of a module each: `mutations` runs the tests on them."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
AD = ROOT / "rosesim" / "ad"
EQUIVALENT: dict[str, str] = {
    'ops.py: copysign: x.op("sign") * z.op("sign") -> z.op("sign") * x.op("sign")': "a product commutes",
    "cotangent.py: Ct.get: mask if clean is self.mask else True if clean is True else b.get(clean, idx) "
    "-> (True if clean is True else b.get(clean, idx) if clean is self.mask else mask)": (
        "where the two are one, the element of either is the same; else what is masked more is zero there already"
    ),
    "pair.py: arguments: ct.clean(b) -> ct.value": "what counts everywhere has no mask: see docs/trust.md",
    "rules.py: by_function: ct.clean(b) -> ct.value": "the caller has masked what it gives",
    "forward.py: Activity._mark: isinstance(v, Var) -> True": "what carries no tangent has one of zeros: more work",
    "forward.py: Activity._let: any(a in on for a in args) -> True": "the same",
    "forward.py: Activity._let: x in on -> True": "the same",
    "forward.py: Activity._let: ref in on -> True": "the same",
    "forward.py: Activity._call: any(mask) -> True": "the same",
}
"""Mutants that compute the same derivative, and why."""


@dataclass(frozen=True)
class Mutant:
    """One edit: the text between two offsets of a file is another."""

    file: str
    line: int
    label: str
    start: int
    end: int
    text: str

    @property
    def name(self) -> str:
        """What stands where: `forward.py: Forward._simple: self.tan(v) -> zero`."""
        return f"{Path(self.file).name}: {self.label}"

    def source(self) -> str:
        """The module's text with the edit."""
        old = _text(self.file)
        return old[: self.start] + self.text + old[self.end :] + (HELPERS if self.file != "program/ops.py" else "")


HELPERS = """

def mutant_scaled(b, x, k):
    from rosesim.ad.program.elementwise import zipped
    from rosesim.ad.program.ir import FloatT, Lit, Ty
    return zipped(b, lambda b, e: b.op("mul", Lit(k, Ty(FloatT())), e), x)

def mutant_ct(b, ct, k):
    return type(ct)(mutant_scaled(b, ct.value, k), ct.mask, ct.clean_where)
"""


@functools.cache
def _text(file: str) -> str:
    """A module's text as it was when this began: somebody may be at work on it."""
    return (AD / file).read_text(encoding="utf-8")


class File:
    """A module's text and tree, and the edits found in it."""

    def __init__(self, file: str):
        self.file = file
        self.text = _text(file)
        self.tree = ast.parse(self.text)
        self.data = self.text.encode()  # what Python counts a node's columns in
        self.starts = [0]
        for line in self.data.split(b"\n"):
            self.starts.append(self.starts[-1] + len(line) + 1)
        self.found: list[Mutant] = []

    def of(self, node: Any) -> str:
        """The text of a node."""
        start = self.starts[node.lineno - 1] + node.col_offset
        return self.data[start : self.starts[node.end_lineno - 1] + node.end_col_offset].decode()

    def edit(self, where: str, node: Any, text: str) -> None:
        """A mutant with another text for the node, if it is another."""
        old = self.of(node)
        if "".join(old.split()) == "".join(text.split()):
            return
        start = len(self.data[: self.starts[node.lineno - 1] + node.col_offset].decode())
        label = f"{where}: {' '.join(old.split())} -> {' '.join(text.split())}"
        taken = sum(m.label == label or m.label.startswith(label + " #") for m in self.found)
        label += f" #{taken + 1}" if taken else ""
        self.found.append(Mutant(self.file, node.lineno, label, start, start + len(old), text))


# ------------------------------------------------------------------------------- the table of operators


FORMULAS = ("_cell", "_arc_slope", "_power_slope", "_angle_slopes", "_bell", "_tanh_slope")
"""The functions of `ops.py` that hold slopes."""


def operators() -> list[Mutant]:
    """The edits of the table, and of the formulas that its rows share."""
    f = File("program/ops.py")
    for node in ast.walk(f.tree):
        if isinstance(node, ast.FunctionDef) and node.name in FORMULAS:
            _formula(f, node.name, node)
        if not (isinstance(node, ast.Call) and f.of(node.func) == "_row"):
            continue
        assert isinstance(node.args[0], ast.Constant)
        name, kinds = str(node.args[0].value), str(ast.literal_eval(node.args[1]))
        for k in node.keywords:
            if k.arg == "partials":
                assert isinstance(k.value, ast.Lambda)
                if not isinstance(k.value.body, ast.Tuple):  # all slopes by one of the FORMULAS
                    whole = f.of(k.value.body)
                    for text in (
                        f"({whole})[::-1]",
                        f"tuple(-s for s in {whole})",
                        f"tuple(1.5 * s for s in {whole})",
                    ):
                        f.edit(name, k.value.body, text)
                    continue
                _slopes(f, name, k.value, k.value.body)
            elif k.arg == "choose":
                assert isinstance(k.value, ast.Lambda) and isinstance(k.value.body, ast.Tuple)
                p, x, y = k.value.body.elts
                f.edit(name, k.value.body, f"({f.of(p)}, {f.of(y)}, {f.of(x)})")
                f.edit(name, k.value.body, f"({f.of(p)}, {f.of(x)}, {f.of(x)})")
                f.edit(name, k.value.body, f"({f.of(p)}, {f.of(y)}, {f.of(y)})")
                strict = f.of(p).replace(".le(", ".lt(").replace(".ge(", ".gt(")
                f.edit(name, p, strict)
            elif k.arg == "flat" and "r" in kinds:
                names = ", ".join("xyz"[: len(kinds)])
                f.edit(name, k, f"partials=lambda {names}, _: ({'1.0, ' * len(kinds)})")
    return f.found


def _slopes(f: File, name: str, rule: ast.Lambda, body: ast.Tuple) -> None:
    parts = [f.of(e) for e in body.elts]

    def with_part(k: int, text: str) -> None:
        f.edit(name, body, f"({', '.join([*parts[:k], text, *parts[k + 1 :]])},)")

    for k, part in enumerate(parts):
        if part == "None":
            with_part(k, "1.0")
            continue
        with_part(k, f"-({part})")
        with_part(k, f"1.5 * ({part})")
        with_part(k, "None")
    if len(parts) == 2:
        f.edit(name, body, f"({parts[1]}, {parts[0]})")
    args = [a.arg for a in rule.args.args]
    for other in args[1:]:  # x for y and y for x, x for z and z for x
        swap = {args[0]: other, other: args[0]}
        for e in body.elts:
            text = "".join(swap.get(t, t) for t in _tokens(f.of(e)))
            f.edit(name, e, text)
    for e in body.elts:
        _formula(f, name, e)


def _tokens(text: str) -> list[str]:
    return re.split(r"(?<![\w.])([a-z])(?![\w(])", text)


def _formula(f: File, where: str, tree: ast.AST) -> None:
    """Inside a formula: operations, their operands, numbers, functions and guards."""
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(x, op, y):
                a, b = f"({f.of(x)})", f"({f.of(y)})"
                other = {ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*"}.get(type(op))
                if other:
                    f.edit(where, node, f"({a} {other} {b})")
                    f.edit(where, node, f"({b} {'-' if isinstance(op, ast.Sub) else '/'} {a})") if isinstance(
                        op, ast.Sub | ast.Div
                    ) else None
                if not isinstance(op, ast.Pow):
                    f.edit(where, node, a) if not f.of(x)[0].isdigit() else None
                    f.edit(where, node, b) if not f.of(y)[0].isdigit() else None
            case ast.UnaryOp(ast.USub(), x) if not isinstance(x, ast.Constant):
                f.edit(where, node, f"({f.of(x)})")
            case ast.Constant(float(v)):
                f.edit(where, node, str(v + 1.0))
            case ast.Call(ast.Attribute(p, "select"), [x, y]):
                for side in (x, y):
                    if not isinstance(side, ast.Constant):
                        f.edit(where, node, f"({f.of(side)})")  # the guard is gone
                f.edit(where, node, f"{f.of(p)}.select({f.of(y)}, {f.of(x)})")
            case ast.Call(ast.Attribute(x, "gt"), [y]):
                f.edit(where, node, f"{f.of(x)}.ge({f.of(y)})")
            case ast.Call(ast.Attribute(x, "op"), [ast.Constant(str(name)), *_]):
                other = {"sin": "cos", "cos": "sin", "sinh": "cosh", "cosh": "sinh", "exp": "expm1", "log": "log1p",
                         "sign": "abs", "floor": "ceil", "sqrt": "abs"}.get(name)  # fmt: skip
                if other:
                    f.edit(where, node, f.of(node).replace(f'"{name}"', f'"{other}"', 1))
            case _:
                pass


# ------------------------------------------------------------------------------------- the other rules

PARTS = {
    "derive/forward.py": ["_by_rule", "Activity", "Forward"],
    "derive/forward_of_reverse.py": ["jvp_of_vjp"],
    "derive/reverse/linear.py": ["read_simple", "_op"],
    "derive/reverse/reader.py": ["Reader.ref_ct", "Reader.with_refs"],
    "derive/reverse/loop.py": [
        "read_loop", "_LoopReader._attempt", "_LoopReader._written", "_LoopReader._checkpointed",
        "_LoopReader._initial_mask",
    ],
    "derive/reverse/branch.py": ["read_branch"],
    "derive/reverse/accumulate.py": ["read_accumulator"],
    "derive/reverse/call.py": ["read_call", "_into"],
    "derive/reverse/rules.py": ["by_function"],
    "derive/reverse/pair.py": ["mask_pattern", "parameters", "arguments", "Pair", "call_back"],
    "derive/reverse/cotangent.py": ["Ct", "Outside", "Gather"],
    "language/custom.py": ["jvp_rule", "vjp_rule"],
    "language/types.py": ["only"],
}  # fmt: skip
"""The functions that pass tangents and cotangents on. What decides how much is stored and run again is not here:
it changes the cost, and the tests of the cost are its own."""


def rules() -> list[Mutant]:
    """The edits of the rules that are not rows of the table."""
    found: list[Mutant] = []
    for file, parts in PARTS.items():
        f = File(file)
        seen: set[str] = set()
        for where, node in _functions(f.tree, ""):
            if any(where == p or where.startswith(p + ".") for p in parts):
                seen |= {p for p in parts if where == p or where.startswith(p + ".")}
                for inner in ast.walk(node):
                    _passed_on(f, where, inner)
        assert seen == set(parts), f"{file} has no {set(parts) - seen}"
        found += f.found
    return found


def _functions(tree: Any, prefix: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, prefix + node.name + ".")


def _passed_on(f: File, where: str, node: ast.AST) -> None:
    match node:
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(g), "add"), [v, ct, *rest]) as call) if g in ("g", "own"):
            more = "".join(", " + f.of(r) for r in rest)
            for k in ("-1.0", "2.0"):
                f.edit(where, call, f"{g}.add({f.of(v)}, mutant_ct({g}.b, {f.of(ct)}, {k}){more})")
            f.edit(where, call, "None")
        case ast.Expr(ast.Call(ast.Attribute(_, "add" | "_mark" | "append"), _) as call):
            f.edit(where, call, "None")
        case ast.Call(ast.Attribute(ast.Name("self"), "tan"), [a]):
            for k in ("-1.0", "2.0"):
                f.edit(where, node, f"mutant_scaled(self.b, {f.of(node)}, {k})")
            f.edit(where, node, f"self.b.zeros(tangent({f.of(a)}.ty))")
        case ast.Call(ast.Attribute(_, "op"), [ast.Constant("neg" | "not"), x]):
            f.edit(where, node, f.of(x))
        case ast.Call(ast.Attribute(b, "op"), [ast.Constant("mul"), x, y]) if where == "_op":
            f.edit(where, node, f.of(y))
            f.edit(where, node, f'{f.of(b)}.op("div", {f.of(y)}, {f.of(x)})')
        case ast.Call(ast.Attribute(b, "op"), [ast.Constant("div"), x, y]) if where == "_op":
            f.edit(where, node, f.of(x))
            f.edit(where, node, f'{f.of(b)}.op("mul", {f.of(y)}, {f.of(x)})')
        case ast.Call(ast.Attribute(b, "op"), [ast.Constant("select"), p, x, y]):
            f.edit(where, node, f'{f.of(b)}.op("select", {f.of(p)}, {f.of(y)}, {f.of(x)})')
        case ast.Call(ast.Attribute(b, "op"), [ast.Constant("and" | "or" | "add"), x, y]):
            f.edit(where, node, f.of(x))
            f.edit(where, node, f.of(y))
        case ast.Call(ast.Name("added" | "either"), [_, x, y]):
            f.edit(where, node, f.of(x))
            f.edit(where, node, f.of(y))
        case ast.Call(ast.Attribute(x, "clean"), [_]):
            f.edit(where, node, f"{f.of(x)}.value")
        case ast.Call(ast.Attribute(_, "put"), [x, _, ast.Call()]):
            f.edit(where, node, f.of(x))
        case ast.Call(ast.Name("Ct"), [v, mask, clean]):
            for k, old in enumerate((mask, clean)):
                new = [f.of(mask), f.of(clean)]
                new[k] = "True"
                if f.of(old) != "True":
                    f.edit(where, node, f"Ct({f.of(v)}, {new[0]}, {new[1]})")
        case ast.UnaryOp(ast.Not(), x) if f.of(x) == "e.reverse":
            f.edit(where, node, "e.reverse")
        case ast.Call(ast.Name("call_back"), _) | ast.Call(ast.Attribute(_, "call"), [ast.Name("vjp"), _]):
            for k in ("-1.0", "2.0"):
                f.edit(where, node, f"[mutant_scaled(b, o, {k}) for o in {f.of(node)}]")
        case ast.Return(ast.Constant(False)) if where == "Outside.is_finite":
            f.edit(where, node, "return True")
        case ast.Subscript(x, ast.Constant(int(k))) if f.of(x) == "args":
            f.edit(where, node, f"args[{1 - k}]")
        case ast.Tuple([ast.Tuple([x, p]), ast.Tuple([y, q])]) if where == "_op":
            f.edit(where, node, f"(({f.of(x)}, {f.of(q)}), ({f.of(y)}, {f.of(p)}))")
        case ast.BoolOp(_, values) if where.startswith("Activity."):
            for v in values:
                f.edit(where, v, "False" if isinstance(node.op, ast.Or) else "True")
        case ast.IfExp(p, x, y):
            f.edit(where, node, f"({f.of(y)} if {f.of(p)} else {f.of(x)})")
        case ast.Assign([ast.Attribute(x, "always")], _):
            f.edit(where, node, "pass")
        case _:
            pass
