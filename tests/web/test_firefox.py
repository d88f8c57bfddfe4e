"""Pages in Firefox: another engine, another painter. `.ci/bridges` installs it; skipped where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from web.firefox import FIREFOX, Firefox
from web.pages import page_of

from rosesim import value_and_grad
from rosesim.scenes import compiled, configure, find_scene

pytestmark = pytest.mark.full
BOX = "document.getElementById('scene').getBoundingClientRect()"
SPOT = f"(([x, y], b) => [x + b.left, y + b.top])(page.spots.goal, {BOX})"
SETTLED = "page.now.serial >= page.serial && page.now.slope && !page.held"


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    if FIREFOX is None:
        pytest.skip("there is no Firefox: apt-get install firefox-esr")
    browser = Firefox(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


def opened(firefox: Firefox, folder: Path, name: str) -> None:
    path = folder / f"{name}.html"
    path.write_text(page_of(name, readable=True), encoding="utf-8")
    firefox.said.clear()
    firefox.open(path)
    firefox.until("window.page?.now?.slope")


def test_a_page_optimises_and_its_goal_follows_mouse_and_finger(firefox: Firefox, tmp_path: Path) -> None:
    opened(firefox, tmp_path, "billiards")
    before = firefox.js("page.now.attempt.loss")
    scene, inputs = configure(find_scene("billiards"), [])
    params = scene.params(np.random.default_rng(0))
    loss, _ = value_and_grad(compiled(scene).loss, wrt=0)(params, inputs)
    assert before == pytest.approx(float(loss), rel=1e-9)
    for touch in (False, True):
        x, y = firefox.js(SPOT)
        firefox.drag((x + 3, y + 2), (x - 57, y + 42), touch=touch)
        firefox.until(SETTLED)
        assert firefox.js(SPOT) == pytest.approx([x - 60, y + 40], abs=1.0)
        assert firefox.js("page.now.attempt.loss") != before
    firefox.press("r")
    firefox.until(SETTLED)
    firefox.press("o")
    firefox.until("page.now.done")
    assert firefox.js("page.now.attempt.loss") < 0.1 * before
    firefox.until(
        "document.getElementById('status').textContent === 'Done: 200 iterations of gd'"
    )  # some frames later
    assert firefox.said == []


@pytest.mark.parametrize("name", ["growth", "electric", "mass_spring"])
def test_losses_fall_without_a_word_on_the_console(firefox: Firefox, tmp_path: Path, name: str) -> None:
    opened(firefox, tmp_path, name)
    before = firefox.js("page.now.attempt.loss")
    firefox.press("o")
    firefox.until("page.curve.length > 5")
    assert firefox.js("Math.min(...page.curve.map((point) => point[1]))") < before
    assert firefox.said == []


def test_without_webgl_a_scene_in_space_says_so_and_optimises_on(firefox: Firefox, tmp_path: Path) -> None:
    opened(firefox, tmp_path, "robot")
    if firefox.js("!!document.createElement('canvas').getContext('webgl2')"):
        pytest.skip("this Firefox has WebGL 2")
    firefox.press("o")
    firefox.until("page.now.attempt.iteration > 0 && page.going")
    firefox.until("document.getElementById('status').textContent === 'Optimising'")
    assert "needs WebGL 2" in firefox.js("document.getElementById('note').textContent")
