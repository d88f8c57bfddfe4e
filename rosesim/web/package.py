"""Functions of the language as a folder that npm takes: module, client, types, README. Nothing is published."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from rosesim.scenes.errors import SceneError
from rosesim.scenes.writing import AnyPath, as_path, write_beside
from rosesim.web.client import CLIENT, client
from rosesim.web.declared import declarations, parameters
from rosesim.web.literals import constant, some
from rosesim.web.module import MEMORY, Given, wasm

NAME = re.compile(r"(@[a-z0-9][a-z0-9._-]*/)?[a-z0-9][a-z0-9._-]*")
"""What npm takes as a package's name; it has at most 214 characters."""
LONGEST_NAME = 214
VERSION = re.compile(r"\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?")
MODULE = "module.wasm"
NODE = ">=20.16"
"""The first with `process.getBuiltinModule`, by which a file is read without an import that bundlers refuse."""
NO_LICENCE = "UNLICENSED"
"""npm's word for a package to which nobody has been given rights."""
RESERVED = frozenset(
    """
    arguments await break case catch class const continue debugger default delete do else enum eval export extends
    false finally for function if implements import in instanceof interface let load new null open package private
    protected public return static super switch this throw true try typeof var void while with yield beside found
    """.split()
)
"""Words that cannot be the name of a constant of `index.js`: JavaScript's, and the names that it has already."""


def package(
    folder: AnyPath,
    functions: Mapping[str, Given],
    *,
    values: Mapping[str, Any] | None = None,
    name: str | None = None,
    version: str = "0.1.0",
    license: str = NO_LICENCE,
    about: str = "",
    notes: Mapping[str, str] | None = None,
    example: str | None = None,
    math: Literal["fast", "strict"] = "fast",
    precision: Literal["f64", "f32"] = "f64",
    memory: float = MEMORY,
) -> Path:
    """Write these functions as a package of JavaScript with types, and return its folder.

    `functions`, `math`, `precision` and `memory` are as in `rosesim.web.wasm`. `values` are exported as constants:
    arguments to begin with, each by the name of the parameter that it is for. `name` is that of the folder if it is
    not given, and `license` an SPDX identifier. `about` is a sentence on the whole; `notes` has one for a function in
    place of the first line of its docstring; `example` is the JavaScript of the README, which otherwise calls each
    function once. A folder that such a package was written to before is written anew.

    Raises SceneError where the folder holds something else, or npm would refuse the name or the version, and what
    `wasm` raises.

    >>> from tempfile import TemporaryDirectory
    >>> from rosesim import Real, Vec, fn, value_and_grad
    >>> @fn
    ... def loss(x: Vec[Real, 2], scale: Real) -> Real:
    ...     return scale * (x @ x)
    >>> with TemporaryDirectory() as place:
    ...     made = package(f"{place}/my-loss", {"value_and_grad": value_and_grad(loss, wrt=0)}, license="MIT")
    ...     sorted(file.name for file in made.iterdir())
    ['README.md', 'index.d.ts', 'index.js', 'module.wasm', 'package.json', 'rosesim.d.ts', 'rosesim.js']
    """
    path = check_package(folder, name, version)
    name = name or path.resolve().name
    module = wasm(functions, math=math, precision=precision, memory=memory)
    programs = module.description["programs"]
    texts = _values(programs, values or {})
    said = {n: (notes or {}).get(n) or _sentence(f) for n, f in functions.items()}
    manifest = _manifest(name, version, license, about)
    written = {
        "package.json": json.dumps(manifest, indent=2, ensure_ascii=False) + "\n",
        "README.md": _readme(name, about, license, programs, said, example or _example(name, programs, texts)),
        "index.js": _index(texts),
        "index.d.ts": declarations(programs, texts, said),
        **client(),
    }
    path.mkdir(parents=True, exist_ok=True)
    for file, text in written.items():
        write_beside(path / file, text.encode())
    write_beside(path / MODULE, module.code)
    return path


