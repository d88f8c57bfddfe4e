"""Trials on a Dask cluster: one that is already running, or processes of this machine.

Its workers import rosesim and the scene, and see the sweep's folder under the same path. When a worker is lost,
Dask gives its trial to another, which continues from the last checkpoint.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import logging
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from typing import Any

from rosesim.scenes.errors import SceneError
from rosesim.train.errors import Interrupted, TrainingStopped, reason
from rosesim.train.sweeps.trial import TRIES, Job, Outcome, carry_out

POLL_SECONDS = 60.0
"""How long a worker's request for the stop event may stay open; when the event is set, the answer comes at once."""
STOP_SECONDS = 10.0
"""Time for trials to save after a Ctrl-C."""


def require_dask() -> None:
    """Raise SceneError where Dask's package `distributed` cannot be imported."""
    try:
        importlib.import_module("distributed")
    except ImportError as e:
        raise SceneError(
            f"the engine dask needs the package distributed: pip install 'rosesim[cluster]' ({e})"
        ) from e


def on_dask(jobs: Sequence[Job], workers: int, address: str | None, finished: Callable[[Outcome], None]) -> None:
    """Carry out jobs on the cluster whose scheduler is at `address`, or on `workers` new processes of this machine.

    `finished` is called here with each outcome as it arrives. After an exception from it, or Ctrl-C, all trials save,
    and then the exception is raised. Raises TrainingStopped where the scheduler is lost.
    """
    from distributed import Event, as_completed
    from distributed import wait as wait_for

    token = secrets.token_hex(4)
    with _client(workers, address) as client:
        stop: Any = Event(f"rosesim-stop-{token}", client=client)
        tried = Counter[int]()
        futures: dict[Any, Job] = {}

        def submit(job: Job) -> Any:
            key = f"rosesim-trial-{job.trial}-{tried[job.trial]}-{token}"
            future = client.submit(_carry_out, job, stop.name, key=key, pure=False)
            futures[future] = job
            return future

        coming = as_completed([submit(job) for job in jobs])
        try:
            for future in coming:
                job = futures.pop(future)
                outcome = _outcome(job, future)
                tried[job.trial] += 1
                if outcome is not None:
                    finished(outcome)
                elif tried[job.trial] < TRIES:
                    coming.add(submit(job))
                else:
                    finished(_lost(job))
        finally:
            with contextlib.suppress(Exception):  # perhaps the cluster itself is lost
                stop.set()
                queued = [f for f in futures if f.status == "pending"]
                wait_for(queued, timeout=STOP_SECONDS if queued else 0)
                client.cancel(queued)


def _outcome(job: Job, future: Any) -> Outcome | None:
    """The outcome of a finished future; None where the worker was closed while it had the trial, which it saved."""
    from distributed import KilledWorker

    match future.status:
        case "finished":
            return future.result()
        case "error":
            error = future.exception()
            if isinstance(error, Interrupted):
                return None
            return _lost(job) if isinstance(error, KilledWorker) else Outcome(job.trial, reason(error))
        case _:
            raise TrainingStopped("the cluster's scheduler is lost")


def _lost(job: Job) -> Outcome:
    return Outcome(job.trial, f"its process died {TRIES} times", True)


@contextlib.contextmanager
def _client(workers: int, address: str | None) -> Generator[Any]:
    import dask.config
    from distributed import Client, LocalCluster

    with dask.config.set({"distributed.scheduler.allowed-failures": TRIES - 1}):  # for a cluster that begins here
        if address is not None:
            try:
                client = Client(address, timeout=10)
            except (OSError, ValueError) as e:
                raise SceneError(f"no scheduler of Dask answers at {address} ({e})") from e
            with client:
                yield client
            return
        quiet = logging.CRITICAL  # the sweep's outcome reports a worker that is lost and replaced
        how: dict[str, Any] = {"threads_per_worker": 1, "processes": True, "dashboard_address": None}
        with LocalCluster(n_workers=workers, **how, silence_logs=quiet) as cluster, Client(cluster) as client:
            yield client


def _carry_out(job: Job, stop: str) -> Outcome:
    """Carry out a job on a worker."""
    return carry_out(job, _stop_of(stop))


@functools.cache
def _stop_of(name: str) -> threading.Event:
    """An event for all trials of a worker, set when the leading process sets its own or cannot be reached."""
    from distributed import Event, get_client

    stop, leaders = threading.Event(), Event(name, client=get_client())

    def watch() -> None:
        try:
            while not leaders.wait(timeout=POLL_SECONDS):
                pass
        finally:
            stop.set()

    threading.Thread(target=watch, daemon=True).start()
    return stop
