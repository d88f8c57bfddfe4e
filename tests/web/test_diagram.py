"""The page of a diagram: its numbers in Node beside Python's, and a person at it in a real browser."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from web.browsers import DESK, wait
from web.node import WEB, node

from rosesim import diagrams as rd
from rosesim.cli import run
from rosesim.diagrams.layout import Layout
from rosesim.diagrams.picture import shown, svg
from rosesim.diagrams.style.inputs import redrawn
from rosesim.web import diagram_page
from rosesim.web.bundle import assembled, script
from rosesim.web.diagram import CODE, SHELL
from rosesim.web.terse import short_names, tokens

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True,
    "reduced_motion": "reduce",
}  # fmt: skip
A, B = (-60.0, 0.0), (20.0, 0.0)


@dataclass
class Example:
    """Two discs that touch, a line between them, and a third one."""

    picture: rd.Picture
    published: str
    """Its page: terse and packed."""
    data: Any
    """What the page knows."""
    page: Path
    """The page with a readable script."""


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    d = rd.Canvas(300, 200)
    a = d.circle(r=20, fill="red", center=(d.free(start=A[0]), d.free(start=A[1])), name="a")
    b = d.circle(r=d.free(19, 21), fill="blue", center=(d.free(start=B[0]), d.free(start=B[1])), name="b")
    d.circle(r=9, name="c", stroke="black")
    line = d.line(a.center, b.center, stroke="black", stroke_width=2, end_arrowhead="straight")
    d.layer(line, above=[a, b])
    d.ensure.touching(a, b, 10)
    picture = d.layout("word")
    published = diagram_page(picture, title="Discs", name="discs")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', published)
    assert found is not None
    data = json.loads(found[1])
    page = tmp_path_factory.mktemp("pages") / "discs.html"
    page.write_text(assembled(SHELL, CODE, data, readable=True), encoding="utf-8")
    return Example(picture, published, data, page)


def test_node_has_the_numbers_of_python(example: Example, tmp_path: Path) -> None:
    diagram, problem = example.picture.diagram, example.picture.result.problem
    (tmp_path / "data.json").write_text(json.dumps(example.data), encoding="utf-8")
    x = redrawn(problem.inputs, problem.x0, "word-1")
    fixed = [i for i in diagram.energy.live if "b" not in problem.inputs[i].path][:2]
    found = node(
        """
        import { readFileSync } from "node:fs";
        import { Draws } from "WEB/page/draws.js";
        import { Layouts } from "WEB/page/layouts.js";
        import { filled } from "WEB/page/slots.js";
        import { Tape } from "WEB/page/tape.js";
        const data = JSON.parse(readFileSync("data.json", "utf8"));
        const x = Float64Array.from(data.x0), draws = new Draws(`${data.seed}-1`);
        for (const [i, low, high] of data.draws) x[i] = draws.uniform(low, high);
        const layouts = await Layouts.open(data), whole = await Layouts.open(data);
        let parts = 0, cut = [];
        layouts.most = 2;
        for (const at of layouts.parts(x, FIXED)) [parts, layouts.most, cut] = [parts + 1, 2, [...at]];
        const { settled } = layouts;
        whole.most = 1e9;
        const end = whole.parts(x, FIXED).next().value;
        const before = layouts.verdict(x), after = whole.verdict(end), values = new Tape(data.tape).at(end);
        const svg = filled(data.svg, data.places.map((k) => values[k]));
        console.log(JSON.stringify({ x: [...x], end: [...end], svg, parts, settled, cut, before, after }));
        """.replace("FIXED", str(fixed)),
        tmp_path,
    )
    assert found["x"] == x  # another start is Python's of the same word, to the bit
    end = diagram.layout(x, fixed)
    np.testing.assert_allclose(found["end"], end.x, rtol=0, atol=1e-6)  # rounding is in another order
    assert [found["end"][i] for i in fixed] == [x[i] for i in fixed]
    assert found["svg"] == svg(shown(problem, found["end"]), problem.canvas)
    before = Layout(problem, np.array(x), (), diagram.values(x))
    assert found["before"] == {"good": False, "text": before.verdict()}
    assert "2 of" in before.verdict() or "1 of" in before.verdict()
    # In parts of two steps, within rounds, it comes to a place as good.
    assert found["parts"] > 3 and found["settled"]
    assert diagram.values(found["cut"])[len(problem.objectives) :].max() < 0.1
    assert found["after"] == {"good": True, "text": end.verdict()}


def test_a_round_that_was_cut_goes_on_and_does_not_settle_the_stage(tmp_path: Path) -> None:
    found = node(
        """
        import { Layouts } from "WEB/page/layouts.js";
        const cell = (v) => Float64Array.of(v), asked = [];
        const cells = (names) => Object.fromEntries(names.split(" ").map((n) => [n, cell(0)]));
        const parameters = cells("x objective constraint moves weight energy rounds most");
        const results = cells("x energy rounds steps done");
        const layOut = (ends) => {
          const run = () => {
            asked.push(["weight", "rounds", "energy"].map((n) => String(parameters[n][0])));
            const [rounds, steps, energy, done] = ends.shift();
            Object.entries({ rounds, steps, energy, done }).forEach(([n, v]) => (results[n][0] = v));
          };
          const stages = [{ objective: "1", constraint: "0", moves: "1" }];
          const layouts = new Layouts({ solve: { run, parameters, results } }, { live: [0], stages });
          layouts.most = 500;
          for (const _ of layouts.parts(cell(0), [])) layouts.most = 500;
          return [layouts.settled, layouts.steps];
        };
        const settled = layOut([[3, 500, 5, 1], [3, 9, 4, 1], [4, 9, 3, 1]]), lost = layOut([[4, 9, 7, 0]]);
        console.log(JSON.stringify({ settled, lost, asked }));
        """,
        tmp_path,
    )
    assert found["asked"] == [
        ["1000", "0", "Infinity"],
        ["100000", "2", "5"],  # the third round was cut: it goes on with its weight
        ["1000000", "3", "4"],  # its rest says nothing about whether x stays
        ["1000", "0", "Infinity"],
    ]
    assert found["settled"] == [True, 518] and found["lost"] == [False, 9]


def test_the_worker_goes_on_from_its_last_layout_and_skips_orders(example: Example, tmp_path: Path) -> None:
    diagram, problem = example.picture.diagram, example.picture.result.problem
    (tmp_path / "data.json").write_text(json.dumps(example.data), encoding="utf-8")
    x = redrawn(problem.inputs, problem.x0, "word-2")
    held = [i for i in diagram.energy.live if problem.inputs[i].path.startswith("free")][:2]
    found = node(
        """
        import { readFileSync } from "node:fs";
        import { work } from "WEB/page/layouts.js";
        const page = JSON.parse(readFileSync("data.json", "utf8")), told = [];
        Object.assign(globalThis, { onmessage: null, postMessage: (m) => told.push(m) });
        work();
        const order = (serial, start, fixed) => {
          const x = Float64Array.from(X, (v, i) => v + 60 * fixed.includes(i)); // the hand has moved them
          onmessage({ data: { serial, start, x, fixed } });
        };
        onmessage({ data: { page } });
        for (const orders of [[[1, 0, []]], [[2, 0, []], [3, 0, HELD]], [[4, 1, HELD]]]) {
          for (const [serial, start, fixed] of orders) order(serial, start, fixed);
          const last = orders.at(-1)[0];
          while (!told.some((m) => m.serial === last && m.verdict)) await new Promise((done) => setTimeout(done, 5));
        }
        const ends = told.filter((m) => m.verdict).map((m) => [m.serial, [...m.x]]);
        console.log(JSON.stringify(ends));
        process.exit(); // the worker's channel is open
        """.replace("HELD", str(held)).replace("from(X", f"from({x}"),
        tmp_path,
    )
    ends = dict(found)
    assert [*ends] == [1, 3, 4]  # of those that came together, the last
    dragged, start = np.array(x), np.array(ends[1])
    dragged[held] += 60.0
    start[held] = dragged[held]
    alone = diagram.layout(dragged, held).x
    np.testing.assert_allclose(ends[3], diagram.layout(start, held).x, rtol=0, atol=1e-6)
    assert np.abs(ends[3] - alone).max() > 1.0
    np.testing.assert_allclose(ends[4], alone, rtol=0, atol=1e-6)  # another start has nothing of this one


def test_a_diagram_in_which_nothing_moves_has_a_page_and_one_without_a_size_has_none() -> None:
    d = rd.Canvas(90, 60)
    d.circle(r=5, center=(0, 0), ensure_on_canvas=False, name="</script>")
    made = d.diagram()
    page = diagram_page(made)
    assert '"there are no constraints"' in page and page.count("<script") == 3
    made.problem.canvas = 0.0, 60.0
    with pytest.raises(rd.DiagramError, match="the canvas is 0 pixels wide and 60 high; expected both above 0"):
        diagram_page(made)


@pytest.mark.parametrize(
    "slopes", [[[1, 0], [0, 1]], [[0.5, 0], [0.5, 0]], [[1, 2], [3, 4], [5, 6]], [[0, 0]], [[1, 2], [2, 4]]]
)
def test_a_hand_pulls_by_the_pseudoinverse(slopes: list[list[float]], tmp_path: Path) -> None:
    found = node(
        f'import {{ pullOf }} from "WEB/page/hand.js"; console.log(JSON.stringify(pullOf({slopes})));', tmp_path
    )
    np.testing.assert_allclose(found, np.linalg.pinv(np.array(slopes).T), atol=1e-12)


def test_each_import_stands_before_its_use_and_each_name_once() -> None:
    declared = re.compile(r"^(?:export )?(?:async )?(?:const|let|function|class) (\w+)", re.M)
    texts = [(WEB / "page" / name).read_text("utf-8") for name in CODE]
    for k, text in enumerate(texts):
        assert set(re.findall(r'from "\./([\w.]+)"', text)) <= {*CODE[:k]}
    names = [name for text in texts for name in declared.findall(text)]
    assert len(names) == len(set(names)) > 20
    assert len(script(CODE, False, SHELL)) < 18_000


class Shown:
    """A page that is open, and what its console said."""

    def __init__(self, browser: Any, path: Path, **how: Any):
        self.context = browser.new_context(**{**DESK, **how})
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.page.on("console", lambda m: self.said.append(m.text))
        self.page.on("pageerror", lambda e: self.said.append(str(e)))
        self.page.goto(path.as_uri())
        self.until("window.page")

    def until(self, condition: str) -> None:
        wait(self.page, condition)

    def settle(self) -> None:
        self.until("page.asked === null && !page.frame")

    def js(self, script: str) -> Any:
        return self.page.evaluate(script)

    def disc(self, fill: str) -> tuple[float, float, float]:
        """A disc as it is drawn: its middle in the browser's pixels, and its radius."""
        box = self.page.locator(f"circle[fill='{fill}']").bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["width"] / 2

    def apart(self) -> float:
        """Between red and blue, in pixels of the canvas."""
        (x, y, r), (u, v, s) = self.disc("#ff0000"), self.disc("#0000ff")
        return (((x - u) ** 2 + (y - v) ** 2) ** 0.5 - r - s) * 300 / self.js("scene.clientWidth")

    def close(self) -> None:
        self.context.close()
        assert self.said == []


