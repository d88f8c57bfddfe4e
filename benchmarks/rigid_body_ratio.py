"""How our rigid-body robots compare with hand-written C adjoints of them, in one sitting.

    python benchmarks/rigid_body_ratio.py [--robot A ...] [--steps 2047] [--rounds 20]

Needs gcc. Value and gradient with deterministic weights (those of the reference values). The C uses vectors of
64 bytes where the processor has them, of 32 elsewhere. Prints a JSON object for each robot: milliseconds (medians),
ours over C, and gradient over value.
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
from numpy.typing import NDArray

from rosesim.scenes import compiled, configure, find_scene
from rosesim.scenes.kit import Network, box_inertia

Array = NDArray[np.float64]
LANES = 8


def weights(seed: float, inputs: int, springs: int, hidden: int = 32) -> Any:
    """The deterministic weights of the reference values."""
    i, j = np.mgrid[:hidden, :inputs]
    weights1 = np.sin(seed + 7 * i + 3 * j) * np.sqrt(2 / (hidden + inputs)) * 0.5
    i, j = np.mgrid[:springs, :hidden]
    weights2 = np.sin(seed + 1 + 5 * i + 11 * j) * np.sqrt(2 / (hidden + springs))
    arrays: list[Any] = [weights1, np.zeros(hidden), weights2, np.zeros(springs)]
    return Network(*arrays)


def aligned(a: Array) -> Array:
    """A copy that begins at a cache line, as the C's vectors require."""
    room = np.empty(a.size + 8)
    start = -room.ctypes.data % 64 // 8
    out = room[start : start + a.size]
    out[...] = a
    return out


def filled(a: Any) -> Array:
    """The array padded with zeros up to a multiple of the C's lanes."""
    return np.concatenate([a, np.zeros(-len(a) % LANES)])


def c_arguments(scene: Any, net: Any) -> tuple[list[str], list[Array], NDArray[np.int64]]:
    """What the C is compiled with, the robot, start and weights that it takes, and where its gradient has ours.

    The C stores weights transposed, and pads boxes and springs to multiples of eight.
    """
    robot = scene.robot
    n, m, hidden = len(robot.boxes), len(robot.springs), scene.hidden
    mass, moment = box_inertia(robot.half)
    rows = np.array(robot.springs)
    joint = rows[:, 6] == -1
    columns = [*rows[:, 2:6].T, np.where(joint, 0, rows[:, 6]), rows[:, 7], rows[:, 8], joint]
    whole = np.concatenate([filled(rows[:, 0]), filled(rows[:, 1]), [robot.head]]).astype(np.int64)
    reals = [filled(v) for v in (*robot.half.T, 1 / mass, 1 / moment, *columns)]
    data = np.concatenate([*reals, whole.view(np.float64)])
    zero = np.zeros(len(filled(mass)))
    x, y, angle = (filled(v) for v in robot.start.T)
    start = np.concatenate([x, y, zero, zero, angle, zero])
    lanes = len(filled(np.zeros(m)))
    second = np.zeros((hidden, lanes))
    second[:, :m] = net.weights2.T
    given = np.concatenate([net.weights1.T.ravel(), np.zeros(hidden), second.ravel(), np.zeros(lanes)])
    w1, b1, w2, b2 = np.split(np.arange(given.size), np.cumsum([net.weights1.size, hidden, hidden * lanes]))
    order = np.concatenate([w1.reshape(-1, hidden).T.ravel(), b1, w2.reshape(hidden, lanes)[:, :m].T.ravel(), b2[:m]])
    return [f"NB={n}", f"NS={m}", f"PEN={scene.p}"], [data, start, given], order


def c_adjoint(scene: Any, net: Any, folder: Path) -> Run:
    """The C's value and gradient, in our order."""
    definitions, arrays, order = c_arguments(scene, net)
    c = build("rigid_body", folder, *definitions, wide=True)
    c.rigid_body_scratch.restype = ctypes.c_void_p
    c.rigid_body_grad.restype = ctypes.c_double
    c.rigid_body_grad.argtypes = [ctypes.c_int] + [ctypes.c_void_p] * 5
    data, start, given = map(aligned, arrays)
    gradient = aligned(np.zeros_like(given))
    scratch = c.rigid_body_scratch(scene.steps)

    def run() -> tuple[float, Array]:
        loss = c.rigid_body_grad(
            scene.steps, data.ctypes.data, start.ctypes.data, given.ctypes.data, gradient.ctypes.data, scratch
        )
        return loss, gradient[order]

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--robot", nargs="*", default=["A", "B", "L"])
    parser.add_argument("--steps", type=int, default=2047)
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    for robot in given.robot:
        scene, inputs = configure(find_scene("rigid_body"), [f"robot={robot}", f"steps={given.steps}"])
        program = compiled(scene)
        net = weights(1.0, len(program.flat.like.weights1[0]), len(program.flat.like.bias2))
        begun = time.perf_counter()
        both = program.value_and_grad
        seconds = time.perf_counter() - begun
        value = program.value
        gradient = program.flat.flatten(both(net, inputs)[1])

        def ours(net: Any = net, inputs: Any = inputs, both: Any = both, flat: Any = program.flat):
            loss, found = both(net, inputs)
            return loss, flat.flatten(found)

        def alone(net: Any = net, inputs: Any = inputs, value: Any = value, gradient: Any = gradient):
            return value(net, inputs), gradient

        with tempfile.TemporaryDirectory() as folder:
            median = compare({"ours": ours, "c": c_adjoint(scene, net, Path(folder)), "value": alone}, given.rounds)
        record = {
            "robot": robot,
            "steps": given.steps,
            "ms": median,
            "ratio": median["ours"] / median["c"],
            "gradient_over_value": median["ours"] / median["value"],
            "compile_seconds": seconds,
        }
        print(json.dumps(record), flush=True)


if __name__ == "__main__":
    main()
