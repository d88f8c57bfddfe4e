"""Functions of the language for C, C++ and whatever calls them: an object file, and a header.

    from rosesim.interop import c
    c.write({"energy": energy, "slope": grad(energy)}, "spring")    # spring.h, spring_energy.o, spring_slope.o

    #include "spring.h"                                             // cc main.c spring_*.o -lm
    double x[3] = {0.1, 0.2, 0.3}, value;
    if (spring_energy(x, &value)) ...                               // 0: well

The code needs neither Python nor rosesim, and allocates nothing but the workspace of a call, which lies on the stack
where it is small. Calls on several threads do not disturb each other.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any, Literal, cast

from rosesim.ad.language import types as T
from rosesim.ad.language.compiled import refuse_captured
from rosesim.ad.language.function import Fn
from rosesim.ad.language.signature import keywords_of
from rosesim.ad.language.values.structures import of_example
from rosesim.ad.program.ir import BoolT, IntT, Ty, storage
from rosesim.codegen import lowered, targets
from rosesim.codegen.artifact import LINE, Artifact
from rosesim.codegen.llvm import engine
from rosesim.codegen.planned import Effort, Options
from rosesim.codegen.target import Target

STACK_BYTES = 65536
"""The largest workspace that a call has on the stack."""
_ENTRY = "rosesim_entry"
_C_TYPES = {"f8": "double", "f4": "float", "b1": "bool", "u1": "uint8_t", "u2": "uint16_t", "u4": "uint32_t",
            "u8": "uint64_t", "i8": "int64_t"}  # fmt: skip

Given = Fn[..., Any] | tuple[Any, ...]


def write(
    functions: Mapping[str, Given],
    path: str | Path,
    *,
    math: Literal["fast", "strict"] = "fast",
    precision: Literal["f64", "f32"] = "f64",
    cpu: str | None = None,
    shared: bool = False,
) -> list[Path]:
    """Write functions as object files with one header, and give the files' paths, the header first.

    A function is given alone if its parameters are annotated, or in a tuple with a value or type for each argument.
    In C it has the name of `path`, then its own. It takes numbers, then arrays, as the header says, and writes its
    results to addresses; it returns 0, or the number of a failure, which `NAME_message` says in words. `cpu` is a
    processor as LLVM names it, such as "x86-64-v3"; by default it is this one, with all that it can do. `shared`
    links a shared library as well, by the C compiler `cc`.

    Raises ValueError for a name that is none in C, and RuntimeError where there is no compiler to link with;
    compilation raises what it raises elsewhere. Functions that call Python (`@opaque`) are refused at their line.

    >>> import tempfile
    >>> from rosesim import Real, Vec, fn, value_and_grad
    >>> @fn
    ... def energy(x: Vec[Real, 3], k: Real) -> Real:
    ...     return 0.5 * k * (x @ x)
    >>> header, code = write({"slope": value_and_grad(energy, wrt="x")}, f"{tempfile.mkdtemp()}/spring")
    >>> code.name
    'spring_slope.o'
    >>> print(header.read_text())
    /* ...
    static inline int spring_slope(
        const double x[3],
        double k,
        double *result_0,
        double result_1[3])
    ...
    """
    path = Path(path)
    for name in (path.name, *functions):
        if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
            raise ValueError(f"{name!r} was found; expected a name that C can write, such as spring_energy")
    if not functions:
        raise ValueError("no functions were found; expected at least one, as in {'energy': energy}")
    target = _target(cpu)
    made = {
        name: _made(f"{path.name}_{name}", given, Options(math, precision), target)
        for name, given in functions.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    files = [path.with_name(f"{path.name}.h")]
    files[0].write_text(_header(path.name, made), encoding="utf-8")
    for name, one in made.items():
        files.append(path.with_name(f"{path.name}_{name}.o"))
        files[-1].write_bytes(one.code)
    if shared:
        files.append(_linked(path, files[0], made))
    return files


@dataclass(frozen=True, slots=True)
class _Made:
    """A function in machine code."""

    name: str
    artifact: Artifact
    code: bytes
    params: Sequence[tuple[str, Ty]]
    results: Sequence[tuple[str, Ty]]
    said: str
    """Its types, for the header's reader."""

    @property
    def entry(self) -> str:
        return f"{self.name}_entry"


def _target(cpu: str | None) -> Target:
    """This computer, or another of its kind, for code that runs without us."""
    own: dict[str, Any] = {} if cpu is None else {"cpu": cpu, "features": ""}
    return replace(
        targets.host(), name="C", runtime=None, poll="", shares=False, reports=False, opaque=False, direct=False,
        loads_data=False, code_model="default", **own,
    )  # fmt: skip


def _made(name: str, given: Given, options: Options, target: Target) -> _Made:
    f, *like = given if isinstance(given, tuple) else (given,)
    signature = f.signature()
    types = signature.types_of(*signature.bind(tuple(like), {}), of=of_example) if like else signature.required()
    traced = f.traced(types)
    refuse_captured(f, traced)
    artifact = lowered(traced.func, options, target)
    # Several objects meet in one program, so each entry has a name of its own.
    text = artifact.text.replace(f"@{_ENTRY}(", f"@{name}_entry(")
    code = engine.target_code(text, target, cast("Effort", artifact.effort))
    names = signature.names(len(types), keywords_of(types))
    params = [leaf for n, t in zip(names, types, strict=True) for leaf in T.leaf_names(t, n)]
    results = T.leaf_names(traced.result, "result")
    func = artifact.func
    return _Made(
        name,
        artifact,
        code,
        list(zip(_identifiers(params), (p.ty for p in func.params), strict=True)),
        list(zip(_identifiers(results), func.results, strict=True)),
        f"{f.name}({', '.join(f'{n}: {t}' for n, t in zip(names, types, strict=True))}) -> {traced.result}",
    )


def _identifiers(names: Sequence[str]) -> list[str]:
    """Names that C can write, and no two of them the same."""
    made: list[str] = []
    for name in names:
        plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "x"
        plain = f"{plain}_" if plain in _KEYWORDS or plain[0].isdigit() else plain
        while plain in made:
            plain += "_"
        made.append(plain)
    return made


_KEYWORDS = frozenset(
    "auto break case char class const continue default delete do double else enum extern float for goto if in inline "
    "int long new out private public register restrict return short signed sizeof slots static status struct switch "
    "template this typedef union unsigned void volatile while work".split()
)
"""Of C and C++, and the wrapper's own names."""


def _type(ty: Ty) -> str:
    return _C_TYPES[storage(ty.scalar).str[1:]]


def _scalar(ty: Ty) -> str:
    """Of a number that is passed alone."""
    return "bool" if isinstance(ty.scalar, BoolT) else "int64_t" if isinstance(ty.scalar, IntT) else "double"


def _declared(name: str, ty: Ty, *, result: bool) -> str:
    if ty.shape:
        sizes = "".join(f"[{n}]" for n in ty.shape)
        return f"{'' if result else 'const '}{_type(ty)} {name}{sizes}"
    return f"{_scalar(ty)} {'*' if result else ''}{name}"


def _function(one: _Made) -> str:
    """The wrapper, which fills the rows of slots that the entry takes."""
    heads = [_declared(n, ty, result=False) for n, ty in one.params]
    heads += [_declared(n, ty, result=True) for n, ty in one.results]
    arrays = [(n, ty) for n, ty in one.results if ty.shape]
    scalars = [(n, ty) for n, ty in one.results if not ty.shape]
    lines = [f"/* {one.said} */", f"int {one.entry}(const void *, void *, void *);"]
    lines += [f"static inline int {one.name}(", ",\n".join(f"    {h}" for h in heads) + ")", "{"]
    lines += [f"  union rosesim_slot slots[{max(1, len(one.params) + len(arrays))}], out[{max(1, len(scalars))}];"]
    for name, ty in one.params:
        if isinstance(ty.scalar, IntT):
            lines += _checked(name, ty, ty.scalar)
    lines += _apart(one)
    for k, (name, ty) in enumerate((*one.params, *arrays)):
        field = "p" if ty.shape else "i" if _scalar(ty) != "double" else "d"
        lines.append(f"  slots[{k}].{field} = {'(const void *)' if ty.shape else ''}{name};")
    size = one.artifact.workspace_bytes + LINE
    large = size > STACK_BYTES
    lines += (
        [f"  char *work = (char *)malloc({size});", "  if (!work) return -2;"] if large else [f"  char work[{size}];"]
    )
    line = f"((uintptr_t)work + {LINE - 1}) & ~(uintptr_t){LINE - 1}"
    lines.append(f"  int status = {one.entry}(slots, out, (void *)({line}));")
    lines += ["  free(work);"] if large else []
    lines.append("  if (status) return status;")
    for k, (name, ty) in enumerate(scalars):
        read = {"bool": f"(out[{k}].i & 1) != 0", "int64_t": f"out[{k}].i", "double": f"out[{k}].d"}[_scalar(ty)]
        lines.append(f"  *{name} = {read};")
    return "\n".join([*lines, "  return 0;", "}"])