@pytest.fixture
def desk(browser: Any, example: Example) -> Iterator[Shown]:
    found = Shown(browser, example.page)
    yield found
    found.close()


def test_a_dragged_disc_follows_the_mouse_and_the_other_one_follows_it(desk: Shown) -> None:
    assert desk.page.text_content("#verdict") == "all 6 constraints hold"
    assert desk.apart() == pytest.approx(10.0, abs=0.1)
    (x, y, _), before = desk.disc("#ff0000"), desk.disc("#0000ff")
    desk.page.mouse.move(x + 5, y + 3)
    desk.until("scene.classList.contains('over')")
    desk.page.mouse.down()
    desk.page.mouse.move(x + 65, y + 203, steps=4)
    desk.settle()
    assert desk.disc("#ff0000")[:2] == pytest.approx((x + 60, y + 200), abs=0.1)  # where it was taken stays below
    assert desk.apart() == pytest.approx(10.0, abs=0.1)
    assert abs(desk.disc("#0000ff")[1] - before[1]) > 30
    desk.page.mouse.up()
    desk.settle()
    assert desk.page.text_content("#verdict") == "all 6 constraints hold"
    assert desk.js("page.held") is None
    # The file to save is the picture shown, as Python writes pictures.
    with desk.page.expect_download() as download:
        desk.page.keyboard.press("s")
    assert download.value.suggested_filename == "discs.svg"
    assert Path(download.value.path()).read_text("utf-8") == desk.js("page.picture.file()")


