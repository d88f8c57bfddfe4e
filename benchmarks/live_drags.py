"""Whether live optimisation after a drag ends at or below the loss that the drag left.

    python benchmarks/live_drags.py [--drags 100] [--seconds 2] [--turns N] [--set SCENE:field=value ...]

A user drags a handle to a random place of the picture while the optimiser runs, in a few moves, and lets go. The
loss of the first snapshot after that is the loss after the drag, and the last one `seconds` later is compared with
it. Session, worker and thread are those of the window, without one. Before each drag everything is reset.

With `--turns`, no thread runs and no clock counts: after each drag the worker makes this many turns (each an
evaluation of loss and gradient), which gives the same numbers on a busy machine. The output also has the loss of
the same optimiser when every step is taken.

Prints one JSON object for each handle: in how many drags the loss was at or below; medians of the losses.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np

from rosesim import RosesimError
from rosesim.scenes import compiled, configure, find_scene
from rosesim.train import make_optimizer
from rosesim.view import Beginning, Live, Session

Point = tuple[float, float]

SEED = 0
HANDLES = {"billiards": (("goal", None), ("cue", None)), "mass_spring": (("node", 0.05),)}
"""Handles, and how far they are dragged at most, each way; None means anywhere in the picture. `node` is a random
node of the robot each time: springs that are stretched to several times their length tear it apart."""
MOVES = 5
"""Moves in which a handle is dragged to its place, while the optimiser runs."""
TURNS_A_MOVE = 3
"""Turns per move without a thread; with one, a move takes a sixtieth of a second."""


def turn(live: Live) -> None:
    """One turn of the worker's thread: execute the commands that there are, or take a step."""
    commands, live._commands = live._commands, []
    live._taken = live._serial
    if commands or (live.optimising and not live._course.settled):
        try:
            live._turn(commands)
        except RosesimError as e:
            live.optimising, live.failure = False, str(e)


def drag(session: Session, handle: str, to: Point, threaded: bool) -> None:
    """Drag a handle somewhere and let go."""
    begun = session.handles()[handle]
    session.grab(handle, begun)
    for k in range(1, MOVES + 1):
        session.drag((begun[0] + (to[0] - begun[0]) * k / MOVES, begun[1] + (to[1] - begun[1]) * k / MOVES))
        if threaded:
            time.sleep(1 / 60)
        else:
            for _ in range(TURNS_A_MOVE):
                turn(session.live)
    session.drop()
    settle(session, threaded)


def settle(session: Session, threaded: bool) -> None:
    """Wait until the worker has executed the last command."""
    live = session.live
    if not threaded:
        return turn(live)
    while live.failure is None and (live.latest is None or live.latest.serial < live._serial):
        time.sleep(1e-4)


def every_step_taken(live: Live, turns: int) -> float:
    """The loss that the optimiser reaches from here when all of its steps are taken."""
    program, now = compiled(live.scene), live._course
    x = program.flat.flatten(now.params)
    state = live.optimizer.start(x)
    for _ in range(turns):
        loss, gradient = program.value_and_grad(program.flat.unflatten(x), now.inputs)
        if not np.isfinite(loss):
            return np.inf
        x, state = live.optimizer.step(x, program.flat.flatten(gradient), state)
    loss = program.value(program.flat.unflatten(x), now.inputs)
    return float(loss) if np.isfinite(loss) else np.inf


def drags(
    scene: Any, inputs: Any, handle: str, reach: float | None, count: int, seconds: float, turns: int | None
) -> dict[str, Any]:
    """The losses of some random drags of a handle, each from the beginning: right after the drag, and later."""
    beginning = Beginning(scene.params(np.random.default_rng(0)), inputs)
    live = Live(scene, beginning, make_optimizer(scene.published.optimizer, float(inputs.learning_rate)))
    session, rng, threaded = Session(scene, live), np.random.default_rng(SEED), turns is None
    left, bottom, right, top = scene.extent
    torn = 0
    found: list[tuple[float, float, float]] = []
    if threaded:
        live.start()
    try:
        while live.latest is None or live.latest.gradient is None:
            live._command(lambda: None)
            settle(session, threaded)
        while len(found) < count:
            session.act("reset")
            live.optimise(True)
            settle(session, threaded)
            names = [n for n in session.handles() if n.split()[0] == handle]
            name = names[int(rng.integers(len(names)))]
            x, y = session.handles()[name]
            low, high = (
                ((left, bottom), (right, top)) if reach is None else ((x - reach, y - reach), (x + reach, y + reach))
            )
            drag(session, name, tuple(rng.uniform(low, high)), threaded)
            if live.failure is not None:  # a robot that is torn apart has no loss, and the window reports that
                torn += 1
                continue
            after, plain = live.latest.attempt.loss, np.nan  # pyright: ignore[reportOptionalMemberAccess] -- there is one
            if threaded:
                time.sleep(seconds)
            else:
                plain = every_step_taken(live, turns or 0)
                for _ in range(turns or 0):
                    turn(live)
            live.optimise(False)
            settle(session, threaded)
            found.append((after, live.latest.attempt.loss if live.failure is None else np.inf, plain))  # pyright: ignore[reportOptionalMemberAccess]
    finally:
        live.close()
    after, reached, plain = np.array(found).T
    record = {
        "at_or_below": int((reached <= after).sum()),
        "drags_without_a_finite_loss": torn,
        "median_after_the_drag": float(np.median(after)),
        "median_reached": float(np.median(reached)),
    }
    if threaded:
        return record
    return {
        **record,
        "every_step_taken": {
            "at_or_below": int((plain <= after).sum()),
            "median_reached": float(np.median(plain)),
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--drags", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--turns", type=int)
    parser.add_argument("--set", action="append", default=[], metavar="SCENE:FIELD=VALUE")
    given = parser.parse_args()
    for name, handles in HANDLES.items():
        ours = [a.partition(":")[2] for a in given.set if a.startswith(f"{name}:")]
        scene, inputs = configure(find_scene(name), ours)
        for handle, reach in handles:
            found = drags(scene, inputs, handle, reach, given.drags, given.seconds, given.turns)
            print(json.dumps({"scene": name, "handle": handle, "drags": given.drags, **found}), flush=True)


if __name__ == "__main__":
    main()
