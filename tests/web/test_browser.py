"""The page in a real browser: Debian's chromium, driven by playwright. Skipped where there is none."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from web.browsers import DESK, wait
from web.pages import page_of

from rosesim.web.bundle import CODE, outside, script
from rosesim.web.terse import short_names, tokens

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True,
    "reduced_motion": "reduce",
}  # fmt: skip
SPOT = (
    "name => { const [x, y] = page.spots[name], b = scene.getBoundingClientRect(); return [x + b.left, y + b.top]; }"
)
MEDIAN = "times => times.sort((a, b) => a - b)[times.length >> 1]"


@pytest.fixture(scope="module")
def billiards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "billiards.html"
    path.write_text(page_of("billiards", readable=True), encoding="utf-8")
    return path


class Shown:
    """A page that is open, and what its console said."""

    def __init__(self, browser: Any, path: Path, how: dict[str, Any]):
        self.context = browser.new_context(**how)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.page.on("console", lambda m: self.said.append(m.text))
        self.page.on("pageerror", lambda e: self.said.append(str(e)))
        self.page.goto(path.as_uri())
        self.until("window.page?.now?.slope")

    def until(self, condition: str) -> None:
        wait(self.page, condition)

    def js(self, script: str, argument: Any = None) -> Any:
        return self.page.evaluate(script, argument)

    def text(self, name: str) -> str:
        return self.page.text_content(f"#{name}")

    def close(self) -> None:
        self.context.close()
        assert self.said == []


@pytest.fixture
def desk(browser: Any, billiards: Path) -> Iterator[Shown]:
    shown = Shown(browser, billiards, DESK)
    yield shown
    shown.close()


def test_optimising_lowers_the_loss_and_ends_at_the_published_iterations(desk: Shown) -> None:
    before = desk.js("page.now.attempt.loss")
    desk.page.keyboard.press("o")
    desk.until("page.now.done")
    assert desk.js("page.now.attempt.loss") < 0.1 * before
    desk.until("document.getElementById('iteration').textContent === '200'")
    desk.until("document.getElementById('status').textContent === 'Done: 200 iterations of gd'")
    assert desk.js("page.curve.length") == 201
    assert desk.page.get_attribute("#optimise", "aria-pressed") == "false"
    assert desk.js("page.ghosts.map((g) => g.iteration)") == [0, 2, 4, 8, 16, 32, 64, 128]
    desk.page.click("#attempts button >> nth=0")
    desk.until("page.now.attempt.iteration === 0")
    assert desk.js("page.now.attempt.loss") == before
    desk.page.keyboard.press("r")
    desk.until("page.ghosts.length === 0 && page.curve.length === 1")


def test_frames_are_painted_while_the_worker_optimises(desk: Shown) -> None:
    """How long they take: benchmarks/page_delays.py."""
    desk.js(
        """() => {
          const draw = page.draw.bind(page);
          window.painted = [];
          page.draw = (t) => { painted.push(page.now.attempt.iteration); draw(t); };
        }"""
    )
    desk.page.keyboard.press("Space")
    desk.until("painted.length > 3")
    desk.js("page.act('optimise')")
    desk.until("painted.length > 10 && painted.at(-1) > painted[0]")


def test_the_goal_follows_the_mouse_and_a_new_gradient_the_goal(desk: Shown) -> None:
    x, y = desk.js(SPOT, "goal")
    slope, loss = desk.js("[...page.now.slope]"), desk.js("page.now.attempt.loss")
    desk.page.mouse.move(x + 3, y + 2)
    desk.page.mouse.down()
    desk.page.mouse.move(x - 97, y + 52)
    desk.until("page.now.serial >= page.serial && page.now.slope")
    assert desk.js("page.now.attempt.loss") != loss
    assert desk.js("[...page.now.slope]") != slope
    desk.page.mouse.up()
    assert desk.js(SPOT, "goal") == pytest.approx(
        [x - 100, y + 50], abs=0.1
    )  # the point that was taken stays below it
    desk.js(
        """() => {
          const take = page.take.bind(page);
          window.turns = 0;
          const hold = () => { page.held = "goal"; page.hold([0.8 + 0.002 * turns, 0.6]); };
          page.take = (m) => {
            take(m);
            if (m.serial < page.serial || turns === 8) return; // what follows is the release's answer
            ++turns < 8 ? hold() : page.drop();
          };
          hold();
        }"""
    )
    desk.until("turns === 8 && !page.held")  # each drag has its gradient


def test_the_goal_follows_a_finger_and_elsewhere_the_page_scrolls(browser: Any, billiards: Path) -> None:
    shown = Shown(browser, billiards, PHONE)
    x, y = shown.js(SPOT, "goal")
    finger = shown.context.new_cdp_session(shown.page)
    for kind, points in (
        ("touchStart", [{"x": x, "y": y}]),
        ("touchMove", [{"x": x - 30, "y": y + 40}]),
        ("touchMove", [{"x": x - 60, "y": y + 80}]),
        ("touchEnd", []),
    ):
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    shown.until("page.now.serial >= page.serial && !page.held")
    assert shown.js(SPOT, "goal") == pytest.approx([x - 60, y + 80], abs=1.0)
    assert shown.js("getComputedStyle(document.querySelector('.handle')).touchAction") == "none"
    assert shown.js("getComputedStyle(scene).touchAction") == "auto"
    assert shown.js("document.documentElement.scrollWidth") <= 390  # nothing is cut off at the side
    assert shown.js("document.getElementById('above').width") == 2 * round(shown.js("scene.clientWidth"))
    shown.close()


def test_everything_can_be_done_with_the_keyboard(desk: Shown) -> None:
    index = "page.player.index"
    desk.page.keyboard.press("ArrowRight")
    desk.page.keyboard.press("ArrowRight")
    desk.page.keyboard.press("ArrowLeft")
    assert desk.js(index) == 1
    desk.page.keyboard.press("End")
    assert desk.js(index) == 1024
    desk.page.keyboard.press("Home")
    assert desk.js(index) == 0
    assert not desk.js("page.player.playing")  # motion is reduced: nothing plays by itself
    desk.page.keyboard.press("ArrowUp")
    desk.page.keyboard.press("Space")
    desk.until(f"{index} > 0")
    assert desk.js("page.player.speed") == 2
    before = desk.js(SPOT, "cue")
    desk.page.focus(".handle[data-name=cue]")
    desk.page.keyboard.press("Shift+ArrowUp")
    desk.until("page.now.serial >= page.serial")
    assert desk.js(SPOT, "cue")[1] < before[1] - 10
    desk.page.keyboard.press("h")
    assert desk.page.is_visible("#help")
    desk.page.keyboard.press("Escape")
    assert not desk.page.is_visible("#help")
    controls = "[...document.querySelectorAll('button, input')]"
    assert desk.js(f"{controls}.filter((e) => !e.ariaLabel && !e.textContent && !e.closest('label')).length") == 0


def test_colours_follow_the_system_until_somebody_chooses(desk: Shown) -> None:
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = desk.js(ground)
    desk.page.emulate_media(color_scheme="dark")
    desk.until(f"{ground} !== '{light}'")
    desk.page.click("#theme")
    assert desk.js(ground) == light
    desk.page.emulate_media(color_scheme="light")
    desk.page.set_viewport_size({"width": 700, "height": 600})
    desk.until("document.getElementById('above').width === Math.round(scene.getBoundingClientRect().width)")


def test_a_page_evaluates_no_text_and_lives_in_a_sandboxed_frame(browser: Any, tmp_path: Path) -> None:
    inner = page_of("billiards")  # the terse one, of which the tests above see nothing
    assert "'unsafe-eval'" not in inner and "'wasm-unsafe-eval'" in inner
    outer = tmp_path / "outer.html"
    outer.write_text(
        "<!doctype html><script>addEventListener('message', (e) => (window.heard = e.data))</script>"
        f'<iframe sandbox="allow-scripts" style="width:100%;height:700px" srcdoc="{html.escape(inner)}"></iframe>',
        encoding="utf-8",
    )
    context = browser.new_context(**DESK)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda m: said.append(m.text))
    page.on("pageerror", lambda e: said.append(str(e)))
    page.goto(outer.as_uri())
    frame = page.frames[1]
    wait(frame, "document.getElementById('status').textContent === 'Ready'")
    before = page.evaluate("heard.loss")
    frame.click("#optimise")
    wait(frame, "document.getElementById('status').textContent === 'Done: 200 iterations of gd'")
    assert page.evaluate("heard.iteration") == 200
    assert page.evaluate("heard.loss") < 0.1 * before
    assert said == []
    frame.evaluate(
        "() => void setTimeout('window.evaluated = true')"
    )  # what playwright evaluates itself is let through
    time.sleep(0.1)
    assert not frame.evaluate("window.evaluated")
    context.close()


KNOWN = """(names) => {
  const known = new Set();
  const add = (o) => {
    for (; o; o = Object.getPrototypeOf(o)) Object.getOwnPropertyNames(o).forEach((n) => known.add(n));
  };
  add(globalThis);
  for (const n of [...known]) {
    let o; try { o = globalThis[n]; } catch { continue; }
    if (o && /object|function/.test(typeof o)) { add(o); try { add(o.prototype); } catch {} }
  }
  add(document.documentElement.style); add(WebAssembly.Module); add(WebAssembly.Instance.prototype);
  return names.filter((n) => known.has(n));
}"""


def test_no_name_of_the_browser_gets_another(browser: Any) -> None:
    page = browser.new_page()
    renamed = [*short_names([*tokens(script(CODE, True))], outside())]
    assert len(renamed) > 150
    assert page.evaluate(KNOWN, ["textContent", "fround", "customSections", "webkitLineClamp", "ours"]) != []
    assert page.evaluate(KNOWN, renamed) == []
    page.close()


def test_a_failing_guard_and_a_zero_gradient_are_said(desk: Shown) -> None:
    desk.js("page.take({serial: page.serial, failure: 'the root of a negative number at scene.py:7'})")
    desk.until("note.textContent.includes('scene.py:7') && !note.hidden")
    desk.page.evaluate("page.machine.begin(), page.machine.input('goal').set([0.9, 0.75])")
    x, y = desk.js(SPOT, "shot")
    cue = desk.js(SPOT, "cue")
    desk.page.mouse.move(x, y)
    desk.page.mouse.down()
    desk.page.mouse.move(cue[0] - 30, cue[1])  # away from the balls
    desk.page.mouse.up()
    desk.until("note.textContent.includes('gradient is zero') && !note.hidden")
