"""Parameters from recorded motion: against closed forms, and how often their error bars hold the truth."""

import json
import math
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from robots_kit import model as shared_model

from rosesim.cli import run as command
from rosesim.robots import Identified, Model, Record, RobotError, identify, load, read_record
from rosesim.robots.identification.uncertainty import uncertainty

ARM = """<mujoco model="arm"><option timestep="0.01"/><worldbody><body name="upper" pos="0 0 1">
  <joint name="shoulder" axis="0 1 0" damping="0.3"/><geom type="capsule" fromto="0 0 0 0 0 -0.4" size="0.04"/>
  <body name="fore" pos="0 0 -0.4">
    <joint name="elbow" axis="0 1 0" damping="0.1"/><geom type="capsule" fromto="0 0 0 0.1 0 -0.3" size="0.03"/>
  </body></body></worldbody><actuator><motor joint="shoulder" gear="8"/><motor joint="elbow" gear="3"/></actuator>
</mujoco>"""
SLED = """<mujoco model="sled"><option timestep="0.01" gravity="0 0 0"/><worldbody><body name="sled">
  <joint name="x" type="slide" axis="1 0 0"/> <geom name="box" type="box" size="0.1 0.1 0.1" mass="2"/></body>
</worldbody><actuator><motor name="push" joint="x" gear="6"/></actuator></mujoco>"""
TURNTABLE = """<mujoco model="turntable"><option timestep="0.01"/><worldbody><body name="table">
  <joint name="turn" axis="0 0 1" armature="0.5" damping="0.2"/>
  <inertial pos="0.3 0 0.1" mass="2" diaginertia="0.1 0.1 0.1"/><geom type="sphere" size="0.1" mass="0"/>
  <body name="drawer"><joint name="slide" type="slide" axis="0 0 1" damping="4" stiffness="9"/>
    <geom type="box" size="0.1 0.1 0.1" mass="1"/></body>
</body></worldbody><option gravity="0 0 0"/><actuator><motor joint="turn"/></actuator></mujoco>"""
STEPS = 120


@cache
def robot(text: str) -> Model:
    """A robot from the text of its file."""
    import tempfile

    file = Path(tempfile.mkdtemp()) / "robot.xml"
    file.write_text(text)
    return load(file)


def run(m: Model, ctrl: Any, parameters: dict[str, Any] | None = None, v: Any = None, contact: str = "none") -> Any:
    """Positions and velocities from the file's place."""
    step = m.function("step", contact=contact)
    state = m.start, np.zeros(m.nv) if v is None else np.asarray(v)
    rows = [state]
    for u in ctrl:
        state = step(*state, u, parameters or {})
        rows.append(state)
    return np.array([q for q, _ in rows]), np.array([v for _, v in rows])


def waves(m: Model, steps: int = STEPS) -> Any:
    """Controls that move every joint."""
    return np.sin(np.arange(steps)[:, None] * m.timestep * (3.0 + 2.0 * np.arange(m.nu)) + np.arange(m.nu))


def probability(held: int, trials: int, rate: float) -> float:
    """Of as unlikely a number of successes, if the rate is right."""
    p = [math.comb(trials, k) * rate**k * (1.0 - rate) ** (trials - k) for k in range(trials + 1)]
    return sum(x for x in p if x <= p[held] * (1.0 + 1e-9))


WANTED = "body upper mass", "body fore mass", "joint elbow damping"
TRUTH = {"body upper mass": 2.9, "body fore mass": 0.8, "joint elbow damping": 0.15}


def test_masses_and_damping_are_found_where_there_is_no_noise():
    m, ctrl = robot(ARM), waves(robot(ARM))
    q, _ = run(m, ctrl, TRUTH)
    for signs in ((1.3, 0.7, 1.3), (0.7, 1.3, 0.7)):
        begin = {k: v * s for (k, v), s in zip(TRUTH.items(), signs, strict=True)}
        found = identify(m, Record(q, ctrl), begin, contact="none")
        assert found.converged and not found.doubts and not found.undetermined
        assert found.values == pytest.approx(TRUTH, rel=1e-9)
        assert found.parameters == found.values
        ((q0, v0),) = found.starts
        assert np.allclose([q0, v0], 0.0, atol=1e-9)


