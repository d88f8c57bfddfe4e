"""Bodies in space in a real browser: the shader's picture is the native one, and the pointer turns it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spaces import Heap, Lob
from web.browsers import wait

from rosesim.scenes import Canvas, rollout
from rosesim.scenes.picture import picture
from rosesim.scenes.space import Orbit, Space
from rosesim.view.space import photograph
from rosesim.view.theme import colours
from rosesim.web.bundle import SELDOM
from rosesim.web.page import page

SIZE = 180, 120
"""Few pixels: without a graphics card each takes microseconds."""
SHOWN = """([w, h, orbit]) => {
  const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
  [canvas.width, canvas.height] = [w, h];
  [Painter.caster.rays, Painter.caster.coarse, Painter.orbit] = [4, 1, orbit];
  page.machine.begin();
  page.machine.start();
  page.layer(new Painter(context, new View(page.data.extent, w, h), page.colours), "draw");
  Painter.orbit = null;
  return [...context.getImageData(0, 0, w, h).data];
}"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "lob.html"
    path.write_text(page(Lob(), readable=True), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def shown(browser: Any, path: Path) -> Iterator[Any]:
    yield from opened(browser, path)


@pytest.fixture
def heap(browser: Any, tmp_path: Path) -> Iterator[Any]:
    path = tmp_path / "heap.html"
    path.write_text(page(Heap(), readable=True), encoding="utf-8")
    yield from opened(browser, path)


def opened(browser: Any, path: Path) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 360, "height": 400}, reduced_motion="reduce")
    found = context.new_page()
    said: list[str] = []
    found.on("pageerror", lambda e: said.append(str(e)))
    found.goto(path.as_uri())
    wait(found, "window.page?.now?.slope && Painter.caster")
    yield found
    context.close()
    assert said == []


def native(orbit: Orbit, scene: Lob) -> np.ndarray:
    params, inputs = scene.params(np.random.default_rng(0)), scene.inputs()
    canvas = Canvas(scene.extent)
    picture(scene).draw(canvas, rollout(scene, params, inputs)[0], params, inputs)
    (space,) = canvas.primitives
    assert isinstance(space, Space)
    return photograph(space.orbited(orbit), SIZE, colours(scene.colours)).astype(int)


def difference(shown: Any, orbit: Orbit, scene: Lob) -> np.ndarray:
    moved = {"yaw": orbit.yaw, "pitch": orbit.pitch, "distance": orbit.distance} if orbit != Orbit() else None
    pixels = np.array(shown.evaluate(SHOWN, [*SIZE, moved])).reshape(SIZE[1], SIZE[0], 4)[..., :3]
    return np.abs(pixels - native(orbit, scene)).max(axis=2)


@pytest.mark.parametrize("orbit", [Orbit(), Orbit(2.5, 0.7, 0.8)])
def test_the_page_draws_the_native_picture(shown: Any, orbit: Orbit) -> None:
    off = difference(shown, orbit, Lob())
    assert off.mean() < 0.5  # of 255
    # The page sends four rays to every pixel, the native picture to those that differ from a neighbour.
    assert (off > 12).mean() < 0.002


def test_the_page_draws_many_spheres_as_the_native_picture(heap: Any) -> None:
    off = difference(heap, Orbit(2.5, 0.7, 0.8), Heap())
    assert off.mean() < 0.5
    assert (off > 12).mean() < 0.006  # many outlines, and of them some that differ little on either side
    drawn = """() => {
      const said = [], { space, line } = Painter.prototype;
      Painter.prototype.space = function (...a) { said.push("space"); space.apply(this, a); };
      Painter.prototype.line = function (...a) { said.push(a[0].role); line.apply(this, a); };
      page.draw(20);
      Object.assign(Painter.prototype, { space, line });
      return said;
    }"""
    assert heap.evaluate(drawn) == ["space", "trail"]  # the path lies above what would hide it


def test_dragging_turns_the_wheel_zooms_and_reset_takes_it_back(shown: Any) -> None:
    box = shown.evaluate("() => { const { x, y, width } = scene.getBoundingClientRect(); return [x, y, width]; }")
    x, y, width = box
    shown.mouse.move(x + 20, y + 10)
    shown.mouse.down()
    shown.mouse.move(x + 20 + width / 4, y + 10 + width / 10)
    shown.mouse.up()
    assert shown.evaluate("Painter.orbit.yaw") == pytest.approx(-math.pi / 4, rel=0.02)
    assert shown.evaluate("Painter.orbit.pitch") == pytest.approx(math.pi / 10, rel=0.02)
    shown.mouse.wheel(0, -100)
    wait(shown, "Painter.orbit.distance < 0.95")
    wait(shown, "document.getElementById('handles').hidden")
    shown.keyboard.press("r")
    wait(shown, "!Painter.orbit && !document.getElementById('handles').hidden")


def test_a_handle_is_dragged_and_the_view_stays(shown: Any) -> None:
    at = (
        "() => { const [x, y] = page.spots.goal, b = scene.getBoundingClientRect(); return [x + b.left, y + b.top]; }"
    )
    wait(shown, "page.spots?.goal")
    x, y = shown.evaluate(at)
    shown.mouse.move(x, y)
    shown.mouse.down()
    shown.mouse.move(x - 30, y + 10)
    shown.mouse.up()
    wait(shown, "page.now.serial >= page.serial && !page.held")
    wait(shown, f"Math.abs(({at})()[0] - {x - 30}) < 1")
    assert shown.evaluate("Painter.orbit ?? null") is None


def test_a_browser_without_webgl_says_so_in_a_sentence(browser: Any, path: Path) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 400}, reduced_motion="reduce")
    context.add_init_script(
        "const own = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, how) {"
        " return kind === 'webgl2' ? null : own.call(this, kind, how); };"
    )
    found = context.new_page()
    found.goto(path.as_uri())
    wait(found, "document.getElementById('note').textContent.includes('needs WebGL 2')")
    context.close()


def test_only_a_picture_in_space_carries_the_shader(path: Path) -> None:
    assert SELDOM["space.js"] == {"space"}
    text = path.read_text(encoding="utf-8")
    assert "version 300 es" in text
    assert "sampler2D V" not in text  # that of many spheres
