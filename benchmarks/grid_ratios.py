"""How our scenes on grids compare with hand-written C adjoints of them, in one sitting, on one core.

    python benchmarks/grid_ratios.py [wave|water_renderer|smoke|volume_renderer ...] [--rounds 20]

Needs gcc. At the scenes' default sizes (the volume renderer also at 64 pixels and 32 cells), from the first
surface, wind or density of the reference values. The programs take turns, so that the machine's fluctuations affect
all alike. Prints a JSON object per line: milliseconds (medians), our gradient over the C's, and over our value.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import math
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from c_limits import Run, build, compare
from numpy.typing import NDArray

from rosesim.scenes import compiled, configure, find_scene

Array = NDArray[np.float64]
Case = tuple[list[str], Callable[[Any], Array], Callable[[Any, Array, Path], Run]]
"""Settings, the point of the gradient, and the C program at that point."""


def aligned(a: Any) -> Array:
    """A copy that begins at a cache line, as the C's vectors require."""
    room = np.empty(a.size + 8)
    start = -room.ctypes.data % 64 // 8
    out = room[start : start + a.size].reshape(a.shape)
    out[...] = a
    return out


def c_program(
    name: str, folder: Path, definition: str, scratch: dict[str, list[int]], args: list[Any], g: Array
) -> Run:
    """A C function that returns the loss and leaves the gradient in g."""
    c = build(name, folder, definition, wide=True)
    pointers: list[Any] = []
    for function, sizes in scratch.items():
        make = getattr(c, function)
        make.restype, make.argtypes = ctypes.c_void_p, [ctypes.c_int] * len(sizes)
        pointers.append(ctypes.c_void_p(make(*sizes)))
    run = getattr(c, f"{name}_grad")
    run.restype = ctypes.c_double
    kept = [*args, g]
    given = [a if isinstance(a, int) else ctypes.c_void_p(a.ctypes.data) for a in kept]

    def evaluate() -> tuple[float, Any]:
        assert kept
        return run(*given, *pointers), g

    return evaluate


def waves(scene: Any) -> Array:
    i, j = np.mgrid[: scene.n, : scene.n]
    return 0.1 * np.sin(1 + 0.37 * i + 0.61 * j)


def wave_in_c(scene: Any, z: Array, folder: Path) -> Run:
    wanted = aligned(np.asarray(scene.inputs().wanted))
    args = [scene.steps + 1, 1, aligned(z), wanted]
    return c_program("wave", folder, f"N={scene.n}", {"wave_scratch": []}, args, aligned(np.zeros_like(z)))


def ripples(scene: Any) -> Array:
    u = (np.arange(scene.n) + 0.5) / scene.n
    return 0.1 * np.sin(1 + 5 * u[:, None] + 9 * u[None, :])


def water_in_c(scene: Any, z: Array, folder: Path) -> Run:
    pictures = [aligned(np.asarray(p)) for p in (scene.inputs().below, scene.inputs().wanted)]
    args = [scene.steps + 1, 1, aligned(z), *pictures]
    return c_program("water_renderer", folder, f"N={scene.n}", {"water_scratch": []}, args, aligned(np.zeros_like(z)))


def winds(scene: Any) -> Array:
    y, x = np.mgrid[: scene.n, : scene.n]
    k = 2 * math.pi / scene.n
    along_x = np.cos(1 + k * (2 * y - x)) + 0.5 * np.sin(k * 3 * x)
    return 0.3 * np.stack([np.sin(1 + k * (y + 2 * x)), along_x], axis=-1)


def smoke_in_c(scene: Any, z: Array, folder: Path) -> Run:
    args = [scene.steps, scene.sweeps, aligned(z), aligned(np.asarray(scene.inputs().wanted))]
    scratch = {"smoke_scratch": [scene.steps], "smoke_work": []}
    return c_program("smoke", folder, f"N={scene.n}", scratch, args, aligned(np.zeros_like(z)))


def densities(scene: Any) -> Array:
    z, y, x = np.mgrid[: scene.n, : scene.n, : scene.n]
    return (1 + np.sin(1 + 0.3 * z + 0.5 * y + 0.7 * x)) / (2 * scene.n)


def volume_in_c(scene: Any, z: Array, folder: Path) -> Run:
    args = [scene.pixels, z, np.ascontiguousarray(scene.inputs().wanted)]
    return c_program(
        "volume_renderer", folder, f"N={scene.n}", {"volume_renderer_scratch": []}, args, np.zeros_like(z)
    )


CASES: dict[str, list[Case]] = {
    "wave": [([], waves, wave_in_c)],
    "water_renderer": [([], ripples, water_in_c)],
    "smoke": [([], winds, smoke_in_c)],
    "volume_renderer": [
        (["n=32", "pixels=64"], densities, volume_in_c),
        ([], densities, volume_in_c),
    ],
}


def measure(name: str, case: Case, rounds: int, folder: Path) -> dict[str, Any]:
    settings, place, in_c = case
    scene, inputs = configure(find_scene(name), settings)
    program = compiled(scene)
    z = place(scene)
    params = program.flat.unflatten(z.ravel())
    begun = time.perf_counter()
    _ = program.value_and_grad
    seconds = time.perf_counter() - begun

    def ours() -> tuple[float, Any]:
        loss, gradient = program.value_and_grad(params, inputs)
        return loss, np.asarray(next(iter(vars(gradient).values()))).ravel()

    def value() -> tuple[float, Any]:
        return program.value(params, inputs), found

    found = ours()[1]
    theirs = in_c(scene, z, folder)

    def c() -> tuple[float, Any]:
        loss, g = theirs()
        return loss, g.ravel()

    median = compare({"ours": ours, "c": c, "value": value}, rounds)
    return {
        "scene": " ".join([name, *settings]),
        "ms": median,
        "ratio": median["ours"] / median["c"],
        "gradient_over_value": median["ours"] / median["value"],
        "compile_seconds": seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("scenes", nargs="*", default=list(CASES))
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    for name in given.scenes:
        for case in CASES[name]:
            with tempfile.TemporaryDirectory() as folder:
                print(json.dumps(measure(name, case, given.rounds, Path(folder))), flush=True)


if __name__ == "__main__":
    main()