def test_what_is_held_stays_under_the_pointer_whatever_the_layout_was_about(desk: Shown) -> None:
    """The person may have moved on, or let go, since the layout began."""
    moved = desk.js(
        """() => {
          const [a, b] = ["a", "b"].map((name) => page.data.grips.find((g) => g.name === name)), before = page.x;
          page.hand.grab(a, page.x, [0, 0]);
          const x = before.map((v) => v + 7); // of a layout in which b was held
          page.take({ serial: 0, start: 0, x, fixed: b.inputs, verdict: { good: true, text: "" } });
          return [...page.x].map((v, i) => [Math.round(v - before[i]), [...a.inputs, ...b.inputs].includes(i)]);
        }"""
    )
    assert {held for _, held in moved} == {True, False}
    assert all(by == (0 if held else 7) for by, held in moved)


def test_keys_choose_and_move_a_shape_and_ask_for_another_start(desk: Shown, example: Example) -> None:
    problem = example.picture.result.problem
    names = [g["name"] for g in example.data["grips"]]
    assert sorted(names) == ["a", "b", "c", "line1"]
    for key, name in (("n", names[0]), ("p", names[-1]), *(("n", name) for name in names[: names.index("a") + 1])):
        desk.page.keyboard.press(key)
        assert desk.page.text_content("#chosen") == f"{name} is chosen"
    y = desk.disc("#ff0000")[1]
    for _ in range(4):
        desk.page.keyboard.press("Shift+ArrowUp")
        desk.settle()
    assert desk.disc("#ff0000")[1] < y - 10 and desk.apart() == pytest.approx(10.0, abs=0.1)
    desk.page.keyboard.press("Escape")
    desk.js("() => { const ask = page.ask.bind(page); page.ask = () => { window.begun = [...page.x]; ask(); }; }")
    desk.page.keyboard.press("r")
    assert desk.js("begun") == redrawn(problem.inputs, problem.x0, "word-1")
    desk.settle()
    assert desk.page.text_content("#verdict") == "all 6 constraints hold"
    assert desk.page.locator("#note").is_hidden()


