"""Templates: a canvas that records what is drawn while a layer is traced, and how outputs fill a canvas again."""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import numpy as np

from rosesim.ad.language import types as T
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.refused import formatter, kind
from rosesim.ad.language.values.scalar import Scalar
from rosesim.ad.language.values.vector import VecValue
from rosesim.ad.program.ir import Lit
from rosesim.ad.support.errors import TraceError
from rosesim.ad.support.locate import here
from rosesim.scenes.canvas import Canvas
from rosesim.scenes.roles import OneOf
from rosesim.scenes.space import Camera, Space

Template = list[dict[str, Any]]
"""What a layer draws, as JSON; see `rosesim.scenes.picture`."""

DRAWING = (
    "circle", "circles", "line", "segments", "polygon", "box", "arrow", "arrows", "text", "image", "lit",
    "space",
)  # fmt: skip
"""The methods of a canvas that draw."""
BODIES = ("ground", "sphere", "spheres", "capsule", "cylinder", "box", "ellipsoid")
"""The methods of a space that put something into it."""
_SIGNATURES = {name: inspect.signature(getattr(Canvas, name)) for name in DRAWING}
_OF_BODIES = {name: inspect.signature(getattr(Space, name)) for name in BODIES}
_FORMAT = re.compile(r"[+]?\d*(\.\d+)?[efg%]")
"""What a page can format as Python does."""
_OPEN, _CLOSE = "\ue000", "\ue001"
"""Around the number of a piece of text: letters that no text has (Unicode's private use)."""


class Recorder(Canvas):
    """A canvas for traced values: it keeps the calls, and the traced values as outputs."""

    def __init__(self, extent: tuple[float, float, float, float]):
        super().__init__(extent)
        self.template: Template = []
        self.outputs: list[Any] = []
        self._pieces: list[Any] = []
        self._known: dict[Any, int] = {}

    @contextlib.contextmanager
    def formatting(self) -> Generator[None]:
        """Within it, a traced number in a text leaves a mark."""
        token = formatter.set(self._mark)
        try:
            yield
        finally:
            formatter.reset(token)

    def record(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Keep a call of a drawing method."""
        self.template.append(self.call(name, _SIGNATURES[name], args, kwargs))

    def call(
        self, name: str, signature: inspect.Signature, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A call as JSON, with the arguments that it leaves out."""
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        fields = {key: v for key, v in bound.arguments.items() if key != "self"}
        return {"kind": name, **{key: self.plain(v) for key, v in fields.items()}}

    def space(self, camera: Camera, **kwargs: Any) -> Any:
        """Keep a view of bodies; what it returns keeps the bodies."""
        self.record("space", (camera,), kwargs)
        call = self.template[-1]
        call["camera"] = {key: self.plain(v) for key, v in vars(camera).items()}
        call["bodies"] = []
        return BodyRecorder(self, call["bodies"])

    def plain(self, v: Any) -> Any:
        """An argument as JSON: a constant as it is, a traced value as an output."""
        match v:
            case OneOf():
                return {"one_of": [self.plain(o) for o in v.options], "which": self.plain(v.which)}
            case str():
                return self._text(v)
            case Scalar():
                number = v if isinstance(v, Real) else Real(v)  # pyright: ignore[reportArgumentType] -- an Index or Bool
                if isinstance(number.atom, Lit):
                    return number.atom.value
                return {"out": self._output(number.atom, number)}
            case VecValue():
                return {"out": self._output(id(v), v), "shape": _shape(v.type)}
            case np.ndarray() | np.generic():
                return v.tolist()
            case list() | tuple():
                return [self.plain(e) for e in v]
            case None | bool() | int() | float() | Camera():
                return v
            case _:
                raise TraceError(f"{kind(v)} was given to a canvas; expected numbers, vectors or text", here())

    def _output(self, key: Any, v: Any) -> int:
        if key not in self._known:
            self._known[key] = len(self.outputs)
            self.outputs.append(v)
        return self._known[key]

    def _mark(self, v: Any, spec: str) -> str:
        if isinstance(v, OneOf):
            self._pieces.append(self.plain(v))
        elif not isinstance(v, Scalar) or not _FORMAT.fullmatch(spec):
            raise TraceError(
                f"{kind(v)} with the format {spec!r} was found in the text of a picture; expected a number with a "
                'format for floats, as in f"{x:.3f}" or f"{x:+.2g}"',
                here(),
            )
        else:
            piece = self.plain(v)
            self._pieces.append({**piece, "format": spec} if isinstance(piece, dict) else format(piece, spec))
        return f"{_OPEN}{len(self._pieces) - 1}{_CLOSE}"

    def _text(self, text: str) -> Any:
        if _OPEN not in text:
            return text
        parts = re.split(f"{_OPEN}(\\d+){_CLOSE}", text)
        return [self._pieces[int(p)] if k % 2 else p for k, p in enumerate(parts) if k % 2 or p]


def _recording(name: str) -> Callable[..., None]:
    def method(self: Recorder, *args: Any, **kwargs: Any) -> None:
        self.record(name, args, kwargs)

    return method


for _name in DRAWING:
    if _name != "space":
        setattr(Recorder, _name, _recording(_name))


class BodyRecorder:
    """A space for traced values: it keeps the calls of its methods."""

    def __init__(self, canvas: Recorder, calls: Template):
        self._canvas, self._calls = canvas, calls

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name not in BODIES:
            raise AttributeError(f"a space has no {name}; expected one of {', '.join(BODIES)}")

        def keep(*args: Any, **kwargs: Any) -> None:
            self._calls.append(self._canvas.call(name, _OF_BODIES[name], args, kwargs))

        return keep


def _shape(t: T.Type) -> list[int]:
    return [t.n, *_shape(t.elem)] if isinstance(t, T.VecType) else []


def fill(canvas: Canvas, template: Template, outputs: Sequence[Any]) -> None:
    """Draw a template with the numbers and arrays that its layer's function has given.

    >>> canvas = Canvas((0.0, 0.0, 1.0, 1.0))
    >>> call = {"kind": "circle", "centre": [0.5, {"out": 0}], "radius": 0.1, "role": "ink", "width": 0, "opacity": 1}
    >>> fill(canvas, [call], [0.25])
    >>> canvas.primitives[0]
    Circle(centre=(0.5, 0.25), radius=0.1, role='ink', width=0.0, opacity=1.0)
    """
    for call in template:
        made = getattr(canvas, call["kind"])(**_arguments(call, outputs))
        if call["kind"] == "space":
            for body in call["bodies"]:
                getattr(made, body["kind"])(**_arguments(body, outputs))


def _arguments(call: Mapping[str, Any], outputs: Sequence[Any]) -> dict[str, Any]:
    fields = {key: _filled(v, outputs) for key, v in call.items() if key not in ("kind", "camera", "bodies")}
    if "camera" in call:
        fields["camera"] = Camera(**_arguments(call["camera"], outputs))
    return fields


def _filled(v: Any, outputs: Sequence[Any]) -> Any:
    if isinstance(v, dict):
        if "one_of" in v:
            return OneOf([_filled(o, outputs) for o in v["one_of"]], _filled(v["which"], outputs))
        found = outputs[v["out"]]
        return format(found, v["format"]) if "format" in v else found
    if not isinstance(v, list):
        return v
    if any(isinstance(e, dict | list) for e in v):
        if any(isinstance(e, str) or (isinstance(e, dict) and ("format" in e or "one_of" in e)) for e in v):
            return "".join(f"{_filled(e, outputs)}" for e in v)  # the pieces of a text
        return [_filled(e, outputs) for e in v]
    return v
