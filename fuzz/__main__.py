"""`python -m fuzz`: random programs for some minutes, on several processes; the run can be stopped and continued."""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from fuzz.journal import Journal, named, report


def main() -> int:
    """Parse the command and carry it out; 1 where a disagreement was found."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="stop after this many (default 1)")
    parser.add_argument("--programs", type=int, default=0, help="stop after this many in all (default: no limit)")
    parser.add_argument(
        "--out", type=Path, default=Path("fuzz-run"), help="the run's folder; an existing run is continued"
    )
    parser.add_argument(
        "--first",
        type=int,
        default=0,
        help="the first chunk's number; a chunk's programs depend on its number alone (default 0)",
    )
    parser.add_argument("--workers", type=int, default=1, help="processes at once")
    parser.add_argument("--size", type=int, default=250, help="programs in each chunk")
    parser.add_argument(
        "--modes", action="store_true", help="the other modes too: lanes, cache, f32, second derivative"
    )
    parser.add_argument(
        "--large", action="store_true", help="large programs, which meet the passes over products, runs and grids"
    )
    parser.add_argument(
        "--wasm", action="store_true", help="in WebAssembly alone, with the bits of strict machine code"
    )
    parser.add_argument("--report", action="store_true", help="only report what the run has found so far")
    parser.add_argument("--chunk", type=int, help=argparse.SUPPRESS)  # one chunk, in this process
    given = parser.parse_args()
    journal = Journal(given.out)
    if given.chunk is not None:
        from fuzz.chunk import run_chunk

        gc.freeze()  # imported objects stay, and need not be examined again for each program: a seventh of the time
        gc.set_threshold(100_000, 20, 50)
        note = journal.running / str(given.chunk)
        ways = {"modes": given.modes, "large": given.large, "wasm": given.wasm}
        print(json.dumps(run_chunk(given.chunk, given.size, **ways, note=note)))
        return 0
    if not given.report:
        try:
            _run(journal, given)
        except KeyboardInterrupt:
            print("stopped; the same command continues", file=sys.stderr)
    entries = journal.entries()
    print(report(entries))
    return 1 if any(e["found"] for e in entries) else 0


def _run(journal: Journal, given: argparse.Namespace) -> None:
    """Start chunks that are not done yet, until the time is over; then wait for those that are running."""
    done = journal.done(given.modes, given.large, given.wasm)
    ends = time.monotonic() + 60 * given.minutes
    most = -(-given.programs // given.size) if given.programs else sys.maxsize
    running: dict[int, subprocess.Popen[str]] = {}
    number = given.first
    try:
        while True:
            while len(running) < given.workers and time.monotonic() < ends and len(done) + len(running) < most:
                while number in done or number in running:
                    number += 1
                running[number] = _start(number, given)
            if not running:
                return
            for k, process in list(running.items()):
                if process.poll() is not None:
                    del running[k]
                    done.add(k)
                    _note(journal, k, process, given)
            time.sleep(0.05)
    finally:
        for process in running.values():
            process.kill()
            process.wait()


def _start(number: int, given: argparse.Namespace) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "fuzz",
        "--chunk",
        str(number),
        "--size",
        str(given.size),
        "--out",
        str(given.out),
    ]
    command += ["--modes"] * given.modes + ["--large"] * given.large + ["--wasm"] * given.wasm
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _note(journal: Journal, number: int, process: subprocess.Popen[str], given: argparse.Namespace) -> None:
    """Record the result of a chunk; if its process died, that is the result."""
    said = (process.stdout.read() if process.stdout is not None else "").strip()
    running = journal.running / str(number)
    if process.returncode == 0 and said:
        entry: dict[str, Any] = json.loads(said.splitlines()[-1])
    else:
        row = running.read_text() if running.exists() else ""
        found = {"row": row, "said": f"the process ended with status {process.returncode}", "trace": ""}
        entry = {"chunk": number, "size": given.size, "counts": {}, "found": found}
    journal.add({**entry, "modes": given.modes, "large": given.large, "wasm": given.wasm})
    running.unlink(missing_ok=True)
    if entry["found"]:
        print(
            f"{named({'large': given.large, 'wasm': given.wasm, **entry})}: {entry['found']['said']}", file=sys.stderr
        )


if __name__ == "__main__":
    sys.exit(main())