def test_a_layout_that_fails_is_told_and_the_picture_stays(desk: Shown) -> None:
    before = desk.js("page.picture.file()")
    desk.js("page.take({ serial: 0, start: 0, failure: 'the energy became NaN' })")
    assert desk.page.text_content("#note") == "the energy became NaN" and desk.page.locator("#note").is_visible()
    desk.js("page.x[0] = NaN, page.draw(0)")
    assert desk.js("page.picture.file()") == before
    assert "not finite" in desk.page.text_content("#note")


def test_what_takes_long_is_told_and_another_start_is_shown_when_it_is_done(desk: Shown) -> None:
    desk.js("() => { page.worker.postMessage = () => {}; page.ask(); page.asked -= 1000; }")
    part = "{ serial: page.serial, start: page.start, fixed: [], x: page.x.map((v) => v + 3), verdict: false }"
    before = desk.js("[...page.x]")
    desk.js(f"page.take({part})")
    assert desk.page.text_content("#verdict") == "laying out"
    assert desk.js("[...page.x]") == pytest.approx([v + 3 for v in before])  # the picture follows
    desk.js("page.act('again')")
    start = desk.js("[...page.x]")
    desk.js(f"page.take({part})")
    assert desk.js("[...page.x]") == start
    desk.js(f"page.take({{ ...{part}, start: 0 }})")  # of the start before
    assert desk.js("[...page.x]") == start
    desk.js(f"page.take({{ ...{part}, verdict: {{ good: true, text: 'well' }} }})")
    assert desk.js("[...page.x]") == pytest.approx([v + 3 for v in start])
    assert desk.page.text_content("#verdict") == "well" and desk.js("page.asked") is None


