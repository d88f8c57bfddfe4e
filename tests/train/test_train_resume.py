"""A run that was ended and resumed is the run that was not, to the bit, for every optimiser."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from valley import Field, Valley, records

from rosesim import Real, Vec
from rosesim.scenes import SceneError, compiled, value
from rosesim.train import OPTIMIZERS, Interrupted, Progress, TrainingStopped, plan, read_best, resume, train
from rosesim.train.folder import read_attempts
from rosesim.train.metrics import read_rows

VALLEY = Valley()
WAYS: dict[str, dict[str, Any]] = {
    **{name: {"optimizer": name} for name in OPTIMIZERS},
    "scheduled and clipped": {"optimizer": "adam", "schedule": "warmup:5+cosine:20:0.1", "clip": 1.0},
    "another seed": {"optimizer": "cmaes", "seed": 7, "sigma": 0.5},
}
TOTAL = 24


def stop_at(iteration: int) -> Any:
    """A report that interrupts like Ctrl-C."""

    def report(progress: Progress) -> None:
        if progress.iteration == iteration:
            raise KeyboardInterrupt

    return report


@pytest.mark.parametrize("way", WAYS)
def test_a_resumed_run_is_the_uninterrupted_one_to_the_bit(way: str, tmp_path: Path):
    whole = train(VALLEY, iterations=TOTAL, out=tmp_path / "whole", **WAYS[way])
    assert len(set(whole.losses)) > TOTAL / 2  # it goes somewhere
    parts = tmp_path / "parts"
    with pytest.raises(Interrupted, match=r"interrupted at iteration 5; --resume .*parts goes on from there"):
        train(VALLEY, iterations=7, out=parts, report=stop_at(5), **WAYS[way])
    assert resume(parts, scene=VALLEY).iterations == 7
    with pytest.raises(Interrupted):
        resume(parts, scene=VALLEY, iterations=TOTAL, report=stop_at(16))
    with np.load(parts / "last.npz", allow_pickle=False) as last:
        assert (int(last["iteration"]), bool(last["done"])) == (16, False)
    run = resume(parts, scene=VALLEY)  # the total is the folder's by now
    assert records(parts) == records(tmp_path / "whole")
    assert (run.losses, run.best_loss) == (whole.losses, whole.best_loss)
    assert [i for i, _ in run.attempts] == [i for i, _ in whole.attempts]
    assert (
        run.params.push.tobytes() == np.asarray(whole.params.push).tobytes() and run.params.lift == whole.params.lift
    )


@pytest.mark.parametrize("way", ["gd", "lbfgs", "cmaes"])
def test_seconds_go_on_over_resumptions(way: str, tmp_path: Path):
    train(VALLEY, iterations=5, out=tmp_path / "run", **WAYS[way])
    resume(tmp_path / "run", scene=VALLEY, iterations=10)
    seconds = [row.seconds for row in read_rows(tmp_path / "run" / "metrics.jsonl")]
    assert len(seconds) == 11 and seconds == sorted(seconds) and seconds[0] > 0


@pytest.mark.parametrize("way", ["lbfgs", "cmaes"])
def test_a_foreign_optimiser_replays_without_evaluating(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    train(VALLEY, iterations=10, out=tmp_path / "run", **WAYS[way])
    calls = 0
    program = compiled(VALLEY)
    name = {"lbfgs": "value_and_grad", "cmaes": "value"}[way]
    real = getattr(program, name)

    def counted(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        return real(*args)

    monkeypatch.setitem(program.__dict__, name, counted)
    resume(tmp_path / "run", scene=VALLEY, iterations=11)
    one_more = {"lbfgs": 20, "cmaes": 4 + int(3 * np.log(4)) + 1}[way]
    assert 0 < calls <= one_more


def test_lbfgs_is_scipys_and_an_iteration_is_an_accepted_update(tmp_path: Path):
    from scipy.optimize import minimize

    program, inputs = compiled(VALLEY), VALLEY.inputs()

    def f(x: Any) -> Any:
        loss, gradient = program.value_and_grad(program.flat.unflatten(x), inputs)
        return loss, program.flat.flatten(gradient)

    x0 = program.flat.flatten(VALLEY.params(np.random.default_rng(0)))
    wanted = minimize(f, x0, jac=True, method="L-BFGS-B", options={"maxiter": 15, "ftol": 1e-15, "gtol": 1e-10})
    run = train(VALLEY, iterations=15, optimizer="lbfgs", out=tmp_path / "run")
    assert run.iterations == wanted.nit == 15
    assert program.flat.flatten(run.params) == pytest.approx(wanted.x, rel=1e-12)
    evaluations = (tmp_path / "run" / "evaluations.bin").stat().st_size
    assert (evaluations - 22 - 16 - 8) / (16 + 8 + 8 * 4 + 4) == wanted.nfev


@pytest.mark.parametrize("total", [200, 400])
def test_an_optimiser_that_converges_ends_and_says_so(total: int, tmp_path: Path):
    run = train(VALLEY, iterations=total, optimizer="lbfgs", out=tmp_path / "run")
    assert 10 < run.iterations < 150 and run.losses[-1] < 1e-14
    assert run.note in (
        f"lbfgs converged at iteration {run.iterations} of {total}",
        f"lbfgs found no lower loss along its direction at iteration {run.iterations} of {total}",
    )
    again = resume(tmp_path / "run", scene=VALLEY, iterations=500)
    assert again.losses == run.losses and again.note is not None and "is finished: lbfgs" in again.note


def test_cmaes_takes_the_best_candidate_and_needs_no_gradient():
    run = train(VALLEY, iterations=150, optimizer="cmaes", seed=3)
    assert run.best_loss < 1e-6 and run.best_loss <= min(run.losses)
    assert compiled(VALLEY).value(run.best_params, VALLEY.inputs()) == run.best_loss


def test_cmaes_with_many_params_uses_the_separable_form(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("rosesim.optimise.cmaes.FULL_COVARIANCE_TO", 3)
    separable = train(VALLEY, iterations=30, optimizer="cmaes")
    monkeypatch.undo()
    full = train(VALLEY, iterations=30, optimizer="cmaes")
    assert separable.losses[0] == full.losses[0] and separable.losses[1:] != full.losses[1:]
    assert separable.best_loss < 0.1 * separable.losses[0]


def test_a_finished_run_is_read_back(tmp_path: Path):
    whole = train(VALLEY, iterations=10, out=tmp_path / "run")
    before = {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()}
    for iterations in (None, 10, 4):
        again = resume(tmp_path / "run", scene=VALLEY, iterations=iterations)
        assert (
            again.note
            == f"{tmp_path / 'run'} is finished: 10 iterations are done; a larger number of iterations goes on"
        )
        assert (again.losses, again.best_loss, again.compile_seconds) == (
            whole.losses,
            whole.best_loss,
            whole.compile_seconds,
        )
        assert again.seconds_per_iteration == whole.seconds_per_iteration
    assert before == {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()}


def test_a_total_that_is_passed_already_is_refused(tmp_path: Path):
    with pytest.raises(Interrupted):
        train(VALLEY, iterations=20, out=tmp_path / "run", report=stop_at(9))
    with pytest.raises(SceneError, match="has done 9 iterations already; iterations is the total, and 8 was given"):
        resume(tmp_path / "run", scene=VALLEY, iterations=8)
    assert resume(tmp_path / "run", scene=VALLEY, iterations=9).iterations == 9


def test_an_existing_run_is_never_written_over(tmp_path: Path):
    train(VALLEY, iterations=5, out=tmp_path / "run")
    before = {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()}
    with pytest.raises(SceneError, match=r"run holds a run already; --resume .*run goes on with it"):
        train(VALLEY, iterations=3, out=tmp_path / "run")
    assert before == {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()}
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "best.npz").write_bytes(b"mine")
    with pytest.raises(SceneError, match=r"own holds best.npz, which a run would overwrite"):
        train(VALLEY, iterations=3, out=tmp_path / "own")


def test_a_run_can_only_be_resumed_with_its_own_settings(tmp_path: Path):
    train(VALLEY, iterations=5, out=tmp_path / "run")
    with pytest.raises(SceneError, match="run is a run of other settings"):
        resume(tmp_path / "run", scene=replace(VALLEY, bend=21.0), iterations=6)
    assert resume(tmp_path / "run", iterations=6).iterations == 6  # the folder knows the file of the scene


def test_a_run_under_way_is_left_alone(tmp_path: Path):
    def resume_it(progress: Progress) -> None:
        if progress.iteration == 3:
            resume(tmp_path / "run", scene=VALLEY)

    with pytest.raises(SceneError, match="run is being trained by another process just now"):
        train(VALLEY, iterations=5, out=tmp_path / "run", report=resume_it)
    assert resume(tmp_path / "run", scene=VALLEY).iterations == 5


def test_a_stopped_run_resumes_to_the_same_stop(tmp_path: Path):
    far = Field(learning_rate=30.0)  # pyright: ignore[reportArgumentType] -- NumPy here, traced elsewhere
    with pytest.raises(
        TrainingStopped, match=r"no longer finite at iteration \d+: .*what was reached is in"
    ) as first:
        train(VALLEY, inputs=far, out=tmp_path / "run")
    before = records(tmp_path / "run")
    with pytest.raises(TrainingStopped) as second:
        resume(tmp_path / "run", scene=VALLEY)
    assert str(first.value) == str(second.value)
    assert records(tmp_path / "run") == before and before[0][-1]["loss"] is None


def test_the_best_and_the_attempts_are_those_of_the_run(tmp_path: Path):
    wild = Field(learning_rate=0.3)  # pyright: ignore[reportArgumentType] -- NumPy here, traced elsewhere
    run = train(VALLEY, inputs=wild, iterations=21, optimizer="normalized", out=tmp_path / "run")
    assert run.best_loss == min(run.losses) < run.losses[-1]
    program = compiled(VALLEY)
    assert program.value(run.best_params, wild) == pytest.approx(run.best_loss, rel=1e-14)
    assert [i for i, _ in run.attempts] == [0, 1, 2, 4, 8, 16, 21]
    for i, params in run.attempts:
        assert program.value(params, wild) == pytest.approx(run.losses[i], rel=1e-14)
    assert [i for i, _ in read_attempts(tmp_path / "run", VALLEY)] == [i for i, _ in run.attempts]
    with np.load(tmp_path / "run" / "best.npz", allow_pickle=False) as best:
        assert best["push"].tolist() == np.asarray(run.best_params.push).tolist()
        assert float(best["lift"]) == run.best_params.lift
    found = read_best(tmp_path / "run", Valley)
    assert (found.scene, found.loss, found.iteration) == (VALLEY, run.best_loss, run.losses.index(run.best_loss))
    assert found.params.push.tolist() == np.asarray(run.best_params.push).tolist()
    assert found.inputs.learning_rate == 0.3 and found.folder == tmp_path / "run"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"optimizer": "sgd"}, "no optimizer is called 'sgd'; there are gd, normalized"),
        ({"optimizer": ""}, "no optimizer is called ''"),
        ({"clip": 0.0}, "clip is a finite number above 0; 0.0 was given"),
        ({"clip": float("nan")}, "clip is a finite number above 0"),
        ({"optimizer": "lbfgs", "clip": 1.0}, "lbfgs finds the lengths of its steps itself: no schedule or clip"),
        ({"optimizer": "cmaes", "schedule": "cosine"}, "cmaes finds the lengths of its steps itself"),
        ({"sigma": 1.0}, "sigma is the deviation that cmaes starts with; gd has none"),
        ({"optimizer": "cmaes", "seed": 1 << 32}, "cmaes takes a seed below 2^32"),
        ({"schedule": "sine"}, "a schedule is"),
    ],
)  # fmt: skip
def test_a_plan_that_makes_no_sense_is_refused(given: dict[str, Any], says: str, tmp_path: Path):
    with pytest.raises(SceneError) as e:
        train(VALLEY, out=tmp_path / "run", **given)
    assert says in str(e.value) and not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "package", "extra"), [("lbfgs", "scipy", "lbfgs"), ("cmaes", "cmaes", "cma")])
def test_a_missing_package_is_named_with_its_extra(
    name: str, package: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(__import__("sys").modules, {"scipy": "scipy.optimize"}.get(package, package), None)
    with pytest.raises(SceneError) as e:
        train(VALLEY, optimizer=name, out=tmp_path / "run")
    assert f"{name} needs the package {package}: pip install 'rosesim[{extra}]'" in str(e.value)
    assert not list(tmp_path.iterdir())


def test_only_what_descends_by_a_rate_needs_one():
    @dataclass(frozen=True)
    class Still:
        drag: Real = value(0.1)
        wind: Vec[Real, 3] = value((0.0, 0.1, 0.0))

    with pytest.raises(SceneError, match="the inputs of valley have no learning_rate, which adam needs"):
        plan(VALLEY, Still(), optimizer="adam")
    assert plan(VALLEY, Still(), optimizer="lbfgs").optimizer == "lbfgs"
