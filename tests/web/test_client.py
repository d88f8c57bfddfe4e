"""`rosesim.js` in Node: what JavaScript passes and gets, and what it is told when it passes something else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from web.node import node

from rosesim import Index, Real, Vec, const, fmod, fn, sum, value_and_grad, vec
from rosesim.scenes.errors import SceneError
from rosesim.web import save, wasm


@dataclass(frozen=True)
class Point:
    place: Vec[Real, 2]
    mass: Real


TABLE = np.arange(300.0)


@fn
def energy(points: Vec[Point, 3], pull: Real) -> Real:
    return sum(3, lambda i: points.mass[i] * (points.place[i] @ points.place[i])) * pull


@fn
def looked_up(i: Index[300], flag: Vec[Real, 4]) -> tuple[Real, Vec[Index[300], 2], Real, None]:
    return const(TABLE)[i] + flag[3], vec(2, lambda k: i), fmod(flag[0], 3.0), None


@fn
def checked(x: Real) -> Real:
    return vec(3, lambda i: x * i)[Index[3].check(x)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("client")
    module = wasm({"both": value_and_grad(energy), "energy": energy, "looked_up": looked_up, "checked": checked})
    save(module, folder / "module.wasm")
    return folder


def said(folder: Path, body: str) -> Any:
    return node(
        f"""
import {{ readFileSync }} from "node:fs";
import {{ load }} from "./rosesim.js";
const m = await load(readFileSync("module.wasm"));
const points = {{ place: [[1, 2], [3, 4], [5, 6]], mass: [1, 10, 100] }};
const refused = (f) => {{ try {{ f(); return "nothing"; }} catch (e) {{ return `${{e.name}}: ${{e.message}}`; }} }};
const told = await (async () => {{ {body} }})();
console.log(JSON.stringify(told, (_, v) => (ArrayBuffer.isView(v) ? Array.from(v, Number) : v)));
""",
        folder,
    )


def test_structs_go_in_and_come_out_as_objects_of_arrays(folder: Path) -> None:
    value, (places, masses, shape, pull) = said(
        folder, "const [v, [p, g]] = m.both(points, 2); return [v, [p.place, p.mass, p.place.shape, g]];"
    )
    x, mass = np.array([[1.0, 2], [3, 4], [5, 6]]), np.array([1.0, 10, 100])
    assert value == 2 * (mass * (x**2).sum(axis=1)).sum() and shape == [3, 2]
    assert places == (4 * mass[:, None] * x).ravel().tolist() and masses == (2 * (x**2).sum(axis=1)).tolist()
    assert pull == value / 2


def test_typed_arrays_are_taken_as_they_lie(folder: Path) -> None:
    body = "return m.energy({ place: new Float32Array([1, 2, 3, 4, 5, 6]), mass: Float64Array.of(1, 10, 100) }, 2);"
    assert said(folder, body) == 2 * (5 + 250 + 6100)


def test_results_are_copies(folder: Path) -> None:
    body = "const [, [a]] = m.both(points, 2); m.both(points, 0); return a.mass;"
    assert said(folder, body) == [10.0, 50.0, 122.0]


def test_views_run_without_copies_and_are_shared_by_functions(folder: Path) -> None:
    body = """m.energy(points, 2); m.both.parameters.pull[0] = 3; m.energy.run();
              return m.energy.results[0];"""
    assert said(folder, body) == 3 * 6355.0


def test_integers_tables_and_remainders(folder: Path) -> None:
    assert said(folder, "return m.looked_up(299, [-7, 0, 0, 0.5]);") == [299.5, [299, 299], -1.0, None]


def test_a_failed_check_is_thrown(folder: Path) -> None:
    assert said(folder, "return [m.checked(1), refused(() => m.checked(7)), m.checked(2)];") == [
        1.0,
        "ProgramError: an index outside of 0 .. 2 was computed; expected one inside: "
        "Index[3].clamp(x) and Index[3].wrap(x) always give one",
        4.0,
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("m.energy(points)", "TypeError: energy: 1 arguments were found; expected 2: points, pull"),
        ("m.energy(points, '2')", "TypeError: pull: 2 was found; expected a number"),
        (
            "m.energy({ ...points, mass: [1] }, 2)",
            "TypeError: points.mass: a list of 1 was found; expected numbers of the shape 3",
        ),
        (
            "m.energy({ ...points, place: [[1, 2], [3, 4], [5]] }, 2)",
            "TypeError: points.place: a list of 3 was found; expected numbers of the shape 3 × 2",
        ),
        ("m.energy(null, 2)", "TypeError: points: null was found; expected an object with place, mass"),
        (
            "m.energy({ mass: [1, 2, 3] }, 2)",
            "TypeError: points.place: undefined was found; expected numbers of the shape 3 × 2",
        ),
        ("m.looked_up(300, [0, 0, 0, 0])", "RangeError: i: 300 was found; expected an integer from 0 to 299"),
        ("m.looked_up(0.5, [0, 0, 0, 0])", "RangeError: i: 0.5 was found; expected an integer from 0 to 299"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(folder: Path, call: str, message: str) -> None:
    assert said(folder, f"return refused(() => {call});") == message


def test_a_module_of_somebody_else_is_refused(folder: Path) -> None:
    body = """try { await load(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)); } catch (e) { return e.message; }"""
    assert "expected one that rosesim has made" in said(folder, body)


def test_saving_overwrites_nothing_of_the_users(tmp_path: Path) -> None:
    (tmp_path / "rosesim.js").write_text("mine")
    with pytest.raises(SceneError, match=r"rosesim.js: it is not rosesim's client"):
        save(wasm({"energy": energy}), tmp_path / "a.wasm")
    assert (tmp_path / "rosesim.js").read_text() == "mine" and not (tmp_path / "a.wasm").exists()
    (tmp_path / "rosesim.js").unlink()
    for _ in range(2):  # a second time over its own files
        save(wasm({"energy": energy}), tmp_path / "a.wasm")
