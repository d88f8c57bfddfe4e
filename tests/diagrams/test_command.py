"""`rosesim diagram`, as a user types it."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from rosesim.cli import run
from rosesim.diagrams.trios import Trio

DOMAIN = "type Ball\nsymmetric predicate Near(Ball, Ball)\n"
SUBSTANCE = "Ball a, b, c\nNear(a, b)\nAutoLabel All\n"
STYLE = """canvas {
  width = 300
  height = 200
}
forall Ball b {
  b.icon = Circle {
    r: 20
    fillColor: #88aadd
  }
}
forall Ball a; Ball b {
  ensure disjoint(a.icon, b.icon, 10)
}
forall Ball a; Ball b where Near(a, b) {
  encourage near(a.icon, b.icon)
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for suffix, text in (("domain", DOMAIN), ("substance", SUBSTANCE), ("style", STYLE)):
        (tmp_path / f"balls.{suffix}").write_text(text, encoding="utf-8")
    entry = {"id": "balls", "domain": "balls.domain", "substance": "balls.substance", "style": "balls.style"}
    (tmp_path / "trio.json").write_text(json.dumps(entry | {"variation": "one"}), encoding="utf-8")
    (tmp_path / "index.json").write_text(json.dumps([entry]), encoding="utf-8")
    (tmp_path / "other.json").write_text(json.dumps(entry | {"id": "other"}), encoding="utf-8")
    return tmp_path


def centres(svg: Path) -> list[tuple[float, float]]:
    root = ElementTree.parse(svg).getroot()
    return [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in root.iter("{http://www.w3.org/2000/svg}circle")]


def test_three_files_become_a_picture_whose_constraints_hold(folder: Path, capsys: pytest.CaptureFixture[str]):
    svg = folder / "balls.svg"
    files = ["--domain", f"{folder}/balls.domain", "--style", f"{folder}/balls.style"]
    assert run(["diagram", f"{folder}/balls.substance", *files, "--svg", str(svg)]) == 0
    assert "balls: all 6 constraints hold" in capsys.readouterr().out
    found = centres(svg)
    assert len(found) == 3
    for k, (x, y) in enumerate(found):
        assert 20 - 0.01 <= x <= 280.01
        assert 20 - 0.01 <= y <= 180.01
        for u, v in found[:k]:
            assert ((x - u) ** 2 + (y - v) ** 2) ** 0.5 > 50 - 0.01


def test_a_seed_makes_another_picture_and_the_best_of_several_is_kept(folder: Path):
    pictures = []
    for more in ([], [], ["--seed", "two"], ["--variations", "3"]):
        svg = folder / f"{len(pictures)}.svg"
        assert run(["diagram", f"{folder}/trio.json", "--svg", str(svg), *more]) == 0
        pictures.append(svg.read_text(encoding="utf-8"))
    assert pictures[0] == pictures[1] != pictures[2]


def test_of_several_variations_the_seed_that_was_kept_is_told(folder: Path, capsys: pytest.CaptureFixture[str]):
    a, b = folder / "a.svg", folder / "b.svg"
    assert run(["diagram", f"{folder}/trio.json", "--variations", "3", "--svg", str(a)]) == 0
    found = re.search(r'hold; kept --seed "(one(-[12])?)" \(', capsys.readouterr().out)
    assert found is not None
    assert run(["diagram", f"{folder}/trio.json", "--seed", found[1], "--svg", str(b)]) == 0
    assert a.read_text(encoding="utf-8") == b.read_text(encoding="utf-8")
    assert "kept" not in capsys.readouterr().out


def test_a_picture_has_the_size_of_its_canvas(folder: Path):
    svg = folder / "a.svg"
    assert run(["diagram", f"{folder}/trio.json", "--svg", str(svg)]) == 0
    found = ElementTree.parse(svg).getroot().attrib
    assert (found["width"], found["height"], found["viewBox"]) == ("300", "200", "0 0 300 200")


def test_frames_share_what_they_have_in_common(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "more.substance").write_text(SUBSTANCE.replace("c\n", "c, d\n"), encoding="utf-8")
    files = ["--domain", f"{folder}/balls.domain", "--style", f"{folder}/balls.style"]
    both = [f"{folder}/balls.substance", f"{folder}/more.substance", *files, "--consistent"]
    assert run(["diagram", *both, "--svg", f"{folder}/out-{{}}.svg"]) == 0
    assert re.fullmatch(
        r"balls: all 6 constraints hold \(.*\)\nmore: all 10 constraints hold \(.*\)\n", capsys.readouterr().out
    )
    first, second = (centres(folder / f"out-{name}.svg") for name in ("balls", "more"))
    assert (len(first), len(second)) == (3, 4)
    assert set(first) < set(second)


def test_steps_are_bounded_and_that_is_told(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["diagram", f"{folder}/trio.json", "--steps", "2", "--svg", f"{folder}/a.svg"]) == 0
    assert "balls: not settled after 2 steps; " in capsys.readouterr().out


def test_ctrl_c_ends_a_layout_with_the_best_so_far(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    from rosesim.diagrams.layout import Diagram

    whole = Diagram.layout

    def interrupted(self, *args, **more):  # type: ignore[no-untyped-def]
        watch = more.pop("watch")

        def once(stages):  # type: ignore[no-untyped-def]
            watch(stages)
            raise KeyboardInterrupt

        return whole(self, *args, **more, watch=once)

    monkeypatch.setattr(Diagram, "layout", interrupted)
    svg = folder / "a.svg"
    assert run(["diagram", f"{folder}/trio.json", "--svg", str(svg)]) == 1
    assert "balls: interrupted; as it was then, all 6 constraints hold" in capsys.readouterr().out
    assert len(centres(svg)) == 3


def test_violated_constraints_are_told_where_they_were_written(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "balls.style").write_text(STYLE.replace("b.icon, 10", "b.icon, 1000"), encoding="utf-8")
    assert run(["diagram", f"{folder}/trio.json", "--svg", f"{folder}/a.svg"]) == 0
    said = capsys.readouterr()
    assert "of 6 constraints are violated; the worst is" in said.out
    assert said.err.count("balls.style:") == 5  # the worst of them
    assert re.search(r"balls.style:12:3: disjoint\(`.`.icon, `.`.icon, 1000\) by \d+", said.err)


def test_a_property_that_nobody_knows_is_told(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "balls.style").write_text(STYLE.replace("r: 20", "r: 20\n    strokewidth: 2"), encoding="utf-8")
    assert run(["diagram", f"{folder}/trio.json", "--svg", f"{folder}/a.svg"]) == 0
    said = capsys.readouterr().err
    assert said.count("a Circle has no property strokewidth, and SVG has no such attribute; did you mean stroke") == 1


def test_an_entry_of_an_index_is_inspected(folder: Path):
    out = folder / "out.json"
    assert run(["diagram", "--trio", f"{folder}/index.json#balls", "--inspect", str(out)]) == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["counts"] == {"inputs": 18, "live": 6, "objectives": 1, "constraints": 6}
    assert found["objectives"] == [["near", "`a`.icon", "`b`.icon"]]
    assert [c[0] for c in found["constraints"]] == ["disjoint"] * 3 + ["onCanvas"] * 3
    assert found["per_stage"][0]["phi"] == found["phi_all"]
    assert found["run"]["rosesim"]["max_violation"] < 0.01
    by_name = run(["diagram", "--trio", "balls", "--files", str(folder), "--inspect", str(out)])
    assert (by_name, json.loads(out.read_text(encoding="utf-8"))["x0"]) == (0, found["x0"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["X/balls.substance"], "diagram needs --svg FILE, --png FILE, --html FILE, --inspect FILE or --window"),
        (
            ["--svg", "X/a.svg"],
            "diagram needs FILE.substance with --domain and --style, a trio's FILE.json, or --trio",
        ),
        (["X/balls.substance", "--svg", "X/a.svg"], "was given without --domain FILE and --style FILE"),
        (["X/a.json", "X/b.json", "--svg", "X/a.svg"], "2 FILEs were given; expected one, or --consistent"),
        (["X/trio.json", "--consistent", "--svg", "X/{}.svg"], "--consistent was given with 1 FILE; expected two"),
        (
            ["X/trio.json", "X/other.json", "--consistent", "--svg", "X/a.svg"],
            "would hold several pictures; expected {} in its name, such as",
        ),
        (["X/trio.json", "X/trio.json", "--consistent", "--svg", "X/{}.svg"], "two diagrams are called balls"),
        (
            ["X/trio.json", "--trio", "X/index.json#balls", "--consistent", "--svg", "X/a.svg"],
            "expected FILEs and no",
        ),
        (["--trio", "X/index.json#bals", "--svg", "X/a.svg"], "has no entry 'bals'"),
        (["X/none.json", "--svg", "X/a.svg"], "none.json cannot be read: No such file or directory"),
        (["X/balls.style.json", "--svg", "X/a.svg"], "cannot be read"),
    ],
)
def test_mistakes_are_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
):
    assert run(["diagram", *(a.replace("X", str(folder)) for a in arguments)]) in (1, 2)
    err = capsys.readouterr().err
    assert sentence in err
    assert "Traceback" not in err


