"""The gallery of diagrams and its tutorial: they lay out, and the committed pictures are of today.

Compiling the kernels of all twelve takes half a minute where none is kept on disk, so two are laid out. With
ROSESIM_ALL_DIAGRAMS=1 all are, and the tutorial after each of its steps.
"""

import importlib.util
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from rosesim.cli import run
from rosesim.diagrams import trios
from rosesim.diagrams.layout import Text, read, text_of

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "diagrams"
NAMES = sorted(f.name for f in FOLDER.iterdir() if f.is_dir())
QUICK = ("chain-rule", "multiples-of-three")
"""Few kernels."""
ALL = bool(os.environ.get("ROSESIM_ALL_DIAGRAMS"))
LAID_OUT = NAMES if ALL else QUICK
PAGE = (ROOT / "docs" / "diagrams.md").read_text(encoding="utf-8")
TUTORIAL = "normal-matrices"


def file_of(name: str, suffix: str) -> Path:
    return FOLDER / name / f"{name}.{suffix}"


def skeleton(svg: str) -> str:
    """A picture without its numbers: another processor rounds otherwise, and may end in another minimum."""
    return re.sub(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", "#", svg)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_a_folder_with_a_trio_and_its_picture(name: str):
    trio = json.loads((FOLDER / name / "trio.json").read_text(encoding="utf-8"))
    assert trio["id"] == name
    assert trio["style"] == ["../theme.style", f"{name}.style"]
    assert file_of(name, "svg").stat().st_size < 50_000
    assert f"../examples/diagrams/{name}/{name}.svg" in PAGE.split("## Gallery")[1]


@pytest.mark.parametrize("name", NAMES)
def test_an_example_reads_without_a_warning_and_has_the_shapes_of_its_picture(name: str):
    made = trios.from_json(FOLDER / name / "trio.json").read()
    assert made.problem.warnings == []
    titles = re.findall(r"<title>(.*?)</title>", file_of(name, "svg").read_text(encoding="utf-8"))
    assert sorted(titles) == sorted(s.name for s in made.problem.all_shapes)


@pytest.mark.parametrize("name", LAID_OUT)
def test_all_constraints_hold_and_the_committed_picture_is_what_the_command_writes(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "out.svg"
    assert run(["diagram", str(FOLDER / name / "trio.json"), "--svg", str(out)]) == 0
    said = capsys.readouterr()
    assert re.fullmatch(rf"{name}: all \d+ constraints hold \(\d+ ms\)\n", said.out)
    assert said.err == ""
    assert skeleton(out.read_text(encoding="utf-8")) == skeleton(file_of(name, "svg").read_text(encoding="utf-8"))


def test_the_frames_of_the_page_are_what_the_command_writes_and_share_what_both_have(tmp_path: Path):
    folder = FOLDER / "chain-rule"
    texts = [str(folder / f"{name}.substance") for name in ("before", "chain-rule")]
    styles = ["--style", str(FOLDER / "theme.style"), "--style", str(folder / "chain-rule.style")]
    command = [*texts, "--consistent", "--seed", "0", "--domain", str(folder / "chain-rule.domain"), *styles]
    assert run(["diagram", *command, "--svg", str(tmp_path / "frame-{}.svg")]) == 0
    places: list[dict[str, str]] = []
    for name in ("frame-before.svg", "frame-chain-rule.svg"):
        made, committed = (f.joinpath(name).read_text(encoding="utf-8") for f in (tmp_path, folder))
        assert skeleton(made) == skeleton(committed)
        rows = re.findall(r"<line (.*?) stroke=.*?<title>(.*?)</title>", committed)
        places.append({title: ends for ends, title in rows})
    assert len(places[0]) == 2
    assert places[0].items() < places[1].items()


def fences(language: str) -> list[str]:
    """The texts of a language on the tutorial's page, in order."""
    return re.findall(rf"^``` {language}\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def said(text: str) -> list[str]:
    """The lines of a text that say something: no comment, nothing empty."""
    return [line for line in text.splitlines() if line.strip() and not line.startswith("--")]


@pytest.mark.parametrize("suffix", ["domain", "substance", "style"])
def test_the_steps_of_the_tutorial_are_the_files_of_its_example(suffix: str):
    steps = "\n".join(fences(suffix))
    assert said(steps) == said(file_of(TUTORIAL, suffix).read_text(encoding="utf-8"))


@pytest.mark.skipif(not ALL, reason="lays out five diagrams; ROSESIM_ALL_DIAGRAMS=1 asks for it")
def test_the_constraints_hold_after_each_step_of_the_tutorial():
    domain, substance = text_of(file_of(TUTORIAL, "domain")), text_of(file_of(TUTORIAL, "substance"))
    theme, steps = text_of(FOLDER / "theme.style"), fences("style")
    assert len(steps) == 5
    for k in range(1, len(steps) + 1):
        made = read(domain, substance, [theme, Text("\n".join(steps[:k]), "steps.style")], variation="8")
        assert made.layout().broken == []


def library_page() -> Any:
    spec = importlib.util.spec_from_file_location(
        "diagrams_library", ROOT / "docs" / "figures" / "diagrams_library.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_of_the_library_is_made_from_the_code_of_today():
    made = library_page()
    assert made.PAGE.read_text(encoding="utf-8") == made.page()


def test_the_counts_that_the_tutorial_gives_are_those_of_the_library():
    from rosesim.diagrams.library import names

    functions, objectives, constraints = (len(names(what)) for what in ("function", "objective", "constraint"))
    assert f"{functions} functions, {objectives} objectives and {constraints} constraints" in PAGE
