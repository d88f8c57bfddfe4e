"""Several diagrams laid out together: what they share has the same numbers in each, and all constraints hold."""

from __future__ import annotations

import pytest

from rosesim.diagrams import Canvas, DiagramError, Picture, consistent, read
from rosesim.diagrams.layout import names_of
from rosesim.diagrams.together import together

DOMAIN = "type Shop\npredicate Road(Shop, Shop)"
STYLE = """
canvas {
  width = 260
  height = 160
}
forall Shop s {
  s.icon = Circle { r: ? }
  ensure inRange(s.icon.r, 8, 20)
}
forall Shop s; Shop t {
  ensure disjoint(s.icon, t.icon, 15)
}
forall Shop s; Shop t where Road(s, t) {
  -- The bend belongs to the road between these two, whichever match of the block that is.
  bend = (?, ?)
  road = Polyline { points: [s.icon.center, bend, t.icon.center] }
  encourage near(s.icon, t.icon)
  encourage minimal(vdist(bend, s.icon.center) + vdist(bend, t.icon.center))
}
"""
FIRST = "Shop a, b, c\nRoad(b, c)"
SECOND = "Shop a, d, b, c\nRoad(a, d)\nRoad(b, c)"


@pytest.fixture(scope="module")
def frames() -> list[Picture]:
    return consistent([read(DOMAIN, text, STYLE) for text in (FIRST, SECOND)], "word", variations=2)


def test_shapes_that_two_diagrams_share_have_the_same_numbers(frames: list[Picture]):
    one, two = frames
    for name in "abc":
        before, after = one[f"`{name}`.icon"], two[f"`{name}`.icon"]
        assert (before.center, before.r, before.fill) == (after.center, after.r, after.fill)
    assert [s.name for s in one.shapes if s.kind == "Circle"] == ["`a`.icon", "`b`.icon", "`c`.icon"]


def test_all_constraints_hold_in_each_diagram_and_count_in_its_own_verdict(frames: list[Picture]):
    assert [p.verdict() for p in frames] == ["all 10 constraints hold", "all 16 constraints hold"]
    for picture in frames:  # and they are those of the picture's own diagram
        assert picture.result.values == pytest.approx(picture.diagram.values(picture.result.x))


def test_the_own_names_of_a_match_are_those_of_its_objects(frames: list[Picture]):
    """The road from b to c is match 0 of its block in the first diagram, and match 1 in the second."""
    roads = [{s.name: s.properties["points"] for s in p.shapes if s.kind == "Polyline"} for p in frames]
    assert [sorted(found) for found in roads] == [["3:0.road"], ["3:0.road", "3:1.road"]]
    assert roads[0]["3:0.road"] == roads[1]["3:1.road"]


def test_alone_the_same_seed_puts_them_elsewhere(frames: list[Picture]):
    """So that sharing is what made them equal."""
    alone = read(DOMAIN, SECOND, STYLE).layout(frames[0].seed)
    assert alone["`b`.icon"].center != frames[0]["`b`.icon"].center


def test_the_energy_of_the_whole_is_the_sum_of_the_parts():
    parts = [read(DOMAIN, text, STYLE).diagram("word") for text in (FIRST, SECOND)]
    found = together(parts, "other word")
    x = found.whole.problem.x0
    value, gradient = found.whole.phi(x, 1e3, 0)
    ends = [part.phi([x[k] for k in own], 1e3, 0) for part, own in zip(parts, found.places, strict=True)]
    assert value == pytest.approx(sum(v for v, _ in ends), rel=1e-12)
    summed = [0.0] * len(x)
    for own, (_, slopes) in zip(found.places, ends, strict=True):
        for k, slope in zip(own, slopes, strict=True):
            summed[k] += slope
    assert gradient == pytest.approx(summed, rel=1e-9, abs=1e-9)


def test_one_diagram_alone_is_laid_out_as_ever():
    alone = read(DOMAIN, FIRST, STYLE)
    (only,) = consistent([alone], "word")
    assert only.result.x.tolist() == alone.layout("word").result.x.tolist()


def test_labels_keep_the_sizes_that_each_diagram_gives_them():
    style = STYLE + "forall Shop s {\n s.text = Text { string: s.label }\n}\n"
    parts = [read(DOMAIN, f'Shop a\nLabel a "{text}"', style).diagram() for text in ("i", "wide")]
    found = together(parts, "")
    widths = [part.problem.label_inputs["`a`.text"]["width"] for part in parts]
    sizes = [found.whole.problem.x0[own[k]] for own, k in zip(found.places, widths, strict=True)]
    assert sizes == [part.problem.x0[k] for part, k in zip(parts, widths, strict=True)]
    assert sizes[0] < sizes[1]
    centres = [[own[k] for k, name in enumerate(names_of(part.problem)) if name[1] == "center"]
               for part, own in zip(parts, found.places, strict=True)]  # fmt: skip
    assert centres[0] == centres[1]


def test_canvases_share_what_has_a_name_in_both():
    a, b = Canvas(200, 100), Canvas(200, 100)
    for d in (a, b):
        d.circle(r=10, name="hub")
    b.ensure.disjoint(b.circle(r=10, name="other"), b.circle(r=20, center=(0, 0)), 5)
    one, two = consistent([a, b], "word")
    assert one["hub"].center == two["hub"].center


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: consistent([]), "no diagrams were given; expected at least one"),
        (lambda: consistent([Canvas(9, 9)], variations=0), "0 variations: expected at least 1"),
        (lambda: consistent([Canvas(9, 9)], steps=0), "0 steps: expected at least 1"),
        (
            lambda: consistent([Canvas(9, 9), Canvas(9, 9, stages=("a", "b"))]),
            "different stages, no stage and then a and b; expected one Style",
        ),
    ],
)
def test_mistakes_are_one_sentence(make, sentence: str):  # type: ignore[no-untyped-def]
    with pytest.raises(DiagramError, match=sentence):
        make()
