"""last.npz: everything that a run continues from, in one file that is replaced as a whole."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from rosesim.optimise.descent import Position
from rosesim.optimise.optimizers import State, Vector
from rosesim.scenes.errors import SceneError
from rosesim.scenes.kinds import index_ranges, leaf_kinds
from rosesim.scenes.tree import FlatView
from rosesim.train.arrays import Archive, open_arrays, write_arrays

T = TypeVar("T")

LAST, BEST = "last.npz", "best.npz"

_KEPT = {float: np.float64, bool: np.bool_, int: np.int64}
"""The types of arrays in a file, by the kind of an untuned param."""

_ALWAYS = {"run", "iteration", "attempt_iterations", "seconds", "compile_seconds", "done", "ended"}


@dataclass(frozen=True)
class Best:
    """The least loss seen, with its iteration and point; the least mean loss where inputs differ between
    iterations."""

    loss: float
    iteration: int
    x: Vector


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run: the iterations before `position.iteration` are done, that one may be evaluated."""

    position: Position
    best: Best | None
    attempts: tuple[tuple[int, Vector], ...]
    """Iterations remembered for pictures, and the params at each."""
    seconds: float
    """Time of the run so far, over all its resumptions."""
    compile_seconds: float
    kept: Mapping[str, Any]
    """The params that are not tuned: booleans or integers, by their names."""
    done: bool
    """Whether the iteration of `position` is evaluated and was the last one."""
    ended: str = ""
    """Why an optimiser ended by itself, as a clause."""


def write_checkpoint(folder: Path, c: Checkpoint, flat: FlatView[Any], identity: bytes) -> None:
    """Replace last.npz; CannotWrite where that fails, with the old one in place."""
    arrays: dict[str, Any] = {
        "run": np.frombuffer(identity, np.uint8),
        "iteration": np.int64(c.position.iteration),
        **_named("params", c.position.x, flat),
        **{f"state.{k}": v for k, v in c.position.state.items()},
        "attempt_iterations": np.array([i for i, _ in c.attempts], np.int64),
        **_named("attempts", np.array([x for _, x in c.attempts]).reshape(-1, flat.size), flat),
        **{f"kept.{k}": v for k, v in _kept_arrays(flat).items()},
        "seconds": np.float64(c.seconds),
        "compile_seconds": np.float64(c.compile_seconds),
        "done": np.bool_(c.done),
        "ended": np.str_(c.ended),
    }
    if c.best is not None:
        arrays["best_loss"] = np.float64(c.best.loss)
        arrays["best_iteration"] = np.int64(c.best.iteration)
        arrays |= _named("best", c.best.x, flat)
    write_arrays(folder / LAST, arrays)


def write_best(folder: Path, best: Best, flat: FlatView[Any]) -> None:
    """Replace best.npz, the best params by their names, for people and other programs."""
    write_arrays(folder / BEST, {**dict(_split(best.x, flat)), **_kept_arrays(flat)})


def read_checkpoint(folder: Path, flat: FlatView[Any], state: State, identity: bytes) -> Checkpoint:
    """The checkpoint of a run; `state` is its optimiser's first state, for its names and shapes.

    Raises SceneError where the file is damaged, another run's, or holds what no run of this scene would.
    """
    with open_arrays(folder / LAST) as a:
        if a.read("run", np.uint8, (16,)).tobytes() != identity:
            raise SceneError(f"{a.file} is of another run, or {folder}'s settings have been changed since")
        # All names are checked, because a damaged name would otherwise pass for one that was never there.
        leaves = [f"{kind}.{name}" for kind in ("params", "attempts") for name in flat.shapes]
        always = {*_ALWAYS, *leaves, *(f"kept.{k}" for k in flat.kept), *(f"state.{k}" for k in state)}
        with_best = {*always, "best_loss", "best_iteration", *(f"best.{name}" for name in flat.shapes)}
        if a.names not in (always, with_best):
            wrong = ", ".join(n.encode("unicode_escape").decode() for n in sorted(a.names ^ with_best))
            raise SceneError(f"{a.file} is damaged or of another optimiser: it differs from a checkpoint in {wrong}")
        known = {k: a.read(f"state.{k}", v.dtype.type, v.shape) for k, v in state.items()}
        position = Position(_count(a, "iteration"), _vector(a, "params", flat), known)
        best = None
        done = bool(a.read("done", np.bool_, ()))
        if "best_loss" in a.names:
            best = Best(_number(a, "best_loss"), _count(a, "best_iteration"), _vector(a, "best", flat))
        for name, array in {"params": position.x, **known, **({"best": best.x} if best else {})}.items():
            if not np.isfinite(array).all():
                raise SceneError(f"{a.file} cannot be read: {name} holds numbers that are not finite")
        if done and best is None:
            raise SceneError(f"{a.file} cannot be read: a run that is done has a best loss")
        return Checkpoint(
            position,
            best,
            _attempts(a, flat),
            _number(a, "seconds"),
            _number(a, "compile_seconds"),
            _kept(a, flat),
            done,
            str(a.read("ended", np.str_, ())),
        )


