"""Trials on processes of this machine.

The standard library's pool of processes is not used: when one of its workers is killed, it gives up all of them.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import queue
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext
from typing import Any

from rosesim.train.errors import Interrupted
from rosesim.train.sweeps.trial import TRIES, Job, Outcome, carry_out

STOP_SECONDS = 10.0
"""Time for workers to save their trials after a Ctrl-C: an iteration may take long, a checkpoint is a second old."""


def on_processes(jobs: Sequence[Job], workers: int, finished: Callable[[Outcome], None]) -> None:
    """Carry out jobs on `workers` new processes; `finished` is called here with each outcome as it arrives.

    A process that dies is replaced, and its trial continues from its last checkpoint. When a third process dies
    during the same trial, that trial's outcome is an error. After an exception from `finished`, or Ctrl-C, all
    workers save and end, and then the exception is raised.
    """
    context = multiprocessing.get_context("spawn")
    waiting, lost = deque(jobs), Counter[int]()
    team = [_Worker(context) for _ in range(min(workers, len(jobs)))]
    try:
        while waiting or any(w.job for w in team):
            for worker in team:
                if worker.job is None and waiting:
                    worker.give(waiting.popleft())
            ready = wait([w.connection for w in team if w.job])
            for k, worker in enumerate(team):
                if worker.job is None or worker.connection not in ready:
                    continue
                job, outcome = worker.job, worker.take()
                if outcome is not None:
                    finished(outcome)
                    continue
                lost[job.trial] += 1
                status = worker.end(0.0)
                team[k] = _Worker(context)
                if lost[job.trial] < TRIES:
                    waiting.appendleft(job)
                else:
                    finished(Outcome(job.trial, f"its process died {TRIES} times, with status {status}", True))
    finally:
        for worker in team:
            worker.let_go()
        until = time.monotonic() + STOP_SECONDS
        for worker in team:
            worker.end(until - time.monotonic())


class _Worker:
    """A process that carries out one job after another, seen from the leading process."""

    def __init__(self, context: SpawnContext):
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs,), daemon=True)
        with _deaf():
            self.process.start()
        theirs.close()  # so that the connection ends when the process dies
        self.job: Job | None = None

    def give(self, job: Job) -> None:
        """Send it a job; if the process is dead, its answer will show that."""
        self.job = job
        with contextlib.suppress(OSError):
            self.connection.send(job)

    def take(self) -> Outcome | None:
        """The outcome of its job, or None where the process died during it."""
        self.job = None
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            return None

    def let_go(self) -> None:
        """Let it save its job and end."""
        self.connection.close()

    def end(self, seconds: float) -> Any:
        """Wait until it has ended, by force after so many seconds; return its exit status."""
        self.connection.close()
        self.process.join(max(seconds, 0.05))
        if self.process.is_alive():
            self.process.terminate()
            self.process.join(1.0)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        return self.process.exitcode


@contextlib.contextmanager
def _deaf() -> Generator[None]:
    """Processes that start within ignore Ctrl-C, which is for the leading process."""
    if threading.current_thread() is not threading.main_thread():
        yield  # no handler can be set in another thread
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _work(connection: Connection) -> None:
    """The loop of a worker. It ends with the connection, also when the leading process dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stop = threading.Event()
    jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()

    def listen() -> None:
        try:
            while True:
                jobs.put(connection.recv())
        except (EOFError, OSError):
            stop.set()
            jobs.put(None)

    threading.Thread(target=listen, daemon=True).start()
    while (job := jobs.get()) is not None:
        try:
            connection.send(carry_out(job, stop))
        except (Interrupted, OSError):
            return
