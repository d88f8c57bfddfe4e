"""Drawing order: topological by what lies below, inside groups and across them."""

import pytest
from diagrams_style_kit import SHOPS, problem

from rosesim.diagrams.problem import Problem
from rosesim.diagrams.style.dependencies import cycle, topological
from rosesim.diagrams.style.layering import drawn
from rosesim.diagrams.values import Shape, Shapes

ICONS = "forall Shop s {\n  s.icon = Circle {\n    ensureOnCanvas: false\n  }\n}\n"


def order(p: Problem) -> list[str]:
    return [s.name for s in p.shapes]


def named(statement: str) -> str:
    return f"forall Shop `a`; Shop `b`; Shop `c` {{\n  {statement}\n}}\n"


def test_without_layers_shapes_are_drawn_in_node_order():
    assert order(problem(ICONS)) == ["`a`.icon", "`b`.icon", "`c`.icon"]


@pytest.mark.parametrize(
    "statement", ["`a`.icon above `b`.icon, `c`.icon", "layer `b`.icon below `a`.icon\n  `c`.icon below `a`.icon"]
)
def test_a_shape_is_drawn_after_what_lies_below_it(statement: str):
    assert order(problem(ICONS + named(statement)))[-1] == "`a`.icon"


def test_shapes_that_lie_above_each_other_give_a_warning_and_all_are_drawn():
    p = problem(ICONS + named("`a`.icon above `b`.icon\n  `b`.icon above `c`.icon\n  `c`.icon above `b`.icon"))
    assert [w.kind for w in p.warnings] == ["LayerCycleWarning"]
    assert "`b`.icon below `a`.icon" in str(p.warnings[0])
    assert sorted(order(p)) == ["`a`.icon", "`b`.icon", "`c`.icon"]


def group(shapes: str, *more: str) -> str:
    lines = "\n    ".join((f"shapes: [{shapes}]", "ensureOnCanvas: false", *more))
    return f"Group {{\n    {lines}\n  }}"


GROUP = f"forall Shop `a`; Shop `b` {{\n  g = {group('`b`.icon, `a`.icon')}\n}}\n"


def test_members_are_drawn_in_their_group_sorted_and_leave_the_top_level():
    p = problem(ICONS + GROUP + named("`b`.icon above `a`.icon"))
    assert sorted(order(p)) == ["2:0.g", "`c`.icon"]
    (found,) = [s for s in p.shapes if s.kind == "Group"]
    members = found.properties["shapes"]
    assert isinstance(members, Shapes)
    assert [s.name for s in members.items] == ["`a`.icon", "`b`.icon"]
    assert len(p.all_shapes) == 4


def test_a_layer_between_a_member_and_another_shape_moves_the_group():
    assert order(problem(ICONS + GROUP + named("`c`.icon below `a`.icon"))) == ["`c`.icon", "2:0.g"]
    assert order(problem(ICONS + GROUP + named("`c`.icon above `a`.icon"))) == ["2:0.g", "`c`.icon"]


def test_a_clip_shape_is_a_member_of_its_group():
    style = (
        "forall Shop `a`; Shop `b` {\n  g = Group {\n    shapes: [`b`.icon]\n    clipPath: clip(`a`.icon)\n  }\n}\n"
    )
    assert sorted(order(problem(ICONS + style))) == ["2:0.g", "`c`.icon"]


def test_a_shape_in_two_groups_is_drawn_in_the_first_with_a_warning():
    style = f"forall Shop `a` {{\n  g = {group('`a`.icon')}\n  h = {group('`a`.icon')}\n}}\n"
    p = problem(ICONS + style)
    assert [w.kind for w in p.warnings] == ["ShapeBelongsToMultipleGroups"]
    assert "`a`.icon is in two groups, 2:0.g and 2:0.h" in str(p.warnings[0])


def test_a_member_above_its_own_group_is_a_cycle():
    p = problem(ICONS + GROUP + "forall Shop `a`; Shop `b` {\n  x = 1\n}\n" + named("h = 1"), SHOPS)
    assert p.warnings == []
    style = GROUP.replace("  g =", "  `a`.g =") + named("`a`.icon above `a`.g")
    assert [w.kind for w in problem(ICONS + style).warnings] == ["LayerCycleWarning"]


def test_a_group_within_itself_is_drawn_with_a_warning():
    outer, inner = Shape("Group", "outer"), Shape("Group", "inner")
    outer.properties["shapes"], inner.properties["shapes"] = Shapes([inner]), Shapes([outer])
    found = drawn([outer, inner], [])
    assert [w.kind for w in found.warnings] == ["GroupCycleWarning"]
    assert found.top == [outer]


def test_the_topological_order_takes_from_a_stack():
    assert topological([[], [], []]) == [0, 1, 2]
    assert topological([[1, 2], [], []]) == [1, 2, 0]
    assert topological([[], [], [1, 0]]) == [1, 0, 2]
    assert topological([[1, 1], []]) == [1, 0]  # parallel edges count each
    assert topological([[1], [0]]) is None
    assert cycle([[1], [2], [0], [0]]) == [0, 1, 2]