@pytest.mark.parametrize("is_start_known", [True, False])
def test_errors_are_those_of_linear_least_squares_where_the_motion_is_linear(is_start_known: bool):
    """A force g moves a mass m by g h² t (t + 1) / 2m after t steps of Euler's; a start adds q0 + h t v0."""
    m, noise, t = robot(SLED), 1e-3, np.arange(STEPS + 1)
    ctrl = np.ones((STEPS, 1))
    moved = 1e-4 * t * (t + 1.0) / (2.0 * 2.0)
    q = (7.0 * moved + noise * np.random.default_rng(1).normal(size=len(t)))[:, None]
    start = (np.zeros(1), np.zeros(1)) if is_start_known else None
    design = moved[1:, None] if is_start_known else np.stack([moved, np.ones(len(t)), 0.01 * t], 1)
    data = q[1:, 0] if is_start_known else q[:, 0]
    best = np.linalg.lstsq(design, data, rcond=None)[0]
    inverse = np.linalg.inv(design.T @ design)
    free = len(data) - design.shape[1]
    estimated = float(np.sum((data - design @ best) ** 2)) / free
    for given, variance in ((noise, noise**2), (None, estimated)):
        found = identify(m, Record(q, ctrl, start=start), ["actuator push gear[0]"], noise=given, contact="none")
        gear = "actuator push gear[0]"
        assert found.values[gear] == pytest.approx(best[0], rel=1e-8)
        assert found.errors[gear] == pytest.approx(np.sqrt(variance * inverse[0, 0]), rel=1e-6)
        assert found.noise["q"] == pytest.approx([np.sqrt(variance)], rel=1e-6)
        quantile = 1.959964 if given else {120 - 1: 1.980100, 121 - 3: 1.980272}[free]  # of tables
        low, high = found.intervals[gear]
        assert high - low == pytest.approx(2.0 * quantile * found.errors[gear], rel=1e-5)
        assert found.parameters["actuator push gear"] == pytest.approx([best[0], 0, 0, 0, 0, 0])


def covers(
    m: Model, q: Any, ctrl: Any, truth: dict[str, float], trials: int, wrong: float, start: Any = None
) -> None:
    """The 95 % intervals of noisy records hold the truth at their rate: each parameter's count has a probability of
    a thousandth or more."""
    rng, held = np.random.default_rng(3), dict.fromkeys(truth, 0)
    for _ in range(trials):
        record = Record(q + 1e-3 * rng.normal(size=q.shape), ctrl, start=start)
        begin = {k: v * (1.0 + wrong * rng.choice([-1, 1])) for k, v in truth.items()}
        found = identify(m, record, begin, contact="none")
        assert not found.doubts
        for name, value in truth.items():
            low, high = found.intervals[name]
            held[name] += low <= value <= high
    for n in held.values():
        assert probability(n, trials, 0.95) > 1e-3, held


def test_error_bars_hold_the_truth_at_their_rate():
    m, ctrl = robot(ARM), waves(robot(ARM))
    covers(m, run(m, ctrl, TRUTH)[0], ctrl, TRUTH, 40, 0.05)


@pytest.mark.full
def test_seven_masses_of_an_arm():
    """From two seconds of motion: to 1e-6 without noise, and error bars that hold the truth with it."""
    m = shared_model("arm7")
    low, high = np.where(np.isfinite(m.control_range), m.control_range, [-1.0, 1.0]).T
    ctrl = 0.5 * (low + high) + 0.3 * (high - low) * waves(m, 1000)
    q, _ = run(m, ctrl)
    truth = {k: v for k, v in m.parameters().items() if k.startswith("body") and k.endswith("mass")}
    assert len(truth) == 7
    start, rng = (m.start, np.zeros(7)), np.random.default_rng(0)
    for _ in range(5):
        begin = {k: v * (1.0 + 0.3 * rng.choice([-1, 1])) for k, v in truth.items()}
        found = identify(m, Record(q, ctrl, start=start), begin, contact="none")
        assert found.values == pytest.approx(truth, rel=1e-6)
    covers(m, q, ctrl, truth, 100, 0.05, start)


