"""Sweeps on processes of this machine: every trial comes to one end, whatever happens to whom."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from rows import kept
from sweeping import LONG, Deadly, Slow, check_complete, journal, rows, wait_until
from valley import Valley

from rosesim.cli import run as rosesim
from rosesim.scenes import SceneError
from rosesim.train import Sweep, read_best, read_sweep, resume_sweep, sweep

SPEC = "learning_rate=0.002,0.001 seeds=0..1"


def test_a_sweep_is_its_trials_alone_ranked_by_their_best_loss(tmp_path: Path):
    seen: list[int] = []

    def report(known: Sweep) -> None:
        seen.append(len(known.tried))

    found = sweep(Valley, SPEC, assignments=["bend=15"], iterations=30, out=tmp_path / "s", workers=2, report=report)
    assert seen == [1, 2, 3, 4] and found.count == 4 and not found.failed
    losses = [t.loss for t in found.tried]
    assert losses == sorted(losses) and len(set(losses)) == 4
    assert found.best is not None and read_best(found.best.out, Valley).loss == losses[0]
    assert found.names == ("learning_rate", "seeds")
    lines = {line["trial"]: line for line in journal(tmp_path / "s")}
    assert lines[2]["values"] == {"learning_rate": "0.001", "seeds": "0"} and not lines[2]["is_again"]
    for line in lines.values():
        line["values"]["bend"] = "15"
    (tmp_path / "s" / "journal.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines.values()))
    check_complete(tmp_path / "s", 4)


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL there")
def test_a_worker_that_is_killed_is_replaced_and_its_trial_goes_on(tmp_path: Path):
    out = tmp_path / "s"
    found: list[Any] = []

    def run() -> None:
        found.append(sweep(Slow, "seeds=0..2", iterations=LONG, out=out, workers=2))

    thread = threading.Thread(target=run)
    before = set(multiprocessing.active_children())
    thread.start()
    wait_until(lambda: (out / "trial-0001" / "last.npz").exists() and (out / "trial-0000" / "last.npz").exists())
    team = set(multiprocessing.active_children()) - before
    victim = min(team, key=lambda p: p.pid or 0)
    assert len(team) == 2 and victim.pid is not None
    assert rows(out, 0) <= LONG and rows(out, 1) <= LONG  # neither is at its end
    victim.kill()
    thread.join(60)
    assert len(found) == 1 and not found[0].failed
    assert [line["is_again"] for line in journal(out)].count(True) == 1
    check_complete(out, 3, Slow)


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL there")
def test_a_trial_that_kills_every_process_fails_and_ends_no_other(tmp_path: Path):
    found = sweep(Deadly, "bend=12,13,14", iterations=5, out=tmp_path / "s", workers=1)
    assert [t.outcome.error for t in found.tried] == [None, None, "its process died 3 times, with status -9"]
    assert [t.trial.number for t in found.failed] == [1]


def test_a_trial_that_fails_is_recorded_with_its_reason_and_is_not_run_again(tmp_path: Path):
    found = sweep(Valley, "learning_rate=1e200,0.002 seeds=0,1", iterations=8, out=tmp_path / "s", workers=2)
    assert [t.trial.number for t in found.failed] == [0, 1] and found.best is not None
    assert all("no longer finite at iteration 1" in str(t.outcome.error) for t in found.failed)
    before = (tmp_path / "s" / "journal.jsonl").read_bytes()
    again = resume_sweep(tmp_path / "s", scene=Valley)
    assert again == found == read_sweep(tmp_path / "s", Valley)
    assert (tmp_path / "s" / "journal.jsonl").read_bytes() == before


class Enough(Exception):
    """Ends a sweep from within."""


def test_a_sweep_that_was_stopped_goes_on_and_runs_no_finished_trial_again(tmp_path: Path):
    def report(known: Sweep) -> None:
        if len(known.tried) == 2:
            raise Enough

    out = tmp_path / "s"
    with pytest.raises(Enough):
        sweep(Valley, "seeds=0..4", iterations=40, out=out, workers=1, report=report)
    stamps = {line["out"]: (out / line["out"] / "last.npz").stat().st_mtime_ns for line in journal(out)}
    assert list(stamps) == ["trial-0000", "trial-0001"]
    with (out / "journal.jsonl").open("ab") as f:
        f.write(b'{"trial": 3, "seed"')  # as a kill leaves a line that was being written
    found = resume_sweep(out, scene=Valley, workers=2)
    assert found.count == len(found.tried) == 5
    assert stamps == {name: (out / name / "last.npz").stat().st_mtime_ns for name in stamps}
    check_complete(out, 5)


def leading(out: Path, *arguments: str) -> Any:
    """A process that leads a sweep of billiards, and its group, in which its workers are."""
    command = ["train", "billiards", "--set", "steps=300", "--set", "layers=1", "--out", str(out), *arguments]
    return subprocess.Popen(
        [sys.executable, "-m", "rosesim", *command], stderr=subprocess.PIPE, text=True, start_new_session=True
    )


@pytest.mark.skipif(os.name == "nt", reason="signals are delivered differently there")
@pytest.mark.slow
@pytest.mark.parametrize("how", kept(["ctrl-c", "kill -9 of whoever leads"], "ctrl-c"))
def test_a_sweep_that_is_interrupted_as_a_whole_goes_on(how: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    out = tmp_path / "s"
    process = leading(out, "--sweep", "restitution=0.7,0.8,0.9", "--workers", "2", "--iterations", "2000")
    wait_until(lambda: rows(out, 0) > 100 and rows(out, 1) > 100)
    if how == "ctrl-c":
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        _, err = process.communicate(timeout=30)
        assert process.returncode == 1 and "Traceback" not in err
        assert err.splitlines()[-1].endswith(f"of 3 trials are done, and --resume {out} goes on with the sweep")
        assert (out / "trial-0000" / "last.npz").exists()
    else:
        process.kill()  # its workers go on until they notice
        process.communicate(timeout=30)
    assert rosesim(["train", "--resume", str(out), "--workers", "2", "--json"]) == 0
    told = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert sorted(t["trial"] for t in told["trials"]) == [0, 1, 2]
    assert sorted(line["trial"] for line in journal(out)) == [0, 1, 2]
    assert sum(line["is_again"] for line in journal(out)) >= 2
    assert all(rows(out, k) == 2001 for k in range(3))


def test_only_one_process_leads_a_sweep(tmp_path: Path):
    errors: list[str] = []

    def report(_: Sweep) -> None:
        with pytest.raises(SceneError) as e:
            resume_sweep(tmp_path / "s", scene=Valley)
        errors.append(str(e.value))

    sweep(Valley, "seeds=0,1", iterations=2, out=tmp_path / "s", workers=1, report=report)
    assert errors == [f"{tmp_path / 's'} is being swept by another process just now"] * 2


def test_a_damaged_journal_is_refused(tmp_path: Path):
    sweep(Valley, "seeds=0,1", iterations=2, out=tmp_path / "s", workers=1)
    file = tmp_path / "s" / "journal.jsonl"
    first, second = file.read_text().splitlines(keepends=True)
    for wrong in (first + first, first + second.replace('"trial": 1', '"trial": 7'), "null\n" + second, "{]\n"):
        file.write_text(wrong)
        with pytest.raises(SceneError, match=r"journal.jsonl cannot be read: line \d is not the outcome of another"):
            resume_sweep(tmp_path / "s", scene=Valley)


def test_what_makes_no_sense_is_one_sentence_before_anything_is_made(tmp_path: Path):
    def refused(match: str, spec: str = SPEC, **how: Any) -> None:
        with pytest.raises(SceneError, match=match):
            sweep(Valley, spec, out=tmp_path / "s", **how)
        assert not list(tmp_path.iterdir())

    refused("no engine is called 'ray'; there are local, dask", engine="ray")
    refused("workers is 1 or more; 0 was given", workers=0)
    refused("the address of a cluster goes with the engine dask", cluster="tcp://127.0.0.1:1")
    refused("no optimizer is called 'sgd'", optimizer="sgd")
    refused("iterations is 1 or more", iterations=0)
    refused("valley samples no inputs for a batch: sweep over seeds", batch=3)
    refused("steps is the number of updates of the state, 1 or more", spec="steps=4,0")


def test_the_command_tells_the_best_first_and_fails_where_a_trial_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    quick = ["billiards", "--set", "steps=300", "--set", "layers=1", "--iterations", "4"]

    def command(*arguments: str) -> tuple[int, str, str]:
        status = rosesim(["train", *arguments])
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return status, out, err

    status, out, err = command(*quick, "--sweep", "learning_rate=0.01,0.02 seeds=3", "--out", "s", "--json")
    told = json.loads(out.splitlines()[-1])
    assert status == 0 and len(out.splitlines()) == 1
    assert [t["best_loss"] for t in told["trials"]] == sorted(t["best_loss"] for t in told["trials"])
    for name in ("iterations", "loss_first", "loss_last", "best_loss", "compile_seconds", "seconds_per_iteration"):
        assert told[name] == told["trials"][0][name]
    assert (told["scene"], told["out"], told["iterations"]) == ("billiards", "s", 4)
    assert {t["seed"] for t in told["trials"]} == {3}
    assert {t["out"] for t in told["trials"]} == {"s/trial-0000", "s/trial-0001"}
    table = [line for line in err.splitlines() if line.startswith("trial")]
    assert table[0].split() == "trial learning_rate seeds first loss last loss best loss".split()
    assert [line.split()[0] for line in table[1:]] == [Path(t["out"]).name for t in told["trials"]]

    status, out, err = command("--resume", "s", "--gif", "best.gif")
    assert status == 0 and "best of 2 trials is learning_rate=" in out and out.endswith("shown in best.gif\n")
    assert (tmp_path / "best.gif").stat().st_size > 1000

    far = [*quick, "--sweep", "learning_rate=0.01 goal=0.8,0.7|1e200,0", "--out", "far", "--json", "--workers", "1"]
    status, out, err = command(*far)
    told = json.loads(out.splitlines()[-1])
    assert status == 1 and [t["trial"] for t in told["trials"]] == [0, 1]
    assert "no longer finite" in told["trials"][1]["error"] and told["trials"][1]["best_loss"] is None
    assert err.splitlines()[-1].startswith("rosesim: 1 of 2 trials failed; trial-0001: the loss is no longer finite")

    for arguments, match in (
        (["billiards", "--sweep", "layerz=1,2"], "no setting or input 'layerz'"),
        (["billiards", "--sweep", "layers=1,2", "--seeds", "3"], "seeds are part of its text, as seeds=0..3"),
        (["billiards", "--workers", "2"], "--workers is for a sweep"),
        (["--sweep", "layers=1,2"], "Missing argument 'SCENE'"),
        (["--resume", "s", "--seed", "3"], "s is a sweep, which continues as it began: leave --seed out"),
        (["--resume", "s", "--iterations", "9"], "leave --iterations out"),
        (["bounce", "--resume", "s"], "s is a sweep with scene = billiards, which scene = bounce contradicts"),
        ([*quick, "--sweep", "seeds=1,2", "--out", "s"], "s holds a sweep already; --resume s goes on"),
    ):  # fmt: skip
        status, out, err = command(*arguments)
        assert status == 2 and out == "" and match in err.splitlines()[-1]
    assert {p.name for p in tmp_path.iterdir()} == {"s", "far", "best.gif"}
