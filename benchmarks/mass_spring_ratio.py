"""How our mass-spring robot compares with a hand-written C adjoint of it, in one sitting.

    python benchmarks/mass_spring_ratio.py [--robot D] [--steps 1364] [--rounds 40]

Needs gcc. Value and gradient with deterministic weights (those of the reference values). Prints one JSON
object: milliseconds (medians), ours over C, and gradient over value.
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


def weights(seed: float, inputs: int, springs: int, hidden: int = 32) -> Any:
    """The deterministic weights of the reference values."""
    i, j = np.mgrid[:hidden, :inputs]
    weights1 = np.sin(seed + 7 * i + 3 * j) * np.sqrt(2 / (hidden + inputs)) * 2
    i, j = np.mgrid[:springs, :hidden]
    weights2 = np.sin(seed + 1 + 5 * i + 11 * j) * np.sqrt(2 / (hidden + springs)) * 3
    arrays: list[Any] = [weights1, np.zeros(hidden), weights2, np.zeros(springs)]
    return Network(*arrays)


def c_adjoint(scene: Any, net: Any, folder: Path) -> Run:
    """The C stores weights transposed; its gradient is put into our order."""
    robot = scene.robot
    n, m = len(robot.nodes), len(robot.springs)
    c = build("mass_spring", folder, f"NO={n}", f"NS={m}")
    c.mass_spring_scratch.restype = ctypes.c_void_p
    c.mass_spring_grad.restype = ctypes.c_double
    c.mass_spring_grad.argtypes = [ctypes.c_int] + [ctypes.c_void_p] * 5
    ends = robot.ends.T.astype(np.int32).tobytes()
    ends += b"\0" * (-len(ends) % 8)  # so that the doubles after the integers are aligned
    data = np.frombuffer(ends + np.concatenate([robot.of_springs(k) for k in (2, 3, 4)]).tobytes(), np.uint8).copy()
    given = np.concatenate([net.weights1.T.ravel(), net.bias1, net.weights2.T.ravel(), net.bias2])
    gradient, start = np.zeros_like(given), robot.positions
    scratch = c.mass_spring_scratch(scene.steps)
    cuts = np.cumsum([net.weights1.size, net.bias1.size, net.weights2.size])

    def run() -> tuple[float, np.ndarray]:
        loss = c.mass_spring_grad(
            scene.steps, data.ctypes.data, start.ctypes.data, given.ctypes.data, gradient.ctypes.data, scratch
        )
        w1, b1, w2, b2 = np.split(gradient, cuts)
        w1, w2 = (
            w.reshape(shape[::-1]).T.ravel() for w, shape in ((w1, net.weights1.shape), (w2, net.weights2.shape))
        )
        return loss, np.concatenate([w1, b1, w2, b2])

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--robot", default="D")
    parser.add_argument("--steps", type=int, default=1364)
    parser.add_argument("--rounds", type=int, default=40)
    given = parser.parse_args()
    scene, inputs = configure(find_scene("mass_spring"), [f"robot={given.robot}", f"steps={given.steps}"])
    program = compiled(scene)
    net = weights(1.0, len(program.flat.like.weights1[0]), len(program.flat.like.bias2))
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
        median = compare({"ours": ours, "c": c_adjoint(scene, net, Path(folder)), "value": value}, given.rounds)
    record = {
        "robot": given.robot,
        "steps": given.steps,
        "ms": median,
        "ratio": median["ours"] / median["c"],
        "gradient_over_value": median["ours"] / median["value"],
        "compile_seconds": seconds,
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
