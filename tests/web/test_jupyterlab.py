"""JupyterLab itself, driven by a browser: a widget of ours that a person sees, drags and optimises there."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from web.browsers import DESK, until

from rosesim.scenes import find_scene

pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")

ROOT = Path(__file__).parents[2]
CELLS = [
    "import rosesim\nfrom rosesim.scenes import configure, find_scene\nfrom rosesim.web import Widget\n"
    "scene, inputs = configure(find_scene('billiards'), ['steps=400', 'layers=1', 'goal=0.55,0.52'])\n"
    "widget = Widget(scene, inputs, iterations=40, math='strict')\nwidget",
    "widget.optimise()",
    "import json\nprint(json.dumps([widget.iteration, widget.loss, *map(float, widget.inputs.goal)]))",
    "from dataclasses import replace\nwidget.inputs = replace(widget.inputs, goal=(0.9, 0.3))",
    "rosesim.show(scene, inputs)",
]
START = 60.0
"""Seconds in which the server and a kernel start on a busy machine."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server whose folder holds the notebook; nothing of a user's own is read or written."""
    home = tmp_path_factory.mktemp("home")
    folder = home / "work"
    folder.mkdir()
    cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / "ball.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    names = {"HOME": home, "JUPYTER_CONFIG_DIR": home / "config", "JUPYTER_DATA_DIR": home / "data",
             "JUPYTER_RUNTIME_DIR": home / "runtime", "IPYTHONDIR": home / "ipython",
             "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}  # fmt: skip
    options = [
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--IdentityProvider.token=",
        "--expose-app-in-browser",
    ]
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options, f"--notebook-dir={folder}"],
        env={**os.environ, **{k: str(v) for k, v in names.items()}},
        stdout=subprocess.DEVNULL,
        stderr=(home / "log").open("w"),
    )
    address = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + START
        while True:
            assert server.poll() is None and time.monotonic() < end, (home / "log").read_text()
            try:
                urllib.request.urlopen(f"{address}/api/status", timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait(START)


class Notebook:
    """The notebook, open in JupyterLab."""

    def __init__(self, page: Any):
        self.page = page

    def run(self, cell: int) -> None:
        """Run a cell and wait until the kernel has."""
        at = self.page.locator(".jp-Notebook .jp-CodeCell").nth(cell)
        at.scroll_into_view_if_needed()
        at.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        prompt = at.locator(".jp-InputPrompt")
        until(lambda: re.search(r"\[\d+\]", prompt.inner_text()), f"cell {cell}")

    def numbers(self, cell: int) -> list[float]:
        """Run a cell, and the numbers that it prints."""
        self.run(cell)
        output = self.page.locator(".jp-Notebook .jp-CodeCell").nth(cell).locator(".jp-OutputArea-output").last
        return json.loads(output.inner_text())

    def frame(self, cell: int) -> Any:
        """The page in a cell's output."""
        place = self.page.locator(".jp-Notebook .jp-CodeCell").nth(cell).locator("iframe").first
        place.wait_for(state="visible")
        return place.element_handle().content_frame()


def test_a_widget_optimises_and_is_dragged_and_python_knows(lab: str, browser: Any) -> None:
    context = browser.new_context(**DESK)
    page = context.new_page()
    page.set_default_timeout(1000 * START)
    errors: list[str] = []
    page.on("pageerror", lambda e: errors.append(str(e)))
    page.goto(f"{lab}/lab/tree/ball.ipynb?reset")
    page.locator(".jp-Notebook .jp-CodeCell").nth(len(CELLS) - 1).wait_for()
    notebook = Notebook(page)

    notebook.run(0)
    shown = notebook.frame(0)
    notebook.run(1)
    until(lambda: shown.locator("#status").inner_text().startswith("Done: 40 iterations"), "the page optimises")
    until(lambda: notebook.numbers(2)[0] == 40, "Python hears of it")
    assert notebook.numbers(2)[1] < 0.01

    notebook.run(3)  # Python moves the goal
    until(lambda: notebook.numbers(2)[2:] == [0.9, 0.3], "the page takes it")

    canvas = shown.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    left, bottom, right, top = find_scene("billiards").extent
    scale = min(box["width"] / (right - left), box["height"] / (top - bottom))
    x = box["x"] + box["width"] / 2 + scale * (0.9 - (left + right) / 2)
    y = box["y"] + box["height"] / 2 - scale * (0.3 - (bottom + top) / 2)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 0.1 * scale, y - 0.2 * scale, steps=5)
    page.mouse.up()
    until(lambda: notebook.numbers(2)[2:] != [0.9, 0.3], "Python hears of the drag")
    assert notebook.numbers(2)[2:] == pytest.approx([1.0, 0.5], abs=2.0 / scale)

    notebook.run(4)
    alone = notebook.frame(4)
    alone.locator("canvas").first.wait_for(state="visible")
    assert alone.locator("#status").inner_text() and errors == []
    context.close()
