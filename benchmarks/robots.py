"""200 control steps of a robot and their gradient, beside MuJoCo's C in the same run.

    python benchmarks/robots.py [FILE.xml ...] [--contact none soft compliant] [--integrator euler] [--rounds 20]
    python benchmarks/robots.py --boxes 1 2 4 8 --contact soft
    python benchmarks/robots.py --runs 256 [--contact none soft]

Without files: arm7, half_cheetah and ant, where ../shared and Gymnasium are found. `--boxes`: so many boxes on the
ground that may all touch; their gradient is by how fast they start. One core, double precision, least of the rounds;
compiled anew. `--runs`: so many starts and controls at once, in lanes, on one core and on all; thousands of steps a
second, of which all runs count. "MuJoCo" is mj_step alone, called from C by mujoco.rollout; "differences" is
mjd_transitionFD (centred) at every step, what MuJoCo offers for a gradient. Both need `pip install mujoco==3.17.0`.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rosesim import const, fn, robots, scan, value_and_grad, vmap

STEPS = 200


def least(f: Callable[[], Any], rounds: int) -> float:
    """The least time of some calls, ms."""
    best = np.inf
    for _ in range(rounds):
        begun = time.perf_counter()
        f()
        best = min(best, time.perf_counter() - begun)
    return 1e3 * float(best)


def loss_of(m: Any, contact: str, integrator: str | None) -> Any:
    """A function of controls (STEPS, nu) and the first velocity: where the robot ends, and how fast."""
    how: dict[str, Any] = {"contact": contact} | ({"integrator": integrator} if integrator else {})

    @fn
    def loss(u: Any, v: Any) -> Any:
        q1, v1 = scan(lambda s, t: m.step(s[0], s[1], u[t] if m.nu else [], **how), (const(m.start), v), STEPS)
        return q1[0] + 0.0005 * (v1 @ v1)

    return loss


def many(file: Path, contact: str, runs: int, rounds: int) -> list[float]:
    """Thousands of steps a second: value and gradient on one core, on all, and MuJoCo's on one and on all."""
    m = robots.load(file)
    rng = np.random.default_rng(0)
    u, v = 0.3 * rng.normal(size=(runs, STEPS, m.nu)), 0.01 * rng.normal(size=(runs, m.nv))
    loss = loss_of(m, contact, None)
    found: list[float] = []
    for threads in (1, os.cpu_count() or 1):
        for f in (vmap(loss), vmap(value_and_grad(loss, wrt=0 if m.nu else 1))):
            made = f.compile(u, v, threads=threads)
            found.append(runs * STEPS / least(lambda made=made: made(u, v), rounds))
    if (mj := mujoco()) is None:
        return [*found, np.nan, np.nan]
    model = peer_model(mj, file, contact)
    data = [mj.MjData(model) for _ in range(os.cpu_count() or 1)]
    state = np.zeros((runs, mj.mj_stateSize(model, mj.mjtState.mjSTATE_FULLPHYSICS)))
    for k in range(runs):
        data[0].qvel[:] = v[k]
        mj.mj_getState(model, data[0], state[k], mj.mjtState.mjSTATE_FULLPHYSICS)
    run: Any = importlib.import_module("mujoco.rollout").rollout
    found += [runs * STEPS / least(lambda d=d: run(model, d, state, u), rounds) for d in (data[0], data)]
    return found


def ours(file: Path, contact: str, integrator: str | None, rounds: int) -> tuple[float, float, float, float]:
    """Value and gradient by the controls, or by the first velocity without motors, ms; seconds to compile each."""
    m = robots.load(file)
    v = np.zeros(m.nv) if m.nu else 0.01 * np.random.default_rng(1).normal(size=m.nv)
    u = 0.3 * np.random.default_rng(0).normal(size=(STEPS, m.nu))
    loss = loss_of(m, contact, integrator)
    begun = time.perf_counter()
    value = loss.compile(u, v, threads=1)
    middle = time.perf_counter()
    gradient = value_and_grad(loss, wrt=0 if m.nu else 1).compile(u, v, threads=1)
    end = time.perf_counter()
    return least(lambda: value(u, v), rounds), least(lambda: gradient(u, v), rounds), middle - begun, end - middle


def boxes(n: int, folder: Path) -> Path:
    """The file of so many boxes on the ground."""
    each = '<body pos="{} 0 0.11"><freejoint/><geom type="box" size="0.1 0.1 0.1"/></body>'
    world = "".join(each.format(0.5 * k) for k in range(n))
    file = folder / f"{n} boxes.xml"
    plane = '<geom type="plane" size="9 9 1"/>'
    file.write_text(f'<mujoco><option timestep="0.002"/><worldbody>{plane}{world}</worldbody></mujoco>')
    return file


