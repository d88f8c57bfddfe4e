"""How long a page paints a frame while its worker optimises, and how long a new gradient takes after a drag.

    python benchmarks/page_delays.py [--scene billiards] [--handle goal] [--frames 300] [--drags 60]

Opens the scene's page in Debian's chromium (development dependency playwright). Prints the median and the ninth
tenth, in milliseconds. Wanted: a frame of a screen (17), and what feels immediate (30). No test holds a clock to it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from rosesim.scenes import configure, find_scene
from rosesim.web.page import page as page_of

FRAMES = """count => new Promise((done) => {
  const draw = page.draw.bind(page), times = [];
  page.draw = (t) => {
    const began = performance.now(); draw(t); times.push(performance.now() - began);
    if (times.length === count) { page.draw = draw; done(times); }
  };
})"""
DRAGS = """([name, count]) => new Promise((done) => {
  const times = [], take = page.take.bind(page), [x, y] = page.now.handles?.[name] ?? [0.8, 0.6];
  let begun;
  const hold = () => { begun = performance.now(); page.held = name; page.hold([x + 0.002 * times.length, y]); };
  page.take = (m) => {
    take(m);
    if (m.serial < page.serial) return;
    times.push(performance.now() - begun);
    times.length < count ? hold() : (page.take = take, page.drop(), done(times));
  };
  hold();
})"""


def said(times: list[float]) -> dict[str, float]:
    """The median and the ninth tenth."""
    return {"median": round(float(np.median(times)), 2), "ninth tenth": round(float(np.quantile(times, 0.9)), 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scene", default="billiards")
    parser.add_argument("--handle", default="goal")
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--drags", type=int, default=60)
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    scene, inputs = configure(find_scene(options.scene), ())
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "page.html"
        file.write_text(page_of(scene, inputs, readable=True), encoding="utf-8")
        browser: Any = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page(viewport={"width": 1200, "height": 800})
        tab.goto(file.as_uri())
        while not tab.evaluate("() => !!window.page?.now?.slope"):
            tab.wait_for_timeout(20)
        tab.evaluate("page.act('optimise')")
        tab.keyboard.press("Space")
        frames = tab.evaluate(FRAMES, options.frames)
        drags = tab.evaluate(DRAGS, [options.handle, options.drags])
        browser.close()
    print(json.dumps({"scene": options.scene, "frame": said(frames), "drag to new gradient": said(drags)}))


if __name__ == "__main__":
    main()
