"""The programs of a scene's picture, and how they run here; `rosesim.scenes.picture` says what a layer is."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.dependencies.kinds import interchangeable
from rosesim.ad.language import types as T
from rosesim.ad.language.arguments import build, flat_args
from rosesim.ad.language.arrays import stack
from rosesim.ad.language.compiled import Program
from rosesim.ad.language.constants import const
from rosesim.ad.language.function import Fn, fn
from rosesim.ad.language.values.real import Real
from rosesim.ad.program import interp
from rosesim.ad.support.errors import RosesimError
from rosesim.ad.support.locate import innermost
from rosesim.ad.transforms.batches import vmap
from rosesim.scenes.base import AnyScene
from rosesim.scenes.canvas import Canvas
from rosesim.scenes.picture.template import Recorder, Template, fill
from rosesim.scenes.trajectory import Trajectory
from rosesim.scenes.tree import map_leaves

Point = tuple[float, float]


class Layer:
    """A function of the language, its types of arguments, and what is drawn with its results."""

    def __init__(self, trace: Callable[..., Any], types: tuple[T.Type, ...]):
        self.function: Fn[..., Any] = fn(trace)
        """It gives a tuple of Reals and arrays, the outputs; an unused number where the layer is constant."""
        self.types = types
        self._template: Template = []
        self._program: Program | None = None

    @property
    def template(self) -> Template:
        """The layer as JSON. Raises what stops its tracing."""
        self.function.traced(self.types)
        return self._template

    def run(self, *args: Any) -> Any:
        """The results for NumPy values."""
        program = self._program
        if program is None:
            program = Program(self.function, self.types)
        self._program = program = program.renewed()
        return program(*args)

    def interpret(self, *args: Any) -> Any:
        """The same without compiling: for the short programs of handles."""
        traced = self.function.traced(self.types)
        flat = [a for v, t in zip(args, traced.params, strict=True) for a in flat_args(v, t, "an argument")]
        return build(traced.result, list(interp.run(traced.func, flat)))


class Picture:
    """The picture of a scene; see `picture`."""

    def __init__(self, scene: AnyScene):
        self.scene = scene
        params, inputs = scene.params(np.random.default_rng(0)), scene.inputs()

        def initial(params: Any, inputs: Any) -> Any:
            return scene.initial(params, inputs)

        first = fn(initial)
        given = first.types_of((params, inputs))
        state = first.traced(given).result

        def backdrop(params: Any, inputs: Any) -> Any:
            return record("backdrop", lambda canvas: scene.backdrop(canvas, params, inputs))

        def draw(state: Any, params: Any, inputs: Any) -> Any:
            return record("draw", lambda canvas: scene.draw(canvas, state, params, inputs))

        def ghost(state: Any, params: Any, inputs: Any) -> Any:
            return record("ghost", lambda canvas: scene.ghost(canvas, state, params, inputs))

        def trail(state: Any) -> Any:
            points = scene.trail(state)
            if isinstance(points, list | tuple):
                return stack([_point(p) for p in points])
            return const(points) if isinstance(points, np.ndarray) else points

        def handles(params: Any, inputs: Any) -> Any:
            found = scene.handles(params, inputs)
            names[:] = found
            return tuple(map(_point, found.values())) or (Real(0.0),)

        names: list[str] = []
        record = self._record
        self._names = names
        self.layers = {
            "backdrop": Layer(backdrop, given),
            "draw": Layer(draw, (state, *given)),
            "ghost": Layer(ghost, (state, *given)),
        }
        """The layers by name: `draw` and `ghost` of (state, params, inputs), `backdrop` of (params, inputs)."""
        self.trail_layer = Layer(trail, (state,))
        """Of (state): the trail's points, of shape (k, 2)."""
        self.handles_layer = Layer(handles, given)
        """Of (params, inputs): a point for each of `handle_names`."""
        self._given = given

    def _record(self, name: str, draw: Callable[[Canvas], None]) -> Any:
        canvas = Recorder(self.scene.extent)
        with canvas.formatting():
            draw(canvas)
        self.layers[name]._template = canvas.template  # pyright: ignore[reportPrivateUsage] -- same file
        return tuple(canvas.outputs) or (Real(0.0),)

    @property
    def handle_names(self) -> list[str]:
        """The names of the handles, in the order of their points."""
        self.handles_layer.function.traced(self._given)
        return [*self._names]

    @functools.cached_property
    def drags(self) -> dict[str, Layer]:
        """For each handle: a layer without a template, of (x, y, params, inputs), that gives (params, inputs)."""
        return {name: self._drag(name) for name in self.handle_names}

    def _drag(self, name: str) -> Layer:
        scene = self.scene

        def drag(x: Any, y: Any, params: Any, inputs: Any) -> Any:
            return scene.drag(name, stack([x, y]), params, inputs)  # pyright: ignore[reportArgumentType] -- traced

        return Layer(drag, (T.REAL, T.REAL, *self._given))

    @functools.cached_property
    def refusals(self) -> Mapping[str, str]:
        """Why a method cannot be traced, by its name, with the user's line; empty where all can."""
        found: dict[str, str] = {}

        def attempt(name: str, make: Callable[[], Any]) -> None:
            try:
                make()
            except Exception as e:  # a draw for NumPy may stop at anything
                found[name] = _reason(e)

        for name, layer in [*self.layers.items(), ("trail", self.trail_layer), ("handles", self.handles_layer)]:
            attempt(name, lambda layer=layer: layer.template)
        if "handles" not in found:
            for name, layer in self.drags.items():
                attempt(f"drag of {name!r}", lambda layer=layer: layer.template)
        return found

    # ------------------------------------------------------------------------------------ with NumPy values

    def backdrop(self, canvas: Canvas, params: Any, inputs: Any) -> None:
        """Draw the scene's backdrop."""
        self._draw("backdrop", canvas, params, inputs)

    def draw(self, canvas: Canvas, state: Any, params: Any, inputs: Any) -> None:
        """Draw a state."""
        self._draw("draw", canvas, state, params, inputs)

    def ghost(self, canvas: Canvas, state: Any, params: Any, inputs: Any) -> None:
        """Draw a state of an earlier attempt."""
        self._draw("ghost", canvas, state, params, inputs)

    def _draw(self, name: str, canvas: Canvas, *args: Any) -> None:
        layer = self.layers[name]
        if name in self._by_python:
            getattr(self.scene, name)(canvas, *args)
            return
        try:
            outputs = layer.run(*args)
        except Exception as refusal:
            self._in_python(name, refusal, lambda: getattr(self.scene, name)(canvas, *args))
        else:
            fill(canvas, layer._template, outputs)  # pyright: ignore[reportPrivateUsage] -- same file

    def trail(self, state: Any) -> NDArray[np.float64]:
        """The trail's points, of shape (k, 2)."""
        return np.asarray(self._run("trail", self.trail_layer.run, (state,), lambda: self.scene.trail(state)))

    def trails(self, states: Any, which: NDArray[np.int64]) -> NDArray[np.float64]:
        """The trail's points for some of the stacked states, of shape (n, k, 2): in one call, where that fits."""
        rows = map_leaves(lambda _, a: a[which], states)

        def each() -> list[NDArray[np.float64]]:
            return [self.trail(state) for state in Trajectory(rows, which)]

        def together() -> Any:
            result = self.trail_layer.function.traced(self.trail_layer.types).result
            if isinstance(result, T.VecType) and result.n == 0:
                return np.zeros((len(which), 0, 2))
            return self._all_trails(rows)

        return np.asarray(self._run("trail", together, (), each))

    @functools.cached_property
    def _all_trails(self) -> Fn[..., Any]:
        return vmap(self.trail_layer.function)

    def handles(self, params: Any, inputs: Any) -> dict[str, Point]:
        """Where the handles are, by name."""

        def by_python() -> Any:
            found = self.scene.handles(params, inputs)
            self._names[:] = found
            return tuple(found.values())

        points = self._run("handles", self.handles_layer.interpret, (params, inputs), by_python)
        return {name: (float(p[0]), float(p[1])) for name, p in zip(self._names, points, strict=False)}

    def drag(self, handle: str, to: Point, params: Any, inputs: Any) -> tuple[Any, Any]:
        """Params and inputs after a handle has been dragged to a point."""
        layer = self._drag_layers.get(handle)
        if layer is None:
            layer = self._drag_layers[handle] = self._drag(handle)
        x, y = map(float, to)
        return self._run(
            f"drag of {handle!r}",
            layer.interpret,
            (x, y, params, inputs),
            lambda: self.scene.drag(handle, to, params, inputs),
        )

    @functools.cached_property
    def _drag_layers(self) -> dict[str, Layer]:
        return {}

    @functools.cached_property
    def _by_python(self) -> set[str]:
        """What is called with NumPy values, because it cannot be traced."""
        return set()

    def _run(self, name: str, run: Callable[..., Any], args: tuple[Any, ...], python: Callable[[], Any]) -> Any:
        if name in self._by_python:
            return python()
        try:
            return run(*args)
        except Exception as refusal:
            return self._in_python(name, refusal, python)

    def _in_python(self, name: str, refusal: Exception, python: Callable[[], Any]) -> Any:
        """What the method gives for NumPy values. If it stops there too, because it is written in the language, the
        error of its trace is the one that helps."""
        try:
            found = python()
        except RosesimError:
            raise refusal from None
        self._by_python.add(name)
        return found


def _point(p: Any) -> Any:
    x, y = p
    return stack([Real(x), Real(y)])


def _reason(error: Exception) -> str:
    if isinstance(error, RosesimError) and error.where is not None:
        return str(error)
    where = innermost(error)
    what = f"{type(error).__name__}: {error}"
    return what if where is None else f"{where}: {what}"


def picture(scene: AnyScene) -> Picture:
    """The picture of a scene, made once for each combination of settings (the last 16 are remembered).

    >>> from rosesim.scenes import Canvas, configure, find_scene
    >>> scene, inputs = configure(find_scene("billiards"), ["steps=64", "layers=1"])
    >>> picture(scene).layers["backdrop"].template[1]["centre"]
    {'out': 0, 'shape': [2]}
    >>> picture(scene).refusals
    {}
    """
    with _lock:
        found = _made.pop(scene, None)
        if found is None or not interchangeable(found.scene, scene):
            found = Picture(scene)
        _made[scene] = found
        while len(_made) > _MOST:
            _made.pop(next(iter(_made)))
    return found


_MOST = 16
_made: dict[AnyScene, Picture] = {}
_lock = threading.RLock()
