"""How long a frame of the viewer takes while the optimiser runs, without a display.

    python benchmarks/viewer_frames.py [SCENE] [--seconds 5] [--set field=value ...]

Under SDL's dummy driver, which draws everything and shows nothing. A frame is all of its work (events,
replay, drawing, flip), without the wait that limits it to 60 a second. The mouse rests on the scene, so that
handles are drawn too. Prints one JSON object: milliseconds of the frames, iterations made meanwhile, and
the seconds from the start of this script to the first frame, the first moving picture, and the gradient.
"""

from __future__ import annotations

import argparse
import json
import os
import time

BEGUN = time.perf_counter()
os.environ["SDL_VIDEODRIVER"] = "dummy"

import numpy as np  # noqa: E402 -- the import is part of what is measured

from rosesim.scenes import configure, find_scene  # noqa: E402
from rosesim.train import make_optimizer  # noqa: E402
from rosesim.view import Beginning, Live, Session, Window  # noqa: E402

FRAME = 1 / 60


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("scene", nargs="?", default="billiards")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--set", action="append", default=[])
    given = parser.parse_args()
    scene, inputs = configure(find_scene(given.scene), given.set)
    beginning = Beginning(scene.params(np.random.default_rng(0)), inputs)
    live = Live(scene, beginning, make_optimizer(scene.published.optimizer, inputs.learning_rate))
    window = Window(Session(scene, live), scene.name)
    live.start()
    reached: dict[str, float] = {}
    times: list[float] = []
    try:
        while "gradient" not in reached:
            window.frame(FRAME)
            known = live.latest
            for name, is_so in (
                ("first_frame", True),
                ("moving", known is not None),
                ("gradient", known is not None and known.gradient is not None),
            ):
                if is_so:
                    reached.setdefault(name, time.perf_counter() - BEGUN)
            if live.failure:
                raise SystemExit(live.failure)
            time.sleep(1 / 20)
        pygame = window.pygame
        pygame.event.post(pygame.event.Event(pygame.MOUSEMOTION, pos=(300, 250), rel=(0, 0), buttons=(0, 0, 0)))
        window.frame(FRAME)
        live.optimise(True)
        before, begun = live.evaluations, time.perf_counter()
        while time.perf_counter() - begun < given.seconds:
            at = time.perf_counter()
            window.frame(FRAME)
            times.append(time.perf_counter() - at)
            time.sleep(max(0.0, FRAME - times[-1]))
    finally:
        live.close()
        window.close()
    ms = 1e3 * np.array(times)
    record = {
        "scene": scene.name,
        "frames": len(times),
        "frame_ms": {"median": float(np.median(ms)), "p95": float(np.percentile(ms, 95)), "max": float(ms.max())},
        "iterations": live.evaluations - before,
        "seconds": given.seconds,
        "loss": live.latest.attempt.loss if live.latest else None,
        "seconds_to": reached,
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