def test_what_the_record_cannot_tell_apart_is_named():
    """About a vertical axis a body has one inertia, (0.1 + 2 · 0.3²) here, beside 0.5 of the motor; a drawer that
    does not move shows no damping."""
    m, ctrl = robot(TURNTABLE), waves(robot(TURNTABLE))
    q, _ = run(m, ctrl)
    wanted = [
        "body table mass",
        "body table com[2]",
        "joint turn armature",
        "joint turn damping",
        "joint slide damping",
    ]
    start = m.start, np.zeros(2)
    found = identify(m, Record(q, ctrl, start=start), wanted, noise=1e-4, contact="none")
    assert [str(d) for d in found.undetermined if len(d.changes) == 1] == [
        f"{k}: to first order, the record does not depend on it" for k in ("body table com[2]", "joint slide damping")
    ]
    (together,) = (d for d in found.undetermined if len(d.changes) == 2)
    assert together.changes["body table mass"] / 2.0 * 0.28 == pytest.approx(-together.changes["joint turn armature"])
    assert str(together) == (
        "body table mass +1 % and joint turn armature -0.56 % together leave the record as it is"
    )
    assert [k for k, e in found.errors.items() if math.isfinite(e)] == ["joint turn damping"]
    # A motion that the words promise to be the same: they are of first order.
    small = {k: m.parameters()[k] + 0.01 * x for k, x in together.changes.items()}
    assert np.abs(run(m, ctrl, small)[0] - q).max() < 1e-9
    assert found.intervals["body table mass"] == (0.0, math.inf)
    text = repr(found)
    assert text.count("cannot be told apart:") == 3 and "not determined" in text
    assert "+1 % and joint turn armature" in found._repr_html_()


def test_directions_are_undetermined_together():
    """Columns a, b, a + b, 2 a, and one of zeros: two combinations and one that has no effect."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 50))
    j = np.stack([a, b, a + b, 2.0 * a, 0.0 * a, rng.normal(size=50)], axis=1)
    found = uncertainty(j)
    assert found.rank == 3 and len(found.undetermined) == 3
    assert np.abs(j @ found.undetermined.T).max() < 1e-12
    assert np.isinf(found.errors).tolist() == [True] * 5 + [False]
    rest = j[:, 5] - np.stack([a, b], 1) @ np.linalg.lstsq(np.stack([a, b], 1), j[:, 5], rcond=None)[0]
    assert found.errors[5] == pytest.approx(1.0 / np.linalg.norm(rest))
    assert np.isnan(found.correlation[0]).all() and found.correlation[5, 5] == pytest.approx(1.0)


def doubtful(*args: Any, **named: Any) -> Identified:
    """What is found, and warned of."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = identify(*args, **named)
    assert [str(w.message) for w in told] == [f"identify: {d}" for d in found.doubts]
    assert all(f"doubt: {d}" in repr(found) for d in found.doubts)
    return found


def test_a_fit_that_explains_nothing_is_told():
    m, ctrl = robot(ARM), waves(robot(ARM))
    rng = np.random.default_rng(0)
    q, _ = run(m, ctrl, TRUTH)
    noisy = Record(q + 1e-3 * rng.normal(size=q.shape), ctrl)
    two = {"body upper mass": 2.0, "body fore mass": 1.0}
    lacking = doubtful(m, noisy, two, contact="none")
    assert ["neighbouring residuals" in d for d in lacking.doubts] == [True]
    begin = {"body upper mass": 2.0, "body fore mass": 1.0, "joint elbow damping": 0.1}
    for given, words in (
        (1e-4, "times the noise that was given: noise= is too small"),
        (1e-2, "noise= is too large"),
    ):
        (doubt,) = doubtful(m, noisy, begin, noise=given, contact="none").doubts
        assert words in doubt
    assert "did not converge" in doubtful(m, noisy, begin, contact="none", limit=1).doubts[0]
    still = Record(np.zeros((121, 2)) + 1e-3 * rng.normal(size=(121, 2)), np.zeros((120, 2)))
    assert any("own spread" in d for d in doubtful(m, still, begin, contact="none").doubts)