def test_a_mistake_in_a_text_names_its_file_and_line(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "balls.style").write_text(STYLE.replace("b.icon, 10", "b.icno, 10"), encoding="utf-8")
    assert run(["diagram", f"{folder}/trio.json", "--svg", f"{folder}/a.svg"]) == 1
    assert f"{folder}/balls.style:12:" in capsys.readouterr().err
    assert not (folder / "a.svg").exists()


def test_watching_lays_out_again_from_where_everything_was(folder: Path):
    svg = folder / "a.svg"
    command = [sys.executable, "-m", "rosesim", "diagram", f"{folder}/trio.json", "--svg", str(svg), "--watch"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ) as p:
        try:
            assert p.stdout is not None and p.stderr is not None
            assert "constraints hold" in p.stdout.readline()
            first = centres(svg)
            (folder / "balls.substance").write_text(SUBSTANCE + "Ball d\n" + "!", encoding="utf-8")
            assert "balls.substance:5:1" in p.stderr.readline()
            time.sleep(0.02)  # another time of the file
            (folder / "balls.substance").write_text(SUBSTANCE.replace("c\n", "c, d\n"), encoding="utf-8")
            assert "all 10 constraints hold" in p.stdout.readline()
            second = centres(svg)
        finally:
            p.terminate()
    assert len(second) == 4
    moved = [abs(x - u) + abs(y - v) for (x, y), (u, v) in zip(first, second, strict=False)]
    assert sum(m < 60 for m in moved) >= 2  # drawn anew, they would be anywhere