def read_best(folder: Path, flat: FlatView[T]) -> tuple[Best, T]:
    """The best of a run and its params, from its checkpoint; SceneError where there is none."""
    with open_arrays(folder / LAST) as a:
        best = Best(best_loss(a), _count(a, "best_iteration"), _vector(a, "best", flat))
        return best, flat.keeping(_kept(a, flat)).unflatten(best.x)


def read_best_loss(folder: Path) -> float:
    """The best loss of a run; SceneError where there is none."""
    with open_arrays(folder / LAST) as a:
        return best_loss(a)


def read_attempts(folder: Path, flat: FlatView[T]) -> list[tuple[int, T]]:
    """The iterations that a run remembered and its last one, with the params at each."""
    with open_arrays(folder / LAST) as a:
        reached, kept = _count(a, "iteration"), flat.keeping(_kept(a, flat))
        found = [*((i, x) for i, x in _attempts(a, flat) if i != reached), (reached, _vector(a, "params", flat))]
        return [(i, kept.unflatten(x)) for i, x in found]


def best_loss(a: Archive) -> float:
    """The best loss in a checkpoint."""
    return _number(a, "best_loss")


def _attempts(a: Archive, flat: FlatView[Any]) -> tuple[tuple[int, Vector], ...]:
    iterations = a.read("attempt_iterations", np.int64, (None,))
    rows = _vectors(a, "attempts", flat, (len(iterations),))
    return tuple((int(i), x) for i, x in zip(iterations, rows, strict=True))


def _kept_arrays(flat: FlatView[Any]) -> dict[str, Any]:
    """The untuned params as arrays, of the types that are read back."""
    kinds = leaf_kinds(flat.like)
    return {name: np.asarray(leaf).astype(_KEPT[kinds[name]]) for name, leaf in flat.kept.items()}


def _kept(a: Archive, flat: FlatView[Any]) -> dict[str, Any]:
    """The untuned params; an Index in a file that somebody else made may be out of its range."""
    found: dict[str, Any] = {}
    ranges = index_ranges(flat.like)
    for name, like in _kept_arrays(flat).items():
        array = a.read(f"kept.{name}", like.dtype.type, like.shape)
        low, high = ranges.get(name, (0, 1))
        if not ((array >= low) & (array <= high)).all():
            raise SceneError(f"{a.file} cannot be read: {name} is not from {low} to {high}")
        found[name] = array if array.shape else array.item()
    return found


def _split(x: Vector, flat: FlatView[Any]) -> list[tuple[str, Vector]]:
    """The parts of a vector, or of a stack of them, by name."""
    lead = x.shape[:-1]
    return [(name, x[..., s].reshape(lead + flat.shapes[name])) for name, s in flat.slices.items()]


def _named(kind: str, x: Vector, flat: FlatView[Any]) -> dict[str, Vector]:
    return {f"{kind}.{name}": part for name, part in _split(x, flat)}


def _vectors(a: Archive, kind: str, flat: FlatView[Any], lead: tuple[int, ...]) -> Vector:
    parts = [a.read(f"{kind}.{name}", np.float64, lead + shape) for name, shape in flat.shapes.items()]
    return (
        np.concatenate([p.reshape((*lead, math.prod(p.shape[len(lead) :]))) for p in parts], axis=-1)
        if parts
        else np.zeros((*lead, 0))
    )


def _vector(a: Archive, kind: str, flat: FlatView[Any]) -> Vector:
    return _vectors(a, kind, flat, ())


def _count(a: Archive, name: str) -> int:
    n = int(a.read(name, np.int64, ()))
    if n < 0:
        raise SceneError(f"{a.file} cannot be read: {name} is {n}")
    return n


def _number(a: Archive, name: str) -> float:
    v = float(a.read(name, np.float64, ()))
    if not math.isfinite(v):
        raise SceneError(f"{a.file} cannot be read: {name} is {v}")
    return v