def _apart(one: _Made) -> list[str]:
    """Code is compiled for results that lie apart from arguments and from each other; `step(x, x)` would read what it
    has written."""
    given = [(n, f"sizeof({_type(ty)}) * {_count(ty)}") for n, ty in one.params if ty.shape]
    got = [(n, f"sizeof({_type(ty)}) * {_count(ty)}" if ty.shape else f"sizeof *{n}") for n, ty in one.results]
    pairs = [(a, b) for k, a in enumerate(got) for b in (*given, *got[:k])]
    return [
        f"  if ((uintptr_t){a} < (uintptr_t){b} + {b_size} && (uintptr_t){b} < (uintptr_t){a} + {a_size}) return -3;"
        for (a, a_size), (b, b_size) in pairs
    ]


def _count(ty: Ty) -> int:
    return prod(ty.shape)


def _checked(name: str, ty: Ty, scalar: IntT) -> list[str]:
    """Integers are held against their bounds: code is compiled for these alone."""
    count, kind = _count(ty), _type(ty) if ty.shape else "int64_t"
    at = f"((const {kind} *){name})[k]" if ty.shape else name
    sides = [f"{at} > {scalar.hi}"]
    if kind == "int64_t":
        sides.insert(0, f"{at} < {scalar.lo}")
    test = f"if ({' || '.join(sides)}) return -1;"
    return [f"  for (size_t k = 0; k < {count}; ++k) {test}" if ty.shape else f"  {test}"]


