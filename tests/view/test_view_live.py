"""The worker behind the viewer: it tunes while somebody watches, holds what is held, and says what fails."""

import threading
import time
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest
from viewing import CASES, Descent, opened, wait, worker

import rosesim.codegen
from rosesim.scenes import compiled, find_scene
from rosesim.scenes.picture import picture
from rosesim.train import make_optimizer, train
from rosesim.view import Beginning
from rosesim.view.gradient import gradient_arrows
from rosesim.view.live import Live

Billiards: Any = find_scene("billiards")


def done(live: Live, serial: int) -> Any:
    """The snapshot that takes account of a command."""
    wait(lambda: live.failure or (live.latest is not None and live.latest.serial >= serial))
    assert live.failure is None
    return live.latest


def stopped(live: Live) -> Any:
    return done(live, live.optimise(False))


@pytest.mark.parametrize("name", CASES)
def test_it_begins_with_the_loss_gradient_and_replay_of_the_beginning(name: str):
    scene, beginning = opened(name)
    with worker(scene, beginning, Descent(1.0)) as live:
        now: Any = live.latest
        loss, gradient = compiled(scene).value_and_grad(beginning.params, beginning.inputs)
        assert (now.attempt.loss, now.attempt.iteration, now.curve) == (loss, 0, ((0, loss),))
        flat = compiled(scene).flat
        assert np.array_equal(flat.flatten(now.gradient), flat.flatten(gradient))
        assert len(now.attempt.trajectory) == scene.steps + 1
        # NumPy's norm sums in an order that depends on where the array lies in memory.
        assert now.steep == now.steepest == pytest.approx(np.linalg.norm(flat.flatten(gradient)), rel=1e-14)


def test_live_optimising_is_training():
    """The same iterations, to the bit, as `train` makes."""
    scene, beginning = opened("billiards")
    run = train(scene, inputs=beginning.inputs, iterations=20)
    rate = beginning.inputs.learning_rate
    with worker(scene, beginning, make_optimizer("gd", rate)) as live:
        live.optimise(True)
        wait(lambda: live.evaluations > 30)
        now = stopped(live)
        assert dict(now.curve)[20] == run.losses[20]
        assert [g.iteration for g in now.ghosts][:5] == [0, 1, 2, 4, 8]
        assert [g.loss for g in now.ghosts][:5] == [run.losses[i] for i in (0, 1, 2, 4, 8)]


@pytest.mark.parametrize("name", CASES)
def test_optimising_lowers_the_loss_and_stops_when_told(name: str):
    scene, beginning = opened(name)
    with worker(scene, beginning, Descent(CASES[name].rate)) as live:
        first: Any = live.latest
        live.optimise(True)
        wait(lambda: live.latest is not None and live.latest.attempt.iteration >= 20)
        now = stopped(live)
        assert now.attempt.loss < first.attempt.loss and now.attempt.iteration >= 20
        evaluations = live.evaluations
        time.sleep(0.05)
        assert live.evaluations == evaluations


def test_it_tells_no_more_often_than_a_person_sees():
    scene, beginning = opened("billiards")
    with worker(scene, beginning, Descent(0.01)) as live:
        live.optimise(True)
        seen: set[int] = set()
        begun = time.perf_counter()
        while time.perf_counter() - begun < 0.5:
            seen.add(id(live.latest) if live.latest is None else live.latest.attempt.iteration)
            time.sleep(0.001)
        assert 2 <= len(seen) <= 20 and live.evaluations > len(seen)


def test_a_handle_that_is_held_stays_against_the_optimiser_and_goes_with_it_when_released():
    scene, beginning = opened("billiards")
    with worker(scene, beginning, Descent(0.01)) as live:
        live.optimise(True)
        done(live, live.hold("cue", (0.15, 0.45)))
        reached = live.evaluations + 10
        wait(lambda: live.evaluations > reached)
        now = stopped(live)
        assert now.attempt.params.position.tolist() == [0.15, 0.45] and now.attempt.iteration > 5
        assert now.attempt.params.velocity.tolist() != beginning.params.velocity.tolist()
        done(live, live.release())
        live.optimise(True)
        reached = live.evaluations + 10
        wait(lambda: live.evaluations > reached)
        assert stopped(live).attempt.params.position.tolist() != [0.15, 0.45]