def mujoco() -> Any:
    """The package, if it is there."""
    return importlib.import_module("mujoco") if importlib.util.find_spec("mujoco") else None


def peer_model(mj: Any, file: Path, contact: str) -> Any:
    """MuJoCo's model of a file, without constraints where ours has none."""
    model = mj.MjModel.from_xml_path(str(file))
    if contact == "none":
        model.opt.disableflags |= int(mj.mjtDisableBit.mjDSBL_CONTACT) | int(mj.mjtDisableBit.mjDSBL_CONSTRAINT)
    return model


def theirs(file: Path, contact: str, rounds: int) -> tuple[float, float] | None:
    """MuJoCo's steps, and its differences at every step, ms."""
    if (mj := mujoco()) is None:
        return None
    model = peer_model(mj, file, contact)
    data = mj.MjData(model)
    u = 0.3 * np.random.default_rng(0).normal(size=(1, STEPS, model.nu))
    state = np.zeros((1, mj.mj_stateSize(model, mj.mjtState.mjSTATE_FULLPHYSICS)))
    mj.mj_getState(model, data, state[0], mj.mjtState.mjSTATE_FULLPHYSICS)
    run: Any = importlib.import_module("mujoco.rollout").rollout
    value = least(lambda: run(model, data, state, u), rounds)
    if model.opt.integrator == mj.mjtIntegrator.mjINT_RK4:
        return value, np.nan
    n = 2 * model.nv + model.na
    a, b = np.zeros((n, n)), np.zeros((n, model.nu))

    def differences() -> None:
        mj.mj_resetData(model, data)
        for t in range(STEPS):
            data.ctrl[:] = u[0, t]
            mj.mjd_transitionFD(model, data, 1e-6, True, a, b, None, None)
            mj.mj_step(model, data)

    return value, least(differences, max(2, rounds // 5))


def several(named: list[Path], contacts: list[str], runs: int, rounds: int) -> None:
    """Print the table of many runs at once."""
    print("| robot, contact, thousands of steps a second | value | gradient | all cores | | MuJoCo | all cores |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for file in named:
        for contact in contacts:
            try:
                found = " | ".join(f"{x:,.0f}" for x in many(file, contact, runs, rounds))
            except robots.RobotError as error:
                found = error.sentence
            print(f"| {file.stem}, {contact} | {found} |", flush=True)


def files() -> list[Path]:
    """The robots that are measured where none is named."""
    found = [Path(__file__).parents[2] / "shared/robots/models/arm7.xml"]
    spec = importlib.util.find_spec("gymnasium")
    if spec and spec.origin:
        assets = Path(spec.origin).parent / "envs/mujoco/assets"
        found += [assets / "half_cheetah.xml", assets / "ant.xml"]
    return [f for f in found if f.exists()]


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--contact", nargs="+", default=["none", "soft", "compliant"])
    parser.add_argument("--integrator", help="in the place of the file's")
    parser.add_argument("--boxes", nargs="+", type=int, default=[])
    parser.add_argument("--runs", type=int, help="at once")
    parser.add_argument("--rounds", type=int, default=20)
    args = parser.parse_args()
    os.environ["ROSESIM_CACHE_DIR"] = ""
    folder = tempfile.TemporaryDirectory()
    named = [*args.files, *(boxes(n, Path(folder.name)) for n in args.boxes)]
    if args.runs:
        several(args.files or files(), args.contact, args.runs, args.rounds)
        return
    print("| robot, contact | value ms | gradient ms | compile s | MuJoCo ms | differences ms |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for file in named or files():
        for contact in args.contact:
            try:
                value, gradient, first, second = ours(file, contact, args.integrator, args.rounds)
            except robots.RobotError as error:
                print(f"| {file.stem}, {contact} | {error.sentence} |")
                continue
            is_his = contact != "compliant" and not args.integrator and not args.boxes
            peer = theirs(file, contact, args.rounds) if is_his else None
            beside = "| |" if peer is None else f"{peer[0]:.2f} | {peer[1]:.1f}"
            line = f"{value:.2f} | {gradient:.2f} | {first:.1f} + {second:.1f} | {beside}"
            print(f"| {file.stem}, {contact} | {line} |", flush=True)


if __name__ == "__main__":
    main()
