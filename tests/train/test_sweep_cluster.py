"""Sweeps on a real cluster of Dask on this machine: one of its two workers is killed, and no trial is lost."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from distributed import LocalCluster
from sweeping import LONG, Slow, check_complete, journal, rows, wait_until
from valley import Valley

from rosesim.scenes import SceneError
from rosesim.train import Sweep, resume_sweep, sweep

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL there"),
]


@pytest.mark.full  # starts three processes of Dask; of our own processes, test_sweep.py kills one in the usual run
def test_a_cluster_whose_worker_is_killed_accounts_for_every_trial_once(tmp_path: Path):
    out = tmp_path / "s"
    killed: list[int] = []

    def in_the_middle() -> Any:
        """A worker that has a trial under way, with a checkpoint."""
        for nanny in cluster.workers.values():
            state = cluster.scheduler.workers.get(nanny.worker_address)
            for task in list(state.processing) if state else []:
                k = int(str(task.key).split("-")[2])  # rosesim-trial-K-...
                if (out / f"trial-{k:04d}" / "last.npz").exists() and rows(out, k) <= LONG:
                    return nanny
        return None

    def report(known: Sweep) -> None:
        if not killed:
            wait_until(in_the_middle)
            killed.append((in_the_middle() or cluster.workers[0]).pid)
            os.kill(killed[0], signal.SIGKILL)

    how: dict[str, Any] = {"threads_per_worker": 1, "processes": True, "dashboard_address": None}
    cluster: Any = LocalCluster(n_workers=2, **how, silence_logs=50)
    with cluster:
        address = cluster.scheduler_address
        found = sweep(Slow, "seeds=0..2", iterations=LONG, out=out, engine="dask", cluster=address, report=report)
        assert killed and killed[0] not in {nanny.pid for nanny in cluster.workers.values()}
    assert found.count == len(found.tried) == 3 and not found.failed
    # The trial that was under way; and one more if it had ended there, and nobody had fetched its result yet.
    assert sum(line["is_again"] for line in journal(out)) in (1, 2)
    check_complete(out, 3, Slow)


def test_processes_of_its_own_and_failing_trials(tmp_path: Path):
    found = sweep(
        Valley, "learning_rate=1e200,0.002 seeds=0,1", iterations=8, out=tmp_path / "s", engine="dask", workers=2
    )
    assert [t.trial.number for t in found.failed] == [0, 1]
    assert all("no longer finite at iteration 1" in str(t.outcome.error) for t in found.failed)
    again = resume_sweep(tmp_path / "s", scene=Valley, engine="dask", workers=1)
    assert again == found


def test_no_cluster_is_one_sentence(tmp_path: Path):
    with pytest.raises(SceneError, match="no scheduler of Dask answers at nowhere"):
        sweep(Valley, "seeds=0,1", out=tmp_path / "s", engine="dask", cluster="nowhere")
