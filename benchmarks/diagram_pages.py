"""Pages of diagrams: their sizes, how long they compile, and how long a layout takes after a move of the hand.

    python benchmarks/diagram_pages.py [NAME ...]      # of examples/diagrams

Six shapes are dragged eight times each, by 3 to 24 pixels, in Debian's chromium (development dependency playwright).
A move is timed from the order to the verdict, a frame from the inputs to the elements. The compilation is processor
time, with the kernels of the native layout there already.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from rosesim.diagrams import trios
from rosesim.web import diagram_page

FOLDER = Path(__file__).parents[1] / "examples" / "diagrams"
NAMES = ("normal-matrices", "chain-rule", "vanillin")
MOVES = """async () => {
  const moves = [], frames = [], rest = () => new Promise((done) => {
    const look = () => (page.asked === null ? done() : setTimeout(look, 1));
    look();
  });
  for (const grip of page.data.grips.slice(0, 6)) {
    const [x, y] = page.hand.center(grip, page.values);
    page.hand.grab(grip, page.x, [x, y]);
    for (let k = 1; k <= 8; k++) {
      page.hand.drag(page.x, [x + 3 * k * Math.cos(k), y + 3 * k * Math.sin(k)]);
      const take = page.take.bind(page), began = performance.now();
      await new Promise((done) => {
        page.take = (m) => (take(m), m.verdict && m.serial === page.serial && done());
        page.ask();
      });
      delete page.take;
      moves.push(performance.now() - began);
      const before = performance.now();
      page.draw(before);
      frames.push(performance.now() - before);
    }
    page.drop();
    await rest();
  }
  return [moves, frames];
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=NAMES)
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    print("| | constraints | page | gzip -9 | compiled in | a move, median | ninth tenth | a frame |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser: Any = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for name in options.names:
            diagram = trios.from_json(FOLDER / name / "trio.json").read()
            layout = diagram.layout()
            began = time.process_time()
            text = diagram_page(diagram, layout, title=name)
            took = time.process_time() - began
            file = Path(folder) / "page.html"
            file.write_text(diagram_page(diagram, layout, readable=True), encoding="utf-8")
            tab = browser.new_page(viewport={"width": 1200, "height": 800})
            tab.goto(file.as_uri())
            while not tab.evaluate("() => !!window.page"):
                tab.wait_for_timeout(20)
            moves, frames = tab.evaluate(MOVES)
            tab.close()
            size, packed = len(text.encode()) / 1000, len(gzip.compress(text.encode(), 9)) / 1000
            print(
                f"| {name} | {len(diagram.problem.constraints)} | {size:.1f} kB | {packed:.1f} kB | {took:.1f} s |"
                f" {np.median(moves):.0f} ms | {np.quantile(moves, 0.9):.0f} ms | {np.median(frames):.1f} ms |",
                flush=True,
            )
        browser.close()


if __name__ == "__main__":
    main()
