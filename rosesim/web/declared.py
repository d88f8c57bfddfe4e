"""TypeScript's declarations of a module's programs, from the module's own description.

Each type of the description (`rosesim/codegen/wasm/module.py`) has three faces: an *argument*, for which lists do as
well as typed arrays; a *result*, which is a copy; and *views* on the module's memory. A type with fields becomes an
interface for each face that is met: `Params`, `ParamsResult`, `ParamsViews`, named after the parameter or field where
it stands first. Types of equal structure share one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

Face = Literal["argument", "result", "views"]
SUFFIX: dict[Face, str] = {"argument": "", "result": "Result", "views": "Views"}
ARRAYS = {
    "f64": "Float64Array", "f32": "Float32Array", "bool": "Uint8Array", "u8": "Uint8Array", "u16": "Uint16Array",
    "u32": "Uint32Array", "u64": "BigUint64Array", "i64": "BigInt64Array",
}  # fmt: skip
"""The class of an array's views and results, by the scalar of the description: those of `rosesim.js`."""
ELEMENTS = {"bool": "number | boolean", "u64": "number | bigint", "i64": "number | bigint"}
"""What a list may hold for an array, where it is more than numbers."""
RESERVED = frozenset(["Program", "Programs", "Rows", "Shaped", "Source", "BigTyped", "Promise", *ARRAYS.values()])
"""Names that the declarations themselves use."""


def declarations(programs: Mapping[str, Any], values: Mapping[str, str], about: Mapping[str, str]) -> str:
    """The text of `index.d.ts`: the programs by name, the constants `values` with the parameter that each is for.

    `programs` is that part of a module's description; `about` has a sentence for some of the programs.

    >>> number = {"at": 8, "scalar": "f64", "shape": []}
    >>> text = declarations({"double": {"parameters": {"x": number}, "result": number}}, {}, {})
    >>> "  readonly double: Program<[x: number], number, {" in text
    True
    """
    names = _Names()
    types = parameters(programs)
    for name, type in types.items():  # before any result: a parameter's name says more than a program's
        names.of(type, "argument", name)
    body = [_program(names, name, program, about.get(name)) for name, program in programs.items()]
    constants = [
        f"/** Where to begin: the argument `{name}` of the programs. */\n"
        f"export const {name}: {names.of(types[name], 'argument', name)};"
        for name in values
    ]
    used = "\n".join([*body, *constants, *names.interfaces])
    imported = [
        n for n in ("BigTyped", "Program", "Rows", "Shaped", "Source") if re.search(rf"\b{n}\b", used + "Source")
    ]
    return "\n\n".join(
        [
            f'import type {{ {", ".join(imported)} }} from "./rosesim.js";',
            *names.interfaces,
            "/** The programs of the module. */\nexport interface Programs {\n" + "\n".join(body) + "\n}",
            *constants,
            "/** The programs, on a memory of their own. `source`: where the module is, if not beside this file. */\n"
            "export function load(source?: Source): Promise<Programs>;\n",
        ]
    )


def parameters(programs: Mapping[str, Any]) -> dict[str, Any]:
    """The types of all programs' parameters by name; of two with one name, the first."""
    found: dict[str, Any] = {}
    for program in programs.values():
        found |= {name: type for name, type in program["parameters"].items() if name not in found}
    return found


def _program(names: _Names, name: str, program: Mapping[str, Any], about: str | None) -> str:
    parameters, result = program["parameters"], program["result"]
    arguments = ", ".join(f"{_label(n)}: {names.of(t, 'argument', n)}" for n, t in parameters.items())
    views = " ".join(f"readonly {_key(n)}: {names.of(t, 'views', n)};" for n, t in parameters.items())
    of_result = [names.of(result, face, name) for face in ("result", "views")]
    said = f"  {_comment(about)}\n" if about else ""
    return f"{said}  readonly {name}: Program<[{arguments}], {of_result[0]}, {{ {views} }}, {of_result[1]}>;"


class _Names:
    """The interfaces of types with fields, each written once."""

    def __init__(self) -> None:
        self.interfaces: list[str] = []
        self._bases: dict[str, str] = {}
        self._written: set[str] = set()

    def of(self, type: Mapping[str, Any], face: Face, hint: str) -> str:
        """How TypeScript writes a type. `hint`: the name of the parameter, program or field that has it."""
        if "fields" in type:
            return self._interface(type, face, hint)
        if "items" in type:
            inner = ", ".join(self.of(t, face, f"{hint}_{k}") for k, t in enumerate(type["items"]))
            return f"[{inner}]" if face == "result" else f"readonly [{inner}]"
        if "at" not in type:
            return "null"
        scalar, shape = type["scalar"], type["shape"]
        if not shape and face != "views":
            return "boolean" if scalar == "bool" else "number"
        if face != "argument":
            array = ARRAYS[scalar] if shape else "Float64Array"
            return f"Shaped<{array}, [{', '.join(map(str, shape))}]>"
        rows, typed = ELEMENTS.get(scalar, "number"), ", BigTyped" if scalar in ("u64", "i64") else ""
        for _ in shape:
            rows = f"Rows<{rows}{typed}>"
        return rows

    def _interface(self, type: Mapping[str, Any], face: Face, hint: str) -> str:
        structure = json.dumps(_structure(type))
        if structure not in self._bases:
            taken = RESERVED | {f"{b}{s}" for b in self._bases.values() for s in SUFFIX.values()}
            self._bases[structure] = next(n for n in _variants(hint) if not {n + s for s in SUFFIX.values()} & taken)
        name = self._bases[structure] + SUFFIX[face]
        if name not in self._written:
            self._written.add(name)
            lines = [
                f"{_said(t, face)}  readonly {_key(n)}: {self.of(t, face, n)};" for n, t in type["fields"].items()
            ]
            self.interfaces.append("\n".join([f"export interface {name} {{", *lines, "}"]))
        return name


def _structure(type: Any) -> Any:
    """A type without its places."""
    if isinstance(type, dict):
        return {k: _structure(v) for k, v in type.items() if not (k == "at" and "scalar" in type)} | (
            {"number": True} if "scalar" in type else {}
        )
    return [_structure(v) for v in type] if isinstance(type, list) else type


def _variants(hint: str) -> Iterator[str]:
    """`initial_state` as InitialState, InitialState2, ..."""
    base = "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", hint))
    base = base if base and not base[0].isdigit() else f"Of{base}"
    yield base
    k = 2
    while True:
        yield f"{base}{k}"
        k += 1


def _said(type: Mapping[str, Any], face: Face) -> str:
    """What the type itself does not say of an argument's shape and bounds, as a comment."""
    if face != "argument" or "at" not in type:
        return ""
    said = [f"shape {' × '.join(map(str, type['shape']))}"] if type["shape"] else []
    said += [f"integers from {type['low']} to {type['high']}"] if "low" in type else []
    return f"  {_comment(', '.join(said))}\n" if said else ""


def _comment(text: str) -> str:
    return f"/** {text.replace('*/', '* /')} */"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_$][\w$]*", name, re.ASCII) else json.dumps(name)


def _label(name: str) -> str:
    """A parameter's name as the label of a tuple's element, which is there for readers only."""
    return name if re.fullmatch(r"[A-Za-z_$][\w$]*", name, re.ASCII) else re.sub(r"\W", "_", f"_{name}")
