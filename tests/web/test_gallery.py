"""Pages within pages: the gallery, and a notebook's frame."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest
from falling import FALL
from live_gallery import SETTINGS, entries

from rosesim.scenes import configure, find_scene
from rosesim.scenes.errors import SceneError
from rosesim.scenes.registry import scene_names
from rosesim.train import train
from rosesim.web import Entry, gallery, page, show

ROOT = Path(__file__).parents[2]


def test_a_gallery_has_common_parts_once_and_each_scenes_own() -> None:
    made = [Entry(*configure(find_scene(name), ["steps=60"]), f"note <{name}>") for name in ("bounce", "growth")]
    text = gallery(made)
    shell, data = (json.loads(found) for found in re.search(r"const shell = (.*), data = (.*);\n", text).groups())  # pyright: ignore
    assert [json.loads(d)["name"] for d in data] == ["bounce", "growth"]
    assert shell.count("{{data}}") == 1 and "note &lt;bounce&gt;" in text
    (written,) = re.findall(r"const shell = (.*), data = ", (ROOT / "docs" / "gallery.html").read_text("utf-8"))
    assert shell == json.loads(written), "docs/gallery.html is old: run docs/figures/live_gallery.py"
    whole = shell.replace("{{data}}", data[1])
    assert whole.startswith("<!doctype html>") and "Content-Security-Policy" in whole


def test_the_manuals_gallery_has_every_scene_and_no_outside_reference() -> None:
    assert {e.scene.name for e in entries()} == set(scene_names()) and SETTINGS.keys() <= set(scene_names())
    text = (ROOT / "docs" / "gallery.html").read_text(encoding="utf-8")
    assert set(re.findall(r'<section id="(\w+)"', text)) == set(scene_names())
    assert len(text) < 1_000_000 and not re.search(r"https?://", text)


def test_a_notebook_shows_a_scene_and_a_run_in_a_sandboxed_frame(tmp_path: Path) -> None:
    scene, inputs = configure(find_scene("bounce"), ["steps=60"])
    run = train(scene, inputs=inputs, iterations=3, out=tmp_path / "run")
    for shown in (show(scene, inputs), show(run), show(tmp_path / "run")):
        frame = shown._repr_html_()
        inside = re.fullmatch(r'<iframe sandbox="allow-scripts" srcdoc="([^"]*)" style="[^"]*"></iframe>', frame)
        assert inside is not None and html.unescape(inside[1]) == shown.html
    assert '"losses":[' in shown.html


def test_a_notebook_takes_a_scene_by_its_name_or_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene, _ = configure(find_scene("bounce"), [])
    assert show("bounce").html == show(scene).html
    file = tmp_path / "fall.py"
    file.write_text(FALL, encoding="utf-8")
    assert '"name":"fall"' in show(str(file)).html
    monkeypatch.chdir(tmp_path)
    Path("bounce").mkdir()
    assert show("bounce").html == show(scene).html
    train(scene, iterations=1, out="bounce")
    assert '"losses":[' in show("bounce").html  # a run of that name is meant, as by the commands
    with pytest.raises(SceneError, match="nowhere"):
        show("nowhere")


def test_what_a_notebook_cannot_show_is_refused() -> None:
    kind = find_scene("bounce")
    scene, inputs = configure(kind, ["steps=60"])
    for given, says in (
        (3, "int was found; expected a scene, a run, or the folder of a run"),
        (kind, r"the class Bounce was found; expected a scene: call it, Bounce\(\)"),
        (train(scene, inputs=inputs, iterations=1), r"a run without a folder was found"),
    ):
        with pytest.raises(SceneError, match=says):
            show(given)


def test_an_optimiser_that_needs_python_is_replaced_and_the_page_says_so() -> None:
    scene, inputs = configure(find_scene("bounce"), ["steps=60"])
    made = page(scene, inputs, optimizer="cmaes")
    assert '"optimiser":{"name":"adam"' in made and "cmaes needs Python: the page has adam instead" in made
    assert '"note":""' in page(scene, inputs)
