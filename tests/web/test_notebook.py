"""A notebook that is executed: what its cells show, and the widget as the notebook keeps it, in a real browser."""

from __future__ import annotations

import html
import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from web.browsers import DESK, wait
from web.widgets import HOST

CELLS = [
    "import rosesim\nfrom rosesim.scenes import configure, find_scene\n"
    "scene, inputs = configure(find_scene('bounce'), ['steps=60'])",
    "rosesim.show(scene, inputs)",
    "from rosesim.train import train\nrun = train(scene, inputs=inputs, iterations=3, out='run')\nrosesim.show(run)",
    "from rosesim.web import Widget\nwidget = Widget(scene, inputs)\nwidget",
    "from dataclasses import replace\nwidget.inputs = replace(inputs, learning_rate=0.005)\nwidget.optimise()\n"
    "[order['rosesim'] for order in widget._orders]",
    "from rosesim.train import train_seeds\nruns = train_seeds(scene, 2, inputs=inputs, iterations=3)",
    "run = train(scene, inputs=inputs, iterations=3, report=lambda now: None)",
]
ROOT = Path(__file__).parents[2]
VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The notebook, each cell executed by a kernel of this Python."""
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
        patched.setenv("IPYTHONDIR", str(folder / "ipython"))  # nothing of a user's own is read
        NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


def shown(notebook: Any, cell: int) -> Any:
    *_, output = notebook.cells[cell].outputs
    assert output.output_type == "execute_result", output
    return output.data


@pytest.mark.parametrize("cell", [1, 2])
def test_a_scene_and_a_run_are_shown_as_pages_in_sandboxed_frames(executed: Any, cell: int) -> None:
    frame = re.fullmatch(
        r'<iframe sandbox="allow-scripts" srcdoc="([^"]*)" .*</iframe>', shown(executed, cell)["text/html"]
    )
    assert frame is not None
    page = html.unescape(frame[1])
    assert page.startswith("<!doctype html>") and ('"losses":[]' in page) is (cell == 1)


def test_a_training_has_one_bar_unless_it_reports_to_somebody(executed: Any) -> None:
    for cell, runs in (2, 1), (5, 2):
        bars = [o.data["text/html"] for o in executed.cells[cell].outputs if o.output_type == "display_data"]
        assert len(bars) == 1 and f'<progress value="{3 * runs}" max="{3 * runs}"' in bars[0]
        assert f"bounce: {3 * runs} of {3 * runs} iterations" in bars[0]
    assert executed.cells[6].outputs == []


def test_a_notebook_keeps_the_widget_with_its_orders(executed: Any) -> None:
    """From what it keeps, a browser shows the page without a kernel, and the page follows the orders."""
    assert shown(executed, 4)["text/plain"] == "['put', 'optimise']"
    model = shown(executed, 3)[VIEW]["model_id"]
    state = executed.metadata.widgets[STATE]["state"][model]["state"]
    assert state["_page"].startswith("<!doctype html>") and state["_anywidget_id"] == "rosesim.web.widget.Widget"
    assert [order["serial"] for order in state["_orders"]] == [1, 2]


def test_the_kept_widget_optimises_in_a_browser(executed: Any, browser: Any) -> None:
    """Before it bounces, a ball ends lower by as much as it starts lower: each iteration lowers it by the rate."""
    model = shown(executed, 3)[VIEW]["model_id"]
    state = executed.metadata.widgets[STATE]["state"][model]["state"]
    context = browser.new_context(**DESK)
    page = context.new_page()
    reports: list[Any] = []
    page.expose_function("toPython", lambda changed: reports.append(changed))
    page.goto("about:blank")
    page.evaluate(HOST, {"esm": state["_esm"], "state": dict(state)})
    frame = page.frames[-1]
    wait(frame, "document.getElementById('status')?.textContent.startsWith('Done: 15 iterations of gd')")
    page.evaluate("0")
    last = reports[-1]["_report"]
    assert last["serial"] == 2 and last["iteration"] == 15 and last["loss"] == pytest.approx(0.261 - 15 * 0.005)
    context.close()