def test_a_finger_drags_shapes_in_the_dark_and_scrolls_elsewhere(browser: Any, example: Example) -> None:
    found = Shown(browser, example.page, **PHONE, color_scheme="dark")
    x, y, _ = found.disc("#ff0000")
    assert found.js("document.documentElement.dataset.theme") == "dark"
    assert found.js("document.documentElement.scrollWidth") <= 390
    found.js("scene.addEventListener('touchstart', (e) => (window.stopped = e.defaultPrevented))")
    finger = found.context.new_cdp_session(found.page)
    for kind, at in (("touchStart", [x, y]), ("touchMove", [x + 20, y + 20]), ("touchMove", [x + 40, y + 30])):
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": at[0], "y": at[1]}]})
    found.settle()
    assert found.disc("#ff0000")[:2] == pytest.approx((x + 40, y + 30), abs=1.0)
    assert found.js("stopped")
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    found.settle()
    corner = found.page.locator("#scene").bounding_box()
    finger.send(
        "Input.dispatchTouchEvent",
        {"type": "touchStart", "touchPoints": [{"x": corner["x"] + 4, "y": corner["y"] + 4}]},
    )
    found.until("stopped === false")
    found.close()


def test_the_short_page_works_in_a_sandboxed_frame(browser: Any, example: Example, tmp_path: Path) -> None:
    inner = example.published
    assert "'unsafe-eval'" not in inner and "'wasm-unsafe-eval'" in inner
    outer = tmp_path / "outer.html"
    outer.write_text(
        f'<!doctype html><iframe sandbox="allow-scripts" style="width:900px;height:700px" '
        f'srcdoc="{html.escape(inner)}"></iframe>',
        encoding="utf-8",
    )
    context = browser.new_context(**DESK)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda m: said.append(m.text))
    page.on("pageerror", lambda e: said.append(str(e)))
    page.goto(outer.as_uri())
    frame = page.frames[1]
    wait(frame, "document.querySelector('#scene svg')")
    before = frame.locator("circle[fill='#ff0000']").get_attribute("cx")
    frame.click("[data-act=again]")
    wait(frame, f"document.querySelector(\"circle[fill='#ff0000']\").getAttribute('cx') !== '{before}'")
    assert frame.text_content("#verdict") == "all 6 constraints hold"
    assert said == []
    context.close()


def test_no_name_of_the_browser_gets_another(browser: Any) -> None:
    from web.test_browser import KNOWN

    page = browser.new_page()
    renamed = [*short_names([*tokens(script(CODE, True, SHELL))], SHELL.schema)]
    assert len(renamed) > 60
    assert page.evaluate(KNOWN, renamed) == []
    page.close()


def test_the_command_writes_a_page_and_refuses_to_watch_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for suffix, text in (
        ("domain", "type Ball\n"),
        ("substance", "Ball a\n"),
        (
            "style",
            "canvas {\n  width = 90\n  height = 60\n}\nforall Ball b {\n  b.icon = Circle {\n    r: 9\n  }\n}\n",
        ),
    ):
        (tmp_path / f"two-balls.{suffix}").write_text(text, encoding="utf-8")
    texts = [f"{tmp_path}/two-balls.substance", "--domain", f"{tmp_path}/two-balls.domain"]
    command = ["diagram", *texts, "--style", f"{tmp_path}/two-balls.style", "--html", f"{tmp_path}/out.html"]
    assert run(command) == 0
    page = (tmp_path / "out.html").read_text("utf-8")
    assert "<title>Two balls</title>" in page
    assert re.search(r"all 1 constraints hold.*\nwrote .*out.html, \d\d kB\n", capsys.readouterr().out)
    assert run([*command, "--watch"]) != 0
    assert "--html and --watch were given; expected one of them" in " ".join(capsys.readouterr().err.split())