def test_rows_and_numbers_that_were_not_measured_do_not_count():
    m, ctrl = robot(ARM), np.repeat(waves(robot(ARM), STEPS // 3), 3, axis=0)
    q, _ = run(m, ctrl, TRUTH)
    noise = 1e-3 * np.random.default_rng(0).normal(size=q.shape)
    q = q + noise
    start = np.zeros(2), np.zeros(2)
    gaps = np.full_like(q, np.nan)
    gaps[::3] = q[::3]
    gaps[30, 1] = np.nan
    sparse = q[::3].copy()
    sparse[10, 1] = np.nan
    dense = identify(m, Record(gaps, ctrl, start=start), WANTED, contact="none")
    times = 5.0 + np.arange(41) * 0.03
    coarse = identify(m, Record(sparse, ctrl[::3], times=times, start=start), WANTED, contact="none")
    assert coarse.numbers == dense.numbers == 2 * 40 - 1
    assert coarse.values == pytest.approx(dense.values, rel=1e-10)
    assert coarse.errors == pytest.approx(dense.errors, rel=1e-8)
    both = identify(m, [Record(gaps, ctrl, start=start)] * 2, WANTED, contact="none", noise=1e-3)
    one = identify(m, Record(gaps, ctrl, start=start), WANTED, contact="none", noise=1e-3)
    assert both.errors == pytest.approx({k: e / math.sqrt(2.0) for k, e in one.errors.items()}, rel=1e-6)


SPINNER = """<mujoco model="spinner"><option timestep="0.01"/><worldbody><body name="top" pos="0 0 1">
  <joint name="neck" type="ball" damping="0.05"/><geom type="box" size="0.05 0.1 0.2" pos="0 0 -0.2"/>
  <site name="tip" pos="0 0 -0.4"/></body></worldbody>
  <sensor><framepos objtype="site" objname="tip"/></sensor></mujoco>"""


def test_velocities_sensors_and_quaternions_are_measurements():
    """Each alone finds the damping, a quaternion of which a number is missing does not count, -q is q; all together
    are surer by the sum of their information."""
    m, steps, name = robot(SPINNER), 60, "joint neck damping"
    q, v = run(m, np.zeros((steps, 0)), {name: 0.1}, [1.0, -2.0, 3.0])
    tip = np.array([m.sensors(a, b, [], contact="none") for a, b in zip(q, v, strict=True)])
    start, rng = (q[0], v[0]), np.random.default_rng(0)
    noise = {"q": 1e-3, "v": 2e-2, "sensors": 3e-3}
    whole = {
        "q": -np.array([m.moved(a, noise["q"] * rng.normal(size=3)) for a in q]),
        "v": v + noise["v"] * rng.normal(size=v.shape),
        "sensors": tip + noise["sensors"] * rng.normal(size=tip.shape),
    }
    nothing = {kind: np.full_like(x, np.nan) for kind, x in whole.items()}
    gaps = np.where(np.arange(4) == 2, np.nan, whole["q"])
    information = 0.0
    for given in ({"q": whole["q"]}, {"q": gaps, "v": whole["v"]}, {"sensors": whole["sensors"]}, whole):
        found = identify(m, Record(**nothing | given, start=start), [name], noise=noise, contact="none")
        assert abs(found.values[name] - 0.1) < 4.0 * found.errors[name] < 0.1
        assert not found.doubts
        if len(given) < 3:
            information += found.errors[name] ** -2
            assert found.numbers == 3 * (steps + ("sensors" in given))
        else:
            assert found.errors[name] == pytest.approx(information**-0.5, rel=0.02)
            assert found.rms("v") == pytest.approx(noise["v"], rel=0.2)


def test_dry_friction_is_found_by_soft_constraints():
    """A sled of 2 kg is pushed by 6 N until half time, then friction alone brakes it: by f / m."""
    m = robot(SLED.replace('axis="1 0 0"', 'axis="1 0 0" frictionloss="1"'))
    ctrl = np.repeat([[1.0], [0.0]], 30, axis=0)
    q, v = run(m, ctrl, {"joint x frictionloss": 2.5}, contact="soft")
    found = identify(m, Record(q, ctrl, start=(q[0], v[0])), ["joint x frictionloss"])
    assert found.values["joint x frictionloss"] == pytest.approx(2.5, rel=1e-7)
    assert np.ptp(np.diff(v[31:59, 0])) < 1e-6 and np.diff(v[:, 0])[45] == pytest.approx(-0.01 * 2.5 / 2.0, rel=0.02)


Q = np.zeros((5, 2))
U = np.zeros((5, 2))


@pytest.mark.parametrize(
    ("record", "wanted", "named", "words"),
    [
        (Record(Q[:, :1], U), WANTED, {}, r"q has the shape (5, 1); expected (times, 2)"),
        (Record(Q + np.inf, U), WANTED, {}, "q holds an infinity"),
        (Record(Q[:1], U[:1]), WANTED, {}, "has 1 row; expected two or more"),
        (Record(Q, U, v=Q[:4]), WANTED, {}, "v has the shape (4, 2); expected (5, 2)"),
        (Record(Q), WANTED, {}, "no ctrl; expected (5, 2)"),
        (Record(Q, U[:3]), WANTED, {}, "ctrl has the shape (3, 2); expected (5, 2)"),
        (Record(Q, U * np.nan), WANTED, {}, "ctrl holds NaN"),
        (Record(Q, U, times=[0.0, 0.01, 0.025, 0.03, 0.04]), WANTED, {}, "0.025 s is 2.500 steps of 0.01 s"),
        (Record(Q, U, times=[0.0, 0.01, 0.01, 0.03, 0.04]), WANTED, {}, "do not grow by the time step"),
        (Record(Q, U, times=[0.0, 0.01]), WANTED, {}, "times have the shape (2,)"),
        (Record(Q, U, start=([0.0], [0.0])), WANTED, {}, "start has the shapes (1,) and (1,)"),
        (Record(Q * np.nan, U), WANTED, {}, "first two positions are not all measured"),
        (Record(Q, U), [], {}, "given no parameters"),
        (Record(Q, U), ["joint elbw damping"], {}, "did you mean 'joint elbow damping'?"),
        (Record(Q, U), "joint * weight", {}, "no parameter is called 'joint * weight'"),
        (Record(Q, U), ["timestep"], {}, "the record's times fix it"),
        (Record(Q, U), ["body fore pos[3]"], {}, "'body fore pos' has 3 numbers"),
        (Record(Q, U), ["body fore pos", "body fore pos[1]"], {}, "'body fore pos[1]' twice"),
        (Record(Q, U), {"body fore mass": [1.0, 2.0]}, {}, "expected one number, where to begin"),
        (Record(Q, U), ["joint elbow armature"], {}, "would begin at 0; expected a positive value"),
        (Record(Q, U), [3], {}, "parameter 3; expected a name"),
        (Record(Q, U, v=Q), WANTED, {}, "q and v, whose units differ"),
        (Record(Q, U), WANTED, {"noise": {"v": 1.0}}, "noise of v was found; expected that of q"),
        (Record(Q, U), WANTED, {"noise": -1.0}, "expected a positive number, or 2 of them"),
        (Record(Q, U, v=Q), WANTED, {"noise": 1.0}, "a number for each of q, v"),
        (Record(Q[:3], U[:3]), WANTED, {}, "6 measured numbers were found for 7 unknowns"),
        (Record(Q, U), WANTED, {"confidence": 95}, "between 0 and 1"),
        (Record(Q, U), WANTED, {"limit": 0}, "limit=0"),
        ([], WANTED, {}, "no record"),
    ],
)
def test_mistakes_are_told(record: Any, wanted: Any, named: Any, words: str):
    with pytest.raises(ValueError) as told:
        identify(robot(ARM), record, wanted, **named)
    assert words in str(told.value)
    assert "expected" in str(told.value) or "has 3 numbers" in words or "leave it out" in str(told.value)


def test_a_beginning_whose_motion_is_not_finite_is_refused():
    m = robot(ARM)
    with pytest.raises(ValueError, match="not finite; expected a beginning nearer"):
        identify(m, Record(np.zeros((121, 2)), waves(m), start=([0, 0], [1e200, 0])), WANTED, contact="none")


def test_it_prints_itself_in_a_table():
    m = robot(SLED)
    q, _ = run(m, np.ones((20, 1)), {"geom box mass": 3.0})
    noisy = q + 1e-4 * np.random.default_rng(0).normal(size=q.shape)
    found = identify(m, Record(noisy, np.ones((20, 1)), start=([0.0], [0.0])), "geom * mass", contact="none")
    title, head, row, remark = repr(found).splitlines()
    assert title == "1 parameter of 'sled' from 20 measured numbers"
    assert head.split("  ")[0] == "parameter" and "95 % interval" in head and head.endswith("began at")
    assert row.startswith("geom box mass  ") and row.endswith("  2") and f"{found.errors['geom box mass']:.2g}" in row
    assert f"(rms): q {found.rms('q'):.3g};" in remark and "noise estimated" in remark and "converged in" in remark
    shown = found._repr_html_()
    assert shown.count("<tr>") == 2 and "<td>geom box mass</td>" in shown and "noise estimated" in shown


def written(folder: Path, head: str, rows: Any) -> Path:
    """A record as a file; NaN is an empty cell."""
    lines = [",".join("" if np.isnan(x) else repr(float(x)) for x in row) for row in rows]
    file = folder / "record.csv"
    file.write_text("\n".join([head, *lines, ""]))
    return file


def test_a_record_is_read_from_a_table(tmp_path: Path):
    rows = np.random.default_rng(0).normal(size=(4, 6))
    rows[2, 1] = np.nan
    found = read_record(written(tmp_path, "time, q1, q0, ctrl0, v0, sensor0", rows))
    kinds = found.times, found.q, found.ctrl, found.v, found.sensors
    for k, columns in zip(kinds, (0, [2, 1], [3], [4], [5]), strict=True):
        assert np.array_equal(k, rows[:, columns], equal_nan=True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "record.csv:1: no column q0"),
        ("time,ctrl0\n", "record.csv:1: no column q0"),
        ("q0,angle\n", 'record.csv:1: the column "angle"'),
        ("q0,q2\n", "record.csv:1: the columns of q have the numbers [0, 2]"),
        ("q0,q0\n", 'record.csv:1: the column "q0" was found twice'),
        ("q0,q1\n1,2\n1\n", "record.csv:3: 1 cells were found; expected 2"),
        ("q0\n1\nx\n", 'record.csv:3: "x" was found; expected a finite number'),
        ("q0\n1\n1e999\n", 'record.csv:3: "1e999" was found; expected a finite number'),
        ("q0\n1_0\n", 'record.csv:2: "1_0" was found; expected a finite number'),
        ("q0\n" + "1" * 200_000 + "\n", "record.csv:2: 200000 characters were found; expected at most 100,000"),
    ],
)
def test_a_file_that_is_no_record_is_refused_with_its_line(text: str, words: str, tmp_path: Path):
    (tmp_path / "record.csv").write_text(text)
    with pytest.raises(RobotError) as told:
        read_record(tmp_path / "record.csv")
    assert words in str(told.value)
    with pytest.raises(RobotError, match="is not a file"):
        read_record(tmp_path)


