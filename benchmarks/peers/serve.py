"""One tool in a process of its own: prepares a task, then runs it as often as it is requested.

    python benchmarks/peers/serve.py MODULE TASK '{"steps": 1024}'

It answers in JSON lines on its standard output. The first has the seconds of importing the tool, the seconds until
the first result (tracing, compiling, one run), the tool's version, and results at the points where tools are
compared. Then, for each integer k that it reads: milliseconds of k runs; for sizes as JSON: the same task again with
those sizes, with such a first line. The timed call is written as a user of the tool would write it: where its numbers
are not a vector, `run.native(z)` gives that call. (rose_peer.mjs answers integers in the same way, under Node.)
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]


def plain(result: Any) -> list[Any]:
    """Loss and gradient as JSON's types."""
    import numpy as np

    return [np.asarray(v, dtype=float).tolist() for v in result]


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # output that a tool prints is not an answer
    module, task, sizes = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    begun = time.perf_counter()
    tool = importlib.import_module(module)
    imported = time.perf_counter() - begun
    import given

    given.rack(), given.robot()  # so that reading our scenes counts for no tool

    def prepare(sizes: dict[str, Any]) -> Callable[[], Any]:
        points = tool.points(task, **sizes)
        begun = time.perf_counter()
        run = getattr(tool, task)(**sizes)
        results = [plain(run(points[0]))]
        ready = time.perf_counter() - begun
        results += [plain(run(z)) for z in points[1:]]
        facts = getattr(run, "facts", {})
        first = {"import": imported, "ready": ready, "version": tool.VERSION, "results": results, "facts": facts}
        answers.write(json.dumps(first) + "\n")
        native = getattr(run, "native", lambda z: lambda: run(z))
        return native(points[0])

    call = prepare(sizes)
    for line in sys.stdin:
        message = json.loads(line)
        if isinstance(message, dict):
            call = prepare(message)
            continue
        times: list[float] = []
        for _ in range(message):
            begun = time.perf_counter()
            call()
            times.append(1e3 * (time.perf_counter() - begun))
        answers.write(json.dumps(times) + "\n")


if __name__ == "__main__":
    main()