def test_images_are_looked_for_beside_the_styles_and_then_beside_the_substance(tmp_path: Path):
    for folder in ("looks", "own", "about"):
        (tmp_path / folder).mkdir()
    (tmp_path / "about" / "i.svg").write_text('<svg viewBox="0 0 9 9"><desc>found</desc></svg>', encoding="utf-8")
    (tmp_path / "a.domain").write_text("type Ball", encoding="utf-8")
    (tmp_path / "about" / "a.substance").write_text("Ball a", encoding="utf-8")
    (tmp_path / "looks" / "a.style").write_text("canvas {\n  width = 90\n  height = 90\n}", encoding="utf-8")
    image = 'Image {\n href: "i.svg"\n center: (0, 0)\n width: 9\n height: 9\n ensureOnCanvas: false\n}'
    (tmp_path / "own" / "b.style").write_text(f"forall Ball b {{\n  b.icon = {image}\n}}", encoding="utf-8")
    styles = (tmp_path / "looks" / "a.style", tmp_path / "own" / "b.style")
    trio = Trio("a", tmp_path / "a.domain", tmp_path / "about" / "a.substance", styles)
    assert [f.name for f in trio.folders] == ["looks", "own", "about"]
    made = trio.read()
    assert "<desc>found</desc>" in made.svg(made.layout())