def test_a_spreadsheets_mark_at_the_beginning_is_no_part_of_the_first_name(tmp_path: Path):
    (tmp_path / "record.csv").write_bytes(b"\xef\xbb\xbftime,q0\r\n0.0,1.0\r\n0.1,2.0\r\n")
    found = read_record(tmp_path / "record.csv")
    assert found.times.tolist() == [0.0, 0.1] and found.q.tolist() == [[1.0], [2.0]]


@pytest.mark.parametrize("late", [1e9, 1e300, -1e300])
def test_times_that_claim_memory_are_refused(late: float):
    """A row is kept for each time step between: these would be as many as the times claim."""
    record = Record([[0.0], [1.0]], [[0.0]], times=[0.0, late])
    with pytest.raises(ValueError, match=r"times span .* time steps of .*; expected fewer than 10,000,000"):
        identify(robot(SLED), record, ["body sled mass"])


def test_the_command_prints_what_was_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "sled.xml").write_text(SLED)
    m, ctrl = robot(SLED), np.ones((30, 1))
    q, _ = run(m, ctrl, {"body sled mass": 3.0})
    noisy = q + 1e-5 * np.random.default_rng(0).normal(size=q.shape)
    rows = np.column_stack([0.01 * np.arange(31), noisy, np.append(ctrl, [[1.0]], axis=0)])
    record = written(tmp_path, "time,q0,ctrl0", rows)
    words = ["identify", str(tmp_path / "sled.xml"), str(record), "--contact", "none"]
    assert command([*words, "--noise", "1e-5", "--json"]) == 0
    out = capsys.readouterr().out
    expected = identify(m, read_record(record), "body * mass", noise=1e-5, contact="none")
    *table, last = out.splitlines()
    assert table == repr(expected).splitlines()
    assert json.loads(last)["values"] == expected.values
    assert abs(expected.values["body sled mass"] - 3.0) < 4.0 * expected.errors["body sled mass"]
    assert command([*words, "--noise", "q=1e-7", "--find", "body sled mass=2.5"]) == 1
    out = capsys.readouterr().out
    assert "2.5\n" in out and "times the noise that was given" in out
    for wrong, told in ((["--find", "body sled mas"], "did you mean"), (["--noise", "much"], "expected a number")):
        assert command([*words, *wrong]) == 2
        assert told in capsys.readouterr().err