def check_package(folder: AnyPath, name: str | None = None, version: str = "0.1.0") -> Path:
    """The path of a package that is to be written; SceneError, before any work, where that cannot be."""
    path = as_path(folder, "a package's folder")
    name = name or path.resolve().name
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise SceneError(
            f"the name {name} of a package was found; expected one that npm takes, in lower case, as my-scene "
            "(it is the folder's name if no other is given)"
        )
    if not VERSION.fullmatch(version):
        raise SceneError(f"the version {version} was found; expected one that npm takes, as 0.1.0")
    if path.exists() and not path.is_dir():
        raise SceneError(f"cannot write {path}: it is a file; expected a folder, or a name that is not taken")
    if path.is_dir() and any(path.iterdir()) and not _is_ours(path):
        raise SceneError(
            f"cannot write {path}: it holds something else; expected a new folder, an empty one, or an earlier "
            "package of rosesim's"
        )
    return path


def _is_ours(folder: Path) -> bool:
    try:
        found = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and "rosesim" in found


def _values(programs: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, str]:
    """The constants as JavaScript."""
    types = parameters(programs)
    for name in values:
        if name not in types:
            raise SceneError(f"the value {name} was given; expected one for a parameter: {', '.join(types)}")
        if name in RESERVED or not name.isascii():
            raise SceneError(f"a value for {name} was given; expected a name that a constant of JavaScript can have")
    return {name: constant(types[name], value, name) for name, value in values.items()}


def _manifest(name: str, version: str, license: str, about: str) -> dict[str, Any]:
    index = {"types": "./index.d.ts", "default": "./index.js"}
    return {
        "name": name,
        "version": version,
        **({"description": about} if about else {}),
        "license": license,
        "type": "module",
        "exports": {".": index, f"./{MODULE}": f"./{MODULE}", "./package.json": "./package.json"},
        "types": "./index.d.ts",  # for what does not know exports
        "files": ["index.js", "index.d.ts", *CLIENT, MODULE],
        "sideEffects": False,
        "engines": {"node": NODE},
        "rosesim": getattr(sys.modules["rosesim"], "__version__", ""),  # also the mark of a folder of ours
    }


def _index(values: Mapping[str, str]) -> str:
    constants = "".join(f"\n/** Where to begin. */\nexport const {name} = {text};\n" for name, text in values.items())
    return f"""\
import {{ load as open }} from "./rosesim.js";

const beside = new URL("./{MODULE}", import.meta.url); // so written, a bundler finds the file

/** The programs, on a memory of their own. `source`: where the module is, if not beside this file. */
export function load(source = found()) {{
  return open(source);
}}

/** In Node, whose fetch reads no files, a file; elsewhere what the server answers. */
function found() {{
  const fs = beside.protocol === "file:" && globalThis.process?.getBuiltinModule?.("node:fs");
  return fs ? fs.promises.readFile(beside) : fetch(beside);
}}
{constants}"""


def _readme(
    name: str, about: str, license: str, programs: Mapping[str, Any], said: Mapping[str, str], example: str
) -> str:
    listed = "\n".join(
        f"- `{program}({', '.join(described['parameters'])})`{': ' + said[program] if said[program] else ''}"
        for program, described in programs.items()
    )
    rights = "nobody has been given rights" if license == NO_LICENCE else license
    parts = [
        f"# {name}",
        about,
        "Programs that rosesim has compiled to WebAssembly. They run in browsers and in "
        f"Node {NODE.removeprefix('>=')} or newer, without dependencies.",
        f"```js\n{example.strip()}\n```",
        listed,
        "What they take and give is declared in `index.d.ts`. An array is a list of its rows, or a typed array of "
        "its elements. What does not fit is refused with its name; a failed check of a program is an `Error`.",
        "`load()` takes the module from beside the code; `load(fetch(url))` from elsewhere. Each call gives programs "
        "with a memory of their own. `f.parameters` and `f.results` are views on it, and `f.run()` works on these "
        "without a copy.",
        f"Licence: {rights}. The client `rosesim.js` is under the MIT licence.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _example(name: str, programs: Mapping[str, Any], values: Mapping[str, str]) -> str:
    """A call of each program, with the values by their names and some numbers for what else it takes."""
    calls = [
        f"console.log(programs.{program}"
        f"({', '.join(n if n in values else some(t) for n, t in described['parameters'].items())}));"
        for program, described in programs.items()
    ]
    imported = ", ".join(["load", *values])
    return f'import {{ {imported} }} from "{name}";\n\nconst programs = await load();\n' + "\n".join(calls)


def _sentence(given: Given) -> str:
    """The first line of a function's documentation."""
    f = given[0] if isinstance(given, tuple) else given
    return (getattr(f, "__doc__", None) or "").strip().split("\n")[0]