def _message(one: _Made) -> str:
    """What a status means."""
    cases = [(k + 1, f.message) for k, f in enumerate(one.artifact.failures)]
    cases += [
        (0, ""),
        (-1, "an integer is out of its bounds"),
        (-2, "there is no memory"),
        (-3, "a result overlaps an argument or another result"),
    ]
    lines = [f"static inline const char *{one.name}_message(int status)", "{", "  switch (status) {"]
    lines += [f"  case {k}: return {_quoted(text)};" for k, text in cases]
    return "\n".join([*lines, '  default: return "the function failed";', "  }", "}"])


def _header(prefix: str, made: Mapping[str, _Made]) -> str:
    guard = f"{prefix.upper()}_H"
    functions = [f"{_function(one)}\n\n{_message(one)}" for one in made.values()]
    return _HEADER.format(guard=guard, functions="\n\n".join(functions))


_HEADER = """\
/* Made by rosesim. Each function returns 0, or a status that NAME_message says in words: -1 where an integer is out
   of its bounds, -2 where there is no memory, -3 where a result overlaps an argument or another result, or the number
   of a failure. Arrays are contiguous, the last index the fastest. */
#ifndef {guard}
#define {guard}
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#ifndef ROSESIM_SLOT
#define ROSESIM_SLOT
union rosesim_slot {{ double d; int64_t i; const void *p; }};
#endif
#ifdef __cplusplus
extern "C" {{
#endif

{functions}

#ifdef __cplusplus
}}
#endif
#endif
"""


def _quoted(text: str) -> str:
    """A string of C."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("?", "\\?")
    return f'"{plain}"'


def _linked(path: Path, header: Path, made: Mapping[str, _Made]) -> Path:
    """The shared library, whose functions are those of the header under the same names with `_call` behind."""
    cc = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if cc is None:
        raise RuntimeError(
            "no C compiler was found (cc, gcc, clang); expected one for shared=True; the object files are written"
        )
    objects = [str(path.with_name(f"{path.name}_{name}.o")) for name in made]
    library = path.with_name(f"lib{path.name}.so")
    stub = "\n".join([f'#include "{header.name}"', *(_exported(one) for one in made.values()), ""])
    source = path.with_name(f"{path.name}.c")
    source.write_text(stub, encoding="utf-8")
    command = [cc, "-O2", "-shared", "-fPIC", "-o", str(library), str(source), *objects, "-lm"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{cc} could not link {library.name}: {done.stderr.strip()}")
    return library


def _exported(one: _Made) -> str:
    heads = [_declared(n, ty, result=False) for n, ty in one.params]
    heads += [_declared(n, ty, result=True) for n, ty in one.results]
    names = ", ".join(n for n, _ in (*one.params, *one.results))
    return f"int {one.name}_call({', '.join(heads)}) {{ return {one.name}({names}); }}"
