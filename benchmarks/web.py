"""Value and gradient in a web page's engine: ours beside machine code, C compiled to WebAssembly, Rose, JavaScript.

    NODE_MODULES=FOLDER/node_modules python benchmarks/web.py [SCENE ...] [--rounds 30] [--engines js102 jsc]

Needs Node; clang, lld and wasi-libc for C, and the npm package rose 0.4.10 for Rose, else these are left out. All
take turns on one core; a number is the least of many runs, in milliseconds. Every result is compared with machine
code's. Prints one JSON object a scene, with the module's size. `--out benchmarks/data/web.json` records them, for
`pictures.py web`. `--engines`: shells of other engines than Node's V8, which run the module and the JavaScript, too:
Debian's js102 (SpiderMonkey, Firefox's; package libmozjs-102-dev) and jsc (JavaScriptCore, Safari's; package
libjavascriptcoregtk-4.0-bin).
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import javascript
import numpy as np
import rigid_body_ratio
from c_limits import SOURCES
from mass_spring_ratio import weights
from turns import Tool, machine

from rosesim import value_and_grad
from rosesim.scenes import compiled, configure, find_scene
from rosesim.scenes.tree import FlatView, leaves
from rosesim.web import wasm

CLIENT = Path(__file__).parents[1] / "rosesim" / "web" / "rosesim.js"
SETTINGS = {
    "billiards": ["contact=published"],
    "mass_spring": ["robot=D"],
    "mass_spring_simple": [],
    "bounce": [],
    "electric": ["path=fixed"],
    "rigid_body": [],
    "box_friction": [],
    "wave": [],
    "water_renderer": [],
    "smoke": [],
    "whip": [],
    "fly_by": [],
}
FLAGS = ["--target=wasm32-wasi", "-O3", "-ffast-math", "-msimd128", "-nostartfiles", "-lm"]
LINK = ["-Wl,--no-entry", "-Wl,--strip-all", "-Wl,--export=malloc"]
SECONDS = 0.1
"""Approximate length of a turn."""


def scene_at(name: str) -> tuple[Any, Any, Any]:
    """A scene with its params and inputs; the robot has the weights of the reference values."""
    scene, inputs = configure(find_scene(name), SETTINGS[name])
    params = scene.params(np.random.default_rng(0))
    if name == "mass_spring":
        params = weights(1.0, len(params.weights1[0]), len(params.bias2))
    return scene, params, inputs


def c_program(name: str, scene: Any, params: Any, inputs: Any, folder: Path) -> dict[str, Any] | None:
    """What `web_peer.mjs` needs to run the hand-written adjoint; None where there is none."""
    definitions: list[str] = []
    numbers, scratch = [scene.steps], [[f"{name}_scratch", scene.steps]]
    if name == "billiards":
        shot = np.concatenate([params.position, params.velocity])
        blocks, size, definitions = [shot.tobytes()], 4, ["-DBRANCH"]
    elif name == "mass_spring":
        robot = scene.robot
        ends = robot.ends.T.astype(np.int32).tobytes()
        ends += b"\0" * (-len(ends) % 8)
        given = np.concatenate([params.weights1.T.ravel(), params.bias1, params.weights2.T.ravel(), params.bias2])
        data = ends + np.concatenate([robot.of_springs(k) for k in (2, 3, 4)]).tobytes()
        blocks, size = [data, robot.positions.tobytes(), given.tobytes()], given.size
        definitions = [f"-DNO={len(robot.nodes)}", f"-DNS={len(robot.springs)}"]
    elif name == "rigid_body":
        macros, arrays, _ = rigid_body_ratio.c_arguments(scene, params)
        definitions = ["-DLANES=2", *(f"-D{m}" for m in macros)]
        blocks, size = [a.tobytes() for a in arrays], arrays[-1].size
    elif name in ("wave", "smoke"):
        z = np.asarray(next(iter(vars(params).values())))
        blocks, size, definitions = [np.asarray(a).tobytes() for a in (z, inputs.wanted)], z.size, [f"-DN={scene.n}"]
        numbers, scratch = [scene.steps + 1, 1], [["wave_scratch"]]
        if name == "smoke":
            numbers, scratch = [scene.steps, scene.sweeps], [["smoke_scratch", scene.steps], ["smoke_work"]]
    else:
        return None
    built = folder / f"{name}-c.wasm"
    names = [f"-Wl,--export={made}" for made in (f"{name}_grad", *(made for made, *_ in scratch))]
    source = str(SOURCES / f"{name}.c")
    try:
        subprocess.run(["clang", *FLAGS, *LINK, *names, *definitions, source, "-o", str(built)], check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return {
        "wasm": str(built), "name": name, "numbers": numbers, "scratch": scratch, "gradient": size,
        "blocks": [[*b] for b in blocks],
    }  # fmt: skip


def tools(
    name: str, scene: Any, params: Any, inputs: Any, folder: Path, engines: list[str]
) -> tuple[list[Tool], dict[str, Any]]:
    """The programs in Node and in other engines, and the sizes of our module."""

    def peer(label: str, kind: str, given: dict[str, Any], engine: str = "") -> Tool:
        file = folder / f"{name}-{label}.json"
        file.write_text(json.dumps(given))
        if engine:
            return Tool(f"{label} in {engine}", "engine_peer", kind, {"file": str(file)}, engine=(engine, "-m"))
        return Tool(label, "web_peer", kind, {"file": str(file)})

    module = wasm({"gradient": (value_and_grad(compiled(scene).loss, wrt=0), params, inputs)}, memory=2.0**31)
    (folder / f"{name}.wasm").write_bytes(module.code)
    plain = {"params": _listed(params), "inputs": _listed(inputs)}
    ours = {"wasm": str(folder / f"{name}.wasm"), "client": str(CLIENT), **plain}
    made = [peer("wasm", "module", ours), *(peer("wasm", "module", ours, engine) for engine in engines)]
    script = folder / f"{name}.mjs"
    script.write_text(javascript.written(javascript.gradient(scene, params, inputs)))
    args = [np.ravel(v).tolist() if np.ndim(v) else v for s in (params, inputs) for v in leaves(s).values()]
    printed = {"file": str(script), "args": args}
    made += [peer("javascript", "javascript", printed, engine) for engine in ("", *engines)]
    c = c_program(name, scene, params, inputs, folder)
    if c is not None:
        made.append(peer("C", "c", c))
    if "NODE_MODULES" in os.environ and name in ("billiards", "mass_spring"):
        sizes: dict[str, Any] = {"steps": scene.steps}
        if name == "mass_spring":
            springs = [
                [int(a), int(b), *(float(scene.robot.of_springs(k)[i]) for k in (2, 3, 4))]
                for i, (a, b) in enumerate(scene.robot.ends)
            ]
            robot = {"points": scene.robot.positions.tolist(), "goal": np.asarray(inputs.goal).tolist()}
            given = {"robot": {**robot, "springs": springs}, "weights": _listed(params)}
            (folder / "robot.json").write_text(json.dumps(given))
            sizes["file"] = str(folder / "robot.json")
        made.append(Tool("Rose", "rose_peer", name, sizes))
    size = {"wasm": len(module.code), "wasm_gzip": len(gzip.compress(module.code, 9))}
    return made, size | {"javascript_gzip": len(gzip.compress(script.read_bytes(), 9))}


def _listed(struct: Any) -> Any:
    return {name: np.asarray(v).tolist() for name, v in leaves(struct).items()}


def measured(name: str, rounds: int, folder: Path, engines: list[str]) -> dict[str, Any]:
    """The least milliseconds of each program."""
    scene, params, inputs = scene_at(name)
    both = value_and_grad(compiled(scene).loss, wrt=0).compile(params, inputs, threads=1)
    loss, slope = both(params, inputs)
    view = FlatView.of(params)
    gradient = view.flatten(slope)
    found, sizes = tools(name, scene, params, inputs, folder, engines)
    least: dict[str, float] = {"native": np.inf}
    for tool in found:
        tool.start()
        if not tool.failure:
            theirs_loss, theirs = tool.first["results"][0]
            order = _order_of_c(name, scene, view, params) if tool.name == "C" else slice(None)
            close = np.abs(np.asarray(theirs)[order] - gradient).max() <= 1e-8 * np.abs(gradient).max()
            if not (close and np.isclose(theirs_loss, loss, rtol=1e-8)):
                tool.failure = "another result"
        if tool.failure:
            print(f"{name}, {tool.name}: {tool.failure}", flush=True)
            tool.stop()
    counts = {tool.name: 1 for tool in found}
    for _ in range(rounds):
        begun = time.perf_counter()
        while time.perf_counter() - begun < SECONDS:
            at = time.perf_counter()
            both(params, inputs)
            least["native"] = min(least["native"], 1e3 * (time.perf_counter() - at))
        for tool in found:
            if not tool.failure:
                before = len(tool.times)
                tool.turn(counts[tool.name])
                counts[tool.name] = max(1, int(1e3 * SECONDS / min(tool.times[before:])))
    for tool in found:
        tool.stop()
        if tool.times and not tool.failure:
            least[tool.name] = min(tool.times)
    ready = {f"{t.name}_ready_s": round(t.first["ready"], 3) for t in found if t.first}
    ratios = {f"{k}/native": round(v / least["native"], 2) for k, v in least.items() if k != "native"}
    return {"scene": name, "settings": SETTINGS[name], "ms": least, **ratios, **ready, **sizes}


def _order_of_c(name: str, scene: Any, view: Any, params: Any) -> Any:
    """The C keeps weights transposed: where it has each of our numbers."""
    if name == "rigid_body":
        return rigid_body_ratio.c_arguments(scene, params)[2]
    if name != "mass_spring":
        return slice(None)
    numbers_ = np.arange(view.size)
    parts, at = [], 0
    for name, shape in view.shapes.items():
        size = int(np.prod(shape, dtype=int))
        part = numbers_[at : at + size]
        parts.append(part.reshape(shape[::-1]).T.ravel() if name.startswith("weights") else part)
        at += size
    return np.concatenate(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("scenes", nargs="*", default=[*SETTINGS])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--engines", nargs="*", default=[], help="commands of other engines' shells")
    parser.add_argument("--out", type=Path, help="a file for what was measured")
    given = parser.parse_args()
    found: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in given.scenes:
            found.append(json.dumps(measured(name, given.rounds, Path(folder), given.engines)))
            print(found[-1], flush=True)
    if given.out is not None:
        rows = ",\n  ".join(found)
        given.out.write_text(f'{{"machine": {json.dumps(machine())},\n "measured": [\n  {rows}\n]}}\n')


if __name__ == "__main__":
    main()
