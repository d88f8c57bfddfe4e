"""How our electric scene compares with a hand-written C adjoint of it, in one sitting.

    python benchmarks/electric_ratio.py [--steps 511] [--rounds 200]

Needs gcc. Value and gradient of the first path of the reference values: ours, and C, whose loops are
vectorised by hand and by gcc. They take turns, so that the machine's fluctuations affect all alike. Our value is
timed with them. Prints one JSON object: milliseconds (medians), ours over C, gradient over value.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from c_limits import Run, build, compare

from rosesim.scenes import compiled, configure, find_scene
from rosesim.scenes.kit import Network

SEED = 1.0


def weights(hidden: int = 64) -> Network:
    """The weights of the reference values."""
    i, j = np.mgrid[:8, :hidden]
    weights1 = 0.15 * np.sin(SEED + 7 * i + 3 * j).T
    i, j = np.mgrid[:hidden, :8]
    weights2 = 0.15 * np.sin(SEED + 1 + 5 * i + 11 * j).T
    arrays: list[Any] = [weights1.copy(), np.zeros(hidden), weights2.copy(), np.zeros(8)]
    return Network(*arrays)


def c_adjoint(scene: Any, points: np.ndarray, net: Any, folder: Path) -> Run:
    """The C stores weights transposed and reads the goal's positions from a table; its gradient is put into our
    order."""
    c = build("electric", folder, wide=True)
    c.electric_scratch.restype = ctypes.c_void_p
    c.electric_grad.restype = ctypes.c_double
    c.electric_grad.argtypes = [ctypes.c_int] + [ctypes.c_void_p] * 5
    t = np.arange(scene.steps + 1)
    i, part = t // scene.segment, (t % scene.segment / scene.segment)[:, None]
    along = np.ascontiguousarray(points[i + 1] - points[i])
    goal = points[i] + part * along
    given = np.concatenate([net.weights1.T.ravel(), net.bias1, net.weights2.T.ravel(), net.bias2])
    gradient = np.zeros_like(given)
    scratch = c.electric_scratch(scene.steps + 1)
    cuts = np.cumsum([net.weights1.size, net.bias1.size, net.weights2.size])

    def run() -> tuple[float, np.ndarray]:
        loss = c.electric_grad(
            scene.steps + 1, given.ctypes.data, goal.ctypes.data, along.ctypes.data, gradient.ctypes.data, scratch
        )
        w1, b1, w2, b2 = np.split(gradient, cuts)
        return loss, np.concatenate([w1.reshape(8, -1).T.ravel(), b1, w2.reshape(-1, 8).T.ravel(), b2])

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=511)
    parser.add_argument("--rounds", type=int, default=200)
    given = parser.parse_args()
    scene, inputs = configure(find_scene("electric"), [f"steps={given.steps}"])
    program, net = compiled(scene), weights()
    begun = time.perf_counter()
    both = program.value_and_grad
    seconds = time.perf_counter() - begun

    def ours() -> tuple[float, np.ndarray]:
        loss, gradient = both(net, inputs)
        return loss, program.flat.flatten(gradient)

    def value() -> tuple[float, np.ndarray]:
        return program.value(net, inputs), gradient

    _, gradient = ours()
    with tempfile.TemporaryDirectory() as folder:
        adjoint = c_adjoint(scene, np.asarray(inputs.points), net, Path(folder))
        median = compare({"ours": ours, "c": adjoint, "value": value}, given.rounds)
    record = {
        "steps": given.steps,
        "ms": median,
        "ratio": median["ours"] / median["c"],
        "gradient_over_value": median["ours"] / median["value"],
        "compile_seconds": seconds,
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