def test_a_drag_so_quick_that_the_worker_sees_it_only_when_it_is_over_counts():
    scene, beginning = opened("billiards")
    with worker(scene, beginning, Descent(0.01)) as live:
        for k in range(50):
            live.hold("goal", (0.5 + 0.005 * k, 0.7))
        now = done(live, live.release())
        assert now.inputs.goal == pytest.approx([0.745, 0.7])
        last = np.asarray(now.attempt.trajectory[-1].position)[-1]
        assert now.attempt.loss == pytest.approx(((last - now.inputs.goal) ** 2).sum(), rel=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_it_knows_which_handles_lie_in_the_start_state(name: str):
    scene, beginning = opened(name)
    where = picture(scene).handles(beginning.params, beginning.inputs)
    with worker(scene, beginning, Descent(1.0)) as live:
        for handle, wanted in ((CASES[name].in_start, True), ("goal", False)):
            x, y = where[handle]
            assert done(live, live.hold(handle, (x + 0.01, y))).start_held is wanted
            assert done(live, live.release()).start_held is False


def test_another_goal_is_another_problem_with_a_curve_of_its_own():
    scene, beginning = opened("billiards")
    with worker(scene, beginning, Descent(0.01)) as live:
        live.optimise(True)
        wait(lambda: live.evaluations > 10)
        stopped(live)
        done(live, live.hold("goal", (0.8, 0.6)))
        now = done(live, live.release())
        assert now.attempt.iteration == 0 and len(now.curve) == 1 and now.ghosts == ()


def test_reset_goes_back_to_the_beginning():
    scene, beginning = opened("billiards")
    with worker(scene, beginning, Descent(0.01)) as live:
        first: Any = live.latest
        live.optimise(True)
        live.hold("goal", (0.8, 0.6))
        wait(lambda: live.evaluations > 10)
        stopped(live)
        now = done(live, live.reset())
        assert (now.attempt.loss, now.attempt.iteration) == (first.attempt.loss, 0)
        assert now.inputs is beginning.inputs and now.attempt.params is beginning.params
        assert now.start_held is False  # nothing is held any more


def test_a_recorded_run_is_shown_as_it_went_until_it_goes_another_way():
    scene, beginning = opened("billiards")
    run = train(scene, inputs=beginning.inputs, iterations=30)
    earlier = [(i, p) for i, p in run.attempts if i < 16]
    params = dict(run.attempts)[16]
    opens = Beginning(params, beginning.inputs, 16, run.losses, earlier)
    with worker(scene, opens, make_optimizer("gd", 0.01)) as live:
        live.optimise(False)
        now: Any = stopped(live)
        assert now.curve == tuple(enumerate(run.losses)) and now.attempt.iteration == 16
        assert [g.iteration for g in now.ghosts] == [i for i, _ in earlier]
        live.optimise(True)
        wait(lambda: live.latest is not None and live.latest.attempt.iteration >= 20)
        now = stopped(live)
        assert now.curve[-1] == (now.attempt.iteration, now.attempt.loss)
        assert dict(now.curve)[17] == run.losses[17]  # plain descent has no memory: it goes the same way
        now = done(live, live.reset())
        assert now.curve == tuple(enumerate(run.losses)) and now.attempt.iteration == 16


def test_it_rests_where_no_step_changes_anything():
    scene, beginning = opened("billiards", "steps=100")  # the target ball is not hit: a gradient of zero
    with worker(scene, beginning, Descent(0.01)) as live:
        live.optimise(True)
        wait(lambda: live.latest is not None and live.latest.note)
        time.sleep(0.05)
        evaluations = live.evaluations
        time.sleep(0.05)
        assert live.evaluations == evaluations
        note = live.latest.note if live.latest else ""
        assert note and note.startswith("the gradient is zero: nothing has touched the target ball in 100 steps")


def test_hundred_drags_compile_nothing(monkeypatch: pytest.MonkeyPatch):
    scene, beginning = opened("billiards")
    compilations: list[object] = []
    with worker(scene, beginning, Descent(0.01)) as live:
        compile_func = rosesim.codegen.compile_func
        counted = lambda *a, **k: compilations.append(a) or compile_func(*a, **k)
        monkeypatch.setattr(rosesim.codegen, "compile_func", counted)
        for k in range(100):
            live.optimise(k % 2 == 0)
            live.hold(("goal", "cue", "shot")[k % 3], (0.3 + 0.001 * k, 0.5))
            done(live, live.release())
    assert compilations == []


# ---------------------------------------------------------------------------- what goes wrong


@dataclass(frozen=True)
class Broken(Billiards):
    """Its step is wrong in a way that shows when it is traced."""

    name: ClassVar[str] = "broken"

    def step(self, state: Any, t: Any, params: Any, inputs: Any) -> Any:
        raise ZeroDivisionError("no such step")


def test_what_a_scene_raises_is_kept_as_one_line():
    with worker(Broken(), opened("billiards")[1], Descent(0.01)) as live:
        assert live.failure is not None and "no such step" in live.failure
        assert live.latest is None


def test_a_loss_that_is_not_finite_is_told_and_reset_mends_it():
    scene, beginning = opened("billiards")
    with worker(scene, beginning, Descent(0.01)) as live:
        good: Any = live.latest
        live.hold("goal", (1e200, 0.0))
        wait(lambda: live.failure)
        assert live.failure == "the loss is not finite at iteration 0: reset (R) goes back"
        assert live.latest is good  # the last good picture stays
        now = done(live, live.reset())
        assert live.failure is None and now.attempt.loss == good.attempt.loss


def test_a_step_that_is_not_finite_is_not_taken():
    scene, beginning = opened("billiards")

    class Leap(Descent):
        def step(self, x: Any, gradient: Any, state: int) -> tuple[Any, int]:
            return x * (np.nan if state == 3 else 1.0) - 1e-9 * gradient, state + 1

    with worker(scene, beginning, Leap(0.0)) as live:
        live.optimise(True)
        wait(lambda: live.failure)
        assert live.failure == "the step is not finite at iteration 3: reset (R) goes back"
        assert not live.optimising
        assert np.isfinite(done(live, live.hold("goal", (0.7, 0.7))).attempt.params.position).all()


def test_an_optimiser_that_raises_does_not_end_the_worker():
    scene, beginning = opened("billiards")

    class Refuses(Descent):
        def step(self, x: Any, gradient: Any, state: int) -> tuple[Any, int]:
            raise RuntimeError("not today")

    with worker(scene, beginning, Refuses(0.0)) as live:
        live.optimise(True)
        wait(lambda: live.failure)
        assert live.failure == "RuntimeError: not today"
        assert done(live, live.hold("goal", (0.7, 0.7))).inputs.goal.tolist() == [0.7, 0.7]


def test_closing_ends_the_thread():
    scene, beginning = opened("billiards")
    with worker(scene, beginning, Descent(0.01)) as live:
        live.optimise(True)
    assert "rosesim-live" not in [t.name for t in threading.enumerate()]


# -------------------------------------------------------------------------- the gradient's arrow


def test_the_gradient_arrow_points_where_descent_moves_a_handle():
    """The cue ball goes by position, the tip of the shot's arrow by position plus 0.4 velocity."""
    scene, beginning = opened("billiards")
    _, g = compiled(scene).value_and_grad(beginning.params, beginning.inputs)
    arrows = gradient_arrows(scene, beginning.params, beginning.inputs, g, 0.2)
    moves = {tuple(tail): vector for tail, vector in arrows}
    cue = np.asarray(beginning.params.position)
    tip = cue + 0.4 * np.asarray(beginning.params.velocity)
    wanted = {tuple(tip): -g.position - 0.4 * g.velocity, tuple(cue): -g.position}
    scale = 0.2 / max(np.linalg.norm(v) for v in wanted.values())
    assert set(moves) == set(wanted)  # the goal is no param
    for at, vector in wanted.items():
        assert moves[at] == pytest.approx(scale * vector, rel=1e-6)


def test_no_gradient_has_no_arrow():
    scene, beginning = opened("billiards")
    for bad in (0.0, np.nan, np.inf):
        g = replace(beginning.params, position=np.full(2, bad), velocity=np.zeros(2))
        assert gradient_arrows(scene, beginning.params, beginning.inputs, g, 0.2) == []
