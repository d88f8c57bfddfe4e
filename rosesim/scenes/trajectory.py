"""The states of a rollout: all of them, each k-th, or what a function sees of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.language.control.branches import cond
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.values.index import Index
from rosesim.scenes.displayed import table
from rosesim.scenes.errors import SceneError
from rosesim.scenes.terms import start_of
from rosesim.scenes.tree import leaves, map_leaves

if TYPE_CHECKING:
    from rosesim.scenes.base import AnyScene

S = TypeVar("S")
Observe = Callable[[Any, Any, Any, Any], Any]
"""What to keep of a state: a function of (state, t, params, inputs), t being the steps that were made, 0 to all."""


class Trajectory(Generic[S]):
    """The states of a rollout as NumPy values, or what was observed of them: `trajectory[k]` is the one after
    `trajectory.times[k]` steps. Unless a rollout leaves some out, that is k."""

    def __init__(self, stacked: S, times: NDArray[np.int64]):
        self.stacked = stacked
        """One state in which every array has time as its first dimension."""
        self.times = times
        """The number of steps before each state."""

    def __len__(self) -> int:
        return len(self.times)

    def __repr__(self) -> str:
        kept = ", ".join(f"{name} {np.shape(v)[1:] or ''}".strip() for name, v in leaves(self.stacked).items())
        return f"<Trajectory: {len(self)} states after 0 to {self.times[-1]} steps: {kept or 'nothing'}>"

    def _repr_html_(self) -> str:
        """For notebooks: a row for each array, with its shape and range."""
        rows: list[list[object]] = []
        for name, v in leaves(self.stacked).items():
            a = np.asarray(v)
            least, most = (f"{f(a):.4g}" for f in (np.min, np.max)) if a.size else ("", "")
            rows.append([name, a.shape[1:] or "a number", least, most])
        told = f"{len(self)} states, after 0 to {self.times[-1]} steps; all of them are in <code>stacked</code>"
        return f"<p>{told}</p>{table(['name', 'shape', 'least', 'greatest'], rows)}"

    def __getitem__(self, t: int) -> S:
        if not -len(self) <= t < len(self):
            raise IndexError(f"state {t} of a trajectory of {len(self)} states")
        return map_leaves(lambda _, a: a[t] if a.ndim > 1 else a[t].item(), self.stacked)

    def __iter__(self) -> Iterator[S]:
        return (self[t] for t in range(len(self)))


def times_of(steps: int, every: int) -> NDArray[np.int64]:
    """The numbers of steps after which a rollout keeps a state: 0, every, 2 every, ..., and the last."""
    if every < 1:
        raise SceneError(f"every={every} was found; expected the steps from one kept state to the next, 1 or more")
    return np.append(np.arange(0, steps, every), steps)


def states(scene: AnyScene, every: int, observe: Observe | None, params: Any, inputs: Any) -> Any:
    """What is kept of a rollout, stacked.

    Each iteration of the loop keeps a state and then makes the steps to the next; after the last there are none. So
    all states are outputs of one loop, and memory holds them once.
    """
    n, count = scene.steps, len(times_of(scene.steps, every))

    def step(s: Any, t: Any) -> Any:
        return scene.step(s, Index[n].clamp(t), params, inputs)

    def kept(s: Any, k: Any) -> Any:
        t = Index[n + 1].clamp(k * every)
        if every == 1:
            after = cond(k < n, lambda: step(s, k), lambda: s)
        else:
            after = scan(lambda s, j: step(s, t + j), s, every, upto=Index[every + 1].clamp(n - t))
        return after, s if observe is None else observe(s, t, params, inputs)

    return scan(kept, start_of(scene, params, inputs), count)[1]


__all__ = ["Observe", "Trajectory", "states", "times_of"]
