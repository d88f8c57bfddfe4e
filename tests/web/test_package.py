"""A folder fit for npm: what is in it, and what a project that has it installed computes."""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
import threading
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from web.node import node

from rosesim import Bool, Index, Program, Real, Vec, fn, sum, value_and_grad
from rosesim.cli import run as rosesim
from rosesim.optimise.rules import make_optimizer
from rosesim.optimise.schedules import parse_schedule
from rosesim.scenes import configure, find_scene
from rosesim.scenes.compiled import compiled
from rosesim.scenes.errors import SceneError
from rosesim.scenes.tree import FlatView, leaves
from rosesim.train import read_best
from rosesim.web import package, scene_package, wasm
from rosesim.web.declared import declarations

FILES = ["README.md", "index.d.ts", "index.js", "module.wasm", "package.json", "rosesim.d.ts", "rosesim.js"]
PLAIN = "console.log(JSON.stringify(told, (_, v) => (ArrayBuffer.isView(v) ? Array.from(v, Number) : v)));"


@dataclass(frozen=True)
class Point:
    place: Vec[Real, 2]
    mass: Real


@dataclass(frozen=True)
class Odd:
    new: Point
    größe: Bool
    big: Vec[Index[2**40], 2]
    nothing: None


@fn
def energy(points: Vec[Point, 3], pull: Real) -> Real:
    """What it takes to lift the points."""
    return sum(3, lambda i: points.mass[i] * (points.place[i] @ points.place[i])) * pull


@fn
def odd(function: Odd, k: Index[5], rows: Vec[Vec[Real, 20], 2]) -> tuple[Odd, Real]:
    return function, rows[1][19] + k


FUNCTIONS = {"both": value_and_grad(energy), "energy": energy, "odd": odd}
ROWS = np.random.default_rng(0).normal(size=(2, 20))


def installed(project: Path, name: str) -> Path:
    """Where a project has its package of that name."""
    return project / "node_modules" / name


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scratch project with two packages installed: of functions, and of a scene."""
    project = tmp_path_factory.mktemp("project")
    values = {"pull": 0.1, "rows": ROWS}
    package(installed(project, "of-functions"), FUNCTIONS, values=values, license="MIT", version="1.2.3-rc.1")
    scene, inputs = configure(find_scene("mass_spring_simple"), ["steps=60"])
    how: dict[str, Any] = {"optimizer": "adam", "schedule": "cosine", "iterations": 20}
    scene_package(installed(project, "springs"), scene, inputs, math="strict", **how)
    return project


def test_a_project_gets_the_gradient_to_the_bit(project: Path) -> None:
    found = node(
        f"""
        import {{ load, params, inputs }} from "springs";
        const {{ gradient }} = await load(), told = gradient(params, inputs);
        {PLAIN}
        """,
        project,
    )
    scene, inputs = configure(find_scene("mass_spring_simple"), ["steps=60"])
    loss = compiled(scene).loss
    given = scene.params(np.random.default_rng(0)), inputs
    value, gradient = Program(value_and_grad(loss, wrt=0), loss.types_of(given), math="strict")(*given)
    assert found == [float(value), {"rest": gradient.rest.tolist()}] and np.any(gradient.rest)


def said_by_the_readme(project: Path, name: str) -> list[Any]:
    """What the example of a package's README prints."""
    readme = (installed(project, name) / "README.md").read_text(encoding="utf-8")
    code = re.search(r"```js\n(.*?)```", readme, re.DOTALL)
    assert code is not None and f'from "{name}"' in code[1]
    seen = "const told = [], console = { log: (...values) => told.push(...values) };"
    return node(f"{code[1].replace('await load();', 'await load();' + seen, 1)}\nglobalThis.{PLAIN}", project)


def test_the_readmes_example_of_a_scene_optimises_to_the_bits_of_training(project: Path) -> None:
    scene, inputs = configure(find_scene("mass_spring_simple"), ["steps=60"])
    loss = compiled(scene).loss
    params = scene.params(np.random.default_rng(0))
    program = Program(value_and_grad(loss, wrt=0), loss.types_of((params, inputs)), math="strict")
    view = FlatView.of(params)
    adam = make_optimizer("adam", float(inputs.learning_rate), schedule=parse_schedule("cosine", 20))
    x, state, expected = view.flatten(params), adam.start(view.flatten(params)), list[Any]()
    for i in range(5):
        value, gradient = program(view.unflatten(x), inputs)
        expected += [i, float(value)]
        x, state = adam.step(x, view.flatten(gradient), state)
    first, slope, end, *found = said_by_the_readme(project, "springs")
    assert found == expected and first == expected[1] and slope["rest"] and end.keys() == {"position", "velocity"}


