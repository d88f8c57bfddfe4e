"""Milliseconds of a picture of many spheres: natively beside as many single ones, and in a page.

    python benchmarks/spheres.py [--page]

Heaps of 1,500 and 8,000 particles beside a box on a ground, at the size of a GIF of diffmpm3d and at a window's.
Natively it prints the least processor time of many pictures, of all cores together, and the least time by the clock.
Single spheres take seconds, so there are few of these pictures.

With `--page` Debian's chromium (development dependency playwright) plays diffmpm3d at the size of the live gallery:
frames a second after the page has settled, rays and pixels that it has settled on, and how long the lists take.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from rosesim.scenes import Camera, Canvas, configure, find_scene
from rosesim.scenes.space import Space
from rosesim.view.space import photograph
from rosesim.view.theme import colours
from rosesim.web.page import page as page_of

SIZES = {"GIF": (632, 284), "window": (1400, 630)}
SECONDS = 4.0
PLAYED = """seconds => new Promise((done) => {
  const { caster } = Painter, list = Caster.prototype.list, draw = page.draw, lists = [];
  let frames = 0;
  Caster.prototype.list = function (...all) {
    const begun = performance.now();
    list.apply(this, all);
    lists.push(performance.now() - begun);
  };
  page.draw = (t) => (frames++, draw.call(page, t));
  setTimeout(() => {
    Object.assign(page, { draw });
    Caster.prototype.list = list;
    done([frames / seconds, caster.rays, caster.coarse, lists.sort((a, b) => a - b)[lists.length >> 1]]);
  }, 1000 * seconds);
})"""


def heap(count: int, many: bool) -> Space:
    """A block of about so many spheres above a ground, beside a box."""
    space = Canvas((0.0, 0.0, 1.0, 1.0)).space(Camera((1.6, -5.2, 2.3), (0.05, 0.0, 0.42), 26.0))
    space.ground(0.0, cell=0.5)
    space.box((0.95, -0.15, 0.3), (0.3, 0.3, 0.3), "muted")
    side = round((count / 2) ** (1 / 3))
    apart = 0.7 / max(side, 1)
    places = np.indices((2 * side, side, side)).reshape(3, -1).T * apart + np.array([-1.1, -0.4, 0.2])
    if many:
        space.spheres(places, 0.66 * apart, "target")
    else:
        for place in places:
            space.sphere(place, 0.66 * apart, "target")
    return space


def timed(call: Callable[[], Any], count: int) -> str:
    """The least processor time and the least time, in milliseconds."""
    remembered: list[Any] = importlib.import_module("rosesim.view.space.photograph")._last
    call()  # compiles
    worked, passed = [], []
    for _ in range(count):
        remembered.clear()
        begun = time.process_time(), time.perf_counter()
        call()
        worked.append(1000 * (time.process_time() - begun[0]))
        passed.append(1000 * (time.perf_counter() - begun[1]))
    return f"{min(worked):7.1f} {min(passed):7.1f}"


def natively() -> None:
    """Heaps of many spheres and of single ones."""
    theme = colours({})
    for count in (0, 1500, 8000):
        for name, size in SIZES.items():
            of = heap(count, True)
            print(f"{count:5} spheres, {name:6} {size}: {timed(partial(photograph, of, size, theme), 30)}", end="")
            if count == 1500:
                single = heap(count, False)
                print(f"   single {timed(partial(photograph, single, size, theme), 2)}", end="")
            print(flush=True)


def in_a_page() -> None:
    """diffmpm3d, played."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    scene, inputs = configure(find_scene("diffmpm3d"), ["n=32", "steps=200"])
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "page.html"
        file.write_text(page_of(scene, inputs, readable=True), encoding="utf-8")
        browser: Any = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page(viewport={"width": 1200, "height": 800})
        tab.goto(file.as_uri())
        while not tab.evaluate("() => !!window.page?.now?.slope"):
            tab.wait_for_timeout(20)
        tab.evaluate(PLAYED, SECONDS)  # until the page knows the machine
        rate, rays, coarse, lists = tab.evaluate(PLAYED, SECONDS)
        print(f"page: {rate:.0f} frames/s with {rays} rays for each square of {coarse} pixels, lists {lists:.1f} ms")
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", action="store_true")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; processor time and time, ms")
    natively()
    if options.page:
        in_a_page()


if __name__ == "__main__":
    main()
