"""Trials on processes of this machine.

Not the standard library's pool of processes: when one of its workers is killed, it gives up all of them.
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
"""For workers to save their trials after a Ctrl-C: an iteration may take long, a checkpoint is a second old."""


def on_processes(jobs: Sequence[Job], workers: int, finished: Callable[[Outcome], None]) -> None:
    """Carry out jobs on so many new processes; `finished` is called with each outcome, here, as it comes.

    A process that dies is replaced, and its trial begins again, where its last checkpoint is; the third one
    that dies of a trial makes that one's outcome an error. An exception from `finished`, and Ctrl-C, let
    every worker save, end them, and come through.
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
    """A process that carries out one job after another, as seen from here."""

    def __init__(self, context: SpawnContext):
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs,), daemon=True)
        with _deaf():
            self.process.start()
        theirs.close()  # so that its death is the connection's end
        self.job: Job | None = None

    def give(self, job: Job) -> None:
        """A job; that the process is dead shows in what it answers."""
        self.job = job
        with contextlib.suppress(OSError):
            self.connection.send(job)

    def take(self) -> Outcome | None:
        """The outcome of its job, or None where the process died of it."""
        self.job = None
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            return None

    def let_go(self) -> None:
        """Let it save what it is at, and end."""
        self.connection.close()

    def end(self, seconds: float) -> Any:
        """See to it that it has ended, by force after so many seconds; its exit status."""
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
    """A process that starts in here does not hear Ctrl-C, which is for the one that leads."""
    if threading.current_thread() is not threading.main_thread():
        yield  # where no handler can be set
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _work(connection: Connection) -> None:
    """What a worker does; the end of the connection, also by the death of whoever leads, ends it."""
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