def test_the_readmes_example_calls_each_function(project: Path) -> None:
    (value, (_, slope)), same, (_, last) = said_by_the_readme(project, "of-functions")
    assert value == same == pytest.approx(0.1 * 3 * 0.5 * 0.5) and slope == pytest.approx(0.75)
    assert last == ROWS[1, 19] + 1


def test_constants_have_every_bit(project: Path) -> None:
    found = node(
        f"""
        import {{ load, pull, rows }} from "of-functions";
        const f = {{ new: {{ place: [1, 2], mass: 3 }}, größe: true, big: [1n, 2 ** 39], nothing: null }};
        const told = [pull, rows, (await load()).odd(f, 4, rows)];
        {PLAIN}
        """,
        project,
    )
    pull, rows, (same, last) = found
    assert pull == 0.1 and rows == ROWS.ravel().tolist() and last == ROWS[1, 19] + 4
    assert same == {"new": {"place": [1, 2], "mass": 3}, "größe": True, "big": [1, 2**39], "nothing": None}


def test_each_load_has_a_memory_of_its_own_and_may_have_another_source(project: Path) -> None:
    told = """
        import { load } from "of-functions";
        import { readFileSync } from "node:fs";
        const bytes = readFileSync("node_modules/of-functions/module.wasm");
        const a = await load(), b = await load(bytes), c = await load(new Response(bytes));
        a.energy.parameters.pull[0] = 3;
        const refused = await load(new Response("no", { status: 404 })).catch((e) => e.message);
        const told = [b.energy.parameters.pull[0], c.energy.parameters.pull[0], refused];
        """
    own, other, refused = node(told + PLAIN, project)
    assert own == other == 0 and "the answer 404 was found; expected a module there" in refused


def test_a_browser_fetches_the_module_from_beside_the_code(project: Path, browser: Any) -> None:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(installed(project, "of-functions")))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/README.md")
        found = page.evaluate(
            """async () => {
              const { load, pull } = await import("/index.js"), { energy } = await load();
              return energy({ place: [[1, 2], [3, 4], [5, 6]], mass: [1, 10, 100] }, pull);
            }"""
        )
        page.close()
        server.shutdown()
    assert found == pytest.approx(0.1 * (5 + 250 + 6100))


def test_the_folder_says_what_npm_wants_to_know(project: Path) -> None:
    folder = installed(project, "of-functions")
    assert sorted(f.name for f in folder.iterdir()) == FILES
    told = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    wanted = {"name": "of-functions", "version": "1.2.3-rc.1", "license": "MIT", "type": "module"}
    assert told.items() >= wanted.items()
    assert {*told["files"], "package.json", "README.md"} == set(FILES)
    for file in (told["types"], *told["exports"]["."].values(), told["exports"]["./module.wasm"]):
        assert (folder / file).is_file()


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_npm_packs_these_files(project: Path) -> None:
    pack = ["npm", "pack", "--dry-run", "--json", "--offline"]
    done = subprocess.run(pack, cwd=installed(project, "springs"), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    (told,) = told if isinstance(told := json.loads(done.stdout), list) else told.values()
    assert sorted(f["path"] for f in told["files"]) == FILES and told["name"] == "springs"


def names(described: Any) -> list[str]:
    """All names of fields in a description's type, in the order in which they are written."""
    if "fields" in described:
        return [n for name, t in described["fields"].items() for n in [name, *names(t)]]
    return [n for t in described.get("items", ()) for n in names(t)]


class Declared:
    """A reader of the declarations that are written: interfaces by name, as their fields and types."""

    def __init__(self, text: str):
        found = re.findall(r"export interface (\w+) \{\n(.*?)\n\}", text, re.DOTALL)
        self.types = {
            name: {
                json.loads(k) if k[0] == '"' else k: t for k, t in re.findall(r"readonly (\S+): (.*);\n", body + "\n")
            }
            for name, body in found
        }

    def fields(self, type: str) -> list[str]:
        """The names of all fields in a type, in order."""
        words = re.findall(r"(?:readonly )?(\w+): |(\w+)", type)
        return [
            n for _, t in words if t in self.types for k, v in self.types[t].items() for n in [k, *self.fields(v)]
        ]

    def program(self, name: str) -> tuple[list[str], list[str]]:
        """The names of a program's parameters, and those of the fields in its arguments, result and views."""
        type = self.types["Programs"][name]
        arguments = re.match(r"Program<\[(.*?)\], ", type)
        assert arguments is not None
        return re.findall(r"(\w+): ", arguments[1]), self.fields(type)


@pytest.mark.parametrize("name", ["springs", "of-functions"])
def test_the_types_name_what_the_module_describes(project: Path, name: str) -> None:
    folder = installed(project, name)
    code = (folder / "module.wasm").read_bytes()
    start = code.index(b'{"version"')
    programs = json.JSONDecoder().raw_decode(code[start:].decode("utf-8", "ignore"))[0]["programs"]
    declared = Declared((folder / "index.d.ts").read_text(encoding="utf-8"))
    assert [*declared.types["Programs"]] == [*programs]
    for program, described in programs.items():
        labels, fields = declared.program(program)
        given = [n for t in described["parameters"].values() for n in names(t)]
        got = names(described["result"])
        assert labels == [*described["parameters"]]
        assert fields == [*given, *got, *given, *got]
    if name == "springs":  # a parameter's name, not that of the first program that gives one
        assert re.match(
            r"Program<\[params: Params, inputs: Inputs\], StateResult, ", declared.types["Programs"]["start"]
        )


def test_a_type_has_three_faces() -> None:
    text = declarations(wasm({"odd": odd}).description["programs"], {"k": "1"}, {"odd": "Odd */ ones."})
    for line in (
        'export interface Function {\n  readonly new: New;\n  readonly "gr\\u00f6\\u00dfe": boolean;',
        "  /** shape 2, integers from 0 to 1099511627775 */\n  readonly big: Rows<number | bigint, BigTyped>;",
        "  readonly big: Shaped<BigUint64Array, [2]>;",
        "  /** Odd * / ones. */\n  readonly odd: Program<[function: Function, k: number, rows: Rows<Rows<number>>], "
        "[FunctionResult, number], { readonly function: FunctionViews; readonly k: Shaped<Float64Array, []>; ",
        "export const k: number;",
    ):
        assert line in text


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"name": "Upper"}, "the name Upper of a package was found; expected one that npm takes"),
        ({"version": "1"}, "the version 1 was found; expected one that npm takes, as 0.1.0"),
        ({"values": {"push": 1.0}}, "the value push was given; expected one for a parameter: points, pull"),
        ({"values": {"pull": [1.0]}}, r"pull: \[1.0\] was found; expected a number"),
        ({"values": {"points": {"place": 0}}}, "points: place was found; expected place, mass"),
    ],
)
def test_what_npm_or_the_programs_would_refuse_is_refused_first(how: Any, says: str, tmp_path: Path) -> None:
    with pytest.raises(SceneError, match=says):
        package(tmp_path / "made", {"energy": energy}, **how)
    assert not list(tmp_path.iterdir())


def test_a_folder_of_something_else_stays_and_an_earlier_package_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "package.json").write_text('{"name": "mine"}')
    with pytest.raises(SceneError, match="it holds something else"):
        package(tmp_path / "mine", {"energy": energy})
    for version in ("1.0.0", "1.0.1"):
        made = package(tmp_path / "made", {"energy": energy}, version=version)
    assert json.loads((made / "package.json").read_text())["version"] == "1.0.1"


def test_a_run_is_exported_with_its_best_params(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, made = tmp_path / "run", tmp_path / "ball"
    assert rosesim(["train", "bounce", "--set", "steps=60", "--iterations", "3", "--out", str(run)]) == 0
    assert rosesim(["export", str(run), "--npm", str(made), "--license", "MIT"]) == 0
    assert re.search(rf"wrote {re.escape(str(made))}, \d+ kB\n$", capsys.readouterr().out)
    assert json.loads((made / "package.json").read_text(encoding="utf-8"))["license"] == "MIT"
    script = 'import { params } from "./ball/index.js"; const told = params;'
    best = {k: np.asarray(v).tolist() for k, v in leaves(read_best(run).params).items()}
    assert node(script + PLAIN, tmp_path) == best


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--npm", "Ball"], "the name Ball of a package was found"),
        (["--html", "a.html", "--license", "MIT"], "--license was given without --npm FOLDER"),
    ],
)
def test_the_command_refuses_before_it_compiles(
    given: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert rosesim(["export", "bounce", *given]) == 2
    assert says in " ".join(capsys.readouterr().err.split())
    assert not list(tmp_path.iterdir())
